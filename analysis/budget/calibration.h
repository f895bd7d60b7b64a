/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a meter's reading is corrected with, from currents that are known: in each range a straight
 * line, current = factor * reading + add, by weighted least squares. What the data sheet says
 * (add = 0 +- offset_u, factor = 1 +- gain_u) takes part as one observation of each, so that one
 * load, or the open input alone, gives as much as there is in it, and many loads outweigh it.
 */
#ifndef ANALYSIS_BUDGET_CALIBRATION_H
#define ANALYSIS_BUDGET_CALIBRATION_H

#include <stddef.h>

#include "analysis/trace/error.h"

/* Scatter about the line, over what the points' uncertainties explain, above which their mean is no
 * calibration. */
#define CALIBRATION_BIRGE_MAX 3.0

enum { CALIBRATION_GROUPS_MAX = 8 };

struct calibration_point {
	double reading_a, reading_u_a;
	double expected_a, expected_u_a; /* u: without what points have in common */
	/* The expected currents of one group share an error of this standard uncertainty, the same
	 * for all its points (the zero of a reference's range). 0: they share none. */
	double shared_u_a;
	unsigned group; /* below CALIBRATION_GROUPS_MAX */
};

struct calibration_sheet { /* standard uncertainties, > 0 */
	double offset_u_a, gain_u_rel;
};

struct calibration_line {
	size_t points; /* 0: the data sheet as it is */
	double add_a, factor;
	double add_u_a, factor_u;
	double covariance_a; /* of add and factor */
	double birge_ratio;  /* 0 without points */
};

/* common_rel: uncertainty that all expected currents share, relative (the supply's voltage, or a
 * reference's gain); more points do not make it less, and neither do they a group's shared error.
 * Covariances are multiplied by birge_ratio^2 when that is above 1. ANALYSIS_BAD_ARGUMENT: not a
 * number, negative, no data sheet, a point without any uncertainty, or a group of which the points
 * do not agree on what they share. */
int calibration_fit(const struct calibration_point *points, size_t count,
		    const struct calibration_sheet *sheet, double common_rel,
		    struct calibration_line *ret_line);

double calibration_current_a(const struct calibration_line *line, double reading_a);
/* Standard uncertainty of the corrected current. */
double calibration_current_u_a(const struct calibration_line *line, double reading_a);

struct calibration_reading { /* means over one stretch under one load, and over its halves */
	double mean_a, u_a;
	double first_a, second_a;
};

enum calibration_fault {
	CALIBRATION_NOISY = 1, /* the mean is less certain than the load is worth */
	CALIBRATION_DRIFTS,    /* the halves differ by more than their noise explains */
	CALIBRATION_OTHER,     /* too far off for an error of the meter: another load */
};

/* 0, or the first fault. expected_u_a: everything. Of a reference's own
 * stretch, expected_a is its mean: what is left to judge is noise and drift. */
int calibration_judge(const struct calibration_reading *reading, double expected_a,
		      double expected_u_a, const struct calibration_sheet *sheet);

#endif
