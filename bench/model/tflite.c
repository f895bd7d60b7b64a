/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * .tflite bytes -> struct graph. Tables and slots: TensorFlow Lite's schema.fbs (file identifier
 * TFL3). What the schema allows and the runtime cannot do is refused with the operator's index and
 * name; operators are looked at first, because they say most about a model that is not supported.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/model/tflite.h"
#include "bench/model/tflite_ops.h"

enum { /* slots */
       MODEL_VERSION = 0,
       MODEL_OPERATOR_CODES = 1,
       MODEL_SUBGRAPHS = 2,
       MODEL_DESCRIPTION = 3,
       MODEL_BUFFERS = 4,
       CODE_DEPRECATED = 0,
       CODE_CUSTOM = 1,
       CODE_VERSION = 2,
       CODE_BUILTIN = 3,
       SUBGRAPH_TENSORS = 0,
       SUBGRAPH_INPUTS = 1,
       SUBGRAPH_OUTPUTS = 2,
       SUBGRAPH_OPERATORS = 3,
       SUBGRAPH_NAME = 4,
       OPERATOR_CODE = 0,
       OPERATOR_INPUTS = 1,
       OPERATOR_OUTPUTS = 2,
};

enum { SCHEMA_VERSION = 3, BUILTIN_CUSTOM = 32 };

/* The four vectors everything else is found in. */
static int model_open(struct tflite *model, const uint8_t *bytes, uint32_t count, struct err *err)
{
	struct flatbuffer *file = &model->file;
	struct flatbuffer_table root = flatbuffer_open(file, bytes, count, "TFL3");
	struct flatbuffer_vector subgraphs = flatbuffer_vector(file, &root, MODEL_SUBGRAPHS, 4);
	int64_t version = flatbuffer_u32(file, &root, MODEL_VERSION, 0);

	if (flatbuffer_failed(file))
		return tflite_fault(model, err);
	if (version != SCHEMA_VERSION)
		return err_set(err, -EINVAL, "schema version %lld is not supported (only %d is)",
			       (long long)version, SCHEMA_VERSION);
	if (subgraphs.count != 1)
		return err_set(err, -EINVAL, "%u subgraphs: only models with one are supported",
			       subgraphs.count);
	model->subgraph = flatbuffer_table_at(file, &subgraphs, 0);
	model->codes = flatbuffer_vector(file, &root, MODEL_OPERATOR_CODES, 4);
	model->buffers = flatbuffer_vector(file, &root, MODEL_BUFFERS, 4);
	model->tensors = flatbuffer_vector(file, &model->subgraph, SUBGRAPH_TENSORS, 4);
	model->operators = flatbuffer_vector(file, &model->subgraph, SUBGRAPH_OPERATORS, 4);
	flatbuffer_string_check(file, &root, MODEL_DESCRIPTION);
	flatbuffer_string_check(file, &model->subgraph, SUBGRAPH_NAME);
	return flatbuffer_failed(file) ? tflite_fault(model, err) : 0;
}

static int counts_check(const struct tflite *model, struct err *err)
{
	if (model->operators.count == 0)
		return err_set(err, -EINVAL, "the model has no operators");
	if (model->operators.count > IMAGE_OPS_MAX)
		return err_set(err, -EINVAL, "%u operators: at most %d are supported",
			       model->operators.count, IMAGE_OPS_MAX);
	if (model->tensors.count > GRAPH_TENSORS_MAX)
		return err_set(err, -EINVAL, "%u tensors: at most %d are supported",
			       model->tensors.count, GRAPH_TENSORS_MAX);
	return 0;
}

/* An operator's code: the old 8-bit field holds 127 for codes that only fit the new one. */
struct code {
	int32_t builtin;
	int32_t version;
	struct flatbuffer_table table;
};

static int operator_code(struct tflite *model, uint32_t index, struct code *ret_code,
			 struct err *err)
{
	struct flatbuffer *file = &model->file;
	struct flatbuffer_table op = flatbuffer_table_at(file, &model->operators, index);
	int64_t which = flatbuffer_u32(file, &op, OPERATOR_CODE, 0), old, new;

	if (!flatbuffer_failed(file) && which >= model->codes.count)
		return err_set(err, -EINVAL, "operator %u: operator code %lld of %u", index,
			       (long long)which, model->codes.count);
	ret_code->table = flatbuffer_table_at(file, &model->codes, (uint32_t)which);
	old = flatbuffer_i8(file, &ret_code->table, CODE_DEPRECATED, 0);
	new = flatbuffer_i32(file, &ret_code->table, CODE_BUILTIN, 0);
	ret_code->builtin = (int32_t)(old > new ? old : new);
	ret_code->version = (int32_t)flatbuffer_i32(file, &ret_code->table, CODE_VERSION, 1);
	return flatbuffer_failed(file) ? tflite_fault(model, err) : 0;
}

/* "SVDF", "CUSTOM Foo" or "code 1234". */
static void code_name(struct tflite *model, const struct code *code, char *ret_name, size_t size)
{
	const char *builtin = graph_builtin_name(code->builtin);
	struct flatbuffer_vector custom;
	size_t used;

	if (!builtin) {
		snprintf(ret_name, size, "code %d", (int)code->builtin);
		return;
	}
	snprintf(ret_name, size, "%s", builtin);
	if (code->builtin != BUILTIN_CUSTOM)
		return;
	custom = flatbuffer_vector(&model->file, &code->table, CODE_CUSTOM, 1);
	used = strlen(ret_name);
	for (uint32_t i = 0; i < custom.count && used + 2 < size; i++) {
		char letter = (char)model->file.bytes[custom.position + i];

		if (i == 0)
			ret_name[used++] = ' ';
		if (used + 2 < size)
			ret_name[used++] = letter >= ' ' && letter <= '~' ? letter : '?';
	}
	ret_name[used] = '\0';
}

/* Names every kind of operator that is not supported, each with the first index it has. */
static int operators_supported(struct tflite *model, struct err *err)
{
	char list[400] = "";
	int32_t seen[8];
	unsigned seen_count = 0;

	for (uint32_t i = 0; i < model->operators.count; i++) {
		struct code code = {0};
		char name[48];
		bool known = false;
		int error = operator_code(model, i, &code, err);

		if (error)
			return error;
		for (unsigned k = 0; k < seen_count; k++)
			known = known || seen[k] == code.builtin;
		if (known || tflite_op_rule(code.builtin) || seen_count == 8)
			continue;
		seen[seen_count++] = code.builtin;
		code_name(model, &code, name, sizeof(name));
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%soperator %u (%s)",
			 list[0] ? ", " : "", i, name);
	}
	if (seen_count == 0)
		return 0;
	return err_set(err, -EINVAL, "%s %s not supported", list, seen_count > 1 ? "are" : "is");
}

/* What input number `which` of an operator is called. */
static void role_name(int32_t builtin, uint32_t which, char *ret_name, size_t size)
{
	const struct tflite_op_rule *rule = tflite_op_rule(builtin);
	bool weighs =
		rule && (rule->kind == IMAGE_CONV_2D || rule->kind == IMAGE_DEPTHWISE_CONV_2D ||
			 rule->kind == IMAGE_FULLY_CONNECTED);

	if (which == 0)
		snprintf(ret_name, size, "input");
	else if (weighs && which <= 2)
		snprintf(ret_name, size, "%s", which == 1 ? "filter" : "bias");
	else
		snprintf(ret_name, size, "input %u", which);
}

/* Where tensor index is used first: "operator 2 (CONV_2D): filter", or else "tensor 7". */
static int tensor_context(struct tflite *model, int32_t index, int error, struct err *err)
{
	for (uint32_t i = 0; i < model->operators.count; i++) {
		struct flatbuffer_table op =
			flatbuffer_table_at(&model->file, &model->operators, i);
		struct flatbuffer_vector in =
			flatbuffer_vector(&model->file, &op, OPERATOR_INPUTS, 4);
		struct flatbuffer_vector out =
			flatbuffer_vector(&model->file, &op, OPERATOR_OUTPUTS, 4);
		struct code code = {0};
		char name[48], role[24];

		if (flatbuffer_failed(&model->file) || operator_code(model, i, &code, NULL))
			break;
		code_name(model, &code, name, sizeof(name));
		for (uint32_t k = 0; k < in.count && k < GRAPH_OP_INPUTS_MAX; k++) {
			if (flatbuffer_i32_at(&model->file, &in, k) != index)
				continue;
			role_name(code.builtin, k, role, sizeof(role));
			return err_context(err, error, "operator %u (%s): %s", i, name, role);
		}
		if (out.count > 0 && flatbuffer_i32_at(&model->file, &out, 0) == index)
			return err_context(err, error, "operator %u (%s): output", i, name);
	}
	return err_context(err, error, "tensor %d", (int)index);
}

static int tensors_read(struct tflite *model, struct err *err)
{
	struct graph *graph = model->graph;

	graph->tensors = calloc(model->tensors.count + 1, sizeof(*graph->tensors));
	if (!graph->tensors)
		return err_set(err, -ENOMEM, "out of memory");
	graph->tensor_count = model->tensors.count;
	for (uint32_t i = 0; i < graph->tensor_count; i++) {
		int error = tflite_tensor_read(model, i, &graph->tensors[i], err);

		if (error)
			return tensor_context(model, (int32_t)i, error, err);
	}
	return 0;
}

/* The graph's own list of inputs or outputs: activations of the model, each once among inputs. */
static int list_read(struct tflite *model, unsigned slot, const char *what, int32_t **ret_list,
		     uint32_t *ret_count, struct err *err)
{
	struct flatbuffer_vector from = flatbuffer_vector(&model->file, &model->subgraph, slot, 4);
	const struct graph *graph = model->graph;
	int32_t *list;

	if (flatbuffer_failed(&model->file))
		return tflite_fault(model, err);
	if (from.count == 0 || from.count > IMAGE_TENSORS_MAX)
		return err_set(err, -EINVAL, "the model has %u %ss", from.count, what);
	list = calloc(from.count, sizeof(*list));
	if (!list)
		return err_set(err, -ENOMEM, "out of memory");
	*ret_list = list; /* the graph owns it from here on */
	*ret_count = from.count;
	for (uint32_t i = 0; i < from.count; i++) {
		list[i] = flatbuffer_i32_at(&model->file, &from, i);
		if (list[i] < 0 || (uint32_t)list[i] >= graph->tensor_count)
			return err_set(err, -EINVAL, "%s %u: tensor %d of %u", what, i,
				       (int)list[i], graph->tensor_count);
		if (graph->tensors[list[i]].data)
			return err_set(err, -EINVAL, "%s %u is a constant", what, i);
		for (uint32_t k = 0; k < i; k++)
			if (list[k] == list[i])
				return err_set(err, -EINVAL, "%s %u is %s %u again", what, i, what,
					       k);
	}
	return 0;
}

/* The operator's tensors: present where the rule wants them, and nothing read before it is written.
 * written: one flag for each tensor. */
static int operands_read(struct tflite *model, const struct flatbuffer_table *table,
			 const struct tflite_op_rule *rule, bool *written, struct graph_op *op,
			 struct err *err)
{
	struct flatbuffer_vector in = flatbuffer_vector(&model->file, table, OPERATOR_INPUTS, 4);
	struct flatbuffer_vector out = flatbuffer_vector(&model->file, table, OPERATOR_OUTPUTS, 4);
	int64_t tensors = model->graph->tensor_count;

	if (flatbuffer_failed(&model->file))
		return tflite_fault(model, err);
	if (in.count < rule->inputs_min || in.count > rule->inputs_max || out.count != 1)
		return err_set(err, -EINVAL, "%u inputs and %u outputs", in.count, out.count);
	op->input_count = in.count;
	for (uint32_t i = 0; i < GRAPH_OP_INPUTS_MAX; i++) {
		int32_t index =
			i < in.count ? flatbuffer_i32_at(&model->file, &in, i) : GRAPH_NO_TENSOR;

		op->inputs[i] = index;
		if (index == GRAPH_NO_TENSOR && i >= rule->inputs_min)
			continue;
		if (index < 0 || index >= tensors)
			return err_set(err, -EINVAL, "input %u: tensor %d of %lld", i, (int)index,
				       (long long)tensors);
		if (!model->graph->tensors[index].data && !written[index])
			return err_set(err, -EINVAL,
				       "input %u is read before any operator wrote it", i);
	}
	op->output = flatbuffer_i32_at(&model->file, &out, 0);
	if (op->output < 0 || op->output >= tensors)
		return err_set(err, -EINVAL, "output: tensor %d of %lld", (int)op->output,
			       (long long)tensors);
	if (model->graph->tensors[op->output].data || written[op->output])
		return err_set(err, -EINVAL, "output is written twice or a constant");
	written[op->output] = true;
	return 0;
}

/* op->kind stays 0 for an operator that is none of the graph's. */
static int operator_read(struct tflite *model, uint32_t index, bool *written, struct graph_op *op,
			 struct err *err)
{
	struct flatbuffer_table table = flatbuffer_table_at(&model->file, &model->operators, index);
	const struct tflite_op_rule *rule;
	struct code code = {0};
	int error = operator_code(model, index, &code, err);

	if (error)
		return error;
	rule = tflite_op_rule(code.builtin);
	op->kind = rule->kind;
	op->name = graph_builtin_name(code.builtin);
	op->layer = (uint16_t)index;
	if (code.version < 1 || code.version > rule->version_max)
		error = err_set(err, -EINVAL, "version %d is not supported (1 to %d are)",
				(int)code.version, (int)rule->version_max);
	error = error ? error : operands_read(model, &table, rule, written, op, err);
	error = error ? error : tflite_op_options(&model->file, &table, rule, op, err);
	if (!error && rule->edge)
		error = tflite_edge_apply(model->graph, rule, op, err);
	else if (!error)
		error = graph_op_check(model->graph, op, err);
	return error ? err_context(err, error, "operator %u (%s)", index, op->name) : 0;
}

static int operators_read(struct tflite *model, bool *written, struct err *err)
{
	struct graph *graph = model->graph;
	uint64_t macs = 0;

	graph->ops = calloc(model->operators.count, sizeof(*graph->ops));
	if (!graph->ops)
		return err_set(err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < graph->input_count; i++)
		written[graph->inputs[i]] = true;
	for (uint32_t i = 0; i < model->operators.count; i++) {
		struct graph_op *op = &graph->ops[graph->op_count];
		int error;

		*op = (struct graph_op){0};
		error = operator_read(model, i, written, op, err);
		if (error)
			return error;
		if (!op->kind)
			continue;
		graph->op_count++;
		/* a pool's taps cost time as well, though they are not counted as MACs */
		macs += graph_op_macs(graph, op) +
			(uint64_t)graph->tensors[op->output].elements * op->y.kernel * op->x.kernel;
		if (macs > GRAPH_MACS_MAX)
			return err_set(err, -EINVAL, "more than %llu multiply-accumulates",
				       (unsigned long long)GRAPH_MACS_MAX);
	}
	for (uint32_t i = 0; i < graph->output_count; i++)
		if (!written[graph->outputs[i]])
			return err_set(err, -EINVAL, "output %u is written by no operator", i);
	if (graph->op_count == 0)
		return err_set(err, -EINVAL, "the model only quantises");
	return tflite_edges_check(graph, err);
}

static int model_read(struct tflite *model, struct err *err)
{
	struct graph *graph = model->graph;
	bool *written;
	int error = counts_check(model, err);

	error = error ? error : operators_supported(model, err);
	error = error ? error : tensors_read(model, err);
	error = error ? error
		      : list_read(model, SUBGRAPH_INPUTS, "input", &graph->inputs,
				  &graph->input_count, err);
	error = error ? error
		      : list_read(model, SUBGRAPH_OUTPUTS, "output", &graph->outputs,
				  &graph->output_count, err);
	if (error)
		return error;
	graph->input_floats = calloc(graph->input_count, sizeof(*graph->input_floats));
	graph->output_floats = calloc(graph->output_count, sizeof(*graph->output_floats));
	written = calloc(graph->tensor_count + 1, sizeof(*written));
	if (!written || !graph->input_floats || !graph->output_floats)
		error = err_set(err, -ENOMEM, "out of memory");
	else
		error = operators_read(model, written, err);
	free(written);
	return error;
}

int graph_read(const uint8_t *bytes, uint32_t count, struct graph *ret_graph, struct err *err)
{
	struct graph graph = {.exit_op = -1, .exit_tensor = GRAPH_NO_TENSOR};
	struct tflite model = {.graph = &graph};
	int error = model_open(&model, bytes, count, err);

	error = error ? error : model_read(&model, err);
	if (error) {
		graph_done(&graph);
		return error;
	}
	*ret_graph = graph;
	return 0;
}
