/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A graph's operators as the image will hold them, before anything has a place: records, tensors,
 * constants in the portable order, the function that runs each operator and what it wants.
 */
#ifndef BENCH_MODEL_LOWER_H
#define BENCH_MODEL_LOWER_H

#include "bench/model/graph.h"
#include "bench/model/model.h"
#include "bench/model/pack.h"

struct lowered_op {
	struct image_op record; /* offsets are 0 */
	int8_t *weights;        /* portable order; NULL for operators without */
	uint32_t weight_count;
	struct image_channel *channels;
	struct image_needs needs;
};

struct lowered {
	struct lowered_op *ops;
	uint32_t op_count;
	struct image_tensor *tensors; /* arena offsets are 0 */
	uint32_t tensor_count;
	uint16_t *index_of;          /* graph tensor -> tensor, IMAGE_NO_TENSOR: no activation */
	uint16_t *place_of;          /* tensor -> an earlier one whose bytes it is, or itself */
	int32_t exit_op;             /* as graph->exit_op, of these operators */
	const struct pack_set *pack; /* of operators that are not portable; NULL: all are */
};

/* -EINVAL, -ENOMEM. */
int lower(const struct graph *graph, const struct model_options *options,
	  struct lowered *ret_lowered, struct err *err);
void lower_done(struct lowered *lowered);

/* The operator with its tensors, for image_needs() and packing. */
struct image_use lower_use(const struct lowered *lowered, uint32_t index);

#endif
