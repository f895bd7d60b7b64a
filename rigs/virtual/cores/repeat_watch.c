/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The watch over a core's loads and stores. See repeat.h.
 */
#include "rigs/virtual/cores/repeat.h"

#include <stdlib.h>
#include <string.h>

/* UINT32_MAX: not watched. */
static uint32_t place_of(const struct repeat_watch *watch, const uint8_t *at)
{
	for (unsigned i = 0; i < watch->area_count; i++) {
		uintptr_t offset = (uintptr_t)at - (uintptr_t)watch->areas[i].memory;

		if (offset < watch->areas[i].bytes)
			return watch->areas[i].first + (uint32_t)offset;
	}
	return UINT32_MAX;
}

static void note(struct repeat_watch *watch, uint32_t place, uint8_t byte, uint8_t flag)
{
	if (watch->undo_count == watch->undo_capacity) {
		size_t capacity = watch->undo_capacity ? 2 * watch->undo_capacity : 4096;
		struct repeat_undo *undo = realloc(watch->undo, capacity * sizeof(undo[0]));

		if (!undo)
			abort();
		watch->undo = undo;
		watch->undo_capacity = capacity;
	}
	watch->undo[watch->undo_count++] = (struct repeat_undo){place, watch->flags[place], byte};
	watch->flags[place] |= flag;
}

void repeat_watch_load(struct repeat_watch *watch, const uint8_t *at, unsigned size)
{
	uint32_t place = place_of(watch, at);

	if (place == UINT32_MAX)
		return;
	for (unsigned i = 0; i < size; i++) {
		uint8_t flags = watch->flags[place + i];

		if (flags & (REPEAT_READ | REPEAT_WRITTEN))
			continue;
		if (flags & REPEAT_VARIES)
			watch->ended = true;
		note(watch, place + i, at[i], REPEAT_READ);
	}
}

void repeat_watch_store(struct repeat_watch *watch, const uint8_t *at, unsigned size)
{
	uint32_t place = place_of(watch, at);

	if (place == UINT32_MAX)
		return;
	for (unsigned i = 0; i < size; i++)
		note(watch, place + i, at[i], REPEAT_WRITTEN);
}

bool repeat_watch_add(struct repeat_watch *watch, uint8_t *memory, uint32_t bytes)
{
	uintptr_t start = (uintptr_t)memory, end = start + bytes;
	uint32_t first = 0;
	unsigned kept = 0;

	for (unsigned i = 0; i < watch->area_count; i++) {
		uintptr_t other = (uintptr_t)watch->areas[i].memory;
		uintptr_t other_end = other + watch->areas[i].bytes;

		if (other > end || other_end < start) {
			watch->areas[kept++] = watch->areas[i];
			continue;
		}
		start = other < start ? other : start;
		end = other_end > end ? other_end : end;
	}
	if (kept == REPEAT_AREAS)
		return false;
	watch->areas[kept++] =
		(struct repeat_area){.memory = (uint8_t *)start, .bytes = (uint32_t)(end - start)};
	watch->area_count = kept;
	for (unsigned i = 0; i < kept; i++) {
		watch->areas[i].first = first;
		first += watch->areas[i].bytes;
	}
	watch->places = first;
	return true;
}
