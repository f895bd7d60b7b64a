/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/model/quantise.h"

#include <math.h>

bool quantise_multiplier(double value, struct image_rescale *ret_rescale)
{
	struct image_rescale rescale = {0, 0};
	int64_t fraction;
	int exponent;

	if (!isfinite(value) || value < 0)
		return false;
	fraction = (int64_t)round(frexp(value, &exponent) * (double)(INT64_C(1) << 31));
	if (fraction == INT64_C(1) << 31) {
		fraction /= 2;
		exponent++;
	}
	if (exponent > 31)
		return false;
	if (exponent >= -31) {
		rescale.multiplier = (int32_t)fraction;
		rescale.shift = exponent;
	}
	*ret_rescale = rescale;
	return true;
}

bool quantise_channel(const struct graph_tensor *input, const struct graph_tensor *filter,
		      const struct graph_tensor *output, uint32_t channel, bool float_product,
		      struct image_rescale *ret_rescale)
{
	float in = graph_scale(input, 0), weight = graph_scale(filter, channel);
	double product = (double)in * (double)weight;

	if (float_product && filter->scale_count == 1) {
		float rounded = in * weight;

		product = rounded;
	}
	return quantise_multiplier(product / (double)graph_scale(output, 0), ret_rescale);
}

/* zero_point + real / scale, within int8. */
static int32_t quantise_bound(float real, float scale, int32_t zero_point)
{
	float steps = roundf(real / scale);

	if (steps > 255)
		return INT8_MAX;
	return zero_point + (int32_t)steps > INT8_MAX ? INT8_MAX : zero_point + (int32_t)steps;
}

void quantise_activation(enum graph_activation activation, float scale, int32_t zero_point,
			 int32_t *ret_min, int32_t *ret_max)
{
	bool relu = activation == GRAPH_ACTIVATION_RELU || activation == GRAPH_ACTIVATION_RELU6;

	*ret_min = relu ? zero_point : INT8_MIN;
	*ret_max = activation == GRAPH_ACTIVATION_RELU6 ? quantise_bound(6, scale, zero_point)
							: INT8_MAX;
}

bool quantise_add(float scale_a, float scale_b, float scale_out,
		  struct image_rescale ret_rescale[3])
{
	double twice_max = 2 * (double)(scale_a > scale_b ? scale_a : scale_b);
	double out = twice_max / ((double)(1 << IMAGE_ADD_LEFT_SHIFT) * (double)scale_out);

	return quantise_multiplier((double)scale_a / twice_max, &ret_rescale[0]) &&
	       quantise_multiplier((double)scale_b / twice_max, &ret_rescale[1]) &&
	       quantise_multiplier(out, &ret_rescale[2]) && out < 1 && ret_rescale[2].shift <= 0;
}

bool quantise_mul(float scale_a, float scale_b, float scale_out, struct image_rescale *ret_rescale)
{
	double value = (double)scale_a * (double)scale_b / (double)scale_out;

	return quantise_multiplier(value, ret_rescale) && ret_rescale->shift <= IMAGE_MUL_SHIFT_MAX;
}

bool quantise_mean(float scale_in, float scale_out, uint32_t count,
		   struct image_rescale *ret_rescale)
{
	struct image_rescale rescale;
	int32_t fold = 0, left;

	if (!quantise_multiplier((double)scale_in / (double)scale_out, &rescale))
		return false;
	while (count >> fold > 1)
		fold++;
	if (fold > 31 + rescale.shift)
		fold = 31 + rescale.shift;
	rescale.multiplier =
		(int32_t)(((int64_t)rescale.multiplier * ((int64_t)1 << fold)) / count);
	rescale.shift -= fold;
	*ret_rescale = rescale;
	left = rescale.shift > 0 ? rescale.shift : 0;
	return (uint64_t)255 * count << left <= (uint64_t)INT32_MAX - 255;
}

int8_t quantise_value(float value, float scale, int32_t zero_point)
{
	double steps = (double)roundf(value / scale) + zero_point;

	if (isnan(steps))
		return (int8_t)zero_point;
	return (int8_t)(steps < INT8_MIN ? INT8_MIN : steps > INT8_MAX ? INT8_MAX : steps);
}

float quantise_real(int8_t value, float scale, int32_t zero_point)
{
	return scale * (float)(value - zero_point);
}

bool quantise_softmax(float scale, float beta, struct image_rescale *ret_rescale,
		      int32_t *ret_diff_min)
{
	const double most = (double)INT32_MAX; /* differences beyond give 0 whatever they are */
	double value = (double)beta * (double)scale * (1 << 26);

	if (value > most)
		value = most;
	if (value <= 1 || !quantise_multiplier(value, ret_rescale))
		return false;
	*ret_diff_min =
		-(int32_t)floor(31.0 * (1 << 26) / (double)(INT64_C(1) << ret_rescale->shift));
	return true;
}
