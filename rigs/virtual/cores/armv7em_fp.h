/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M core: FPv4-SP arithmetic on bit patterns. Rounding mode, flush-to-zero, default NaN and
 * the cumulative flags of FPSCR are honoured. The host computes: its rounding mode and exception
 * flags are the guest's from the first FP operation until fp_leave_host, which must come before
 * anything that is not the core runs or reads FPSCR.
 */
#ifndef RIGS_VIRTUAL_CORES_ARMV7EM_FP_H
#define RIGS_VIRTUAL_CORES_ARMV7EM_FP_H

#include "rigs/virtual/cores/armv7em_core.h"

#define FP_SIGN 0x80000000u

/* CPACR, CONTROL.FPCA, lazy stacking: before an FP instruction while !core->fp_ready. False: fault.
 */
bool fp_prepare(struct armv7em *core);
void fp_leave_host_slow(struct armv7em *core);
static inline void fp_leave_host(struct armv7em *core)
{
	if (core->fp_host_active)
		fp_leave_host_slow(core);
}

uint32_t fp_add(struct armv7em *core, uint32_t a, uint32_t b);
uint32_t fp_sub(struct armv7em *core, uint32_t a, uint32_t b);
uint32_t fp_mul(struct armv7em *core, uint32_t a, uint32_t b);
uint32_t fp_div(struct armv7em *core, uint32_t a, uint32_t b);
uint32_t fp_sqrt(struct armv7em *core, uint32_t a);
uint32_t fp_fma(struct armv7em *core, uint32_t addend, uint32_t a, uint32_t b);
void fp_compare(struct armv7em *core, uint32_t a, uint32_t b, bool signals_quiet);
uint32_t fp_from_integer(struct armv7em *core, uint32_t value, bool is_signed, unsigned fraction);
uint32_t fp_to_integer(struct armv7em *core, uint32_t a, bool is_signed, bool truncate,
		       unsigned bits, unsigned fraction);
uint32_t fp_from_half(struct armv7em *core, uint32_t half);
uint32_t fp_to_half(struct armv7em *core, uint32_t a);

#endif
