/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Random RV32IMC programs for rv32_sequences.c, in the frame of random_programs.h: straight code,
 * compressed and not, multiplication and division, forward branches of both lengths, loops that
 * end, jumps through registers, loads and stores of any alignment.
 *
 *   x2 x8 x9 x18 x19  word addresses in RAM; moved by multiples of 16
 *   x20               counts loops down: a signed comparison ends all of them
 *   x21               the address whose store ends the program
 *   x0                is written, too
 *   the others        anything
 *
 * Encodings: RISC-V unprivileged ISA 20191213, chapters 2, 7, 16 and 24.
 */
#include "tests/oracle/random_programs.h"

#define below       program_below
#define emit16      program_emit16
#define patch_later program_patch_later
#define unit_ahead  program_unit_ahead

#define POINTERS 0x000c0304u
#define COUNTER  20u
#define FINISH   21u
#define C_NOP    0x0001u

enum { PATCH_B = 1, PATCH_J, PATCH_CB, PATCH_CJ, PATCH_PAIR };

static void emit32(struct program *program, uint32_t code)
{
	emit16(program, code);
	emit16(program, code >> 16);
}

static bool is_free(uint32_t reg)
{
	return !((POINTERS | 1u << COUNTER | 1u << FINISH) >> reg & 1);
}

static uint32_t free_register(struct program *program)
{
	uint32_t reg;

	do
		reg = below(program, 32);
	while (!is_free(reg));
	return reg;
}

static uint32_t free_nonzero(struct program *program)
{
	uint32_t reg;

	do
		reg = free_register(program);
	while (!reg);
	return reg;
}

static uint32_t pointer(struct program *program)
{
	static const uint8_t pointers[] = {2, 8, 9, 18, 19};

	return pointers[below(program, 5)];
}

/* Of the compressed formats: x10 to x15, x8 and x9. */
static uint32_t small_free(struct program *program)
{
	return 2 + below(program, 6);
}

/* ---- 32 bits ---- */

static uint32_t draw_operation(struct program *program)
{
	static const uint32_t frames[] = {0x00000033, 0x00001033, 0x00002033, 0x00003033,
					  0x00004033, 0x00005033, 0x00006033, 0x00007033,
					  0x40000033, 0x40005033};
	uint32_t code = frames[below(program, 10)];

	if (below(program, 3) == 0)
		code = 0x02000033 | below(program, 8) << 12;
	return code | free_register(program) << 7 | below(program, 32) << 15 |
	       below(program, 32) << 20;
}

static uint32_t draw_immediate(struct program *program)
{
	uint32_t code = 0x13 | free_register(program) << 7 | below(program, 32) << 15;
	uint32_t funct3 = below(program, 8);

	if (funct3 == 1 || funct3 == 5)
		return code | funct3 << 12 | below(program, 32) << 20 |
		       (funct3 == 5 && below(program, 2) ? 0x40000000 : 0);
	return code | funct3 << 12 | below(program, 0x1000) << 20;
}

static uint32_t draw_load(struct program *program)
{
	static const uint8_t widths[] = {0, 1, 2, 2, 4, 5};

	return 0x03 | free_register(program) << 7 | (uint32_t)widths[below(program, 6)] << 12 |
	       pointer(program) << 15 | below(program, 0x1000) << 20;
}

static uint32_t draw_store(struct program *program)
{
	return 0x23 | below(program, 32) << 7 | below(program, 3) << 12 | pointer(program) << 15 |
	       below(program, 32) << 20 | below(program, 128) << 25;
}

static uint32_t draw_32(struct program *program)
{
	switch (below(program, 10)) {
	case 0:
	case 1:
	case 2:
		return draw_operation(program);
	case 3:
	case 4:
		return draw_immediate(program);
	case 5: /* LUI, AUIPC */
		return (below(program, 2) ? 0x37 : 0x17) | free_register(program) << 7 |
		       below(program, 0x100000) << 12;
	case 6:
	case 7:
		return draw_load(program);
	case 8:
		return draw_store(program);
	default:
		if (below(program, 4))
			return draw_store(program);
		return below(program, 2) ? 0x0ff0000f : 0x0000100f; /* FENCE, FENCE.I */
	}
}

/* ---- 16 bits ---- */

static uint32_t draw_16_memory(struct program *program)
{
	uint32_t word = below(program, 8) << 10 | below(program, 4) << 5 | below(program, 2) << 7;

	switch (below(program, 4)) {
	case 0:
		return 0x4000 | word | small_free(program) << 2;
	case 1:
		return 0xc000 | word | below(program, 8) << 2;
	case 2: /* C.LWSP */
		return 0x4002 | below(program, 2) << 12 | free_nonzero(program) << 7 |
		       below(program, 32) << 2;
	default:
		return 0xc002 | below(program, 64) << 7 | below(program, 32) << 2;
	}
}

static uint32_t draw_16(struct program *program)
{
	uint32_t immediate = below(program, 2) << 12 | below(program, 32) << 2;
	uint32_t rd = free_nonzero(program), small = small_free(program) << 7;

	switch (below(program, 12)) {
	case 0: /* C.ADDI4SPN */
		return (1 + below(program, 255)) << 5 | small_free(program) << 2;
	case 1:
		return 0x0001 | immediate | rd << 7; /* C.ADDI */
	case 2:
		return 0x4001 | immediate | rd << 7; /* C.LI */
	case 3:
		return 0x6001 | immediate | (immediate ? 0 : 4) | rd << 7; /* C.LUI */
	case 4: /* C.SRLI, C.SRAI, C.ANDI */
		if (below(program, 3))
			return 0x8001 | below(program, 2) << 10 | (immediate & 0x7c) | small;
		return 0x8801 | immediate | small;
	case 5: /* C.SUB, C.XOR, C.OR, C.AND */
		return 0x8c01 | below(program, 4) << 5 | below(program, 8) << 2 | small;
	case 6:
		return 0x0002 | (immediate & 0x7c) | rd << 7; /* C.SLLI */
	case 7:                                               /* C.MV, C.ADD */
		return 0x8002 | below(program, 2) << 12 | rd << 7 | (1 + below(program, 31)) << 2;
	case 8:
		if (below(program, 4) == 0) /* C.ADDI16SP by 16 */
			return below(program, 2) ? 0x6141 : 0x717d;
		return C_NOP;
	default:
		return draw_16_memory(program);
	}
}

static void make_plain(struct program *program)
{
	if (below(program, 2))
		emit16(program, draw_16(program));
	else
		emit32(program, draw_32(program));
}

/* ---- units ---- */

static void make_branch(struct program *program, unsigned target)
{
	static const uint8_t conditions[] = {0, 1, 4, 5, 6, 7};
	unsigned at = program->count;

	switch (below(program, 6)) {
	case 0: /* JAL */
		patch_later(program, at, at, PATCH_J, target);
		emit32(program, 0x6f | free_register(program) << 7);
		break;
	case 1: /* C.J, C.JAL */
		patch_later(program, at, at, PATCH_CJ, target);
		emit16(program, below(program, 2) ? 0xa001 : 0x2001);
		break;
	case 2:
	case 3: /* C.BEQZ, C.BNEZ */
		patch_later(program, at, at, PATCH_CB, target);
		emit16(program, 0xc001 | below(program, 2) << 13 | below(program, 8) << 7);
		break;
	default:
		patch_later(program, at, at, PATCH_B, target);
		emit32(program, 0x63 | (uint32_t)conditions[below(program, 6)] << 12 |
					below(program, 32) << 15 | below(program, 32) << 20);
	}
}

/* AUIPC and ADDI of the address, then a jump through it. */
static void make_far_jump(struct program *program, unsigned target)
{
	uint32_t t = free_nonzero(program);

	patch_later(program, program->count, program->count, PATCH_PAIR, target);
	emit32(program, 0x17 | t << 7);
	emit32(program, 0x13 | t << 7 | t << 15);
	switch (below(program, 3)) {
	case 0: /* bit 0 of the sum is ignored */
		emit32(program,
		       0x67 | free_register(program) << 7 | t << 15 | below(program, 2) << 20);
		break;
	case 1:
		emit16(program, 0x8002 | t << 7); /* C.JR */
		break;
	default:
		emit16(program, 0x9002 | t << 7); /* C.JALR */
	}
}

static void make_loop(struct program *program, unsigned unit)
{
	unsigned target = unit - below(program, unit < 4 ? unit + 1 : 5);

	if (below(program, 2))
		emit16(program, 0x1a7d); /* C.ADDI x20, -1 */
	else
		emit32(program, 0xfffa0a13);
	patch_later(program, program->count, program->count, PATCH_B, target);
	emit32(program, 0x63 | 4u << 12 | COUNTER << 20); /* BLT x0, x20 */
}

static void make_unit(struct program *program, unsigned unit, unsigned total)
{
	switch (below(program, 16)) {
	case 0:
	case 1:
	case 2:
		make_branch(program, unit_ahead(program, unit, total));
		break;
	case 3:
		make_far_jump(program, unit_ahead(program, unit, total));
		break;
	case 4:
		make_loop(program, unit);
		break;
	case 5: { /* a pointer moves */
		uint32_t n = pointer(program), step = below(program, 9) * 16 - 64;

		emit32(program, 0x13 | n << 7 | n << 15 | step << 20);
		break;
	}
	default:
		make_plain(program);
		make_plain(program);
	}
}

/* ---- targets ---- */

static uint32_t bits(uint32_t value, unsigned low, unsigned count, unsigned to)
{
	return (value >> low & ((1u << count) - 1)) << to;
}

static void patch(struct program *program, const struct program_fixup *fixup)
{
	uint32_t offset = 2 * (program->unit_at[fixup->target] - fixup->origin);
	uint16_t *half = &program->halves[fixup->at];
	uint32_t word = 0, low;

	switch (fixup->kind) {
	case PATCH_B:
		word = bits(offset, 12, 1, 31) | bits(offset, 5, 6, 25) | bits(offset, 1, 4, 8) |
		       bits(offset, 11, 1, 7);
		break;
	case PATCH_J:
		word = bits(offset, 20, 1, 31) | bits(offset, 1, 10, 21) | bits(offset, 11, 1, 20) |
		       bits(offset, 12, 8, 12);
		break;
	case PATCH_CB:
		word = bits(offset, 8, 1, 12) | bits(offset, 3, 2, 10) | bits(offset, 6, 2, 5) |
		       bits(offset, 1, 2, 3) | bits(offset, 5, 1, 2);
		break;
	case PATCH_CJ:
		word = bits(offset, 11, 1, 12) | bits(offset, 4, 1, 11) | bits(offset, 8, 2, 9) |
		       bits(offset, 10, 1, 8) | bits(offset, 6, 1, 7) | bits(offset, 7, 1, 6) |
		       bits(offset, 1, 3, 3) | bits(offset, 5, 1, 2);
		break;
	default:
		low = bits(offset, 0, 12, 0);
		word = (offset + 0x800) & 0xfffff000u;
		half[3] |= (uint16_t)(low << 4);
	}
	half[0] |= (uint16_t)word;
	half[1] |= (uint16_t)(word >> 16);
}

void program_make_rv32(struct program *program, uint32_t base)
{
	unsigned total = 4 + below(program, 13);

	program->base = base;
	program->count = program->fixup_count = 0;
	for (program->units = 0; program->units < total; program->units++) {
		program->unit_at[program->units] = program->count;
		make_unit(program, program->units, total);
	}
	program->unit_at[total] = program->end = program->count;
	emit32(program, 0x015aa023); /* SW x21, 0(x21) */
	emit16(program, 0xa001);     /* C.J . */
	for (unsigned i = 0; i < program->fixup_count; i++)
		patch(program, &program->fixups[i]);
}
