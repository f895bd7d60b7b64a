/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Windows of energy samples.
 */
#include "analysis/trace/energy.h"

#include <math.h>

#include "analysis/trace/sum.h"

/* Times are decimal, positions binary: 9.464 s * 1000 Hz must be sample 9464 and no sliver of 9463.
 */
static const double POSITION_GRAIN = 1e-6;

static void count_first(size_t *count, size_t *first, size_t index)
{
	if (!(*count)++)
		*first = index;
}

struct energy_scan energy_trace_scan(const struct energy_trace *trace, size_t first, size_t end)
{
	struct energy_scan scan = {0};

	for (size_t k = first; k < end && k < trace->count; k++) {
		if (!isfinite(trace->samples[k]))
			count_first(&scan.not_finite, &scan.first_not_finite, k);
		else if (trace->samples[k] < 0)
			count_first(&scan.negative, &scan.first_negative, k);
		else if (trace->samples[k] == 0)
			count_first(&scan.zero, &scan.first_zero, k);
	}
	return scan;
}

static double position_of(const struct energy_trace *trace, double time_s)
{
	double position = time_s * trace->rate_hz, whole = nearbyint(position);

	return fabs(position - whole) < POSITION_GRAIN ? whole : position;
}

/* Sum of samples in [start, end), positions in samples, both within the trace. */
static double span_sum(const struct energy_trace *trace, double start, double end)
{
	size_t first = (size_t)start, last = (size_t)end;
	struct sum sum = {0};

	if (first == last)
		return trace->samples[first] * (end - start);
	sum_add(&sum, trace->samples[first] * ((double)(first + 1) - start));
	for (size_t k = first + 1; k < last; k++)
		sum_add(&sum, trace->samples[k]);
	if (end > (double)last)
		sum_add(&sum, trace->samples[last] * (end - (double)last));
	return sum_value(&sum);
}

/* repeats: parts are of whole ones; ENERGY_PARTS: they are tenths. */
static void parts_fill(const struct energy_trace *trace, double start, double end, double repeats,
		       struct energy_window *window)
{
	double energy[ENERGY_PARTS], length[ENERGY_PARTS], half_energy[2] = {0},
							   half_length[2] = {0};
	double *power_w = window->part_power_w, from = start, squares = 0;
	double scale = trace->joule_per_unit * trace->rate_hz;

	for (int i = 0; i < ENERGY_PARTS; i++) {
		double done = nearbyint((i + 1) * repeats / ENERGY_PARTS);
		double to = i + 1 < ENERGY_PARTS ? start + (end - start) * done / repeats : end;

		length[i] = to - from;
		energy[i] = span_sum(trace, from, to) * scale;
		power_w[i] = energy[i] / length[i];
		half_energy[i >= ENERGY_PARTS / 2] += energy[i];
		half_length[i >= ENERGY_PARTS / 2] += length[i];
		squares +=
			(power_w[i] - window->mean_power_w) * (power_w[i] - window->mean_power_w);
		from = to;
	}
	if (half_energy[0] > 0)
		window->half_drift_rel =
			half_energy[1] / half_length[1] / (half_energy[0] / half_length[0]) - 1;
	if (power_w[0] > 0)
		window->end_drift_rel =
			(energy[ENERGY_PARTS - 2] + energy[ENERGY_PARTS - 1]) /
				(length[ENERGY_PARTS - 2] + length[ENERGY_PARTS - 1]) / power_w[0] -
			1;
	if (window->mean_power_w > 0)
		window->u_scatter_rel =
			sqrt(squares / (ENERGY_PARTS - 1) / ENERGY_PARTS) / window->mean_power_w;
}

static double least_sample(const struct energy_trace *trace, double start, double end)
{
	float least = trace->samples[(size_t)start];

	for (size_t k = (size_t)start; (double)k < end; k++)
		least = fminf(least, trace->samples[k]);
	return least;
}

int energy_window_integrate(const struct energy_trace *trace, double start_s, double end_s,
			    struct energy_window *ret_window)
{
	struct energy_window window = {0};
	double start, end;

	if (!trace->samples || !trace->count || !isfinite(trace->rate_hz) || trace->rate_hz <= 0 ||
	    !isfinite(trace->joule_per_unit) || trace->joule_per_unit <= 0 || !isfinite(start_s) ||
	    !isfinite(end_s))
		return ANALYSIS_BAD_ARGUMENT;
	start = position_of(trace, start_s);
	end = position_of(trace, end_s);
	if (start < 0 || end > (double)trace->count || end <= start)
		return ANALYSIS_OUTSIDE_CAPTURE;
	if (energy_trace_scan(trace, (size_t)start, (size_t)ceil(end)).not_finite)
		return ANALYSIS_NOT_FINITE;
	window.energy_j = span_sum(trace, start, end) * trace->joule_per_unit;
	window.duration_s = (end - start) / trace->rate_hz;
	window.mean_power_w = window.energy_j / window.duration_s;
	window.min_power_w =
		least_sample(trace, start, end) * trace->joule_per_unit * trace->rate_hz;
	parts_fill(trace, start, end, ENERGY_PARTS, &window);
	*ret_window = window;
	return 0;
}

void energy_window_divide(const struct energy_trace *trace, double start_s, double end_s,
			  double repeats, struct energy_window *window)
{
	if (repeats >= ENERGY_PARTS)
		parts_fill(trace, position_of(trace, start_s), position_of(trace, end_s), repeats,
			   window);
}
