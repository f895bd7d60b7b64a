/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The inside of random networks, for count_nets*.c only.
 *
 *   count_nets.c       draws operators until there are enough, and makes the image
 *   count_nets_draw.c  random numbers, tensors, inputs of the model
 *   count_nets_ops.c   one operator of each kind
 */
#ifndef BENCH_PREDICTOR_COUNT_NETS_PARTS_H
#define BENCH_PREDICTOR_COUNT_NETS_PARTS_H

#include "bench/model/graph.h"
#include "bench/predictor/count_nets.h"

enum {
	COUNT_MAKER_TENSORS_MAX = 1024,
	COUNT_MAKER_OPS_MAX = IMAGE_OPS_MAX,
	COUNT_MAKER_POOL_BYTES = 8 << 20,
	COUNT_MAKER_INPUTS_MAX = 96,
	/* Of an input whose operator's scratch space is at a plan's bound. */
	COUNT_MAKER_PLAN_BYTES = 16384,
};

/* Zero points and bytes of an input: values around zero, or all well above or below it. */
enum count_flavour { LEVEL, ABOVE, BELOW, FLAVOURS };

struct count_maker {
	const struct count_net_wish *wish;
	uint64_t random;
	struct graph graph;
	uint8_t *pool; /* constants; the graph borrows them */
	size_t used;
	enum count_flavour flavours[COUNT_MAKER_INPUTS_MAX];
	enum count_mood moods[COUNT_MAKER_OPS_MAX];
	unsigned input_bytes, image_bytes;
};

/* From .. to, both inclusive. */
uint32_t count_maker_draw(struct count_maker *maker, uint32_t from, uint32_t to);
bool count_maker_chance(struct count_maker *maker, unsigned percent);
/* Zeros, of the pool; NULL: it is used up. */
void *count_maker_take(struct count_maker *maker, size_t bytes);
/* Returns its index. */
int32_t count_maker_tensor(struct count_maker *maker, uint32_t rank, const uint32_t *shape,
			   float scale, int32_t zero_point);
const struct graph_tensor *count_maker_tensor_at(const struct count_maker *maker, int32_t index);
float count_maker_scale(const struct count_maker *maker, int32_t index);
/* An input of the model of this shape; another one of its kind if there is none yet. -1: there are
 * too many. */
int32_t count_maker_input_find(struct count_maker *maker, const uint32_t shape[4],
			       enum count_flavour flavour);
/* A shape that was used before, or a new one, small enough for what is left of the arena. -1: there
 * are too many. */
int32_t count_maker_input(struct count_maker *maker, enum count_flavour flavour);

/* Puts an operator behind the others, without counting it. False: it did not work out. */
bool count_maker_operator(struct count_maker *maker, enum image_op_kind kind);

#endif
