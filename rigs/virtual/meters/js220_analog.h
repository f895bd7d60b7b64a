/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The analogue side of a JS220: shunts and dividers, ranging, noise, converters, and the
 * calibration that the instrument applies itself.
 */
#ifndef RIGS_VIRTUAL_METERS_JS220_ANALOG_H
#define RIGS_VIRTUAL_METERS_JS220_ANALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "rigs/virtual/meters/js220.h"
#include "rigs/virtual/plant/random.h"

#define JS220_VOLTAGE_RANGES 2 /* 0: 15 V, 1: 2 V */
#define JS220_RANGE_OFF      7 /* assumed code in the range stream */

enum js220_mode {
	JS220_MODE_OFF = 0,
	JS220_MODE_AUTO = 4,
	JS220_MODE_MANUAL = 5,
};

/* What the instrument's calibration does not know: seen = (1 + gain_error) * truth + offset. */
struct js220_error {
	double gain, offset;
};

struct js220_analog {
	struct js220_error current[VJS220_RANGES], voltage[JS220_VOLTAGE_RANGES];
	struct vrandom noise;
	/* Settings. */
	enum js220_mode mode;
	unsigned manual_range, range_min, range_max;
	bool voltage_manual;
	unsigned voltage_select;
	/* State. */
	unsigned range, below; /* below: ticks in a row that the next lower range could hold */
	unsigned voltage_range, voltage_below;
	bool stuck; /* a fault: the range does not follow the current */
	unsigned stuck_range;
	unsigned saturate; /* ticks that are left */
};

/* One conversion. The values carry 31 fractional bits, as all that follows in the instrument. */
struct js220_reading {
	unsigned range;
	int16_t current_adc, voltage_adc;
	int64_t current_q31, voltage_q31; /* A, V */
};

void js220_analog_init(struct js220_analog *analog, uint64_t seed);
void js220_analog_make_ideal(struct js220_analog *analog);
void js220_analog_defaults(struct js220_analog *analog); /* settings only */
void js220_analog_read(struct js220_analog *analog, double current_a, double voltage_v,
		       struct js220_reading *ret_reading);
/* The ranges follow between streams, too. */
void js220_analog_track(struct js220_analog *analog, double current_a, double voltage_v);
double js220_analog_series_ohm(const struct js220_analog *analog);

#endif
