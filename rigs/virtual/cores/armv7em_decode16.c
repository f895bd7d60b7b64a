/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M decoder: 16-bit Thumb encodings (ARMv7-M ARM, A5.2).
 */
#include "rigs/virtual/cores/armv7em_decode.h"

/* 16-bit data processing sets the flags outside IT blocks only. */
static void set_flags_outside_it(struct decoder *d)
{
	if (!d->in_it)
		d->op->kind += FORM_SETS_FLAGS;
}

static bool shift_immediate(struct decoder *d)
{
	unsigned type = field(d->code, 11, 2), amount = field(d->code, 6, 5);

	d->op->rd = (uint8_t)field(d->code, 0, 3);
	d->op->rm = (uint8_t)field(d->code, 3, 3);
	d->op->ra = (uint8_t)type;
	d->op->imm = amount || type == SHIFT_LSL ? amount : 32;
	if (type == SHIFT_LSL && !amount)
		d->op->kind = OP_MOV_R;
	set_flags_outside_it(d);
	return true;
}

static bool three_registers(struct decoder *d)
{
	d->op->rd = (uint8_t)field(d->code, 0, 3);
	d->op->rn = (uint8_t)field(d->code, 3, 3);
	d->op->rm = (uint8_t)field(d->code, 6, 3);
	set_flags_outside_it(d);
	return true;
}

static bool two_registers_imm3(struct decoder *d)
{
	d->op->rd = (uint8_t)field(d->code, 0, 3);
	d->op->rn = (uint8_t)field(d->code, 3, 3);
	d->op->imm = field(d->code, 6, 3);
	set_flags_outside_it(d);
	return true;
}

static bool register_imm8(struct decoder *d)
{
	d->op->rd = d->op->rn = (uint8_t)field(d->code, 8, 3);
	d->op->imm = field(d->code, 0, 8);
	d->op->ra = CARRY_KEEP;
	set_flags_outside_it(d);
	return true;
}

static bool compare_imm8(struct decoder *d)
{
	d->op->rn = (uint8_t)field(d->code, 8, 3);
	d->op->imm = field(d->code, 0, 8);
	return true;
}

static bool two_registers(struct decoder *d)
{
	d->op->rd = d->op->rn = (uint8_t)field(d->code, 0, 3);
	d->op->rm = (uint8_t)field(d->code, 3, 3);
	set_flags_outside_it(d);
	return true;
}

static bool compare_registers(struct decoder *d)
{
	d->op->rn = (uint8_t)field(d->code, 0, 3);
	d->op->rm = (uint8_t)field(d->code, 3, 3);
	return true;
}

static bool shift_register(struct decoder *d)
{
	unsigned which = field(d->code, 6, 4); /* 2 LSL, 3 LSR, 4 ASR, 7 ROR */

	d->op->rd = d->op->rn = (uint8_t)field(d->code, 0, 3);
	d->op->rm = (uint8_t)field(d->code, 3, 3);
	d->op->ra = which == 7 ? SHIFT_ROR : (uint8_t)(which - 2);
	if (!d->in_it)
		d->op->kind = OP_SHIFTS;
	return true;
}

static bool negate(struct decoder *d)
{
	d->op->rd = (uint8_t)field(d->code, 0, 3);
	d->op->rn = (uint8_t)field(d->code, 3, 3);
	d->op->imm = 0;
	set_flags_outside_it(d);
	return true;
}

static bool multiply(struct decoder *d)
{
	d->op->rd = d->op->rn = (uint8_t)field(d->code, 0, 3);
	d->op->rm = (uint8_t)field(d->code, 3, 3);
	if (!d->in_it)
		d->op->kind = OP_MULS;
	return true;
}

static unsigned high_rd(uint32_t code)
{
	return field(code, 0, 3) | field(code, 7, 1) << 3;
}

static bool add_high(struct decoder *d)
{
	unsigned rd = high_rd(d->code), rm = field(d->code, 3, 4);

	if (rd == 15 && rm == 15)
		return false;
	d->op->rd = d->op->rn = (uint8_t)rd;
	d->op->rm = (uint8_t)rm;
	d->op->imm = d->pc + 4;
	if (rd == 15) {
		d->op->kind = OP_ADD_PC;
	} else if (rm == 15) {
		d->op->kind = OP_ADD_I;
	}
	return true;
}

static bool compare_high(struct decoder *d)
{
	d->op->rn = (uint8_t)high_rd(d->code);
	d->op->rm = (uint8_t)field(d->code, 3, 4);
	return d->op->rn != 15 && d->op->rm != 15 && (d->op->rn >= 8 || d->op->rm >= 8);
}

static bool move_high(struct decoder *d)
{
	d->op->rd = (uint8_t)high_rd(d->code);
	d->op->rm = (uint8_t)field(d->code, 3, 4);
	if (d->op->rd == 15) {
		d->op->kind = d->op->rm == 15 ? OP_B : OP_MOV_PC;
		d->op->imm = d->pc + 4;
		return true;
	}
	if (d->op->rm == 15) {
		d->op->kind = OP_MOV_I;
		d->op->imm = d->pc + 4;
	}
	return true;
}

static bool branch_exchange(struct decoder *d)
{
	d->op->rm = (uint8_t)field(d->code, 3, 4);
	d->op->imm = (d->pc + 2) | 1;
	return d->op->rm != 15;
}

static bool literal(struct decoder *d)
{
	d->op->rd = (uint8_t)field(d->code, 8, 3);
	d->op->imm = literal_base(d) + field(d->code, 0, 8) * 4;
	return true;
}

static bool load_store_register(struct decoder *d)
{
	d->op->rd = (uint8_t)field(d->code, 0, 3);
	d->op->rn = (uint8_t)field(d->code, 3, 3);
	d->op->rm = (uint8_t)field(d->code, 6, 3);
	return true;
}

static bool load_store_imm5(struct decoder *d, unsigned scale)
{
	d->op->rd = (uint8_t)field(d->code, 0, 3);
	d->op->rn = (uint8_t)field(d->code, 3, 3);
	d->op->imm = field(d->code, 6, 5) << scale;
	return true;
}

static bool word_imm5(struct decoder *d)
{
	return load_store_imm5(d, 2);
}

static bool halfword_imm5(struct decoder *d)
{
	return load_store_imm5(d, 1);
}

static bool byte_imm5(struct decoder *d)
{
	return load_store_imm5(d, 0);
}

static bool stack_imm8(struct decoder *d)
{
	d->op->rd = (uint8_t)field(d->code, 8, 3);
	d->op->rn = 13;
	d->op->imm = field(d->code, 0, 8) * 4;
	return true;
}

static bool adjust_stack(struct decoder *d)
{
	d->op->rd = d->op->rn = 13;
	d->op->imm = field(d->code, 0, 7) * 4;
	return true;
}

static bool compare_branch(struct decoder *d)
{
	d->op->rn = (uint8_t)field(d->code, 0, 3);
	d->op->imm = d->pc + 4 + (field(d->code, 3, 5) << 1 | field(d->code, 9, 1) << 6);
	return !d->in_it;
}

static bool unary(struct decoder *d)
{
	d->op->rd = (uint8_t)field(d->code, 0, 3);
	d->op->rm = (uint8_t)field(d->code, 3, 3);
	return true;
}

static bool list(struct decoder *d, uint32_t registers, unsigned mode)
{
	d->op->imm = registers;
	d->op->ra = (uint8_t)mode;
	d->op->rd = d->op->cycles = (uint8_t)__builtin_popcount(registers);
	return registers != 0;
}

static bool push(struct decoder *d)
{
	d->op->rn = 13;
	return list(d, field(d->code, 0, 8) | field(d->code, 8, 1) << 14,
		    MULTIPLE_WRITEBACK | MULTIPLE_BEFORE);
}

static bool pop(struct decoder *d)
{
	d->op->rn = 13;
	return list(d, field(d->code, 0, 8) | field(d->code, 8, 1) << 15, MULTIPLE_WRITEBACK);
}

static bool store_list(struct decoder *d)
{
	d->op->rn = (uint8_t)field(d->code, 8, 3);
	return list(d, field(d->code, 0, 8), MULTIPLE_WRITEBACK);
}

static bool load_list(struct decoder *d)
{
	uint32_t registers = field(d->code, 0, 8);

	d->op->rn = (uint8_t)field(d->code, 8, 3);
	return list(d, registers, registers >> d->op->rn & 1 ? 0 : MULTIPLE_WRITEBACK);
}

static bool change_state(struct decoder *d)
{
	d->op->imm = d->code & 0x13;
	return !d->in_it && field(d->code, 0, 2);
}

static bool imm8(struct decoder *d)
{
	d->op->imm = field(d->code, 0, 8);
	return true;
}

static bool if_then(struct decoder *d)
{
	unsigned first = field(d->code, 4, 4), mask = field(d->code, 0, 4);

	if (d->in_it || !mask || first == 15)
		return false;
	return first != 14 || !(mask & (mask - 1));
}

static bool branch_conditional(struct decoder *d)
{
	d->op->kind = (uint16_t)(OP_BEQ + field(d->code, 8, 4));
	d->op->imm = d->pc + 4 + sign_extend(field(d->code, 0, 8), 8) * 2;
	return !d->in_it;
}

static bool branch(struct decoder *d)
{
	d->op->imm = d->pc + 4 + sign_extend(field(d->code, 0, 11), 11) * 2;
	return true;
}

static const struct encoding encodings[] = {
	{0xf800, 0x0000, OP_MOV_S, shift_immediate},
	{0xf800, 0x0800, OP_MOV_S, shift_immediate},
	{0xf800, 0x1000, OP_MOV_S, shift_immediate},
	{0xfe00, 0x1800, OP_ADD_R, three_registers},
	{0xfe00, 0x1a00, OP_SUB_R, three_registers},
	{0xfe00, 0x1c00, OP_ADD_I, two_registers_imm3},
	{0xfe00, 0x1e00, OP_SUB_I, two_registers_imm3},
	{0xf800, 0x2000, OP_MOV_I, register_imm8},
	{0xf800, 0x2800, OP_CMP_I, compare_imm8},
	{0xf800, 0x3000, OP_ADD_I, register_imm8},
	{0xf800, 0x3800, OP_SUB_I, register_imm8},
	{0xffc0, 0x4000, OP_AND_R, two_registers},
	{0xffc0, 0x4040, OP_EOR_R, two_registers},
	{0xffc0, 0x4080, OP_SHIFT, shift_register},
	{0xffc0, 0x40c0, OP_SHIFT, shift_register},
	{0xffc0, 0x4100, OP_SHIFT, shift_register},
	{0xffc0, 0x4140, OP_ADC_R, two_registers},
	{0xffc0, 0x4180, OP_SBC_R, two_registers},
	{0xffc0, 0x41c0, OP_SHIFT, shift_register},
	{0xffc0, 0x4200, OP_TST_R, compare_registers},
	{0xffc0, 0x4240, OP_RSB_I, negate},
	{0xffc0, 0x4280, OP_CMP_R, compare_registers},
	{0xffc0, 0x42c0, OP_CMN_R, compare_registers},
	{0xffc0, 0x4300, OP_ORR_R, two_registers},
	{0xffc0, 0x4340, OP_MUL, multiply},
	{0xffc0, 0x4380, OP_BIC_R, two_registers},
	{0xffc0, 0x43c0, OP_MVN_R, two_registers},
	{0xff00, 0x4400, OP_ADD_R, add_high},
	{0xff00, 0x4500, OP_CMP_R, compare_high},
	{0xff00, 0x4600, OP_MOV_R, move_high},
	{0xff87, 0x4700, OP_BX, branch_exchange},
	{0xff87, 0x4780, OP_BLX, branch_exchange},
	{0xf800, 0x4800, OP_LDR_LITERAL, literal},
	{0xfe00, 0x5000, OP_STR_X, load_store_register},
	{0xfe00, 0x5200, OP_STRH_X, load_store_register},
	{0xfe00, 0x5400, OP_STRB_X, load_store_register},
	{0xfe00, 0x5600, OP_LDRSB_X, load_store_register},
	{0xfe00, 0x5800, OP_LDR_X, load_store_register},
	{0xfe00, 0x5a00, OP_LDRH_X, load_store_register},
	{0xfe00, 0x5c00, OP_LDRB_X, load_store_register},
	{0xfe00, 0x5e00, OP_LDRSH_X, load_store_register},
	{0xf800, 0x6000, OP_STR_I, word_imm5},
	{0xf800, 0x6800, OP_LDR_I, word_imm5},
	{0xf800, 0x7000, OP_STRB_I, byte_imm5},
	{0xf800, 0x7800, OP_LDRB_I, byte_imm5},
	{0xf800, 0x8000, OP_STRH_I, halfword_imm5},
	{0xf800, 0x8800, OP_LDRH_I, halfword_imm5},
	{0xf800, 0x9000, OP_STR_I, stack_imm8},
	{0xf800, 0x9800, OP_LDR_I, stack_imm8},
	{0xf800, 0xa000, OP_MOV_I, literal},
	{0xf800, 0xa800, OP_ADD_I, stack_imm8},
	{0xff80, 0xb000, OP_ADD_I, adjust_stack},
	{0xff80, 0xb080, OP_SUB_I, adjust_stack},
	{0xfd00, 0xb100, OP_CBZ, compare_branch},
	{0xfd00, 0xb900, OP_CBNZ, compare_branch},
	{0xffc0, 0xb200, OP_SXTH, unary},
	{0xffc0, 0xb240, OP_SXTB, unary},
	{0xffc0, 0xb280, OP_UXTH, unary},
	{0xffc0, 0xb2c0, OP_UXTB, unary},
	{0xfe00, 0xb400, OP_STM, push},
	{0xffec, 0xb660, OP_CPS, change_state},
	{0xffc0, 0xba00, OP_REV, unary},
	{0xffc0, 0xba40, OP_REV16, unary},
	{0xffc0, 0xbac0, OP_REVSH, unary},
	{0xfe00, 0xbc00, OP_LDM, pop},
	{0xff00, 0xbe00, OP_BKPT, imm8},
	{0xffff, 0xbf20, OP_WFE, NULL},
	{0xffff, 0xbf30, OP_WFI, NULL},
	{0xffff, 0xbf40, OP_SEV, NULL},
	{0xff0f, 0xbf00, OP_NOP, NULL}, /* NOP, YIELD and the hints without a meaning */
	{0xff00, 0xbf00, OP_IT, if_then},
	{0xf800, 0xc000, OP_STM, store_list},
	{0xf800, 0xc800, OP_LDM, load_list},
	{0xff00, 0xdf00, OP_SVC, imm8},
	{0xff00, 0xde00, OP_UNDEFINED, NULL},
	{0xf000, 0xd000, OP_BEQ, branch_conditional},
	{0xf800, 0xe000, OP_B, branch},
};

const struct encoding_table armv7em_thumb16 = {encodings, sizeof(encodings) / sizeof(encodings[0])};
