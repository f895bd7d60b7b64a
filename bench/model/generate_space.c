/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Search spaces. "ds-cnn": depthwise separable networks for keyword spotting (Zhang et al. 2017,
 * "Hello Edge"), on the 49 x 10 features of one second of speech, 12 classes; the input's scale and
 * zero point are those of MLPerf Tiny's reference model. "cnn": plain convolutions on 32 x 32
 * colour images, 10 classes. "mlp": dense layers on 640 features of a machine's sound (the input of
 * MLPerf Tiny's anomaly detection), 8 classes.
 */
#include "bench/model/generate_network.h"

#include <math.h>
#include <stdlib.h>

enum {
	BANDS_MAX = 16,
	DRAWS_MAX = 5000,
	BLOCKS_MAX = 5,
	SPEECH_CLASSES = 12,
	IMAGE_CLASSES = 10,
	SOUND_CLASSES = 8,
	SOUND_FEATURES = 640,
	CONVS_MAX = 6,
	HIDDEN_MAX = 8,
};

const struct generate_tensor *generate_layer_input(const struct generate_network *network,
						   uint32_t index)
{
	if (generate_is_rejoin(network, index))
		index = network->exit_first;
	return index ? &network->layers[index - 1].output : &network->input;
}

uint32_t generate_layer_taps(const struct generate_network *network, uint32_t index)
{
	const struct generate_layer *layer = &network->layers[index];
	uint32_t channels = generate_layer_input(network, index)->shape.channels;

	return layer->kernel_h * layer->kernel_w *
	       (layer->kind == GENERATE_DEPTHWISE ? 1 : channels);
}

uint32_t generate_layer_weights(const struct generate_network *network, uint32_t index)
{
	return generate_layer_taps(network, index) * network->layers[index].output.shape.channels;
}

uint64_t generate_network_macs(const struct generate_network *network)
{
	uint64_t macs = 0;

	for (uint32_t i = 0; i < network->layer_count; i++)
		if (generate_has_weights(&network->layers[i]))
			macs += (uint64_t)generate_layer_taps(network, i) *
				generate_shape_elements(&network->layers[i].output.shape);
	return macs;
}

void generate_network_done(struct generate_network *network)
{
	for (uint32_t i = 0; i < network->layer_count; i++) {
		free(network->layers[i].weights);
		network->layers[i].weights = NULL;
	}
}

static struct generate_layer *layer_add(struct generate_network *network, enum generate_kind kind,
					uint32_t channels)
{
	struct generate_layer *layer = &network->layers[network->layer_count];
	const struct generate_tensor *input = generate_layer_input(network, network->layer_count);

	*layer = (struct generate_layer){
		.kind = kind, .kernel_h = 1, .kernel_w = 1, .stride_h = 1, .stride_w = 1};
	layer->output.shape = input->shape;
	layer->output.shape.channels = channels;
	network->layer_count++;
	return layer;
}

static void window_set(struct generate_layer *layer, uint32_t kernel_h, uint32_t kernel_w,
		       uint32_t stride_h, uint32_t stride_w)
{
	struct generate_shape *out = &layer->output.shape;

	layer->kernel_h = kernel_h;
	layer->kernel_w = kernel_w;
	layer->stride_h = stride_h;
	layer->stride_w = stride_w;
	out->height = (out->height + stride_h - 1) / stride_h;
	out->width = (out->width + stride_w - 1) / stride_w;
}

static uint32_t channels_draw(struct generate_random *random)
{
	static const uint32_t choices[] = {8, 16, 24, 32, 48, 64};

	return choices[generate_random_below(random, sizeof(choices) / sizeof(choices[0]))];
}

static void stem_draw(struct generate_random *random, struct generate_network *network)
{
	static const uint32_t kernels[][2] = {{10, 4}, {8, 4}, {6, 4}, {4, 4}, {5, 3}, {3, 3}};
	const uint32_t *kernel =
		kernels[generate_random_below(random, sizeof(kernels) / sizeof(kernels[0]))];
	uint32_t channels = channels_draw(random);
	uint32_t stride_h = 1 + generate_random_below(random, 2);
	uint32_t stride_w = 1 + generate_random_below(random, 2);

	window_set(layer_add(network, GENERATE_CONV, channels), kernel[0], kernel[1], stride_h,
		   stride_w);
}

/* Every fourth block halves the plane, while there is more than a line of it. */
static void block_draw(struct generate_random *random, struct generate_network *network)
{
	struct generate_shape in = generate_layer_input(network, network->layer_count)->shape;
	uint32_t kernel = generate_random_below(random, 3) ? 3 : 5;
	bool halve = generate_random_below(random, 4) == 0 && in.height > 2 && in.width > 2;
	uint32_t stride = halve ? 2 : 1;

	window_set(layer_add(network, GENERATE_DEPTHWISE, in.channels), kernel, kernel, stride,
		   stride);
	layer_add(network, GENERATE_CONV, channels_draw(random));
}

static void classifier_add(struct generate_network *network, uint32_t classes)
{
	layer_add(network, GENERATE_DENSE, classes);
	layer_add(network, GENERATE_SOFTMAX, classes);
}

static void head_add(struct generate_network *network, uint32_t classes)
{
	struct generate_shape in = generate_layer_input(network, network->layer_count)->shape;
	struct generate_layer *pool = layer_add(network, GENERATE_POOL, in.channels);

	pool->kernel_h = pool->stride_h = in.height;
	pool->kernel_w = pool->stride_w = in.width;
	pool->output.shape.height = pool->output.shape.width = 1;
	layer_add(network, GENERATE_RESHAPE, in.channels);
	classifier_add(network, classes);
}

static void input_set(struct generate_network *ret_network)
{
	*ret_network = (struct generate_network){
		.input = {.shape = {49, 10, 1}, .scale = 0.584702909f, .zero_point = 83}};
}

static void ds_cnn_draw(struct generate_random *random, struct generate_network *ret_network)
{
	uint32_t blocks;

	input_set(ret_network);
	stem_draw(random, ret_network);
	blocks = 1 + generate_random_below(random, BLOCKS_MAX);
	for (uint32_t i = 0; i < blocks; i++)
		block_draw(random, ret_network);
	head_add(ret_network, SPEECH_CLASSES);
}

/* The part model: one or two blocks with a classifier of their own. */
static void ds_cnn_exit_draw(struct generate_random *random, struct generate_network *ret_network)
{
	uint32_t before = 1 + generate_random_below(random, 2);
	uint32_t behind = 1 + generate_random_below(random, 2);

	input_set(ret_network);
	stem_draw(random, ret_network);
	for (uint32_t i = 0; i < before; i++)
		block_draw(random, ret_network);
	ret_network->exit_first = ret_network->layer_count;
	head_add(ret_network, SPEECH_CLASSES);
	for (uint32_t i = 0; i < behind; i++)
		block_draw(random, ret_network);
	head_add(ret_network, SPEECH_CLASSES);
}

/* A convolution that halves the plane or not; planes of 4 x 4 stay. */
static void conv_draw(struct generate_random *random, struct generate_network *network)
{
	static const uint32_t channels[] = {8, 12, 16, 20, 24, 32};
	struct generate_shape in = generate_layer_input(network, network->layer_count)->shape;
	uint32_t kernel = 1 + 2 * generate_random_below(random, 3);
	uint32_t stride = in.height > 4 ? 1 + generate_random_below(random, 2) : 1;

	window_set(layer_add(network, GENERATE_CONV, channels[generate_random_below(random, 6)]),
		   kernel, kernel, stride, stride);
}

static void cnn_draw(struct generate_random *random, struct generate_network *ret_network)
{
	uint32_t convs = 1 + generate_random_below(random, CONVS_MAX);

	*ret_network = (struct generate_network){
		.input = {.shape = {32, 32, 3}, .scale = 1.0f / 255, .zero_point = -128}};
	for (uint32_t i = 0; i < convs; i++)
		conv_draw(random, ret_network);
	head_add(ret_network, IMAGE_CLASSES);
}

static void mlp_draw(struct generate_random *random, struct generate_network *ret_network)
{
	static const uint32_t units[] = {8, 16, 24, 32, 48, 64, 96, 128};
	uint32_t hidden = 1 + generate_random_below(random, HIDDEN_MAX);

	*ret_network = (struct generate_network){
		.input = {.shape = {1, 1, SOUND_FEATURES}, .scale = 0.4f, .zero_point = 90}};
	layer_add(ret_network, GENERATE_RESHAPE, SOUND_FEATURES);
	for (uint32_t i = 0; i < hidden; i++)
		layer_add(ret_network, GENERATE_HIDDEN, units[generate_random_below(random, 8)]);
	classifier_add(ret_network, SOUND_CLASSES);
}

/* In alphabetical order. */
const struct generate_space generate_spaces[] = {
	{"cnn", 300000, 6000000, cnn_draw},
	{"ds-cnn", 150000, 3000000, ds_cnn_draw},
	{"ds-cnn-exit", 150000, 3000000, ds_cnn_exit_draw},
	{"mlp", 8000, 160000, mlp_draw},
};
const size_t generate_space_count = sizeof(generate_spaces) / sizeof(generate_spaces[0]);

/* Lower edge of a band, whole thousands: no rounding of pow can move a model across it. */
static uint64_t band_edge(const struct generate_space *space, unsigned band, unsigned bands)
{
	double ratio = (double)space->macs_max / (double)space->macs_min;
	double edge = (double)space->macs_min * pow(ratio, (double)band / bands);

	return (uint64_t)(edge / 1000 + 0.5) * 1000;
}

static uint64_t band_distance(uint64_t macs, uint64_t low, uint64_t high)
{
	return macs < low ? low - macs : macs > high ? macs - high : 0;
}

void generate_space_draw(const struct generate_space *space, unsigned index, unsigned count,
			 uint64_t seed, struct generate_random *random,
			 struct generate_network *ret_network)
{
	unsigned bands = count < BANDS_MAX ? count : BANDS_MAX;
	unsigned band = (unsigned)((index + seed % bands) % bands);
	uint64_t low = band_edge(space, band, bands), high = band_edge(space, band + 1, bands);
	uint64_t nearest = UINT64_MAX;

	for (unsigned i = 0; i < DRAWS_MAX && nearest > 0; i++) {
		struct generate_network network;
		uint64_t distance;

		space->draw(random, &network);
		distance = band_distance(generate_network_macs(&network), low, high);
		if (distance < nearest) {
			nearest = distance;
			*ret_network = network;
		}
	}
}
