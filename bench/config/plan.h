/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A plan: which models at which clocks, how often, and how one window is measured.
 */
#ifndef BENCH_CONFIG_PLAN_H
#define BENCH_CONFIG_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/config/levels.h"
#include "bench/trace/trace.h"
#include "drivers/err.h"

struct plan {
	const char *name;
	char **models; /* paths of .tflite files, patterns expanded, sorted */
	unsigned model_count;
	struct levels_wanted *clocks; /* no two alike; what they are on a board: levels_resolve */
	unsigned clock_count;
	double *temperatures_c;     /* around the boards, in the plan's order; no two alike */
	unsigned temperature_count; /* 0: whatever it is */
	char **builds;
	unsigned build_count;
	unsigned repeats;  /* accepted windows per point */
	unsigned warmups;  /* inferences before a window */
	unsigned attempts; /* windows tried per point before it is given up */
	double window_s;   /* a window lasts at least this long */
	double idle_s;     /* sleep before and after a window */
	double settle_s;   /* more of it before a window that follows a change of clock */
	bool optimised;    /* the boards' own kernels where they have them, not the portable ones */
	bool eliminate;    /* leave out channels that are proved constant */
	bool layers;       /* mark every layer on line 2 and keep its cycles */
	enum trace_retention traces; /* of which windows all samples are kept */
	/* Wanted standard uncertainty of a point's mean energy over its repeats, relative; 0: none.
	 * Windows become as long as that takes. */
	double target_u_rel;
	struct {
		double drift_rel; /* 0: none */
		double limit_s;   /* in the meter's time */
	} soak;                   /* before a window: until the current changes no more than that */
	bool has_exit;            /* models end early when they are sure: exit_ */
	unsigned exit_output;
	double exit_confidence;
	uint64_t seed;          /* of the order of points */
	uint32_t input_seed;    /* of the models' input */
	char *resolved;         /* one JSON object, as stored with the data */
	struct yaml_file *file; /* owns the strings */
};

/* Reads a plan file. Model paths are relative to the file; * and ? match. A pattern that matches
 * nothing is an error. Touches no hardware. Errors are "FILE:LINE: sentence". */
int plan_load(const char *path, struct plan **ret_plan, struct err *err);
const char *plan_runtime(const struct plan *plan); /* "portable" | "optimised" */
void plan_free(struct plan *plan);                 /* accepts NULL */

#endif
