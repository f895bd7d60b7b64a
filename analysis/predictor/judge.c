/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/predictor/judge.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "analysis/predictor/errors.h"
#include "analysis/trace/error.h"
#include "analysis/trace/sum.h"

static double relative_error(double predicted, double measured)
{
	return 100 * fabs((predicted - measured) / measured);
}

static int pairs_check(const double *predicted, const double *measured, size_t count)
{
	if (!count)
		return ANALYSIS_TOO_FEW_POINTS;
	for (size_t i = 0; i < count; i++) {
		if (!isfinite(predicted[i]) || !isfinite(measured[i]))
			return ANALYSIS_BAD_ARGUMENT;
		if (measured[i] == 0)
			return ANALYSIS_ZERO_RESPONSE;
	}
	return 0;
}

static double share_explained(const double *predicted, const double *measured, size_t count)
{
	struct sum total = {0}, residual = {0}, centred = {0};
	double mean;

	for (size_t i = 0; i < count; i++)
		sum_add(&total, measured[i]);
	mean = sum_value(&total) / (double)count;
	for (size_t i = 0; i < count; i++) {
		double difference = measured[i] - predicted[i], from_mean = measured[i] - mean;

		sum_add(&residual, difference * difference);
		sum_add(&centred, from_mean * from_mean);
	}
	return sum_value(&centred) > 0 ? 1 - sum_value(&residual) / sum_value(&centred) : NAN;
}

int judge_predictions(const double *predicted, const double *measured, size_t count,
		      struct judgement *ret_judgement)
{
	struct judgement judgement = {.count = count};
	struct error_tally tally = {0};
	int code = pairs_check(predicted, measured, count);
	double *sorted;

	if (code)
		return code;
	sorted = calloc(count, sizeof(double));
	if (!sorted)
		return ANALYSIS_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		error_tally_add(&tally, i, predicted[i], measured[i]);
		sorted[i] = relative_error(predicted[i], measured[i]);
		judgement.bias_pct +=
			100 * (predicted[i] - measured[i]) / measured[i] / (double)count;
	}
	gsl_sort(sorted, 1, count);
	judgement.errors = error_tally_result(&tally);
	judgement.median_pct = gsl_stats_median_from_sorted_data(sorted, 1, count);
	judgement.p90_pct = gsl_stats_quantile_from_sorted_data(sorted, 1, count, 0.9);
	judgement.r2 = share_explained(predicted, measured, count);
	free(sorted);
	*ret_judgement = judgement;
	return 0;
}

size_t judge_worst(const double *predicted, const double *measured, size_t count, size_t most,
		   size_t *ret_indices)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		double error = relative_error(predicted[i], measured[i]);
		size_t place = found < most ? found++ : most;

		for (; place > 0; place--) {
			size_t before = ret_indices[place - 1];

			if (relative_error(predicted[before], measured[before]) >= error)
				break;
			if (place < most)
				ret_indices[place] = before;
		}
		if (place < most)
			ret_indices[place] = i;
	}
	return found;
}

static int runs_fill(const double *residuals, const size_t *order, size_t count,
		     struct residual_structure *structure)
{
	double n, m, expected, variance;
	int sign = 0;

	for (size_t i = 0; i < count; i++) {
		double residual = residuals[order[i]];
		int now = (residual > 0) - (residual < 0);

		if (!now)
			continue;
		structure->above += now > 0;
		structure->below += now < 0;
		structure->runs += now != sign;
		sign = now;
	}
	if (!structure->above || !structure->below)
		return ANALYSIS_TOO_FEW_POINTS;
	n = (double)structure->above;
	m = (double)structure->below;
	expected = 1 + 2 * n * m / (n + m);
	variance = (expected - 1) * (expected - 2) / (n + m - 1);
	if (variance <= 0)
		return ANALYSIS_TOO_FEW_POINTS;
	structure->runs_z = ((double)structure->runs - expected) / sqrt(variance);
	structure->runs_p = 2 * gsl_cdf_ugaussian_Q(fabs(structure->runs_z));
	return 0;
}

static void correlation_fill(const double *residuals, const double *column, size_t count,
			     double *work, struct residual_structure *structure)
{
	double rho = gsl_stats_spearman(residuals, 1, column, 1, count, work);
	double dof = (double)count - 2, rest = fmax(1 - rho * rho, 0);

	structure->rank_correlation = rho;
	structure->correlation_p =
		rest > 0 ? 2 * gsl_cdf_tdist_Q(fabs(rho) * sqrt(dof / rest), dof) : 0;
}

int judge_residuals(const double *residuals, const double *column, size_t count,
		    struct residual_structure *ret_structure)
{
	struct residual_structure structure = {0};
	bool constant = true;
	size_t *order;
	double *work;
	int code;

	if (count < 8)
		return ANALYSIS_TOO_FEW_POINTS;
	for (size_t i = 0; i < count; i++) {
		if (!isfinite(residuals[i]) || !isfinite(column[i]))
			return ANALYSIS_BAD_ARGUMENT;
		constant = constant && column[i] == column[0];
	}
	if (constant)
		return ANALYSIS_NO_SPREAD;
	gsl_set_error_handler_off();
	order = calloc(count, sizeof(*order));
	work = calloc(2 * count, sizeof(*work));
	code = order && work ? 0 : ANALYSIS_NO_MEMORY;
	if (!code) {
		gsl_sort_index(order, column, 1, count);
		code = runs_fill(residuals, order, count, &structure);
	}
	if (!code) {
		correlation_fill(residuals, column, count, work, &structure);
		*ret_structure = structure;
	}
	free(order);
	free(work);
	return code;
}

int judge_coverage(const struct estimate_prediction *predictions, const double *measured,
		   size_t count, double level, struct coverage_share *ret_share)
{
	struct coverage_share share = {.count = count, .most = count};
	unsigned n = (unsigned)count;

	if (!count)
		return ANALYSIS_TOO_FEW_POINTS;
	if (!(level > 0 && level < 1) || count > 1u << 30)
		return ANALYSIS_BAD_ARGUMENT;
	for (size_t i = 0; i < count; i++)
		share.inside +=
			measured[i] >= predictions[i].low && measured[i] <= predictions[i].high;
	while (share.least < count && gsl_cdf_binomial_P((unsigned)share.least, level, n) < 0.005)
		share.least++;
	while (share.most > 0 && gsl_cdf_binomial_Q((unsigned)share.most - 1, level, n) < 0.005)
		share.most--;
	share.share = (double)share.inside / (double)count;
	share.consistent = share.inside >= share.least && share.inside <= share.most;
	*ret_share = share;
	return 0;
}
