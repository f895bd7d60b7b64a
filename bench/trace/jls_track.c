/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Events of a signal. INDEX entries are {sample, offset of the DATA or INDEX below}, SUMMARY
 * entries {sample, 8 bytes}: of annotations type, group, two zeros, y; of times the time.
 */
#include "bench/trace/jls.h"

#include <math.h>
#include <string.h>

enum { HEAD_BYTES = 16, ENTRY_BYTES = 16, STORAGE_STRING = 2 };

static void add(struct jls_file *file, struct jls_track *track, unsigned id, unsigned number,
		const struct jls_event *event);

static void put_entries(struct jls_file *file, struct jls_track *track, unsigned id,
			unsigned number, enum jls_part part)
{
	struct jls_track_level *level = &track->levels[number];
	uint8_t payload[HEAD_BYTES + ENTRY_BYTES * JLS_EVENTS], *to = payload + HEAD_BYTES;

	jls_payload_head(payload, level->events[0].sample, level->count, 8 * ENTRY_BYTES);
	for (unsigned i = 0; i < level->count; i++, to += ENTRY_BYTES) {
		const struct jls_event *event = &level->events[i];

		memcpy(to, &event->sample, 8);
		memcpy(to + 8, part == JLS_INDEX ? (const void *)&event->offset : event->summary,
		       8);
	}
	jls_put(file, part == JLS_INDEX ? &level->index_list : &level->summary_list,
		jls_tag(track->type, part), id | number << 12, payload, (uint32_t)(to - payload));
}

static void write_level(struct jls_file *file, struct jls_track *track, unsigned id,
			unsigned number)
{
	struct jls_track_level *level = &track->levels[number];
	struct jls_event first = level->events[0];

	first.offset = file->end;
	if (!track->head[number])
		track->head[number] = first.offset;
	put_entries(file, track, id, number, JLS_INDEX);
	put_entries(file, track, id, number, JLS_SUMMARY);
	level->count = 0;
	if (number + 1 < JLS_LEVELS)
		add(file, track, id, number + 1, &first);
}

static void add(struct jls_file *file, struct jls_track *track, unsigned id, unsigned number,
		const struct jls_event *event)
{
	struct jls_track_level *level = &track->levels[number];

	level->events[level->count++] = *event;
	if (level->count == JLS_EVENTS)
		write_level(file, track, id, number);
}

static void put_event(struct jls_file *file, struct jls_track *track, unsigned id,
		      struct jls_event *event, const uint8_t *payload, size_t size)
{
	event->offset = jls_put(file, &track->data_list, jls_tag(track->type, JLS_DATA), id,
				payload, (uint32_t)size);
	if (!track->head[0])
		track->head[0] = event->offset;
	add(file, track, id, 1, event);
}

void jls_track_annotate(struct jls_file *file, struct jls_track *track, unsigned id, int64_t sample,
			enum jls_annotation type, const char *text)
{
	uint8_t payload[HEAD_BYTES + 12 + JLS_TEXT_MAX + 2];
	const float no_place = NAN; /* viewers put it where they like */
	struct jls_event event = {.sample = sample};
	uint32_t bytes = (uint32_t)strnlen(text, JLS_TEXT_MAX - 1) + 1;

	event.summary[0] = (uint8_t)type;
	memcpy(event.summary + 4, &no_place, 4);
	jls_payload_head(payload, sample, 1, 0);
	memcpy(payload + HEAD_BYTES, (uint8_t[4]){(uint8_t)type, STORAGE_STRING}, 4);
	memcpy(payload + HEAD_BYTES + 4, &no_place, 4);
	memcpy(payload + HEAD_BYTES + 8, &bytes, 4);
	memcpy(payload + HEAD_BYTES + 12, text, bytes - 1);
	memcpy(payload + HEAD_BYTES + 12 + bytes - 1, "\0\x1f", 2);
	put_event(file, track, id, &event, payload, HEAD_BYTES + 12 + bytes + 1);
}

/* Seconds with 30 binary places. */
static int64_t time_of(int64_t t_utc_ns)
{
	int64_t second = t_utc_ns / 1000000000, rest = t_utc_ns % 1000000000;

	return (second - JLS_UTC_EPOCH) * (1ll << 30) + (rest * (1ll << 30)) / 1000000000;
}

void jls_track_time(struct jls_file *file, struct jls_track *track, unsigned id, int64_t sample,
		    int64_t t_utc_ns)
{
	struct jls_event event = {.sample = sample};
	uint8_t payload[HEAD_BYTES + 8];
	int64_t time = time_of(t_utc_ns);

	memcpy(event.summary, &time, 8);
	jls_payload_head(payload, sample, 1, 64);
	memcpy(payload + HEAD_BYTES, &time, 8);
	put_event(file, track, id, &event, payload, sizeof(payload));
}

/* Up to the level whose one chunk has all below it. */
void jls_track_end(struct jls_file *file, struct jls_track *track, unsigned id)
{
	for (unsigned number = 1; number < JLS_LEVELS; number++)
		if (track->levels[number].count &&
		    (number == 1 || track->head[number] || track->levels[number].count > 1))
			write_level(file, track, id, number);
	if (track->head[0])
		jls_put_again(file, track->head_offset, track->head, sizeof(track->head));
}
