/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A JS220 on a pair, in series between a fixed supply and the board.
 *
 * For everything that the client tells it, the instrument takes ACT_PS (assumed) before it listens
 * again: so that its answers and its first samples come although the board itself waits, and that
 * when things happen does not depend on how fast the client is.
 */
#include "rigs/virtual/server/meter.h"

#include <math.h>
#include <stdlib.h>

#include "rigs/virtual/meters/js220.h"

#define ACT_PS        2000000000
#define MOMENT_PS     1000000
#define FRAMES_MAX    (VJS220_QUEUE_FRAMES / 2)
#define TICKS_PER_S   2e6
#define PORT_OF(word) ((word) >> 25 & 0x1f)

struct rig_js220 {
	struct vjs220 *meter;
	int64_t now_ps, free_ps;
};

static void *open_meter(const struct config_meter *config, uint64_t seed)
{
	struct rig_js220 *rig = calloc(1, sizeof(*rig));

	if (!rig)
		return NULL;
	rig->meter = vjs220_new(seed);
	if (!rig->meter) {
		free(rig);
		return NULL;
	}
	if (!config->errors)
		vjs220_make_ideal(rig->meter);
	if (config->serial)
		vjs220_set_serial(rig->meter, config->serial);
	return rig;
}

static void close_meter(void *state)
{
	struct rig_js220 *rig = state;

	vjs220_free(rig->meter);
	free(rig);
}

static void feed(void *state, const struct meter_feed *slice)
{
	struct rig_js220 *rig = state;

	vjs220_feed(rig->meter, slice->start_ps, slice->end_ps, slice->current_a, slice->voltage_v,
		    slice->inputs);
	rig->now_ps = slice->end_ps;
}

static int64_t busy_until_ps(const void *state)
{
	const struct rig_js220 *rig = state;

	if (vjs220_sync_due(rig->meter) && rig->free_ps <= rig->now_ps)
		return rig->now_ps + MOMENT_PS;
	return rig->free_ps;
}

/* A frame of port 0 answers the instrument's time sync. */
static bool act(void *state, uint8_t endpoint, const uint8_t *bytes, size_t count)
{
	struct rig_js220 *rig = state;

	if (endpoint != 0 && count >= 4 && PORT_OF(usb_get_le(bytes, 4)) == 0)
		return false;
	rig->free_ps = rig->now_ps + ACT_PS;
	return true;
}

static bool streams(const void *state)
{
	return vjs220_active(((const struct rig_js220 *)state)->meter);
}

static bool is_full(const void *state)
{
	return vjs220_pending_frames(((const struct rig_js220 *)state)->meter) > FRAMES_MAX;
}

static double board_v(const void *state, double source_v, double current_a)
{
	const struct rig_js220 *rig = state;

	if (!vjs220_conducts(rig->meter))
		return 0;
	return fmax(0, source_v - current_a * vjs220_series_ohm(rig->meter));
}

static struct usb_device usb(void *state)
{
	return vjs220_usb(((struct rig_js220 *)state)->meter);
}

/* Faults ------------------------------------------------------------------------------------- */

static void lose_samples(void *state, unsigned count)
{
	vjs220_lose_samples(((struct rig_js220 *)state)->meter, count);
}

static void saturate(void *state, unsigned count)
{
	vjs220_saturate(((struct rig_js220 *)state)->meter, count);
}

static void stick_range(void *state, unsigned range, double for_s)
{
	vjs220_stick_range(((struct rig_js220 *)state)->meter, range,
			   (uint64_t)llround(for_s * TICKS_PER_S));
}

static void disturb(void *state, unsigned input, enum ppk2_marker_fault fault, unsigned samples)
{
	vjs220_disturb_marker(((struct rig_js220 *)state)->meter, input, fault, samples);
}

static void lose_frames(void *state, unsigned count)
{
	vjs220_lose_frames(((struct rig_js220 *)state)->meter, count);
}

static void repeat_frame(void *state)
{
	vjs220_repeat_frame(((struct rig_js220 *)state)->meter);
}

const struct meter_ops rig_js220_ops = {
	.open = open_meter,
	.close = close_meter,
	.feed = feed,
	.busy_until_ps = busy_until_ps,
	.streams = streams,
	.is_full = is_full,
	.board_v = board_v,
	.burdens = true,
	.usb = usb,
	.act = act,
	.samples_per_s = TICKS_PER_S,
	.lose_samples = lose_samples,
	.saturate = saturate,
	.stick_range = stick_range,
	.disturb = disturb,
	.lose_frames = lose_frames,
	.repeat_frame = repeat_frame,
};
