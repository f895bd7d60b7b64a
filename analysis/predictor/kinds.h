/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The kinds of predictor: each one row of a table with its name, formula, and the names and units
 * of its parameters, over a table of points given by columns. Adding a kind is adding a row.
 */
#ifndef ANALYSIS_PREDICTOR_KINDS_H
#define ANALYSIS_PREDICTOR_KINDS_H

#include "analysis/predictor/estimate.h"

/* What is known of a point, each a column of kind_table. All per inference. */
enum kind_column {
	KIND_CYCLES = 1,   /* counted on the board, > 0 */
	KIND_TIME_S,       /* duration, s, > 0 */
	KIND_STALL_CYCLES, /* of the cycles, those waiting for flash or memory, >= 0 */
	KIND_MEMORY,       /* instructions that load or store, >= 0 */
	KIND_MULTIPLIES,   /* instructions that multiply, also several at a time, >= 0 */
	KIND_CORE_V,       /* V, > 0 */
	KIND_SUPPLY_V,     /* V, > 0 */
	KIND_TEMP_C,       /* of the chip */
	KIND_MACS,         /* multiply-accumulates of the network, > 0 */
	KIND_WEIGHTS,      /* parameters of the network, > 0 */
	KIND_IDLE_W,       /* power of the board waiting at this level and temperature, W, > 0 */
	KIND_COLUMNS,
};

enum { KIND_CLASSES_MAX = 16 };

enum kind_response { KIND_ENERGY_J = 1, KIND_DURATION_S };

/* Reference temperature of the leakage term: I0 is the current there. */
#define KIND_T0_C 25.0

/* The caller's arrays, only read. y: the response of the kind, J or s. */
struct kind_table {
	struct fit_points points;
	const double *column[KIND_COLUMNS]; /* by enum kind_column; NULL: not known */
	/* Instructions or cycles by class (grouped by kind_group_classes): count rows. */
	const double *classes;
	size_t class_count; /* 0..KIND_CLASSES_MAX */
};

struct kind_parameter {
	const char *name, *unit;
	double lower, upper; /* -+INFINITY: none */
};

enum { KIND_PARAMETERS_MAX = 6 };

struct model_kind {
	const char *name;    /* as in a predictor file, for example "energy-affine" */
	const char *formula; /* for people */
	enum kind_response response;
	bool is_linear;    /* then the gradient at any parameters is the row of regressors */
	bool is_baseline;  /* a coarse proxy to be compared with */
	bool is_per_class; /* one parameter per class follows those named: e_c, J per count */
	unsigned needs;    /* 1u << enum kind_column, or'ed */
	size_t parameters; /* named ones */
	struct kind_parameter parameter[KIND_PARAMETERS_MAX];
	/* The value at a point; ret_gradient gets kind_parameters() derivatives. */
	double (*value)(const struct kind_table *table, size_t index, const double *parameters,
			double *ret_gradient);
	/* The first parameter times exp(sum of the others times what belongs to each): these are
	 * traits of networks, whose slopes boards may share (analysis/predictor/slopes.h). */
	bool is_log_linear;
};

extern const struct model_kind model_kinds[];
extern const size_t model_kinds_count;

/* NULL: no kind has the name. */
const struct model_kind *kind_find(const char *name);

/* Parameters of a kind over this table's classes. */
size_t kind_parameters(const struct model_kind *kind, const struct kind_table *table);

/* Which column the table lacks for this kind, or one holds a number out of its range: 0 none. A
 * kind per class without classes: KIND_COLUMNS. */
enum kind_column kind_lacks(const struct model_kind *kind, const struct kind_table *table);

/* The name of a column with its unit, as in a data set: "cycles", "time_s", ... Static. */
const char *kind_column_name(enum kind_column column);

/* Regressors of a log-linear kind at a point: *ret_base, its value with the first parameter 1 and
 * the others 0; ret_z, what each of the others is multiplied with. */
void kind_log_linear(const struct model_kind *kind, const struct kind_table *table, size_t index,
		     double *ret_base, double *ret_z);

/* Fits a kind: linear_fit; slopes_fit with one cell (log-linear: always with SCATTER_RELATIVE,
 * without robust weights); or nonlinear_fit within the parameters' bounds from starts found by
 * linear fits at several Ts. Reasons as there, ANALYSIS_BAD_ARGUMENT also for kind_lacks. The
 * columns of ret_condition (NULL: not wanted) are parameters of the kind. */
int kind_fit(const struct model_kind *kind, const struct kind_table *table,
	     const struct fit_options *options, struct estimate *ret_estimate,
	     struct condition *ret_condition);

/* Prediction for a point of a table, which needs no y for it. u_new, common_rel_new, level as in
 * struct estimate_query. ANALYSIS_BAD_ARGUMENT: also index, or the estimate is of another kind. */
int kind_predict(const struct model_kind *kind, const struct estimate *estimate,
		 const struct kind_table *table, size_t index, double u_new, double common_rel_new,
		 double level, struct estimate_prediction *ret_prediction);

/* Sums columns of counts (count rows of `classes`) by group: group[c] is the group of class c,
 * 0..groups-1. ret_grouped: count rows of groups. ANALYSIS_BAD_ARGUMENT: a group out of range. */
int kind_group_classes(const double *counts, size_t count, size_t classes, const unsigned *group,
		       size_t groups, double *ret_grouped);

#endif
