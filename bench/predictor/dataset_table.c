/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/predictor/dataset.h"

static uint32_t meter_number(const struct dataset *dataset, const size_t *index, size_t i,
			     struct dataset_table *table)
{
	for (size_t k = 0; k < i; k++)
		if (!strcmp(dataset->points[index[k]].meter, dataset->points[index[i]].meter))
			return table->meter[k];
	return (uint32_t)table->table.points.meters++;
}

static void fill_columns(const struct dataset *dataset, const size_t *index, size_t count,
			 double *at, struct dataset_table *table)
{
	for (unsigned c = KIND_CYCLES; c < KIND_COLUMNS; c++, at += count) {
		table->table.column[c] = at;
		for (size_t i = 0; i < count; i++) {
			at[i] = dataset->points[index[i]].column[c];
			if (isnan(at[i]))
				table->table.column[c] = NULL;
		}
	}
	table->table.class_count = dataset->class_count;
	table->table.classes = dataset->class_count ? at : NULL;
	for (size_t i = 0; i < count; i++)
		for (size_t c = 0; c < dataset->class_count; c++) {
			double value = dataset->points[index[i]].classes[c];

			at[i * dataset->class_count + c] = value;
			if (isnan(value))
				table->table.classes = NULL;
		}
	if (!table->table.classes)
		table->table.class_count = 0;
}

int dataset_table_make(const struct dataset *dataset, const size_t *index, size_t count,
		       enum kind_response response, struct dataset_table *ret_table)
{
	struct dataset_table table = {0};
	double *y, *u, *common;

	table.numbers = calloc((count + 1) * (3 + KIND_COLUMNS + KIND_CLASSES_MAX),
			       sizeof(*table.numbers));
	table.meter = calloc(count + 1, sizeof(*table.meter));
	if (!table.numbers || !table.meter) {
		dataset_table_done(&table);
		return -ENOMEM;
	}
	y = table.numbers;
	u = y + count;
	common = u + count;
	for (size_t i = 0; i < count; i++) {
		const struct dataset_point *point = &dataset->points[index[i]];
		bool is_energy = response == KIND_ENERGY_J;

		y[i] = is_energy ? point->energy_j : point->column[KIND_TIME_S];
		u[i] = is_energy ? point->energy_u_j : point->time_u_s;
		table.meter[i] = meter_number(dataset, index, i, &table);
		if (is_energy)
			common[table.meter[i]] =
				fmax(common[table.meter[i]], point->energy_common_rel);
		table.common_rel_max = fmax(table.common_rel_max, common[table.meter[i]]);
	}
	table.table.points = (struct fit_points){.count = count,
						 .y = y,
						 .u_y = u,
						 .meter = table.meter,
						 .meters = table.table.points.meters,
						 .common_rel = common};
	fill_columns(dataset, index, count, common + count, &table);
	*ret_table = table;
	return 0;
}

void dataset_table_done(struct dataset_table *table)
{
	free(table->numbers);
	free(table->meter);
	memset(table, 0, sizeof(*table));
}
