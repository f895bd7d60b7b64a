/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Counts without toolchain or simulator: what a board's core executes for a model, as polynomials
 * in the shapes of its layers. A table holds, for every kernel of one board, build and runtime, how
 * each counter depends on the variables of the kernel's case (count_shape.h). It is identified from
 * runs on the virtual board (count_identify.h); count_table_count() needs the model image alone.
 *
 * A counter of a case is exact when whole (or rational) coefficients gave every layer's count, of
 * the layers they were found from and of others that were held out, to the last instruction.
 * Otherwise it is fitted, and its error over the same layers is told. Where a kernel branches on
 * results that must be limited to the activation's bounds, counts are exact for a given number of
 * those, which a shape does not tell: they are bounded by none and by all.
 *
 * Cycles are modelled, as the simulator models them. Without the flash's wait states they are
 * polynomials where the core's cost per instruction does not depend on its neighbours or on data;
 * stalls depend on what the caches held, are fitted, and never exact.
 */
#ifndef BENCH_PREDICTOR_COUNTS_H
#define BENCH_PREDICTOR_COUNTS_H

#include <jansson.h>

#include "bench/model/model.h"
#include "bench/predictor/count_shape.h"
#include "bench/session/virtual_count.h"

enum {
	COUNT_CLOCKS_MAX = 8,
	/* in front of the classes */
	COUNT_INSTRUCTIONS = 0,
	COUNT_TAKEN_BRANCHES,
	COUNT_FLASH_DATA_READS,
	COUNT_CLASS_FIRST,
	COUNT_TARGETS_MAX = COUNT_CLASS_FIRST + COUNT_CLASSES_MAX + 3 * COUNT_CLOCKS_MAX,
	/* of each clock, behind the classes: cycles without stalls, and both kinds of stalls */
	COUNT_CORE_CYCLES = 0,
	COUNT_FETCH_STALLS,
	COUNT_FLASH_STALLS,
	COUNT_PER_CLOCK,
};

/* How one counter of a case was found. */
struct count_quality {
	bool exact;
	bool data; /* exact only where no output can be limited, or for a given number of them */
	/* (count - fit) / fit over all layers seen; of exact ones with data: over those whose
	 * data is not known, as if none was limited. */
	double error_least, error_most, error_rms;
};

/* A variable that is a combination of the terms in every layer seen: where it is not, the table
 * does not know. */
struct count_check {
	uint8_t variable;
	uint8_t term_count; /* 0: the variable is 0 */
	int64_t divisor;
	uint8_t *terms; /* indices in the entry's terms */
	int64_t *factors;
};

struct count_entry {
	const struct count_case *of;
	unsigned term_count;
	uint8_t terms[COUNT_VARIABLES_MAX];     /* indices of the case's variables */
	const char *names[COUNT_VARIABLES_MAX]; /* of all its variables */
	unsigned variable_count;
	int64_t *exact; /* term_count x target_count; 0 where fitted */
	int64_t divisors[COUNT_TARGETS_MAX];
	double *fitted; /* term_count x target_count; 0 where exact */
	bool has_divisors, has_fits;
	struct count_quality qualities[COUNT_TARGETS_MAX];
	struct count_check *checks;
	unsigned check_count;
	unsigned layers_identified, layers_held_out;
};

struct count_table {
	char board[64], chip[32], build[32], runtime[16];
	unsigned class_count;
	char class_names[COUNT_CLASSES_MAX][COUNT_CLASS_NAME_MAX];
	unsigned clock_count;
	uint32_t clocks_hz[COUNT_CLOCKS_MAX];
	unsigned target_count;
	/* The first layer of an inference costs this more; a whole inference is the sum of its
	 * layers, base, and per_layer for each (its mark, so it is negative). */
	double first[COUNT_TARGETS_MAX], base[COUNT_TARGETS_MAX], per_layer[COUNT_TARGETS_MAX];
	bool whole_exact; /* those of instructions, branches, reads and classes */
	unsigned nets;
	struct count_entry *entries[COUNT_CASES_MAX]; /* by the case's index; NULL: not seen */
};

enum count_status {
	COUNT_EXACT = 1, /* instructions, classes, branches and reads of flash data */
	COUNT_BOUNDED,   /* between least and most: by data, or as far as errors were seen, or
			    up to an alternative of the kernel's plan that was never seen */
	COUNT_UNKNOWN,   /* its kernel is not in the table, or not for such a shape: all zeros */
};

struct count_layer {
	enum count_status status;
	struct count_span span; /* its mark included, as of a simulated count */
	/* Of bounded ones; else the same as the span's. */
	uint64_t instructions_least, instructions_most;
};

struct model_counts {
	unsigned layer_count, exact, bounded, unknown;
	struct count_span whole; /* of the known layers */
	uint64_t instructions_least, instructions_most;
	struct count_layer layers[IMAGE_OPS_MAX];
};

/* Counts one inference. image: bytes of a valid model image. clock: index in clocks_hz. No memory
 * is allocated; a few microseconds for a model of a dozen layers. -EINVAL: the image has an exit.
 * Layers that are not known are no error: look at unknown. */
int count_table_count(const struct count_table *table, const uint8_t *image, unsigned clock,
		      struct model_counts *ret_counts, struct err *err);
/* Names the first layer that is not known; -EINVAL. */
int count_table_refuse(const struct count_table *table, const uint8_t *image,
		       const struct model_counts *counts, struct err *err);
/* Index in clocks_hz; 0 stands for the last. -EINVAL names those there are. */
int count_table_clock(const struct count_table *table, uint32_t hz, unsigned *ret_clock,
		      struct err *err);

const char *count_status_name(enum count_status status);
/* "instructions", "core_cycles@120000000"; of a target. */
void count_target_name(const struct count_table *table, unsigned target, char ret_name[48]);
/* The targets' values of a simulated span; those of one clock only. */
void count_targets_of(const struct count_table *table, const struct count_span *span,
		      unsigned clock, int64_t *to);

struct count_table *count_table_new(void);        /* NULL: out of memory */
void count_table_free(struct count_table *table); /* accepts NULL */
struct count_entry *count_entry_new(unsigned terms, unsigned targets, unsigned checks);
void count_entry_free(struct count_entry *entry); /* accepts NULL */

/* Schema joulebench.counts/1: for the key "counts" of a predictor, or a file of its own. NULL: out
 * of memory. */
json_t *count_table_to_json(const struct count_table *table);
/* -EINVAL says what is wrong with it; -ENOMEM. */
int count_table_from_json(const json_t *json, struct count_table **ret_table, struct err *err);
int count_table_load(const char *path, struct count_table **ret_table, struct err *err);
int count_table_save(const struct count_table *table, const char *path, struct err *err);

#endif
