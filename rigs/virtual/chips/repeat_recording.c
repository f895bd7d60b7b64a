/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One recording. See the header.
 */
#include "rigs/virtual/chips/repeat_recording.h"

#include <stdlib.h>
#include <string.h>

/* Memory ---- */

/* No span crosses two areas. */
static uint8_t *memory_at(const struct repeat_watch *watch, uint32_t place)
{
	const struct repeat_area *area = watch->areas;

	while (place - area->first >= area->bytes)
		area++;
	return area->memory + (place - area->first);
}

static bool starts_area(const struct repeat_watch *watch, uint32_t place)
{
	for (unsigned i = 0; i < watch->area_count; i++)
		if (watch->areas[i].first == place)
			return true;
	return false;
}

/* Back to the state before the accesses, or forward again: the bytes change places. */
static void swap(const struct repeat_watch *watch, struct repeat_undo *undo)
{
	uint8_t *byte = memory_at(watch, undo->place), was = *byte;

	*byte = undo->byte;
	undo->byte = was;
}

static void go_back(struct repeat_watch *watch)
{
	for (size_t i = watch->undo_count; i-- > 0;) {
		swap(watch, &watch->undo[i]);
		watch->flags[watch->undo[i].place] = watch->undo[i].flags;
	}
}

static void go_forward(struct repeat_watch *watch)
{
	for (size_t i = 0; i < watch->undo_count; i++)
		swap(watch, &watch->undo[i]);
	watch->undo_count = 0;
}

/* Spans ---- */

static void spans_done(struct spans *spans)
{
	free(spans->list);
	free(spans->bytes);
	*spans = (struct spans){0};
}

static size_t spans_size(const struct spans *spans)
{
	return spans->capacity * sizeof(spans->list[0]) + (spans->bytes ? spans->byte_count : 0);
}

static bool spans_add(struct spans *spans, uint32_t place, uint32_t bytes)
{
	if (spans->count == spans->capacity) {
		size_t capacity = spans->capacity ? 2 * spans->capacity : 16;
		struct span *list = realloc(spans->list, capacity * sizeof(list[0]));

		if (!list)
			return false;
		spans->list = list;
		spans->capacity = capacity;
	}
	spans->list[spans->count++] = (struct span){place, bytes};
	spans->byte_count += bytes;
	return true;
}

/* Eight places at a time where no flag is set. */
static uint32_t next_flagged(const struct repeat_watch *watch, uint32_t place, uint8_t flag)
{
	const uint64_t mask = flag * UINT64_C(0x0101010101010101);
	uint64_t word;

	for (; place < watch->places; place++) {
		while (place + 8 <= watch->places) {
			memcpy(&word, watch->flags + place, sizeof(word));
			if (word & mask)
				break;
			place += 8;
		}
		if (place < watch->places && watch->flags[place] & flag)
			break;
	}
	return place;
}

static bool spans_collect(struct spans *spans, const struct repeat_watch *watch, uint8_t flag)
{
	uint32_t place = next_flagged(watch, 0, flag);

	while (place < watch->places) {
		uint32_t start = place++;

		while (place < watch->places && watch->flags[place] & flag &&
		       !starts_area(watch, place))
			place++;
		if (!spans_add(spans, start, place - start))
			return false;
		place = next_flagged(watch, place, flag);
	}
	spans->bytes = malloc(spans->byte_count + 1);
	return spans->bytes;
}

bool spans_equal(const struct spans *spans, const struct repeat_watch *watch)
{
	const uint8_t *bytes = spans->bytes;

	for (size_t i = 0; i < spans->count; bytes += spans->list[i++].bytes)
		if (memcmp(memory_at(watch, spans->list[i].place), bytes, spans->list[i].bytes))
			return false;
	return true;
}

void spans_apply(const struct spans *spans, const struct repeat_watch *watch)
{
	const uint8_t *bytes = spans->bytes;

	for (size_t i = 0; i < spans->count; bytes += spans->list[i++].bytes)
		memcpy(memory_at(watch, spans->list[i].place), bytes, spans->list[i].bytes);
}

/* Recordings ---- */

static void update_size(struct recording *recording)
{
	recording->bytes = sizeof(*recording) +
			   recording->slice_capacity * recording->counters * sizeof(uint16_t) +
			   spans_size(&recording->inputs) + spans_size(&recording->outputs);
}

struct recording *recording_new(const uint8_t *start, size_t state_bytes, unsigned counters)
{
	struct recording *recording = calloc(1, sizeof(*recording));

	if (!recording)
		return NULL;
	recording->counters = counters;
	recording->start = malloc(2 * state_bytes);
	if (!recording->start) {
		free(recording);
		return NULL;
	}
	recording->end = recording->start + state_bytes;
	memcpy(recording->start, start, state_bytes);
	update_size(recording);
	return recording;
}

void recording_empty(struct recording *recording)
{
	free(recording->slices);
	recording->slices = NULL;
	recording->slice_count = recording->slice_capacity = recording->kept_count = 0;
	spans_done(&recording->inputs);
	spans_done(&recording->outputs);
	update_size(recording);
}

void recording_free(struct recording *recording)
{
	recording_empty(recording);
	free(recording->start);
	free(recording);
}

bool recording_add_slice(struct recording *recording, const uint64_t *from, const uint64_t *to)
{
	uint16_t *slice;

	if (recording->slice_count == recording->slice_capacity) {
		size_t capacity = recording->slice_capacity ? 2 * recording->slice_capacity : 64;
		size_t bytes = capacity * recording->counters * sizeof(slice[0]);
		uint16_t *slices = realloc(recording->slices, bytes);

		if (!slices)
			return false;
		recording->slices = slices;
		recording->slice_capacity = capacity;
		update_size(recording);
	}
	slice = recording->slices + recording->slice_count * recording->counters;
	for (unsigned i = 0; i < recording->counters; i++) {
		if (to[i] - from[i] > UINT16_MAX)
			return false;
		slice[i] = (uint16_t)(to[i] - from[i]);
	}
	recording->slice_count++;
	return true;
}

static bool collect(struct recording *recording, const struct repeat_watch *watch,
		    const uint8_t *before)
{
	struct spans *inputs = &recording->inputs, *outputs = &recording->outputs;
	uint8_t *bytes;

	if (!spans_collect(inputs, watch, REPEAT_READ) ||
	    !spans_collect(outputs, watch, REPEAT_WRITTEN))
		return false;
	bytes = inputs->bytes;
	for (size_t i = 0; i < inputs->count; bytes += inputs->list[i++].bytes)
		memcpy(bytes, before + inputs->list[i].place, inputs->list[i].bytes);
	bytes = outputs->bytes;
	for (size_t i = 0; i < outputs->count; bytes += outputs->list[i++].bytes)
		memcpy(bytes, memory_at(watch, outputs->list[i].place), outputs->list[i].bytes);
	return true;
}

bool recording_finish(struct recording *recording, struct repeat_watch *watch,
		      const uint8_t *before)
{
	bool ok;

	go_back(watch);
	ok = collect(recording, watch, before);
	go_forward(watch);
	update_size(recording);
	return ok;
}

static size_t count_differing(const struct spans *spans, const struct repeat_watch *watch)
{
	const uint8_t *bytes = spans->bytes;
	size_t count = 0;

	for (size_t i = 0; i < spans->count; bytes += spans->list[i++].bytes) {
		const uint8_t *memory = memory_at(watch, spans->list[i].place);

		for (uint32_t k = 0; k < spans->list[i].bytes; k++)
			count += memory[k] != bytes[k];
	}
	return count;
}

void recording_vary(const struct recording *recording, const struct repeat_watch *watch, size_t few,
		    uint8_t *varies)
{
	const struct spans *spans = &recording->inputs;
	const uint8_t *bytes = spans->bytes;

	if (count_differing(spans, watch) > few)
		return;
	for (size_t i = 0; i < spans->count; bytes += spans->list[i++].bytes) {
		uint32_t place = spans->list[i].place;
		const uint8_t *memory = memory_at(watch, place);

		/* Areas begin on multiples of four: a word is in one of them. */
		for (uint32_t k = 0; k < spans->list[i].bytes; k++)
			if (memory[k] != bytes[k])
				memset(varies + ((place + k) & ~3u), REPEAT_VARIES, 4);
	}
}
