/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Between the driver's own sources.
 */
#ifndef DRIVERS_DUT_MLPERF_TINY_INTERNAL_H
#define DRIVERS_DUT_MLPERF_TINY_INTERNAL_H

#include "drivers/dut/mlperf_tiny.h"
#include "drivers/dut/mlperf_tiny_text.h"

/* The answer to one command, line by line, until "m-ready". */
struct mlperf_tiny_answer {
	const char *command; /* for sentences: "infer" */
	/* 1: the line is part of the answer, 0: it is not, negative: it makes the answer void. */
	int (*take)(struct mlperf_tiny *dut, void *context, const char *line, struct err *err);
	void *context;
	int failed; /* the first error, and its sentence */
	struct err err;
};

/* An order of inferences under way. */
struct mlperf_tiny_order {
	bool is_running;
	unsigned step; /* lines of the order's fixed sequence that came */
	unsigned laps;
	struct mlperf_tiny_run run;
	struct mlperf_tiny_answer answer;
};

struct mlperf_tiny {
	struct link *link;
	enum mlperf_tiny_mode mode;
	enum mlperf_tiny_mode announced; /* by the board when it started; 0: that was not heard */
	bool is_synced;                  /* the next line that comes belongs to the next command */
	struct mlperf_tiny_stats stats;  /* but for cut, which lines counts */
	struct mlperf_tiny_lines lines;
	uint8_t received[512]; /* not parsed yet: from received_at to received_end */
	size_t received_at, received_end;
	struct mlperf_tiny_order order;
	char last_foreign[64]; /* start of the newest line that is no part of the protocol; "" */
};

/* Finds the place where answers begin, where that is not known, and sends the command. */
int mlperf_tiny_send(struct mlperf_tiny *dut, const char *command, struct err *err);
/* Takes the answer's lines. 1: it is whole (answer->failed says how it went), 0: the time is over.
 */
int mlperf_tiny_receive(struct mlperf_tiny *dut, struct mlperf_tiny_answer *answer, int timeout_ms,
			struct err *err);
/* Both; -ETIMEDOUT, or how it went. */
int mlperf_tiny_exchange(struct mlperf_tiny *dut, const char *command,
			 struct mlperf_tiny_answer *answer, struct err *err);
/* -EPROTO */
int mlperf_tiny_missing(struct mlperf_tiny *dut, const char *command, const char *what,
			struct err *err);

#endif
