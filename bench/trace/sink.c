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
		struct sink_stage *stage = &sink->stages[which];
		int ret;

		if (!wanted(&sink->form, which))
			continue;
		stage->size = kind->chunk;
		stage->elements = malloc(kind->bytes * stage->size);
		if (!stage->elements)
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

static int write_stage(struct sink *sink, enum trace_stream which, struct err *err)
{
	struct sink_stage *stage = &sink->stages[which];
	int ret = stream_write(&sink->file, &sink->streams[which], stage->elements, stage->count,
			       err);

	if (!ret)
		stage->count = 0;
	return ret;
}

/* Elements at which the stage goes to the file: what is left of the chunk after a flush, so that
 * each write is within one. */
static size_t stage_end(const struct sink *sink, enum trace_stream which)
{
	const struct sink_stage *stage = &sink->stages[which];

	return stage->size - sink->streams[which].count % stage->size;
}

void *sink_room(struct sink *sink, enum trace_stream which, size_t *ret_count)
{
	struct sink_stage *stage = &sink->stages[which];

	*ret_count = stage_end(sink, which) - stage->count;
	return stage->elements + stage->count * stream_kinds[which].bytes;
}

int sink_take(struct sink *sink, enum trace_stream which, size_t count, struct err *err)
{
	struct sink_stage *stage = &sink->stages[which];

	stage->count += count;
	return stage->count == stage_end(sink, which) ? write_stage(sink, which, err) : 0;
}

/* How many of count elements go to the file from where they are; 0: they are gathered. */
static size_t direct_count(const struct sink *sink, enum trace_stream which, size_t count)
{
	const struct sink_stage *stage = &sink->stages[which];

	if (stage->count || sink->streams[which].count % stage->size)
		return 0;
	return count / stage->size * stage->size;
}

int sink_put(struct sink *sink, enum trace_stream which, const void *elements, size_t count,
	     struct err *err)
{
	const struct stream_kind *kind = &stream_kinds[which];
	const uint8_t *from = elements;
	int ret = 0;

	/* While they are in the processor's nearest cache. */
	if (which == TRACE_CURRENT)
		envelope_add(&sink->envelope, elements, count);
	while (!ret && count) {
		size_t taken = direct_count(sink, which, count);

		if (taken) {
			ret = stream_write(&sink->file, &sink->streams[which], from, taken, err);
		} else {
			void *to = sink_room(sink, which, &taken);

			taken = count < taken ? count : taken;
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
	for (unsigned which = 1; !ret && which < TRACE_STREAMS; which++)
		if (sink->streams[which].kind)
			ret = stream_settle(&sink->file, &sink->streams[which], err);
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
