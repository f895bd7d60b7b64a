/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The runtime on an image written by hand: two inputs added, the sum reshaped in place, two
 * outputs. What runtime_open refuses, and access to inputs and outputs in pieces.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/image/image.h"
#include "firmware/runtime/runtime.h"
#include "firmware/wire/wire.h"

static struct {
	struct image_header header;
	struct image_op ops[2];
	struct image_tensor tensors[4];
	uint16_t inputs[2], outputs[2];
	uint8_t pad[16]; /* the size is a multiple of 16 */
} image __attribute__((aligned(16)));

static uint8_t arena[128] __attribute__((aligned(16)));
static struct runtime runtime;

enum { SUM = 2, RESHAPED = 3 };

#define REST(used) [used... IMAGE_OP_INPUTS_MAX - 1] = IMAGE_NO_TENSOR

static void crc_set(void)
{
	image.header.crc32 = wire_crc32(0, (const uint8_t *)&image + 16, sizeof(image) - 16);
}

/* Equal scales everywhere: half of each input, twice the sum, is the sum. */
static const struct image_op add = {
	.kind = IMAGE_ADD,
	.input_count = 2,
	.inputs = {0, 1, REST(2)},
	.output = SUM,
	.activation_min = -128,
	.activation_max = 127,
	.rescale = {{1 << 30, 0}, {1 << 30, 0}, {1 << 30, -18}},
};

static int setup(void **state)
{
	(void)state;
	memset(&image, 0, sizeof(image));
	image.header = (struct image_header){
		.magic = IMAGE_MAGIC,
		.layout = IMAGE_LAYOUT_VERSION,
		.total_bytes = sizeof(image),
		.arena_bytes = 48,
		.op_count = 2,
		.tensor_count = 4,
		.input_count = 2,
		.output_count = 2,
		.exit_op = IMAGE_NO_OP,
		.exit_tensor = IMAGE_NO_TENSOR,
		.input_bytes = 12,
		.output_bytes = 12,
		.op_offset = (uint32_t)((uint8_t *)image.ops - (uint8_t *)&image),
		.tensor_offset = (uint32_t)((uint8_t *)image.tensors - (uint8_t *)&image),
		.input_offset = (uint32_t)((uint8_t *)image.inputs - (uint8_t *)&image),
		.output_offset = (uint32_t)((uint8_t *)image.outputs - (uint8_t *)&image),
	};
	image.ops[0] = add;
	image.ops[1] = (struct image_op){.kind = IMAGE_RESHAPE,
					 .input_count = 1,
					 .inputs = {SUM, REST(1)},
					 .output = RESHAPED};
	for (uint32_t i = 0; i < 4; i++)
		image.tensors[i] = (struct image_tensor){16 * (i < 3 ? i : 2), 6, {1, 1, 2, 3}, 0};
	image.inputs[1] = 1;
	image.outputs[0] = RESHAPED;
	image.outputs[1] = 0;
	crc_set();
	return 0;
}

static enum runtime_status open_image(void)
{
	return runtime_open(&runtime, &image, sizeof(image), arena, sizeof(arena));
}

/* In one piece and byte by byte is the same; pieces cross from one tensor to the next. */
static void test_pieces(void **state)
{
	static const int8_t input[12] = {1, 2, 3, 4, 5, 100, 10, 20, 30, -40, -50, 100};
	static const int8_t expected[12] = {11, 22, 33, -36, -45, 127, 1, 2, 3, 4, 5, 100};

	(void)state;
	for (uint32_t piece = 1; piece <= 12; piece++) {
		int8_t output[12];

		memset(arena, 0x5A, sizeof(arena));
		assert_int_equal(open_image(), RUNTIME_OK);
		assert_int_equal(runtime.input_bytes, 12);
		assert_int_equal(runtime.output_bytes, 12);
		assert_int_equal(runtime.op_count, 2);
		for (uint32_t at = 0; at < 12; at += piece)
			runtime_write_input(&runtime, at, input + at,
					    at + piece > 12 ? 12 - at : piece);
		runtime_invoke(&runtime, NULL, NULL);
		for (uint32_t at = 0; at < 12; at += piece)
			runtime_read_output(&runtime, at, output + at,
					    at + piece > 12 ? 12 - at : piece);
		assert_memory_equal(output, expected, 12);
		assert_int_equal(arena[48], 0x5A);
	}
}

struct seen {
	uint32_t count;
	uint8_t bytes[2][6];
};

static void trace(void *context, uint32_t op_index, const void *bytes, uint32_t count)
{
	struct seen *seen = context;

	assert_int_equal(op_index, seen->count);
	assert_int_equal(count, 6);
	memcpy(seen->bytes[seen->count++], bytes, count);
}

static void test_trace(void **state)
{
	static const uint8_t input[12] = {1, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 7};
	static const uint8_t sum[6] = {3, 4, 5, 6, 7, 8};
	struct seen seen = {0};

	(void)state;
	assert_int_equal(open_image(), RUNTIME_OK);
	runtime_write_input(&runtime, 0, input, 12);
	runtime_invoke(&runtime, trace, &seen);
	assert_int_equal(seen.count, 2);
	assert_memory_equal(seen.bytes[0], sum, 6);
	assert_memory_equal(seen.bytes[1], sum, 6);
}

static void expect(enum runtime_status status)
{
	crc_set();
	assert_int_equal(open_image(), status);
	setup(NULL);
}

static void test_status(void **state)
{
	(void)state;
	image.header.magic++;
	expect(RUNTIME_BAD_IMAGE);
	image.header.layout++;
	expect(RUNTIME_BAD_LAYOUT);
	image.header.total_bytes += 16;
	expect(RUNTIME_BAD_IMAGE);
	image.header.crc32++;
	assert_int_equal(open_image(), RUNTIME_BAD_IMAGE);
	setup(NULL);
	image.header.arena_bytes = sizeof(arena) + 16;
	expect(RUNTIME_ARENA_TOO_SMALL);
	image.ops[1].kind = IMAGE_OP_KIND_END;
	expect(RUNTIME_BAD_OPERATOR);
	image.ops[1].kernel_set = IMAGE_KERNELS_END;
	expect(RUNTIME_BAD_OPERATOR);
	image.ops[0].inputs[1] = IMAGE_NO_TENSOR;
	expect(RUNTIME_BAD_OPERATOR);
	image.ops[0].output = 4;
	expect(RUNTIME_BAD_OPERATOR);
	expect(RUNTIME_OK);
}

/* Whatever would write over an input of the model, or over what the operator still reads. */
static void test_overwriting(void **state)
{
	(void)state;
	image.ops[0].output = 0;
	expect(RUNTIME_BAD_OPERATOR);
	image.tensors[RESHAPED].arena_offset = 0;
	expect(RUNTIME_BAD_OPERATOR);
	image.ops[0].scratch_offset = 16;
	image.ops[0].scratch_bytes = 1;
	expect(RUNTIME_BAD_OPERATOR);
	image.ops[0].scratch_offset = 48;
	image.ops[0].scratch_bytes = 1;
	expect(RUNTIME_BAD_OPERATOR); /* beyond the arena the header asks for */
	image.tensors[1].arena_offset = 0;
	expect(RUNTIME_BAD_IMAGE); /* two inputs in one place */
}

static void test_tensors(void **state)
{
	(void)state;
	image.tensors[0].arena_offset = 8;
	expect(RUNTIME_BAD_IMAGE);
	image.tensors[2].arena_offset = 48;
	expect(RUNTIME_BAD_IMAGE);
	image.tensors[2].bytes = 7;
	expect(RUNTIME_BAD_IMAGE);
	image.tensors[2].zero_point = 128;
	expect(RUNTIME_BAD_IMAGE);
	image.tensors[2].shape[0] = 0;
	expect(RUNTIME_BAD_IMAGE);
	image.tensors[2].shape[1] = image.tensors[2].shape[0] = 1u << 16;
	expect(RUNTIME_BAD_IMAGE);
	image.header.input_bytes = 13;
	expect(RUNTIME_BAD_IMAGE);
	image.outputs[1] = 4;
	expect(RUNTIME_BAD_IMAGE);
}

static void test_texts(void **state)
{
	(void)state;
	for (int i = RUNTIME_OK; i <= RUNTIME_ARENA_TOO_SMALL; i++)
		for (int k = i + 1; k <= RUNTIME_ARENA_TOO_SMALL; k++)
			assert_string_not_equal(runtime_status_text((enum runtime_status)i),
						runtime_status_text((enum runtime_status)k));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_pieces, setup),
		cmocka_unit_test_setup(test_trace, setup),
		cmocka_unit_test_setup(test_status, setup),
		cmocka_unit_test_setup(test_overwriting, setup),
		cmocka_unit_test_setup(test_tensors, setup),
		cmocka_unit_test_setup(test_texts, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
