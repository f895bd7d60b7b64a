/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/budget/coverage.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

static const double DOF_NORMAL = 1e6; /* from here on t and normal differ by less than 1e-5 */

double coverage_factor(double confidence, double dof)
{
	double upper = (1 + confidence) / 2;

	if (!(confidence > 0 && confidence < 1) || !(dof > 0))
		return NAN;
	return dof > DOF_NORMAL ? gsl_cdf_ugaussian_Pinv(upper) : gsl_cdf_tdist_Pinv(upper, dof);
}

double coverage_dof(const double *u, const double *dof, size_t count)
{
	double largest = 0, sum = 0, weighted = 0;

	for (size_t i = 0; i < count; i++)
		largest = fmax(largest, u[i]);
	if (!(largest > 0))
		return INFINITY;
	/* Relative to the largest: fourth powers of nanojoules would vanish. */
	for (size_t i = 0; i < count; i++) {
		double square = (u[i] / largest) * (u[i] / largest);

		sum += square;
		if (isfinite(dof[i]))
			weighted += square * square / dof[i];
	}
	return weighted > 0 ? sum * sum / weighted : INFINITY;
}
