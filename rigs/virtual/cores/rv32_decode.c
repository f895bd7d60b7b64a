/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RV32 decoder: a table of (mask, value) with the kind and the format of the operands (RISC-V
 * Unprivileged ISA, chapters RV32I, Zicsr, Zifencei, M; Privileged Architecture for MRET and WFI).
 * What does not match is illegal. FENCE ignores its reserved fields, as its chapter demands.
 */
#include <string.h>

#include "rigs/virtual/cores/rv32_core.h"

enum format {
	FORMAT_NONE = 1,
	FORMAT_R,
	FORMAT_I,
	FORMAT_SHIFT,
	FORMAT_S,
	FORMAT_B,
	FORMAT_U,
	FORMAT_U_PC,
	FORMAT_J,
	FORMAT_CSR,
	FORMAT_CSR_IMMEDIATE
};

#define MASK_OPCODE 0x0000007fu
#define MASK_FUNCT3 0x0000707fu
#define MASK_FUNCT7 0xfe00707fu
#define MASK_ALL    0xffffffffu

static const struct {
	uint32_t mask, value;
	uint16_t kind;
	uint8_t format;
} encodings[] = {
	{MASK_OPCODE, 0x00000037, RV32_OP_LI, FORMAT_U},
	{MASK_OPCODE, 0x00000017, RV32_OP_LI, FORMAT_U_PC},
	{MASK_OPCODE, 0x0000006f, RV32_OP_JAL, FORMAT_J},
	{MASK_FUNCT3, 0x00000067, RV32_OP_JALR, FORMAT_I},
	{MASK_FUNCT3, 0x00000063, RV32_OP_BEQ, FORMAT_B},
	{MASK_FUNCT3, 0x00001063, RV32_OP_BNE, FORMAT_B},
	{MASK_FUNCT3, 0x00004063, RV32_OP_BLT, FORMAT_B},
	{MASK_FUNCT3, 0x00005063, RV32_OP_BGE, FORMAT_B},
	{MASK_FUNCT3, 0x00006063, RV32_OP_BLTU, FORMAT_B},
	{MASK_FUNCT3, 0x00007063, RV32_OP_BGEU, FORMAT_B},
	{MASK_FUNCT3, 0x00000003, RV32_OP_LB, FORMAT_I},
	{MASK_FUNCT3, 0x00001003, RV32_OP_LH, FORMAT_I},
	{MASK_FUNCT3, 0x00002003, RV32_OP_LW, FORMAT_I},
	{MASK_FUNCT3, 0x00004003, RV32_OP_LBU, FORMAT_I},
	{MASK_FUNCT3, 0x00005003, RV32_OP_LHU, FORMAT_I},
	{MASK_FUNCT3, 0x00000023, RV32_OP_SB, FORMAT_S},
	{MASK_FUNCT3, 0x00001023, RV32_OP_SH, FORMAT_S},
	{MASK_FUNCT3, 0x00002023, RV32_OP_SW, FORMAT_S},
	{MASK_FUNCT3, 0x00000013, RV32_OP_ADDI, FORMAT_I},
	{MASK_FUNCT3, 0x00002013, RV32_OP_SLTI, FORMAT_I},
	{MASK_FUNCT3, 0x00003013, RV32_OP_SLTIU, FORMAT_I},
	{MASK_FUNCT3, 0x00004013, RV32_OP_XORI, FORMAT_I},
	{MASK_FUNCT3, 0x00006013, RV32_OP_ORI, FORMAT_I},
	{MASK_FUNCT3, 0x00007013, RV32_OP_ANDI, FORMAT_I},
	{MASK_FUNCT7, 0x00001013, RV32_OP_SLLI, FORMAT_SHIFT},
	{MASK_FUNCT7, 0x00005013, RV32_OP_SRLI, FORMAT_SHIFT},
	{MASK_FUNCT7, 0x40005013, RV32_OP_SRAI, FORMAT_SHIFT},
	{MASK_FUNCT7, 0x00000033, RV32_OP_ADD, FORMAT_R},
	{MASK_FUNCT7, 0x40000033, RV32_OP_SUB, FORMAT_R},
	{MASK_FUNCT7, 0x00001033, RV32_OP_SLL, FORMAT_R},
	{MASK_FUNCT7, 0x00002033, RV32_OP_SLT, FORMAT_R},
	{MASK_FUNCT7, 0x00003033, RV32_OP_SLTU, FORMAT_R},
	{MASK_FUNCT7, 0x00004033, RV32_OP_XOR, FORMAT_R},
	{MASK_FUNCT7, 0x00005033, RV32_OP_SRL, FORMAT_R},
	{MASK_FUNCT7, 0x40005033, RV32_OP_SRA, FORMAT_R},
	{MASK_FUNCT7, 0x00006033, RV32_OP_OR, FORMAT_R},
	{MASK_FUNCT7, 0x00007033, RV32_OP_AND, FORMAT_R},
	{MASK_FUNCT7, 0x02000033, RV32_OP_MUL, FORMAT_R},
	{MASK_FUNCT7, 0x02001033, RV32_OP_MULH, FORMAT_R},
	{MASK_FUNCT7, 0x02002033, RV32_OP_MULHSU, FORMAT_R},
	{MASK_FUNCT7, 0x02003033, RV32_OP_MULHU, FORMAT_R},
	{MASK_FUNCT7, 0x02004033, RV32_OP_DIV, FORMAT_R},
	{MASK_FUNCT7, 0x02005033, RV32_OP_DIVU, FORMAT_R},
	{MASK_FUNCT7, 0x02006033, RV32_OP_REM, FORMAT_R},
	{MASK_FUNCT7, 0x02007033, RV32_OP_REMU, FORMAT_R},
	{MASK_FUNCT3, 0x0000000f, RV32_OP_FENCE, FORMAT_NONE},
	{MASK_FUNCT3, 0x0000100f, RV32_OP_FENCE_I, FORMAT_NONE},
	{MASK_FUNCT3, 0x00001073, RV32_OP_CSR, FORMAT_CSR},
	{MASK_FUNCT3, 0x00002073, RV32_OP_CSR, FORMAT_CSR},
	{MASK_FUNCT3, 0x00003073, RV32_OP_CSR, FORMAT_CSR},
	{MASK_FUNCT3, 0x00005073, RV32_OP_CSR, FORMAT_CSR_IMMEDIATE},
	{MASK_FUNCT3, 0x00006073, RV32_OP_CSR, FORMAT_CSR_IMMEDIATE},
	{MASK_FUNCT3, 0x00007073, RV32_OP_CSR, FORMAT_CSR_IMMEDIATE},
	{MASK_ALL, 0x00000073, RV32_OP_ECALL, FORMAT_NONE},
	{MASK_ALL, 0x00100073, RV32_OP_EBREAK, FORMAT_NONE},
	{MASK_ALL, 0x30200073, RV32_OP_MRET, FORMAT_NONE},
	{MASK_ALL, 0x10500073, RV32_OP_WFI, FORMAT_NONE},
};

static const struct {
	uint8_t category, cycles;
} traits[RV32_OP_COUNT] = {
#define X(kind, category, cycles) [RV32_OP_##kind] = {RV32_CATEGORY_##category, cycles},
	RV32_OPS(X)
#undef X
};

static uint32_t bits(uint32_t code, unsigned low, unsigned count)
{
	return code >> low & ((1u << count) - 1);
}

static uint32_t sign_fill(uint32_t code, unsigned from)
{
	return code >> 31 ? ~0u << from : 0;
}

static uint32_t immediate_s(uint32_t code)
{
	return sign_fill(code, 11) | bits(code, 25, 6) << 5 | bits(code, 7, 5);
}

static uint32_t immediate_b(uint32_t code)
{
	return sign_fill(code, 12) | bits(code, 7, 1) << 11 | bits(code, 25, 6) << 5 |
	       bits(code, 8, 4) << 1;
}

static uint32_t immediate_j(uint32_t code)
{
	return sign_fill(code, 20) | bits(code, 12, 8) << 12 | bits(code, 20, 1) << 11 |
	       bits(code, 21, 10) << 1;
}

static void set_operands(struct rv32_op *op, unsigned format, uint32_t code, uint32_t pc)
{
	uint8_t rd = (uint8_t)bits(code, 7, 5), rs1 = (uint8_t)bits(code, 15, 5);
	uint8_t rs2 = (uint8_t)bits(code, 20, 5);

	if (!rd)
		rd = RV32_SINK;
	switch (format) {
	case FORMAT_R:
		op->rd = rd, op->rs1 = rs1, op->rs2 = rs2;
		break;
	case FORMAT_I:
		op->rd = rd, op->rs1 = rs1;
		op->imm = sign_fill(code, 11) | bits(code, 20, 11);
		break;
	case FORMAT_SHIFT:
		op->rd = rd, op->rs1 = rs1, op->imm = rs2;
		break;
	case FORMAT_S:
		op->rs1 = rs1, op->rs2 = rs2, op->imm = immediate_s(code);
		break;
	case FORMAT_B:
		op->rs1 = rs1, op->rs2 = rs2, op->imm = pc + immediate_b(code);
		break;
	case FORMAT_U:
		op->rd = rd, op->imm = code & 0xfffff000u;
		break;
	case FORMAT_U_PC:
		op->rd = rd, op->imm = pc + (code & 0xfffff000u);
		break;
	case FORMAT_J:
		op->rd = rd, op->imm = pc + immediate_j(code);
		break;
	case FORMAT_CSR:
		op->rd = rd, op->rs1 = rs1, op->imm = code;
		break;
	case FORMAT_CSR_IMMEDIATE:
		op->rd = rd, op->imm = code;
		break;
	default:
		break;
	}
}

/* `code` as fetched: 16 bits of a compressed instruction. */
static void decode_code(struct rv32_op *op, uint32_t code, uint32_t pc)
{
	bool compressed = (code & 3) != 3;
	uint32_t expanded = compressed ? rv32_expand((uint16_t)code) : code;

	*op = (struct rv32_op){.kind = RV32_OP_ILLEGAL,
			       .rd = RV32_SINK,
			       .halfwords = compressed ? 1 : 2,
			       .imm = code};
	for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
		if ((expanded & encodings[i].mask) != encodings[i].value)
			continue;
		op->kind = encodings[i].kind;
		set_operands(op, encodings[i].format, expanded, pc);
		break;
	}
	op->cycles = traits[op->kind].cycles;
	op->tally = (uint8_t)(traits[op->kind].category << RV32_TALLY_CATEGORY_SHIFT |
			      (compressed ? RV32_TALLY_COMPRESSED : 0));
}

static uint16_t halfword_at(const struct rv32_region *region, uint32_t offset)
{
	uint16_t halfword;

	memcpy(&halfword, region->memory + offset, 2);
	return halfword;
}

static void decode_fault(struct rv32_op *op, uint32_t address)
{
	*op = (struct rv32_op){
		.kind = RV32_OP_FETCH_FAULT, .rd = RV32_SINK, .halfwords = 1, .imm = address};
}

/* The last half-word of a region starts a 32-bit instruction. */
static void decode_straddling(struct rv32 *core, struct rv32_region *region, struct rv32_op *op)
{
	uint32_t end = region->base + region->bytes;
	const struct rv32_region *next = rv32_memory_region(core, end);

	if (next)
		decode_code(op,
			    halfword_at(region, region->bytes - 2) |
				    (uint32_t)halfword_at(next, end - next->base) << 16,
			    end - 2);
	else
		decode_fault(op, end);
}

static bool decode_inside(const struct rv32_region *region, uint32_t offset, struct rv32_op *op)
{
	uint32_t code;

	if (offset + 2 > region->bytes)
		return false;
	code = halfword_at(region, offset);
	if ((code & 3) == 3) {
		if (offset + 4 > region->bytes)
			return false;
		code |= (uint32_t)halfword_at(region, offset + 2) << 16;
	}
	decode_code(op, code, region->base + offset);
	return true;
}

/* Stalls that the next instruction causes because of this one. */
static void find_hazard(const struct rv32_region *region, uint32_t offset, struct rv32_op *op)
{
	unsigned category = traits[op->kind].category;
	struct rv32_op next;
	bool hazard;

	if (op->rd == RV32_SINK || category == RV32_CATEGORY_JUMP ||
	    !decode_inside(region, offset + 2u * op->halfwords, &next))
		return;
	if (category == RV32_CATEGORY_LOAD)
		hazard = next.rs1 == op->rd || next.rs2 == op->rd;
	else
		hazard = next.kind == RV32_OP_JALR && next.rs1 == op->rd;
	if (!hazard)
		return;
	op->cycles++;
	op->tally |= RV32_TALLY_HAZARD;
}

unsigned rv32_decode(struct rv32 *core, struct rv32_region *region, uint32_t offset)
{
	struct rv32_op *op = &region->ops[offset / 2];
	unsigned kind;

	if (offset >= region->bytes) {
		op->kind = RV32_OP_REGION_END;
		return op->kind;
	}
	if (decode_inside(region, offset, op)) {
		find_hazard(region, offset, op);
		rv32_memory_mark_code(core, region->memory + offset);
		return op->kind;
	}
	decode_straddling(core, region, op);
	kind = op->kind;
	op->kind = RV32_OP_DECODE;
	return kind;
}
