/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/model/lower.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/model/eliminate.h"
#include "bench/model/fuse.h"
#include "bench/model/lower_constants.h"
#include "bench/model/quantise.h"

static const struct graph_tensor *input_at(const struct graph *graph, const struct graph_op *op,
					   int which)
{
	return &graph->tensors[op->inputs[which]];
}

static int add_make(const struct graph *graph, const struct graph_op *op, struct lowered_op *to,
		    struct err *err)
{
	if (!quantise_add(graph_scale(input_at(graph, op, 0), 0),
			  graph_scale(input_at(graph, op, 1), 0),
			  graph_scale(&graph->tensors[op->output], 0), to->record.rescale))
		return err_set(err, -EINVAL, "output scale is too small for the inputs'");
	return 0;
}

static int softmax_make(const struct graph *graph, const struct graph_op *op, struct lowered_op *to,
			struct err *err)
{
	if (!quantise_softmax(graph_scale(input_at(graph, op, 0), 0), op->beta,
			      &to->record.rescale[0], &to->record.diff_min))
		return err_set(err, -EINVAL, "input scale times beta is too small");
	return 0;
}

static int mul_make(const struct graph *graph, const struct graph_op *op, struct lowered_op *to,
		    struct err *err)
{
	if (!quantise_mul(graph_scale(input_at(graph, op, 0), 0),
			  graph_scale(input_at(graph, op, 1), 0),
			  graph_scale(&graph->tensors[op->output], 0), &to->record.rescale[0]))
		return err_set(err, -EINVAL, "output scale is too small for the inputs'");
	return 0;
}

static int mean_make(const struct graph *graph, const struct graph_op *op, struct lowered_op *to,
		     struct err *err)
{
	const struct graph_tensor *in = input_at(graph, op, 0);
	const struct graph_tensor *out = &graph->tensors[op->output];

	if (!quantise_mean(graph_scale(in, 0), graph_scale(out, 0), in->elements / out->elements,
			   &to->record.rescale[0]))
		return err_set(err, -EINVAL, "output scale is too small for the input's");
	return 0;
}

typedef int make_fn(const struct graph *, const struct graph_op *, struct lowered_op *,
		    struct err *);

/* Of each kind: how many of its inputs are activations, whether a fused activation bounds its
 * output, and what else its record holds. */
static const struct {
	uint8_t inputs; /* 0: all */
	bool bounded;
	make_fn *make;
} kinds[IMAGE_OP_KIND_END] = {
	[IMAGE_CONV_2D] = {1, true, lower_constants},
	[IMAGE_DEPTHWISE_CONV_2D] = {1, true, lower_constants},
	[IMAGE_FULLY_CONNECTED] = {1, true, lower_constants},
	[IMAGE_AVERAGE_POOL_2D] = {1, true, NULL},
	[IMAGE_MAX_POOL_2D] = {1, true, NULL},
	[IMAGE_RESHAPE] = {1, false, NULL},
	[IMAGE_SOFTMAX] = {1, false, softmax_make},
	[IMAGE_ADD] = {2, true, add_make},
	[IMAGE_MUL] = {2, true, mul_make},
	[IMAGE_MEAN] = {1, false, mean_make},
	[IMAGE_PAD] = {1, false, NULL},
	[IMAGE_CONCATENATION] = {0, false, NULL},
	[IMAGE_RESIZE_NEAREST_NEIGHBOR] = {1, false, NULL},
	[IMAGE_TRANSPOSE] = {1, false, NULL},
};

static void window_fill(const struct graph_op *op, struct image_op *record)
{
	record->kernel_h = (uint16_t)op->y.kernel;
	record->kernel_w = (uint16_t)op->x.kernel;
	record->stride_h = (uint16_t)op->y.stride;
	record->stride_w = (uint16_t)op->x.stride;
	record->dilation_h = (uint16_t)op->y.dilation;
	record->dilation_w = (uint16_t)op->x.dilation;
	record->pad_top = (uint16_t)op->y.pad;
	record->pad_left = (uint16_t)op->x.pad;
}

static void inputs_fill(const struct lowered *lowered, const struct graph_op *op,
			struct image_op *record)
{
	uint32_t count = kinds[op->kind].inputs ? kinds[op->kind].inputs : op->input_count;

	record->input_count = (uint16_t)count;
	for (uint32_t i = 0; i < IMAGE_OP_INPUTS_MAX; i++)
		record->inputs[i] = i < record->input_count ? lowered->index_of[op->inputs[i]]
							    : IMAGE_NO_TENSOR;
}

struct image_use lower_use(const struct lowered *lowered, uint32_t index)
{
	const struct image_op *record = &lowered->ops[index].record;
	struct image_use use = {.op = record, .out = &lowered->tensors[record->output]};

	for (uint32_t i = 0; i < record->input_count; i++)
		use.in[i] = &lowered->tensors[record->inputs[i]];
	return use;
}

/* ADD and MUL of different shapes, which only the portable set has. */
static bool inputs_repeat(const struct image_use *use)
{
	if (use->op->kind != IMAGE_ADD && use->op->kind != IMAGE_MUL)
		return false;
	return use->in[0]->bytes != use->out->bytes || use->in[1]->bytes != use->out->bytes;
}

/* The fastest function that is proved exact, or the portable one. */
static void function_choose(struct lowered *lowered, uint32_t index, enum image_kernel_set set)
{
	struct lowered_op *to = &lowered->ops[index];
	struct pack_job job = {lower_use(lowered, index), to->weights, to->channels};

	to->record.kernel_set = (uint8_t)set;
	if (lowered->pack && !inputs_repeat(&job.use) &&
	    lowered->pack->choose(&job, &to->record.variant))
		return;
	to->record.kernel_set = IMAGE_KERNELS_PORTABLE;
	to->record.variant = 0;
}

static int op_lower(const struct graph *graph, struct lowered *lowered, uint32_t index,
		    struct err *err)
{
	const struct graph_op *op = &graph->ops[index];
	const struct graph_tensor *out = &graph->tensors[op->output];
	struct lowered_op *to = &lowered->ops[index];
	int error;

	to->record.kind = (uint8_t)op->kind;
	to->record.layer = op->layer;
	to->record.output = lowered->index_of[op->output];
	inputs_fill(lowered, op, &to->record);
	window_fill(op, &to->record);
	memcpy(to->record.args, op->args, sizeof(op->args));
	if (kinds[op->kind].bounded)
		quantise_activation(op->activation, graph_scale(out, 0), out->zero_point,
				    &to->record.activation_min, &to->record.activation_max);
	error = kinds[op->kind].make ? kinds[op->kind].make(graph, op, to, err) : 0;
	return error ? err_context(err, error, "operator %u (%s)", op->layer, op->name) : 0;
}

/* Decides which function runs the operator, and learns what that wants. */
static int op_assign(const struct model_options *options, struct lowered *lowered, uint32_t index,
		     struct err *err)
{
	struct lowered_op *to = &lowered->ops[index];
	struct image_use use;

	function_choose(lowered, index, options->kernel_set);
	use = lower_use(lowered, index);
	if (!image_needs(&use, &to->needs))
		return err_set(err, -EINVAL, "operator %u (%s): no kernel runs it",
			       to->record.layer, model_op_name(&to->record));
	if (to->needs.scratch_bytes > IMAGE_ARENA_BYTES_MAX)
		return err_set(err, -EINVAL, "operator %u (%s): a window of %llu bytes",
			       to->record.layer, model_op_name(&to->record),
			       (unsigned long long)to->needs.scratch_bytes);
	to->record.weights_bytes = (uint32_t)to->needs.weights_bytes;
	to->record.channels_bytes = (uint32_t)to->needs.channels_bytes;
	to->record.scratch_bytes = (uint32_t)to->needs.scratch_bytes;
	return 0;
}

static void tensor_add(const struct graph *graph, struct lowered *lowered, int32_t index)
{
	const struct graph_tensor *from;
	struct image_tensor *to;

	if (index < 0 || graph->tensors[index].data || lowered->index_of[index] != IMAGE_NO_TENSOR)
		return;
	if (lowered->tensor_count < IMAGE_TENSORS_MAX) {
		from = &graph->tensors[index];
		to = &lowered->tensors[lowered->tensor_count];
		lowered->index_of[index] = (uint16_t)lowered->tensor_count;
		lowered->place_of[lowered->tensor_count] = (uint16_t)lowered->tensor_count;
		*to = (struct image_tensor){.bytes = from->elements,
					    .zero_point = from->zero_point};
		for (uint32_t d = 0; d < 4; d++)
			to->shape[d] = graph_dimension(from, 3 - d);
	}
	lowered->tensor_count++;
}

static int tensors_lower(const struct graph *graph, struct lowered *lowered, struct err *err)
{
	for (uint32_t i = 0; i < graph->tensor_count; i++)
		lowered->index_of[i] = IMAGE_NO_TENSOR;
	for (uint32_t i = 0; i < graph->input_count; i++)
		tensor_add(graph, lowered, graph->inputs[i]);
	for (uint32_t i = 0; i < graph->op_count; i++)
		tensor_add(graph, lowered, graph->ops[i].output);
	if (lowered->tensor_count > IMAGE_TENSORS_MAX)
		return err_set(err, -EINVAL, "%u activations: at most %d are supported",
			       lowered->tensor_count, IMAGE_TENSORS_MAX);
	return 0;
}

static const struct pack_set *const packs[IMAGE_KERNELS_END] = {
	[IMAGE_KERNELS_ARMV7EM] = &pack_armv7em,
	[IMAGE_KERNELS_RV32] = &pack_rv32,
};

int lower(const struct graph *graph, const struct model_options *options,
	  struct lowered *ret_lowered, struct err *err)
{
	struct lowered lowered = {.op_count = graph->op_count,
				  .pack = packs[options->kernel_set],
				  .exit_op = graph->exit_op};
	bool fused = options->kernel_set != IMAGE_KERNELS_PORTABLE || options->eliminate;
	int error;

	lowered.ops = calloc(graph->op_count + 1, sizeof(*lowered.ops));
	lowered.tensors = calloc(IMAGE_TENSORS_MAX, sizeof(*lowered.tensors));
	lowered.index_of = calloc(graph->tensor_count + 1, sizeof(*lowered.index_of));
	lowered.place_of = calloc(IMAGE_TENSORS_MAX, sizeof(*lowered.place_of));
	if (!lowered.ops || !lowered.tensors || !lowered.index_of || !lowered.place_of)
		error = err_set(err, -ENOMEM, "out of memory");
	else
		error = tensors_lower(graph, &lowered, err);
	for (uint32_t i = 0; !error && i < graph->op_count; i++)
		error = op_lower(graph, &lowered, i, err);
	if (!error && fused)
		fuse_pads(graph, &lowered);
	if (!error && options->eliminate)
		error = eliminate(graph, &lowered, err);
	if (!error && fused) {
		fuse_views(&lowered);
		fuse_tensors_drop(graph, &lowered);
	}
	for (uint32_t i = 0; !error && i < lowered.op_count; i++)
		error = op_assign(options, &lowered, i, err);
	if (error)
		lower_done(&lowered);
	else
		*ret_lowered = lowered;
	return error;
}

void lower_done(struct lowered *lowered)
{
	for (uint32_t i = 0; lowered->ops && i < lowered->op_count; i++) {
		free(lowered->ops[i].weights);
		free(lowered->ops[i].channels);
	}
	free(lowered->ops);
	free(lowered->tensors);
	free(lowered->index_of);
	free(lowered->place_of);
	memset(lowered, 0, sizeof(*lowered));
}
