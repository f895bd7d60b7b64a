/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The files of an MLPerf Tiny energy result, as EEMBC's EnergyRunner writes them (rounds v0.7 to
 * v1.2 of mlcommons/tiny_results_*; mlperf_tiny_runner.h has the layout that followed). There is no
 * specification; the formats follow the public files:
 *
 * - trace1-energy.bin: 0xF1, float32 LE sample rate in Hz, then float32 LE energies per sample in
 *   microjoules
 * - trace1-timestamps.json: array of numbers, falling edges in seconds from the trace's begin; one
 *   when the device is ready, then start and stop of each window
 * - results.txt: lines "SSSSS.mmm NAME: TEXT", energies and durations per window, their medians
 * - log.txt: the session's protocol (optional): monitor, supply voltage, inferences started
 *
 * Parsers are pure functions over bytes. They return 0, or -EINVAL with a reason of the closed list
 * and a sentence that names path and line or byte offset; -ENOMEM. path is used in sentences only.
 */
#ifndef BENCH_IMPORT_MLPERF_TINY_FILES_H
#define BENCH_IMPORT_MLPERF_TINY_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/import/reason.h"
#include "drivers/err.h"

enum {
	TINY_TRACE_BYTES_MAX = 256 << 20,
	TINY_TEXT_BYTES_MAX = 16 << 20,
	TINY_HEADER_BYTES = 5,
	TINY_EDGES_MAX = 256,
	TINY_WINDOWS_MAX = 16,
};

struct tiny_trace {
	double rate_hz;
	float *samples;
	double joule_per_unit; /* of the samples */
	size_t count;
};

/* tiny_trace_done frees. Samples are whatever the file has: NaN, negative. */
int tiny_trace_parse(const char *path, const uint8_t *bytes, size_t count,
		     struct tiny_trace *ret_trace, enum import_reason *ret_reason, struct err *err);
void tiny_trace_done(struct tiny_trace *trace); /* accepts a zeroed one */

/* Numbers in the order of the file, which may be out of order in time. */
int tiny_timestamps_parse(const char *path, const uint8_t *bytes, size_t count,
			  double edges_s[TINY_EDGES_MAX], size_t *ret_count,
			  enum import_reason *ret_reason, struct err *err);

/* NaN: the file does not say. */
struct tiny_results_window {
	unsigned number; /* as printed: 2, 4, 6, ... */
	unsigned line;   /* of its first line */
	double at_s, for_s;
	double energy_j, power_w, energy_per_inference_j;
	double inferences, runtime_s, throughput_hz;
};

/* Nothing of it is known yet. */
struct tiny_results_window tiny_results_window_begin(unsigned number, unsigned line);

/* What the last digit printed is worth. */
struct tiny_digits {
	double place_s; /* of at_s and for_s */
	double runtime_s, throughput_hz, energy_j, power_w;
};

struct tiny_results {
	struct tiny_results_window windows[TINY_WINDOWS_MAX]; /* in the order of the file */
	unsigned count, with_energy, with_performance;
	double median_energy_j, median_throughput_hz; /* NaN: not printed */
	unsigned complaints;                          /* "e-[...]" lines of the runner itself */
	struct tiny_digits digits;
	bool is_streaming; /* one window over a stream of sound: no inferences to divide by */
};

/* Of either runner; which one shows in the first line. */
int tiny_results_parse(const char *path, const uint8_t *bytes, size_t count,
		       struct tiny_results *ret_results, enum import_reason *ret_reason,
		       struct err *err);

struct tiny_log {
	char meter[24];                      /* "lpm01a"; "" when the log does not say */
	char model[24];                      /* as the board calls it, "kws01"; "" likewise */
	double supply_v;                     /* NaN: not said */
	double inferences[TINY_WINDOWS_MAX]; /* asked of each run, in order */
	double host_s[TINY_WINDOWS_MAX]; /* from "infer-start" to "infer-done" in the host's log */
	unsigned runs;
	/* What the host had of each run, in order; MLCommons runner. */
	double captured_samples[TINY_WINDOWS_MAX], captured_edges[TINY_WINDOWS_MAX];
	unsigned captures;
};

/* Takes what it knows from any text; never fails. */
void tiny_log_parse(const uint8_t *bytes, size_t count, struct tiny_log *ret_log);

#endif
