/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Elimination of constant channels: an image without them gives every output bit for bit, for nets
 * drawn to be awkward; and the ranges that it believes hold for what the full image computes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/model/lower.h"
#include "bench/model/ranges.h"
#include "tests/unit/model/net_random.h"

enum { ROUNDS = 6000, OUTPUT_MAX = 65536 };

static const struct model_options eliminating = {.kernel_set = IMAGE_KERNELS_PORTABLE,
						 .eliminate = true};

static struct net net;
static int8_t input[8192], full[OUTPUT_MAX], less[OUTPUT_MAX];

static uint64_t weight_bytes(const uint8_t *image)
{
	const struct image_header *header = (const struct image_header *)image;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < header->op_count; i++)
		sum += image_ops(header)[i].weights_bytes;
	return sum;
}

struct pair {
	uint8_t *full, *less;
	uint32_t full_count, less_count;
};

static struct pair pair_make(void)
{
	struct err err = {0};
	struct pair pair;
	int error = net_compile(&net, &model_options_portable, &pair.full, &pair.full_count, &err);

	error = error ? error : net_compile(&net, &eliminating, &pair.less, &pair.less_count, &err);
	if (error)
		print_error("%s\n", err.text);
	assert_int_equal(error, 0);
	return pair;
}

/* The same outputs for the ends of the input's range and some of what lies between. */
static void pair_check(const struct pair *pair)
{
	const struct image_header *header = (const struct image_header *)pair->full;

	assert_true(header->output_bytes <= OUTPUT_MAX && header->input_bytes <= sizeof(input));
	assert_int_equal(header->output_bytes,
			 ((const struct image_header *)pair->less)->output_bytes);
	for (int round = 0; round < 4; round++) {
		net_random_input(input, header->input_bytes, round);
		net_run(pair->full, pair->full_count, input, full, NULL, NULL);
		net_run(pair->less, pair->less_count, input, less, NULL, NULL);
		assert_memory_equal(full, less, header->output_bytes);
	}
}

static void pair_done(struct pair *pair)
{
	free(pair->full);
	free(pair->less);
}

static void test_random(void **state)
{
	unsigned shrunk = 0;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct pair pair;

		net_dead_percent = (const int32_t[]){10, 40, 80, 100}[round % 4];
		net_random(&net, net_draw(1, 12));
		pair = pair_make();
		pair_check(&pair);
		shrunk += weight_bytes(pair.less) < weight_bytes(pair.full);
		pair_done(&pair);
	}
	print_message("%u of %d nets have fewer weights\n", shrunk, ROUNDS);
	assert_true(shrunk > ROUNDS / 10);
}

/* --- ranges --------------------------------------------------------------------------------------
 */

struct watch {
	const struct lowered *lowered;
	const struct ranges *ranges;
	unsigned constant; /* channels that are */
};

/* Portable and complete, so operator i of the image is operator i of what was lowered. */
static void within_ranges(void *context, uint32_t op_index, const void *bytes, uint32_t count)
{
	struct watch *watch = context;
	uint32_t tensor = watch->lowered->ops[op_index].record.output;
	uint32_t channels = watch->lowered->tensors[tensor].shape[3];
	const struct range *ranges = watch->ranges->channels[tensor];

	for (uint32_t i = 0; i < count; i++) {
		int8_t value = ((const int8_t *)bytes)[i];

		assert_in_range(value + 128, ranges[i % channels].low + 128,
				ranges[i % channels].high + 128);
	}
	for (uint32_t c = 0; c < channels; c++)
		watch->constant += ranges[c].low == ranges[c].high;
}

static void test_ranges_hold(void **state)
{
	unsigned constant = 0;

	(void)state;
	for (int round = 0; round < 500; round++) {
		struct err err = {0};
		struct lowered lowered;
		struct ranges ranges;
		struct graph graph;
		uint32_t count = 0, image_count = 0;
		uint8_t *bytes, *image = NULL;
		struct watch watch;

		net_dead_percent = 30;
		net_random(&net, net_draw(1, 12));
		bytes = net_write(&net, &count);
		assert_int_equal(graph_read(bytes, count, &graph, &err), 0);
		assert_int_equal(lower(&graph, &model_options_portable, &lowered, &err), 0);
		assert_int_equal(ranges_find(&lowered, &ranges, &err), 0);
		assert_int_equal(
			image_build(&graph, &model_options_portable, 0, &image, &image_count, &err),
			0);
		watch = (struct watch){&lowered, &ranges, 0};
		for (int k = 0; k < 3; k++) {
			net_random_input(input, net_elements(&net, 0), k);
			net_run(image, image_count, input, full, within_ranges, &watch);
		}
		constant += watch.constant;
		ranges_done(&ranges);
		lower_done(&lowered);
		graph_done(&graph);
		free(image);
		free(bytes);
	}
	assert_true(constant > 1000);
}

/* --- drawn up ------------------------------------------------------------------------------------
 */

/* A convolution with weights w[out][taps][in] and biases, stride 1. */
static int32_t conv(int32_t in, int32_t out_channels, int32_t kernel, bool same, int8_t weight,
		    const int32_t *biases, int32_t zero_point, int32_t activation)
{
	const struct net_tensor from = net.tensors[in];
	int32_t shape[4] = {out_channels, kernel, kernel, from.shape[3]};
	int32_t less_by = same ? 0 : kernel - 1;
	int32_t filter = net_tensor(&net, 4, shape, 0.02f, 0), bias, out;
	uint32_t bytes = net_elements(&net, filter);
	int8_t *weights = net_take(bytes);
	struct net_op *op;

	for (uint32_t i = 0; i < bytes; i++)
		weights[i] = (int8_t)(weight ? weight + net_draw(-3, 3) : 0);
	net.tensors[filter].data = weights;
	net.tensors[filter].bytes = bytes;
	bias = net_tensor(&net, 1, &out_channels, from.scales[0] * 0.02f, 0);
	net.tensors[bias].type = NET_INT32;
	net.tensors[bias].data = biases;
	net.tensors[bias].bytes = (uint32_t)out_channels * 4;
	out = net_image(&net, 1, from.shape[1] - less_by, from.shape[2] - less_by, out_channels,
			0.05f, zero_point);
	op = net_op(&net, NET_CONV, 1, out);
	net_input(op, in);
	net_input(op, filter);
	net_input(op, bias);
	net_option(op, 0, 1, same ? 0 : 1);
	net_option(op, 1, 4, 1);
	net_option(op, 2, 4, 1);
	net_option(op, 3, 1, activation);
	return out;
}

static int32_t net_start(int32_t size, int32_t channels)
{
	net = (struct net){0};
	net_pool_used = 0;
	net.inputs[net.input_count++] = net_image(&net, 1, size, size, channels, 0.05f, 10);
	return net.inputs[0];
}

/* Checks the outputs and returns the channels of the tensor that the first operator leaves. */
static uint32_t first_channels(int32_t out)
{
	const struct image_header *header;
	struct pair pair;
	uint32_t channels;

	net.outputs[net.output_count++] = out;
	pair = pair_make();
	pair_check(&pair);
	header = (const struct image_header *)pair.less;
	channels = image_tensors(header)[image_ops(header)[0].output].shape[3];
	pair_done(&pair);
	return channels;
}

/* Channels 0 and 1 are constant, below a RELU's zero: at the zero point, which is also what a
 * padded convolution reads outside; 2 and 3 saturate: elsewhere. */
static const int32_t biases[4] = {-(1 << 28), -(1 << 28), 1 << 28, 1 << 28};
static const int32_t small[4] = {5, -70, 300, 0};

static void test_padded_reader(void **state)
{
	(void)state;
	/* all four go where nothing is read outside; one has to stay */
	assert_int_equal(first_channels(conv(conv(net_start(5, 3), 4, 1, false, 20, biases, -20, 1),
					     2, 3, false, 9, small, 0, 0)),
			 1);
	/* behind padding only those at the zero point */
	assert_int_equal(first_channels(conv(conv(net_start(5, 3), 4, 1, false, 20, biases, -20, 1),
					     2, 3, true, 9, small, 0, 0)),
			 2);
	/* a window of one tap reads nothing outside, SAME or not */
	assert_int_equal(first_channels(conv(conv(net_start(5, 3), 4, 1, false, 20, biases, -20, 1),
					     2, 1, true, 9, small, 0, 0)),
			 1);
}

/* Two readers, one of them padded: only what both can do without goes. An ADD needs all. */
static void test_several_readers(void **state)
{
	int32_t shared, add;

	(void)state;
	shared = conv(net_start(5, 3), 4, 1, false, 20, biases, -20, 1);
	net.outputs[net.output_count++] = conv(shared, 2, 3, false, 9, small, 0, 0);
	assert_int_equal(first_channels(conv(shared, 3, 3, true, 9, small, 0, 0)), 2);
	shared = conv(net_start(5, 3), 4, 1, false, 20, biases, -20, 1);
	net.outputs[net.output_count++] = conv(shared, 2, 3, false, 9, small, 0, 0);
	add = net_add_pair(&net, shared, shared, NET_ADD);
	assert_int_equal(first_channels(add), 4);
}

/* An output of the model keeps its channels. */
static void test_output_stays(void **state)
{
	int32_t shared;

	(void)state;
	shared = conv(net_start(4, 2), 4, 1, false, 20, biases, -20, 1);
	net.outputs[net.output_count++] = shared;
	assert_int_equal(first_channels(conv(shared, 2, 3, false, 9, small, 0, 0)), 4);
}

/* Nothing depends on the input any more. Of the four constants two are the zero point; behind
 * padding the others stay. */
static void test_everything_dead(void **state)
{
	(void)state;
	assert_int_equal(first_channels(conv(conv(net_start(5, 3), 4, 3, true, 0, small, 7, 0), 3,
					     3, true, 0, small, -128, 3)),
			 2);
	assert_int_equal(first_channels(conv(conv(net_start(5, 3), 4, 3, true, 0, small, 7, 0), 3,
					     3, false, 0, small, -128, 3)),
			 1);
}

/* Through depthwise convolutions and pools a channel goes all the way or not at all. */
static void test_depthwise_chain(void **state)
{
	unsigned shrunk = 0;

	(void)state;
	net_dead_percent = 0;
	for (int round = 0; round < 300; round++) {
		int32_t at = conv(net_start(7, 3), 4, 1, false, 20,
				  (const int32_t[]){-(1 << 28), 0, 1 << 28, 50}, net_draw(-128, 0),
				  net_draw(0, 1));

		for (int32_t i = net_draw(1, 3); i > 0; i--)
			at = net_add_window(&net, at,
					    (const int32_t[]){NET_DEPTHWISE, NET_MAX_POOL,
							      NET_AVERAGE_POOL}[net_draw(0, 2)]);
		shrunk += first_channels(conv(at, 3, 1, false, 9, small, 0, 0)) < 4;
	}
	assert_true(shrunk > 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),          cmocka_unit_test(test_ranges_hold),
		cmocka_unit_test(test_padded_reader),   cmocka_unit_test(test_several_readers),
		cmocka_unit_test(test_output_stays),    cmocka_unit_test(test_everything_dead),
		cmocka_unit_test(test_depthwise_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
