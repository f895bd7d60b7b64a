/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/verify.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/trace/error.h"
#include "bench/predictor/query.h"

static bool cell_is_of(const struct predictor_cell *cell, const struct dataset_point *point)
{
	if (strcmp(cell->board, point->board) != 0 || strcmp(cell->build, point->build) != 0 ||
	    strcmp(cell->runtime, point->runtime) != 0 || strcmp(cell->chip, point->chip) != 0)
		return false;
	if (strcmp(cell->board_uid, point->board_uid) != 0)
		return false; /* another board behind the same name */
	if (cell->clock_hz)
		return cell->clock_hz == point->clock_hz;
	for (size_t l = 0; l < cell->level_count; l++)
		if (cell->levels[l].clock_hz == point->clock_hz)
			return true;
	return false;
}

static double apart_k(const struct predictor_cell *cell, const struct dataset_point *point)
{
	const struct predictor_range *range = &cell->range[KIND_TEMP_C];
	double temp_c = point->column[KIND_TEMP_C];

	if (isnan(range->min) || isnan(temp_c))
		return 0;
	return fmax(0, fmax(range->min - temp_c, temp_c - range->max));
}

const struct predictor_cell *verify_cell_of(const struct predictor *predictor,
					    const struct dataset_point *point,
					    enum kind_response response)
{
	const struct predictor_cell *best = NULL;

	for (size_t c = 0; c < predictor->cell_count; c++) {
		const struct predictor_cell *cell = &predictor->cells[c];

		if (cell->model->response == response && cell_is_of(cell, point) &&
		    apart_k(cell, point) <= QUERY_TEMPERATURE_MARGIN_K &&
		    (!best || apart_k(cell, point) < apart_k(best, point)))
			best = cell;
	}
	return best;
}

/* One point against its cell. */
struct comparison {
	const struct dataset_point *point;
	double rel, u_rel; /* measured / predicted - 1, what is its own */
	bool seen, same_meter;
	double predicted, gradient[ESTIMATE_MAX];
};

static bool meter_is_known(const struct predictor_cell *cell, const char *meter)
{
	for (size_t m = 0; m < cell->meter_count; m++)
		if (!strcmp(cell->meters[m], meter))
			return true;
	return false;
}

/* The same network at the same level, nearest in temperature. */
static const struct predictor_point *training_point(const struct predictor_cell *cell,
						    const struct dataset_point *point)
{
	const struct predictor_point *best = NULL;
	double best_k = QUERY_TEMPERATURE_MARGIN_K;

	for (size_t i = 0; i < cell->point_count; i++) {
		const struct predictor_point *other = &cell->points[i];
		double off_k = fabs(other->column[KIND_TEMP_C] - point->column[KIND_TEMP_C]);

		if (strcmp(other->model_sha256, point->model_sha256) != 0 ||
		    other->clock_hz != point->clock_hz)
			continue;
		if (isnan(off_k) || off_k <= best_k) {
			best = other;
			best_k = isnan(off_k) ? best_k : off_k;
		}
	}
	return best;
}

static bool within_cycles(const struct predictor_cell *cell, double cycles)
{
	return cycles >= cell->range[KIND_CYCLES].min * 0.99 &&
	       cycles <= cell->range[KIND_CYCLES].max * 1.01;
}

static double trained_idle_w(const struct predictor_cell *cell, const struct dataset_point *point)
{
	double best_k = INFINITY, idle_w = NAN;

	for (size_t l = 0; l < cell->level_count; l++) {
		double off_k = fabs(cell->levels[l].temp_c - point->column[KIND_TEMP_C]);

		if (cell->levels[l].clock_hz != point->clock_hz || off_k >= best_k)
			continue;
		idle_w = cell->levels[l].idle_power_w;
		best_k = off_k;
	}
	return idle_w;
}

/* What the cell expects of the point's network: it takes as long, counts as much and waits with as
 * much power as in training. Only supply and temperature are those of the point. */
static void expect(const struct predictor_cell *cell, const struct dataset_point *point,
		   const struct predictor_point *before, double column[KIND_COLUMNS],
		   struct kind_table *table)
{
	memcpy(column, before ? before->column : point->column, sizeof(point->column));
	column[KIND_TEMP_C] = point->column[KIND_TEMP_C];
	column[KIND_SUPPLY_V] = point->column[KIND_SUPPLY_V];
	if (!before)
		column[KIND_IDLE_W] = trained_idle_w(cell, point);
	for (unsigned c = KIND_CYCLES; c < KIND_COLUMNS; c++)
		table->column[c] = isnan(column[c]) ? NULL : &column[c];
	if (before && cell->model->is_per_class) {
		table->classes = before->classes;
		table->class_count = cell->estimate.parameters - cell->model->parameters;
	}
}

/* false: the kind's features are not known. */
static bool compare(const struct verify *verify, const struct predictor_cell *cell, size_t index,
		    struct comparison *ret)
{
	const struct predictor_point *before;
	const struct dataset_point *point = &verify->dataset->points[index];
	double measured, u, column[KIND_COLUMNS];
	struct dataset_table table;

	if (dataset_table_make(verify->dataset, &index, 1, cell->model->response, &table))
		return false;
	before = training_point(cell, point);
	expect(cell, point, before, column, &table.table);
	if (kind_lacks(cell->model, &table.table) ||
	    kind_parameters(cell->model, &table.table) != cell->estimate.parameters) {
		dataset_table_done(&table);
		return false;
	}
	ret->point = point;
	ret->predicted = cell->model->value(&table.table, 0, cell->estimate.value, ret->gradient);
	measured = table.table.points.y[0];
	u = table.table.points.u_y[0];
	dataset_table_done(&table);
	ret->same_meter = meter_is_known(cell, point->meter);
	ret->seen = before != NULL;
	ret->rel = measured / ret->predicted;
	ret->u_rel = u / measured;
	if (before) {
		ret->rel /= before->measured /
			    predictor_point_value(verify->predictor, cell, before, NULL);
		ret->u_rel = hypot(ret->u_rel, before->u / before->measured);
	} else {
		ret->u_rel = hypot(ret->u_rel, cell->estimate.scatter_rel);
	}
	ret->rel -= 1;
	return isfinite(ret->rel) && isfinite(ret->u_rel) && measured > 0;
}

static double model_covariance(const struct predictor_cell *cell, const struct comparison *a,
			       const struct comparison *b)
{
	double sum = 0;

	if (a->seen || b->seen)
		return 0;
	for (size_t j = 0; j < cell->estimate.parameters; j++)
		for (size_t k = 0; k < cell->estimate.parameters; k++)
			sum += a->gradient[j] * cell->estimate.covariance[j][k] * b->gradient[k];
	sum /= a->predicted * b->predicted;
	/* The gain of one meter, in both: it cannot tell them apart. */
	if (cell->one_meter && a->same_meter && b->same_meter)
		sum -= cell->common_rel * cell->common_rel;
	return sum;
}

static double shared_covariance(const struct verify *verify, const struct predictor_cell *cell,
				const struct comparison *a, const struct comparison *b)
{
	double shared = verify->options.repeatability_rel * verify->options.repeatability_rel;
	double gain = cell->model->response == KIND_ENERGY_J ? a->point->energy_common_rel : 0;

	if (!a->same_meter && !strcmp(a->point->meter, b->point->meter))
		shared += gain * gain;
	if (!a->same_meter && !b->same_meter && (a->seen || b->seen))
		shared += cell->common_rel * cell->common_rel;
	return shared + model_covariance(cell, a, b);
}

static int cell_bias(const struct verify *verify, struct verify_cell *checked,
		     const struct comparison *comparisons, size_t count)
{
	double *covariance = calloc(count * count + count, sizeof(*covariance));
	double *values = covariance + count * count;
	int code;

	if (!covariance)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		values[i] = comparisons[i].rel;
		for (size_t k = 0; k < count; k++)
			covariance[i * count + k] = shared_covariance(
				verify, checked->cell, &comparisons[i], &comparisons[k]);
		covariance[i * count + i] += comparisons[i].u_rel * comparisons[i].u_rel;
		if (fabs(values[i]) > fabs(checked->worst_rel) || !i) {
			checked->worst_rel = values[i];
			memcpy(checked->worst_model, comparisons[i].point->model,
			       sizeof(checked->worst_model));
		}
	}
	code = bias_mean(values, covariance, count, &checked->bias);
	free(covariance);
	if (code == ANALYSIS_NO_MEMORY)
		return -ENOMEM;
	if (code)
		snprintf(checked->unchecked, sizeof(checked->unchecked), "%s",
			 analysis_error_text(code));
	return 0;
}

static int check_cell(const struct verify *verify, struct verify_cell *checked)
{
	struct comparison *comparisons = calloc(checked->points + 1, sizeof(*comparisons));
	size_t count = 0;
	int ret = 0;

	if (!comparisons)
		return -ENOMEM;
	if (checked->points > BIAS_POINTS_MAX) {
		free(comparisons);
		snprintf(checked->unchecked, sizeof(checked->unchecked),
			 "more than %d points: take fewer (--since)", BIAS_POINTS_MAX);
		return 0;
	}
	for (size_t i = 0; i < checked->points; i++) {
		const struct dataset_point *point = &verify->dataset->points[checked->index[i]];

		if (!training_point(checked->cell, point) &&
		    !within_cycles(checked->cell, point->column[KIND_CYCLES])) {
			checked->outside++;
		} else if (compare(verify, checked->cell, checked->index[i], &comparisons[count])) {
			checked->seen += comparisons[count++].seen;
			checked->windows += point->windows;
		}
	}
	if (count)
		ret = cell_bias(verify, checked, comparisons, count);
	else
		snprintf(checked->unchecked, sizeof(checked->unchecked), "%s",
			 checked->outside  ? "all points are outside of the training's range"
			 : checked->points ? "features that its kind works with are not known"
					   : "no data");
	free(comparisons);
	return ret;
}

static int sort_points(struct verify *verify, enum kind_response response)
{
	const struct predictor *predictor = verify->predictor;

	for (size_t i = 0; i < verify->dataset->count; i++) {
		const struct dataset_point *point = &verify->dataset->points[i];
		const struct predictor_cell *cell = verify_cell_of(predictor, point, response);
		struct verify_cell *checked;

		if (!cell && response == KIND_ENERGY_J) {
			if (!verify->unmatched++)
				snprintf(verify->unmatched_first, sizeof(verify->unmatched_first),
					 "%.60s, build %s, %s, %g MHz%s", point->board,
					 point->build, point->runtime,
					 (double)point->clock_hz / 1e6,
					 point->board_uid[0] ? " (or another board behind its name)"
							     : "");
		}
		if (!cell)
			continue;
		checked = &verify->cells[cell - predictor->cells];
		if (!checked->index)
			checked->index = calloc(verify->dataset->count, sizeof(size_t));
		if (!checked->index)
			return -ENOMEM;
		checked->index[checked->points++] = i;
	}
	return 0;
}

static int judge(struct verify *verify)
{
	double *p = calloc(2 * verify->count + 1, sizeof(*p)), *adjusted = p + verify->count;
	size_t n = 0;

	if (!p)
		return -ENOMEM;
	for (size_t c = 0; c < verify->count; c++)
		if (!verify->cells[c].unchecked[0])
			p[n++] = verify->cells[c].bias.p;
	holm_adjust(p, n, adjusted);
	verify->checked = n;
	n = 0;
	for (size_t c = 0; c < verify->count; c++) {
		struct verify_cell *cell = &verify->cells[c];

		if (cell->unchecked[0])
			continue;
		cell->p_adjusted = adjusted[n++];
		cell->moved = cell->p_adjusted < verify->options.significance;
		cell->out_of_tolerance =
			fabs(cell->bias.mean) > verify->options.tolerance_rel; /* NaN: false */
		verify->failed |= cell->moved || cell->out_of_tolerance;
	}
	free(p);
	return 0;
}

int verify_make(const struct predictor *predictor, const struct dataset *dataset,
		const struct verify_options *options, struct verify *ret_verify, struct err *err)
{
	struct verify verify = {.predictor = predictor, .dataset = dataset, .options = *options};
	int ret;

	if (predictor->is_virtual != dataset->is_virtual)
		return err_set(err, -EINVAL,
			       "%s rests on %s data, the database holds %s ones: they say nothing "
			       "of each other",
			       predictor->path, predictor->is_virtual ? "virtual" : "measured",
			       dataset->is_virtual ? "virtual" : "measured");
	verify.cells = calloc(predictor->cell_count, sizeof(*verify.cells));
	if (!verify.cells)
		return err_set(err, -ENOMEM, "out of memory");
	verify.count = predictor->cell_count;
	for (size_t c = 0; c < verify.count; c++)
		verify.cells[c].cell = &predictor->cells[c];
	ret = sort_points(&verify, KIND_ENERGY_J);
	ret = ret ? ret : sort_points(&verify, KIND_DURATION_S);
	for (size_t c = 0; c < verify.count && !ret; c++)
		ret = check_cell(&verify, &verify.cells[c]);
	ret = ret ? ret : judge(&verify);
	if (ret)
		ret = err_set(err, ret, "out of memory");
	else if (verify.unmatched == dataset->count)
		ret = err_set(err, -EINVAL, "%s has no cell for any of the data, as of %s",
			      predictor->path, verify.unmatched_first);
	if (ret)
		verify_done(&verify);
	else
		*ret_verify = verify;
	return ret;
}

void verify_done(struct verify *verify)
{
	for (size_t c = 0; c < verify->count && verify->cells; c++)
		free(verify->cells[c].index);
	free(verify->cells);
	memset(verify, 0, sizeof(*verify));
}
