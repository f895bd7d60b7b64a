/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M decoder: FPv4-SP (ARMv7-M ARM, A6). rd, rn and rm number S registers.
 */
#include "rigs/virtual/cores/armv7em_decode.h"
#include "rigs/virtual/cores/armv7em_fp.h"

static unsigned s_register(uint32_t code, unsigned low, unsigned extra)
{
	return field(code, low, 4) << 1 | field(code, extra, 1);
}

/* D register as the number of its first S register; 32 and up do not exist. */
static unsigned d_register(uint32_t code, unsigned low, unsigned extra)
{
	return (field(code, low, 4) | field(code, extra, 1) << 4) * 2;
}

static bool arithmetic(struct decoder *d)
{
	d->op->rd = (uint8_t)s_register(d->code, 12, 22);
	d->op->rn = (uint8_t)s_register(d->code, 16, 7);
	d->op->rm = (uint8_t)s_register(d->code, 0, 5);
	d->op->imm = field(d->code, 7, 1);
	return true;
}

static bool immediate(struct decoder *d)
{
	uint32_t imm8 = field(d->code, 16, 4) << 4 | field(d->code, 0, 4);

	d->op->rd = (uint8_t)s_register(d->code, 12, 22);
	d->op->imm =
		(imm8 >> 7) << 31 | (imm8 & 0x40 ? 0x3e000000u : 0x40000000u) | (imm8 & 0x3f) << 19;
	return true;
}

/* imm: 1 signed, ra: rounding. */
static bool to_integer(struct decoder *d)
{
	arithmetic(d);
	d->op->imm = field(d->code, 16, 1);
	d->op->ra = field(d->code, 7, 1) ? FP_ROUND_ZERO : FP_ROUND_MODE;
	return true;
}

/* imm: fraction bits, ra: bit 0 unsigned, bit 1 32 bits wide. */
static bool fixed_point(struct decoder *d)
{
	unsigned wide = field(d->code, 7, 1), size = wide ? 32 : 16;
	unsigned complement = field(d->code, 0, 4) << 1 | field(d->code, 5, 1);

	d->op->rd = (uint8_t)s_register(d->code, 12, 22);
	d->op->kind = field(d->code, 18, 1) ? OP_VCVT_F32_TO_FIXED : OP_VCVT_FIXED_TO_F32;
	d->op->imm = size - complement;
	d->op->ra = (uint8_t)(field(d->code, 16, 1) | wide << 1);
	return complement <= size;
}

static bool core_and_single(struct decoder *d)
{
	d->op->rd = (uint8_t)field(d->code, 12, 4);
	d->op->ra = (uint8_t)s_register(d->code, 16, 7);
	return !is_stack_or_pc(d->op->rd);
}

static bool core_and_half_double(struct decoder *d)
{
	unsigned first = d_register(d->code, 16, 7);

	d->op->rd = (uint8_t)field(d->code, 12, 4);
	d->op->ra = (uint8_t)(first + field(d->code, 21, 1));
	return first < 32 && !is_stack_or_pc(d->op->rd);
}

static bool core_and_pair(struct decoder *d)
{
	bool is_double = field(d->code, 8, 1);
	unsigned first = is_double ? d_register(d->code, 0, 5) : s_register(d->code, 0, 5);

	d->op->rd = (uint8_t)field(d->code, 12, 4);
	d->op->rn = (uint8_t)field(d->code, 16, 4);
	d->op->ra = (uint8_t)first;
	d->op->kind = field(d->code, 20, 1) ? OP_VMOV_FROM_SS : OP_VMOV_TO_SS;
	if (d->op->kind == OP_VMOV_FROM_SS && d->op->rd == d->op->rn)
		return false;
	return first < 31 && !is_stack_or_pc(d->op->rd) && !is_stack_or_pc(d->op->rn);
}

static bool system_register(struct decoder *d)
{
	d->op->rd = (uint8_t)field(d->code, 12, 4);
	return d->op->rd != 13 && !(d->op->kind == OP_VMSR && d->op->rd == 15);
}

/* rd: first register, rm: count, imm: bytes. */
static bool register_run(struct decoder *d, unsigned words)
{
	bool is_double = field(d->code, 8, 1);
	unsigned first = is_double ? d_register(d->code, 12, 22) : s_register(d->code, 12, 22);

	d->op->rn = (uint8_t)field(d->code, 16, 4);
	d->op->rd = (uint8_t)first;
	d->op->rm = (uint8_t)words;
	return words && first + words <= 32;
}

static bool load_store(struct decoder *d)
{
	uint32_t offset = field(d->code, 0, 8) * 4;
	bool load = field(d->code, 20, 1);

	d->op->imm = field(d->code, 23, 1) ? offset : 0u - offset;
	if (!register_run(d, field(d->code, 8, 1) ? 2 : 1))
		return false;
	if (d->op->rn == 15) {
		d->op->imm += literal_base(d);
		d->op->ra = ACCESS_LITERAL;
	}
	d->op->cycles = d->op->rm; /* 1 + N */
	return load || d->op->rn != 15;
}

static bool load_store_multiple(struct decoder *d)
{
	unsigned words = field(d->code, 0, 8);
	bool writeback = field(d->code, 21, 1);

	if (!register_run(d, words) || d->op->rn == 15 || (field(d->code, 8, 1) && words & 1))
		return false;
	d->op->imm = words * 4;
	d->op->cycles = (uint8_t)words;
	d->op->ra = (writeback ? MULTIPLE_WRITEBACK : 0) |
		    (field(d->code, 24, 1) ? MULTIPLE_BEFORE : 0);
	return true;
}

static const struct encoding encodings[] = {
	{0xffe00ed0, 0xec400a10, OP_VMOV_TO_SS, core_and_pair},
	{0xff300e00, 0xed000a00, OP_VSTR, load_store},
	{0xff300e00, 0xed100a00, OP_VLDR, load_store},
	{0xff900e00, 0xec800a00, OP_VSTM, load_store_multiple},
	{0xff900e00, 0xec900a00, OP_VLDM, load_store_multiple},
	{0xffb00e00, 0xed200a00, OP_VSTM, load_store_multiple},
	{0xffb00e00, 0xed300a00, OP_VLDM, load_store_multiple},
	{0xffb00f50, 0xee000a00, OP_VMLA, arithmetic},
	{0xffb00f50, 0xee000a40, OP_VMLS, arithmetic},
	{0xffb00f50, 0xee100a00, OP_VNMLS, arithmetic},
	{0xffb00f50, 0xee100a40, OP_VNMLA, arithmetic},
	{0xffb00f50, 0xee200a00, OP_VMUL, arithmetic},
	{0xffb00f50, 0xee200a40, OP_VNMUL, arithmetic},
	{0xffb00f50, 0xee300a00, OP_VADD, arithmetic},
	{0xffb00f50, 0xee300a40, OP_VSUB, arithmetic},
	{0xffb00f50, 0xee800a00, OP_VDIV, arithmetic},
	{0xffb00f50, 0xee900a00, OP_VFNMS, arithmetic},
	{0xffb00f50, 0xee900a40, OP_VFNMA, arithmetic},
	{0xffb00f50, 0xeea00a00, OP_VFMA, arithmetic},
	{0xffb00f50, 0xeea00a40, OP_VFMS, arithmetic},
	{0xffb00ff0, 0xeeb00a00, OP_VMOV_I, immediate},
	{0xffbf0fd0, 0xeeb00a40, OP_VMOV, arithmetic},
	{0xffbf0fd0, 0xeeb00ac0, OP_VABS, arithmetic},
	{0xffbf0fd0, 0xeeb10a40, OP_VNEG, arithmetic},
	{0xffbf0fd0, 0xeeb10ac0, OP_VSQRT, arithmetic},
	{0xffbf0f50, 0xeeb20a40, OP_VCVT_F16_TO_F32, arithmetic},
	{0xffbf0f50, 0xeeb30a40, OP_VCVT_F32_TO_F16, arithmetic},
	{0xffbf0f50, 0xeeb40a40, OP_VCMP, arithmetic},
	{0xffbf0f7f, 0xeeb50a40, OP_VCMP_ZERO, arithmetic},
	{0xffbf0f50, 0xeeb80a40, OP_VCVT_INT_TO_F32, arithmetic},
	{0xffbe0f50, 0xeebc0a40, OP_VCVT_F32_TO_INT, to_integer},
	{0xffba0f50, 0xeeba0a40, OP_VCVT_F32_TO_FIXED, fixed_point},
	{0xfff00f7f, 0xee000a10, OP_VMOV_TO_S, core_and_single},
	{0xfff00f7f, 0xee100a10, OP_VMOV_FROM_S, core_and_single},
	{0xffd00f7f, 0xee000b10, OP_VMOV_TO_S, core_and_half_double},
	{0xffd00f7f, 0xee100b10, OP_VMOV_FROM_S, core_and_half_double},
	{0xffff0fff, 0xeef10a10, OP_VMRS, system_register},
	{0xffff0fff, 0xeee10a10, OP_VMSR, system_register},
};

const struct encoding_table armv7em_fpv4 = {encodings, sizeof(encodings) / sizeof(encodings[0])};
