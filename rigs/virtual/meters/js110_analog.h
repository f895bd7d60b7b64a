/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The analogue side of a JS110: ranging, artefacts of range switches, noise, two 14-bit converters.
 */
#ifndef RIGS_VIRTUAL_METERS_JS110_ANALOG_H
#define RIGS_VIRTUAL_METERS_JS110_ANALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "rigs/virtual/meters/js110.h"
#include "rigs/virtual/plant/random.h"

#define JS110_RANGE_OFF      7
#define JS110_SELECT_AUTO    0x80
#define JS110_VOLTAGE_RANGES 2 /* 0: 15 V, 1: 5 V */

/* value = (converter + offset) * gain, in A or V. */
struct js110_scale {
	double offset, gain;
};

struct js110_calibration {
	struct js110_scale current[VJS110_RANGES], voltage[JS110_VOLTAGE_RANGES];
};

struct js110_analog {
	struct js110_calibration active;
	/* What the calibration does not know: converter counts of an instrument that is off by a
	 * share and by counts. */
	struct js110_scale current_error[VJS110_RANGES], voltage_error[JS110_VOLTAGE_RANGES];
	struct vrandom noise;
	/* Settings. */
	uint8_t select; /* JS110_SELECT_AUTO, 1 << range, or 0: off */
	unsigned voltage_range;
	/* State. */
	unsigned range, below;  /* below: samples in a row that the next lower range could hold */
	unsigned artefact_left; /* samples that the last range switch still disturbs */
	double artefact_a;
	double good_a; /* the last undisturbed reading */
	bool stuck;    /* a fault: the range does not follow the current */
	unsigned stuck_range;
	unsigned saturate; /* samples that are left */
};

struct js110_reading {
	unsigned range;
	uint16_t current_adc, voltage_adc;
	/* By the active calibration. The current of disturbed samples is the last good one before
	 * (assumed: what the instrument's own statistics count). */
	double current_a, voltage_v;
};

void js110_analog_init(struct js110_analog *analog, uint64_t seed);
/* Path open, nothing stuck. */
void js110_analog_power_off(struct js110_analog *analog);
struct js110_reading js110_analog_read(struct js110_analog *analog, double current_a,
				       double voltage_v);
double js110_analog_series_ohm(const struct js110_analog *analog, double current_a);

#endif
