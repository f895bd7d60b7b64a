/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What "joulebench import mlperf-tiny" prints: results, clock ratios, repeatability and drift.
 */
#ifndef BENCH_IMPORT_IMPORT_REPORT_H
#define BENCH_IMPORT_IMPORT_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "bench/import/mlperf_tiny.h"
#include "bench/import/rows.h"

/* Over the results of one system in one round that have a clock ratio. */
struct import_clocks {
	char round[16], submitter[64], system[128];
	unsigned count;
	double least_rel, largest_rel; /* throughput by the DUT's clock over the meter's, less 1 */
};

/* Relative values over results that were not refused. */
struct import_spread {
	unsigned count;
	double median, p90, largest;
};

struct import_report {
	const char *path, *database;
	struct tiny_result *results;
	size_t count, performance_only, skipped;
	const char *first_skipped; /* borrowed; NULL: none */
	struct import_count rows;
	unsigned accepted, suspect, refused;
	struct import_clocks *clocks;
	size_t clock_count;
	struct import_spread scatter, scatter_cpu, drift, drift_cpu, half_drift, difference;
	double worst_difference_sound; /* of accepted results, absolute */
};

/* Fills what follows from results and count. -ENOMEM. */
int import_report_make(struct import_report *report, struct err *err);
void import_report_done(struct import_report *report); /* not the results */
void import_report_print(const struct import_report *report, FILE *stream);
json_t *import_report_json(const struct import_report *report); /* NULL: out of memory */

#endif
