/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Speed of turning a PPK2's bytes into amperes: framing, counters, conversion, logic inputs, ranges
 * and their checks, block by block, as a capture does. The peer, in the same run: the formula of
 * ppk2-api, word by word in plain scalar double, without any of the rest. (ppk2-api itself, in
 * Python, reaches about 1 MSa/s.)
 *
 *   ppk2_convert [REPEATS [LEAST_MSA_PER_S]]
 *
 * Interleaved, in samples per second of processor time on one core: median and best of the repeats.
 * Exit status 1: the median is slower than LEAST_MSA_PER_S, or results differ from the peer's by
 * more than a float's rounding.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/meter/ppk2_capture.h"
#include "tests/benchmarks/ppk2_plain.h"
#include "tests/benchmarks/timing.h"

enum { WORDS = 1 << 20, READ_BYTES = 16384, REPEATS_MAX = 199, STRETCH = 1000 };

static uint8_t bytes[(size_t)WORDS * PPK2_WORD_BYTES];
static float ours[WORDS], theirs[WORDS];
static struct ppk2_conversion conversion;
static struct ppk2_capture capture;
static struct meter_block block;

/* Ranges as a board with sleep and work makes them: one for a thousand words, all five in turn. */
static void words_fill(void)
{
	uint32_t noise = 1;

	ppk2_plain_calibrate(&conversion);
	ppk2_capture_init(&capture, &conversion, 1, false);
	for (uint32_t k = 0; k < WORDS; k++) {
		uint32_t word;

		noise = noise * 1664525 + 1013904223;
		word = (4000 + (noise >> 20)) | k / STRETCH % PPK2_RANGES << 14 | (k & 63) << 18 |
		       (noise >> 8 & 0xff) << 24;
		memcpy(bytes + (size_t)k * PPK2_WORD_BYTES, &word, sizeof(word));
	}
}

/* Samples are copied out only when they are to be compared. */
static double run_capture(float *copy)
{
	double start = processor_seconds();
	size_t done = 0;

	ppk2_capture_restart(&capture);
	meter_block_begin(&block);
	for (size_t at = 0; at < sizeof(bytes);) {
		size_t capacity, take = sizeof(bytes) - at;
		uint8_t *space = ppk2_capture_space(&capture, &capacity);

		take = take < capacity ? take : capacity;
		take = take < READ_BYTES ? take : READ_BYTES;
		memcpy(space, bytes + at, take);
		ppk2_capture_fill(&capture, take, 0);
		at += take;
		while (ppk2_capture_collect(&capture, &block) == 1) {
			if (copy)
				memcpy(copy + done, block.current_a, block.count * sizeof(*copy));
			done += block.count;
			meter_block_begin(&block);
		}
	}
	if (copy)
		memcpy(copy + done, block.current_a, block.count * sizeof(*copy));
	done += block.count;
	if (done + 1 != WORDS) { /* the newest word is held back */
		fprintf(stderr, "%zu of %d words came out\n", done, WORDS);
		exit(3);
	}
	return processor_seconds() - start;
}

static double run_plain(void)
{
	double start = processor_seconds();

	for (size_t k = 0; k < WORDS; k++) {
		uint32_t word = ppk2_word(bytes + k * PPK2_WORD_BYTES);

		theirs[k] = (float)ppk2_plain_current_a(&conversion, word);
	}
	return processor_seconds() - start;
}

static double speed(double taken_s)
{
	return WORDS / taken_s / 1e6;
}

int main(int argc, char **argv)
{
	int repeats = argc > 1 ? atoi(argv[1]) : 49;
	double least = argc > 2 ? atof(argv[2]) : 0;
	double capture_s[REPEATS_MAX], plain_s[REPEATS_MAX], capture_median_s, plain_median_s;

	if (repeats < 1 || repeats > REPEATS_MAX) {
		fprintf(stderr, "usage: ppk2_convert [REPEATS (1..%d) [LEAST_MSA_PER_S]]\n",
			REPEATS_MAX);
		return 2;
	}
	words_fill();
	run_capture(ours);
	for (int i = 0; i < repeats; i++) {
		capture_s[i] = run_capture(NULL);
		plain_s[i] = run_plain();
	}
	capture_median_s = median_of(capture_s, (size_t)repeats);
	plain_median_s = median_of(plain_s, (size_t)repeats);
	printf("capture     %8.0f MSa/s (best %.0f)\n", speed(capture_median_s),
	       speed(capture_s[0]));
	printf("plain loop  %8.0f MSa/s (best %.0f)\n", speed(plain_median_s), speed(plain_s[0]));
	printf("ratio       %8.2f (best %.2f)\n", plain_median_s / capture_median_s,
	       plain_s[0] / capture_s[0]);
	for (size_t k = 0; k + 1 < WORDS; k++)
		if (ours[k] != theirs[k]) {
			printf("word %zu: %.9g A, by the plain loop %.9g\n", k, (double)ours[k],
			       (double)theirs[k]);
			return 1;
		}
	return speed(capture_median_s) < least;
}
