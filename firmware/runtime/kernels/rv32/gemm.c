/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Convolutions and fully connected operators as products of matrices: four pixels and two channels
 * at a time, two pixels in one word. Channels are the outer loop, so that weights come from flash
 * once for each tile of pixels.
 */
#include "firmware/runtime/kernels/rv32/rv32.h"

/* Sums of an even pixel and its odd neighbour for one channel. */
struct both {
	uint32_t run;   /* products of this run, and RV32_SPLIT_BIAS */
	uint32_t total; /* of all runs */
	uint32_t odd;
};

RV32_INLINE void both_split(struct both *both)
{
	both->total += both->run;
	both->odd += (uint32_t)((int32_t)both->run >> 16);
	both->run = RV32_SPLIT_BIAS;
}

RV32_INLINE uint32_t both_even(const struct both *both)
{
	return both->total - (both->odd << 16);
}

/* The next product of all four pixels with two channels. */
#define QUAD_STEP(k)                                                                               \
	do {                                                                                       \
		uint32_t front = words[2 * (k)], back = words[2 * (k) + 1];                        \
		uint32_t first = (uint32_t)weights[2 * (k)];                                       \
		uint32_t second = (uint32_t)weights[2 * (k) + 1];                                  \
                                                                                                   \
		a.run += front * first;                                                            \
		b.run += back * first;                                                             \
		c.run += front * second;                                                           \
		d.run += back * second;                                                            \
	} while (0)

/* One pair of channels. */
struct channels {
	const int8_t *weights, *weights_end;
	const struct rv32_gemm_channel *records;
	struct rv32_scale scale[2];
	uint32_t count; /* 2, or 1 for the last of an odd number */
	uint32_t pitch; /* output channels */
};

/* One channel at four pixels. */
RV32_INLINE void quad_finish(struct both front, struct both back,
			     const struct rv32_gemm_channel *record, const struct rv32_scale *scale,
			     int8_t *to, uint32_t pitch)
{
	uint32_t bias = record->bias, bias_even = record->bias_even;

	rv32_four_put(both_even(&front) + bias_even, front.odd + bias, both_even(&back) + bias_even,
		      back.odd + bias, scale, to, pitch);
}

RV32_APART void quad_run(const struct channels *channels, const uint32_t *words, int8_t *to)
{
	struct both a = {RV32_SPLIT_BIAS, 0, 0}, b = a, c = a, d = a;
	const int8_t *weights = channels->weights, *end = channels->weights_end;

	do {
		QUAD_STEP(0);
		QUAD_STEP(1);
		if (RV32_RARELY(weights[2 * RV32_RUN])) {
			both_split(&a);
			both_split(&b);
			both_split(&c);
			both_split(&d);
		}
		QUAD_STEP(2);
		QUAD_STEP(3);
		both_split(&a);
		both_split(&b);
		both_split(&c);
		both_split(&d);
		words += 2 * RV32_RUN;
		weights += RV32_RUN_BYTES;
	} while (weights != end);
	quad_finish(a, b, &channels->records[0], &channels->scale[0], to, channels->pitch);
	if (channels->count > 1)
		quad_finish(c, d, &channels->records[1], &channels->scale[1], to + 1,
			    channels->pitch);
}

#define PAIR_STEP(k)                                                                               \
	do {                                                                                       \
		uint32_t both = words[2 * (k)];                                                    \
                                                                                                   \
		a.run += both * (uint32_t)weights[2 * (k)];                                        \
		c.run += both * (uint32_t)weights[2 * (k) + 1];                                    \
	} while (0)

static void pair_finish(const struct channels *channels, struct both both, uint32_t which,
			int8_t *to, uint32_t pixels)
{
	const struct rv32_gemm_channel *record = &channels->records[which];
	const struct rv32_scale *scale = &channels->scale[which];

	to[which] = rv32_scale_sum(both_even(&both) + record->bias_even, *scale);
	if (pixels > 1)
		to[which + channels->pitch] = rv32_scale_sum(both.odd + record->bias, *scale);
}

RV32_APART void pair_run(const struct channels *channels, const uint32_t *words, int8_t *to,
			 uint32_t pixels)
{
	struct both a = {RV32_SPLIT_BIAS, 0, 0}, c = a;
	const int8_t *weights = channels->weights, *end = channels->weights_end;

	do {
		PAIR_STEP(0);
		PAIR_STEP(1);
		if (RV32_RARELY(weights[2 * RV32_RUN])) {
			both_split(&a);
			both_split(&c);
		}
		PAIR_STEP(2);
		PAIR_STEP(3);
		both_split(&a);
		both_split(&c);
		words += 2 * RV32_RUN;
		weights += RV32_RUN_BYTES;
	} while (weights != end);
	pair_finish(channels, a, 0, to, pixels);
	if (channels->count > 1)
		pair_finish(channels, c, 1, to, pixels);
}

/* The last one, two or three pixels. */
static void rest_run(const struct channels *channels, const uint32_t *words, int8_t *to,
		     uint32_t pixels)
{
	pair_run(channels, words, to, pixels);
	if (pixels > 2)
		pair_run(channels, words + 1, to + 2 * channels->pitch, 1);
}

static void tile_run(const struct kernel_call *call, const struct rv32_gemm *gemm, int8_t *to,
		     uint32_t pixels)
{
	const uint32_t quad_words = gemm->runs * RV32_RUN * 2,
		       weights = gemm->runs * RV32_RUN_BYTES;
	struct channels channels = {
		.weights = call->weights, .records = call->channels, .pitch = gemm->channels};

	for (uint32_t channel = 0; channel < gemm->channels; channel += 2, to += 2) {
		const uint32_t *words = (const uint32_t *)(const void *)call->scratch;
		int8_t *place = to;
		uint32_t left = pixels;

		channels.weights_end = channels.weights + weights;
		channels.count = gemm->channels - channel > 1 ? 2 : 1;
		for (int i = 0; i < 2; i++)
			channels.scale[i] = rv32_scale_of(&channels.records[i].finish, call->op);
		for (; left >= RV32_QUAD; left -= RV32_QUAD, words += quad_words) {
			quad_run(&channels, words, place);
			place += RV32_QUAD * gemm->channels;
		}
		if (left)
			rest_run(&channels, words, place, left);
		channels.weights = channels.weights_end;
		channels.records += 2;
	}
}

void rv32_gemm_run(const struct kernel_call *call)
{
	struct image_use use = rv32_use(call);
	struct rv32_gemm gemm;
	int8_t *to = call->output;

	rv32_gemm_plan(&use, &gemm);
	for (uint32_t first = 0; first < gemm.pixels; first += gemm.tile) {
		uint32_t left = gemm.pixels - first, count = left < gemm.tile ? left : gemm.tile;

		rv32_pixels_pack(call, &gemm, first, count);
		tile_run(call, &gemm, to, count);
		to += count * gemm.channels;
	}
}
