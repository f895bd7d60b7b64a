/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A made-up MLPerf Tiny result that agrees with itself, to be spoiled by tests. Numbers are printed
 * from sums of their own (long double), not by the code under test.
 */
#ifndef TESTS_UNIT_BENCH_TINY_SUBMISSION_H
#define TESTS_UNIT_BENCH_TINY_SUBMISSION_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SUBMISSION_WINDOWS = 5, SUBMISSION_EDGES_MAX = 16, SUBMISSION_SAMPLES = 110000 };

struct submission {
	float header_rate_hz;
	unsigned char magic;
	float samples[SUBMISSION_SAMPLES * 2]; /* microjoules per millisecond */
	size_t sample_count;
	double edges_s[SUBMISSION_EDGES_MAX];
	size_t edge_count;
	int windows; /* printed in results.txt */
	int inferences;
	double window_s;        /* true duration */
	double dut_fast_rel;    /* the DUT's clock runs fast by this */
	double printed_factor;  /* on every printed energy: 1 is honest */
	int printed_first_edge; /* edge that results.txt takes for its first window's start */
	const char *log;        /* NULL: none */
	bool no_trace, no_timestamps, no_results, no_performance;
};

/* 10.5 s windows of 300 inferences with layers' ripple, 8 s gaps, 30 mW against 20 mW. */
static inline void submission_fill(struct submission *it)
{
	memset(it, 0, sizeof(*it));
	it->header_rate_hz = 1000;
	it->magic = 0xF1;
	it->windows = SUBMISSION_WINDOWS;
	it->inferences = 300;
	it->window_s = 10.5;
	it->dut_fast_rel = 0.004;
	it->printed_factor = 1;
	it->printed_first_edge = 1;
	it->edges_s[it->edge_count++] = 0.017;
	for (int i = 0; i < SUBMISSION_WINDOWS; i++) {
		it->edges_s[it->edge_count++] = 9 + 18.5 * i;
		it->edges_s[it->edge_count++] = 9 + 18.5 * i + it->window_s;
	}
	it->sample_count = (size_t)(1000 * (it->edges_s[10] + 1.3));
	for (size_t k = 0; k < it->sample_count; k++)
		it->samples[k] = 20;
	for (int i = 0; i < SUBMISSION_WINDOWS; i++)
		for (int k = 0; k < 10500; k++)
			it->samples[9000 + 18500 * i + k] =
				30 + (float)(k % 35) / 35 + 0.01f * (float)i;
}

static inline double submission_sum(const struct submission *it, double start_s, double end_s)
{
	long double sum = 0;

	for (size_t k = (size_t)lround(1000 * start_s);
	     k < (size_t)lround(1000 * end_s) && k < it->sample_count; k++)
		sum += it->samples[k];
	return (double)sum * it->printed_factor;
}

static inline FILE *submission_open(const char *folder, const char *name)
{
	char path[700];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	stream = fopen(path, "wb");
	if (!stream) {
		perror(path);
		exit(1);
	}
	return stream;
}

static inline int submission_compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static inline double submission_median(double *values, int count)
{
	if (!count)
		return 0;
	qsort(values, (size_t)count, sizeof(*values), submission_compare);
	return count % 2 ? values[count / 2] : (values[count / 2] + values[count / 2 - 1]) / 2;
}

static inline void submission_print_pace(FILE *stream, const char *name, int window, int inferences,
					 double runtime_s)
{
	fprintf(stream, "00156.583 %s: Performance results for window %d:\n", name, window);
	fprintf(stream, "00156.583 %s:   # Inferences : %12d\n", name, inferences);
	fprintf(stream, "00156.583 %s:   Runtime      : %12.3f sec.\n", name, runtime_s);
	fprintf(stream, "00156.583 %s:   Throughput   : %12.3f inf./sec.\n", name,
		inferences / runtime_s);
	fprintf(stream, "00156.583 %s: Runtime requirements have been met.\n", name);
}

static inline void submission_write_results(const struct submission *it, const char *folder)
{
	static const char rule[] =
		"00156.581 ulp-ml: ---------------------------------------------------------\n";
	FILE *stream = submission_open(folder, "energy/results.txt");
	double costs[SUBMISSION_EDGES_MAX], paces[SUBMISSION_EDGES_MAX];

	for (int i = 0; i < it->windows; i++) {
		double start_s = it->edges_s[it->printed_first_edge + 2 * i];
		double end_s = it->edges_s[it->printed_first_edge + 2 * i + 1];
		double energy_uj = submission_sum(it, start_s, end_s);

		costs[i] = energy_uj / it->inferences;
		paces[i] = it->inferences / (end_s - start_s);
		fprintf(stream,
			"00156.544 ulp-ml: Energy data for window %d at time %.2f for %.2f sec.:\n",
			2 + 2 * i, start_s, end_s - start_s);
		fprintf(stream, "00156.544 ulp-ml:   Energy       : %12.3f uJ\n", energy_uj);
		fprintf(stream, "00156.544 ulp-ml:   Power        : %12.3f uW\n",
			energy_uj / (end_s - start_s));
		fprintf(stream, "00156.545 ulp-ml:   Energy/Inf.  : %12.3f uJ/inf.\n", costs[i]);
	}
	fprintf(stream, "%s00156.581 ulp-ml: Median energy cost is %.3f uJ/inf.\n%s", rule,
		submission_median(costs, it->windows), rule);
	for (int i = 0; i < it->windows; i++)
		submission_print_pace(stream, "ulp-ml", 2 + 2 * i, it->inferences,
				      it->edges_s[it->printed_first_edge + 2 * i + 1] -
					      it->edges_s[it->printed_first_edge + 2 * i]);
	fprintf(stream, "%s00156.583 ulp-ml: Median throughput is %.3f inf./sec.\n%s", rule,
		submission_median(paces, it->windows), rule);
	fprintf(stream, "00156.583 ulp-ml: Cannot compute accuracy metrics in single-run mode.\n");
	fclose(stream);
}

static inline void submission_write_performance(const struct submission *it, const char *folder)
{
	FILE *stream = submission_open(folder, "performance/results.txt");
	double runtime_s = it->window_s * (1 + it->dut_fast_rel);

	for (int i = 0; i < SUBMISSION_WINDOWS; i++)
		submission_print_pace(stream, "ulp-mlperf", 2 + 2 * i, 300, runtime_s);
	fprintf(stream, "00098.344 ulp-mlperf: Median throughput is %.3f inf./sec.\n",
		300 / runtime_s);
	fclose(stream);
}

static inline void submission_write_trace(const struct submission *it, const char *folder)
{
	FILE *stream = submission_open(folder, "energy/trace1-energy.bin");

	fwrite(&it->magic, 1, 1, stream);
	fwrite(&it->header_rate_hz, sizeof(float), 1, stream);
	fwrite(it->samples, sizeof(float), it->sample_count, stream);
	fclose(stream);
}

static inline void submission_write_timestamps(const struct submission *it, const char *folder)
{
	FILE *stream = submission_open(folder, "energy/trace1-timestamps.json");

	fputs("[\n", stream);
	for (size_t i = 0; i < it->edge_count; i++)
		fprintf(stream, "\t%.3f%s\n", it->edges_s[i], i + 1 < it->edge_count ? "," : "");
	fputs("]", stream);
	fclose(stream);
}

/* Makes folder and writes the result into it. */
static inline void submission_write(const struct submission *it, const char *folder)
{
	char path[700];

	mkdir(folder, 0777);
	snprintf(path, sizeof(path), "%s/energy", folder);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/performance", folder);
	mkdir(path, 0777);
	if (!it->no_trace)
		submission_write_trace(it, folder);
	if (!it->no_timestamps)
		submission_write_timestamps(it, folder);
	if (!it->no_results)
		submission_write_results(it, folder);
	if (!it->no_performance)
		submission_write_performance(it, folder);
	if (it->log) {
		FILE *stream = submission_open(folder, "energy/log.txt");

		fputs(it->log, stream);
		fclose(stream);
	}
}

#endif
