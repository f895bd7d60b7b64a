/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/model/generate_flatbuffer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	IDENTIFIER_BYTES = 4,
	SLOTS_MAX = 16,
	VTABLE_HEAD_BYTES = 4, /* its own size and the table's, 16 bits each */
	FIRST_CAPACITY = 4096,
};

/* Appends zeros and returns their position. */
static size_t writer_extend(struct generate_flatbuffer *writer, size_t count)
{
	size_t position = writer->count;

	if (writer->failed)
		return 0;
	if (count > writer->capacity - writer->count) {
		size_t capacity = writer->capacity ? writer->capacity : FIRST_CAPACITY;
		uint8_t *bytes;

		while (capacity - writer->count < count)
			capacity *= 2;
		bytes = realloc(writer->bytes, capacity);
		if (!bytes) {
			writer->failed = true;
			return 0;
		}
		writer->bytes = bytes;
		writer->capacity = capacity;
	}
	memset(writer->bytes + position, 0, count);
	writer->count += count;
	return position;
}

/* Pads so that the byte `ahead` of the end is at a multiple of align. */
static void writer_align(struct generate_flatbuffer *writer, size_t align, size_t ahead)
{
	size_t over = (writer->count + ahead) % align;

	if (over)
		writer_extend(writer, align - over);
}

static void bytes_store(uint8_t *bytes, uint32_t value, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t u16_load(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8;
}

static void writer_store(struct generate_flatbuffer *writer, size_t position, uint32_t value,
			 unsigned count)
{
	if (!writer->failed)
		bytes_store(writer->bytes + position, value, count);
}

void generate_flatbuffer_start(struct generate_flatbuffer *writer, const char *identifier)
{
	size_t position;

	*writer = (struct generate_flatbuffer){0};
	position = writer_extend(writer, 4 + IDENTIFIER_BYTES) + 4;
	if (!writer->failed)
		memcpy(writer->bytes + position, identifier, IDENTIFIER_BYTES);
}

int generate_flatbuffer_finish(struct generate_flatbuffer *writer, size_t root, uint8_t **ret_bytes,
			       size_t *ret_count)
{
	if (writer->failed) {
		free(writer->bytes);
		*writer = (struct generate_flatbuffer){0};
		return -ENOMEM;
	}
	writer_store(writer, 0, (uint32_t)root, 4);
	*ret_bytes = writer->bytes;
	*ret_count = writer->count;
	*writer = (struct generate_flatbuffer){0};
	return 0;
}

/* Where each field goes, from the table's start; returns the table's size. */
static uint32_t fields_place(const struct generate_field *fields, size_t count,
			     uint32_t *ret_offsets)
{
	uint32_t end = 4; /* behind the offset to the vtable */

	for (size_t i = 0; i < count; i++) {
		end = (end + fields[i].bytes - 1) / fields[i].bytes * fields[i].bytes;
		ret_offsets[i] = end;
		end += fields[i].bytes;
	}
	return end;
}

size_t generate_flatbuffer_table(struct generate_flatbuffer *writer,
				 const struct generate_field *fields, size_t count)
{
	uint32_t offsets[SLOTS_MAX];
	uint32_t slots = count ? fields[count - 1].slot + 1 : 0;
	uint32_t vtable_bytes = VTABLE_HEAD_BYTES + 2 * slots, table_bytes;
	size_t vtable, table;

	assert(count <= SLOTS_MAX && slots <= SLOTS_MAX);
	table_bytes = fields_place(fields, count, offsets);
	writer_align(writer, 4, vtable_bytes);
	vtable = writer_extend(writer, vtable_bytes);
	table = writer_extend(writer, table_bytes);
	writer_store(writer, vtable, vtable_bytes, 2);
	writer_store(writer, vtable + 2, table_bytes, 2);
	writer_store(writer, table, vtable_bytes, 4);
	for (size_t i = 0; i < count; i++) {
		writer_store(writer, vtable + VTABLE_HEAD_BYTES + 2 * fields[i].slot, offsets[i],
			     2);
		writer_store(writer, table + offsets[i], fields[i].value, fields[i].bytes);
	}
	return table;
}

size_t generate_flatbuffer_vector(struct generate_flatbuffer *writer, const void *elements,
				  size_t count, size_t element_bytes, size_t align)
{
	size_t vector;

	writer_align(writer, align, 4);
	vector = writer_extend(writer, 4 + count * element_bytes);
	writer_store(writer, vector, (uint32_t)count, 4);
	if (elements && !writer->failed)
		memcpy(writer->bytes + vector + 4, elements, count * element_bytes);
	return vector;
}

size_t generate_flatbuffer_i32s(struct generate_flatbuffer *writer, const int32_t *values,
				size_t count)
{
	size_t vector = generate_flatbuffer_vector(writer, NULL, count, 4, 4);

	for (size_t i = 0; i < count; i++)
		writer_store(writer, vector + 4 + 4 * i, (uint32_t)values[i], 4);
	return vector;
}

size_t generate_flatbuffer_f32s(struct generate_flatbuffer *writer, const float *values,
				size_t count)
{
	size_t vector = generate_flatbuffer_vector(writer, NULL, count, 4, 4);

	for (size_t i = 0; i < count; i++) {
		uint32_t bits;

		memcpy(&bits, &values[i], sizeof(bits));
		writer_store(writer, vector + 4 + 4 * i, bits, 4);
	}
	return vector;
}

size_t generate_flatbuffer_string(struct generate_flatbuffer *writer, const char *text)
{
	size_t string = generate_flatbuffer_vector(writer, text, strlen(text), 1, 4);

	writer_extend(writer, 1); /* strings end with a NUL that their length does not count */
	return string;
}

static void position_link(struct generate_flatbuffer *writer, size_t position, size_t target)
{
	assert(writer->failed || target > position);
	writer_store(writer, position, (uint32_t)(target - position), 4);
}

void generate_flatbuffer_link(struct generate_flatbuffer *writer, size_t table, unsigned slot,
			      size_t target)
{
	const uint8_t *entry;
	size_t vtable;

	if (writer->failed)
		return;
	/* The vtable stands right before its table, and is below 64 KiB: its distance's low half is
	 * all. */
	vtable = table - u16_load(writer->bytes + table);
	entry = writer->bytes + vtable + VTABLE_HEAD_BYTES + 2 * (size_t)slot;
	assert(u16_load(entry) != 0);
	position_link(writer, table + u16_load(entry), target);
}

void generate_flatbuffer_link_element(struct generate_flatbuffer *writer, size_t vector,
				      size_t index, size_t target)
{
	position_link(writer, vector + 4 + 4 * index, target);
}
