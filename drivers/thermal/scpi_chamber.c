/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A thermal chamber that speaks SCPI in lines ended by LF. Two vocabularies: SOURce:TEMPerature
 * with MEASure:TEMPerature?, and that of a Watlow F4T's control loop 1 (as client programs for it
 * use it; not tried on one). An F4T speaks the unit that it is set to (":UNIT:TEMPERATURE?" answers
 * C or F: PaulNongL/WatlowF4TscpiLibrary, f4t_interface.py, of a chamber maker): F is refused, not
 * changed, since it holds for whoever else uses the chamber. A set point is read back: a chamber
 * that refuses it says so there, whatever its error queue is like; clients of the F4T give it 1 to
 * 2 s to take one. Ramps, humidity and programs are the controller's own business.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "drivers/link/link.h"
#include "drivers/thermal/thermal.h"

enum {
	REPLY_MS = 2000,
	TAKE_MS = 2000,
	TAKE_POLL_MS = 100,
	REPLY_BYTES = THERMAL_IDENTITY_BYTES,
	BAUD_DEFAULT = 9600,
};

static const double taken_within_k = 0.051; /* controllers keep a tenth of a degree */

struct words {
	const char *set, *ask_set, *measure;
	const char *ask_unit; /* NULL: it has none but Celsius */
};

static const struct words scpi_words = {"SOUR:TEMP:SPO", "SOUR:TEMP:SPO?", "MEAS:TEMP?", NULL};
static const struct words f4t_words = {"SOURCE:CLOOP1:SPOINT", "SOURCE:CLOOP1:SPOINT?",
				       "SOURCE:CLOOP1:PVALUE?", "UNIT:TEMPERATURE?"};

struct chamber {
	struct link *link;
	const struct words *words;
};

static int read_line(struct chamber *chamber, char *text, struct err *err)
{
	int64_t until_ns = link_now_ns() + REPLY_MS * 1000000LL;
	size_t used = 0;

	for (;;) {
		int64_t left_ns = until_ns - link_now_ns();
		size_t count = 0;
		char byte;
		int ret = link_read(chamber->link, &byte, 1,
				    left_ns > 0 ? (int)(left_ns / 1000000) : 0, &count, err);

		if (ret)
			return ret;
		if (!count)
			return err_set(err, -ETIMEDOUT, "no answer in %d ms", REPLY_MS);
		if (byte == '\n')
			break;
		if (byte == '\r')
			continue;
		if (used + 1 == REPLY_BYTES)
			return err_set(err, -EPROTO, "its answer is longer than %d characters",
				       REPLY_BYTES);
		text[used++] = byte;
	}
	text[used] = '\0';
	return 0;
}

static int say(struct chamber *chamber, const char *line, struct err *err)
{
	return link_write(chamber->link, line, strlen(line), REPLY_MS, err);
}

static int ask_text(struct chamber *chamber, const char *question, char text[REPLY_BYTES],
		    struct err *err)
{
	char line[64];
	int ret = link_discard(chamber->link, 1, 100, err); /* a late answer to another question */

	snprintf(line, sizeof(line), "%s\n", question);
	if (!ret)
		ret = say(chamber, line, err);
	if (!ret)
		ret = read_line(chamber, text, err);
	return ret ? err_context(err, ret, "%s", question) : 0;
}

static int ask(struct chamber *chamber, const char *question, double *ret_value, struct err *err)
{
	char text[REPLY_BYTES], *end;
	double value;
	int ret = ask_text(chamber, question, text, err);

	if (ret)
		return ret;
	value = strtod(text, &end);
	if (end == text || *end || !isfinite(value))
		return err_set(err, -EPROTO, "%s: '%s' is no temperature", question, text);
	*ret_value = value;
	return 0;
}

static int chamber_read(void *state, double *ret_temp_c, struct err *err)
{
	struct chamber *chamber = state;

	return ask(chamber, chamber->words->measure, ret_temp_c, err);
}

/* IEEE 488.2, section 10.14. */
static int chamber_identify(void *state, char *ret_text, size_t size, struct err *err)
{
	char text[REPLY_BYTES];
	int ret = ask_text(state, "*IDN?", text, err);

	if (!ret)
		snprintf(ret_text, size, "%s", text);
	return ret;
}

static int check_unit(struct chamber *chamber, struct err *err)
{
	char text[REPLY_BYTES];
	int ret;

	if (!chamber->words->ask_unit)
		return 0;
	ret = ask_text(chamber, chamber->words->ask_unit, text, err);
	if (ret)
		return ret;
	if (strcasecmp(text, "C"))
		return err_set(err, -EPROTO,
			       "its temperatures are in '%s': set it to Celsius (its settings of "
			       "communication, or :UNIT:TEMPERATURE C)",
			       text);
	return 0;
}

/* Returns 0, too, when it is still another one after TAKE_MS. */
static int read_set_point_until(struct chamber *chamber, double temp_c, double *ret_taken_c,
				struct err *err)
{
	const struct timespec pause = {.tv_nsec = TAKE_POLL_MS * 1000000L};
	int64_t until_ns = link_now_ns() + TAKE_MS * 1000000LL;

	for (;;) {
		int ret = ask(chamber, chamber->words->ask_set, ret_taken_c, err);

		if (ret || fabs(*ret_taken_c - temp_c) <= taken_within_k ||
		    link_now_ns() >= until_ns)
			return ret;
		nanosleep(&pause, NULL);
	}
}

static int chamber_set(void *state, double temp_c, struct err *err)
{
	struct chamber *chamber = state;
	char line[REPLY_BYTES];
	double taken_c = NAN;
	int ret = check_unit(chamber, err);

	snprintf(line, sizeof(line), "%s %.2f\n", chamber->words->set, temp_c);
	if (!ret)
		ret = say(chamber, line, err);
	if (!ret)
		ret = read_set_point_until(chamber, temp_c, &taken_c, err);
	if (!ret && fabs(taken_c - temp_c) > taken_within_k)
		ret = err_set(err, -EPROTO,
			      "its set point is %g degC: outside the limits that its controller "
			      "has, or not under remote control?",
			      taken_c);
	return ret;
}

static int chamber_open(struct chamber *chamber, const char *address,
			const struct thermal_settings *settings, const struct words *words,
			struct err *err)
{
	const struct link_settings link = {.baud = settings->baud ? settings->baud : BAUD_DEFAULT,
					   .parity = LINK_PARITY_NONE};
	double temp_c;
	int ret = link_open(address, &link, &chamber->link, err);

	if (ret)
		return ret;
	chamber->words = words;
	ret = check_unit(chamber, err);
	if (!ret)
		ret = chamber_read(chamber, &temp_c, err);
	if (ret)
		link_close(chamber->link);
	return ret;
}

static int scpi_open(void *state, const char *address, const struct thermal_settings *settings,
		     struct err *err)
{
	return chamber_open(state, address, settings, &scpi_words, err);
}

static int f4t_open(void *state, const char *address, const struct thermal_settings *settings,
		    struct err *err)
{
	return chamber_open(state, address, settings, &f4t_words, err);
}

static void chamber_close(void *state)
{
	link_close(((struct chamber *)state)->link);
}

const struct thermal_ops thermal_scpi = {
	.scheme = "scpi",
	.caps = THERMAL_CAP_SET | THERMAL_CAP_MEASURED,
	.state_size = sizeof(struct chamber),
	.open = scpi_open,
	.close = chamber_close,
	.set = chamber_set,
	.read = chamber_read,
	.identify = chamber_identify,
};

const struct thermal_ops thermal_f4t = {
	.scheme = "f4t",
	.caps = THERMAL_CAP_SET | THERMAL_CAP_MEASURED,
	.state_size = sizeof(struct chamber),
	.open = f4t_open,
	.close = chamber_close,
	.set = chamber_set,
	.read = chamber_read,
	.identify = chamber_identify,
};
