/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Weights and channels for the Armv7E-M kernels (firmware/image/needs_armv7em.h).
 */
#include <string.h>

#include "bench/model/pack.h"
#include "bench/model/pack_armv7em_prove.h"
#include "firmware/runtime/kernels/portable/fixed_point.h"

enum {
	UP_SUM_BITS = 8, /* of activations that are widened by masking */
	UP_ADD_BITS = 2,
};

static enum armv7em_function function_of(const struct image_op *op)
{
	return (enum armv7em_function)((op->variant - 1u) / ARMV7EM_ROUNDINGS);
}

static enum armv7em_rounding rounding_of(const struct image_op *op)
{
	return (enum armv7em_rounding)((op->variant - 1u) % ARMV7EM_ROUNDINGS);
}

/* A channel's weights in the portable order. */
struct channel_weights {
	const int8_t *first;
	uint32_t count, step;
};

static struct channel_weights weights_of(const struct pack_job *job, uint32_t channel)
{
	const struct image_use *use = &job->use;
	uint32_t taps = (uint32_t)use->op->kernel_h * use->op->kernel_w;
	uint32_t channels = use->out->shape[3];

	if (use->op->kind == IMAGE_DEPTHWISE_CONV_2D)
		return (struct channel_weights){job->weights + channel, taps, channels};
	if (use->op->kind == IMAGE_FULLY_CONNECTED)
		taps = use->in[0]->bytes / (use->out->bytes / channels);
	else
		taps *= use->in[0]->shape[3];
	return (struct channel_weights){job->weights + (size_t)channel * taps, taps, 1};
}

static struct pack_sums sums_of(const struct pack_job *job, uint32_t channel)
{
	const struct image_channel *record = &job->channels[channel];
	struct channel_weights weights = weights_of(job, channel);
	struct pack_sums sums = {record->bias, record->bias, UP_SUM_BITS, record->rescale};

	for (uint32_t i = 0; i < weights.count; i++) {
		int32_t weight = weights.first[(size_t)i * weights.step];

		sums.least += weight > 0 ? weight * -128 : weight * 127;
		sums.most += weight > 0 ? weight * 127 : weight * -128;
	}
	return sums;
}

/* What one value of an ADD's input is worth. */
static int32_t worth_of(const struct pack_job *job, int which, int32_t value)
{
	return fixed_rescale((value - job->use.in[which]->zero_point) * (1 << IMAGE_ADD_LEFT_SHIFT),
			     &job->use.op->rescale[which]);
}

static struct pack_sums add_sums(const struct pack_job *job)
{
	return (struct pack_sums){
		(int64_t)worth_of(job, 0, -128) + worth_of(job, 1, -128),
		(int64_t)worth_of(job, 0, 127) + worth_of(job, 1, 127),
		UP_ADD_BITS,
		job->use.op->rescale[2],
	};
}

static struct pack_sums mul_sums(const struct pack_job *job)
{
	struct pack_sums sums = {INT64_MAX, INT64_MIN, UP_SUM_BITS, job->use.op->rescale[0]};

	for (int i = 0; i < 4; i++) {
		int32_t a = (i & 1 ? 127 : -128) - job->use.in[0]->zero_point;
		int32_t b = (i & 2 ? 127 : -128) - job->use.in[1]->zero_point;

		sums.least = a * b < sums.least ? a * b : sums.least;
		sums.most = a * b > sums.most ? a * b : sums.most;
	}
	return sums;
}

static bool channels_are_exact(const struct pack_job *job, enum armv7em_rounding rounding)
{
	for (uint32_t i = 0; i < job->use.out->shape[3]; i++) {
		struct pack_sums sums = sums_of(job, i);
		struct armv7em_finish finish;
		bool constant;

		if (!pack_armv7em_prove(&job->use, &sums, rounding, &finish, &constant))
			return false;
	}
	return true;
}

static bool add_is_exact(const struct pack_job *job, enum armv7em_rounding rounding)
{
	struct pack_sums sums = add_sums(job);
	struct armv7em_finish finish;

	return pack_armv7em_prove(&job->use, &sums, rounding, &finish, NULL);
}

static bool mul_is_exact(const struct pack_job *job, enum armv7em_rounding rounding)
{
	struct pack_sums sums = mul_sums(job);
	struct armv7em_finish finish;

	return pack_armv7em_prove(&job->use, &sums, rounding, &finish, NULL);
}

static bool always_exact(const struct pack_job *job, enum armv7em_rounding rounding)
{
	(void)job;
	return rounding == ARMV7EM_UP;
}

static int32_t half_pair(int32_t low, int32_t high)
{
	return (int32_t)(((uint32_t)low & 0xFFFF) | (uint32_t)high << 16);
}

/* One channel: its constants, and in weights its taps as the function wants them. */
struct channel_pack {
	int32_t bias;
	struct armv7em_finish finish;
	bool zero; /* the weights */
};

static struct channel_pack channel_make(const struct pack_job *job, uint32_t channel)
{
	struct pack_sums sums = sums_of(job, channel);
	struct channel_pack pack = {job->channels[channel].bias};
	enum armv7em_rounding rounding = rounding_of(job->use.op);

	pack_armv7em_prove(&job->use, &sums, rounding, &pack.finish, &pack.zero);
	if (rounding == ARMV7EM_UP)
		pack.bias = (int32_t)((uint32_t)pack.bias << UP_SUM_BITS);
	if (pack.zero)
		pack.bias = 0;
	return pack;
}

/* Weights in groups of four k, ways channels interleaved. */
static void interleave(const struct pack_job *job, uint32_t channel, uint32_t ways, uint8_t *to)
{
	struct channel_weights weights = weights_of(job, channel);
	uint32_t groups = (weights.count + 3) / 4;

	to += (size_t)(channel / ways) * groups * ways * 4 + channel % ways * 4;
	for (uint32_t i = 0; i < weights.count; i++)
		to[(size_t)(i / 4) * ways * 4 + i % 4] =
			(uint8_t)weights.first[(size_t)i * weights.step];
}

static void gemm_write(const struct pack_job *job, uint8_t *weights, uint8_t *channels)
{
	struct armv7em_pair *pairs = (struct armv7em_pair *)channels;

	for (uint32_t i = 0; i < job->use.out->shape[3]; i++) {
		struct channel_pack pack = channel_make(job, i);

		pairs[i / 2].bias[i % 2] = pack.bias;
		pairs[i / 2].finish[i % 2] = pack.finish;
		if (!pack.zero)
			interleave(job, i, 2, weights);
	}
}

static void vector_write(const struct pack_job *job, uint8_t *weights, uint8_t *channels)
{
	struct armv7em_quad *quads = (struct armv7em_quad *)channels;

	for (uint32_t i = 0; i < job->use.out->shape[3]; i++) {
		struct channel_pack pack = channel_make(job, i);

		quads[i / 4].bias[i % 4] = pack.bias;
		quads[i / 4].finish[i % 4] = pack.finish;
		if (!pack.zero)
			interleave(job, i, 4, weights);
	}
}

/* A depthwise channel's weights by the plan's axes, 0 outside. */
struct tap_source {
	const struct pack_job *job;
	const struct armv7em_depthwise *plan;
	uint32_t channel;
};

static int32_t tap_at(const struct tap_source *source, uint32_t inner, uint32_t outer)
{
	uint32_t y = source->plan->swapped ? inner : outer;
	uint32_t x = source->plan->swapped ? outer : inner;

	if (inner >= source->plan->inner.kernel)
		return 0;
	return source->job->weights[(size_t)(y * source->job->use.op->kernel_w + x) *
					    source->job->use.out->shape[3] +
				    source->channel];
}

static int32_t tap_pair(const struct tap_source *source, uint32_t inner, uint32_t outer)
{
	return half_pair(tap_at(source, inner, outer), tap_at(source, inner + 1, outer));
}

static void taps_write_any(const struct tap_source *source, int32_t *to)
{
	const uint32_t kernel = source->plan->outer.kernel;

	for (uint32_t i = 0; i < source->plan->taps_even; i++)
		*to++ = tap_pair(source, i / kernel * 2, i % kernel);
	/* inner - 1 of the first column is outside: wraps to more than the kernel's width */
	for (uint32_t i = 0; i < source->plan->taps_odd; i++)
		*to++ = tap_pair(source, i / kernel * 2 - 1, i % kernel);
}

static void taps_write_three(const struct tap_source *source, int32_t *to)
{
	for (uint32_t i = 0; i < 3; i++)
		to[i] = tap_pair(source, 0, i);
	if (source->plan->inner.stride == 1) {
		for (uint32_t i = 0; i < 3; i++)
			to[3 + i] = tap_pair(source, 1, i);
		return;
	}
	to[3] = half_pair(tap_at(source, 2, 0), tap_at(source, 2, 1));
	to[4] = half_pair(tap_at(source, 2, 2), 0);
}

static void depthwise_write(const struct pack_job *job, uint8_t *weights, uint8_t *channels)
{
	struct armv7em_single *singles = (struct armv7em_single *)channels;
	const bool is_three = function_of(job->use.op) == ARMV7EM_DEPTHWISE3;
	struct armv7em_depthwise plan;
	int32_t *taps = (int32_t *)weights;

	armv7em_depthwise_plan(job->use.op, job->use.in[0], job->use.out, is_three, &plan);
	for (uint32_t i = 0; i < job->use.out->shape[3]; i++) {
		struct tap_source source = {job, &plan, i};
		struct channel_pack pack = channel_make(job, i);

		singles[i] = (struct armv7em_single){pack.bias, pack.finish};
		if (!pack.zero)
			(is_three ? taps_write_three : taps_write_any)(&source, taps);
		taps += plan.taps_even + plan.taps_odd;
	}
}

static void add_write(const struct pack_job *job, uint8_t *weights, uint8_t *channels)
{
	struct armv7em_add_tables *tables = (struct armv7em_add_tables *)weights;
	const enum armv7em_rounding rounding = rounding_of(job->use.op);
	const int32_t scale = rounding == ARMV7EM_UP ? 1 << UP_ADD_BITS : 1;
	struct pack_sums sums = add_sums(job);

	pack_armv7em_prove(&job->use, &sums, rounding, (struct armv7em_finish *)channels, NULL);
	for (int32_t value = -128; value < 128; value++)
		for (int i = 0; i < 2; i++)
			tables->worth[i][(uint8_t)value] = worth_of(job, i, value) * scale;
}

static void mul_write(const struct pack_job *job, uint8_t *weights, uint8_t *channels)
{
	struct pack_sums sums = mul_sums(job);

	(void)weights;
	pack_armv7em_prove(&job->use, &sums, rounding_of(job->use.op),
			   (struct armv7em_finish *)channels, NULL);
}

static void nothing_write(const struct pack_job *job, uint8_t *weights, uint8_t *channels)
{
	(void)job;
	(void)weights;
	(void)channels;
}

static const struct {
	bool (*is_exact)(const struct pack_job *job, enum armv7em_rounding rounding);
	void (*write)(const struct pack_job *job, uint8_t *weights, uint8_t *channels);
} functions[ARMV7EM_FUNCTION_END] = {
	[ARMV7EM_GEMM] = {channels_are_exact, gemm_write},
	[ARMV7EM_VECTOR] = {channels_are_exact, vector_write},
	[ARMV7EM_DEPTHWISE] = {channels_are_exact, depthwise_write},
	[ARMV7EM_DEPTHWISE3] = {channels_are_exact, depthwise_write},
	[ARMV7EM_ADD] = {add_is_exact, add_write},
	[ARMV7EM_MUL] = {mul_is_exact, mul_write},
	[ARMV7EM_AVERAGE_POOL] = {always_exact, nothing_write},
	[ARMV7EM_MAX_POOL] = {always_exact, nothing_write},
};

/* Fastest first. */
static const enum armv7em_function preferences[ARMV7EM_FUNCTION_END] = {
	ARMV7EM_VECTOR, ARMV7EM_GEMM, ARMV7EM_DEPTHWISE3,   ARMV7EM_DEPTHWISE,
	ARMV7EM_ADD,    ARMV7EM_MUL,  ARMV7EM_AVERAGE_POOL, ARMV7EM_MAX_POOL,
};

static bool function_runs(const struct pack_job *job, enum armv7em_function function)
{
	struct image_op op = *job->use.op;
	struct image_use use = job->use;
	struct image_needs needs;

	op.variant = armv7em_variant(function, ARMV7EM_UP);
	use.op = &op;
	return image_needs_armv7em(&use, &needs);
}

static bool choose(const struct pack_job *job, uint16_t *ret_variant)
{
	int function, rounding = ARMV7EM_UP;

	for (function = 0; function < ARMV7EM_FUNCTION_END; function++)
		if (function_runs(job, preferences[function]))
			break;
	if (function == ARMV7EM_FUNCTION_END)
		return false;
	while (!functions[preferences[function]].is_exact(job, (enum armv7em_rounding)rounding))
		rounding++;
	*ret_variant = armv7em_variant(preferences[function], (enum armv7em_rounding)rounding);
	return true;
}

static void write(const struct pack_job *job, uint8_t *weights, uint8_t *channels)
{
	functions[function_of(job->use.op)].write(job, weights, channels);
}

const struct pack_set pack_armv7em = {choose, write};
