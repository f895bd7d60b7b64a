/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An LPM01A on a pair: it feeds the board, and stays at room temperature.
 */
#include "rigs/virtual/server/meter.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "rigs/virtual/meters/lpm01a.h"

#define BACKLOG_MAX (VLPM01A_QUEUE_BYTES / 2)
#define BOARD_C     25

static void *open_meter(const struct config_meter *config, uint64_t seed)
{
	struct vlpm01a *meter = vlpm01a_new(seed);

	if (meter && !config->errors)
		vlpm01a_make_ideal(meter);
	return meter;
}

static void close_meter(void *state)
{
	vlpm01a_free(state);
}

static void feed(void *state, const struct meter_feed *slice)
{
	const struct vlpm01a_slice through = {
		.start_ps = slice->start_ps,
		.end_ps = slice->end_ps,
		.current_a = slice->current_a,
		.board_c = BOARD_C,
		.logic = slice->inputs,
	};

	vlpm01a_slice(state, &through);
}

static int64_t next_event_ps(const void *state)
{
	return vlpm01a_next_event_ps(state);
}

static int64_t busy_until_ps(const void *state)
{
	return vlpm01a_busy_until_ps(state);
}

static bool streams(const void *state)
{
	return vlpm01a_acquiring(state);
}

static bool is_full(const void *state)
{
	return vlpm01a_pending_bytes(state) > BACKLOG_MAX;
}

static double board_v(const void *state, double source_v, double current_a)
{
	(void)source_v, (void)current_a; /* the model knows the last slice's */
	return vlpm01a_supply_v(state);
}

static void host_bytes(void *state, const uint8_t *bytes, size_t count)
{
	vlpm01a_host_bytes(state, bytes, count);
}

static size_t take_bytes(void *state, uint8_t *ret_bytes, size_t capacity)
{
	return vlpm01a_take_bytes(state, ret_bytes, capacity);
}

static bool take_link_lost(void *state)
{
	return vlpm01a_take_link_lost(state);
}

/* Faults ------------------------------------------------------------------------------------- */

static void lose_samples(void *state, unsigned count)
{
	vlpm01a_lose_samples(state, count);
}

static void saturate(void *state, unsigned count)
{
	vlpm01a_saturate(state, count);
}

/* There is one to stick in: the lowest. */
static void stick_range(void *state, unsigned range, double for_s)
{
	double samples = for_s > 0 ? fmax(1, round(for_s * vlpm01a_sample_hz(state))) : UINT_MAX;

	(void)range;
	vlpm01a_stick_range(state, (unsigned)fmin(samples, UINT_MAX));
}

/* An event that is not seen is the only fault of D7. */
static void disturb(void *state, unsigned input, enum ppk2_marker_fault fault, unsigned samples)
{
	(void)input, (void)samples;
	if (fault == PPK2_MARKER_MISS)
		vlpm01a_miss_events(state, 1);
}

const struct meter_ops rig_lpm01a_ops = {
	.open = open_meter,
	.close = close_meter,
	.feed = feed,
	.next_event_ps = next_event_ps,
	.busy_until_ps = busy_until_ps,
	.streams = streams,
	.is_full = is_full,
	.board_v = board_v,
	.burdens = true,
	.host_bytes = host_bytes,
	.take_bytes = take_bytes,
	.take_link_lost = take_link_lost,
	.lose_samples = lose_samples,
	.saturate = saturate,
	.stick_range = stick_range,
	.disturb = disturb,
};
