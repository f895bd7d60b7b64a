/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Speed of a weighted fit of ROWS x 12 against GSL's gsl_multifit_wlinear and its streaming TSQR
 * (gsl_multilarge), and numpy's lstsq where a Python has it, in the same run: interleaved, median
 * of the repeats, processor time, all on one thread.
 *
 *   predictor_fit [ROWS [REPEATS [PYTHON]]]
 *
 * linear_fit also checks every number, judges the condition and summarises residuals; numpy solves
 * alone, of rows weighted before the clock runs. Exit status 1 if one that ran is not slower, or
 * if coefficients differ by more than 1e-6 of their standard uncertainty.
 */
#include <gsl/gsl_multifit.h>
#include <gsl/gsl_multilarge.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/predictor/linear.h"
#include "tests/benchmarks/timing.h"

enum { COLUMNS = 12, REPEATS_MAX = 99, TSQR_BLOCK = 4096, WAYS = 4 };

static const char *const names[WAYS] = {"linear_fit", "gsl_multilarge tsqr", "gsl_multifit_wlinear",
					"numpy lstsq"};

struct data {
	size_t rows;
	double *x, *y, *u;
};

static void check(int failed, const char *what)
{
	if (!failed)
		return;
	fprintf(stderr, "%s failed\n", what);
	exit(3);
}

/* Counts of twelve classes that go with the size of the network, energies of 300 pJ each. */
static void data_fill(struct data *data, size_t rows)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);

	data->rows = rows;
	data->x = calloc(rows * COLUMNS, sizeof(double));
	data->y = calloc(rows, sizeof(double));
	data->u = calloc(rows, sizeof(double));
	check(!rng || !data->x || !data->y || !data->u, "memory");
	for (size_t i = 0; i < rows; i++) {
		double size = exp(gsl_ran_flat(rng, 11, 16)), *x = data->x + i * COLUMNS;

		for (size_t j = 0; j < COLUMNS; j++) {
			x[j] = size * gsl_rng_uniform(rng);
			data->y[i] += 1e-12 * (double)(200 + 20 * j) * x[j];
		}
		data->u[i] = 0.01 * data->y[i];
		data->y[i] += gsl_ran_gaussian(rng, data->u[i]);
	}
	gsl_rng_free(rng);
}

static double run_house(const struct data *data, double *ret_coef, double *ret_u)
{
	const struct fit_options options = {.scatter = SCATTER_BIRGE};
	const struct fit_points points = {.count = data->rows, .y = data->y, .u_y = data->u};
	double start = processor_seconds();
	struct estimate fit;

	check(linear_fit(&points, data->x, COLUMNS, &options, &fit, NULL), "linear_fit");
	start = processor_seconds() - start;
	memcpy(ret_coef, fit.value, COLUMNS * sizeof(double));
	memcpy(ret_u, fit.u, COLUMNS * sizeof(double));
	return start;
}

static double run_multifit(const struct data *data, double *ret_coef)
{
	gsl_matrix_const_view x = gsl_matrix_const_view_array(data->x, data->rows, COLUMNS);
	gsl_vector_const_view y = gsl_vector_const_view_array(data->y, data->rows);
	gsl_vector *w = gsl_vector_alloc(data->rows);
	gsl_vector_view c = gsl_vector_view_array(ret_coef, COLUMNS);
	gsl_matrix *covariance = gsl_matrix_alloc(COLUMNS, COLUMNS);
	double chi2, start;
	gsl_multifit_linear_workspace *work;

	for (size_t i = 0; i < data->rows; i++)
		gsl_vector_set(w, i, 1 / (data->u[i] * data->u[i]));
	start = processor_seconds();
	work = gsl_multifit_linear_alloc(data->rows, COLUMNS);
	check(gsl_multifit_wlinear(&x.matrix, w, &y.vector, &c.vector, covariance, &chi2, work),
	      names[2]);
	gsl_multifit_linear_free(work);
	start = processor_seconds() - start;
	gsl_matrix_free(covariance);
	gsl_vector_free(w);
	return start;
}

/* It overwrites what it is given, so blocks are copied (and weighted) within the clock, as rows are
 * by linear_fit. */
static double run_multilarge(const struct data *data, double *ret_coef)
{
	gsl_multilarge_linear_workspace *work =
		gsl_multilarge_linear_alloc(gsl_multilarge_linear_tsqr, COLUMNS);
	gsl_matrix *x = gsl_matrix_alloc(TSQR_BLOCK, COLUMNS);
	gsl_vector *y = gsl_vector_alloc(TSQR_BLOCK);
	gsl_vector_view c = gsl_vector_view_array(ret_coef, COLUMNS);
	double start = processor_seconds(), residual, length;

	for (size_t i = 0; i < data->rows; i += TSQR_BLOCK) {
		size_t count = data->rows - i < TSQR_BLOCK ? data->rows - i : TSQR_BLOCK;
		gsl_matrix_view part = gsl_matrix_submatrix(x, 0, 0, count, COLUMNS);
		gsl_vector_view response = gsl_vector_subvector(y, 0, count);

		for (size_t k = 0; k < count; k++) {
			for (size_t j = 0; j < COLUMNS; j++)
				x->data[k * COLUMNS + j] =
					data->x[(i + k) * COLUMNS + j] / data->u[i + k];
			y->data[k] = data->y[i + k] / data->u[i + k];
		}
		check(gsl_multilarge_linear_accumulate(&part.matrix, &response.vector, work),
		      names[1]);
	}
	check(gsl_multilarge_linear_solve(0, &c.vector, &residual, &length, work), names[1]);
	start = processor_seconds() - start;
	gsl_multilarge_linear_free(work);
	gsl_matrix_free(x);
	gsl_vector_free(y);
	return start;
}

/* Writes the weighted rows to a file for numpy. */
static void numpy_prepare(const struct data *data, const char *path)
{
	FILE *file = fopen(path, "wb");

	check(!file, path);
	for (size_t i = 0; i < data->rows; i++) {
		double row[COLUMNS + 1];

		for (size_t j = 0; j < COLUMNS; j++)
			row[j] = data->x[i * COLUMNS + j] / data->u[i];
		row[COLUMNS] = data->y[i] / data->u[i];
		check(fwrite(row, sizeof(row), 1, file) != 1, path);
	}
	check(fclose(file), path);
}

/* Fills up to repeats times, median last to be made by the caller. 0: this Python has no numpy. */
static unsigned run_numpy(const char *python, const char *path, unsigned repeats, double *ret_s,
			  double *ret_coef)
{
	static const char script[] =
		"import numpy,sys,time\n"
		"a=numpy.fromfile(sys.argv[1]).reshape(-1,13)\n"
		"x=numpy.ascontiguousarray(a[:,:12]);y=a[:,12].copy()\n"
		"for i in range(int(sys.argv[2])):\n"
		" t=time.process_time();b=numpy.linalg.lstsq(x,y,rcond=None)[0]\n"
		" print(time.process_time()-t)\n"
		"print(*[repr(float(v)) for v in b])\n";
	char command[2048];
	unsigned count = 0;
	FILE *pipe;

	snprintf(command, sizeof(command),
		 "OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 %s -c '%s' %s %u 2>/dev/null", python,
		 script, path, repeats);
	pipe = popen(command, "r");
	check(!pipe, "popen");
	while (count < repeats && fscanf(pipe, "%lf", &ret_s[count]) == 1)
		count++;
	for (size_t j = 0; j < COLUMNS && count == repeats; j++)
		if (fscanf(pipe, "%lf", &ret_coef[j]) != 1)
			count = 0;
	return pclose(pipe) ? 0 : count;
}

/* Largest difference in units of the standard uncertainty. */
static double difference(const double *a, const double *b, const double *u)
{
	double largest = 0;

	for (size_t j = 0; j < COLUMNS; j++)
		largest = fmax(largest, fabs(a[j] - b[j]) / u[j]);
	return largest;
}

int main(int argc, char **argv)
{
	size_t rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
	unsigned repeats = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 5;
	const char *python = argc > 3 ? argv[3] : "python3";
	double took_s[WAYS][REPEATS_MAX], coef[WAYS][COLUMNS], u[COLUMNS], house_s;
	char path[] = "/tmp/predictor_fit_XXXXXX";
	int status = 0, file = mkstemp(path);
	struct data data;
	unsigned numpy;

	if (rows <= COLUMNS || !repeats || repeats > REPEATS_MAX || file < 0) {
		fprintf(stderr, "usage: predictor_fit [ROWS [REPEATS [PYTHON]]]\n");
		return 2;
	}
	data_fill(&data, rows);
	numpy_prepare(&data, path);
	for (unsigned r = 0; r < repeats; r++) {
		took_s[0][r] = run_house(&data, coef[0], u);
		took_s[1][r] = run_multilarge(&data, coef[1]);
		took_s[2][r] = run_multifit(&data, coef[2]);
	}
	numpy = run_numpy(python, path, repeats, took_s[3], coef[3]);
	remove(path);
	house_s = median_of(took_s[0], repeats);
	for (unsigned way = 0; way < (numpy ? WAYS : WAYS - 1); way++) {
		double ms = 1e3 * median_of(took_s[way], repeats);
		double off = difference(coef[way], coef[0], u);

		printf("%-21s %8.1f ms  x %.2f  coefficients within %.1e u\n", names[way], ms,
		       ms / 1e3 / house_s, off);
		status |= (way && ms / 1e3 <= house_s) || off > 1e-6;
	}
	if (!numpy)
		printf("numpy lstsq           not there: %s has no numpy\n", python);
	free(data.x);
	free(data.y);
	free(data.u);
	return status;
}
