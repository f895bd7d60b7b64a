/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Speed of integrating windows over float current and voltage (charge and energy, power sample by
 * sample, compensated, non-finite samples and extremes looked for) against plain loops without any
 * of that, in the same run.
 *
 *   window_integration [REPEATS [LEAST_MSA_PER_S]]
 *
 * A sample is a pair of current and voltage. "stream": blocks of 4096 through segments.h, cut each
 * 10000 samples, from the cache, as a capture does; "both signs": currents about zero, as of a
 * board that sleeps, which take more work. "array": one long pair of arrays in memory. Interleaved,
 * median and best of the repeats, in samples per second of processor time on one core. Exit status
 * 1: the stream is slower than LEAST_MSA_PER_S, or the results are off by more than 1e-9, which is
 * what the plain loops lose.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "analysis/trace/segments.h"
#include "tests/benchmarks/timing.h"

enum { BLOCK = 4096, BLOCKS = 8192, ARRAY = 1 << 24, WINDOW = 10000, REPEATS_MAX = 99 };

static float current_a[ARRAY], voltage_v[ARRAY], sleep_a[BLOCK];
static struct segments segments;

static void check(int code)
{
	if (!code)
		return;
	fprintf(stderr, "segments: %d\n", code);
	exit(3);
}

/* Returns the power summed, in W samples. */
static double stream_sum(const float *block_a)
{
	static const struct segment_settings settings = {.rate_hz = 1e6, .keep_samples = 60};
	struct segment piece, whole = {0};
	double cut = WINDOW;

	check(segments_init(&segments, &settings));
	for (uint64_t i = 0; i < BLOCKS; i++) {
		struct segment_block block = {.first_index = i * BLOCK,
					      .current_a = block_a,
					      .voltage_v = voltage_v,
					      .count = BLOCK};

		check(segments_begin(&segments, &block));
		for (; cut <= (double)(i + 1) * BLOCK; cut += WINDOW) {
			check(segments_cut(&segments, cut, &piece));
			segment_append(&whole, &piece);
		}
		segments_end(&segments);
	}
	check(segments_cut(&segments, (double)BLOCKS * BLOCK, &piece));
	segment_append(&whole, &piece);
	return sum_value(&whole.sums.power);
}

__attribute__((noinline)) static double plain_pairs(const float *block_a, size_t count,
						    double *ret_charge)
{
	double charge = 0, energy = 0;

	for (size_t k = 0; k < count; k++) {
		charge += block_a[k];
		energy += (double)block_a[k] * voltage_v[k];
	}
	*ret_charge = charge;
	return energy;
}

__attribute__((noinline)) static double plain_current(size_t count)
{
	double charge = 0;

	for (size_t k = 0; k < count; k++)
		charge += current_a[k];
	return charge;
}

static double plain_stream_sum(const float *block_a)
{
	double energy = 0, charge;

	for (int i = 0; i < BLOCKS; i++)
		energy += plain_pairs(block_a, BLOCK, &charge);
	return energy;
}

static double array_sum(const float *voltage, const struct sample_path *path)
{
	struct sample_sums sums;

	sample_sums_init(&sums);
	sample_sums_add_by(path, &sums, current_a, voltage, NULL, ARRAY, 0);
	return voltage ? sum_value(&sums.power) : sum_value(&sums.current);
}

static double run_stream(void)
{
	return stream_sum(current_a);
}
static double run_plain_stream(void)
{
	return plain_stream_sum(current_a);
}
static double run_sleep(void)
{
	return stream_sum(sleep_a);
}
static double run_plain_sleep(void)
{
	return plain_stream_sum(sleep_a);
}
static double run_array(void)
{
	return array_sum(voltage_v, sample_path_at(0));
}
static double run_array_next(void)
{
	return array_sum(voltage_v, sample_path_at(sample_path_at(1) ? 1 : 0));
}
static double run_array_portable(void)
{
	size_t last = 0;

	while (sample_path_at(last + 1))
		last++;
	return array_sum(voltage_v, sample_path_at(last));
}
static double run_plain_array(void)
{
	double charge;

	return plain_pairs(current_a, ARRAY, &charge);
}
static double run_array_current(void)
{
	return array_sum(NULL, sample_path_at(0));
}
static double run_plain_current(void)
{
	return plain_current(ARRAY);
}

struct contest {
	const char *name;
	double (*run)(void);
	double samples;
	int peer; /* row whose result and speed it is held against; itself for peers */
};

static const struct contest contests[] = {
	{"stream, i and v", run_stream, (double)BLOCKS *BLOCK, 1},
	{"stream, plain loop", run_plain_stream, (double)BLOCKS *BLOCK, 1},
	{"stream, both signs", run_sleep, (double)BLOCKS *BLOCK, 3},
	{"stream, both signs, plain loop", run_plain_sleep, (double)BLOCKS *BLOCK, 3},
	{"array, i and v", run_array, ARRAY, 7},
	{"array, i and v, next path", run_array_next, ARRAY, 7},
	{"array, i and v, portable path", run_array_portable, ARRAY, 7},
	{"array, plain loop", run_plain_array, ARRAY, 7},
	{"array, i", run_array_current, ARRAY, 9},
	{"array, i, plain loop", run_plain_current, ARRAY, 9},
};

enum { CONTESTS = sizeof(contests) / sizeof(contests[0]) };

int main(int argc, char **argv)
{
	static double taken_s[CONTESTS][REPEATS_MAX];
	int repeats = argc > 1 ? atoi(argv[1]) : 9, off = 0;
	double least = argc > 2 ? atof(argv[2]) : 0, result[CONTESTS], speed[CONTESTS];

	if (repeats < 1 || repeats > REPEATS_MAX) {
		fprintf(stderr, "usage: window_integration [REPEATS (1..%d) [LEAST_MSA_PER_S]]\n",
			REPEATS_MAX);
		return 2;
	}
	for (uint32_t k = 0, noise = 1; k < ARRAY; k++) {
		noise = noise * 1664525 + 1013904223;
		current_a[k] = 1e-3f * (float)(1 + (noise >> 20)) / 4096;
		voltage_v[k] = 3.3f - 0.05f * (float)(noise >> 8 & 0xff) / 256;
		if (k < BLOCK)
			sleep_a[k] = current_a[k] - 0.3e-3f;
	}
	for (int i = -1; i < repeats; i++) /* the first warms up */
		for (int c = 0; c < CONTESTS; c++) {
			double start = processor_seconds();

			result[c] = contests[c].run();
			taken_s[c][i < 0 ? 0 : i] = processor_seconds() - start;
		}
	printf("sums on the %s path", sample_path_name(sample_path_at(0)));
	printf("%s%s\n", sample_path_at(1) ? ", next: " : "",
	       sample_path_at(1) ? sample_path_name(sample_path_at(1)) : "");
	for (int c = 0; c < CONTESTS; c++)
		speed[c] = contests[c].samples / median_of(taken_s[c], (size_t)repeats) / 1e6;
	for (int c = 0; c < CONTESTS; c++) {
		int peer = contests[c].peer;

		printf("%-32s %8.0f MSa/s (best %5.0f)  %5.2f of the plain loop\n",
		       contests[c].name, speed[c], contests[c].samples / taken_s[c][0] / 1e6,
		       speed[c] / speed[peer]);
		off |= fabs(result[c] / result[peer] - 1) > 1e-9;
	}
	if (off)
		printf("results differ\n");
	return off || speed[0] < least;
}
