/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Slices of true values into samples. See the header.
 */
#include "rigs/virtual/meters/js220_slices.h"

#include <assert.h>
#include <math.h>

#include "rigs/virtual/plant/random.h"

#define PPB_PER_PS (1000000000 / JS_TICK_PS)

void js_slices_init(struct js_slices *slices, uint64_t seed)
{
	struct vrandom random = {vrandom_seed(seed, "crystal")};

	*slices = (struct js_slices){0};
	slices->crystal_ppb = (int32_t)lrint(JS_CRYSTAL_MAX_PPB * vrandom_even(&random));
}

int64_t js_slices_end_ps(const struct js_slices *slices, uint64_t n)
{
	int64_t count = (int64_t)n + 1;

	/* JS_TICK_PS * ppb / 1e9 per tick, rounded only in the end. */
	return count * JS_TICK_PS + count * slices->crystal_ppb / PPB_PER_PS;
}

static void slices_begin(struct js_slices *slices, int64_t start_ps, int64_t end_ps)
{
	if (!slices->begun) {
		slices->begun = true;
		slices->origin_ps = slices->at_ps = start_ps;
	}
	assert(start_ps == slices->at_ps && end_ps >= start_ps);
	(void)end_ps;
}

static void slices_add(struct js_slices *slices, int64_t until_ps, const struct js_tick *values)
{
	double dt_s = (double)(until_ps - slices->at_ps) * 1e-12;

	slices->charge_c += values->current_a * dt_s;
	slices->flux_vs += values->voltage_v * dt_s;
	slices->at_ps = until_ps;
}

void js_slices_feed(struct js_slices *slices, int64_t start_ps, int64_t end_ps,
		    const struct js_tick *values,
		    void (*sample)(void *context, const struct js_tick *tick), void *context)
{
	int64_t tick_start_ps, tick_end_ps;

	slices_begin(slices, start_ps, end_ps);
	tick_start_ps = slices->origin_ps + js_slices_end_ps(slices, slices->ticks - 1);
	tick_end_ps = slices->origin_ps + js_slices_end_ps(slices, slices->ticks);
	while (tick_end_ps <= end_ps) {
		struct js_tick tick = *values;

		if (slices->at_ps > tick_start_ps) { /* else: one slice fills the tick */
			double inverse_s = 1e12 / (double)(tick_end_ps - tick_start_ps);

			slices_add(slices, tick_end_ps, values);
			tick.current_a = slices->charge_c * inverse_s;
			tick.voltage_v = slices->flux_vs * inverse_s;
		}
		slices->at_ps = tick_start_ps = tick_end_ps;
		slices->charge_c = slices->flux_vs = 0;
		tick_end_ps = slices->origin_ps + js_slices_end_ps(slices, ++slices->ticks);
		sample(context, &tick);
	}
	if (slices->at_ps < end_ps)
		slices_add(slices, end_ps, values);
}

uint64_t js_slices_skip(struct js_slices *slices, int64_t start_ps, int64_t end_ps,
			const struct js_tick *values)
{
	uint64_t before = slices->ticks, after;
	double tick_ps = JS_TICK_PS + slices->crystal_ppb / (double)PPB_PER_PS;

	slices_begin(slices, start_ps, end_ps);
	after = (uint64_t)((double)(end_ps - slices->origin_ps) / tick_ps);
	while (slices->origin_ps + js_slices_end_ps(slices, after) <= end_ps)
		after++;
	while (after > before && slices->origin_ps + js_slices_end_ps(slices, after - 1) > end_ps)
		after--;
	if (after > before) {
		slices->at_ps = slices->origin_ps + js_slices_end_ps(slices, after - 1);
		slices->charge_c = slices->flux_vs = 0;
	}
	slices->ticks = after;
	slices_add(slices, end_ps, values);
	return after - before;
}
