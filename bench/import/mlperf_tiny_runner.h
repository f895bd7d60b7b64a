/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The files of an MLPerf Tiny energy result, as the MLCommons runner writes them (mlcommons/tiny,
 * benchmark/runner; round v1.3 of mlcommons/tiny_results_*). There is no specification; the formats
 * follow the runner's sources (main.py @6b4e30ae, script.py @09f3bf8a) and the public files of
 * STMicroelectronics and Syntiant (tiny_results_v1.3 @eae9ef9f, closed/STMicroelectronics/results/
 * NUCLEO_L4R5ZI-P, NUCLEO_U385RG_Q, NUCLEO_U575ZI_Q; closed/syntiant/results):
 *
 * - energy/results.json: an array, one object per run ("trial", five in a row), with "infer":
 *   {"iterations": N, "warmups": 1, ...}, "power": {"samples": [joules per millisecond],
 *   "timestamps": [["09", 10181], ["10", 21814]], "voltage": 1.8, ...}, "mode": "e". Written by
 *   Python's json: NaN may stand among samples.
 * - An event of "timestamps" is the monitor's own number of it, as text, and how many samples of
 *   this run had come before: edges are known to 1 ms. Numbers go on over the runs ("00" to "09"),
 *   and so do the samples, because a run takes what the monitor has sent since the run before. When
 *   the board resets as the host opens its port, one event more comes before those of the first run
 *   ("00" to "10").
 * - The runner takes the last two events of a run and sums the samples [first, second). The
 *   monitor's rate is in no file: 1 kHz is hard-wired.
 * - energy/results.txt: "Power Edition Output", then per run elapsed time, inferences, power,
 *   energy, energy per inference, and the median. No throughput, no place of the window.
 * - performance/results.txt: per window inferences, runtime in microseconds, throughput in full.
 * - energy/log.txt: inferences asked for, samples and events captured of each run; the monitor by
 *   the baud rate of its port, which devices.yaml gives to the LPM01A alone, or by lines of the
 *   JS220's reader.
 *
 * With a JS220 the runner sums 1 MHz samples to 1 kHz and closes a sum early at an edge
 * (power_manager_js220.py @1afd2c98): such a window may be 1 ms shorter than its samples say. The
 * logs of round v1.3 that were looked at name the LPM01A alone. A streaming wakeword result has one
 * run of 1200 s and no inferences to divide by. Versions before the round printed other lines in
 * results.txt; they are refused.
 */
#ifndef BENCH_IMPORT_MLPERF_TINY_RUNNER_H
#define BENCH_IMPORT_MLPERF_TINY_RUNNER_H

#include "bench/import/mlperf_tiny_files.h"

/* An edge, of which run, and the monitor's number of it. */
struct tiny_event {
	unsigned run;
	long number;
};

struct tiny_run {
	double inferences; /* as asked of the board */
	double supply_v;   /* as set; NaN: not said */
	size_t first_sample, samples;
	size_t first_edge, edges;
};

/* All runs in one trace, in joules, and one time axis. */
struct tiny_session {
	struct tiny_run runs[TINY_WINDOWS_MAX];
	unsigned run_count;
	struct tiny_trace trace;
	double edges_s[TINY_EDGES_MAX];
	struct tiny_event events[TINY_EDGES_MAX];
	size_t edge_count;
};

/* results.json of an energy run. Like the parsers of mlperf_tiny_files.h; tiny_trace_done frees the
 * trace. Samples are whatever the file has. Events are inside their run; their numbers, order and
 * count are what the file has. */
int tiny_runner_session_parse(const char *path, const uint8_t *bytes, size_t count,
			      struct tiny_session *ret_session, enum import_reason *ret_reason,
			      struct err *err);

/* Whether a results.txt, of an energy or a performance run, is this runner's. */
bool tiny_runner_text_is(const uint8_t *bytes, size_t count);
bool tiny_runner_text_is_energy(const uint8_t *bytes, size_t count);

/* What the energy run's file does not print, throughputs, is inferences over elapsed time. */
int tiny_runner_results_parse(const char *path, const uint8_t *bytes, size_t count,
			      struct tiny_results *ret_results, enum import_reason *ret_reason,
			      struct err *err);

void tiny_runner_log_parse(const uint8_t *bytes, size_t count, struct tiny_log *ret_log);

#endif
