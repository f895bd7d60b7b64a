/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * results.txt and log.txt of the MLCommons runner.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/import/mlperf_tiny_lines.h"
#include "bench/import/mlperf_tiny_runner.h"

/* devices.yaml of the runner and of the submissions (tiny_results_v1.3, closed/STMicroelectronics/
 * code/NUCLEO_U575ZI_Q/devices_u575zi.yaml): no other device has this rate. */
static const char LPM01A_BAUD[] = " at 3686400 baud";
static const char JS220_READER[] = "[JS220]";
static const char MODEL[] = "Device model retrieved: ";

struct line_form {
	const char *form; /* of tiny_line_match */
	enum line_kind {
		LINE_TRIAL = 1,
		LINE_WINDOW,
		LINE_VALUE,
		LINE_MEDIAN_ENERGY,
		LINE_MEDIAN_THROUGHPUT,
		LINE_STREAMING,
	} kind;
	double scale;  /* to SI */
	size_t offset; /* LINE_VALUE: in struct tiny_results_window */
};

#define PLACE(member) offsetof(struct tiny_results_window, member)

static const struct line_form forms[] = {
	{"Energy data for trial @", LINE_TRIAL, 1, 0},
	{"Elapsed time : @", LINE_VALUE, 1, PLACE(runtime_s)},
	{"Elapsed time : @ <<<< below minimum duration", LINE_VALUE, 1, PLACE(runtime_s)},
	{"Inferences : @", LINE_VALUE, 1, PLACE(inferences)},
	{"Power : @ mW.", LINE_VALUE, 1e-3, PLACE(power_w)},
	{"Total Energy : @ uJ", LINE_VALUE, 1e-6, PLACE(energy_j)},
	{"Energy/Inf : @ uJ/inf", LINE_VALUE, 1e-6, PLACE(energy_per_inference_j)},
	{"Median energy cost is @ uJ/inf.", LINE_MEDIAN_ENERGY, 1e-6, 0},
	{"Performance results for window @", LINE_WINDOW, 1, 0},
	{"# Inferences : @", LINE_VALUE, 1, PLACE(inferences)},
	{"Runtime: @ sec.", LINE_VALUE, 1, PLACE(runtime_s)},
	{"Throughput: @ inf./sec.", LINE_VALUE, 1, PLACE(throughput_hz)},
	{"Median throughput is @ inf./sec.", LINE_MEDIAN_THROUGHPUT, 1, 0},
	{"Average duty cycle: @", LINE_STREAMING, 1, 0},
};

enum { FORM_COUNT = sizeof(forms) / sizeof(forms[0]) };

/* Energies are sums of samples over whole milliseconds, without a throughput printed; a performance
 * run is timed by the board, in microseconds, and its throughput printed in full. */
static const struct tiny_digits energy_digits = {.place_s = 1e-6,
						 .runtime_s = 1e-3,
						 .throughput_hz = INFINITY,
						 .energy_j = 1e-9,
						 .power_w = 1e-7};
static const struct tiny_digits performance_digits = {.place_s = 1e-6,
						      .runtime_s = 1e-6,
						      .throughput_hz = 1e-6,
						      .energy_j = 1e-9,
						      .power_w = 1e-7};

static const char ENERGY_TITLE[] = "Power Edition Output";

static bool begins_with(const uint8_t *bytes, size_t count, const char *text)
{
	size_t at = 0;

	while (at < count && memchr(" \t\r\n", bytes[at], 4))
		at++;
	return count - at >= strlen(text) && !memcmp(bytes + at, text, strlen(text));
}

bool tiny_runner_text_is_energy(const uint8_t *bytes, size_t count)
{
	return begins_with(bytes, count, ENERGY_TITLE);
}

bool tiny_runner_text_is(const uint8_t *bytes, size_t count)
{
	return tiny_runner_text_is_energy(bytes, count) ||
	       begins_with(bytes, count, "Performance results for window") ||
	       begins_with(bytes, count, "Accuracy: ");
}

struct reader {
	const char *path;
	unsigned line;
	bool is_energy;
	struct tiny_results results;
	struct tiny_results_window *window;
	struct err *err;
};

static int fail(struct reader *reader, const char *what, const char *text)
{
	return err_set(reader->err, -EINVAL, "%s:%u: %s: '%.80s'", reader->path, reader->line, what,
		       text);
}

static int begin_window(struct reader *reader, bool is_energy, double number, const char *text)
{
	struct tiny_results *results = &reader->results;

	if (is_energy != reader->is_energy)
		return fail(reader, "is of the other kind of run", text);
	if (!(number >= 0 && number <= 1000) || number != floor(number))
		return fail(reader, "no number of a run", text);
	for (unsigned i = 0; i < results->count; i++)
		if (results->windows[i].number == (unsigned)number)
			return fail(reader, "a second time; one results.txt holds one session",
				    text);
	if (results->count == TINY_WINDOWS_MAX)
		return fail(reader, "more runs than any session has", text);
	reader->window = &results->windows[results->count++];
	*reader->window = tiny_results_window_begin((unsigned)number, reader->line);
	return 0;
}

static int take_value(struct reader *reader, const struct line_form *form, double value,
		      const char *text)
{
	double *place;

	if (!reader->window)
		return fail(reader, "belongs to no run", text);
	place = (double *)(void *)((char *)reader->window + form->offset);
	if (!isnan(*place))
		return fail(reader, "a second time in one run", text);
	*place = value * form->scale;
	return 0;
}

static int take_median(struct reader *reader, double *place, double value, const char *text)
{
	if (!isnan(*place))
		return fail(reader, "a second median", text);
	reader->window = NULL;
	*place = value;
	return 0;
}

static int take_form(struct reader *reader, const struct line_form *form, double value,
		     const char *text)
{
	struct tiny_results *results = &reader->results;

	switch (form->kind) {
	case LINE_TRIAL:
	case LINE_WINDOW:
		return begin_window(reader, form->kind == LINE_TRIAL, value, text);
	case LINE_VALUE:
		return take_value(reader, form, value, text);
	case LINE_MEDIAN_ENERGY:
		return take_median(reader, &results->median_energy_j, value * form->scale, text);
	case LINE_MEDIAN_THROUGHPUT:
		return take_median(reader, &results->median_throughput_hz, value, text);
	case LINE_STREAMING:
		results->is_streaming = true;
		return 0;
	}
	return 0;
}

/* Median and rules of a performance run stand behind "MMDD.HHMMSS ulp-mlperf: ". */
static const char *skip_stamp(const char *text)
{
	const char *from = text, *colon;
	double stamp;

	if (!tiny_line_take_number(&from, &stamp) || *from != ' ')
		return text;
	colon = strstr(from, ": ");
	return colon ? colon + 2 : text;
}

/* Other lines (rules, accuracy) say nothing that is imported. */
static int take_line(struct reader *reader, const char *line)
{
	const struct line_form *spoiled = NULL;
	double values[TINY_LINE_NUMBERS];
	const char *text = line;

	tiny_line_skip_blanks(&text);
	text = skip_stamp(text);
	tiny_line_skip_blanks(&text);
	if (!strncmp(text, "ERROR", 5))
		reader->results.complaints++;
	for (unsigned i = 0; i < FORM_COUNT; i++) {
		enum tiny_line_match match = tiny_line_match(forms[i].form, text, values);

		if (match == TINY_LINE_WHOLE)
			return take_form(reader, &forms[i], values[0], text);
		if (match == TINY_LINE_SPOILED)
			spoiled = &forms[i];
	}
	return spoiled ? fail(reader,
			      "not as the runner prints it (a number without sign and its unit)",
			      text)
		       : 0;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* Throughputs of an energy run, which prints none. */
static void derive_throughput(struct tiny_results *results)
{
	double sorted_hz[TINY_WINDOWS_MAX];
	unsigned count = results->count;

	for (unsigned i = 0; i < count; i++) {
		struct tiny_results_window *window = &results->windows[i];

		window->for_s = window->runtime_s;
		window->throughput_hz = window->inferences / window->runtime_s;
		if (!isfinite(window->throughput_hz))
			return;
		sorted_hz[i] = window->throughput_hz;
	}
	qsort(sorted_hz, count, sizeof(*sorted_hz), compare);
	results->median_throughput_hz = (sorted_hz[(count - 1) / 2] + sorted_hz[count / 2]) / 2;
}

static int read_lines(struct reader *reader, const uint8_t *bytes, size_t count)
{
	char line[TINY_LINE_CHARS];
	size_t place = 0;
	int ret = 0, length;

	while (!ret && tiny_line_next(bytes, count, &place, line, &length)) {
		reader->line++;
		ret = length < 0 ? fail(reader, "no line of text", "") : take_line(reader, line);
	}
	return ret;
}

int tiny_runner_results_parse(const char *path, const uint8_t *bytes, size_t count,
			      struct tiny_results *ret_results, enum import_reason *ret_reason,
			      struct err *err)
{
	bool is_energy = tiny_runner_text_is_energy(bytes, count);
	struct reader reader = {
		.path = path,
		.is_energy = is_energy,
		.results = {.median_energy_j = NAN,
			    .median_throughput_hz = NAN,
			    .digits = is_energy ? energy_digits : performance_digits},
		.err = err,
	};
	struct tiny_results *results = &reader.results;
	int ret = read_lines(&reader, bytes, count);

	if (is_energy && !results->count) {
		*ret_reason = IMPORT_LAYOUT_UNKNOWN;
		return err_set(err, -EINVAL,
			       "%s: begins as the MLCommons runner's and has none of its 'Energy "
			       "data for trial': of a version other than round v1.3's",
			       path);
	}
	if (ret) {
		*ret_reason = IMPORT_RESULTS_SYNTAX;
		return ret;
	}
	results->with_performance = results->count;
	results->with_energy = is_energy ? results->count : 0;
	if (is_energy)
		derive_throughput(results);
	*ret_results = *results;
	return 0;
}

static void take_run(struct tiny_log *log, const char *line)
{
	double warmups, inferences, samples, edges;
	const char *at = strstr(line, "Running inference with ");

	if (at && log->runs < TINY_WINDOWS_MAX) {
		at += strlen("Running inference with ");
		if (tiny_line_take_number(&at, &warmups) && *at++ == '/' &&
		    tiny_line_take_number(&at, &inferences))
			log->inferences[log->runs++] = inferences;
	}
	if (log->captures < TINY_WINDOWS_MAX &&
	    tiny_line_take_after(line, "Captured samples:", &samples) &&
	    tiny_line_take_after(line, " timestamps:", &edges)) {
		log->captured_samples[log->captures] = samples;
		log->captured_edges[log->captures++] = edges;
	}
}

static void take_model(struct tiny_log *log, const char *line)
{
	const char *at = strstr(line, MODEL);
	size_t length;

	if (!at)
		return;
	at += strlen(MODEL);
	length = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789_");
	if (length < sizeof(log->model))
		snprintf(log->model, sizeof(log->model), "%.*s", (int)length, at);
}

void tiny_runner_log_parse(const uint8_t *bytes, size_t count, struct tiny_log *ret_log)
{
	struct tiny_log log = {.supply_v = NAN};
	bool has_lpm01a = false, has_js220 = false;
	char line[TINY_LINE_CHARS];
	size_t place = 0;
	int length;

	while (tiny_line_next(bytes, count, &place, line, &length)) {
		if (length < 0)
			continue;
		has_lpm01a = has_lpm01a || strstr(line, LPM01A_BAUD);
		has_js220 = has_js220 || strstr(line, JS220_READER);
		if (!log.model[0])
			take_model(&log, line);
		take_run(&log, line);
	}
	if (has_lpm01a != has_js220) /* of two, the log does not say which one measured */
		snprintf(log.meter, sizeof(log.meter), has_js220 ? "js220" : "lpm01a");
	*ret_log = log;
}
