/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Coverage factors, and the effective degrees of freedom they come from (JCGM 100:2008, annex G).
 */
#ifndef ANALYSIS_BUDGET_COVERAGE_H
#define ANALYSIS_BUDGET_COVERAGE_H

#include <stddef.h>

/* What two standard deviations of a normal distribution cover: k = 2 at infinite degrees of freedom
 * (EA-4/02, 5.2). */
#define COVERAGE_TWO_SIGMA 0.95449973610364158

/* Of a two-sided interval: Student's t for dof degrees of freedom, the normal quantile when dof is
 * INFINITY or very large. NaN: confidence not inside (0, 1), dof not above 0. */
double coverage_factor(double confidence, double dof);

/* Welch-Satterthwaite (GUM G.4.1) for independent contributions u with dof degrees of freedom each
 * (INFINITY: known exactly). INFINITY when no contribution above zero has finite ones. */
double coverage_dof(const double *u, const double *dof, size_t count);

#endif
