/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A PPK2 on a pair: slices into its 10 us sample intervals.
 */
#include "rigs/virtual/server/meter.h"

#include <math.h>
#include <stdlib.h>

#include "rigs/virtual/meters/ppk2.h"

#define BACKLOG_MAX      (1u << 20)
#define COARSE_INTERVALS 100
#define SAMPLES_PER_S    1e5

struct rig_ppk2 {
	struct vppk2 *meter;
	/* The interval that is under way. */
	uint64_t interval;
	int64_t start_ps;
	double charge_c;
};

static void *open_meter(const struct config_meter *config, uint64_t seed)
{
	struct rig_ppk2 *rig = calloc(1, sizeof(*rig));

	if (!rig)
		return NULL;
	rig->meter = vppk2_new(seed);
	if (!rig->meter) {
		free(rig);
		return NULL;
	}
	vppk2_keep_errors(rig->meter, config->errors);
	return rig;
}

static void close_meter(void *state)
{
	struct rig_ppk2 *rig = state;

	vppk2_free(rig->meter);
	free(rig);
}

static int64_t rest_end_ps(const void *state, int64_t now_ps, bool coarse)
{
	const struct rig_ppk2 *rig = state;

	(void)now_ps;
	return vppk2_sample_end_ps(rig->meter, rig->interval + (coarse ? COARSE_INTERVALS - 1 : 0));
}

/* The interval under way ends at end_ps. */
static void end_interval(struct rig_ppk2 *rig, const struct meter_slice *slice, int64_t end_ps)
{
	double seconds = (double)(end_ps - rig->start_ps) * 1e-12;
	uint8_t logic = end_ps < slice->logic_ps ? slice->logic_before : slice->logic;

	vppk2_sample(rig->meter, rig->charge_c / seconds, logic);
	rig->start_ps = end_ps;
	rig->charge_c = 0;
}

/* The slice's charge, evenly, to the intervals that it lies in. A coarse slice is one interval. */
static void spread_charge(void *state, const struct meter_slice *slice)
{
	struct rig_ppk2 *rig = state;
	int64_t from_ps = slice->start_ps, end_ps = vppk2_sample_end_ps(rig->meter, rig->interval);
	double per_ps = slice->charge_c / (double)(slice->end_ps - slice->start_ps);

	if (slice->coarse && end_ps <= slice->end_ps) {
		rig->charge_c += slice->charge_c;
		end_interval(rig, slice, slice->end_ps);
		while (vppk2_sample_end_ps(rig->meter, rig->interval) <= slice->end_ps)
			rig->interval++;
		return;
	}
	for (; end_ps <= slice->end_ps; end_ps = vppk2_sample_end_ps(rig->meter, ++rig->interval)) {
		rig->charge_c += per_ps * (double)(end_ps - from_ps);
		end_interval(rig, slice, end_ps);
		from_ps = end_ps;
	}
	rig->charge_c += per_ps * (double)(slice->end_ps - from_ps);
}

static bool streams(const void *state)
{
	return vppk2_streaming(((const struct rig_ppk2 *)state)->meter);
}

static bool is_full(const void *state)
{
	return vppk2_pending_bytes(((const struct rig_ppk2 *)state)->meter) > BACKLOG_MAX;
}

static double board_v(const void *state, double source_v, double current_a)
{
	(void)source_v, (void)current_a;
	return vppk2_supply_v(((const struct rig_ppk2 *)state)->meter);
}

static void host_bytes(void *state, const uint8_t *bytes, size_t count)
{
	vppk2_host_bytes(((struct rig_ppk2 *)state)->meter, bytes, count);
}

static size_t take_bytes(void *state, uint8_t *ret_bytes, size_t capacity)
{
	return vppk2_take_bytes(((struct rig_ppk2 *)state)->meter, ret_bytes, capacity);
}

/* Faults ------------------------------------------------------------------------------------- */

static void lose_samples(void *state, unsigned count)
{
	vppk2_lose_samples(((struct rig_ppk2 *)state)->meter, count);
}

static void saturate(void *state, unsigned count)
{
	vppk2_saturate(((struct rig_ppk2 *)state)->meter, count);
}

static void stick_range(void *state, unsigned range, double for_s)
{
	vppk2_stick_range(((struct rig_ppk2 *)state)->meter, range,
			  (uint64_t)llround(for_s * SAMPLES_PER_S));
}

static void disturb(void *state, unsigned input, enum ppk2_marker_fault fault, unsigned samples)
{
	vppk2_disturb_marker(((struct rig_ppk2 *)state)->meter, input, fault, samples);
}

const struct meter_ops rig_ppk2_ops = {
	.open = open_meter,
	.close = close_meter,
	.slice = spread_charge,
	.rest_end_ps = rest_end_ps,
	.streams = streams,
	.is_full = is_full,
	.board_v = board_v,
	.host_bytes = host_bytes,
	.take_bytes = take_bytes,
	.needs_dtr = true,
	.samples_per_s = SAMPLES_PER_S,
	.lose_samples = lose_samples,
	.saturate = saturate,
	.stick_range = stick_range,
	.disturb = disturb,
};
