/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/predictor/change.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdlib.h>

#include "analysis/trace/error.h"

enum { SERIES = 40000 };

#define CUSUM_SLACK 0.5

static double mean_of(const double *values, size_t from, size_t to)
{
	double sum = 0;

	for (size_t i = from; i < to; i++)
		sum += values[i] - values[from];
	return values[from] + sum / (double)(to - from);
}

static double squares_of(const double *values, size_t from, size_t to, double mean)
{
	double sum = 0;

	for (size_t i = from; i < to; i++)
		sum += (values[i] - mean) * (values[i] - mean);
	return sum;
}

/* Largest |t| over all places: with S the sum of squares about the mean and B_k what a step at k
 * takes from it, t^2 = (n - 2) B_k / (S - B_k). */
static double likelihood_statistic(const double *values, size_t count, size_t *ret_first)
{
	double mean = mean_of(values, 0, count), sum = 0, best = -1;
	double squares = squares_of(values, 0, count, mean);

	for (size_t k = 1; k + CHANGE_SEGMENT_MIN <= count; k++) {
		double step;

		sum += values[k - 1] - mean;
		step = sum * sum * (double)count / ((double)k * (double)(count - k));
		if (k >= CHANGE_SEGMENT_MIN && step > best) {
			best = step;
			*ret_first = k;
		}
	}
	return best < squares ? sqrt((double)(count - 2) * best / (squares - best)) : INFINITY;
}

/* Largest sum. ret_first: where the sum that crossed (else the largest) last left 0. */
static double cusum_statistic(const double *values, size_t count, size_t baseline, double threshold,
			      size_t *ret_first, size_t *ret_alarm)
{
	double mean = mean_of(values, 0, baseline), sums[2] = {0}, largest = 0;
	double sd = sqrt(squares_of(values, 0, baseline, mean) / (double)(baseline - 1));
	size_t since[2] = {baseline, baseline};
	bool alarmed = false;

	*ret_first = *ret_alarm = baseline;
	for (size_t i = baseline; i < count; i++) {
		double z = (values[i] - mean) / sd;

		for (unsigned side = 0; side < 2; side++) {
			sums[side] = fmax(0, sums[side] + (side ? -z : z) - CUSUM_SLACK);
			if (sums[side] == 0)
				since[side] = i + 1;
			if (sums[side] > largest && !alarmed) {
				*ret_first = since[side];
				*ret_alarm = i;
			}
			largest = fmax(largest, sums[side]);
		}
		alarmed = alarmed || largest > threshold;
	}
	return largest;
}

static double plan_statistic(const struct change_plan *plan, const double *values, double threshold,
			     struct change *change)
{
	if (plan->kind == CHANGE_LIKELIHOOD)
		return likelihood_statistic(values, plan->nights, &change->first);
	return cusum_statistic(values, plan->nights, plan->baseline, threshold, &change->first,
			       &change->alarm);
}

static bool plan_valid(const struct change_plan *plan)
{
	if (plan->nights < CHANGE_NIGHTS_MIN || plan->nights > CHANGE_NIGHTS_MAX ||
	    !(plan->false_alarm >= 0.001 && plan->false_alarm <= 0.5))
		return false;
	if (plan->kind == CHANGE_LIKELIHOOD)
		return plan->baseline == 0;
	return plan->kind == CHANGE_CUSUM && plan->baseline >= CHANGE_BASELINE_MIN &&
	       plan->baseline < plan->nights;
}

int change_threshold(const struct change_plan *plan, uint64_t seed, double *ret_threshold)
{
	double *statistics, *series;
	struct change unused;
	gsl_rng *rng;
	int code;

	if (!plan_valid(plan))
		return ANALYSIS_BAD_ARGUMENT;
	gsl_set_error_handler_off();
	rng = gsl_rng_alloc(gsl_rng_mt19937);
	statistics = calloc(SERIES, sizeof(*statistics));
	series = calloc(plan->nights, sizeof(*series));
	code = rng && statistics && series ? 0 : ANALYSIS_NO_MEMORY;
	if (!code) {
		gsl_rng_set(rng, (unsigned long)seed);
		for (size_t s = 0; s < SERIES; s++) {
			for (size_t i = 0; i < plan->nights; i++)
				series[i] = gsl_ran_gaussian_ziggurat(rng, 1);
			statistics[s] = plan_statistic(plan, series, INFINITY, &unused);
		}
		gsl_sort(statistics, 1, SERIES);
		*ret_threshold = statistics[(size_t)((1 - plan->false_alarm) * SERIES)];
	}
	free(series);
	free(statistics);
	gsl_rng_free(rng);
	return code;
}

int change_detect(const struct change_plan *plan, const double *values, double threshold,
		  struct change *ret_change)
{
	struct change change = {0};
	bool constant = true, flat = true;

	if (!plan_valid(plan) || !(threshold > 0))
		return ANALYSIS_BAD_ARGUMENT;
	for (size_t i = 0; i < plan->nights; i++) {
		if (!isfinite(values[i]))
			return ANALYSIS_BAD_ARGUMENT;
		constant = constant && values[i] == values[0];
		flat = flat && (i >= plan->baseline || values[i] == values[0]);
	}
	if (constant || (plan->kind == CHANGE_CUSUM && flat))
		return ANALYSIS_NO_SPREAD;
	change.statistic = plan_statistic(plan, values, threshold, &change);
	change.found = change.statistic > threshold;
	if (change.first >= plan->nights)
		change.first = plan->nights - 1;
	change.before = mean_of(values, 0, change.first);
	change.after = mean_of(values, change.first, plan->nights);
	change.shift_rel = change.after / change.before - 1;
	*ret_change = change;
	return 0;
}
