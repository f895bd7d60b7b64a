/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fits and predictions of the kinds. The starts of the kinds across levels: with Ts held the
 * formula is linear in a, P0 and I0, so each Ts of a list gives its best three by linear_fit.
 */
#include "analysis/predictor/kinds.h"

#include <math.h>
#include <stdlib.h>

#include "analysis/predictor/linear.h"
#include "analysis/predictor/nonlinear.h"
#include "analysis/predictor/slopes.h"
#include "analysis/trace/error.h"

static int linear_kind_fit(const struct model_kind *kind, const struct kind_table *table,
			   const struct fit_options *options, struct estimate *ret_estimate,
			   struct condition *ret_condition)
{
	const double none[ESTIMATE_MAX] = {0};
	size_t columns = kind_parameters(kind, table), count = table->points.count;
	double *x = calloc(count ? count * columns : 1, sizeof(double));
	int code;

	if (!x)
		return ANALYSIS_NO_MEMORY;
	for (size_t i = 0; i < count; i++)
		kind->value(table, i, none, x + i * columns);
	code = linear_fit(&table->points, x, columns, options, ret_estimate, ret_condition);
	free(x);
	return code;
}

/* One cell alone: what kind_fit's callers have. */
static int log_linear_kind_fit(const struct model_kind *kind, const struct kind_table *table,
			       struct estimate *ret_estimate, struct condition *ret_condition)
{
	size_t count = table->points.count, columns = kind->parameters - 1;
	double *numbers = calloc(count * (2 + columns) + 1, sizeof(double)), common_rel = 0, base;
	uint32_t *cell = calloc(count + 1, sizeof(*cell));
	double *u_rel = numbers + count, *z = u_rel + count;
	struct slopes_points points = {.count = count,
				       .slopes = columns,
				       .cells = 1,
				       .ln_y = numbers,
				       .u_rel = u_rel,
				       .z = z,
				       .cell = cell};
	struct slopes slopes = {0};
	int code = numbers && cell ? 0 : ANALYSIS_NO_MEMORY;

	for (size_t i = 0; i < count && !code; i++) {
		kind_log_linear(kind, table, i, &base, z + i * columns);
		numbers[i] = log(table->points.y[i] / base);
		u_rel[i] = table->points.u_y[i] / table->points.y[i];
	}
	for (size_t m = 0; table->points.common_rel && m < table->points.meters; m++)
		common_rel = fmax(common_rel, table->points.common_rel[m]);
	if (!code)
		code = slopes_fit(&points, &slopes, ret_condition);
	if (ret_condition && (!code || code == ANALYSIS_BAD_CONDITION))
		for (size_t k = 0; k < ret_condition->offenders; k++)
			ret_condition->offender[k]++; /* slopes follow the first parameter */
	if (!code)
		code = slopes_estimate(&slopes, 0, common_rel, ret_estimate);
	slopes_done(&slopes);
	free(numbers);
	free(cell);
	return code;
}

struct view {
	const struct model_kind *kind;
	const struct kind_table *table;
};

static double view_value(void *context, size_t index, const double *parameters,
			 double *ret_gradient)
{
	const struct view *view = context;

	return view->kind->value(view->table, index, parameters, ret_gradient);
}

/* Best a, P0, I0 with Ts held: chi2, or INFINITY if they cannot be told apart. */
static double start_try(const struct model_kind *kind, const struct kind_table *table,
			double scale_k, double *x, double *ret_parameters)
{
	const struct fit_options options = {.scatter = SCATTER_NONE, .condition_max = 1e8};
	const double held[KIND_PARAMETERS_MAX] = {0, 0, 0, scale_k};
	double gradient[KIND_PARAMETERS_MAX];
	struct estimate fit;
	struct fit_points points = table->points;

	points.common_rel = NULL;
	for (size_t i = 0; i < points.count; i++) {
		kind->value(table, i, held, gradient);
		for (size_t j = 0; j < 3; j++)
			x[i * 3 + j] = gradient[j];
	}
	if (linear_fit(&points, x, 3, &options, &fit, NULL))
		return INFINITY;
	for (size_t j = 0; j < 3; j++)
		ret_parameters[j] = fit.value[j];
	ret_parameters[3] = scale_k;
	return fit.chi2;
}

/* For when nothing can be told apart: all energy from one term each, a third of it. */
static void start_plain(const struct model_kind *kind, const struct kind_table *table,
			double *ret_parameters)
{
	const double held[KIND_PARAMETERS_MAX] = {0, 0, 0, 30};
	double gradient[KIND_PARAMETERS_MAX], total_j = 0, totals[3] = {0};

	for (size_t i = 0; i < table->points.count; i++) {
		kind->value(table, i, held, gradient);
		total_j += fabs(table->points.y[i]);
		for (size_t j = 0; j < 3; j++)
			totals[j] += gradient[j];
	}
	for (size_t j = 0; j < 3; j++)
		ret_parameters[j] = total_j / totals[j] / 3;
	ret_parameters[3] = 30;
}

static int start_find(const struct model_kind *kind, const struct kind_table *table,
		      struct nonlinear_parameter *ret_parameter)
{
	static const double scales_k[] = {8, 12, 18, 27, 40, 60, 90, 140};
	double *x = calloc(table->points.count * 3, sizeof(double)), best = INFINITY;
	double plain[KIND_PARAMETERS_MAX], parameters[KIND_PARAMETERS_MAX];

	if (!x)
		return ANALYSIS_NO_MEMORY;
	start_plain(kind, table, plain);
	for (size_t j = 0; j < kind->parameters; j++)
		ret_parameter[j].start = plain[j];
	for (size_t k = 0; k < sizeof(scales_k) / sizeof(scales_k[0]); k++) {
		double chi2 = start_try(kind, table, scales_k[k], x, parameters);

		if (!(chi2 < best))
			continue;
		best = chi2;
		for (size_t j = 0; j < kind->parameters; j++)
			ret_parameter[j].start = parameters[j];
	}
	free(x);
	for (size_t j = 0; j < kind->parameters; j++) {
		ret_parameter[j].lower = kind->parameter[j].lower;
		ret_parameter[j].upper = kind->parameter[j].upper;
		if (!(ret_parameter[j].start > 1e-3 * plain[j]))
			ret_parameter[j].start = 1e-2 * plain[j];
		ret_parameter[j].start = fmin(fmax(ret_parameter[j].start, ret_parameter[j].lower),
					      ret_parameter[j].upper);
	}
	return 0;
}

int kind_fit(const struct model_kind *kind, const struct kind_table *table,
	     const struct fit_options *options, struct estimate *ret_estimate,
	     struct condition *ret_condition)
{
	struct view view = {kind, table};
	struct nonlinear_parameter parameter[KIND_PARAMETERS_MAX];
	struct nonlinear_problem problem = {.model = view_value,
					    .context = &view,
					    .parameters = kind->parameters,
					    .parameter = parameter};
	int code;

	if (kind_lacks(kind, table))
		return ANALYSIS_BAD_ARGUMENT;
	if (kind->is_linear)
		return linear_kind_fit(kind, table, options, ret_estimate, ret_condition);
	if (kind->is_log_linear)
		return log_linear_kind_fit(kind, table, ret_estimate, ret_condition);
	code = fit_points_check(&table->points, kind->parameters, options);
	if (!code)
		code = start_find(kind, table, parameter);
	if (!code)
		code = nonlinear_fit(&table->points, &problem, options, ret_estimate,
				     ret_condition);
	return code;
}

int kind_predict(const struct model_kind *kind, const struct estimate *estimate,
		 const struct kind_table *table, size_t index, double u_new, double common_rel_new,
		 double level, struct estimate_prediction *ret_prediction)
{
	double gradient[ESTIMATE_MAX];
	struct estimate_query query = {.gradient = gradient,
				       .u_new = u_new,
				       .common_rel_new = common_rel_new,
				       .level = level};

	if (index >= table->points.count || estimate->parameters != kind_parameters(kind, table))
		return ANALYSIS_BAD_ARGUMENT;
	for (enum kind_column column = KIND_CYCLES; column < KIND_COLUMNS; column++)
		if ((kind->needs & (1u << column)) && !table->column[column])
			return ANALYSIS_BAD_ARGUMENT;
	if (kind->is_per_class && !table->classes)
		return ANALYSIS_BAD_ARGUMENT;
	query.value = kind->value(table, index, estimate->value, gradient);
	return estimate_predict(estimate, &query, ret_prediction);
}
