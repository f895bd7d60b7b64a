/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The listing of a small network, number by number, and of one with constant channels.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/model/listing.h"
#include "tests/unit/model/net_random.h"

static struct net net;

static void weights_add(struct net_op *op, const int32_t shape[4], int32_t dimension,
			const int32_t *biases)
{
	net_dead_percent = 0;
	net_weights(&net, op, shape, 4, dimension, 0.05f);
	net.tensors[op->inputs[2]].data = biases;
}

/* CONV 3x3 3 -> 4 SAME, DEPTHWISE 2x2 VALID, RESHAPE, ADD; 5 x 5. */
static void net_make(const int32_t *biases)
{
	static const int32_t shape[4] = {1, 1, 16, 4};
	int32_t conv, depthwise, reshaped;
	struct net_op *op;

	net = (struct net){0};
	net_pool_used = 0;
	net.inputs[net.input_count++] = net_image(&net, 1, 5, 5, 3, 0.05f, 0);
	conv = net_image(&net, 1, 5, 5, 4, 0.05f, -10);
	op = net_op(&net, NET_CONV, 1, conv);
	net_input(op, 0);
	weights_add(op, (const int32_t[]){4, 3, 3, 3}, 0, biases);
	net_option(op, 1, 4, 1);
	net_option(op, 2, 4, 1);
	net_option(op, 3, 1, 1);
	depthwise = net_image(&net, 1, 4, 4, 4, 0.05f, 0);
	op = net_op(&net, NET_DEPTHWISE, 2, depthwise);
	net_input(op, conv);
	weights_add(op, (const int32_t[]){1, 2, 2, 4}, 3, biases);
	net_option(op, 0, 1, 1);
	net_option(op, 1, 4, 1);
	net_option(op, 2, 4, 1);
	net_option(op, 3, 4, 1);
	reshaped = net_tensor(&net, 4, shape, 0.05f, 0);
	net_input(net_op(&net, NET_RESHAPE, 0, reshaped), depthwise);
	net.outputs[net.output_count++] = net_add_pair(&net, reshaped, reshaped, NET_ADD);
}

static struct model_image *image_make(const struct model_options *options)
{
	char path[] = "/tmp/joulebench-listing-XXXXXX";
	struct model_image *image = NULL;
	struct err err = {0};
	uint32_t count = 0;
	uint8_t *bytes = net_write(&net, &count);
	int file = mkstemp(path);

	assert_true(file >= 0);
	assert_int_equal(write(file, bytes, count), count);
	close(file);
	if (model_image_build(path, options, &image, &err))
		print_error("%s\n", err.text);
	unlink(path);
	free(bytes);
	assert_non_null(image);
	return image;
}

static const int32_t plain[4] = {1, 2, 3, 4};

static void test_layers(void **state)
{
	static const struct {
		const char *name;
		uint64_t macs, params;
		uint32_t weight_bytes, scratch_bytes;
		uint32_t in[4], out[4];
	} expected[] = {
		{"CONV_2D", 2700, 112, 108 + 48, 27, {1, 5, 5, 3}, {1, 5, 5, 4}},
		{"DEPTHWISE_CONV_2D", 256, 20, 16 + 48, 16, {1, 5, 5, 4}, {1, 4, 4, 4}},
		{"RESHAPE", 0, 0, 0, 0, {1, 4, 4, 4}, {1, 1, 16, 4}},
		{"ADD", 0, 0, 0, 0, {1, 1, 16, 4}, {1, 1, 16, 4}},
	};
	struct model_listing listing = {0};
	struct err err = {0};
	struct model_image *image;

	(void)state;
	net_make(plain);
	image = image_make(&model_options_portable);
	assert_int_equal(model_listing_make(image, &listing, &err), 0);
	assert_int_equal(listing.layer_count, 4);
	for (unsigned i = 0; i < 4; i++) {
		const struct model_listing_layer *layer = &listing.layers[i];

		assert_int_equal(layer->index, i);
		assert_string_equal(layer->operator_name, expected[i].name);
		assert_int_equal(layer->macs, expected[i].macs);
		assert_int_equal(layer->params, expected[i].params);
		assert_int_equal(layer->weight_bytes, expected[i].weight_bytes);
		assert_int_equal(layer->scratch_bytes, expected[i].scratch_bytes);
		assert_memory_equal(layer->input_shapes[0], expected[i].in, 16);
		assert_memory_equal(layer->output_shape, expected[i].out, 16);
		assert_int_equal(layer->input_count, i == 3 ? 2 : 1);
		assert_string_equal(layer->kernel_set, "portable");
		assert_true(layer->arena_offset + layer->output_bytes <= listing.arena_bytes);
	}
	assert_int_equal(listing.macs, 2956);
	assert_int_equal(listing.file_macs, 2956);
	assert_int_equal(listing.params, 132);
	assert_int_equal(listing.file_params, 132);
	assert_int_equal(listing.weight_bytes, 220);
	assert_int_equal(listing.scratch_bytes_max, 27);
	assert_int_equal(listing.image_bytes, image->count);
	assert_int_equal(listing.input_bytes, 75);
	assert_int_equal(listing.output_bytes, 64);
	assert_int_equal(listing.exit_layer, 4);
	assert_true(listing.macs_share == 1);
	model_listing_free(&listing);
	model_listing_free(&listing);
	model_image_free(image);
}

/* Two of the four channels between two convolutions are constant: half of the work is left. */
static void test_share(void **state)
{
	static const int32_t dead[4] = {1, -(1 << 29), -(1 << 29), 4};
	const struct model_options eliminating = {.eliminate = true};
	struct model_listing listing = {0};
	struct err err = {0};
	struct model_image *image;
	int32_t out;
	struct net_op *op;

	(void)state;
	net_make(dead);
	net.op_count = 1; /* CONV, then a 1x1 CONV to two channels */
	net.tensor_count = 5;
	out = net_image(&net, 1, 5, 5, 2, 0.05f, 0);
	op = net_op(&net, NET_CONV, 1, out);
	net_input(op, 1);
	weights_add(op, (const int32_t[]){2, 1, 1, 4}, 0, plain);
	net_option(op, 1, 4, 1);
	net_option(op, 2, 4, 1);
	net.outputs[0] = out;
	image = image_make(&eliminating);
	assert_int_equal(model_listing_make(image, &listing, &err), 0);
	assert_int_equal(listing.layer_count, 2);
	assert_int_equal(listing.file_macs, 2700 + 200);
	assert_int_equal(listing.macs, 1350 + 100);
	assert_true(listing.macs_share == 0.5);
	assert_int_equal(listing.layers[0].output_shape[3], 2);
	assert_int_equal(listing.layers[1].params, 6);
	model_listing_free(&listing);
	model_image_free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layers),
		cmocka_unit_test(test_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
