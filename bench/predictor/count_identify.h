/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Finds a count table by simulation: runs networks of random operators (count_nets.h) on the
 * virtual board, solves for the coefficients of every kernel, and proves them on networks that were
 * held out.
 */
#ifndef BENCH_PREDICTOR_COUNT_IDENTIFY_H
#define BENCH_PREDICTOR_COUNT_IDENTIFY_H

#include <stdio.h>

#include "bench/predictor/counts.h"

struct count_identify_job {
	const char *rig_program;                    /* path of virtual-rig */
	const char *firmware;                       /* path of the board's .bin */
	const char *board, *chip, *build, *runtime; /* for the table */
	enum image_kernel_set kernel_set;
	const uint32_t *clocks_hz; /* ascending; the base counters must be the same at all */
	unsigned clock_count;
	unsigned nets, held_out; /* networks to identify from, and to prove on */
	unsigned layers;         /* of each */
	uint64_t seed;
	unsigned threads;
	FILE *log; /* NULL: silent */
};

/* Minutes. What virtual_count_run() says; -EPROTO: the same network counted differently. */
int count_identify(const struct count_identify_job *job, struct count_table **ret_table,
		   struct err *err);

/* A table of the cases: how many layers they were found from and held against, what is exact. */
void count_table_print(const struct count_table *table, FILE *stream);

#endif
