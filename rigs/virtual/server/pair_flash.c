/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Faults of a pair's flash: a byte that was not programmed right, weights that read wrong. They
 * change the bytes that the chip keeps its flash in. The value in the fault log is what stands at
 * each function.
 */
#include "rigs/virtual/server/pair_parts.h"

#include <stdlib.h>
#include <string.h>

#define FLASH_LOOK_PS 50000000000 /* 50 ms: some hundred bytes of a loader */
#define FLASH_ENOUGH  2048        /* bytes that the loader has written before one of them is bad */
#define FLASH_GAP     4096        /* erased bytes between the firmware and what it stores */

void pair_flash_disarm(struct pair_faults *faults)
{
	free(faults->flash_seen);
	faults->flash_seen = NULL;
}

void pair_flash_arm(struct pair *pair, struct fault_run *run)
{
	uint32_t bytes = chip_flash_bytes(pair->body.part);
	struct pair_faults *faults = &pair->faults;

	pair_flash_disarm(faults);
	faults->flash_seen = malloc(bytes);
	if (!faults->flash_seen)
		return; /* a fault that does not happen is not in the log */
	memcpy(faults->flash_seen, pair->body.flash, bytes);
	faults->flash_look_ps = pair->now_ps;
	faults->flash_written = 0;
	faults->flash_run = run;
}

/* Counts what was programmed since the last look; ret_last is the last of it. */
static uint32_t count_written(struct pair *pair, uint32_t *ret_last)
{
	uint32_t bytes = chip_flash_bytes(pair->body.part), count = 0;
	uint8_t *seen = pair->faults.flash_seen;
	const uint8_t *flash = pair->body.flash;

	for (uint32_t at = 0; at < bytes; at += FLASH_GAP) {
		uint32_t end = bytes - at < FLASH_GAP ? bytes : at + FLASH_GAP;

		if (!memcmp(seen + at, flash + at, end - at))
			continue;
		for (uint32_t i = at; i < end; i++) {
			if (seen[i] == flash[i] || flash[i] == 0xFF)
				continue;
			count++;
			*ret_last = i;
		}
		memcpy(seen + at, flash + at, end - at);
	}
	return count;
}

/* Value: the offset of the byte. */
void pair_flash_look(struct pair *pair)
{
	struct pair_faults *faults = &pair->faults;
	uint32_t last = 0, count;

	if (pair->now_ps - faults->flash_look_ps < FLASH_LOOK_PS)
		return;
	faults->flash_look_ps = pair->now_ps;
	count = count_written(pair, &last);
	faults->flash_written += count;
	if (count == 0 || faults->flash_written < FLASH_ENOUGH)
		return;
	chip_flash_will_change(pair->body.chip);
	pair->body.flash[last] ^= 0x10;
	faults_log(&faults->board, faults->flash_run, pair->now_ps, last);
	pair_flash_disarm(faults);
}

/* The data that the firmware keeps: what follows the first gap after the beginning. */
static bool find_data(const struct pair *pair, uint32_t *ret_start, uint32_t *ret_end)
{
	uint32_t bytes = chip_flash_bytes(pair->body.part), erased = 0, at = 0;
	const uint8_t *flash = pair->body.flash;

	for (; at < bytes && erased < FLASH_GAP; at++)
		erased = flash[at] == 0xFF ? erased + 1 : 0;
	while (at < bytes && flash[at] == 0xFF)
		at++;
	*ret_start = at;
	for (erased = 0; at < bytes && erased < FLASH_GAP; at++)
		erased = flash[at] == 0xFF ? erased + 1 : 0;
	*ret_end = at - erased;
	return *ret_end > *ret_start + FLASH_GAP;
}

void pair_flash_restore(struct pair *pair)
{
	struct pair_faults *faults = &pair->faults;

	if (faults->flipped_count > 0)
		chip_flash_will_change(pair->body.chip);
	for (unsigned i = 0; i < faults->flipped_count; i++) {
		const struct flipped_byte *byte = &faults->flipped[i];

		if (pair->body.flash[byte->offset] == byte->wrong)
			pair->body.flash[byte->offset] = byte->right;
	}
	free(faults->flipped);
	faults->flipped = NULL;
	faults->flipped_count = 0;
}

/* Value: how many bytes. Not in the first quarter of the data: descriptions, not weights. */
double pair_flash_spoil(struct pair *pair, struct fault_run *run)
{
	struct pair_faults *faults = &pair->faults;
	unsigned count = (unsigned)run->config->settings[FAULT_COUNT];
	uint32_t start, end;

	pair_flash_restore(pair);
	if (!find_data(pair, &start, &end))
		return 0;
	faults->flipped = calloc(count, sizeof(faults->flipped[0]));
	if (!faults->flipped)
		return 0;
	chip_flash_will_change(pair->body.chip);
	start += (end - start) / 4;
	for (unsigned i = 0; i < count; i++) {
		uint32_t offset =
			start + (uint32_t)(vrandom_next(&run->random) % (uint64_t)(end - start));
		uint8_t right = pair->body.flash[offset];

		faults->flipped[faults->flipped_count++] =
			(struct flipped_byte){offset, right, right ^ 0x40};
		pair->body.flash[offset] = right ^ 0x40;
	}
	return faults->flipped_count;
}
