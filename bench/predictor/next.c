/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/next.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/predictor/combine.h"

/* A network at a place: where on its cell's curve. */
struct spot {
	size_t network, cell;
	double y, gradient[ESTIMATE_MAX];
};

/* Cells and what is known of their coefficients by now. */
struct design {
	const struct forecast *forecast;
	const struct predictor_cell **cells;
	struct estimate *estimates;
	size_t cell_count;
	struct spot *spots;
	size_t spot_count;
	bool *taken; /* networks */
};

static void design_done(struct design *design)
{
	free(design->cells);
	free(design->estimates);
	free(design->spots);
	free(design->taken);
}

static size_t cell_number(struct design *design, const struct predictor_cell *cell)
{
	for (size_t c = 0; c < design->cell_count; c++)
		if (design->cells[c] == cell)
			return c;
	design->cells[design->cell_count] = cell;
	design->estimates[design->cell_count] = cell->estimate;
	if (cell->one_meter)
		combine_common_remove(&design->estimates[design->cell_count], cell->common_rel);
	return design->cell_count++;
}

static int design_init(struct design *design, const struct forecast *forecast)
{
	size_t rows = forecast->count + 1;

	*design = (struct design){.forecast = forecast,
				  .cells = calloc(rows, sizeof(*design->cells)),
				  .estimates = calloc(rows, sizeof(*design->estimates)),
				  .spots = calloc(rows, sizeof(*design->spots)),
				  .taken = calloc(forecast->network_count + 1, sizeof(bool))};
	if (!design->cells || !design->estimates || !design->spots || !design->taken) {
		design_done(design);
		return -ENOMEM;
	}
	for (size_t i = 0; i < forecast->count; i++) {
		const struct forecast_row *row = &forecast->rows[i];
		struct spot *spot = &design->spots[design->spot_count];
		struct query_table point;

		if (row->refused[0])
			continue;
		design->spot_count++;
		spot->network = (size_t)(row->network - forecast->networks);
		spot->cell = cell_number(design, row->place.energy);
		query_table_fill(forecast->predictor, &row->place, &row->features,
				 row->time.value, &point);
		spot->y = row->place.energy->model->value(
			&point.table, 0, row->place.energy->estimate.value, spot->gradient);
	}
	return 0;
}

/* C g, returns g'C g. */
static double product(const struct estimate *estimate, const double *gradient, double *ret_product)
{
	double sum = 0;

	for (size_t j = 0; j < estimate->parameters; j++) {
		ret_product[j] = 0;
		for (size_t k = 0; k < estimate->parameters; k++)
			ret_product[j] += estimate->covariance[j][k] * gradient[k];
		sum += gradient[j] * ret_product[j];
	}
	return sum;
}

/* Relative variance of the curve there. */
static double variance_rel(const struct estimate *estimate, const struct spot *spot)
{
	double unused[ESTIMATE_MAX];

	return product(estimate, spot->gradient, unused) / (spot->y * spot->y);
}

/* A measurement at the spot updates what is known of its cell's coefficients. */
static void measure(struct estimate *estimate, const struct spot *spot)
{
	double along[ESTIMATE_MAX], s = estimate->scatter_rel, u = NEXT_MEASUREMENT_U_REL;
	double total = product(estimate, spot->gradient, along) +
		       (s * s + u * u) * spot->y * spot->y;

	for (size_t j = 0; j < estimate->parameters; j++)
		for (size_t k = 0; k < estimate->parameters; k++)
			estimate->covariance[j][k] -= along[j] * along[k] / total;
}

static double mean_variance(const struct design *design, const struct estimate *estimates)
{
	double sum = 0;

	for (size_t i = 0; i < design->spot_count; i++)
		sum += variance_rel(&estimates[design->spots[i].cell], &design->spots[i]);
	return sum / (double)design->spot_count;
}

static void measure_network(const struct design *design, size_t network, struct estimate *estimates)
{
	for (size_t i = 0; i < design->spot_count; i++)
		if (design->spots[i].network == network)
			measure(&estimates[design->spots[i].cell], &design->spots[i]);
}

static bool is_spotted(const struct design *design, size_t network)
{
	for (size_t i = 0; i < design->spot_count; i++)
		if (design->spots[i].network == network)
			return true;
	return false;
}

/* The best network that is left; network_count: none. */
static size_t choose(const struct design *design, struct estimate *trial, double *ret_variance)
{
	size_t best = design->forecast->network_count;

	for (size_t n = 0; n < design->forecast->network_count; n++) {
		double variance;

		if (design->taken[n] || !is_spotted(design, n))
			continue;
		memcpy(trial, design->estimates, design->cell_count * sizeof(*trial));
		measure_network(design, n, trial);
		variance = mean_variance(design, trial);
		if (best == design->forecast->network_count || variance < *ret_variance) {
			best = n;
			*ret_variance = variance;
		}
	}
	return best;
}

static bool cell_has_network(const struct predictor_cell *cell, const char *sha256)
{
	for (size_t i = 0; i < cell->point_count; i++)
		if (!strcmp(cell->points[i].model_sha256, sha256))
			return true;
	return false;
}

static bool data_have_network(const struct dataset *measured, const struct predictor_cell *cell,
			      const char *sha256)
{
	for (size_t i = 0; measured && i < measured->count; i++) {
		const struct dataset_point *point = &measured->points[i];

		if (!strcmp(point->model_sha256, sha256) && !strcmp(point->board, cell->board) &&
		    !strcmp(point->build, cell->build) && !strcmp(point->runtime, cell->runtime) &&
		    (!cell->clock_hz || cell->clock_hz == point->clock_hz))
			return true;
	}
	return false;
}

/* Networks that were measured at all their places: a repeat tells nothing of other networks. */
static size_t take_measured(struct design *design, const struct dataset *measured)
{
	size_t count = 0;

	for (size_t n = 0; n < design->forecast->network_count; n++) {
		const char *sha256 = design->forecast->networks[n].model_sha256;
		bool all = sha256[0] && is_spotted(design, n);

		for (size_t i = 0; i < design->spot_count && all; i++) {
			const struct predictor_cell *cell = design->cells[design->spots[i].cell];

			if (design->spots[i].network == n)
				all = cell_has_network(cell, sha256) ||
				      data_have_network(measured, cell, sha256);
		}
		design->taken[n] = all;
		count += all;
	}
	return count;
}

static int choose_all(struct design *design, size_t budget, struct next *next, struct err *err)
{
	struct estimate *trial = calloc(design->cell_count + 1, sizeof(*trial));

	next->choices = calloc(budget + 1, sizeof(*next->choices));
	if (!trial || !next->choices) {
		free(trial);
		return err_set(err, -ENOMEM, "out of memory");
	}
	next->u_before_rel = sqrt(mean_variance(design, design->estimates));
	while (next->count < budget) {
		struct next_choice *choice = &next->choices[next->count];
		double variance = 0;
		size_t best = choose(design, trial, &variance);

		if (best == design->forecast->network_count)
			break;
		design->taken[best] = true;
		measure_network(design, best, design->estimates);
		choice->network = &design->forecast->networks[best];
		choice->u_rel = sqrt(variance);
		next->count++;
	}
	free(trial);
	return next->count ? 0
			   : err_set(err, -EINVAL,
				     "no candidate is left: all were measured at all places");
}

int next_make(const struct forecast *forecast, size_t budget, const struct dataset *measured,
	      struct next *ret_next, struct err *err)
{
	struct next next = {.forecast = forecast};
	struct design design;
	int ret;

	if (forecast->count == forecast->refused)
		return err_set(err, -EINVAL, "no candidate can be predicted: %s",
			       forecast->count ? forecast->rows[0].refused : "there is none");
	if (design_init(&design, forecast))
		return err_set(err, -ENOMEM, "out of memory");
	if (budget > forecast->network_count)
		budget = forecast->network_count;
	next.measured = take_measured(&design, measured);
	ret = choose_all(&design, budget, &next, err);
	design_done(&design);
	if (ret)
		next_done(&next);
	else
		*ret_next = next;
	return ret;
}

void next_done(struct next *next)
{
	free(next->choices);
	memset(next, 0, sizeof(*next));
}
