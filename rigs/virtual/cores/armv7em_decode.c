/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M decoder: looks an instruction up in the encoding tables and, for IT, marks the
 * instructions it makes conditional, so that there is no IT state while executing.
 */
#include <string.h>

#include "rigs/virtual/cores/armv7em_core.h"
#include "rigs/virtual/cores/armv7em_decode.h"

#define CONDITION_ALWAYS 14u

static const struct {
	uint8_t class;
	uint8_t cycles;
} traits[OP_COUNT] = {
#define X(kind, class, cycles) [OP_##kind] = {CORE_CLASS_##class, cycles},
	ARMV7EM_OPS(X)
#undef X
};

static bool look_up(struct decoder *d, const struct encoding_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct encoding *encoding = &table->encodings[i];

		if ((d->code & encoding->mask) != encoding->value)
			continue;
		d->op->kind = encoding->kind;
		if (!encoding->operands || encoding->operands(d))
			return true;
	}
	return false;
}

static bool look_up_32(struct decoder *d, const struct core_model *model)
{
	/* 111x11xx with coprocessor 10 or 11 */
	if ((d->code & 0xec000e00u) == 0xec000a00u)
		return look_up(d, &armv7em_fpv4) || (model->fpv5 && look_up(d, &armv7em_fpv5));
	if (model->v8m && look_up(d, &armv8m_thumb32))
		return true;
	return look_up(d, &armv7em_thumb32_memory) || look_up(d, &armv7em_thumb32_data);
}

static bool is_long(uint16_t halfword)
{
	return halfword >> 11 >= 0x1d;
}

static uint16_t halfword_at(const struct region *region, uint32_t offset)
{
	uint16_t halfword;

	memcpy(&halfword, region->memory + offset, 2);
	return halfword;
}

/* firstcond and mask of the IT at `offset`; sets the conditions of its slots and the op's extent.
 */
static void mark_it_block(struct region *region, uint32_t offset, struct op *it)
{
	uint32_t code = halfword_at(region, offset);
	unsigned first = field(code, 4, 4), mask = field(code, 0, 4);
	unsigned slots = 4 - (unsigned)__builtin_ctz(mask);
	uint32_t at = offset + 2;

	for (unsigned i = 0; i < slots && at + 2 <= region->bytes; i++) {
		unsigned condition = i ? (first & 14) | (mask >> (4 - i) & 1) : first;
		struct op *slot = &region->ops[at / 2];

		slot->handler = slot->kind = OP_DECODE;
		slot->condition = (uint8_t)(1 + condition);
		at += is_long(halfword_at(region, at)) ? 4 : 2;
	}
	it->imm = (at - offset) / 2 - 1; /* half-words behind the IT */
}

static uint8_t base_cycles(const struct core_model *model, unsigned kind)
{
	for (const struct op_cycles *row = model->cycles; row->kind != OP_COUNT; row++)
		if (row->kind == kind)
			return row->cycles;
	return traits[kind].cycles;
}

static bool lists_four_in_a_row(uint32_t list)
{
	return list && list >> __builtin_ctz(list) == 15;
}

static void finish(const struct armv7em *core, struct op *op)
{
	unsigned condition = op->condition & OP_CONDITION, first = op->kind;

	if (op->kind == OP_LDM && lists_four_in_a_row(op->imm & 0x7fff))
		op->ra |= MULTIPLE_FOUR;
	op->class = traits[op->kind].class;
	op->cycles = (uint8_t)(op->cycles + base_cycles(core->model, op->kind));
	if (core->stack_guarded && special_moves_stack(op))
		first = OP_STACK_GUARD;
	else if (condition && condition != 1 + CONDITION_ALWAYS)
		first = OP_CONDITIONAL;
	op->handler = (uint16_t)(2 * first + op->halfwords - 1);
}

/* Fills in the op that `offset` has, whose condition is known; false: beyond the region. */
static bool decode_at(struct armv7em *core, struct region *region, uint32_t offset, struct op *op)
{
	uint8_t condition = op->condition & OP_CONDITION;
	struct decoder d = {.op = op,
			    .pc = region->base + offset,
			    .in_it = condition != 0,
			    .v8m = core->model->v8m};
	bool found;

	*op = (struct op){.handler = 2 * OP_FETCH_FAULT,
			  .kind = OP_FETCH_FAULT,
			  .halfwords = 1,
			  .condition = condition};
	if (offset + 2 > region->bytes)
		return false;
	d.code = halfword_at(region, offset);
	if (is_long((uint16_t)d.code)) {
		if (offset + 4 > region->bytes)
			return false;
		op->halfwords = 2;
		d.code = d.code << 16 | halfword_at(region, offset + 2);
		found = look_up_32(&d, core->model);
	} else {
		found = look_up(&d, &armv7em_thumb16);
	}
	if (!found)
		op->kind = OP_UNDEFINED;
	if (op->kind == OP_UNDEFINED)
		op->imm = d.code;
	finish(core, op);
	return true;
}

static void judge_neighbour(struct armv7em *core, struct region *region, uint32_t offset,
			    struct op *op)
{
	uint32_t next = offset + 2u * op->halfwords;
	struct op behind = {.condition = region->ops[next / 2].condition};

	if (decode_at(core, region, next, &behind))
		neighbour_judge(core->model, op, &behind);
}

void core_decode(struct armv7em *core, struct region *region, uint32_t offset)
{
	struct op *op = &region->ops[offset / 2];

	if (!decode_at(core, region, offset, op))
		return;
	op->class = (uint8_t)(op->class + offset / 2 % CLASS_BANKS * CLASS_BANK_SIZE);
	memory_mark_code(core, region->memory + offset);
	memory_mark_code(core, region->memory + offset + 2u * (op->halfwords - 1u));
	if (op->kind == OP_IT)
		mark_it_block(region, offset, op);
	if (core->model->load_use_stall)
		judge_neighbour(core, region, offset, op);
	pair_find(core, region, offset);
}
