/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A capture whose every sample can be told from its index, for tests of trace files.
 */
#ifndef TESTS_UNIT_BENCH_TEST_TRACE_PATTERN_H
#define TESTS_UNIT_BENCH_TEST_TRACE_PATTERN_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/trace/reader.h"
#include "bench/trace/trace.h"
#include "tests/scratch.h"

enum { PATTERN_BLOCK = 1000, PATTERN_GAP_EVERY = 7, PATTERN_SATURATED_EVERY = 5 };

static inline float pattern_current(uint64_t i)
{
	return (float)(i * 2654435761u % 1000003) * 1e-6f;
}

static inline float pattern_voltage(uint64_t i)
{
	return 3.0f + (float)(i % 1009) * 1e-4f;
}

/* Logic inputs 1, 4 and 6 carry lines 0 to 2; the others carry noise. */
static inline uint8_t pattern_logic(uint64_t i)
{
	return (uint8_t)((i / 300 % 3 == 1) << 1 | (i / 50 % 2) << 4 | (i / 10 % 2) << 6 |
			 (i % 2) << 0 | (i % 3 == 0) << 7);
}

static inline uint8_t pattern_lines(uint64_t i)
{
	return (uint8_t)((i / 300 % 3 == 1) | (i / 50 % 2) << 1 | (i / 10 % 2) << 2);
}

static inline struct trace_identity pattern_identity(void)
{
	struct trace_identity identity;

	trace_identity_init(&identity);
	snprintf(identity.board, sizeof(identity.board), "nucleo-1");
	snprintf(identity.meter_calibration, sizeof(identity.meter_calibration),
		 "{\"gain\": 1.5, \"name\": \"\xc2\xb5\"}");
	identity.rate_hz = 100000;
	identity.clock_hz = 120000000;
	identity.supply_v = 3.3;
	identity.is_virtual = 1;
	return identity;
}

static inline struct trace_writer *pattern_open(const char *folder, bool voltage,
						unsigned flush_blocks)
{
	struct trace_identity identity = pattern_identity();
	struct trace_options options = {.folder = folder,
					.identity = &identity,
					.voltage = voltage,
					.marker_input = {1, 4, 6},
					.flush_blocks = flush_blocks};
	struct trace_writer *writer = NULL;
	struct err err = {""};

	if (trace_writer_open(&options, &writer, &err))
		fail_msg("%s", err.text);
	return writer;
}

/* Appends block n (from 0): PATTERN_BLOCK samples, 10 ms of host time each. */
static inline int pattern_append(struct trace_writer *writer, bool voltage, uint64_t n,
				 struct err *err)
{
	static float current[PATTERN_BLOCK], volts[PATTERN_BLOCK];
	static uint8_t logic[PATTERN_BLOCK];
	uint64_t first = n * PATTERN_BLOCK;
	struct trace_block block = {
		.current_a = current,
		.voltage_v = voltage ? volts : NULL,
		.logic = logic,
		.count = PATTERN_BLOCK,
		.lost = n % PATTERN_GAP_EVERY == 3 ? n : 0,
		.meter_index = first + 7 * n,
		.t_mono_ns = (int64_t)(5000000000 + 10000000 * n),
		.t_utc_ns = (int64_t)(1700000000000000000 + 10000000 * n),
		.saturated = n % PATTERN_SATURATED_EVERY == 2,
	};

	for (uint64_t i = 0; i < PATTERN_BLOCK; i++) {
		current[i] = pattern_current(first + i);
		volts[i] = pattern_voltage(first + i);
		logic[i] = pattern_logic(first + i);
	}
	return trace_writer_append(writer, &block, err);
}

static inline void pattern_fill(struct trace_writer *writer, bool voltage, uint64_t blocks)
{
	struct err err = {""};

	for (uint64_t n = 0; n < blocks; n++)
		if (pattern_append(writer, voltage, n, &err))
			fail_msg("%s", err.text);
}

static inline void pattern_check_samples(struct trace_reader *reader)
{
	enum { PIECE = 65536 };
	const struct trace_info *info = trace_reader_info(reader);
	float *values = malloc(PIECE * sizeof(*values));
	uint8_t *lines = malloc(PIECE);

	for (uint64_t first = 0; first < info->samples; first += PIECE) {
		size_t count =
			info->samples - first < PIECE ? (size_t)(info->samples - first) : PIECE;

		assert_int_equal(trace_read(reader, TRACE_CURRENT, first, count, values, NULL), 0);
		for (size_t i = 0; i < count; i++)
			if (values[i] != pattern_current(first + i))
				fail_msg("current of sample %llu", (unsigned long long)(first + i));
		assert_int_equal(trace_read(reader, TRACE_MARKERS, first, count, lines, NULL), 0);
		for (size_t i = 0; i < count; i++)
			if (lines[i] != pattern_lines(first + i))
				fail_msg("lines of sample %llu", (unsigned long long)(first + i));
		if (!info->has_voltage)
			continue;
		assert_int_equal(trace_read(reader, TRACE_VOLTAGE, first, count, values, NULL), 0);
		for (size_t i = 0; i < count; i++)
			if (values[i] != pattern_voltage(first + i))
				fail_msg("voltage of sample %llu", (unsigned long long)(first + i));
	}
	free(values);
	free(lines);
}

/* Gaps, saturated ranges and block times belong to exactly the samples that are there. */
static inline void pattern_check_records(struct trace_reader *reader)
{
	const struct trace_info *info = trace_reader_info(reader);
	uint64_t blocks = info->samples / PATTERN_BLOCK, lost = 0, saturated = 0;
	struct trace_block_time *times;
	struct trace_gap *gaps;
	size_t gap = 0;

	assert_int_equal(info->samples % PATTERN_BLOCK, 0);
	assert_int_equal(info->counts[TRACE_BLOCKS], blocks);
	assert_int_equal(trace_read_all(reader, TRACE_BLOCKS, (void **)&times, NULL), 0);
	assert_int_equal(trace_read_all(reader, TRACE_GAPS, (void **)&gaps, NULL), 0);
	for (uint64_t n = 0; n < blocks; n++) {
		assert_int_equal(times[n].sample, n * PATTERN_BLOCK);
		assert_int_equal(times[n].meter_index, n * PATTERN_BLOCK + 7 * n);
		assert_int_equal(times[n].t_mono_ns, 5000000000 + 10000000 * (int64_t)n);
		assert_int_equal(times[n].t_utc_ns, 1700000000000000000 + 10000000 * (int64_t)n);
		saturated += n % PATTERN_SATURATED_EVERY == 2 ? PATTERN_BLOCK : 0;
		if (n % PATTERN_GAP_EVERY != 3)
			continue;
		assert_true(gap < info->counts[TRACE_GAPS]);
		assert_int_equal(gaps[gap].sample, n * PATTERN_BLOCK);
		assert_int_equal(gaps[gap++].lost, n);
		lost += n;
	}
	assert_int_equal(gap, info->counts[TRACE_GAPS]);
	assert_int_equal(info->samples_lost, lost);
	assert_int_equal(info->samples_saturated, saturated);
	free(times);
	free(gaps);
}

static inline struct trace_reader *pattern_reader(const char *path)
{
	struct trace_reader *reader = NULL;
	struct err err = {""};

	if (trace_reader_open(path, &reader, &err))
		fail_msg("%s", err.text);
	return reader;
}

#endif
