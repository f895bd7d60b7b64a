/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Leave-one-group-out cross-validation, and the two fits on cycles alone.
 */
#include "analysis/predictor/fit.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/predictor/errors.h"

/* Room for all points, filled with those of all groups but one. */
struct training {
	double *x, *y, *u_y;
	struct fit_data data;
};

static void training_done(struct training *training)
{
	free(training->x);
	free(training->y);
	free(training->u_y);
}

static int training_init(struct training *training, const struct fit_data *all)
{
	*training = (struct training){
		.x = calloc(all->count * all->coefs, sizeof(double)),
		.y = calloc(all->count, sizeof(double)),
		.u_y = calloc(all->count, sizeof(double)),
	};
	if (!training->x || !training->y || !training->u_y) {
		training_done(training);
		return ANALYSIS_NO_MEMORY;
	}
	training->data = *all;
	training->data.x = training->x;
	training->data.y = training->y;
	training->data.u_y = training->u_y;
	training->data.group = NULL;
	return 0;
}

static void training_fill(struct training *training, const struct fit_data *all, uint32_t left_out)
{
	size_t n = 0;

	for (size_t i = 0; i < all->count; i++) {
		if (all->group[i] == left_out)
			continue;
		memcpy(training->x + n * all->coefs, all->x + i * all->coefs,
		       all->coefs * sizeof(double));
		training->y[n] = all->y[i];
		training->u_y[n++] = all->u_y[i];
	}
	training->data.count = n;
}

static bool group_is_first(const struct fit_data *data, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (data->group[i] == data->group[index])
			return false;
	return true;
}

static size_t groups_count(const struct fit_data *data)
{
	size_t groups = 0;

	for (size_t i = 0; i < data->count; i++)
		groups += group_is_first(data, i);
	return groups;
}

static int group_validate(struct training *training, const struct fit_data *all, uint32_t group,
			  struct error_tally *tally)
{
	struct fit_result result;
	int code;

	training_fill(training, all, group);
	code = fit_linear(&training->data, &result);
	if (code)
		return code;
	for (size_t i = 0; i < all->count; i++)
		if (all->group[i] == group)
			error_tally_add(tally, i, fit_value(&result, all->x + i * all->coefs),
					all->y[i]);
	return 0;
}

int fit_cross_validate(const struct fit_data *data, struct fit_errors *ret_errors)
{
	struct error_tally tally = {0};
	struct fit_result whole;
	struct training training;
	int code = fit_linear(data, &whole); /* judges all points, also those left out */

	if (code)
		return code;
	if (!data->group || groups_count(data) < 2)
		return ANALYSIS_TOO_FEW_GROUPS;
	code = training_init(&training, data);
	if (code)
		return code;
	for (size_t i = 0; i < data->count && !code; i++)
		if (group_is_first(data, i))
			code = group_validate(&training, data, data->group[i], &tally);
	training_done(&training);
	if (code)
		return code;
	*ret_errors = error_tally_result(&tally);
	return 0;
}

/* Arrays of fit_data made from points. */
struct columns {
	double *x, *y, *u_y;
	uint32_t *group;
};

static void columns_done(struct columns *columns)
{
	free(columns->x);
	free(columns->y);
	free(columns->u_y);
	free(columns->group);
}

static int columns_init(struct columns *columns, const struct fit_cycles_point *points,
			size_t count, bool intercept)
{
	size_t coefs = intercept ? 2 : 1;

	*columns = (struct columns){
		.x = calloc(count * coefs, sizeof(double)),
		.y = calloc(count, sizeof(double)),
		.u_y = calloc(count, sizeof(double)),
		.group = calloc(count, sizeof(uint32_t)),
	};
	if (!columns->x || !columns->y || !columns->u_y || !columns->group) {
		columns_done(columns);
		return ANALYSIS_NO_MEMORY;
	}
	for (size_t i = 0; i < count; i++) {
		if (intercept)
			columns->x[i * coefs] = 1;
		columns->x[i * coefs + coefs - 1] = points[i].cycles;
		columns->y[i] = points[i].y;
		columns->u_y[i] = points[i].u_y;
		columns->group[i] = points[i].group;
	}
	return 0;
}

static int cycles_judge(enum fit_cycles_form form, const struct fit_cycles_point *points,
			size_t count)
{
	if ((form != FIT_CYCLES_PROPORTIONAL && form != FIT_CYCLES_AFFINE) || (!points && count))
		return ANALYSIS_BAD_ARGUMENT;
	if (!count)
		return ANALYSIS_TOO_FEW_POINTS;
	for (size_t i = 0; i < count; i++)
		if (!isfinite(points[i].cycles) || points[i].cycles <= 0)
			return ANALYSIS_BAD_ARGUMENT;
	return 0;
}

int fit_cycles(enum fit_cycles_form form, const struct fit_cycles_point *points, size_t count,
	       double common_rel, struct fit_result *ret_result, struct fit_errors *ret_left_out)
{
	bool intercept = form == FIT_CYCLES_AFFINE;
	struct columns columns;
	struct fit_result result;
	int code = cycles_judge(form, points, count);

	if (!code)
		code = columns_init(&columns, points, count, intercept);
	if (code)
		return code;
	struct fit_data data = {
		.count = count,
		.coefs = intercept ? 2 : 1,
		.has_intercept = intercept,
		.x = columns.x,
		.y = columns.y,
		.u_y = columns.u_y,
		.group = columns.group,
		.common_rel = common_rel,
	};
	code = fit_linear(&data, &result);
	if (!code && ret_left_out)
		code = fit_cross_validate(&data, ret_left_out);
	columns_done(&columns);
	if (!code)
		*ret_result = result;
	return code;
}
