/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M decoder: 32-bit loads, stores, branches and system instructions (ARMv7-M ARM, A5.3).
 */
#include "rigs/virtual/cores/armv7em_decode.h"

/* ---- loads and stores of one register ---- */

/* Memory hints: a byte or half-word load into PC. */
static bool is_hint(uint32_t code)
{
	return field(code, 20, 1) && field(code, 12, 4) == 15 && field(code, 21, 2) < 2;
}

enum addressing { OFFSET_IMMEDIATE, OFFSET_REGISTER, OFFSET_MOVES_BASE };

static bool simple_kind(struct decoder *d, enum addressing addressing)
{
	static const uint16_t loads[3][2][3] = {
		{{OP_LDRB_I, OP_LDRH_I, OP_LDR_I}, {OP_LDRSB_I, OP_LDRSH_I, OP_COUNT}},
		{{OP_LDRB_X, OP_LDRH_X, OP_LDR_X}, {OP_LDRSB_X, OP_LDRSH_X, OP_COUNT}},
		{{OP_LDRB_W, OP_LDRH_W, OP_LDR_W}, {OP_LDRSB_W, OP_LDRSH_W, OP_COUNT}},
	};
	static const uint16_t stores[3][3] = {
		{OP_STRB_I, OP_STRH_I, OP_STR_I},
		{OP_STRB_X, OP_STRH_X, OP_STR_X},
		{OP_STRB_W, OP_STRH_W, OP_STR_W},
	};
	unsigned size = field(d->code, 21, 2), is_signed = field(d->code, 24, 1);

	if (field(d->code, 20, 1))
		d->op->kind = loads[addressing][is_signed][size];
	else
		d->op->kind = stores[addressing][size];
	return d->op->kind != OP_COUNT;
}

static bool single(struct decoder *d)
{
	unsigned size = field(d->code, 21, 2), is_signed = field(d->code, 24, 1);
	bool load = field(d->code, 20, 1);

	d->op->rn = (uint8_t)field(d->code, 16, 4);
	d->op->rd = (uint8_t)field(d->code, 12, 4);
	d->op->ra = (uint8_t)(size | (is_signed ? ACCESS_SIGNED : 0));
	if (size == 3 || (is_signed && (size == 2 || !load)))
		return false;
	return load || (d->op->rn != 15 && d->op->rd != 15);
}

static bool loads_pc(const struct decoder *d)
{
	return field(d->code, 20, 1) && d->op->rd == 15;
}

static bool literal_load(struct decoder *d)
{
	uint32_t offset = field(d->code, 0, 12);

	if (!single(d))
		return false;
	d->op->imm = field(d->code, 23, 1) ? literal_base(d) + offset : literal_base(d) - offset;
	if (is_hint(d->code))
		d->op->kind = OP_NOP;
	else if (loads_pc(d))
		d->op->kind = OP_LDR_PC;
	else if (d->op->ra == 2)
		d->op->kind = OP_LDR_LITERAL;
	else
		d->op->kind = OP_LOAD_LITERAL;
	d->op->ra |= ACCESS_LITERAL;
	return true;
}

static bool offset_imm12(struct decoder *d)
{
	if (!single(d))
		return false;
	d->op->imm = field(d->code, 0, 12);
	if (is_hint(d->code)) {
		d->op->kind = OP_NOP;
		return true;
	}
	if (loads_pc(d)) {
		d->op->kind = OP_LDR_PC;
		d->op->ra |= ACCESS_PRE;
		return true;
	}
	return simple_kind(d, OFFSET_IMMEDIATE);
}

static bool offset_register(struct decoder *d)
{
	if (!single(d))
		return false;
	d->op->rm = (uint8_t)field(d->code, 0, 4);
	d->op->imm = field(d->code, 4, 2);
	if (d->op->rm == 15)
		return false;
	if (is_hint(d->code)) {
		d->op->kind = OP_NOP;
		return true;
	}
	if (loads_pc(d)) {
		d->op->kind = OP_LDR_PC;
		d->op->ra |= ACCESS_REGISTER | ACCESS_PRE;
		return true;
	}
	return simple_kind(d, OFFSET_REGISTER);
}

/* Negative offset without writeback, and the unprivileged forms (there is no MPU to tell). */
static bool offset_imm8(struct decoder *d)
{
	uint32_t offset = field(d->code, 0, 8);

	if (!single(d))
		return false;
	d->op->imm = field(d->code, 9, 1) ? offset : 0u - offset;
	if (field(d->code, 9, 1) && is_stack_or_pc(d->op->rd))
		return false;
	if (is_hint(d->code)) {
		d->op->kind = OP_NOP;
		return true;
	}
	if (loads_pc(d)) {
		d->op->kind = OP_LDR_PC;
		d->op->ra |= ACCESS_PRE;
		return true;
	}
	return simple_kind(d, OFFSET_IMMEDIATE);
}

static bool writeback_imm8(struct decoder *d)
{
	uint32_t offset = field(d->code, 0, 8);
	if (!single(d) || is_hint(d->code))
		return false;
	d->op->imm = field(d->code, 9, 1) ? offset : 0u - offset;
	d->op->ra |= ACCESS_WRITEBACK | (field(d->code, 10, 1) ? ACCESS_PRE : 0);
	if (d->op->rn == 15 || d->op->rn == d->op->rd)
		return false;
	d->op->kind = OP_LDR_PC;
	return loads_pc(d) || simple_kind(d, OFFSET_MOVES_BASE);
}

/* ---- pairs, lists, exclusives ---- */

static bool pair(struct decoder *d)
{
	uint32_t offset = field(d->code, 0, 8) * 4;
	bool load = field(d->code, 20, 1), writeback = field(d->code, 21, 1);
	bool before = field(d->code, 24, 1);

	if (!before && !writeback)
		return false;
	d->op->kind = load ? OP_LDRD : OP_STRD;
	d->op->rn = (uint8_t)field(d->code, 16, 4);
	d->op->rd = (uint8_t)field(d->code, 12, 4);
	d->op->rm = (uint8_t)field(d->code, 8, 4);
	d->op->imm = field(d->code, 23, 1) ? offset : 0u - offset;
	d->op->ra = (before ? ACCESS_PRE : 0) | (writeback ? ACCESS_WRITEBACK : 0);
	if (d->op->rn == 15) {
		d->op->imm += literal_base(d);
		d->op->ra |= ACCESS_LITERAL;
		if (!load || writeback)
			return false;
	}
	if (writeback && (d->op->rn == d->op->rd || d->op->rn == d->op->rm))
		return false;
	if (load && d->op->rd == d->op->rm)
		return false;
	return !is_stack_or_pc(d->op->rd) && !is_stack_or_pc(d->op->rm);
}

static bool list(struct decoder *d)
{
	uint32_t registers = field(d->code, 0, 16);
	unsigned count = (unsigned)__builtin_popcount(registers);
	bool load = field(d->code, 20, 1), writeback = field(d->code, 21, 1);

	d->op->rn = (uint8_t)field(d->code, 16, 4);
	d->op->imm = registers;
	d->op->rd = d->op->cycles = (uint8_t)count;
	d->op->ra = (writeback ? MULTIPLE_WRITEBACK : 0) |
		    (field(d->code, 24, 1) ? MULTIPLE_BEFORE : 0);
	if (d->op->rn == 15 || count < 2 || registers & 1u << 13)
		return false;
	if (writeback && registers >> d->op->rn & 1)
		return false;
	return load ? registers >> 14 != 3 : !(registers >> 15);
}

/* The status of an exclusive store must not be one of its operands. */
static bool status_is_apart(const struct decoder *d)
{
	if (d->op->kind != OP_STREX)
		return true;
	return !is_stack_or_pc(d->op->rm) && d->op->rm != d->op->rn && d->op->rm != d->op->rd;
}

static bool exclusive_word(struct decoder *d)
{
	d->op->rn = (uint8_t)field(d->code, 16, 4);
	d->op->rd = (uint8_t)field(d->code, 12, 4);
	d->op->rm = (uint8_t)field(d->code, 8, 4); /* STREX: status */
	d->op->imm = field(d->code, 0, 8) * 4;
	d->op->ra = 2;
	return d->op->rn != 15 && !is_stack_or_pc(d->op->rd) && status_is_apart(d);
}

static bool exclusive_part(struct decoder *d)
{
	d->op->rn = (uint8_t)field(d->code, 16, 4);
	d->op->rd = (uint8_t)field(d->code, 12, 4);
	d->op->rm = (uint8_t)field(d->code, 0, 4);
	d->op->ra = (uint8_t)field(d->code, 4, 1);
	return d->op->rn != 15 && !is_stack_or_pc(d->op->rd) && status_is_apart(d);
}

static bool table_branch(struct decoder *d)
{
	d->op->rn = (uint8_t)field(d->code, 16, 4);
	d->op->rm = (uint8_t)field(d->code, 0, 4);
	d->op->imm = d->pc + 4;
	return d->op->rn != 13 && !is_stack_or_pc(d->op->rm);
}

/* ---- branches and system ---- */

static bool branch_far(struct decoder *d)
{
	uint32_t s = field(d->code, 26, 1);
	uint32_t i1 = !(field(d->code, 13, 1) ^ s), i2 = !(field(d->code, 11, 1) ^ s);
	uint32_t offset = s << 24 | i1 << 23 | i2 << 22 | field(d->code, 16, 10) << 12 |
			  field(d->code, 0, 11) << 1;

	d->op->imm = d->pc + 4 + sign_extend(offset, 25);
	return true;
}

static bool branch_conditional(struct decoder *d)
{
	unsigned condition = field(d->code, 22, 4);
	uint32_t offset = field(d->code, 26, 1) << 20 | field(d->code, 11, 1) << 19 |
			  field(d->code, 13, 1) << 18 | field(d->code, 16, 6) << 12 |
			  field(d->code, 0, 11) << 1;

	if (condition >= 14 || d->in_it)
		return false;
	d->op->kind = (uint16_t)(OP_BEQ + condition);
	d->op->imm = d->pc + 4 + sign_extend(offset, 21);
	return true;
}

/* 10 and 11 are the stack limits of v8-M. */
static bool is_special_register(const struct decoder *d, unsigned sysm)
{
	if (sysm == 10 || sysm == 11)
		return d->v8m;
	return sysm <= 9 ? sysm != 4 : sysm >= 16 && sysm <= 20;
}

static bool move_to_special(struct decoder *d)
{
	d->op->rn = (uint8_t)field(d->code, 16, 4);
	d->op->imm = field(d->code, 0, 8);
	d->op->ra = (uint8_t)field(d->code, 10, 2);
	return !is_stack_or_pc(d->op->rn) && is_special_register(d, d->op->imm) && d->op->ra;
}

static bool move_from_special(struct decoder *d)
{
	d->op->rd = (uint8_t)field(d->code, 8, 4);
	d->op->imm = field(d->code, 0, 8);
	return !is_stack_or_pc(d->op->rd) && is_special_register(d, d->op->imm);
}

static const struct encoding encodings[] = {
	{0xfff00000, 0xe8400000, OP_STREX, exclusive_word},
	{0xfff00f00, 0xe8500f00, OP_LDREX, exclusive_word},
	{0xfff00ff0, 0xe8c00f40, OP_STREX, exclusive_part},
	{0xfff00ff0, 0xe8c00f50, OP_STREX, exclusive_part},
	{0xfff00fff, 0xe8d00f4f, OP_LDREX, exclusive_part},
	{0xfff00fff, 0xe8d00f5f, OP_LDREX, exclusive_part},
	{0xfff0fff0, 0xe8d0f000, OP_TBB, table_branch},
	{0xfff0fff0, 0xe8d0f010, OP_TBH, table_branch},
	{0xffd00000, 0xe8800000, OP_STM, list},
	{0xffd00000, 0xe8900000, OP_LDM, list},
	{0xffd00000, 0xe9000000, OP_STM, list},
	{0xffd00000, 0xe9100000, OP_LDM, list},
	{0xfe400000, 0xe8400000, OP_LDRD, pair},
	{0xfe1f0000, 0xf81f0000, OP_LDR_LITERAL, literal_load},
	{0xfe800000, 0xf8800000, OP_LDR_I, offset_imm12},
	{0xfe800fc0, 0xf8000000, OP_LDR_X, offset_register},
	{0xfe800f00, 0xf8000c00, OP_LDR_I, offset_imm8},
	{0xfe800f00, 0xf8000e00, OP_LDR_I, offset_imm8},
	{0xfe800900, 0xf8000900, OP_LDR_W, writeback_imm8},
	{0xf800d000, 0xf000d000, OP_BL, branch_far},
	{0xf800d000, 0xf0009000, OP_B, branch_far},
	{0xfff0f300, 0xf3808000, OP_MSR, move_to_special},
	{0xfffff000, 0xf3ef8000, OP_MRS, move_from_special},
	{0xffffffff, 0xf3af8002, OP_WFE, NULL},
	{0xffffffff, 0xf3af8003, OP_WFI, NULL},
	{0xffffffff, 0xf3af8004, OP_SEV, NULL},
	{0xffffff00, 0xf3af8000, OP_NOP, NULL},
	{0xffffffff, 0xf3bf8f2f, OP_CLREX, NULL},
	{0xfffffff0, 0xf3bf8f40, OP_BARRIER, NULL},
	{0xfffffff0, 0xf3bf8f50, OP_BARRIER, NULL},
	{0xfffffff0, 0xf3bf8f60, OP_ISB, NULL},
	{0xf800d000, 0xf0008000, OP_BEQ, branch_conditional},
};

const struct encoding_table armv7em_thumb32_memory = {encodings,
						      sizeof(encodings) / sizeof(encodings[0])};
