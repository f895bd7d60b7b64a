/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv8-M core: the dispatch loop with the pipeline of the Cortex-M33, modelled: Arm publishes no
 * cycle counts. As the M4, but a load takes one cycle, and its late result is in op->cycles
 * (armv7em_neighbour.c).
 */
#include "rigs/virtual/cores/armv7em_core.h"

#define TIMING_ENTER
#define TIMING_LEAVE
#define TIMING_FETCH               cache_fetch_m33
#define TIMING_READ(core, address) TIMING_DATA((core), (address), false)
#define TIMING_DATA                cache_data_m33
#define TIMING_STORES              0
#define TIMING_RETIRE()            (cycles += op->cycles)
#define TIMING_RETIRE_ONE()        TIMING_RETIRE()
#define TIMING_TAKEN(target)       (cycles += ARMV7EM_REFILL_CYCLES)
#define TIMING_NOT_TAKEN()         ((void)0)
#define TIMING_LOAD(base)          0
#define TIMING_LOADED(reg)         ((void)0)
#define TIMING_STORE_INDEXED       0
#define TIMING_SKIPPED()           ((void)0)

#define CORE_EXECUTE core_execute_m33
#include "rigs/virtual/cores/execute_loop.inc"
