/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RV32 core: the dispatch loop. Every handler ends in a jump to the next one (GCC's labels as
 * values). The handlers are in rv32_handlers.inc, included into the one function that holds the
 * registers of the loop: `op`, the instruction, and `cycles`, the cycle at which it starts.
 *
 * Before each instruction two compares: has the horizon been reached (cycle limit, interrupt, stop
 * request, changed map), and has the flow left the cache line it was in.
 */
#include <string.h>

#include "rigs/virtual/cores/rv32_core.h"

#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define INLINE      static inline __attribute__((always_inline))

INLINE uint32_t count_bits(uint32_t value) /* without the host's popcount instruction */
{
	value -= value >> 1 & 0x55555555u;
	value = (value & 0x33333333u) + (value >> 2 & 0x33333333u);
	value = (value + (value >> 4)) & 0x0f0f0f0fu;
	return value * 0x01010101u >> 24;
}

/* The access happens in the instruction's first cycle. */
INLINE bool load(struct rv32 *core, uint32_t address, unsigned size, uint64_t *cycles, uint32_t pc,
		 uint32_t *ret_value)
{
	struct rv32_region *region = &core->regions[core->page[address >> RV32_PAGE_SHIFT]];
	uint32_t offset = address - region->base;
	uint32_t slow; /* so that the caller's value has no address and stays in a register */
	bool ok;

	if (LIKELY(offset < region->bytes && !(address & (size - 1)))) {
		uint32_t value = 0;

		memcpy(&value, region->memory + offset, size);
		*ret_value = value;
		if (region->is_cached)
			*cycles += rv32_cache_load(core, region, offset);
		return true;
	}
	core->now = *cycles;
	core->pc = pc;
	ok = rv32_memory_read(core, address, size, &slow);
	*cycles = core->now;
	if (ok)
		*ret_value = slow;
	return ok;
}

INLINE bool store(struct rv32 *core, uint32_t address, unsigned size, uint64_t *cycles, uint32_t pc,
		  uint32_t value)
{
	struct rv32_region *region = &core->regions[core->page[address >> RV32_PAGE_SHIFT]];
	uint32_t offset = address - region->base;
	bool ok;

	if (LIKELY(offset < region->writable_bytes && !(address & (size - 1)) &&
		   !region->blocks[offset >> RV32_BLOCK_SHIFT])) {
		memcpy(region->memory + offset, &value, size);
		return true;
	}
	core->now = *cycles;
	core->pc = pc;
	ok = rv32_memory_write(core, address, size, value);
	*cycles = core->now;
	return ok;
}

INLINE void note_loaded(struct rv32 *core, uint32_t value)
{
	core->toggled_bits += count_bits(value ^ core->loaded_word);
	core->loaded_word = value;
}

static uint32_t divide(uint32_t dividend, uint32_t divisor)
{
	if (!divisor)
		return ~0u;
	if (dividend == 0x80000000u && divisor == ~0u)
		return dividend;
	return (uint32_t)((int32_t)dividend / (int32_t)divisor);
}

static uint32_t remainder_of(uint32_t dividend, uint32_t divisor)
{
	if (!divisor)
		return dividend;
	if (dividend == 0x80000000u && divisor == ~0u)
		return 0;
	return (uint32_t)((int32_t)dividend % (int32_t)divisor);
}

static uint32_t divide_cycles(uint32_t divisor)
{
	return RV32_DIVIDE_CYCLES + (divisor ? (uint32_t)__builtin_clz(divisor) : 32);
}

static uint32_t magnitude(uint32_t value)
{
	return value >> 31 ? 0 - value : value;
}

static uint32_t high_product(int64_t x, int64_t y)
{
	return (uint32_t)((uint64_t)(x * y) >> 32);
}

static void illegal_instruction(struct rv32 *core, uint32_t pc, uint32_t code)
{
	core->pc = pc;
	rv32_trap_set(core, RV32_CAUSE_ILLEGAL, code,
		      (code & 3) == 3 ? "illegal instruction 0x%08x" : "illegal instruction 0x%04x",
		      code);
}

static void fetch_fault(struct rv32 *core, uint32_t pc, uint32_t address)
{
	core->pc = pc;
	rv32_trap_set(core, RV32_CAUSE_FETCH_FAULT, address,
		      "instruction access fault: no memory at 0x%08x", address);
}

#define REGS (core->x)
#define RS1  REGS[op->rs1]
#define RS2  REGS[op->rs2]
#define RD   REGS[op->rd]
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

#define NEXT()                                                                                     \
	do {                                                                                       \
		core->tallies[op->tally]++;                                                        \
		cycles += op->cycles;                                                              \
		op += op->halfwords;                                                               \
		DISPATCH();                                                                        \
	} while (0)

#define JUMP(address)                                                                              \
	do {                                                                                       \
		uint32_t offset_ = (target = (address)) - code_base;                               \
		core->tallies[op->tally | RV32_TALLY_TAKEN]++;                                     \
		cycles += op->cycles + RV32_REFILL_CYCLES;                                         \
		if (UNLIKELY(offset_ >= code_bytes))                                               \
			goto far_jump;                                                             \
		op = ops + (offset_ >> 1);                                                         \
		DISPATCH();                                                                        \
	} while (0)

enum rv32_exit rv32_execute(struct rv32 *core)
{
	static const void *const handlers[RV32_OP_COUNT] = {
#define X(kind, category, cycles) [RV32_OP_##kind] = &&handle_##kind,
		RV32_OPS(X)
#undef X
	};
	uint64_t cycles = core->now;
	uint32_t target = core->pc, code_base, code_bytes;
	struct rv32_region *region;
	struct rv32_op *ops, *op;
	enum rv32_exit reason;

	goto far_jump;

#include "rigs/virtual/cores/rv32_handlers.inc"

fetch:
	cycles += rv32_cache_fetch(core, region, op);
	goto *handlers[op->kind];
far_jump:
	region = rv32_memory_region(core, target);
	if (UNLIKELY(!region)) {
		if (cycles >= core->horizon) { /* an interrupt comes before the fetch */
			core->pc = target;
			reason = RV32_EXIT_HORIZON;
			goto leave;
		}
		fetch_fault(core, target, target);
		reason = RV32_EXIT_TRAP;
		goto leave;
	}
	ops = region->ops;
	code_base = region->base;
	code_bytes = region->bytes;
	op = ops + ((target - code_base) >> 1);
	if (region != core->fetch_region)
		rv32_cache_refetch(core);
	DISPATCH();
trap:
	reason = RV32_EXIT_TRAP;
	goto leave;
horizon:
	core->pc = PC;
	reason = RV32_EXIT_HORIZON;
leave:
	core->now = cycles;
	return reason;
}
