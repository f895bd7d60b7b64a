/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Joulescope JS110: its calibration record, and raw words into amperes and volts. Pure.
 *
 *   current = (adc + offset[range]) * gain[range], voltage alike
 *
 * For some samples after a range switch the converter says nothing true. How many, by the range
 * that was left and the one that was entered, is the vendor's table. Here such samples are NaN, or
 * the last good one is held; nothing is interpolated. What the converter said stays in the raw
 * currents.
 */
#ifndef DRIVERS_METER_JS110_CALIBRATION_H
#define DRIVERS_METER_JS110_CALIBRATION_H

#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"
#include "drivers/meter/js110_packet.h"

enum { JS110_CALIBRATION_HEAD = 32, JS110_CALIBRATION_MAX = 65536 };

enum { JS110_VOLTAGE_RANGES = 2 };

struct js110_scale {
	double offset, gain; /* counts; A or V per count */
};

struct js110_calibration {
	struct js110_scale current[JS110_RANGES], voltage[JS110_VOLTAGE_RANGES];
};

/* The record's length, out of its first JS110_CALIBRATION_HEAD bytes. -EPROTO: no such record, or
 * its check sum is wrong. */
int js110_calibration_length(const uint8_t *head, size_t *ret_length, struct err *err);
/* -EPROTO: damaged (the sentence says where). -ENOENT: nothing in it for these signals. -ERANGE:
 * values that no such instrument has. */
int js110_calibration_parse(const uint8_t *bytes, size_t count,
			    struct js110_calibration *ret_calibration, struct err *err);

/* --- conversion ------------------------------------------------------------------------------- */

/* In the order of the driver's words. */
enum js110_switch { JS110_SWITCH_NAN, JS110_SWITCH_HOLD, JS110_SWITCH_KEEP };
enum js110_window { JS110_WINDOW_NORMAL, JS110_WINDOW_FAST };

struct js110_converter {
	/* Settings. lines: 0 none, 1 input 0 in the voltage's lowest bit, 2 and input 1 in the
	 * current's. */
	struct js110_calibration calibration;
	enum js110_switch on_switch;
	enum js110_window window;
	unsigned lines;
	/* State. */
	uint8_t range, logic;
	bool has_range;
	unsigned window_left; /* samples that the last switch still disturbs */
	float held_a;         /* the last good one; NaN: none yet */
};

struct js110_output {
	float *current_a, *raw_current_a, *voltage_v;
	uint8_t *logic, *range;
};

/* Forgets the state. */
void js110_converter_restart(struct js110_converter *converter);
/* The words of a frame. Returns true when some are NaN. */
bool js110_convert(struct js110_converter *converter, const struct js110_frame *frame,
		   struct js110_output out);

#endif
