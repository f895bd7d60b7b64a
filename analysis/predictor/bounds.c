/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/predictor/bounds.h"

#include <math.h>

/* Nearer to a bound than this part of the range or the parameter's size is on it. */
#define TOUCH_REL  1e-7
#define INSIDE_REL 1e-3

static double parameter_size(const struct nonlinear_parameter *parameter)
{
	double distance = fabs(parameter->start);

	if (isfinite(parameter->lower))
		distance = fmax(distance, parameter->start - parameter->lower);
	else if (isfinite(parameter->upper))
		distance = fmax(distance, parameter->upper - parameter->start);
	return distance > 0 ? distance : 1;
}

bool bound_valid(const struct nonlinear_parameter *parameter)
{
	return isfinite(parameter->start) && parameter->lower <= parameter->start &&
	       parameter->start <= parameter->upper && parameter->lower < parameter->upper;
}

double bound_clamp(const struct nonlinear_parameter *parameter, double value)
{
	return fmin(fmax(value, parameter->lower), parameter->upper);
}

static double touch_distance(const struct nonlinear_parameter *parameter, double part)
{
	double size = parameter_size(parameter);

	if (isfinite(parameter->lower) && isfinite(parameter->upper))
		size = parameter->upper - parameter->lower;
	return part * size;
}

double bound_inside(const struct nonlinear_parameter *parameter, double value)
{
	double distance = touch_distance(parameter, INSIDE_REL);

	if (value < parameter->lower + distance)
		value = parameter->lower + distance;
	if (value > parameter->upper - distance)
		value = parameter->upper - distance;
	return value;
}

bool bound_touches(const struct nonlinear_parameter *parameter, double *value)
{
	double distance = touch_distance(parameter, TOUCH_REL);

	if (*value <= parameter->lower + distance)
		*value = parameter->lower;
	else if (*value >= parameter->upper - distance)
		*value = parameter->upper;
	else
		return false;
	return true;
}

double bound_inward(const struct nonlinear_parameter *parameter, double value)
{
	double lower = parameter->lower, upper = parameter->upper, size = parameter_size(parameter);
	double part;

	if (isfinite(lower) && isfinite(upper))
		return asin(fmin(fmax(2 * (value - lower) / (upper - lower) - 1, -1), 1));
	if (!isfinite(lower) && !isfinite(upper))
		return value / size;
	part = isfinite(lower) ? (value - lower) / size + 1 : (upper - value) / size + 1;
	return sqrt(fmax(part * part - 1, 0));
}

double bound_outward(const struct nonlinear_parameter *parameter, double number, double *ret_slope)
{
	double lower = parameter->lower, upper = parameter->upper, size = parameter_size(parameter);
	double value, slope;

	if (isfinite(lower) && isfinite(upper)) {
		value = lower + (upper - lower) * (sin(number) + 1) / 2;
		slope = (upper - lower) * cos(number) / 2;
	} else if (!isfinite(lower) && !isfinite(upper)) {
		value = size * number;
		slope = size;
	} else {
		double root = sqrt(number * number + 1), sign = isfinite(lower) ? 1 : -1;

		value = (isfinite(lower) ? lower : upper) + sign * size * (root - 1);
		slope = sign * size * number / root;
	}
	if (ret_slope)
		*ret_slope = slope;
	return value;
}
