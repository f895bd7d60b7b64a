/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the tests of the virtual STM32F767 share: a powered chip with a program in flash, a record
 * of its callbacks, register accesses through the seam that the core uses, and scripts: tables of
 * stores and polls that a few instructions of Thumb code work off on the chip itself.
 */
#ifndef TESTS_UNIT_VIRTUAL_TEST_F767_BENCH_H
#define TESTS_UNIT_VIRTUAL_TEST_F767_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rigs/virtual/chips/stm32f767.h"

#define BENCH_US     INT64_C(1000000)
#define BENCH_MS     (1000 * BENCH_US)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

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
	struct chip *chip;
	struct bench_byte bytes[2048];
	size_t byte_count;
	struct bench_edge edges[64]; /* the first ones */
	size_t edge_count;
	char fault[512];
	unsigned fault_count;
	struct chip_activity activity; /* of the last run */
};

/* mask 0: store value. Otherwise wait until (word & mask) == value. address 0 ends. */
struct bench_step {
	uint32_t address, mask, value;
};

static inline void bench_on_byte(void *context, uint8_t byte, const struct chip_uart_format *format,
				 int64_t t_ps)
{
	struct bench *bench = context;

	assert_true(bench->byte_count < 2048);
	bench->bytes[bench->byte_count++] = (struct bench_byte){byte, *format, t_ps};
}

static inline void bench_on_marker(void *context, unsigned line, bool level, int64_t t_ps,
				   uint64_t cycles)
{
	struct bench *bench = context;

	if (bench->edge_count < COUNT(bench->edges))
		bench->edges[bench->edge_count++] = (struct bench_edge){line, level, t_ps, cycles};
}

static inline void bench_on_fault(void *context, const char *sentence, int64_t t_ps)
{
	struct bench *bench = context;

	(void)t_ps;
	bench->fault_count++;
	snprintf(bench->fault, sizeof(bench->fault), "%s", sentence);
}

static inline struct stm32f767 *bench_chip(struct bench *bench)
{
	return stm32f767_of(stm32_of(bench->chip));
}

static inline void bench_run(struct bench *bench, int64_t duration_ps)
{
	chip_run(bench->chip, chip_now_ps(bench->chip) + duration_ps, &bench->activity);
}

/* A chip without power. */
static inline void bench_open(struct bench *bench, uint64_t seed)
{
	const struct chip_callbacks callbacks = {bench, bench_on_byte, bench_on_marker,
						 bench_on_fault};
	const struct chip_config config = {"stm32f767", seed, &callbacks};
	struct verr err;

	memset(bench, 0, sizeof(*bench));
	assert_int_equal(chip_new(&config, &bench->chip, &err), 0);
}

static inline void bench_close(struct bench *bench)
{
	chip_free(bench->chip);
}

/* Vectors at the start of flash, stack below SRAM2. */
static inline void bench_load(struct bench *bench, uint32_t entry, const void *program,
			      size_t bytes)
{
	const uint32_t vectors[2] = {0x2007C000, entry | 1};
	struct stm32f767 *s = bench_chip(bench);

	memcpy(s->flash, vectors, sizeof(vectors));
	memcpy(s->flash + 8, program, bytes);
	armv7em_invalidate(s->base.core, F767_FLASH_BASE, (uint32_t)(8 + bytes + 31) & ~31u);
}

static inline void bench_power(struct bench *bench)
{
	chip_set_supply(bench->chip, 3.3);
	bench_run(bench, 2 * BENCH_MS);
	assert_string_equal(chip_fault(bench->chip), "");
}

/* Puts a program of half-words at 0x08000008 and starts it. */
static inline void bench_start(struct bench *bench, const uint16_t *program, size_t count)
{
	bench_load(bench, 0x08000008, program, count * 2);
	bench_power(bench);
}

/* The script's program: adr r0, table; next: ldmia r0!, {r1-r3}; ... */
static const uint16_t bench_script_code[12] = {
	0xA005, 0xC80E, 0xB139, 0xB90A, 0x600B, 0xE7FA,
	0x680C, 0x4014, 0x429C, 0xD1FB, 0xE7F5, 0xE7FE,
};

/* Loads a script, which the chip works off from flash once it has power. */
static inline void bench_load_script(struct bench *bench, const struct bench_step *steps,
				     size_t count)
{
	uint8_t program[2048] = {0};
	size_t bytes = count * sizeof(*steps);

	assert_true(sizeof(bench_script_code) + bytes + 4 <= sizeof(program));
	memcpy(program, bench_script_code, sizeof(bench_script_code));
	memcpy(program + sizeof(bench_script_code), steps, bytes);
	bench_load(bench, 0x08000008, program, sizeof(bench_script_code) + bytes + 4);
}

/* A chip that runs `b .` from the HSI at 16 MHz: the test plays the firmware. */
static inline void bench_open_idle(struct bench *bench, uint64_t seed)
{
	static const uint16_t loop[] = {0xE7FE};

	bench_open(bench, seed);
	bench_start(bench, loop, 1);
}

static inline uint32_t bench_peek(struct bench *bench, uint32_t address)
{
	uint32_t value = 0;

	assert_true(stm32f767_read(bench_chip(bench), address, 4, &value));
	return value;
}

static inline void bench_poke(struct bench *bench, uint32_t address, uint32_t value)
{
	assert_true(stm32f767_write(bench_chip(bench), address, 4, value));
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
