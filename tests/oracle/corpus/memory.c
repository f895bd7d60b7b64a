/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Corpus: copying and setting memory at all alignments, packed and bit-field structures, rings.
 */
#include <string.h>

#include "tests/oracle/corpus/corpus.h"

static uint8_t from[160] __attribute__((aligned(8)));
static uint8_t to[160] __attribute__((aligned(8)));

static void fill(void)
{
	for (unsigned i = 0; i < sizeof(from); i++)
		from[i] = (uint8_t)next_random();
}

static NOINLINE void copy_bytes(uint8_t *out, const uint8_t *in, size_t count)
{
	while (count--)
		*out++ = *in++;
}

static void copies(void)
{
	for (unsigned i = 0; i < 8; i++)
		for (unsigned count = 0; count < 70; count += 1 + count / 5) {
			memset(to, (int)count, sizeof(to));
			memcpy(to + 2 * i + 1, from + opaque(i), opaque(count));
			emit_bytes(to, sizeof(to));
			memmove(to + 7, to + opaque(i), opaque(count));
			copy_bytes(to + 90, from + i, count / 2);
			emit((uint32_t)(memcmp(to + 7, from, opaque(count)) > 0));
			emit_bytes(to, sizeof(to));
		}
}

struct __attribute__((packed)) record {
	uint8_t kind;
	uint32_t time;
	uint16_t level;
	uint64_t energy;
	int16_t offsets[3];
};

static NOINLINE void change(struct record *record, uint32_t by)
{
	record->kind += (uint8_t)by;
	record->time ^= by * 3;
	record->level = (uint16_t)(record->level - by);
	record->energy += (uint64_t)by << 20;
	for (unsigned i = 0; i < 3; i++)
		record->offsets[i] = (int16_t)(record->offsets[i] >> 1);
}

static void packed(void)
{
	static struct record records[9];

	memcpy(records, from, sizeof(records) < sizeof(from) ? sizeof(records) : sizeof(from));
	for (unsigned i = 0; i < 40; i++)
		change(&records[next_random() % 9], next_random());
	emit_bytes(records, sizeof(records));
}

struct bits {
	unsigned low : 3, middle : 11, sign : 1;
	signed value : 9;
	unsigned top : 8;
};

static NOINLINE void fields(struct bits *bits, uint32_t x)
{
	bits->low += x;
	bits->middle ^= x >> 3;
	bits->value = bits->value * 3 + (int)(x & 7);
	bits->sign = bits->value < 0;
	bits->top = bits->top * 5 + 1;
}

static void bit_fields(void)
{
	struct bits bits = {1, 2, 0, -3, 4};

	for (unsigned i = 0; i < 60; i++) {
		fields(&bits, next_random());
		emit(bits.low | (uint32_t)bits.middle << 3);
		emit((uint32_t)bits.value);
	}
}

static void wide(void)
{
	static volatile uint64_t ring[8];

	for (unsigned i = 0; i < 100; i++)
		ring[i % 8] += ring[(i + 3) % 8] * 7 + i;
	for (unsigned i = 0; i < 8; i++)
		emit_pair(ring[i]);
}

static void strings(void)
{
	char line[64];
	size_t length;

	for (unsigned i = 1; i < 30; i++) {
		memset(line, 'a' + (int)(i % 26), i);
		line[i] = 0;
		length = strlen(line + i / 3);
		strcpy(line + 31, line + i / 2);
		emit((uint32_t)length);
		emit((uint32_t)(strcmp(line, line + 31) > 0));
		emit((uint32_t)(strchr(line, 'a' + (int)(i % 26)) - line));
	}
}

void program(void)
{
	fill();
	copies();
	packed();
	bit_fields();
	wide();
	strings();
}
