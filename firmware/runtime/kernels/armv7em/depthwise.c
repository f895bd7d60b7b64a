/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * DEPTHWISE_CONV_2D. Four input channels at a time are widened into planes of their own, where
 * neighbours along the inner axis share a word, so that SMLAD takes two taps; a word's neighbours
 * in memory are the lines along the outer axis. A plane holds a strip of the input, its padding
 * written as the zero point. A dilated axis is taken apart into as many phases, each without
 * dilation.
 */
#include "firmware/runtime/kernels/armv7em/armv7em.h"

/* A part of the output that is made from one filling of the planes. */
struct depthwise_part {
	const int8_t *in; /* the batch's */
	int8_t *out;      /* the part's first element, channel 0 */
	uint32_t inner_count, outer_count;
	int32_t inner_first, outer_first; /* of the input, may be outside */
};

struct depthwise_run;
typedef void depthwise_fn(const struct depthwise_run *run, const struct depthwise_part *part,
			  const uint32_t *plane, uint32_t channel);

struct depthwise_run {
	const struct kernel_call *call;
	struct armv7em_depthwise plan;
	bool up;
	depthwise_fn *channel;
};

/* One column of pairs of up to four planes. */
struct plane_column {
	uint32_t *to; /* of the first plane */
	uint32_t plane_words;
	const int8_t *left, *right; /* of the pair, in the first line */
	uint32_t left_step, right_step;
	uint32_t before, inside, after; /* lines: outside the input, inside, outside */
	uint32_t outside;               /* a pair outside the input */
	uint32_t channels;              /* 1 .. 4 */
};

DSP_INLINE uint32_t load_channels(const int8_t *from, uint32_t channels)
{
	uint32_t value = 0;

	if (channels == 4)
		return dsp_load(from);
	for (uint32_t i = 0; i < channels; i++)
		value |= (uint32_t)(uint8_t)from[i] << 8 * i;
	return value;
}

DSP_INLINE void lines_widen(const struct plane_column *column, uint32_t channels, bool up)
{
	const int8_t *left = column->left, *right = column->right;
	const uint32_t left_step = column->left_step, right_step = column->right_step;
	const uint32_t words = column->plane_words;
	uint32_t *to = column->to + column->before, *end = to + column->inside;

	for (; to < end; to++, left += left_step, right += right_step) {
		uint32_t a = load_channels(left, channels), b = load_channels(right, channels);
		uint32_t first = dsp_pkhbt16(a, b), last = dsp_pkhtb16(a, b);

		to[0] = dsp_widen_even(first, up);
		to[words] = dsp_widen_odd(first, up);
		to[2 * words] = dsp_widen_even(last, up);
		to[3 * words] = dsp_widen_odd(last, up);
	}
}

static void lines_outside(uint32_t *to, uint32_t words, uint32_t count, uint32_t value)
{
	for (; count > 0; count--, to++) {
		to[0] = value;
		to[words] = value;
		to[2 * words] = value;
		to[3 * words] = value;
	}
}

static void column_widen(const struct plane_column *column, bool up)
{
	lines_outside(column->to, column->plane_words, column->before, column->outside);
	lines_outside(column->to + column->before + column->inside, column->plane_words,
		      column->after, column->outside);
	if (column->channels == 4)
		up ? lines_widen(column, 4, true) : lines_widen(column, 4, false);
	else
		lines_widen(column, column->channels, up);
}

/* Of count positions first, first + step, ...: those before the input and those inside. */
static void axis_clip(const struct armv7em_axis *axis, int32_t first, uint32_t count,
		      struct plane_column *column)
{
	const int32_t step = (int32_t)axis->dilation, size = (int32_t)axis->in;
	uint32_t before = first < 0 ? (uint32_t)((-first + step - 1) / step) : 0;
	uint32_t end = first < size ? (uint32_t)((size - first + step - 1) / step) : 0;

	before = before < count ? before : count;
	end = end < count ? end : count;
	end = end < before ? before : end;
	column->before = before;
	column->inside = end - before;
	column->after = count - end;
}

static void planes_fill(const struct depthwise_run *run, const struct depthwise_part *part,
			uint32_t channel, uint32_t channels)
{
	const struct armv7em_axis *inner = &run->plan.inner, *outer = &run->plan.outer;
	const uint32_t lines = (part->outer_count - 1) * outer->stride + outer->kernel;
	const uint32_t four = (uint8_t)run->call->in[0]->zero_point * 0x01010101u;
	struct plane_column column = {.to = (uint32_t *)run->call->scratch,
				      .plane_words = run->plan.columns * run->plan.rows,
				      .outside = dsp_widen_even(four, run->up),
				      .channels = channels};
	const uint32_t line_step = outer->in_step * outer->dilation;
	const int8_t *line;
	int32_t at = part->inner_first;
	int8_t zeros[4];

	dsp_store(zeros, four);
	axis_clip(outer, part->outer_first, lines, &column);
	line = part->in + channel +
	       (part->outer_first + (int32_t)(column.before * outer->dilation)) *
		       (int32_t)outer->in_step;
	for (uint32_t i = 0; i < run->plan.columns; i++, column.to += run->plan.rows) {
		bool inside = at >= 0 && at < (int32_t)inner->in;

		column.left = inside ? line + at * (int32_t)inner->in_step : zeros;
		column.left_step = inside ? line_step : 0;
		at += (int32_t)inner->dilation;
		inside = at >= 0 && at < (int32_t)inner->in;
		column.right = inside ? line + at * (int32_t)inner->in_step : zeros;
		column.right_step = inside ? line_step : 0;
		at += (int32_t)inner->dilation;
		column_widen(&column, run->up);
	}
}

static void part_run(const struct depthwise_run *run, const struct depthwise_part *part)
{
	const uint32_t channels = run->call->in[0]->shape[3], multiplier = run->plan.multiplier;
	const uint32_t plane_words = run->plan.columns * run->plan.rows;

	for (uint32_t channel = 0; channel < channels; channel += 4) {
		const uint32_t *plane = (const uint32_t *)run->call->scratch;
		uint32_t count = channels - channel < 4 ? channels - channel : 4;

		planes_fill(run, part, channel, count);
		for (uint32_t i = 0; i < count; i++, plane += plane_words)
			for (uint32_t k = 0; k < multiplier; k++)
				run->channel(run, part, plane, (channel + i) * multiplier + k);
	}
}

/* The strips of one phase of both axes. */
static void phase_run(const struct depthwise_run *run, struct depthwise_part part,
		      uint32_t inner_phase, uint32_t outer_phase)
{
	const struct armv7em_axis *inner = &run->plan.inner, *outer = &run->plan.outer;
	uint32_t left = (outer->out - outer_phase + outer->dilation - 1) / outer->dilation;

	part.inner_count = (inner->out - inner_phase + inner->dilation - 1) / inner->dilation;
	part.inner_first = (int32_t)inner_phase - (int32_t)inner->pad;
	part.outer_first = (int32_t)outer_phase - (int32_t)outer->pad;
	part.out += inner_phase * inner->out_step + outer_phase * outer->out_step;
	while (left > 0) {
		part.outer_count = left < run->plan.strip ? left : run->plan.strip;
		part_run(run, &part);
		left -= part.outer_count;
		part.out += part.outer_count * outer->dilation * outer->out_step;
		part.outer_first += (int32_t)(part.outer_count * outer->dilation * outer->stride);
	}
}

static void depthwise(const struct kernel_call *call, bool is_three, bool up, depthwise_fn *channel)
{
	struct depthwise_run run = {.call = call, .up = up, .channel = channel};
	struct depthwise_part part = {.in = call->input[0], .out = call->output};
	const struct armv7em_axis *inner = &run.plan.inner, *outer = &run.plan.outer;

	armv7em_depthwise_plan(call->op, call->in[0], call->out, is_three, &run.plan);
	for (uint32_t batch = 0; batch < call->out->shape[0]; batch++) {
		for (uint32_t i = 0; i < inner->dilation && i < inner->out; i++)
			for (uint32_t k = 0; k < outer->dilation && k < outer->out; k++)
				phase_run(&run, part, i, k);
		part.in += call->in[0]->bytes / call->out->shape[0];
		part.out += call->out->bytes / call->out->shape[0];
	}
	armv7em_output_clamp(call);
}

typedef void columns_fn(const struct armv7em_columns_job *job);

/* Stride 1: all columns whose pairs are whole, then the last if it holds one output. Stride 2: a
 * column for each output. */
DSP_INLINE void three_channel(const struct depthwise_run *run, const struct depthwise_part *part,
			      const uint32_t *plane, uint32_t channel, columns_fn *pairs_columns,
			      columns_fn *single_columns)
{
	const struct armv7em_single *single =
		(const struct armv7em_single *)run->call->channels + channel;
	const bool is_paired = run->plan.inner.stride == 1;
	const uint32_t rows = run->plan.rows, count = part->outer_count;
	const uint32_t whole = is_paired ? part->inner_count / 2 : part->inner_count;
	const uint32_t column_step =
		run->plan.inner.out_step * run->plan.inner.dilation * (is_paired ? 2 : 1);
	struct armv7em_columns_job job;

	job.finish = single->finish;
	job.bias[0] = job.bias[1] = single->bias;
	job.inner_step = is_paired ? column_step / 2 : 4 * run->plan.outer.stride;
	job.outer_step = run->plan.outer.out_step * run->plan.outer.dilation;
	job.words = plane;
	job.next_words = plane + rows;
	job.end = plane + count * run->plan.outer.stride;
	job.last_end = job.end + (whole - 1) * rows;
	job.skip = (rows - count * run->plan.outer.stride) * 4;
	job.column_bytes = rows * 4;
	job.out = part->out + channel;
	job.out_skip = column_step - count * job.outer_step;
	job.taps = (const uint32_t *)run->call->weights + channel * run->plan.taps_even;
	if (whole > 0)
		(is_paired ? pairs_columns : single_columns)(&job);
	if (!is_paired || part->inner_count % 2 == 0)
		return;
	job.inner_step = 0;
	job.words += whole * rows;
	job.next_words += whole * rows;
	job.end = job.last_end = job.words + count;
	job.out += whole * column_step;
	pairs_columns(&job);
}

static void three_channel_up(const struct depthwise_run *run, const struct depthwise_part *part,
			     const uint32_t *plane, uint32_t channel)
{
	three_channel(run, part, plane, channel, armv7em_columns_up, armv7em_columns2_up);
}

static void three_channel_away(const struct depthwise_run *run, const struct depthwise_part *part,
			       const uint32_t *plane, uint32_t channel)
{
	three_channel(run, part, plane, channel, armv7em_columns_away, armv7em_columns2_away);
}

static void three_channel_exact(const struct depthwise_run *run, const struct depthwise_part *part,
				const uint32_t *plane, uint32_t channel)
{
	three_channel(run, part, plane, channel, armv7em_columns_exact, armv7em_columns2_exact);
}

/* A window and its taps, both a column after the other. */
static int32_t one_sum(int32_t sum, const struct depthwise_run *run, const uint32_t *words,
		       const uint32_t *taps, const uint32_t *taps_end)
{
	for (; taps < taps_end; words += run->plan.rows)
		for (uint32_t i = 0; i < run->plan.outer.kernel; i++)
			sum = dsp_smlad(words[i], *taps++, sum);
	return sum;
}

typedef void lines_fn(const struct armv7em_lines_job *job);

/* All whole fours, then the last four again as far as they are not among them. */
static void fours(struct armv7em_lines_job *job, uint32_t count, uint32_t stride, lines_fn *lines)
{
	const uint32_t *words = job->words;
	int8_t *out = job->out;

	job->block_bytes = 16 * stride;
	job->blocks = count / 4;
	lines(job);
	if (count % 4 == 0)
		return;
	job->words = words + (count - 4) * stride;
	job->out = out + (count - 4) * job->out_step;
	job->blocks = 1;
	lines(job);
}

/* Outputs of the inner axis one after the other, each for all of the outer axis. */
DSP_INLINE void any_channel(const struct depthwise_run *run, const struct depthwise_part *part,
			    const uint32_t *plane, uint32_t channel, enum armv7em_rounding rounding,
			    lines_fn *dense, lines_fn *five, lines_fn *apart)
{
	const struct armv7em_depthwise *plan = &run->plan;
	const struct armv7em_single *single =
		(const struct armv7em_single *)run->call->channels + channel;
	const uint32_t *taps =
		(const uint32_t *)run->call->weights + channel * (plan->taps_even + plan->taps_odd);
	const uint32_t inner_step = plan->inner.out_step * plan->inner.dilation;
	const uint32_t stride = plan->outer.stride, count = part->outer_count;
	struct armv7em_lines_job job;
	uint32_t at = 0;

	job.finish = single->finish;
	job.bias[0] = job.bias[1] = job.bias[2] = job.bias[3] = single->bias;
	job.kernel = plan->outer.kernel;
	job.column_bytes = plan->rows * 4;
	job.out_step = plan->outer.out_step * plan->outer.dilation;
	for (uint32_t i = 0; i < part->inner_count; i++, at += plan->inner.stride) {
		int8_t *out = part->out + channel + i * inner_step;

		job.words = plane + at / 2 * plan->rows;
		job.taps = at % 2 ? taps + plan->taps_even : taps;
		job.taps_end = job.taps + (at % 2 ? plan->taps_odd : plan->taps_even);
		job.out = out;
		if (count >= 4 && stride <= 2) {
			fours(&job, count, stride,
			      stride == 2       ? apart
			      : job.kernel == 5 ? five
						: dense);
			continue;
		}
		for (uint32_t k = 0; k < count; k++, job.words += stride, out += job.out_step)
			*out = armv7em_finish(
				one_sum(single->bias, run, job.words, job.taps, job.taps_end),
				&job.finish, rounding);
	}
}

static void any_channel_up(const struct depthwise_run *run, const struct depthwise_part *part,
			   const uint32_t *plane, uint32_t channel)
{
	any_channel(run, part, plane, channel, ARMV7EM_UP, armv7em_lines_up, armv7em_lines5_up,
		    armv7em_lines2_up);
}

static void any_channel_away(const struct depthwise_run *run, const struct depthwise_part *part,
			     const uint32_t *plane, uint32_t channel)
{
	any_channel(run, part, plane, channel, ARMV7EM_AWAY, armv7em_lines_away,
		    armv7em_lines5_away, armv7em_lines2_away);
}

static void any_channel_exact(const struct depthwise_run *run, const struct depthwise_part *part,
			      const uint32_t *plane, uint32_t channel)
{
	any_channel(run, part, plane, channel, ARMV7EM_EXACT, armv7em_lines_exact,
		    armv7em_lines_exact, armv7em_lines2_exact);
}

void armv7em_depthwise_up(const struct kernel_call *call)
{
	depthwise(call, false, true, any_channel_up);
}

void armv7em_depthwise_away(const struct kernel_call *call)
{
	depthwise(call, false, false, any_channel_away);
}

void armv7em_depthwise_exact(const struct kernel_call *call)
{
	depthwise(call, false, false, any_channel_exact);
}

void armv7em_depthwise3_up(const struct kernel_call *call)
{
	depthwise(call, true, true, three_channel_up);
}

void armv7em_depthwise3_away(const struct kernel_call *call)
{
	depthwise(call, true, false, three_channel_away);
}

void armv7em_depthwise3_exact(const struct kernel_call *call)
{
	depthwise(call, true, false, three_channel_exact);
}
