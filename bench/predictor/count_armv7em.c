/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The cases of the Armv7E-M set, and its simple functions (add.c, pool.c).
 */
#include "bench/predictor/count_armv7em.h"

#include <stdio.h>

void count_clamp_put(const struct image_use *use, struct count_variables *to)
{
	const struct image_op *op = use->op;
	bool on = op->activation_min != -128 || op->activation_max != 127;
	int64_t bytes = use->out->bytes;

	count_put(to, "clamp", on);
	count_put(to, "clamp.min", op->activation_min != -128);
	count_put(to, "clamp.words", on ? bytes / 4 : 0);
	count_put(to, "clamp.bytes", on ? bytes % 4 : 0);
	count_put(to, "clamp.any_words", on && bytes >= 4);
	count_put(to, "clamp.any_bytes", on && bytes % 4);
	count_put(to, "clamp.only_bytes", on && bytes < 4);
	/* the last bytes one by one */
	count_put_data(to, "low.clamp", on ? bytes % 4 : 0);
	count_put_data(to, "high.clamp", on ? bytes % 4 : 0);
	count_put_data(to, "low.clamp_last", on && bytes % 4);
	count_put_data(to, "high.clamp_last", on && bytes % 4);
}

void count_add_fill(const struct image_use *use, struct count_variables *to)
{
	int64_t bytes = use->out->bytes;

	count_put(to, "1", 1);
	count_put(to, "words", bytes / 4);
	count_put(to, "bytes", bytes % 4);
	count_put(to, "any_words", bytes >= 4);
	count_put(to, "any_bytes", bytes % 4 != 0);
	count_put(to, "only_bytes", bytes < 4);
	count_clamp_put(use, to);
}

void count_mul_fill(const struct image_use *use, struct count_variables *to)
{
	count_put(to, "1", 1);
	count_put(to, "bytes", use->out->bytes);
	count_clamp_put(use, to);
}

/* Sums over both axes of a pool, all windows. */
struct pool_axis {
	int64_t taps, low, high, whole;
};

static struct pool_axis pool_axis_sum(const struct count_axis *axis)
{
	struct pool_axis sum = {0};

	for (int32_t i = 0; i < axis->out; i++) {
		int32_t first = count_axis_first(axis, i), before, inside;

		count_taps(axis, first, &before, &inside);
		sum.taps += inside;
		sum.low += first < 0;
		sum.high += first + axis->kernel > axis->in;
	}
	return sum;
}

/* Averages of more than 255 taps are summed up in pieces of whole rows. */
static int64_t pool_pieces(const struct count_axis *y, const struct count_axis *x,
			   int64_t *ret_large)
{
	int64_t pieces = 0;

	*ret_large = 0;
	if (y->kernel * x->kernel <= 255)
		return (int64_t)y->out * x->out;
	for (int32_t i = 0; i < y->out; i++)
		for (int32_t k = 0; k < x->out; k++) {
			int32_t before, rows, columns, most;

			count_taps(y, count_axis_first(y, i), &before, &rows);
			count_taps(x, count_axis_first(x, k), &before, &columns);
			most = rows * columns > 255 ? 255 / columns : rows;
			*ret_large += rows * columns > 255;
			pieces += (rows + most - 1) / most;
		}
	return pieces;
}

void count_pool_fours_fill(const struct image_use *use, struct count_variables *to)
{
	const struct count_axis y = count_axis_y(use), x = count_axis_x(use);
	const struct pool_axis rows = pool_axis_sum(&y), columns = pool_axis_sum(&x);
	const int64_t batches = use->out->shape[0], channels = use->in[0]->shape[3];
	const int64_t windows = batches * y.out * x.out, fours = channels / 4, ones = channels % 4;
	const int64_t window_rows = batches * rows.taps * x.out;
	int64_t maxima, large, pieces = pool_pieces(&y, &x, &large) * batches;

	large *= batches;
	count_put(to, "1", 1);
	count_put(to, "rows", batches * y.out);
	count_put(to, "batches", batches);
	count_put(to, "rows.low", batches * rows.low);
	count_put(to, "rows.high", batches * rows.high);
	count_put(to, "windows", windows);
	count_put(to, "windows.low", batches * y.out * columns.low);
	count_put(to, "windows.high", batches * y.out * columns.high);
	count_put(to, "windows*fours", windows * fours);
	count_put(to, "window_rows*fours", window_rows * fours);
	count_put(to, "taps*fours", batches * rows.taps * columns.taps * fours);
	count_put(to, "pieces*fours", pieces * fours);
	count_put(to, "large*fours", large * fours);
	count_put(to, "windows*any_fours", fours ? windows : 0);
	count_put(to, "windows*ones", windows * ones);
	count_put(to, "window_rows*ones", window_rows * ones);
	count_put(to, "taps*ones", batches * rows.taps * columns.taps * ones);
	count_put(to, "windows*any_ones", ones ? windows : 0);
	count_clamp_put(use, to);
	/* a maximum that is found anew: compilers make conditional moves of it */
	maxima = use->op->kind == IMAGE_MAX_POOL_2D
			 ? (batches * rows.taps * columns.taps - windows) * ones
			 : 0;
	count_put_data(to, "new.ones", maxima);
	count_put_data(to, "none", 0);
}

#define ROUNDINGS(function, fill)                                                                  \
	{"armv7em." function "_up", fill}, {"armv7em." function "_away", fill},                    \
	{                                                                                          \
		"armv7em." function "_exact", fill                                                 \
	}
#define SPLIT(function, one, one_fill, two, two_fill)                                              \
	{"armv7em." function "_up." one, one_fill}, {"armv7em." function "_away." one, one_fill},  \
		{"armv7em." function "_exact." one, one_fill},                                     \
		{"armv7em." function "_up." two, two_fill},                                        \
		{"armv7em." function "_away." two, two_fill},                                      \
	{                                                                                          \
		"armv7em." function "_exact." two, two_fill                                        \
	}

static const struct count_case cases[] = {
	SPLIT("gemm", "pairs", count_gemm_pairs_fill, "threes", count_gemm_threes_fill),
	SPLIT("vector", "widened", count_vector_widened_fill, "direct", count_vector_direct_fill),
	ROUNDINGS("depthwise", count_depthwise_fill),
	ROUNDINGS("depthwise3", count_depthwise3_fill),
	ROUNDINGS("add", count_add_fill),
	ROUNDINGS("mul", count_mul_fill),
	{"armv7em.average_pool", count_pool_fours_fill},
	{"armv7em.max_pool", count_pool_fours_fill},
};

/* Where a function's cases begin; the second half of GEMM and VECTOR follows behind the first. */
static const uint8_t firsts[ARMV7EM_FUNCTION_END] = {
	[ARMV7EM_GEMM] = 0,          [ARMV7EM_VECTOR] = 6,    [ARMV7EM_DEPTHWISE] = 12,
	[ARMV7EM_DEPTHWISE3] = 15,   [ARMV7EM_ADD] = 18,      [ARMV7EM_MUL] = 21,
	[ARMV7EM_AVERAGE_POOL] = 24, [ARMV7EM_MAX_POOL] = 25,
};

static int armv7em_select(const struct image_use *use)
{
	uint32_t index = use->op->variant - 1u, function = index / ARMV7EM_ROUNDINGS;
	struct armv7em_gemm gemm;
	bool second = false;

	if (use->op->variant == 0 || function >= ARMV7EM_FUNCTION_END)
		return -1;
	if (function <= ARMV7EM_VECTOR) {
		armv7em_gemm_plan(use->op, use->in[0], use->out, &gemm);
		second = function == ARMV7EM_GEMM ? gemm.threes : gemm.direct;
	}
	return (int)(firsts[function] + index % ARMV7EM_ROUNDINGS +
		     (second ? ARMV7EM_ROUNDINGS : 0));
}

static void armv7em_name(const struct image_op *op, char ret_name[COUNT_CASE_NAME_MAX])
{
	static const char *const functions[ARMV7EM_FUNCTION_END] = {
		"gemm", "vector", "depthwise",    "depthwise3",
		"add",  "mul",    "average_pool", "max_pool",
	};
	static const char *const roundings[ARMV7EM_ROUNDINGS] = {"up", "away", "exact"};
	uint32_t index = op->variant - 1u, function = index / ARMV7EM_ROUNDINGS;

	if (op->variant == 0 || function >= ARMV7EM_FUNCTION_END)
		snprintf(ret_name, COUNT_CASE_NAME_MAX, "armv7em.%u", op->variant);
	else if (function >= ARMV7EM_AVERAGE_POOL)
		snprintf(ret_name, COUNT_CASE_NAME_MAX, "armv7em.%s", functions[function]);
	else
		snprintf(ret_name, COUNT_CASE_NAME_MAX, "armv7em.%s_%s", functions[function],
			 roundings[index % ARMV7EM_ROUNDINGS]);
}

const struct count_case_set count_cases_armv7em = {cases, sizeof(cases) / sizeof(cases[0]),
						   armv7em_select, armv7em_name};
