/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Inside of predictor files: the tables of keys that reading and writing share.
 */
#ifndef BENCH_PREDICTOR_PREDICTOR_PARTS_H
#define BENCH_PREDICTOR_PREDICTOR_PARTS_H

#include "bench/predictor/fields.h"
#include "bench/predictor/predictor.h"

extern const struct field predictor_fields[], predictor_lineage_fields[],
	predictor_source_fields[], predictor_model_fields[], predictor_family_fields[],
	predictor_judged_fields[], predictor_worst_fields[], predictor_cell_fields[],
	predictor_fit_fields[], predictor_coefficient_fields[], predictor_range_fields[],
	predictor_level_fields[], predictor_point_fields[];

struct predictor_coefficient {
	char name[DATASET_CLASS_NAME], unit[24];
	double value, u;
};

/* What a file has of struct estimate beside coefficients and covariance. */
struct predictor_fit {
	int64_t points;
	double dof, scatter_rel, birge_ratio, residual_sd, r2, chi2;
};

/* Items of an array, by their table. */
json_t *predictor_items_json(const struct field *fields, const void *items, size_t count,
			     size_t size);
int predictor_items_read(const struct field *fields, const json_t *array,
			 const struct field_at *at, void *items, size_t size, struct err *err);

#endif
