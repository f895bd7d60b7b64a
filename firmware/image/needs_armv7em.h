/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The functions of the Armv7E-M kernel set, and how each lays out its constants and its scratch
 * space. Host (bench/model/pack_armv7em.c), checker and kernels ask the same functions here.
 *
 * A function comes in three roundings, one for all channels of an operator, which pack_armv7em
 * proves exact for the accumulators the channel can reach:
 *
 *   UP    activations are widened to 256 times their value, so the accumulator is 256 * sum, and
 *         value = (high32(accumulator * multiplier) + addend) >> shift
 *         rounds once, halves up. The same as rounding twice where no negative value survives.
 *   AWAY  value = (x + (x >> 31) + addend) >> shift, x = accumulator * (multiplier + 2^32) / 2^32
 *         to nearest: both roundings, with multiplier = twice the image's, minus 2^32.
 *   EXACT as the portable set: addend is the zero point, multiplier and shift are the image's.
 *
 * Results are then limited to int8, and by a pass of their own to tighter activation bounds.
 */
#ifndef FIRMWARE_IMAGE_NEEDS_ARMV7EM_H
#define FIRMWARE_IMAGE_NEEDS_ARMV7EM_H

#include "firmware/image/needs.h"

enum armv7em_rounding {
	ARMV7EM_UP,
	ARMV7EM_AWAY,
	ARMV7EM_EXACT,
	ARMV7EM_ROUNDINGS,
};

enum armv7em_function {
	ARMV7EM_GEMM,       /* CONV_2D, FULLY_CONNECTED of several rows, one input channel */
	ARMV7EM_VECTOR,     /* the same with one output pixel */
	ARMV7EM_DEPTHWISE,  /* any window, no dilation where the stride is not 1 */
	ARMV7EM_DEPTHWISE3, /* 3x3, both strides 1 or both 2 */
	ARMV7EM_ADD,
	ARMV7EM_MUL,
	ARMV7EM_AVERAGE_POOL, /* rounds as UP only: they have nothing to rescale */
	ARMV7EM_MAX_POOL,
	ARMV7EM_FUNCTION_END,
};

static inline uint16_t armv7em_variant(enum armv7em_function function,
				       enum armv7em_rounding rounding)
{
	return (uint16_t)(1 + function * ARMV7EM_ROUNDINGS + rounding);
}

struct armv7em_finish {
	int32_t multiplier;
	int32_t addend;
	int32_t shift; /* right, 0 .. 31; EXACT: the image's, -31 .. 31 */
};

/* GEMM: channels are taken in pairs, an odd one is followed by zeros. Weights of a pair: for each
 * four k the four of the first channel, then of the second. */
struct armv7em_pair {
	int32_t bias[2];
	struct armv7em_finish finish[2];
};

/* VECTOR: the same in fours. */
struct armv7em_quad {
	int32_t bias[4];
	struct armv7em_finish finish[4];
};

/* DEPTHWISE and DEPTHWISE3 */
struct armv7em_single {
	int32_t bias;
	struct armv7em_finish finish;
};

/* ADD: what each value of an input is worth, by its byte as an unsigned number. UP: four times. */
struct armv7em_add_tables {
	int32_t worth[2][256];
};

enum {
	ARMV7EM_PAIR_WORDS = 8,
	ARMV7EM_THREE = 3, /* pixels at a time where weights are widened as they are read */
	/* Scratch that pays off: more where tensors are small, so that the arena's peak is rarely
	 * in an operator's scratch. */
	ARMV7EM_VECTOR_WIDENED_MOST = 192, /* groups */
	ARMV7EM_SCRATCH_LEAST = 2048,
	ARMV7EM_SCRATCH_MOST = 4608,
	ARMV7EM_SCRATCH_AND_TENSORS = 20480,
};

/* How GEMM and VECTOR work on an operator. */
struct armv7em_gemm {
	uint32_t depth;    /* k: products of a sum */
	uint32_t groups;   /* of four k, the last one filled up */
	uint32_t pixels;   /* output positions, all batches */
	uint32_t channels; /* of the output */
	uint32_t tile;     /* pixels whose activations are widened at a time */
	bool threes;       /* tile is 3, and weights are not widened in memory */
	bool gathers;      /* windows are copied before they are widened */
	bool direct;       /* VECTOR: activations are widened as they are read, so many are they */
};
void armv7em_gemm_plan(const struct image_op *op, const struct image_tensor *in,
		       const struct image_tensor *out, struct armv7em_gemm *ret_gemm);

/* One axis of a depthwise operator. Its buffer pairs neighbours along the inner axis. */
struct armv7em_axis {
	uint32_t in, out, kernel, stride, dilation, pad;
	uint32_t in_step, out_step; /* bytes from one position to the next */
};

struct armv7em_depthwise {
	struct armv7em_axis inner, outer;
	bool swapped;        /* inner is y */
	uint32_t multiplier; /* output channels of an input channel */
	uint32_t pairs;      /* of outputs along inner, for one phase of the dilation */
	uint32_t columns;    /* words of a buffered line along inner */
	uint32_t rows;       /* buffered positions along outer */
	uint32_t strip;      /* outputs along outer that are made from them */
	/* Weight words of a channel: DEPTHWISE3 (w0, w1) of three rows, then (w1, w2), or for
	 * stride 2 (w2 of the first row, w2 of the second), (w2 of the third, 0); DEPTHWISE columns
	 * of kernel words, first for windows that begin with a pair, then for windows that begin
	 * inside one (only where the inner stride is odd). */
	uint32_t taps_even, taps_odd;
};
void armv7em_depthwise_plan(const struct image_op *op, const struct image_tensor *in,
			    const struct image_tensor *out, bool is_three,
			    struct armv7em_depthwise *ret_depthwise);

#endif
