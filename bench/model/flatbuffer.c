/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/model/flatbuffer.h"

#include <stdio.h>
#include <string.h>

static const struct flatbuffer_table no_table;
static const struct flatbuffer_vector no_vector;

static uint32_t load_u16(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8;
}

uint32_t flatbuffer_load_u32(const uint8_t *bytes)
{
	return load_u16(bytes) | load_u16(bytes + 2) << 16;
}

static uint64_t load_u64(const uint8_t *bytes)
{
	return flatbuffer_load_u32(bytes) | (uint64_t)flatbuffer_load_u32(bytes + 4) << 32;
}

float flatbuffer_load_f32(const uint8_t *bytes)
{
	uint32_t bits = flatbuffer_load_u32(bytes);
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static void fail(struct flatbuffer *reader, const char *what, uint32_t position)
{
	if (!reader->fault[0])
		snprintf(reader->fault, sizeof(reader->fault), "damaged file: %s at byte %u", what,
			 position);
}

bool flatbuffer_failed(const struct flatbuffer *reader)
{
	return reader->fault[0] != '\0';
}

static bool inside(const struct flatbuffer *reader, uint32_t position, uint32_t count)
{
	return position <= reader->count && count <= reader->count - position;
}

static struct flatbuffer_table table_open(struct flatbuffer *reader, uint32_t position)
{
	struct flatbuffer_table table = {.position = position};
	int64_t vtable;
	uint32_t vtable_bytes;

	if (!inside(reader, position, 4)) {
		fail(reader, "table outside the file", position);
		return no_table;
	}
	vtable = (int64_t)position - (int32_t)flatbuffer_load_u32(reader->bytes + position);
	if (vtable < 0 || vtable > reader->count || !inside(reader, (uint32_t)vtable, 4)) {
		fail(reader, "table without a vtable", position);
		return no_table;
	}
	vtable_bytes = load_u16(reader->bytes + vtable);
	table.bytes = load_u16(reader->bytes + vtable + 2);
	if (vtable_bytes < 4 || vtable_bytes % 2 ||
	    !inside(reader, (uint32_t)vtable, vtable_bytes) || table.bytes < 4 ||
	    !inside(reader, position, table.bytes)) {
		fail(reader, "table with a wrong vtable", position);
		return no_table;
	}
	table.slots = (uint32_t)vtable + 4;
	table.slot_count = (vtable_bytes - 4) / 2;
	return table;
}

struct flatbuffer_table flatbuffer_open(struct flatbuffer *reader, const void *bytes,
					uint32_t count, const char *identifier)
{
	*reader = (struct flatbuffer){.bytes = bytes, .count = count};
	if (count < 8 || memcmp(reader->bytes + 4, identifier, 4) != 0) {
		snprintf(reader->fault, sizeof(reader->fault), "not a %s file", identifier);
		return no_table;
	}
	return table_open(reader, flatbuffer_load_u32(reader->bytes));
}

bool flatbuffer_has(const struct flatbuffer *reader, const struct flatbuffer_table *table,
		    unsigned slot)
{
	return !flatbuffer_failed(reader) && table->position != 0 && slot < table->slot_count &&
	       load_u16(reader->bytes + table->slots + 2 * slot) != 0;
}

/* Where the field's bytes are; NULL when absent or after a failure. */
static const uint8_t *field(struct flatbuffer *reader, const struct flatbuffer_table *table,
			    unsigned slot, uint32_t size)
{
	uint32_t offset;

	if (!flatbuffer_has(reader, table, slot))
		return NULL;
	offset = load_u16(reader->bytes + table->slots + 2 * slot);
	if (offset < 4 || offset + size > table->bytes) {
		fail(reader, "field outside its table", table->position);
		return NULL;
	}
	return reader->bytes + table->position + offset;
}

int64_t flatbuffer_i8(struct flatbuffer *reader, const struct flatbuffer_table *table,
		      unsigned slot, int64_t absent)
{
	const uint8_t *at = field(reader, table, slot, 1);

	return at ? (int8_t)*at : absent;
}

int64_t flatbuffer_u8(struct flatbuffer *reader, const struct flatbuffer_table *table,
		      unsigned slot, int64_t absent)
{
	const uint8_t *at = field(reader, table, slot, 1);

	return at ? *at : absent;
}

int64_t flatbuffer_i32(struct flatbuffer *reader, const struct flatbuffer_table *table,
		       unsigned slot, int64_t absent)
{
	const uint8_t *at = field(reader, table, slot, 4);

	return at ? (int32_t)flatbuffer_load_u32(at) : absent;
}

int64_t flatbuffer_u32(struct flatbuffer *reader, const struct flatbuffer_table *table,
		       unsigned slot, int64_t absent)
{
	const uint8_t *at = field(reader, table, slot, 4);

	return at ? flatbuffer_load_u32(at) : absent;
}

float flatbuffer_f32(struct flatbuffer *reader, const struct flatbuffer_table *table, unsigned slot,
		     float absent)
{
	const uint8_t *at = field(reader, table, slot, 4);

	return at ? flatbuffer_load_f32(at) : absent;
}

/* Follows the offset stored at position; 0 when it leaves the file. */
static uint32_t follow(struct flatbuffer *reader, uint32_t position)
{
	uint32_t offset = flatbuffer_load_u32(reader->bytes + position);

	if (offset < 4 || offset > reader->count - position ||
	    !inside(reader, position + offset, 4)) {
		fail(reader, "offset outside the file", position);
		return 0;
	}
	return position + offset;
}

struct flatbuffer_table flatbuffer_table(struct flatbuffer *reader,
					 const struct flatbuffer_table *table, unsigned slot)
{
	const uint8_t *at = field(reader, table, slot, 4);
	uint32_t position = at ? follow(reader, (uint32_t)(at - reader->bytes)) : 0;

	return position ? table_open(reader, position) : no_table;
}

struct flatbuffer_vector flatbuffer_vector(struct flatbuffer *reader,
					   const struct flatbuffer_table *table, unsigned slot,
					   uint32_t element_bytes)
{
	const uint8_t *at = field(reader, table, slot, 4);
	uint32_t position = at ? follow(reader, (uint32_t)(at - reader->bytes)) : 0;
	uint32_t count;

	if (!position)
		return no_vector;
	count = flatbuffer_load_u32(reader->bytes + position);
	if (count > (reader->count - position - 4) / element_bytes) {
		fail(reader, "vector outside the file", position);
		return no_vector;
	}
	return (struct flatbuffer_vector){position + 4, count};
}

void flatbuffer_string_check(struct flatbuffer *reader, const struct flatbuffer_table *table,
			     unsigned slot)
{
	struct flatbuffer_vector text = flatbuffer_vector(reader, table, slot, 1);

	if (!text.position)
		return;
	if (text.count >= reader->count - text.position || reader->bytes[text.position + text.count])
		fail(reader, "string without its end", text.position);
}

/* Position of an element; 0 after a failure. */
static uint32_t element(struct flatbuffer *reader, const struct flatbuffer_vector *vector,
			uint32_t index, uint32_t element_bytes)
{
	if (index >= vector->count)
		fail(reader, "index outside the vector", vector->position);
	return flatbuffer_failed(reader) ? 0 : vector->position + index * element_bytes;
}

struct flatbuffer_table flatbuffer_table_at(struct flatbuffer *reader,
					    const struct flatbuffer_vector *vector, uint32_t index)
{
	uint32_t position = element(reader, vector, index, 4);

	position = position ? follow(reader, position) : 0;
	return position ? table_open(reader, position) : no_table;
}

int32_t flatbuffer_i32_at(struct flatbuffer *reader, const struct flatbuffer_vector *vector,
			  uint32_t index)
{
	uint32_t position = element(reader, vector, index, 4);

	return position ? (int32_t)flatbuffer_load_u32(reader->bytes + position) : 0;
}

int64_t flatbuffer_i64_at(struct flatbuffer *reader, const struct flatbuffer_vector *vector,
			  uint32_t index)
{
	uint32_t position = element(reader, vector, index, 8);

	return position ? (int64_t)load_u64(reader->bytes + position) : 0;
}
