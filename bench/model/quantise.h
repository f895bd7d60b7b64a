/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Scales -> the integers the runtime works with, by exactly the steps TensorFlow Lite Micro takes
 * (quantization_util.cc, kernel_util.cc and each kernel's Prepare): which products are float and
 * which are double decides the last bit.
 */
#ifndef BENCH_MODEL_QUANTISE_H
#define BENCH_MODEL_QUANTISE_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/model/graph.h"

/* value >= 0 as multiplier * 2^(shift - 31); below 2^-32 it becomes 0. False when the shift would
 * be above 31 bits or value is no number. */
bool quantise_multiplier(double value, struct image_rescale *ret_rescale);

/* Convolutions multiply the two scales as doubles, a fully connected operator with a per-tensor
 * scale as floats. */
bool quantise_channel(const struct graph_tensor *input, const struct graph_tensor *filter,
		      const struct graph_tensor *output, uint32_t channel, bool float_product,
		      struct image_rescale *ret_rescale);

/* Bounds of a fused activation in the output's units. */
void quantise_activation(enum graph_activation activation, float scale, int32_t zero_point,
			 int32_t *ret_min, int32_t *ret_max);

/* ADD: two inputs, then the output. False when the sum would have to be scaled up. */
bool quantise_add(float scale_a, float scale_b, float scale_out,
		  struct image_rescale ret_rescale[3]);

/* MUL: the product of both inputs. False when it would have to be shifted to the left beyond 31
 * bits. */
bool quantise_mul(float scale_a, float scale_b, float scale_out, struct image_rescale *ret_rescale);

/* MEAN: the sum of count inputs; the division is folded in as TensorFlow Lite's QuantizedMeanOrSum
 * does it (reference/reduce.h), also between equal scales. False as quantise_mul(). */
bool quantise_mean(float scale_in, float scale_out, uint32_t count,
		   struct image_rescale *ret_rescale);

/* A QUANTIZE of one element: to nearest, halves away from zero, in float32; a value that is no
 * number becomes the zero point. And the DEQUANTIZE. */
int8_t quantise_value(float value, float scale, int32_t zero_point);
float quantise_real(int8_t value, float scale, int32_t zero_point);

/* SOFTMAX: the input's difference to Q5.26, and the smallest difference that matters. False when
 * the input's scale is too small for Q5.26. */
bool quantise_softmax(float scale, float beta, struct image_rescale *ret_rescale,
		      int32_t *ret_diff_min);

#endif
