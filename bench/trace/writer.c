/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From a meter's blocks to a file that grows.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/trace/folder.h"
#include "bench/trace/rewrite.h"
#include "bench/trace/sink.h"
#include "bench/trace/trace.h"

enum { FLUSH_MS = 200, FLUSH_BLOCKS = 256 };

struct trace_writer {
	struct sink *sink;
	char folder[TRACE_PATH_MAX], path[TRACE_PATH_MAX];
	bool voltage;
	unsigned marker_input[TRACE_LINES];
	int64_t flush_ns;
	unsigned flush_blocks;

	bool timed;                       /* flushed_ns is set */
	int64_t flushed_ns;               /* time of the block at the last flush */
	unsigned blocks;                  /* since then */
	uint64_t flushed;                 /* samples */
	struct trace_saturated saturated; /* grows while blocks are saturated; count 0: none open */
	int failed;
	struct err failure;
};

static int fail(struct trace_writer *writer, int ret, struct err *err)
{
	if (!writer->failed) {
		writer->failed = ret;
		err_context(&writer->failure, ret, "trace");
	}
	if (err)
		*err = writer->failure;
	return writer->failed;
}

/* The file gets its .part name once it is one that can be repaired. */
static int open_file(struct trace_writer *writer, const struct trace_options *options,
		     struct err *err)
{
	struct sink_form form = {.live = true, .samples = true, .voltage = options->voltage};
	char first[TRACE_PATH_MAX];
	int ret = folder_new_file(writer->folder, first, writer->path, sizeof(first), err);

	if (!ret)
		ret = sink_open(first, options->identity, &form, &writer->sink, err);
	if (ret) {
		unlink(first);
		return ret;
	}
	if (rename(first, writer->path)) {
		ret = err_set(err, -errno, "%s: %s", first, strerror(errno));
		unlink(first);
		return ret;
	}
	snprintf(writer->sink->path, sizeof(writer->sink->path), "%s", writer->path);
	return 0;
}

int trace_writer_open(const struct trace_options *options, struct trace_writer **ret_writer,
		      struct err *err)
{
	struct trace_writer *writer = calloc(1, sizeof(*writer));
	int ret;

	if (!writer)
		return err_set(err, -ENOMEM, "out of memory");
	for (unsigned line = 0; line < TRACE_LINES; line++)
		assert(options->marker_input[line] < 8);
	snprintf(writer->folder, sizeof(writer->folder), "%s", options->folder);
	writer->voltage = options->voltage;
	writer->flush_ns = 1000000ll * (options->flush_ms ? options->flush_ms : FLUSH_MS);
	writer->flush_blocks = options->flush_blocks ? options->flush_blocks : FLUSH_BLOCKS;
	memcpy(writer->marker_input, options->marker_input, sizeof(writer->marker_input));
	ret = open_file(writer, options, err);
	if (ret) {
		sink_free(writer->sink);
		free(writer);
		return err_context(err, ret, "trace");
	}
	*ret_writer = writer;
	return 0;
}

_Static_assert(TRACE_LINES == 3, "lines_of names each line");

/* Eight samples at a time: (word >> n) & ones is input n of each. */
static uint64_t lines_of(unsigned input0, unsigned input1, unsigned input2, uint64_t word)
{
	const uint64_t ones = 0x0101010101010101u;

	return (word >> input0 & ones) | (word >> input1 & ones) << 1 |
	       (word >> input2 & ones) << 2;
}

static inline __attribute__((always_inline)) void
map_words(const unsigned *marker_input, const uint8_t *logic, size_t count, uint8_t *ret_lines)
{
	unsigned input0 = marker_input[0], input1 = marker_input[1], input2 = marker_input[2];
	size_t i = 0;

	for (; i + sizeof(uint64_t) <= count; i += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, logic + i, sizeof(word));
		word = lines_of(input0, input1, input2, word);
		memcpy(ret_lines + i, &word, sizeof(word));
	}
	for (; i < count; i++)
		ret_lines[i] = (uint8_t)lines_of(input0, input1, input2, logic[i]);
}

#ifdef __x86_64__
__attribute__((target("avx2"), optimize("tree-vectorize"))) static void
map_avx2(const unsigned *marker_input, const uint8_t *logic, size_t count, uint8_t *ret_lines)
{
	map_words(marker_input, logic, count, ret_lines);
}
#endif

static void map(const unsigned *marker_input, const uint8_t *logic, size_t count,
		uint8_t *ret_lines)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2")) {
		map_avx2(marker_input, logic, count, ret_lines);
		return;
	}
#endif
	map_words(marker_input, logic, count, ret_lines);
}

static int put_markers(struct trace_writer *writer, const struct trace_block *block,
		       struct err *err)
{
	int ret = 0;

	for (size_t first = 0; !ret && first < block->count;) {
		size_t count, left = block->count - first;
		uint8_t *lines = sink_room(writer->sink, TRACE_MARKERS, &count);

		count = left < count ? left : count;
		map(writer->marker_input, block->logic + first, count, lines);
		ret = sink_take(writer->sink, TRACE_MARKERS, count, err);
		first += count;
	}
	return ret;
}

static int close_saturated(struct trace_writer *writer, struct err *err)
{
	int ret = 0;

	if (writer->saturated.count)
		ret = sink_put(writer->sink, TRACE_SATURATED, &writer->saturated, 1, err);
	writer->saturated.count = 0;
	return ret;
}

static int put_saturated(struct trace_writer *writer, const struct trace_block *block,
			 uint64_t first, struct err *err)
{
	if (!block->saturated)
		return close_saturated(writer, err);
	if (!writer->saturated.count)
		writer->saturated.sample = first;
	writer->saturated.count += block->count;
	return 0;
}

static int put_records(struct trace_writer *writer, const struct trace_block *block,
		       struct err *err)
{
	uint64_t first = sink_count(writer->sink, TRACE_CURRENT);
	struct trace_gap gap = {first, block->lost};
	struct trace_block_time time = {first, block->meter_index, block->t_mono_ns,
					block->t_utc_ns};
	int ret = 0;

	if (block->lost)
		ret = sink_put(writer->sink, TRACE_GAPS, &gap, 1, err);
	if (!ret)
		ret = sink_put(writer->sink, TRACE_BLOCKS, &time, 1, err);
	return ret ? ret : put_saturated(writer, block, first, err);
}

static int put_block(struct trace_writer *writer, const struct trace_block *block, struct err *err)
{
	int ret = put_records(writer, block, err);

	if (!ret)
		ret = sink_put(writer->sink, TRACE_CURRENT, block->current_a, block->count, err);
	if (!ret && writer->voltage)
		ret = sink_put(writer->sink, TRACE_VOLTAGE, block->voltage_v, block->count, err);
	return ret ? ret : put_markers(writer, block, err);
}

static bool flush_is_due(struct trace_writer *writer, int64_t now_ns)
{
	if (!writer->timed) {
		writer->timed = true;
		writer->flushed_ns = now_ns;
	}
	return ++writer->blocks >= writer->flush_blocks ||
	       now_ns - writer->flushed_ns >= writer->flush_ns;
}

int trace_writer_append(struct trace_writer *writer, const struct trace_block *block,
			struct err *err)
{
	int ret;

	assert(block->count && !block->voltage_v == !writer->voltage);
	if (writer->failed)
		return fail(writer, 0, err);
	ret = put_block(writer, block, &writer->failure);
	if (ret)
		return fail(writer, ret, err);
	if (!flush_is_due(writer, block->t_mono_ns))
		return 0;
	ret = trace_writer_flush(writer, err);
	writer->flushed_ns = block->t_mono_ns;
	return ret;
}

int trace_writer_correct(struct trace_writer *writer, enum trace_correction_kind kind,
			 int64_t samples, struct err *err)
{
	struct trace_correction correction = {.sample = sink_count(writer->sink, TRACE_CURRENT),
					      .samples = samples,
					      .kind = kind};
	int ret;

	if (writer->failed)
		return fail(writer, 0, err);
	ret = sink_put(writer->sink, TRACE_CORRECTIONS, &correction, 1, &writer->failure);
	return ret ? fail(writer, ret, err) : 0;
}

int trace_writer_flush(struct trace_writer *writer, struct err *err)
{
	int ret;

	if (writer->failed)
		return fail(writer, 0, err);
	ret = close_saturated(writer, &writer->failure);
	if (!ret)
		ret = sink_flush(writer->sink, &writer->failure);
	if (ret)
		return fail(writer, ret, err);
	writer->flushed = sink_count(writer->sink, TRACE_CURRENT);
	writer->blocks = 0;
	return 0;
}

uint64_t trace_writer_flushed(const struct trace_writer *writer)
{
	return writer->flushed;
}

const char *trace_writer_path(const struct trace_writer *writer)
{
	return writer->path;
}

static int finish(struct trace_writer *writer, enum trace_keep keep, struct trace_result *result,
		  struct err *err)
{
	char path[TRACE_PATH_MAX];
	int ret = trace_writer_flush(writer, err);

	if (!ret)
		ret = sink_finish(writer->sink, result, err);
	if (!ret && keep == TRACE_KEEP_ENVELOPE)
		return rewrite_envelope(writer->path, result->content_sha256, err);
	if (!ret)
		ret = trace_file_path(writer->folder, result->content_sha256, path, sizeof(path),
				      err);
	return ret ? ret : folder_rename(writer->path, path, err);
}

int trace_writer_finish(struct trace_writer *writer, enum trace_keep keep, const char *verdict,
			const char *reason, char ret_sha256[TRACE_HASH_SIZE], struct err *err)
{
	struct trace_result result = {.state = "complete"};
	bool failed = writer->failed;
	int ret;

	snprintf(result.verdict, sizeof(result.verdict), "%s", verdict);
	snprintf(result.reason, sizeof(result.reason), "%s", reason);
	ret = finish(writer, keep, &result, err);
	if (!ret)
		memcpy(ret_sha256, result.content_sha256, TRACE_HASH_SIZE);
	else if (!failed && !writer->failed)
		err_context(err, ret, "trace");
	sink_free(writer->sink);
	free(writer);
	return ret;
}

void trace_writer_discard(struct trace_writer *writer)
{
	if (!writer)
		return;
	unlink(writer->path);
	sink_free(writer->sink);
	free(writer);
}
