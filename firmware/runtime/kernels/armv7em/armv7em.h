/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files of the Armv7E-M set share. Loops whose registers are laid out by hand exist twice
 * behind one signature: in assembly, and in C with the same order of work, for hosts and for the
 * exact rounding.
 */
#ifndef FIRMWARE_RUNTIME_KERNELS_ARMV7EM_ARMV7EM_H
#define FIRMWARE_RUNTIME_KERNELS_ARMV7EM_ARMV7EM_H

#include "firmware/image/needs_armv7em.h"
#include "firmware/runtime/kernels/armv7em/dsp.h"
#include "firmware/runtime/kernels/kernel.h"
#include "firmware/runtime/kernels/portable/fixed_point.h"

/* The value of a channel, limited to int8. */
DSP_INLINE int8_t armv7em_finish(int32_t sum, const struct armv7em_finish *finish,
				 enum armv7em_rounding rounding)
{
	const uint32_t multiplier = (uint32_t)finish->multiplier;
	int32_t x;

	if (rounding == ARMV7EM_EXACT) {
		const struct image_rescale rescale = {finish->multiplier, finish->shift};

		return (int8_t)dsp_ssat8(fixed_add(fixed_rescale(sum, &rescale), finish->addend));
	}
	if (rounding == ARMV7EM_UP) {
		x = dsp_smmla((uint32_t)sum, multiplier, finish->addend);
		return (int8_t)dsp_ssat8(x >> finish->shift);
	}
	x = dsp_smmlar((uint32_t)sum, multiplier, sum);
	x = fixed_add(fixed_add(x, x >> 31), finish->addend);
	return (int8_t)dsp_ssat8(x >> finish->shift);
}

/* Limits the whole output to the operator's activation bounds, where they are tighter than int8. */
void armv7em_output_clamp(const struct kernel_call *call);

/* Widens groups of four bytes to where a pixel's block wants them; returns what follows. */
typedef uint32_t *armv7em_widen_fn(uint32_t *to, const int8_t *from, uint32_t groups);

/* Walks the windows of an operator's output pixels in order. */
struct armv7em_window {
	const struct kernel_call *call;
	const int8_t *place,
		*place_end;  /* the batch's input, contiguous: the next pixel; all's end */
	int32_t y, x;        /* the next window's first tap */
	uint32_t to_row_end; /* windows left in this row of the output */
	uint32_t to_batch_end;
	uint32_t depth, groups, row_bytes; /* of a window; row_bytes: one row's */
	uint32_t block;
	armv7em_widen_fn *widen;
	bool gathers;
	bool is_pixel;      /* windows lie together in the input */
	bool is_contiguous; /* and one directly follows the other */
	bool rows_in_fours; /* rows of a window can be widened where they are */
};
/* block: pixels whose activations are interleaved, 1 [group][even, odd], 2 [group][pixel][even,
 * odd], or 3 [group][even, odd][pixel]. */
void armv7em_window_start(const struct kernel_call *call, const struct armv7em_gemm *gemm,
			  uint32_t block, bool up, struct armv7em_window *ret_window);
/* Widens the windows of the next pixels; bytes: 4 * groups + 4, used where gemm->gathers. */
void armv7em_window_widen(struct armv7em_window *window, uint32_t pixels, uint32_t *to,
			  int8_t *bytes);

/* The bytes of the only window: where they lie in the input, or copied to bytes. */
const int8_t *armv7em_window_bytes(const struct armv7em_window *window, int8_t *bytes);

/* Two pixels at a time, activations [group][pixel][even, odd], one pair of channels with widened
 * weights [group][channel][even, odd]. The order of the fields is the assembly's. */
struct armv7em_pairs_job {
	int32_t bias[4]; /* of both channels, twice */
	const uint32_t *weights;
	uint32_t entry; /* groups % 8 of them are done first; the assembly's own afterwards */
	const uint32_t *weights_end;
	struct armv7em_finish finish[2];
	uint32_t pixel_step;   /* bytes of output; 0: the second pixel is none */
	uint32_t channel_step; /* 1; 0: the second channel is none */
	int8_t *out;
	const uint32_t *activations_end;
	const uint32_t *activations;
};

/* Three pixels at a time, activations [group][even, odd][pixel], pairs of channels one after the
 * other with weights as the image has them. */
struct armv7em_threes_job {
	const uint32_t *weights;
	const uint32_t *activations;
	uint32_t entry; /* groups % 4 of them are done first */
	const uint32_t *activations_end;
	const struct armv7em_pair *pair;
	uint32_t second, third; /* bytes of output to the other two pixels; 0: there is none */
	uint32_t channel_step;
	int8_t *out;
	int8_t *out_end; /* behind the last pair: two bytes for each */
};

/* groups fours of the image's weights -> as armv7em_pairs_job wants them. */
void armv7em_weights_widen(uint32_t *to, const uint32_t *from, const uint32_t *from_end);
void armv7em_pairs_up(const struct armv7em_pairs_job *job);
void armv7em_pairs_away(const struct armv7em_pairs_job *job);
void armv7em_pairs_exact(const struct armv7em_pairs_job *job);
void armv7em_threes_up(const struct armv7em_threes_job *job);
void armv7em_threes_away(const struct armv7em_threes_job *job);
void armv7em_threes_exact(const struct armv7em_threes_job *job);

/* sums[i] += the products of one pixel's activations [group][even, odd] and the weights of four
 * channels. */
void armv7em_quad_sums(int32_t sums[4], const uint32_t *activations,
		       const uint32_t *activations_end, const uint32_t *weights);

/* The same from bytes that are not widened, count a multiple of 4; sums are not times 256. */
void armv7em_quad_sums_direct(int32_t sums[4], const int8_t *activations,
			      const int8_t *activations_end, const uint32_t *weights);

/* 3x3 of stride 1: columns of output pairs; of stride 2: columns of outputs. Each is made of two
 * columns of buffered pairs next to each other. The order of the fields is the assembly's. */
struct armv7em_columns_job {
	struct armv7em_finish finish;
	int32_t bias[2]; /* the same */
	/* Stride 1: bytes of output, 0: the second of each pair is none. Stride 2: bytes of
	 * buffered words from output to output. */
	uint32_t inner_step;
	uint32_t outer_step;
	const uint32_t *end; /* behind the words of the first column's outputs */
	uint32_t skip;       /* bytes from there to the next column */
	uint32_t out_skip;   /* likewise, modulo 2^32 */
	uint32_t column_bytes;
	const uint32_t *last_end; /* end, in the last column */
	const uint32_t *words, *next_words;
	int8_t *out;
	/* Of three lines (w0, w1); stride 1: (w1, w2) of them; stride 2: w2 of two, then the last.
	 */
	const uint32_t *taps;
};
void armv7em_columns_up(const struct armv7em_columns_job *job);
void armv7em_columns_away(const struct armv7em_columns_job *job);
void armv7em_columns_exact(const struct armv7em_columns_job *job);
void armv7em_columns2_up(const struct armv7em_columns_job *job);
void armv7em_columns2_away(const struct armv7em_columns_job *job);
void armv7em_columns2_exact(const struct armv7em_columns_job *job);

/* Any depthwise window: blocks of four outputs along the outer axis, of stride 1 or (lines2) 2;
 * lines5: of a kernel of 5, stride 1. The order of the fields is the assembly's. */
struct armv7em_lines_job {
	struct armv7em_finish finish;
	int32_t bias[4]; /* the same */
	const uint32_t *words;
	const uint32_t *taps, *taps_end; /* columns of kernel taps */
	uint32_t kernel;
	uint32_t column_bytes; /* from a column of words to the next */
	uint32_t block_bytes;  /* from a block's first word to the next's: 16 * stride */
	int8_t *out;
	uint32_t out_step;
	uint32_t blocks; /* at least 1 */
};
void armv7em_lines_up(const struct armv7em_lines_job *job);
void armv7em_lines_away(const struct armv7em_lines_job *job);
void armv7em_lines_exact(const struct armv7em_lines_job *job);
void armv7em_lines5_up(const struct armv7em_lines_job *job);
void armv7em_lines5_away(const struct armv7em_lines_job *job);
void armv7em_lines2_up(const struct armv7em_lines_job *job);
void armv7em_lines2_away(const struct armv7em_lines_job *job);
void armv7em_lines2_exact(const struct armv7em_lines_job *job);

kernel_fn armv7em_gemm_up, armv7em_gemm_away, armv7em_gemm_exact;
kernel_fn armv7em_vector_up, armv7em_vector_away, armv7em_vector_exact;
kernel_fn armv7em_depthwise_up, armv7em_depthwise_away, armv7em_depthwise_exact;
kernel_fn armv7em_depthwise3_up, armv7em_depthwise3_away, armv7em_depthwise3_exact;
kernel_fn armv7em_add_up, armv7em_add_away, armv7em_add_exact;
kernel_fn armv7em_mul_up, armv7em_mul_away, armv7em_mul_exact;
kernel_fn armv7em_average_pool, armv7em_max_pool;

#endif
