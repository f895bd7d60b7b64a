/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The virtual LPM01A's command line: transcripts of every command, wrong commands, numbers, target
 * supply, calibration.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rigs/virtual/meters/lpm01a.h"

#define TEXT_MAX 4096
#define MS       1000000000ll /* ps */

static char text[TEXT_MAX];

static const char *take_text(struct vlpm01a *meter)
{
	text[vlpm01a_take_bytes(meter, (uint8_t *)text, TEXT_MAX - 1)] = '\0';
	return text;
}

static const char *say(struct vlpm01a *meter, const char *line)
{
	vlpm01a_host_bytes(meter, (const uint8_t *)line, strlen(line));
	vlpm01a_host_bytes(meter, (const uint8_t *)"\n", 1);
	return take_text(meter);
}

static void assert_ack(struct vlpm01a *meter, const char *line)
{
	char expected[256];

	snprintf(expected, sizeof(expected), "PowerShield > ack %s\r\n\r\n", line);
	assert_string_equal(say(meter, line), expected);
}

static void assert_error(struct vlpm01a *meter, const char *line, const char *detail)
{
	char expected[256];

	snprintf(expected, sizeof(expected), "PowerShield > error %s\r\nError detail: %s\r\n", line,
		 detail);
	assert_string_equal(say(meter, line), expected);
}

static void run_ms(struct vlpm01a *meter, struct vlpm01a_slice *at, double ms)
{
	at->start_ps = at->end_ps;
	at->end_ps += llrint(ms * MS);
	vlpm01a_slice(meter, at);
}

static struct vlpm01a *new_controlled(uint64_t seed)
{
	struct vlpm01a *meter = vlpm01a_new(seed);

	assert_non_null(meter);
	assert_ack(meter, "htc");
	return meter;
}

/* Every command with good and bad arguments. detail NULL: ack. */
static const struct {
	const char *line, *detail;
} transcript[] = {
	{"lcd 1 \"  custom display\"", NULL},
	{"lcd 2 \"0123456789abcdef\"", NULL},
	{"lcd 2 \"0123456789abcdefg\"", "string too long"},
	{"lcd 3 \"x\"", "argument out of range"},
	{"lcd 1 x", "string must be surrounded by double quotes"},
	{"lcd 1 \"open", "string must be surrounded by double quotes"},
	{"lcd 1", "missing argument"},
	{"volt 1800m", NULL},
	{"volt 3300m", NULL},
	{"volt 2", NULL},
	{"volt 25-1", NULL},
	{"volt 1799m", "argument out of range"},
	{"volt 3301m", "argument out of range"},
	{"volt 3.0", "wrong argument"},
	{"volt 3V", "wrong argument"},
	{"volt", "missing argument"},
	{"volt 3 3", "too many arguments"},
	{"freq 100k", NULL},
	{"freq 50k", NULL},
	{"freq 20k", NULL},
	{"freq 10k", NULL},
	{"freq 5k", NULL},
	{"freq 2k", NULL},
	{"freq 1k", NULL},
	{"freq 500", NULL},
	{"freq 200", NULL},
	{"freq 100", NULL},
	{"freq 50", NULL},
	{"freq 20", NULL},
	{"freq 10", NULL},
	{"freq 5", NULL},
	{"freq 2", NULL},
	{"freq 1", NULL},
	{"freq 1+3", NULL},
	{"freq 200k", "argument out of range"},
	{"freq 3", "argument out of range"},
	{"freq 0", "argument out of range"},
	{"freq fast", "wrong argument"},
	{"acqtime inf", NULL},
	{"acqtime 0", NULL},
	{"acqtime 100u", NULL},
	{"acqtime 100", NULL},
	{"acqtime 1-4", NULL},
	{"acqtime 99u", "argument out of range"},
	{"acqtime 101", "argument out of range"},
	{"acqtime 1-", "wrong argument"},
	{"acqtime 1-444", "wrong argument"},
	{"acqmode dyn", NULL},
	{"acqmode stat", NULL},
	{"acqmode dynamic", "wrong argument"},
	{"funcmode optim", NULL},
	{"funcmode high", NULL},
	{"funcmode low", "wrong argument"},
	{"output current", NULL},
	{"output energy", NULL},
	{"output power", "wrong argument"},
	{"format ascii_dec", NULL},
	{"format bin_hexa", NULL},
	{"format hex", "wrong argument"},
	{"trigsrc sw", NULL},
	{"trigsrc d7", NULL},
	{"trigsrc d8", "wrong argument"},
	{"trigdelay 0", NULL},
	{"trigdelay 1m", NULL},
	{"trigdelay 2-3", NULL},
	{"trigdelay 30", NULL},
	{"trigdelay 31", "argument out of range"},
	{"currthres 0", NULL},
	{"currthres 100n", NULL},
	{"currthres 50m", NULL},
	{"currthres 51m", "argument out of range"},
	{"currthres 99n", "argument out of range"},
	{"pwr auto", NULL},
	{"pwr on", NULL},
	{"pwr off", NULL},
	{"pwr on nostatus", NULL},
	{"pwr on status", NULL},
	{"pwr on maybe", "wrong argument"},
	{"pwr up", "wrong argument"},
	{"pwrend on", NULL},
	{"pwrend off", NULL},
	{"pwrend get", "wrong argument"},
	{"eventsrc d7 fal", NULL},
	{"eventsrc d7 ris", NULL},
	{"eventsrc none", NULL},
	{"eventsrc d6 fal", "wrong argument"},
	{"eventsrc d7", "wrong argument"},
	{"targrst 0", NULL},
	{"targrst 10m", NULL},
	{"targrst 1", NULL},
	{"targrst 9m", "argument out of range"},
	{"targrst 2", "argument out of range"},
	{"calib", NULL},
	{"calib now", "too many arguments"},
	{"temp kelvin", "wrong argument"},
	{"autotest stop", "wrong argument"},
	{"autotest start all", "wrong argument"},
	{"echo one two three \"four five\"", NULL},
	{"stop", "no acquisition in progress"},
	{"htc", NULL},
	{"Htc", "unknown command"},
	{"volts 3", "unknown command"},
	{"\"volt 3\"", "unknown command"},
	{"hrc", NULL},
};

static void test_transcript(void **state)
{
	struct vlpm01a *meter = new_controlled(1);

	(void)state;
	for (size_t i = 0; i < sizeof(transcript) / sizeof(transcript[0]); i++) {
		if (transcript[i].detail)
			assert_error(meter, transcript[i].line, transcript[i].detail);
		else
			assert_ack(meter, transcript[i].line);
	}
	assert_string_equal(say(meter, ""), "");
	assert_string_equal(vlpm01a_lcd(meter, 0), "  custom display");
	assert_string_equal(vlpm01a_lcd(meter, 1), "0123456789abcdef");
	vlpm01a_free(meter);
}

static void test_answers(void **state)
{
	struct vlpm01a *meter = new_controlled(1), *other = vlpm01a_new(2);
	struct vlpm01a_slice at = {.board_c = 28};
	unsigned id[3], millivolts;
	char mine[TEXT_MAX];

	(void)state;
	run_ms(meter, &at, 1);
	assert_int_equal(
		sscanf(say(meter, "powershield"),
		       "PowerShield > ack powershield: PowerShield present %8X-%8X-%8X\r\n\r\n",
		       &id[0], &id[1], &id[2]),
		3);
	memcpy(mine, text, sizeof(mine) - 1);
	mine[sizeof(mine) - 1] = 0;
	assert_string_equal(say(meter, "powershield"), mine);
	assert_string_not_equal(say(other, "powershield"), mine);
	assert_string_equal(say(meter, "version"), "PowerShield > ack version: 1.0.6\r\n\r\n");
	assert_string_equal(say(meter, "status"), "PowerShield > ack status: ok\r\n\r\n");
	assert_string_equal(say(meter, "range"),
			    "PowerShield > ack range: 0100-09 0010-03\r\n\r\n");
	say(meter, "acqmode stat");
	assert_string_equal(say(meter, "range"),
			    "PowerShield > ack range: 0002-09 0200-03\r\n\r\n");
	assert_string_equal(say(meter, "temp"), "PowerShield > ack temp 28.0\r\n\r\n");
	assert_string_equal(say(meter, "temp degc"), "PowerShield > ack temp degc 28.0\r\n\r\n");
	assert_string_equal(say(meter, "temp degf"), "PowerShield > ack temp degf 82.4\r\n\r\n");
	assert_string_equal(say(meter, "autotest"), "PowerShield > ack autotest: ok\r\n\r\n");
	assert_string_equal(say(meter, "autotest status stat_all"),
			    "PowerShield > ack autotest status stat_all: ok\r\n\r\n");
	assert_string_equal(say(meter, "pwr get"), "PowerShield > ack pwr get off\r\n\r\n");
	say(meter, "pwr on");
	assert_string_equal(say(meter, "pwr get"), "PowerShield > ack pwr get on\r\n\r\n");
	assert_int_equal(sscanf(say(meter, "volt get"), "PowerShield > ack volt get %4u-03\r\n\r\n",
				&millivolts),
			 1);
	assert_true(abs((int)millivolts - 3300) <= 17);
	assert_true(fabs(vlpm01a_supply_v(meter) * 1000 - millivolts) <= 0.5);
	say(meter, "help");
	assert_memory_equal(text, "PowerShield > ack help\r\n", 24);
	for (size_t i = 0; i + 1 < sizeof(transcript) / sizeof(transcript[0]); i++) {
		char name[32] = "\r\n";

		sscanf(transcript[i].line, "%20[a-z]", name + 2);
		if (!transcript[i].detail)
			assert_non_null(strstr(text, strcat(name, "\r\n")));
	}
	vlpm01a_free(meter);
	vlpm01a_free(other);
}

static void test_control(void **state)
{
	static const char *const settings[] = {"volt 3", "freq 1k", "start",       "pwr on",
					       "calib",  "hrc",     "lcd 1 \"x\"", "stop"};
	struct vlpm01a *meter = vlpm01a_new(1);

	(void)state;
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		assert_error(meter, settings[i], "not controlled by host, send htc first");
	assert_ack(meter, "echo x");
	assert_ack(meter, "htc");
	assert_ack(meter, "volt 3");
	assert_ack(meter, "hrc");
	assert_error(meter, "volt 3", "not controlled by host, send htc first");
	vlpm01a_free(meter);
}

/* However the bytes come, with CR LF or LF, the answers are the same. */
static void test_lines_split_anywhere(void **state)
{
	static const char talk[] =
		"htc\r\nvolt 3000m\nvolt 9\n\nbogus\npwr on status\r\nvolt get\n";
	char whole[TEXT_MAX];
	size_t length = sizeof(talk) - 1;

	(void)state;
	for (size_t cut = 0; cut <= length; cut++) {
		struct vlpm01a *a = vlpm01a_new(3), *b = vlpm01a_new(3);

		vlpm01a_host_bytes(a, (const uint8_t *)talk, length);
		snprintf(whole, sizeof(whole), "%s", take_text(a));
		vlpm01a_host_bytes(b, (const uint8_t *)talk, cut);
		for (size_t i = cut; i < length; i++)
			vlpm01a_host_bytes(b, (const uint8_t *)talk + i, 1);
		assert_string_equal(take_text(b), whole);
		assert_memory_equal(
			whole, "PowerShield > ack htc\r\n\r\nPowerShield > ack volt 3000m\r\n", 55);
		assert_non_null(
			strstr(whole, "> ack pwr on status\r\n\r\nPowerShield > ack volt get "));
		vlpm01a_free(a);
		vlpm01a_free(b);
	}
}

static void test_long_line(void **state)
{
	struct vlpm01a *meter = new_controlled(1);
	char line[1001];

	(void)state;
	memset(line, 'v', 1000);
	line[1000] = '\0';
	assert_non_null(strstr(say(meter, line), "Error detail: unknown command\r\n"));
	assert_true(strlen(text) < 200);
	memcpy(line, "volt 3 ", 7);
	memset(line + 7, ' ', 990);
	assert_non_null(strstr(say(meter, line), "Error detail: unknown command\r\n"));
	assert_ack(meter, "volt 3");
	vlpm01a_free(meter);
}

static void test_supply(void **state)
{
	double low = 9, high = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 60; seed++) {
		struct vlpm01a *meter = new_controlled(seed);
		struct vlpm01a_slice at = {.board_c = 25};
		double open_v, drop_v;

		assert_true(vlpm01a_supply_v(meter) == 0);
		assert_ack(meter, "volt 3000m");
		assert_ack(meter, "pwr on");
		open_v = vlpm01a_supply_v(meter);
		low = fmin(low, open_v);
		high = fmax(high, open_v);
		at.current_a = 50e-3;
		run_ms(meter, &at, 1);
		drop_v = open_v - vlpm01a_supply_v(meter);
		assert_true(drop_v > 1e-3 && drop_v <= 60e-3);
		at.current_a = 0;
		assert_ack(meter, "targrst 100m");
		run_ms(meter, &at, 99);
		assert_true(vlpm01a_supply_v(meter) == 0);
		assert_true(vlpm01a_next_event_ps(meter) == 101 * MS);
		run_ms(meter, &at, 1);
		assert_true(vlpm01a_supply_v(meter) == open_v);
		assert_ack(meter, "targrst 0");
		run_ms(meter, &at, 5000);
		assert_true(vlpm01a_supply_v(meter) == 0);
		assert_ack(meter, "pwr on");
		assert_ack(meter, "pwr off");
		assert_true(vlpm01a_supply_v(meter) == 0);
		vlpm01a_free(meter);
	}
	assert_true(low >= 3 * 0.995 && low < 2.99 && high <= 3 * 1.005 && high > 3.01);
}

static void test_reset(void **state)
{
	struct vlpm01a *meter = new_controlled(1);
	struct vlpm01a_slice at = {.board_c = 25};

	(void)state;
	say(meter, "pwr on");
	say(meter, "volt 2");
	assert_false(vlpm01a_take_link_lost(meter));
	assert_string_equal(say(meter, "psrst"), "");
	assert_true(vlpm01a_take_link_lost(meter));
	assert_false(vlpm01a_take_link_lost(meter));
	assert_true(vlpm01a_supply_v(meter) == 0);
	assert_string_equal(say(meter, "version"), ""); /* it starts up */
	run_ms(meter, &at, 1999);
	assert_string_equal(say(meter, "version"), "");
	run_ms(meter, &at, 1);
	assert_string_equal(say(meter, "version"), "PowerShield > ack version: 1.0.6\r\n\r\n");
	assert_ack(meter, "htc");
	assert_ack(meter, "pwr on");
	assert_true(fabs(vlpm01a_supply_v(meter) - 3.3) < 0.02); /* the default again */
	vlpm01a_free(meter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transcript), cmocka_unit_test(test_answers),
		cmocka_unit_test(test_control),    cmocka_unit_test(test_lines_split_anywhere),
		cmocka_unit_test(test_long_line),  cmocka_unit_test(test_supply),
		cmocka_unit_test(test_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
