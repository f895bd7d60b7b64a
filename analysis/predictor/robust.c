/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/predictor/robust.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

double robust_scale(const double *residuals, size_t count, size_t parameters, double *scratch)
{
	for (size_t i = 0; i < count; i++)
		scratch[i] = fabs(residuals[i]);
	gsl_sort(scratch, 1, count);
	return gsl_stats_median_from_sorted_data(scratch + parameters, 1, count - parameters) /
	       0.6745;
}

double robust_bisquare(const double *residuals, size_t count, double scale, double *weights)
{
	double change = 0;

	for (size_t i = 0; i < count; i++) {
		double ratio = residuals[i] == 0 ? 0 : residuals[i] / (ROBUST_TUNING * scale);
		double weight = fabs(ratio) < 1 ? (1 - ratio * ratio) * (1 - ratio * ratio) : 0;

		change = fmax(change, fabs(weight - weights[i]));
		weights[i] = weight;
	}
	return change;
}

void robust_absolute(const double *residuals, size_t count, double scale, double *weights)
{
	double least = 1e-3 * scale;

	for (size_t i = 0; i < count; i++)
		weights[i] = scale > 0 ? least / fmax(fabs(residuals[i]), least) : 1;
}
