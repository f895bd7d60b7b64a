/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A meter's samples over a stretch of time in which the current is meant to stay: summed as blocks
 * come, in parts of equal length.
 */
#ifndef BENCH_SESSION_CALIBRATION_STRETCH_H
#define BENCH_SESSION_CALIBRATION_STRETCH_H

#include "analysis/budget/calibration.h"
#include "drivers/meter/meter.h"

enum { CALIBRATION_PARTS = 16 }; /* even */

struct calibration_stretch { /* zeroed: empty */
	uint64_t count;
	uint64_t in_range[METER_RANGES_MAX];
	double pivot_a, squares; /* about the first sample, as the sums */
	struct {
		uint64_t count;
		double sum_a;
	} parts[CALIBRATION_PARTS];
};

/* -ENODATA: samples were lost before this block, are at the meter's limit, or otherwise doubtful.
 */
int calibration_block_check(const struct meter_block *block, struct err *err);

/* Sample i of a block. */
void calibration_stretch_add(struct calibration_stretch *stretch, unsigned part,
			     const struct meter_block *block, uint32_t i);

/* The stretch's range and reading. -ENODATA: it is empty. -ERANGE: not all of it is in one range.
 */
int calibration_stretch_read(const struct calibration_stretch *stretch,
			     const struct meter_info *info, unsigned *ret_range,
			     struct calibration_reading *ret_reading, struct err *err);

/* Standard uncertainty of the difference of two meters' means over the same time, from the scatter
 * of the difference over the parts: noise of both, slow noise, and what the meters saw of a current
 * that moves at slightly different times. A part in which one has no sample, because the host was
 * late, does not count. -ENODATA: not more than half of them count. */
int calibration_stretch_compare(const struct calibration_stretch *one,
				const struct calibration_stretch *other, double *ret_u_a,
				struct err *err);

#endif
