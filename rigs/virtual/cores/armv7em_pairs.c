/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M decoder: finds the pairs and runs of armv7em_pairs.h, when their first op is decoded.
 * They lie within one fetch unit of hot code: across its end the handler would always give up.
 */
#include <stddef.h>

#include "rigs/virtual/cores/armv7em_core.h"

#define CONDITION_NEVER_ASKED 15u /* 1 + "always" */

static const struct {
	uint16_t one, two; /* own handlers */
} pairs[PAIR_COUNT] = {
#define X(one, halfwords_one, two, halfwords_two)                                                  \
	{2 * OP_##one + (halfwords_one)-1, 2 * OP_##two + (halfwords_two)-1},
	ARMV7EM_PAIRS(X)
#undef X
};

/* By an op's own handler: 0, or 1 + its place in the list. */
static const uint8_t runs[2 * OP_COUNT] = {
#define X(kind, halfwords) [2 * OP_##kind + (halfwords)-1] = 1 + RUN_##kind##_##halfwords,
	ARMV7EM_RUNS(X)
#undef X
};

/* What execute_pairs.inc asks of a member: an op that CONDITIONAL or STACK_GUARD does not come
 * before, and the operands its DO_kind can do. */
static bool can_join(const struct armv7em *core, const struct op *op)
{
	unsigned condition = op->condition & OP_CONDITION;

	if (condition && condition != CONDITION_NEVER_ASKED)
		return false;
	if (core->stack_guarded && special_moves_stack(op))
		return false;
	if (op->kind == OP_SMLAD)
		return !(op->imm & 1);
	return op->kind != OP_LDM || !(op->imm & 0x8000);
}

/* The op behind `op`, decoded, if the unit holds all of it. */
static struct op *member_behind(struct armv7em *core, struct region *region, const struct op *op)
{
	uint32_t here = (uint32_t)(op - region->ops) * 2, next = here + 2u * op->halfwords;
	struct op *behind = &region->ops[next / 2];
	unsigned shift = core->model->fetch_unit_shift;

	if (here >> shift != next >> shift || next >= region->bytes)
		return NULL;
	if (behind->kind == OP_DECODE)
		core_decode(core, region, next);
	if (here >> shift != (next + 2u * behind->halfwords - 1) >> shift)
		return NULL;
	return can_join(core, behind) ? behind : NULL;
}

static bool starts_run(struct armv7em *core, struct region *region, const struct op *op)
{
	unsigned own = HANDLER_OWN(op);

	for (unsigned i = 1; i < RUN_LENGTH; i++) {
		op = member_behind(core, region, op);
		if (!op || HANDLER_OWN(op) != own)
			return false;
	}
	return true;
}

static bool starts_pair(unsigned own)
{
	for (unsigned i = 0; i < PAIR_COUNT; i++)
		if (pairs[i].one == own)
			return true;
	return false;
}

/* HANDLER_PAIR of the two, or `own`. */
static unsigned pair_of(unsigned own, unsigned behind)
{
	for (unsigned i = 0; i < PAIR_COUNT; i++)
		if (pairs[i].one == own && pairs[i].two == behind)
			return HANDLER_PAIR(i);
	return own;
}

void pair_find(struct armv7em *core, struct region *region, uint32_t offset)
{
	struct op *op = &region->ops[offset / 2];
	unsigned own = HANDLER_OWN(op);
	const struct op *behind;

	if (!starts_pair(own) || !can_join(core, op))
		return;
	behind = member_behind(core, region, op);
	if (!behind)
		return;
	if (runs[own] && starts_run(core, region, op))
		op->handler = (uint16_t)HANDLER_RUN(runs[own] - 1u);
	else
		op->handler = (uint16_t)pair_of(own, HANDLER_OWN(behind));
}
