/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Variables that several functions of the Armv7E-M set share, and their files' entries.
 */
#ifndef BENCH_PREDICTOR_COUNT_ARMV7EM_H
#define BENCH_PREDICTOR_COUNT_ARMV7EM_H

#include "bench/predictor/count_window.h"
#include "firmware/image/needs_armv7em.h"

/* The pass that limits the output to the activation's bounds. */
void count_clamp_put(const struct image_use *use, struct count_variables *to);
/* How GEMM and VECTOR plan their work, and start to walk windows. */
void count_gemm_plan_put(const struct image_use *use, const struct armv7em_gemm *gemm,
			 struct count_variables *to);
/* GEMM's activations, widened a tile at a time. */
void count_widen_put(const struct image_use *use, const struct armv7em_gemm *gemm,
		     struct count_variables *to);
/* The only window of VECTOR, copied byte by byte as it is. */
void count_gather_put(const struct image_use *use, bool gathers, struct count_variables *to);

void count_gemm_pairs_fill(const struct image_use *use, struct count_variables *to);
void count_gemm_threes_fill(const struct image_use *use, struct count_variables *to);
void count_vector_widened_fill(const struct image_use *use, struct count_variables *to);
void count_vector_direct_fill(const struct image_use *use, struct count_variables *to);
void count_depthwise_fill(const struct image_use *use, struct count_variables *to);
void count_depthwise3_fill(const struct image_use *use, struct count_variables *to);
void count_add_fill(const struct image_use *use, struct count_variables *to);
void count_mul_fill(const struct image_use *use, struct count_variables *to);
void count_pool_fours_fill(const struct image_use *use, struct count_variables *to);

#endif
