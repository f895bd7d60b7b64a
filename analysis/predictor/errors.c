/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/predictor/errors.h"

#include <assert.h>
#include <math.h>

void error_tally_add(struct error_tally *tally, size_t index, double predicted, double measured)
{
	double error_pct = 100 * fabs((predicted - measured) / measured);

	if (!tally->count || error_pct > tally->max_pct) {
		tally->max_pct = error_pct;
		tally->worst = index;
	}
	tally->count++;
	tally->within_5 += error_pct <= 5;
	tally->within_10 += error_pct <= 10;
	tally->absolute_pct += error_pct;
	tally->squared_pct2 += error_pct * error_pct;
}

struct fit_errors error_tally_result(const struct error_tally *tally)
{
	double count = (double)tally->count;

	assert(tally->count);
	return (struct fit_errors){
		.mape_pct = tally->absolute_pct / count,
		.rmspe_pct = sqrt(tally->squared_pct2 / count),
		.max_pct = tally->max_pct,
		.worst = tally->worst,
		.within_5_share = (double)tally->within_5 / count,
		.within_10_share = (double)tally->within_10 / count,
	};
}
