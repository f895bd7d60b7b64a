/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Constants of the RV32 kernels, in the orders and with the proofs firmware/image/needs_rv32.h
 * names.
 */
#include "bench/model/pack.h"

#include <string.h>

#include "firmware/image/needs_rv32.h"
#include "firmware/runtime/kernels/portable/fixed_point.h"

/* Rounding --------------------------------------------------------------------------------------
 */

/* most: no accumulator is larger, in either direction. */
static bool rescale_is_fast(const struct image_rescale *rescale, int64_t most, int32_t zero_point)
{
	int32_t right = -rescale->shift;
	int64_t high, addend;

	if (right < 1 || right > 30 || most >= 1 << 29)
		return false;
	high = (most * 4 * rescale->multiplier >> 32) + 1;
	addend = 1 + ((int64_t)1 << right) + (int64_t)zero_point * ((int64_t)2 << right);
	return addend - high - 2 >= INT32_MIN && addend + high <= INT32_MAX;
}

static struct rv32_finish finish_make(const struct image_rescale *rescale, int64_t most,
				      int32_t zero_point)
{
	int32_t right = -rescale->shift;

	if (!rescale_is_fast(rescale, most, zero_point))
		return (struct rv32_finish){rescale->multiplier, zero_point,
					    (uint32_t)(RV32_EXACT + 31 + rescale->shift)};
	return (struct rv32_finish){
		.multiplier = rescale->multiplier,
		.addend = 1 + (1 << right) + zero_point * (2 << right),
		.shift = (uint32_t)right + 1,
	};
}

/* Weights ---------------------------------------------------------------------------------------
 */

/* One output channel's weights in the order in which a window is read. */
struct row {
	const int8_t *first;
	uint32_t step;
	uint32_t count;
};

static struct row row_of(const struct pack_job *job, uint32_t channel)
{
	const struct image_op *op = job->use.op;
	uint32_t channels = job->use.out->shape[3];
	struct rv32_gemm gemm;

	if (op->kind == IMAGE_DEPTHWISE_CONV_2D)
		return (struct row){job->weights + channel, channels,
				    (uint32_t)op->kernel_h * op->kernel_w};
	rv32_gemm_plan(&job->use, &gemm);
	return (struct row){job->weights + (size_t)channel * gemm.depth, 1, gemm.depth};
}

/* 0 behind the end: a run is filled up. */
static int8_t row_at(const struct row *row, uint32_t k)
{
	return k < row->count ? row->first[(size_t)k * row->step] : 0;
}

/* The largest size an accumulator can have. */
static int64_t accumulator_most(const struct row *row, int32_t bias)
{
	int64_t sum = bias < 0 ? -(int64_t)bias : bias;

	for (uint32_t k = 0; k < row->count; k++)
		sum += 128 * (row_at(row, k) < 0 ? -row_at(row, k) : row_at(row, k));
	return sum;
}

/* Any int8 inputs times these weights stay within 16 bits. */
static bool sum_fits(const struct row *row, uint32_t from, uint32_t count)
{
	int32_t least = 0, most = 0;

	for (uint32_t k = from; k < from + count; k++) {
		int32_t weight = row_at(row, k);

		least += weight > 0 ? -128 * weight : 127 * weight;
		most += weight > 0 ? 127 * weight : -128 * weight;
	}
	return least >= INT16_MIN && most <= INT16_MAX;
}

static bool runs_fit(const struct pack_job *job)
{
	for (uint32_t i = 0; i < job->use.out->shape[3]; i++) {
		struct row row = row_of(job, i);

		for (uint32_t k = 0; k < row.count; k += RV32_RUN / 2)
			if (!sum_fits(&row, k, RV32_RUN / 2))
				return false;
	}
	return true;
}

/* Functions -------------------------------------------------------------------------------------
 */

/* Returns how often the pair's sums are split. */
static uint32_t pair_weights_write(const struct row rows[2], uint32_t runs, uint8_t *to)
{
	uint32_t splits = 0;

	for (uint32_t k = 0; k < runs * RV32_RUN; k += RV32_RUN, to += RV32_RUN_BYTES) {
		bool fits = sum_fits(&rows[0], k, RV32_RUN) && sum_fits(&rows[1], k, RV32_RUN);

		for (uint32_t i = 0; i < RV32_RUN; i++) {
			to[2 * i] = (uint8_t)row_at(&rows[0], k + i);
			to[2 * i + 1] = (uint8_t)row_at(&rows[1], k + i);
		}
		to[2 * RV32_RUN] = !fits;
		splits += fits ? 1 : 2;
	}
	return splits;
}

static void gemm_write(const struct pack_job *job, uint8_t *weights, uint8_t *channels)
{
	struct rv32_gemm gemm;

	rv32_gemm_plan(&job->use, &gemm);
	for (uint32_t i = 0; i < gemm.channels; i += 2, weights += gemm.runs * RV32_RUN_BYTES) {
		uint32_t count = gemm.channels - i > 1 ? 2 : 1;
		struct row rows[2] = {row_of(job, i)};
		uint32_t splits;

		if (count == 2)
			rows[1] = row_of(job, i + 1);
		splits = pair_weights_write(rows, gemm.runs, weights);
		for (uint32_t k = 0; k < count; k++) {
			const struct image_channel *from = &job->channels[i + k];
			struct rv32_gemm_channel to = {.bias = (uint32_t)from->bias};

			to.bias_even = to.bias - splits * RV32_SPLIT_BIAS;
			to.finish =
				finish_make(&from->rescale, accumulator_most(&rows[k], from->bias),
					    job->use.out->zero_point);
			memcpy(channels + (i + k) * sizeof(to), &to, sizeof(to));
		}
	}
}

static void channels_write(const struct pack_job *job, uint8_t *channels)
{
	for (uint32_t i = 0; i < job->use.out->shape[3]; i++) {
		const struct image_channel *from = &job->channels[i];
		struct row row = row_of(job, i);
		struct rv32_channel to = {
			.bias = (uint32_t)from->bias,
			.finish = finish_make(&from->rescale, accumulator_most(&row, from->bias),
					      job->use.out->zero_point),
		};

		memcpy(channels + i * sizeof(to), &to, sizeof(to));
	}
}

static void vector_write(const struct pack_job *job, uint8_t *weights, uint8_t *channels)
{
	for (uint32_t i = 0; i < job->use.out->shape[3]; i++) {
		struct row row = row_of(job, i);
		uint8_t *to = weights + (size_t)(i / 4) * 4 * row.count + i % 4;

		for (uint32_t k = 0; k < row.count; k++)
			to[(size_t)4 * k] = (uint8_t)row_at(&row, k);
	}
	channels_write(job, channels);
}

static void depthwise_write(const struct pack_job *job, uint8_t *weights, uint8_t *channels)
{
	for (uint32_t i = 0; i < job->use.out->shape[3]; i++) {
		struct row row = row_of(job, i);

		for (uint32_t k = 0; k < row.count; k++)
			*weights++ = (uint8_t)row_at(&row, k);
	}
	channels_write(job, channels);
}

static void add_write(const struct pack_job *job, uint8_t *weights, uint8_t *channels)
{
	struct rv32_add to;
	int64_t most[2] = {0};

	(void)weights;
	for (int i = 0; i < 2; i++)
		for (int32_t byte = 0; byte < 256; byte++) {
			int32_t value = (int8_t)byte - job->use.in[i]->zero_point;
			int32_t worth = fixed_rescale(value * (1 << IMAGE_ADD_LEFT_SHIFT),
						      &job->use.op->rescale[i]);

			to.worth[i][byte] = (uint32_t)worth;
			worth = worth < 0 ? -worth : worth;
			most[i] = worth > most[i] ? worth : most[i];
		}
	to.finish =
		finish_make(&job->use.op->rescale[2], most[0] + most[1], job->use.out->zero_point);
	memcpy(channels, &to, sizeof(to));
}

static void pool_write(const struct pack_job *job, uint8_t *weights, uint8_t *channels)
{
	(void)job;
	(void)weights;
	(void)channels;
}

/* Choice ----------------------------------------------------------------------------------------
 */

static void (*const writers[RV32_FUNCTION_END])(const struct pack_job *, uint8_t *, uint8_t *) = {
	[RV32_GEMM] = gemm_write,           [RV32_VECTOR] = vector_write,
	[RV32_DEPTHWISE] = depthwise_write, [RV32_ADD] = add_write,
	[RV32_AVERAGE_POOL] = pool_write,   [RV32_MAX_POOL] = pool_write,
};

static bool can_run(const struct pack_job *job, enum rv32_function function)
{
	struct image_op op = *job->use.op;
	struct image_use use = job->use;
	struct image_needs needs;

	op.variant = (uint16_t)function;
	use.op = &op;
	if (!image_needs_rv32(&use, &needs))
		return false;
	return function != RV32_GEMM || runs_fit(job);
}

static bool prefers_gemm(const struct pack_job *job)
{
	uint32_t pixels = job->use.out->bytes / job->use.out->shape[3];

	return job->use.op->kind == IMAGE_DEPTHWISE_CONV_2D ? job->use.out->shape[3] > 1
							    : pixels > 2;
}

static bool choose(const struct pack_job *job, uint16_t *ret_variant)
{
	uint32_t function = prefers_gemm(job) ? RV32_GEMM : RV32_GEMM + 1;

	while (function < RV32_FUNCTION_END && !can_run(job, (enum rv32_function)function))
		function++;
	if (function < RV32_FUNCTION_END)
		*ret_variant = (uint16_t)function;
	return function < RV32_FUNCTION_END;
}

static void write(const struct pack_job *job, uint8_t *weights, uint8_t *channels)
{
	writers[job->use.op->variant](job, weights, channels);
}

const struct pack_set pack_rv32 = {choose, write};
