/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Nordic Power Profiler Kit II: sample words out of its byte stream. Pure: bytes in, runs of words
 * out; no link, no clock.
 *
 * A word is 4 bytes, little endian, one every 10 us: bits 13:0 ADC, 16:14 range (0..4, 0 is the
 * most sensitive), 17 unused and constant, 23:18 counter modulo 64, 31:24 logic inputs. Nothing
 * marks a word's first byte: words are found, and losses seen, by the counter.
 *
 * A loss of a multiple of 64 words in one piece does not show here. The newest word is always held
 * back until another one follows it in sequence. After a shift the words on either side of it,
 * which may be put together from two, count as lost.
 */
#ifndef DRIVERS_METER_PPK2_STREAM_H
#define DRIVERS_METER_PPK2_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PPK2_WORD_BYTES = 4,
	PPK2_ADC_BITS = 14,
	PPK2_RANGE_BITS = 3,
	PPK2_ADC_FULL_SCALE = (1 << PPK2_ADC_BITS) - 1,
	PPK2_SYNC_WORDS = 16,      /* in sequence, until a shifted boundary is believed */
	PPK2_CONFIRM_WORDS = 4,    /* in sequence, until a jump of the counter is believed */
	PPK2_SEARCH_BYTES = 65536, /* without a boundary: given up */
	PPK2_STREAM_BYTES = 32768,
};

static inline uint32_t ppk2_word(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}
static inline uint32_t ppk2_word_adc(uint32_t word)
{
	return word & 0x3FFF;
}
static inline uint32_t ppk2_word_range(uint32_t word)
{
	return word >> 14 & 7;
}
static inline uint32_t ppk2_word_counter(uint32_t word)
{
	return word >> 18 & 63;
}
static inline uint8_t ppk2_word_logic(uint32_t word)
{
	return (uint8_t)(word >> 24);
}

/* Words without a gap between them. */
struct ppk2_run {
	const uint8_t
		*bytes; /* count * 4; the stream's, valid until its next call of stream_space */
	size_t count;   /* >= 1 */
	uint64_t lost;  /* words lost right before this run */
	bool resynced;  /* bytes were thrown away to find this run's first word */
};

struct ppk2_stream {
	uint8_t buffer[PPK2_STREAM_BYTES];
	size_t begin, end; /* bytes not yet given out */
	size_t skipped;    /* bytes thrown away since the last good word */
	uint32_t expected; /* counter of the next word */
	uint32_t unused;   /* bit 17, as it stands in this stream */
	bool started;      /* a word was given out, expected is known */
	bool synced;
};

void ppk2_stream_init(struct ppk2_stream *stream);

/* Where to put the next bytes, and how many fit: at least half of the buffer when every run was
 * taken. stream_fill says how many were put there. */
uint8_t *ppk2_stream_space(struct ppk2_stream *stream, size_t *ret_capacity);
void ppk2_stream_fill(struct ppk2_stream *stream, size_t count);

/* The next run of 1..max words. 1: *ret_run is filled; 0: more bytes are needed; -EPROTO: no word
 * boundary in PPK2_SEARCH_BYTES, the stream is lost. */
int ppk2_stream_next(struct ppk2_stream *stream, size_t max, struct ppk2_run *ret_run);

#endif
