/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The functions of the RV32 kernel set, and how each lays out its constants and its scratch space.
 * Host (bench/model/pack_rv32.c), checker and kernels ask the same functions here.
 *
 * GEMM multiplies two pixels at once: word = even pixel + (odd pixel << 16), so that a product with
 * a weight is two products, and sums of them are two sums as long as each stays within 16 bits:
 *
 *   sum = 0x8000 + even + (odd << 16)    -32768 <= even, odd <= 32767
 *   odd = sum >> 16                      no borrow: 0x8000 + even is not negative
 *
 * A run is what is summed up between two such splits: four products, or two and two where the flag
 * behind the four says so. The host sets it where four could leave 16 bits, and proves that two
 * never do. The totals of all runs need no further work on the even pixel: sums add up to
 * runs * 0x8000 + even + (odd << 16) modulo 2^32, and odd is known.
 *
 * Rounding: a fast channel computes
 *
 *   high = high32((accumulator << 2) * multiplier)
 *   value = (high + (high < 0 ? -2 : 0) + addend) >> shift
 *
 * which is TensorFlow Lite's double rounding by a right shift of shift - 1 >= 1, zero point in the
 * addend, for accumulators below 2^29: high + 1 is twice the first rounding's result (and one bit
 * that the last shift drops), the rest is a division by 2^(shift - 1) with halves away from zero.
 * Other channels are rounded as in the portable set.
 */
#ifndef FIRMWARE_IMAGE_NEEDS_RV32_H
#define FIRMWARE_IMAGE_NEEDS_RV32_H

#include "firmware/image/needs.h"

/* Variants; 0 is none. */
enum rv32_function {
	RV32_GEMM = 1, /* CONV_2D, FULLY_CONNECTED, DEPTHWISE_CONV_2D of one input channel */
	RV32_VECTOR,   /* CONV_2D and FULLY_CONNECTED; for one or two output pixels */
	RV32_DEPTHWISE,
	RV32_ADD,
	RV32_AVERAGE_POOL,
	RV32_MAX_POOL,
	RV32_FUNCTION_END,
};

enum {
	RV32_EXACT = 64, /* rv32_finish.shift of slow channels: RV32_EXACT + 31 + the image's */
	RV32_RUN = 4,    /* products between two splits, and the granularity of GEMM's depth */
	RV32_RUN_BYTES = 2 * RV32_RUN + 1, /* weights of two channels in turns, then the flag */
	RV32_SPLIT_BIAS = 0x8000,
	RV32_QUAD = 4, /* pixels that GEMM works on at a time */
	/* GEMM's scratch: small where the weights stay in the cache from one tile to the next */
	RV32_CACHED_WEIGHTS_BYTES = 8192,
	RV32_TILE_BYTES_CACHED = 1024,
	RV32_TILE_BYTES = 4608,
	RV32_PLANE_BYTES = 2048, /* DEPTHWISE's scratch, if one row of windows takes no more */
	RV32_SCRATCH_MAX = 16384,
};

struct rv32_finish {
	int32_t multiplier;
	int32_t addend; /* exact: the output's zero point */
	uint32_t shift; /* fast: 2 .. 31 */
};

/* GEMM: two for each pair of channels; behind an odd one there is one of zeros. */
struct rv32_gemm_channel {
	uint32_t bias;
	uint32_t bias_even; /* less RV32_SPLIT_BIAS for each split */
	struct rv32_finish finish;
};

/* VECTOR: four for each four channels, filled up with zeros; DEPTHWISE: one for each. */
struct rv32_channel {
	uint32_t bias;
	struct rv32_finish finish;
};

/* ADD: what each value of an input is worth in the sum, by its byte as an unsigned number. */
struct rv32_add {
	uint32_t worth[2][256];
	struct rv32_finish finish;
};

/* How GEMM and VECTOR see an operator. */
struct rv32_gemm {
	uint32_t depth;    /* k: products of a sum */
	uint32_t runs;     /* of RV32_RUN k, the last one filled up with zeros */
	uint32_t channels; /* of the output */
	uint32_t pixels;   /* output positions, all batches */
	uint32_t tile;     /* pixels packed at a time, a multiple of RV32_QUAD */
	bool windowed;     /* a pixel's input is more than one input pixel */
};
void rv32_gemm_plan(const struct image_use *use, struct rv32_gemm *ret_gemm);

/* DEPTHWISE copies one input channel's part of some rows, padding included. */
struct rv32_depthwise {
	uint32_t multiplier; /* output channels of an input channel */
	uint32_t taps;
	uint32_t reach_h; /* input rows of a window */
	uint32_t width;   /* of a copied row */
	uint32_t strip;   /* output rows that are made of one copy */
	uint32_t scratch_bytes;
};
/* False: one row of windows takes too much scratch space. */
bool rv32_depthwise_plan(const struct image_use *use, struct rv32_depthwise *ret_depthwise);

#endif
