/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The .tflite reader: one small valid model, one sentence for everything that is refused, and
 * thousands of damaged copies, none of which may do more than be refused or still run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/model/graph.h"
#include "bench/model/image_build.h"
#include "bench/model/model.h"
#include "firmware/runtime/runtime.h"
#include "tests/unit/model/tiny_model.h"

static void test_valid(void **state)
{
	static struct tiny_model tiny;
	struct graph graph;
	struct err err = {0};
	uint64_t macs = 0;

	(void)state;
	tiny_make(&tiny);
	assert_int_equal(graph_read(tiny.bytes, tiny.count, &graph, &err), 0);
	assert_int_equal(graph.op_count, TINY_OPS);
	assert_int_equal(graph.ops[0].y.pad, 1);
	assert_int_equal(graph.tensors[1].scale_count, 4);
	for (uint32_t i = 0; i < graph.op_count; i++)
		macs += graph_op_macs(&graph, &graph.ops[i]);
	assert_int_equal(macs, 36 * 18 + 36 * 9 + 12);
	assert_int_equal(graph_params(&graph), 72 + 4 + 36 + 4 + 12 + 3);
	graph_done(&graph);
}

/* One change that makes the model invalid: a field (table and slot), or four bytes at a position.
 */
struct refusal {
	const char *sentence;
	size_t member; /* offset in struct tiny_model of the table's or the vector's position */
	int slot;      /* -1: vector element `index` instead */
	uint32_t index;
	uint32_t value;
};

#define AT(member)    offsetof(struct tiny_model, member)
#define IN_MODEL      AT(model)
#define IN_TENSOR(i)  AT(tensor[i])
#define IN_OPTIONS(i) AT(options[i])
#define IN_CODE(i)    AT(code[i])

static const struct refusal refusals[] = {
	{"schema version 2 is not supported (only 3 is)", IN_MODEL, 0, 0, 2},
	{"operator 2 (SVDF) is not supported", IN_CODE(2), 3, 0, 27},
	{"operator 2 (code 4711) is not supported", IN_CODE(2), 3, 0, 4711},
	{"operator 2 (CUSTOM) is not supported", IN_CODE(2), 3, 0, 32},
	{"operator 0 (CONV_2D): version 7 is not supported (1 to 6 are)", IN_CODE(0), 2, 0, 7},
	{"operator 3: operator code 9 of 6", AT(op[3]), 0, 0, 9},
	{"operator 0 (CONV_2D): filter: type int4 is not supported (int8, int32 constants)",
	 IN_TENSOR(1), 1, 0, 17},
	{"operator 0 (CONV_2D): input: float32 where int8 is expected",
	 IN_TENSOR(0), 1, 0, 0},
	{"operator 0 (CONV_2D): filter: 72 bytes of data for a shape of 288", IN_TENSOR(1), 1, 0,
	 2},
	{"operator 0 (CONV_2D): filter: buffer 99 of 14", IN_TENSOR(1), 2, 0, 99},
	{"operator 0 (CONV_2D): input 1 is read before any operator wrote it", IN_TENSOR(1), 2, 0,
	 0},
	{"operator 1 (DEPTHWISE_CONV_2D): filter: sparse tensors are not supported", IN_TENSOR(4),
	 6, 0, 0x1000},
	{"operator 1 (DEPTHWISE_CONV_2D): output: variables are not supported", IN_TENSOR(6), 5, 0,
	 1},
	{"operator 0 (CONV_2D): bias: data outside the FlatBuffer is not supported", AT(buffer[2]),
	 1, 0, 8},
	{"operator 0 (CONV_2D): filter: per-channel scales: 4 for 3 channels", AT(quantisation[1]),
	 6, 0, 1},
	{"operator 0 (CONV_2D): filter: custom quantisation is not supported", AT(quantisation[1]),
	 4, 0, 1},
	{"operator 0 (CONV_2D): filter: scale 0", AT(scale[1]), -1, 1, 0},
	{"operator 0 (CONV_2D): filter: scale nan", AT(scale[1]), -1, 1, 0x7FC00000},
	{"operator 0 (CONV_2D): filter: zero point 7 with per-channel scales", AT(zero[1]), -1, 0,
	 7},
	{"operator 4 (FULLY_CONNECTED): filter: zero point 7 where 0 is expected", AT(zero[10]), -1,
	 0, 7},
	{"operator 0 (CONV_2D): input: zero point 128 is outside -128 .. 127", AT(zero[0]), -1, 0,
	 128},
	{"operator 0 (CONV_2D): input: dynamic shapes are not supported (dimension 1 is -1)",
	 AT(shape[0]), -1, 1, UINT32_MAX},
	{"operator 0 (CONV_2D): input: dynamic shapes are not supported (dimension 0 is 0)",
	 AT(shape[0]), -1, 0, 0},
	{"operator 0 (CONV_2D): input: more than 67108864 elements", AT(shape[0]), -1, 1,
	 0x7FFFFFFF},
	{"operator 0 (CONV_2D): output: height: 4 where 3 is expected", AT(shape[3]), -1, 1, 4},
	{"operator 0 (CONV_2D): stride_w 0 is outside 1 .. 65535", IN_OPTIONS(0), 1, 0, 0},
	{"operator 0 (CONV_2D): dilation_h_factor -1 is outside 1 .. 65535", IN_OPTIONS(0), 5, 0,
	 UINT32_MAX},
	{"operator 0 (CONV_2D): padding 2 is neither SAME nor VALID", IN_OPTIONS(0), 0, 0, 2},
	{"operator 0 (CONV_2D): activation TANH is not supported", IN_OPTIONS(0), 3, 0, 4},
	{"operator 1 (DEPTHWISE_CONV_2D): output: channels: 4 where 8 is expected", IN_OPTIONS(1),
	 3, 0, 2},
	{"operator 4 (FULLY_CONNECTED): weights format 1 is not supported", IN_OPTIONS(4), 1, 0, 1},
	{"operator 5 (SOFTMAX): beta 0 is not above 0", IN_OPTIONS(5), 0, 0, 0},
	{"operator 5 (SOFTMAX): output: must have scale 1/256 and zero point -128", AT(scale[13]),
	 -1, 0, 0x3B000000},
	{"operator 2 (AVERAGE_POOL_2D): output: quantised differently from the input", AT(zero[7]),
	 -1, 0, 6},
	{"operator 0 (CONV_2D): options of another operator (type 2)", AT(op[0]), 3, 0, 2},
	{"operator 1 (DEPTHWISE_CONV_2D): input 0 is read before any operator wrote it",
	 AT(op_inputs[1]), -1, 0, 12},
	{"operator 1 (DEPTHWISE_CONV_2D): input 0: tensor 14 of 14", AT(op_inputs[1]), -1, 0, 14},
	{"operator 1 (DEPTHWISE_CONV_2D): input 1: tensor -1 of 14", AT(op_inputs[1]), -1, 1,
	 UINT32_MAX},
	{"operator 1 (DEPTHWISE_CONV_2D): output: tensor 99 of 14", AT(op_outputs[1]), -1, 0, 99},
	{"operator 1 (DEPTHWISE_CONV_2D): output is written twice or a constant", AT(op_outputs[1]),
	 -1, 0, 3},
};

static void refuse(const struct tiny_model *tiny, const char *sentence)
{
	struct err err = {0};
	struct graph graph;

	assert_int_equal(graph_read(tiny->bytes, tiny->count, &graph, &err), -22);
	assert_string_equal(err.text, sentence);
}

static void test_refusals(void **state)
{
	static struct tiny_model tiny;

	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *change = &refusals[i];
		uint32_t position;

		tiny_make(&tiny);
		memcpy(&position, (const char *)&tiny + change->member, sizeof(position));
		if (change->slot >= 0) {
			tiny_set(&tiny, position, (unsigned)change->slot, change->value);
		} else {
			uint32_t step =
				change->member >= AT(zero) && change->member < AT(data) ? 8 : 4;

			tiny_put(&tiny, position + 4 + step * change->index, change->value, 4);
		}
		refuse(&tiny, change->sentence);
	}
}

static void test_missing_quantisation(void **state)
{
	static struct tiny_model tiny;

	(void)state;
	tiny_make(&tiny);
	tiny_unset(&tiny, tiny.tensor[3], 4);
	refuse(&tiny, "operator 0 (CONV_2D): output: no quantisation (scale and zero point)");
	tiny_make(&tiny);
	tiny_unset(&tiny, tiny.tensor[10], 4);
	refuse(&tiny,
	       "operator 4 (FULLY_CONNECTED): filter: no quantisation (scale and zero point)");
}

static void test_several_subgraphs(void **state)
{
	static struct tiny_model tiny;
	uint32_t tables[2];

	(void)state;
	tiny_make(&tiny);
	tiny_tables(&tiny, tiny.model, 2, tables, 2);
	refuse(&tiny, "2 subgraphs: only models with one are supported");
}

static void test_rank(void **state)
{
	static const int32_t shape[] = {1, 1, 5, 5, 2};
	static struct tiny_model tiny;

	(void)state;
	tiny_make(&tiny);
	tiny_link(&tiny, tiny.tensor[0], 0, tiny_ints(&tiny, shape, 5));
	refuse(&tiny, "operator 0 (CONV_2D): input: rank 5: at most 4 is supported");
}

/* Without a bias the result is the one with zeros. */
static void test_optional_bias(void **state)
{
	static struct tiny_model tiny;
	uint8_t *images[2];
	uint32_t counts[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct graph graph;
		struct err err = {0};

		tiny_make(&tiny);
		if (i == 0)
			tiny_put(&tiny, tiny.op_inputs[0] + 4 + 8, UINT32_MAX, 4);
		else
			memset(tiny.bytes + tiny.data[2] + 4, 0, 16);
		assert_int_equal(graph_read(tiny.bytes, tiny.count, &graph, &err), 0);
		assert_int_equal(
			image_build(&graph, &model_options_portable, 0, &images[i], &counts[i], &err),
			0);
		graph_done(&graph);
	}
	assert_int_equal(counts[0], counts[1]);
	assert_memory_equal(images[0], images[1], counts[0]);
	free(images[0]);
	free(images[1]);
}

/* The file as a whole: what the system says, names, and files that are no model. */
static void test_files(void **state)
{
	char path[] = "/tmp/joulebench-model-XXXXXX", expected[128];
	struct model_image *image = NULL;
	static struct tiny_model tiny;
	struct err err = {0};
	int file = mkstemp(path);

	(void)state;
	assert_true(file >= 0);
	assert_int_equal(
		model_image_build("/nonexistent/a.tflite", &model_options_portable, &image, &err),
		-2);
	assert_string_equal(err.text, "/nonexistent/a.tflite: No such file or directory");
	assert_int_equal(model_image_build("/", &model_options_portable, &image, &err), -22);
	assert_int_equal(model_image_build(path, &model_options_portable, &image, &err), -22);
	snprintf(expected, sizeof(expected), "%s: not a TFL3 file", path);
	assert_string_equal(err.text, expected);
	tiny_make(&tiny);
	assert_int_equal(write(file, tiny.bytes, tiny.count), tiny.count);
	close(file);
	assert_int_equal(model_image_build(path, &model_options_portable, &image, &err), 0);
	assert_string_equal(image->name, path + 5);
	assert_int_equal(image->input_bytes, 50);
	assert_int_equal(image->output_bytes, 3);
	model_image_free(image);
	unlink(path);
}

static uint32_t random_next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* True when the bytes are still a model; then it is compiled and, if it is small, run. */
static bool survives(const uint8_t *bytes, uint32_t count)
{
	struct graph graph;
	struct err err = {0};
	uint8_t *image, *arena;
	uint32_t image_bytes, arena_bytes;
	struct runtime runtime;
	uint64_t macs = 0;

	if (graph_read(bytes, count, &graph, &err)) {
		assert_int_not_equal(err.text[0], 0);
		return false;
	}
	for (uint32_t i = 0; i < graph.op_count; i++)
		macs += graph_op_macs(&graph, &graph.ops[i]);
	if (macs > 1000000 ||
	    image_build(&graph, &model_options_portable, 0, &image, &image_bytes, &err)) {
		graph_done(&graph);
		return false;
	}
	graph_done(&graph);
	arena_bytes = ((const struct image_header *)image)->arena_bytes;
	arena = aligned_alloc(IMAGE_ALIGN, arena_bytes);
	assert_non_null(arena);
	memset(arena, 0x55, arena_bytes);
	assert_int_equal(runtime_open(&runtime, image, image_bytes, arena, arena_bytes),
			 RUNTIME_OK);
	runtime_invoke(&runtime, NULL, NULL);
	free(arena);
	free(image);
	return true;
}

static void test_mutations(void **state)
{
	static struct tiny_model tiny;
	uint32_t seed = 1, valid = 0;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		uint32_t changes = 1 + random_next(&seed) % 3;
		uint8_t *copy;

		tiny_make(&tiny);
		for (uint32_t i = 0; i < changes; i++)
			tiny.bytes[random_next(&seed) % tiny.count] = (uint8_t)random_next(&seed);
		copy = malloc(
			tiny.count); /* exactly as large, so that ASan sees one byte too far */
		assert_non_null(copy);
		memcpy(copy, tiny.bytes, tiny.count);
		valid += survives(copy, tiny.count);
		free(copy);
	}
	assert_in_range(valid, 1000, 19000); /* both outcomes were tried */
}

static void test_truncations(void **state)
{
	static struct tiny_model tiny;

	(void)state;
	tiny_make(&tiny);
	for (uint32_t count = 0; count < tiny.count; count++) {
		uint8_t *copy = malloc(count + 1);

		assert_non_null(copy);
		copy = realloc(copy, count ? count : 1);
		memcpy(copy, tiny.bytes, count);
		survives(copy, count);
		free(copy);
	}
	assert_true(survives(tiny.bytes, tiny.count));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_missing_quantisation),
		cmocka_unit_test(test_several_subgraphs),
		cmocka_unit_test(test_rank),
		cmocka_unit_test(test_optional_bias),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_truncations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
