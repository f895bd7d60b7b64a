/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ST X-NUCLEO-LPM01A on its virtual COM port, 3,686,400 baud. Documents: UM2269 (commands) as
 * restated by the MLPerf Tiny runner and two open host tools, UM2243 (accuracy, page 23).
 *
 * Quirks: a command is answered with "ack COMMAND" or "error COMMAND" (one host tool expects
 * "err"), and any line may have the prompt in front. The calibration holds for a shift of 5 degC,
 * and is made anew by the instrument after a change of its voltage.
 */
#include "drivers/meter/lpm01a.h"

#include <errno.h>
#include <stdatomic.h>

#include "drivers/meter/lpm01a_parts.h"

enum {
	BLOCK_MS = 20, /* a block is handed out that long after its first bytes */
	SLICE_MS = 20, /* how late a reader may see a stop */
	END_MS = 500,  /* of silence after a stop, without the words that end it */
	NS_PER_MS = 1000000,
};

/* Best effort: nobody is left who could be told of a failure. */
static void release_control(struct lpm01a *lpm)
{
	(void)lpm01a_send_line(lpm, "hrc", NULL);
}

static int lpm01a_open(void *state, const struct meter_port *port,
		       const struct meter_settings *settings, struct meter_info *ret_info,
		       struct err *err)
{
	struct lpm01a *lpm = state;
	char serial[32];
	int rc = lpm01a_take_settings(lpm, settings, err);

	lpm->link = port->link;
	atomic_init(&lpm->streaming, false);
	if (!rc)
		rc = link_set_lines(lpm->link, true, false, err);
	if (!rc)
		rc = lpm01a_identify(lpm, serial, sizeof(serial), err);
	if (!rc)
		rc = lpm01a_command_do(lpm, "htc", err);
	if (rc)
		return rc;
	rc = lpm01a_configure(lpm, err);
	if (!rc)
		rc = lpm01a_describe(lpm, serial, ret_info, err);
	if (rc) {
		release_control(lpm);
		return rc;
	}
	lpm01a_prepare_capture(lpm);
	return 0;
}

static void lpm01a_close(void *state)
{
	struct lpm01a *lpm = state;

	release_control(lpm);
	link_close(lpm->link);
}

static int lpm01a_supply(void *state, bool on, struct err *err)
{
	struct lpm01a *lpm = state;
	const char *command = on ? "pwr on nostatus" : "pwr off";

	/* In a stream the reader takes the answer. */
	return atomic_load(&lpm->streaming) ? lpm01a_send_line(lpm, command, err)
					    : lpm01a_command_do(lpm, command, err);
}

/* --- the stream ------------------------------------------------------------------------------- */

/* Until the acquisition runs: acknowledged, or a record came. */
static int await_start(struct lpm01a *lpm, struct err *err)
{
	int64_t until_ns = lpm01a_from_now_ns(lpm, LPM01A_ANSWER_MS);
	struct lpm01a_item item;

	for (;;) {
		int rc = lpm01a_next_item(lpm, until_ns, &item, err);

		if (rc)
			return err_context(err, rc, "command \"start\"");
		if (item.kind == LPM01A_ACK && lpm01a_is_about(item.text, "start"))
			return 0;
		if (item.kind == LPM01A_ERROR)
			return err_context(err, lpm01a_refused(lpm, err), "command \"start\"");
		lpm01a_capture_item(&lpm->capture, &item);
		if (item.kind == LPM01A_TIME)
			return 0;
	}
}

static int lpm01a_start(void *state, struct err *err)
{
	struct lpm01a *lpm = state;
	int rc = lpm01a_calibrate_when_shifted(lpm, err);

	if (rc)
		return rc;
	lpm01a_capture_restart(&lpm->capture);
	lpm->capture.t_start_ns = lpm->capture.t_fill_ns = link_clock_ns(lpm->link);
	lpm->end_ns = 0;
	rc = lpm01a_send_line(lpm, "start", err);
	if (!rc)
		rc = await_start(lpm, err);
	lpm->dirty = true;
	if (rc) {
		(void)lpm01a_send_line(lpm, "stop", NULL);
		return rc;
	}
	atomic_store(&lpm->streaming, true);
	return 0;
}

/* After a stop the line may still hold samples: the last words end it, or silence. */
static bool has_ended(struct lpm01a *lpm, int64_t now_ns, bool got_bytes)
{
	if (atomic_load(&lpm->streaming))
		return false;
	if (!lpm->end_ns || got_bytes)
		lpm->end_ns = now_ns + (int64_t)END_MS * NS_PER_MS;
	return now_ns >= lpm->end_ns || (lpm->capture.completed && !got_bytes);
}

/* As ppk2's: -ETIMEDOUT: until_ns is over; -ENODATA: the stream ended; some bytes may have come
 * with either. Sleeps in slices, to see a stop. */
static int stream_receive(struct lpm01a *lpm, int64_t until_ns, struct err *err)
{
	for (;;) {
		int64_t left_ms = (until_ns - link_clock_ns(lpm->link) + NS_PER_MS - 1) / NS_PER_MS;
		size_t capacity, count = 0;
		uint8_t *space = lpm01a_parser_space(&lpm->capture.parser, &capacity);
		int64_t now_ns;
		int rc;

		if (left_ms < 0)
			left_ms = 0;
		rc = link_read(lpm->link, space, capacity,
			       left_ms < SLICE_MS ? (int)left_ms : SLICE_MS, &count, err);
		if (rc)
			return rc;
		now_ns = link_clock_ns(lpm->link);
		lpm01a_parser_fill(&lpm->capture.parser, count);
		if (count)
			lpm->capture.t_fill_ns = now_ns;
		if (has_ended(lpm, now_ns, count > 0))
			return err_set(err, -ENODATA, "the stream was stopped");
		if (lpm->capture.ended && atomic_load(&lpm->streaming))
			return err_set(err, -EPROTO, "the instrument ended the acquisition%s%s",
				       *lpm->capture.fault ? ": " : "", lpm->capture.fault);
		if (now_ns >= until_ns)
			return err_set(err, -ETIMEDOUT, "no samples came");
		if (count)
			return 0;
	}
}

static int lpm01a_read(void *state, struct meter_block *block, int timeout_ms, struct err *err)
{
	struct lpm01a *lpm = state;
	int64_t until_ns = lpm01a_from_now_ns(lpm, timeout_ms);
	bool is_begun = false;
	int wait_rc = 0, rc;

	while (!(rc = lpm01a_capture_collect(&lpm->capture, block)) && !wait_rc) {
		if (block->count && !is_begun) {
			is_begun = true;
			until_ns = lpm01a_from_now_ns(lpm, BLOCK_MS);
		}
		wait_rc = stream_receive(lpm, until_ns, err);
	}
	if (block->count)
		return 0;
	if (rc < 0)
		return err_set(err, rc, "no frame of samples in %d bytes", LPM01A_BUFFER_BYTES);
	return wait_rc;
}

static int lpm01a_stop(void *state, struct err *err)
{
	struct lpm01a *lpm = state;
	int rc = lpm01a_send_line(lpm, "stop", err);

	atomic_store(&lpm->streaming, false);
	return rc;
}

const struct meter_ops meter_lpm01a = {
	.name = "lpm01a",
	.bus = METER_BUS_LINK,
	.link_settings = {.baud = 3686400, .parity = LINK_PARITY_NONE},
	.params = lpm01a_params,
	.supply_range = {.min_v = 1.8, .max_v = 3.3, .is_fixed = true},
	.state_size = sizeof(struct lpm01a),
	.open = lpm01a_open,
	.close = lpm01a_close,
	.supply = lpm01a_supply,
	.start = lpm01a_start,
	.read = lpm01a_read,
	.stop = lpm01a_stop,
};
