/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bounds of nonlinear parameters by transformation (James & Roos, MINUIT manual, 1.2.1): a free
 * number q gives lower + (upper - lower) (sin q + 1) / 2, or lower + s (sqrt(q^2 + 1) - 1) with
 * one bound; without any, s q. s is the size of the start value, so that q is near 1.
 */
#ifndef ANALYSIS_PREDICTOR_BOUNDS_H
#define ANALYSIS_PREDICTOR_BOUNDS_H

#include <stdbool.h>

#include "analysis/predictor/nonlinear.h"

bool bound_valid(const struct nonlinear_parameter *parameter);

/* value moved off a bound, to start from: there the transformation has no slope. */
double bound_inside(const struct nonlinear_parameter *parameter, double value);

/* Value to free number. value: within the bounds. */
double bound_inward(const struct nonlinear_parameter *parameter, double value);

/* Free number to value; ret_slope (NULL: not wanted): its derivative. */
double bound_outward(const struct nonlinear_parameter *parameter, double number, double *ret_slope);

double bound_clamp(const struct nonlinear_parameter *parameter, double value);

/* Whether value is on a bound but for rounding; it is then set to it. */
bool bound_touches(const struct nonlinear_parameter *parameter, double *value);

#endif
