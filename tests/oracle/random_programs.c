/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Encodings: ARMv7-M ARM (DDI 0403), A5 to A7.
 */
#include "tests/oracle/armv7em_rules.h"
#include "tests/oracle/random_programs.h"

#define below       program_below
#define emit16      program_emit16
#define patch_later program_patch_later
#define unit_ahead  program_unit_ahead

#define NOP 0xbf00u

enum {
	PATCH_B16 = 1,
	PATCH_BC16,
	PATCH_CB,
	PATCH_B32,
	PATCH_BC32,
	PATCH_TABLE8,
	PATCH_TABLE16,
	PATCH_ADDRESS,
	PATCH_WORD
};

uint32_t program_random(struct program *program)
{
	program->random ^= program->random << 13;
	program->random ^= program->random >> 7;
	program->random ^= program->random << 17;
	return (uint32_t)(program->random >> 16);
}

uint32_t program_below(struct program *program, uint32_t limit)
{
	return program_random(program) % limit;
}

void program_emit16(struct program *program, uint32_t code)
{
	program->halves[program->count++] = (uint16_t)code;
}

static void emit(struct program *program, uint32_t code)
{
	if (code > 0xffff)
		emit16(program, code >> 16);
	emit16(program, code);
}

#include "tests/oracle/random_encodings.inc"

/* ---- units ---- */

void program_patch_later(struct program *program, unsigned at, unsigned origin, unsigned kind,
			 unsigned target)
{
	program->fixups[program->fixup_count++] =
		(struct program_fixup){at, origin, (uint8_t)kind, (uint8_t)target};
}

unsigned program_unit_ahead(struct program *program, unsigned at, unsigned total)
{
	unsigned reach = total - at > 4 ? 4 : total - at;

	return at + 1 + below(program, reach);
}

static void make_branch(struct program *program, unsigned target)
{
	unsigned at = program->count;
	uint32_t t = any_of(program, FREE_LOW);

	switch (below(program, 7)) {
	case 0:
		patch_later(program, at, at + 2, PATCH_B16, target);
		emit(program, 0xe000);
		break;
	case 1:
	case 2:
		patch_later(program, at, at + 2, PATCH_BC16, target);
		emit(program, 0xd000 | below(program, 14) << 8);
		break;
	case 3:
		patch_later(program, at, at + 2, PATCH_CB, target);
		emit(program, 0xb100 | below(program, 2) << 11 | t);
		break;
	case 4:
		patch_later(program, at, at + 2, PATCH_B32, target);
		emit(program, 0xf0009000 | below(program, 2) << 14);
		break;
	default:
		patch_later(program, at, at + 2, PATCH_BC32, target);
		emit(program, 0xf0008000 | below(program, 14) << 22);
		break;
	}
}

/* MOVW and MOVT of the address, then a jump through the register or the stack. */
static void make_far_jump(struct program *program, unsigned target)
{
	uint32_t t = any_of(program, FREE_REGISTERS & 0xff), how = below(program, 6);

	if (how == 5) { /* LDR PC from a literal */
		if (program->count & 1)
			emit(program, NOP);
		emit(program, 0xf8dff000);
		patch_later(program, program->count, 0, PATCH_WORD, target);
		emit16(program, 0);
		emit16(program, 0);
		return;
	}
	patch_later(program, program->count, t, PATCH_ADDRESS, target);
	for (unsigned i = 0; i < 4; i++)
		emit16(program, NOP);
	if (how == 0) {
		emit(program, 0x4700 | t << 3); /* BX */
	} else if (how == 1) {
		emit(program, 0x4780 | t << 3); /* BLX */
	} else if (how == 2) {
		emit(program, 0x4687 | t << 3); /* MOV PC */
	} else if (how == 3) {
		emit(program, 0xb400 | 1u << t); /* PUSH, POP {PC} */
		emit(program, 0xbd00);
	} else {
		emit(program, 0xf84d0d04 | t << 12); /* STR, LDR PC with write-back */
		emit(program, 0xf85dfb04);
	}
}

static void make_table(struct program *program, unsigned unit, unsigned total)
{
	uint32_t entries = 2 + 2 * below(program, 2), t = any_of(program, FREE_LOW);
	bool halves = below(program, 2);
	unsigned origin;

	emit(program, 0x2000 | t << 8 | below(program, entries)); /* MOVS */
	emit(program, 0xe8dff000 | (uint32_t)halves << 4 | t);
	origin = program->count;
	for (unsigned i = 0; i < entries; i++)
		patch_later(program, halves ? origin + i : origin * 2 + i, origin,
			    halves ? PATCH_TABLE16 : PATCH_TABLE8,
			    unit_ahead(program, unit, total));
	for (unsigned i = 0; i < (halves ? entries : entries / 2); i++)
		emit16(program, 0);
}

static void make_loop(struct program *program, unsigned unit)
{
	unsigned target = unit - below(program, unit < 4 ? unit + 1 : 5), at;

	emit(program, 0xf1b80801); /* SUBS r8, #1 */
	at = program->count;
	if (below(program, 2)) {
		patch_later(program, at, at + 2, PATCH_BC16, target);
		emit(program, 0xdc00); /* BGT */
	} else {
		patch_later(program, at, at + 2, PATCH_BC32, target);
		emit(program, 0xf3008000);
	}
}

static void make_exclusive(struct program *program)
{
	uint32_t n = pointer(program), t = any_of(program, FREE_LOW), d = 12;
	uint32_t size = below(program, 3), imm = below(program, 0x40);

	if (size == 2)
		emit(program, 0xe8500f00 | n << 16 | t << 12 | imm);
	else
		emit(program, 0xe8d00f4f | n << 16 | t << 12 | size << 4);
	if (below(program, 4) == 0)
		emit(program, 0xf3bf8f2f); /* CLREX */
	if (size == 2)
		emit(program, 0xe8400000 | n << 16 | t << 12 | d << 8 | imm);
	else
		emit(program, 0xe8c00f40 | n << 16 | t << 12 | size << 4 | d);
}

/* The last slot may branch. */
static void make_it(struct program *program, unsigned unit, unsigned total)
{
	unsigned slots = 1 + below(program, 4), condition = below(program, 15);
	unsigned mask = 8u >> (slots - 1), at;

	for (unsigned i = 1; i < slots; i++)
		mask |= (condition & 1) << (4 - i) ^
			(condition == 14 ? 0 : below(program, 2) << (4 - i));
	emit(program, 0xbf00 | condition << 4 | mask);
	for (unsigned i = 0; i < slots; i++) {
		at = program->count;
		if (i + 1 == slots && below(program, 4) == 0) {
			bool wide = below(program, 2);

			patch_later(program, at, at + 2, wide ? PATCH_B32 : PATCH_B16,
				    unit_ahead(program, unit, total));
			emit(program, wide ? 0xf0009000 : 0xe000);
		} else {
			emit(program, draw_encoding(program, true));
		}
	}
}

static void make_unit(struct program *program, unsigned unit, unsigned total)
{
	switch (below(program, 20)) {
	case 0:
	case 1:
	case 2:
	case 3:
		make_it(program, unit, total);
		break;
	case 4:
	case 5:
	case 6:
		make_branch(program, unit_ahead(program, unit, total));
		break;
	case 7:
		make_loop(program, unit);
		break;
	case 8:
		make_table(program, unit, total);
		break;
	case 9:
		if (below(program, 2))
			make_far_jump(program, unit_ahead(program, unit, total));
		else
			make_exclusive(program);
		break;
	default:
		emit(program, draw_encoding(program, false));
	}
}

/* ---- targets ---- */

static void patch_address(struct program *program, const struct program_fixup *fixup,
			  uint32_t address)
{
	for (unsigned i = 0; i < 2; i++) {
		uint32_t half = (i ? address >> 16 : address) & 0xffff;

		program->halves[fixup->at + 2 * i] =
			(uint16_t)((i ? 0xf2c0 : 0xf240) | half >> 12 | (half >> 11 & 1) << 10);
		program->halves[fixup->at + 2 * i + 1] =
			(uint16_t)((half >> 8 & 7) << 12 | fixup->origin << 8 | (half & 0xff));
	}
}

static void patch_wide(uint16_t *halves, uint32_t offset, bool conditional)
{
	uint32_t sign = offset >> 31, j1, j2;

	if (conditional) {
		j1 = offset >> 18 & 1;
		j2 = offset >> 19 & 1;
		halves[0] |= (uint16_t)(sign << 10 | (offset >> 12 & 0x3f));
	} else {
		j1 = !((offset >> 23 & 1) ^ sign);
		j2 = !((offset >> 22 & 1) ^ sign);
		halves[0] |= (uint16_t)(sign << 10 | (offset >> 12 & 0x3ff));
	}
	halves[1] |= (uint16_t)(j1 << 13 | j2 << 11 | (offset >> 1 & 0x7ff));
}

static void patch(struct program *program, const struct program_fixup *fixup)
{
	unsigned target = program->unit_at[fixup->target];
	uint32_t offset = 2 * (target - fixup->origin);
	uint16_t *half = &program->halves[fixup->at];
	uint32_t address = program->base + 2 * target + 1;

	switch (fixup->kind) {
	case PATCH_B16:
		*half |= offset >> 1 & 0x7ff;
		break;
	case PATCH_BC16:
		*half |= offset >> 1 & 0xff;
		break;
	case PATCH_CB:
		if ((int32_t)offset < 0) /* the next one, which is nearer than it reaches */
			*half = NOP;
		else
			*half |= (offset >> 1 & 31) << 3 | (offset >> 6 & 1) << 9;
		break;
	case PATCH_B32:
	case PATCH_BC32:
		patch_wide(half, offset, fixup->kind == PATCH_BC32);
		break;
	case PATCH_TABLE8:
		program->halves[fixup->at / 2] |=
			(uint16_t)((target - fixup->origin) << (fixup->at & 1 ? 8 : 0));
		break;
	case PATCH_TABLE16:
		*half = (uint16_t)(target - fixup->origin);
		break;
	case PATCH_ADDRESS:
		patch_address(program, fixup, address);
		break;
	default:
		half[0] = (uint16_t)address;
		half[1] = (uint16_t)(address >> 16);
	}
}

void program_make(struct program *program, enum armv7em_model model, uint32_t base)
{
	unsigned total = 4 + below(program, 13);

	program->model = model;
	program->base = base;
	program->count = program->fixup_count = 0;
	program->has_smlad = false;
	for (program->units = 0; program->units < total; program->units++) {
		program->unit_at[program->units] = program->count;
		make_unit(program, program->units, total);
	}
	program->unit_at[total] = program->end = program->count;
	emit(program, 0xf8cbb000); /* STR r11, [r11] */
	emit(program, 0xe7fe);
	for (unsigned i = 0; i < program->fixup_count; i++)
		patch(program, &program->fixups[i]);
}
