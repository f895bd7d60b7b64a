/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * results.json.
 */
#include "bench/import/mlperf_tiny_runner.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/import/json_scan.h"

enum { KEY_CHARS = 24, NUMBER_CHARS = 12, SAMPLES_FIRST = 1 << 16 };

static const double RATE_HZ = 1000;

struct reader {
	const char *path;
	struct json_scan scan;
	struct tiny_session session;
	struct tiny_run *run;
	size_t capacity; /* of the trace's samples */
	bool has_power, has_samples, has_timestamps;
	bool is_in_timestamps;
	enum import_reason reason; /* of what is no damage of the JSON; 0: none */
	struct err *err;
};

/* As a function of values: false, so that reading ends. */
static bool refuse(struct reader *reader, enum import_reason reason, const char *what)
{
	if (reader->reason)
		return false;
	reader->reason = reason;
	err_set(reader->err, -EINVAL, "%s: byte %zu (run %u): %s", reader->path, reader->scan.at,
		reader->session.run_count, what);
	return false;
}

static bool keep_sample(struct reader *reader, double value)
{
	struct tiny_trace *trace = &reader->session.trace;

	if (trace->count == reader->capacity) {
		size_t capacity = reader->capacity ? 2 * reader->capacity : SAMPLES_FIRST;
		float *samples = realloc(trace->samples, capacity * sizeof(*samples));

		if (!samples)
			return false;
		trace->samples = samples;
		reader->capacity = capacity;
	}
	trace->samples[trace->count++] = (float)value;
	reader->run->samples++;
	return true;
}

static bool take_samples(struct reader *reader)
{
	double value;

	if (reader->has_samples)
		return refuse(reader, IMPORT_TRACE_SYNTAX, "samples a second time in one run");
	reader->has_samples = true;
	if (!json_scan_open(&reader->scan, '['))
		return false;
	while (json_scan_more(&reader->scan, '[')) {
		if (!json_scan_number(&reader->scan, &value))
			return false;
		if (!keep_sample(reader, value))
			return refuse(reader, IMPORT_REASON_END, "out of memory");
	}
	return !reader->scan.problem;
}

/* "03", or a plain number. */
static bool take_event_number(struct reader *reader, long *ret_number)
{
	char text[NUMBER_CHARS];
	double value;

	if (json_scan_peek(&reader->scan) != '"') {
		if (!json_scan_number(&reader->scan, &value))
			return false;
		if (!(value >= 0 && value <= 1e9) || value != floor(value))
			return refuse(reader, IMPORT_TIMESTAMPS_SYNTAX, "no number of an event");
		*ret_number = (long)value;
		return true;
	}
	if (!json_scan_string(&reader->scan, text, sizeof(text)))
		return false;
	if (!text[0] || strlen(text) > 9 || strspn(text, "0123456789") != strlen(text))
		return refuse(reader, IMPORT_TIMESTAMPS_SYNTAX, "no number of an event");
	*ret_number = strtol(text, NULL, 10);
	return true;
}

/* ["03", 10181]. The index is checked when all samples of the run are known. */
static bool take_event(struct reader *reader)
{
	struct tiny_session *session = &reader->session;
	struct json_scan *scan = &reader->scan;
	double values[2];
	long number = 0;
	unsigned taken = 0;

	if (!json_scan_open(scan, '['))
		return false;
	for (; json_scan_more(scan, '['); taken++) {
		if (taken == 2)
			return refuse(reader, IMPORT_TIMESTAMPS_SYNTAX,
				      "an event has its number and a sample's index, no more");
		if (taken ? !json_scan_number(scan, &values[taken])
			  : !take_event_number(reader, &number))
			return false;
	}
	if (scan->problem)
		return false;
	if (taken != 2 || !(values[1] >= 0 && values[1] <= 1e9) || values[1] != floor(values[1]))
		return refuse(reader, IMPORT_TIMESTAMPS_SYNTAX,
			      "an event is not its number and the index of a sample");
	if (session->edge_count == TINY_EDGES_MAX)
		return refuse(reader, IMPORT_MARKER_EXTRA, "more events than any session has");
	session->edges_s[session->edge_count] = values[1]; /* so far, in the run's samples */
	session->events[session->edge_count++] =
		(struct tiny_event){session->run_count - 1, number};
	reader->run->edges++;
	return true;
}

static bool take_timestamps(struct reader *reader)
{
	if (reader->has_timestamps)
		return refuse(reader, IMPORT_TIMESTAMPS_SYNTAX,
			      "timestamps a second time in one run");
	reader->has_timestamps = reader->is_in_timestamps = true;
	if (!json_scan_open(&reader->scan, '['))
		return false;
	while (json_scan_more(&reader->scan, '['))
		if (!take_event(reader))
			return false;
	reader->is_in_timestamps = reader->scan.problem;
	return !reader->scan.problem;
}

/* A number, or null, which says nothing. */
static bool take_number(struct reader *reader, double *ret_value)
{
	return json_scan_peek(&reader->scan) == 'n' ? json_scan_skip(&reader->scan)
						    : json_scan_number(&reader->scan, ret_value);
}

static bool take_power(struct reader *reader)
{
	char key[KEY_CHARS];

	if (reader->has_power)
		return refuse(reader, IMPORT_TRACE_SYNTAX, "power a second time in one run");
	reader->has_power = true;
	if (!json_scan_open(&reader->scan, '{'))
		return false;
	while (json_scan_more(&reader->scan, '{')) {
		if (!json_scan_key(&reader->scan, key, sizeof(key)))
			return false;
		if (!(!strcmp(key, "samples")      ? take_samples(reader)
		      : !strcmp(key, "timestamps") ? take_timestamps(reader)
		      : !strcmp(key, "voltage")    ? take_number(reader, &reader->run->supply_v)
						   : json_scan_skip(&reader->scan)))
			return false;
	}
	return !reader->scan.problem;
}

static bool take_infer(struct reader *reader)
{
	char key[KEY_CHARS];

	if (!json_scan_open(&reader->scan, '{'))
		return false;
	while (json_scan_more(&reader->scan, '{')) {
		if (!json_scan_key(&reader->scan, key, sizeof(key)))
			return false;
		if (!(!strcmp(key, "iterations") ? take_number(reader, &reader->run->inferences)
						 : json_scan_skip(&reader->scan)))
			return false;
	}
	return !reader->scan.problem;
}

/* Indices of the run's samples become seconds of the session. */
static bool place_events(struct reader *reader)
{
	struct tiny_session *session = &reader->session;
	const struct tiny_run *run = reader->run;

	for (size_t i = run->first_edge; i < session->edge_count; i++) {
		if (session->edges_s[i] > (double)run->samples)
			return refuse(reader, IMPORT_MARKER_OUTSIDE,
				      "an event lies behind the run's last sample: samples were "
				      "lost, or the file was edited");
		session->edges_s[i] = ((double)run->first_sample + session->edges_s[i]) / RATE_HZ;
	}
	return true;
}

static bool judge_run(struct reader *reader)
{
	if (!reader->has_power || !reader->has_samples || !reader->run->samples)
		return refuse(reader, IMPORT_TRACE_MISSING,
			      "no power samples: not of an energy run, or taken out");
	if (!reader->has_timestamps)
		return refuse(reader, IMPORT_TIMESTAMPS_MISSING,
			      "no timestamps beside the samples");
	if (isnan(reader->run->inferences))
		return refuse(reader, IMPORT_RESULTS_INCOMPLETE,
			      "does not say how many inferences were run (infer.iterations)");
	return place_events(reader);
}

static bool take_run(struct reader *reader)
{
	struct tiny_session *session = &reader->session;
	char key[KEY_CHARS];

	if (session->run_count == TINY_WINDOWS_MAX)
		return refuse(reader, IMPORT_WINDOW_COUNT, "more runs than any session has");
	reader->run = &session->runs[session->run_count++];
	*reader->run = (struct tiny_run){.inferences = NAN,
					 .supply_v = NAN,
					 .first_sample = session->trace.count,
					 .first_edge = session->edge_count};
	reader->has_power = reader->has_samples = reader->has_timestamps = false;
	if (!json_scan_open(&reader->scan, '{'))
		return false;
	while (json_scan_more(&reader->scan, '{')) {
		if (!json_scan_key(&reader->scan, key, sizeof(key)))
			return false;
		if (!(!strcmp(key, "power")   ? take_power(reader)
		      : !strcmp(key, "infer") ? take_infer(reader)
					      : json_scan_skip(&reader->scan)))
			return false;
	}
	return !reader->scan.problem && judge_run(reader);
}

static bool take_all(struct reader *reader)
{
	if (!json_scan_open(&reader->scan, '['))
		return false;
	while (json_scan_more(&reader->scan, '['))
		if (!take_run(reader))
			return false;
	if (!json_scan_end(&reader->scan))
		return false;
	return reader->session.run_count > 0 ||
	       refuse(reader, IMPORT_TRACE_MISSING, "holds no run at all");
}

/* Damage of the JSON itself: where, and of what. */
static void find_damage(struct reader *reader)
{
	const struct json_scan *scan = &reader->scan;
	bool is_cut = json_scan_is_cut(scan);

	reader->reason = is_cut                     ? IMPORT_TRACE_TRUNCATED
			 : reader->is_in_timestamps ? IMPORT_TIMESTAMPS_SYNTAX
						    : IMPORT_TRACE_SYNTAX;
	err_set(reader->err, -EINVAL, "%s: byte %zu (run %u): %s%s", reader->path, scan->at,
		reader->session.run_count, scan->problem,
		is_cut ? ": the file ends too early; copy it again" : "");
}

int tiny_runner_session_parse(const char *path, const uint8_t *bytes, size_t count,
			      struct tiny_session *ret_session, enum import_reason *ret_reason,
			      struct err *err)
{
	struct reader reader = {
		.path = path,
		.session.trace = {.rate_hz = RATE_HZ, .joule_per_unit = 1},
		.err = err,
	};

	json_scan_init(&reader.scan, bytes, count);
	if (take_all(&reader)) {
		*ret_session = reader.session;
		return 0;
	}
	tiny_trace_done(&reader.session.trace);
	if (!reader.reason)
		find_damage(&reader);
	if (reader.reason == IMPORT_REASON_END)
		return -ENOMEM;
	*ret_reason = reader.reason;
	return -EINVAL;
}
