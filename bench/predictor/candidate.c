/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/candidate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/predictor/combine.h"
#include "analysis/predictor/hierarchy.h"
#include "analysis/trace/error.h"
#include "bench/predictor/candidate_parts.h"

bool candidate_same_cell(const struct dataset_point *a, const struct dataset_point *b,
			 unsigned layout)
{
	if ((layout & LAYOUT_BOARD) &&
	    (strcmp(a->board, b->board) != 0 || strcmp(a->board_uid, b->board_uid) != 0))
		return false;
	if ((layout & LAYOUT_LEVEL) && a->clock_hz != b->clock_hz)
		return false;
	return !(layout & LAYOUT_TEMPERATURE) || a->temp_cell == b->temp_cell;
}

static struct fitted_cell *cell_find(struct fitted_cell *cells, size_t count,
				     const struct dataset *dataset,
				     const struct dataset_point *point, unsigned layout)
{
	for (size_t c = 0; c < count; c++)
		if (candidate_same_cell(&dataset->points[cells[c].index[0]], point, layout))
			return &cells[c];
	return NULL;
}

/* Cells and their points, in the order of index. */
static void split(struct fitted *fitted, const size_t *index, size_t count)
{
	size_t *free_place = fitted->index;
	bool *taken = calloc(count + 1, sizeof(*taken));

	if (!taken)
		return;
	for (size_t i = 0; i < count; i++) {
		struct fitted_cell *cell = &fitted->cells[fitted->count];

		if (taken[i])
			continue;
		cell->index = free_place;
		fitted->count++;
		for (size_t k = i; k < count; k++) {
			if (taken[k] || !candidate_same_cell(&fitted->dataset->points[index[i]],
							     &fitted->dataset->points[index[k]],
							     fitted->candidate->layout))
				continue;
			taken[k] = true;
			cell->index[cell->count++] = index[k];
		}
		free_place += cell->count;
	}
	free(taken);
}

/* own_meter: with what the points of a meter share. */
static int cell_estimate(const struct fitted *fitted, const struct fitted_cell *cell,
			 const struct fit_options *options, bool with_common,
			 struct estimate *ret_estimate, struct fitted_cell *ret_cell)
{
	const struct model_kind *kind = fitted->candidate->kind;
	struct dataset_table table;

	if (dataset_table_make(fitted->dataset, cell->index, cell->count, kind->response, &table))
		return ANALYSIS_NO_MEMORY;
	ret_cell->common_rel = table.common_rel_max;
	ret_cell->one_meter = table.table.points.meters == 1;
	if (!with_common)
		table.table.points.common_rel = NULL;
	ret_cell->lacks = kind_lacks(kind, &table.table);
	ret_cell->reason = ret_cell->lacks ? -EDOM
					   : kind_fit(kind, &table.table, options, ret_estimate,
						      &ret_cell->condition);
	if (!ret_cell->reason && ret_estimate->dof < 1)
		ret_cell->reason = ANALYSIS_TOO_FEW_POINTS;
	dataset_table_done(&table);
	return 0;
}

/* Cells of other boards at the same level and temperature as `point`. */
static size_t members_find(const struct fitted *fitted, const struct dataset_point *point,
			   size_t *ret_member, bool *ret_one_meter)
{
	unsigned layout = fitted->candidate->layout & ~(unsigned)LAYOUT_BOARD;
	const struct dataset_point *points = fitted->dataset->points;
	size_t count = 0;

	*ret_one_meter = true;
	for (size_t c = 0; c < fitted->count; c++) {
		const struct fitted_cell *cell = &fitted->cells[c];

		if (cell->reason || !candidate_same_cell(point, &points[cell->index[0]], layout))
			continue;
		ret_member[count++] = c;
		*ret_one_meter = *ret_one_meter && cell->one_meter &&
				 !strcmp(points[cell->index[0]].meter,
					 points[fitted->cells[ret_member[0]].index[0]].meter);
	}
	return count;
}

/* One estimate per board and what they are drawn from. A gain that all share is no difference
 * between boards: then the estimates are without it. */
static int type_make(const struct fitted *fitted, const struct dataset_point *point,
		     const struct fit_options *options, struct estimate *boards, size_t *member,
		     size_t *ret_count, bool *ret_one_meter, struct hierarchy *ret_type)
{
	size_t count = members_find(fitted, point, member, ret_one_meter), kept = 0;

	for (size_t b = 0; b < count; b++) {
		struct fitted_cell scratch = fitted->cells[member[b]];
		int code = cell_estimate(fitted, &fitted->cells[member[b]], options,
					 !*ret_one_meter, &boards[kept], &scratch);

		if (code)
			return code;
		if (!scratch.reason)
			member[kept++] = member[b];
	}
	*ret_count = kept;
	return kept < HIERARCHY_BOARDS_MIN ? ANALYSIS_TOO_FEW_GROUPS
					   : hierarchy_fit(boards, kept, ret_type);
}

struct type_work {
	struct estimate *boards;
	size_t *member, count;
	bool one_meter;
	struct hierarchy type;
};

static int type_work_init(struct type_work *work, size_t cells)
{
	*work = (struct type_work){.boards = calloc(cells + 1, sizeof(*work->boards)),
				   .member = calloc(cells + 1, sizeof(*work->member))};
	return work->boards && work->member ? 0 : ANALYSIS_NO_MEMORY;
}

static void type_work_done(struct type_work *work)
{
	free(work->boards);
	free(work->member);
}

static int draw_together(struct fitted *fitted, const struct dataset_point *point,
			 const struct fit_options *options)
{
	struct type_work work;
	int code = type_work_init(&work, fitted->count);

	if (!code)
		code = type_make(fitted, point, options, work.boards, work.member, &work.count,
				 &work.one_meter, &work.type);
	for (size_t b = 0; b < work.count && !code; b++) {
		struct fitted_cell *cell = &fitted->cells[work.member[b]];

		if (combine_shrink(&work.type, &work.boards[b]))
			continue; /* keeps its own estimate */
		if (work.one_meter)
			combine_common_add(&work.boards[b], cell->common_rel);
		cell->estimate = work.boards[b];
	}
	type_work_done(&work);
	return code == ANALYSIS_NO_MEMORY ? -ENOMEM : 0;
}

int fitted_type(const struct fitted *fitted, const struct dataset_point *point,
		const struct fit_options *options, struct estimate *ret_estimate,
		double *ret_common_rel)
{
	struct type_work work;
	int code = type_work_init(&work, fitted->count);
	struct estimate *estimate = work.boards;

	if (!code)
		code = type_make(fitted, point, options, work.boards, work.member, &work.count,
				 &work.one_meter, &work.type);
	*ret_common_rel = 0;
	for (size_t b = 0; b < work.count && !code; b++) {
		const struct fitted_cell *cell = &fitted->cells[work.member[b]];

		if (work.boards[b].scatter_rel > estimate->scatter_rel)
			estimate->scatter_rel = work.boards[b].scatter_rel;
		if (b)
			estimate->count += work.boards[b].count;
		if (work.one_meter && cell->common_rel > *ret_common_rel)
			*ret_common_rel = cell->common_rel;
	}
	if (!code) {
		for (size_t j = 0; j < work.type.parameters; j++) {
			estimate->value[j] = work.type.value[j];
			for (size_t k = 0; k < work.type.parameters; k++)
				estimate->covariance[j][k] = estimate->covariance_stat[j][k] =
					work.type.covariance[j][k] + work.type.between[j][k];
		}
		estimate->dof = (double)work.type.boards - 1;
		combine_common_add(estimate, *ret_common_rel);
		*ret_estimate = *estimate;
	}
	type_work_done(&work);
	return code;
}

static int hierarchy_apply(struct fitted *fitted, const struct fit_options *options)
{
	unsigned layout = fitted->candidate->layout & ~(unsigned)LAYOUT_BOARD;
	const struct dataset *dataset = fitted->dataset;
	int ret = 0;

	for (size_t c = 0; c < fitted->count && !ret; c++)
		if (cell_find(fitted->cells, c, dataset,
			      &dataset->points[fitted->cells[c].index[0]], layout) == NULL)
			ret = draw_together(fitted, &dataset->points[fitted->cells[c].index[0]],
					    options);
	return ret;
}

int fitted_make(const struct dataset *dataset, const size_t *index, size_t count,
		const struct candidate *candidate, const struct fit_options *options,
		struct fitted *ret_fitted)
{
	struct fitted fitted = {.dataset = dataset,
				.candidate = candidate,
				.cells = calloc(count + 1, sizeof(*fitted.cells)),
				.index = calloc(count + 1, sizeof(*fitted.index))};
	int ret = fitted.cells && fitted.index ? 0 : -ENOMEM;

	if (!ret) {
		split(&fitted, index, count);
		ret = fitted.count || !count ? 0 : -ENOMEM;
	}
	if (!ret && candidate->kind->is_log_linear)
		ret = candidate_share(&fitted);
	for (size_t c = 0; c < fitted.count && !ret && !candidate->kind->is_log_linear; c++)
		ret = cell_estimate(&fitted, &fitted.cells[c], options, true,
				    &fitted.cells[c].estimate, &fitted.cells[c])
			      ? -ENOMEM
			      : 0;
	if (!ret && candidate->is_hierarchical)
		ret = hierarchy_apply(&fitted, options);
	if (ret)
		fitted_done(&fitted);
	else
		*ret_fitted = fitted;
	return ret;
}

void fitted_done(struct fitted *fitted)
{
	free(fitted->cells);
	free(fitted->index);
	memset(fitted, 0, sizeof(*fitted));
}

const struct fitted_cell *fitted_find(const struct fitted *fitted,
				      const struct dataset_point *point)
{
	return cell_find(fitted->cells, fitted->count, fitted->dataset, point,
			 fitted->candidate->layout);
}

int fitted_predict(const struct fitted *fitted, size_t point, double level,
		   struct estimate_prediction *ret_prediction)
{
	const struct model_kind *kind = fitted->candidate->kind;
	const struct fitted_cell *cell = fitted_find(fitted, &fitted->dataset->points[point]);
	struct dataset_table table;
	int ret;

	if (!cell)
		return -ENOENT;
	if (cell->reason)
		return cell->reason;
	if (dataset_table_make(fitted->dataset, &point, 1, kind->response, &table))
		return ANALYSIS_NO_MEMORY;
	ret = kind_lacks(kind, &table.table)
		      ? -EDOM
		      : kind_predict(kind, &cell->estimate, &table.table, 0,
				     table.table.points.u_y[0], table.common_rel_max, level,
				     ret_prediction);
	dataset_table_done(&table);
	return ret;
}

const char *candidate_parameter(const struct candidate *candidate, const struct dataset *dataset,
				size_t parameter)
{
	if (parameter < candidate->kind->parameters)
		return candidate->kind->parameter[parameter].name;
	return dataset->class_name[parameter - candidate->kind->parameters];
}

const char *candidate_unit(const struct candidate *candidate, size_t parameter)
{
	return parameter < candidate->kind->parameters ? candidate->kind->parameter[parameter].unit
						       : "J/instruction";
}

void fitted_cell_reason(const struct fitted *fitted, const struct fitted_cell *cell, char *ret_text,
			size_t size)
{
	size_t used;

	if (cell->reason == -EDOM) {
		snprintf(ret_text, size, "%s is not known, or out of range, in all its points",
			 kind_column_name(cell->lacks));
		return;
	}
	snprintf(ret_text, size, "%s", analysis_error_text(cell->reason));
	if (cell->reason != ANALYSIS_BAD_CONDITION)
		return;
	used = strlen(ret_text);
	for (size_t i = 0; i < cell->condition.offenders && used < size; i++)
		used += (size_t)snprintf(ret_text + used, size - used, "%s%s", i ? ", " : ": ",
					 candidate_parameter(fitted->candidate, fitted->dataset,
							     cell->condition.offender[i]));
	if (used < size)
		snprintf(ret_text + used, size - used, " (condition index %.3g)",
			 cell->condition.index_max);
}
