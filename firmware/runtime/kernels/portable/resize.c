/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RESIZE_NEAREST_NEIGHBOR. TensorFlow Lite finds the source of an output row in float32
 * (reference/resize_nearest_neighbor.h, GetNearestNeighbor): a quotient of two sizes times a
 * position, each rounded to 24 bits, halves to even. Here the same numbers come from integers, so
 * that every core gives them, with or without a floating-point unit.
 */
#include <string.h>

#include "firmware/runtime/kernels/portable/portable.h"

enum { SIGNIFICANT_BITS = 24, QUOTIENT_BITS = 40 };

/* value / 2^bits */
struct fraction {
	uint64_t value;
	int32_t bits;
};

/* To 24 significant bits; rest: something not 0 is left below the last bit. */
static struct fraction fraction_round(struct fraction exact, bool rest)
{
	int32_t drop = 0;
	uint64_t half, below;

	while (exact.value >> drop >> SIGNIFICANT_BITS)
		drop++;
	if (drop == 0)
		return exact;
	half = (uint64_t)1 << (drop - 1);
	below = exact.value & ((half << 1) - 1);
	exact.value >>= drop;
	exact.bits -= drop;
	if (below > half || (below == half && (rest || (exact.value & 1))))
		exact.value++;
	return exact;
}

/* Input size over output size, both at most IMAGE_RESIZE_MAX; corners: of their last indices. */
static struct fraction scale_find(uint32_t in, uint32_t out, bool corners)
{
	struct fraction scale = {0, QUOTIENT_BITS};
	uint64_t dividend;

	if (corners && out > 1) {
		in--;
		out--;
	}
	dividend = (uint64_t)in << QUOTIENT_BITS;
	scale.value = dividend / out;
	return fraction_round(scale, dividend % out != 0);
}

static uint32_t source_find(const struct kernel_call *call, uint32_t index, uint32_t in,
			    const struct fraction *scale)
{
	bool corners = call->op->args[0], centers = call->op->args[1];
	uint64_t doubled = 2 * (uint64_t)index + (centers ? 1 : 0); /* the position, in halves */
	struct fraction at = {scale->value * doubled, scale->bits + 1};
	uint64_t source;

	at = fraction_round(at, false);
	source = (at.value + (corners ? (uint64_t)1 << (at.bits - 1) : 0)) >> at.bits;
	return source < in - 1 ? (uint32_t)source : in - 1;
}

void portable_resize_nearest_neighbor(const struct kernel_call *call)
{
	const uint32_t *in = call->in[0]->shape, *out = call->out->shape;
	const struct fraction scale_y = scale_find(in[1], out[1], call->op->args[0]);
	const struct fraction scale_x = scale_find(in[2], out[2], call->op->args[0]);
	const int8_t *batch = call->input[0];
	int8_t *to = call->output;

	for (uint32_t n = 0; n < out[0]; n++, batch += in[1] * in[2] * in[3]) {
		for (uint32_t y = 0; y < out[1]; y++) {
			const int8_t *row =
				batch + source_find(call, y, in[1], &scale_y) * in[2] * in[3];

			for (uint32_t x = 0; x < out[2]; x++, to += in[3])
				memcpy(to, row + source_find(call, x, in[2], &scale_x) * in[3],
				       in[3]);
		}
	}
}
