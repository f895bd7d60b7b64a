/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/trace/reader.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/trace/content.h"
#include "bench/trace/identity.h"
#include "bench/trace/stream.h"

enum { RECORDS_MAX = 100000000, PIECE = 256 };

struct trace_reader {
	char path[TRACE_PATH_MAX];
	struct hdf_file file;
	struct stream streams[TRACE_STREAMS];
	struct trace_info info;
};

/* All of a file's arrays of samples are there, or none; voltage only if the meter had it. */
static int open_streams(struct trace_reader *reader, struct err *err)
{
	struct stream *streams = reader->streams;
	struct err missing = {""};
	int ret = 0;

	for (unsigned which = 1; !ret && which < TRACE_STREAMS; which++) {
		ret = stream_open(&reader->file, which, &streams[which], &missing);
		if (ret == -ENOENT && stream_kinds[which].per_sample)
			ret = 0;
	}
	if (ret) {
		if (err)
			*err = missing;
		return ret == -ENOENT ? -EINVAL : ret;
	}
	if (streams[TRACE_CURRENT].kind && streams[TRACE_MARKERS].kind)
		return 0;
	for (unsigned which = 1; which < TRACE_STREAMS; which++)
		if (stream_kinds[which].per_sample && streams[which].kind)
			return err_set(err, -EINVAL, "%s: '%s' is missing", reader->path,
				       stream_kinds[streams[TRACE_CURRENT].kind ? TRACE_MARKERS
										: TRACE_CURRENT]
					       .path);
	return 0;
}

static bool flush_is_complete(const struct trace_reader *reader, const struct stream_flush *flush)
{
	for (unsigned which = 1; which < TRACE_STREAMS; which++)
		if (flush->counts[which - 1] > reader->streams[which].count)
			return false;
	return true;
}

/* The last flush whose elements are all there. None: everything counts as empty. */
static int find_flush(struct trace_reader *reader, struct stream_flush *ret_flush, struct err *err)
{
	const struct stream *stream = &reader->streams[TRACE_FLUSHES];

	memset(ret_flush, 0, sizeof(*ret_flush));
	for (uint64_t i = stream->count; i > 0; i--) {
		struct stream_flush flush;
		int ret = stream_read(&reader->file, stream, i - 1, 1, &flush, err);

		if (ret)
			return ret;
		if (flush_is_complete(reader, &flush)) {
			*ret_flush = flush;
			return 0;
		}
	}
	return 0;
}

static int take_counts(struct trace_reader *reader, struct err *err)
{
	struct trace_info *info = &reader->info;
	struct stream_flush flush;
	int ret = find_flush(reader, &flush, err);

	if (ret)
		return ret;
	for (unsigned which = 1; which < TRACE_STREAMS; which++)
		info->counts[which] = flush.counts[which - 1];
	info->has_samples = reader->streams[TRACE_CURRENT].kind != NULL;
	info->has_voltage = reader->streams[TRACE_VOLTAGE].kind != NULL;
	if (info->counts[TRACE_MARKERS] != info->counts[TRACE_CURRENT] ||
	    (info->has_voltage && info->counts[TRACE_VOLTAGE] != info->counts[TRACE_CURRENT]))
		return err_set(err, -EINVAL, "%s: the arrays in '/samples' differ in length",
			       reader->path);
	return 0;
}

static int take_result(struct trace_reader *reader, struct err *err)
{
	struct trace_result *result = &reader->info.result;
	int ret;

	if (!reader->info.counts[TRACE_RESULT])
		return 0;
	ret = trace_read(reader, TRACE_RESULT, 0, 1, result, err);
	if (ret)
		return ret;
	result->state[sizeof(result->state) - 1] = '\0';
	result->verdict[sizeof(result->verdict) - 1] = '\0';
	result->reason[sizeof(result->reason) - 1] = '\0';
	result->content_sha256[TRACE_HASH_SIZE - 1] = '\0';
	reader->info.ended = true;
	return 0;
}

/* Adds up one of a record's fields, given by its offset. */
static int total(struct trace_reader *reader, enum trace_stream which, size_t offset,
		 uint64_t *ret_total, struct err *err)
{
	uint8_t records[PIECE * sizeof(struct trace_envelope_point)];
	uint64_t count = reader->info.counts[which];

	for (uint64_t first = 0; first < count; first += PIECE) {
		size_t piece = count - first < PIECE ? (size_t)(count - first) : PIECE;
		int ret = trace_read(reader, which, first, piece, records, err);

		if (ret)
			return ret;
		for (size_t i = 0; i < piece; i++) {
			uint64_t value;

			memcpy(&value, records + i * stream_kinds[which].bytes + offset,
			       sizeof(value));
			*ret_total += value;
		}
	}
	return 0;
}

static int take_totals(struct trace_reader *reader, struct err *err)
{
	struct trace_info *info = &reader->info;
	int ret = total(reader, TRACE_GAPS, offsetof(struct trace_gap, lost), &info->samples_lost,
			err);

	if (!ret)
		ret = total(reader, TRACE_SATURATED, offsetof(struct trace_saturated, count),
			    &info->samples_saturated, err);
	if (!ret && info->has_samples)
		info->samples = info->counts[TRACE_CURRENT];
	else if (!ret)
		ret = total(reader, TRACE_ENVELOPE, offsetof(struct trace_envelope_point, count),
			    &info->samples, err);
	return ret;
}

int trace_reader_open(const char *path, struct trace_reader **ret_reader, struct err *err)
{
	struct trace_reader *reader = calloc(1, sizeof(*reader));
	int ret;

	if (!reader)
		return err_set(err, -ENOMEM, "%s: out of memory", path);
	snprintf(reader->path, sizeof(reader->path), "%s", path);
	ret = hdf_open(&reader->file, reader->path, err);
	if (!ret)
		ret = identity_read(&reader->file, &reader->info.identity, err);
	if (!ret)
		ret = open_streams(reader, err);
	if (!ret)
		ret = take_counts(reader, err);
	if (!ret)
		ret = take_result(reader, err);
	if (!ret)
		ret = take_totals(reader, err);
	if (ret) {
		trace_reader_close(reader);
		return ret;
	}
	reader->info.compressed = reader->streams[TRACE_BLOCKS].filtered;
	*ret_reader = reader;
	return 0;
}

void trace_reader_close(struct trace_reader *reader)
{
	if (!reader)
		return;
	for (unsigned which = 1; which < TRACE_STREAMS; which++)
		stream_close(&reader->streams[which]);
	hdf_close(&reader->file, false, NULL);
	free(reader);
}

const char *trace_reader_path(const struct trace_reader *reader)
{
	return reader->path;
}

const struct trace_info *trace_reader_info(const struct trace_reader *reader)
{
	return &reader->info;
}

int trace_read(struct trace_reader *reader, enum trace_stream which, uint64_t first, size_t count,
	       void *ret_elements, struct err *err)
{
	assert(first <= reader->info.counts[which] && count <= reader->info.counts[which] - first);
	return stream_read(&reader->file, &reader->streams[which], first, count, ret_elements, err);
}

int trace_read_all(struct trace_reader *reader, enum trace_stream which, void **ret_elements,
		   struct err *err)
{
	uint64_t count = reader->info.counts[which];
	void *elements;
	int ret;

	if (count > RECORDS_MAX)
		return err_set(err, -EFBIG, "%s: '%s' has %llu records", reader->path,
			       stream_kinds[which].path, (unsigned long long)count);
	elements = malloc(count ? count * stream_kinds[which].bytes : 1);
	if (!elements)
		return err_set(err, -ENOMEM, "%s: out of memory", reader->path);
	ret = trace_read(reader, which, 0, count, elements, err);
	if (ret)
		free(elements);
	else
		*ret_elements = elements;
	return ret;
}

int trace_reader_hash(struct trace_reader *reader, char ret_sha256[TRACE_HASH_SIZE],
		      struct err *err)
{
	return content_hash(&reader->file, &reader->info.identity, reader->streams,
			    reader->info.counts, ret_sha256, err);
}
