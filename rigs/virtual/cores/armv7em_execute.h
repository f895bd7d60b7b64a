/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M core: what the handlers of every model's dispatch loop share and that is not a handler:
 * conditions, flags, faults.
 */
#ifndef RIGS_VIRTUAL_CORES_ARMV7EM_EXECUTE_H
#define RIGS_VIRTUAL_CORES_ARMV7EM_EXECUTE_H

#include <string.h>

#include "rigs/virtual/cores/armv7em_arith.h"
#include "rigs/virtual/cores/armv7em_fp.h"

#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

static inline bool condition_holds(const struct armv7em *core, unsigned condition)
{
	bool n = core->negative >> 31, z = !core->nonzero, c = core->carry, v = core->overflow;
	bool holds;

	switch (condition >> 1) {
	case 0:
		holds = z;
		break;
	case 1:
		holds = c;
		break;
	case 2:
		holds = n;
		break;
	case 3:
		holds = v;
		break;
	case 4:
		holds = c && !z;
		break;
	case 5:
		holds = n == v;
		break;
	case 6:
		holds = n == v && !z;
		break;
	default:
		return true;
	}
	return holds != (condition & 1);
}

static inline uint32_t set_nz(struct armv7em *core, uint32_t value)
{
	core->negative = core->nonzero = value;
	return value;
}

static inline uint32_t add_with_carry(struct armv7em *core, uint32_t x, uint32_t y, uint32_t carry)
{
	uint64_t sum = (uint64_t)x + y + carry;
	uint32_t result = (uint32_t)sum;

	core->carry = (uint32_t)(sum >> 32);
	core->overflow = ((x ^ result) & (y ^ result)) >> 31;
	return set_nz(core, result);
}

static inline void note_loaded(struct armv7em *core, uint32_t value)
{
	core->counts.toggled_bits += count_bits(value ^ core->loaded_word);
	core->loaded_word = value;
}

static inline uint32_t extend_loaded(uint32_t value, unsigned access)
{
	switch (access & (ACCESS_SIZE | ACCESS_SIGNED)) {
	case 0 | ACCESS_SIGNED:
		return (uint32_t)(int8_t)value;
	case 1 | ACCESS_SIGNED:
		return (uint32_t)(int16_t)value;
	default:
		return value;
	}
}

static void usage_fault(struct armv7em *core, uint32_t pc, uint32_t status, const char *what)
{
	core->r[15] = pc;
	fault_set(core, &(struct fault){.exception = EXCEPTION_USAGE_FAULT, .status = status}, "%s",
		  what);
}

static void undefined_instruction(struct armv7em *core, uint32_t pc, uint32_t code)
{
	core->r[15] = pc;
	fault_set(core,
		  &(struct fault){.exception = EXCEPTION_USAGE_FAULT, .status = CFSR_UNDEFINSTR},
		  code > 0xffff ? "undefined instruction 0x%08x" : "undefined instruction 0x%04x",
		  code);
}

/* Peripheral, device and system space are execute-never, with or without an MPU, whatever is there
 * (ARMv7-M ARM, B3.1 table B3-1; Armv8-M ARM, B8.1). */
static bool is_execute_never(uint32_t pc)
{
	return 0xe4u >> (pc >> 29) & 1;
}

static void fetch_fault(struct armv7em *core, uint32_t pc)
{
	core->r[15] = pc;
	if (is_execute_never(pc)) {
		fault_set(core,
			  &(struct fault){.exception = EXCEPTION_MEM_MANAGE,
					  .status = CFSR_IACCVIOL},
			  "instruction fetch from 0x%08x, which is execute-never", pc);
		return;
	}
	fault_set(core, &(struct fault){.exception = EXCEPTION_BUS_FAULT, .status = CFSR_IBUSERR},
		  "instruction fetch from 0x%08x: no memory there", pc);
}

static void alignment_fault(struct armv7em *core, uint32_t pc, uint32_t address)
{
	core->r[15] = pc;
	fault_set(core,
		  &(struct fault){.exception = EXCEPTION_USAGE_FAULT, .status = CFSR_UNALIGNED},
		  "unaligned access to 0x%08x by an instruction that needs words", address);
}

static void invalid_state(struct armv7em *core, uint32_t target)
{
	core->r[15] = target & ~1u;
	fault_set(core,
		  &(struct fault){.exception = EXCEPTION_USAGE_FAULT, .status = CFSR_INVSTATE},
		  "branch to 0x%08x, which is not a Thumb address", target);
}

static void breakpoint(struct armv7em *core, uint32_t pc, uint32_t number)
{
	core->r[15] = pc;
	fault_set(core,
		  &(struct fault){.exception = EXCEPTION_HARD_FAULT, .hard_status = HFSR_DEBUGEVT},
		  "breakpoint instruction BKPT %u and no debugger", number);
}

#endif
