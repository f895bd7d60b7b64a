/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * JLS exports, read by a reader of its own: every chunk, checksum, link, index and summary. The
 * layout is that of a file that the format's own library (jls 0.17) wrote. With pyjls installed, it
 * reads an export, too.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <jansson.h>
#include <math.h>

#include "bench/trace/export.h"
#include "bench/trace/jls.h"
#include "tests/unit/bench/test_trace_pattern.h"

enum { CHUNKS_MAX = 20000, HEAD = 16 };

struct parsed {
	const uint8_t *bytes;
	size_t size;
	struct chunk {
		uint64_t at, next, prev;
		unsigned tag, id, level;
		const uint8_t *payload;
		uint32_t length;
	} chunks[CHUNKS_MAX];
	unsigned count;
};

static struct parsed parsed;

static uint64_t number(const uint8_t *from, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = bytes; i; i--)
		value = value << 8 | from[i - 1];
	return value;
}

static float real(const uint8_t *from)
{
	float value;

	memcpy(&value, from, sizeof(value));
	return value;
}

/* Bit by bit, as the polynomial says. */
static uint32_t crc32c(const uint8_t *bytes, size_t count)
{
	uint32_t value = ~0u;

	for (size_t i = 0; i < count; i++) {
		value ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			value = value & 1 ? value >> 1 ^ 0x82f63b78u : value >> 1;
	}
	return ~value;
}

static size_t parse_chunk(size_t at, uint32_t *length_before)
{
	const uint8_t *head = parsed.bytes + at;
	struct chunk *chunk = &parsed.chunks[parsed.count++];
	size_t size;

	assert_true(parsed.count < CHUNKS_MAX && at % 8 == 0 && at + 32 <= parsed.size);
	assert_int_equal(number(head + 28, 4), crc32c(head, 28));
	assert_int_equal(head[17], 0);
	assert_int_equal(number(head + 24, 4), *length_before);
	*chunk = (struct chunk){at,
				number(head, 8),
				number(head + 8, 8),
				head[16],
				(unsigned)number(head + 18, 2) & 0xfff,
				(unsigned)number(head + 18, 2) >> 12,
				head + 32,
				(uint32_t)number(head + 20, 4)};
	*length_before = chunk->length;
	if (!chunk->length)
		return 32;
	size = (chunk->length + 4 + 7) / 8 * 8;
	assert_true(at + 32 + size <= parsed.size);
	assert_int_equal(number(head + 32 + size - 4, 4), crc32c(chunk->payload, chunk->length));
	for (size_t i = chunk->length; i < size - 4; i++)
		assert_int_equal(chunk->payload[i], 0);
	return 32 + size;
}

static void parse(const void *bytes, size_t size)
{
	static const uint8_t magic[16] = "jlsfmt\r\n \n \x1a  \xb2\x1c";
	uint32_t before = 0;

	parsed.bytes = bytes;
	parsed.size = size;
	parsed.count = 0;
	assert_true(size > 64 && size % 8 == 0);
	assert_memory_equal(bytes, magic, 16);
	assert_int_equal(number(parsed.bytes + 16, 8), size);
	assert_int_equal(number(parsed.bytes + 24, 4), 0x01000000);
	assert_int_equal(number(parsed.bytes + 28, 4), crc32c(bytes, 28));
	for (size_t at = 32; at < size;)
		at += parse_chunk(at, &before);
	assert_int_equal(parsed.chunks[parsed.count - 1].tag, 0xff);
}

static const struct chunk *chunk_at(uint64_t offset)
{
	for (unsigned low = 0, high = parsed.count; low < high;) {
		unsigned middle = (low + high) / 2;

		if (parsed.chunks[middle].at == offset)
			return &parsed.chunks[middle];
		if (parsed.chunks[middle].at < offset)
			low = middle + 1;
		else
			high = middle;
	}
	fail_msg("no chunk begins at %llu", (unsigned long long)offset);
	return NULL;
}

/* Definitions, heads and signals share one list; all else has one per tag, signal and level. */
static unsigned list_of(const struct chunk *chunk)
{
	bool definition = chunk->tag == 2 ||
			  (chunk->tag >= 0x20 && chunk->tag < 0x40 && (chunk->tag & 7) < 2);

	if (definition)
		return 2;
	if (chunk->tag == 1 || chunk->tag == 0x40)
		return chunk->tag;
	return chunk->tag | chunk->id << 8 | chunk->level << 24;
}

static void links(void)
{
	static uint64_t first_of_list[CHUNKS_MAX];
	unsigned lists = 0;

	for (unsigned i = 0; i < parsed.count; i++) {
		const struct chunk *chunk = &parsed.chunks[i];

		if (chunk->next) {
			assert_true(chunk->next > chunk->at);
			assert_int_equal(chunk_at(chunk->next)->prev, chunk->at);
			assert_int_equal(list_of(chunk_at(chunk->next)), list_of(chunk));
		}
		if (chunk->prev)
			assert_int_equal(chunk_at(chunk->prev)->next, chunk->at);
		else
			first_of_list[lists++] = list_of(chunk);
	}
	for (unsigned i = 0; i < lists; i++) /* no list falls apart */
		for (unsigned j = 0; j < i; j++)
			assert_true(first_of_list[i] != first_of_list[j]);
}

static const struct chunk *head_of(unsigned id, enum jls_track_type type)
{
	for (unsigned i = 0; i < parsed.count; i++)
		if (parsed.chunks[i].tag == jls_tag(type, JLS_HEAD) && parsed.chunks[i].id == id)
			return &parsed.chunks[i];
	fail_msg("signal %u has no head of track %d", id, (int)type);
	return NULL;
}

struct definition {
	unsigned bits, per_data, decimate, entries, decimate_up;
	uint32_t rate_hz;
	const char *name, *unit;
};

static struct definition definition_of(unsigned id)
{
	for (unsigned i = 0; i < parsed.count; i++) {
		const struct chunk *chunk = &parsed.chunks[i];
		const uint8_t *at = chunk->payload;
		const char *name = (const char *)at + 128;

		if (chunk->tag != 2 || chunk->id != id)
			continue;
		assert_int_equal(name[strlen(name) + 1], 0x1f);
		return (struct definition){at[5],
					   (unsigned)number(at + 12, 4),
					   (unsigned)number(at + 16, 4),
					   (unsigned)number(at + 20, 4),
					   (unsigned)number(at + 24, 4),
					   (uint32_t)number(at + 8, 4),
					   name,
					   name + strlen(name) + 2};
	}
	fail_msg("no signal %u", id);
	return (struct definition){0};
}

/* Of samples from first on. */
static void check_entry(const uint8_t *at, const float *samples, uint64_t count)
{
	double sum = 0, squares = 0, least = INFINITY, largest = -INFINITY, real_count = 0;

	for (uint64_t i = 0; i < count; i++) {
		if (!isfinite(samples[i]))
			continue;
		sum += (double)samples[i];
		least = fmin(least, (double)samples[i]);
		largest = fmax(largest, (double)samples[i]);
		real_count++;
	}
	if (!real_count) {
		assert_true(isnan(real(at)) && isnan(real(at + 4)) && isnan(real(at + 8)));
		return;
	}
	for (uint64_t i = 0; i < count; i++)
		if (isfinite(samples[i]))
			squares += pow((double)samples[i] - sum / real_count, 2);
	assert_true(fabs((double)real(at) - sum / real_count) < 1e-6);
	assert_true(fabs((double)real(at + 4) - sqrt(squares / real_count)) < 1e-6);
	assert_true((double)real(at + 8) == least && (double)real(at + 12) == largest);
}

/* One INDEX with its SUMMARY and what is below; returns the samples below. */
static uint64_t check_index(const struct chunk *index, const struct definition *definition,
			    unsigned level, uint64_t first, const float *samples)
{
	const struct chunk *summary = index + 1;
	uint64_t step = definition->decimate, count = 0;
	unsigned entries = (unsigned)number(index->payload + 8, 4);

	for (unsigned i = 1; i < level; i++)
		step *= definition->decimate_up;
	assert_int_equal(index->tag, 0x23);
	assert_int_equal(summary->tag, 0x24);
	assert_int_equal(index->level, level);
	assert_int_equal(summary->level, level);
	assert_int_equal(number(index->payload, 8), first);
	assert_int_equal(number(summary->payload, 8), first);
	assert_int_equal(number(index->payload + 12, 4), 64);
	assert_int_equal(number(summary->payload + 12, 4), 128);
	assert_int_equal(index->length, HEAD + 8 * entries);
	for (unsigned i = 0; i < entries; i++) {
		const struct chunk *below = chunk_at(number(index->payload + HEAD + 8 * i, 8));

		if (level > 1) {
			count += check_index(below, definition, level - 1, first + count, samples);
			continue;
		}
		assert_int_equal(below->tag, 0x22);
		assert_int_equal(number(below->payload, 8), first + count);
		count += number(below->payload + 8, 4);
	}
	entries = (unsigned)number(summary->payload + 8, 4);
	assert_int_equal(summary->length, HEAD + 16 * entries);
	assert_true(entries <= definition->entries && entries * step <= count);
	assert_true(count - entries * step < step);
	for (unsigned i = 0; i < entries; i++)
		check_entry(summary->payload + HEAD + 16 * i, samples + first + i * step, step);
	return count;
}

/* Every sample, through the list of DATA; then the levels above it, from the highest down. */
static void check_signal(unsigned id, const float *samples, uint64_t count)
{
	const struct definition definition = definition_of(id);
	const uint8_t *heads = head_of(id, JLS_FSR)->payload;
	uint64_t next = 0, offset = number(heads, 8);
	unsigned top = 0;

	while (offset) {
		const struct chunk *data = chunk_at(offset);
		uint64_t some = number(data->payload + 8, 4);

		assert_int_equal(number(data->payload, 8), next);
		assert_int_equal(number(data->payload + 12, 4), definition.bits);
		assert_int_equal(data->length, HEAD + (some * definition.bits + 7) / 8);
		for (uint64_t i = 0; i < some; i++) {
			float wanted = samples[next + i];

			if (definition.bits == 1)
				assert_int_equal(data->payload[HEAD + i / 8] >> i % 8 & 1,
						 wanted != 0);
			else
				assert_memory_equal(data->payload + HEAD + 4 * i, &wanted, 4);
		}
		next += some;
		offset = data->next;
		assert_true(!offset || some == definition.per_data);
	}
	assert_int_equal(next, count);
	for (unsigned level = 1; level < 16; level++)
		if (number(heads + 8 * level, 8))
			top = level;
	next = 0;
	for (offset = top ? number(heads + 8 * top, 8) : 0; offset; offset = chunk_at(offset)->next)
		next += check_index(chunk_at(offset), &definition, top, next, samples);
	if (top)
		assert_int_equal(next, count);
}

/* The layout of a file of the format's own library: facts about it, not made by this program. */
static void has_the_layout_of_the_library(void **state)
{
	static const struct {
		unsigned tag, at;
	} rows[] = {
		{0x40, 32},    {0x01, 64},    {0x02, 208},   {0x28, 400},   {0x29, 432},
		{0x30, 600},   {0x31, 632},   {0x01, 800},   {0x02, 920},   {0x20, 1096},
		{0x21, 1128},  {0x30, 1296},  {0x31, 1328},  {0x38, 1496},  {0x39, 1528},
		{0x22, 1696},  {0x22, 2264},  {0x23, 7376},  {0x24, 7512},  {0x23, 13008},
		{0x24, 13080}, {0x23, 13328}, {0x24, 13392}, {0x3b, 13464}, {0x3c, 13536},
		{0xff, 13608},
	};
	static const uint8_t header_crc[] = {0x20, 0xc4, 0xe5, 0xae};
	struct jls_kind kind = jls_f32;
	struct jls_signal *signal = calloc(1, sizeof(*signal));
	struct jls_file file;
	float samples[2000];
	char *bytes = NULL;
	size_t size;
	FILE *stream = open_memstream(&bytes, &size);

	(void)state;
	for (int i = 0; i < 2000; i++)
		samples[i] = (float)(i * 7919 % 1000) * 1e-3f;
	kind.samples_per_data = 128;
	kind.decimate = 16;
	kind.entries = 80;
	kind.decimate_up = 10;
	jls_begin(&file, stream);
	jls_put_source(&file, 1, "src", "v", "m", "1", "s");
	jls_signal_begin(signal, &file, 1, 1, &kind, 1000, "current", "A");
	jls_signal_put_f32(signal, samples, 2000);
	jls_signal_time(signal, 0, 1700000000000000000);
	jls_signal_end(signal);
	assert_int_equal(jls_end(&file), 0);
	fclose(stream);
	assert_int_equal(size, 13640);
	parse(bytes, size);
	assert_memory_equal(bytes + 28, header_crc, 4);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(chunk_at(rows[i].at)->tag, rows[i].tag);
	assert_int_equal(number(chunk_at(13080)->payload + 8, 4), 12);
	links();
	check_signal(1, samples, 2000);
	free(signal);
	free(bytes);
}

static void checksum_is_castagnoli(void **state)
{
	(void)state;
	assert_int_equal(crc32c((const uint8_t *)"123456789", 9), 0xe3069283);
}

/* Lengths around every border of the levels. */
static void every_length_is_read_back(void **state)
{
	static const unsigned lengths[] = {1,      127,    128,     129,     8191,
					   8192,   8193,   81920,   81921,   82000,
					   163840, 163841, 1638400, 1638401, 1720321};
	float *samples = malloc(1720321 * sizeof(*samples));

	(void)state;
	for (unsigned i = 0; i < 1720321; i++)
		samples[i] = i % 1000 < 900 || i > 100000 ? pattern_current(i) : NAN;
	for (size_t n = 0; n < sizeof(lengths) / sizeof(lengths[0]); n++) {
		struct jls_signal *signal = calloc(1, sizeof(*signal));
		struct jls_file file;
		char *bytes = NULL;
		size_t size;
		FILE *stream = open_memstream(&bytes, &size);

		jls_begin(&file, stream);
		jls_put_source(&file, 1, "src", "v", "m", "1", "s");
		jls_signal_begin(signal, &file, 1, 1, &jls_f32, 1000, "current", "A");
		for (unsigned at = 0; at < lengths[n]; at += 999)
			jls_signal_put_f32(signal, samples + at,
					   lengths[n] - at < 999 ? lengths[n] - at : 999);
		jls_signal_end(signal);
		assert_int_equal(jls_end(&file), 0);
		fclose(stream);
		parse(bytes, size);
		links();
		check_signal(1, samples, lengths[n]);
		free(signal);
		free(bytes);
	}
	free(samples);
}

struct expected {
	float *current, *voltage, *lines[TRACE_LINES];
	uint64_t count;
};

/* What the pattern's blocks hold, lost samples filled in. */
static struct expected expected_of(unsigned blocks)
{
	uint64_t room = (uint64_t)blocks * (PATTERN_BLOCK + blocks);
	struct expected all = {malloc(room * 4), malloc(room * 4), {0}, 0};
	uint8_t last = 0;

	for (unsigned line = 0; line < TRACE_LINES; line++)
		all.lines[line] = malloc(room * 4);
	for (uint64_t n = 0; n < blocks; n++)
		for (uint64_t i = 0, lost = n % PATTERN_GAP_EVERY == 3 ? n : 0;
		     i < lost + PATTERN_BLOCK; i++) {
			uint64_t sample = n * PATTERN_BLOCK + i - lost, at = all.count++;

			all.current[at] = i < lost ? NAN : pattern_current(sample);
			all.voltage[at] = i < lost ? NAN : pattern_voltage(sample);
			last = i < lost ? last : pattern_lines(sample);
			for (unsigned line = 0; line < TRACE_LINES; line++)
				all.lines[line][at] = (float)(last >> line & 1);
		}
	return all;
}

static void expected_done(struct expected *all)
{
	free(all->current);
	free(all->voltage);
	for (unsigned line = 0; line < TRACE_LINES; line++)
		free(all->lines[line]);
}

static char *make(unsigned blocks, bool voltage, const char *verdict, const char *reason)
{
	static char path[TRACE_PATH_MAX];
	const char *folder = scratch_folder();
	struct trace_writer *writer = pattern_open(folder, voltage, 0);
	char sha256[TRACE_HASH_SIZE];

	pattern_fill(writer, voltage, blocks);
	assert_int_equal(
		trace_writer_finish(writer, TRACE_KEEP_SAMPLES, verdict, reason, sha256, NULL), 0);
	assert_int_equal(trace_file_path(folder, sha256, path, sizeof(path), NULL), 0);
	return path;
}

static char *export_of(const char *path, size_t *ret_size)
{
	struct trace_reader *reader = pattern_reader(path);
	char *bytes = NULL;
	struct err err = {""};
	FILE *stream = open_memstream(&bytes, ret_size);

	if (export_jls(reader, stream, &err))
		fail_msg("%s", err.text);
	fclose(stream);
	trace_reader_close(reader);
	return bytes;
}

static void check_annotations(unsigned blocks)
{
	uint64_t offset = number(head_of(1, JLS_ANNOTATION)->payload, 8), lost = 0;
	unsigned markers = 0, losses = 0, saturated = 0;
	int64_t last = 0;

	for (const struct chunk *chunk; offset; offset = chunk->next) {
		const uint8_t *at;
		const char *text;

		chunk = chunk_at(offset);
		at = chunk->payload;
		text = (const char *)at + HEAD + 12;
		assert_int_equal(chunk->tag, 0x32);
		assert_true((int64_t)number(at, 8) >= last);
		last = (int64_t)number(at, 8);
		assert_int_equal(at[HEAD + 1], 2);
		assert_int_equal(number(at + HEAD + 8, 4), strlen(text) + 1);
		assert_int_equal(at[chunk->length - 1], 0x1f);
		if (offset == number(head_of(1, JLS_ANNOTATION)->payload, 8))
			assert_string_equal(text, "refused: samples lost");
		markers += at[HEAD] == JLS_MARKER;
		if (at[HEAD] == JLS_MARKER && markers == 1) {
			assert_string_equal(text, "A1");
			assert_int_equal(number(at, 8), 300);
		}
		if (strstr(text, "samples lost") == strchr(text, ' ') + 1 && text[0] != 'r') {
			losses++;
			lost += strtoull(text, NULL, 10);
		}
		saturated += !strncmp(text, "saturated: 1000 samples", 23);
	}
	assert_int_equal(markers, blocks * PATTERN_BLOCK / 900 * 2 +
					  (blocks * PATTERN_BLOCK % 900 > 300) +
					  (blocks * PATTERN_BLOCK % 900 > 600));
	assert_int_equal(losses, (blocks + 3) / PATTERN_GAP_EVERY);
	assert_int_equal(saturated, (blocks + 2) / PATTERN_SATURATED_EVERY);
}

/* Events below every INDEX entry, in the file's order. */
static unsigned check_events(uint64_t offset, unsigned level, unsigned data_tag)
{
	const struct chunk *index = chunk_at(offset), *summary = index + 1;
	unsigned entries = (unsigned)number(index->payload + 8, 4), count = 0;

	assert_int_equal(index->tag, data_tag + 1);
	assert_int_equal(summary->tag, data_tag + 2);
	assert_int_equal(index->level, level);
	assert_int_equal(number(summary->payload + 8, 4), entries);
	for (unsigned i = 0; i < entries; i++) {
		const uint8_t *entry = index->payload + HEAD + 16 * i;
		const struct chunk *below = chunk_at(number(entry + 8, 8));

		assert_memory_equal(entry, summary->payload + HEAD + 16 * i, 8);
		assert_memory_equal(entry, below->payload, 8);
		if (level > 1)
			count += check_events(below->at, level - 1, data_tag);
		else
			assert_int_equal(below->tag, data_tag);
	}
	return level > 1 ? count : entries;
}

static unsigned count_events(unsigned id, enum jls_track_type type)
{
	const uint8_t *heads = head_of(id, type)->payload;
	unsigned top = 1, count = 0;

	for (unsigned level = 1; level < 16; level++)
		top = number(heads + 8 * level, 8) ? level : top;
	for (uint64_t offset = number(heads + 8 * top, 8); offset; offset = chunk_at(offset)->next)
		count += check_events(offset, top, jls_tag(type, JLS_DATA));
	return count;
}

static unsigned count_list(unsigned id, enum jls_track_type type)
{
	unsigned count = 0;

	for (uint64_t offset = number(head_of(id, type)->payload, 8); offset;
	     offset = chunk_at(offset)->next)
		count++;
	return count;
}

/* Each time is that of its block's last byte, after the steady clock. */
static void check_times(unsigned id)
{
	const double unit = 1 << 30;
	unsigned count = 0;

	for (uint64_t offset = number(head_of(id, JLS_UTC)->payload, 8); offset; count++) {
		const struct chunk *chunk = chunk_at(offset);
		uint64_t position = number(chunk->payload, 8), blocks = 0, at = 0;
		double seconds = (double)number(chunk->payload + HEAD, 8) / unit;

		for (; at < position; blocks++)
			at += PATTERN_BLOCK + (blocks % PATTERN_GAP_EVERY == 3 ? blocks : 0);
		assert_int_equal(at, position);
		assert_true(fabs(seconds -
				 (1700000000.0 - 1514764800 + 0.01 * (double)(blocks - 1))) < 1e-6);
		offset = chunk->next;
	}
	assert_true(count >= 3);
}

static void check_description(const char *path)
{
	for (unsigned i = 0; i < parsed.count; i++) {
		const struct chunk *chunk = &parsed.chunks[i];
		json_t *object;

		if (chunk->tag != 0x40 || !chunk->length)
			continue;
		assert_int_equal(chunk->level, 3);
		object = json_loads((const char *)chunk->payload, 0, NULL);
		assert_non_null(object);
		assert_string_equal(json_string_value(json_object_get(object, "board")),
				    "nucleo-1");
		assert_true(json_is_null(json_object_get(object, "ambient_c")));
		assert_non_null(
			strstr(path, json_string_value(json_object_get(object, "content_sha256"))));
		json_decref(object);
		return;
	}
	fail_msg("no description");
}

static void whole_trace(void **state)
{
	enum { BLOCKS = 450 };
	const char *path = make(BLOCKS, true, "refused", "samples lost");
	struct expected all = expected_of(BLOCKS);
	size_t size;
	char *bytes = export_of(path, &size);

	(void)state;
	parse(bytes, size);
	links();
	assert_string_equal(definition_of(1).name, "current");
	assert_string_equal(definition_of(1).unit, "A");
	assert_string_equal(definition_of(2).name, "voltage");
	assert_string_equal(definition_of(5).name, "layer");
	assert_int_equal(definition_of(5).rate_hz, 100000);
	check_signal(1, all.current, all.count);
	check_signal(2, all.voltage, all.count);
	for (unsigned line = 0; line < TRACE_LINES; line++)
		check_signal(3 + line, all.lines[line], all.count);
	check_annotations(BLOCKS);
	for (unsigned id = 1; id <= 5; id++) {
		check_times(id);
		assert_int_equal(count_events(id, JLS_UTC), count_list(id, JLS_UTC));
	}
	assert_true(count_list(1, JLS_ANNOTATION) > 1000);
	assert_int_equal(count_events(1, JLS_ANNOTATION), count_list(1, JLS_ANNOTATION));
	check_description(path);
	expected_done(&all);
	free(bytes);
}

static void a_rate_that_is_not_whole_is_refused(void **state)
{
	struct trace_identity identity = pattern_identity();
	struct trace_options options = {.folder = scratch_folder(), .identity = &identity};
	struct trace_writer *writer;
	struct trace_reader *reader;
	struct err err = {""};
	FILE *stream = tmpfile();

	(void)state;
	identity.rate_hz = 909.0909;
	assert_int_equal(trace_writer_open(&options, &writer, NULL), 0);
	pattern_fill(writer, false, 2);
	assert_int_equal(trace_writer_flush(writer, NULL), 0);
	reader = pattern_reader(trace_writer_path(writer));
	assert_int_equal(export_jls(reader, stream, &err), -EINVAL);
	assert_non_null(strstr(err.text, "909.0909"));
	trace_reader_close(reader);
	trace_writer_discard(writer);
	fclose(stream);
}

static void a_full_disk_is_an_error(void **state)
{
	struct trace_reader *reader = pattern_reader(make(50, false, "", ""));
	FILE *full = fopen("/dev/full", "w");
	struct err err = {""};

	(void)state;
	assert_int_equal(export_jls(reader, full, &err), -EIO);
	assert_non_null(strstr(err.text, "cannot write the export"));
	trace_reader_close(reader);
	fclose(full);
}

/* The library's own reader, where there is one. */
static void pyjls_reads_it(void **state)
{
	enum { BLOCKS = 450 };
	static const char script[] = "import sys\n"
				     "from pyjls import Reader\n"
				     "with Reader(sys.argv[1]) as r:\n"
				     "    s = {x.name: x for x in r.signals.values()}\n"
				     "    i = s['current']\n"
				     "    n = i.length\n"
				     "    a = r.fsr(i.signal_id, 0, n)\n"
				     "    w = r.fsr(s['window'].signal_id, 0, 1000)\n"
				     "    m = r.fsr_statistics(i.signal_id, 0, 8192, 1)\n"
				     "    print(n, '%.9g' % a[n - 1], i.sample_rate, abs(m[0][0] - "
				     "a[:8192].mean()) < 1e-5)\n";
	const char *path;
	char *bytes, name[TRACE_PATH_MAX + 8], command[2 * TRACE_PATH_MAX], line[200] = "";
	char wanted[200];
	struct expected all;
	size_t size;
	FILE *file;

	(void)state;
	if (system("python3 -c 'import pyjls' 2>/dev/null")) {
		print_message("skipped: no pyjls (pip install pyjls)\n");
		skip();
	}
	path = make(BLOCKS, true, "", "");
	bytes = export_of(path, &size);
	snprintf(name, sizeof(name), "%s.jls", path);
	file = fopen(name, "wb");
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
	snprintf(command, sizeof(command), "%s.py", path);
	file = fopen(command, "w");
	fputs(script, file);
	fclose(file);
	snprintf(command, sizeof(command), "python3 %s.py %s", path, name);
	file = popen(command, "r");
	assert_non_null(fgets(line, sizeof(line), file));
	assert_int_equal(pclose(file), 0);
	all = expected_of(BLOCKS);
	snprintf(wanted, sizeof(wanted), "%llu %.9g 100000 True\n", (unsigned long long)all.count,
		 (double)all.current[all.count - 1]);
	assert_string_equal(line, wanted);
	expected_done(&all);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksum_is_castagnoli),
		cmocka_unit_test(has_the_layout_of_the_library),
		cmocka_unit_test(every_length_is_read_back),
		cmocka_unit_test(whole_trace),
		cmocka_unit_test(a_rate_that_is_not_whole_is_refused),
		cmocka_unit_test(a_full_disk_is_an_error),
		cmocka_unit_test(pyjls_reads_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
