/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The command line of the LPM01A. A command is answered with "ack" and itself, or with "error" and
 * itself and a second line "Error detail: ...". Behind an ack there is an empty line (seen in the
 * exact answers that a public host program waits for: "\r\nPowerShield > ack htc\r\n\r\n"), in
 * front of the first sample, too, when those are binary.
 *
 * assumed: the texts after "Error detail:"; every answer follows the prompt; settings need htc
 * first; what is refused while an acquisition runs; in a binary stream answers are records of
 * information or error; answers of version, powershield, range, status and autotest stand after a
 * colon; psrst gives no answer, and the instrument is deaf for 2 s; calibration and autotest take
 * no time; the names of the event sources other than "d7 fal"; firmware 1.0.6.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/meters/lpm01a_arguments.h"
#include "rigs/virtual/meters/lpm01a_internal.h"

#define PROMPT        "PowerShield > "
#define ARGUMENTS_MAX 2 /* that are looked at */
#define BOOT_PS       (2 * PS_PER_S)

struct call {
	struct vlpm01a *meter;
	unsigned count;
	char *arguments[ARGUMENTS_MAX]; /* NULL: not given */
	char answer[96];                /* after "ack COMMAND" */
	bool answered;                  /* the command did it by itself */
};

struct command {
	const char *name;
	unsigned char least, most;             /* arguments */
	bool free;                             /* needs no htc */
	bool live;                             /* possible while an acquisition runs */
	const char *(*run)(struct call *call); /* NULL: done; else why not */
};

/* Common operation --------------------------------------------------------------------------- */

static const char *run_nothing(struct call *call)
{
	(void)call;
	return NULL;
}

static const char *run_powershield(struct call *call)
{
	const uint64_t *id = call->meter->id;

	snprintf(call->answer, sizeof(call->answer), ": PowerShield present %08X-%08X-%08X",
		 (unsigned)(id[0] >> 32), (unsigned)id[0], (unsigned)id[1]);
	return NULL;
}

static const char *run_version(struct call *call)
{
	snprintf(call->answer, sizeof(call->answer), ": 1.0.6");
	return NULL;
}

static const char *run_range(struct call *call)
{
	bool stationary = call->meter->settings.stationary;

	snprintf(call->answer, sizeof(call->answer), ": %s",
		 stationary                   ? "0002-09 0200-03"
		 : call->meter->settings.high ? "0030-06 0010-03"
					      : "0100-09 0010-03");
	return NULL;
}

static const char *run_status(struct call *call)
{
	const struct vlpm01a *meter = call->meter;
	bool shifted = fabs(meter->board_c - meter->analog.calibrated_c) > LPM01A_CALIBRATION_K;

	snprintf(call->answer, sizeof(call->answer), ": %s",
		 shifted ? "error: calibration needed, temperature shift of more than 5 degC"
			 : "ok");
	return NULL;
}

static const char *run_htc(struct call *call)
{
	call->meter->controlled = true;
	return NULL;
}

static const char *run_hrc(struct call *call)
{
	call->meter->controlled = false;
	return NULL;
}

static const char *run_lcd(struct call *call)
{
	const char *line = call->arguments[0], *text = call->arguments[1];
	size_t length = strlen(text);

	if (!lpm01a_is(line, "1") && !lpm01a_is(line, "2"))
		return LPM01A_OUT_OF_RANGE;
	if (length < 2 || text[0] != '"' || text[length - 1] != '"')
		return "string must be surrounded by double quotes";
	if (length - 2 > 16)
		return "string too long";
	snprintf(call->meter->lcd[*line - '1'], 17, "%.*s", (int)length - 2, text + 1);
	return NULL;
}

static const char *run_psrst(struct call *call)
{
	lpm01a_power_up(call->meter);
	call->meter->boot_end_ps = call->meter->now_ps + BOOT_PS;
	call->meter->link_lost = true;
	call->answered = true;
	return NULL;
}

/* Configuration ------------------------------------------------------------------------------ */

static const char *run_volt(struct call *call)
{
	struct vlpm01a *meter = call->meter;
	double volt_v = 0;
	const char *why;

	if (lpm01a_is(call->arguments[0], "get")) {
		snprintf(call->answer, sizeof(call->answer), " %04.0f-03",
			 round(meter->settings.volt_mv * meter->analog.supply_gain));
		return NULL;
	}
	why = lpm01a_parse_range(call->arguments[0], 1.8, 3.3, false, &volt_v);
	if (why)
		return why;
	meter->settings.volt_mv = (unsigned)lround(volt_v * 1000);
	if (lpm01a_streams(meter))
		lpm01a_record_voltage(meter);
	else
		lpm01a_analog_calibrate(&meter->analog, meter->board_c);
	return NULL;
}

static const char *run_freq(struct call *call)
{
	static const unsigned rates_hz[] = {100000, 50000, 20000, 10000, 5000, 2000, 1000, 500,
					    200,    100,   50,    20,    10,   5,    2,    1};
	double freq_hz;

	if (!lpm01a_parse_number(call->arguments[0], &freq_hz))
		return LPM01A_NO_SUCH;
	for (size_t i = 0; i < sizeof(rates_hz) / sizeof(rates_hz[0]); i++)
		if (fabs(freq_hz - rates_hz[i]) < 1e-6) {
			call->meter->settings.freq_hz = rates_hz[i];
			return NULL;
		}
	return LPM01A_OUT_OF_RANGE;
}

static const char *run_acqtime(struct call *call)
{
	double *acqtime_s = &call->meter->settings.acqtime_s;

	if (!lpm01a_is(call->arguments[0], "inf"))
		return lpm01a_parse_range(call->arguments[0], 100e-6, 100, true, acqtime_s);
	*acqtime_s = 0;
	return NULL;
}

static const char *run_acqmode(struct call *call)
{
	return lpm01a_parse_choice(call->arguments[0], "dyn", "stat",
				   &call->meter->settings.stationary);
}

static const char *run_funcmode(struct call *call)
{
	return lpm01a_parse_choice(call->arguments[0], "optim", "high",
				   &call->meter->settings.high);
}

static const char *run_output(struct call *call)
{
	return lpm01a_parse_choice(call->arguments[0], "current", "energy",
				   &call->meter->settings.energy);
}

static const char *run_format(struct call *call)
{
	return lpm01a_parse_choice(call->arguments[0], "ascii_dec", "bin_hexa",
				   &call->meter->settings.binary);
}

static const char *run_trigsrc(struct call *call)
{
	return lpm01a_parse_choice(call->arguments[0], "sw", "d7",
				   &call->meter->settings.trigger_d7);
}

static const char *run_trigdelay(struct call *call)
{
	double delay_s = 0;
	const char *why = lpm01a_parse_range(call->arguments[0], 0, 30, true, &delay_s);

	if (!why)
		call->meter->settings.trigdelay_ms = (unsigned)lround(delay_s * 1000);
	return why;
}

static const char *run_currthres(struct call *call)
{
	return lpm01a_parse_range(call->arguments[0], 100e-9, 50e-3, true,
				  &call->meter->settings.currthres_a);
}

static const char *run_eventsrc(struct call *call)
{
	static const char *const edges[] = {[LPM01A_EVENT_FALLING] = "fal",
					    [LPM01A_EVENT_RISING] = "ris",
					    [LPM01A_EVENT_BOTH] = "both"};
	enum lpm01a_event *event = &call->meter->settings.event;

	if (lpm01a_is(call->arguments[0], "none") && call->count == 1) {
		*event = LPM01A_EVENT_NONE;
		return NULL;
	}
	if (!lpm01a_is(call->arguments[0], "d7"))
		return LPM01A_NO_SUCH;
	for (int i = LPM01A_EVENT_FALLING; i <= LPM01A_EVENT_BOTH; i++)
		if (lpm01a_is(call->arguments[1], edges[i])) {
			*event = (enum lpm01a_event)i;
			return NULL;
		}
	return LPM01A_NO_SUCH;
}

static const char *run_pwr(struct call *call)
{
	static const char *const powers[] = {
		[LPM01A_POWER_AUTO] = "auto", [LPM01A_POWER_ON] = "on", [LPM01A_POWER_OFF] = "off"};
	struct vlpm01a *meter = call->meter;
	int power = LPM01A_POWER_AUTO;
	bool status = false;

	if (lpm01a_is(call->arguments[0], "get") && call->count == 1) {
		snprintf(call->answer, sizeof(call->answer), " %s",
			 meter->target_on ? "on" : "off");
		return NULL;
	}
	while (power <= LPM01A_POWER_OFF && !lpm01a_is(call->arguments[0], powers[power]))
		power++;
	if (power > LPM01A_POWER_OFF ||
	    (call->count == 2 &&
	     lpm01a_parse_choice(call->arguments[1], "nostatus", "status", &status)))
		return LPM01A_NO_SUCH;
	meter->settings.power = (enum lpm01a_power)power;
	meter->settings.power_status = status;
	meter->target_on_ps = INT64_MAX;
	if (power != LPM01A_POWER_AUTO)
		lpm01a_set_target(meter, power == LPM01A_POWER_ON);
	return NULL;
}

static const char *run_pwrend(struct call *call)
{
	return lpm01a_parse_choice(call->arguments[0], "on", "off",
				   &call->meter->settings.off_at_end);
}

/* Operation ---------------------------------------------------------------------------------- */

static const char *run_start(struct call *call)
{
	return lpm01a_start(call->meter);
}

static const char *run_stop(struct call *call)
{
	if (!lpm01a_streams(call->meter))
		return "no acquisition in progress";
	lpm01a_stop(call->meter, true);
	call->answered = true;
	return NULL;
}

static const char *run_targrst(struct call *call)
{
	struct vlpm01a *meter = call->meter;
	double off_s = 0;
	const char *why = lpm01a_parse_range(call->arguments[0], 10e-3, 1, true, &off_s);

	if (why)
		return why;
	lpm01a_set_target(meter, false);
	meter->target_on_ps = off_s > 0 ? meter->now_ps + llrint(off_s * PS_PER_S) : INT64_MAX;
	return NULL;
}

static const char *run_temp(struct call *call)
{
	double shown = call->meter->board_c;

	if (lpm01a_is(call->arguments[0], "degf"))
		shown = shown * 1.8 + 32;
	else if (call->count == 1 && !lpm01a_is(call->arguments[0], "degc"))
		return LPM01A_NO_SUCH;
	snprintf(call->answer, sizeof(call->answer), " %.1f", shown);
	return NULL;
}

static const char *run_autotest(struct call *call)
{
	bool unused;

	if ((call->count > 0 &&
	     lpm01a_parse_choice(call->arguments[0], "start", "status", &unused)) ||
	    (call->count > 1 &&
	     lpm01a_parse_choice(call->arguments[1], "stat_all", "stat_min", &unused)))
		return LPM01A_NO_SUCH;
	snprintf(call->answer, sizeof(call->answer), ": ok");
	return NULL;
}

static const char *run_calib(struct call *call)
{
	lpm01a_analog_calibrate(&call->meter->analog, call->meter->board_c);
	return NULL;
}

/* The line ----------------------------------------------------------------------------------- */

static const struct command commands[] = {
	{"acqmode", 1, 1, false, false, run_acqmode},
	{"acqtime", 1, 1, false, false, run_acqtime},
	{"autotest", 0, 2, false, false, run_autotest},
	{"calib", 0, 0, false, false, run_calib},
	{"currthres", 1, 1, false, true, run_currthres},
	{"echo", 0, LPM01A_LINE_MAX, true, true, run_nothing},
	{"eventsrc", 1, 2, false, false, run_eventsrc},
	{"format", 1, 1, false, false, run_format},
	{"freq", 1, 1, false, false, run_freq},
	{"funcmode", 1, 1, false, false, run_funcmode},
	{"help", 0, 0, true, false, run_nothing},
	{"hrc", 0, 0, false, false, run_hrc},
	{"htc", 0, 0, true, false, run_htc},
	{"lcd", 2, 2, false, true, run_lcd},
	{"output", 1, 1, false, false, run_output},
	{"powershield", 0, 0, true, false, run_powershield},
	{"psrst", 0, 0, true, true, run_psrst},
	{"pwr", 1, 2, false, true, run_pwr},
	{"pwrend", 1, 1, false, true, run_pwrend},
	{"range", 0, 0, true, false, run_range},
	{"start", 0, 0, false, false, run_start},
	{"status", 0, 0, true, true, run_status},
	{"stop", 0, 0, false, true, run_stop},
	{"targrst", 1, 1, false, true, run_targrst},
	{"temp", 0, 1, true, true, run_temp},
	{"trigdelay", 1, 1, false, false, run_trigdelay},
	{"trigsrc", 1, 1, false, false, run_trigsrc},
	{"version", 0, 0, true, false, run_version},
	{"volt", 1, 1, false, true, run_volt},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (lpm01a_is(name, commands[i].name))
			return &commands[i];
	return NULL;
}

/* Cuts the next word off, quoted strings whole; NULL: none is left. */
static char *next_word(char **rest)
{
	char *word = *rest + strspn(*rest, " "), *end;

	if (!*word)
		return NULL;
	end = *word == '"' ? strchr(word + 1, '"') : NULL;
	end = end ? end + 1 : word + strcspn(word, " ");
	*rest = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

static const char *run_line(struct call *call, char *line)
{
	const char *name = next_word(&line);
	const struct command *command = command_find(name);
	char *word;

	if (!command)
		return "unknown command";
	while ((word = next_word(&line))) {
		if (call->count == command->most)
			return "too many arguments";
		if (call->count < ARGUMENTS_MAX)
			call->arguments[call->count] = word;
		call->count++;
	}
	if (call->count < command->least)
		return "missing argument";
	if (!command->free && !call->meter->controlled)
		return "not controlled by host, send htc first";
	if (!command->live && lpm01a_streams(call->meter))
		return "acquisition in progress";
	return command->run(call);
}

/* Into a binary stream an answer goes as a record. */
static void answer(struct vlpm01a *meter, bool in_binary, enum lpm01a_record kind, const char *text)
{
	if (in_binary)
		lpm01a_record(meter, kind, text);
	else
		lpm01a_line(meter, "%s", text);
}

static void send_help(struct vlpm01a *meter)
{
	for (size_t i = 0; i < COMMANDS; i++)
		lpm01a_line(meter, "%s", commands[i].name);
}

void lpm01a_command(struct vlpm01a *meter, char *line)
{
	struct call call = {.meter = meter};
	char said[LPM01A_LINE_MAX + 1], text[sizeof(said) + sizeof(call.answer) + 32];
	bool in_binary = lpm01a_streams(meter) && meter->settings.binary;
	const char *prompt = in_binary ? "" : PROMPT, *why;

	if (!line[strspn(line, " ")])
		return; /* an empty line: nothing but a new prompt */
	snprintf(said, sizeof(said), "%s", line);
	why = run_line(&call, line);
	if (call.answered)
		return;
	if (!why) {
		snprintf(text, sizeof(text), "%sack %s%s", prompt, said, call.answer);
		answer(meter, in_binary, LPM01A_RECORD_INFO, text);
		if (!in_binary)
			lpm01a_line(meter, "%s", "");
		if (lpm01a_is(said, "help"))
			send_help(meter);
		return;
	}
	snprintf(text, sizeof(text), "%serror %s", prompt, said);
	answer(meter, in_binary, LPM01A_RECORD_ERROR, text);
	snprintf(text, sizeof(text), "Error detail: %s", why);
	answer(meter, in_binary, LPM01A_RECORD_ERROR, text);
}
