/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Checks of the operators that are told what to do by constants: MEAN, PAD, CONCATENATION,
 * RESIZE_NEAREST_NEIGHBOR, TRANSPOSE. Their args are those of the shape written with ones in front.
 */
#include "bench/model/op_check.h"

#include <errno.h>

#include "bench/model/flatbuffer.h"

enum { CONSTANTS_MAX = 2 * GRAPH_RANK_MAX };

/* A constant int32 tensor of exactly count elements. */
static int constants_read(const struct graph_tensor *tensor, uint32_t count, const char *role,
			  int32_t ret_values[CONSTANTS_MAX], struct err *err)
{
	int error = op_check_type(tensor, GRAPH_INT32, role, err);

	if (error)
		return error;
	if (!tensor->data)
		return op_refuse(err, role, "only a constant is supported");
	if (tensor->elements != count)
		return err_set(err, -EINVAL, "%s: %u elements where %u are expected", role,
			       tensor->elements, count);
	for (uint32_t i = 0; i < count; i++)
		ret_values[i] = (int32_t)flatbuffer_load_u32(tensor->data + (size_t)i * 4);
	return 0;
}

/* Dimension axis of a tensor (negative: from the end) in the shape with ones in front. */
static int axis_find(int32_t axis, uint32_t rank, uint32_t *ret_dimension, struct err *err)
{
	int64_t from_front = axis < 0 ? (int64_t)axis + rank : axis;

	if (from_front < 0 || from_front >= rank)
		return err_set(err, -EINVAL, "axis %d of a tensor of rank %u", (int)axis, rank);
	*ret_dimension = (uint32_t)from_front + GRAPH_RANK_MAX - rank;
	return 0;
}

/* The output has each dimension that stays, and with keep_dims 1 for each other. */
static int mean_output_check(const struct operands *use, const struct graph_op *op, struct err *err)
{
	uint32_t front = GRAPH_RANK_MAX - use->input->rank, next = 0;
	uint64_t count = 1;

	for (uint32_t d = 0; d < use->input->rank; d++) {
		uint32_t size = op->args[front + d] ? 1 : use->input->shape[d];

		if (op->args[front + d])
			count *= use->input->shape[d];
		if (op->args[front + d] && !op->keep_dims)
			continue;
		if (next >= use->output->rank || use->output->shape[next] != size)
			return op_refuse(err, "output", "not the shape that the axes leave");
		next++;
	}
	if (next != use->output->rank && !(next == 0 && use->output->elements == 1))
		return op_refuse(err, "output", "not the shape that the axes leave");
	if (count > IMAGE_POOL_TAPS_MAX)
		return err_set(err, -EINVAL, "a mean of %llu elements: at most %d are supported",
			       (unsigned long long)count, IMAGE_POOL_TAPS_MAX);
	return 0;
}

int op_check_mean(const struct operands *use, struct graph_op *op, struct err *err)
{
	int32_t axes[CONSTANTS_MAX];
	int error;

	if (use->filter->elements > GRAPH_RANK_MAX)
		return op_refuse(err, "axes", "more than 4");
	error = constants_read(use->filter, use->filter->elements, "axes", axes, err);
	for (uint32_t i = 0; !error && i < use->filter->elements; i++) {
		uint32_t dimension = 0;

		error = axis_find(axes[i], use->input->rank, &dimension, err);
		op->args[dimension] = 1;
	}
	return error ? error : mean_output_check(use, op, err);
}

/* PADV2 names the value; it must be what PAD takes. */
static int pad_value_check(const struct operands *use, struct err *err)
{
	const struct graph_tensor *value = use->bias;
	int error;

	if (!value)
		return 0;
	error = op_check_type(value, GRAPH_INT8, "value", err);
	error = error ? error : op_check_size(value->elements, 1, "value: elements", err);
	if (!error && !value->data)
		error = op_refuse(err, "value", "only a constant is supported");
	if (error)
		return error;
	if (value->scale_count != 1 || graph_scale(value, 0) != graph_scale(use->output, 0) ||
	    value->zero_point != use->output->zero_point)
		return op_refuse(err, "value", "quantised differently from the output");
	if ((int8_t)value->data[0] != use->output->zero_point)
		return op_refuse(err, "value", "only the output's zero point is supported");
	return 0;
}

int op_check_pad(const struct operands *use, struct graph_op *op, struct err *err)
{
	uint32_t rank = use->input->rank;
	int32_t pads[CONSTANTS_MAX];
	int error = op_check_rank(use->output, rank, "output", err);

	error = error ? error : constants_read(use->filter, 2 * rank, "paddings", pads, err);
	for (uint32_t d = 0; !error && d < rank; d++) {
		int64_t before = pads[2 * d], behind = pads[2 * d + 1];

		if (before < 0 || behind < 0 || before > UINT16_MAX)
			return err_set(err, -EINVAL, "paddings: %lld before, %lld behind",
				       (long long)before, (long long)behind);
		op->args[GRAPH_RANK_MAX - rank + d] = (uint16_t)before;
		error = op_check_size(use->output->shape[d],
				      (uint64_t)(use->input->shape[d] + before + behind),
				      "output: dimension", err);
	}
	error = error ? error : pad_value_check(use, err);
	return error ? error : op_check_same_quantisation(use->input, use->output, err);
}

/* One input's dimensions are the output's but for the one along which they are put together. */
static int piece_check(const struct graph_tensor *piece, const struct graph_tensor *output,
		       uint32_t along, struct err *err)
{
	int error = op_check_activation(piece, "input", err);

	error = error ? error : op_check_rank(piece, output->rank, "input", err);
	for (uint32_t d = 0; !error && d < output->rank; d++)
		if (d != along)
			error = op_check_size(piece->shape[d], output->shape[d], "input: dimension",
					      err);
	return error ? error : op_check_same_quantisation(piece, output, err);
}

int op_check_concatenation(const struct operands *use, struct graph_op *op, struct err *err)
{
	uint32_t dimension = 0, along, rank = use->output->rank;
	uint64_t sum = 0;
	int error = axis_find(op->axis, rank, &dimension, err);

	if (error)
		return error;
	along = dimension + rank - GRAPH_RANK_MAX;
	for (uint32_t i = 0; !error && i < op->input_count; i++) {
		const struct graph_tensor *piece = &use->graph->tensors[op->inputs[i]];

		error = piece_check(piece, use->output, along, err);
		sum += error ? 0 : piece->shape[along];
	}
	op->args[0] = (uint16_t)dimension;
	return error ? error
		     : op_check_size(use->output->shape[along], sum, "output: dimension", err);
}

int op_check_resize(const struct operands *use, struct graph_op *op, struct err *err)
{
	int32_t size[CONSTANTS_MAX];
	int error = op_check_rank(use->input, 4, "input", err);

	error = error ? error : op_check_rank(use->output, 4, "output", err);
	error = error ? error : constants_read(use->filter, 2, "size", size, err);
	for (int d = 0; !error && d < 4; d++) {
		bool free = d == 1 || d == 2;
		uint32_t in = use->input->shape[d], out = use->output->shape[d];

		if (free && (in > IMAGE_RESIZE_MAX || out > IMAGE_RESIZE_MAX))
			return err_set(err, -EINVAL, "%u to %u: at most %d is supported", in, out,
				       IMAGE_RESIZE_MAX);
		error = op_check_size(out, free ? (uint32_t)size[d - 1] : in, "output: dimension",
				      err);
	}
	op->args[0] = op->align_corners;
	op->args[1] = op->half_pixel_centers;
	return error ? error : op_check_same_quantisation(use->input, use->output, err);
}

int op_check_transpose(const struct operands *use, struct graph_op *op, struct err *err)
{
	uint32_t rank = use->input->rank, front = GRAPH_RANK_MAX - rank;
	int32_t from[CONSTANTS_MAX];
	unsigned seen = 0;
	int error = op_check_rank(use->output, rank, "output", err);

	error = error ? error : constants_read(use->filter, rank, "permutation", from, err);
	for (uint32_t d = 0; d < front; d++)
		op->args[d] = (uint16_t)d;
	for (uint32_t d = 0; !error && d < rank; d++) {
		if (from[d] < 0 || (uint32_t)from[d] >= rank || (seen >> from[d] & 1))
			return op_refuse(err, "permutation", "not each dimension once");
		seen |= 1u << from[d];
		op->args[front + d] = (uint16_t)(front + (uint32_t)from[d]);
		error = op_check_size(use->output->shape[d], use->input->shape[from[d]],
				      "output: dimension", err);
	}
	return error ? error : op_check_same_quantisation(use->input, use->output, err);
}
