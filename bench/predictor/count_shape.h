/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How often the parts of a kernel run, as a function of an operator's shape alone: trip counts of
 * its loops, and which of its alternatives are taken. A kernel's counters are linear in them, so
 * that a layer's counts are a polynomial in its shape, piecewise by its remainders and borders.
 *
 * A case is a kernel function, or the half of one that a predicate of the shape chooses; it has one
 * list of variables in a fixed order. Which function runs an operator, and with which constants,
 * was decided when the image was made (bench/model); firmware/image/needs*.h say how it splits its
 * work. Variables that turn out to depend on others are no harm: identification drops them.
 */
#ifndef BENCH_PREDICTOR_COUNT_SHAPE_H
#define BENCH_PREDICTOR_COUNT_SHAPE_H

#include <stdbool.h>

#include "firmware/image/needs.h"

enum { COUNT_VARIABLES_MAX = 160, COUNT_DATA_MAX = 16, COUNT_CASE_NAME_MAX = 48 };

/* Variables of data, for instance how many outputs are limited to the activation's bounds at one
 * place of the kernel: a shape gives only the most they can be. They come in pairs of which both
 * together are no more than that; names begin with "low." or "high." where they are bounds. */
struct count_variables {
	unsigned count;
	int64_t values[COUNT_VARIABLES_MAX]; /* 0 for variables of data */
	const char *names[COUNT_VARIABLES_MAX];
	unsigned data_count;
	uint8_t data[COUNT_DATA_MAX]; /* which they are, and the most they can be */
	int64_t data_most[COUNT_DATA_MAX];
	/* The operator's constants, for what depends on them; set before the case is asked. */
	const uint8_t *weights, *channels;
};

struct count_case {
	const char *name; /* "armv7em.gemm_up.pairs" */
	void (*fill)(const struct image_use *use, struct count_variables *to);
};

enum { COUNT_CASES_MAX = 64 };

/* The case that runs an operator; NULL: it has no variables of its own yet. The index is the same
 * for the same case as long as the process lives. */
const struct count_case *count_case_of(const struct image_use *use, unsigned *ret_index);
/* By index; NULL behind the last. */
const struct count_case *count_case_at(unsigned index);
/* "armv7em.gemm_up", whether it has a case or not. */
void count_kernel_name(const struct image_op *op, char ret_name[COUNT_CASE_NAME_MAX]);

struct image_use count_use(const struct image_header *header, unsigned op_index);
/* Asks the case for its variables. image: the image's bytes. */
void count_variables_fill(const struct count_case *of, const struct image_use *use,
			  const uint8_t *image, struct count_variables *ret_variables);

/* AVERAGE_POOL_2D and MAX_POOL_2D of the portable and the RV32 set. */
void count_pool_fill(const struct image_use *use, struct count_variables *to);
/* portable_window_gather() for every output pixel. */
void count_portable_gather_put(const struct image_use *use, struct count_variables *to);

/* The next variable. */
static inline void count_put(struct count_variables *to, const char *name, int64_t value)
{
	if (to->count < COUNT_VARIABLES_MAX) {
		to->values[to->count] = value;
		to->names[to->count] = name;
	}
	to->count++;
}

static inline void count_put_data(struct count_variables *to, const char *name, int64_t most)
{
	if (to->count < COUNT_VARIABLES_MAX && to->data_count < COUNT_DATA_MAX) {
		to->data[to->data_count] = (uint8_t)to->count;
		to->data_most[to->data_count] = most;
	}
	to->data_count++;
	count_put(to, name, 0);
}

/* Sets of cases. select: which of them runs the operator, -1: none. */
struct count_case_set {
	const struct count_case *cases;
	unsigned count;
	int (*select)(const struct image_use *use);
	void (*kernel_name)(const struct image_op *op, char ret_name[COUNT_CASE_NAME_MAX]);
};
extern const struct count_case_set count_cases_portable, count_cases_armv7em, count_cases_rv32;

#endif
