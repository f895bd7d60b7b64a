/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Nordic Power Profiler Kit II over its USB CDC-ACM port (any baud rate). Nordic publishes no
 * protocol document; commands are those of its open source desktop application (pc-nrfconnect-ppk).
 *
 * Quirks: no command is answered but "get metadata", and that one sometimes not, for which it is
 * repeated. An instrument that somebody left streaming goes on streaming: it is stopped first.
 * Firmware 1.2.0 and later show two ports, of which the one with the lower interface number is
 * right.
 */
#include "drivers/meter/ppk2.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "drivers/meter/meter_params.h"
#include "drivers/meter/ppk2_capture.h"
#include "drivers/meter/ppk2_filter.h"

enum ppk2_command {
	COMMAND_START = 0x06,
	COMMAND_STOP = 0x07,
	COMMAND_DUT_POWER = 0x0C,  /* 0 off, 1 on */
	COMMAND_VOLTAGE = 0x0D,    /* mV, high byte first */
	COMMAND_MODE = 0x11,       /* enum ppk2_mode */
	COMMAND_FILTER_OFF = 0x16, /* the instrument's own spike filter */
	COMMAND_GET_METADATA = 0x19,
};

enum ppk2_mode { MODE_AMPERE = 1, MODE_SOURCE = 2 };

enum {
	WRITE_MS = 1000,
	QUIET_MS = 100, /* after a stop, until the line counts as drained */
	QUIET_LIMIT_MS = 2000,
	METADATA_MS = 1000,
	METADATA_ATTEMPTS = 4, /* the first and 3 retries */
	METADATA_BYTES = 8192, /* the text has about 500 */
	BLOCK_MS = 20,         /* a block is handed out that long after its first bytes */
	SLICE_MS = 20,         /* how late a reader may see a stop */
	LATE_MS = 2,           /* that late a reader may wake up */
	BYTES_PER_MS = 400,
	VDD_FALLBACK_MV = 3300, /* ammeter without VDD in its metadata; it shifts zero by some nA */
};

static const double rate_hz = 100e3;
static const double range_max_a = 1.0;
/* Type B. No primary data sheet states the accuracy; users compare instruments to a few per mille.
 * 0.5 % standard is a cautious reading of that, and meant to be replaced by a calibration. */
static const double gain_u_rel = 0.005;

enum { PARAM_FILTER, PARAMS };
enum { FILTER_OFF, FILTER_ON };

static const struct meter_param params[PARAMS + 1] = {
	{"filter", "", "off", 0, 0,
	 "off|on: the spike filter of the vendor's application, which biases charge around range "
	 "changes; the unfiltered energy is kept beside"},
	{NULL},
};

struct ppk2 {
	struct link *link;
	struct ppk2_capture capture;
	bool is_filtered;
	struct ppk2_filter filter;
	atomic_bool streaming;
	int gather_ms;
	bool may_have_more; /* the line, by the last read */
	size_t most_bytes;  /* that a read gave since the start */
	int64_t end_ns; /* reader's: when silence after a stop becomes the end; 0: no stop seen */
};

static int64_t ms_to_ns(int ms)
{
	return (int64_t)ms * 1000000;
}

/* How long the line may be left alone. */
static int gather_for(const struct link *link)
{
	size_t holds_ms = link_holds(link) / BYTES_PER_MS;

	return holds_ms > BLOCK_MS + LATE_MS ? BLOCK_MS : (int)holds_ms - LATE_MS;
}

static int ppk2_command(struct ppk2 *ppk2, const uint8_t *bytes, size_t count, struct err *err)
{
	int rc = link_write(ppk2->link, bytes, count, WRITE_MS, err);

	return rc ? err_context(err, rc, "command 0x%02x", bytes[0]) : 0;
}

static int ppk2_command_plain(struct ppk2 *ppk2, enum ppk2_command command, struct err *err)
{
	return ppk2_command(ppk2, (uint8_t[]){(uint8_t)command}, 1, err);
}

static int ppk2_quieten(struct ppk2 *ppk2, struct err *err)
{
	int rc = ppk2_command_plain(ppk2, COMMAND_STOP, err);

	return rc ? rc : link_discard(ppk2->link, QUIET_MS, QUIET_LIMIT_MS, err);
}

static int ppk2_receive_metadata(struct ppk2 *ppk2, uint8_t *bytes, size_t capacity,
				 size_t *ret_begin, size_t *ret_end, struct err *err)
{
	int64_t deadline_ns = link_clock_ns(ppk2->link) + ms_to_ns(METADATA_MS);
	size_t used = 0;

	while (used < capacity) {
		int64_t left_ns = deadline_ns - link_clock_ns(ppk2->link);
		size_t got = 0;
		int rc;

		if (left_ns <= 0)
			return err_set(err, -ETIMEDOUT,
				       "metadata: not complete after %d ms (%zu bytes came)",
				       METADATA_MS, used);
		rc = link_read(ppk2->link, bytes + used, capacity - used,
			       (int)(left_ns / 1000000) + 1, &got, err);
		if (rc)
			return rc;
		used += got;
		if (got && ppk2_metadata_find(bytes, used, ret_begin, ret_end))
			return 0;
	}
	return err_set(err, -EPROTO, "metadata: %zu bytes, and none of them complete it", used);
}

static int ppk2_ask_calibration(struct ppk2 *ppk2, struct ppk2_calibration *ret_calibration,
				struct err *err)
{
	uint8_t bytes[METADATA_BYTES];
	size_t begin, end;
	int rc;

	rc = ppk2_quieten(ppk2, err);
	if (!rc)
		rc = ppk2_command_plain(ppk2, COMMAND_GET_METADATA, err);
	if (!rc)
		rc = ppk2_receive_metadata(ppk2, bytes, sizeof(bytes), &begin, &end, err);
	if (!rc)
		rc = ppk2_calibration_parse((const char *)bytes + begin, end - begin,
					    ret_calibration, err);
	return rc;
}

static int ppk2_read_calibration(struct ppk2 *ppk2, struct ppk2_calibration *ret_calibration,
				 struct err *err)
{
	int rc = 0;

	for (int attempt = 0; attempt < METADATA_ATTEMPTS; attempt++) {
		rc = ppk2_ask_calibration(ppk2, ret_calibration, err);
		if (rc != -ETIMEDOUT && rc != -EPROTO && rc != -ERANGE)
			return rc;
	}
	return err_context(err, rc, "%d attempts", METADATA_ATTEMPTS);
}

/* The voltage goes first, so that a board that is already powered never sees an older one, and
 * again after the mode, should the ammeter not have taken it. */
static int ppk2_set_source(struct ppk2 *ppk2, uint16_t supply_mv, struct err *err)
{
	const uint8_t voltage[] = {COMMAND_VOLTAGE, (uint8_t)(supply_mv >> 8), (uint8_t)supply_mv};
	const uint8_t mode[] = {COMMAND_MODE, MODE_SOURCE};
	int rc = ppk2_command(ppk2, voltage, sizeof(voltage), err);

	if (!rc)
		rc = ppk2_command(ppk2, mode, sizeof(mode), err);
	if (!rc)
		rc = ppk2_command(ppk2, voltage, sizeof(voltage), err);
	return rc;
}

static int ppk2_set_ampere(struct ppk2 *ppk2, struct err *err)
{
	const uint8_t mode[] = {COMMAND_MODE, MODE_AMPERE};
	const uint8_t pass[] = {COMMAND_DUT_POWER, 1};
	int rc = ppk2_command(ppk2, mode, sizeof(mode), err);

	return rc ? rc : ppk2_command(ppk2, pass, sizeof(pass), err);
}

/* The serial number in what the far end says of itself: "usb 1915:C00A NUMBER" from a local port,
 * or the word behind "serial" from a remote one; else "". */
static void serial_find(const char *identity, char *ret_serial, size_t capacity)
{
	const char *at = strstr(identity, "serial");
	size_t length = 0;
	int skip = 0;

	ret_serial[0] = '\0';
	if (at)
		at += strlen("serial");
	else if (sscanf(identity, "usb %*4x:%*4x %n", &skip) == 0 && skip > 0)
		at = identity + skip;
	else
		return;
	at += strspn(at, " =:");
	while (isalnum((unsigned char)at[length]) || (at[length] && strchr("-_.", at[length])))
		length++;
	if (length < capacity)
		snprintf(ret_serial, capacity, "%.*s", (int)length, at);
}

static int ppk2_describe(struct ppk2 *ppk2, const struct ppk2_calibration *calibration,
			 double vdd_mv, bool is_source, struct meter_info *ret_info,
			 struct err *err)
{
	struct meter_info info = {
		.model = "ppk2",
		.rate_hz = rate_hz,
		.range_max_a = range_max_a,
		.gain_u_rel = gain_u_rel,
		.range_count = PPK2_RANGES,
		.caps = METER_CAP_MARKERS | (is_source ? METER_CAP_SUPPLY : 0) |
			(ppk2->is_filtered ? METER_CAP_RAW : 0),
		.is_virtual = link_is_virtual(ppk2->link),
	};
	int rc = ppk2_calibration_json(calibration, vdd_mv, info.calibration,
				       sizeof(info.calibration), err);

	if (rc)
		return rc;
	ppk2_calibration_ranges(calibration, info.ranges);
	info.offset_u_a = info.ranges[0].offset_u_a;
	serial_find(link_identity(ppk2->link), info.serial, sizeof(info.serial));
	*ret_info = info;
	return 0;
}

static int ppk2_open(void *state, const struct meter_port *port,
		     const struct meter_settings *settings, struct meter_info *ret_info,
		     struct err *err)
{
	struct ppk2 *ppk2 = state;
	struct link *link = port->link;
	struct ppk2_calibration calibration;
	struct ppk2_conversion conversion;
	struct meter_param_value values[PARAMS];
	bool is_source = settings->supply_v > 0;
	double vdd_mv = round(settings->supply_v * 1000);
	int rc = meter_params_parse(params, settings->options, values, err);

	if (rc)
		return rc;
	ppk2->is_filtered = values[PARAM_FILTER].number == FILTER_ON;
	ppk2->link = link;
	ppk2->gather_ms = gather_for(link);
	atomic_init(&ppk2->streaming, false);
	rc = link_set_lines(link, true, false, err);
	if (rc)
		return rc;
	rc = ppk2_read_calibration(ppk2, &calibration, err);
	if (rc)
		return rc;
	rc = is_source ? ppk2_set_source(ppk2, (uint16_t)vdd_mv, err) : ppk2_set_ampere(ppk2, err);
	if (!rc)
		rc = ppk2_command_plain(ppk2, COMMAND_FILTER_OFF, err);
	if (rc)
		return rc;

	if (!is_source)
		vdd_mv = calibration.vdd_mv > 0 ? calibration.vdd_mv : VDD_FALLBACK_MV;
	ppk2_conversion_init(&conversion, &calibration, vdd_mv);
	ppk2_capture_init(&ppk2->capture, &conversion, (float)range_max_a, !link_is_virtual(link));
	return ppk2_describe(ppk2, &calibration, vdd_mv, is_source, ret_info, err);
}

static void ppk2_close(void *state)
{
	struct ppk2 *ppk2 = state;

	link_close(ppk2->link);
}

static int ppk2_supply(void *state, bool on, struct err *err)
{
	return ppk2_command(state, (const uint8_t[]){COMMAND_DUT_POWER, on}, 2, err);
}

static int ppk2_start(void *state, struct err *err)
{
	struct ppk2 *ppk2 = state;
	int rc = ppk2_quieten(ppk2, err);

	if (rc)
		return rc;
	ppk2_capture_restart(&ppk2->capture);
	ppk2_filter_init(&ppk2->filter);
	ppk2->end_ns = 0;
	ppk2->may_have_more = false;
	ppk2->most_bytes = 0;
	rc = ppk2_command_plain(ppk2, COMMAND_START, err);
	if (!rc)
		atomic_store(&ppk2->streaming, true);
	return rc;
}

/* After a stop the line may still hold samples; silence of QUIET_MS is the end. */
static bool ppk2_has_ended(struct ppk2 *ppk2, int64_t now_ns, bool got_bytes)
{
	if (atomic_load(&ppk2->streaming))
		return false;
	if (!ppk2->end_ns || got_bytes)
		ppk2->end_ns = now_ns + ms_to_ns(QUIET_MS);
	return now_ns >= ppk2->end_ns;
}

static int left_until(struct ppk2 *ppk2, int64_t until_ns)
{
	int64_t left_ms = (until_ns - link_clock_ns(ppk2->link) + 999999) / 1000000;

	return left_ms < 0 ? 0 : left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

/* USB brings some bytes every millisecond: to wake up for each costs more than all the rest. A read
 * that gave fewer than the line once gave has taken all there was. Sleeps in slices, to see a stop.
 */
static int ppk2_gather(struct ppk2 *ppk2, int64_t until_ns, size_t *ret_count, struct err *err)
{
	size_t capacity;
	uint8_t *space = ppk2_capture_space(&ppk2->capture, &capacity);
	int left_ms = left_until(ppk2, until_ns), rc;

	if (ppk2->may_have_more) {
		left_ms = 0;
	} else if (left_ms > 0) {
		link_sleep_ms(ppk2->link, left_ms < ppk2->gather_ms ? left_ms : ppk2->gather_ms);
		left_ms = left_until(ppk2, until_ns);
	}
	*ret_count = 0;
	rc = link_read(ppk2->link, space, capacity, left_ms < SLICE_MS ? left_ms : SLICE_MS,
		       ret_count, err);
	if (rc)
		return rc;
	ppk2->may_have_more = *ret_count && *ret_count >= ppk2->most_bytes;
	if (ppk2->may_have_more)
		ppk2->most_bytes = *ret_count;
	return 0;
}

/* Takes bytes in. -ETIMEDOUT: until_ns is over; -ENODATA: the stream ended; some bytes may have
 * come with either. */
static int ppk2_receive(struct ppk2 *ppk2, int64_t until_ns, struct err *err)
{
	for (;;) {
		size_t count;
		int64_t now_ns;
		int rc = ppk2_gather(ppk2, until_ns, &count, err);

		if (rc)
			return rc;
		now_ns = link_clock_ns(ppk2->link);
		if (count)
			ppk2_capture_fill(&ppk2->capture, count, now_ns);
		if (ppk2_has_ended(ppk2, now_ns, count > 0))
			return err_set(err, -ENODATA, "the stream was stopped");
		if (now_ns >= until_ns)
			return err_set(err, -ETIMEDOUT, "no samples came");
		if (count)
			return 0;
	}
}

/* What the vendor's application shows, beside what was sampled. It knows nothing of samples that
 * are missing; here it begins again behind them. */
static void ppk2_filter_block(struct ppk2 *ppk2, struct meter_block *block)
{
	block->corrected = 0;
	if (!ppk2->is_filtered)
		return;
	if (block->lost)
		ppk2_filter_init(&ppk2->filter);
	for (uint32_t i = 0; i < block->count; i++) {
		float raw_a = block->current_a[i];
		float shown_a =
			(float)ppk2_filter_apply(&ppk2->filter, (double)raw_a, block->range[i]);

		block->raw_current_a[i] = raw_a;
		block->current_a[i] = shown_a;
		block->corrected += shown_a != raw_a;
	}
}

static int ppk2_read(void *state, struct meter_block *block, int timeout_ms, struct err *err)
{
	struct ppk2 *ppk2 = state;
	int64_t until_ns = link_clock_ns(ppk2->link) + ms_to_ns(timeout_ms);
	bool is_begun = false;
	int wait_rc = 0;
	int rc;

	while (!(rc = ppk2_capture_collect(&ppk2->capture, block)) && !wait_rc) {
		if (block->count && !is_begun) {
			is_begun = true;
			until_ns = link_clock_ns(ppk2->link) + ms_to_ns(BLOCK_MS);
		}
		wait_rc = ppk2_receive(ppk2, until_ns, err);
	}
	if (block->count) {
		bool is_recent = !rc && (wait_rc == -ETIMEDOUT || wait_rc == -ENODATA);

		ppk2_capture_finish(&ppk2->capture, block, is_recent);
		ppk2_filter_block(ppk2, block);
		return 0;
	}
	if (rc)
		return err_set(err, rc, "no sample boundary in %d bytes: this is no sample stream",
			       PPK2_SEARCH_BYTES);
	return wait_rc;
}

static int ppk2_stop(void *state, struct err *err)
{
	struct ppk2 *ppk2 = state;
	int rc = ppk2_command_plain(ppk2, COMMAND_STOP, err);

	atomic_store(&ppk2->streaming, false);
	return rc;
}

const struct meter_ops meter_ppk2 = {
	.name = "ppk2",
	.params = params,
	.bus = METER_BUS_LINK,
	.link_settings = {.baud = 115200, .parity = LINK_PARITY_NONE},
	.supply_range = {.min_v = 0.8, .max_v = 5},
	.state_size = sizeof(struct ppk2),
	.open = ppk2_open,
	.close = ppk2_close,
	.supply = ppk2_supply,
	.start = ppk2_start,
	.read = ppk2_read,
	.stop = ppk2_stop,
};
