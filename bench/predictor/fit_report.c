/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/fit_report.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/predictor/judge.h"
#include "analysis/trace/error.h"

static const char *const kinds[FIT_REPORT_FORMS] = {"energy-proportional", "energy-affine"};

static struct candidate form_candidate(unsigned form)
{
	return (struct candidate){form ? "affine" : "cycles", kind_find(kinds[form]),
				  LAYOUT_BOARD | LAYOUT_LEVEL | LAYOUT_TEMPERATURE, false};
}

static int judge_training(const struct fitted *fitted, const struct fitted_cell *cell,
			  struct fit_report_form *form)
{
	double *predicted = calloc(2 * cell->count, sizeof(*predicted));
	double *measured = predicted + cell->count;
	struct estimate_prediction prediction;
	struct judgement judgement;

	if (!predicted)
		return -ENOMEM;
	for (size_t i = 0; i < cell->count; i++) {
		measured[i] = fitted->dataset->points[cell->index[i]].energy_j;
		if (!fitted_predict(fitted, cell->index[i], 0.95, &prediction))
			predicted[i] = prediction.y;
	}
	if (!judge_predictions(predicted, measured, cell->count, &judgement)) {
		form->mape_pct = judgement.errors.mape_pct;
		form->rmspe_pct = judgement.errors.rmspe_pct;
		form->max_error_pct = judgement.errors.max_pct;
		form->r2 = judgement.r2;
	}
	free(predicted);
	return 0;
}

static int make_form(const struct fitted *fitted, const struct fitted_cell *cell,
		     const struct fit_options *options, struct fit_report_form *form)
{
	struct judging judging = {.dataset = fitted->dataset,
				  .index = cell->index,
				  .count = cell->count,
				  .options = options};

	form->kind = fitted->candidate->kind;
	form->reason = cell->reason;
	form->estimate = cell->estimate;
	if (cell->reason) {
		fitted_cell_reason(fitted, cell, form->refused, sizeof(form->refused));
		return 0;
	}
	if (judge_left_out(&judging, fitted->candidate, AXIS_MODEL, &form->left_out))
		return -ENOMEM;
	return judge_training(fitted, cell, form);
}

static int name_level(const struct fitted *fitted, const struct fitted_cell *cell,
		      struct fit_report_level *level)
{
	const struct dataset_point *points = fitted->dataset->points;
	struct judging judging = {
		.dataset = fitted->dataset, .index = cell->index, .count = cell->count};
	uint32_t *group = calloc(cell->count, sizeof(*group));

	if (!group)
		return -ENOMEM;
	judging_groups(&judging, AXIS_MODEL, group, &level->models);
	free(group);
	level->first = points[cell->index[0]];
	level->temp_min_c = level->temp_max_c = NAN;
	for (size_t i = 0; i < cell->count; i++) {
		const struct dataset_point *point = &points[cell->index[i]];

		level->windows += point->windows;
		level->temp_min_c = fmin(level->temp_min_c, point->column[KIND_TEMP_C]);
		level->temp_max_c = fmax(level->temp_max_c, point->column[KIND_TEMP_C]);
	}
	for (size_t i = 0; i < fitted->dataset->count; i++)
		level->several_temperatures |=
			dataset_same_family(&points[i], &level->first) &&
			points[i].temp_cell != level->first.temp_cell;
	return 0;
}

static int add_family(struct fit_report *report, const size_t *index, size_t count,
		      const struct fit_options *options)
{
	size_t first = report->count;
	int ret = 0;

	for (unsigned f = 0; f < FIT_REPORT_FORMS && !ret; f++) {
		struct candidate candidate = form_candidate(f);
		struct fitted fitted;

		ret = fitted_make(report->dataset, index, count, &candidate, options, &fitted);
		if (ret)
			return ret;
		report->count = first + fitted.count;
		for (size_t c = 0; c < fitted.count && !ret; c++) {
			struct fit_report_level *level = &report->levels[first + c];

			ret = f ? 0 : name_level(&fitted, &fitted.cells[c], level);
			if (!ret)
				ret = make_form(&fitted, &fitted.cells[c], options,
						&level->forms[f]);
		}
		fitted_done(&fitted);
	}
	return ret;
}

int fit_report_make(const struct dataset *dataset, const struct build_options *options,
		    struct fit_report *ret_report, struct err *err)
{
	struct fit_report report = {.dataset = dataset,
				    .levels = calloc(dataset->count + 1, sizeof(*report.levels))};
	struct fit_options fit_options = build_fit_options(options);
	size_t *index = calloc(dataset->count + 1, sizeof(*index)), end;
	int ret = report.levels && index ? 0 : -ENOMEM;

	for (size_t begin = 0; begin < dataset->count && !ret; begin = end) {
		end = dataset_family_end(dataset, begin);
		for (size_t i = begin; i < end; i++)
			index[i - begin] = i;
		ret = add_family(&report, index, end - begin, &fit_options);
	}
	free(index);
	if (ret) {
		fit_report_done(&report);
		return err_set(err, ret, "out of memory");
	}
	*ret_report = report;
	return 0;
}

void fit_report_done(struct fit_report *report)
{
	free(report->levels);
	memset(report, 0, sizeof(*report));
}
