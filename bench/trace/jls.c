/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Chunks, checksums, lists, and what describes a file.
 */
#include "bench/trace/jls.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "numbers go to the file as they are in memory: little endian"
#endif

enum {
	TAG_SOURCE = 0x01,
	TAG_SIGNAL = 0x02,
	TAG_USER_DATA = 0x40,
	TAG_END = 0xff,
	STORAGE_JSON = 3 << 12,
	VERSION = 0x01000000,
	TYPE_VSR = 1,
	TYPE_F32 = 0x2004,
	DEFINITION_MAX = 1024,
};

struct file_header {
	uint8_t identification[16];
	uint64_t length;
	uint32_t version, crc;
};

_Static_assert(sizeof(struct file_header) == 32, "as in the file");
_Static_assert(sizeof(struct jls_chunk) == 32, "as in the file");

/* CRC-32C (Castagnoli), reflected; eight bytes per turn. */
static void crc_fill(uint32_t crc[8][256])
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t value = byte;

		for (int bit = 0; bit < 8; bit++)
			value = value >> 1 ^ (value & 1 ? 0x82f63b78u : 0);
		crc[0][byte] = value;
	}
	for (int table = 1; table < 8; table++)
		for (int byte = 0; byte < 256; byte++)
			crc[table][byte] =
				crc[table - 1][byte] >> 8 ^ crc[0][crc[table - 1][byte] & 0xff];
}

static uint32_t crc_of(const struct jls_file *file, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	uint32_t value = ~0u;

	for (; size >= 8; size -= 8, at += 8) {
		uint64_t word;

		memcpy(&word, at, sizeof(word));
		word ^= value;
		value = 0;
		for (int i = 0; i < 8; i++)
			value ^= file->crc[7 - i][word >> 8 * i & 0xff];
	}
	for (; size; size--, at++)
		value = value >> 8 ^ file->crc[0][(value ^ *at) & 0xff];
	return ~value;
}

static void write_bytes(struct jls_file *file, const void *bytes, size_t size)
{
	if (!file->failed && fwrite(bytes, 1, size, file->stream) != size)
		file->failed = true;
}

static void go(struct jls_file *file, uint64_t offset)
{
	if (!file->failed && fseeko(file->stream, (off_t)offset, SEEK_SET))
		file->failed = true;
}

static void write_chunk(struct jls_file *file, struct jls_chunk *chunk)
{
	chunk->crc = crc_of(file, chunk, offsetof(struct jls_chunk, crc));
	write_bytes(file, chunk, sizeof(*chunk));
}

static size_t padding_of(uint32_t size)
{
	return (8 - (size + 4) % 8) % 8;
}

static void write_payload(struct jls_file *file, const void *payload, uint32_t size)
{
	static const uint8_t zeros[8];
	uint32_t crc = crc_of(file, payload, size);

	if (!size)
		return;
	write_bytes(file, payload, size);
	write_bytes(file, zeros, padding_of(size));
	write_bytes(file, &crc, sizeof(crc));
}

static void link_last(struct jls_file *file, struct jls_list *list)
{
	list->chunk.item_next = file->end;
	go(file, list->last);
	write_chunk(file, &list->chunk);
	go(file, file->end);
}

uint64_t jls_put(struct jls_file *file, struct jls_list *list, unsigned tag, unsigned meta,
		 const void *payload, uint32_t size)
{
	uint64_t offset = file->end;

	if (list->last)
		link_last(file, list);
	list->chunk = (struct jls_chunk){.item_prev = list->last,
					 .tag = (uint8_t)tag,
					 .meta = (uint16_t)meta,
					 .payload_length = size,
					 .payload_prev_length = file->payload_length};
	list->last = offset;
	write_chunk(file, &list->chunk);
	write_payload(file, payload, size);
	file->payload_length = size;
	file->end += sizeof(struct jls_chunk) + (size ? size + padding_of(size) + 4 : 0);
	return offset;
}

void jls_put_again(struct jls_file *file, uint64_t offset, const void *payload, uint32_t size)
{
	go(file, offset + sizeof(struct jls_chunk));
	write_payload(file, payload, size);
	go(file, file->end);
}

static void write_file_header(struct jls_file *file, uint64_t length)
{
	struct file_header header = {{0x6a, 0x6c, 0x73, 0x66, 0x6d, 0x74, '\r', '\n', ' ', '\n',
				      ' ', 0x1a, ' ', ' ', 0xb2, 0x1c},
				     length,
				     VERSION,
				     0};

	header.crc = crc_of(file, &header, offsetof(struct file_header, crc));
	write_bytes(file, &header, sizeof(header));
}

static uint8_t *put_text(uint8_t *to, const char *text)
{
	size_t length = strlen(text);

	memcpy(to, text, length);
	to[length] = 0;
	to[length + 1] = 0x1f;
	return to + length + 2;
}

void jls_put_source(struct jls_file *file, unsigned id, const char *name, const char *vendor,
		    const char *model, const char *version, const char *serial)
{
	const char *const texts[] = {name, vendor, model, version, serial};
	uint8_t payload[DEFINITION_MAX] = {0}, *to = payload + 64;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert((size_t)(to - payload) + strlen(texts[i]) + 2 <= sizeof(payload));
		to = put_text(to, texts[i]);
	}
	jls_put(file, &file->sources, TAG_SOURCE, id, payload, (uint32_t)(to - payload));
}

void jls_put_signal(struct jls_file *file, unsigned id, unsigned source, unsigned type,
		    const uint32_t numbers[8], const char *name, const char *unit)
{
	uint8_t payload[DEFINITION_MAX] = {(uint8_t)source, (uint8_t)(source >> 8), (uint8_t)type};
	uint8_t *to = payload + 4;

	memcpy(to, numbers, 8 * sizeof(*numbers));
	to += 8 * sizeof(*numbers) + 92;
	to = put_text(put_text(to, name), unit);
	jls_put(file, &file->signals, TAG_SIGNAL, id, payload, (uint32_t)(to - payload));
}

void jls_put_track(struct jls_file *file, unsigned id, enum jls_track_type type,
		   uint64_t *ret_head_offset)
{
	static const uint64_t head[JLS_LEVELS];

	jls_put(file, &file->signals, jls_tag(type, JLS_DEF), id, NULL, 0);
	*ret_head_offset =
		jls_put(file, &file->signals, jls_tag(type, JLS_HEAD), id, head, sizeof(head));
}

/* Every file has source 0 and signal 0, for annotations of no signal. */
static void put_globals(struct jls_file *file)
{
	static const uint32_t numbers[8] = {TYPE_F32, 0, 10, 10, 10, 10, JLS_EVENTS, JLS_EVENTS};
	uint64_t head_offset;

	jls_put(file, &file->user_data, TAG_USER_DATA, 0, NULL, 0);
	jls_put_source(file, 0, "global_annotation_source", "jls", "-", "1.0.0", "-");
	jls_put_signal(file, 0, 0, TYPE_VSR, numbers, "global_annotation_signal", "");
	jls_put_track(file, 0, JLS_VSR, &head_offset);
	jls_put_track(file, 0, JLS_ANNOTATION, &head_offset);
}

void jls_begin(struct jls_file *file, FILE *stream)
{
	*file = (struct jls_file){.stream = stream};
	crc_fill(file->crc);
	write_file_header(file, 0);
	file->end = sizeof(struct file_header);
	put_globals(file);
}

void jls_put_json(struct jls_file *file, const char *text)
{
	jls_put(file, &file->user_data, TAG_USER_DATA, STORAGE_JSON | 1, text,
		(uint32_t)strlen(text) + 1);
}

int jls_end(struct jls_file *file)
{
	struct jls_list end = {0};

	jls_put(file, &end, TAG_END, 0, NULL, 0);
	go(file, 0);
	write_file_header(file, file->end);
	go(file, file->end);
	return file->failed ? -EIO : 0;
}

void jls_payload_head(uint8_t *payload, int64_t first, unsigned count, unsigned entry_bits)
{
	uint32_t entries = count;
	uint16_t bits[2] = {(uint16_t)entry_bits, 0};

	memcpy(payload, &first, sizeof(first));
	memcpy(payload + 8, &entries, sizeof(entries));
	memcpy(payload + 12, bits, sizeof(bits));
}
