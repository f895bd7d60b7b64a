/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/predictor/slopes.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_sf_psi.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/predictor/linear.h"
#include "analysis/trace/error.h"

enum { ITERATIONS_MAX = 200, UNDAMPED = 20, MODERATED_CELLS_MIN = 4 };

/* Residuals of nothing have no logarithm: 1e-9 relative, squared. */
#define VARIANCE_LEAST 1e-18

/* A cell's residuals, and what is taken from them. */
struct cell_scatter {
	size_t count;
	double squares;    /* of residuals */
	double stated;     /* mean of u_rel^2 */
	double model_rel2; /* beside the stated */
	double dof;        /* of model_rel2 */
};

/* Rows less their cell's weighted mean, times the root of their weight. */
struct work {
	const struct slopes_points *points;
	double *mean; /* cells rows of slopes + 1, the response last */
	double *sum;  /* cells: of weights */
	double *x, *y, *ones;
	struct cell_scatter *cell;
	struct estimate estimate;
	struct condition condition;
};

static int points_check(const struct slopes_points *points)
{
	if (!points->slopes || points->slopes > SLOPES_MAX || !points->cells)
		return ANALYSIS_BAD_ARGUMENT;
	for (size_t i = 0; i < points->count; i++) {
		if (!isfinite(points->ln_y[i]) || points->cell[i] >= points->cells)
			return ANALYSIS_BAD_ARGUMENT;
		if (!(points->u_rel[i] > 0) || !isfinite(points->u_rel[i]))
			return ANALYSIS_BAD_UNCERTAINTY;
		for (size_t j = 0; j < points->slopes; j++)
			if (!isfinite(points->z[i * points->slopes + j]))
				return ANALYSIS_BAD_ARGUMENT;
	}
	return 0;
}

static void work_done(struct work *work)
{
	free(work->mean);
	free(work->sum);
	free(work->x);
	free(work->y);
	free(work->ones);
	free(work->cell);
}

static int work_init(struct work *work, const struct slopes_points *points)
{
	*work = (struct work){
		.points = points,
		.mean = calloc(points->cells * (points->slopes + 1), sizeof(double)),
		.sum = calloc(points->cells, sizeof(double)),
		.x = calloc(points->count * points->slopes + 1, sizeof(double)),
		.y = calloc(points->count + 1, sizeof(double)),
		.ones = calloc(points->count + 1, sizeof(double)),
		.cell = calloc(points->cells, sizeof(*work->cell)),
	};
	if (!work->mean || !work->sum || !work->x || !work->y || !work->ones || !work->cell) {
		work_done(work);
		return ANALYSIS_NO_MEMORY;
	}
	for (size_t i = 0; i < points->count; i++) {
		struct cell_scatter *cell = &work->cell[points->cell[i]];

		work->ones[i] = 1;
		cell->count++;
		cell->stated +=
			(points->u_rel[i] * points->u_rel[i] - cell->stated) / (double)cell->count;
	}
	return 0;
}

static double weight_of(const struct slopes_points *points, double model_rel2, size_t i)
{
	return 1 / (points->u_rel[i] * points->u_rel[i] + model_rel2);
}

static void means_make(struct work *work)
{
	const struct slopes_points *points = work->points;
	size_t columns = points->slopes + 1;

	memset(work->mean, 0, points->cells * columns * sizeof(double));
	memset(work->sum, 0, points->cells * sizeof(double));
	for (size_t i = 0; i < points->count; i++) {
		double weight = weight_of(points, work->cell[points->cell[i]].model_rel2, i);
		double *mean = work->mean + points->cell[i] * columns;
		double share;

		work->sum[points->cell[i]] += weight;
		share = weight / work->sum[points->cell[i]];
		for (size_t j = 0; j < points->slopes; j++)
			mean[j] += share * (points->z[i * points->slopes + j] - mean[j]);
		mean[points->slopes] += share * (points->ln_y[i] - mean[points->slopes]);
	}
}

/* The slopes at the cells' scatters. */
static int solve(struct work *work)
{
	const struct slopes_points *points = work->points;
	const struct fit_options options = {.scatter = SCATTER_NONE};
	const struct fit_points rows = {
		.count = points->count, .y = work->y, .u_y = work->ones, .meters = 1};
	size_t columns = points->slopes + 1;

	means_make(work);
	for (size_t i = 0; i < points->count; i++) {
		double root = sqrt(weight_of(points, work->cell[points->cell[i]].model_rel2, i));
		const double *mean = work->mean + points->cell[i] * columns;

		for (size_t j = 0; j < points->slopes; j++)
			work->x[i * points->slopes + j] =
				root * (points->z[i * points->slopes + j] - mean[j]);
		work->y[i] = root * (points->ln_y[i] - mean[points->slopes]);
	}
	return linear_fit(&rows, work->x, points->slopes, &options, &work->estimate,
			  &work->condition);
}

/* mean: of the point's cell. */
static double residual_of(const struct work *work, const double *mean, size_t i)
{
	size_t slopes = work->points->slopes;
	double residual = work->points->ln_y[i] - mean[slopes];

	for (size_t j = 0; j < slopes; j++)
		residual -= work->estimate.value[j] * (work->points->z[i * slopes + j] - mean[j]);
	return residual;
}

static void residuals_take(struct work *work)
{
	const struct slopes_points *points = work->points;
	size_t columns = points->slopes + 1;

	for (size_t c = 0; c < points->cells; c++)
		work->cell[c].squares = 0;
	for (size_t i = 0; i < points->count; i++) {
		const double *mean = work->mean + points->cell[i] * columns;
		double residual = residual_of(work, mean, i);

		work->cell[points->cell[i]].squares += residual * residual;
	}
}

/* What all cells' scatters are drawn from. */
struct typical {
	double rel2, dof; /* dof INFINITY: no cell differs from another beyond chance */
};

/* trigamma(y) = x: Newton's steps on 1 / trigamma, which is nearly straight. */
static double trigamma_inverse(double x)
{
	double y = 0.5 + 1 / x;

	for (unsigned i = 0; i < ITERATIONS_MAX; i++) {
		double value = gsl_sf_psi_1(y);
		double step = value * (1 - value / x) / gsl_sf_psi_n(2, y);

		y += step;
		if (fabs(step) < 1e-12 * y)
			break;
	}
	return y;
}

/* Moments of the logarithms of the cells' variances. inflation: for what the slopes have taken. */
static struct typical typical_find(const struct work *work, double inflation)
{
	double mean = 0, squares = 0, chance = 0, n = 0, excess;
	struct typical typical = {.dof = INFINITY};

	for (size_t c = 0; c < work->points->cells; c++) {
		const struct cell_scatter *cell = &work->cell[c];
		double dof = (double)cell->count - 1, log_of, last = mean;

		if (cell->count < 2)
			continue;
		log_of = log(fmax(VARIANCE_LEAST, inflation * cell->squares / dof)) -
			 gsl_sf_psi(dof / 2) + log(dof / 2);
		n++;
		mean += (log_of - mean) / n;
		squares += (log_of - last) * (log_of - mean);
		chance += gsl_sf_psi_1(dof / 2);
	}
	excess = squares / (n - 1) - chance / n;
	typical.rel2 = exp(mean);
	if (excess > 0) {
		typical.dof = 2 * trigamma_inverse(excess);
		typical.rel2 = exp(mean + gsl_sf_psi(typical.dof / 2) - log(typical.dof / 2));
	}
	return typical;
}

/* One variance for all: too few cells to tell whether they differ. */
static struct typical typical_common(const struct work *work, double dof)
{
	struct typical typical = {.dof = INFINITY};

	for (size_t c = 0; c < work->points->cells; c++)
		typical.rel2 += work->cell[c].squares / dof;
	return typical;
}

/* Returns the largest relative change of a cell's variance. Where turns swing about the solution,
 * damping (the exponent of the last turn's part) brings them to it. */
static double cells_moderate(struct work *work, const struct typical *typical, double inflation,
			     double dof_all, double damping)
{
	double change = 0;

	for (size_t c = 0; c < work->points->cells; c++) {
		struct cell_scatter *cell = &work->cell[c];
		double dof = cell->count < 2 ? 0 : (double)cell->count - 1;
		double total = typical->rel2, before = cell->stated + cell->model_rel2;

		cell->dof = dof_all;
		if (isfinite(typical->dof)) {
			total = (typical->dof * typical->rel2 + inflation * cell->squares) /
				(typical->dof + dof);
			cell->dof = fmin(dof_all, typical->dof + dof);
		}
		total = pow(before, damping) * pow(total, 1 - damping);
		cell->model_rel2 = fmax(0, total - cell->stated);
		change = fmax(change, fabs((cell->stated + cell->model_rel2) / before - 1));
	}
	return change;
}

static size_t cells_count(const struct work *work, size_t points)
{
	size_t count = 0;

	for (size_t c = 0; c < work->points->cells; c++)
		count += work->cell[c].count >= points;
	return count;
}

/* Slopes and scatters in turns, each from the other. */
static int scatter_find(struct work *work, struct slopes *slopes)
{
	double before = slopes->dof + (double)work->points->slopes;
	double inflation = before / slopes->dof, change = 1;
	bool differ = cells_count(work, 2) >= MODERATED_CELLS_MIN;
	int code = 0;

	while (!code && change > 1e-9 && slopes->iterations++ < ITERATIONS_MAX) {
		struct typical typical;

		code = solve(work);
		if (code)
			break;
		residuals_take(work);
		typical =
			differ ? typical_find(work, inflation) : typical_common(work, slopes->dof);
		change = cells_moderate(work, &typical, inflation, slopes->dof,
					slopes->iterations > UNDAMPED ? 0.5 : 0);
		slopes->typical_rel = sqrt(typical.rel2);
		slopes->alike_dof = typical.dof;
	}
	return code ? code : change > 1e-4 ? ANALYSIS_SOLVER : solve(work);
}

static double stated_chi2(const struct work *work, uint32_t cell)
{
	const struct slopes_points *points = work->points;
	const double *mean = work->mean + cell * (points->slopes + 1);
	double chi2 = 0;

	for (size_t i = 0; i < points->count; i++)
		if (points->cell[i] == cell)
			chi2 += pow(residual_of(work, mean, i) / points->u_rel[i], 2);
	return chi2;
}

static int slopes_fill(const struct work *work, struct slopes *slopes)
{
	size_t columns = slopes->slopes + 1;

	slopes->cell = calloc(work->points->cells, sizeof(*slopes->cell));
	if (!slopes->cell)
		return ANALYSIS_NO_MEMORY;
	for (size_t c = 0; c < work->points->cells; c++) {
		const double *mean = work->mean + c * columns;
		struct slopes_cell *cell = &slopes->cell[c];

		cell->count = work->cell[c].count;
		cell->scatter_rel = sqrt(work->cell[c].model_rel2);
		cell->dof = work->cell[c].dof;
		cell->ln_y = mean[slopes->slopes];
		memcpy(cell->z, mean, slopes->slopes * sizeof(double));
		cell->weight = work->sum[c];
		cell->chi2 = stated_chi2(work, (uint32_t)c);
	}
	for (size_t j = 0; j < slopes->slopes; j++) {
		slopes->value[j] = work->estimate.value[j];
		for (size_t k = 0; k < slopes->slopes; k++)
			slopes->covariance[j][k] = work->estimate.covariance[j][k];
	}
	return 0;
}

int slopes_fit(const struct slopes_points *points, struct slopes *ret_slopes,
	       struct condition *ret_condition)
{
	struct slopes slopes = {.count = points->count, .slopes = points->slopes};
	struct work work;
	int code = points_check(points);

	gsl_set_error_handler_off();
	if (!code)
		code = work_init(&work, points);
	if (code)
		return code;
	slopes.dof = (double)points->count - (double)cells_count(&work, 1) - (double)points->slopes;
	code = slopes.dof < 1 ? ANALYSIS_TOO_FEW_POINTS : scatter_find(&work, &slopes);
	if (ret_condition && (!code || code == ANALYSIS_BAD_CONDITION))
		*ret_condition = work.condition;
	if (!code)
		code = slopes_fill(&work, &slopes);
	if (!code)
		*ret_slopes = slopes;
	work_done(&work);
	return code;
}

void slopes_done(struct slopes *slopes)
{
	free(slopes->cell);
	*slopes = (struct slopes){0};
}

/* ln P = mean of ln y - sum s_j mean of z_j: covariances of P from those of the slopes. */
static void covariances_fill(const struct slopes *slopes, const double *z, double own_variance,
			     double common_rel, struct estimate *estimate)
{
	double level = estimate->value[0], variance = own_variance + common_rel * common_rel;

	for (size_t j = 0; j < slopes->slopes; j++) {
		double with_level = 0;

		for (size_t k = 0; k < slopes->slopes; k++) {
			variance += z[j] * z[k] * slopes->covariance[j][k];
			with_level -= z[k] * slopes->covariance[j][k];
			estimate->covariance[1 + j][1 + k] = slopes->covariance[j][k];
		}
		estimate->covariance[0][1 + j] = estimate->covariance[1 + j][0] =
			level * with_level;
	}
	estimate->covariance[0][0] = level * level * variance;
	for (size_t j = 0; j < estimate->parameters; j++)
		estimate->u[j] = sqrt(estimate->covariance[j][j]);
	memcpy(estimate->covariance_stat, estimate->covariance, sizeof(estimate->covariance));
}

int slopes_estimate(const struct slopes *slopes, uint32_t cell, double common_rel,
		    struct estimate *ret_estimate)
{
	const struct slopes_cell *from = &slopes->cell[cell];
	double ln_level = from->ln_y;
	struct estimate estimate = {
		.count = from->count,
		.parameters = 1 + slopes->slopes,
		.dof = from->dof,
		.chi2 = from->chi2,
		.birge_ratio = sqrt(from->chi2 / fmax(1, (double)from->count - 1)),
		.scatter_rel = from->scatter_rel,
		.residual_sd = NAN,
		.r2 = NAN,
		.scatter = SCATTER_RELATIVE,
		.iterations = slopes->iterations,
	};

	if (!from->count)
		return ANALYSIS_TOO_FEW_POINTS;
	for (size_t j = 0; j < slopes->slopes; j++) {
		estimate.value[1 + j] = slopes->value[j];
		ln_level -= slopes->value[j] * from->z[j];
	}
	estimate.value[0] = exp(ln_level);
	covariances_fill(slopes, from->z, 1 / from->weight, common_rel, &estimate);
	*ret_estimate = estimate;
	return 0;
}
