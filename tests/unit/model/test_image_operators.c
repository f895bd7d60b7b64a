/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * image_check() on images with every operator: each field of the newer kinds that makes an operator
 * impossible is refused by name of the operator, and thousands of damaged images with their CRC
 * made right again do no harm (AddressSanitizer watches image and arena).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "firmware/wire/wire.h"
#include "tests/unit/model/net_random.h"

static struct net net;

static void crc_repair(uint8_t *image, uint32_t count)
{
	((struct image_header *)image)->crc32 = wire_crc32(0, image + 16, count - 16);
}

/* One operator of one kind; inputs of 2 x 3 x 4 x 5 or, of CONCATENATION, two of them. */
static void single_make(enum image_op_kind kind)
{
	static const int32_t shape[4] = {2, 3, 4, 5};
	static int32_t values[8];
	int32_t in, out = 1;
	struct net_op *op;

	net = (struct net){0};
	net_pool_used = 0;
	in = net_tensor(&net, 4, shape, 0.1f, 7);
	net.inputs[net.input_count++] = in;
	switch (kind) {
	case IMAGE_MUL:
		out = net_add_pair(&net, in, in, NET_MUL);
		break;
	case IMAGE_MEAN:
		out = net_add_mean(&net, in);
		break;
	case IMAGE_CONCATENATION:
		out = net_add_concatenation(&net, in);
		break;
	case IMAGE_PAD:
		memcpy(values, (const int32_t[]){0, 1, 1, 2, 3, 0, 2, 2}, sizeof(values));
		out = net_image(&net, 3, 6, 7, 9, 0.1f, 7);
		op = net_op(&net, NET_PAD, 0, out);
		net_input(op, in);
		net_input(op, net_ints(&net, values, 8, true));
		break;
	case IMAGE_RESIZE_NEAREST_NEIGHBOR:
		memcpy(values, (const int32_t[]){6, 9}, 8);
		out = net_image(&net, 2, 6, 9, 5, 0.1f, 7);
		op = net_op(&net, NET_RESIZE, 74, out);
		net_input(op, in);
		net_input(op, net_ints(&net, values, 2, false));
		break;
	default:
		memcpy(values, (const int32_t[]){3, 0, 2, 1}, 16);
		out = net_image(&net, 5, 2, 4, 3, 0.1f, 7);
		op = net_op(&net, NET_TRANSPOSE, 26, out);
		net_input(op, in);
		net_input(op, net_ints(&net, values, 4, false));
		break;
	}
	net.outputs[net.output_count++] = out;
}

/* What is changed: bytes of the operator's record. */
struct damage {
	enum image_op_kind kind;
	size_t field, bytes;
	int32_t to;
};

#define FIELD(name)  offsetof(struct image_op, name), sizeof(((struct image_op *)0)->name)
#define ARG(index)   offsetof(struct image_op, args) + 2 * (index), 2
#define SHIFT        offsetof(struct image_op, rescale) + 4, 4
#define MULTIPLIER   offsetof(struct image_op, rescale), 4
#define SECOND_INPUT offsetof(struct image_op, inputs) + 2, 2

static const struct damage damages[] = {
	{IMAGE_MUL, FIELD(input_count), 1},
	{IMAGE_MUL, SHIFT, IMAGE_MUL_SHIFT_MAX + 1},
	{IMAGE_MUL, SHIFT, -32},
	{IMAGE_MUL, MULTIPLIER, -1},
	{IMAGE_MUL, FIELD(activation_max), 128},
	{IMAGE_MUL, FIELD(activation_min), -129},
	{IMAGE_MUL, FIELD(weights_bytes), 16},
	{IMAGE_MUL, FIELD(scratch_offset), 1},
	{IMAGE_MEAN, ARG(0), 1}, /* the output then has too many elements */
	{IMAGE_MEAN, ARG(1), 2},
	{IMAGE_MEAN, ARG(1), 0},
	{IMAGE_MEAN, SHIFT, 31},
	{IMAGE_MEAN, SHIFT, 20},
	{IMAGE_MEAN, MULTIPLIER, -5},
	{IMAGE_MEAN, SECOND_INPUT, 0},
	{IMAGE_PAD, ARG(0), 2},
	{IMAGE_PAD, ARG(1), 4},
	{IMAGE_PAD, ARG(3), 5},
	{IMAGE_PAD, ARG(2), 0xFFFF},
	{IMAGE_CONCATENATION, ARG(0), 4},
	{IMAGE_CONCATENATION, ARG(0), 2},
	{IMAGE_CONCATENATION, FIELD(input_count), 0},
	{IMAGE_CONCATENATION, FIELD(input_count), 11},
	{IMAGE_CONCATENATION, SECOND_INPUT, 1}, /* the output itself */
	{IMAGE_RESIZE_NEAREST_NEIGHBOR, ARG(0), 2},
	{IMAGE_RESIZE_NEAREST_NEIGHBOR, ARG(1), 2},
	{IMAGE_RESIZE_NEAREST_NEIGHBOR, FIELD(variant), 1},
	{IMAGE_TRANSPOSE, ARG(0), 4},
	{IMAGE_TRANSPOSE, ARG(1), 3},
	{IMAGE_TRANSPOSE, ARG(3), 2},
};

static void test_damages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct err err = {0};
		struct image_header *header;
		uint32_t count = 0, op_index = 99;
		uint8_t *image = NULL;

		single_make(damages[i].kind);
		if (net_compile(&net, &model_options_portable, &image, &count, &err))
			fail_msg("%s", err.text);
		header = (struct image_header *)image;
		assert_int_equal(image_check(image, count, 1 << 20, NULL), IMAGE_FINE);
		assert_int_equal(image_ops(header)[0].kind, damages[i].kind);
		memcpy(image + header->op_offset + damages[i].field, &damages[i].to,
		       damages[i].bytes);
		crc_repair(image, count);
		if (image_check(image, count, 1 << 20, &op_index) != IMAGE_FAULT_OPERATOR)
			print_error("damage %zu\n", i);
		assert_int_equal(image_check(image, count, 1 << 20, &op_index),
				 IMAGE_FAULT_OPERATOR);
		assert_int_equal(op_index, 0);
		free(image);
	}
}

/* An ADD of two inputs of the model, equal in shape. */
static void add_make(int32_t second_size)
{
	struct net_op *add;
	int32_t out;

	net = (struct net){0};
	net.inputs[net.input_count++] = net_image(&net, 1, 4, 4, 16, 0.1f, 0);
	net.inputs[net.input_count++] = net_image(&net, 1, second_size, second_size, 16, 0.1f, 0);
	out = net_image(&net, 1, 4, 4, 16, 0.1f, 0);
	add = net_op(&net, NET_ADD, 11, out);
	net_input(add, 0);
	net_input(add, 1);
	net_option(add, 0, 1, 0);
	net.outputs[net.output_count++] = out;
}

/* Only the portable set repeats inputs: the compiler gives such an ADD to it, and the check lets no
 * other set's function have one. */
static void test_repeated_only_portable(void **state)
{
	(void)state;
	for (int set = 0; set < IMAGE_KERNELS_END; set++) {
		const struct model_options options = {.kernel_set = (enum image_kernel_set)set};
		struct image_header *header;
		struct image_tensor *second;
		struct image_op *op;
		uint32_t count = 0, op_index = 99;
		uint8_t *image = NULL;
		struct err err = {0};

		add_make(1);
		assert_int_equal(net_compile(&net, &options, &image, &count, &err), 0);
		op = (struct image_op *)(image + ((struct image_header *)image)->op_offset);
		assert_int_equal(op->kernel_set, IMAGE_KERNELS_PORTABLE);
		free(image);
		add_make(4);
		assert_int_equal(net_compile(&net, &options, &image, &count, &err), 0);
		header = (struct image_header *)image;
		op = (struct image_op *)(image + header->op_offset);
		second = (struct image_tensor *)(image + header->tensor_offset) + op->inputs[1];
		if (op->kernel_set != set)
			print_message("set %d has no ADD of its own\n", set);
		second->shape[1] = second->shape[2] = 1;
		header->input_bytes -= second->bytes - 16;
		second->bytes = 16;
		crc_repair(image, count);
		assert_int_equal(image_check(image, count, 1 << 20, &op_index),
				 op->kernel_set ? IMAGE_FAULT_OPERATOR : IMAGE_FINE);
		free(image);
	}
}

/* True when the image passed and ran; its inputs must then be as they were written. */
static bool runs(const uint8_t *image, uint32_t count, uint32_t arena_bytes)
{
	uint8_t *arena = aligned_alloc(IMAGE_ALIGN, arena_bytes);
	struct runtime runtime;
	bool fine;

	assert_non_null(arena);
	memset(arena, 0x5A, arena_bytes);
	fine = runtime_open(&runtime, image, count, arena, arena_bytes) == RUNTIME_OK;
	if (fine) {
		const struct image_header *header = (const struct image_header *)image;
		const struct image_tensor *input = &image_tensors(header)[image_inputs(header)[0]];

		runtime_invoke(&runtime, NULL, NULL);
		for (uint32_t i = 0; i < input->bytes; i++)
			assert_int_equal(arena[input->arena_offset + i], 0x5A);
	}
	free(arena);
	return fine;
}

/* Bytes of the records, most of them changed by little. */
static void damage(uint8_t *image)
{
	const struct image_header *header = (const struct image_header *)image;
	uint32_t end = header->tensor_offset +
		       header->tensor_count * (uint32_t)sizeof(struct image_tensor);

	for (int32_t changes = net_draw(1, 2); changes > 0; changes--) {
		uint32_t at = (uint32_t)net_draw((int32_t)header->op_offset, (int32_t)end - 1);

		image[at] =
			(uint8_t)(net_draw(0, 3) ? image[at] + net_draw(-2, 2) : net_draw(0, 255));
	}
}

static void test_mutations(void **state)
{
	unsigned passed = 0, refused = 0;

	(void)state;
	for (int round = 0; round < 400; round++) {
		struct err err = {0};
		uint8_t *image = NULL, *copy;
		uint32_t count = 0;

		net_random(&net, net_draw(1, 6));
		if (net_compile(&net, &model_options_portable, &image, &count, &err))
			fail_msg("%s", err.text);
		copy = aligned_alloc(IMAGE_ALIGN, count);
		for (int i = 0; i < 40; i++) {
			memcpy(copy, image, count);
			damage(copy);
			crc_repair(copy, count);
			if (runs(copy, count, ((const struct image_header *)image)->arena_bytes))
				passed++;
			else
				refused++;
		}
		free(copy);
		free(image);
	}
	assert_true(passed > 1000 && refused > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_damages),
		cmocka_unit_test(test_repeated_only_portable),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
