/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Inside of count_identify: networks counted, rows of layers from them, and what the rows tell.
 */
#ifndef BENCH_PREDICTOR_COUNT_IDENTIFY_PARTS_H
#define BENCH_PREDICTOR_COUNT_IDENTIFY_PARTS_H

#include <pthread.h>

#include "bench/predictor/count_identify.h"
#include "bench/predictor/count_nets.h"
#include "bench/predictor/count_solve.h"

/* What one network came to. */
struct net_result {
	struct count_net net;
	unsigned class_count;
	char class_names[COUNT_CLASSES_MAX][COUNT_CLASS_NAME_MAX];
	struct count_span whole[COUNT_CLOCKS_MAX];
	struct count_span *layers; /* clocks x layers */
};

struct campaign {
	const struct count_identify_job *job;
	struct net_result *results;
	unsigned count, next, done;
	pthread_mutex_t lock;
	int failure;
	struct err err;
};

/* Counts all networks on the virtual board. What virtual_count_run says. */
int campaign_count(struct campaign *campaign, struct err *err);

/* One layer that was counted. */
struct row {
	const struct count_case *of;
	struct count_variables variables; /* those of data as the mood says */
	int64_t targets[COUNT_TARGETS_MAX];
	bool held_out, wild;
};

struct rows {
	struct row *list;
	size_t count;
};

/* Every layer of every network whose case is known. -ENOMEM; -EPROTO: the same network counted
 * differently. The caller frees rows->list. */
int rows_fill(const struct campaign *campaign, const struct count_table *table, struct rows *rows,
	      struct err *err);

/* What surrounds the layers: the first layer's own, and a whole inference less its layers. */
void surround_find(const struct campaign *campaign, struct count_table *table);

/* An entry of the table for each case that has layers enough. */
int cases_identify(const struct rows *rows, struct count_table *table, FILE *log, struct err *err);

#endif
