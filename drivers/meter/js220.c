/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Joulescope JS220 over USB. Facts: the vendor's joulescope_driver and its documentation.
 *
 * Index 0 is where a block of the instrument's own statistics ended, so that its charge and energy
 * count from the same moment as the samples do; meter_start waits for it, about 10 ms of stream.
 *
 * The instrument sits between a supply and the board and feeds nothing. Its current path is closed
 * from meter_open on, unless it was already, and is left so.
 *
 * Quirks: at 1 MSa/s power must not be streamed (bandwidth): it is current times voltage. Floats
 * are calibrated in the instrument; what with, it does not say. Names of ranges and modes are
 * looked up in what it publishes of itself.
 */
#include "drivers/meter/js220.h"

#include <errno.h>

#include "drivers/meter/js220_setup.h"

enum {
	FIRST_MS = 2000,          /* until the first statistics */
	FIRST_VIRTUAL_MS = 20000, /* emulated time may stand still meanwhile */
	BLOCK_MS = 20,            /* a block is handed out that long after its first samples */
	FRAMES_AT_ONCE = 32,      /* into the window before samples are taken out */
	NS_PER_MS = 1000000,
};

struct js220 {
	struct js220_session session;
	struct js220_setup setup;
	struct joulescope_blocks blocks;
	struct js220_streams streams;
	struct js220_run run; /* taken from the streams, not yet in a block */
	size_t run_at;
	struct js220_event event; /* read, but for a place in the window */
	bool has_event;
	uint64_t bad_seen; /* frames that were none, so far */
	int64_t t_mono_ns; /* of the newest frame */
	/* The instrument's own sums. */
	bool has_first, has_new;
	uint64_t accum_id;
	struct meter_integral first, latest; /* first: what they stood at when the stream began */
};

static int js220_open(void *state, const struct meter_port *port,
		      const struct meter_settings *settings, struct meter_info *ret_info,
		      struct err *err)
{
	struct js220 *js220 = state;
	int rc = js220_setup_take(&js220->setup, settings, err);

	if (!rc)
		rc = js220_setup_check_serial(&js220->setup, usb_identity(port->usb), err);
	if (rc)
		return rc;
	rc = js220_session_open(&js220->session, port->usb, js220->setup.options,
				js220->setup.option_count, err);
	if (rc)
		return rc;
	js220_setup_limits(&js220->setup, &js220->blocks);
	rc = js220_setup_apply(&js220->setup, &js220->session, err);
	if (rc) {
		js220_session_abandon(&js220->session);
		return rc;
	}
	js220_setup_describe(&js220->setup, &js220->session, ret_info);
	return 0;
}

static void js220_close(void *state)
{
	struct js220 *js220 = state;

	js220_session_close(&js220->session);
}

/* --- the stream ------------------------------------------------------------------------------- */

/* Of the statistics, only what began where the first one began can be counted on. */
static void take_statistics(struct js220 *js220, const struct js220_frame *frame)
{
	struct js220_streams *streams = &js220->streams;
	struct js220_statistics s;
	uint64_t end_id;

	if (!js220_statistics_parse(frame->payload, frame->length, &s)) {
		js220->blocks.flags |= METER_BLOCK_RESYNC;
		return;
	}
	end_id = s.block_id + 2 * (uint64_t)s.count;
	if (!js220->has_first) {
		js220_streams_set_origin(streams, end_id);
		js220->has_first = true;
		js220->accum_id = s.accum_id;
		js220->first = (struct meter_integral){0, s.charge_c, s.energy_j};
	} else if (s.accum_id != js220->accum_id) {
		js220->blocks.flags |= METER_BLOCK_RESYNC;
	} else {
		js220->latest = (struct meter_integral){
			.end_index = (uint64_t)js220_streams_index(streams, end_id) /
				     js220->blocks.factor,
			.charge_c = s.charge_c - js220->first.charge_c,
			.energy_j = s.energy_j - js220->first.energy_j,
		};
		js220->has_new = true;
	}
}

static void take_event(struct js220 *js220, const struct js220_event *event)
{
	if (js220->session.frames_bad != js220->bad_seen)
		js220->blocks.flags |= METER_BLOCK_RESYNC;
	js220->bad_seen = js220->session.frames_bad;
	js220->t_mono_ns = event->t_mono_ns;
	if (event->frame.port == JS220_PORT_STATISTICS)
		take_statistics(js220, &event->frame);
	else if (js220_streams_put(&js220->streams, &event->frame) && event->is_displaced)
		js220->blocks.flags |= METER_BLOCK_RESYNC;
}

/* Until the first statistics say where index 0 is. */
static int await_origin(struct js220 *js220, struct err *err)
{
	struct js220_session *session = &js220->session;
	int limit_ms = usb_identity(session->usb)->is_virtual ? FIRST_VIRTUAL_MS : FIRST_MS;
	int64_t until_ns = usb_clock_ns(session->usb) + (int64_t)limit_ms * NS_PER_MS;
	struct js220_event event;

	while (!js220->has_first) {
		int rc = js220_session_read(session, &event, limit_ms, err);

		if (rc == -ETIMEDOUT || usb_clock_ns(session->usb) > until_ns)
			return err_set(err, -ETIMEDOUT, "no statistics came in %d ms", limit_ms);
		if (rc)
			return rc;
		take_event(js220, &event);
	}
	if (*session->refused)
		return err_set(err, -EREMOTEIO, "it refuses %s", session->refused);
	return 0;
}

static int js220_start(void *state, struct err *err)
{
	struct js220 *js220 = state;
	struct js220_session *session = &js220->session;
	int rc = js220_session_settle(session, err);

	if (rc)
		return rc;
	js220_streams_init(&js220->streams, js220_setup_signals(&js220->setup));
	if (session->has_counter)
		js220_streams_reference(&js220->streams, session->counter);
	joulescope_blocks_restart(&js220->blocks);
	js220->run.count = js220->run_at = 0;
	js220->has_first = js220->has_new = js220->has_event = false;
	rc = js220_switch_on(&js220->setup, session, err);
	if (!rc)
		rc = await_origin(js220, err);
	if (rc)
		(void)js220_switch_off(session, NULL);
	return rc;
}

static struct joulescope_samples samples_of(const struct js220_run *run, size_t at)
{
	return (struct joulescope_samples){
		.current_a = run->current_a + at,
		.voltage_v = run->voltage_v + at,
		.logic = run->logic + at,
		.range = run->range + at,
		.count = run->count - at,
		.index = run->index + at,
		.flags = (run->is_duplicate ? METER_BLOCK_DUPLICATE : 0u) |
			 (run->is_refused ? METER_BLOCK_RESYNC : 0u),
	};
}

/* True: the block is complete. False: more frames are needed. */
static bool collect(struct js220 *js220, struct meter_block *block)
{
	for (;;) {
		struct joulescope_samples samples;

		if (js220->run_at == js220->run.count) {
			js220->run_at = js220->run.count = 0;
			if (!js220_streams_take(&js220->streams, METER_BLOCK_MAX, &js220->run))
				return false;
		}
		samples = samples_of(&js220->run, js220->run_at);
		js220->run_at += joulescope_blocks_add(&js220->blocks, block, &samples);
		if (js220->run_at < js220->run.count)
			return true;
	}
}

static void block_finish(struct js220 *js220, struct meter_block *block)
{
	joulescope_blocks_finish(&js220->blocks, block);
	block->t_mono_ns = js220->t_mono_ns;
	block->has_integral = js220->has_new;
	block->integral = js220->latest;
	js220->has_new = false;
}

/* How long to wait for the next frame: not at all while there is one at hand. -ETIMEDOUT: however
 * many came that made no sample, the time-out stands. */
static int wait_ms(const struct js220 *js220, int64_t until_ns, int *ret_ms)
{
	int64_t left_ns;

	*ret_ms = 0;
	if (js220_session_has_more(&js220->session))
		return 0;
	left_ns = until_ns - usb_clock_ns(js220->session.usb);
	if (left_ns < -(int64_t)BLOCK_MS * NS_PER_MS)
		return -ETIMEDOUT;
	if (left_ns > 0)
		*ret_ms = (int)((left_ns + NS_PER_MS - 1) / NS_PER_MS);
	return 0;
}

/* Some frames at hand, or one that comes in time. One that does not fit waits until all that there
 * is was collected. */
static int take_next(struct js220 *js220, int64_t until_ns, struct err *err)
{
	struct js220_session *session = &js220->session;

	if (js220->has_event) {
		js220->has_event = false;
		take_event(js220, &js220->event);
		return 0;
	}
	for (int n = 0; n < FRAMES_AT_ONCE; n++) {
		int left_ms, rc = wait_ms(js220, until_ns, &left_ms);

		if (!rc)
			rc = js220_session_read(session, &js220->event, left_ms, err);
		if (rc)
			return n ? 0 : rc;
		js220->has_event = !js220_streams_fits(&js220->streams, &js220->event.frame);
		if (js220->has_event)
			return 0;
		take_event(js220, &js220->event);
		if (!js220_session_has_more(session))
			return 0;
	}
	return 0;
}

static int js220_read(void *state, struct meter_block *block, int timeout_ms, struct err *err)
{
	struct js220 *js220 = state;
	struct js220_session *session = &js220->session;
	int64_t until_ns = usb_clock_ns(session->usb) + (int64_t)timeout_ms * NS_PER_MS;
	bool is_begun = false;
	int rc = 0;

	while (!rc && !collect(js220, block)) {
		if (block->count && !is_begun) {
			is_begun = true;
			until_ns = usb_clock_ns(session->usb) + (int64_t)BLOCK_MS * NS_PER_MS;
		}
		rc = take_next(js220, until_ns, err);
	}
	if (block->count) {
		block_finish(js220, block);
		return 0;
	}
	if (rc == -ETIMEDOUT)
		return err_set(err, rc, "no samples came; the %s is what is missing",
			       js220_streams_laggard(&js220->streams));
	return rc;
}

static int js220_stop(void *state, struct err *err)
{
	struct js220 *js220 = state;
	int rc = js220_switch_off(&js220->session, err);

	return rc ? rc : js220_session_end(&js220->session, err);
}

const struct meter_ops meter_js220 = {
	.name = "js220",
	.bus = METER_BUS_USB,
	.usb_vendor = 0x16d0,
	.usb_product = 0x10ba,
	.params = js220_params,
	.state_size = sizeof(struct js220),
	.open = js220_open,
	.close = js220_close,
	.start = js220_start,
	.read = js220_read,
	.stop = js220_stop,
};
