/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An uncertainty budget in the form of JCGM 100:2008 (GUM) and EA-4/02: one entry per input
 * quantity, with its estimate, standard uncertainty, type of evaluation, distribution, degrees of
 * freedom and sensitivity; from them the combined and the expanded uncertainty of the result.
 *
 * Entries are independent of each other. An entry is *common* when all windows of one meter share
 * it: it does not average out over windows, and correlates them (budget_covariance).
 */
#ifndef ANALYSIS_BUDGET_TABLE_H
#define ANALYSIS_BUDGET_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/trace/error.h"

enum budget_source {
	BUDGET_GAIN = 1,
	BUDGET_OFFSET,
	BUDGET_RESOLUTION,
	BUDGET_NOISE,
	BUDGET_TEMPERATURE,
	BUDGET_TIME_BASE,
	BUDGET_EDGES,
	BUDGET_SUPPLY,
	BUDGET_BURDEN,
	BUDGET_IDLE,
	BUDGET_REPEATABILITY,
	BUDGET_OTHER, /* what the caller says it is */
	BUDGET_SOURCE_END,
};

enum budget_type {
	BUDGET_TYPE_A = 1, /* from repeated observation */
	BUDGET_TYPE_B,     /* from anything else */
};

enum budget_distribution {
	BUDGET_NORMAL = 1,
	BUDGET_RECTANGULAR,
	BUDGET_TRIANGULAR,
	BUDGET_STUDENT,
};

/* How an entry's part of the result, relative to it, shrinks with the length of a window. */
enum budget_shrink {
	BUDGET_SHRINK_NEVER = 0, /* neither with length nor over repeats */
	BUDGET_SHRINK_REPEATS,   /* not with length; over repeats as 1/sqrt(windows) */
	BUDGET_SHRINK_ROOT,      /* as 1/sqrt(length), and over repeats */
	BUDGET_SHRINK_LENGTH,    /* as 1/length, and over repeats */
};

/* How an input quantity is known. */
struct budget_basis {
	enum budget_distribution distribution; /* 0: the source's usual one */
	bool assumed;                          /* no document and no measurement says so */
	const char *text;                      /* document and section; NULL: none. Borrowed */
};

enum { BUDGET_NO_RANGE = -1 };

struct budget_entry {
	enum budget_source source;
	int range;         /* of the meter, that it belongs to; BUDGET_NO_RANGE: to all */
	const char *label; /* of BUDGET_OTHER; else NULL. Borrowed */
	enum budget_type type;
	struct budget_basis basis;
	bool common;
	enum budget_shrink shrink;
	double value;       /* estimate of the input quantity */
	double u;           /* its standard uncertainty, in the same unit */
	const char *unit;   /* of both; "1" for ratios. Borrowed */
	double dof;         /* INFINITY where u itself is not in doubt */
	double sensitivity; /* result's unit per unit */
	/* By budget_table_finish. */
	double u_result; /* |sensitivity| * u */
	double share;    /* of the result's variance, 0..1 */
};

enum { BUDGET_ENTRIES_MAX = 32 };

struct budget_table {
	double result;
	size_t count;
	struct budget_entry entries[BUDGET_ENTRIES_MAX];
	/* By budget_table_finish. */
	double u_independent, u_common, u;
	double dof;             /* effective; INFINITY possible */
	double confidence;      /* that coverage_factor is for */
	double coverage_factor; /* for the effective degrees of freedom, truncated (GUM G.4.1) */
	double expanded_u;      /* coverage_factor * u */
	double expanded_u_k2;   /* 2 * u */
};

/* Static texts: "gain", "meter gain". */
const char *budget_source_code(enum budget_source source);
const char *budget_source_text(enum budget_source source);
const char *budget_distribution_name(enum budget_distribution distribution);
enum budget_distribution budget_source_distribution(enum budget_source source); /* the usual one */

/* Appends; an entry without uncertainty is kept, so that a table shows what was thought of.
 * ANALYSIS_BAD_ARGUMENT: full, not a number, u < 0, dof <= 0. */
int budget_table_add(struct budget_table *table, const struct budget_entry *entry);
/* Fills what entries give together. ANALYSIS_BAD_ARGUMENT: confidence not inside (0, 1). */
int budget_table_finish(struct budget_table *table, double confidence);
/* Result and uncertainties times factor > 0 (energy per inference); finished tables stay so. */
void budget_table_scale(struct budget_table *table, double factor);
/* The combined u_result of one source over its ranges. */
double budget_table_of_source(const struct budget_table *table, enum budget_source source);

/* One window among others. */
struct budget_member {
	const struct budget_table *table; /* finished */
	unsigned meter;                   /* equal for windows of the same meter */
};

/* The count x count covariance matrix of the results, row by row: u_i^2 on the diagonal; between
 * windows of one meter the product of the sensitivities and uncertainties of each common entry both
 * have, fully correlated. Positive semidefinite, and positive definite when every window has an
 * independent part. ANALYSIS_BAD_ARGUMENT. */
int budget_covariance(const struct budget_member *members, size_t count, double *ret_matrix);

#endif
