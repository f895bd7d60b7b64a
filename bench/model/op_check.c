/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an operator's tensors must be like: types, ranks, shapes that follow from each other, and
 * the quantisation that TensorFlow Lite's int8 specification allows (symmetric weights; per-channel
 * scales only for weights, along the output channels).
 */
#include "bench/model/op_check.h"

#include <errno.h>
#include <math.h>

int op_refuse(struct err *err, const char *role, const char *what)
{
	return err_set(err, -EINVAL, "%s: %s", role, what);
}

int op_check_type(const struct graph_tensor *tensor, enum graph_type type, const char *role,
		  struct err *err)
{
	if (tensor->type == type)
		return 0;
	return err_set(err, -EINVAL, "%s: %s where %s is expected", role,
		       graph_type_name(tensor->type), graph_type_name(type));
}

int op_check_activation(const struct graph_tensor *tensor, const char *role, struct err *err)
{
	int error;

	if (tensor->data)
		return op_refuse(err, role, "a constant where a computed tensor is expected");
	error = op_check_type(tensor, GRAPH_INT8, role, err);
	if (error)
		return error;
	if (tensor->scale_count == 0)
		return op_refuse(err, role, "no quantisation (scale and zero point)");
	if (tensor->scale_count > 1)
		return op_refuse(err, role, "per-channel scales are only possible for weights");
	return 0;
}

int op_check_rank(const struct graph_tensor *tensor, uint32_t rank, const char *role,
		  struct err *err)
{
	if (tensor->rank != rank)
		return err_set(err, -EINVAL, "%s: rank %u where %u is expected", role, tensor->rank,
			       rank);
	return 0;
}

int op_check_size(uint32_t size, uint64_t expected, const char *what, struct err *err)
{
	if (size != expected)
		return err_set(err, -EINVAL, "%s: %u where %llu is expected", what, size,
			       (unsigned long long)expected);
	return 0;
}

/* channels run along dimension. */
static int filter_check(const struct graph_tensor *filter, uint32_t dimension, struct err *err)
{
	int error = op_check_type(filter, GRAPH_INT8, "filter", err);

	if (error)
		return error;
	if (!filter->data)
		return op_refuse(err, "filter", "only constant weights are supported");
	if (filter->scale_count == 0)
		return op_refuse(err, "filter", "no quantisation (scale and zero point)");
	if (filter->scale_count > 1 && filter->scale_dimension != dimension)
		return err_set(err, -EINVAL,
			       "filter: scales along dimension %u, only %u is possible",
			       filter->scale_dimension, dimension);
	if (filter->zero_point != 0)
		return err_set(err, -EINVAL, "filter: zero point %d where 0 is expected",
			       (int)filter->zero_point);
	return 0;
}

static int bias_check(const struct graph_tensor *bias, uint32_t channels, struct err *err)
{
	int error;

	if (!bias)
		return 0;
	error = op_check_type(bias, GRAPH_INT32, "bias", err);
	if (error)
		return error;
	if (!bias->data)
		return op_refuse(err, "bias", "only a constant bias is supported");
	if (bias->zero_point != 0)
		return op_refuse(err, "bias", "a zero point other than 0");
	return op_check_size(bias->elements, channels, "bias: elements", err);
}

/* Checks the output's size along one axis and completes the axis. */
static int axis_check(uint32_t in, uint32_t out, enum graph_padding padding,
		      struct graph_axis *axis, const char *what, struct err *err)
{
	int error = op_check_size(out, graph_axis_output(in, axis, padding), what, err);

	axis->pad = graph_axis_pad(in, axis, padding);
	if (!error && axis->pad > UINT16_MAX)
		error = err_set(err, -EINVAL, "%s: padding of %u", what, axis->pad);
	return error;
}

/* Batch, height and width of a sliding window. */
static int window_check(const struct operands *use, struct graph_op *op, struct err *err)
{
	const uint32_t *in = use->input->shape, *out = use->output->shape;
	int error = op_check_rank(use->input, 4, "input", err);

	error = error ? error : op_check_rank(use->output, 4, "output", err);
	error = error ? error : op_check_size(out[0], in[0], "output: batch", err);
	error = error ? error
		      : axis_check(in[1], out[1], op->padding, &op->y, "output: height", err);
	error = error ? error
		      : axis_check(in[2], out[2], op->padding, &op->x, "output: width", err);
	return error;
}

/* Takes the window's size from the filter: [.][height][width][.] in both kinds of convolution. */
static int filter_window(const struct graph_tensor *filter, struct graph_op *op, struct err *err)
{
	int error = op_check_rank(filter, 4, "filter", err);

	if (error)
		return error;
	if (filter->shape[1] > UINT16_MAX || filter->shape[2] > UINT16_MAX)
		return op_refuse(err, "filter", "height or width above 65535");
	op->y.kernel = filter->shape[1];
	op->x.kernel = filter->shape[2];
	return 0;
}

static int conv_check(const struct operands *use, struct graph_op *op, struct err *err)
{
	int error = filter_check(use->filter, 0, err);

	error = error ? error : filter_window(use->filter, op, err);
	error = error ? error : window_check(use, op, err);
	error = error ? error
		      : op_check_size(use->filter->shape[3], use->input->shape[3],
				      "filter: input channels", err);
	error = error ? error
		      : op_check_size(use->output->shape[3], use->filter->shape[0],
				      "output: channels", err);
	return error ? error : bias_check(use->bias, use->output->shape[3], err);
}

static int depthwise_check(const struct operands *use, struct graph_op *op, struct err *err)
{
	int error = filter_check(use->filter, 3, err);

	error = error ? error : filter_window(use->filter, op, err);
	error = error ? error : window_check(use, op, err);
	error = error ? error : op_check_size(use->filter->shape[0], 1, "filter: dimension 0", err);
	error = error ? error
		      : op_check_size(use->output->shape[3], use->filter->shape[3],
				      "output: channels", err);
	error = error ? error
		      : op_check_size(use->output->shape[3],
				      (uint64_t)use->input->shape[3] * op->multiplier,
				      "output: channels", err);
	return error ? error : bias_check(use->bias, use->output->shape[3], err);
}

static int fully_connected_check(const struct operands *use, struct graph_op *op, struct err *err)
{
	uint32_t channels, depth, rows;
	int error = filter_check(use->filter, 0, err);

	(void)op;
	error = error ? error : op_check_rank(use->filter, 2, "filter", err);
	if (error)
		return error;
	channels = use->filter->shape[0];
	depth = use->filter->shape[1];
	error = op_check_size(graph_dimension(use->output, 0), channels, "output: channels", err);
	rows = use->output->elements / graph_dimension(use->output, 0);
	error = error ? error
		      : op_check_size(use->input->elements, (uint64_t)rows * depth,
				      "input: elements", err);
	return error ? error : bias_check(use->bias, channels, err);
}

int op_check_same_quantisation(const struct graph_tensor *input, const struct graph_tensor *output,
			       struct err *err)
{
	float in = graph_scale(input, 0), out = graph_scale(output, 0);

	if (fabsf(in - out) > 1e-6f || input->zero_point != output->zero_point)
		return op_refuse(err, "output", "quantised differently from the input");
	return 0;
}

static int pool_check(const struct operands *use, struct graph_op *op, struct err *err)
{
	int error = window_check(use, op, err);

	error = error ? error
		      : op_check_size(use->output->shape[3], use->input->shape[3],
				      "output: channels", err);
	if (!error && op->y.kernel * op->x.kernel > IMAGE_POOL_TAPS_MAX)
		error = err_set(err, -EINVAL, "window of %u x %u", op->y.kernel, op->x.kernel);
	return error ? error : op_check_same_quantisation(use->input, use->output, err);
}

static int reshape_check(const struct operands *use, struct graph_op *op, struct err *err)
{
	int error = use->filter ? op_check_type(use->filter, GRAPH_INT32, "shape", err) : 0;

	(void)op;
	if (error)
		return error;
	return op_check_size(use->output->elements, use->input->elements, "output: elements", err);
}

static int softmax_check(const struct operands *use, struct graph_op *op, struct err *err)
{
	uint32_t depth = graph_dimension(use->output, 0);
	int error =
		op_check_size(use->output->elements, use->input->elements, "output: elements", err);

	(void)op;
	error = error ? error
		      : op_check_size(depth, graph_dimension(use->input, 0),
				      "output: last dimension", err);
	if (error)
		return error;
	if (depth > IMAGE_SOFTMAX_DEPTH_MAX)
		return err_set(err, -EINVAL, "%u classes: at most %d are supported", depth,
			       IMAGE_SOFTMAX_DEPTH_MAX);
	if (graph_scale(use->output, 0) != 1.0f / 256 || use->output->zero_point != -128)
		return op_refuse(err, "output", "must have scale 1/256 and zero point -128");
	return 0;
}

/* ADD and MUL: along each dimension both are as large as the output, or one is 1. */
static int pair_check(const struct operands *use, struct graph_op *op, struct err *err)
{
	int error = op_check_activation(use->filter, "second input", err);

	(void)op;
	for (uint32_t back = 0; !error && back < GRAPH_RANK_MAX; back++) {
		uint32_t a = graph_dimension(use->input, back);
		uint32_t b = graph_dimension(use->filter, back);

		if (a != b && a != 1 && b != 1)
			error = op_refuse(err, "second input",
					  "neither the first one's shape nor repeated to it");
		else
			error = op_check_size(graph_dimension(use->output, back), a == 1 ? b : a,
					      "output: dimension", err);
	}
	return error;
}

static op_check_fn *const checks[IMAGE_OP_KIND_END] = {
	[IMAGE_CONV_2D] = conv_check,
	[IMAGE_DEPTHWISE_CONV_2D] = depthwise_check,
	[IMAGE_FULLY_CONNECTED] = fully_connected_check,
	[IMAGE_AVERAGE_POOL_2D] = pool_check,
	[IMAGE_MAX_POOL_2D] = pool_check,
	[IMAGE_RESHAPE] = reshape_check,
	[IMAGE_SOFTMAX] = softmax_check,
	[IMAGE_ADD] = pair_check,
	[IMAGE_MUL] = pair_check,
	[IMAGE_MEAN] = op_check_mean,
	[IMAGE_PAD] = op_check_pad,
	[IMAGE_CONCATENATION] = op_check_concatenation,
	[IMAGE_RESIZE_NEAREST_NEIGHBOR] = op_check_resize,
	[IMAGE_TRANSPOSE] = op_check_transpose,
};

static const struct graph_tensor *tensor_at(const struct graph *graph, int32_t index)
{
	return index < 0 ? NULL : &graph->tensors[index];
}

int graph_op_check(const struct graph *graph, struct graph_op *op, struct err *err)
{
	struct operands use = {
		.input = tensor_at(graph, op->inputs[0]),
		.filter = tensor_at(graph, op->inputs[1]),
		.bias = tensor_at(graph, op->inputs[2]),
		.output = tensor_at(graph, op->output),
		.graph = graph,
	};
	int error = op_check_activation(use.input, "input", err);

	error = error ? error : op_check_activation(use.output, "output", err);
	return error ? error : checks[op->kind](&use, op, err);
}

int graph_edge_check(const struct graph *graph, const struct graph_op *op, bool quantize,
		     struct err *err)
{
	const struct graph_tensor *in = &graph->tensors[op->inputs[0]];
	const struct graph_tensor *out = &graph->tensors[op->output];
	int error = op_check_activation(quantize ? out : in, quantize ? "output" : "input", err);

	error = error ? error
		      : op_check_type(quantize ? in : out, GRAPH_FLOAT32,
				      quantize ? "input" : "output", err);
	return error ? error : op_check_size(out->elements, in->elements, "output: elements", err);
}
