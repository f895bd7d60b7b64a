/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tables of counts: exact solutions, the variables of shapes against walking every window, networks
 * for identification, JSON, and counting.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/predictor/count_nets.h"
#include "bench/predictor/count_solve.h"
#include "bench/predictor/counts.h"
#include "firmware/image/needs_armv7em.h"

enum { ROWS = 40, COLUMNS = 5, TARGETS = 3 };

static uint32_t seed = 7;

static int64_t draw(int64_t most)
{
	seed = seed * 1664525u + 1013904223u;
	return (int64_t)(seed >> 8) % (most + 1);
}

/* Columns: three free ones, the sum of two of them, and zeros. Targets: whole coefficients, thirds,
 * and a square that is no combination. */
static void system_fill(int64_t *a, int64_t *b)
{
	for (int i = 0; i < ROWS; i++) {
		int64_t *row = a + (ptrdiff_t)i * COLUMNS, *values = b + (ptrdiff_t)i * TARGETS;

		row[0] = 1;
		row[1] = draw(1000000);
		row[2] = 3 * draw(5000);
		row[3] = row[1] + row[2];
		row[4] = 0;
		values[0] = 17 - 4 * row[1] + 250 * row[2];
		values[1] = 5 + row[2] / 3;
		values[2] = row[1] * row[1] / 1000;
	}
}

static void test_solve_exact(void **state)
{
	int64_t a[ROWS * COLUMNS], b[ROWS * TARGETS];
	const struct count_system system = {ROWS, COLUMNS, TARGETS, a, b};
	struct count_solution solution;
	struct err err;

	(void)state;
	system_fill(a, b);
	assert_int_equal(count_solve(&system, &solution, &err), 0);
	assert_int_equal(solution.rank, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(solution.basis[i], i);
	assert_true(solution.exact[0] && solution.exact[1] && !solution.exact[2]);
	assert_int_equal(solution.denominators[0], 1);
	assert_int_equal(solution.numerators[0], 17);
	assert_int_equal(solution.numerators[1], -4);
	assert_int_equal(solution.numerators[2], 250);
	assert_int_equal(solution.denominators[1], 3);
	assert_int_equal(solution.numerators[3 + 0], 15);
	assert_int_equal(solution.numerators[3 + 2], 1);
	/* the dependent column and the one of zeros */
	assert_int_equal(solution.checks[3 * 3 + 1], 1);
	assert_int_equal(solution.checks[3 * 3 + 2], 1);
	assert_int_equal(solution.checks[4 * 3 + 0], 0);
	count_solution_done(&solution);
}

/* One count that differs by one takes the whole target's exactness. */
static void test_solve_sees_one(void **state)
{
	int64_t a[ROWS * COLUMNS], b[ROWS * TARGETS];
	const struct count_system system = {ROWS, COLUMNS, TARGETS, a, b};
	struct count_solution solution;
	struct err err;

	(void)state;
	system_fill(a, b);
	b[TARGETS * 31] += 1;
	assert_int_equal(count_solve(&system, &solution, &err), 0);
	assert_false(solution.exact[0]);
	assert_true(solution.exact[1]);
	assert_true(fabs(solution.fitted[1] + 4) < 1e-3);
	assert_true(fabs(solution.fitted[2] - 250) < 1e-1);
	count_solution_done(&solution);
}

/* Few come out too large for a board and are drawn again. */
static struct count_net net_of(uint64_t net_seed, enum image_kernel_set set, bool wild)
{
	struct count_net_wish wish = {.seed = net_seed,
				      .kernel_set = set,
				      .layers = 120,
				      .wild = wild,
				      .arena_bytes = 120 << 10,
				      .image_bytes = 300 << 10,
				      .kinds = UINT32_MAX};
	struct count_net net;
	struct err err = {""};
	int ret = -EINVAL;

	for (int i = 0; ret && i < 4; i++, wish.seed += 1000)
		ret = count_net_make(&wish, &net, &err);
	if (ret)
		fail_msg("%s", err.text);
	return net;
}

static void test_nets_repeat(void **state)
{
	(void)state;
	for (int set = 0; set < IMAGE_KERNELS_END; set++) {
		struct count_net a = net_of(3, set, false), b = net_of(3, set, false);
		struct count_net c = net_of(4, set, false);

		assert_int_equal(a.image->count, b.image->count);
		assert_memory_equal(a.image->bytes, b.image->bytes, a.image->count);
		assert_memory_equal(a.input, b.input, a.image->input_bytes);
		assert_true(a.image->crc32 != c.image->crc32);
		assert_true(a.image->op_count > 20);
		assert_int_equal(
			image_check(a.image->bytes, (uint32_t)a.image->count, 120 << 10, NULL),
			IMAGE_FINE);
		count_net_done(&a);
		count_net_done(&b);
		count_net_done(&c);
	}
}

static int64_t variable(const struct count_variables *variables, const char *name)
{
	for (unsigned i = 0; i < variables->count; i++)
		if (!strcmp(variables->names[i], name))
			return variables->values[i];
	fail_msg("no variable '%s'", name);
	return 0;
}

/* GEMM's windows one by one, as window.c tells them apart. */
struct window_walk {
	int64_t rows, copied, gathered, near_end, inside_bytes, outside_bytes;
};

static void window_visit(const struct image_use *use, int32_t y, int32_t x, bool last_batch,
			 struct window_walk *walk)
{
	const struct image_op *op = use->op;
	const int32_t height = (int32_t)use->in[0]->shape[1], width = (int32_t)use->in[0]->shape[2];
	const int32_t channels = (int32_t)use->in[0]->shape[3];
	const int32_t bottom = y + (op->kernel_h - 1) * op->dilation_h;
	const int32_t row_bytes = op->kernel_w * channels;
	bool inside = y >= 0 && x >= 0 && x + op->kernel_w <= width && bottom < height;
	int64_t behind;

	if (inside && row_bytes % 4 == 0 && row_bytes >= 20 && op->dilation_w == 1) {
		walk->rows++;
		return;
	}
	behind = ((int64_t)(height - 1 - bottom) * width + width - x) * channels - row_bytes;
	if (inside && op->dilation_w == 1 && (!last_batch || behind >= 3)) {
		walk->copied++;
		return;
	}
	walk->near_end += inside && op->dilation_w == 1;
	walk->gathered++;
	for (int32_t tap = 0; tap < op->kernel_h; tap++)
		for (int32_t k = 0; k < op->kernel_w; k++) {
			int32_t row = y + tap * op->dilation_h, column = x + k * op->dilation_w;
			bool in = row >= 0 && row < height && column >= 0 && column < width;

			walk->inside_bytes += in ? channels : 0;
			walk->outside_bytes += in ? 0 : channels;
		}
}

static struct window_walk windows_walk(const struct image_use *use)
{
	const struct image_op *op = use->op;
	const uint32_t *out = use->out->shape;
	struct window_walk walk = {0};

	for (uint32_t n = 0; n < out[0]; n++)
		for (uint32_t y = 0; y < out[1]; y++)
			for (uint32_t x = 0; x < out[2]; x++)
				window_visit(use, (int32_t)(y * op->stride_h) - op->pad_top,
					     (int32_t)(x * op->stride_w) - op->pad_left,
					     n + 1 == out[0], &walk);
	return walk;
}

static int64_t site_bytes(const struct count_variables *variables, const char *site)
{
	char words[64], bytes[64];

	snprintf(words, sizeof(words), "%s.words", site);
	snprintf(bytes, sizeof(bytes), "%s.bytes", site);
	return 4 * variable(variables, words) + variable(variables, bytes);
}

static void gemm_check(const struct image_use *use, const struct count_variables *variables)
{
	struct window_walk walk = windows_walk(use);

	assert_int_equal(variable(variables, "windows.rows"), walk.rows);
	assert_int_equal(variable(variables, "windows.copied"), walk.copied);
	assert_int_equal(variable(variables, "windows.near_end"), walk.near_end);
	assert_int_equal(variable(variables, "windows.gathered"), walk.gathered);
	assert_int_equal(site_bytes(variables, "row.inside") + site_bytes(variables, "tap.inside"),
			 walk.inside_bytes);
	assert_int_equal(
		site_bytes(variables, "row.outside") + site_bytes(variables, "row.before") +
			site_bytes(variables, "row.after") + site_bytes(variables, "tap.outside"),
		walk.outside_bytes);
}

static void test_windows(void **state)
{
	unsigned checked = 0;

	(void)state;
	for (uint64_t i = 0; i < 12; i++) {
		struct count_net net = net_of(100 + i, IMAGE_KERNELS_ARMV7EM, i % 2);

		for (unsigned k = 0; k < net.image->op_count; k++) {
			struct image_use use =
				count_use((const struct image_header *)net.image->bytes, k);
			struct count_variables variables;
			const struct count_case *of;
			unsigned index;

			of = count_case_of(&use, &index);
			assert_non_null(of);
			assert_ptr_equal(of, count_case_at(index));
			count_variables_fill(of, &use, net.image->bytes, &variables);
			assert_true(variables.count <= COUNT_VARIABLES_MAX);
			assert_true(variables.data_count <= COUNT_DATA_MAX);
			if (strncmp(of->name, "armv7em.gemm", 12) ||
			    variable(&variables, "windows") == 0)
				continue;
			gemm_check(&use, &variables);
			checked++;
		}
		count_net_done(&net);
	}
	assert_true(checked > 100);
}

/* A table whose cases all cost 1000 instructions and 3 for each output that can be limited low. */
static struct count_table *table_make(const struct model_image *image)
{
	struct count_table *table = count_table_new();
	struct count_variables variables;

	assert_non_null(table);
	strcpy(table->board, "board");
	strcpy(table->chip, "chip");
	strcpy(table->build, "O2");
	strcpy(table->runtime, "optimised");
	table->class_count = 1;
	strcpy(table->class_names[0], "alu");
	table->clock_count = 1;
	table->clocks_hz[0] = 4000000;
	table->target_count = COUNT_CLASS_FIRST + 1 + COUNT_PER_CLOCK;
	table->first[COUNT_INSTRUCTIONS] = 7;
	table->base[COUNT_INSTRUCTIONS] = 100;
	table->per_layer[COUNT_INSTRUCTIONS] = -10;
	for (unsigned i = 0; i < image->op_count; i++) {
		struct image_use use = count_use((const struct image_header *)image->bytes, i);
		unsigned index, data;
		const struct count_case *of = count_case_of(&use, &index);
		struct count_entry *entry;

		if (table->entries[index])
			continue;
		count_variables_fill(of, &use, image->bytes, &variables);
		data = variables.data_count ? 1 : 0;
		entry = count_entry_new(1 + data, table->target_count, 0);
		assert_non_null(entry);
		entry->of = of;
		entry->variable_count = variables.count;
		memcpy(entry->names, variables.names, sizeof(entry->names));
		entry->exact[0] = 1000;
		entry->exact[COUNT_CLASS_FIRST] = 900;
		for (unsigned k = 0; k < table->target_count; k++) {
			entry->qualities[k].exact = true;
			entry->divisors[k] = 1;
		}
		if (data) {
			entry->terms[1] = variables.data[0];
			entry->exact[table->target_count] = 3;
			entry->qualities[COUNT_INSTRUCTIONS].data = true;
		}
		table->entries[index] = entry;
	}
	return table;
}

static void counts_check(const struct count_table *table, const struct model_image *image)
{
	struct model_counts *counts = calloc(1, sizeof(*counts));
	struct err err = {""};
	uint64_t sum = 0;
	unsigned spread = 0;

	assert_non_null(counts);
	assert_int_equal(count_table_count(table, image->bytes, 0, counts, &err), 0);
	assert_int_equal(counts->layer_count, image->op_count);
	assert_int_equal(counts->exact + counts->bounded, image->op_count);
	assert_true(counts->exact > 0 && counts->bounded > 0);
	assert_int_equal(counts->layers[0].span.instructions, 1007);
	for (unsigned i = 0; i < counts->layer_count; i++) {
		const struct count_layer *layer = &counts->layers[i];

		sum += layer->span.instructions;
		assert_true(layer->instructions_least <= layer->span.instructions);
		assert_true(layer->instructions_most >= layer->span.instructions);
		if (layer->instructions_least < layer->instructions_most)
			assert_int_equal(layer->status, COUNT_BOUNDED);
		else
			spread++;
		assert_true(layer->status != COUNT_EXACT ||
			    layer->instructions_least == layer->instructions_most);
		assert_int_equal(layer->span.classes[0], 900);
	}
	assert_true(spread > 0 && spread < counts->layer_count);
	assert_int_equal(counts->whole.instructions, sum + 100 - 10 * image->op_count);
	assert_int_equal(count_table_refuse(table, image->bytes, counts, &err), 0);
	free(counts);
}

static void test_count_and_json(void **state)
{
	struct count_net net = net_of(9, IMAGE_KERNELS_ARMV7EM, true);
	struct count_table *table = table_make(net.image), *again;
	json_t *json = count_table_to_json(table);
	struct err err = {""};

	(void)state;
	counts_check(table, net.image);
	if (count_table_from_json(json, &again, &err))
		fail_msg("%s", err.text);
	counts_check(again, net.image);
	count_table_free(again);
	json_object_set_new(json, "schema", json_string("joulebench.counts/9"));
	assert_int_equal(count_table_from_json(json, &again, &err), -EINVAL);
	assert_non_null(strstr(err.text, "joulebench.counts/9"));
	json_decref(json);
	count_table_free(table);
	count_net_done(&net);
}

/* A kernel that is not there, and a shape that breaks what all layers seen had in common. */
static void test_unknown(void **state)
{
	struct count_net net = net_of(9, IMAGE_KERNELS_ARMV7EM, true);
	struct count_table *table = table_make(net.image);
	struct model_counts *counts = calloc(1, sizeof(*counts));
	struct image_use use = count_use((const struct image_header *)net.image->bytes, 5);
	struct err err = {""};
	unsigned index;

	(void)state;
	assert_non_null(counts);
	count_case_of(&use, &index);
	count_entry_free(table->entries[index]);
	table->entries[index] = NULL;
	assert_int_equal(count_table_count(table, net.image->bytes, 0, counts, &err), 0);
	assert_int_equal(counts->layers[5].status, COUNT_UNKNOWN);
	assert_int_equal(counts->layers[5].span.instructions, 0);
	assert_int_equal(count_table_refuse(table, net.image->bytes, counts, &err), -EINVAL);
	assert_non_null(strstr(err.text, "does not have kernel"));
	free(counts);
	count_table_free(table);
	count_net_done(&net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_solve_exact),    cmocka_unit_test(test_solve_sees_one),
		cmocka_unit_test(test_nets_repeat),    cmocka_unit_test(test_windows),
		cmocka_unit_test(test_count_and_json), cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
