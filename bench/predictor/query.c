/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/query.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/trace/error.h"

void query_table_fill(const struct predictor *predictor, const struct query_place *place,
		      const struct query_features *features, double time_s,
		      struct query_table *ret_table)
{
	double *column = ret_table->column;

	memset(ret_table, 0, sizeof(*ret_table));
	column[KIND_CYCLES] = features->cycles;
	column[KIND_TIME_S] = time_s;
	column[KIND_STALL_CYCLES] = features->stall_cycles;
	column[KIND_MEMORY] = features->memory;
	column[KIND_MULTIPLIES] = features->multiplies;
	column[KIND_CORE_V] = place->core_v;
	column[KIND_SUPPLY_V] = place->supply_v;
	column[KIND_TEMP_C] = place->temp_c;
	column[KIND_MACS] = features->macs;
	column[KIND_WEIGHTS] = features->params;
	column[KIND_IDLE_W] = place->idle_power_w;
	memcpy(ret_table->classes, features->classes, sizeof(ret_table->classes));
	ret_table->u = 1;
	ret_table->table.points = (struct fit_points){
		.count = 1, .y = &ret_table->y, .u_y = &ret_table->u, .meters = 1};
	for (unsigned c = KIND_CYCLES; c < KIND_COLUMNS; c++)
		ret_table->table.column[c] = &column[c];
	ret_table->table.class_count = predictor->class_count;
	ret_table->table.classes = predictor->class_count ? ret_table->classes : NULL;
}

static void note_outside(char *text, size_t size, const char *what, double value,
			 const struct predictor_range *range)
{
	size_t used = strlen(text);

	if (used < size)
		snprintf(text + used, size - used, "%s%s %.7g (trained: %.7g to %.7g)",
			 used ? ", " : "", what, value, range->min, range->max);
}

static bool column_is_used(const struct predictor_cell *cell, unsigned column)
{
	if (cell->model->needs & (1u << column))
		return true;
	/* Whatever the kind: how large the network is, and how warm the chip. */
	return column == KIND_CYCLES || column == KIND_TEMP_C;
}

/* Means of what a level had are within, whatever the last digit. */
static bool is_outside(unsigned column, double value, const struct predictor_range *range)
{
	double margin =
		column == KIND_TEMP_C ? QUERY_TEMPERATURE_MARGIN_K : 1e-9 * fabs(range->max);

	if (column == KIND_CORE_V || column == KIND_SUPPLY_V)
		margin = 0.01 * range->max;
	return !isnan(range->min) && !isnan(value) &&
	       (value < range->min - margin || value > range->max + margin);
}

static void find_outside(const struct predictor *predictor, const struct predictor_cell *cell,
			 const struct query_table *point, char *text, size_t size)
{
	for (unsigned c = KIND_CYCLES; c < KIND_COLUMNS; c++)
		/* a time that was predicted follows the cycles */
		if (column_is_used(cell, c) &&
		    (c != KIND_TIME_S || isnan(point->column[KIND_CYCLES])) &&
		    is_outside(c, point->column[c], &cell->range[c]))
			note_outside(text, size, kind_column_name(c), point->column[c],
				     &cell->range[c]);
	for (size_t c = 0; cell->model->is_per_class && c < predictor->class_count; c++)
		if (is_outside(KIND_CYCLES, point->classes[c], &cell->class_range[c]))
			note_outside(text, size, predictor->class_name[c], point->classes[c],
				     &cell->class_range[c]);
}

static int cell_answer(const struct predictor *predictor, const struct query *query,
		       const struct predictor_cell *cell, const struct query_table *point,
		       struct answer *ret_answer, struct err *err)
{
	struct estimate_prediction prediction;
	enum kind_column lacks = kind_lacks(cell->model, &point->table);
	struct answer answer = {0};
	char name[300];

	predictor_cell_name(cell, name, sizeof(name));
	if (lacks)
		return err_set(err, -EINVAL, "%s: %s is not known, which %s works with", name,
			       lacks == KIND_COLUMNS ? "instruction classes (--counts)"
						     : kind_column_name(lacks),
			       cell->kind);
	find_outside(predictor, cell, point, answer.outside, sizeof(answer.outside));
	if (answer.outside[0] && !query->extrapolate)
		return err_set(err, -EINVAL,
			       "%s: outside of what %s was trained on: %s; --extrapolate answers "
			       "nevertheless",
			       name, cell->response, answer.outside);
	if (kind_predict(cell->model, &cell->estimate, &point->table, 0, 0, 0, QUERY_COVERAGE,
			 &prediction))
		return err_set(err, -EINVAL, "%s: no prediction: a number is out of range", name);
	if (!(prediction.y > 0) && !query->extrapolate)
		return err_set(err, -EINVAL, "%s: no prediction: the %s comes out as %g", name,
			       cell->response, prediction.y);
	if (!(prediction.y > 0))
		snprintf(answer.outside + strlen(answer.outside),
			 sizeof(answer.outside) - strlen(answer.outside),
			 "%sso far that it is below zero", answer.outside[0] ? "; " : "");
	answer.value = prediction.y;
	answer.u = prediction.u_point;
	answer.low = prediction.low;
	answer.high = prediction.high;
	*ret_answer = answer;
	return 0;
}

/* Without a fit of the time: the nominal clock, which real ones miss by up to 1.3 %. */
static struct answer nominal_time(const struct query_place *place, double cycles)
{
	const double off_rel = 0.013;
	double time_s = cycles / (double)place->clock_hz;
	struct answer answer = {.value = time_s,
				.u = time_s * off_rel / sqrt(3),
				.low = time_s * (1 - off_rel),
				.high = time_s * (1 + off_rel)};

	snprintf(answer.outside, sizeof(answer.outside),
		 "time from the nominal clock: none was trained");
	return answer;
}

/* What the time's uncertainty adds to an energy that is predicted from it. */
static void add_time_u(const struct predictor *predictor, const struct query_place *place,
		       const struct query_features *features, const struct answer *time,
		       struct answer *energy)
{
	const struct predictor_cell *cell = place->energy;
	struct query_table point;
	double gradient[ESTIMATE_MAX], more, widening;

	if (!(cell->model->needs & (1u << KIND_TIME_S)))
		return;
	query_table_fill(predictor, place, features, time->value + time->u, &point);
	more = cell->model->value(&point.table, 0, cell->estimate.value, gradient) - energy->value;
	widening = hypot(energy->u, more) / energy->u;
	energy->low = energy->value - (energy->value - energy->low) * widening;
	energy->high = energy->value + (energy->high - energy->value) * widening;
	energy->u *= widening;
}

int query_answer(const struct predictor *predictor, const struct query *query,
		 const struct query_place *place, const struct query_features *features,
		 struct answer *ret_energy, struct answer *ret_time, struct err *err)
{
	struct query_table point;
	struct answer energy, time;
	int ret = 0;

	if (!(features->time_s > 0) && (!(features->cycles > 0) || !isfinite(features->cycles)))
		return err_set(err, -EINVAL, "cycles must be above 0");
	query_table_fill(predictor, place, features, NAN, &point);
	if (features->time_s > 0)
		time = (struct answer){.value = features->time_s,
				       .low = features->time_s,
				       .high = features->time_s};
	else if (place->time)
		ret = cell_answer(predictor, query, place->time, &point, &time, err);
	else if (place->clock_hz > 0)
		time = nominal_time(place, features->cycles);
	else
		ret = err_set(err, -EINVAL, "its clock is not known, so no time is");
	if (ret)
		return ret;
	query_table_fill(predictor, place, features, time.value, &point);
	ret = cell_answer(predictor, query, place->energy, &point, &energy, err);
	if (ret)
		return ret;
	add_time_u(predictor, place, features, &time, &energy);
	if (place->outside[0])
		snprintf(energy.outside + strlen(energy.outside),
			 sizeof(energy.outside) - strlen(energy.outside), "%s%s",
			 energy.outside[0] ? ", " : "", place->outside);
	*ret_energy = energy;
	*ret_time = time;
	return 0;
}

static double part_of(const struct predictor *predictor, const struct predictor_cell *cell,
		      const struct query_place *place, const struct query_features *features,
		      double time_s)
{
	const struct query_features nothing = {.macs = 0};
	struct query_table point;
	double gradient[ESTIMATE_MAX], whole, once;

	query_table_fill(predictor, place, features, time_s, &point);
	whole = cell->model->value(&point.table, 0, cell->estimate.value, gradient);
	query_table_fill(predictor, place, &nothing, 0, &point);
	once = cell->model->value(&point.table, 0, cell->estimate.value, gradient);
	return whole - once;
}

void query_part(const struct predictor *predictor, const struct query_place *place,
		const struct query_features *features, double *ret_energy_j, double *ret_time_s)
{
	*ret_time_s = place->time ? part_of(predictor, place->time, place, features, NAN)
				  : features->cycles / (double)place->clock_hz;
	*ret_energy_j = part_of(predictor, place->energy, place, features, *ret_time_s);
}
