/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pulses out of edges.
 */
#include "analysis/trace/pulses.h"

#include <math.h>

int pulses_init(struct pulses *pulses, const struct pulse_settings *settings)
{
	if (!(settings->hold_min_samples >= 0) || !(settings->hold_max_samples >= 0) ||
	    !(settings->distance_min_samples >= 0))
		return ANALYSIS_BAD_ARGUMENT;
	*pulses = (struct pulses){.settings = *settings};
	return 0;
}

static void pulse_end(struct pulses *pulses, double hold)
{
	const struct pulse_settings *settings = &pulses->settings;

	if (hold < settings->hold_min_samples) {
		pulses->strays++;
	} else if (pulses->seen &&
		   pulses->opened_at - pulses->last_at < settings->distance_min_samples) {
		pulses->bounces++;
	} else {
		pulses->seen++;
		pulses->longs +=
			settings->hold_max_samples > 0 && hold > settings->hold_max_samples;
		pulses->last_at = pulses->opened_at;
		if (settings->pulse)
			settings->pulse(settings->user, pulses->opened_at, hold);
	}
}

void pulses_add(struct pulses *pulses, const struct marker_event *event)
{
	pulses->in_gap |= event->in_gap;
	if (event->rising == pulses->settings.active_high) {
		pulses->open = true;
		pulses->opened_at = event->position_samples;
	} else if (pulses->open) {
		pulses->open = false;
		pulse_end(pulses, event->position_samples - pulses->opened_at);
	}
}

struct pulse_check pulses_check(const struct pulses *pulses, uint64_t expected)
{
	struct pulse_check check = {
		.missing = (int64_t)(expected - pulses->seen),
		.rests = !pulses->open,
		.strays = pulses->strays,
		.longs = pulses->longs,
		.bounces = pulses->bounces,
		.in_gap = pulses->in_gap,
	};

	check.ok = !check.missing && check.rests && !check.longs && !check.in_gap;
	return check;
}
