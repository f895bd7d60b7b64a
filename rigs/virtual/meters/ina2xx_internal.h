/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files of the virtual INA2xx share. ina2xx.c: time and conversions; ina2xx_results.c:
 * from counts to CURRENT, POWER, accumulators, flags and ALERT; ina2xx_registers.c: the bus.
 */
#ifndef RIGS_VIRTUAL_METERS_INA2XX_INTERNAL_H
#define RIGS_VIRTUAL_METERS_INA2XX_INTERNAL_H

#include "rigs/virtual/meters/ina2xx_analog.h"
#include "rigs/virtual/meters/ina2xx_parts.h"

/* The conversion sequence that the mode asks for. */
struct ina2xx_plan {
	bool running, continuous;
	unsigned averages;
	unsigned channels; /* bit per enum ina2xx_channel */
	uint32_t time_us[INA2XX_CHANNELS];
	uint8_t step[INA2XX_CHANNELS];
	uint32_t cycle_us; /* all channels once, nominal */
};

/* Where the sequence is. */
struct ina2xx_progress {
	int64_t origin_ps;  /* when it began */
	int64_t nominal_us; /* since then, at the end of the running conversion */
	int64_t start_ps, end_ps;
	enum ina2xx_channel channel;
	unsigned cycle;
	double integral; /* of the input over the conversion so far: V ps, or degC ps */
	int64_t sums[INA2XX_CHANNELS];
	bool lost, frozen, saturated; /* faults of this complete conversion */
};

struct ina2xx_results {
	int32_t shunt, bus, temperature;
	int32_t current;
	uint32_t power;
	bool overflow; /* of CURRENT */
};

struct vina2xx {
	const struct ina2xx_part *part;
	enum vina2xx_part which;
	uint8_t address;
	struct ina2xx_analog analog;
	int64_t now_ps;
	double die_c; /* of the slice that runs */
	uint16_t written[INA2XX_ROLES];
	struct ina2xx_plan plan;
	struct ina2xx_progress progress;
	struct ina2xx_results results; /* what the registers show */
	struct ina2xx_results last;    /* single conversions, before averaging (INA228) */
	/* Accumulators and what is left below one count, in count * us. */
	uint64_t energy;
	int64_t charge;
	int64_t energy_rest, charge_rest;
	bool energy_overflow, charge_overflow;
	/* Flags. */
	bool ready;
	uint16_t limits; /* INA228: DIAG_ALRT bits; INA226: AFF */
	int64_t pulse_end_ps;
	/* The bus. */
	struct i2c_device i2c;
	bool addressed, reading;
	uint8_t pointer;
	unsigned byte; /* since the last start */
	uint8_t first_data;
	uint64_t shift; /* of a read: the register as it was at the first byte */
	unsigned shift_bytes;
	/* Faults that are left. */
	unsigned lose, freeze, saturate, nack;
};

/* ina2xx.c: power-on values; starts over with the conversions. */
void ina2xx_reset(struct vina2xx *meter);
/* The mode was written: a new sequence begins, or none. */
void ina2xx_restart(struct vina2xx *meter);
unsigned ina2xx_gain_setting(const struct vina2xx *meter);

/* ina2xx_results.c */
/* One input is converted: its (averaged) count is new in the results. */
void ina2xx_results_update(struct vina2xx *meter, struct ina2xx_results *results,
			   enum ina2xx_channel channel, int32_t count);
/* All inputs are converted once, the single counts are in meter->last: accumulate. */
void ina2xx_results_cycle(struct vina2xx *meter);
/* A complete conversion is done: flags and limits. */
void ina2xx_results_complete(struct vina2xx *meter);
void ina2xx_results_clear_accumulators(struct vina2xx *meter);
uint16_t ina2xx_results_flags(const struct vina2xx *meter);

/* ina2xx_registers.c */
void ina2xx_registers_connect(struct vina2xx *meter);

#endif
