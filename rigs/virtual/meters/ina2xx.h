/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * TI INA219, INA226 and INA228 current and power monitors as the I2C bus and the ALERT pin show
 * them: register models whose conversions take their configured time in virtual time. Written from
 * the device sheets alone; the tables are in ina2xx_parts.c. What the sheets leave open is marked
 * `assumed` where it is decided.
 */
#ifndef RIGS_VIRTUAL_METERS_INA2XX_H
#define RIGS_VIRTUAL_METERS_INA2XX_H

#include <stdbool.h>
#include <stdint.h>

#include "rigs/virtual/meters/i2c_device.h"

enum vina2xx_part {
	VINA2XX_INA219 = 1,
	VINA2XX_INA226,
	VINA2XX_INA228,
};

struct vina2xx_config {
	enum vina2xx_part part;
	uint8_t address;        /* 7 bits, 0x40..0x4f; 0: 0x40, both pins at GND */
	double shunt_ohm;       /* as printed on it; 0: 0.1 ohm */
	double shunt_tolerance; /* the true shunt is drawn within this share; 0.01 is 1 % */
	int64_t power_on_ps;    /* when time starts for the device */
	bool ideal; /* no errors but quantisation: shunt, clock and converter are true */
};

/* What holds at the device's inputs from start_ps to end_ps. */
struct vina2xx_slice {
	int64_t start_ps, end_ps; /* start: the end of the slice before, or power_on_ps */
	double current_a;         /* true mean current through the shunt */
	double bus_v;             /* true mean voltage at the load side of the shunt */
	double die_c;             /* temperature of the device */
};

struct vina2xx;

/* NULL: out of memory. The same config and seed give the same device and noise. */
struct vina2xx *vina2xx_new(const struct vina2xx_config *config, uint64_t seed);
void vina2xx_free(struct vina2xx *meter);

void vina2xx_slice(struct vina2xx *meter, const struct vina2xx_slice *slice);
/* When ALERT or a flag may change next by itself; INT64_MAX: not while nothing is written. A slice
 * may go further, but then an edge of ALERT inside it shows only at its end. */
int64_t vina2xx_next_event_ps(const struct vina2xx *meter);

/* The device on its bus; belongs to the meter. */
const struct i2c_device *vina2xx_i2c(struct vina2xx *meter);
/* Level of the open drain ALERT pin with a pull-up; an INA219 has none: always true. */
bool vina2xx_alert_level(const struct vina2xx *meter);

/* Truth: the shunt that is really there (its burden is current times this), and how much longer
 * than nominal the conversions take. */
double vina2xx_shunt_ohm(const struct vina2xx *meter);
int32_t vina2xx_clock_error_ppm(const struct vina2xx *meter);

/* Faults. The next count complete conversions (all averages of all inputs) leave no trace: no
 * results, no flags, nothing accumulated. */
void vina2xx_lose_conversions(struct vina2xx *meter, unsigned count);
/* The next count complete conversions are flagged ready, but the result registers keep their old
 * values (accumulators go on). */
void vina2xx_freeze(struct vina2xx *meter, unsigned count);
/* The next count complete conversions read the top of the shunt range. */
void vina2xx_saturate(struct vina2xx *meter, unsigned count);
/* The next count address bytes are not acknowledged. */
void vina2xx_nack(struct vina2xx *meter, unsigned count);

#endif
