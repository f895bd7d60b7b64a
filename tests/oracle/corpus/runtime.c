/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Results of a corpus program, and the report that QEMU prints at its end: hexadecimal words, first
 * how many bytes of RAM are compared and their check sum, then the result, then what was masked.
 */
#include "tests/oracle/corpus/corpus.h"

#define TAIL __attribute__((section(".tail"), noinline))

__attribute__((section(".result"))) volatile struct firmware_result firmware_result;
__attribute__((section(".masked"))) volatile struct firmware_masked firmware_masked;
extern const uint8_t firmware_compared_end[];

void firmware_put(uint32_t character);
void firmware_report(void);

/* FNV-1a */
static void add_to_sum(uint32_t byte)
{
	firmware_result.sum = (firmware_result.sum ^ byte) * 0x01000193u;
}

void emit(uint32_t value)
{
	uint32_t at = firmware_result.count;

	for (unsigned i = 0; i < 4; i++)
		add_to_sum(value >> 8 * i & 0xff);
	if (at < CORPUS_WORDS)
		firmware_result.words[at] = value;
	firmware_result.count = at + 1;
}

void emit_bytes(const void *bytes, size_t count)
{
	const uint8_t *from = bytes;

	for (size_t i = 0; i < count; i++)
		add_to_sum(from[i]);
	emit((uint32_t)count);
}

uint32_t mask_out(uint32_t rule, uint32_t value, uint32_t mask)
{
	uint32_t at = firmware_masked.count;

	if (at < MASKED_MAX) {
		firmware_masked.entries[at].rule = rule;
		firmware_masked.entries[at].bits = value & ~mask;
	}
	firmware_masked.count = at + 1;
	return value & mask;
}

uint32_t next_random(void)
{
	static uint32_t state = 0x2545f491;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

TAIL static void put_word(uint32_t value)
{
	for (int shift = 28; shift >= 0; shift -= 4) {
		uint32_t digit = value >> shift & 15;

		firmware_put(digit < 10 ? '0' + digit : 'a' - 10 + digit);
	}
	firmware_put('\n');
}

/* FNV-1a */
TAIL static uint32_t memory_sum(const uint8_t *from, uint32_t bytes)
{
	uint32_t sum = 0x811c9dc5;

	for (uint32_t i = 0; i < bytes; i++)
		sum = (sum ^ from[i]) * 0x01000193u;
	return sum;
}

TAIL void firmware_report(void)
{
	const uint8_t *start = (const uint8_t *)&firmware_result;
	uint32_t bytes = (uint32_t)(firmware_compared_end - start);
	uint32_t count = firmware_result.count;

	put_word(bytes);
	put_word(memory_sum(start, bytes));
	put_word(firmware_result.faulted);
	put_word(firmware_result.unexpected);
	put_word(count);
	put_word(firmware_result.sum);
	for (uint32_t i = 0; i < count && i < CORPUS_WORDS; i++)
		put_word(firmware_result.words[i]);
	count = firmware_masked.count;
	put_word(count);
	for (uint32_t i = 0; i < count && i < MASKED_MAX; i++) {
		put_word(firmware_masked.entries[i].rule);
		put_word(firmware_masked.entries[i].bits);
	}
}
