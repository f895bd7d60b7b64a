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

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/meter/lpm01a_capture.h"
#include "drivers/meter/meter_params.h"

enum {
	WRITE_MS = 1000,
	ANSWER_MS = 2000,
	CALIBRATION_MS = 15000,
	DETAIL_MS = 200, /* until the second line of a refusal */
	QUIET_MS = 100,
	QUIET_LIMIT_MS = 2000,
	BLOCK_MS = 20, /* a block is handed out that long after its first bytes */
	SLICE_MS = 20, /* how late a reader may see a stop */
	END_MS = 500,  /* of silence after a stop, without the words that end it */
	NS_PER_MS = 1000000,
	ENERGY_HZ_MAX = 10000,
	ASCII_HZ_MAX = 5000, /* without an end */
	HIGH_HZ_MIN = 50000, /* function mode "high" */
};

static const double range_max_a = 0.050;
/* UM2243 page 23: better than 2 %, of the static mode; assumed of the dynamic mode. */
static const double gain_limit_rel = 0.02;
/* Assumed: ten times the least current of the dynamic mode. In mode "high" the least is 30 uA. */
static const double offset_limit_a = 1e-6, offset_limit_high_a = 30e-6;
static const double calibration_holds_c = 5;

enum lpm01a_param { PARAM_RATE, PARAM_OUTPUT, PARAM_FORMAT, PARAM_EVENT, PARAMS };

static const struct meter_param params[PARAMS + 1] = {
	{"rate_hz", "", "5000", 0, 0,
	 "1|2|5|10|20|50|100|200|500|1000|2000|5000|10000|20000|50000|100000: samples per second"},
	{"output", "", "auto", 0, 0,
	 "auto|current|energy: energy is the mean over the sample, up to 10000 per second; of "
	 "current "
	 "it is not known; auto: energy where it can be"},
	{"format", "", "auto", 0, 0,
	 "auto|ascii|binary: of the samples; ascii up to 5000 per second, where auto takes it: a "
	 "lost byte "
	 "shows at once, in binary it may show late"},
	{"event", "", "falling", 0, 0,
	 "falling|both|none: edges of D7 that toggle logic input 0; both is not documented"},
	{NULL},
};

enum { EVENT_FALLING, EVENT_BOTH, EVENT_NONE };

struct lpm01a {
	struct link *link;
	unsigned rate_hz, supply_mv;
	bool energy, binary, high;
	int event;
	char firmware[24];
	double calibrated_c; /* NaN: not known, calibrated before each start */
	bool dirty;          /* what an acquisition sent may wait in the link */
	struct lpm01a_capture capture;
	atomic_bool streaming;
	int64_t end_ns; /* reader's: when silence after a stop becomes the end; 0: no stop seen */
};

/* --- commands --------------------------------------------------------------------------------- */

static int send_line(struct lpm01a *lpm, const char *command, struct err *err)
{
	char line[80];
	int length = snprintf(line, sizeof(line), "%s\n", command);

	return link_write(lpm->link, line, (size_t)length, WRITE_MS, err);
}

/* Takes bytes in, for at most until_ns. */
static int receive(struct lpm01a *lpm, int64_t until_ns, struct err *err)
{
	int64_t left_ms = (until_ns - link_clock_ns(lpm->link) + NS_PER_MS - 1) / NS_PER_MS;
	size_t capacity, count = 0;
	uint8_t *space = lpm01a_parser_space(&lpm->capture.parser, &capacity);
	int rc;

	if (left_ms <= 0)
		return err_set(err, -ETIMEDOUT, "no answer");
	rc = link_read(lpm->link, space, capacity, (int)left_ms, &count, err);
	if (!rc)
		lpm01a_parser_fill(&lpm->capture.parser, count);
	return rc;
}

static int next_item(struct lpm01a *lpm, int64_t until_ns, struct lpm01a_item *ret_item,
		     struct err *err)
{
	for (;;) {
		int rc = lpm01a_parser_next(&lpm->capture.parser, ret_item);

		if (rc > 0)
			return 0;
		if (rc < 0)
			return err_set(err, rc, "what comes is no text: this is no PowerShield");
		rc = receive(lpm, until_ns, err);
		if (rc)
			return rc;
	}
}

static int64_t from_now_ns(const struct lpm01a *lpm, int ms)
{
	return link_clock_ns(lpm->link) + (int64_t)ms * NS_PER_MS;
}

static bool is_about(const char *text, const char *command)
{
	return !strncmp(text, command, strcspn(command, " "));
}

/* The refusal's second line says why. */
static int refused(struct lpm01a *lpm, struct err *err)
{
	int64_t until_ns = from_now_ns(lpm, DETAIL_MS);
	struct lpm01a_item item;

	while (!next_item(lpm, until_ns, &item, NULL))
		if (!strncmp(item.text, "Error detail:", 13))
			return err_set(err, -EINVAL, "refused:%s", item.text + 13);
	return err_set(err, -EINVAL, "refused");
}

/* Until the command is acknowledged. What came with it is in ret_answer (may be NULL). */
static int await_answer(struct lpm01a *lpm, const char *command, int timeout_ms, char *ret_answer,
			struct err *err)
{
	int64_t until_ns = from_now_ns(lpm, timeout_ms);
	struct lpm01a_item item;

	for (;;) {
		int rc = next_item(lpm, until_ns, &item, err);

		if (rc)
			return rc;
		if (item.kind == LPM01A_ACK && is_about(item.text, command)) {
			if (ret_answer)
				memcpy(ret_answer, item.text, sizeof(item.text));
			return 0;
		}
		if (item.kind == LPM01A_ERROR && strncmp(item.text, "Error detail:", 13))
			return refused(lpm, err);
	}
}

static int quieten(struct lpm01a *lpm, struct err *err)
{
	int rc = link_discard(lpm->link, QUIET_MS, QUIET_LIMIT_MS, err);

	if (!rc)
		lpm->dirty = false;
	return rc;
}

static int command_ask(struct lpm01a *lpm, const char *command, int timeout_ms, char *ret_answer,
		       struct err *err)
{
	int rc = lpm->dirty ? quieten(lpm, err) : 0;

	lpm01a_parser_init(&lpm->capture.parser, LPM01A_COMMANDS, 0);
	if (!rc)
		rc = send_line(lpm, command, err);
	if (!rc)
		rc = await_answer(lpm, command, timeout_ms, ret_answer, err);
	return rc ? err_context(err, rc, "command \"%s\"", command) : 0;
}

static int command_do(struct lpm01a *lpm, const char *command, struct err *err)
{
	return command_ask(lpm, command, ANSWER_MS, NULL, err);
}

/* --- calibration and temperature -------------------------------------------------------------- */

/* NaN: the answer holds none that can be. */
static int read_temperature(struct lpm01a *lpm, double *ret_c, struct err *err)
{
	static const char command[] = "temp degc";
	char answer[LPM01A_TEXT_BYTES], *end;
	const char *at = answer + strlen(command);
	int rc = command_ask(lpm, command, ANSWER_MS, answer, err);

	if (rc)
		return rc;
	*ret_c = NAN;
	if (strlen(answer) <= strlen(command))
		return 0;
	at += strcspn(at, "-0123456789");
	*ret_c = strtod(at, &end);
	if (end == at || *end == '+' || *end == '-' || *ret_c < -40 || *ret_c > 125)
		*ret_c = NAN;
	return 0;
}

static int calibrate(struct lpm01a *lpm, struct err *err)
{
	int rc = command_ask(lpm, "calib", CALIBRATION_MS, NULL, err);

	return rc ? rc : read_temperature(lpm, &lpm->calibrated_c, err);
}

static int calibrate_when_shifted(struct lpm01a *lpm, struct err *err)
{
	double now_c;
	int rc = read_temperature(lpm, &now_c, err);

	if (rc || fabs(now_c - lpm->calibrated_c) <= calibration_holds_c)
		return rc;
	return calibrate(lpm, err);
}

/* --- open ------------------------------------------------------------------------------------- */

static int take_settings(struct lpm01a *lpm, const struct meter_settings *settings, struct err *err)
{
	struct meter_param_value values[PARAMS];
	int rc = meter_params_parse(params, settings->options, values, err);

	if (rc)
		return rc;
	lpm->supply_mv = (unsigned)round(settings->supply_v * 1000);
	lpm->rate_hz = (unsigned)atoi(values[PARAM_RATE].word);
	lpm->event = (int)values[PARAM_EVENT].number;
	lpm->energy = !strcmp(values[PARAM_OUTPUT].word, "energy") ||
		      (!values[PARAM_OUTPUT].number && lpm->rate_hz <= ENERGY_HZ_MAX);
	lpm->binary = !strcmp(values[PARAM_FORMAT].word, "binary") ||
		      (!values[PARAM_FORMAT].number && lpm->rate_hz > ASCII_HZ_MAX);
	lpm->high = lpm->rate_hz >= HIGH_HZ_MIN;
	if (lpm->energy && lpm->rate_hz > ENERGY_HZ_MAX)
		return err_set(err, -EINVAL, "output=energy has at most %d samples per second",
			       ENERGY_HZ_MAX);
	if (!lpm->binary && lpm->rate_hz > ASCII_HZ_MAX)
		return err_set(err, -EINVAL, "format=ascii has at most %d samples per second",
			       ASCII_HZ_MAX);
	return 0;
}

/* The last word that holds a digit, without what JSON would not take. */
static void word_copy(const char *answer, char *ret_word, size_t capacity)
{
	const char *at = answer + strlen(answer);
	size_t used = 0;

	while (at > answer && !isspace((unsigned char)at[-1]))
		at--;
	for (; *at && used + 1 < capacity; at++)
		if (isalnum((unsigned char)*at) || strchr("-._", *at))
			ret_word[used++] = *at;
	ret_word[used] = '\0';
}

/* A session that was cut off may have left it streaming, a line half sent, or both. */
static int identify(struct lpm01a *lpm, char *ret_serial, size_t capacity, struct err *err)
{
	char answer[LPM01A_TEXT_BYTES];
	int rc = send_line(lpm, "\nstop", err);

	if (!rc)
		rc = quieten(lpm, err);
	if (!rc)
		rc = command_ask(lpm, "powershield", ANSWER_MS, answer, err);
	if (rc)
		return rc;
	if (!strstr(answer, "PowerShield"))
		return err_set(err, -EPROTO, "\"%s\" is no PowerShield's answer", answer);
	word_copy(answer, ret_serial, capacity);
	rc = command_ask(lpm, "version", ANSWER_MS, answer, err);
	if (!rc)
		word_copy(answer, lpm->firmware, sizeof(lpm->firmware));
	return rc;
}

/* After a change of its voltage the instrument calibrates itself (its help text, "calib"), and may
 * answer when it has done. */
static int configure(struct lpm01a *lpm, struct err *err)
{
	static const char *const events[] = {"eventsrc d7 fal", "eventsrc d7 both", NULL};
	char volt[24], freq[24];
	const char *const commands[] = {
		volt,
		"acqmode dyn",
		lpm->high ? "funcmode high" : "funcmode optim",
		lpm->energy ? "output energy" : "output current",
		lpm->binary ? "format bin_hexa" : "format ascii_dec",
		freq,
		"acqtime inf",
		"trigsrc sw",
		"trigdelay 0",
		"currthres 0",
		"pwrend on", /* the board stays powered when an acquisition ends */
		events[lpm->event],
	};
	int rc = 0;

	snprintf(volt, sizeof(volt), "volt %um", lpm->supply_mv);
	snprintf(freq, sizeof(freq), "freq %u", lpm->rate_hz);
	for (size_t n = 0; n < sizeof(commands) / sizeof(commands[0]) && !rc; n++)
		if (commands[n])
			rc = command_ask(lpm, commands[n], CALIBRATION_MS, NULL, err);
	return rc ? rc : calibrate(lpm, err);
}

static int describe(const struct lpm01a *lpm, const char *serial, struct meter_info *ret_info,
		    struct err *err)
{
	static const char *const markers[] = {"toggles with each falling edge of D7",
					      "toggles with each edge of D7", "none"};
	struct meter_info info = {
		.model = "lpm01a",
		.rate_hz = lpm->rate_hz,
		.range_max_a = range_max_a,
		.gain_u_rel = gain_limit_rel / sqrt(3),
		.offset_u_a = (lpm->high ? offset_limit_high_a : offset_limit_a) / sqrt(3),
		.caps = METER_CAP_SUPPLY | (lpm->event == EVENT_NONE ? 0 : METER_CAP_MARKERS),
		.is_virtual = link_is_virtual(lpm->link),
	};
	char calibrated[24] = "null";
	int length;

	snprintf(info.serial, sizeof(info.serial), "%s", serial);
	if (isfinite(lpm->calibrated_c))
		snprintf(calibrated, sizeof(calibrated), "%.1f", lpm->calibrated_c);
	length = snprintf(info.calibration, sizeof(info.calibration),
			  "{\"firmware\": \"%s\", \"supply_v\": %.3f, \"output\": \"%s\", "
			  "\"format\": \"%s\", \"acqmode\": \"dyn\", \"funcmode\": \"%s\", "
			  "\"calibrated_temp_c\": %s, \"logic_0\": \"%s\", "
			  "\"gain_limit_rel\": %g, \"gain_source\": \"UM2243 p. 23, static mode; "
			  "assumed in dynamic mode\", \"offset_source\": \"assumed\"}",
			  lpm->firmware, lpm->supply_mv / 1e3, lpm->energy ? "energy" : "current",
			  lpm->binary ? "binary" : "ascii", lpm->high ? "high" : "optim",
			  calibrated, markers[lpm->event], gain_limit_rel);
	if (length < 0 || (size_t)length >= sizeof(info.calibration))
		return err_set(err, -ERANGE, "the calibration does not fit");
	*ret_info = info;
	return 0;
}

/* Best effort: nobody is left who could be told of a failure. */
static void release_control(struct lpm01a *lpm)
{
	(void)send_line(lpm, "hrc", NULL);
}

static int lpm01a_open(void *state, const struct meter_port *port,
		       const struct meter_settings *settings, struct meter_info *ret_info,
		       struct err *err)
{
	struct lpm01a *lpm = state;
	char serial[32];
	int rc = take_settings(lpm, settings, err);

	lpm->link = port->link;
	atomic_init(&lpm->streaming, false);
	if (!rc)
		rc = link_set_lines(lpm->link, true, false, err);
	if (!rc)
		rc = identify(lpm, serial, sizeof(serial), err);
	if (!rc)
		rc = command_do(lpm, "htc", err);
	if (rc)
		return rc;
	rc = configure(lpm, err);
	if (!rc)
		rc = describe(lpm, serial, ret_info, err);
	if (rc) {
		release_control(lpm);
		return rc;
	}
	lpm->capture.mode = lpm->binary ? LPM01A_BINARY : LPM01A_ASCII;
	lpm->capture.rate_hz = lpm->rate_hz;
	lpm->capture.range_max_a = range_max_a;
	/* A sample of energy is J since the sample before: by the set voltage it is A. */
	lpm->capture.scale_a = lpm->energy ? lpm->rate_hz / (lpm->supply_mv / 1e3) : 1;
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
	return atomic_load(&lpm->streaming) ? send_line(lpm, command, err)
					    : command_do(lpm, command, err);
}

/* --- the stream ------------------------------------------------------------------------------- */

/* Until the acquisition runs: acknowledged, or a record came. */
static int await_start(struct lpm01a *lpm, struct err *err)
{
	int64_t until_ns = from_now_ns(lpm, ANSWER_MS);
	struct lpm01a_item item;

	for (;;) {
		int rc = next_item(lpm, until_ns, &item, err);

		if (rc)
			return err_context(err, rc, "command \"start\"");
		if (item.kind == LPM01A_ACK && is_about(item.text, "start"))
			return 0;
		if (item.kind == LPM01A_ERROR)
			return err_context(err, refused(lpm, err), "command \"start\"");
		lpm01a_capture_item(&lpm->capture, &item);
		if (item.kind == LPM01A_TIME)
			return 0;
	}
}

static int lpm01a_start(void *state, struct err *err)
{
	struct lpm01a *lpm = state;
	int rc = calibrate_when_shifted(lpm, err);

	if (rc)
		return rc;
	lpm01a_capture_restart(&lpm->capture);
	lpm->capture.t_start_ns = lpm->capture.t_fill_ns = link_clock_ns(lpm->link);
	lpm->end_ns = 0;
	rc = send_line(lpm, "start", err);
	if (!rc)
		rc = await_start(lpm, err);
	lpm->dirty = true;
	if (rc) {
		(void)send_line(lpm, "stop", NULL);
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
	int64_t until_ns = from_now_ns(lpm, timeout_ms);
	bool is_begun = false;
	int wait_rc = 0, rc;

	while (!(rc = lpm01a_capture_collect(&lpm->capture, block)) && !wait_rc) {
		if (block->count && !is_begun) {
			is_begun = true;
			until_ns = from_now_ns(lpm, BLOCK_MS);
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
	int rc = send_line(lpm, "stop", err);

	atomic_store(&lpm->streaming, false);
	return rc;
}

const struct meter_ops meter_lpm01a = {
	.name = "lpm01a",
	.bus = METER_BUS_LINK,
	.link_settings = {.baud = 3686400, .parity = LINK_PARITY_NONE},
	.params = params,
	.supply_range = {.min_v = 1.8, .max_v = 3.3, .is_fixed = true},
	.state_size = sizeof(struct lpm01a),
	.open = lpm01a_open,
	.close = lpm01a_close,
	.supply = lpm01a_supply,
	.start = lpm01a_start,
	.read = lpm01a_read,
	.stop = lpm01a_stop,
};
