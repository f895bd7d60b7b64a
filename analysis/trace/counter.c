/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Counter unwrapping with the host's clock.
 */
#include "analysis/trace/counter.h"

#include <math.h>

int counter_init(struct counter *counter, const struct counter_settings *settings)
{
	if (!settings->bits || settings->bits > 63 || !settings->step ||
	    (UINT64_C(1) << settings->bits) % settings->step || !isfinite(settings->count_hz) ||
	    settings->count_hz <= 0 || !(settings->tolerance_rel >= 0) || settings->jitter_ns < 0)
		return ANALYSIS_BAD_ARGUMENT;
	*counter = (struct counter){.settings = *settings};
	return 0;
}

/* Numbers of wraps, -1 (an overlap) and up, that the elapsed time allows. */
struct wraps {
	double least, most, nearest;
};

static struct wraps wraps_allowed(const struct counter_settings *settings, double advance,
				  double elapsed_s, bool overlaps)
{
	double modulus = (double)(UINT64_C(1) << settings->bits), floor_k = overlaps ? -1 : 0;
	double by_time = elapsed_s * settings->count_hz;
	double u = (double)settings->jitter_ns * 1e-9 * settings->count_hz +
		   settings->tolerance_rel * by_time;

	return (struct wraps){fmax(floor_k, ceil((by_time - u - advance) / modulus)),
			      floor((by_time + u - advance) / modulus),
			      fmax(floor_k, nearbyint((by_time - advance) / modulus))};
}

int counter_add(struct counter *counter, uint64_t raw, uint64_t count, int64_t t_mono_ns,
		struct counter_step *ret_step)
{
	const struct counter_settings *settings = &counter->settings;
	uint64_t modulus = UINT64_C(1) << settings->bits, length = count * settings->step;
	uint64_t gap, back;
	struct counter_step step = {.certain = true};
	struct wraps wraps;
	double k;

	if (!count || raw >= modulus || (counter->started && t_mono_ns < counter->t_ns))
		return ANALYSIS_BAD_ARGUMENT;
	if (!counter->started) {
		counter->started = true;
		counter->next_count = 0;
		counter->base = raw;
	}
	gap = (raw - counter->base - counter->next_count) & (modulus - 1);
	if (gap % settings->step)
		return ANALYSIS_BAD_ARGUMENT;
	back = (modulus - gap) & (modulus - 1);
	if (counter->next_count) {
		wraps = wraps_allowed(settings, (double)gap + (double)length,
				      (double)(t_mono_ns - counter->t_ns) * 1e-9,
				      back && back <= length);
		step.contradiction = wraps.most < wraps.least;
		step.certain = wraps.most == wraps.least;
		k = step.contradiction ? wraps.nearest : wraps.least;
		if (!step.certain && !step.contradiction && k < 0 && wraps.most >= 0)
			k = 0;
		if (k < 0) {
			step.overlap = back / settings->step;
		} else {
			step.wraps = (uint64_t)k;
			step.lost = (gap + step.wraps * modulus) / settings->step;
		}
	}
	counter->next_count += step.lost * settings->step - step.overlap * settings->step;
	step.first_index = counter->next_count / settings->step;
	counter->next_count += length;
	counter->t_ns = t_mono_ns;
	*ret_step = step;
	return 0;
}
