/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/refit.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/predictor/build.h"
#include "bench/predictor/refit_cell.h"
#include "bench/version.h"

static void *copy_of(const void *from, size_t count, size_t size)
{
	void *to = calloc(count + 1, size);

	if (to && count)
		memcpy(to, from, count * size);
	return to;
}

/* Shallow copies first, then what they own; a failure frees with what is owned by then. */
static bool copy_cells(const struct predictor *from, struct predictor *to)
{
	to->cells = calloc(from->cell_count + 1, sizeof(*to->cells));
	for (size_t c = 0; to->cells && c < from->cell_count; c++) {
		to->cells[c] = from->cells[c];
		to->cells[c].points = copy_of(from->cells[c].points, from->cells[c].point_count,
					      sizeof(*to->cells[c].points));
		to->cell_count++;
		if (!to->cells[c].points)
			return false;
	}
	return to->cells != NULL;
}

static bool copy_families(const struct predictor *from, struct predictor *to)
{
	to->families = calloc(from->family_count + 1, sizeof(*to->families));
	for (size_t f = 0; to->families && f < from->family_count; f++) {
		to->families[f] = from->families[f];
		to->families[f].judged =
			copy_of(from->families[f].judged, from->families[f].judged_count,
				sizeof(*to->families[f].judged));
		to->family_count++;
		if (!to->families[f].judged)
			return false;
	}
	return to->families != NULL;
}

struct predictor *predictor_copy(const struct predictor *from)
{
	struct predictor *to = calloc(1, sizeof(*to));

	if (!to)
		return NULL;
	*to = *from;
	to->families = NULL;
	to->cells = NULL;
	to->family_count = to->cell_count = 0;
	to->lineage = copy_of(from->lineage, from->lineage_count, sizeof(*to->lineage));
	to->models = copy_of(from->models, from->model_count, sizeof(*to->models));
	to->counts = json_incref(from->counts);
	if (to->lineage && to->models && copy_cells(from, to) && copy_families(from, to))
		return to;
	predictor_free(to);
	return NULL;
}

static int no_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "out of memory");
}

/* What the predictor rests on would be combined with itself, and look more certain than it is. */
static int check_new(const struct predictor *old, const struct dataset *dataset, struct err *err)
{
	for (size_t i = 0; i < old->source_count; i++)
		for (size_t j = 0; j < dataset->source_count; j++) {
			const struct dataset_source *had = &old->source[i],
						    *now = &dataset->source[j];

			if (!strcmp(had->path, now->path) &&
			    strcmp(now->first_utc, had->last_utc) <= 0 &&
			    strcmp(had->first_utc, now->last_utc) <= 0)
				return err_set(err, -EINVAL,
					       "%s rests on windows of %s until %s already: take "
					       "later ones only (--since), or fit again",
					       old->path, had->path, had->last_utc);
		}
	return 0;
}

/* The parent, and what was taken in. */
static int update_head(const struct predictor *old, const struct dataset *dataset,
		       struct predictor *updated, struct err *err)
{
	void *bigger = realloc(updated->lineage,
			       (updated->lineage_count + 1) * sizeof(*updated->lineage));
	time_t now = time(NULL);
	struct predictor_lineage *parent;
	struct tm parts;

	if (!bigger)
		return no_memory(err);
	if (updated->source_count + dataset->source_count > DATASET_SOURCES_MAX)
		return err_set(err, -EINVAL,
			       "%s rests on %zu databases already, %d are the most: fit again from "
			       "them",
			       old->path, old->source_count, DATASET_SOURCES_MAX);
	updated->lineage = bigger;
	parent = &updated->lineage[updated->lineage_count++];
	memset(parent, 0, sizeof(*parent));
	memcpy(parent->sha256, old->sha256, sizeof(parent->sha256));
	memcpy(parent->created_utc, old->created_utc, sizeof(parent->created_utc));
	snprintf(parent->action, sizeof(parent->action), "refit");
	snprintf(updated->version, sizeof(updated->version), "%s", BENCH_VERSION);
	gmtime_r(&now, &parts);
	strftime(updated->created_utc, sizeof(updated->created_utc), "%Y-%m-%dT%H:%M:%SZ", &parts);
	memcpy(updated->source + updated->source_count, dataset->source,
	       dataset->source_count * sizeof(*dataset->source));
	updated->source_count += dataset->source_count;
	updated->is_virtual |= dataset->is_virtual;
	return 0;
}

static int update_models(const struct dataset *dataset, struct predictor *updated, struct err *err)
{
	void *bigger = realloc(updated->models, (updated->model_count + dataset->count + 1) *
							sizeof(*updated->models));

	if (!bigger)
		return no_memory(err);
	updated->models = bigger;
	for (size_t i = 0; i < dataset->count; i++) {
		const struct dataset_point *point = &dataset->points[i];
		struct predictor_model *model = &updated->models[updated->model_count];
		size_t m = 0;

		while (m < updated->model_count &&
		       strcmp(updated->models[m].model_sha256, point->model_sha256) != 0)
			m++;
		if (m < updated->model_count)
			continue;
		memset(model, 0, sizeof(*model));
		memcpy(model->model, point->model, sizeof(model->model));
		memcpy(model->model_sha256, point->model_sha256, sizeof(model->model_sha256));
		model->macs = point->column[KIND_MACS];
		model->params = point->column[KIND_WEIGHTS];
		updated->model_count++;
	}
	return 0;
}

/* Whether a cell of the new data is of a place that the old predictor knows nothing of. */
static bool is_new(const struct predictor *old, const struct predictor_cell *cell)
{
	struct dataset_point point = {.clock_hz = cell->levels[0].clock_hz};

	memcpy(point.board, cell->board, sizeof(point.board));
	memcpy(point.board_uid, cell->board_uid, sizeof(point.board_uid));
	memcpy(point.chip, cell->chip, sizeof(point.chip));
	memcpy(point.build, cell->build, sizeof(point.build));
	memcpy(point.runtime, cell->runtime, sizeof(point.runtime));
	point.column[KIND_TEMP_C] = cell->levels[0].temp_c;
	return cell->board[0] && !verify_cell_of(old, &point, cell->model->response);
}

static int add_row(struct refit *refit, struct refit_row **ret_row)
{
	void *bigger = realloc(refit->rows, (refit->count + 1) * sizeof(*refit->rows));

	if (!bigger)
		return -ENOMEM;
	refit->rows = bigger;
	*ret_row = &refit->rows[refit->count++];
	memset(*ret_row, 0, sizeof(**ret_row));
	return 0;
}

static int add_new_cells(struct refit *refit, const struct dataset *dataset, bool robust,
			 struct err *err)
{
	const struct build_options options = {.robust = robust};
	struct build_refusals refusals;
	struct predictor *fresh = NULL;
	int ret = predictor_build(dataset, &options, &fresh, &refusals, err);

	build_refusals_done(&refusals);
	if (ret == -EINVAL)
		return 0; /* the new data bear no cell of their own */
	for (size_t c = 0; !ret && c < fresh->cell_count; c++) {
		struct predictor_cell *cell;
		struct refit_row *row;

		if (!is_new(refit->old, &fresh->cells[c]))
			continue;
		cell = predictor_cell_add(refit->updated);
		if (!cell || add_row(refit, &row)) {
			ret = no_memory(err);
			break;
		}
		*cell = fresh->cells[c];
		fresh->cells[c].points = NULL;
		snprintf(cell->state, sizeof(cell->state), "added");
		snprintf(row->state, sizeof(row->state), "added");
		snprintf(row->why, sizeof(row->why), "the old predictor has no such cell");
		row->after = refit->updated->cell_count - 1;
	}
	predictor_free(fresh);
	return ret;
}

static int update_cells(struct refit *refit, const struct verify *verify,
			const struct dataset *dataset, bool robust, struct err *err)
{
	for (size_t c = 0; c < verify->count; c++) {
		struct refit_row *row;

		if (add_row(refit, &row))
			return no_memory(err);
		row->before = &refit->old->cells[c];
		row->after = c;
		row->checked = verify->cells[c];
		if (refit_cell(refit->updated, dataset, &verify->cells[c],
			       verify->options.significance, robust, &refit->updated->cells[c],
			       row))
			return no_memory(err);
	}
	return 0;
}

int refit_make(const struct predictor *old, const struct dataset *dataset,
	       const struct verify_options *options, bool robust, struct refit *ret_refit,
	       struct err *err)
{
	struct refit refit = {.old = old, .updated = predictor_copy(old)};
	struct verify verify = {0};
	int ret = refit.updated ? 0 : no_memory(err);

	if (!ret)
		ret = check_new(old, dataset, err);
	if (!ret)
		ret = verify_make(old, dataset, options, &verify, err);
	if (!ret)
		ret = update_head(old, dataset, refit.updated, err);
	if (!ret)
		ret = update_models(dataset, refit.updated, err);
	if (!ret)
		ret = update_cells(&refit, &verify, dataset, robust, err);
	if (!ret && verify.unmatched)
		ret = add_new_cells(&refit, dataset, robust, err);
	verify_done(&verify);
	if (ret)
		refit_done(&refit);
	else
		*ret_refit = refit;
	return ret;
}

void refit_done(struct refit *refit)
{
	predictor_free(refit->updated);
	free(refit->rows);
	memset(refit, 0, sizeof(*refit));
}

static void print_row(const struct refit *refit, const struct refit_row *row, FILE *stream)
{
	const struct predictor_cell *after = &refit->updated->cells[row->after];
	char name[300];

	predictor_cell_name(after, name, sizeof(name));
	fprintf(stream, "%-9s %-6s %s: %s\n", row->state, after->response, name, row->why);
	if (row->before && !row->checked.unchecked[0])
		fprintf(stream, "          new data %+.3f %% +- %.3f %%\n",
			100 * row->checked.bias.mean, 100 * row->checked.bias.u);
	for (size_t j = 0; j < after->estimate.parameters; j++) {
		const struct estimate *was = row->before ? &row->before->estimate : NULL;
		const struct estimate *is = &after->estimate;

		if (was && was->value[j] == is->value[j])
			continue;
		fprintf(stream, "          %s", predictor_coefficient_name(refit->updated, after, j));
		if (was)
			fprintf(stream, " %.6e +- %.1e ->", was->value[j], was->u[j]);
		fprintf(stream, " %.6e +- %.1e %s", is->value[j], is->u[j],
			predictor_coefficient_unit(after, j));
		if (was && was->value[j] != 0)
			fprintf(stream, " (%+.3f %%)", 100 * (is->value[j] / was->value[j] - 1));
		fputc('\n', stream);
	}
}

void refit_print(const struct refit *refit, FILE *stream)
{
	size_t idle = 0;

	for (size_t i = 0; i < refit->count; i++) {
		bool no_data = refit->rows[i].before && !refit->rows[i].checked.points;

		idle += no_data;
		if (!no_data)
			print_row(refit, &refit->rows[i], stream);
	}
	if (idle)
		fprintf(stream, "%zu cells without new data are kept.\n", idle);
	if (refit->updated->is_virtual)
		fputs("All of this is virtual: nothing was measured.\n", stream);
}

static json_t *coefficients_json(const struct refit *refit, const struct refit_row *row)
{
	const struct predictor_cell *after = &refit->updated->cells[row->after];
	json_t *array = json_array();

	for (size_t j = 0; array && j < after->estimate.parameters; j++) {
		json_t *item = json_pack("{s:s, s:s, s:f, s:f}", "name",
					 predictor_coefficient_name(refit->updated, after, j),
					 "unit", predictor_coefficient_unit(after, j), "value",
					 after->estimate.value[j], "u", after->estimate.u[j]);

		if (item && row->before)
			json_object_update_new(item, json_pack("{s:f, s:f}", "value_before",
							       row->before->estimate.value[j],
							       "u_before",
							       row->before->estimate.u[j]));
		if (json_array_append_new(array, item)) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *row_json(const struct refit *refit, const struct refit_row *row)
{
	const struct predictor_cell *after = &refit->updated->cells[row->after];
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:b, s:o}", "state",
				   row->state, "why", row->why, "response", after->response,
				   "board", after->board, "build", after->build, "runtime",
				   after->runtime, "clock_hz", (json_int_t)after->clock_hz, "kind",
				   after->kind, "virtual", after->is_virtual, "coefficients",
				   coefficients_json(refit, row));

	if (object && row->before && !row->checked.unchecked[0])
		json_object_update_new(object,
				       json_pack("{s:f, s:f, s:b}", "bias_rel",
						 row->checked.bias.mean, "bias_u_rel",
						 row->checked.bias.u, "moved", row->checked.moved));
	return object;
}

json_t *refit_json(const struct refit *refit)
{
	json_t *cells = json_array();

	for (size_t i = 0; cells && i < refit->count; i++)
		if (json_array_append_new(cells, row_json(refit, &refit->rows[i]))) {
			json_decref(cells);
			return NULL;
		}
	return json_pack("{s:s, s:s, s:b, s:o}", "predictor", refit->old->path,
			 "predictor_sha256", refit->old->sha256, "virtual",
			 refit->updated->is_virtual, "cells", cells);
}
