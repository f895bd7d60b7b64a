/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analysis/trace/error.h"
#include "bench/version.h"

/* One predictor in the making. */
struct build {
	const struct dataset *dataset;
	const struct build_options *options;
	struct fit_options fit_options;
	struct predictor *predictor;
	struct build_refusals *refusals;
	struct predictor_family *family; /* the present one */
	size_t *index;                   /* its points */
	size_t count;
	struct err *err;
};

void build_refusals_done(struct build_refusals *refusals)
{
	free(refusals->rows);
	memset(refusals, 0, sizeof(*refusals));
}

static int no_memory(const struct build *build)
{
	return err_set(build->err, -ENOMEM, "out of memory");
}

static int refuse(struct build *build, const struct fitted *fitted, const struct fitted_cell *cell)
{
	struct build_refusals *refusals = build->refusals;
	const struct dataset_point *point = &build->dataset->points[cell->index[0]];
	struct build_refusal *row;
	void *bigger = realloc(refusals->rows, (refusals->count + 1) * sizeof(*refusals->rows));
	char clock[48] = "all clocks";

	if (!bigger)
		return no_memory(build);
	refusals->rows = bigger;
	row = &refusals->rows[refusals->count++];
	if (fitted->candidate->layout & LAYOUT_LEVEL)
		snprintf(clock, sizeof(clock), "%g MHz", (double)point->clock_hz / 1e6);
	snprintf(row->cell, sizeof(row->cell), "%s, build %s, %s, %s", point->board, point->build,
		 point->runtime, clock);
	snprintf(row->kind, sizeof(row->kind), "%s", fitted->candidate->kind->name);
	fitted_cell_reason(fitted, cell, row->reason, sizeof(row->reason));
	return 0;
}

static int add_cell(struct build *build, const struct fitted *fitted,
		    const struct fitted_cell *from)
{
	struct predictor_cell *cell = predictor_cell_add(build->predictor);

	return !cell || build_cell(fitted, from, cell) ? no_memory(build) : 0;
}

/* The type's cell at the level and temperature of a cell, if it is the first board's there. */
static int add_type(struct build *build, const struct fitted *fitted, size_t c)
{
	struct candidate candidate = *fitted->candidate;
	const struct dataset_point *points = build->dataset->points;
	const struct dataset_point *point = &points[fitted->cells[c].index[0]];
	struct fitted whole = *fitted;
	struct fitted_cell type = {.index = calloc(build->count, sizeof(size_t))};
	int ret;

	if (!type.index)
		return no_memory(build);
	whole.candidate = &candidate;
	candidate.layout &= ~(unsigned)LAYOUT_BOARD;
	for (size_t i = 0; i < build->count; i++) {
		const struct dataset_point *other = &points[build->index[i]];

		if ((!(candidate.layout & LAYOUT_LEVEL) || other->clock_hz == point->clock_hz) &&
		    (!(candidate.layout & LAYOUT_TEMPERATURE) ||
		     other->temp_cell == point->temp_cell))
			type.index[type.count++] = build->index[i];
	}
	ret = type.index[0] != fitted->cells[c].index[0]
		      ? ANALYSIS_TOO_FEW_GROUPS /* another board's cell stands for them */
		      : fitted_type(fitted, point, &build->fit_options, &type.estimate,
				    &type.common_rel);
	type.one_meter = type.common_rel > 0;
	if (ret == ANALYSIS_NO_MEMORY)
		ret = no_memory(build);
	else
		ret = ret ? 0 : add_cell(build, &whole, &type);
	free(type.index);
	return ret;
}

static int add_fit(struct build *build, const struct candidate *candidate)
{
	struct fitted fitted;
	int ret = fitted_make(build->dataset, build->index, build->count, candidate,
			      &build->fit_options, &fitted);

	if (ret)
		return no_memory(build);
	for (size_t c = 0; c < fitted.count && !ret; c++)
		ret = fitted.cells[c].reason ? refuse(build, &fitted, &fitted.cells[c])
					     : add_cell(build, &fitted, &fitted.cells[c]);
	/* What boards of one type share is told from fits of each of them alone. */
	for (size_t c = 0; c < fitted.count && !ret && !candidate->kind->is_log_linear; c++)
		if (!fitted.cells[c].reason)
			ret = add_type(build, &fitted, c);
	fitted_done(&fitted);
	return ret;
}

static struct judged *judged_add(struct build *build)
{
	struct predictor_family *family = build->family;
	void *bigger = realloc(family->judged,
			       (family->judged_count + 1) * sizeof(*family->judged));

	if (!bigger)
		return NULL;
	family->judged = bigger;
	memset(&family->judged[family->judged_count], 0, sizeof(*family->judged));
	return &family->judged[family->judged_count++];
}

static struct judging judging_of(const struct build *build)
{
	return (struct judging){.dataset = build->dataset,
				.index = build->index,
				.count = build->count,
				.options = &build->fit_options};
}

static int judge_one(struct build *build, const struct candidate *candidate, enum axis axis)
{
	struct judging judging = judging_of(build);
	struct judged *judged = judged_add(build);

	return !judged || judge_left_out(&judging, candidate, axis, judged) ? no_memory(build) : 0;
}

/* Axes beside the networks: where one has a single value there is nothing to leave out. */
static int judge_axes(struct build *build, const struct candidate *chosen)
{
	struct judging judging = judging_of(build);
	struct candidate pooled = *chosen;
	uint32_t *group = calloc(build->count, sizeof(*group));
	int ret = group ? 0 : no_memory(build);

	pooled.layout &= ~(unsigned)LAYOUT_BOARD;
	pooled.is_hierarchical = false;
	for (enum axis axis = AXIS_BOARD; axis <= AXIS_TEMPERATURE && !ret; axis++) {
		size_t groups;

		judging_groups(&judging, axis, group, &groups);
		if (groups > 1)
			ret = judge_one(build, axis == AXIS_BOARD ? &pooled : chosen, axis);
	}
	free(group);
	return ret;
}

/* Proxies are judged also where there is nothing to compare with. */
static int judge_baselines(struct build *build)
{
	struct candidate baselines[BUILD_CANDIDATES_MAX];
	size_t count = build_baselines(baselines);
	int ret = 0;

	for (size_t c = 0; c < count && !ret; c++)
		ret = judge_one(build, &baselines[c], AXIS_MODEL);
	return ret;
}

static int judge_all(struct build *build, const struct candidate *candidates, size_t count,
		     size_t best)
{
	struct judging judging = judging_of(build);
	struct judged *nested = judged_add(build);
	int ret = nested ? 0 : no_memory(build);

	if (!ret && judge_nested(&judging, candidates, count, nested))
		ret = no_memory(build);
	for (size_t c = 0; c < count && !ret; c++)
		ret = judge_one(build, &candidates[c], AXIS_MODEL);
	if (!ret && candidates[0].kind->response == KIND_ENERGY_J)
		ret = judge_baselines(build);
	for (size_t c = 0; c < count && !ret; c++)
		if (c == best || !(candidates[c].layout & LAYOUT_LEVEL))
			ret = judge_axes(build, &candidates[c]);
	return ret;
}

/* Moves candidates that bear a fit of some cell to the front; those that bear none, with all points,
 * are not in the contest. */
static int bearing(struct build *build, struct candidate *candidates, size_t count,
		   size_t *ret_bearing)
{
	struct candidate left[BUILD_CANDIDATES_MAX];
	size_t lost = 0, kept = 0;

	for (size_t c = 0; c < count; c++) {
		struct fitted fitted;
		bool bears = false;

		if (fitted_make(build->dataset, build->index, build->count, &candidates[c],
				&build->fit_options, &fitted))
			return no_memory(build);
		for (size_t k = 0; k < fitted.count; k++)
			bears |= !fitted.cells[k].reason;
		fitted_done(&fitted);
		if (bears)
			candidates[kept++] = candidates[c];
		else
			left[lost++] = candidates[c];
	}
	memcpy(candidates + kept, left, lost * sizeof(*left));
	*ret_bearing = kept;
	return 0;
}

/* Robust weights are for one cell's fit; shared slopes have none. Returns how many are left. */
static size_t robust_only(struct candidate *candidates, size_t count)
{
	size_t kept = 0;

	for (size_t c = 0; c < count; c++)
		if (!candidates[c].kind->is_log_linear)
			candidates[kept++] = candidates[c];
	return kept;
}

static int fit_response(struct build *build, enum kind_response response, size_t begin, size_t end,
			char ret_name[24])
{
	bool is_energy = response == KIND_ENERGY_J;
	struct candidate candidates[BUILD_CANDIDATES_MAX];
	size_t count = build_candidates(build->dataset, begin, end, response,
					is_energy ? build->options->model : NULL, candidates);
	struct judging judging = judging_of(build);
	size_t best, kept = 0;
	int ret;

	if (build->options->robust)
		count = robust_only(candidates, count);
	ret = count ? bearing(build, candidates, count, &kept) : 0;
	if (ret || (!count && !is_energy))
		return ret;
	if (!count)
		return judge_baselines(build);
	best = kept;
	if (candidate_choose(&judging, candidates, kept, CHOOSE_FOLDS, &best))
		return no_memory(build);
	if (best == kept)
		best = 0; /* too few networks to choose: the simplest */
	ret = add_fit(build, &candidates[best]);
	if (ret || !kept)
		return ret;
	snprintf(ret_name, 24, "%s", candidates[best].name);
	return judge_all(build, candidates, kept, best);
}

static int fit_family(struct build *build, size_t begin, size_t end)
{
	const struct dataset_point *point = &build->dataset->points[begin];
	struct predictor *predictor = build->predictor;
	void *bigger = realloc(predictor->families,
			       (predictor->family_count + 1) * sizeof(*predictor->families));
	int ret;

	if (!bigger)
		return no_memory(build);
	predictor->families = bigger;
	build->family = &predictor->families[predictor->family_count++];
	memset(build->family, 0, sizeof(*build->family));
	memcpy(build->family->chip, point->chip, sizeof(point->chip));
	memcpy(build->family->build, point->build, sizeof(point->build));
	memcpy(build->family->runtime, point->runtime, sizeof(point->runtime));
	build->family->is_virtual = point->is_virtual;
	snprintf(build->family->chosen_by, sizeof(build->family->chosen_by), "%s",
		 build->options->model ? "--model and cross-validation" : "cross-validation");
	build->count = end - begin;
	for (size_t i = begin; i < end; i++)
		build->index[i - begin] = i;
	ret = fit_response(build, KIND_ENERGY_J, begin, end, build->family->energy);
	return ret ? ret : fit_response(build, KIND_DURATION_S, begin, end, build->family->time);
}

static int fill_models(struct build *build)
{
	struct predictor *predictor = build->predictor;

	predictor->models = calloc(build->dataset->count + 1, sizeof(*predictor->models));
	if (!predictor->models)
		return no_memory(build);
	for (size_t i = 0; i < build->dataset->count; i++) {
		const struct dataset_point *point = &build->dataset->points[i];
		struct predictor_model *model = &predictor->models[predictor->model_count];
		size_t m = 0;

		while (m < predictor->model_count &&
		       strcmp(predictor->models[m].model_sha256, point->model_sha256) != 0)
			m++;
		if (m < predictor->model_count)
			continue;
		memcpy(model->model, point->model, sizeof(model->model));
		memcpy(model->model_sha256, point->model_sha256, sizeof(model->model_sha256));
		model->macs = point->column[KIND_MACS];
		model->params = point->column[KIND_WEIGHTS];
		predictor->model_count++;
	}
	return 0;
}

static void fill_head(struct build *build)
{
	struct predictor *predictor = build->predictor;
	time_t now = time(NULL);
	struct tm parts;

	snprintf(predictor->version, sizeof(predictor->version), "%s", BENCH_VERSION);
	gmtime_r(&now, &parts);
	strftime(predictor->created_utc, sizeof(predictor->created_utc), "%Y-%m-%dT%H:%M:%SZ",
		 &parts);
	predictor->is_virtual = build->dataset->is_virtual;
	predictor->source_count = build->dataset->source_count;
	memcpy(predictor->source, build->dataset->source, sizeof(predictor->source));
	predictor->class_count = build->dataset->class_count;
	memcpy(predictor->class_name, build->dataset->class_name, sizeof(predictor->class_name));
}

/* Nothing fitted: says the first reason. */
static int nothing(const struct build *build)
{
	if (build->refusals->count)
		return err_set(build->err, -EINVAL, "nothing can be fitted: %s: %s: %s",
			       build->refusals->rows[0].cell, build->refusals->rows[0].kind,
			       build->refusals->rows[0].reason);
	return err_set(build->err, -EINVAL,
		       build->options->model
			       ? "no model '%s' goes with these data: cycles, affine, levels, "
				 "hierarchical, streaming, stall, classes (levels: two clock "
				 "levels and known voltages and temperatures; hierarchical: three "
				 "boards; streaming: MACs and parameters known, no --robust; "
				 "stall, classes: --instructions)"
			       : "nothing can be fitted%s",
		       build->options->model ? build->options->model : "");
}

int predictor_build(const struct dataset *dataset, const struct build_options *options,
		    struct predictor **ret_predictor, struct build_refusals *ret_refusals,
		    struct err *err)
{
	struct build build = {.dataset = dataset,
			      .options = options,
			      .fit_options = build_fit_options(options),
			      .predictor = calloc(1, sizeof(*build.predictor)),
			      .refusals = ret_refusals,
			      .index = calloc(dataset->count + 1, sizeof(*build.index)),
			      .err = err};
	size_t end;
	bool has_energy = false;
	int ret = build.predictor && build.index ? 0 : no_memory(&build);

	memset(ret_refusals, 0, sizeof(*ret_refusals));
	if (!ret) {
		fill_head(&build);
		ret = fill_models(&build);
	}
	for (size_t begin = 0; begin < dataset->count && !ret; begin = end) {
		end = dataset_family_end(dataset, begin);
		ret = fit_family(&build, begin, end);
	}
	for (size_t c = 0; !ret && c < build.predictor->cell_count; c++)
		has_energy |= !strcmp(build.predictor->cells[c].response, "energy");
	if (!ret && !has_energy)
		ret = nothing(&build);
	free(build.index);
	if (ret)
		predictor_free(build.predictor);
	else
		*ret_predictor = build.predictor;
	return ret;
}
