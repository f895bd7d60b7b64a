/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/predictor/whiten.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/trace/error.h"

int whiten_init(struct whiten *whiten, size_t columns, size_t meters)
{
	*whiten = (struct whiten){
		.columns = columns,
		.meters = meters,
		.total = calloc(meters, sizeof(double)),
		.product = calloc(meters * columns, sizeof(double)),
	};
	if (!whiten->total || !whiten->product) {
		whiten_done(whiten);
		return ANALYSIS_NO_MEMORY;
	}
	whiten_restart(whiten);
	return 0;
}

void whiten_done(struct whiten *whiten)
{
	free(whiten->total);
	free(whiten->product);
	whiten->total = whiten->product = NULL;
}

void whiten_restart(struct whiten *whiten)
{
	memset(whiten->product, 0, whiten->meters * whiten->columns * sizeof(double));
	for (size_t m = 0; m < whiten->meters; m++)
		whiten->total[m] = 1;
}

/* With t = total: the factor's row is ratio * (earlier ratios) / sqrt(t_before t_k), its diagonal
 * sqrt(t_after / t_before). */
void whiten_row(struct whiten *whiten, uint32_t meter, double ratio, double *row)
{
	double *product = whiten->product + meter * whiten->columns;
	double before = whiten->total[meter], after = before + ratio * ratio;
	double diagonal = sqrt(after / before);

	if (ratio == 0)
		return;
	for (size_t j = 0; j < whiten->columns; j++) {
		double plain = row[j];

		row[j] = (plain - ratio * product[j] / before) / diagonal;
		product[j] += ratio * plain;
	}
	whiten->total[meter] = after;
}
