/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * results.txt and log.txt of EnergyRunner.
 */

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/import/mlperf_tiny_files.h"
#include "bench/import/mlperf_tiny_lines.h"
#include "bench/import/mlperf_tiny_runner.h"

struct line_form {
	const char *form; /* of tiny_line_match */
	enum line_kind {
		LINE_WINDOW_ENERGY = 1,
		LINE_WINDOW_PERFORMANCE,
		LINE_VALUE,
		LINE_MEDIAN_ENERGY,
		LINE_MEDIAN_THROUGHPUT,
	} kind;
	bool of_energy; /* LINE_VALUE: which of the two sections it is in */
	double scale;   /* to SI */
	size_t offset;  /* LINE_VALUE: in struct tiny_results_window */
};

#define PLACE(member) offsetof(struct tiny_results_window, member)

static const struct line_form forms[] = {
	{"Energy data for window @ at time @ for @ sec.:", LINE_WINDOW_ENERGY, true, 1, 0},
	{"Performance results for window @:", LINE_WINDOW_PERFORMANCE, false, 1, 0},
	{"Energy : @ uJ", LINE_VALUE, true, 1e-6, PLACE(energy_j)},
	{"Power : @ uW", LINE_VALUE, true, 1e-6, PLACE(power_w)},
	{"Energy/Inf. : @ uJ/inf.", LINE_VALUE, true, 1e-6, PLACE(energy_per_inference_j)},
	{"# Inferences : @", LINE_VALUE, false, 1, PLACE(inferences)},
	{"Runtime : @ sec.", LINE_VALUE, false, 1, PLACE(runtime_s)},
	{"Throughput : @ inf./sec.", LINE_VALUE, false, 1, PLACE(throughput_hz)},
	{"Median energy cost is @ uJ/inf.", LINE_MEDIAN_ENERGY, true, 1e-6, 0},
	{"Median throughput is @ inf./sec.", LINE_MEDIAN_THROUGHPUT, false, 1, 0},
};

enum { FORM_COUNT = sizeof(forms) / sizeof(forms[0]) };

struct reader {
	const char *path;
	unsigned line;
	struct tiny_results results;
	struct tiny_results_window *window;
	bool in_energy;
	enum import_reason reason;
	struct err *err;
};

static int fail(struct reader *reader, enum import_reason reason, const char *what,
		const char *text)
{
	reader->reason = reason;
	return err_set(reader->err, -EINVAL, "%s:%u: %s: '%.80s'", reader->path, reader->line, what,
		       text);
}

static struct tiny_results_window *find_window(struct tiny_results *results, unsigned number)
{
	for (unsigned i = 0; i < results->count; i++)
		if (results->windows[i].number == number)
			return &results->windows[i];
	return NULL;
}

static int begin_window(struct reader *reader, bool energy, const double *values, const char *text)
{
	struct tiny_results *results = &reader->results;
	struct tiny_results_window *window;

	if (!(values[0] >= 1 && values[0] <= 1000) || values[0] != floor(values[0]))
		return fail(reader, IMPORT_RESULTS_SYNTAX, "no number of a window", text);
	window = find_window(results, (unsigned)values[0]);
	if (window && !isnan(energy ? window->at_s : window->inferences))
		return fail(reader, IMPORT_RESULTS_SYNTAX,
			    "a second time; one results.txt holds one session", text);
	if (!window && results->count == TINY_WINDOWS_MAX)
		return fail(reader, IMPORT_RESULTS_SYNTAX, "more windows than any run has", text);
	if (!window) {
		window = &results->windows[results->count++];
		*window = tiny_results_window_begin((unsigned)values[0], reader->line);
	}
	if (energy) {
		window->at_s = values[1];
		window->for_s = values[2];
	}
	++*(energy ? &results->with_energy : &results->with_performance);
	reader->window = window;
	reader->in_energy = energy;
	return 0;
}

static int take_value(struct reader *reader, const struct line_form *form, double value,
		      const char *text)
{
	double *place, si = value * form->scale;

	if (!reader->window || reader->in_energy != form->of_energy)
		return fail(reader, IMPORT_RESULTS_SYNTAX, "belongs to no window", text);
	place = (double *)(void *)((char *)reader->window + form->offset);
	if (!isnan(*place))
		return fail(reader, IMPORT_RESULTS_SYNTAX, "a second time in one window", text);
	*place = si;
	return 0;
}

static int take_median(struct reader *reader, double *place, double value, const char *text)
{
	if (!isnan(*place))
		return fail(reader, IMPORT_RESULTS_SYNTAX, "a second median", text);
	reader->window = NULL;
	*place = value;
	return 0;
}

static int take_form(struct reader *reader, const struct line_form *form, const double *values,
		     const char *text)
{
	switch (form->kind) {
	case LINE_WINDOW_ENERGY:
	case LINE_WINDOW_PERFORMANCE:
		return begin_window(reader, form->of_energy, values, text);
	case LINE_VALUE:
		return take_value(reader, form, values[0], text);
	case LINE_MEDIAN_ENERGY:
		return take_median(reader, &reader->results.median_energy_j,
				   values[0] * form->scale, text);
	case LINE_MEDIAN_THROUGHPUT:
		return take_median(reader, &reader->results.median_throughput_hz, values[0], text);
	}
	return 0;
}

/* Text behind "SSSSS.mmm NAME: ". Other lines (rules, accuracy) say nothing that is imported. */
static int take_text(struct reader *reader, const char *text)
{
	double values[TINY_LINE_NUMBERS];

	tiny_line_skip_blanks(&text);
	if (!strncmp(text, "e-[", 3))
		reader->results.complaints++;
	for (unsigned i = 0; i < FORM_COUNT; i++) {
		enum tiny_line_match match = tiny_line_match(forms[i].form, text, values);

		if (match == TINY_LINE_SPOILED)
			return fail(
				reader, IMPORT_RESULTS_SYNTAX,
				"not as the runner prints it (a number without sign and its unit)",
				text);
		if (match == TINY_LINE_WHOLE)
			return take_form(reader, &forms[i], values, text);
	}
	return 0;
}

static int take_line(struct reader *reader, const char *line)
{
	const char *text = line, *colon;
	double stamp;

	tiny_line_skip_blanks(&text);
	if (!*text)
		return 0;
	if (!tiny_line_take_number(&text, &stamp) || (*text != ' ' && *text != '\t'))
		return fail(reader, IMPORT_RESULTS_SYNTAX, "does not begin with a time stamp",
			    line);
	colon = strstr(text, ": ");
	if (!colon)
		return fail(reader, IMPORT_RESULTS_SYNTAX,
			    "is cut off, or no line of a results.txt", line);
	return take_text(reader, colon + 2);
}

int tiny_results_parse(const char *path, const uint8_t *bytes, size_t count,
		       struct tiny_results *ret_results, enum import_reason *ret_reason,
		       struct err *err)
{
	struct reader reader = {
		.path = path,
		.results = {.median_energy_j = NAN,
			    .median_throughput_hz = NAN,
			    .digits = {.place_s = 1e-2,
				       .runtime_s = 1e-3,
				       .throughput_hz = 1e-3,
				       .energy_j = 1e-9,
				       .power_w = 1e-9}},
		.err = err,
	};
	char line[TINY_LINE_CHARS];
	size_t place = 0;
	int ret = 0, length;

	if (tiny_runner_text_is(bytes, count))
		return tiny_runner_results_parse(path, bytes, count, ret_results, ret_reason, err);
	while (!ret && tiny_line_next(bytes, count, &place, line, &length)) {
		reader.line++;
		ret = length < 0 ? fail(&reader, IMPORT_RESULTS_SYNTAX, "no line of text", "")
				 : take_line(&reader, line);
	}
	if (ret) {
		*ret_reason = reader.reason;
		return ret;
	}
	*ret_results = reader.results;
	return 0;
}

/* What stands between key and the next ']', when the line has key. */
static bool take_bracket(const char *line, const char *key, char *value, size_t size)
{
	const char *at = strstr(line, key), *end;

	if (!at)
		return false;
	at += strlen(key);
	end = strchr(at, ']');
	if (!end || (size_t)(end - at) >= size)
		return false;
	snprintf(value, size, "%.*s", (int)(end - at), at);
	return true;
}

/* Millivolts; NaN: no number. */
static double take_voltage(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	return end == text || *end ? NAN : value / 1e3;
}

void tiny_log_parse(const uint8_t *bytes, size_t count, struct tiny_log *ret_log)
{
	struct tiny_log log = {.supply_v = NAN};
	char line[TINY_LINE_CHARS], text[24];
	double stamp = 0, started = NAN, set_v = NAN, value;
	size_t place = 0;
	int length;

	while (tiny_line_next(bytes, count, &place, line, &length)) {
		const char *at = line;

		if (length < 0 || !tiny_line_take_number(&at, &stamp))
			continue;
		if (strstr(line, "trace1-energy.bin"))
			take_bracket(line, "-name[", log.meter, sizeof(log.meter));
		if (take_bracket(line, "m-voltage-mv[", text, sizeof(text)))
			set_v = take_voltage(text);
		if (!log.model[0])
			take_bracket(line, "[dut]: m-model-[", log.model, sizeof(log.model));
		if (tiny_line_take_after(line, "[dut]: m-infer-start-", &value) &&
		    log.runs < TINY_WINDOWS_MAX) {
			log.inferences[log.runs] = value;
			log.supply_v = set_v;
			started = stamp;
		}
		if (strstr(line, "[dut]: m-infer-done") && !isnan(started) &&
		    log.runs < TINY_WINDOWS_MAX) {
			log.host_s[log.runs++] = stamp - started;
			started = NAN;
		}
	}
	if (isnan(log.supply_v)) /* nothing says when inferences began */
		log.supply_v = set_v;
	*ret_log = log;
}
