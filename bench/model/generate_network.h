/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A generated network on its way to a .tflite file: drawn (generate_space.c), given weights and
 * scales (generate_calibrate.c), written (generate_tflite.c).
 */
#ifndef BENCH_MODEL_GENERATE_NETWORK_H
#define BENCH_MODEL_GENERATE_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/model/generate_random.h"

enum {
	GENERATE_LAYERS_MAX = 20,
	GENERATE_HEAD_LAYERS = 4, /* POOL, RESHAPE, DENSE, SOFTMAX */
	GENERATE_CHANNELS_MAX = 128,
};

enum generate_kind {
	GENERATE_CONV = 1,
	GENERATE_DEPTHWISE, /* one output channel per input channel */
	GENERATE_POOL,      /* average over the whole plane */
	GENERATE_RESHAPE,   /* to one dimension */
	GENERATE_DENSE,
	GENERATE_SOFTMAX,
	GENERATE_HIDDEN, /* dense, with RELU */
};

struct generate_shape {
	uint32_t height, width, channels;
};

struct generate_tensor {
	struct generate_shape shape;
	float scale;
	int32_t zero_point;
};

struct generate_layer {
	enum generate_kind kind;
	uint32_t kernel_h, kernel_w, stride_h, stride_w; /* padding is SAME */
	struct generate_tensor output;
	/* CONV, DEPTHWISE, DENSE, HIDDEN only; arrays owned by the network. */
	int8_t *weights; /* in the file's order */
	int32_t bias[GENERATE_CHANNELS_MAX];
	float weight_scale[GENERATE_CHANNELS_MAX]; /* DENSE, HIDDEN: all alike */
};

struct generate_network {
	struct generate_tensor input;
	struct generate_layer layers[GENERATE_LAYERS_MAX];
	uint32_t layer_count;
	/* First layer of a part model's head, whose SOFTMAX is the file's first output; what stands
	 * behind that head reads what the head reads. 0: one output. */
	uint32_t exit_first;
};

static inline bool generate_is_dense(const struct generate_layer *layer)
{
	return layer->kind == GENERATE_DENSE || layer->kind == GENERATE_HIDDEN;
}

static inline bool generate_has_weights(const struct generate_layer *layer)
{
	return layer->kind == GENERATE_CONV || layer->kind == GENERATE_DEPTHWISE ||
	       generate_is_dense(layer);
}

static inline uint32_t generate_shape_elements(const struct generate_shape *shape)
{
	return shape->height * shape->width * shape->channels;
}

/* True for the layer that goes on where a part model's head turned off. */
static inline bool generate_is_rejoin(const struct generate_network *network, uint32_t index)
{
	return network->exit_first && index == network->exit_first + GENERATE_HEAD_LAYERS;
}

/* What layer `index` reads. */
const struct generate_tensor *generate_layer_input(const struct generate_network *network,
						   uint32_t index);
/* Weights of one output channel: kernel times the input channels it reads; all of the layer's. */
uint32_t generate_layer_taps(const struct generate_network *network, uint32_t index);
uint32_t generate_layer_weights(const struct generate_network *network, uint32_t index);
uint64_t generate_network_macs(const struct generate_network *network);
void generate_network_done(struct generate_network *network); /* frees the weights */

/* Spaces that networks are drawn from. */
struct generate_space {
	const char *name;
	uint64_t macs_min, macs_max; /* the range that a set of models is spread over */
	/* Shapes only: no weights, no scales but the input's. */
	void (*draw)(struct generate_random *random, struct generate_network *ret_network);
};

extern const struct generate_space generate_spaces[];
extern const size_t generate_space_count;

/* Model `index` of `count`: its MACs lie in one of up to 16 bands of equal ratio, taken in turn, or
 * as near to it as many draws come. */
void generate_space_draw(const struct generate_space *space, unsigned index, unsigned count,
			 uint64_t seed, struct generate_random *random,
			 struct generate_network *ret_network);

/* Random weights; biases and scales so that every layer's outputs spread over the int8 range and
 * follow the input. -ENOMEM; the network is to be freed in any case. */
int generate_calibrate(struct generate_network *network, struct generate_random *random);

/* The bytes of a .tflite file, malloced. -ENOMEM. */
int generate_tflite(const struct generate_network *network, const char *description,
		    uint8_t **ret_bytes, size_t *ret_count);

#endif
