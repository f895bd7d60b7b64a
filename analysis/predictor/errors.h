/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tally of relative prediction errors (nn-Meter's conventions: MAPE, share within 5 % and 10 %).
 */
#ifndef ANALYSIS_PREDICTOR_ERRORS_H
#define ANALYSIS_PREDICTOR_ERRORS_H

#include <stddef.h>

struct fit_errors {
	double mape_pct; /* mean |predicted - measured| / |measured| */
	double rmspe_pct;
	double max_pct;        /* largest absolute */
	size_t worst;          /* index of the point that has it */
	double within_5_share; /* of the points, 0..1 */
	double within_10_share;
};

/* Zero before use. */
struct error_tally {
	size_t count, within_5, within_10, worst;
	double absolute_pct, squared_pct2, max_pct; /* sums, and the largest */
};

/* measured must not be 0. */
void error_tally_add(struct error_tally *tally, size_t index, double predicted, double measured);

/* At least one point has been added. */
struct fit_errors error_tally_result(const struct error_tally *tally);

#endif
