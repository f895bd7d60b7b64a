/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RV32 decoder: compressed instructions as the 32-bit instructions they stand for (RISC-V
 * Unprivileged ISA, chapter "C" standard extension, RV32C instruction listing). Without F and D
 * the floating-point loads and stores are illegal. HINTs expand to instructions without effect.
 */
#include "rigs/virtual/cores/rv32_core.h"

enum { OPCODE_LOAD = 0x03, OPCODE_OP_IMM = 0x13, OPCODE_STORE = 0x23, OPCODE_OP = 0x33 };
enum { OPCODE_LUI = 0x37, OPCODE_BRANCH = 0x63, OPCODE_JALR = 0x67, OPCODE_JAL = 0x6f };
enum { SP = 2, RA = 1, WORD = 2 };

static uint32_t bits(uint32_t code, unsigned low, unsigned count)
{
	return code >> low & ((1u << count) - 1);
}

/* `count` bits of the code from `low` on, moved to `to`. */
static uint32_t move(uint32_t code, unsigned low, unsigned count, unsigned to)
{
	return bits(code, low, count) << to;
}

static uint32_t rd_full(uint32_t code)
{
	return bits(code, 7, 5);
}

static uint32_t rs2_full(uint32_t code)
{
	return bits(code, 2, 5);
}

static uint32_t upper_short(uint32_t code) /* rs1' or rd' in bits 9:7 */
{
	return 8 + bits(code, 7, 3);
}

static uint32_t lower_short(uint32_t code) /* rs2' or rd' in bits 4:2 */
{
	return 8 + bits(code, 2, 3);
}

static uint32_t immediate6(uint32_t code) /* 12 and 6:2, sign-extended */
{
	return (move(code, 2, 5, 0) | move(code, 12, 1, 5)) ^ (bits(code, 12, 1) ? ~0x3fu : 0);
}

static uint32_t i_type(uint32_t imm, uint32_t rs1, uint32_t funct3, uint32_t rd, uint32_t opcode)
{
	return imm << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode;
}

static uint32_t s_type(uint32_t imm, uint32_t rs2, uint32_t rs1, uint32_t funct3)
{
	return bits(imm, 5, 7) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | bits(imm, 0, 5) << 7 |
	       OPCODE_STORE;
}

static uint32_t r_type(uint32_t funct7, uint32_t rs2, uint32_t rs1, uint32_t funct3, uint32_t rd)
{
	return funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | OPCODE_OP;
}

static uint32_t c_addi4spn(uint32_t code)
{
	uint32_t imm = move(code, 5, 1, 3) | move(code, 6, 1, 2) | move(code, 7, 4, 6) |
		       move(code, 11, 2, 4);

	return imm ? i_type(imm, SP, 0, lower_short(code), OPCODE_OP_IMM) : 0;
}

static uint32_t word_offset(uint32_t code)
{
	return move(code, 6, 1, 2) | move(code, 10, 3, 3) | move(code, 5, 1, 6);
}

static uint32_t c_lw(uint32_t code)
{
	return i_type(word_offset(code), upper_short(code), WORD, lower_short(code), OPCODE_LOAD);
}

static uint32_t c_sw(uint32_t code)
{
	return s_type(word_offset(code), lower_short(code), upper_short(code), WORD);
}

static uint32_t c_addi(uint32_t code)
{
	return i_type(immediate6(code), rd_full(code), 0, rd_full(code), OPCODE_OP_IMM);
}

static uint32_t jump(uint32_t code, uint32_t rd)
{
	uint32_t imm = move(code, 3, 3, 1) | move(code, 11, 1, 4) | move(code, 2, 1, 5) |
		       move(code, 7, 1, 6) | move(code, 6, 1, 7) | move(code, 9, 2, 8) |
		       move(code, 8, 1, 10);
	uint32_t sign = bits(code, 12, 1);

	if (sign)
		imm |= ~0x7ffu;
	return sign << 31 | bits(imm, 1, 10) << 21 | bits(imm, 11, 1) << 20 |
	       bits(imm, 12, 8) << 12 | rd << 7 | OPCODE_JAL;
}

static uint32_t c_jal(uint32_t code)
{
	return jump(code, RA);
}

static uint32_t c_j(uint32_t code)
{
	return jump(code, 0);
}

static uint32_t c_li(uint32_t code)
{
	return i_type(immediate6(code), 0, 0, rd_full(code), OPCODE_OP_IMM);
}

static uint32_t c_addi16sp(uint32_t code)
{
	uint32_t imm = move(code, 6, 1, 4) | move(code, 2, 1, 5) | move(code, 5, 1, 6) |
		       move(code, 3, 2, 7);

	if (bits(code, 12, 1))
		imm |= ~0x1ffu;
	return imm ? i_type(imm, SP, 0, SP, OPCODE_OP_IMM) : 0;
}

static uint32_t c_lui(uint32_t code)
{
	uint32_t imm = immediate6(code);

	if (rd_full(code) == SP)
		return c_addi16sp(code);
	return imm ? imm << 12 | rd_full(code) << 7 | OPCODE_LUI : 0;
}

static uint32_t shift(uint32_t code, uint32_t funct7, uint32_t funct3, uint32_t reg)
{
	if (bits(code, 12, 1))
		return 0; /* shift amounts from 32 on are not for RV32 */
	return i_type(funct7 << 5 | bits(code, 2, 5), reg, funct3, reg, OPCODE_OP_IMM);
}

static uint32_t c_srli(uint32_t code)
{
	return shift(code, 0, 5, upper_short(code));
}

static uint32_t c_srai(uint32_t code)
{
	return shift(code, 0x20, 5, upper_short(code));
}

static uint32_t c_andi(uint32_t code)
{
	return i_type(immediate6(code), upper_short(code), 7, upper_short(code), OPCODE_OP_IMM);
}

static uint32_t c_arith(uint32_t code)
{
	static const struct {
		uint32_t funct7, funct3;
	} operation[4] = {{0x20, 0}, {0, 4}, {0, 6}, {0, 7}}; /* sub, xor, or, and */
	unsigned which = bits(code, 5, 2);

	if (bits(code, 12, 1))
		return 0; /* c.subw, c.addw and two reserved ones */
	return r_type(operation[which].funct7, lower_short(code), upper_short(code),
		      operation[which].funct3, upper_short(code));
}

static uint32_t branch(uint32_t code, uint32_t funct3)
{
	uint32_t imm = move(code, 3, 2, 1) | move(code, 10, 2, 3) | move(code, 2, 1, 5) |
		       move(code, 5, 2, 6);

	if (bits(code, 12, 1))
		imm |= ~0xffu;
	return bits(imm, 12, 1) << 31 | bits(imm, 5, 6) << 25 | upper_short(code) << 15 |
	       funct3 << 12 | bits(imm, 1, 4) << 8 | bits(imm, 11, 1) << 7 | OPCODE_BRANCH;
}

static uint32_t c_beqz(uint32_t code)
{
	return branch(code, 0);
}

static uint32_t c_bnez(uint32_t code)
{
	return branch(code, 1);
}

static uint32_t c_slli(uint32_t code)
{
	return shift(code, 0, 1, rd_full(code));
}

static uint32_t c_lwsp(uint32_t code)
{
	uint32_t imm = move(code, 4, 3, 2) | move(code, 12, 1, 5) | move(code, 2, 2, 6);

	return rd_full(code) ? i_type(imm, SP, WORD, rd_full(code), OPCODE_LOAD) : 0;
}

static uint32_t c_swsp(uint32_t code)
{
	return s_type(move(code, 9, 4, 2) | move(code, 7, 2, 6), rs2_full(code), SP, WORD);
}

static uint32_t c_jr_mv(uint32_t code)
{
	if (rs2_full(code))
		return r_type(0, rs2_full(code), 0, 0, rd_full(code));
	return rd_full(code) ? i_type(0, rd_full(code), 0, 0, OPCODE_JALR) : 0;
}

static uint32_t c_jalr_add(uint32_t code)
{
	if (rs2_full(code))
		return r_type(0, rs2_full(code), rd_full(code), 0, rd_full(code));
	if (rd_full(code))
		return i_type(0, rd_full(code), 0, RA, OPCODE_JALR);
	return 0x00100073; /* c.ebreak */
}

static const struct {
	uint16_t mask, value;
	uint32_t (*expand)(uint32_t code);
} compressed[] = {
	{0xe003, 0x0000, c_addi4spn}, {0xe003, 0x4000, c_lw},    {0xe003, 0xc000, c_sw},
	{0xe003, 0x0001, c_addi},     {0xe003, 0x2001, c_jal},   {0xe003, 0x4001, c_li},
	{0xe003, 0x6001, c_lui},      {0xec03, 0x8001, c_srli},  {0xec03, 0x8401, c_srai},
	{0xec03, 0x8801, c_andi},     {0xec03, 0x8c01, c_arith}, {0xe003, 0xa001, c_j},
	{0xe003, 0xc001, c_beqz},     {0xe003, 0xe001, c_bnez},  {0xe003, 0x0002, c_slli},
	{0xe003, 0x4002, c_lwsp},     {0xf003, 0x8002, c_jr_mv}, {0xf003, 0x9002, c_jalr_add},
	{0xe003, 0xc002, c_swsp},
};

uint32_t rv32_expand(uint16_t code)
{
	for (size_t i = 0; i < sizeof(compressed) / sizeof(compressed[0]); i++)
		if ((code & compressed[i].mask) == compressed[i].value)
			return compressed[i].expand(code);
	return 0;
}
