/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Arena plans of whole networks against a checker that knows nothing of lives: a shadow of the
 * arena says of every byte which tensor wrote it last, and whoever reads a tensor must find all of
 * it. And what fusing leaves of a network: the same bytes in every layer that is left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/model/net_random.h"

enum { ARENA_MAX = 1 << 18, OUTPUT_MAX = 65536, NOBODY = 0xFFFF };

static const struct model_options eliminating = {.kernel_set = IMAGE_KERNELS_PORTABLE,
						 .eliminate = true};

static struct net net;
static uint16_t shadow[ARENA_MAX];

static void shadow_write(uint32_t offset, uint32_t bytes, uint16_t owner)
{
	for (uint32_t i = 0; i < bytes; i++)
		shadow[offset + i] = owner;
}

/* All of the tensor is there. */
static void shadow_check(const struct image_tensor *tensor, uint16_t owner)
{
	for (uint32_t i = 0; i < tensor->bytes; i++)
		assert_int_equal(shadow[tensor->arena_offset + i], owner);
}

static bool apart(uint32_t a, uint32_t a_bytes, uint32_t b, uint32_t b_bytes)
{
	return a + a_bytes <= b || b + b_bytes <= a || !a_bytes || !b_bytes;
}

/* owners[tensor]: who wrote its bytes; a RESHAPE that stays in its place hands them on. A tensor
 * that nothing writes is a view of what lies in its place when it is read first. */
static void op_follow(const struct image_header *header, const struct image_op *op,
		      uint16_t *owners)
{
	const struct image_tensor *tensors = image_tensors(header), *out = &tensors[op->output];

	assert_true(op->scratch_offset + op->scratch_bytes <= header->arena_bytes);
	assert_true(apart(op->scratch_offset, op->scratch_bytes, out->arena_offset, out->bytes));
	for (uint32_t i = 0; i < op->input_count; i++) {
		const struct image_tensor *in = &tensors[op->inputs[i]];

		if (owners[op->inputs[i]] == NOBODY)
			owners[op->inputs[i]] = shadow[in->arena_offset];
		assert_int_not_equal(owners[op->inputs[i]], NOBODY);
		shadow_check(in, owners[op->inputs[i]]);
		assert_true(
			apart(op->scratch_offset, op->scratch_bytes, in->arena_offset, in->bytes));
		assert_true(in->arena_offset == out->arena_offset ||
			    apart(in->arena_offset, in->bytes, out->arena_offset, out->bytes));
	}
	shadow_write(op->scratch_offset, op->scratch_bytes, NOBODY);
	owners[op->output] = op->output;
	if (op->kind == IMAGE_RESHAPE && tensors[op->inputs[0]].arena_offset == out->arena_offset)
		owners[op->output] = owners[op->inputs[0]];
	else
		shadow_write(out->arena_offset, out->bytes, op->output);
}

static void image_follow(const uint8_t *image)
{
	const struct image_header *header = (const struct image_header *)image;
	const struct image_tensor *tensors = image_tensors(header);
	static uint16_t owners[IMAGE_TENSORS_MAX];

	assert_true(header->arena_bytes <= ARENA_MAX);
	shadow_write(0, ARENA_MAX, NOBODY);
	memset(owners, 0xFF, sizeof(owners));
	for (uint32_t i = 0; i < header->input_count; i++) {
		uint16_t tensor = image_inputs(header)[i];

		owners[tensor] = tensor;
		shadow_write(tensors[tensor].arena_offset, tensors[tensor].bytes, tensor);
	}
	for (uint32_t i = 0; i < header->op_count; i++)
		op_follow(header, &image_ops(header)[i], owners);
	for (uint32_t i = 0; i < header->output_count; i++) {
		uint16_t tensor = image_outputs(header)[i];

		if (owners[tensor] == NOBODY)
			owners[tensor] = shadow[tensors[tensor].arena_offset];
		assert_int_not_equal(owners[tensor], NOBODY);
		shadow_check(&tensors[tensor], owners[tensor]);
	}
	for (uint32_t i = 0; i < header->input_count; i++)
		shadow_check(&tensors[image_inputs(header)[i]], image_inputs(header)[i]);
}

static uint8_t *compile(const struct model_options *options, uint32_t *ret_count)
{
	struct err err = {0};
	uint8_t *image = NULL;
	int error = net_compile(&net, options, &image, ret_count, &err);

	if (error)
		print_error("%s\n", err.text);
	assert_int_equal(error, 0);
	return image;
}

static void test_nothing_overlaps(void **state)
{
	unsigned in_place = 0;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		const struct image_header *header;
		const struct image_tensor *tensors;
		uint32_t count;
		uint8_t *image;

		net_random(&net, net_draw(1, 20));
		image = compile(round & 1 ? &eliminating : &model_options_portable, &count);
		image_follow(image);
		header = (const struct image_header *)image;
		tensors = image_tensors(header);
		for (uint32_t i = 0; i < header->op_count; i++) {
			const struct image_op *op = &image_ops(header)[i];

			in_place += op->kind != IMAGE_RESHAPE &&
				    tensors[op->inputs[0]].arena_offset ==
					    tensors[op->output].arena_offset;
		}
		free(image);
	}
	assert_true(in_place > 100);
}

/* --- fusing --------------------------------------------------------------------------------------
 */

struct layers {
	const struct image_op *ops;
	uint32_t sums[IMAGE_OPS_MAX];
	bool has[IMAGE_OPS_MAX];
};

static void layer_keep(void *context, uint32_t op_index, const void *bytes, uint32_t count)
{
	struct layers *layers = context;
	uint32_t sum = count;

	for (uint32_t i = 0; i < count; i++)
		sum = sum * 31 + ((const uint8_t *)bytes)[i];
	layers->sums[layers->ops[op_index].layer] = sum;
	layers->has[layers->ops[op_index].layer] = true;
}

static void layers_run(const uint8_t *image, uint32_t count, const int8_t *in, int8_t *out,
		       struct layers *layers)
{
	*layers = (struct layers){.ops = image_ops((const struct image_header *)image)};
	net_run(image, count, in, out, layer_keep, layers);
}

/* Another kernel set, nothing eliminated: every layer that still runs leaves the same bytes. */
static void test_fused_layers(void **state)
{
	const struct model_options fusing = {.kernel_set = IMAGE_KERNELS_ARMV7EM};
	static int8_t input[8192], outputs[2][OUTPUT_MAX];
	static struct layers full, fused;
	unsigned left_out = 0;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		uint32_t counts[2];
		uint8_t *images[2];
		const struct image_header *header;

		net_random(&net, net_draw(1, 15));
		images[0] = compile(&model_options_portable, &counts[0]);
		images[1] = compile(&fusing, &counts[1]);
		image_follow(images[1]);
		header = (const struct image_header *)images[0];
		net_fill(input, header->input_bytes);
		layers_run(images[0], counts[0], input, outputs[0], &full);
		layers_run(images[1], counts[1], input, outputs[1], &fused);
		assert_memory_equal(outputs[0], outputs[1], header->output_bytes);
		for (int32_t i = 0; i < net.op_count; i++) {
			left_out += !fused.has[i];
			assert_true(full.has[i]);
			if (fused.has[i])
				assert_int_equal(full.sums[i], fused.sums[i]);
			else
				assert_true(net.ops[i].builtin == NET_PAD ||
					    net.ops[i].builtin == NET_RESHAPE);
		}
		free(images[0]);
		free(images[1]);
	}
	assert_true(left_out > 500);
}

/* Runs an image with an exit; returns the bytes it gives. */
static uint32_t exit_run(const uint8_t *image, uint32_t count, int32_t threshold, const int8_t *in,
			 int8_t *out)
{
	uint32_t arena_bytes = ((const struct image_header *)image)->arena_bytes;
	uint8_t *arena = aligned_alloc(IMAGE_ALIGN, arena_bytes);
	struct runtime runtime;

	assert_non_null(arena);
	assert_int_equal(runtime_open(&runtime, image, count, arena, arena_bytes), RUNTIME_OK);
	runtime.exit_threshold = threshold;
	runtime_write_input(&runtime, 0, in, runtime.input_bytes);
	runtime_invoke(&runtime, NULL, NULL);
	runtime_read_output(&runtime, 0, out, runtime.output_bytes);
	free(arena);
	return runtime.output_bytes;
}

/* An exit at output `index` of the network: 0 when there is nothing to save. */
static uint8_t *exit_compile(const struct model_options *options, uint32_t index,
			     uint32_t *ret_count)
{
	struct err err = {0};
	uint32_t count = 0;
	uint8_t *bytes = net_write(&net, &count), *image = NULL;
	struct graph graph;

	assert_int_equal(graph_read(bytes, count, &graph, &err), 0);
	if (!graph_exit_at(&graph, index, &err))
		assert_int_equal(image_build(&graph, options, 0, &image, ret_count, &err), 0);
	graph_done(&graph);
	free(bytes);
	return image;
}

/* Fused and eliminated or not, an exit gives its output and the end gives all of them. */
static void test_exits(void **state)
{
	static int8_t input[8192], outputs[2][OUTPUT_MAX];
	unsigned taken = 0;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		uint32_t counts[2], index, bytes;
		uint8_t *images[2];

		net_dead_percent = 30;
		net_random(&net, net_draw(2, 12));
		index = (uint32_t)net_draw(0, net.output_count - 1);
		images[0] = exit_compile(&model_options_portable, index, &counts[0]);
		images[1] = exit_compile(&eliminating, index, &counts[1]);
		assert_true(!images[0] == !images[1]);
		if (!images[0])
			continue;
		image_follow(images[1]);
		net_fill(input, net_elements(&net, 0));
		for (int32_t threshold = -128; threshold <= 128; threshold += 256) {
			bytes = exit_run(images[0], counts[0], threshold, input, outputs[0]);
			if (threshold < 0)
				assert_int_equal(bytes, net_elements(&net, net.outputs[index]));
			assert_int_equal(
				exit_run(images[1], counts[1], threshold, input, outputs[1]),
				bytes);
			assert_memory_equal(outputs[0], outputs[1], bytes);
		}
		taken++;
		free(images[0]);
		free(images[1]);
	}
	assert_true(taken > 500);
}

static int32_t pads[8];

/* PAD by before and behind in height and width, then a 3x3 convolution; returns how many operators
 * are left, having compared the outputs. */
static uint32_t padded_ops(int32_t before, int32_t behind, int32_t batch, bool pad_is_output,
			   int32_t builtin)
{
	static int8_t input[8192], outputs[2][OUTPUT_MAX];
	uint32_t counts[2], ops;
	uint8_t *images[2];
	int32_t in, padded, out;
	struct net_op *op;

	net = (struct net){0};
	net_pool_used = 0;
	net_dead_percent = 0;
	memcpy(pads, (const int32_t[]){batch, 0, before, behind, before, behind, 0, 0},
	       sizeof(pads));
	in = net_image(&net, 1, 6, 5, 3, 0.05f, -40);
	padded =
		net_image(&net, 1 + batch, 6 + before + behind, 5 + before + behind, 3, 0.05f, -40);
	op = net_op(&net, NET_PAD, 0, padded);
	net_input(op, in);
	net_input(op, net_ints(&net, pads, 8, true));
	out = net_image(&net, 1 + batch, 4 + before + behind, 3 + before + behind, 3, 0.05f, 3);
	op = net_op(&net, builtin, builtin == NET_CONV ? 1 : 5, out);
	net_input(op, padded);
	if (builtin == NET_CONV)
		net_weights(&net, op, (const int32_t[]){3, 3, 3, 3}, 4, 0, 0.05f);
	else
		net.tensors[out].zero_point = -40;
	net_option(op, 0, 1, 1);
	net_option(op, 1, 4, 1);
	net_option(op, 2, 4, 1);
	if (builtin != NET_CONV) {
		net_option(op, 3, 4, 3);
		net_option(op, 4, 4, 3);
	}
	net.inputs[net.input_count++] = in;
	net.outputs[net.output_count++] = out;
	if (pad_is_output)
		net.outputs[net.output_count++] = padded;
	images[0] = compile(&model_options_portable, &counts[0]);
	images[1] = compile(&eliminating, &counts[1]);
	ops = ((const struct image_header *)images[1])->op_count;
	net_fill(input, 6 * 5 * 3);
	net_run(images[0], counts[0], input, outputs[0], NULL, NULL);
	net_run(images[1], counts[1], input, outputs[1], NULL, NULL);
	assert_memory_equal(outputs[0], outputs[1],
			    ((const struct image_header *)images[0])->output_bytes);
	free(images[0]);
	free(images[1]);
	return ops;
}

static void test_pads(void **state)
{
	(void)state;
	assert_int_equal(padded_ops(1, 1, 0, false, NET_CONV), 1);
	assert_int_equal(padded_ops(2, 2, 0, false, NET_CONV), 1);
	assert_int_equal(padded_ops(0, 2, 0, false, NET_CONV), 1);
	assert_int_equal(padded_ops(0, 3, 0, false, NET_CONV), 2); /* a window beyond the input */
	assert_int_equal(padded_ops(3, 0, 0, false, NET_CONV), 2);
	assert_int_equal(padded_ops(1, 1, 1, false, NET_CONV), 2); /* another image */
	assert_int_equal(padded_ops(1, 1, 0, true, NET_CONV), 2);
	assert_int_equal(padded_ops(1, 1, 0, false, NET_AVERAGE_POOL), 2);
	assert_int_equal(padded_ops(1, 1, 0, false, NET_MAX_POOL), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_overlaps),
		cmocka_unit_test(test_fused_layers),
		cmocka_unit_test(test_exits),
		cmocka_unit_test(test_pads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
