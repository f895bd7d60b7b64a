/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What tells the models apart. Identification registers: the cores' technical reference manuals
 * (M4 100166, M7 DDI 0489, M33 100230) at the revisions of STM32L4R5, STM32F767 and STM32L552.
 *
 * Cycles: the M4's are its TRM's. Those of M7 and M33 are modelled, to be calibrated against a
 * board: Arm publishes none. M7: single-cycle issue as measured by quinapalus.com/cm7cycles.html in
 * outline, list accesses two words a cycle (64-bit TCM and AXI). M33: as the M4, except that loads
 * take one cycle and delay only a following instruction that uses the result, and LDRD and STRD
 * take one cycle per word. Its limited dual issue of 16-bit pairs has no published rules and is not
 * modelled.
 */
#include <assert.h>

#include "rigs/virtual/cores/armv7em_core.h"

#define CCR_COMMON                                                                                 \
	(CCR_NONBASETHRDENA | CCR_USERSETMPEND | CCR_UNALIGN_TRP | CCR_DIV_0_TRP | CCR_BFHFNMIGN)

static const struct op_cycles no_exceptions[] = {{OP_COUNT, 0}};

static const struct op_cycles m7_cycles[] = {
	{OP_LDRD, 1},       {OP_STRD, 1},         {OP_LDREX, 1}, {OP_STREX, 1},  {OP_TBB, 1},
	{OP_TBH, 1},        {OP_LDR_PC, 1},       {OP_SDIV, 3},  {OP_UDIV, 3},   {OP_VMLA, 2},
	{OP_VMLS, 2},       {OP_VNMLA, 2},        {OP_VNMLS, 2}, {OP_VFMA, 1},   {OP_VFMS, 1},
	{OP_VFNMA, 1},      {OP_VFNMS, 1},        {OP_VDIV, 16}, {OP_VSQRT, 14}, {OP_ISB, 12},
	{OP_VMOV_TO_SS, 1}, {OP_VMOV_FROM_SS, 1}, {OP_COUNT, 0},
};

static const struct op_cycles m33_cycles[] = {
	{OP_LDRD, 2},
	{OP_STRD, 2},
	{OP_COUNT, 0},
};

static const struct core_model models[] = {
	[ARMV7EM_M4] =
		{
			.cpuid = 0x410fc241,
			.mvfr0 = 0x10110021,
			.mvfr1 = 0x11000011,
			.ccr_reset = CCR_STKALIGN,
			.ccr_writable = CCR_COMMON | CCR_STKALIGN,
			.exception_return_base = 0xffffffe1,
			.priority_bits = 0xf0,
			.fetch_unit_shift = 5,
			.cycles = no_exceptions,
			.execute = core_execute_m4,
			.data_cost = flash_data,
		},
	[ARMV7EM_M7] =
		{
			.cpuid = 0x411fc270,
			.mvfr0 = 0x10110021,
			.mvfr1 = 0x11000011,
			.mvfr2 = 0x00000040,
			.ccr_reset = CCR_STKALIGN | CCR_BP,
			.ccr_writable = CCR_COMMON | CCR_IC | CCR_DC,
			.exception_return_base = 0xffffffe1,
			.priority_bits = 0xf0,
			.fpv5 = true,
			.l1_caches = true,
			.dwt_lock = true,
			.pairs = true,
			.load_use_stall = true,
			.fetch_unit_shift = 5,
			.cycles = m7_cycles,
			.execute = core_execute_m7,
			.data_cost = cache_data_m7,
		},
	[ARMV7EM_M33] =
		{
			.cpuid = 0x410fd214,
			.mvfr0 = 0x10110021,
			.mvfr1 = 0x11000011,
			.mvfr2 = 0x00000040,
			.ccr_reset =
				CCR_STKALIGN | CCR_NONBASETHRDENA, /* both always one in v8-M */
			.ccr_writable = (CCR_COMMON | CCR_STKOFHFNMIGN) & ~CCR_NONBASETHRDENA,
			.exception_return_base = 0xffffffa0,
			.priority_bits = 0xe0, /* STM32L5: three bits */
			.v8m = true,
			.fpv5 = true,
			.load_use_stall = true,
			.fetch_unit_shift = 4,
			.cycles = m33_cycles,
			.execute = core_execute_m33,
			.data_cost = cache_data_m33,
		},
};

const struct core_model *core_model_of(enum armv7em_model model)
{
	assert(model >= ARMV7EM_M4 && model <= ARMV7EM_M33);
	return &models[model];
}
