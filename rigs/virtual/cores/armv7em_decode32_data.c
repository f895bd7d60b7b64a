/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M decoder: 32-bit data processing, multiply, divide and DSP (ARMv7-M ARM, A5.3).
 * SP as an operand is accepted where the manual says "unpredictable": compilers' prologues come
 * near it; PC is not.
 */
#include "rigs/virtual/cores/armv7em_decode.h"

static uint32_t rotate_right(uint32_t value, unsigned amount)
{
	return value >> amount | value << (32 - amount);
}

static bool registers_dnm(struct decoder *d)
{
	d->op->rn = (uint8_t)field(d->code, 16, 4);
	d->op->rd = (uint8_t)field(d->code, 8, 4);
	d->op->rm = (uint8_t)field(d->code, 0, 4);
	return d->op->rn != 15 && d->op->rd != 15 && d->op->rm != 15;
}

/* Rn repeats Rm in REV, RBIT and CLZ. */
static bool registers_dm(struct decoder *d)
{
	return registers_dnm(d) && d->op->rn == d->op->rm;
}

static bool registers_dnma(struct decoder *d)
{
	d->op->ra = (uint8_t)field(d->code, 12, 4);
	d->op->imm = field(d->code, 4, 2);
	return registers_dnm(d) && d->op->ra != 15;
}

static bool registers_dnm_variant(struct decoder *d)
{
	d->op->ra = 15;
	d->op->imm = field(d->code, 4, 2);
	return registers_dnm(d);
}

/* 64-bit results: rd is RdLo, ra is RdHi. */
static bool registers_long(struct decoder *d)
{
	d->op->rn = (uint8_t)field(d->code, 16, 4);
	d->op->rd = (uint8_t)field(d->code, 12, 4);
	d->op->ra = (uint8_t)field(d->code, 8, 4);
	d->op->rm = (uint8_t)field(d->code, 0, 4);
	d->op->imm = field(d->code, 4, 2);
	return d->op->rn != 15 && d->op->rd != 15 && d->op->ra != 15 && d->op->rm != 15 &&
	       d->op->rd != d->op->ra;
}

/* kind of the data processing opcode in bits 24..21, without form; OP_COUNT where there is none. */
static unsigned base_kind(const struct decoder *d, bool *ret_compares)
{
	static const uint16_t kinds[16] = {
		OP_AND_I, OP_BIC_I, OP_ORR_I, OP_ORN_I, OP_EOR_I, OP_COUNT, OP_COUNT, OP_COUNT,
		OP_ADD_I, OP_COUNT, OP_ADC_I, OP_SBC_I, OP_COUNT, OP_SUB_I, OP_RSB_I, OP_COUNT};
	static const uint16_t compares[16] = {
		[0] = OP_TST_I, [4] = OP_TEQ_I, [8] = OP_CMN_I, [13] = OP_CMP_I};
	unsigned opcode = field(d->code, 21, 4);
	bool sets_flags = field(d->code, 20, 1);

	*ret_compares = sets_flags && d->op->rd == 15 && compares[opcode];
	if (*ret_compares)
		return compares[opcode];
	if (d->op->rn == 15 && (opcode == 2 || opcode == 3))
		return opcode == 2 ? OP_MOV_I : OP_MVN_I;
	return kinds[opcode];
}

static bool data_processing(struct decoder *d, unsigned form)
{
	bool sets_flags = field(d->code, 20, 1), compares, moves;
	unsigned kind;

	d->op->rn = (uint8_t)field(d->code, 16, 4);
	d->op->rd = (uint8_t)field(d->code, 8, 4);
	kind = base_kind(d, &compares);
	if (kind == OP_COUNT)
		return false;
	moves = kind == OP_MOV_I || kind == OP_MVN_I;
	if ((d->op->rd == 15 && !compares) || (d->op->rn == 15 && !moves))
		return false;
	d->op->kind = (uint16_t)(kind + form + (sets_flags && !compares ? FORM_SETS_FLAGS : 0));
	return true;
}

/* ThumbExpandImm_C */
static uint32_t expand_immediate(uint32_t imm12, uint8_t *ret_carry)
{
	uint32_t byte = imm12 & 0xff, value;

	*ret_carry = CARRY_KEEP;
	switch (imm12 >> 8) {
	case 0:
		return byte;
	case 1:
		return byte | byte << 16;
	case 2:
		return byte << 8 | byte << 24;
	case 3:
		return byte * 0x01010101u;
	default:
		value = rotate_right(0x80 | (imm12 & 0x7f), imm12 >> 7);
		*ret_carry = value >> 31 ? CARRY_SET : CARRY_CLEAR;
		return value;
	}
}

static uint32_t imm12_of(uint32_t code)
{
	return field(code, 26, 1) << 11 | field(code, 12, 3) << 8 | field(code, 0, 8);
}

static bool modified_immediate(struct decoder *d)
{
	uint32_t imm12 = imm12_of(d->code);

	if (imm12 >> 10 == 0 && imm12 >> 8 && !(imm12 & 0xff))
		return false; /* a repeated zero byte */
	d->op->imm = expand_immediate(imm12, &d->op->ra);
	return data_processing(d, FORM_IMMEDIATE);
}

static unsigned imm5_of(uint32_t code)
{
	return field(code, 12, 3) << 2 | field(code, 6, 2);
}

static bool shifted_register(struct decoder *d)
{
	unsigned type = field(d->code, 4, 2), amount = imm5_of(d->code);

	d->op->rm = (uint8_t)field(d->code, 0, 4);
	if (d->op->rm == 15)
		return false;
	if (type == SHIFT_LSL && !amount)
		return data_processing(d, FORM_REGISTER);
	if (type == SHIFT_ROR && !amount) {
		type = SHIFT_RRX;
		amount = 1;
	}
	d->op->ra = (uint8_t)type;
	d->op->imm = amount ? amount : 32;
	return data_processing(d, FORM_SHIFTED);
}

static bool pack(struct decoder *d)
{
	bool top_first = field(d->code, 5, 1);
	unsigned amount = imm5_of(d->code);

	d->op->kind = top_first ? OP_PKHTB : OP_PKHBT;
	d->op->imm = top_first && !amount ? 32 : amount;
	return registers_dnm(d);
}

static bool plain_imm12(struct decoder *d)
{
	d->op->rn = (uint8_t)field(d->code, 16, 4);
	d->op->rd = (uint8_t)field(d->code, 8, 4);
	d->op->imm = imm12_of(d->code);
	if (d->op->rn == 15) { /* ADR */
		d->op->imm = d->op->kind == OP_ADD_I ? literal_base(d) + d->op->imm
						     : literal_base(d) - d->op->imm;
		d->op->kind = OP_MOV_I;
	}
	return d->op->rd != 15;
}

static bool imm16(struct decoder *d)
{
	d->op->rd = (uint8_t)field(d->code, 8, 4);
	d->op->imm = field(d->code, 16, 4) << 12 | imm12_of(d->code);
	return !is_stack_or_pc(d->op->rd);
}

/* imm: bits, ra: shift amount, rm: 1 shifts right (arithmetically). */
static bool saturate(struct decoder *d)
{
	bool is_signed = d->op->kind == OP_SSAT || d->op->kind == OP_SSAT16;

	d->op->rn = (uint8_t)field(d->code, 16, 4);
	d->op->rd = (uint8_t)field(d->code, 8, 4);
	d->op->imm = field(d->code, 0, 5) + is_signed;
	d->op->ra = (uint8_t)imm5_of(d->code);
	d->op->rm = (uint8_t)field(d->code, 21, 1);
	return d->op->rn != 15 && d->op->rd != 15;
}

static bool saturate_shifted(struct decoder *d)
{
	/* ASR #0 is SSAT16 or undefined */
	return saturate(d) && !(d->op->rm && !d->op->ra);
}

/* ra: least significant bit, imm: width. */
static bool bit_field(struct decoder *d)
{
	d->op->rn = (uint8_t)field(d->code, 16, 4);
	d->op->rd = (uint8_t)field(d->code, 8, 4);
	d->op->ra = (uint8_t)imm5_of(d->code);
	d->op->imm = field(d->code, 0, 5) + 1;
	return d->op->rn != 15 && d->op->rd != 15 && d->op->ra + d->op->imm <= 32;
}

static bool bit_field_insert(struct decoder *d)
{
	unsigned low = imm5_of(d->code), high = field(d->code, 0, 5);

	d->op->rn = (uint8_t)field(d->code, 16, 4);
	d->op->rd = (uint8_t)field(d->code, 8, 4);
	d->op->ra = (uint8_t)low;
	d->op->imm = high - low + 1;
	if (d->op->rn == 15)
		d->op->kind = OP_BFC;
	return high >= low && d->op->rd != 15;
}

static bool shift_by_register(struct decoder *d)
{
	d->op->ra = (uint8_t)field(d->code, 21, 2);
	d->op->kind = field(d->code, 20, 1) ? OP_SHIFTS : OP_SHIFT;
	return registers_dnm(d);
}

/* op 0 SXTH, 1 UXTH, 2 SXTB16, 3 UXTB16, 4 SXTB, 5 UXTB; imm: rotation, ra: op. */
static bool extend(struct decoder *d)
{
	static const uint16_t plain[] = {OP_SXTH, OP_UXTH, OP_XT16, OP_XT16, OP_SXTB, OP_UXTB};
	unsigned op = field(d->code, 20, 3);

	d->op->rn = (uint8_t)field(d->code, 16, 4);
	d->op->rd = (uint8_t)field(d->code, 8, 4);
	d->op->rm = (uint8_t)field(d->code, 0, 4);
	d->op->imm = field(d->code, 4, 2) * 8;
	d->op->ra = (uint8_t)op;
	if (op > 5 || d->op->rd == 15 || d->op->rm == 15)
		return false;
	if (d->op->rn == 15)
		d->op->kind = plain[op];
	else
		d->op->kind = op == 2 || op == 3 ? OP_XTA16 : OP_XTA;
	return true;
}

/* ra: 0 ADD8, 1 ADD16, 2 ASX, 4 SUB8, 5 SUB16, 6 SAX; imm: 0 S, 1 Q, 2 SH, 4 U, 5 UQ, 6 UH. */
static bool parallel(struct decoder *d)
{
	d->op->ra = (uint8_t)field(d->code, 20, 3);
	d->op->imm = field(d->code, 4, 3);
	return registers_dnm(d) && (d->op->ra & 3) != 3 && (d->op->imm & 3) != 3;
}

static const struct encoding encodings[] = {
	{0xfff08010, 0xeac00000, OP_PKHBT, pack},
	{0xfe008000, 0xea000000, OP_AND_I, shifted_register},
	{0xfbf08000, 0xf2000000, OP_ADD_I, plain_imm12},
	{0xfbf08000, 0xf2a00000, OP_SUB_I, plain_imm12},
	{0xfbf08000, 0xf2400000, OP_MOV_I, imm16},
	{0xfbf08000, 0xf2c00000, OP_MOVT, imm16},
	{0xfff0f0f0, 0xf3200000, OP_SSAT16, saturate},
	{0xfff0f0f0, 0xf3a00000, OP_USAT16, saturate},
	{0xffd08020, 0xf3000000, OP_SSAT, saturate_shifted},
	{0xffd08020, 0xf3800000, OP_USAT, saturate_shifted},
	{0xfff08020, 0xf3400000, OP_SBFX, bit_field},
	{0xfff08020, 0xf3c00000, OP_UBFX, bit_field},
	{0xfff08020, 0xf3600000, OP_BFI, bit_field_insert},
	{0xfa008000, 0xf0000000, OP_AND_I, modified_immediate},
	{0xff80f0f0, 0xfa00f000, OP_SHIFT, shift_by_register},
	{0xff80f0c0, 0xfa00f080, OP_XTA, extend},
	{0xfff0f0f0, 0xfa80f080, OP_QADD, registers_dnm},
	{0xfff0f0f0, 0xfa80f090, OP_QDADD, registers_dnm},
	{0xfff0f0f0, 0xfa80f0a0, OP_QSUB, registers_dnm},
	{0xfff0f0f0, 0xfa80f0b0, OP_QDSUB, registers_dnm},
	{0xfff0f0f0, 0xfa90f080, OP_REV, registers_dm},
	{0xfff0f0f0, 0xfa90f090, OP_REV16, registers_dm},
	{0xfff0f0f0, 0xfa90f0a0, OP_RBIT, registers_dm},
	{0xfff0f0f0, 0xfa90f0b0, OP_REVSH, registers_dm},
	{0xfff0f0f0, 0xfaa0f080, OP_SEL, registers_dnm},
	{0xfff0f0f0, 0xfab0f080, OP_CLZ, registers_dm},
	{0xff80f080, 0xfa80f000, OP_PARALLEL, parallel},
	{0xfff0f0f0, 0xfb00f000, OP_MUL, registers_dnm},
	{0xfff000f0, 0xfb000000, OP_MLA, registers_dnma},
	{0xfff000f0, 0xfb000010, OP_MLS, registers_dnma},
	{0xfff0f0c0, 0xfb10f000, OP_SMULXY, registers_dnm_variant},
	{0xfff000c0, 0xfb100000, OP_SMLAXY, registers_dnma},
	{0xfff0f0e0, 0xfb20f000, OP_SMUAD, registers_dnm_variant},
	{0xfff000e0, 0xfb200000, OP_SMLAD, registers_dnma},
	{0xfff0f0e0, 0xfb30f000, OP_SMULW, registers_dnm_variant},
	{0xfff000e0, 0xfb300000, OP_SMLAW, registers_dnma},
	{0xfff0f0e0, 0xfb40f000, OP_SMUSD, registers_dnm_variant},
	{0xfff000e0, 0xfb400000, OP_SMLSD, registers_dnma},
	{0xfff0f0e0, 0xfb50f000, OP_SMMUL, registers_dnm_variant},
	{0xfff000e0, 0xfb500000, OP_SMMLA, registers_dnma},
	{0xfff000e0, 0xfb600000, OP_SMMLS, registers_dnma},
	{0xfff0f0f0, 0xfb70f000, OP_USADA8, registers_dnm_variant},
	{0xfff000f0, 0xfb700000, OP_USADA8, registers_dnma},
	{0xfff000f0, 0xfb800000, OP_SMULL, registers_long},
	{0xfff0f0f0, 0xfb90f0f0, OP_SDIV, registers_dnm},
	{0xfff000f0, 0xfba00000, OP_UMULL, registers_long},
	{0xfff0f0f0, 0xfbb0f0f0, OP_UDIV, registers_dnm},
	{0xfff000f0, 0xfbc00000, OP_SMLAL, registers_long},
	{0xfff000c0, 0xfbc00080, OP_SMLALXY, registers_long},
	{0xfff000e0, 0xfbc000c0, OP_SMLALD, registers_long},
	{0xfff000e0, 0xfbd000c0, OP_SMLSLD, registers_long},
	{0xfff000f0, 0xfbe00000, OP_UMLAL, registers_long},
	{0xfff000f0, 0xfbe00060, OP_UMAAL, registers_long},
};

const struct encoding_table armv7em_thumb32_data = {encodings,
						    sizeof(encodings) / sizeof(encodings[0])};
