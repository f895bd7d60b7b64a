/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Speed of the way from a PPK2's bytes to charges of windows, inferences and layers: framing,
 * counters, conversion, three marker lines, integration, in one pass over blocks. The peer, in the
 * same run: a plain scalar loop that converts each word by the formula in double and adds the
 * result to one sum; no framing, no markers, nothing compensated.
 *
 *   trace_pipeline [REPEATS [LEAST_MSA_PER_S]]
 *
 * Interleaved, median and best of the repeats of each, in samples per second of processor time on
 * one core. Exit status 1: the median is slower than LEAST_MSA_PER_S, or the two disagree about the
 * charge.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/trace/trace_stream.h"
#include "drivers/meter/ppk2_capture.h"
#include "tests/benchmarks/ppk2_plain.h"
#include "tests/benchmarks/timing.h"

enum {
	WORDS = 1 << 22,
	READ_BYTES = 16384, /* as a serial port gives them */
	REPEATS_MAX = 99,
	LAYER = 370,
	LAYERS = 13,
	WINDOW_FROM = 100000,
	WINDOW_TO = WORDS - 100000,
};

static uint8_t bytes[(size_t)WORDS * PPK2_WORD_BYTES];
static struct ppk2_conversion conversion;
static struct ppk2_capture capture;
static struct meter_block block;
static struct trace_stream stream;

/* Idle in range 1, layers in ranges 2 and 3, noise of some steps. */
static void words_fill(void)
{
	uint32_t noise = 1;

	for (uint32_t k = 0; k < WORDS; k++) {
		uint32_t inside = k >= WINDOW_FROM && k < WINDOW_TO;
		uint32_t layer = inside ? (k - WINDOW_FROM) / LAYER : 0;
		uint32_t range = inside ? 2 + layer % 3 / 2 : 1;
		uint32_t lines = inside | (layer / LAYERS & 1) << 1 | (layer & 1) << 2;
		uint32_t word;

		noise = noise * 1664525 + 1013904223;
		word = (2000 + 700 * (layer % 5) + (noise >> 27)) | range << 14 | (k & 63) << 18 |
		       lines << 24;
		memcpy(bytes + (size_t)k * PPK2_WORD_BYTES, &word, sizeof(word));
	}
}

struct account {
	double charge;
	uint64_t windows, inferences, layers;
};

static void take_piece(void *user, const struct trace_piece *piece)
{
	struct account *account = user;

	account->inferences += piece->level == TRACE_INFERENCE;
	account->layers += piece->level == TRACE_LAYER;
}

static void take_window(void *user, const struct trace_window *window)
{
	struct account *account = user;

	account->windows++;
	account->charge += sum_value(&window->segment.sums.current);
}

static void check(int code, const char *what)
{
	if (!code)
		return;
	fprintf(stderr, "%s: %d\n", what, code);
	exit(3);
}

static void block_use(void)
{
	struct segment_block samples = {.first_index = block.first_index,
					.current_a = block.current_a,
					.count = block.count,
					.all_saturated = block.flags & METER_BLOCK_SATURATED};

	check(trace_stream_add(&stream, &samples, block.logic), "stream");
	meter_block_begin(&block);
}

static double run_pipeline(struct account *ret_account)
{
	struct account account = {0};
	struct trace_stream_settings settings = {.inputs = {0, 1, 2},
						 .line_count = 3,
						 .min_pulse_samples = 3,
						 .guard_samples = 50,
						 .rate_hz = 1e5,
						 .supply_v = 3,
						 .piece = take_piece,
						 .window = take_window,
						 .user = &account};
	double start = processor_seconds();

	check(trace_stream_init(&stream, &settings), "settings");
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
		while (ppk2_capture_collect(&capture, &block) == 1)
			block_use();
	}
	if (block.count)
		block_use();
	check(trace_stream_finish(&stream), "stream");
	*ret_account = account;
	return processor_seconds() - start;
}

static double run_plain(double *ret_charge)
{
	double start = processor_seconds(), charge = 0;

	for (size_t k = WINDOW_FROM; k < WINDOW_TO; k++) {
		uint32_t word = ppk2_word(bytes + k * PPK2_WORD_BYTES);

		charge += ppk2_plain_current_a(&conversion, word);
	}
	*ret_charge = charge;
	return processor_seconds() - start;
}

int main(int argc, char **argv)
{
	int repeats = argc > 1 ? atoi(argv[1]) : 9;
	double least = argc > 2 ? atof(argv[2]) : 0, plain_charge;
	double pipeline_s[REPEATS_MAX], plain_s[REPEATS_MAX], ours, theirs;
	struct account account = {0};

	if (repeats < 1 || repeats > REPEATS_MAX) {
		fprintf(stderr, "usage: trace_pipeline [REPEATS (1..%d) [LEAST_MSA_PER_S]]\n",
			REPEATS_MAX);
		return 2;
	}
	ppk2_plain_calibrate(&conversion);
	ppk2_capture_init(&capture, &conversion, 1, false);
	words_fill();
	run_pipeline(&account);
	for (int i = 0; i < repeats; i++) {
		pipeline_s[i] = run_pipeline(&account);
		plain_s[i] = run_plain(&plain_charge);
	}
	ours = WORDS / median_of(pipeline_s, (size_t)repeats) / 1e6;
	theirs = (WINDOW_TO - WINDOW_FROM) / median_of(plain_s, (size_t)repeats) / 1e6;
	printf("sums on the %s path; %llu window, %llu inferences, %llu layers\n",
	       sample_path_name(sample_path_at(0)), (unsigned long long)account.windows,
	       (unsigned long long)account.inferences, (unsigned long long)account.layers);
	printf("pipeline    %8.0f MSa/s (best %.0f)\n", ours, WORDS / pipeline_s[0] / 1e6);
	printf("plain loop  %8.0f MSa/s (best %.0f)\n", theirs,
	       (WINDOW_TO - WINDOW_FROM) / plain_s[0] / 1e6);
	printf("ratio       %8.2f\n", ours / theirs);
	/* samples are rounded to float on their way: 2^-25 each, much less in the sum */
	if (account.windows != 1 || fabs(account.charge / plain_charge - 1) > 1e-8) {
		printf("charge %.12g, by the plain loop %.12g: they differ\n", account.charge,
		       plain_charge);
		return 1;
	}
	return ours < least;
}
