/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RV32 core: the dispatch loop for x86 hosts that have an instruction to count bits: every load
 * needs it, and twelve others take its place elsewhere.
 */
#include "rigs/virtual/cores/rv32_execute.h"

#ifdef __x86_64__

#define RV32_EXECUTE      __attribute__((target("popcnt"))) rv32_execute_popcnt
#define COUNT_BITS(value) (uint32_t) __builtin_popcount(value)
#include "rigs/virtual/cores/rv32_loop.inc"

#endif
