/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "analysis/trace/error.h"
#include "bench/predictor/fit_report.h"

static void print_form(const struct fit_report_form *form, unsigned slope, FILE *stream)
{
	const struct estimate *fit = &form->estimate;

	if (form->reason) {
		fprintf(stream, "  %-17s not fitted: %s\n", form->kind->formula, form->refused);
		return;
	}
	fprintf(stream, "  %-17s k = %.6e +- %.1e J/cycle", form->kind->formula, fit->value[slope],
		fit->u[slope]);
	if (slope)
		fprintf(stream, "  a = %+.3e +- %.1e J", fit->value[0], fit->u[0]);
	fprintf(stream, "\n%20sR^2 %.6f  MAPE %.3f %%", "", form->r2, form->mape_pct);
	if (!form->left_out.predicted)
		fprintf(stream, "  leave-one-model-out: %s\n", form->left_out.refused);
	else
		fprintf(stream, "  leave-one-model-out: MAPE %.3f %%, worst %.3f %%\n",
			form->left_out.mape_pct, form->left_out.max_error_pct);
}

static void print_level(const struct fit_report_level *level, FILE *stream)
{
	fprintf(stream, "%s, build %s, %s, %g MHz", level->first.board, level->first.build,
		level->first.runtime, (double)level->first.clock_hz / 1e6);
	if (level->several_temperatures && isfinite(level->temp_min_c))
		fprintf(stream, ", %.1f to %.1f degC", level->temp_min_c, level->temp_max_c);
	fprintf(stream, ": %lld windows of %zu models%s\n", (long long)level->windows,
		level->models, level->first.is_virtual ? " (virtual: nothing was measured)" : "");
	for (unsigned f = 0; f < FIT_REPORT_FORMS; f++)
		print_form(&level->forms[f], f, stream);
}

static void print_judged(const struct judged *judged, bool is_chosen, FILE *stream)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%s", judged->candidate, is_chosen ? " *" : "");
	fprintf(stream, "  %-6s %-11s %-22s", judged->response, judged->left_out, name);
	if (!judged->predicted) {
		fprintf(stream, " %s\n", judged->refused);
		return;
	}
	fprintf(stream, " %8.3f %8.3f %8.3f %9.6f %6.1f %6.1f %7.1f %4lld of %lld\n",
		judged->mape_pct, judged->rmspe_pct, judged->max_error_pct, judged->r2,
		100 * judged->within_5_pct_share, 100 * judged->within_10_pct_share,
		100 * judged->inside_95_share, (long long)judged->predicted,
		(long long)judged->points);
}

static void print_worst(const struct predictor_family *family, FILE *stream)
{
	for (size_t i = 0; i < family->judged_count; i++) {
		const struct judged *judged = &family->judged[i];

		if (strcmp(judged->response, "energy") != 0 || judged->is_nested ||
		    strcmp(judged->left_out, "model") != 0 ||
		    strcmp(judged->candidate, family->energy) != 0)
			continue;
		for (size_t w = 0; w < judged->worst_count; w++)
			fprintf(stream, "%s %s on %s at %g MHz %+.2f %%",
				w ? ";" : "  worst:", judged->worst[w].model,
				judged->worst[w].board, (double)judged->worst[w].clock_hz / 1e6,
				judged->worst[w].error_pct);
		if (judged->worst_count)
			fputc('\n', stream);
	}
}

static void print_family(const struct predictor_family *family, FILE *stream)
{
	fprintf(stream, "\n%s, build %s, %s: energy by '%s', time by '%s' (%s)%s\n",
		family->chip[0] ? family->chip : "(chip not known)", family->build,
		family->runtime, family->energy, family->time, family->chosen_by,
		family->is_virtual ? " (virtual: nothing was measured)" : "");
	fprintf(stream, "  %-6s %-11s %-22s %8s %8s %8s %9s %6s %6s %7s predicted\n", "", "left out",
		"model", "MAPE %", "RMSPE %", "worst %", "R^2", "<5 %", "<10 %", "in 95 %");
	for (size_t i = 0; i < family->judged_count; i++) {
		const struct judged *judged = &family->judged[i];
		const char *chosen =
			!strcmp(judged->response, "energy") ? family->energy : family->time;

		print_judged(judged, !judged->is_nested && !strcmp(judged->candidate, chosen),
			     stream);
	}
	print_worst(family, stream);
}

void fit_report_print(const struct fit_report *report, FILE *stream)
{
	for (size_t i = 0; i < report->count; i++)
		print_level(&report->levels[i], stream);
	for (size_t i = 0; report->predictor && i < report->predictor->family_count; i++)
		print_family(&report->predictor->families[i], stream);
	if (report->predictor)
		fputs("'chosen': the model is chosen again without each network left out; * what "
		      "was chosen with all.\n"
		      "in 95 %: share of points inside their 95 % prediction interval.\n",
		      stream);
	for (size_t i = 0; report->refusals && i < report->refusals->count; i++)
		fprintf(stream, "not fitted: %s: %s: %s\n", report->refusals->rows[i].cell,
			report->refusals->rows[i].kind, report->refusals->rows[i].reason);
	if (report->dataset->unusable)
		fprintf(stream,
			"%lld accepted windows without cycles, energy or uncertainty were left "
			"out.\n",
			(long long)report->dataset->unusable);
	if (report->curves)
		curves_print(report->curves, stream);
}
