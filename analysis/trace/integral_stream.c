/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/trace/integral_stream.h"

#include <math.h>

int integral_stream_init(struct integral_stream *integral, const struct run_settings *settings)
{
	const struct segment_settings segments = {.rate_hz = settings->rate_hz,
						  .supply_v = settings->supply_v,
						  .range_max_a = settings->range_max_a,
						  .keep_samples = SEGMENT_KEEP_MAX};

	integral->started = integral->has_first = integral->has_last = false;
	integral->has_pending = integral->is_over = false;
	integral->between = (struct segment){0};
	return segments_init(&integral->segments, &segments);
}

/* A reading before the window replaces the one before it; one inside or behind ends the span. */
static void reading_take(struct integral_stream *integral, const struct integral_reading *reading,
			 double window_start, double window_end)
{
	struct segment piece;

	if (segments_cut(&integral->segments, (double)reading->end_index, &piece))
		return; /* older than what is kept: the next one serves */
	if (!integral->has_first || (double)reading->end_index <= window_start) {
		integral->first = *reading;
		integral->has_first = true;
		return;
	}
	segment_append(&integral->between, &piece);
	integral->last = *reading;
	integral->has_last = true;
	integral->is_over = (double)reading->end_index >= window_end;
}

int integral_stream_add(struct integral_stream *integral, const struct run_block *block,
			double window_start, double window_end)
{
	const struct segment_block samples = {.first_index = block->first_index,
					      .current_a = block->metered_a ? block->metered_a
									    : block->current_a,
					      .voltage_v = block->voltage_v,
					      .count = block->count};
	int code;

	if (integral->is_over || (!integral->started && !block->has_integral))
		return 0;
	integral->started = true;
	code = segments_begin(&integral->segments, &samples);
	if (code)
		return code;
	if (integral->has_pending && integral->pending.end_index <= integral->segments.next_index) {
		reading_take(integral, &integral->pending, window_start, window_end);
		integral->has_pending = false;
	}
	if (block->has_integral && !integral->is_over) {
		integral->pending = (struct integral_reading){block->integral_end,
							      block->integral_c, block->integral_j};
		integral->has_pending = block->integral_end > integral->segments.next_index;
		if (!integral->has_pending)
			reading_take(integral, &integral->pending, window_start, window_end);
	}
	segments_end(&integral->segments);
	return 0;
}

void integral_stream_finish(const struct integral_stream *integral,
			    const struct segment_values *values, struct run_integral *ret_integral)
{
	struct run_integral result = {
		.meter_c = NAN, .meter_j = NAN, .window_c = NAN, .window_j = NAN};
	struct segment_values span;

	if (integral->has_last) {
		span = segment_values(&integral->between, &integral->segments.settings);
		result.first = integral->first.end_index;
		result.end = integral->last.end_index;
		result.lost = (uint64_t)ceil(integral->between.lost);
		result.stream_c = span.charge_c;
		result.stream_j = span.energy_j;
		result.meter_c = integral->last.charge_c - integral->first.charge_c;
		result.meter_j = integral->last.energy_j - integral->first.energy_j;
		result.has_charge = isfinite(result.meter_c);
		result.has_energy = isfinite(result.meter_j);
		result.window_c = values->charge_c * result.meter_c / result.stream_c;
		result.window_j = values->energy_j * result.meter_j / result.stream_j;
	}
	*ret_integral = result;
}
