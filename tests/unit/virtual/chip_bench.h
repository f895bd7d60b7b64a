/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The bench for the virtual STM32L4R5: stack at the end of SRAM1, MSI at 4 MHz.
 */
#ifndef TESTS_UNIT_VIRTUAL_CHIP_BENCH_H
#define TESTS_UNIT_VIRTUAL_CHIP_BENCH_H

#include "rigs/virtual/chips/stm32l4r5.h"
#include "tests/unit/virtual/stm32_bench.h"

static const struct bench_part bench_part = {"stm32l4r5", 0x20030000, 3.0, BENCH_MS, false};

static inline void bench_open(struct bench *bench, uint64_t seed)
{
	bench_open_part(bench, &bench_part, seed);
}

static inline void bench_open_idle(struct bench *bench, uint64_t seed)
{
	bench_open_idle_part(bench, &bench_part, seed);
}

#endif
