/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reads FlatBuffers (flatbuffers.dev, "Internals") from bytes that are not trusted. Fields are
 * named by slot: the number of the field in its table, which FlatBuffers never reuses.
 *
 * Every read is checked against the file. The first failure is kept in the reader as a sentence;
 * from then on every read returns absent or its default, so a caller may read several fields and
 * ask flatbuffer_failed() once. Absent tables and vectors have position 0. Offsets only point
 * forward, so nothing here can loop; but two tables may share a vector, so callers bound their
 * work.
 */
#ifndef BENCH_MODEL_FLATBUFFER_H
#define BENCH_MODEL_FLATBUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flatbuffer {
	const uint8_t *bytes; /* borrowed */
	uint32_t count;
	char fault[96]; /* empty while nothing failed */
};

struct flatbuffer_table {
	uint32_t position;
	uint32_t slots; /* position of the first slot in the vtable */
	uint32_t slot_count;
	uint32_t bytes; /* size of the table's inline part */
};

struct flatbuffer_vector {
	uint32_t position; /* of element 0 */
	uint32_t count;
};

/* identifier: four characters at byte 4. count is below 2 GiB. */
struct flatbuffer_table flatbuffer_open(struct flatbuffer *reader, const void *bytes,
					uint32_t count, const char *identifier);
bool flatbuffer_failed(const struct flatbuffer *reader);

bool flatbuffer_has(const struct flatbuffer *reader, const struct flatbuffer_table *table,
		    unsigned slot);
int64_t flatbuffer_i8(struct flatbuffer *reader, const struct flatbuffer_table *table,
		      unsigned slot, int64_t absent);
int64_t flatbuffer_u8(struct flatbuffer *reader, const struct flatbuffer_table *table,
		      unsigned slot, int64_t absent);
int64_t flatbuffer_i32(struct flatbuffer *reader, const struct flatbuffer_table *table,
		       unsigned slot, int64_t absent);
int64_t flatbuffer_u32(struct flatbuffer *reader, const struct flatbuffer_table *table,
		       unsigned slot, int64_t absent);
float flatbuffer_f32(struct flatbuffer *reader, const struct flatbuffer_table *table, unsigned slot,
		     float absent);
struct flatbuffer_table flatbuffer_table(struct flatbuffer *reader,
					 const struct flatbuffer_table *table, unsigned slot);
/* element_bytes: 1, 4 or 8; a string is a vector of 1. */
struct flatbuffer_vector flatbuffer_vector(struct flatbuffer *reader,
					   const struct flatbuffer_table *table, unsigned slot,
					   uint32_t element_bytes);
/* Fails when the string of that slot, if there is one, does not end within the file: what nobody reads
 * still shows where a file was cut off. */
void flatbuffer_string_check(struct flatbuffer *reader, const struct flatbuffer_table *table,
			     unsigned slot);

/* Elements of a vector read with the same element size. */
struct flatbuffer_table flatbuffer_table_at(struct flatbuffer *reader,
					    const struct flatbuffer_vector *vector, uint32_t index);
int32_t flatbuffer_i32_at(struct flatbuffer *reader, const struct flatbuffer_vector *vector,
			  uint32_t index);
int64_t flatbuffer_i64_at(struct flatbuffer *reader, const struct flatbuffer_vector *vector,
			  uint32_t index);

/* Numbers at an address without alignment, little endian. */
uint32_t flatbuffer_load_u32(const uint8_t *bytes);
float flatbuffer_load_f32(const uint8_t *bytes);

#endif
