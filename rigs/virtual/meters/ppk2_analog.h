/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The analogue side of a PPK2: shunts, range switching, noise and the 14-bit converter.
 */
#ifndef RIGS_VIRTUAL_METERS_PPK2_ANALOG_H
#define RIGS_VIRTUAL_METERS_PPK2_ANALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "rigs/virtual/plant/random.h"

#define PPK2_RANGES 5

/* The calibration of one range as the instrument prints it. */
struct ppk2_calibration {
	double r_ohm, gs, gi, o, s, i_a, ug;
};

struct ppk2_analog {
	struct ppk2_calibration printed[PPK2_RANGES];
	/* What the printed calibration does not know: reading = (1 + gain_error) * truth + offset.
	 */
	double gain_error[PPK2_RANGES], offset_a[PPK2_RANGES];
	struct vrandom noise;
	unsigned range;
	unsigned below;     /* consecutive samples that a lower range could hold */
	double disturbance; /* share of the value; decays after a range switch */
	/* A fault: the range does not follow the current. */
	bool stuck;
	unsigned stuck_range;
};

struct ppk2_reading {
	unsigned range;
	uint16_t adc;
};

/* Draws one instrument; the printed values are rounded to the decimals of the metadata text. */
void ppk2_analog_init(struct ppk2_analog *analog, uint64_t seed);
/* No other error beyond the printed calibration's. */
void ppk2_analog_keep_errors(struct ppk2_analog *analog, bool gain, bool zero);
struct ppk2_reading ppk2_analog_read(struct ppk2_analog *analog, double current_a, double vdd_mv);
/* What full scale of the last range reads. */
struct ppk2_reading ppk2_analog_top(void);
/* The range follows the current between streams, too. */
void ppk2_analog_track(struct ppk2_analog *analog, double current_a);

#endif
