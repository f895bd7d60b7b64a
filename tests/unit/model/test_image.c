/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * image_check() against images damaged on purpose with their CRC made right again: whatever it lets
 * pass must run inside image and arena (AddressSanitizer watches both ends) and leave the inputs as
 * they were.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/model/graph.h"
#include "bench/model/image_build.h"
#include "firmware/runtime/runtime.h"
#include "firmware/wire/wire.h"
#include "tests/unit/model/tiny_model.h"

static uint8_t *image;
static uint32_t image_bytes;

static int setup(void **state)
{
	static struct tiny_model tiny;
	struct graph graph;
	struct err err;
	int error;

	(void)state;
	tiny_make(&tiny);
	error = graph_read(tiny.bytes, tiny.count, &graph, &err);
	if (error)
		return error;
	error = image_build(&graph, &model_options_portable, 0, &image, &image_bytes, &err);
	graph_done(&graph);
	return error;
}

static int teardown(void **state)
{
	(void)state;
	free(image);
	return 0;
}

static uint32_t random_next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void crc_repair(uint8_t *bytes)
{
	struct image_header *header = (struct image_header *)bytes;

	header->crc32 = wire_crc32(0, bytes + 16, image_bytes - 16);
}

/* Where constants begin: everything in front of it is records. */
static uint32_t records_end(void)
{
	const struct image_header *header = (const struct image_header *)image;

	return header->output_offset + 2 * header->output_count;
}

static void inputs_write(struct runtime *runtime, uint8_t *bytes)
{
	for (uint32_t i = 0; i < runtime->input_bytes; i++)
		bytes[i] = (uint8_t)(i * 7);
	runtime_write_input(runtime, 0, bytes, runtime->input_bytes);
}

/* True when the image passed and ran. */
static bool runs(const uint8_t *bytes, uint32_t arena_bytes)
{
	uint8_t *arena = aligned_alloc(IMAGE_ALIGN, arena_bytes), *input, *output[2];
	struct runtime runtime;

	assert_non_null(arena);
	memset(arena, 0, arena_bytes);
	if (runtime_open(&runtime, bytes, image_bytes, arena, arena_bytes) != RUNTIME_OK) {
		free(arena);
		return false;
	}
	input = malloc(runtime.input_bytes);
	inputs_write(&runtime, input);
	for (int i = 0; i < 2; i++) {
		output[i] = malloc(runtime.output_bytes);
		runtime_invoke(&runtime, NULL, NULL);
		runtime_read_output(&runtime, 0, output[i], runtime.output_bytes);
	}
	free(output[0]);
	free(output[1]);
	free(input);
	free(arena);
	return true;
}

static void test_mutations(void **state)
{
	uint32_t arena_bytes = ((const struct image_header *)image)->arena_bytes;
	uint8_t *copy = aligned_alloc(IMAGE_ALIGN, image_bytes);
	uint32_t seed = 3, passed = 0;

	(void)state;
	for (int round = 0; round < 30000; round++) {
		uint32_t changes = 1 + random_next(&seed) % 2;

		memcpy(copy, image, image_bytes);
		for (uint32_t i = 0; i < changes; i++) {
			uint32_t at = 16 + random_next(&seed) % (records_end() - 16);
			uint32_t step = random_next(&seed);

			copy[at] = (uint8_t)(step & 1 ? copy[at] + (step >> 1) % 5 - 2 : step >> 1);
		}
		crc_repair(copy);
		passed += runs(copy, arena_bytes);
	}
	free(copy);
	assert_in_range(passed, 1000, 29000);
}

/* Any byte of the file changed without a new CRC is noticed. */
static void test_crc(void **state)
{
	uint8_t *copy = aligned_alloc(IMAGE_ALIGN, image_bytes);

	(void)state;
	memcpy(copy, image, image_bytes);
	assert_int_equal(image_check(copy, image_bytes, 1 << 20, NULL), IMAGE_FINE);
	for (uint32_t i = 0; i < image_bytes; i++) {
		copy[i] ^= 0x10;
		assert_int_not_equal(image_check(copy, image_bytes, 1 << 20, NULL), IMAGE_FINE);
		copy[i] ^= 0x10;
	}
	for (uint32_t count = 0; count < image_bytes; count++)
		assert_int_equal(image_check(copy, count, 1 << 20, NULL), IMAGE_FAULT_STRUCTURE);
	free(copy);
}

/* Each of these alone makes operator 0, a padded convolution, impossible. */
static void test_op_fields(void **state)
{
	struct image_header *header = aligned_alloc(IMAGE_ALIGN, image_bytes);
	uint32_t op_index;

	(void)state;
	for (int i = 0; i < 12; i++) {
		struct image_op *op;

		memcpy(header, image, image_bytes);
		op = (struct image_op *)((uint8_t *)header + header->op_offset);
		op->scratch_bytes -= i == 0;
		op->weights_bytes -= i == 1;
		op->weights_offset = i == 2 ? image_bytes - 16 : op->weights_offset;
		op->channels_offset = i == 3 ? image_bytes - 16 : op->channels_offset;
		op->pad_top = i == 4 ? op->kernel_h : op->pad_top;
		op->stride_w = i == 5 ? 100 : op->stride_w;
		op->dilation_h = i == 6 ? 0 : op->dilation_h;
		op->kernel_w += i == 7;
		op->activation_max = i == 8 ? 128 : op->activation_max;
		op->activation_min = i == 9 ? 127 : op->activation_min;
		op->activation_max = i == 9 ? 126 : op->activation_max;
		op->scratch_offset = i == 10 ? header->arena_bytes - 16 : op->scratch_offset;
		op->inputs[1] = i == 11 ? 0 : op->inputs[1];
		crc_repair((uint8_t *)header);
		op_index = 99;
		assert_int_equal(image_check(header, image_bytes, 1 << 20, &op_index),
				 IMAGE_FAULT_OPERATOR);
		assert_int_equal(op_index, 0);
	}
	free(header);
}

/* The same input gives the same output however often it runs. */
static void test_inputs_survive(void **state)
{
	uint32_t arena_bytes = ((const struct image_header *)image)->arena_bytes;
	uint8_t *arena = aligned_alloc(IMAGE_ALIGN, arena_bytes), input[50], first[3], again[3];
	struct runtime runtime;

	(void)state;
	assert_int_equal(runtime_open(&runtime, image, image_bytes, arena, arena_bytes),
			 RUNTIME_OK);
	assert_int_equal(runtime.input_bytes, sizeof(input));
	inputs_write(&runtime, input);
	runtime_invoke(&runtime, NULL, NULL);
	runtime_read_output(&runtime, 0, first, sizeof(first));
	for (int i = 0; i < 3; i++)
		runtime_invoke(&runtime, NULL, NULL);
	runtime_read_output(&runtime, 0, again, sizeof(again));
	assert_memory_equal(first, again, sizeof(first));
	free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_crc),
		cmocka_unit_test(test_op_fields),
		cmocka_unit_test(test_inputs_survive),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
