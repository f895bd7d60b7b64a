/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A PPK2 played behind the fake link: takes commands, says its metadata, streams a word every 10 us
 * of the fake clock. Sample i has ADC value i modulo 8192, range 0, logic i / 1000.
 */
#ifndef TESTS_UNIT_DRIVERS_FAKE_PPK2_H
#define TESTS_UNIT_DRIVERS_FAKE_PPK2_H

#include <stdio.h>

#include "tests/unit/drivers/fake_link.h"

struct fake_ppk2 {
	char log[512]; /* commands, in hex, "06 0c01 0d0ce4" */
	char metadata[1024];
	int metadata_lost; /* so many requests go unanswered */
	bool is_streaming;
	int64_t t_begin_ns;     /* of the stream */
	uint64_t sent;          /* samples */
	uint64_t lose_at, lose; /* samples swallowed from lose_at on */
	unsigned range_every;   /* samples, then the range is the other of 0 and 1; 0: always 0 */
};

static struct fake_ppk2 fake_ppk2;

static inline void fake_ppk2_words(uint64_t first, uint64_t end)
{
	uint8_t bytes[400];
	size_t used = 0;

	for (uint64_t i = first; i < end; i++) {
		uint32_t word = (uint32_t)(i & 8191) | (uint32_t)(i & 63) << 18 |
				(uint32_t)(i / 1000 & 255) << 24;

		if (fake_ppk2.range_every)
			word |= (uint32_t)(i / fake_ppk2.range_every & 1) << 14;
		for (int byte = 0; byte < 4; byte++)
			bytes[used++] = (uint8_t)(word >> (8 * byte));
	}
	if (used)
		fake_link_send(bytes, used,
			       fake_ppk2.t_begin_ns + (int64_t)end * 10000 - fake_link.now_ns);
}

static inline void fake_ppk2_before_read(void *device, int64_t until_ns)
{
	struct fake_ppk2 *ppk2 = device;

	while (ppk2->is_streaming &&
	       ppk2->t_begin_ns + (int64_t)(ppk2->sent + 100) * 10000 <= until_ns) {
		uint64_t first = ppk2->sent, end = first + 100;
		uint64_t lost_end = ppk2->lose_at + ppk2->lose;

		fake_ppk2_words(first, end < ppk2->lose_at ? end : ppk2->lose_at);
		fake_ppk2_words(first > lost_end ? first : lost_end, end);
		ppk2->sent = end;
	}
}

static inline void fake_ppk2_on_write(void *device, const uint8_t *bytes, size_t count)
{
	struct fake_ppk2 *ppk2 = device;
	size_t used = strlen(ppk2->log);

	used += (size_t)snprintf(ppk2->log + used, sizeof(ppk2->log) - used, used ? " " : "");
	for (size_t i = 0; i < count && used < sizeof(ppk2->log); i++)
		used += (size_t)snprintf(ppk2->log + used, sizeof(ppk2->log) - used, "%02x",
					 bytes[i]);
	switch (bytes[0]) {
	case 0x06:
		ppk2->is_streaming = true;
		ppk2->t_begin_ns = fake_link.now_ns;
		ppk2->sent = 0;
		break;
	case 0x07:
		ppk2->is_streaming = false;
		break;
	case 0x19:
		if (ppk2->metadata_lost > 0 && ppk2->metadata_lost--)
			break;
		for (size_t at = 0; at < strlen(ppk2->metadata); at += 60)
			fake_link_send(ppk2->metadata + at, strnlen(ppk2->metadata + at, 60),
				       (int64_t)at * 100000);
		break;
	default:
		break;
	}
}

static inline void fake_ppk2_init(void)
{
	fake_link_init();
	memset(&fake_ppk2, 0, sizeof(fake_ppk2));
	snprintf(fake_ppk2.metadata, sizeof(fake_ppk2.metadata),
		 "Calibrated: 1\nR0: 1000\nR1: 100\nR2: 10\nR3: 1\nR4: 0.05\n"
		 "GS0: 0\nGS1: 0\nGS2: 0\nGS3: 0\nGS4: 0\nVDD: 3000\nHW: 9173\nIA: 56\nEND\n");
	fake_ppk2.lose_at = UINT64_MAX / 2;
	fake_link.device = &fake_ppk2;
	fake_link.on_write = fake_ppk2_on_write;
	fake_link.before_read = fake_ppk2_before_read;
}

#endif
