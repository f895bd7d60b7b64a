/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The bench for the virtual STM32L552: stack at the end of SRAM2, MSI at 4 MHz.
 */
#ifndef TESTS_UNIT_VIRTUAL_TEST_L552_H
#define TESTS_UNIT_VIRTUAL_TEST_L552_H

#include "rigs/virtual/chips/stm32l552.h"
#include "tests/unit/virtual/stm32_bench.h"

static const struct bench_part bench_part = {"stm32l552", 0x20040000, 3.0, BENCH_MS, false};

static inline void bench_open(struct bench *bench, uint64_t seed)
{
	bench_open_part(bench, &bench_part, seed);
}

static inline void bench_open_idle(struct bench *bench, uint64_t seed)
{
	bench_open_idle_part(bench, &bench_part, seed);
}

static inline uint8_t *bench_info(struct bench *bench)
{
	return stm32l552_of(bench_chip(bench))->info;
}

#endif
