/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M core: the dispatch loop. Every handler ends in a jump to the next one (GCC's labels as
 * values). The handlers are in execute_*.inc, included into the one function that holds the
 * registers of the loop: `op`, the instruction, and `cycles`, the cycle at which it starts.
 *
 * Before each instruction two compares: has the horizon been reached (cycle limit, SysTick, pending
 * exception, stop request), and has the flow left the flash fetch unit it was in.
 */
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

/* The access happens in the instruction's first cycle. */
static inline __attribute__((always_inline)) bool load(struct armv7em *core, uint32_t address,
						       unsigned size, uint64_t *cycles, uint32_t pc,
						       uint32_t *ret_value)
{
	struct region *region = &core->regions[core->page[address >> PAGE_SHIFT]];
	uint32_t offset = address - region->base;
	uint32_t slow; /* so that the caller's value has no address and stays in a register */
	bool ok;

	if (LIKELY(offset < region->bytes && !(address & (size - 1)))) {
		uint32_t value = 0;

		memcpy(&value, region->memory + offset, size);
		*ret_value = value;
		if (region->is_flash)
			*cycles += flash_data(core, region, offset);
		return true;
	}
	fp_leave_host(core);
	core->now = *cycles;
	core->r[15] = pc;
	ok = memory_read(core, address, size, &slow);
	*cycles = core->now;
	if (ok)
		*ret_value = slow;
	return ok;
}

static inline __attribute__((always_inline)) bool store(struct armv7em *core, uint32_t address,
							unsigned size, uint64_t *cycles,
							uint32_t pc, uint32_t value)
{
	struct region *region = &core->regions[core->page[address >> PAGE_SHIFT]];
	uint32_t offset = address - region->base;
	bool ok;

	if (LIKELY(offset < region->writable_bytes && !(address & (size - 1)) &&
		   !region->code_blocks[offset >> CODE_BLOCK_SHIFT])) {
		memcpy(region->memory + offset, &value, size);
		return true;
	}
	fp_leave_host(core);
	core->now = *cycles;
	core->r[15] = pc;
	ok = memory_write(core, address, size, value);
	*cycles = core->now;
	return ok;
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

static void fetch_fault(struct armv7em *core, uint32_t pc)
{
	core->r[15] = pc;
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

#define R    (core->r)
#define S    (core->s)
#define RN   R[op->rn]
#define RM   R[op->rm]
#define RD   R[op->rd]
#define RA   R[op->ra]
#define PC   (code_base + (uint32_t)(op - ops) * 2)
#define H(k) handle_##k:

#define DISPATCH()                                                                                 \
	do {                                                                                       \
		if (UNLIKELY(cycles >= core->horizon))                                             \
			goto horizon;                                                              \
		if (UNLIKELY(((uintptr_t)op & core->fetch_mask) != core->fetch_unit))              \
			goto fetch;                                                                \
		goto *handlers[op->kind];                                                          \
	} while (0)

#define COUNT() (core->counts.classes[op->class]++)

#define NEXT()                                                                                     \
	do {                                                                                       \
		COUNT();                                                                           \
		cycles += op->cycles;                                                              \
		op += op->halfwords;                                                               \
		DISPATCH();                                                                        \
	} while (0)

/* A taken branch to an address without Thumb bit. */
#define JUMP(address)                                                                              \
	do {                                                                                       \
		uint32_t offset_ = (target = (address)) - code_base;                               \
		COUNT();                                                                           \
		core->counts.taken_branches++;                                                     \
		cycles += op->cycles + ARMV7EM_REFILL_CYCLES;                                      \
		if (UNLIKELY(offset_ >= code_bytes))                                               \
			goto far_jump;                                                             \
		op = ops + (offset_ >> 1);                                                         \
		DISPATCH();                                                                        \
	} while (0)

/* BX, POP {pc}, LDR pc: may be an exception return, and bit 0 must say Thumb. */
#define JUMP_EXCHANGE(address)                                                                     \
	do {                                                                                       \
		target = (address);                                                                \
		if (UNLIKELY(target >= 0xf0000000u && core->ipsr))                                 \
			goto exception_return;                                                     \
		if (UNLIKELY(!(target & 1)))                                                       \
			goto no_thumb;                                                             \
		JUMP(target & ~1u);                                                                \
	} while (0)

#define LOAD(address, size, place)                                                                 \
	do {                                                                                       \
		if (UNLIKELY(!load(core, (address), (size), &cycles, PC, (place))))                \
			goto fault;                                                                \
	} while (0)

#define STORE(address, size, value)                                                                \
	do {                                                                                       \
		if (UNLIKELY(!store(core, (address), (size), &cycles, PC, (value))))               \
			goto fault;                                                                \
	} while (0)

enum execute_exit core_execute(struct armv7em *core)
{
	static const void *const handlers[OP_COUNT] = {
#define X(kind, class, cycles) [OP_##kind] = &&handle_##kind,
		ARMV7EM_OPS(X)
#undef X
	};
	uint64_t cycles = core->now;
	uint64_t load_end = 0;        /* cycle at which a load ended that the next may overlap */
	unsigned loaded_register = 0; /* what it loaded */
	uint32_t target = R[15], code_base, code_bytes;
	struct region *region;
	struct op *ops, *op;
	enum execute_exit reason;

	load_end = core->load_end;
	loaded_register = core->loaded_register;
	goto far_jump;

#include "rigs/virtual/cores/execute_integer.inc"
#include "rigs/virtual/cores/execute_dsp.inc"
#include "rigs/virtual/cores/execute_memory.inc"
#include "rigs/virtual/cores/execute_fp.inc"
#include "rigs/virtual/cores/execute_system.inc"

fetch:
	cycles += flash_fetch(core, region, op, cycles);
	goto *handlers[op->kind];
far_jump:
	region = memory_region(core, target);
	if (UNLIKELY(!region)) {
		fetch_fault(core, target);
		reason = EXIT_FAULT;
		goto leave;
	}
	ops = region->ops;
	code_base = region->base;
	code_bytes = region->bytes;
	op = ops + ((target - code_base) >> 1);
	if (region != core->fetch_region) {
		core->fetch_mask = ~(uint64_t)0;
		core->fetch_unit = 1; /* no op's address: the first instruction enters a unit */
	}
	DISPATCH();
exception_return:
	COUNT();
	cycles += op->cycles;
	core->counts.taken_branches++;
	core->exception_return = target;
	R[15] = PC;
	reason = EXIT_EXCEPTION_RETURN;
	goto leave;
no_thumb:
	COUNT();
	cycles += op->cycles;
	invalid_state(core, target);
	reason = EXIT_FAULT;
	goto leave;
fault:
	reason = EXIT_FAULT;
	goto leave;
horizon:
	R[15] = PC;
	reason = EXIT_HORIZON;
leave:
	core->now = cycles;
	core->load_end = load_end;
	core->loaded_register = loaded_register;
	fp_leave_host(core);
	return reason;
}
