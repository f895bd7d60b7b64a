/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RV32 core: the dispatch loop for every host.
 */
#include "rigs/virtual/cores/rv32_execute.h"

INLINE uint32_t count_bits(uint32_t value) /* without the host's popcount instruction */
{
	value -= value >> 1 & 0x55555555u;
	value = (value & 0x33333333u) + (value >> 2 & 0x33333333u);
	value = (value + (value >> 4)) & 0x0f0f0f0fu;
	return value * 0x01010101u >> 24;
}

#define RV32_EXECUTE      rv32_execute
#define COUNT_BITS(value) count_bits(value)
#include "rigs/virtual/cores/rv32_loop.inc"
