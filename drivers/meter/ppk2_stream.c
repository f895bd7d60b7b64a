/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Nordic Power Profiler Kit II: framing. The rules (4 words held back after a jump of the counter,
 * byte-wise shift until 16 counters match) are those of the vendor's pc-nrfconnect-ppk, which knows
 * the instrument: a port that another program probed loses single bytes.
 */
#include "drivers/meter/ppk2_stream.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { COUNTER_MASK = 63, RANGE_BITS = 7 << 14, RANGE_LAST = 4 };

static const uint32_t unused_bit = 1u << 17;

void ppk2_stream_init(struct ppk2_stream *stream)
{
	stream->begin = stream->end = 0;
	stream->skipped = 0;
	stream->expected = 0;
	stream->unused = 0;
	stream->started = false;
	stream->synced = false;
}

uint8_t *ppk2_stream_space(struct ppk2_stream *stream, size_t *ret_capacity)
{
	size_t left = stream->end - stream->begin;

	if (stream->begin > 0) {
		memmove(stream->buffer, stream->buffer + stream->begin, left);
		stream->begin = 0;
		stream->end = left;
	}
	*ret_capacity = sizeof(stream->buffer) - left;
	return stream->buffer + left;
}

void ppk2_stream_fill(struct ppk2_stream *stream, size_t count)
{
	assert(count <= sizeof(stream->buffer) - stream->end);
	stream->end += count;
}

static bool word_fits(uint32_t word, uint32_t counter, uint32_t unused)
{
	return ppk2_word_counter(word) == counter && (word & unused_bit) == unused &&
	       ppk2_word_range(word) <= RANGE_LAST;
}

enum { SCAN_WORDS = 64 };

typedef uint32_t lanes __attribute__((vector_size(8 * sizeof(uint32_t))));
typedef int32_t signed_lanes __attribute__((vector_size(8 * sizeof(int32_t))));

static inline __attribute__((always_inline)) bool words_fit_all(const uint8_t *bytes,
								uint32_t counter, uint32_t unused)
{
	const uint32_t counted = COUNTER_MASK << 18 | unused_bit;
	lanes expected = {0, 1, 2, 3, 4, 5, 6, 7}, bad = {0}, word;
	uint32_t any = 0;

	expected = (expected + counter) << 18 | unused;
	for (size_t at = 0; at < SCAN_WORDS * PPK2_WORD_BYTES; at += sizeof(word)) {
		memcpy(&word, bytes + at, sizeof(word));
		bad |= (word ^ expected) & counted;
		bad |= (lanes)((signed_lanes)(word & RANGE_BITS) > RANGE_LAST << 14);
		expected += 8 << 18; /* what is carried out of the counter is not looked at */
	}
	for (int i = 0; i < 8; i++)
		any |= bad[i];
	return !any;
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static bool words_fit_avx2(const uint8_t *bytes, uint32_t counter,
							   uint32_t unused)
{
	return words_fit_all(bytes, counter, unused);
}
#endif

/* Whether SCAN_WORDS words fit, counting up from counter: all at once, for speed. */
static bool words_fit(const uint8_t *bytes, uint32_t counter, uint32_t unused)
{
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
	return false; /* one by one */
#endif
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		return words_fit_avx2(bytes, counter, unused);
#endif
	return words_fit_all(bytes, counter, unused);
}

/* How many of the max words from bytes on carry on from counter. */
static size_t words_in_sequence(const uint8_t *bytes, size_t max, uint32_t counter, uint32_t unused)
{
	size_t count = 0;

	while (max - count >= SCAN_WORDS &&
	       words_fit(bytes + count * PPK2_WORD_BYTES, counter, unused)) {
		counter = (counter + SCAN_WORDS) & COUNTER_MASK;
		count += SCAN_WORDS;
	}
	while (count < max &&
	       word_fits(ppk2_word(bytes + count * PPK2_WORD_BYTES), counter, unused)) {
		counter = (counter + 1) & COUNTER_MASK;
		count++;
	}
	return count;
}

static void stream_skip(struct ppk2_stream *stream, size_t count)
{
	stream->begin += count;
	stream->skipped += count;
}

/* Finds the next word boundary. 1: found, begin is there; 0: more bytes are needed. After a shift
 * the first word is thrown away too: when its own first byte is the one that was lost, the byte
 * before it has taken its place. */
static int stream_sync(struct ppk2_stream *stream)
{
	for (;;) {
		const uint8_t *bytes = stream->buffer + stream->begin;
		size_t words = stream->skipped ? PPK2_SYNC_WORDS : PPK2_CONFIRM_WORDS;
		uint32_t first;

		if (stream->skipped > PPK2_SEARCH_BYTES)
			return -EPROTO;
		if (stream->end - stream->begin < words * PPK2_WORD_BYTES)
			return 0;
		first = ppk2_word(bytes);
		if (words_in_sequence(bytes, words, ppk2_word_counter(first), first & unused_bit) ==
		    words)
			break;
		stream_skip(stream, 1);
	}
	if (stream->skipped)
		stream_skip(stream, PPK2_WORD_BYTES);
	return 1;
}

/* Words lost between the last good word and the boundary just found: at least as many as the bytes
 * thrown away made up, and then as the counter says. */
static uint64_t stream_lost(const struct ppk2_stream *stream, uint32_t counter)
{
	size_t whole = stream->skipped / PPK2_WORD_BYTES;

	if (!stream->started)
		return whole;
	return whole + ((counter - stream->expected - (uint32_t)whole) & COUNTER_MASK);
}

static int stream_resume(struct ppk2_stream *stream, struct ppk2_run *run)
{
	int rc = stream_sync(stream);
	uint32_t first;

	if (rc <= 0)
		return rc;
	first = ppk2_word(stream->buffer + stream->begin);
	run->lost = stream_lost(stream, ppk2_word_counter(first));
	run->resynced = stream->skipped > 0;
	stream->expected = ppk2_word_counter(first);
	stream->unused = first & unused_bit;
	stream->skipped = 0;
	stream->started = true;
	stream->synced = true;
	return 1;
}

/* How many words may be given out: those in sequence that are followed by another one. A word whose
 * last bytes were lost is completed by the next one's first, with a counter that fits and wrong
 * logic inputs; only what follows tells. */
static size_t stream_scan(const struct ppk2_stream *stream, size_t max)
{
	const uint8_t *bytes = stream->buffer + stream->begin;
	size_t available = (stream->end - stream->begin) / PPK2_WORD_BYTES;
	size_t limit = max < available ? max + 1 : available;
	size_t count = words_in_sequence(bytes, limit, stream->expected, stream->unused);

	return count ? count - 1 : 0;
}

/* The next word is in sequence, the one behind it is not: a word is only to be trusted when a whole
 * number of words is missing behind it. 1: so it is; 0: more bytes are needed; -1: it is not. */
static int stream_judge_last(const struct ppk2_stream *stream)
{
	const uint8_t *next = stream->buffer + stream->begin + PPK2_WORD_BYTES;
	uint32_t first;

	if (stream->end - stream->begin < (1 + PPK2_CONFIRM_WORDS) * PPK2_WORD_BYTES)
		return 0;
	first = ppk2_word(next);
	return words_in_sequence(next, PPK2_CONFIRM_WORDS, ppk2_word_counter(first),
				 first & unused_bit) == PPK2_CONFIRM_WORDS
		       ? 1
		       : -1;
}

/* Words to give out while in step. 0: more bytes are needed, or no longer in step. */
static size_t stream_follow(struct ppk2_stream *stream, size_t max)
{
	const uint8_t *bytes = stream->buffer + stream->begin;
	size_t count = stream_scan(stream, max);
	int verdict;

	if (count || stream->end - stream->begin < 2 * PPK2_WORD_BYTES)
		return count;
	if (!word_fits(ppk2_word(bytes), stream->expected, stream->unused)) {
		stream->synced = false;
		return 0;
	}
	verdict = stream_judge_last(stream);
	if (verdict < 0)
		stream->synced = false;
	return verdict > 0;
}

int ppk2_stream_next(struct ppk2_stream *stream, size_t max, struct ppk2_run *ret_run)
{
	struct ppk2_run run = {0};

	assert(max > 0);
	if (stream->synced)
		run.count = stream_follow(stream, max);
	if (!run.count && stream->synced)
		return 0;
	if (!run.count) {
		int rc = stream_resume(stream, &run);

		if (rc <= 0)
			return rc;
		run.count = stream_scan(stream, max);
	}
	run.bytes = stream->buffer + stream->begin;
	stream->begin += run.count * PPK2_WORD_BYTES;
	stream->expected = (stream->expected + (uint32_t)run.count) & COUNTER_MASK;
	*ret_run = run;
	return 1;
}
