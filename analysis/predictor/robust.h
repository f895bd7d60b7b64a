/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Weights for iteratively reweighted least squares (Tukey's bisquare; Holland & Welsch, Commun.
 * Stat. A6 (1977) 813), from residuals divided by their standard uncertainties.
 */
#ifndef ANALYSIS_PREDICTOR_ROBUST_H
#define ANALYSIS_PREDICTOR_ROBUST_H

#include <stddef.h>

/* 95 % efficient for normal errors. */
#define ROBUST_TUNING 4.685
/* E(w r^2) / E(w) of unit normal errors with that tuning, by numerical integration: weighted sums
 * of squares are that much too small. */
#define ROBUST_SQUARES 0.8281

/* Median absolute residual / 0.6745 without the `parameters` smallest, which the fit made small.
 * scratch: count numbers, overwritten. */
double robust_scale(const double *residuals, size_t count, size_t parameters, double *scratch);

/* (1 - (r / (tuning * scale))^2)^2, 0 beyond; all 1 when scale is 0 and the residual too. Returns
 * the largest change of a weight. */
double robust_bisquare(const double *residuals, size_t count, double scale, double *weights);

/* 1 / max(|r|, small part of scale), scaled to at most 1: steps towards the least sum of absolute
 * residuals, from where the bisquare starts. */
void robust_absolute(const double *residuals, size_t count, double scale, double *weights);

#endif
