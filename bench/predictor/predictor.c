/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/predictor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void predictor_free(struct predictor *predictor)
{
	if (!predictor)
		return;
	for (size_t i = 0; i < predictor->family_count && predictor->families; i++)
		free(predictor->families[i].judged);
	for (size_t i = 0; i < predictor->cell_count && predictor->cells; i++)
		free(predictor->cells[i].points);
	free(predictor->families);
	free(predictor->cells);
	free(predictor->lineage);
	free(predictor->models);
	json_decref(predictor->counts);
	free(predictor);
}

const char *predictor_coefficient_name(const struct predictor *predictor,
				       const struct predictor_cell *cell, size_t index)
{
	if (index < cell->model->parameters)
		return cell->model->parameter[index].name;
	return predictor->class_name[index - cell->model->parameters];
}

const char *predictor_coefficient_unit(const struct predictor_cell *cell, size_t index)
{
	return index < cell->model->parameters ? cell->model->parameter[index].unit
					       : "J/instruction";
}

double predictor_point_value(const struct predictor *predictor, const struct predictor_cell *cell,
			     const struct predictor_point *point, double *ret_gradient)
{
	double gradient[ESTIMATE_MAX];
	struct kind_table table = {.points = {.count = 1},
				   .classes = predictor->class_count ? point->classes : NULL,
				   .class_count = predictor->class_count};

	for (unsigned c = KIND_CYCLES; c < KIND_COLUMNS; c++)
		table.column[c] = &point->column[c];
	return cell->model->value(&table, 0, cell->estimate.value,
				  ret_gradient ? ret_gradient : gradient);
}

void predictor_cell_name(const struct predictor_cell *cell, char *ret_text, size_t size)
{
	const struct predictor_range *temp = &cell->range[KIND_TEMP_C];
	char clock[64] = "all clocks", at[64] = "";

	if (cell->clock_hz)
		snprintf(clock, sizeof(clock), "%g MHz", (double)cell->clock_hz / 1e6);
	if (isfinite(temp->min))
		snprintf(at, sizeof(at), ", %.1f to %.1f degC", temp->min, temp->max);
	if (cell->board[0])
		snprintf(ret_text, size, "%s, build %s, %s, %s%s", cell->board, cell->build,
			 cell->runtime, clock, at);
	else
		snprintf(ret_text, size, "any %s, build %s, %s, %s%s", cell->chip, cell->build,
			 cell->runtime, clock, at);
}
