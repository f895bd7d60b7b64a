/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The analogue side of an LPM01A: ranges, 12-bit converter, calibration and its ageing with
 * temperature, supply.
 */
#ifndef RIGS_VIRTUAL_METERS_LPM01A_ANALOG_H
#define RIGS_VIRTUAL_METERS_LPM01A_ANALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "rigs/virtual/plant/random.h"

#define LPM01A_RANGES        5
#define LPM01A_CALIBRATION_K 5 /* a larger shift of temperature needs a new calibration */

enum lpm01a_ranging {
	LPM01A_DYNAMIC = 1, /* optim: three ranges, 50 mA at most */
	LPM01A_HIGH,        /* the highest of these alone */
	LPM01A_STATIC,      /* 2 nA to 200 mA, the current must be constant */
};

struct lpm01a_analog {
	struct vrandom random;
	double gain_error[LPM01A_RANGES], offset_lsb[LPM01A_RANGES];
	double gain_drift_per_c, offset_drift_lsb_per_c;
	double calibrated_c;
	double filtered_a; /* static: the input filter */
	double supply_gain, output_ohm;
	int32_t crystal_ppm;
	bool ideal;
};

struct lpm01a_reading {
	double current_a;
	bool over; /* beyond the highest range */
};

void lpm01a_analog_init(struct lpm01a_analog *analog, uint64_t seed);
void lpm01a_analog_make_ideal(struct lpm01a_analog *analog);
/* New residual errors; none of them from temperature. */
void lpm01a_analog_calibrate(struct lpm01a_analog *analog, double board_c);
/* One sample: current_a is the mean over so many seconds. lowest: a fault, the lowest range
 * whatever the current. */
struct lpm01a_reading lpm01a_analog_read(struct lpm01a_analog *analog, enum lpm01a_ranging ranging,
					 double current_a, double seconds, double board_c,
					 bool lowest);
double lpm01a_analog_top_a(enum lpm01a_ranging ranging);

#endif
