/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Writes FlatBuffers (flatbuffers.dev, "Internals") front to back: a table or vector of offsets is
 * written first, with its offsets open, and linked when what they point to is written behind it.
 * Positions are from the start of the file and serve as handles. A failure of memory is kept: from
 * then on nothing is written, every position is 0, and generate_flatbuffer_finish reports it.
 */
#ifndef BENCH_MODEL_GENERATE_FLATBUFFER_H
#define BENCH_MODEL_GENERATE_FLATBUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct generate_flatbuffer {
	uint8_t *bytes;
	size_t count, capacity;
	bool failed;
};

/* One field of a table. bytes: 1, 2 or 4; an offset is 4 bytes of 0, to be linked. */
struct generate_field {
	unsigned slot;
	unsigned bytes;
	uint32_t value;
};

/* Room for the root offset, and the identifier of four characters. */
void generate_flatbuffer_start(struct generate_flatbuffer *writer, const char *identifier);
/* 0 or -ENOMEM; the bytes, malloced, are the caller's; on failure nothing is left to free. */
int generate_flatbuffer_finish(struct generate_flatbuffer *writer, size_t root, uint8_t **ret_bytes,
			       size_t *ret_count);

/* Fields in ascending order of slots, at most 16. */
size_t generate_flatbuffer_table(struct generate_flatbuffer *writer,
				 const struct generate_field *fields, size_t count);
/* count elements of element_bytes (1, 4 or 8) as they are to stand in the file; the first is
 * aligned to `align` (at least element_bytes, at least 4). elements NULL: zeros, or open offsets.
 */
size_t generate_flatbuffer_vector(struct generate_flatbuffer *writer, const void *elements,
				  size_t count, size_t element_bytes, size_t align);
size_t generate_flatbuffer_i32s(struct generate_flatbuffer *writer, const int32_t *values,
				size_t count);
size_t generate_flatbuffer_f32s(struct generate_flatbuffer *writer, const float *values,
				size_t count);
size_t generate_flatbuffer_string(struct generate_flatbuffer *writer, const char *text);

/* Points a table's field, or a vector's element, to a target behind it. The field must be there. */
void generate_flatbuffer_link(struct generate_flatbuffer *writer, size_t table, unsigned slot,
			      size_t target);
void generate_flatbuffer_link_element(struct generate_flatbuffer *writer, size_t vector,
				      size_t index, size_t target);

#endif
