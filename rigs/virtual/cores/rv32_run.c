/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RV32 core: runs. A run is a straight line of instructions whose cycles are known when they are
 * decoded and that nothing can interrupt: arithmetic, loads and stores. Whoever enters it adds all
 * of its cycles at once and counts one more time that it was entered, instead of a tally for every
 * instruction. Each op knows the cycles from itself to the end, so that a run can be entered
 * anywhere, and left anywhere (rv32_run_leave).
 *
 * A run ends before the first instruction that is of another kind, and with the last one of a line
 * of the cache, or in RAM of a block that invalidation works on. Two neighbours that are often seen
 * together share one handler, which reads both ops.
 */
#include "rigs/virtual/cores/rv32_execute.h"

#define LONGEST_RUN        ((1u << RV32_BLOCK_SHIFT) / 2)
#define LONGEST_RUN_CYCLES 1000u

static bool may_be_in_run(unsigned kind)
{
	return kind >= RV32_OP_LI && kind <= RV32_OP_REMU;
}

static bool is_branch(unsigned kind)
{
	return kind >= RV32_OP_BEQ && kind <= RV32_OP_BGEU;
}

/* The op behind this one is in the same line or block. */
static bool flows_on(const struct rv32_region *region, uint32_t offset, const struct rv32_op *op)
{
	unsigned shift = region->is_cached ? RV32_LINE_SHIFT : RV32_BLOCK_SHIFT;
	uint32_t next = offset + 2u * op->halfwords;

	return next < region->bytes && next >> shift == offset >> shift;
}

static const void *handler_in_run(const struct rv32_op *op, const struct rv32_handlers *handlers)
{
	const struct rv32_op *next = op + op->halfwords;
	unsigned sized = RV32_SIZED(op->kind, op->halfwords);
	const void *pair = NULL;

	if (op->run == RV32_RUN_LAST)
		return handlers->in_run[1][sized];
	if (next->run || is_branch(next->kind))
		pair = handlers->pairs[next->run == RV32_RUN_LAST][sized]
				      [RV32_SIZED(next->kind, next->halfwords)];
	return pair ? pair : handlers->in_run[0][sized];
}

/* The op behind it is done, unless the run ends with this one. */
static void finish(struct rv32_op *op, bool ends, const struct rv32_handlers *handlers)
{
	const struct rv32_op *next = op + op->halfwords;

	op->run = RV32_RUN_NONE;
	op->run_cycles = 0;
	op->handler = handlers->alone[op->kind];
	if (!may_be_in_run(op->kind))
		return;
	ends = ends || next->run_cycles > LONGEST_RUN_CYCLES;
	op->run = ends ? RV32_RUN_LAST : RV32_RUN_INSIDE;
	op->run_cycles = (uint16_t)(op->cycles + (ends ? 0 : next->run_cycles));
	op->handler = handler_in_run(op, handlers);
}

void rv32_run_make(struct rv32 *core, struct rv32_region *region, struct rv32_op *op,
		   const struct rv32_handlers *handlers)
{
	struct rv32_op *line[LONGEST_RUN];
	unsigned count = 0;
	bool ends = false;

	while (!ends && !op->handler && count < LONGEST_RUN) {
		uint32_t offset = (uint32_t)(op - region->ops) * 2;

		if (op->kind == RV32_OP_DECODE)
			rv32_decode(core, region, offset);
		if (op->kind == RV32_OP_DECODE)
			break; /* never stays decoded */
		line[count++] = op;
		ends = !may_be_in_run(op->kind) || !flows_on(region, offset, op);
		op += op->halfwords;
	}
	ends = ends || !op->handler;
	for (; count; ends = false)
		finish(line[--count], ends, handlers);
}

/* The next op of the run, or NULL. */
static const struct rv32_op *run_next(const struct rv32_op *op)
{
	return op->run == RV32_RUN_INSIDE && op[op->halfwords].run ? op + op->halfwords : NULL;
}

void rv32_run_note(struct rv32 *core, struct rv32_op *op)
{
	if (core->pending->count == RV32_RUNS_PENDING)
		rv32_run_count(core->pending);
	core->pending->ops[core->pending->count++] = op;
}

unsigned rv32_run_leave(struct rv32 *core, const struct rv32_op *op)
{
	unsigned cycles = op->run_cycles;

	for (; op; op = run_next(op))
		core->tallies[op->tally]--;
	return cycles;
}

void rv32_run_count(struct rv32_pending *pending)
{
	while (pending->count) {
		struct rv32_op *begin = pending->ops[--pending->count];

		for (const struct rv32_op *op = begin->run ? begin : NULL; op; op = run_next(op))
			pending->tallies[op->tally] += begin->entered;
		begin->entered = 0;
	}
}
