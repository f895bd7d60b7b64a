/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A JS110 on a pair, in series between a fixed supply and the board.
 *
 * While wanted settings wait to take effect (VJS110_SETTINGS_PS), time passes, and the instrument's
 * control endpoint answers when they have.
 */
#include "rigs/virtual/server/meter.h"

#include <math.h>
#include <stdlib.h>

#include "rigs/virtual/meters/js110.h"

#define ACT_PS        2000000000
#define MOMENT_PS     1000000
#define FRAMES_MAX    (VJS110_QUEUE_FRAMES / 2)
#define SAMPLES_PER_S 2e6

struct rig_js110 {
	struct vjs110 *meter;
	int64_t now_ps, free_ps;
};

static void *open_meter(const struct config_meter *config, uint64_t seed)
{
	struct rig_js110 *rig = calloc(1, sizeof(*rig));

	if (!rig)
		return NULL;
	rig->meter = vjs110_new(seed);
	if (!rig->meter) {
		free(rig);
		return NULL;
	}
	if (!config->errors)
		vjs110_make_ideal(rig->meter);
	if (config->serial)
		vjs110_set_serial(rig->meter, config->serial);
	return rig;
}

static void close_meter(void *state)
{
	struct rig_js110 *rig = state;

	vjs110_free(rig->meter);
	free(rig);
}

static void feed(void *state, const struct meter_feed *slice)
{
	struct rig_js110 *rig = state;

	vjs110_feed(rig->meter, slice->start_ps, slice->end_ps, slice->current_a, slice->voltage_v,
		    slice->inputs);
	rig->now_ps = slice->end_ps;
}

/* Settings take effect with the first slice that ends after they are due. */
static int64_t busy_until_ps(const void *state)
{
	const struct rig_js110 *rig = state;
	int64_t due_ps = vjs110_settings_due_ps(rig->meter);

	if (due_ps != INT64_MIN && due_ps <= rig->now_ps)
		due_ps = rig->now_ps + MOMENT_PS;
	return due_ps > rig->free_ps ? due_ps : rig->free_ps;
}

static bool act(void *state, uint8_t endpoint, const uint8_t *bytes, size_t count)
{
	struct rig_js110 *rig = state;

	(void)endpoint, (void)bytes, (void)count;
	rig->free_ps = rig->now_ps + ACT_PS;
	return true;
}

static bool streams(const void *state)
{
	return vjs110_streaming(((const struct rig_js110 *)state)->meter);
}

static bool is_full(const void *state)
{
	return vjs110_pending_frames(((const struct rig_js110 *)state)->meter) > FRAMES_MAX;
}

static double board_v(const void *state, double source_v, double current_a)
{
	const struct rig_js110 *rig = state;

	if (!vjs110_conducts(rig->meter))
		return 0;
	return fmax(0, source_v - current_a * vjs110_series_ohm(rig->meter, current_a));
}

static struct usb_device usb(void *state)
{
	return vjs110_usb(((struct rig_js110 *)state)->meter);
}

/* Faults ------------------------------------------------------------------------------------- */

static void lose_samples(void *state, unsigned count)
{
	vjs110_lose_samples(((struct rig_js110 *)state)->meter, count);
}

static void saturate(void *state, unsigned count)
{
	vjs110_saturate(((struct rig_js110 *)state)->meter, count);
}

static void stick_range(void *state, unsigned range, double for_s)
{
	vjs110_stick_range(((struct rig_js110 *)state)->meter, range,
			   (uint64_t)llround(for_s * SAMPLES_PER_S));
}

static void disturb(void *state, unsigned input, enum ppk2_marker_fault fault, unsigned samples)
{
	vjs110_disturb_marker(((struct rig_js110 *)state)->meter, input, fault, samples);
}

static void lose_frames(void *state, unsigned count)
{
	vjs110_lose_frames(((struct rig_js110 *)state)->meter, count);
}

const struct meter_ops rig_js110_ops = {
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
	.samples_per_s = SAMPLES_PER_S,
	.lose_samples = lose_samples,
	.saturate = saturate,
	.stick_range = stick_range,
	.disturb = disturb,
	.lose_frames = lose_frames,
};
