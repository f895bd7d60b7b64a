/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Samples at a fixed rate, and their summaries. A summary's entry covers as many samples, or
 * entries of the level below, as the kind says; what is left at the end and fills none is in DATA
 * only. Entries are kept in double with the number of samples behind them, so that missing ones
 * weigh nothing at any level.
 */
#include "bench/trace/jls.h"

#include <math.h>
#include <string.h>

enum { HEAD_BYTES = 16 };

static struct jls_entry summarise_f32(const uint8_t *data, unsigned count)
{
	struct jls_entry entry = {.min = INFINITY, .max = -INFINITY};
	double sum = 0;
	float value;

	for (unsigned i = 0; i < count; i++) {
		memcpy(&value, data + 4 * i, sizeof(value));
		if (!isfinite(value))
			continue;
		sum += (double)value;
		entry.count++;
		entry.min = fmin(entry.min, (double)value);
		entry.max = fmax(entry.max, (double)value);
	}
	entry.mean = sum / entry.count;
	for (unsigned i = 0; i < count; i++) {
		double distance;

		memcpy(&value, data + 4 * i, sizeof(value));
		distance = (double)value - entry.mean;
		entry.squares += isfinite(value) ? distance * distance : 0;
	}
	return entry;
}

static struct jls_entry summarise_u1(const uint8_t *data, unsigned count)
{
	double high = 0, mean;

	for (unsigned i = 0; i < count / 8; i += 8) {
		uint64_t word;

		memcpy(&word, data + i, sizeof(word));
		high += __builtin_popcountll(word);
	}
	mean = high / count;
	return (struct jls_entry){.count = count,
				  .mean = mean,
				  .squares = high * (1 - mean),
				  .min = high == count,
				  .max = high > 0};
}

/* The sizes that the format's own writer takes by default. */
const struct jls_kind jls_f32 = {0x2004, 32, 8192, 128, 640, 20, summarise_f32};
const struct jls_kind jls_u1 = {0x0103, 1, 65536, 1024, 1280, 20, summarise_u1};

static struct jls_entry merge(const struct jls_entry *entries, unsigned count)
{
	struct jls_entry all = {.min = INFINITY, .max = -INFINITY};
	double sum = 0;

	for (unsigned i = 0; i < count; i++) {
		if (!entries[i].count)
			continue;
		all.count += entries[i].count;
		sum += entries[i].count * entries[i].mean;
		all.min = fmin(all.min, entries[i].min);
		all.max = fmax(all.max, entries[i].max);
	}
	all.mean = sum / all.count;
	for (unsigned i = 0; i < count; i++) {
		double distance = entries[i].mean - all.mean;

		if (entries[i].count)
			all.squares += entries[i].squares + entries[i].count * distance * distance;
	}
	return all;
}

void jls_signal_begin(struct jls_signal *signal, struct jls_file *file, unsigned id,
		      unsigned source, const struct jls_kind *kind, uint32_t rate_hz,
		      const char *name, const char *unit)
{
	const uint32_t numbers[8] = {kind->data_type, rate_hz,       kind->samples_per_data,
				     kind->decimate,  kind->entries, kind->decimate_up,
				     JLS_EVENTS,      JLS_EVENTS};

	signal->file = file;
	signal->kind = kind;
	signal->id = id;
	signal->annotations.type = JLS_ANNOTATION;
	signal->times.type = JLS_UTC;
	jls_put_signal(file, id, source, JLS_FSR, numbers, name, unit);
	jls_put_track(file, id, JLS_FSR, &signal->head_offset);
	jls_put_track(file, id, JLS_ANNOTATION, &signal->annotations.head_offset);
	jls_put_track(file, id, JLS_UTC, &signal->times.head_offset);
}

static uint64_t put_index(struct jls_signal *signal, unsigned number)
{
	struct jls_level *level = &signal->levels[number];
	uint8_t payload[HEAD_BYTES + sizeof(level->offsets)];
	size_t bytes = level->offset_count * sizeof(level->offsets[0]);

	jls_payload_head(payload, level->first, level->offset_count, 64);
	memcpy(payload + HEAD_BYTES, level->offsets, bytes);
	return jls_put(signal->file, &level->index_list, jls_tag(JLS_FSR, JLS_INDEX),
		       signal->id | number << 12, payload, (uint32_t)(HEAD_BYTES + bytes));
}

static void put_summary(struct jls_signal *signal, unsigned number)
{
	struct jls_level *level = &signal->levels[number];
	uint8_t payload[HEAD_BYTES + 16 * JLS_ENTRIES_MAX];

	jls_payload_head(payload, level->first, level->entry_count, 128);
	for (unsigned i = 0; i < level->entry_count; i++) {
		const struct jls_entry *entry = &level->entries[i];
		float values[4] = {NAN, NAN, NAN, NAN};

		if (entry->count) {
			values[0] = (float)entry->mean;
			values[1] = (float)sqrt(entry->squares / entry->count);
			values[2] = (float)entry->min;
			values[3] = (float)entry->max;
		}
		memcpy(payload + HEAD_BYTES + 16 * i, values, sizeof(values));
	}
	jls_put(signal->file, &level->summary_list, jls_tag(JLS_FSR, JLS_SUMMARY),
		signal->id | number << 12, payload, HEAD_BYTES + 16 * level->entry_count);
}

static void add_offset(struct jls_level *level, uint64_t offset, int64_t first)
{
	if (!level->offset_count)
		level->first = first;
	level->offsets[level->offset_count++] = offset;
}

static void write_level(struct jls_signal *signal, unsigned number)
{
	struct jls_level *level = &signal->levels[number], *above = level + 1;
	unsigned group = signal->kind->decimate_up;
	uint64_t offset = put_index(signal, number);

	put_summary(signal, number);
	if (!signal->head[number])
		signal->head[number] = offset;
	if (number + 1 < JLS_LEVELS) {
		add_offset(above, offset, level->first);
		for (unsigned i = 0; i + group <= level->entry_count; i += group)
			above->entries[above->entry_count++] = merge(level->entries + i, group);
	}
	level->offset_count = level->entry_count = 0;
	if (number + 1 < JLS_LEVELS && above->entry_count == signal->kind->entries)
		write_level(signal, number + 1);
}

static void write_data(struct jls_signal *signal)
{
	const struct jls_kind *kind = signal->kind;
	struct jls_level *level = &signal->levels[1];
	unsigned count = signal->data_count;
	int64_t first = signal->next - count;
	uint64_t offset;

	jls_payload_head(signal->data, first, count, kind->bits);
	offset = jls_put(signal->file, &signal->data_list, jls_tag(JLS_FSR, JLS_DATA), signal->id,
			 signal->data, HEAD_BYTES + (count * kind->bits + 7) / 8);
	if (!signal->head[0])
		signal->head[0] = offset;
	add_offset(level, offset, first);
	for (unsigned i = 0; i + kind->decimate <= count; i += kind->decimate)
		level->entries[level->entry_count++] = kind->summarise(
			signal->data + HEAD_BYTES + i * kind->bits / 8, kind->decimate);
	signal->data_count = 0;
	if (level->entry_count == kind->entries)
		write_level(signal, 1);
}

static unsigned room(const struct jls_signal *signal, uint64_t count)
{
	unsigned left = signal->kind->samples_per_data - signal->data_count;

	return count < left ? (unsigned)count : left;
}

static void took(struct jls_signal *signal, unsigned count)
{
	signal->data_count += count;
	signal->next += count;
	if (signal->data_count == signal->kind->samples_per_data)
		write_data(signal);
}

void jls_signal_put_f32(struct jls_signal *signal, const float *values, size_t count)
{
	while (count) {
		unsigned some = room(signal, count);

		memcpy(signal->data + HEAD_BYTES + 4 * signal->data_count, values, 4 * some);
		took(signal, some);
		values += some;
		count -= some;
	}
}

static void set_bit(struct jls_signal *signal, unsigned at, unsigned level)
{
	uint8_t *byte = &signal->data[HEAD_BYTES + at / 8];

	*byte = at % 8 ? (uint8_t)(*byte | level << at % 8) : (uint8_t)level;
}

void jls_signal_put_bits(struct jls_signal *signal, const uint8_t *bytes, unsigned bit,
			 size_t count)
{
	while (count) {
		unsigned some = room(signal, count), at = signal->data_count, i = 0;

		for (; i < some && (at + i) % 8; i++)
			set_bit(signal, at + i, bytes[i] >> bit & 1);
		for (; i + 8 <= some; i += 8) {
			uint64_t word;

			/* byte n of word to bit n: 2^(8n) * 2^(56 - 7n) = 2^(56 + n) */
			memcpy(&word, bytes + i, sizeof(word));
			word = (word >> bit & 0x0101010101010101u) * 0x0102040810204080u;
			signal->data[HEAD_BYTES + (at + i) / 8] = (uint8_t)(word >> 56);
		}
		for (; i < some; i++)
			set_bit(signal, at + i, bytes[i] >> bit & 1);
		took(signal, some);
		bytes += some;
		count -= some;
	}
}

void jls_signal_fill(struct jls_signal *signal, bool level, uint64_t count)
{
	while (count) {
		unsigned some = room(signal, count), at = signal->data_count;

		for (unsigned i = 0; i < some; i++) {
			if (signal->kind->bits == 1)
				set_bit(signal, at + i, level);
			else
				memcpy(signal->data + HEAD_BYTES + 4 * (at + i), &(float){NAN}, 4);
		}
		took(signal, some);
		count -= some;
	}
}

void jls_signal_annotate(struct jls_signal *signal, int64_t sample, enum jls_annotation type,
			 const char *text)
{
	jls_track_annotate(signal->file, &signal->annotations, signal->id, sample, type, text);
}

void jls_signal_time(struct jls_signal *signal, int64_t sample, int64_t t_utc_ns)
{
	jls_track_time(signal->file, &signal->times, signal->id, sample, t_utc_ns);
}

/* A level that was written before is written to its end, also when no entry fills: readers go by
 * the indices. */
void jls_signal_end(struct jls_signal *signal)
{
	if (signal->data_count)
		write_data(signal);
	for (unsigned number = 1; number < JLS_LEVELS; number++) {
		const struct jls_level *level = &signal->levels[number];

		if (level->entry_count || (signal->head[number] && level->offset_count))
			write_level(signal, number);
	}
	jls_put_again(signal->file, signal->head_offset, signal->head, sizeof(signal->head));
	jls_track_end(signal->file, &signal->annotations, signal->id);
	jls_track_end(signal->file, &signal->times, signal->id);
}
