/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/trace/rewrite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/trace/folder.h"

enum { PIECE = 65536 };

static int copy_stream(struct trace_reader *reader, struct sink *sink, enum trace_stream which,
		       void *buffer, struct err *err)
{
	uint64_t count = trace_reader_info(reader)->counts[which];
	int ret = 0;

	for (uint64_t first = 0; !ret && first < count; first += PIECE) {
		size_t piece = count - first < PIECE ? (size_t)(count - first) : PIECE;

		ret = trace_read(reader, which, first, piece, buffer, err);
		if (!ret)
			ret = sink_put(sink, which, buffer, piece, err);
	}
	return ret;
}

static int copy_streams(struct trace_reader *reader, struct sink *sink, struct err *err)
{
	void *buffer = malloc(PIECE * sizeof(struct trace_envelope_point));
	int ret = 0;

	if (!buffer)
		return err_set(err, -ENOMEM, "%s: out of memory", sink->path);
	for (unsigned which = 1; !ret && which < TRACE_STREAMS; which++)
		if (stream_kinds[which].content && sink->streams[which].kind)
			ret = copy_stream(reader, sink, which, buffer, err);
	free(buffer);
	return ret;
}

int rewrite_copy(struct trace_reader *reader, const struct sink_form *form,
		 struct trace_result *result, char *ret_path, size_t size, struct sink **ret_sink,
		 struct err *err)
{
	char folder[TRACE_PATH_MAX], unused[TRACE_PATH_MAX];
	struct sink *sink;
	int ret = folder_of(trace_reader_path(reader), folder, sizeof(folder), err);

	if (!ret)
		ret = folder_new_file(folder, ret_path, unused, size, err);
	if (ret)
		return ret;
	ret = sink_open(ret_path, &trace_reader_info(reader)->identity, form, &sink, err);
	if (ret) {
		unlink(ret_path);
		return ret;
	}
	ret = copy_streams(reader, sink, err);
	if (!ret)
		ret = sink_finish(sink, result, err);
	if (ret) {
		unlink(ret_path);
		sink_free(sink);
	} else {
		*ret_sink = sink;
	}
	return ret;
}

static int name_copy(const char *copy, const char *old, const char *sha256, struct err *err)
{
	char folder[TRACE_PATH_MAX], path[TRACE_PATH_MAX];
	int ret = folder_of(copy, folder, sizeof(folder), err);

	if (!ret)
		ret = trace_file_path(folder, sha256, path, sizeof(path), err);
	if (!ret)
		ret = folder_rename(copy, path, err);
	if (!ret && strcmp(path, old) && unlink(old))
		ret = err_set(err, -errno, "%s: %s", old, strerror(errno));
	return ret;
}

int rewrite_envelope(const char *path, char ret_sha256[TRACE_HASH_SIZE], struct err *err)
{
	struct sink_form form = {.compressed = true};
	struct trace_reader *reader;
	struct trace_result result;
	struct sink *sink = NULL;
	char copy[TRACE_PATH_MAX];
	int ret = trace_reader_open(path, &reader, err);

	if (ret)
		return ret;
	result = trace_reader_info(reader)->result;
	if (!trace_reader_info(reader)->ended)
		ret = err_set(err, -EINVAL, "%s: is not finished: repair it first", path);
	else
		ret = rewrite_copy(reader, &form, &result, copy, sizeof(copy), &sink, err);
	if (!ret)
		ret = name_copy(copy, path, result.content_sha256, err);
	if (!ret)
		memcpy(ret_sha256, result.content_sha256, TRACE_HASH_SIZE);
	trace_reader_close(reader);
	sink_free(sink);
	return ret;
}
