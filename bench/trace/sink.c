/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/trace/sink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/trace/content.h"
#include "bench/trace/identity.h"

static bool wanted(const struct sink_form *form, unsigned which)
{
	return which == TRACE_VOLTAGE ? form->samples && form->voltage
				      : form->samples || !stream_kinds[which].per_sample;
}

static int create_streams(struct sink *sink, struct err *err)
{
	for (unsigned which = 1; which < TRACE_STREAMS; which++) {
		const struct stream_kind *kind = &stream_kinds[which];
		int ret;

		if (!wanted(&sink->form, which))
			continue;
		sink->stages[which].elements = malloc(kind->bytes * kind->chunk);
		if (!sink->stages[which].elements)
			return err_set(err, -ENOMEM, "%s: out of memory", sink->path);
		ret = stream_create(&sink->file, which, sink->form.compressed,
				    &sink->streams[which], err);
		if (ret)
			return ret;
	}
	return 0;
}

int sink_open(const char *path, const struct trace_identity *identity, const struct sink_form *form,
	      struct sink **ret_sink, struct err *err)
{
	struct sink *sink = calloc(1, sizeof(*sink));
	int ret;

	if (!sink)
		return err_set(err, -ENOMEM, "%s: out of memory", path);
	snprintf(sink->path, sizeof(sink->path), "%s", path);
	sink->identity = *identity;
	sink->form = *form;
	envelope_init(&sink->envelope, identity->rate_hz);
	ret = hdf_create(&sink->file, sink->path, form->live ? HDF_FORM_LIVE : HDF_FORM_OLD, err);
	if (ret) {
		free(sink);
		return ret;
	}
	ret = identity_write(&sink->file, identity, err);
	if (!ret)
		ret = create_streams(sink, err);
	if (!ret && form->live)
		ret = hdf_begin_live(&sink->file, err);
	if (!ret)
		ret = hdf_flush(&sink->file, err);
	if (ret)
		sink_free(sink);
	else
		*ret_sink = sink;
	return ret;
}

static int write_out(struct sink *sink, enum trace_stream which, const void *elements, size_t count,
		     struct err *err)
{
	int ret = stream_write(&sink->file, &sink->streams[which], elements, count, err);

	if (!ret && which == TRACE_CURRENT)
		envelope_add(&sink->envelope, elements, count);
	return ret;
}

static int write_stage(struct sink *sink, enum trace_stream which, struct err *err)
{
	struct sink_stage *stage = &sink->stages[which];
	const struct stream_kind *kind = &stream_kinds[which];
	size_t held = sink->streams[which].count % kind->chunk;
	int ret = write_out(sink, which, stage->elements + held * kind->bytes, stage->count, err);

	if (!ret)
		stage->count = 0;
	return ret;
}

/* Up to the end of the chunk in the file. */
static size_t room(const struct sink *sink, enum trace_stream which)
{
	size_t chunk = stream_kinds[which].chunk;

	return chunk - (sink->streams[which].count + sink->stages[which].count) % chunk;
}

void *sink_room(struct sink *sink, enum trace_stream which, size_t *ret_count)
{
	const struct stream_kind *kind = &stream_kinds[which];

	*ret_count = room(sink, which);
	return sink->stages[which].elements + (kind->chunk - *ret_count) * kind->bytes;
}

int sink_take(struct sink *sink, enum trace_stream which, size_t count, struct err *err)
{
	bool full = count == room(sink, which);

	sink->stages[which].count += count;
	return full ? write_stage(sink, which, err) : 0;
}

int sink_put(struct sink *sink, enum trace_stream which, const void *elements, size_t count,
	     struct err *err)
{
	const struct stream_kind *kind = &stream_kinds[which];
	const uint8_t *from = elements;
	int ret = 0;

	while (!ret && count) {
		size_t taken;
		void *to = sink_room(sink, which, &taken);

		taken = count < taken ? count : taken;
		if (!sink->stages[which].count && taken == kind->chunk) {
			ret = write_out(sink, which, from, taken, err);
		} else {
			memcpy(to, from, taken * kind->bytes);
			ret = sink_take(sink, which, taken, err);
		}
		from += taken * kind->bytes;
		count -= taken;
	}
	return ret;
}

uint64_t sink_count(const struct sink *sink, enum trace_stream which)
{
	return sink->streams[which].count + sink->stages[which].count;
}

int sink_flush(struct sink *sink, struct err *err)
{
	struct stream_flush flush = {{0}};
	int ret = 0;

	for (unsigned which = 1; which < TRACE_STREAMS; which++)
		flush.counts[which - 1] = sink_count(sink, which) + (which == TRACE_FLUSHES);
	ret = sink_put(sink, TRACE_FLUSHES, &flush, 1, err);
	for (unsigned which = 1; !ret && which < TRACE_STREAMS; which++)
		if (sink->stages[which].count)
			ret = write_stage(sink, which, err);
	return ret ? ret : hdf_flush(&sink->file, err);
}

static int put_envelope(struct sink *sink, struct err *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < sink->envelope.used; i++) {
		struct trace_envelope_point point = envelope_point(&sink->envelope, i);

		ret = sink_put(sink, TRACE_ENVELOPE, &point, 1, err);
	}
	return ret;
}

static int hash(struct sink *sink, char ret_sha256[TRACE_HASH_SIZE], struct err *err)
{
	uint64_t counts[TRACE_STREAMS];

	for (unsigned which = 1; which < TRACE_STREAMS; which++)
		counts[which] = sink_count(sink, which);
	return content_hash(&sink->file, &sink->identity, sink->streams, counts, ret_sha256, err);
}

int sink_finish(struct sink *sink, struct trace_result *result, struct err *err)
{
	int ret = sink_flush(sink, err); /* the last samples are in the envelope, too */
	int closed;

	if (!ret && sink->form.samples && !sink_count(sink, TRACE_ENVELOPE))
		ret = put_envelope(sink, err);
	if (!ret)
		ret = sink_flush(sink, err);
	if (!ret)
		ret = hash(sink, result->content_sha256, err);
	if (!ret)
		ret = sink_put(sink, TRACE_RESULT, result, 1, err);
	if (!ret)
		ret = sink_flush(sink, err);
	for (unsigned which = 1; which < TRACE_STREAMS; which++)
		stream_close(&sink->streams[which]);
	closed = hdf_close(&sink->file, !ret, ret ? NULL : err);
	return ret ? ret : closed;
}

void sink_free(struct sink *sink)
{
	if (!sink)
		return;
	for (unsigned which = 1; which < TRACE_STREAMS; which++) {
		stream_close(&sink->streams[which]);
		free(sink->stages[which].elements);
	}
	hdf_close(&sink->file, false, NULL);
	hdf_unlock(&sink->file);
	free(sink);
}
