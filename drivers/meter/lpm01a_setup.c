/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * LPM01A: what the driver's parameters make of the instrument, how it is calibrated, and what is
 * said of it.
 */
#include "drivers/meter/lpm01a_parts.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CALIBRATION_MS = 15000,
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

const struct meter_param lpm01a_params[PARAMS + 1] = {
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

/* --- calibration and temperature -------------------------------------------------------------- */

/* NaN: the answer holds none that can be. */
static int read_temperature(struct lpm01a *lpm, double *ret_c, struct err *err)
{
	static const char command[] = "temp degc";
	char answer[LPM01A_TEXT_BYTES], *end;
	const char *at = answer + strlen(command);
	int rc = lpm01a_command_ask(lpm, command, LPM01A_ANSWER_MS, answer, err);

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
	int rc = lpm01a_command_ask(lpm, "calib", CALIBRATION_MS, NULL, err);

	return rc ? rc : read_temperature(lpm, &lpm->calibrated_c, err);
}

int lpm01a_calibrate_when_shifted(struct lpm01a *lpm, struct err *err)
{
	double now_c;
	int rc = read_temperature(lpm, &now_c, err);

	if (rc || fabs(now_c - lpm->calibrated_c) <= calibration_holds_c)
		return rc;
	return calibrate(lpm, err);
}

/* --- settings, identity, description ---------------------------------------------------------- */

int lpm01a_take_settings(struct lpm01a *lpm, const struct meter_settings *settings, struct err *err)
{
	struct meter_param_value values[PARAMS];
	int rc = meter_params_parse(lpm01a_params, settings->options, values, err);

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
int lpm01a_identify(struct lpm01a *lpm, char *ret_serial, size_t capacity, struct err *err)
{
	char answer[LPM01A_TEXT_BYTES];
	int rc = lpm01a_send_line(lpm, "\nstop", err);

	if (!rc)
		rc = lpm01a_quieten(lpm, err);
	if (!rc)
		rc = lpm01a_command_ask(lpm, "powershield", LPM01A_ANSWER_MS, answer, err);
	if (rc)
		return rc;
	if (!strstr(answer, "PowerShield"))
		return err_set(err, -EPROTO, "\"%s\" is no PowerShield's answer", answer);
	word_copy(answer, ret_serial, capacity);
	rc = lpm01a_command_ask(lpm, "version", LPM01A_ANSWER_MS, answer, err);
	if (!rc)
		word_copy(answer, lpm->firmware, sizeof(lpm->firmware));
	return rc;
}

/* After a change of its voltage the instrument calibrates itself (its help text, "calib"), and may
 * answer when it has done. */
int lpm01a_configure(struct lpm01a *lpm, struct err *err)
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
			rc = lpm01a_command_ask(lpm, commands[n], CALIBRATION_MS, NULL, err);
	return rc ? rc : calibrate(lpm, err);
}

int lpm01a_describe(const struct lpm01a *lpm, const char *serial, struct meter_info *ret_info,
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

void lpm01a_prepare_capture(struct lpm01a *lpm)
{
	lpm->capture.mode = lpm->binary ? LPM01A_BINARY : LPM01A_ASCII;
	lpm->capture.rate_hz = lpm->rate_hz;
	lpm->capture.range_max_a = range_max_a;
	/* A sample of energy is J since the sample before: by the set voltage it is A. */
	lpm->capture.scale_a = lpm->energy ? lpm->rate_hz / (lpm->supply_mv / 1e3) : 1;
}
