/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The bench for the virtual STM32F767: stack below SRAM2, HSI at 16 MHz; and scripts: tables of
 * stores and polls that a few instructions of Thumb code work off on the chip itself.
 */
#ifndef TESTS_UNIT_VIRTUAL_TEST_F767_BENCH_H
#define TESTS_UNIT_VIRTUAL_TEST_F767_BENCH_H

#include "rigs/virtual/chips/stm32f767.h"
#include "tests/unit/virtual/stm32_bench.h"

static const struct bench_part bench_part = {"stm32f767", 0x2007C000, 3.3, 2 * BENCH_MS, true};

static inline void bench_open(struct bench *bench, uint64_t seed)
{
	bench_open_part(bench, &bench_part, seed);
}

static inline void bench_open_idle(struct bench *bench, uint64_t seed)
{
	bench_open_idle_part(bench, &bench_part, seed);
}

/* mask 0: store value. Otherwise wait until (word & mask) == value. address 0 ends. */
struct bench_step {
	uint32_t address, mask, value;
};

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

#endif
