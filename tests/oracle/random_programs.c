/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Encodings: ARMv7-M ARM (DDI 0403), A5 to A7.
 */
#include <stddef.h>

#include "tests/oracle/armv7em_rules.h"
#include "tests/oracle/random_programs.h"

#define FREE_REGISTERS 0x502fu /* r0-r3, r5, r12, r14 */
#define FREE_LOW       0x2fu
#define NOP            0xbf00u

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

static uint32_t below(struct program *program, uint32_t limit)
{
	return program_random(program) % limit;
}

static void emit16(struct program *program, uint32_t code)
{
	program->halves[program->count++] = (uint16_t)code;
}

static void emit(struct program *program, uint32_t code)
{
	if (code > 0xffff)
		emit16(program, code >> 16);
	emit16(program, code);
}

static uint32_t any_of(struct program *program, uint32_t set)
{
	uint32_t reg;

	do
		reg = below(program, 16);
	while (!(set >> reg & 1));
	return reg;
}

static uint32_t free_register(struct program *program)
{
	return any_of(program, FREE_REGISTERS);
}

static uint32_t pointer(struct program *program)
{
	return any_of(program, 0x26c0); /* r6, r7, r9, r10, SP */
}

/* ---- data processing ---- */

static bool writes_only_free(uint32_t rd)
{
	return FREE_REGISTERS >> rd & 1;
}

static bool usable_16(uint32_t code)
{
	if (code < 0x2000)
		return writes_only_free(code & 7);
	if (code < 0x4000) /* immediate; CMP writes nothing */
		return (code & 0xf800) == 0x2800 || writes_only_free(code >> 8 & 7);
	if (code < 0x4400) /* TST, CMP, CMN write nothing */
		return (code >> 6 & 15) == 8 || (code >> 6 & 14) == 10 ||
		       writes_only_free(code & 7);
	if (code < 0x4700)
		return (code & 0xff00) == 0x4500 || writes_only_free((code & 7) | (code >> 4 & 8));
	if (code >> 12 == 10)
		return writes_only_free(code >> 8 & 7);
	return ((code & 0xff00) == 0xb200 || (code & 0xff00) == 0xba00) &&
	       writes_only_free(code & 7);
}

static uint32_t draw_16(struct program *program, bool in_it)
{
	for (;;) {
		static const uint16_t starts[] = {0x0000, 0x2000, 0x4000, 0x4400,
						  0xa000, 0xb200, 0xba00};
		static const uint16_t sizes[] = {0x2000, 0x2000, 0x400, 0x300,
						 0x1000, 0x100,  0x100};
		uint32_t which = below(program, 7);
		uint32_t code = starts[which] + below(program, sizes[which]);

		if (usable_16(code) && !rules_reserved(program->model, code, in_it))
			return code;
	}
}

/* What the rules call reserved although the operation reads or writes nothing there: with that
 * field as r0 they judge the rest. */
static uint32_t without_absent(uint32_t code)
{
	uint32_t op = code >> 21 & 15, top = code >> 25;
	bool sets = code >> 20 & 1;

	if (top == 0x75 || ((code >> 24 & 0xfe) == 0xf0 && !(code >> 25 & 1))) {
		if (sets && (op == 0 || op == 4 || op == 8 || op == 13) && (code >> 8 & 15) == 15)
			code &= ~0x0f00u;
		if ((op == 2 || op == 3) && (code >> 16 & 15) == 15)
			code &= ~0x000f0000u;
	} else if ((code & 0xfb50f000) == 0xf2400000 || (code & 0xfb508000) == 0xf2400000) {
		code &= ~0x000f0000u; /* MOVW, MOVT: immediate */
	} else if ((code & 0xff80f080) == 0xfa00f080 || (code & 0xff800000) == 0xfb000000) {
		if ((code & 0xff000000) == 0xfa000000 && (code >> 16 & 15) == 15)
			code &= ~0x000f0000u; /* extension without addition */
		if ((code & 0xff000000) == 0xfb000000 && (code >> 12 & 15) == 15 &&
		    (code & 0xfff000f0) != 0xfb000010 && (code & 0xfff00000) != 0xfb600000)
			code &= ~0xf000u; /* multiplication without addition */
	} else if ((code & 0xffd0f0f0) == 0xfb90f0f0) {
		code &= ~0xf000u; /* SDIV, UDIV */
	}
	return code;
}

static bool destination_is_free(uint32_t code)
{
	uint32_t rd = code >> 8 & 15, op = code >> 21 & 15;
	bool compares = (code >> 20 & 1) && (op == 0 || op == 4 || op == 8 || op == 13) &&
			rd == 15 && (code >> 24 < 0xf2);

	if (compares)
		return true;
	if ((code & 0xff800000) == 0xfb800000 && (code & 0xffd000f0) != 0xfb9000f0)
		return writes_only_free(rd) && writes_only_free(code >> 12 & 15);
	return writes_only_free(rd);
}

static uint32_t frame_32(struct program *program)
{
	uint32_t low = program_random(program) & 0xffff;

	switch (below(program, 6)) {
	case 0:
		return (0xea00 | below(program, 0x200)) << 16 | (low & 0x7fff);
	case 1:
	case 2:
		return (0xf000 | below(program, 0x800)) << 16 | (low & 0x7fff);
	case 3:
		return (0xfa00 | below(program, 0x100)) << 16 | low | 0xf000;
	case 4:
		return (0xfb00 | below(program, 0x100)) << 16 | (low & 0xff3f);
	default:
		if (below(program, 3))
			return (0xfb00 | below(program, 0x100)) << 16 | low | 0xf000;
		return (0xfb90 | below(program, 16) | below(program, 2) << 5) << 16 |
		       (low & 0x0f0f) | 0xf0f0;
	}
}

static uint32_t draw_32(struct program *program, bool in_it)
{
	for (;;) {
		uint32_t code = frame_32(program);

		if (!destination_is_free(code) || rules_excluded(program->model, code, in_it) ||
		    rules_reserved(program->model, without_absent(code), in_it))
			continue;
		if ((code & 0xfff000e0) == 0xfb200000 && (code >> 12 & 15) != 15)
			program->has_smlad = true;
		return code;
	}
}

/* ---- memory ---- */

static uint32_t draw_single(struct program *program)
{
	uint32_t size = below(program, 3), load = below(program, 2), n = pointer(program);
	uint32_t is_signed = load && size < 2 ? below(program, 2) : 0, t;
	uint32_t head = 0xf8000000 | is_signed << 24 | size << 21 | load << 20, imm;

	t = load ? free_register(program) : any_of(program, 0x5fff);
	head |= n << 16 | t << 12;
	switch (below(program, 5)) {
	case 0:
		return head | 0x00800000 | below(program, 0x1000);
	case 1: /* negative */
		return head | 0xc00 | below(program, 0x100);
	case 2: /* register */
		return head | below(program, 4) << 4 | 4;
	case 3:
		if (!load)
			return head | 0x00800000 | below(program, 0x80);
		return (head & 0xfff0ffff) | 0x000f0000 | below(program, 2) << 23 |
		       (below(program, 0x400) & ~3u);
	default:
		if (n == t || (!load && n == 13))
			return head | 0x00800000 | below(program, 0x80);
		imm = below(program, 0x40) * 4;
		return head | 0x900 | below(program, 2) << 9 | (below(program, 2) ? 0x400 : 0) |
		       imm;
	}
}

static uint32_t draw_memory_16(struct program *program)
{
	uint32_t t = any_of(program, FREE_LOW), n = below(program, 2) + 6;

	switch (below(program, 6)) {
	case 0: /* all eight register forms; r4 is the index */
		return 0x5000 | below(program, 8) << 9 | 4 << 6 | n << 3 | t;
	case 1:
		return 0x6000 | below(program, 0x80) << 6 | n << 3 | t;
	case 2:
		return 0x8000 | below(program, 0x40) << 6 | n << 3 | t;
	case 3:
		return 0x9000 | below(program, 2) << 11 | t << 8 | below(program, 0x100);
	case 4:
		return 0x4800 | t << 8 | below(program, 0x40);
	default: /* LDM, STM with write-back */
		return 0xc000 | below(program, 2) << 11 | n << 8 |
		       (1u << any_of(program, FREE_LOW)) | (1u << t);
	}
}

static uint32_t draw_list(struct program *program)
{
	uint32_t load = below(program, 2), n = pointer(program), write_back = below(program, 2);
	uint32_t list = program_random(program) & (load ? FREE_REGISTERS : 0x5fff);

	list |= 1u << any_of(program, FREE_LOW);
	list |= 0x1000;
	if (write_back)
		list &= ~(1u << n);
	return 0xe8000000 | (below(program, 2) ? 0x00800000 : 0x01000000) | load << 20 |
	       write_back << 21 | n << 16 | list;
}

static uint32_t draw_pair(struct program *program)
{
	uint32_t load = below(program, 2), n = pointer(program), form = below(program, 3);
	uint32_t t = free_register(program), t2 = free_register(program);
	uint32_t mode = form == 0 ? 0x01000000 : form == 1 ? 0x01200000 : 0x00200000;

	while (t2 == t)
		t2 = free_register(program);
	return 0xe8400000 | mode | below(program, 2) << 23 | load << 20 | n << 16 | t << 12 |
	       t2 << 8 | below(program, 0x40);
}

/* ---- floating point ---- */

static uint32_t draw_fp_memory(struct program *program)
{
	uint32_t load = below(program, 2), n = pointer(program), words;
	uint32_t head = 0xec000a00 | n << 16 | load << 20 | below(program, 16) << 12;

	if (below(program, 2))
		return head | 0x01000000 | below(program, 2) << 23 | below(program, 2) << 22 |
		       below(program, 2) << 8 | below(program, 0x80);
	words = 1 + below(program, 8);
	head |= below(program, 2) << 22;
	switch (below(program, 3)) {
	case 0:
		return head | 0x00800000 | words;
	case 1:
		return head | 0x00a00000 | words;
	default:
		return head | 0x01200000 | words;
	}
}

/* Core registers that an FP encoding writes are free ones. */
static bool fp_writes_free(uint32_t code)
{
	if ((code & 0xfff00e10) == 0xeef00a10) /* VMRS; 15 is the flags */
		return (code >> 12 & 15) == 15 || writes_only_free(code >> 12 & 15);
	if ((code & 0xff100e10) == 0xee100a10)
		return writes_only_free(code >> 12 & 15);
	if ((code & 0xfff00e00) == 0xec500a00)
		return writes_only_free(code >> 12 & 15) && writes_only_free(code >> 16 & 15);
	return true;
}

static uint32_t draw_fp(struct program *program, bool in_it)
{
	if (below(program, 4) == 0) {
		uint32_t code;

		do
			code = draw_fp_memory(program);
		while (rules_reserved(program->model, code, in_it));
		return code;
	}
	for (;;) {
		uint32_t code = (0xee00 | below(program, 0x100)) << 16 |
				(program_random(program) & 0xf0ff) |
				(below(program, 12) ? 0xa00 : 0xb00);

		if (below(program, 12) == 0) /* VMOV of two */
			code = 0xec400a10 | (code & 0x000ff12f) | below(program, 2) << 20;
		if (below(program, 8) == 0 && code >> 24 == 0xee && !in_it &&
		    program->model != ARMV7EM_M4)
			code |= 0x10000000;
		if (below(program, 16) == 0) /* VMSR, VMRS */
			code = 0xeee10a10 | below(program, 2) << 20 | free_register(program) << 12;
		if (below(program, 24) == 0)
			code = 0xeef1fa10; /* VMRS APSR_nzcv */
		if (!fp_writes_free(code) || rules_excluded(program->model, code, in_it) ||
		    (rules_reserved(program->model, code, in_it) && code != 0xeef1fa10))
			continue;
		if (rules_oracle_bug(code, (const uint32_t[16]){0}, 0)) {
			program->left_out++;
			continue;
		}
		return code;
	}
}

static uint32_t draw_plain(struct program *program, bool in_it)
{
	switch (below(program, 12)) {
	case 0:
	case 1:
	case 2:
		return draw_16(program, in_it);
	case 3:
	case 4:
	case 5:
		return draw_32(program, in_it);
	case 6:
		return draw_memory_16(program);
	case 7:
		return draw_single(program);
	case 8:
		return below(program, 2) ? draw_list(program) : draw_pair(program);
	default:
		return draw_fp(program, in_it);
	}
}

/* ---- units ---- */

static void patch_later(struct program *program, unsigned at, unsigned origin, unsigned kind,
			unsigned target)
{
	program->fixups[program->fixup_count++] =
		(struct program_fixup){at, origin, (uint8_t)kind, (uint8_t)target};
}

static unsigned unit_ahead(struct program *program, unsigned at, unsigned total)
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
			emit(program, draw_plain(program, true));
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
		emit(program, draw_plain(program, false));
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
