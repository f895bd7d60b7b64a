/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rules from the architecture manuals for armv7em_fuzz.c.
 */
#include <stddef.h>

#include "tests/oracle/armv7em_rules.h"

struct pattern {
	uint32_t mask, value;
	const char *name;
};

static bool matches(const struct pattern *patterns, size_t count, uint32_t code)
{
	for (size_t i = 0; i < count; i++)
		if ((code & patterns[i].mask) == patterns[i].value)
			return true;
	return false;
}

#define MATCHES(array, code) matches((array), sizeof(array) / sizeof((array)[0]), (code))

static uint32_t bits(uint32_t code, unsigned low, unsigned count)
{
	return code >> low & ((1u << count) - 1);
}

bool rules_is_memory(uint32_t code)
{
	static const struct pattern patterns[] = {
		{0xfffff000, 0x00005000, "register offset"},
		{0xffffe000, 0x00006000, "word and byte immediate"},
		{0xfffff000, 0x00008000, "half-word immediate"},
		{0xfffff000, 0x0000c000, "LDM, STM"},
		{0xfe000000, 0xe8000000, "lists, pairs, exclusives"},
		{0xfe000000, 0xf8000000, "single"},
		{0xfe000e00, 0xec000a00, "FP"},
	};

	return MATCHES(patterns, code);
}

bool rules_excluded(enum armv7em_model model, uint32_t code, bool in_it)
{
	static const struct pattern patterns[] = {
		{0xffffff00, 0x0000be00, "BKPT"},
		{0xffffff00, 0x0000df00, "SVC"},
		{0xffffff00, 0x0000bf00, "hints and IT: the oracle stops at WFE and YIELD"},
		{0xffffffe0, 0x0000b660, "CPS"},
		{0xfff0d000, 0xf3a08000, "hints, long"},
		{0xffe0d000, 0xf3808000, "MSR"},
		{0xffe0d000, 0xf3e08000, "MRS"},
		{0xfff0d000, 0xf3b08000, "barriers"},
	};
	/* The oracle's M33 has the security extension and starts in secure state. */
	static const struct pattern security[] = {
		{0xffffff04, 0x00004704, "BXNS, BLXNS"},
		{0xfff0f000, 0xe840f000, "TT"},
		{0xffffffff, 0xe97fe97f, "SG"},
		{0xffe00f00, 0xec200a00, "VLSTM, VLLDM"},
	};

	(void)in_it;
	return MATCHES(patterns, code) || (model == ARMV7EM_M33 && MATCHES(security, code));
}

/* ---- reserved encodings ---- */

static bool special(uint32_t reg) /* SP or PC */
{
	return reg == 13 || reg == 15;
}

static bool reserved_16(uint32_t code, bool in_it)
{
	static const struct pattern not_in_it[] = {
		{0xf500, 0xb100, "CBZ, CBNZ"},
		{0xf000, 0xd000, "conditional branch"},
	};
	static const struct pattern reserved[] = {
		{0xff78, 0x4778, "BX, BLX of PC"},       {0xff00, 0xde00, "UDF"},
		{0xffff, 0xb400, "empty list"},          {0xffff, 0xbc00, "empty list"},
		{0xf0ff, 0xc000, "empty list"},          {0xffc0, 0xba80, "HLT of v8-A"},
		{0xff00, 0xb600, "SETEND and reserved"},
	};
	uint32_t n = bits(code, 0, 3) | bits(code, 7, 1) << 3, m = bits(code, 3, 4);

	if (in_it && MATCHES(not_in_it, code))
		return true;
	if ((code & 0xff00) == 0x4500) /* CMP of high registers */
		return n == 15 || m == 15 || (n < 8 && m < 8);
	if ((code & 0xff00) == 0x4700) /* should-be-zero */
		return bits(code, 0, 3) || m == 15;
	return MATCHES(reserved, code) || (code & 0xff87) == 0x4487;
}

/* Registers where SP and PC are UNPREDICTABLE; the exceptions (MOV, ADR, compares, SP arithmetic)
 * execute here as well, so nobody asks about them. */
static bool special_in_fields(uint32_t code, const uint8_t *lows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (special(bits(code, lows[i], 4)))
			return true;
	return false;
}
#define SPECIAL_IN(code, ...)                                                                      \
	special_in_fields((code), (const uint8_t[]){__VA_ARGS__},                                  \
			  sizeof((const uint8_t[]){__VA_ARGS__}))

/* 0xea, 0xeb: bit 15 is (0). */
static bool reserved_shifted(uint32_t code)
{
	return code >> 15 & 1 || SPECIAL_IN(code, 16, 8, 0);
}

/* 0xf0..0xf7 with bit 15 clear. */
static bool reserved_immediate(uint32_t code)
{
	uint32_t op = bits(code, 20, 5), low = bits(code, 12, 3) << 2 | bits(code, 6, 2);

	if (SPECIAL_IN(code, 16, 8))
		return true;
	if (!(code >> 25 & 1)) /* ThumbExpandImm of a repeated zero byte */
		return !(code >> 26 & 1) && bits(code, 12, 3) && bits(code, 12, 3) < 4 &&
		       !bits(code, 0, 8);
	if (op < 16)
		return false;
	if (code >> 26 & 1 || code >> 5 & 1 || op & 1) /* (0) bits */
		return true;
	if (op == 0x14 || op == 0x1c) /* SBFX, UBFX */
		return low + bits(code, 0, 5) > 31;
	if (op == 0x16) /* BFI, BFC */
		return bits(code, 0, 5) < low;
	return (op == 0x12 || op == 0x1a) && bits(code, 4, 1); /* SSAT16, USAT16 */
}

static bool reserved_branch(uint32_t code, bool in_it)
{
	static const struct pattern reserved[] = {
		{0xf800d000, 0xf000c000, "BLX: there is no Arm state"},
		{0xf800d000, 0xf0008000, "control"}, /* conditional branches: below */
	};

	if ((code & 0xf800d000) == 0xf0008000 && bits(code, 23, 3) != 7)
		return in_it;
	return MATCHES(reserved, code);
}

/* 0xfa. */
static bool reserved_register(uint32_t code)
{
	if (bits(code, 12, 4) != 15 || SPECIAL_IN(code, 8, 0))
		return true;
	if (bits(code, 23, 1) && bits(code, 6, 2) == 2 && bits(code, 20, 3) & 1)
		return bits(code, 16, 4) != bits(code, 0, 4); /* Rm twice */
	return special(bits(code, 16, 4)) ||
	       (!bits(code, 23, 1) && bits(code, 7, 1) && bits(code, 6, 1));
}

/* 0xfb: multiplications; Ra of 15 chooses another instruction where there is one. */
static bool reserved_multiply(uint32_t code)
{
	bool is_long = bits(code, 23, 1);

	if (SPECIAL_IN(code, 16, 8, 0) || bits(code, 12, 4) == 13)
		return true;
	if (is_long)
		return bits(code, 12, 4) == bits(code, 8, 4) || bits(code, 12, 4) == 15;
	return bits(code, 12, 4) == 15;
}

/* 0xf8, 0xf9: one register. */
static bool reserved_single(uint32_t code)
{
	bool load = code >> 20 & 1, is_signed = code >> 24 & 1;
	uint32_t size = bits(code, 21, 2), n = bits(code, 16, 4), t = bits(code, 12, 4);
	bool immediate12 = code >> 23 & 1;
	bool register_offset = !immediate12 && !bits(code, 6, 6), indexed = bits(code, 11, 1);

	if (size == 3 || (is_signed && (size == 2 || !load)))
		return true;
	if (n == 15 && !load)
		return true;
	if (special(t) && (t == 13 ? size != 2 : !load || size != 2))
		return true;
	if (n == 15 || immediate12)
		return false;
	if (register_offset)
		return special(bits(code, 0, 4));
	if (!indexed) /* (0) bits of the register form */
		return true;
	if (bits(code, 8, 3) == 6) /* unprivileged: not SP, not PC */
		return special(t);
	return n == t || !(bits(code, 10, 1) || bits(code, 8, 1));
}

/* 0xe8, 0xe9: lists, pairs, exclusives, table branches. */
static bool reserved_list(uint32_t code)
{
	uint32_t list = bits(code, 0, 16), n = bits(code, 16, 4);
	bool load = code >> 20 & 1, writeback = code >> 21 & 1;
	unsigned op = bits(code, 23, 2);

	if (op == 0 || op == 3) /* SRS, RFE: not in M */
		return true;
	if (n == 15 || __builtin_popcount(list) < 2 || list >> 13 & 1)
		return true;
	if (writeback && list >> n & 1)
		return true;
	return load ? list >> 14 == 3 : list >> 15;
}

static bool reserved_exclusive(uint32_t code)
{
	uint32_t op = bits(code, 4, 4), n = bits(code, 16, 4), t = bits(code, 12, 4);
	bool load = code >> 20 & 1;

	if (bits(code, 23, 2) == 0) /* LDREX, STREX of words */
		return n == 15 || special(t) || (load ? bits(code, 8, 4) != 15 : true);
	if (op < 2) /* TBB, TBH: (1) and (0) bits */
		return !load || bits(code, 12, 4) != 15 || bits(code, 8, 4) || n == 13 ||
		       special(bits(code, 0, 4));
	if (op == 7 || op == 3 || op == 2 || op == 6 || n == 15 || special(t))
		return true;
	if (bits(code, 8, 4) != 15)
		return true;
	if (load || op == 8 || op == 9 || op == 10)
		return bits(code, 0, 4) != 15 || op == 11;
	return true; /* status register: judged with the stores below */
}

static bool reserved_pair(uint32_t code)
{
	uint32_t n = bits(code, 16, 4), t = bits(code, 12, 4), t2 = bits(code, 8, 4);
	bool load = code >> 20 & 1, writeback = code >> 21 & 1;

	if (!(code >> 24 & 1) && !writeback)
		return reserved_exclusive(code);
	return special(t) || special(t2) || (writeback && (n == t || n == t2)) ||
	       (load ? t == t2 : n == 15) || (n == 15 && writeback);
}

/* Coprocessors 10 and 11, and the others, of which there are none. */
static bool reserved_fp(enum armv7em_model model, uint32_t code, bool in_it)
{
	bool is_double = bits(code, 8, 1), load = bits(code, 20, 1);
	uint32_t words = bits(code, 0, 8), n = bits(code, 16, 4), t = bits(code, 12, 4);
	uint32_t first = is_double ? 2 * (t | bits(code, 22, 1) << 4) : t << 1 | bits(code, 22, 1);

	if ((code & 0xff000000) == 0xfe000000 && in_it) /* FPv5's unconditional ones */
		return true;
	if ((code & 0xef000f10) == 0xee000b00 && model != ARMV7EM_M33)
		return true; /* the oracle's M7 has double precision */
	if ((code & 0xffbf0ed0) == 0xeeb70ac0)
		return true;                   /* VCVT between single and double */
	if ((code & 0xffba0e50) == 0xeeba0a40) /* fixed point */
		return (bits(code, 0, 4) << 1 | bits(code, 5, 1)) > (bits(code, 7, 1) ? 32u : 16u);
	if ((code & 0xffe00f10) == 0xeee00a10 && n != 1)
		return true; /* VMRS, VMSR of anything but FPSCR */
	if ((code & 0x0e000e00) != 0x0c000a00 && (code & 0x0f000e00) != 0x0e000a00)
		return true;
	if ((code & 0xfe000000) == 0xfc000000)
		return true;
	if ((code & 0xffe00000) == 0xec400000) /* two core registers */
		return special(t) || special(n) || (load && t == n) ||
		       (is_double ? bits(code, 5, 1) : bits(code, 0, 4) == 15 && bits(code, 5, 1));
	if ((code & 0xff200000) == 0xed000000) /* VLDR, VSTR */
		return first + (is_double ? 2 : 1) > 32 || (!load && n == 15);
	if ((code & 0xfe000000) == 0xec000000) /* lists; FLDMX has an odd count */
		return n == 15 || !words || first + words > 32 || (is_double && words & 1) ||
		       !bits(code, 23, 2);
	if (bits(code, 4, 1)) /* one core register: (0) bits */
		return special(t) || bits(code, 0, 4) || bits(code, 5, 2) ||
		       (is_double && bits(code, 7, 1));
	return false;
}

static bool reserved_32(enum armv7em_model model, uint32_t code, bool in_it)
{
	switch (code >> 24) {
	case 0xe8:
	case 0xe9:
		return code >> 22 & 1 ? reserved_pair(code) : reserved_list(code);
	case 0xea:
	case 0xeb:
		return reserved_shifted(code);
	case 0xf0 ... 0xf7:
		return code >> 15 & 1 ? reserved_branch(code, in_it) : reserved_immediate(code);
	case 0xf8:
	case 0xf9:
		return reserved_single(code);
	case 0xfa:
		return reserved_register(code);
	case 0xfb:
		return reserved_multiply(code);
	default:
		return reserved_fp(model, code, in_it);
	}
}

bool rules_reserved(enum armv7em_model model, uint32_t code, bool in_it)
{
	return code > 0xffff ? reserved_32(model, code, in_it) : reserved_16(code, in_it);
}

bool rules_fault_differs(uint32_t code, uint32_t cfsr)
{
	/* UNALIGNED: the oracle does not check lists and pairs. INVSTATE: it goes on in Arm state.
	 */
	(void)code;
	return cfsr & 0x01020000;
}

bool rules_oracle_bug(uint32_t code, const uint32_t r[16], uint32_t flags)
{
	(void)flags;
	/* SMLAD, SMLADX: Q although the sum of both products and the accumulator fits. */
	if ((code & 0xfff000e0) == 0xfb200000 && bits(code, 12, 4) != 15)
		return r[bits(code, 16, 4)] == 0x80008000 && r[bits(code, 0, 4)] == 0x80008000;
	/* VCVT from fixed point rounds to nearest whatever FPSCR says (DDI 0403, A7.7.226). */
	return (code & 0xffbe0e50) == 0xeeba0a40;
}
