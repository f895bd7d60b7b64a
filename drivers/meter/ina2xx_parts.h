/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What differs between INA219, INA226 and INA228, as rows of one table, and the pure functions that
 * need nothing else: settings into register values, register bytes into volt and ampere.
 */
#ifndef DRIVERS_METER_INA2XX_PARTS_H
#define DRIVERS_METER_INA2XX_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"
#include "drivers/meter/meter.h"

enum ina2xx_param {
	INA2XX_PARAM_RSHUNT,
	INA2XX_PARAM_RSHUNT_U,
	INA2XX_PARAM_I_MAX,
	INA2XX_PARAM_ADDRESS,
	INA2XX_PARAM_CONVERSION,
	INA2XX_PARAM_LAST, /* bus range of an INA219, averaging of the others */
	INA2XX_PARAMS,
};

/* A register, and what it must read; bits outside of mask are not looked at. */
struct ina2xx_expected {
	uint8_t pointer;
	uint16_t mask, value;
	const char *what;
};

enum { INA2XX_IDENTITY_MAX = 3, INA2XX_RANGES = 4, INA2XX_TIMES_MAX = 12 };

struct ina2xx_range {
	double full_v;      /* of the shunt's voltage, either way */
	double lsb_v;       /* per count */
	double offset_v;    /* limit of the error of zero */
	uint16_t config;    /* its bits in CONFIG */
	int32_t full_count; /* where the converter stops */
};

struct ina2xx_time {
	uint32_t us;
	uint8_t code, step; /* step: counts between neighbouring codes */
};

struct ina2xx_part {
	const struct meter_param *params; /* enum ina2xx_param */
	/* Identity: read before anything is written, and after a reset by CONFIG bit 15. */
	struct ina2xx_expected before[INA2XX_IDENTITY_MAX], after[INA2XX_IDENTITY_MAX];
	struct ina2xx_range ranges[INA2XX_RANGES]; /* ascending; the last has full_v for all */
	unsigned range_count;
	struct ina2xx_time times[INA2XX_TIMES_MAX]; /* in the order of the parameter's words */
	/* CONFIG, and the register that holds mode and times (the same in INA219 and INA226). */
	uint8_t mode_pointer;
	uint16_t config_fixed, mode_fixed; /* mode_fixed: continuous, shunt and bus */
	uint8_t shunt_time_shift, bus_time_shift, averaging_shift;
	bool has_averaging;
	uint8_t result_bytes, justify; /* of shunt and bus; bits right of the value */
	uint8_t shunt_pointer, bus_pointer;
	/* Ready: the bit in this register. */
	uint8_t ready_pointer;
	uint16_t ready_bit;
	/* INA219: reading POWER clears the bit; elsewhere reading the flags does. */
	bool clears_by_power;
	bool has_sums;
	double bus_lsb_v;
	int32_t bus_full_count;
	double clock_limit;                  /* relative error of the conversion times */
	double gain_limit;                   /* relative, of the shunt's voltage */
	double bus_gain_limit, bus_offset_v; /* limits */
};

extern const struct ina2xx_part ina2xx_ina219, ina2xx_ina226, ina2xx_ina228;
extern const struct meter_param ina219_params[], ina226_params[], ina228_params[];

/* How one instrument is set up. */
struct ina2xx_setup {
	const struct ina2xx_part *part;
	uint8_t address;
	double rshunt_ohm, rshunt_u_rel;
	struct ina2xx_range range;
	uint16_t config,
		mode; /* register values; of INA219 and INA226 both are the same register */
	unsigned averaging;
	double period_s;                          /* nominal, of a complete conversion */
	int32_t shunt_stop_count, bus_stop_count; /* from here on a sample is saturated */
};

/* -EINVAL with a sentence. */
int ina2xx_setup_make(const struct ina2xx_part *part, const char *options,
		      struct ina2xx_setup *ret_setup, struct err *err);

/* Counts out of a register's bytes, as many as part->result_bytes. */
int32_t ina2xx_shunt_count(const struct ina2xx_part *part, const uint8_t *bytes);
int32_t ina2xx_bus_count(const struct ina2xx_part *part, const uint8_t *bytes);
double ina2xx_current_a(const struct ina2xx_setup *setup, int32_t shunt_count);
double ina2xx_bus_v(const struct ina2xx_setup *setup, int32_t bus_count);
bool ina2xx_is_saturated(const struct ina2xx_setup *setup, int32_t shunt_count, int32_t bus_count);

/* INA228: SHUNT_CAL that makes a count of CURRENT one of VSHUNT, in both ranges:
 * 13107.2e6 * (312.5 nV / R) * R = 4096 (data sheet, 8.1.2; in the small range LSB/4, times 4). */
enum { INA228_SHUNT_CAL = 4096 };

#endif
