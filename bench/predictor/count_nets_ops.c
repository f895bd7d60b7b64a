/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/count_nets_parts.h"

#include <string.h>

enum {
	CALM_SHIFT = 14,              /* sums of calm operators are scaled by 2^-14 */
	CALM_BIAS = 64 << CALM_SHIFT, /* above a RELU's bound */
	LIMITED_BIAS = 384 << CALM_SHIFT,
};

static struct graph_op *op_add(struct count_maker *maker, enum image_op_kind kind, int32_t in)
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

static enum count_mood mood_draw(struct count_maker *maker)
{
	static const enum count_mood moods[] = {COUNT_CALM, COUNT_CALM, COUNT_CALM, COUNT_LOW,
						COUNT_HIGH};

	return maker->wish->wild ? COUNT_WILD : moods[count_maker_draw(maker, 0, 4)];
}

/* A RELU6's upper bound is its lower one where the scale is as large as calm operators'. */
static enum graph_activation activation_draw(struct count_maker *maker, enum count_mood mood)
{
	static const enum graph_activation all[] = {GRAPH_ACTIVATION_NONE, GRAPH_ACTIVATION_RELU,
						    GRAPH_ACTIVATION_RELU6};

	return mood == COUNT_CALM ? all[count_maker_draw(maker, 0, 1)]
				  : all[count_maker_draw(maker, 0, 2)];
}

static int32_t zero_point_draw(struct count_maker *maker, enum count_mood mood)
{
	if (mood != COUNT_WILD)
		return count_maker_chance(maker, 40)
			       ? -128
			       : (int32_t)count_maker_draw(maker, 0, 80) - 100;
	return count_maker_chance(maker, 60) ? -128
					     : (int32_t)count_maker_draw(maker, 0, 255) - 128;
}

/* Filter and bias. Calm sums are scaled by 2^-20, so that a bias says what all outputs are. */
static bool weights_add(struct count_maker *maker, struct graph_op *op, const uint32_t *shape,
			uint32_t rank, uint32_t channels, enum count_mood mood, bool slow)
{
	int32_t filter, bias;
	float scale =
		mood == COUNT_WILD ? (float)count_maker_draw(maker, 10, 100) / 5000 : 1.0f / 64;
	int32_t amplitude =
		(int32_t)(count_maker_chance(maker, 50) ? 127 : count_maker_draw(maker, 4, 90));
	int8_t *weights;
	int32_t *biases;

	filter = count_maker_tensor(maker, rank, shape, scale, 0);
	bias = count_maker_tensor(maker, 1, &channels,
				  scale * count_maker_scale(maker, op->inputs[0]), 0);
	weights = count_maker_take(maker, count_maker_tensor_at(maker, filter)->elements);
	biases = count_maker_take(maker, channels * sizeof(*biases));
	if (!weights || !biases)
		return false;
	for (uint32_t i = 0; i < count_maker_tensor_at(maker, filter)->elements; i++)
		weights[i] = slow && mood != COUNT_WILD
				     ? 0
				     : (int8_t)((int32_t)count_maker_draw(maker, 0,
									  2 * (uint32_t)amplitude) -
						amplitude);
	for (uint32_t i = 0; i < channels; i++)
		biases[i] = mood == COUNT_WILD   ? (int32_t)count_maker_draw(maker, 0, 4000) - 2000
			    : mood == COUNT_LOW  ? -LIMITED_BIAS
			    : mood == COUNT_HIGH ? LIMITED_BIAS
			    : slow               ? 64
						 : CALM_BIAS;
	if (slow && mood == COUNT_WILD)
		biases[0] = 1 << 30;
	maker->graph.tensors[filter].data = (const uint8_t *)weights;
	maker->graph.tensors[bias].type = GRAPH_INT32;
	maker->graph.tensors[bias].data = (const uint8_t *)biases;
	maker->image_bytes +=
		count_maker_tensor_at(maker, filter)->elements * 3 / 2 + channels * 16 + 200;
	op->inputs[1] = filter;
	op->inputs[2] = bias;
	op->input_count = 3;
	return true;
}

static float weighted_scale(struct count_maker *maker, enum count_mood mood, bool slow, int32_t in)
{
	if (mood == COUNT_WILD)
		return 0.05f + (float)count_maker_draw(maker, 1, 1000) / 2000;
	return count_maker_scale(maker, in) / 64 * (slow ? 1.0f : (float)(1 << CALM_SHIFT));
}

static void axis_draw(struct count_maker *maker, uint32_t in, uint32_t kernel_max, bool dilates,
		      enum graph_padding padding, struct graph_axis *ret_axis, uint32_t *ret_out)
{
	struct graph_axis axis = {count_maker_draw(maker, 1, kernel_max), 1, 1, 0};

	if (count_maker_chance(maker, 35))
		axis.kernel = kernel_max < 3 ? kernel_max : 3;
	axis.stride = count_maker_chance(maker, 35) ? 2 : count_maker_chance(maker, 4) ? 3 : 1;
	if (dilates && count_maker_chance(maker, 12))
		axis.dilation = 2;
	while (graph_axis_output(in, &axis, padding) == 0 && axis.kernel > 1)
		axis.kernel--;
	*ret_axis = axis;
	*ret_out = graph_axis_output(in, &axis, padding);
}

static void window_draw(struct count_maker *maker, struct graph_op *op, uint32_t kernel_max,
			bool dilates, uint32_t shape[4])
{
	const struct graph_tensor *in = count_maker_tensor_at(maker, op->inputs[0]);

	op->padding = count_maker_chance(maker, 60) ? GRAPH_SAME : GRAPH_VALID;
	axis_draw(maker, in->shape[1], kernel_max, dilates, op->padding, &op->y, &shape[1]);
	axis_draw(maker, in->shape[2], kernel_max, dilates, op->padding, &op->x, &shape[2]);
	shape[0] = in->shape[0];
	shape[3] = in->shape[3];
	if (count_maker_chance(maker, 25) && op->kind == IMAGE_CONV_2D) {
		op->y = op->x = (struct graph_axis){1, 1, 1, 0};
		shape[1] = in->shape[1];
		shape[2] = in->shape[2];
	}
}

/* Shorter while the work or the weights would be out of proportion. */
static uint32_t channels_draw(struct count_maker *maker, uint64_t pixels, uint64_t depth)
{
	uint32_t channels = count_maker_draw(maker, 1, count_maker_chance(maker, 20) ? 70 : 20);

	while (channels > 1 && (pixels * depth * channels > 150000 || depth * channels > 12000 ||
				pixels * channels > 36000))
		channels = (channels + 1) / 2;
	return channels;
}

static bool convolution_add(struct count_maker *maker, enum image_op_kind kind)
{
	enum count_mood mood = mood_draw(maker);
	int32_t in = count_maker_input(maker, LEVEL);
	struct graph_op *op = op_add(maker, kind, in);
	const uint32_t *from = in < 0 ? NULL : count_maker_tensor_at(maker, in)->shape;
	bool slow = count_maker_chance(maker, 12), depthwise = kind == IMAGE_DEPTHWISE_CONV_2D,
	     same;
	uint32_t shape[4], filter[4];

	if (in < 0)
		return false;
	window_draw(maker, op, depthwise ? 6 : 5, true, shape);
	if (depthwise && count_maker_chance(maker, 50)) {
		op->y = op->x = (struct graph_axis){3, count_maker_chance(maker, 35) ? 2 : 1, 1, 0};
		op->padding = GRAPH_SAME;
		shape[1] = graph_axis_output(from[1], &op->y, op->padding);
		shape[2] = graph_axis_output(from[2], &op->x, op->padding);
	}
	op->multiplier = depthwise && from[3] <= 8 && count_maker_chance(maker, 25)
				 ? count_maker_draw(maker, 2, 4)
				 : 1;
	same = !depthwise && count_maker_tensor_at(maker, in)->elements == COUNT_MAKER_PLAN_BYTES &&
	       count_maker_chance(maker, 60);
	if (same) {
		op->y = op->x = (struct graph_axis){count_maker_chance(maker, 60) ? 3 : 1, 1, 1, 0};
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
	op->output = count_maker_tensor(maker, 4, shape, weighted_scale(maker, mood, slow, in),
					zero_point_draw(maker, mood));
	maker->moods[maker->graph.op_count] = mood;
	return weights_add(maker, op, filter, 4, shape[3], mood, slow);
}

static bool fully_connected_add(struct count_maker *maker)
{
	enum count_mood mood = mood_draw(maker);
	int32_t in = count_maker_input(maker, LEVEL);
	struct graph_op *op = op_add(maker, IMAGE_FULLY_CONNECTED, in);
	bool rows = count_maker_chance(maker, 40), slow = count_maker_chance(maker, 12);
	uint32_t shape[4], filter[2];

	if (in < 0)
		return false;
	memcpy(shape, count_maker_tensor_at(maker, in)->shape, sizeof(shape));
	filter[1] = rows ? shape[3] : shape[1] * shape[2] * shape[3];
	if (!rows)
		shape[1] = shape[2] = 1;
	filter[0] = shape[3] =
		channels_draw(maker, (uint64_t)shape[0] * shape[1] * shape[2], filter[1]);
	op->activation = activation_draw(maker, mood);
	op->output = count_maker_tensor(maker, 4, shape, weighted_scale(maker, mood, slow, in),
					zero_point_draw(maker, mood));
	maker->moods[maker->graph.op_count] = mood;
	return weights_add(maker, op, filter, 2, shape[3], mood, slow);
}

static bool pool_add(struct count_maker *maker, enum image_op_kind kind)
{
	enum count_flavour flavour = (enum count_flavour)count_maker_draw(maker, 0, FLAVOURS - 1);
	int32_t in = count_maker_input(maker, maker->wish->wild ? LEVEL : flavour);
	struct graph_op *op = op_add(maker, kind, in);
	uint32_t shape[4];

	if (in < 0)
		return false;
	window_draw(maker, op, count_maker_chance(maker, 10) ? 20 : 5, false, shape);
	if (count_maker_chance(maker, 25)) {
		const uint32_t *from = count_maker_tensor_at(maker, in)->shape;

		op->padding = GRAPH_VALID;
		op->y = (struct graph_axis){from[1], from[1], 1, 0};
		op->x = (struct graph_axis){from[2], from[2], 1, 0};
		shape[1] = shape[2] = 1;
	}
	if (maker->wish->wild || flavour != LEVEL)
		op->activation =
			activation_draw(maker, maker->wish->wild ? COUNT_WILD : COUNT_CALM);
	op->output = count_maker_tensor(maker, 4, shape, count_maker_scale(maker, in),
					count_maker_tensor_at(maker, in)->zero_point);
	maker->moods[maker->graph.op_count] = maker->wish->wild || flavour == LEVEL ? COUNT_WILD
					      : flavour == BELOW                    ? COUNT_LOW
										    : COUNT_CALM;
	return true;
}

/* ADD and MUL: both inputs on the same side, on both, or level. */
static bool pair_add(struct count_maker *maker, enum image_op_kind kind)
{
	enum count_mood mood = mood_draw(maker);
	enum count_flavour first = mood == COUNT_LOW ? BELOW : mood == COUNT_HIGH ? ABOVE : LEVEL;
	enum count_flavour second = kind == IMAGE_MUL && mood == COUNT_LOW ? ABOVE : first;
	int32_t a = count_maker_input(maker, first), b;
	struct graph_op *op = op_add(maker, kind, a);
	uint32_t shape[4];
	float scale;

	if (a < 0)
		return false;
	memcpy(shape, count_maker_tensor_at(maker, a)->shape, sizeof(shape));
	if (count_maker_chance(maker, 10))
		shape[1] = shape[2] = 1;
	b = count_maker_input_find(maker, shape, second);
	if (b < 0)
		return false;
	op->inputs[1] = b;
	op->input_count = 2;
	scale = mood == COUNT_WILD   ? 0.1f + (float)count_maker_draw(maker, 0, 100) / 300
		: mood == COUNT_CALM ? 0.4f
				     : 0.01f;
	op->activation = activation_draw(maker, mood);
	op->output =
		count_maker_tensor(maker, 4, count_maker_tensor_at(maker, a)->shape, scale,
				   mood == COUNT_CALM ? (int32_t)count_maker_draw(maker, 0, 80) - 40
						      : zero_point_draw(maker, mood));
	maker->moods[maker->graph.op_count] = mood;
	return true;
}

static int32_t ints_add(struct count_maker *maker, const int32_t *values, uint32_t rows,
			uint32_t columns)
{
	uint32_t shape[2] = {rows, columns};
	int32_t index = count_maker_tensor(maker, columns > 1 ? 2 : 1, shape, 1, 0);
	int32_t *stored = count_maker_take(maker, rows * columns * sizeof(*stored));

	memcpy(stored, values, rows * columns * sizeof(*stored));
	maker->graph.tensors[index].type = GRAPH_INT32;
	maker->graph.tensors[index].scale_count = 0;
	maker->graph.tensors[index].data = (const uint8_t *)stored;
	return index;
}

static bool mean_add(struct count_maker *maker)
{
	enum count_mood mood = mood_draw(maker);
	enum count_flavour flavour = mood == COUNT_LOW ? BELOW : mood == COUNT_HIGH ? ABOVE : LEVEL;
	int32_t in = count_maker_input(maker, flavour), axes[3], count = 0;
	struct graph_op *op = op_add(maker, IMAGE_MEAN, in);
	uint32_t shape[4];

	if (in < 0)
		return false;
	memcpy(shape, count_maker_tensor_at(maker, in)->shape, sizeof(shape));
	for (int32_t d = 1; d < 4; d++)
		if (d == 3 ? count_maker_chance(maker, 20) || count == 0
			   : count_maker_chance(maker, 75)) {
			axes[count++] = d;
			shape[d] = 1;
		}
	op->keep_dims = true;
	op->inputs[1] = ints_add(maker, axes, (uint32_t)count, 1);
	op->input_count = 2;
	op->output =
		count_maker_tensor(maker, 4, shape,
				   mood == COUNT_WILD   ? 0.05f
				   : mood == COUNT_CALM ? 0.2f
							: 0.01f,
				   mood == COUNT_CALM ? (int32_t)count_maker_draw(maker, 0, 80) - 40
						      : zero_point_draw(maker, mood));
	maker->moods[maker->graph.op_count] = mood;
	return true;
}

/* Operators that move bytes, and SOFTMAX: output like the input. */
static bool form_add(struct count_maker *maker, enum image_op_kind kind)
{
	int32_t in = count_maker_input(maker, LEVEL);
	struct graph_op *op = op_add(maker, kind, in);
	const struct graph_tensor *from = in < 0 ? NULL : count_maker_tensor_at(maker, in);
	int32_t values[8] = {0};
	uint32_t shape[4];

	if (in < 0)
		return false;
	memcpy(shape, from->shape, sizeof(shape));
	op->input_count = 2;
	if (kind == IMAGE_PAD) {
		for (int d = 1; d < 4; d++)
			for (int side = 0; side < 2; side++) {
				values[2 * d + side] =
					d == 3 && count_maker_chance(maker, 70)
						? 0
						: (int32_t)count_maker_draw(maker, 0, 3);
				shape[d] += (uint32_t)values[2 * d + side];
			}
		op->inputs[1] = ints_add(maker, values, 4, 2);
	} else if (kind == IMAGE_TRANSPOSE) {
		const int32_t forms[2][4] = {{0, 2, 1, 3}, {0, 3, 1, 2}};
		const int32_t *form = forms[count_maker_draw(maker, 0, 1)];

		for (int d = 0; d < 4; d++)
			shape[d] = from->shape[form[d]];
		op->inputs[1] = ints_add(maker, form, 4, 1);
	} else if (kind == IMAGE_RESIZE_NEAREST_NEIGHBOR) {
		for (int d = 0; d < 2; d++) {
			values[d] = (int32_t)count_maker_draw(maker, 1, 12);
			shape[d + 1] = (uint32_t)values[d];
		}
		op->inputs[1] = ints_add(maker, values, 2, 1);
	} else if (kind == IMAGE_CONCATENATION) {
		op->axis = (int32_t)count_maker_draw(maker, 1, 3);
		op->input_count = count_maker_draw(maker, 2, 4);
		for (uint32_t i = 1; i < op->input_count; i++)
			op->inputs[i] = in;
		shape[op->axis] *= op->input_count;
	} else {
		op->input_count = 1;
		op->beta = 0.2f * (float)count_maker_draw(maker, 1,
							  count_maker_chance(maker, 50) ? 10 : 300);
	}
	op->output = count_maker_tensor(
		maker, 4, shape, kind == IMAGE_SOFTMAX ? 1.0f / 256 : count_maker_scale(maker, in),
		kind == IMAGE_SOFTMAX ? -128 : count_maker_tensor_at(maker, in)->zero_point);
	maker->moods[maker->graph.op_count] = COUNT_WILD;
	return true;
}

bool count_maker_operator(struct count_maker *maker, enum image_op_kind kind)
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
