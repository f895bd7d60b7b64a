/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * MD5 as RFC 1321 section 3 gives it. See the header.
 */
#include "rigs/virtual/chips/esp32c3_md5.h"

#include <math.h>
#include <string.h>

#define BLOCK_BYTES 64u

/* Section 3.4: T[i] is the integer part of 4294967296 times abs(sin(i)), i from 1. */
static uint32_t sine_word(unsigned i)
{
	return (uint32_t)floor(4294967296.0 * fabs(sin((double)i + 1.0)));
}

static uint32_t rotate(uint32_t word, unsigned bits)
{
	return word << bits | word >> (32 - bits);
}

/* The function of the round and which word of the block operation i takes. */
static uint32_t mix(unsigned i, uint32_t b, uint32_t c, uint32_t d, unsigned *ret_word)
{
	switch (i / 16) {
	case 0:
		*ret_word = i;
		return (b & c) | (~b & d);
	case 1:
		*ret_word = (5 * i + 1) % 16;
		return (b & d) | (c & ~d);
	case 2:
		*ret_word = (3 * i + 5) % 16;
		return b ^ c ^ d;
	default:
		*ret_word = 7 * i % 16;
		return c ^ (b | ~d);
	}
}

static void add_block(uint32_t state[4], const uint8_t *block, const uint32_t sines[64])
{
	static const uint8_t shifts[4][4] = {
		{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];

	for (unsigned i = 0; i < 64; i++) {
		unsigned index;
		uint32_t f = mix(i, b, c, d, &index);
		const uint8_t *at = block + 4 * index;
		uint32_t word = at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
				(uint32_t)at[3] << 24;
		uint32_t next = b + rotate(a + f + word + sines[i], shifts[i / 16][i % 4]);

		a = d;
		d = c;
		c = b;
		b = next;
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
}

void esp32c3_md5(const uint8_t *bytes, size_t count, uint8_t ret_digest[16])
{
	uint32_t state[4] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476}, sines[64];
	size_t rest = count % BLOCK_BYTES, padded = rest < 56 ? BLOCK_BYTES : 2 * BLOCK_BYTES;
	uint8_t tail[2 * BLOCK_BYTES] = {0};

	for (unsigned i = 0; i < 64; i++)
		sines[i] = sine_word(i);
	for (size_t i = 0; i + BLOCK_BYTES <= count; i += BLOCK_BYTES)
		add_block(state, bytes + i, sines);
	if (rest > 0)
		memcpy(tail, bytes + count - rest, rest);
	tail[rest] = 0x80;
	for (unsigned i = 0; i < 8; i++)
		tail[padded - 8 + i] = (uint8_t)((uint64_t)count * 8 >> 8 * i);
	for (size_t i = 0; i < padded; i += BLOCK_BYTES)
		add_block(state, tail + i, sines);
	for (unsigned i = 0; i < 16; i++)
		ret_digest[i] = (uint8_t)(state[i / 4] >> i % 4 * 8);
}
