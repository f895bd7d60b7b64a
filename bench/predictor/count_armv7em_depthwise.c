/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * DEPTHWISE and DEPTHWISE3 (firmware/runtime/kernels/armv7em: depthwise.c, depthwise_lines.c,
 * depthwise_loops.c; the plan: firmware/image/needs_armv7em.c).
 */
#include "bench/predictor/count_armv7em.h"

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t phase_outputs(const struct armv7em_axis *axis)
{
	return (axis->out + axis->dilation - 1) / axis->dilation;
}

static uint32_t budget_of(const struct image_use *use)
{
	uint32_t tensors = use->in[0]->bytes + use->out->bytes, budget = tensors / 16;

	if (tensors < ARMV7EM_SCRATCH_AND_TENSORS)
		budget = least(ARMV7EM_SCRATCH_AND_TENSORS - tensors, tensors / 2);
	budget = budget < ARMV7EM_SCRATCH_LEAST ? ARMV7EM_SCRATCH_LEAST : budget;
	return least(budget, ARMV7EM_SCRATCH_MOST);
}

/* Alternatives that the plan takes for one of both orientations. */
struct orientation {
	bool stride_even, strip_one, strip_all, strip_equal, fours, both;
};

static struct orientation orientation_of(const struct armv7em_axis *inner,
					 const struct armv7em_axis *outer, uint32_t budget)
{
	uint32_t pairs = (phase_outputs(inner) + 1) / 2;
	uint32_t columns = ((2 * pairs - 1) * inner->stride + inner->kernel + 1) / 2;
	uint32_t rows = budget / (columns * 16), outputs = phase_outputs(outer), strip;
	struct orientation to = {.stride_even = inner->stride % 2 == 0};

	to.strip_one = rows < outer->kernel + outer->stride;
	strip = to.strip_one ? 1 : (rows - outer->kernel) / outer->stride + 1;
	to.strip_all = strip > outputs;
	to.strip_equal = strip == outputs;
	strip = least(strip, outputs);
	to.fours = strip >= 4;
	to.both = strip >= 4 && strip % 4;
	return to;
}

static void orientation_put(struct count_variables *to, const char *const names[6],
			    const struct orientation *from)
{
	count_put(to, names[0], from->stride_even);
	count_put(to, names[1], from->strip_one);
	count_put(to, names[2], from->strip_all);
	count_put(to, names[3], from->strip_equal);
	count_put(to, names[4], from->fours);
	count_put(to, names[5], from->both);
}

static void plan_put(const struct image_use *use, const struct armv7em_depthwise *plan,
		     struct count_variables *to)
{
	const uint32_t budget = budget_of(use), tensors = use->in[0]->bytes + use->out->bytes;
	struct orientation own = orientation_of(&plan->inner, &plan->outer, budget);
	struct orientation other = orientation_of(&plan->outer, &plan->inner, budget);
	bool small = tensors < ARMV7EM_SCRATCH_AND_TENSORS;
	uint32_t wish =
		small ? least(ARMV7EM_SCRATCH_AND_TENSORS - tensors, tensors / 2) : tensors / 16;
	static const char *const across[] = {"across.stride_even", "across.strip_one",
					     "across.strip_all",   "across.strip_equal",
					     "across.fours",       "across.both"};
	static const char *const along[] = {"along.stride_even", "along.strip_one",
					    "along.strip_all",   "along.strip_equal",
					    "along.fours",       "along.both"};

	count_put(to, "1", 1);
	count_put(to, "plan.swapped", plan->swapped);
	count_put(to, "plan.small", small);
	count_put(to, "plan.small_half",
		  small && ARMV7EM_SCRATCH_AND_TENSORS - tensors < tensors / 2);
	count_put(to, "plan.budget_low", wish < ARMV7EM_SCRATCH_LEAST);
	count_put(to, "plan.budget_high", wish > ARMV7EM_SCRATCH_MOST);
	count_put(to, "plan.budget_least", wish == ARMV7EM_SCRATCH_LEAST);
	count_put(to, "plan.budget_most", wish == ARMV7EM_SCRATCH_MOST);
	count_put(to, "plan.small_budget_high", small && wish > ARMV7EM_SCRATCH_MOST);
	count_put(to, "plan.small_equal",
		  small && ARMV7EM_SCRATCH_AND_TENSORS - tensors == tensors / 2);
	orientation_put(to, across, plan->swapped ? &other : &own);
	orientation_put(to, along, plan->swapped ? &own : &other);
}

/* One filling of the planes for up to four channels, summed over all fillings. */
struct fillings {
	int64_t parts;
	int64_t first_low, first_high, before_all, end_all; /* of the axis along the lines */
	int64_t before_equal, end_equal, end_low, end_least, rests;
	int64_t columns, left_low, left_inside, right_low, right_inside;
	int64_t before, any_before, inside, any_inside, after, any_after;
	int64_t outside_columns; /* both of the pair */
};

/* What is made of the planes for one output channel, summed over all fillings. */
struct channel_work {
	int64_t whole, odd, outputs_whole, outputs_odd, columns_whole; /* DEPTHWISE3 */
	int64_t inner, odd_starts;                                     /* DEPTHWISE */
	int64_t calls, rests, blocks, even_columns, odd_columns, even_taps, odd_taps;
	int64_t single_parts, singles, single_columns, single_taps;
	int64_t single_strides; /* parts whose stride is too wide for fours */
};

struct walk {
	const struct armv7em_depthwise *plan;
	bool is_three;
	struct fillings fillings;
	struct channel_work work;
};

static void lines_add(struct walk *walk, int32_t first, int32_t count, int64_t columns)
{
	const struct armv7em_axis *outer = &walk->plan->outer;
	int32_t step = (int32_t)outer->dilation, size = (int32_t)outer->in;
	int32_t before = first < 0 ? (-first + step - 1) / step : 0;
	int32_t end = first < size ? (size - first + step - 1) / step : 0;
	struct fillings *to = &walk->fillings;

	to->first_low += first < 0;
	to->first_high += first >= size;
	to->before_all += before > count;
	to->end_all += end > count;
	to->before_equal += before == count;
	to->end_equal += end == count;
	to->end_low += count_least(end, count) < count_least(before, count);
	to->end_least += count_least(end, count) == count_least(before, count);
	before = count_least(before, count);
	end = count_most(count_least(end, count), before);
	to->before += columns * before;
	to->any_before += before > 0 ? columns : 0;
	to->inside += columns * (end - before);
	to->any_inside += end > before ? columns : 0;
	to->after += columns * (count - end);
	to->any_after += count > end ? columns : 0;
}

static void columns_add(struct walk *walk, int32_t at)
{
	const struct armv7em_axis *inner = &walk->plan->inner;
	const int32_t size = (int32_t)inner->in, step = (int32_t)inner->dilation;
	struct fillings *to = &walk->fillings;

	to->columns += walk->plan->columns;
	for (uint32_t i = 0; i < walk->plan->columns; i++, at += 2 * step) {
		bool left = at >= 0 && at < size, right = at + step >= 0 && at + step < size;

		to->left_low += at < 0;
		to->left_inside += left;
		to->right_low += at + step < 0;
		to->right_inside += right;
		to->outside_columns += !left && !right;
	}
}

static void three_add(struct walk *walk, int64_t inner, int64_t outer)
{
	bool paired = walk->plan->inner.stride == 1;
	int64_t whole = paired ? inner / 2 : inner;

	walk->work.whole += whole > 0;
	walk->work.columns_whole += whole;
	walk->work.outputs_whole += whole * outer;
	walk->work.odd += paired && inner % 2;
	walk->work.outputs_odd += paired && inner % 2 ? outer : 0;
}

static void any_add(struct walk *walk, int64_t inner, int64_t outer)
{
	const struct armv7em_depthwise *plan = walk->plan;
	struct channel_work *to = &walk->work;
	int64_t odd = plan->inner.stride % 2 ? inner / 2 : 0, even = inner - odd;
	int64_t even_columns = plan->taps_even / plan->outer.kernel;
	int64_t odd_columns = plan->taps_odd / plan->outer.kernel;
	int64_t blocks = outer / 4 + (outer % 4 > 0);

	to->inner += inner;
	to->odd_starts += odd;
	if (outer >= 4 && plan->outer.stride <= 2) {
		to->calls += inner;
		to->rests += outer % 4 ? inner : 0;
		to->blocks += inner * blocks;
		to->even_columns += even * blocks * even_columns;
		to->odd_columns += odd * blocks * odd_columns;
		to->even_taps += even * blocks * plan->taps_even;
		to->odd_taps += odd * blocks * plan->taps_odd;
		return;
	}
	to->single_parts += inner;
	to->single_strides += outer >= 4 ? inner : 0;
	to->singles += inner * outer;
	to->single_columns += even * outer * even_columns + odd * outer * odd_columns;
	to->single_taps += outer * (even * plan->taps_even + odd * plan->taps_odd);
}

static void phase_add(struct walk *walk, uint32_t inner_phase, uint32_t outer_phase)
{
	const struct armv7em_axis *inner = &walk->plan->inner, *outer = &walk->plan->outer;
	int32_t left =
		(int32_t)((outer->out - outer_phase + outer->dilation - 1) / outer->dilation);
	int32_t inner_count =
		(int32_t)((inner->out - inner_phase + inner->dilation - 1) / inner->dilation);
	int32_t first = (int32_t)outer_phase - (int32_t)outer->pad;

	while (left > 0) {
		int32_t count = count_least(left, (int32_t)walk->plan->strip);

		walk->fillings.parts++;
		walk->fillings.rests += left < (int32_t)walk->plan->strip;
		lines_add(walk, first,
			  (count - 1) * (int32_t)outer->stride + (int32_t)outer->kernel,
			  walk->plan->columns);
		columns_add(walk, (int32_t)inner_phase - (int32_t)inner->pad);
		(walk->is_three ? three_add : any_add)(walk, inner_count, count);
		left -= count;
		first += count * (int32_t)(outer->dilation * outer->stride);
	}
}

static void fillings_put(const struct fillings *sum, int64_t channels, int64_t batches,
			 struct count_variables *to)
{
	const int64_t groups = batches * (channels / 4), rest = batches * (channels % 4);
	const int64_t all = groups + (rest > 0 ? batches : 0), any_rest = all - groups;

	count_put(to, "fills", sum->parts * all);
	count_put(to, "fills.low", sum->first_low * all);
	count_put(to, "fills.high", sum->first_high * all);
	count_put(to, "fills.before_all", sum->before_all * all);
	count_put(to, "fills.end_all", sum->end_all * all);
	count_put(to, "fills.before_equal", sum->before_equal * all);
	count_put(to, "fills.end_equal", sum->end_equal * all);
	count_put(to, "fills.end_low", sum->end_low * all);
	count_put(to, "fills.end_least", sum->end_least * all);
	count_put(to, "columns", sum->columns * all);
	count_put(to, "columns.left_low", sum->left_low * all);
	count_put(to, "columns.left_inside", sum->left_inside * all);
	count_put(to, "columns.right_low", sum->right_low * all);
	count_put(to, "columns.right_inside", sum->right_inside * all);
	count_put(to, "columns.outside", sum->outside_columns * all);
	count_put(to, "lines.before", sum->before * all);
	count_put(to, "columns.any_before", sum->any_before * all);
	count_put(to, "lines.after", sum->after * all);
	count_put(to, "columns.any_after", sum->any_after * all);
	count_put(to, "fills*fours", sum->parts * groups);
	count_put(to, "columns*fours", sum->columns * groups);
	count_put(to, "lines*fours", sum->inside * groups);
	count_put(to, "columns.any_lines*fours", sum->any_inside * groups);
	count_put(to, "lines*rest", sum->inside * any_rest);
	count_put(to, "lines*rest_channels", sum->inside * rest);
	count_put(to, "columns.any_lines*rest", sum->any_inside * any_rest);
	count_put(to, "columns.any_lines*rest_channels", sum->any_inside * rest);
	count_put(to, "columns*rest_channels", sum->columns * rest);
}

static void walk_run(const struct image_use *use, struct walk *walk, struct armv7em_depthwise *plan,
		     struct count_variables *to)
{
	const int64_t channels = use->in[0]->shape[3], batches = use->out->shape[0];
	int64_t phases = 0, outer_phases = 0;

	armv7em_depthwise_plan(use->op, use->in[0], use->out, walk->is_three, plan);
	walk->plan = plan;
	for (uint32_t i = 0; i < plan->inner.dilation && i < plan->inner.out; i++, outer_phases++)
		for (uint32_t k = 0; k < plan->outer.dilation && k < plan->outer.out; k++, phases++)
			phase_add(walk, i, k);
	plan_put(use, plan, to);
	count_put(to, "batches", batches);
	count_put(to, "phases.outer", batches * outer_phases);
	count_put(to, "phases", batches * phases);
	count_put(to, "phases.inner_least", plan->inner.out < plan->inner.dilation ? batches : 0);
	count_put(to, "phases.outer_least",
		  plan->outer.out < plan->outer.dilation ? batches * outer_phases : 0);
	count_put(to, "parts", batches * walk->fillings.parts);
	count_put(to, "parts.rest", batches * walk->fillings.rests);
	count_put(to, "parts*channels", batches * walk->fillings.parts * channels);
	count_put(to, "parts*out_channels",
		  batches * walk->fillings.parts * (int64_t)use->out->shape[3]);
	fillings_put(&walk->fillings, channels, batches, to);
}

void count_depthwise3_fill(const struct image_use *use, struct count_variables *to)
{
	struct walk walk = {.is_three = true};
	struct armv7em_depthwise plan;
	const struct channel_work *work = &walk.work;
	const int64_t each = (int64_t)use->out->shape[3] * use->out->shape[0];

	walk_run(use, &walk, &plan, to);
	for (int paired = 1; paired >= 0; paired--) {
		int64_t times = (plan.inner.stride == 1) == paired ? each : 0;
		static const char *const names[2][4] = {
			{"apart.channels", "apart.calls", "apart.columns", "apart.outputs"},
			{"paired.channels", "paired.calls", "paired.columns", "paired.outputs"},
		};

		count_put(to, names[paired][0], walk.fillings.parts * times);
		count_put(to, names[paired][1], work->whole * times);
		count_put(to, names[paired][2], work->columns_whole * times);
		count_put(to, names[paired][3], work->outputs_whole * times);
	}
	count_put(to, "paired.odd_calls", work->odd * each);
	count_put(to, "paired.odd_outputs", work->outputs_odd * each);
	count_clamp_put(use, to);
}

void count_depthwise_fill(const struct image_use *use, struct count_variables *to)
{
	struct walk walk = {.is_three = false};
	struct armv7em_depthwise plan;
	const struct channel_work *work = &walk.work;
	const int64_t each = (int64_t)use->out->shape[3] * use->out->shape[0];
	int64_t dense, five, apart;

	walk_run(use, &walk, &plan, to);
	apart = plan.outer.stride == 2 ? each : 0;
	five = plan.outer.stride != 2 && plan.outer.kernel == 5 ? each : 0;
	dense = each - apart - five;
	count_put(to, "inner", work->inner * each);
	count_put(to, "inner.odd", work->odd_starts * each);
	count_put(to, "calls", work->calls * each);
	count_put(to, "calls.apart", work->calls * apart);
	count_put(to, "calls.five", work->calls * five);
	count_put(to, "calls.rest", work->rests * each);
	count_put(to, "blocks.dense", work->blocks * dense);
	count_put(to, "blocks.apart", work->blocks * apart);
	count_put(to, "blocks.five", work->blocks * five);
	count_put(to, "columns.dense", (work->even_columns + work->odd_columns) * dense);
	count_put(to, "columns.apart", (work->even_columns + work->odd_columns) * apart);
	count_put(to, "columns.five", (work->even_columns + work->odd_columns) * five);
	count_put(to, "taps.dense", (work->even_taps + work->odd_taps) * dense);
	count_put(to, "taps.apart", (work->even_taps + work->odd_taps) * apart);
	count_put(to, "single.parts", work->single_parts * each);
	count_put(to, "single.outputs", work->singles * each);
	count_put(to, "single.columns", work->single_columns * each);
	count_put(to, "single.taps", work->single_taps * each);
	count_put(to, "single.strides", work->single_strides * each);
	count_clamp_put(use, to);
}
