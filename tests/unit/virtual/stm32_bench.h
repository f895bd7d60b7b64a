/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the tests of the virtual STM32s share: a powered chip with a program in flash, a record of
 * its callbacks, and register accesses through the seam that the core uses.
 */
#ifndef TESTS_UNIT_VIRTUAL_STM32_BENCH_H
#define TESTS_UNIT_VIRTUAL_STM32_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rigs/virtual/chips/stm32.h"

#define BENCH_US     INT64_C(1000000)
#define BENCH_MS     (1000 * BENCH_US)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct bench_part {
	const char *name;
	uint32_t stack;
	double supply_v;
	int64_t start_ps;      /* from power to a running program, and some more */
	bool only_first_edges; /* more than the bench holds are no error */
};

struct bench_byte {
	uint8_t byte;
	struct chip_uart_format format;
	int64_t t_ps;
};

struct bench_edge {
	unsigned line;
	bool level;
	int64_t t_ps;
	uint64_t cycles;
};

struct bench {
	const struct bench_part *part;
	struct chip *chip;
	struct bench_byte bytes[2048];
	size_t byte_count;
	struct bench_edge edges[64];
	size_t edge_count;
	char fault[512];
	unsigned fault_count;
	struct chip_activity activity; /* of the last run */
};

static inline void bench_on_byte(void *context, uint8_t byte, const struct chip_uart_format *format,
				 int64_t t_ps)
{
	struct bench *bench = context;

	assert_true(bench->byte_count < COUNT(bench->bytes));
	bench->bytes[bench->byte_count++] = (struct bench_byte){byte, *format, t_ps};
}

static inline void bench_on_marker(void *context, unsigned line, bool level, int64_t t_ps,
				   uint64_t cycles)
{
	struct bench *bench = context;
	bool fits = bench->edge_count < COUNT(bench->edges);

	assert_true(fits || bench->part->only_first_edges);
	if (fits)
		bench->edges[bench->edge_count++] = (struct bench_edge){line, level, t_ps, cycles};
}

static inline void bench_on_fault(void *context, const char *sentence, int64_t t_ps)
{
	struct bench *bench = context;

	(void)t_ps;
	bench->fault_count++;
	snprintf(bench->fault, sizeof(bench->fault), "%s", sentence);
}

static inline struct stm32 *bench_chip(struct bench *bench)
{
	return stm32_of(bench->chip);
}

static inline void bench_run(struct bench *bench, int64_t duration_ps)
{
	chip_run(bench->chip, chip_now_ps(bench->chip) + duration_ps, &bench->activity);
}

/* A chip without power. */
static inline void bench_open_part(struct bench *bench, const struct bench_part *part,
				   uint64_t seed)
{
	const struct chip_callbacks callbacks = {bench, bench_on_byte, bench_on_marker,
						 bench_on_fault};
	const struct chip_config config = {part->name, seed, &callbacks};
	struct verr err;

	memset(bench, 0, sizeof(*bench));
	bench->part = part;
	assert_int_equal(chip_new(&config, &bench->chip, &err), 0);
}

static inline void bench_close(struct bench *bench)
{
	chip_free(bench->chip);
}

/* Vectors at the start of flash, and the program at 0x08000008. */
static inline void bench_load(struct bench *bench, uint32_t entry, const void *program,
			      size_t bytes)
{
	const uint32_t vectors[2] = {bench->part->stack, entry | 1};
	struct stm32 *chip = bench_chip(bench);

	memcpy(chip->flash, vectors, sizeof(vectors));
	memcpy(chip->flash + 8, program, bytes);
	armv7em_invalidate(chip->core, STM32_FLASH_BASE, (uint32_t)(8 + bytes + 31) & ~31u);
}

static inline void bench_power(struct bench *bench)
{
	chip_set_supply(bench->chip, bench->part->supply_v);
	bench_run(bench, bench->part->start_ps);
	assert_string_equal(chip_fault(bench->chip), "");
}

/* Puts a program of half-words at 0x08000008 and starts it. */
static inline void bench_start(struct bench *bench, const uint16_t *program, size_t count)
{
	bench_load(bench, 0x08000008, program, count * 2);
	bench_power(bench);
}

/* A chip that runs `b .` from the clock that it has after reset: the test plays the firmware. */
static inline void bench_open_idle_part(struct bench *bench, const struct bench_part *part,
					uint64_t seed)
{
	static const uint16_t loop[] = {0xE7FE};

	bench_open_part(bench, part, seed);
	bench_start(bench, loop, 1);
}

static inline uint32_t bench_peek(struct bench *bench, uint32_t address)
{
	uint32_t value = 0;

	assert_true(stm32_read(bench_chip(bench), address, 4, &value));
	return value;
}

static inline void bench_poke(struct bench *bench, uint32_t address, uint32_t value)
{
	assert_true(stm32_write(bench_chip(bench), address, 4, value));
}

static inline void bench_set(struct bench *bench, uint32_t address, uint32_t clear, uint32_t set)
{
	bench_poke(bench, address, (bench_peek(bench, address) & ~clear) | set);
}

static inline void bench_assert_no_fault(const struct bench *bench)
{
	assert_string_equal(bench->fault, "");
}

static inline void bench_assert_fault(const struct bench *bench, const char *part)
{
	if (!strstr(bench->fault, part))
		fail_msg("fault is '%s', expected '%s' in it", bench->fault, part);
	assert_int_equal(bench->fault_count, 1);
	assert_string_equal(bench->fault, chip_fault(bench->chip));
}

#endif
