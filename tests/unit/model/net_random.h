/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Random networks of every operator, with channels that are constant whatever the input: weights of
 * 0, or a bias that drives the output into one end. Tensors are read several times, some outputs
 * are read by nobody, and constants differ from zero points.
 */
#ifndef TESTS_UNIT_MODEL_NET_RANDOM_H
#define TESTS_UNIT_MODEL_NET_RANDOM_H

#include <math.h>

#include "tests/unit/model/net_run.h"

enum { NET_POOL_BYTES = 1 << 18, NET_ELEMENTS_MAX = 3000 };

/* Constants of one network. */
static _Alignas(16) uint8_t net_pool[NET_POOL_BYTES];
static uint32_t net_pool_used;

/* Odds of a constant channel, in percent. */
static int32_t net_dead_percent = 40;

static inline void *net_take(uint32_t bytes)
{
	void *at = net_pool + net_pool_used;

	net_pool_used += (bytes + 15) / 16 * 16;
	assert_true(net_pool_used <= NET_POOL_BYTES);
	return at;
}

static inline uint32_t net_elements(const struct net *net, int32_t tensor)
{
	uint32_t count = 1;

	for (int32_t d = 0; d < net->tensors[tensor].rank; d++)
		count *= (uint32_t)net->tensors[tensor].shape[d];
	return count;
}

/* Constant channels get weights of 0 or a bias that nothing else can outweigh. */
static inline void net_channel_kill(int8_t *weights, uint32_t count, uint32_t step, int32_t *bias)
{
	switch (net_draw(0, 3)) {
	case 0: /* any constant */
		for (uint32_t i = 0; i < count; i++)
			weights[i * step] = 0;
		break;
	case 1:
		*bias = net_draw(0, 1) ? 1 << 29 : -(1 << 29);
		break;
	case 2: /* below a RELU's zero */
		*bias = -3000000;
		break;
	default:
		for (uint32_t i = 0; i < count; i++)
			weights[i * step] = 0;
		*bias = net_draw(-3000, 3000);
		break;
	}
}

/* Filter of `row` weights for each channel, `step` apart, and bias; channels along dimension. */
static inline void net_weights(struct net *net, struct net_op *op, const int32_t *shape,
			       int32_t rank, int32_t dimension, float in_scale)
{
	uint32_t channels = (uint32_t)shape[dimension];
	int32_t filter = net_tensor(net, rank, shape, 1, 0), bias, count = (int32_t)channels;
	uint32_t bytes = net_elements(net, filter), row = bytes / channels;
	bool last = dimension > 0;
	int8_t *weights = net_take(bytes);
	int32_t *biases = net_take(channels * 4);
	struct net_tensor *tensor = &net->tensors[filter];

	net_fill(weights, bytes);
	for (uint32_t i = 0; i < channels; i++) {
		biases[i] = net_draw(-2000, 2000);
		tensor->scales[i] = (float)net_draw(10, 100) / 5000;
		if (net_draw(1, 100) <= net_dead_percent)
			net_channel_kill(last ? weights + i : weights + i * row, row,
					 last ? channels : 1, &biases[i]);
	}
	tensor->scale_count = rank == 2 ? 1 : channels;
	tensor->dimension = dimension;
	tensor->data = weights;
	tensor->bytes = bytes;
	bias = net_tensor(net, 1, &count, in_scale, 0);
	net->tensors[bias].type = NET_INT32;
	net->tensors[bias].data = biases;
	net->tensors[bias].bytes = channels * 4;
	net_input(op, filter);
	net_input(op, bias);
}

struct net_axis {
	int32_t kernel, stride, dilation, out;
};

static inline struct net_axis net_axis(int32_t in, bool same, int32_t dilation_max)
{
	struct net_axis axis = {net_draw(1, 3), net_draw(1, 2), net_draw(1, dilation_max), 0};

	if ((axis.kernel - 1) * axis.dilation + 1 > in)
		axis.kernel = 1;
	axis.out = same ? (in + axis.stride - 1) / axis.stride
			: (in - (axis.kernel - 1) * axis.dilation - 1) / axis.stride + 1;
	return axis;
}

static inline int32_t net_activation(void)
{
	return (const int32_t[]){0, 1, 3}[net_draw(0, 2)];
}

/* One output of a window over tensor `in` (rank 4); returns its index. */
static inline int32_t net_add_window(struct net *net, int32_t in, int32_t builtin)
{
	const struct net_tensor from = net->tensors[in];
	bool same = net_draw(0, 1), pool = builtin == NET_MAX_POOL || builtin == NET_AVERAGE_POOL;
	struct net_axis y = net_axis(from.shape[1], same, pool ? 1 : 2);
	struct net_axis x = net_axis(from.shape[2], same, pool ? 1 : 2);
	int32_t multiplier = from.shape[3] <= 8 ? net_draw(1, 2) : 1, channels, out;
	struct net_op *op;

	channels = builtin == NET_CONV        ? net_draw(1, 9)
		   : builtin == NET_DEPTHWISE ? from.shape[3] * multiplier
					      : from.shape[3];
	out = net_image(net, 1, y.out, x.out, channels,
			pool ? from.scales[0] : 0.05f * net_scale() + 0.02f,
			pool ? from.zero_point : net_draw(-128, 127));
	op = net_op(net, builtin, builtin == NET_CONV ? 1 : builtin == NET_DEPTHWISE ? 2 : 5, out);
	net_input(op, in);
	if (builtin == NET_CONV)
		net_weights(net, op, (const int32_t[]){channels, y.kernel, x.kernel, from.shape[3]},
			    4, 0, from.scales[0]);
	if (builtin == NET_DEPTHWISE)
		net_weights(net, op, (const int32_t[]){1, y.kernel, x.kernel, channels}, 4, 3,
			    from.scales[0]);
	net_option(op, 0, 1, same ? 0 : 1);
	net_option(op, 1, 4, x.stride);
	net_option(op, 2, 4, y.stride);
	if (builtin == NET_DEPTHWISE)
		net_option(op, 3, 4, multiplier);
	if (pool) {
		net_option(op, 3, 4, x.kernel);
		net_option(op, 4, 4, y.kernel);
		net_option(op, 5, 1, net_activation());
		return out;
	}
	net_option(op, builtin == NET_CONV ? 3 : 4, 1, net_activation());
	net_option(op, builtin == NET_CONV ? 4 : 5, 4, x.dilation);
	net_option(op, builtin == NET_CONV ? 5 : 6, 4, y.dilation);
	return out;
}

static inline int32_t net_add_pad(struct net *net, int32_t in)
{
	const struct net_tensor from = net->tensors[in];
	int32_t *pads = net_take(32), out;
	struct net_op *op;

	for (int32_t i = 0; i < 8; i++)
		pads[i] = i >= 2 && i < 6 ? net_draw(0, 2) : net_draw(0, 9) == 0;
	pads[0] = pads[1] = 0;
	out = net_image(net, 1, from.shape[1] + pads[2] + pads[3],
			from.shape[2] + pads[4] + pads[5], from.shape[3] + pads[6] + pads[7],
			from.scales[0], from.zero_point);
	op = net_op(net, NET_PAD, 0, out);
	net_input(op, in);
	net_input(op, net_ints(net, pads, 8, true));
	return out;
}

/* RESHAPE to planes of another form, RESIZE or TRANSPOSE. */
static inline int32_t net_add_form(struct net *net, int32_t in, int32_t builtin)
{
	const struct net_tensor from = net->tensors[in];
	int32_t *form = net_take(16), shape[4] = {1, from.shape[1], from.shape[2], from.shape[3]};
	int32_t out;
	struct net_op *op;

	if (builtin == NET_RESHAPE) {
		shape[1] = net_draw(0, 1) ? shape[1] * shape[2] : 1;
		shape[2] = from.shape[1] * from.shape[2] / shape[1];
		if (net_draw(0, 2) == 0) {
			shape[3] *= shape[2];
			shape[2] = 1;
		}
	} else if (builtin == NET_RESIZE) {
		form[0] = shape[1] = net_draw(1, 6);
		form[1] = shape[2] = net_draw(1, 6);
	} else {
		memcpy(form, (const int32_t[]){0, 2, 1, 3}, 16);
		if (net_draw(0, 1))
			memcpy(form, (const int32_t[]){0, 3, 1, 2}, 16);
		for (int d = 0; d < 4; d++)
			shape[d] = from.shape[form[d]];
	}
	out = net_tensor(net, 4, shape, from.scales[0], from.zero_point);
	op = net_op(net, builtin,
		    builtin == NET_RESHAPE  ? 0
		    : builtin == NET_RESIZE ? 74
					    : 26,
		    out);
	net_input(op, in);
	if (builtin != NET_RESHAPE)
		net_input(op, net_ints(net, form, builtin == NET_RESIZE ? 2 : 4, false));
	return out;
}

static inline int32_t net_add_pair(struct net *net, int32_t a, int32_t b, int32_t builtin)
{
	int32_t out =
		net_tensor(net, 4, net->tensors[a].shape, 0.3f + net_scale(), net_draw(-128, 127));
	struct net_op *op = net_op(net, builtin, builtin == NET_ADD ? 11 : 21, out);

	net_input(op, a);
	net_input(op, b);
	net_option(op, 0, 1, net_activation());
	return out;
}

static inline int32_t net_add_mean(struct net *net, int32_t in)
{
	int32_t *axes = net_take(8), shape[4], out;
	struct net_op *op;

	axes[0] = 1;
	axes[1] = 2;
	memcpy(shape, net->tensors[in].shape, sizeof(shape));
	shape[1] = shape[2] = 1;
	out = net_tensor(net, 4, shape, net->tensors[in].scales[0], net_draw(-128, 127));
	op = net_op(net, NET_MEAN, 27, out);
	net_input(op, in);
	net_input(op, net_ints(net, axes, 2, false));
	net_option(op, 0, 1, 1);
	return out;
}

static inline int32_t net_add_concatenation(struct net *net, int32_t in)
{
	int32_t shape[4], out;
	struct net_op *op;

	memcpy(shape, net->tensors[in].shape, sizeof(shape));
	shape[3] *= 2;
	out = net_tensor(net, 4, shape, net->tensors[in].scales[0], net->tensors[in].zero_point);
	op = net_op(net, NET_CONCATENATION, 10, out);
	net_input(op, in);
	net_input(op, in);
	net_option(op, 0, 4, 3);
	return out;
}

/* Rows of all but the last dimension. */
static inline int32_t net_add_fully_connected(struct net *net, int32_t in)
{
	const struct net_tensor from = net->tensors[in];
	int32_t depth = from.shape[3], channels = net_draw(1, 9), out;
	bool flat = net_draw(0, 1);
	struct net_op *op;

	if (flat)
		depth = (int32_t)net_elements(net, in);
	out = net_image(net, 1, flat ? 1 : from.shape[1], flat ? 1 : from.shape[2], channels,
			0.05f * net_scale() + 0.02f, net_draw(-128, 127));
	op = net_op(net, NET_FULLY_CONNECTED, 8, out);
	net_input(op, in);
	net_weights(net, op, (const int32_t[]){channels, depth}, 2, 0, from.scales[0]);
	net_option(op, 0, 1, net_activation());
	return out;
}

/* Another tensor of the same shape; `in` itself if there is none. */
static inline int32_t net_twin(const struct net *net, const int32_t *made, int32_t count,
			       int32_t in)
{
	for (int32_t i = 0; i < count; i++)
		if (made[i] != in && !memcmp(net->tensors[made[i]].shape, net->tensors[in].shape,
					     4 * sizeof(int32_t)))
			return made[i];
	return in;
}

static inline int32_t net_add_any(struct net *net, const int32_t *made, int32_t count, int32_t in)
{
	static const int32_t windows[] = {NET_CONV,        NET_CONV,      NET_CONV,
					  NET_DEPTHWISE,   NET_DEPTHWISE, NET_MAX_POOL,
					  NET_AVERAGE_POOL};
	int32_t which = net_draw(0, 17);

	if (which < 7)
		return net_add_window(net, in, windows[which]);
	if (which < 9)
		return net_add_pad(net, in);
	if (which < 11)
		return net_add_form(net, in, NET_RESHAPE);
	if (which < 13)
		return net_add_pair(net, in, net_twin(net, made, count, in),
				    which == 11 ? NET_ADD : NET_MUL);
	if (which == 13)
		return net_add_form(net, in, NET_RESIZE);
	if (which == 14)
		return net_add_form(net, in, NET_TRANSPOSE);
	if (which == 15)
		return net_add_mean(net, in);
	if (which == 16)
		return net_add_concatenation(net, in);
	return net_add_fully_connected(net, in);
}

/* A network of `layers` operators; what nobody reads is an output, or some of it. */
static inline void net_random(struct net *net, int32_t layers)
{
	int32_t made[NET_OPS_MAX + 1], count = 0;
	bool read[NET_TENSORS_MAX * 2] = {false};

	memset(net, 0, sizeof(*net));
	net_pool_used = 0;
	made[count++] = net_image(net, 1, net_draw(1, 6), net_draw(1, 6), net_draw(1, 6), 0.05f,
				  net_draw(-128, 127));
	net->inputs[net->input_count++] = made[0];
	while (count <= layers) {
		int32_t in = made[net_draw(0, 3) ? count - 1 : net_draw(0, count - 1)], out;
		const struct net_op *op = &net->ops[net->op_count];

		if (net_elements(net, in) > NET_ELEMENTS_MAX || net->tensors[in].shape[3] > 12)
			in = made[0];
		out = net_add_any(net, made, count, in);
		for (int32_t i = 0; i < op->input_count; i++)
			read[op->inputs[i]] = true;
		made[count++] = out;
	}
	net->outputs[net->output_count++] = made[count - 1];
	for (int32_t i = 1; i < count - 1 && net->output_count < 8; i++)
		if (read[made[i]] ? net_draw(0, 9) == 0 : net_draw(0, 3) > 0)
			net->outputs[net->output_count++] = made[i];
}

/* All inputs of one kind, or random. */
static inline void net_random_input(int8_t *bytes, uint32_t count, int round)
{
	if (round == 0)
		memset(bytes, -128, count);
	else if (round == 1)
		memset(bytes, 127, count);
	else
		net_fill(bytes, count);
}

#endif
