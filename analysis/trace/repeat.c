/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/trace/repeat.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/trace/sum.h"

static int double_compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double median_of(const double *values, size_t count)
{
	double sorted[REPEAT_MAX];

	memcpy(sorted, values, count * sizeof(*values));
	qsort(sorted, count, sizeof(*sorted), double_compare);
	return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

static int values_judge(const double *values, size_t count)
{
	if (!values || !count || count > REPEAT_MAX)
		return ANALYSIS_BAD_ARGUMENT;
	for (size_t i = 0; i < count; i++)
		if (!isfinite(values[i]) || values[i] <= 0)
			return ANALYSIS_BAD_ARGUMENT;
	return 0;
}

int repeat_judge(const double *values, size_t count, struct repeat_result *ret_result)
{
	struct repeat_result result = {0};
	struct sum total = {0}, squares = {0};
	double least, largest;
	int code = values_judge(values, count);

	if (code)
		return code;
	least = largest = values[0];
	result.median = median_of(values, count);
	for (size_t i = 0; i < count; i++) {
		double distance = values[i] / result.median - 1;

		sum_add(&total, values[i]);
		least = fmin(least, values[i]);
		largest = fmax(largest, values[i]);
		if (fabs(distance) > fabs(result.worst_rel)) {
			result.worst_rel = distance;
			result.worst = i;
		}
	}
	result.mean = sum_value(&total) / (double)count;
	for (size_t i = 0; i < count; i++)
		sum_add(&squares, (values[i] - result.mean) * (values[i] - result.mean));
	if (count > 1)
		result.cv_rel = sqrt(sum_value(&squares) / (double)(count - 1)) / result.mean;
	result.first_last_rel = values[count - 1] / values[0] - 1;
	result.range_rel = (largest - least) / result.median;
	*ret_result = result;
	return 0;
}

int clock_compare(double dut_s, double dut_u_s, double meter_s, double meter_u_s,
		  struct clock_comparison *ret_comparison)
{
	struct clock_comparison comparison;

	if (!isfinite(dut_s) || dut_s <= 0 || !isfinite(meter_s) || meter_s <= 0 ||
	    !isfinite(dut_u_s) || dut_u_s < 0 || !isfinite(meter_u_s) || meter_u_s < 0)
		return ANALYSIS_BAD_ARGUMENT;
	comparison.ratio = dut_s / meter_s;
	comparison.u_ratio = comparison.ratio * hypot(dut_u_s / dut_s, meter_u_s / meter_s);
	comparison.difference_rel = 1 / comparison.ratio - 1;
	*ret_comparison = comparison;
	return 0;
}

int rate_check_tail(size_t samples, double rate_hz, double last_edge_s, double tail_s,
		    double tail_max_s, struct rate_check *ret_check)
{
	struct rate_check check;
	double duration_s;

	if (!samples || !isfinite(rate_hz) || rate_hz <= 0 || !isfinite(last_edge_s) ||
	    last_edge_s < 0 || !(tail_s > 0) || !(tail_max_s >= tail_s))
		return ANALYSIS_BAD_ARGUMENT;
	duration_s = (double)samples / rate_hz;
	check.excess_s = duration_s - last_edge_s;
	check.stretch = duration_s / (last_edge_s + tail_s);
	*ret_check = check;
	if (check.excess_s < 0)
		return ANALYSIS_OUTSIDE_CAPTURE;
	return check.excess_s > tail_max_s ? ANALYSIS_BAD_RATE : 0;
}
