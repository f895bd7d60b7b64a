/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drivers/marker/marker_tape.h"

#include <stdlib.h>

#include "drivers/link/record_tape.h"

enum { EDGE_BYTES = 18, NUMBERED = 1 };

static void put_u64(uint8_t *bytes, uint64_t value)
{
	for (unsigned i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get_u64(const uint8_t *bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 8; i++)
		value |= (uint64_t)bytes[i] << 8 * i;
	return value;
}

static void edge_put(const struct marker_edge *edge, uint8_t bytes[EDGE_BYTES])
{
	put_u64(bytes, (uint64_t)edge->t_mono_ns);
	bytes[8] = (uint8_t)edge->line;
	bytes[9] = edge->is_rising;
	put_u64(bytes + 10, edge->lost);
}

static bool edge_get(const uint8_t bytes[EDGE_BYTES], struct marker_edge *ret_edge)
{
	*ret_edge = (struct marker_edge){.t_mono_ns = (int64_t)get_u64(bytes),
					 .line = bytes[8],
					 .is_rising = bytes[9],
					 .lost = get_u64(bytes + 10)};
	return bytes[8] < MARKER_LINES && bytes[9] <= 1;
}

void marker_tape_opened(struct link_tape *tape, const char *uri, bool is_numbered, int ret,
			const struct err *err)
{
	const struct tape_record record = {.kind = TAPE_MARKER_OPEN,
					   .texts = {tape_text(uri)},
					   .values = {is_numbered ? NUMBERED : 0}};

	if (tape)
		tape_write(tape, &record, ret, err);
}

void marker_tape_read(struct link_tape *tape, const struct marker_edge *edges, size_t count,
		      int ret, const struct err *err)
{
	struct tape_record record = {.kind = TAPE_MARKER_READ};
	uint8_t *bytes;

	if (!tape)
		return;
	bytes = calloc(count + 1, EDGE_BYTES);
	for (size_t i = 0; bytes && !ret && i < count; i++)
		edge_put(&edges[i], bytes + i * EDGE_BYTES);
	record.texts[0] = (struct tape_span){bytes, bytes && !ret ? count * EDGE_BYTES : 0};
	tape_write(tape, &record, ret, err);
	free(bytes);
}

int marker_replay_open(struct link_tape *tape, const char *uri, bool *ret_numbered,
		       struct err *err)
{
	const struct tape_record asked = {.kind = TAPE_MARKER_OPEN, .texts = {tape_text(uri)}};
	struct tape_record record;
	int ret = tape_call(tape, &asked, &record, err);

	if (!ret)
		*ret_numbered = record.values[0] & NUMBERED;
	return ret;
}

int marker_replay_read(struct link_tape *tape, struct marker_edge *edges, size_t capacity,
		       size_t *ret_count, struct err *err)
{
	const struct tape_record asked = {.kind = TAPE_MARKER_READ};
	struct tape_record record;
	size_t count;
	int ret = tape_call(tape, &asked, &record, err);

	if (ret)
		return ret;
	count = record.texts[0].count / EDGE_BYTES;
	if (record.texts[0].count % EDGE_BYTES || !count)
		return tape_differ(tape, err, "edges of %zu bytes", record.texts[0].count);
	if (count > capacity)
		return tape_differ(tape, err, "expected room for %zu edges; came %zu", count,
				   capacity);
	for (size_t i = 0; i < count; i++)
		if (!edge_get(record.texts[0].bytes + i * EDGE_BYTES, &edges[i]))
			return tape_differ(tape, err, "edge %zu is of no line", i + 1);
	*ret_count = count;
	return 0;
}
