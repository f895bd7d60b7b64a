/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * QUANTIZE and DEQUANTIZE between the file's float32 tensors and the graph, which is int8.
 */
#include <errno.h>

#include "bench/model/tflite_ops.h"

/* The float32 input becomes what QUANTIZE makes of it. */
static int quantize_apply(struct graph *graph, const struct graph_op *op, struct err *err)
{
	for (uint32_t i = 0; i < graph->input_count; i++) {
		if (graph->inputs[i] == op->inputs[0]) {
			graph->inputs[i] = op->output;
			graph->input_floats[i] = true;
			return 0;
		}
	}
	return err_set(err, -EINVAL,
		       "supported only where it is all that reads a float32 input of the model");
}

/* The float32 output becomes what DEQUANTIZE reads. */
static int dequantize_apply(struct graph *graph, const struct graph_op *op, struct err *err)
{
	for (uint32_t i = 0; i < graph->output_count; i++) {
		if (graph->outputs[i] == op->output) {
			graph->outputs[i] = op->inputs[0];
			graph->output_floats[i] = true;
			return 0;
		}
	}
	return err_set(err, -EINVAL, "supported only where it makes an output of the model");
}

int tflite_edge_apply(struct graph *graph, const struct tflite_op_rule *rule,
		      const struct graph_op *op, struct err *err)
{
	int error = graph_edge_check(graph, op, rule->edge == TFLITE_EDGE_QUANTIZE, err);

	if (error)
		return error;
	return rule->edge == TFLITE_EDGE_QUANTIZE ? quantize_apply(graph, op, err)
						  : dequantize_apply(graph, op, err);
}

static int list_check(const struct graph_tensor *tensors, const int32_t *list, uint32_t count,
		      const char *what, struct err *err)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct graph_tensor *tensor = &tensors[list[i]];

		if (tensor->type != GRAPH_INT8)
			return err_set(err, -EINVAL, "%s %u: type %s is not supported", what, i,
				       graph_type_name(tensor->type));
		if (tensor->scale_count > 1)
			return err_set(err, -EINVAL, "%s %u: per-channel scales", what, i);
	}
	return 0;
}

int tflite_edges_check(const struct graph *graph, struct err *err)
{
	int error = list_check(graph->tensors, graph->inputs, graph->input_count, "input", err);

	return error ? error
		     : list_check(graph->tensors, graph->outputs, graph->output_count, "output",
				  err);
}
