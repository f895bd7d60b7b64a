/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clock ratios: one window, a robust fit over several, a pool with drift, a check.
 */
#include "analysis/trace/clock.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

static const double MAD_TO_SD = 1.4826; /* for a normal distribution: 1 / Phi^-1(3/4) */

int clock_ratio_of_window(uint64_t cycles, double cycles_u, double duration_samples,
			  double edge_u_samples, struct clock_ratio *ret_ratio)
{
	double ratio, u_rel;

	if (!cycles || !isfinite(duration_samples) || duration_samples <= 0 ||
	    !isfinite(edge_u_samples) || edge_u_samples < 0 || !isfinite(cycles_u) || cycles_u < 0)
		return ANALYSIS_BAD_ARGUMENT;
	ratio = (double)cycles / duration_samples;
	u_rel = hypot(sqrt(2) * edge_u_samples / duration_samples, cycles_u / (double)cycles);
	*ret_ratio = (struct clock_ratio){ratio, ratio * u_rel};
	return 0;
}

static int double_compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* Sorts values. */
static double median_of(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), double_compare);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static int ratios_judge(const struct clock_ratio *ratios, size_t count)
{
	if (!ratios || !count)
		return ANALYSIS_BAD_ARGUMENT;
	for (size_t i = 0; i < count; i++) {
		if (!isfinite(ratios[i].cycles_per_sample) || ratios[i].cycles_per_sample <= 0)
			return ANALYSIS_BAD_ARGUMENT;
		if (!isfinite(ratios[i].u_cycles_per_sample) || ratios[i].u_cycles_per_sample <= 0)
			return ANALYSIS_BAD_UNCERTAINTY;
	}
	return 0;
}

static bool ratio_is_outlier(const struct clock_ratio *ratio, double median, double robust_sd)
{
	double sd = fmax(robust_sd, ratio->u_cycles_per_sample);

	return fabs(ratio->cycles_per_sample - median) > CLOCK_OUTLIER_LIMIT * sd;
}

static void robust_centre(const struct clock_ratio *ratios, size_t count, double *work,
			  double *ret_median, double *ret_sd)
{
	for (size_t i = 0; i < count; i++)
		work[i] = ratios[i].cycles_per_sample;
	*ret_median = median_of(work, count);
	for (size_t i = 0; i < count; i++)
		work[i] = fabs(ratios[i].cycles_per_sample - *ret_median);
	*ret_sd = MAD_TO_SD * median_of(work, count);
}

/* Mean with weights 1/u^2 of those that are no outliers: at least half of them, by the median. */
static struct clock_fit mean_fit(const struct clock_ratio *ratios, size_t count, double median,
				 double robust_sd)
{
	struct clock_fit fit = {0};
	double weights = 0, offset = 0, squares = 0, chi2 = 0, mean;

	for (size_t i = 0; i < count; i++) {
		double u = ratios[i].u_cycles_per_sample;

		if (ratio_is_outlier(&ratios[i], median, robust_sd)) {
			fit.outliers++;
			continue;
		}
		fit.used++;
		weights += 1 / (u * u);
		offset += (ratios[i].cycles_per_sample - median) / (u * u);
	}
	mean = median + offset / weights;
	for (size_t i = 0; i < count; i++) {
		double off = ratios[i].cycles_per_sample - mean, u = ratios[i].u_cycles_per_sample;

		if (ratio_is_outlier(&ratios[i], median, robust_sd))
			continue;
		squares += off * off;
		chi2 += off * off / (u * u);
	}
	fit.ratio = (struct clock_ratio){mean, 1 / sqrt(weights)};
	if (fit.used > 1) {
		fit.scatter_rel = sqrt(squares / (double)(fit.used - 1)) / mean;
		fit.birge_ratio = sqrt(chi2 / (double)(fit.used - 1));
		fit.ratio.u_cycles_per_sample *= fmax(1, fit.birge_ratio);
	}
	return fit;
}

int clock_fit_ratios(const struct clock_ratio *ratios, size_t count, struct clock_fit *ret_fit)
{
	double median, robust_sd, *work;
	int code = ratios_judge(ratios, count);

	if (code)
		return code;
	work = calloc(count, sizeof(*work));
	if (!work)
		return ANALYSIS_NO_MEMORY;
	robust_centre(ratios, count, work, &median, &robust_sd);
	free(work);
	*ret_fit = mean_fit(ratios, count, median, robust_sd);
	return 0;
}

int clock_check_window(const struct clock_ratio *window, const struct clock_ratio *expected,
		       double tolerance_rel, struct clock_check *ret_check)
{
	double ratio, u_rel;
	struct clock_check check;

	assert(window && expected);
	ratio = window->cycles_per_sample / expected->cycles_per_sample;
	u_rel = hypot(window->u_cycles_per_sample / window->cycles_per_sample,
		      expected->u_cycles_per_sample / expected->cycles_per_sample);
	if (!isfinite(ratio) || ratio <= 0 || !isfinite(u_rel) || !isfinite(tolerance_rel) ||
	    tolerance_rel < 0)
		return ANALYSIS_BAD_ARGUMENT;
	check.deviation_rel = ratio - 1;
	check.limit_rel = tolerance_rel + CLOCK_CHECK_COVERAGE * u_rel;
	check.ok = fabs(check.deviation_rel) <= check.limit_rel;
	*ret_check = check;
	return 0;
}

void clock_pool_init(struct clock_pool *pool)
{
	*pool = (struct clock_pool){0};
}

/* Weighted means and sums about them, updated: D. H. D. West, Updating mean and variance estimates,
 * Comm. ACM 22 (1979). */
int clock_pool_add(struct clock_pool *pool, const struct clock_ratio *ratio, double at_s)
{
	int code = ratios_judge(ratio, 1);
	double weight, share, at_off, ratio_off;

	if (!code && !isfinite(at_s))
		code = ANALYSIS_BAD_ARGUMENT;
	if (code)
		return code;
	weight = 1 / (ratio->u_cycles_per_sample * ratio->u_cycles_per_sample);
	at_off = at_s - pool->at_mean;
	ratio_off = ratio->cycles_per_sample - pool->ratio_mean;
	share = weight / (pool->weight + weight);
	pool->at_at += pool->weight * share * at_off * at_off;
	pool->at_ratio += pool->weight * share * at_off * ratio_off;
	pool->ratio_ratio += pool->weight * share * ratio_off * ratio_off;
	pool->at_mean += share * at_off;
	pool->ratio_mean += share * ratio_off;
	pool->weight += weight;
	pool->count++;
	return 0;
}

static void drift_fill(const struct clock_pool *pool, struct clock_drift *drift)
{
	double slope = pool->at_ratio / pool->at_at;
	double left = fmax(0, pool->ratio_ratio - slope * pool->at_ratio);
	double birge = sqrt(left / (double)(pool->count - 2));

	drift->drift_rel_per_s = slope / pool->ratio_mean;
	drift->u_drift_rel_per_s = fmax(1, birge) / sqrt(pool->at_at) / pool->ratio_mean;
	drift->drifts =
		fabs(drift->drift_rel_per_s) > CLOCK_CHECK_COVERAGE * drift->u_drift_rel_per_s;
}

int clock_pool_fit(const struct clock_pool *pool, struct clock_drift *ret_drift)
{
	struct clock_drift drift = {.at_s = pool->at_mean};

	if (!pool->count)
		return ANALYSIS_TOO_FEW_POINTS;
	if (pool->count > 1)
		drift.birge_ratio = sqrt(pool->ratio_ratio / (double)(pool->count - 1));
	drift.ratio = (struct clock_ratio){pool->ratio_mean,
					   fmax(1, drift.birge_ratio) / sqrt(pool->weight)};
	if (pool->count > 2 && pool->at_at > 0)
		drift_fill(pool, &drift);
	*ret_drift = drift;
	return 0;
}

struct clock_ratio clock_drift_at(const struct clock_drift *drift, double at_s)
{
	struct clock_ratio ratio = drift->ratio;
	double off_s = at_s - drift->at_s, mean = ratio.cycles_per_sample;

	if (!drift->drifts)
		return ratio;
	ratio.cycles_per_sample += mean * drift->drift_rel_per_s * off_s;
	ratio.u_cycles_per_sample =
		hypot(ratio.u_cycles_per_sample, mean * drift->u_drift_rel_per_s * off_s);
	return ratio;
}

struct clock_frequency clock_dut_frequency(const struct clock_ratio *ratio, double meter_hz,
					   double u_meter_hz)
{
	double hz = ratio->cycles_per_sample * meter_hz;

	return (struct clock_frequency){
		hz, hz * hypot(ratio->u_cycles_per_sample / ratio->cycles_per_sample,
			       u_meter_hz / meter_hz)};
}
