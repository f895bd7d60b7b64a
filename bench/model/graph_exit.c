/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A model with an early exit is a file with several outputs, one of them the part model's
 * classifier. Its operators run first, in their order; the others keep theirs behind them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/model/graph.h"

/* Marks the operators that tensor is made of; they stand before operator end. */
static void ancestors_mark(const struct graph *graph, int32_t tensor, bool *wanted)
{
	bool *needed = calloc(graph->tensor_count + 1, sizeof(*needed));

	if (!needed)
		return;
	needed[tensor] = true;
	for (uint32_t i = graph->op_count; i-- > 0;) {
		const struct graph_op *op = &graph->ops[i];

		wanted[i] = needed[op->output];
		for (int k = 0; wanted[i] && k < GRAPH_OP_INPUTS_MAX; k++)
			if (op->inputs[k] >= 0)
				needed[op->inputs[k]] = true;
	}
	free(needed);
}

/* Stable: first the wanted ones, then the others. Returns how many were wanted. */
static uint32_t ops_part(struct graph_op *ops, uint32_t count, const bool *wanted,
			 struct graph_op *ret_ops)
{
	uint32_t first = 0, next = 0;

	for (uint32_t i = 0; i < count; i++)
		if (wanted[i])
			ret_ops[next++] = ops[i];
	first = next;
	for (uint32_t i = 0; i < count; i++)
		if (!wanted[i])
			ret_ops[next++] = ops[i];
	return first;
}

int graph_exit_at(struct graph *graph, uint32_t exit_output, struct err *err)
{
	struct graph_op *ops = calloc(graph->op_count, sizeof(*ops));
	bool *wanted = calloc(graph->op_count, sizeof(*wanted));
	uint32_t first = 0;
	int error = 0;

	if (!ops || !wanted) {
		error = err_set(err, -ENOMEM, "out of memory");
	} else if (exit_output >= graph->output_count) {
		error = err_set(err, -EINVAL, "the model has %u outputs, no output %u to exit at",
				graph->output_count, exit_output);
	} else {
		ancestors_mark(graph, graph->outputs[exit_output], wanted);
		first = ops_part(graph->ops, graph->op_count, wanted, ops);
		if (first == 0 || first == graph->op_count)
			error = err_set(err, -EINVAL, "nothing runs behind output %u", exit_output);
	}
	if (!error) {
		memcpy(graph->ops, ops, graph->op_count * sizeof(*ops));
		graph->exit_op = (int32_t)first - 1;
		graph->exit_tensor = graph->outputs[exit_output];
	}
	free(ops);
	free(wanted);
	return error;
}
