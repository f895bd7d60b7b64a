/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * JLS, version 2: current, voltage, and each marker line as a signal of one bit. Lost samples are
 * NaN there, lines as before the loss; annotations of the current tell where, as they tell where
 * the window begins and ends (markers "A1", "A2" and so on), what was saturated, and the verdict.
 * Whole files are described by JSON in the user data. Times map samples to when the host received
 * them: by its steady clock from the first block on, so that a step of its UTC is not in them.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/trace/export.h"
#include "bench/trace/identity.h"
#include "bench/trace/jls.h"
#include "bench/trace/walk.h"
#include "bench/version.h"

enum { SOURCE = 1, SIGNALS_MAX = 2 + TRACE_LINES, PAIRS = 26 };

struct work {
	struct trace_reader *reader;
	struct jls_file file;
	struct jls_signal *signals[SIGNALS_MAX]; /* current, lines, voltage if any */
	struct jls_signal *current, *voltage, *lines[TRACE_LINES];
	unsigned count;
	struct trace_saturated *saturated;
	struct trace_block_time *blocks;
	uint64_t next_saturated, next_block;
	int64_t timed_sample; /* of the last time; negative: none */
	uint32_t rate_hz;
	uint8_t last;   /* lines of the last sample */
	unsigned edges; /* of the window line */
};

/* The format knows whole samples per second only. */
static int take_rate(struct work *work, struct err *err)
{
	double rate_hz = trace_reader_info(work->reader)->identity.rate_hz;

	if (!(rate_hz >= 1 && rate_hz <= UINT32_MAX) || rate_hz != floor(rate_hz))
		return err_set(err, -EINVAL,
			       "%s: %.9g samples per second: JLS files have a whole number; "
			       "export csv",
			       trace_reader_path(work->reader), rate_hz);
	work->rate_hz = (uint32_t)rate_hz;
	return 0;
}

static json_t *describe(const struct trace_info *info)
{
	json_t *object = json_pack("{s:s, s:s, s:s, s:I}", "format", "joulebench trace", "exporter",
				   "joulebench " BENCH_VERSION, "content_sha256",
				   info->result.content_sha256, "samples_lost",
				   (json_int_t)info->samples_lost);

	for (const struct identity_field *field = identity_fields; field->name; field++) {
		json_t *value = NULL;

		if (identity_is_absent(&info->identity, field))
			continue;
		if (field->kind == IDENTITY_TEXT)
			value = json_string(identity_text(&info->identity, field));
		else if (field->kind == IDENTITY_INTEGER)
			value = json_integer(identity_integer(&info->identity, field));
		else
			value = json_real(identity_real(&info->identity, field));
		json_object_set_new(object, field->name, value ? value : json_null());
	}
	return object;
}

static int put_description(struct work *work, struct err *err)
{
	const struct trace_info *info = trace_reader_info(work->reader);
	const struct trace_identity *identity = &info->identity;
	json_t *object = describe(info);
	char *text = json_dumps(object, JSON_COMPACT);

	json_decref(object);
	if (!text)
		return err_set(err, -ENOMEM, "out of memory");
	jls_put_json(&work->file, text);
	free(text);
	jls_put_source(&work->file, SOURCE, identity->meter[0] ? identity->meter : "meter",
		       identity->is_virtual ? "virtual: nothing was measured" : "joulebench",
		       identity->meter_model, BENCH_VERSION, identity->meter_serial);
	return 0;
}

static struct jls_signal *add_signal(struct work *work, const struct jls_kind *kind,
				     const char *name, const char *unit)
{
	struct jls_signal *signal = calloc(1, sizeof(*signal));

	if (!signal)
		return NULL;
	work->signals[work->count++] = signal;
	jls_signal_begin(signal, &work->file, work->count, SOURCE, kind, work->rate_hz, name, unit);
	return signal;
}

static int add_signals(struct work *work, struct err *err)
{
	static const char *const names[TRACE_LINES] = {"window", "inference", "layer"};
	bool voltage = trace_reader_info(work->reader)->has_voltage, all;

	work->current = add_signal(work, &jls_f32, "current", "A");
	work->voltage = voltage ? add_signal(work, &jls_f32, "voltage", "V") : NULL;
	all = work->current && (work->voltage || !voltage);
	for (unsigned line = 0; all && line < TRACE_LINES; line++) {
		work->lines[line] = add_signal(work, &jls_u1, names[line], "");
		all = work->lines[line];
	}
	return all ? 0 : err_set(err, -ENOMEM, "out of memory");
}

static void put_verdict(struct work *work)
{
	const struct trace_result *result = &trace_reader_info(work->reader)->result;
	char text[JLS_TEXT_MAX];

	if (!result->verdict[0])
		return;
	snprintf(text, sizeof(text), "%s%s%.250s", result->verdict, result->reason[0] ? ": " : "",
		 result->reason);
	jls_signal_annotate(work->current, 0, JLS_TEXT, text);
}

/* Stretches of saturated samples that begin before sample `end`. */
static void put_saturated(struct work *work, const struct walk *walk, uint64_t end)
{
	uint64_t count = trace_reader_info(work->reader)->counts[TRACE_SATURATED];
	char text[64];

	for (; work->next_saturated < count && work->saturated[work->next_saturated].sample < end;
	     work->next_saturated++) {
		const struct trace_saturated *saturated = &work->saturated[work->next_saturated];

		snprintf(text, sizeof(text), "saturated: %" PRIu64 " samples", saturated->count);
		jls_signal_annotate(work->current,
				    (int64_t)(walk->position + saturated->sample - walk->sample),
				    JLS_TEXT, text);
	}
}

static void put_edge(struct work *work, int64_t position)
{
	char name[16];

	snprintf(name, sizeof(name), "%c%u", (char)('A' + work->edges / 2 % PAIRS),
		 work->edges % 2 + 1 + work->edges / (2 * PAIRS) * 2);
	jls_signal_annotate(work->current, position, JLS_MARKER, name);
	work->edges++;
}

static void put_events(struct work *work, const struct walk *walk)
{
	const uint8_t *lines = walk->lines;

	for (size_t i = 0; i < walk->count; i++) {
		if (!((lines[i] ^ work->last) & 1))
			continue;
		put_saturated(work, walk, walk->sample + i + 1);
		put_edge(work, (int64_t)(walk->position + i));
		work->last ^= 1;
	}
	put_saturated(work, walk, walk->sample + walk->count);
	work->last = lines[walk->count - 1];
}

static void put_lost(struct work *work, const struct walk *walk)
{
	char text[64];

	if (!walk->lost_before)
		return;
	snprintf(text, sizeof(text), "%" PRIu64 " samples lost", walk->lost_before);
	jls_signal_annotate(work->current, (int64_t)(walk->position - walk->lost_before), JLS_TEXT,
			    text);
	jls_signal_fill(work->current, false, walk->lost_before);
	if (work->voltage)
		jls_signal_fill(work->voltage, false, walk->lost_before);
	for (unsigned line = 0; line < TRACE_LINES; line++)
		jls_signal_fill(work->lines[line], work->last >> line & 1, walk->lost_before);
}

/* The first block's end, then about one a second, and the last one's. */
static void put_time(struct work *work, int64_t sample, bool is_last)
{
	const struct trace_block_time *first = work->blocks,
				      *block = &work->blocks[work->next_block];

	if (work->timed_sample >= 0 && !is_last &&
	    sample - work->timed_sample < (int64_t)work->rate_hz)
		return;
	work->timed_sample = sample;
	for (unsigned i = 0; i < work->count; i++)
		jls_signal_time(work->signals[i], sample,
				first->t_utc_ns + (block->t_mono_ns - first->t_mono_ns));
}

/* A block's times are of its last byte; blocks do not cross gaps. */
static void put_times(struct work *work, const struct walk *walk)
{
	const struct trace_info *info = trace_reader_info(work->reader);
	uint64_t count = info->counts[TRACE_BLOCKS];

	for (; work->next_block < count; work->next_block++) {
		bool is_last = work->next_block + 1 == count;
		uint64_t end = is_last ? info->samples : work->blocks[work->next_block + 1].sample;

		if (end > walk->sample + walk->count)
			return;
		put_time(work, (int64_t)(walk->position + (end - walk->sample)), is_last);
	}
}

static void put_piece(struct work *work, const struct walk *walk)
{
	put_lost(work, walk);
	jls_signal_put_f32(work->current, walk->current_a, walk->count);
	if (work->voltage)
		jls_signal_put_f32(work->voltage, walk->voltage_v, walk->count);
	for (unsigned line = 0; line < TRACE_LINES; line++)
		jls_signal_put_bits(work->lines[line], walk->lines, line, walk->count);
	put_events(work, walk);
	put_times(work, walk);
}

static int write_all(struct work *work, struct walk *walk, struct err *err)
{
	int ret = put_description(work, err);

	if (!ret)
		ret = add_signals(work, err);
	if (!ret)
		put_verdict(work);
	while (!ret && !work->file.failed) {
		ret = walk_next(walk, err);
		if (ret || !walk->count)
			break;
		put_piece(work, walk);
	}
	for (unsigned i = 0; !ret && i < work->count; i++)
		jls_signal_end(work->signals[i]);
	if (!ret && jls_end(&work->file))
		ret = err_set(err, -EIO, "%s: cannot write the export: %s",
			      trace_reader_path(work->reader), strerror(errno ? errno : EIO));
	return ret;
}

int export_jls(struct trace_reader *reader, FILE *stream, struct err *err)
{
	struct work *work = calloc(1, sizeof(*work));
	struct walk walk;
	int ret = walk_begin(reader, &walk, err);

	if (!ret && !work)
		ret = err_set(err, -ENOMEM, "out of memory");
	if (!ret) {
		work->reader = reader;
		work->timed_sample = -1;
		ret = take_rate(work, err);
	}
	if (!ret && trace_reader_info(reader)->samples_lost > UINT32_MAX)
		ret = err_set(err, -EFBIG, "%s: %llu lost samples to fill in",
			      trace_reader_path(reader),
			      (unsigned long long)trace_reader_info(reader)->samples_lost);
	if (!ret)
		ret = trace_read_all(reader, TRACE_SATURATED, (void **)&work->saturated, err);
	if (!ret)
		ret = trace_read_all(reader, TRACE_BLOCKS, (void **)&work->blocks, err);
	if (!ret) {
		jls_begin(&work->file, stream);
		ret = write_all(work, &walk, err);
	}
	if (work) {
		for (unsigned i = 0; i < work->count; i++)
			free(work->signals[i]);
		free(work->saturated);
		free(work->blocks);
	}
	free(work);
	walk_done(&walk);
	return ret ? ret : export_check(reader, stream, err);
}
