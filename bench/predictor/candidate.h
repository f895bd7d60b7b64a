/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One way to predict a family of points: a kind of model, and which points share its coefficients.
 */
#ifndef BENCH_PREDICTOR_CANDIDATE_H
#define BENCH_PREDICTOR_CANDIDATE_H

#include "analysis/predictor/estimate.h"
#include "bench/predictor/dataset.h"

/* What points of one cell have in common. */
enum layout {
	LAYOUT_BOARD = 1,
	LAYOUT_LEVEL = 2,
	LAYOUT_TEMPERATURE = 4,
};

struct candidate {
	const char *name; /* as --model has it */
	const struct model_kind *kind;
	unsigned layout;
	/* With three boards or more each board's coefficients are drawn towards the type's, as far
	 * as the spread of the boards and their own covariance say. */
	bool is_hierarchical;
};

struct fitted_cell {
	size_t *index; /* points of the dataset */
	size_t count;
	int reason; /* 0, or why there is no fit: enum analysis_error, -EDOM: the kind lacks a column */
	enum kind_column lacks;
	struct estimate estimate;
	struct condition condition;
	double common_rel; /* the largest of its meters' */
	bool one_meter;
};

struct fitted {
	const struct dataset *dataset;
	const struct candidate *candidate;
	struct fitted_cell *cells;
	size_t count;
	size_t *index; /* block of the cells' */
};

/* Fits every cell of count points, all of one family. A cell that cannot be fitted keeps its
 * reason. The slopes of a log-linear kind are those of these points and of all other families of
 * the dataset together (as virtual as this one); points of this family that are not among index
 * are not looked at. -ENOMEM. Freed with fitted_done. */
int fitted_make(const struct dataset *dataset, const size_t *index, size_t count,
		const struct candidate *candidate, const struct fit_options *options,
		struct fitted *ret_fitted);
void fitted_done(struct fitted *fitted);

/* The cell of a point of the same family, whether or not it has a fit. NULL: none. */
const struct fitted_cell *fitted_find(const struct fitted *fitted, const struct dataset_point *point);

/* Prediction of a new measurement of a point, with its own uncertainty and its meter's, intervals
 * of `level`. 0, the cell's reason, -ENOENT (no such cell), or what kind_predict says. */
int fitted_predict(const struct fitted *fitted, size_t point, double level,
		   struct estimate_prediction *ret_prediction);

/* What is known of any board of the family at the level and temperature of point, from three
 * boards or more (analysis/predictor/hierarchy.h): covariance of a new board's coefficients.
 * *ret_common_rel: the gain that is within it. ANALYSIS_TOO_FEW_GROUPS, _NO_MEMORY, and what
 * hierarchy_fit says. */
int fitted_type(const struct fitted *fitted, const struct dataset_point *point,
		const struct fit_options *options, struct estimate *ret_estimate,
		double *ret_common_rel);

/* Parameters' names: "k", or the class's name. Static or the dataset's. */
const char *candidate_parameter(const struct candidate *candidate, const struct dataset *dataset,
				size_t parameter);
/* "J/cycle"; of a class "J". Static. */
const char *candidate_unit(const struct candidate *candidate, size_t parameter);

/* Why a cell has no fit, with the columns that cannot be told apart. */
void fitted_cell_reason(const struct fitted *fitted, const struct fitted_cell *cell, char *ret_text,
			size_t size);

#endif
