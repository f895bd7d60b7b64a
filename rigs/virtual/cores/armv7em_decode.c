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

static bool look_up_32(struct decoder *d)
{
	/* 111x11xx with coprocessor 10 or 11 */
	if ((d->code & 0xec000e00u) == 0xec000a00u)
		return look_up(d, &armv7em_fpv4);
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

		slot->kind = OP_DECODE;
		slot->condition = (uint8_t)(1 + condition);
		at += is_long(halfword_at(region, at)) ? 4 : 2;
	}
	it->imm = (at - offset) / 2 - 1; /* half-words behind the IT */
}

static void finish(struct op *op)
{
	op->class = traits[op->kind].class;
	op->cycles = (uint8_t)(op->cycles + traits[op->kind].cycles);
	if (op->condition && op->condition != 1 + CONDITION_ALWAYS) {
		op->then = op->kind;
		op->kind = OP_CONDITIONAL;
	}
}

void core_decode(struct armv7em *core, struct region *region, uint32_t offset)
{
	struct op *op = &region->ops[offset / 2];
	uint8_t condition = op->condition;
	struct decoder d = {.op = op, .pc = region->base + offset, .in_it = condition != 0};
	uint16_t first;
	bool found;

	*op = (struct op){.kind = OP_FETCH_FAULT, .halfwords = 1, .condition = condition};
	if (offset + 2 > region->bytes)
		return;
	memory_mark_code(core, region->memory + offset);
	first = halfword_at(region, offset);
	d.code = first;
	if (is_long(first)) {
		if (offset + 4 > region->bytes)
			return;
		memory_mark_code(core, region->memory + offset + 2);
		op->halfwords = 2;
		d.code = (uint32_t)first << 16 | halfword_at(region, offset + 2);
		found = look_up_32(&d);
	} else {
		found = look_up(&d, &armv7em_thumb16);
	}
	if (!found)
		op->kind = OP_UNDEFINED;
	if (op->kind == OP_UNDEFINED)
		op->imm = d.code;
	finish(op);
	if (op->kind == OP_IT)
		mark_it_block(region, offset, op);
}
