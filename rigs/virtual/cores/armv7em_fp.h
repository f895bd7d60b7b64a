/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M core: FPv4-SP and FPv5-SP arithmetic on bit patterns. Rounding mode, flush-to-zero,
 * default NaN and the cumulative flags of FPSCR are honoured. The host computes: its rounding mode
 * and exception flags are the guest's from the first FP operation until fp_leave_host, which must
 * come before anything that is not the core runs or reads FPSCR.
 */
#ifndef RIGS_VIRTUAL_CORES_ARMV7EM_FP_H
#define RIGS_VIRTUAL_CORES_ARMV7EM_FP_H

#include "rigs/virtual/cores/armv7em_core.h"

#define FP_SIGN     0x80000000u
#define FP_HALF     (1ull << 62) /* of fp_rounds_up's unit */
#define FP_FLAG_IXC 0x10u

/* The first four as FPSCR.RMode encodes them. */
enum fp_rounding {
	FP_ROUND_NEAREST = 0, /* ties to even */
	FP_ROUND_UP,
	FP_ROUND_DOWN,
	FP_ROUND_ZERO,
	FP_ROUND_AWAY, /* nearest, ties away from zero */
	FP_ROUND_MODE, /* as FPSCR says */
};

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
uint32_t fp_to_integer(struct armv7em *core, uint32_t a, bool is_signed, unsigned rounding,
		       unsigned bits, unsigned fraction);
uint32_t fp_from_half(struct armv7em *core, uint32_t half);
uint32_t fp_to_half(struct armv7em *core, uint32_t a);

/* armv7em_fpv5.c; tells: sets IXC when the value was not integral. */
uint32_t fp_max_number(struct armv7em *core, uint32_t a, uint32_t b);
uint32_t fp_min_number(struct armv7em *core, uint32_t a, uint32_t b);
uint32_t fp_round_integral(struct armv7em *core, uint32_t a, unsigned rounding, bool tells);

/* For armv7em_fpv5.c. */
bool fp_is_nan(uint32_t a);
bool fp_is_quiet(uint32_t a);
uint32_t fp_flush_input(struct armv7em *core, uint32_t a);
uint32_t fp_process_nans(struct armv7em *core, uint32_t a, uint32_t b); /* one is a NaN */
/* below: what is cut off, in units of 2^-63 of what is kept. */
bool fp_rounds_up(const struct armv7em *core, unsigned rounding, bool negative, bool odd,
		  uint64_t below);

#endif
