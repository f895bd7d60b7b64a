/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The inner loops of GEMM and VECTOR in C: the hosts' twins of gemm_loops_arm.c, and the exact
 * roundings everywhere.
 */
#include "firmware/runtime/kernels/armv7em/armv7em.h"

DSP_INLINE void pairs(const struct armv7em_pairs_job *job, enum armv7em_rounding rounding)
{
	const uint32_t *a = job->activations;
	int8_t *first = job->out, *second = first + job->pixel_step;

	do {
		int32_t sums[4] = {job->bias[0], job->bias[1], job->bias[2], job->bias[3]};

		for (const uint32_t *w = job->weights; w < job->weights_end; w += 4, a += 4)
			for (int i = 0; i < 4; i++) {
				const uint32_t *pixel = a + (i & 2), *channel = w + 2 * (i & 1);

				sums[i] = dsp_smlad(pixel[0], channel[0], sums[i]);
				sums[i] = dsp_smlad(pixel[1], channel[1], sums[i]);
			}
		second[job->channel_step] = armv7em_finish(sums[3], &job->finish[1], rounding);
		second[0] = armv7em_finish(sums[2], &job->finish[0], rounding);
		first[job->channel_step] = armv7em_finish(sums[1], &job->finish[1], rounding);
		first[0] = armv7em_finish(sums[0], &job->finish[0], rounding);
		first = second + job->pixel_step;
		second = first + job->pixel_step;
	} while (a < job->activations_end);
}

void armv7em_pairs_exact(const struct armv7em_pairs_job *job)
{
	pairs(job, ARMV7EM_EXACT);
}

/* Sums of three pixels and one channel; weights: its first four k, of every second word. */
static void three_sums(int32_t sums[3], const uint32_t *a, const uint32_t *a_end,
		       const uint32_t *weights)
{
	for (; a < a_end; a += 6, weights += 2) {
		uint32_t even = dsp_sxtb16(*weights), odd = dsp_sxtb16_ror8(*weights);

		for (int i = 0; i < 3; i++)
			sums[i] = dsp_smlad(a[3 + i], odd, dsp_smlad(a[i], even, sums[i]));
	}
}

DSP_INLINE void threes(const struct armv7em_threes_job *job, enum armv7em_rounding rounding)
{
	const uint32_t pair_words = (uint32_t)(job->activations_end - job->activations) / 3;
	const uint32_t *weights = job->weights;
	const struct armv7em_pair *pair = job->pair;

	for (int8_t *out = job->out; out != job->out_end; out += 2, pair++, weights += pair_words)
		for (int channel = 1; channel >= 0; channel--) {
			int32_t bias = pair->bias[channel], sums[3] = {bias, bias, bias};
			int8_t *to = out + (channel ? job->channel_step : 0);

			three_sums(sums, job->activations, job->activations_end, weights + channel);
			to[job->third] = armv7em_finish(sums[2], &pair->finish[channel], rounding);
			to[job->second] = armv7em_finish(sums[1], &pair->finish[channel], rounding);
			to[0] = armv7em_finish(sums[0], &pair->finish[channel], rounding);
		}
}

void armv7em_threes_exact(const struct armv7em_threes_job *job)
{
	threes(job, ARMV7EM_EXACT);
}

#ifndef DSP_MACHINE

void armv7em_pairs_up(const struct armv7em_pairs_job *job)
{
	pairs(job, ARMV7EM_UP);
}

void armv7em_pairs_away(const struct armv7em_pairs_job *job)
{
	pairs(job, ARMV7EM_AWAY);
}

void armv7em_threes_up(const struct armv7em_threes_job *job)
{
	threes(job, ARMV7EM_UP);
}

void armv7em_threes_away(const struct armv7em_threes_job *job)
{
	threes(job, ARMV7EM_AWAY);
}

void armv7em_weights_widen(uint32_t *to, const uint32_t *from, const uint32_t *from_end)
{
	for (; from < from_end; from++, to += 2) {
		to[0] = dsp_sxtb16(*from);
		to[1] = dsp_sxtb16_ror8(*from);
	}
}

void armv7em_quad_sums(int32_t sums[4], const uint32_t *activations,
		       const uint32_t *activations_end, const uint32_t *weights)
{
	for (; activations < activations_end; activations += 2, weights += 4)
		for (int i = 0; i < 4; i++) {
			sums[i] = dsp_smlad(activations[0], dsp_sxtb16(weights[i]), sums[i]);
			sums[i] = dsp_smlad(activations[1], dsp_sxtb16_ror8(weights[i]), sums[i]);
		}
}

void armv7em_quad_sums_direct(int32_t sums[4], const int8_t *activations,
			      const int8_t *activations_end, const uint32_t *weights)
{
	for (; activations < activations_end; activations += 4, weights += 4) {
		uint32_t bytes = dsp_load(activations);
		uint32_t wide[2] = {dsp_sxtb16(bytes), dsp_sxtb16_ror8(bytes)};

		armv7em_quad_sums(sums, wide, wide + 2, weights);
	}
}

#endif
