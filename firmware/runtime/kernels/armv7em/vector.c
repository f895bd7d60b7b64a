/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * FULLY_CONNECTED of one row, and convolutions with one output pixel.
 */
#include "firmware/runtime/kernels/armv7em/armv7em.h"

struct vector_run {
	struct armv7em_gemm gemm;
	uint32_t *activations, *end; /* widened */
	const int8_t *bytes;         /* or not: gemm.direct */
};

static void run_start(struct vector_run *run, const struct kernel_call *call, bool up)
{
	struct armv7em_window window;

	armv7em_gemm_plan(call->op, call->in[0], call->out, &run->gemm);
	armv7em_window_start(call, &run->gemm, 1, up, &window);
	run->activations = (uint32_t *)call->scratch;
	run->end = run->activations + run->gemm.groups * 2;
	if (run->gemm.direct)
		run->bytes = armv7em_window_bytes(&window, call->scratch);
	else
		armv7em_window_widen(&window, 1, run->activations, (int8_t *)run->end);
}

/* sums: of four channels, the bias not among them; UP: not times 256. */
static void direct_sums(int32_t sums[4], const struct vector_run *run, const uint32_t *weights)
{
	const uint32_t rest = run->gemm.depth % 4, whole = run->gemm.depth - rest;
	uint32_t last = 0;

	sums[0] = sums[1] = sums[2] = sums[3] = 0;
	armv7em_quad_sums_direct(sums, run->bytes, run->bytes + whole, weights);
	if (rest == 0)
		return;
	for (uint32_t i = 0; i < rest; i++)
		last |= (uint32_t)(uint8_t)run->bytes[whole + i] << 8 * i;
	armv7em_quad_sums_direct(sums, (const int8_t *)&last, (const int8_t *)(&last + 1),
				 weights + whole);
}

DSP_INLINE void quad_sums(int32_t sums[4], const struct vector_run *run,
			  const struct armv7em_quad *quad, const uint32_t *weights, bool up)
{
	if (!run->gemm.direct) {
		for (int i = 0; i < 4; i++)
			sums[i] = quad->bias[i];
		armv7em_quad_sums(sums, run->activations, run->end, weights);
		return;
	}
	direct_sums(sums, run, weights);
	for (int i = 0; i < 4; i++)
		sums[i] = fixed_add(up ? fixed_shift_left(sums[i], 8) : sums[i], quad->bias[i]);
}

DSP_INLINE void vector(const struct kernel_call *call, enum armv7em_rounding rounding)
{
	const struct armv7em_quad *quad = call->channels;
	const uint32_t *weights = call->weights;
	struct vector_run run;

	run_start(&run, call, rounding == ARMV7EM_UP);
	for (uint32_t i = 0; i < run.gemm.channels; quad++, weights += run.gemm.groups * 4) {
		int32_t sums[4];

		quad_sums(sums, &run, quad, weights, rounding == ARMV7EM_UP);
		for (int k = 0; k < 4 && i < run.gemm.channels; k++, i++)
			call->output[i] = armv7em_finish(sums[k], &quad->finish[k], rounding);
	}
	armv7em_output_clamp(call);
}

void armv7em_vector_up(const struct kernel_call *call)
{
	vector(call, ARMV7EM_UP);
}

void armv7em_vector_away(const struct kernel_call *call)
{
	vector(call, ARMV7EM_AWAY);
}

void armv7em_vector_exact(const struct kernel_call *call)
{
	vector(call, ARMV7EM_EXACT);
}
