/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * CONV_2D and whatever else is a product of a matrix of windows and one of weights: a tile of
 * pixels is widened, then all output channels are made of it.
 */
#include "firmware/runtime/kernels/armv7em/armv7em.h"

typedef void pairs_fn(const struct armv7em_pairs_job *job);
typedef void threes_fn(const struct armv7em_threes_job *job);

struct gemm_run {
	const struct kernel_call *call;
	struct armv7em_gemm gemm;
	struct armv7em_window window;
	uint32_t *activations, *weights; /* in scratch */
	int8_t *bytes;
	pairs_fn *pairs;
	threes_fn *threes;
};

/* All channels of three pixels, or of the last one or two. */
static void three_pixels(struct gemm_run *run, int8_t *out, uint32_t pixels)
{
	const uint32_t channels = run->gemm.channels, groups = run->gemm.groups;
	const struct armv7em_pair *pairs = run->call->channels;
	struct armv7em_threes_job job = {
		.weights = run->call->weights,
		.activations = run->activations,
		.entry = groups % 4,
		.activations_end = run->activations + groups * 2 * ARMV7EM_THREE,
		.pair = pairs,
		.second = pixels > 1 ? channels : 0,
		.third = pixels > 2 ? 2 * channels : 0,
		.channel_step = 1,
		.out = out,
		.out_end = out + (channels & ~1u),
	};

	if (channels > 1)
		run->threes(&job);
	if (channels % 2 == 0)
		return;
	job.weights += channels / 2 * groups * 2;
	job.pair += channels / 2;
	job.channel_step = 0;
	job.out = out + channels - 1;
	job.out_end = job.out + 2;
	run->threes(&job);
}

/* One pair of channels of a tile. */
static void tile_pair(struct gemm_run *run, uint32_t pair_index, int8_t *out, uint32_t pixels)
{
	const uint32_t groups = run->gemm.groups, pair_words = groups * 4;
	const struct armv7em_pair *pair =
		(const struct armv7em_pair *)run->call->channels + pair_index;
	const uint32_t *from = (const uint32_t *)run->call->weights + pair_index * groups * 2;
	struct armv7em_pairs_job job = {
		.bias = {pair->bias[0], pair->bias[1], pair->bias[0], pair->bias[1]},
		.weights = run->weights,
		.entry = groups % 8,
		.weights_end = run->weights + pair_words,
		.finish = {pair->finish[0], pair->finish[1]},
		.pixel_step = run->gemm.channels,
		.channel_step = 2 * pair_index + 1 < run->gemm.channels,
		.out = out + 2 * pair_index,
		.activations = run->activations,
		.activations_end = run->activations + pixels / 2 * pair_words,
	};

	armv7em_weights_widen(run->weights, from, from + groups * 2);
	if (pixels > 1)
		run->pairs(&job);
	if (pixels % 2 == 0)
		return;
	job.activations = job.activations_end;
	job.activations_end += pair_words;
	job.out += (pixels - 1) * run->gemm.channels;
	job.pixel_step = 0;
	run->pairs(&job);
}

static void gemm(const struct kernel_call *call, bool up, pairs_fn *pairs, threes_fn *threes)
{
	struct gemm_run run = {.call = call, .pairs = pairs, .threes = threes};
	int8_t *out = call->output;

	armv7em_gemm_plan(call->op, call->in[0], call->out, &run.gemm);
	armv7em_window_start(call, &run.gemm, run.gemm.threes ? ARMV7EM_THREE : 2, up, &run.window);
	run.activations = (uint32_t *)call->scratch;
	run.weights = run.activations + run.gemm.tile * run.gemm.groups * 2;
	run.bytes = (int8_t *)(run.gemm.threes ? run.weights : run.weights + run.gemm.groups * 4);
	for (uint32_t left = run.gemm.pixels; left > 0;) {
		uint32_t pixels = left < run.gemm.tile ? left : run.gemm.tile;

		armv7em_window_widen(&run.window, pixels, run.activations, run.bytes);
		if (run.gemm.threes)
			three_pixels(&run, out, pixels);
		else
			for (uint32_t i = 0; 2 * i < run.gemm.channels; i++)
				tile_pair(&run, i, out, pixels);
		out += pixels * run.gemm.channels;
		left -= pixels;
	}
	armv7em_output_clamp(call);
}

void armv7em_gemm_up(const struct kernel_call *call)
{
	gemm(call, true, armv7em_pairs_up, armv7em_threes_up);
}

void armv7em_gemm_away(const struct kernel_call *call)
{
	gemm(call, false, armv7em_pairs_away, armv7em_threes_away);
}

void armv7em_gemm_exact(const struct kernel_call *call)
{
	gemm(call, false, armv7em_pairs_exact, armv7em_threes_exact);
}
