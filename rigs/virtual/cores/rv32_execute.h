/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RV32 core: what the dispatch loop, its variants and the maker of runs share.
 */
#ifndef RIGS_VIRTUAL_CORES_RV32_EXECUTE_H
#define RIGS_VIRTUAL_CORES_RV32_EXECUTE_H

#include <string.h>

#include "rigs/virtual/cores/rv32_core.h"

/* A kind with its length. */
#define RV32_SIZED(kind, halfwords) (2u * (kind) + (halfwords)-1u)
#define RV32_SIZED_COUNT            (2u * RV32_OP_COUNT)

/* Labels of the dispatch loop. NULL where there is none. By [1] where the run ends behind it. */
struct rv32_handlers {
	const void *alone[RV32_OP_COUNT];
	const void *in_run[2][RV32_SIZED_COUNT];
	const void *pairs[2][RV32_SIZED_COUNT][RV32_SIZED_COUNT];
};

#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define INLINE      static inline __attribute__((always_inline))

#endif
