/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/model/tflite_ops.h"

#include <errno.h>
#include <math.h>

enum { OPERATOR_OPTIONS_TYPE = 3, OPERATOR_OPTIONS = 4 };

/* The fields of enum graph_op that several options tables have, by slot; -1: the table has none. */
struct window_slots {
	int padding, stride_w, stride_h, kernel_w, kernel_h, activation, dilation_w, dilation_h;
};

static int size_read(struct flatbuffer *file, const struct flatbuffer_table *options, int slot,
		     int64_t absent, const char *what, uint32_t *ret_size, struct err *err)
{
	int64_t size = slot < 0 ? 1 : flatbuffer_i32(file, options, (unsigned)slot, absent);

	if (size < 1 || size > UINT16_MAX)
		return err_set(err, -EINVAL, "%s %lld is outside 1 .. %d", what, (long long)size,
			       UINT16_MAX);
	*ret_size = (uint32_t)size;
	return 0;
}

static int activation_read(struct flatbuffer *file, const struct flatbuffer_table *options,
			   unsigned slot, struct graph_op *op, struct err *err)
{
	static const char *const names[] = {"NONE",  "RELU", "RELU_N1_TO_1",
					    "RELU6", "TANH", "SIGN_BIT"};
	int64_t value = flatbuffer_i8(file, options, slot, GRAPH_ACTIVATION_NONE);

	if (value != GRAPH_ACTIVATION_NONE && value != GRAPH_ACTIVATION_RELU &&
	    value != GRAPH_ACTIVATION_RELU6)
		return err_set(err, -EINVAL, "activation %s is not supported",
			       value >= 0 && value < 6 ? names[value] : "unknown");
	op->activation = (enum graph_activation)value;
	return 0;
}

static int window_read(struct flatbuffer *file, const struct flatbuffer_table *options,
		       const struct window_slots *slots, struct graph_op *op, struct err *err)
{
	int64_t padding = flatbuffer_i8(file, options, (unsigned)slots->padding, 0);
	int error;

	if (padding != 0 && padding != 1)
		return err_set(err, -EINVAL, "padding %lld is neither SAME nor VALID",
			       (long long)padding);
	op->padding = padding == 0 ? GRAPH_SAME : GRAPH_VALID;
	error = activation_read(file, options, (unsigned)slots->activation, op, err);
	error = error ? error
		      : size_read(file, options, slots->stride_w, 0, "stride_w", &op->x.stride,
				  err);
	error = error ? error
		      : size_read(file, options, slots->stride_h, 0, "stride_h", &op->y.stride,
				  err);
	error = error ? error
		      : size_read(file, options, slots->kernel_w, 0, "filter_width", &op->x.kernel,
				  err);
	error = error ? error
		      : size_read(file, options, slots->kernel_h, 0, "filter_height", &op->y.kernel,
				  err);
	error = error ? error
		      : size_read(file, options, slots->dilation_w, 1, "dilation_w_factor",
				  &op->x.dilation, err);
	error = error ? error
		      : size_read(file, options, slots->dilation_h, 1, "dilation_h_factor",
				  &op->y.dilation, err);
	return error;
}

/* quantized_bias_type: 0 when the file does not say, or int32. */
static int bias_type_check(struct flatbuffer *file, const struct flatbuffer_table *options,
			   unsigned slot, struct err *err)
{
	int64_t type = flatbuffer_i8(file, options, slot, 0);

	if (type != 0 && type != GRAPH_INT32)
		return err_set(err, -EINVAL, "bias type %lld is not supported", (long long)type);
	return 0;
}

static int conv_read(struct flatbuffer *file, const struct flatbuffer_table *options,
		     struct graph_op *op, struct err *err)
{
	static const struct window_slots slots = {.padding = 0,
						  .stride_w = 1,
						  .stride_h = 2,
						  .kernel_w = -1,
						  .kernel_h = -1,
						  .activation = 3,
						  .dilation_w = 4,
						  .dilation_h = 5};
	int error = window_read(file, options, &slots, op, err);

	return error ? error : bias_type_check(file, options, 6, err);
}

static int depthwise_read(struct flatbuffer *file, const struct flatbuffer_table *options,
			  struct graph_op *op, struct err *err)
{
	static const struct window_slots slots = {.padding = 0,
						  .stride_w = 1,
						  .stride_h = 2,
						  .kernel_w = -1,
						  .kernel_h = -1,
						  .activation = 4,
						  .dilation_w = 5,
						  .dilation_h = 6};
	int error = window_read(file, options, &slots, op, err);

	return error ? error
		     : size_read(file, options, 3, 0, "depth_multiplier", &op->multiplier, err);
}

static int pool_read(struct flatbuffer *file, const struct flatbuffer_table *options,
		     struct graph_op *op, struct err *err)
{
	static const struct window_slots slots = {.padding = 0,
						  .stride_w = 1,
						  .stride_h = 2,
						  .kernel_w = 3,
						  .kernel_h = 4,
						  .activation = 5,
						  .dilation_w = -1,
						  .dilation_h = -1};

	return window_read(file, options, &slots, op, err);
}

/* keep_num_dims (slot 2) only changes the shape the file already states. */
static int fully_connected_read(struct flatbuffer *file, const struct flatbuffer_table *options,
				struct graph_op *op, struct err *err)
{
	int64_t format = flatbuffer_i8(file, options, 1, 0);
	int error = activation_read(file, options, 0, op, err);

	if (!error && format != 0)
		error = err_set(err, -EINVAL, "weights format %lld is not supported",
				(long long)format);
	return error ? error : bias_type_check(file, options, 4, err);
}

static int softmax_read(struct flatbuffer *file, const struct flatbuffer_table *options,
			struct graph_op *op, struct err *err)
{
	op->beta = flatbuffer_f32(file, options, 0, 0);
	if (!isfinite(op->beta) || op->beta <= 0)
		return err_set(err, -EINVAL, "beta %g is not above 0", (double)op->beta);
	return 0;
}

static int activation_only_read(struct flatbuffer *file, const struct flatbuffer_table *options,
				struct graph_op *op, struct err *err)
{
	return activation_read(file, options, 0, op, err);
}

static int concatenation_read(struct flatbuffer *file, const struct flatbuffer_table *options,
			      struct graph_op *op, struct err *err)
{
	int error = activation_read(file, options, 1, op, err);

	op->axis = (int32_t)flatbuffer_i32(file, options, 0, 0);
	if (!error && op->activation != GRAPH_ACTIVATION_NONE)
		error = err_set(err, -EINVAL, "a fused activation is not supported");
	return error;
}

static int mean_read(struct flatbuffer *file, const struct flatbuffer_table *options,
		     struct graph_op *op, struct err *err)
{
	(void)err;
	op->keep_dims = flatbuffer_u8(file, options, 0, 0) != 0;
	return 0;
}

static int resize_read(struct flatbuffer *file, const struct flatbuffer_table *options,
		       struct graph_op *op, struct err *err)
{
	(void)err;
	op->align_corners = flatbuffer_u8(file, options, 0, 0) != 0;
	op->half_pixel_centers = flatbuffer_u8(file, options, 1, 0) != 0;
	return 0;
}

/* Operators whose options are empty or only repeat what tensors say: the new shape of a RESHAPE is
 * its output's. */
static int nothing_read(struct flatbuffer *file, const struct flatbuffer_table *options,
			struct graph_op *op, struct err *err)
{
	(void)file;
	(void)options;
	(void)op;
	(void)err;
	return 0;
}

/* Versions: op_version.cc of TensorFlow Lite; the next one up brings int4, a bias type or more
 * dimensions. */
static const struct tflite_op_rule rules[] = {
	{0, IMAGE_ADD, 3, 2, 2, 11, activation_only_read, 0},
	{1, IMAGE_AVERAGE_POOL_2D, 3, 1, 1, 5, pool_read, 0},
	{2, IMAGE_CONCATENATION, 3, 1, IMAGE_OP_INPUTS_MAX, 10, concatenation_read, 0},
	{3, IMAGE_CONV_2D, 6, 2, 3, 1, conv_read, 0},
	{4, IMAGE_DEPTHWISE_CONV_2D, 6, 2, 3, 2, depthwise_read, 0},
	{6, 0, 3, 1, 1, 38, nothing_read, TFLITE_EDGE_DEQUANTIZE},
	{9, IMAGE_FULLY_CONNECTED, 12, 2, 3, 8, fully_connected_read, 0},
	{17, IMAGE_MAX_POOL_2D, 3, 1, 1, 5, pool_read, 0},
	{18, IMAGE_MUL, 4, 2, 2, 21, activation_only_read, 0},
	{22, IMAGE_RESHAPE, 1, 1, 2, 17, nothing_read, 0},
	{25, IMAGE_SOFTMAX, 3, 1, 1, 9, softmax_read, 0},
	{34, IMAGE_PAD, 3, 2, 2, 22, nothing_read, 0},
	{39, IMAGE_TRANSPOSE, 5, 2, 2, 26, nothing_read, 0},
	{40, IMAGE_MEAN, 3, 2, 2, 27, mean_read, 0},
	{60, IMAGE_PAD, 3, 3, 3, 43, nothing_read, 0}, /* PADV2 */
	{97, IMAGE_RESIZE_NEAREST_NEIGHBOR, 4, 2, 2, 74, resize_read, 0},
	{114, 0, 3, 1, 1, 89, nothing_read, TFLITE_EDGE_QUANTIZE},
};

const struct tflite_op_rule *tflite_op_rule(int32_t builtin)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].builtin == builtin)
			return &rules[i];
	return NULL;
}

int tflite_op_options(struct flatbuffer *file, const struct flatbuffer_table *table,
		      const struct tflite_op_rule *rule, struct graph_op *op, struct err *err)
{
	int64_t type = flatbuffer_u8(file, table, OPERATOR_OPTIONS_TYPE, 0);
	struct flatbuffer_table options = flatbuffer_table(file, table, OPERATOR_OPTIONS);
	int error;

	if (!flatbuffer_failed(file) && type != 0 && type != rule->options_type)
		return err_set(err, -EINVAL, "options of another operator (type %lld)",
			       (long long)type);
	error = rule->read(file, &options, op, err);
	if (flatbuffer_failed(file))
		return err_set(err, -EINVAL, "%s", file->fault);
	return error;
}
