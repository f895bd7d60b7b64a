/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/import/import_report.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool same_system(const struct import_clocks *clocks, const struct tiny_result *result)
{
	return !strcmp(clocks->round, result->round) &&
	       !strcmp(clocks->submitter, result->submitter) &&
	       !strcmp(clocks->system, result->system);
}

static void clocks_add(struct import_report *report, const struct tiny_result *result)
{
	double off_rel = result->clock.difference_rel;
	struct import_clocks *clocks = report->clocks;

	if (!(result->clock.ratio > 0))
		return;
	for (size_t i = 0; i < report->clock_count; i++, clocks++)
		if (same_system(clocks, result))
			break;
	if (clocks == report->clocks + report->clock_count) {
		memcpy(clocks->round, result->round, sizeof(clocks->round));
		memcpy(clocks->submitter, result->submitter, sizeof(clocks->submitter));
		memcpy(clocks->system, result->system, sizeof(clocks->system));
		clocks->least_rel = clocks->largest_rel = off_rel;
		report->clock_count++;
	}
	clocks->count++;
	clocks->least_rel = fmin(clocks->least_rel, off_rel);
	clocks->largest_rel = fmax(clocks->largest_rel, off_rel);
}

static int double_compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* Of one result; NaN: does not count. */
typedef double value_fn(const struct tiny_result *result);

static double value_scatter(const struct tiny_result *result)
{
	return result->repeat.median > 0 ? result->repeat.cv_rel : NAN;
}

static double value_scatter_cpu(const struct tiny_result *result)
{
	return result->is_cpu_alone ? value_scatter(result) : NAN;
}

static double value_drift(const struct tiny_result *result)
{
	return result->repeat.median > 0 ? fabs(result->repeat.first_last_rel) : NAN;
}

static double value_drift_cpu(const struct tiny_result *result)
{
	return result->is_cpu_alone ? value_drift(result) : NAN;
}

static double value_half_drift(const struct tiny_result *result)
{
	return result->repeat.median > 0 ? fabs(result->half_drift_rel) : NAN;
}

static double value_difference(const struct tiny_result *result)
{
	return result->repeat.median > 0 ? fabs(result->ours_j / result->published_j - 1) : NAN;
}

static struct import_spread spread_of(const struct import_report *report, value_fn *value,
				      double *work)
{
	struct import_spread spread = {0};

	for (size_t i = 0; i < report->count; i++) {
		double it = report->results[i].verdict == IMPORT_REFUSED
				    ? NAN
				    : value(&report->results[i]);

		if (!isnan(it))
			work[spread.count++] = it;
	}
	if (!spread.count)
		return spread;
	qsort(work, spread.count, sizeof(*work), double_compare);
	spread.median = (work[(spread.count - 1) / 2] + work[spread.count / 2]) / 2;
	spread.p90 = work[(size_t)ceil(0.9 * spread.count) - 1];
	spread.largest = work[spread.count - 1];
	return spread;
}

int import_report_make(struct import_report *report, struct err *err)
{
	double *work = calloc(report->count + 1, sizeof(*work));

	report->clocks = calloc(report->count + 1, sizeof(*report->clocks));
	if (!work || !report->clocks) {
		free(work);
		return err_set(err, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < report->count; i++) {
		const struct tiny_result *result = &report->results[i];

		report->accepted += result->verdict == IMPORT_ACCEPTED;
		report->suspect += result->verdict == IMPORT_SUSPECT;
		report->refused += result->verdict == IMPORT_REFUSED;
		if (result->verdict == IMPORT_ACCEPTED)
			report->worst_difference_sound =
				fmax(report->worst_difference_sound, value_difference(result));
		clocks_add(report, result);
	}
	report->scatter = spread_of(report, value_scatter, work);
	report->scatter_cpu = spread_of(report, value_scatter_cpu, work);
	report->drift = spread_of(report, value_drift, work);
	report->drift_cpu = spread_of(report, value_drift_cpu, work);
	report->half_drift = spread_of(report, value_half_drift, work);
	report->difference = spread_of(report, value_difference, work);
	free(work);
	return 0;
}

void import_report_done(struct import_report *report)
{
	free(report->clocks);
	report->clocks = NULL;
}

static void name_system(const char *round, const char *submitter, const char *system, char *name,
			size_t size)
{
	snprintf(name, size, "%s %s/%s", round[0] ? round : "-", submitter[0] ? submitter : "-",
		 system);
}

static void name_of(const struct tiny_result *result, char *name, size_t size)
{
	name_system(result->round, result->submitter, result->system, name, size);
}

static void print_energy(double energy_j, int width, FILE *stream)
{
	if (isnan(energy_j) || !(energy_j > 0))
		fprintf(stream, " %*s", width, "-");
	else
		fprintf(stream, " %*.3f", width, 1e6 * energy_j);
}

static void print_percent(double relative, int width, int digits, FILE *stream)
{
	if (isnan(relative))
		fprintf(stream, " %*s", width, "-");
	else
		fprintf(stream, " %+*.*f", width, digits, 100 * relative);
}

static void print_results(const struct import_report *report, FILE *stream)
{
	fprintf(stream, "%-58s %-5s %2s %12s %9s %12s %9s  %s\n", "result", "model", "n", "ours_uj",
		"+- u_uj", "published_uj", "diff_pct", "verdict");
	for (size_t i = 0; i < report->count; i++) {
		const struct tiny_result *result = &report->results[i];
		const struct tiny_finding *reason = tiny_result_reason(result);
		char name[240];

		name_of(result, name, sizeof(name));
		fprintf(stream, "%-58s %-5s %2u", name, result->model, result->window_count);
		print_energy(result->ours_j, 12, stream);
		print_energy(result->mean.u_mean_j, 9, stream);
		print_energy(result->published_j, 12, stream);
		print_percent(result->ours_j / result->published_j - 1, 9, 4, stream);
		fprintf(stream, "  %s%s%s\n", import_verdict_text(result->verdict),
			reason ? " " : "", reason ? import_reason_code(reason->reason) : "");
	}
	fputs("Medians of n windows, per inference; u: standard uncertainty (k = 1), gain "
	      "included.\n\n",
	      stream);
}

static void print_clocks(const struct import_report *report, FILE *stream)
{
	fprintf(stream, "%-58s %7s %9s %9s  %s\n", "clock: DUT's counter against the monitor's",
		"models", "from_pct", "to_pct", "f_DUT/f_nominal");
	for (size_t i = 0; i < report->clock_count; i++) {
		const struct import_clocks *clocks = &report->clocks[i];
		char name[240];

		name_system(clocks->round, clocks->submitter, clocks->system, name, sizeof(name));
		fprintf(stream, "%-58s %7u %+9.2f %+9.2f  %.4f to %.4f\n", name, clocks->count,
			100 * clocks->least_rel, 100 * clocks->largest_rel,
			1 / (1 + clocks->largest_rel), 1 / (1 + clocks->least_rel));
	}
	fputs("Throughput of the performance run (DUT's clock) over that of the energy run "
	      "(monitor's), less "
	      "1.\n\n",
	      stream);
}

static void print_repeats(const struct import_report *report, FILE *stream)
{
	fprintf(stream, "%-58s %-5s %9s %9s %10s %10s %10s\n", "repeatability and drift, %",
		"model", "cv", "first-last", "range", "half", "end");
	for (size_t i = 0; i < report->count; i++) {
		const struct tiny_result *result = &report->results[i];
		char name[240];

		if (!(result->repeat.median > 0))
			continue;
		name_of(result, name, sizeof(name));
		fprintf(stream, "%-58s %-5s %9.3f %+10.3f %9.3f %+10.3f %+10.3f\n", name,
			result->model, 100 * result->repeat.cv_rel,
			100 * result->repeat.first_last_rel, 100 * result->repeat.range_rel,
			100 * result->half_drift_rel, 100 * result->end_drift_rel);
	}
	fputs("cv, range: of the windows; first-last: last window over the first; half: second "
	      "half over first\n"
	      "in the window where that is largest; end: there, the last fifth over the first "
	      "tenth.\n",
	      stream);
}

static void print_spread(const char *name, const struct import_spread *spread, FILE *stream)
{
	if (spread->count)
		fprintf(stream, "%-58s median %.4f  p90 %.4f  largest %.4f  (%u)\n", name,
			100 * spread->median, 100 * spread->p90, 100 * spread->largest,
			spread->count);
}

static void print_findings(const struct import_report *report, FILE *stream)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct tiny_result *result = &report->results[i];

		if (!result->finding_count)
			continue;
		fprintf(stream, "\n%s: %s\n", result->path, import_verdict_text(result->verdict));
		for (unsigned f = 0; f < result->finding_count; f++)
			fprintf(stream, "  %s: %s\n",
				import_reason_code(result->findings[f].reason),
				result->findings[f].text);
		if (result->alternative[0])
			fprintf(stream, "  alternative: %s.\n", result->alternative);
	}
}

void import_report_print(const struct import_report *report, FILE *stream)
{
	print_results(report, stream);
	if (report->clock_count)
		print_clocks(report, stream);
	print_repeats(report, stream);
	print_spread("cv of windows, all boards", &report->scatter, stream);
	print_spread("cv of windows, boards with a CPU alone", &report->scatter_cpu, stream);
	print_spread("last window over first, all boards", &report->drift, stream);
	print_spread("last window over first, boards with a CPU alone", &report->drift_cpu, stream);
	print_spread("second half of a window over the first (worst window)", &report->half_drift,
		     stream);
	print_spread("integrated against published", &report->difference, stream);
	print_findings(report, stream);
	fprintf(stream,
		"\n%zu result%s: %u accepted, %u suspect, %u refused; %zu folders with a "
		"performance run alone.\n",
		report->count, report->count == 1 ? "" : "s", report->accepted, report->suspect,
		report->refused, report->performance_only);
	if (report->skipped)
		fprintf(stream,
			"%zu not looked into (links to folders are not followed, a result's "
			"folder is called 'energy', and lies no deeper than 24), the first: %s\n",
			report->skipped, report->first_skipped);
	if (report->accepted)
		fprintf(stream,
			"Largest difference from what was published, accepted results: %.4f %%.\n",
			100 * report->worst_difference_sound);
	fprintf(stream, "%u rows added to %s, %u were in it already.\n", report->rows.added,
		report->database, report->rows.known);
}
