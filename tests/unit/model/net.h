/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Writes any small network as a .tflite file in memory, so that tests can say what they need as
 * tensors and operators. Slots and codes: TensorFlow Lite's schema.fbs.
 */
#ifndef TESTS_UNIT_MODEL_NET_H
#define TESTS_UNIT_MODEL_NET_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bench/model/generate_flatbuffer.h"

enum {
	NET_TENSORS_MAX = 96,
	NET_OPS_MAX = 32,
	NET_SCALES_MAX = 32,
	NET_FLOAT32 = 0,
	NET_INT32 = 2,
	NET_INT8 = 9,
	NET_ADD = 0,
	NET_AVERAGE_POOL = 1,
	NET_CONCATENATION = 2,
	NET_CONV = 3,
	NET_DEPTHWISE = 4,
	NET_DEQUANTIZE = 6,
	NET_FULLY_CONNECTED = 9,
	NET_MAX_POOL = 17,
	NET_MUL = 18,
	NET_RESHAPE = 22,
	NET_PAD = 34,
	NET_TRANSPOSE = 39,
	NET_MEAN = 40,
	NET_PADV2 = 60,
	NET_RESIZE = 97,
	NET_QUANTIZE = 114,
};

struct net_tensor {
	int32_t type, rank, shape[5];
	unsigned scale_count; /* 0: not quantised */
	float scales[NET_SCALES_MAX];
	int32_t zero_point, dimension;
	const void *data; /* constants; must live until net_write() */
	uint32_t bytes;
};

struct net_op {
	int32_t builtin;
	int32_t inputs[12], input_count, output;
	unsigned options_type; /* 0: no options table */
	struct generate_field options[8];
	unsigned option_count;
};

struct net {
	struct net_tensor tensors[NET_TENSORS_MAX];
	int32_t tensor_count;
	struct net_op ops[NET_OPS_MAX];
	int32_t op_count;
	int32_t inputs[12], input_count, outputs[12], output_count;
};

static inline int32_t net_tensor(struct net *net, int32_t rank, const int32_t *shape, float scale,
				 int32_t zero_point)
{
	struct net_tensor *tensor = &net->tensors[net->tensor_count];

	*tensor = (struct net_tensor){.type = NET_INT8,
				      .rank = rank,
				      .scale_count = 1,
				      .scales = {scale},
				      .zero_point = zero_point};
	for (int32_t i = 0; i < rank; i++)
		tensor->shape[i] = shape[i];
	return net->tensor_count++;
}

static inline int32_t net_image(struct net *net, int32_t n, int32_t h, int32_t w, int32_t c,
				float scale, int32_t zero_point)
{
	return net_tensor(net, 4, (const int32_t[]){n, h, w, c}, scale, zero_point);
}

/* An int32 constant without quantisation, [count] or [count / 2][2]. */
static inline int32_t net_ints(struct net *net, const int32_t *values, int32_t count, bool pairs)
{
	int32_t index = net_tensor(net, pairs ? 2 : 1,
				   pairs ? (const int32_t[]){count / 2, 2} : &count, 0, 0);

	net->tensors[index].type = NET_INT32;
	net->tensors[index].scale_count = 0;
	net->tensors[index].data = values;
	net->tensors[index].bytes = (uint32_t)count * 4;
	return index;
}

static inline struct net_op *net_op(struct net *net, int32_t builtin, unsigned options_type,
				    int32_t output)
{
	struct net_op *op = &net->ops[net->op_count++];

	*op = (struct net_op){.builtin = builtin, .options_type = options_type, .output = output};
	return op;
}

static inline void net_input(struct net_op *op, int32_t tensor)
{
	op->inputs[op->input_count++] = tensor;
}

/* Slots in ascending order. bytes: 1 or 4. */
static inline void net_option(struct net_op *op, unsigned slot, unsigned bytes, int32_t value)
{
	op->options[op->option_count++] = (struct generate_field){slot, bytes, (uint32_t)value};
}

static inline void net_write_tensor(struct generate_flatbuffer *to, const struct net_tensor *from,
				    size_t vector, uint32_t index)
{
	const struct generate_field fields[] = {
		{0, 4, 0}, {1, 1, (uint32_t)from->type}, {2, 4, index + 1}, {4, 4, 0}};
	const struct generate_field quantisation[] = {
		{2, 4, 0}, {3, 4, 0}, {6, 4, (uint32_t)from->dimension}};
	size_t table = generate_flatbuffer_table(to, fields, 4), details;
	int64_t zeros[NET_SCALES_MAX];

	generate_flatbuffer_link_element(to, vector, index, table);
	generate_flatbuffer_link(to, table, 0,
				 generate_flatbuffer_i32s(to, from->shape, (size_t)from->rank));
	if (!from->scale_count) {
		details = generate_flatbuffer_table(to, NULL, 0);
		generate_flatbuffer_link(to, table, 4, details);
		return;
	}
	for (unsigned i = 0; i < from->scale_count; i++)
		zeros[i] = from->zero_point;
	details = generate_flatbuffer_table(to, quantisation, 3);
	generate_flatbuffer_link(to, table, 4, details);
	generate_flatbuffer_link(to, details, 2,
				 generate_flatbuffer_f32s(to, from->scales, from->scale_count));
	generate_flatbuffer_link(to, details, 3,
				 generate_flatbuffer_vector(to, zeros, from->scale_count, 8, 8));
}

static inline void net_write_op(struct generate_flatbuffer *to, const struct net_op *from,
				size_t vector, uint32_t index)
{
	const struct generate_field fields[] = {
		{0, 4, index}, {1, 4, 0}, {2, 4, 0}, {3, 1, from->options_type}, {4, 4, 0}};
	size_t table = generate_flatbuffer_table(to, fields, from->options_type ? 5 : 3);

	generate_flatbuffer_link_element(to, vector, index, table);
	generate_flatbuffer_link(
		to, table, 1,
		generate_flatbuffer_i32s(to, from->inputs, (size_t)from->input_count));
	generate_flatbuffer_link(to, table, 2, generate_flatbuffer_i32s(to, &from->output, 1));
	if (from->options_type)
		generate_flatbuffer_link(
			to, table, 4,
			generate_flatbuffer_table(to, from->options, from->option_count));
}

static inline void net_write_codes(struct generate_flatbuffer *to, const struct net *net,
				   size_t model)
{
	size_t codes = generate_flatbuffer_vector(to, NULL, (size_t)net->op_count, 4, 4);

	generate_flatbuffer_link(to, model, 1, codes);
	for (int32_t i = 0; i < net->op_count; i++) {
		uint32_t code = (uint32_t)net->ops[i].builtin;
		const struct generate_field fields[] = {{0, 1, code}, {2, 4, 2}, {3, 4, code}};
		const struct generate_field first[] = {{0, 1, code}, {2, 4, 1}, {3, 4, code}};

		generate_flatbuffer_link_element(
			to, codes, (size_t)i,
			generate_flatbuffer_table(to, code == NET_RESHAPE ? first : fields, 3));
	}
}

/* Buffer 0 is empty; tensor i has buffer i + 1. */
static inline void net_write_buffers(struct generate_flatbuffer *to, const struct net *net,
				     size_t model)
{
	const struct generate_field data[] = {{0, 4, 0}};
	size_t buffers = generate_flatbuffer_vector(to, NULL, (size_t)net->tensor_count + 1, 4, 4);

	generate_flatbuffer_link(to, model, 4, buffers);
	generate_flatbuffer_link_element(to, buffers, 0, generate_flatbuffer_table(to, NULL, 0));
	for (int32_t i = 0; i < net->tensor_count; i++) {
		const struct net_tensor *tensor = &net->tensors[i];
		size_t table = generate_flatbuffer_table(to, data, tensor->data ? 1 : 0);

		generate_flatbuffer_link_element(to, buffers, (size_t)i + 1, table);
		if (tensor->data)
			generate_flatbuffer_link(
				to, table, 0,
				generate_flatbuffer_vector(to, tensor->data, tensor->bytes, 1, 16));
	}
}

static inline void net_write_subgraph(struct generate_flatbuffer *to, const struct net *net,
				      size_t model)
{
	const struct generate_field fields[] = {{0, 4, 0}, {1, 4, 0}, {2, 4, 0}, {3, 4, 0}};
	size_t list = generate_flatbuffer_vector(to, NULL, 1, 4, 4), table, tensors, ops;

	generate_flatbuffer_link(to, model, 2, list);
	table = generate_flatbuffer_table(to, fields, 4);
	generate_flatbuffer_link_element(to, list, 0, table);
	tensors = generate_flatbuffer_vector(to, NULL, (size_t)net->tensor_count, 4, 4);
	generate_flatbuffer_link(to, table, 0, tensors);
	for (int32_t i = 0; i < net->tensor_count; i++)
		net_write_tensor(to, &net->tensors[i], tensors, (uint32_t)i);
	generate_flatbuffer_link(
		to, table, 1, generate_flatbuffer_i32s(to, net->inputs, (size_t)net->input_count));
	generate_flatbuffer_link(
		to, table, 2,
		generate_flatbuffer_i32s(to, net->outputs, (size_t)net->output_count));
	ops = generate_flatbuffer_vector(to, NULL, (size_t)net->op_count, 4, 4);
	generate_flatbuffer_link(to, table, 3, ops);
	for (int32_t i = 0; i < net->op_count; i++)
		net_write_op(to, &net->ops[i], ops, (uint32_t)i);
}

/* The file's bytes; free() them. NULL: out of memory. */
static inline uint8_t *net_write(const struct net *net, uint32_t *ret_count)
{
	const struct generate_field fields[] = {{0, 4, 3}, {1, 4, 0}, {2, 4, 0}, {4, 4, 0}};
	struct generate_flatbuffer to;
	uint8_t *bytes = NULL;
	size_t count = 0, model;

	generate_flatbuffer_start(&to, "TFL3");
	model = generate_flatbuffer_table(&to, fields, 4);
	net_write_codes(&to, net, model);
	net_write_subgraph(&to, net, model);
	net_write_buffers(&to, net, model);
	if (generate_flatbuffer_finish(&to, model, &bytes, &count))
		return NULL;
	*ret_count = (uint32_t)count;
	return bytes;
}

#endif
