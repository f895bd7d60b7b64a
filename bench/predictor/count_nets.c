/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/count_nets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/model/graph.h"
#include "bench/model/image_build.h"
#include "firmware/wire/wire.h"

enum {
	TENSORS_MAX = 1024,
	OPS_MAX = IMAGE_OPS_MAX,
	POOL_BYTES = 8 << 20,
	INPUTS_MAX = 96,
	CALM_SHIFT = 14,              /* sums of calm operators are scaled by 2^-14 */
	CALM_BIAS = 64 << CALM_SHIFT, /* above a RELU's bound */
	PLAN_BYTES = 16384, /* of an input whose operator's scratch space is at a plan's bound */
	LIMITED_BIAS = 384 << CALM_SHIFT,
};

/* Zero points and bytes of an input: values around zero, or all well above or below it. */
enum flavour { LEVEL, ABOVE, BELOW, FLAVOURS };

struct maker {
	const struct count_net_wish *wish;
	uint64_t random;
	struct graph graph;
	uint8_t *pool; /* constants; the graph borrows them */
	size_t used;
	enum flavour flavours[INPUTS_MAX];
	enum count_mood moods[OPS_MAX];
	unsigned input_bytes, image_bytes;
};

static uint32_t draw(struct maker *maker, uint32_t from, uint32_t to)
{
	maker->random =
		maker->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return from + (uint32_t)((maker->random >> 33) % (to - from + 1));
}

static bool chance(struct maker *maker, unsigned percent)
{
	return draw(maker, 0, 99) < percent;
}

static void *take(struct maker *maker, size_t bytes)
{
	void *at = maker->pool + maker->used;

	maker->used += (bytes + 15) / 16 * 16;
	return maker->used <= POOL_BYTES ? at : NULL;
}

static int32_t tensor_add(struct maker *maker, uint32_t rank, const uint32_t *shape, float scale,
			  int32_t zero_point)
{
	struct graph_tensor *tensor = &maker->graph.tensors[maker->graph.tensor_count];
	float *stored = take(maker, sizeof(*stored));

	*tensor = (struct graph_tensor){.type = GRAPH_INT8,
					.rank = rank,
					.elements = 1,
					.scale_count = 1,
					.zero_point = zero_point};
	for (uint32_t d = 0; d < rank; d++) {
		tensor->shape[d] = shape[d];
		tensor->elements *= shape[d];
	}
	*stored = scale;
	tensor->scales = (const uint8_t *)stored;
	return (int32_t)maker->graph.tensor_count++;
}

static const struct graph_tensor *tensor_at(const struct maker *maker, int32_t index)
{
	return &maker->graph.tensors[index];
}

static float scale_of(const struct maker *maker, int32_t index)
{
	return *(const float *)(const void *)tensor_at(maker, index)->scales;
}

/* An input of the model of this shape; another one of its kind if there is none yet. */
static int32_t input_find(struct maker *maker, const uint32_t shape[4], enum flavour flavour)
{
	static const int32_t zero_points[FLAVOURS] = {0, -100, 100};
	int32_t zero_point = zero_points[flavour];

	for (uint32_t i = 0; i < maker->graph.input_count; i++)
		if (maker->flavours[i] == flavour &&
		    !memcmp(tensor_at(maker, maker->graph.inputs[i])->shape, shape,
			    4 * sizeof(*shape)))
			return maker->graph.inputs[i];
	if (maker->graph.input_count == INPUTS_MAX)
		return -1;
	if (flavour == LEVEL && maker->wish->wild)
		zero_point = (int32_t)draw(maker, 0, 255) - 128;
	maker->flavours[maker->graph.input_count] = flavour;
	maker->graph.inputs[maker->graph.input_count] =
		tensor_add(maker, 4, shape, 0.05f, zero_point);
	maker->input_bytes +=
		tensor_at(maker, maker->graph.inputs[maker->graph.input_count])->elements;
	return maker->graph.inputs[maker->graph.input_count++];
}

/* A shape that was used before, or a new one, small enough for what is left of the arena. */
static int32_t input_draw(struct maker *maker, enum flavour flavour)
{
	static const uint32_t channels[] = {1, 1,  2,  3,  4,  5,  6,  7,  8,
					    9, 12, 16, 17, 20, 24, 32, 40, 64};
	uint32_t shape[4] = {1};
	unsigned most = maker->wish->arena_bytes * 2 / 5;
	unsigned room = maker->input_bytes < most ? most - maker->input_bytes : 0;

	if (maker->graph.input_count > 2 &&
	    (chance(maker, 65) || room < 3000 || maker->graph.input_count + 4 > INPUTS_MAX)) {
		const struct graph_tensor *from = tensor_at(
			maker, maker->graph.inputs[draw(maker, 0, maker->graph.input_count - 1)]);

		return input_find(maker, from->shape, flavour);
	}
	if (chance(maker, 12) && room > 16000) {
		/* kernels plan their scratch space by the size of tensors */
		shape[1] = draw(maker, 24, 40);
		shape[2] = draw(maker, 24, 40);
		shape[3] = draw(maker, 8, 16);
		while (shape[1] * shape[2] * shape[3] > 14000)
			shape[1]--;
		if (chance(maker, 40) && room > PLAN_BYTES) {
			shape[1] = shape[2] = 32;
			shape[3] = PLAN_BYTES / (32 * 32);
		}
		return input_find(maker, shape, flavour);
	}
	shape[0] = chance(maker, 8) ? 2 : 1;
	shape[1] = draw(maker, 1, chance(maker, 30) ? 26 : 10);
	shape[2] = draw(maker, 1, chance(maker, 30) ? 26 : 10);
	shape[3] = channels[draw(maker, 0, sizeof(channels) / sizeof(channels[0]) - 1)];
	while (shape[0] * shape[1] * shape[2] * shape[3] > (room < 6000 ? room : 6000)) {
		int d = shape[3] > 8 ? 3 : shape[1] > shape[2] ? 1 : 2;

		shape[d] = (shape[d] + 1) / 2;
		if (shape[0] * shape[1] * shape[2] * shape[3] <= 4)
			break;
	}
	return input_find(maker, shape, flavour);
}

static struct graph_op *op_add(struct maker *maker, enum image_op_kind kind, int32_t in)
{
	struct graph_op *op = &maker->graph.ops[maker->graph.op_count];

	*op = (struct graph_op){.kind = kind,
				.name = "",
				.layer = (uint16_t)maker->graph.op_count,
				.input_count = 1,
				.inputs = {in},
				.padding = GRAPH_VALID,
				.activation = GRAPH_ACTIVATION_NONE,
				.multiplier = 1,
				.beta = 1};
	return op;
}

/* An output's scale and zero point for the mood that the next operator has. */
struct output_form {
	float scale;
	int32_t zero_point;
};

static enum count_mood mood_draw(struct maker *maker)
{
	static const enum count_mood moods[] = {COUNT_CALM, COUNT_CALM, COUNT_CALM, COUNT_LOW,
						COUNT_HIGH};

	return maker->wish->wild ? COUNT_WILD : moods[draw(maker, 0, 4)];
}

/* A RELU6's upper bound is its lower one where the scale is as large as calm operators'. */
static enum graph_activation activation_draw(struct maker *maker, enum count_mood mood)
{
	static const enum graph_activation all[] = {GRAPH_ACTIVATION_NONE, GRAPH_ACTIVATION_RELU,
						    GRAPH_ACTIVATION_RELU6};

	return mood == COUNT_CALM ? all[draw(maker, 0, 1)] : all[draw(maker, 0, 2)];
}

static int32_t zero_point_draw(struct maker *maker, enum count_mood mood)
{
	if (mood != COUNT_WILD)
		return chance(maker, 40) ? -128 : (int32_t)draw(maker, 0, 80) - 100;
	return chance(maker, 60) ? -128 : (int32_t)draw(maker, 0, 255) - 128;
}

/* Filter and bias. Calm sums are scaled by 2^-20, so that a bias says what all outputs are. */
static bool weights_add(struct maker *maker, struct graph_op *op, const uint32_t *shape,
			uint32_t rank, uint32_t channels, enum count_mood mood, bool slow)
{
	int32_t filter, bias;
	float scale = mood == COUNT_WILD ? (float)draw(maker, 10, 100) / 5000 : 1.0f / 64;
	int32_t amplitude = (int32_t)(chance(maker, 50) ? 127 : draw(maker, 4, 90));
	int8_t *weights;
	int32_t *biases;

	filter = tensor_add(maker, rank, shape, scale, 0);
	bias = tensor_add(maker, 1, &channels, scale * scale_of(maker, op->inputs[0]), 0);
	weights = take(maker, tensor_at(maker, filter)->elements);
	biases = take(maker, channels * sizeof(*biases));
	if (!weights || !biases)
		return false;
	for (uint32_t i = 0; i < tensor_at(maker, filter)->elements; i++)
		weights[i] = slow && mood != COUNT_WILD
				     ? 0
				     : (int8_t)((int32_t)draw(maker, 0, 2 * (uint32_t)amplitude) -
						amplitude);
	for (uint32_t i = 0; i < channels; i++)
		biases[i] = mood == COUNT_WILD   ? (int32_t)draw(maker, 0, 4000) - 2000
			    : mood == COUNT_LOW  ? -LIMITED_BIAS
			    : mood == COUNT_HIGH ? LIMITED_BIAS
			    : slow               ? 64
						 : CALM_BIAS;
	if (slow && mood == COUNT_WILD)
		biases[0] = 1 << 30;
	maker->graph.tensors[filter].data = (const uint8_t *)weights;
	maker->graph.tensors[bias].type = GRAPH_INT32;
	maker->graph.tensors[bias].data = (const uint8_t *)biases;
	maker->image_bytes += tensor_at(maker, filter)->elements * 3 / 2 + channels * 16 + 200;
	op->inputs[1] = filter;
	op->inputs[2] = bias;
	op->input_count = 3;
	return true;
}

static float weighted_scale(struct maker *maker, enum count_mood mood, bool slow, int32_t in)
{
	if (mood == COUNT_WILD)
		return 0.05f + (float)draw(maker, 1, 1000) / 2000;
	return scale_of(maker, in) / 64 * (slow ? 1.0f : (float)(1 << CALM_SHIFT));
}

static void axis_draw(struct maker *maker, uint32_t in, uint32_t kernel_max, bool dilates,
		      enum graph_padding padding, struct graph_axis *ret_axis, uint32_t *ret_out)
{
	struct graph_axis axis = {draw(maker, 1, kernel_max), 1, 1, 0};

	if (chance(maker, 35))
		axis.kernel = kernel_max < 3 ? kernel_max : 3;
	axis.stride = chance(maker, 35) ? 2 : chance(maker, 4) ? 3 : 1;
	if (dilates && chance(maker, 12))
		axis.dilation = 2;
	while (graph_axis_output(in, &axis, padding) == 0 && axis.kernel > 1)
		axis.kernel--;
	*ret_axis = axis;
	*ret_out = graph_axis_output(in, &axis, padding);
}

static void window_draw(struct maker *maker, struct graph_op *op, uint32_t kernel_max, bool dilates,
			uint32_t shape[4])
{
	const struct graph_tensor *in = tensor_at(maker, op->inputs[0]);

	op->padding = chance(maker, 60) ? GRAPH_SAME : GRAPH_VALID;
	axis_draw(maker, in->shape[1], kernel_max, dilates, op->padding, &op->y, &shape[1]);
	axis_draw(maker, in->shape[2], kernel_max, dilates, op->padding, &op->x, &shape[2]);
	shape[0] = in->shape[0];
	shape[3] = in->shape[3];
	if (chance(maker, 25) && op->kind == IMAGE_CONV_2D) {
		op->y = op->x = (struct graph_axis){1, 1, 1, 0};
		shape[1] = in->shape[1];
		shape[2] = in->shape[2];
	}
}

/* Shorter while the work or the weights would be out of proportion. */
static uint32_t channels_draw(struct maker *maker, uint64_t pixels, uint64_t depth)
{
	uint32_t channels = draw(maker, 1, chance(maker, 20) ? 70 : 20);

	while (channels > 1 && (pixels * depth * channels > 150000 || depth * channels > 12000 ||
				pixels * channels > 36000))
		channels = (channels + 1) / 2;
	return channels;
}

static bool convolution_add(struct maker *maker, enum image_op_kind kind)
{
	enum count_mood mood = mood_draw(maker);
	int32_t in = input_draw(maker, LEVEL);
	struct graph_op *op = op_add(maker, kind, in);
	const uint32_t *from = in < 0 ? NULL : tensor_at(maker, in)->shape;
	bool slow = chance(maker, 12), depthwise = kind == IMAGE_DEPTHWISE_CONV_2D, same;
	uint32_t shape[4], filter[4];

	if (in < 0)
		return false;
	window_draw(maker, op, depthwise ? 6 : 5, true, shape);
	if (depthwise && chance(maker, 50)) {
		op->y = op->x = (struct graph_axis){3, chance(maker, 35) ? 2 : 1, 1, 0};
		op->padding = GRAPH_SAME;
		shape[1] = graph_axis_output(from[1], &op->y, op->padding);
		shape[2] = graph_axis_output(from[2], &op->x, op->padding);
	}
	op->multiplier = depthwise && from[3] <= 8 && chance(maker, 25) ? draw(maker, 2, 4) : 1;
	same = !depthwise && tensor_at(maker, in)->elements == PLAN_BYTES && chance(maker, 60);
	if (same) {
		op->y = op->x = (struct graph_axis){chance(maker, 60) ? 3 : 1, 1, 1, 0};
		op->padding = GRAPH_SAME;
		memcpy(shape, from, sizeof(shape));
	}
	shape[3] = same        ? from[3]
		   : depthwise ? from[3] * op->multiplier
			       : channels_draw(maker, (uint64_t)shape[1] * shape[2],
					       (uint64_t)op->y.kernel * op->x.kernel * from[3]);
	filter[0] = depthwise ? 1 : shape[3];
	filter[1] = op->y.kernel;
	filter[2] = op->x.kernel;
	filter[3] = depthwise ? shape[3] : from[3];
	op->activation = activation_draw(maker, mood);
	op->output = tensor_add(maker, 4, shape, weighted_scale(maker, mood, slow, in),
				zero_point_draw(maker, mood));
	maker->moods[maker->graph.op_count] = mood;
	return weights_add(maker, op, filter, 4, shape[3], mood, slow);
}

static bool fully_connected_add(struct maker *maker)
{
	enum count_mood mood = mood_draw(maker);
	int32_t in = input_draw(maker, LEVEL);
	struct graph_op *op = op_add(maker, IMAGE_FULLY_CONNECTED, in);
	bool rows = chance(maker, 40), slow = chance(maker, 12);
	uint32_t shape[4], filter[2];

	if (in < 0)
		return false;
	memcpy(shape, tensor_at(maker, in)->shape, sizeof(shape));
	filter[1] = rows ? shape[3] : shape[1] * shape[2] * shape[3];
	if (!rows)
		shape[1] = shape[2] = 1;
	filter[0] = shape[3] =
		channels_draw(maker, (uint64_t)shape[0] * shape[1] * shape[2], filter[1]);
	op->activation = activation_draw(maker, mood);
	op->output = tensor_add(maker, 4, shape, weighted_scale(maker, mood, slow, in),
				zero_point_draw(maker, mood));
	maker->moods[maker->graph.op_count] = mood;
	return weights_add(maker, op, filter, 2, shape[3], mood, slow);
}

static bool pool_add(struct maker *maker, enum image_op_kind kind)
{
	enum flavour flavour = (enum flavour)draw(maker, 0, FLAVOURS - 1);
	int32_t in = input_draw(maker, maker->wish->wild ? LEVEL : flavour);
	struct graph_op *op = op_add(maker, kind, in);
	uint32_t shape[4];

	if (in < 0)
		return false;
	window_draw(maker, op, chance(maker, 10) ? 20 : 5, false, shape);
	if (chance(maker, 25)) {
		const uint32_t *from = tensor_at(maker, in)->shape;

		op->padding = GRAPH_VALID;
		op->y = (struct graph_axis){from[1], from[1], 1, 0};
		op->x = (struct graph_axis){from[2], from[2], 1, 0};
		shape[1] = shape[2] = 1;
	}
	if (maker->wish->wild || flavour != LEVEL)
		op->activation =
			activation_draw(maker, maker->wish->wild ? COUNT_WILD : COUNT_CALM);
	op->output =
		tensor_add(maker, 4, shape, scale_of(maker, in), tensor_at(maker, in)->zero_point);
	maker->moods[maker->graph.op_count] = maker->wish->wild || flavour == LEVEL ? COUNT_WILD
					      : flavour == BELOW                    ? COUNT_LOW
										    : COUNT_CALM;
	return true;
}

/* ADD and MUL: both inputs on the same side, on both, or level. */
static bool pair_add(struct maker *maker, enum image_op_kind kind)
{
	enum count_mood mood = mood_draw(maker);
	enum flavour first = mood == COUNT_LOW ? BELOW : mood == COUNT_HIGH ? ABOVE : LEVEL;
	enum flavour second = kind == IMAGE_MUL && mood == COUNT_LOW ? ABOVE : first;
	int32_t a = input_draw(maker, first), b;
	struct graph_op *op = op_add(maker, kind, a);
	uint32_t shape[4];
	float scale;

	if (a < 0)
		return false;
	memcpy(shape, tensor_at(maker, a)->shape, sizeof(shape));
	if (chance(maker, 10))
		shape[1] = shape[2] = 1;
	b = input_find(maker, shape, second);
	if (b < 0)
		return false;
	op->inputs[1] = b;
	op->input_count = 2;
	scale = mood == COUNT_WILD   ? 0.1f + (float)draw(maker, 0, 100) / 300
		: mood == COUNT_CALM ? 0.4f
				     : 0.01f;
	op->activation = activation_draw(maker, mood);
	op->output = tensor_add(maker, 4, tensor_at(maker, a)->shape, scale,
				mood == COUNT_CALM ? (int32_t)draw(maker, 0, 80) - 40
						   : zero_point_draw(maker, mood));
	maker->moods[maker->graph.op_count] = mood;
	return true;
}

static int32_t ints_add(struct maker *maker, const int32_t *values, uint32_t rows, uint32_t columns)
{
	uint32_t shape[2] = {rows, columns};
	int32_t index = tensor_add(maker, columns > 1 ? 2 : 1, shape, 1, 0);
	int32_t *stored = take(maker, rows * columns * sizeof(*stored));

	memcpy(stored, values, rows * columns * sizeof(*stored));
	maker->graph.tensors[index].type = GRAPH_INT32;
	maker->graph.tensors[index].scale_count = 0;
	maker->graph.tensors[index].data = (const uint8_t *)stored;
	return index;
}

static bool mean_add(struct maker *maker)
{
	enum count_mood mood = mood_draw(maker);
	enum flavour flavour = mood == COUNT_LOW ? BELOW : mood == COUNT_HIGH ? ABOVE : LEVEL;
	int32_t in = input_draw(maker, flavour), axes[3], count = 0;
	struct graph_op *op = op_add(maker, IMAGE_MEAN, in);
	uint32_t shape[4];

	if (in < 0)
		return false;
	memcpy(shape, tensor_at(maker, in)->shape, sizeof(shape));
	for (int32_t d = 1; d < 4; d++)
		if (d == 3 ? chance(maker, 20) || count == 0 : chance(maker, 75)) {
			axes[count++] = d;
			shape[d] = 1;
		}
	op->keep_dims = true;
	op->inputs[1] = ints_add(maker, axes, (uint32_t)count, 1);
	op->input_count = 2;
	op->output = tensor_add(maker, 4, shape,
				mood == COUNT_WILD   ? 0.05f
				: mood == COUNT_CALM ? 0.2f
						     : 0.01f,
				mood == COUNT_CALM ? (int32_t)draw(maker, 0, 80) - 40
						   : zero_point_draw(maker, mood));
	maker->moods[maker->graph.op_count] = mood;
	return true;
}

/* Operators that move bytes, and SOFTMAX: output like the input. */
static bool form_add(struct maker *maker, enum image_op_kind kind)
{
	int32_t in = input_draw(maker, LEVEL);
	struct graph_op *op = op_add(maker, kind, in);
	const struct graph_tensor *from = in < 0 ? NULL : tensor_at(maker, in);
	int32_t values[8] = {0};
	uint32_t shape[4];

	if (in < 0)
		return false;
	memcpy(shape, from->shape, sizeof(shape));
	op->input_count = 2;
	if (kind == IMAGE_PAD) {
		for (int d = 1; d < 4; d++)
			for (int side = 0; side < 2; side++) {
				values[2 * d + side] = d == 3 && chance(maker, 70)
							       ? 0
							       : (int32_t)draw(maker, 0, 3);
				shape[d] += (uint32_t)values[2 * d + side];
			}
		op->inputs[1] = ints_add(maker, values, 4, 2);
	} else if (kind == IMAGE_TRANSPOSE) {
		const int32_t forms[2][4] = {{0, 2, 1, 3}, {0, 3, 1, 2}};
		const int32_t *form = forms[draw(maker, 0, 1)];

		for (int d = 0; d < 4; d++)
			shape[d] = from->shape[form[d]];
		op->inputs[1] = ints_add(maker, form, 4, 1);
	} else if (kind == IMAGE_RESIZE_NEAREST_NEIGHBOR) {
		for (int d = 0; d < 2; d++) {
			values[d] = (int32_t)draw(maker, 1, 12);
			shape[d + 1] = (uint32_t)values[d];
		}
		op->inputs[1] = ints_add(maker, values, 2, 1);
	} else if (kind == IMAGE_CONCATENATION) {
		op->axis = (int32_t)draw(maker, 1, 3);
		op->input_count = draw(maker, 2, 4);
		for (uint32_t i = 1; i < op->input_count; i++)
			op->inputs[i] = in;
		shape[op->axis] *= op->input_count;
	} else {
		op->input_count = 1;
		op->beta = 0.2f * (float)draw(maker, 1, chance(maker, 50) ? 10 : 300);
	}
	op->output = tensor_add(maker, 4, shape,
				kind == IMAGE_SOFTMAX ? 1.0f / 256 : scale_of(maker, in),
				kind == IMAGE_SOFTMAX ? -128 : tensor_at(maker, in)->zero_point);
	maker->moods[maker->graph.op_count] = COUNT_WILD;
	return true;
}

static bool any_add(struct maker *maker, enum image_op_kind kind)
{
	switch (kind) {
	case IMAGE_CONV_2D:
	case IMAGE_DEPTHWISE_CONV_2D:
		return convolution_add(maker, kind);
	case IMAGE_FULLY_CONNECTED:
		return fully_connected_add(maker);
	case IMAGE_AVERAGE_POOL_2D:
	case IMAGE_MAX_POOL_2D:
		return pool_add(maker, kind);
	case IMAGE_ADD:
	case IMAGE_MUL:
		return pair_add(maker, kind);
	case IMAGE_MEAN:
		return mean_add(maker);
	default:
		return form_add(maker, kind);
	}
}

static enum image_op_kind kind_draw(struct maker *maker)
{
	static const enum image_op_kind kinds[] = {
		IMAGE_CONV_2D,
		IMAGE_CONV_2D,
		IMAGE_CONV_2D,
		IMAGE_CONV_2D,
		IMAGE_DEPTHWISE_CONV_2D,
		IMAGE_DEPTHWISE_CONV_2D,
		IMAGE_DEPTHWISE_CONV_2D,
		IMAGE_DEPTHWISE_CONV_2D,
		IMAGE_FULLY_CONNECTED,
		IMAGE_FULLY_CONNECTED,
		IMAGE_AVERAGE_POOL_2D,
		IMAGE_MAX_POOL_2D,
		IMAGE_ADD,
		IMAGE_MUL,
		IMAGE_MEAN,
		IMAGE_SOFTMAX,
		IMAGE_PAD,
		IMAGE_CONCATENATION,
		IMAGE_TRANSPOSE,
		IMAGE_RESIZE_NEAREST_NEIGHBOR,
	};
	enum image_op_kind kind;

	do
		kind = kinds[draw(maker, 0, sizeof(kinds) / sizeof(kinds[0]) - 1)];
	while (!(maker->wish->kinds >> kind & 1));
	return kind;
}

/* Draws operators until there are enough; one that does not work out is forgotten. */
static int ops_draw(struct maker *maker, struct err *err)
{
	unsigned misses = 0;

	while (maker->graph.op_count < maker->wish->layers + 2 && misses < 1000) {
		struct graph_op *op = &maker->graph.ops[maker->graph.op_count];
		uint32_t tensors = maker->graph.tensor_count;
		struct err refused;

		if (tensors + 16 > TENSORS_MAX || maker->used + (1 << 17) > POOL_BYTES ||
		    maker->image_bytes + 30000 > maker->wish->image_bytes)
			break;
		if (any_add(maker, maker->graph.op_count ? kind_draw(maker) : IMAGE_TRANSPOSE) &&
		    !graph_op_check(&maker->graph, op, &refused)) {
			maker->graph.op_count++;
			if (maker->graph.op_count == 1) {
				maker->graph.ops[1] = maker->graph.ops[0];
				maker->graph.ops[1].layer = 1;
				maker->graph.ops[1].output = (int32_t)maker->graph.tensor_count;
				maker->graph.tensors[maker->graph.tensor_count++] =
					*tensor_at(maker, maker->graph.ops[0].output);
				maker->moods[1] = COUNT_WILD;
				maker->graph.op_count++;
			}
		} else {
			misses++;
		}
	}
	return maker->graph.op_count > 2 ? 0 : err_set(err, -EINVAL, "no network came about");
}

static void input_fill(struct maker *maker, uint8_t *to)
{
	for (uint32_t i = 0; i < maker->graph.input_count; i++) {
		uint32_t count = tensor_at(maker, maker->graph.inputs[i])->elements;

		for (; count > 0; count--)
			*to++ = maker->wish->wild
					? (uint8_t)draw(maker, 0, 255)
					: (uint8_t)(maker->flavours[i] == LEVEL ? draw(maker, 0, 4)
						    : maker->flavours[i] == ABOVE ? 7
										  : 256 - 7);
	}
}

static int image_make(struct maker *maker, struct count_net *net, struct err *err)
{
	const struct model_options options = {.kernel_set = maker->wish->kernel_set};
	struct model_image *image = net->image;
	const struct image_header *header;
	uint32_t count;
	int ret = image_build(&maker->graph, &options, 0, &image->bytes, &count, err);

	if (ret)
		return ret;
	header = (const struct image_header *)image->bytes;
	snprintf(image->name, sizeof(image->name), "net %llu",
		 (unsigned long long)maker->wish->seed);
	image->count = count;
	image->crc32 = wire_crc32(0, image->bytes, count);
	image->op_count = header->op_count;
	image->arena_bytes = header->arena_bytes;
	image->input_bytes = header->input_bytes;
	image->output_bytes = header->output_bytes;
	if (header->op_count != maker->graph.op_count)
		return err_set(err, -EINVAL, "operators were left out");
	if (image_check(image->bytes, count, maker->wish->arena_bytes, NULL) != IMAGE_FINE)
		return err_set(err, -EINVAL, "the network does not fit the board");
	net->input = calloc(1, image->input_bytes + 1u);
	net->moods = calloc(image->op_count, sizeof(*net->moods));
	if (!net->input || !net->moods)
		return err_set(err, -ENOMEM, "out of memory");
	input_fill(maker, net->input);
	memcpy(net->moods, maker->moods, image->op_count * sizeof(*net->moods));
	return 0;
}

static int net_make(struct maker *maker, struct count_net *net, struct err *err)
{
	struct graph *graph = &maker->graph;

	maker->pool = calloc(1, POOL_BYTES);
	graph->tensors = calloc(TENSORS_MAX, sizeof(*graph->tensors));
	graph->ops = calloc(OPS_MAX, sizeof(*graph->ops));
	graph->inputs = calloc(INPUTS_MAX, sizeof(*graph->inputs));
	graph->outputs = calloc(1, sizeof(*graph->outputs));
	graph->exit_op = -1;
	graph->exit_tensor = GRAPH_NO_TENSOR;
	net->image = calloc(1, sizeof(*net->image));
	if (!maker->pool || !graph->tensors || !graph->ops || !graph->inputs || !graph->outputs ||
	    !net->image)
		return err_set(err, -ENOMEM, "out of memory");
	int ret = ops_draw(maker, err);

	if (ret)
		return ret;
	graph->outputs[graph->output_count++] = graph->ops[graph->op_count - 1].output;
	return image_make(maker, net, err);
}

int count_net_make(const struct count_net_wish *wish, struct count_net *ret_net, struct err *err)
{
	struct maker *maker = calloc(1, sizeof(*maker));
	struct count_net net = {0};
	int ret;

	if (!maker)
		return err_set(err, -ENOMEM, "out of memory");
	maker->wish = wish;
	maker->random = wish->seed * 2654435761u + 12345;
	for (int i = 0; i < 8; i++)
		draw(maker, 0, 1);
	ret = net_make(maker, &net, err);
	graph_done(&maker->graph);
	free(maker->pool);
	free(maker);
	if (ret)
		count_net_done(&net);
	else
		*ret_net = net;
	return ret;
}

void count_net_done(struct count_net *net)
{
	model_image_free(net->image);
	free(net->input);
	free(net->moods);
	memset(net, 0, sizeof(*net));
}
