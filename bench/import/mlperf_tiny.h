/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Public MLPerf Tiny submissions: every window integrated again from the raw trace, held against
 * what was published and against what else the submission says of itself.
 *
 * A result is a folder with energy/ and performance/results.txt beside it. energy/ holds
 * results.txt, log.txt if any, and trace1-energy.bin with trace1-timestamps.json (EnergyRunner) or
 * results.json (MLCommons runner). Nothing is repaired: where the evidence suggests another
 * reading, it is offered as `alternative`, and the result stays refused.
 */
#ifndef BENCH_IMPORT_MLPERF_TINY_H
#define BENCH_IMPORT_MLPERF_TINY_H

#include <limits.h>

#include "analysis/budget/budget.h"
#include "analysis/trace/energy.h"
#include "analysis/trace/falling.h"
#include "analysis/trace/repeat.h"
#include "bench/import/mlperf_tiny_files.h"
#include "bench/import/mlperf_tiny_runner.h"

enum { TINY_PROTOCOL_WINDOWS = 5, TINY_FINDINGS_MAX = 24, TINY_TEXT = 400 };

/* Where the runners differ in what their files say. */
struct tiny_layout {
	const char *runner;
	const char *trace_file, *edges_file; /* in energy/ */
	double energy_rel;   /* windows against published; EnergyRunner's sound ones reach 1e-4 */
	double sample_slack; /* or so many samples more or less at a window's end: short windows */
	double edge_slack_s; /* edges and what is printed of them are rounded to this */
	bool has_events;     /* edges are numbered, and each is of a run */
};
extern const struct tiny_layout tiny_layout_energyrunner, tiny_layout_mlcommons;

struct tiny_result;

/* Limits, with what the public submissions show (86 runs on CPUs and 92 in all, rounds v0.7 to
 * v1.3). */
struct tiny_limits {
	double duration_rel; /* windows against the performance run: more than this contradicts */
	double clock_rel;    /* ... and more than this is suspect: RC clocks reach 1.3 % */
	double pace_rel;     /* one window's inferences against the median's time: 0.1 % at most */
	double noise_rel;    /* of the windows' samples: as far below zero may those between be */
	double drift_rel;    /* second half over first half; median 0.03 % */
	/* A tenth of a window against the median of its tenths, where a CPU works alone and tenths have
	 * several inferences: 0.34 % at most; or so many times what samples at random would make. */
	double part_rel, part_scatters, part_inferences_min;
	double window_min_s, inferences_min; /* MLPerf Tiny rules, EnergyRunner */
	double tail_s, tail_max_s; /* recording goes on behind the last edge: 1 s, up to 2.2 s */
	double rescue_rel;         /* a gap is told from a window by this */
	/* At the largest value: of a window's samples, at most 0.1 %; that pile up there by this
	 * over the next value. */
	double top_share, top_pile;
	double equal_samples; /* in a row; at most 7 */
	double edge_rel;      /* a window's first or last block outside the others: 0.3 % */
	double power_min_w;   /* and tiny_meter.power_max_w */
	double supply_min_v, supply_max_v;
	double host_early_s, host_late_s; /* a run in the host's log against its window */
};
extern const struct tiny_limits tiny_limits;

/* Limits that are narrower where a CPU works alone; what is shown there, and elsewhere. */
struct tiny_spread {
	double scatter_rel;   /* s.d. over windows: 0.42 %, 0.9 % */
	double outlier_rel;   /* one window against the median: 0.92 %, 1.9 % */
	double sibling_power; /* of two models on one system, over one another; streaming ones
				 aside: 1.12, 1.6 */
};
const struct tiny_spread *tiny_spread_of(const struct tiny_result *result);

/* What is known of a power monitor's gain. */
struct tiny_meter {
	const char *name;   /* as the runner's log calls it */
	double limit_rel;   /* +- of energy, no distribution stated: u = limit / sqrt(3) */
	double power_max_w; /* that it can measure, or that any such board draws */
	const char *source;
};
extern const struct tiny_meter
	tiny_meters[]; /* ends with a NULL name; the first is for unknown ones */
const struct tiny_meter *tiny_meter_find(const char *name); /* never NULL */

struct tiny_finding {
	enum import_reason reason;
	char text[TINY_TEXT];
};

struct tiny_window {
	struct falling_window edges;
	struct energy_window energy;
	double inferences; /* NaN: not known */
	double energy_per_inference_j;
	double u_independent_j, u_common_j; /* of energy_per_inference_j */
	double published_per_inference_j;   /* NaN: not known */
};

struct tiny_result {
	char path[PATH_MAX]; /* the result's folder */
	const struct tiny_layout *layout;
	bool is_flat; /* no energy/ in it: its files lie in the folder itself */
	char round[16], division[16], submitter[64], system[128];
	char folder[64], model[64]; /* the model as the folder names it; "ad" "ic" "kws" "vww" "sww"
				       if known */
	int64_t macs, params; /* of the reference model, in the closed division; 0: not known */
	char board[32], chip[16], software[64];
	bool is_cpu_alone; /* a board that is known, and known to have no accelerator */
	double clock_hz;   /* nominal, from the board's table; 0: not known */
	const struct tiny_meter *meter;
	double supply_v;        /* NaN: not known */
	char content[72];       /* SHA-256 over the files read, hex */
	char trace_content[72]; /* of the trace alone; "" without */

	enum import_verdict verdict;
	struct tiny_finding findings[TINY_FINDINGS_MAX];
	unsigned finding_count;

	struct tiny_trace trace; /* samples are freed after judging; rate and count stay */
	double edges_s[TINY_EDGES_MAX];
	size_t edge_count;
	struct tiny_event events[TINY_EDGES_MAX]; /* of the edges; layouts with events only */
	struct tiny_run runs[TINY_WINDOWS_MAX];
	unsigned run_count; /* 0: the layout does not tell runs apart */
	struct tiny_results energy, performance;
	bool has_energy, has_performance;
	struct tiny_log log;
	char performance_model[24]; /* as the board called it in the performance run; "" */
	bool has_other_traces;      /* trace2-energy.bin lies beside the trace */
	bool is_stored;             /* the database has its windows from elsewhere */

	struct tiny_window windows[TINY_WINDOWS_MAX];
	unsigned window_count;
	double published_j, ours_j;           /* medians per inference; NaN: not known */
	struct budget_mean mean;              /* of the windows, per inference; zero: none */
	struct repeat_result repeat;          /* of energies per inference; zero: none */
	double power_w;                       /* median */
	double half_drift_rel, end_drift_rel; /* of the window where the first is largest */
	struct clock_comparison clock;   /* ratio 0: not known. From printed durations when no trace
					    tells them */
	char alternative[TINY_TEXT * 2]; /* "" : none */
	double alternative_j;            /* NaN: none */
};

/* Loads and judges one folder. Bad content is a finding, not an error. meter: what the submission
 * was measured with when its log does not say, NULL: not known. -ENOMEM. tiny_result_done is not
 * needed after an error. */
int tiny_result_load(const char *path, const char *meter, struct tiny_result *ret_result,
		     struct err *err);
void tiny_result_done(struct tiny_result *result);

/* Adds a finding; of those with the worst verdict the one that comes first in the list of reasons
 * decides. */
void tiny_result_find(struct tiny_result *result, enum import_reason reason, const char *format,
		      ...) __attribute__((format(printf, 3, 4)));
/* Whether that was found. */
bool tiny_result_has(const struct tiny_result *result, enum import_reason reason);
/* The finding that decides; NULL: accepted. */
const struct tiny_finding *tiny_result_reason(const struct tiny_result *result);

/* What results of one system say against each other: an inference of one model takes longer than
 * any board's does beside another model's, or powers are farther apart than those of any board. */
void tiny_results_judge_siblings(struct tiny_result *results, size_t count);

/* Flags each result whose trace is also that of one before it, or, of the two, the one that lies in
 * no submission: a copy is no second measurement. */
void tiny_results_find_copies(struct tiny_result *results, size_t count);

/* The arithmetic, on a result whose files are loaded. */
void tiny_result_judge(struct tiny_result *result);
/* Copies a name. Of one that does not fit, the beginning and a hash of all of it, so that two long
 * names that begin alike stay two. */
void tiny_copy_name(char *to, size_t size, const char *from, size_t length);

/* Who and what, from the folder's path. */
void tiny_result_identify(struct tiny_result *result);
/* Another reading of edges or rate that the rest of the submission supports, into alternative. */
void tiny_result_rescue(struct tiny_result *result);

struct tiny_tree {
	char (*paths)[PATH_MAX]; /* sorted */
	size_t count;
	size_t performance_only; /* folders with a performance run and no energy */
	/* Not looked into: links to folders, folders named as "Energy", what lies too deep. */
	size_t skipped;
	char first_skipped[PATH_MAX]; /* "" : none */
};

/* Every result folder at or below path. -ENOENT, -ENOTDIR, -EINVAL (no energy result at all),
 * -ENOMEM. Links to folders are not followed, but for a result's own parts. */
int tiny_tree_find(const char *path, struct tiny_tree *ret_tree, struct err *err);
void tiny_tree_done(struct tiny_tree *tree);

#endif
