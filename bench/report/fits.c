/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/report/fits.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const enum fit_cycles_form forms[FITS_FORMS] = {FIT_CYCLES_PROPORTIONAL, FIT_CYCLES_AFFINE};
static const char *const form_names[FITS_FORMS] = {"E = k*cycles", "E = a + k*cycles"};

static int compare_levels(const struct store_measurement *x, const struct store_measurement *y)
{
	int order = strcmp(x->board, y->board);

	if (!order)
		order = strcmp(x->build, y->build);
	if (!order)
		order = strcmp(x->runtime, y->runtime);
	if (!order)
		order = (x->is_virtual != 0) - (y->is_virtual != 0);
	return order ? order : (x->clock_hz > y->clock_hz) - (x->clock_hz < y->clock_hz);
}

static int compare_rows(const void *a, const void *b)
{
	const struct store_measurement *x = a, *y = b;
	int order = compare_levels(x, y);

	return order ? order : strcmp(x->model_sha256, y->model_sha256);
}

/* The largest of what the windows share (gain, zero, supply): they come from one meter. */
static double common_rel(const struct store_measurement *rows, size_t count)
{
	double largest = 0;

	for (size_t i = 0; i < count; i++) {
		double u_j = rows[i].energy_u_j, independent_j = rows[i].energy_u_independent_j;
		double common_j = sqrt(fmax(0, u_j * u_j - independent_j * independent_j));

		largest = fmax(largest, common_j / rows[i].energy_j);
	}
	return largest;
}

static unsigned make_points(const struct store_measurement *rows, size_t count,
			    struct fit_cycles_point *points)
{
	unsigned group = 0;

	for (size_t i = 0; i < count; i++) {
		double n = (double)rows[i].inferences;

		if (i && strcmp(rows[i].model_sha256, rows[i - 1].model_sha256))
			group++;
		points[i] = (struct fit_cycles_point){.cycles = (double)rows[i].cycles / n,
						      .y = rows[i].energy_j / n,
						      .u_y = rows[i].energy_u_independent_j / n,
						      .group = group};
	}
	return group + 1;
}

static int make_level(const struct store_measurement *rows, size_t count, struct fits_level *level,
		      struct err *err)
{
	struct fit_cycles_point *points = calloc(count, sizeof(*points));
	double common = common_rel(rows, count);

	if (!points)
		return err_set(err, -ENOMEM, "out of memory");
	memcpy(level->board, rows->board, sizeof(level->board));
	memcpy(level->build, rows->build, sizeof(level->build));
	memcpy(level->runtime, rows->runtime, sizeof(level->runtime));
	level->clock_hz = rows->clock_hz;
	level->windows = (unsigned)count;
	level->models = make_points(rows, count, points);
	for (size_t i = 0; i < count; i++)
		level->is_virtual |= rows[i].is_virtual != 0;
	for (unsigned i = 0; i < FITS_FORMS; i++) {
		struct fits_form *form = &level->forms[i];

		form->reason = fit_cycles(forms[i], points, count, common, &form->fit, NULL);
		form->left_out_reason = form->reason;
		if (!form->reason)
			form->left_out_reason = fit_cycles(forms[i], points, count, common, &form->fit,
							   &form->left_out);
	}
	free(points);
	return 0;
}

int fits_make(struct store_measurement *rows, size_t count, struct fits *ret_fits, struct err *err)
{
	struct fits fits = {.levels = calloc(count ? count : 1, sizeof(*fits.levels))};
	size_t end;

	if (!fits.levels)
		return err_set(err, -ENOMEM, "out of memory");
	if (count)
		qsort(rows, count, sizeof(*rows), compare_rows);
	for (size_t begin = 0; begin < count; begin = end) {
		int ret;

		for (end = begin + 1; end < count && !compare_levels(&rows[begin], &rows[end]); end++)
			;
		ret = make_level(&rows[begin], end - begin, &fits.levels[fits.count++], err);
		if (ret) {
			fits_done(&fits);
			return ret;
		}
	}
	*ret_fits = fits;
	return 0;
}

void fits_done(struct fits *fits)
{
	free(fits->levels);
	memset(fits, 0, sizeof(*fits));
}

static void print_form(const struct fits_form *form, unsigned index, FILE *stream)
{
	const struct fit_result *fit = &form->fit;
	unsigned slope = index; /* coef[0] is k alone, coef[1] is k behind a */

	if (form->reason) {
		fprintf(stream, "  %-17s not fitted: %s\n", form_names[index],
			analysis_error_text(form->reason));
		return;
	}
	fprintf(stream, "  %-17s k = %.6e +- %.1e J/cycle", form_names[index], fit->coef[slope],
		fit->coef_u[slope]);
	if (slope)
		fprintf(stream, "  a = %+.3e +- %.1e J", fit->coef[0], fit->coef_u[0]);
	fprintf(stream, "\n%20sR^2 %.6f  MAPE %.3f %%", "", fit->r2_centred, fit->errors.mape_pct);
	if (form->left_out_reason)
		fprintf(stream, "  leave-one-model-out: %s\n",
			analysis_error_text(form->left_out_reason));
	else
		fprintf(stream, "  leave-one-model-out: MAPE %.3f %%, worst %.3f %%\n",
			form->left_out.mape_pct, form->left_out.max_pct);
}

void fits_print(const struct fits *fits, FILE *stream)
{
	for (size_t i = 0; i < fits->count; i++) {
		const struct fits_level *level = &fits->levels[i];

		fprintf(stream, "%s, build %s, %s, %g MHz: %u windows of %u models%s\n",
			level->board, level->build, level->runtime, (double)level->clock_hz / 1e6, level->windows, level->models,
			level->is_virtual ? " (virtual: nothing was measured)" : "");
		for (unsigned f = 0; f < FITS_FORMS; f++)
			print_form(&level->forms[f], f, stream);
	}
}

static json_t *form_json(const struct fits_form *form, unsigned index)
{
	const struct fit_result *fit = &form->fit;
	json_t *json;

	if (form->reason)
		return json_pack("{s:s, s:s}", "form", form_names[index], "refused",
				 analysis_error_text(form->reason));
	json = json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "form", form_names[index],
			 "k_j_per_cycle", fit->coef[index], "k_u_j_per_cycle", fit->coef_u[index],
			 "r2", fit->r2_centred, "mape_pct", fit->errors.mape_pct, "rmspe_pct",
			 fit->errors.rmspe_pct, "max_error_pct", fit->errors.max_pct, "birge_ratio",
			 fit->birge_ratio);
	if (json && index) {
		json_object_set_new(json, "a_j", json_real(fit->coef[0]));
		json_object_set_new(json, "a_u_j", json_real(fit->coef_u[0]));
	}
	if (json && form->left_out_reason)
		json_object_set_new(json, "leave_one_model_out_refused",
				    json_string(analysis_error_text(form->left_out_reason)));
	else if (json)
		json_object_set_new(json, "leave_one_model_out",
				    json_pack("{s:f, s:f, s:f, s:f, s:f}", "mape_pct",
					      form->left_out.mape_pct, "rmspe_pct",
					      form->left_out.rmspe_pct, "max_error_pct",
					      form->left_out.max_pct, "within_5_pct_share",
					      form->left_out.within_5_share, "within_10_pct_share",
					      form->left_out.within_10_share));
	return json;
}

json_t *fits_json(const struct fits *fits)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < fits->count; i++) {
		const struct fits_level *level = &fits->levels[i];
		json_t *row = json_pack("{s:s, s:s, s:s, s:I, s:b, s:i, s:i, s:[o, o]}", "board",
					level->board, "build", level->build, "runtime",
					level->runtime, "clock_hz",
					(json_int_t)level->clock_hz, "virtual", level->is_virtual,
					"windows", (int)level->windows, "models", (int)level->models,
					"fits", form_json(&level->forms[0], 0),
					form_json(&level->forms[1], 1));

		if (!row || json_array_append_new(array, row)) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}
