/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Weights and scales of a generated network. Weights are random; what a trained network has from
 * batch normalisation comes from a batch of random inputs run through the layers: each channel is
 * shifted and scaled to a fixed mean and spread. So activations neither die nor saturate at any
 * depth, and follow the input to the end.
 */
#include "bench/model/generate_network.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	BATCH = 8,
	WEIGHT_MAX = 127,
	/* Below this spread of the accumulators a channel hardly follows its input; it is left
	 * quiet rather than amplified. It also keeps requantisation multipliers below 1/2. */
	SPREAD_MIN = 128,
};

/* After normalisation a channel has spread 1 about a mean of 0..1; RELU leaves 0..5 in 255 steps.
 */
static const double ACTIVATION_RANGE = 5;
/* Logits have spread 1.5, and 8 times that to both sides in 255 steps. */
static const double LOGIT_SPREAD = 1.5, LOGIT_RANGE = 12;

/* What the batch looks like on its way through the layers. */
struct batch {
	int8_t *in, *out;     /* BATCH tensors */
	int32_t *accumulated; /* BATCH tensors of a layer's sums before bias */
};

struct channel_statistics {
	double mean, spread;
};

static void batch_done(struct batch *batch)
{
	free(batch->in);
	free(batch->out);
	free(batch->accumulated);
}

static int batch_init(struct batch *batch, const struct generate_network *network)
{
	size_t most = generate_shape_elements(&network->input.shape);

	for (uint32_t i = 0; i < network->layer_count; i++) {
		size_t count = generate_shape_elements(&network->layers[i].output.shape);

		most = count > most ? count : most;
	}
	*batch = (struct batch){
		.in = calloc(most, BATCH),
		.out = calloc(most, BATCH),
		.accumulated = calloc(most, BATCH * sizeof(int32_t)),
	};
	if (batch->in && batch->out && batch->accumulated)
		return 0;
	batch_done(batch);
	return -ENOMEM;
}

static int32_t clamp_i8(double value)
{
	return value < -128 ? -128 : value > 127 ? 127 : (int32_t)value;
}

/* Triangular about 0; one weight of each channel at the limit, as symmetric quantisation has it. */
static void weights_draw(struct generate_layer *layer, uint32_t taps,
			 struct generate_random *random)
{
	uint32_t channels = layer->output.shape.channels;
	bool depthwise = layer->kind == GENERATE_DEPTHWISE;

	for (uint32_t i = 0; i < taps * channels; i++)
		layer->weights[i] =
			(int8_t)((int32_t)generate_random_below(random, WEIGHT_MAX + 1) -
				 (int32_t)generate_random_below(random, WEIGHT_MAX + 1));
	for (uint32_t c = 0; c < channels; c++) {
		uint32_t tap = generate_random_below(random, taps);
		uint32_t at = depthwise ? tap * channels + c : c * taps + tap;

		layer->weights[at] = layer->weights[at] < 0 ? -WEIGHT_MAX : WEIGHT_MAX;
	}
}

/* SAME padding: the smaller half in front. */
static int32_t pad_before(uint32_t in, uint32_t out, uint32_t kernel, uint32_t stride)
{
	int32_t total = (int32_t)((out - 1) * stride + kernel) - (int32_t)in;

	return total > 0 ? total / 2 : 0;
}

/* One output of one tensor: (y, x) is the window's corner, outside the plane is zero. */
static int32_t window_sum(const struct generate_layer *layer, const struct generate_tensor *input,
			  const int8_t *in, int32_t y, int32_t x, uint32_t channel)
{
	const struct generate_shape *shape = &input->shape;
	bool depthwise = layer->kind == GENERATE_DEPTHWISE;
	uint32_t depth = depthwise ? 1 : shape->channels;
	uint32_t step = depthwise ? shape->channels : 1;
	const int8_t *filter =
		layer->weights +
		(depthwise ? channel : channel * layer->kernel_h * layer->kernel_w * depth);
	int32_t sum = 0;

	for (int32_t ky = 0; ky < (int32_t)layer->kernel_h; ky++)
		for (int32_t kx = 0; kx < (int32_t)layer->kernel_w; kx++, filter += depth * step) {
			const int8_t *from;

			if (y + ky < 0 || y + ky >= (int32_t)shape->height || x + kx < 0 ||
			    x + kx >= (int32_t)shape->width)
				continue;
			from = in +
			       ((uint32_t)(y + ky) * shape->width + (uint32_t)(x + kx)) *
				       shape->channels +
			       (depthwise ? channel : 0);
			for (uint32_t i = 0; i < depth; i++)
				sum += filter[i] * (from[i] - input->zero_point);
		}
	return sum;
}

static void layer_accumulate(const struct generate_layer *layer,
			     const struct generate_tensor *input, const int8_t *in,
			     int32_t *ret_sums)
{
	const struct generate_shape *out = &layer->output.shape;
	int32_t pad_h =
		pad_before(input->shape.height, out->height, layer->kernel_h, layer->stride_h);
	int32_t pad_w =
		pad_before(input->shape.width, out->width, layer->kernel_w, layer->stride_w);

	for (uint32_t y = 0; y < out->height; y++)
		for (uint32_t x = 0; x < out->width; x++)
			for (uint32_t c = 0; c < out->channels; c++)
				*ret_sums++ = window_sum(layer, input, in,
							 (int32_t)(y * layer->stride_h) - pad_h,
							 (int32_t)(x * layer->stride_w) - pad_w, c);
}

/* Over all positions of all tensors of the batch: elements of them, channels apart. */
static struct channel_statistics channel_measure(const int32_t *sums, uint32_t elements,
						 uint32_t channels, uint32_t channel)
{
	double count = (double)BATCH * elements / channels, total = 0, squares = 0, mean;

	for (uint32_t i = channel; i < BATCH * elements; i += channels)
		total += sums[i];
	mean = total / count;
	for (uint32_t i = channel; i < BATCH * elements; i += channels)
		squares += (sums[i] - mean) * (sums[i] - mean);
	return (struct channel_statistics){mean, fmax(sqrt(squares / count), SPREAD_MIN)};
}

/* Each channel to spread 1 about a mean of its own, 0 .. 1; per-channel weight scales. */
static void channels_normalise(struct generate_layer *layer, const struct generate_tensor *input,
			       const int32_t *sums, struct generate_random *random)
{
	uint32_t channels = layer->output.shape.channels;
	uint32_t elements = generate_shape_elements(&layer->output.shape);

	for (uint32_t c = 0; c < channels; c++) {
		struct channel_statistics is = channel_measure(sums, elements, channels, c);
		double shift = generate_random_below(random, 1001) / 1000.0;

		layer->weight_scale[c] = (float)(1 / (is.spread * (double)input->scale));
		layer->bias[c] = (int32_t)floor(shift * is.spread - is.mean + 0.5);
	}
	layer->output.scale = (float)(ACTIVATION_RANGE / 255);
	layer->output.zero_point = -128;
}

/* Of the channels, in the root mean square. */
static double mean_spread(const struct generate_layer *layer, const int32_t *sums)
{
	uint32_t channels = layer->output.shape.channels;
	double squares = 0;

	for (uint32_t c = 0; c < channels; c++) {
		struct channel_statistics is = channel_measure(sums, channels, channels, c);

		squares += is.spread * is.spread;
	}
	return sqrt(squares / channels);
}

/* Logits about 0, with one scale for all classes. */
static void logits_normalise(struct generate_layer *layer, const struct generate_tensor *input,
			     const int32_t *sums)
{
	uint32_t channels = layer->output.shape.channels;
	double spread = mean_spread(layer, sums);

	for (uint32_t c = 0; c < channels; c++) {
		struct channel_statistics is = channel_measure(sums, channels, channels, c);

		layer->bias[c] = (int32_t)floor(0.5 - is.mean);
		layer->weight_scale[c] = (float)(LOGIT_SPREAD / (spread * (double)input->scale));
	}
	layer->output.scale = (float)(2 * LOGIT_RANGE / 255);
	layer->output.zero_point = 0;
}

/* As channels, but with one weight scale for all. */
static void hidden_normalise(struct generate_layer *layer, const struct generate_tensor *input,
			     const int32_t *sums, struct generate_random *random)
{
	uint32_t channels = layer->output.shape.channels;
	double spread = mean_spread(layer, sums);

	for (uint32_t c = 0; c < channels; c++) {
		struct channel_statistics is = channel_measure(sums, channels, channels, c);
		double shift = generate_random_below(random, 1001) / 1000.0;

		layer->weight_scale[c] = (float)(1 / (spread * (double)input->scale));
		layer->bias[c] = (int32_t)floor(shift * spread - is.mean + 0.5);
	}
	layer->output.scale = (float)(ACTIVATION_RANGE / 255);
	layer->output.zero_point = -128;
}

static void layer_requantise(const struct generate_layer *layer,
			     const struct generate_tensor *input, const int32_t *sums,
			     int8_t *ret_out)
{
	uint32_t channels = layer->output.shape.channels;
	uint32_t count = BATCH * generate_shape_elements(&layer->output.shape);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t c = i % channels;
		double factor = (double)input->scale * (double)layer->weight_scale[c] /
				(double)layer->output.scale;
		double value = floor(((double)sums[i] + layer->bias[c]) * factor + 0.5);

		/* With zero point -128 the clamp is RELU. */
		ret_out[i] = (int8_t)clamp_i8(value + layer->output.zero_point);
	}
}

static int weighted_layer(struct generate_network *network, uint32_t index, struct batch *batch,
			  struct generate_random *random)
{
	struct generate_layer *layer = &network->layers[index];
	const struct generate_tensor *input = generate_layer_input(network, index);
	uint32_t in_count = generate_shape_elements(&input->shape);
	uint32_t out_count = generate_shape_elements(&layer->output.shape);

	layer->weights = malloc(generate_layer_weights(network, index));
	if (!layer->weights)
		return -ENOMEM;
	weights_draw(layer, generate_layer_taps(network, index), random);
	for (uint32_t i = 0; i < BATCH; i++)
		layer_accumulate(layer, input, batch->in + i * in_count,
				 batch->accumulated + i * out_count);
	if (layer->kind == GENERATE_DENSE)
		logits_normalise(layer, input, batch->accumulated);
	else if (layer->kind == GENERATE_HIDDEN)
		hidden_normalise(layer, input, batch->accumulated, random);
	else
		channels_normalise(layer, input, batch->accumulated, random);
	layer_requantise(layer, input, batch->accumulated, batch->out);
	return 0;
}

static void pool_layer(const struct generate_tensor *input, struct batch *batch)
{
	uint32_t channels = input->shape.channels, area = input->shape.height * input->shape.width;

	for (uint32_t i = 0; i < BATCH; i++)
		for (uint32_t c = 0; c < channels; c++) {
			const int8_t *in = batch->in + i * area * channels + c;
			double sum = 0;

			for (uint32_t at = 0; at < area; at++)
				sum += in[at * channels];
			batch->out[i * channels + c] = (int8_t)clamp_i8(floor(sum / area + 0.5));
		}
}

static void batch_swap(struct batch *batch)
{
	int8_t *in = batch->in;

	batch->in = batch->out;
	batch->out = in;
}

/* Layers without weights: their output's scale, and the batch behind them. */
static void plain_layer(struct generate_network *network, uint32_t index, struct batch *batch)
{
	struct generate_layer *layer = &network->layers[index];
	const struct generate_tensor *input = generate_layer_input(network, index);

	layer->output.scale = input->scale;
	layer->output.zero_point = input->zero_point;
	if (layer->kind == GENERATE_POOL) {
		pool_layer(input, batch);
		batch_swap(batch);
	}
	if (layer->kind == GENERATE_SOFTMAX) {
		layer->output.scale = 1.0f / 256;
		layer->output.zero_point = -128;
	}
}

/* What a part model's head reads is read once more by the layer behind that head. */
static int branch_keep(const struct generate_network *network, uint32_t index,
		       const struct batch *batch, int8_t **kept)
{
	size_t count = (size_t)BATCH *
		       generate_shape_elements(&generate_layer_input(network, index)->shape);

	if (network->exit_first && index == network->exit_first) {
		*kept = malloc(count);
		if (!*kept)
			return -ENOMEM;
		memcpy(*kept, batch->in, count);
	}
	if (generate_is_rejoin(network, index))
		memcpy(batch->in, *kept, count);
	return 0;
}

int generate_calibrate(struct generate_network *network, struct generate_random *random)
{
	uint32_t in_count = generate_shape_elements(&network->input.shape);
	int8_t *kept = NULL;
	struct batch batch;
	int code = batch_init(&batch, network);

	if (code)
		return code;
	for (uint32_t i = 0; i < BATCH * in_count; i++)
		batch.in[i] = (int8_t)((int32_t)generate_random_below(random, 256) - 128);
	for (uint32_t i = 0; i < network->layer_count && !code; i++) {
		code = branch_keep(network, i, &batch, &kept);
		if (code)
			break;
		if (!generate_has_weights(&network->layers[i])) {
			plain_layer(network, i, &batch);
			continue;
		}
		code = weighted_layer(network, i, &batch, random);
		batch_swap(&batch);
	}
	batch_done(&batch);
	free(kept);
	return code;
}
