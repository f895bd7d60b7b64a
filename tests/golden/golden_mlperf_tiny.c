/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The importer against published.csv and the analysis of the same public files (facts/metrology.md
 * 5: figures below name their section), and against real files with an edge taken out, cut, or with
 * bits flipped.
 *
 * usage: golden_mlperf_tiny TRACES SCRATCH
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/import/file.h"
#include "bench/import/import_report.h"

static unsigned failures;

static void check(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void check(bool ok, const char *format, ...)
{
	va_list args;

	if (ok)
		return;
	failures++;
	fputs("FAIL: ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static const struct tiny_result *find_result(const struct import_report *report, const char *round,
					     const char *submitter, const char *system,
					     const char *folder)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct tiny_result *result = &report->results[i];

		if (!strcmp(result->round, round) && !strcmp(result->submitter, submitter) &&
		    !strcmp(result->system, system) && !strcmp(result->folder, folder))
			return result;
	}
	return NULL;
}

/* Section 5: "reproduces the official uJ/inf to <= 0.015 %", one 1.1 s window 0.09 %; required are
 * 0.02 %. */
static void check_energy(const struct tiny_result *result, double published_uj)
{
	double off_pct = 100 * fabs(1e6 * result->ours_j / published_uj - 1);
	double window_s = result->windows[0].energy.duration_s;

	check(off_pct <= (window_s < 2 ? 0.09 : 0.02) + 100 * 0.0005 / published_uj,
	      "%s: %.4f uJ, published %.3f: %.4f %% off", result->path, 1e6 * result->ours_j,
	      published_uj, off_pct);
	check(fabs(1e6 * result->published_j - published_uj) < 6e-4,
	      "%s: reads %.3f as published, not %.3f", result->path, 1e6 * result->published_j,
	      published_uj);
}

struct published {
	char round[16], submitter[64], system[96], model[64], raw[8];
	double median_uj, cv_pct, power_mw, window_s, inferences, t_inf_ms;
};

static void check_row(const struct import_report *report, const struct published *row)
{
	const struct tiny_result *result =
		find_result(report, row->round, row->submitter, row->system, row->model);
	const struct tiny_finding *reason = result ? tiny_result_reason(result) : NULL;

	check(result, "%s %s %s %s: not found", row->round, row->submitter, row->system,
	      row->model);
	if (!result)
		return;
	if (strcmp(row->raw, "yes") != 0) {
		check(reason && reason->reason == IMPORT_TRACE_MISSING, "%s: not 'trace-missing'",
		      result->path);
		return;
	}
	check(result->verdict != IMPORT_REFUSED, "%s: refused, %s", result->path,
	      reason ? reason->text : "");
	check_energy(result, row->median_uj);
	/* An edge that is one sample off moves a window's energy by 1 ms of it. */
	check(fabs(100 * result->repeat.cv_rel - row->cv_pct) < 0.0005 + 0.1 / row->window_s,
	      "%s: cv %.4f %%, not %.3f", result->path, 100 * result->repeat.cv_rel, row->cv_pct);
	check(fabs(1e3 * result->power_w / row->power_mw - 1) < 1e-3 / row->window_s + 4e-4,
	      "%s: %.3f mW, not %.2f", result->path, 1e3 * result->power_w, row->power_mw);
	check(fabs(result->windows[0].energy.duration_s - row->window_s) < 0.0051,
	      "%s: window of %.3f s", result->path, result->windows[0].energy.duration_s);
	check(result->windows[0].inferences == row->inferences, "%s: %g inferences", result->path,
	      result->windows[0].inferences);
}

static void check_published(const struct import_report *report, const char *traces)
{
	char path[PATH_MAX], line[512];
	unsigned rows = 0;
	FILE *stream;

	snprintf(path, sizeof(path), "%s/published.csv", traces);
	stream = fopen(path, "r");
	while (stream && fgets(line, sizeof(line), stream)) {
		struct published row;

		if (sscanf(line, "%15[^,],%63[^,],%95[^,],%63[^,],%lf,%lf,%lf,%lf,%lf,%lf,%7[a-z]",
			   row.round, row.submitter, row.system, row.model, &row.median_uj,
			   &row.cv_pct, &row.power_mw, &row.window_s, &row.inferences,
			   &row.t_inf_ms, row.raw) != 11)
			continue;
		check_row(report, &row);
		rows++;
	}
	if (stream)
		fclose(stream);
	check(rows == report->count, "%u rows in published.csv, %zu results", rows, report->count);
	check(report->worst_difference_sound <= 2e-4, "an accepted result is %.4f %% off",
	      100 * report->worst_difference_sound);
	printf("%u published results; accepted ones within %.4f %%\n", rows,
	       100 * report->worst_difference_sound);
}

/* Section 5.3, throughput by the DUT's clock over the monitor's, percent. */
static const struct {
	const char *round, *submitter, *system;
	double from_pct, to_pct;
} clocks[] = {
	{"v0.7", "STMicroelectronics", "NUCLEO-U575ZI-Q", -0.57, -0.54},
	{"v1.1", "STMicroelectronics", "NUCLEO_U575ZI_Q", -0.74, -0.50},
	{"v1.1", "STMicroelectronics", "NUCLEO_H7A3ZI_Q", -0.39, -0.24},
	{"v0.7", "renesas", "RX65N-Cloud-Kit", -1.26, -1.20},
};

static void check_clocks(const struct import_report *report)
{
	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		bool found = false;

		for (size_t k = 0; k < report->clock_count; k++) {
			const struct import_clocks *it = &report->clocks[k];

			if (strcmp(it->round, clocks[i].round) ||
			    strcmp(it->system, clocks[i].system) ||
			    strcmp(it->submitter, clocks[i].submitter))
				continue;
			found = true;
			check(it->count == 4 &&
				      fabs(100 * it->least_rel - clocks[i].from_pct) < 0.01 &&
				      fabs(100 * it->largest_rel - clocks[i].to_pct) < 0.01,
			      "%s %s: clock %.3f to %.3f %%, not %.2f to %.2f", it->round,
			      it->system, 100 * it->least_rel, 100 * it->largest_rel,
			      clocks[i].from_pct, clocks[i].to_pct);
		}
		check(found, "%s %s: no clock ratio", clocks[i].round, clocks[i].system);
	}
}

/* Section 5.2. The medians there are over more rounds than are stored here: CV 0.056 % against 65
 * of 86 runs. */
static void check_repeats(const struct import_report *report)
{
	static const char *const settling[] = {"ic", "kws"};

	check(report->scatter_cpu.count == 65 &&
		      fabs(100 * report->scatter_cpu.median - 0.056) < 0.005 &&
		      fabs(100 * report->scatter_cpu.p90 - 0.148) < 0.005 &&
		      100 * report->scatter_cpu.largest < 0.457,
	      "cv on CPUs: median %.3f %%, p90 %.3f %%", 100 * report->scatter_cpu.median,
	      100 * report->scatter_cpu.p90);
	check(fabs(100 * report->scatter.largest - 0.903) < 0.002, "largest cv %.3f %%",
	      100 * report->scatter.largest);
	check(fabs(100 * report->drift_cpu.median - 0.06) < 0.01 &&
		      fabs(100 * report->drift_cpu.largest - 0.98) < 0.02,
	      "first to last on CPUs: median %.3f, largest %.3f %%", 100 * report->drift_cpu.median,
	      100 * report->drift_cpu.largest);
	check(fabs(100 * report->half_drift.median - 0.03) < 0.01, "half drift: median %.3f %%",
	      100 * report->half_drift.median);
	for (int i = 0; i < 2;
	     i++) { /* 125.0 to 121.3 mW over the first 4 s of every 10.7 s window */
		const struct tiny_result *it = find_result(report, "v1.1", "STMicroelectronics",
							   "NUCLEO_H7A3ZI_Q", settling[i]);
		const struct tiny_finding *reason = it ? tiny_result_reason(it) : NULL;

		check(reason && reason->reason == IMPORT_DRIFT, "H7A3 %s: drift is not found",
		      settling[i]);
		for (unsigned w = 0; it && w < it->window_count; w++) {
			const double *power_w = it->windows[w].energy.part_power_w;

			check(fabs(1e3 * power_w[0] - 125.0) < 0.6 &&
				      fabs(1e3 * power_w[9] - 121.3) < 0.6 &&
				      fabs(100 * it->windows[w].energy.end_drift_rel + 3) < 0.2,
			      "H7A3 %s, window %u: %.2f to %.2f mW", settling[i], w + 1,
			      1e3 * power_w[0], 1e3 * power_w[9]);
		}
	}
}

/* ---- real files, damaged ---- */

static const char *const names[] = {"energy/trace1-energy.bin", "energy/trace1-timestamps.json",
				    "energy/results.txt", "performance/results.txt"};

struct copy {
	char folder[PATH_MAX];
	uint8_t *bytes[4];
	size_t counts[4];
};

static void copy_write(const struct copy *copy, int file, const uint8_t *bytes, size_t count)
{
	char path[PATH_MAX + 64];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", copy->folder, names[file]);
	stream = fopen(path, "wb");
	if (!stream || fwrite(bytes, 1, count, stream) != count || fclose(stream)) {
		perror(path);
		exit(2);
	}
}

static void copy_open(struct copy *copy, const struct tiny_result *of, const char *scratch)
{
	char path[PATH_MAX + 64];
	struct err err = {""};

	snprintf(copy->folder, sizeof(copy->folder), "%s/copy", scratch);
	mkdir(copy->folder, 0777);
	snprintf(path, sizeof(path), "%s/energy", copy->folder);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/performance", copy->folder);
	mkdir(path, 0777);
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", of->path, names[i]);
		if (import_file_read(path, TINY_TRACE_BYTES_MAX, &copy->bytes[i], &copy->counts[i],
				     &err)) {
			puts(err.text);
			exit(2);
		}
		copy_write(copy, i, copy->bytes[i], copy->counts[i]);
	}
}

static const struct tiny_result *copy_load(const struct copy *copy)
{
	static struct tiny_result result;
	struct err err = {""};

	if (tiny_result_load(copy->folder, NULL, &result, &err)) {
		puts(err.text);
		exit(2);
	}
	return &result;
}

/* Section 5.1: a lost edge made a published result 30 % wrong. Whichever of the 11 edges is lost,
 * the result is refused, and the windows that are whole are offered. */
static void check_lost_edges(struct copy *copy, const struct tiny_result *honest)
{
	for (size_t lost = 0; lost < honest->edge_count; lost++) {
		const struct tiny_finding *reason;
		const struct tiny_result *result;
		char text[1024] = "[";

		for (size_t i = 0, put = 0; i < honest->edge_count; i++)
			if (i != lost)
				sprintf(text + strlen(text), "%s%.3f", put++ ? ",\n" : "",
					honest->edges_s[i]);
		strcat(text, "]");
		copy_write(copy, 1, (uint8_t *)text, strlen(text));
		result = copy_load(copy);
		reason = tiny_result_reason(result);
		check(reason && reason->reason == IMPORT_MARKER_LOST, "edge %zu lost: not found",
		      lost);
		check(fabs(result->alternative_j / honest->ours_j - 1) < 2e-3,
		      "edge %zu lost: offers %g, not %g J", lost, result->alternative_j,
		      honest->ours_j);
	}
	copy_write(copy, 1, copy->bytes[1], copy->counts[1]);
}

/* A trace that ends before its last edge, or inside a sample, is refused wherever it is cut. */
static void check_cuts(struct copy *copy, const struct tiny_result *honest)
{
	size_t needed = (size_t)(5 + 4e3 * honest->edges_s[honest->edge_count - 1]);

	for (size_t count = 0; count < copy->counts[0]; count += count < 64 ? 1 : 6007) {
		copy_write(copy, 0, copy->bytes[0], count);
		check((count >= needed && count % 4 == 1) ||
			      copy_load(copy)->verdict == IMPORT_REFUSED,
		      "trace cut at byte %zu is not refused", count);
	}
	copy_write(copy, 0, copy->bytes[0], copy->counts[0]);
	/* Behind its last figure, the median throughput, results.txt has a rule and a remark. */
	needed = (size_t)(strstr(strstr((char *)copy->bytes[2], "Median throughput"), "sec.") + 4 -
			  (char *)copy->bytes[2]);
	for (size_t count = 0; count < needed; count += count + 40 < needed ? 23 : 1) {
		copy_write(copy, 2, copy->bytes[2], count);
		check(copy_load(copy)->verdict == IMPORT_REFUSED,
		      "results.txt cut at byte %zu is not refused", count);
	}
	copy_write(copy, 2, copy->bytes[2], copy->counts[2]);
}

/* A flipped bit is refused, suspect, or too small to matter: an accepted number is right. */
static void check_flips(struct copy *copy, const struct tiny_result *honest)
{
	unsigned taken = 0, random = 1;

	for (unsigned i = 0; i < 600; i++) {
		unsigned file = i % 4, bit;
		const struct tiny_result *result;
		uint8_t *byte;

		random = random * 1664525u + 1013904223u;
		byte = &copy->bytes[file][(random >> 4) % copy->counts[file]];
		bit = random >> 29;
		*byte ^= (uint8_t)(1u << bit);
		copy_write(copy, (int)file, copy->bytes[file], copy->counts[file]);
		result = copy_load(copy);
		if (result->verdict == IMPORT_ACCEPTED) {
			taken++;
			check(fabs(result->ours_j / honest->ours_j - 1) < 4e-4,
			      "a flipped bit in %s is accepted as %g instead of %g J", names[file],
			      result->ours_j, honest->ours_j);
		}
		*byte ^= (uint8_t)(1u << bit);
		copy_write(copy, (int)file, copy->bytes[file], copy->counts[file]);
	}
	printf("600 flipped bits: %u without effect on an accepted number\n", taken);
}

static void check_damage(const struct import_report *report, const char *scratch)
{
	const struct tiny_result *honest =
		find_result(report, "v1.1", "STMicroelectronics", "NUCLEO_L4R5ZI", "kws");
	struct copy copy = {""};

	check(honest, "no NUCLEO_L4R5ZI kws of v1.1");
	if (!honest)
		return;
	copy_open(&copy, honest, scratch);
	check(copy_load(&copy)->verdict == IMPORT_ACCEPTED, "a copy is not accepted");
	check_lost_edges(&copy, honest);
	check_cuts(&copy, honest);
	check_flips(&copy, honest);
	for (int i = 0; i < 4; i++)
		free(copy.bytes[i]);
}

int main(int argc, char **argv)
{
	struct import_report report = {0};
	struct tiny_tree tree;
	struct err err = {""};

	if (argc != 3 || tiny_tree_find(argv[1], &tree, &err)) {
		fprintf(stderr, "usage: golden_mlperf_tiny TRACES SCRATCH %s\n", err.text);
		return 2;
	}
	report.results = calloc(tree.count, sizeof(*report.results));
	for (; report.results && report.count < tree.count; report.count++)
		if (tiny_result_load(tree.paths[report.count], NULL, &report.results[report.count],
				     &err))
			break;
	if (report.count < tree.count || import_report_make(&report, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	check_published(&report, argv[1]);
	check_clocks(&report);
	check_repeats(&report);
	check_damage(&report, argv[2]);
	free(report.results);
	import_report_done(&report);
	tiny_tree_done(&tree);
	return failures != 0;
}
