/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/calibration_stretch.h"

#include <errno.h>
#include <math.h>

static const double stray_share = 0.01; /* of the samples may be in another range: an autorange's
					   own excursions */

int calibration_block_check(const struct meter_block *block, struct err *err)
{
	if (block->flags & METER_BLOCK_SATURATED)
		return err_set(
			err, -ENODATA,
			"samples were at the meter's limit while averaging: take a load that "
			"draws less");
	if (block->lost || block->flags & (METER_BLOCK_RESYNC | METER_BLOCK_TIME_MISMATCH))
		return err_set(err, -ENODATA, "samples were lost while averaging");
	if (block->flags)
		return err_set(err, -ENODATA,
			       "the meter doubts its samples while averaging (flags 0x%x)",
			       block->flags);
	return 0;
}

void calibration_stretch_add(struct calibration_stretch *stretch, unsigned part,
			     const struct meter_block *block, uint32_t i)
{
	double off_a;

	if (!stretch->count)
		stretch->pivot_a = (double)block->current_a[i];
	off_a = (double)block->current_a[i] - stretch->pivot_a;
	stretch->parts[part].sum_a += off_a;
	stretch->parts[part].count++;
	stretch->squares += off_a * off_a;
	if (block->range[i] < METER_RANGES_MAX)
		stretch->in_range[block->range[i]]++;
	stretch->count++;
}

/* Of the parts [first, end), about the pivot. */
static double mean_of(const struct calibration_stretch *stretch, unsigned first, unsigned end,
		      double fallback_a)
{
	uint64_t count = 0;
	double sum_a = 0;

	for (unsigned part = first; part < end; part++) {
		sum_a += stretch->parts[part].sum_a;
		count += stretch->parts[part].count;
	}
	return count ? sum_a / (double)count : fallback_a;
}

/* The mean, and how well noise and the converter's step let it be known. */
static struct calibration_reading reading_of(const struct calibration_stretch *stretch,
					     double resolution_a)
{
	const unsigned half = CALIBRATION_PARTS / 2;
	double n = (double)stretch->count;
	double mean = mean_of(stretch, 0, CALIBRATION_PARTS, 0);
	double sd_a = sqrt(fmax(stretch->squares / n - mean * mean, 0));
	double step_u_a = sd_a >= resolution_a / 2 ? 0 : resolution_a / sqrt(12);

	return (struct calibration_reading){
		.mean_a = stretch->pivot_a + mean,
		.u_a = hypot(sd_a / sqrt(n), step_u_a),
		.first_a = stretch->pivot_a + mean_of(stretch, 0, half, mean),
		.second_a = stretch->pivot_a + mean_of(stretch, half, CALIBRATION_PARTS, mean)};
}

int calibration_stretch_read(const struct calibration_stretch *stretch,
			     const struct meter_info *info, unsigned *ret_range,
			     struct calibration_reading *ret_reading, struct err *err)
{
	unsigned most = 0;

	if (!stretch->count)
		return err_set(err, -ENODATA, "no samples came while averaging: average longer");
	for (unsigned range = 1; range < METER_RANGES_MAX; range++)
		if (stretch->in_range[range] > stretch->in_range[most])
			most = range;
	if (!((double)stretch->in_range[most] >= (1 - stray_share) * (double)stretch->count))
		return err_set(err, -ERANGE,
			       "the meter switches between its ranges under this load: take "
			       "another one");
	*ret_range = most;
	*ret_reading =
		reading_of(stretch, most < info->range_count ? info->ranges[most].resolution_a : 0);
	return 0;
}

int calibration_stretch_compare(const struct calibration_stretch *one,
				const struct calibration_stretch *other, double *ret_u_a,
				struct err *err)
{
	double sum_a = 0, squares = 0, n = 0;

	for (unsigned part = 0; part < CALIBRATION_PARTS; part++) {
		double off_a = mean_of(one, part, part + 1, 0) - mean_of(other, part, part + 1, 0);

		if (!one->parts[part].count || !other->parts[part].count)
			continue;
		sum_a += off_a;
		squares += off_a * off_a;
		n++;
	}
	if (n <= CALIBRATION_PARTS / 2)
		return err_set(err, -ENODATA,
			       "only in %.0f of %d parts of the stretch both meters gave samples: "
			       "average longer, on a host that has less to do",
			       n, CALIBRATION_PARTS);
	*ret_u_a = sqrt(fmax(squares - sum_a * sum_a / n, 0) / (n - 1) / n);
	return 0;
}
