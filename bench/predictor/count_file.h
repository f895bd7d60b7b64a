/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What "joulebench count --json" wrote (schema joulebench.count/1): cycles and instruction classes
 * of one inference, whole and per layer.
 */
#ifndef BENCH_PREDICTOR_COUNT_FILE_H
#define BENCH_PREDICTOR_COUNT_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "analysis/predictor/kinds.h"
#include "bench/predictor/dataset.h"
#include "drivers/err.h"

struct count_file_span {
	double cycles;
	double stall_cycles; /* for flash, of fetches and data */
	double classes[KIND_CLASSES_MAX];
};

struct count_file_layer {
	unsigned layer;
	char operator_name[40];
	struct count_file_span span;
};

struct count_file {
	char path[256], model[64], model_sha256[72], board[64], chip[16], build[16], runtime[48];
	bool is_virtual;
	int64_t clock_hz;
	size_t class_count;
	char class_name[KIND_CLASSES_MAX][DATASET_CLASS_NAME];
	struct count_file_span whole; /* cycles: as the firmware counts a window of one inference */
	struct count_file_layer *layers;
	size_t layer_count;
};

/* -EINVAL with file and key; what import_file_read says; -ENOMEM. Freed with count_file_done. */
int count_file_load(const char *path, struct count_file *ret_file, struct err *err);
void count_file_done(struct count_file *file);

/* Sums of classes, for KIND_MEMORY and KIND_MULTIPLIES. names: count of them, as in class_name. */
double count_memory(const char (*names)[DATASET_CLASS_NAME], size_t count, const double *classes);
double count_multiplies(const char (*names)[DATASET_CLASS_NAME], size_t count,
			const double *classes);

#endif
