/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Makes a table of energies and fits it, for r_fits.sh to do the same with R:
 *
 *   golden_r_fits FOLDER
 *
 * writes FOLDER/table.csv and FOLDER/fits.csv (fit, quantity, value), all with 17 digits.
 */
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/predictor/kinds.h"

enum { POINTS = 96, CLASSES = 3 };

static const struct fit_options options = {.scatter = SCATTER_BIRGE};
static const char *const linear_names[] = {"energy-proportional", "energy-affine", "energy-stall",
					   "energy-classes", "energy-macs-weights",
					   "energy-mix", "energy-mix-stall",
					   "energy-idle-mix-ldo", "energy-idle-mix-smps"};
static const char *const level_names[] = {"energy-levels-ldo", "energy-levels-smps"};

static double column[KIND_COLUMNS][POINTS], classes[POINTS * CLASSES], y[POINTS], u[POINTS];
static struct kind_table table = {
	.points = {.count = POINTS, .y = y, .u_y = u}, .classes = classes, .class_count = CLASSES};

static FILE *file_open(const char *folder, const char *name)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	if (!file) {
		perror(path);
		exit(3);
	}
	return file;
}

static void columns_fill(gsl_rng *rng)
{
	static const double levels[][2] = {{16e6, 1.0}, {26e6, 1.0}, {80e6, 1.2}, {120e6, 1.28}};

	for (size_t i = 0; i < POINTS; i++) {
		double cycles = exp(gsl_ran_flat(rng, 12, 16));

		column[KIND_CYCLES][i] = cycles;
		column[KIND_TIME_S][i] = cycles / levels[i % 4][0];
		column[KIND_STALL_CYCLES][i] = cycles * gsl_ran_flat(rng, 0, 0.4);
		column[KIND_MEMORY][i] = cycles * gsl_ran_flat(rng, 0.1, 0.4);
		column[KIND_MULTIPLIES][i] = cycles * gsl_ran_flat(rng, 0.05, 0.5);
		column[KIND_IDLE_W][i] = 1e-3 + gsl_ran_flat(rng, 0, 0.02);
		column[KIND_CORE_V][i] = levels[i % 4][1];
		column[KIND_SUPPLY_V][i] = i % 3 ? 3.0 : 1.8;
		column[KIND_TEMP_C][i] = 5 + 20 * (double)(i / 4 % 4);
		column[KIND_MACS][i] = cycles / gsl_ran_flat(rng, 2, 6);
		column[KIND_WEIGHTS][i] = gsl_ran_flat(rng, 1e4, 4e5);
		for (size_t c = 0; c < CLASSES; c++)
			classes[i * CLASSES + c] = cycles * gsl_ran_flat(rng, 0.1, 0.5);
	}
	for (size_t c = KIND_CYCLES; c < KIND_COLUMNS; c++)
		table.column[c] = column[c];
}

/* Uncertainties are stated at half of what the noise is: the ratio of Birge is near 2. */
static void energies_fill(gsl_rng *rng, const struct model_kind *kind)
{
	static const double truth[] = {90e-12, 4e-4, 3e-5, 28};
	double gradient[ESTIMATE_MAX];

	for (size_t i = 0; i < POINTS; i++) {
		y[i] = kind->value(&table, i, truth, gradient);
		u[i] = 0.0025 * y[i] * (1 + (double)(i % 3));
		y[i] += 2 * u[i] * gsl_ran_gaussian(rng, 1);
	}
}

static void table_print(FILE *file, const char *name)
{
	for (size_t i = 0; i < POINTS; i++) {
		fprintf(file, "%s,%.17g,%.17g", name, y[i], u[i]);
		for (size_t c = KIND_CYCLES; c < KIND_COLUMNS; c++)
			fprintf(file, ",%.17g", column[c][i]);
		for (size_t c = 0; c < CLASSES; c++)
			fprintf(file, ",%.17g", classes[i * CLASSES + c]);
		fprintf(file, "\n");
	}
}

/* Of the response in y. The interval is that of a repeat of the last point. */
static void fit_print(FILE *file, const char *data, const char *name)
{
	const struct model_kind *kind = kind_find(name);
	struct estimate_prediction prediction;
	struct estimate fit;

	if (kind_fit(kind, &table, &options, &fit, NULL) ||
	    kind_predict(kind, &fit, &table, POINTS - 1, u[POINTS - 1], 0, 0.95, &prediction)) {
		fprintf(stderr, "%s is not fitted\n", name);
		exit(1);
	}
	for (size_t j = 0; j < fit.parameters; j++) {
		fprintf(file, "%s,%s,value%zu,%.17g\n", data, name, j + 1, fit.value[j]);
		fprintf(file, "%s,%s,u%zu,%.17g\n", data, name, j + 1, fit.u[j]);
	}
	fprintf(file, "%s,%s,sigma,%.17g\n", data, name, fit.birge_ratio);
	fprintf(file, "%s,%s,predicted,%.17g\n", data, name, prediction.y);
	fprintf(file, "%s,%s,low,%.17g\n", data, name, prediction.low);
	fprintf(file, "%s,%s,high,%.17g\n", data, name, prediction.high);
}

int main(int argc, char **argv)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	FILE *tables, *fits;

	if (argc != 2 || !rng) {
		fprintf(stderr, "usage: golden_r_fits FOLDER\n");
		return 2;
	}
	columns_fill(rng);
	tables = file_open(argv[1], "table.csv");
	fits = file_open(argv[1], "fits.csv");
	fprintf(tables, "data,y,u,");
	for (enum kind_column c = KIND_CYCLES; c < KIND_COLUMNS; c++)
		fprintf(tables, "%s,", kind_column_name(c));
	fprintf(tables, "c1,c2,c3\n");
	fprintf(fits, "data,fit,quantity,value\n");
	for (size_t k = 0; k < 2; k++) {
		energies_fill(rng, kind_find(level_names[k]));
		table_print(tables, level_names[k]);
		fit_print(fits, level_names[k], level_names[k]);
		for (size_t l = 0; l < sizeof(linear_names) / sizeof(linear_names[0]); l++)
			fit_print(fits, level_names[k], linear_names[l]);
	}
	gsl_rng_free(rng);
	return fclose(tables) || fclose(fits) ? 3 : 0;
}
