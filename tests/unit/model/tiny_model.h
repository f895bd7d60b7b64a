/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A small .tflite file made in memory, with the position of every table, so that tests can damage
 * it in one place: CONV_2D, DEPTHWISE_CONV_2D, AVERAGE_POOL_2D, RESHAPE, FULLY_CONNECTED, SOFTMAX.
 * Every field of every table takes four bytes, and children follow their parents.
 */
#ifndef TESTS_UNIT_MODEL_TINY_MODEL_H
#define TESTS_UNIT_MODEL_TINY_MODEL_H

#include <stdint.h>
#include <string.h>

enum { TINY_TENSORS = 14, TINY_OPS = 6, TINY_SLOTS = 10, TINY_BYTES_MAX = 16384 };

struct tiny_model {
	uint8_t bytes[TINY_BYTES_MAX];
	uint32_t count;
	uint32_t model, subgraph;
	uint32_t tensor[TINY_TENSORS], quantisation[TINY_TENSORS], buffer[TINY_TENSORS];
	uint32_t code[TINY_OPS], op[TINY_OPS], options[TINY_OPS];
	uint32_t shape[TINY_TENSORS], scale[TINY_TENSORS], zero[TINY_TENSORS], data[TINY_TENSORS];
	uint32_t op_inputs[TINY_OPS], op_outputs[TINY_OPS]; /* positions of vectors' counts */
};

static inline void tiny_put(struct tiny_model *tiny, uint32_t position, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		tiny->bytes[position + (uint32_t)i] = (uint8_t)(value >> 8 * i);
}

static inline uint32_t tiny_take(struct tiny_model *tiny, uint32_t count)
{
	uint32_t position = tiny->count;

	tiny->count += count;
	return position;
}

/* A table without any field set: its vtable lies in front of it. */
static inline uint32_t tiny_table(struct tiny_model *tiny)
{
	uint32_t vtable = tiny_take(tiny, 4 + 2 * TINY_SLOTS);
	uint32_t table = tiny_take(tiny, 4 + 4 * TINY_SLOTS);

	tiny_put(tiny, vtable, 4 + 2 * TINY_SLOTS, 2);
	tiny_put(tiny, vtable + 2, 4 + 4 * TINY_SLOTS, 2);
	tiny_put(tiny, table, table - vtable, 4);
	return table;
}

static inline uint32_t tiny_field(uint32_t table, unsigned slot)
{
	return table + 4 + 4 * slot;
}

static inline void tiny_set(struct tiny_model *tiny, uint32_t table, unsigned slot, uint32_t value)
{
	tiny_put(tiny, table - 2 * TINY_SLOTS + 2 * slot, 4 + 4 * slot, 2);
	tiny_put(tiny, tiny_field(table, slot), value, 4);
}

static inline void tiny_unset(struct tiny_model *tiny, uint32_t table, unsigned slot)
{
	tiny_put(tiny, table - 2 * TINY_SLOTS + 2 * slot, 0, 2);
}

static inline void tiny_link(struct tiny_model *tiny, uint32_t table, unsigned slot,
			     uint32_t target)
{
	tiny_set(tiny, table, slot, target - tiny_field(table, slot));
}

/* A vector; its position is that of its count. */
static inline uint32_t tiny_vector(struct tiny_model *tiny, uint32_t count, uint32_t element_bytes)
{
	uint32_t position = tiny_take(tiny, 4 + count * element_bytes);

	tiny_put(tiny, position, count, 4);
	return position;
}

static inline uint32_t tiny_ints(struct tiny_model *tiny, const int32_t *values, uint32_t count)
{
	uint32_t position = tiny_vector(tiny, count, 4);

	for (uint32_t i = 0; i < count; i++)
		tiny_put(tiny, position + 4 + 4 * i, (uint32_t)values[i], 4);
	return position;
}

/* A vector of count tables, their positions in ret_tables. */
static inline void tiny_tables(struct tiny_model *tiny, uint32_t parent, unsigned slot,
			       uint32_t *ret_tables, uint32_t count)
{
	uint32_t vector = tiny_vector(tiny, count, 4);

	tiny_link(tiny, parent, slot, vector);
	for (uint32_t i = 0; i < count; i++) {
		ret_tables[i] = tiny_table(tiny);
		tiny_put(tiny, vector + 4 + 4 * i, ret_tables[i] - (vector + 4 + 4 * i), 4);
	}
}

struct tiny_tensor {
	int32_t shape[4];
	uint32_t rank, type, data_bytes, scales, dimension;
	float scale;
	int32_t zero;
};

enum { TINY_INT8 = 9, TINY_INT32 = 2 };

static const struct tiny_tensor tiny_tensors[TINY_TENSORS] = {
	[0] = {{1, 5, 5, 2}, 4, TINY_INT8, 0, 1, 0, 0.5f, 3},
	[1] = {{4, 3, 3, 2}, 4, TINY_INT8, 72, 4, 0, 0.02f, 0},
	[2] = {{4}, 1, TINY_INT32, 16, 4, 0, 0.01f, 0},
	[3] = {{1, 3, 3, 4}, 4, TINY_INT8, 0, 1, 0, 0.7f, -128},
	[4] = {{1, 3, 3, 4}, 4, TINY_INT8, 36, 4, 3, 0.03f, 0},
	[5] = {{4}, 1, TINY_INT32, 16, 4, 0, 0.02f, 0},
	[6] = {{1, 3, 3, 4}, 4, TINY_INT8, 0, 1, 0, 0.9f, 5},
	[7] = {{1, 1, 1, 4}, 4, TINY_INT8, 0, 1, 0, 0.9f, 5},
	[8] = {{2}, 1, TINY_INT32, 8, 0, 0, 0, 0},
	[9] = {{1, 4}, 2, TINY_INT8, 0, 1, 0, 0.9f, 5},
	[10] = {{3, 4}, 2, TINY_INT8, 12, 1, 0, 0.04f, 0},
	[11] = {{3}, 1, TINY_INT32, 12, 1, 0, 0.036f, 0},
	[12] = {{1, 3}, 2, TINY_INT8, 0, 1, 0, 0.1f, 20},
	[13] = {{1, 3}, 2, TINY_INT8, 0, 1, 0, 1.0f / 256, -128},
};

static inline void tiny_fill_quantisation(struct tiny_model *tiny, uint32_t i)
{
	const struct tiny_tensor *from = &tiny_tensors[i];
	uint32_t bits, count = from->scales;

	memcpy(&bits, &from->scale, sizeof(bits));
	tiny->quantisation[i] = tiny_table(tiny);
	tiny_link(tiny, tiny->tensor[i], 4, tiny->quantisation[i]);
	if (!count)
		return;
	tiny->scale[i] = tiny_vector(tiny, count, 4);
	tiny->zero[i] = tiny_vector(tiny, count, 8);
	tiny_link(tiny, tiny->quantisation[i], 2, tiny->scale[i]);
	tiny_link(tiny, tiny->quantisation[i], 3, tiny->zero[i]);
	tiny_set(tiny, tiny->quantisation[i], 6, from->dimension);
	for (uint32_t k = 0; k < count; k++) {
		tiny_put(tiny, tiny->scale[i] + 4 + 4 * k, bits, 4);
		tiny_put(tiny, tiny->zero[i] + 4 + 8 * k, (uint64_t)(int64_t)from->zero, 8);
	}
}

static inline void tiny_fill_tensor(struct tiny_model *tiny, uint32_t i)
{
	const struct tiny_tensor *from = &tiny_tensors[i];

	tiny->shape[i] = tiny_ints(tiny, from->shape, from->rank);
	tiny_link(tiny, tiny->tensor[i], 0, tiny->shape[i]);
	tiny_set(tiny, tiny->tensor[i], 1, from->type);
	tiny_set(tiny, tiny->tensor[i], 2, i);
	tiny_fill_quantisation(tiny, i);
	if (!from->data_bytes)
		return;
	tiny->data[i] = tiny_vector(tiny, from->data_bytes, 1);
	tiny_link(tiny, tiny->buffer[i], 0, tiny->data[i]);
	for (uint32_t k = 0; k < from->data_bytes; k++) /* int32: small values, either sign */
		tiny->bytes[tiny->data[i] + 4 + k] = from->type == TINY_INT8 ? (uint8_t)(k * 37 + i)
						     : k % 4                 ? 0
									     : (uint8_t)(k * 5);
}

struct tiny_op {
	uint32_t builtin, options_type;
	int32_t inputs[3], input_count, output;
	uint32_t options[6]; /* slot by slot */
};

/* SAME is 0, VALID 1, RELU 1. */
static const struct tiny_op tiny_ops[TINY_OPS] = {
	{3, 1, {0, 1, 2}, 3, 3, {0, 2, 2, 1, 1, 1}},
	{4, 2, {3, 4, 5}, 3, 6, {0, 1, 1, 1, 0, 1}},
	{1, 5, {6}, 1, 7, {1, 1, 1, 3, 3, 0}},
	{22, 17, {7, 8}, 2, 9, {0}},
	{9, 8, {9, 10, 11}, 3, 12, {0}},
	{25, 9, {12}, 1, 13, {0x3F800000}}, /* beta 1.0f */
};

static inline void tiny_fill_op(struct tiny_model *tiny, uint32_t i)
{
	const struct tiny_op *from = &tiny_ops[i];

	tiny_set(tiny, tiny->code[i], 0, from->builtin);
	tiny_set(tiny, tiny->code[i], 2, 1);
	tiny_set(tiny, tiny->code[i], 3, from->builtin);
	tiny_set(tiny, tiny->op[i], 0, i);
	tiny->op_inputs[i] = tiny_ints(tiny, from->inputs, (uint32_t)from->input_count);
	tiny->op_outputs[i] = tiny_ints(tiny, &from->output, 1);
	tiny_link(tiny, tiny->op[i], 1, tiny->op_inputs[i]);
	tiny_link(tiny, tiny->op[i], 2, tiny->op_outputs[i]);
	tiny_set(tiny, tiny->op[i], 3, from->options_type);
	tiny->options[i] = tiny_table(tiny);
	tiny_link(tiny, tiny->op[i], 4, tiny->options[i]);
	for (unsigned slot = 0; slot < 6 && from->builtin != 22; slot++)
		tiny_set(tiny, tiny->options[i], slot, from->options[slot]);
}

static inline void tiny_make(struct tiny_model *tiny)
{
	const int32_t input = 0, output = TINY_TENSORS - 1;
	uint32_t tables[1];

	memset(tiny, 0, sizeof(*tiny));
	tiny_take(tiny, 8);
	memcpy(tiny->bytes + 4, "TFL3", 4);
	tiny->model = tiny_table(tiny);
	tiny_put(tiny, 0, tiny->model, 4);
	tiny_set(tiny, tiny->model, 0, 3);
	tiny_tables(tiny, tiny->model, 1, tiny->code, TINY_OPS);
	tiny_tables(tiny, tiny->model, 2, tables, 1);
	tiny->subgraph = tables[0];
	tiny_tables(tiny, tiny->model, 4, tiny->buffer, TINY_TENSORS);
	tiny_tables(tiny, tiny->subgraph, 0, tiny->tensor, TINY_TENSORS);
	tiny_link(tiny, tiny->subgraph, 1, tiny_ints(tiny, &input, 1));
	tiny_link(tiny, tiny->subgraph, 2, tiny_ints(tiny, &output, 1));
	tiny_tables(tiny, tiny->subgraph, 3, tiny->op, TINY_OPS);
	for (uint32_t i = 0; i < TINY_TENSORS; i++)
		tiny_fill_tensor(tiny, i);
	for (uint32_t i = 0; i < TINY_OPS; i++)
		tiny_fill_op(tiny, i);
}

#endif
