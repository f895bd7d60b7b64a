/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * TCG plugin for QEMU (API version 1, docs/devel/tcg-plugins.rst of QEMU 7.2): how often each
 * instruction was executed, its class of activity.h, and the condition that IT gives it.
 *
 *   -plugin file=...,out=FILE,base=ADDRESS,bytes=N
 *
 * A line per executed instruction in [base, base + bytes): address, encoding, bytes, count, class,
 * 1 + condition or 0; a point ends the file. Distributions ship QEMU without qemu-plugin.h: what is
 * used of it is declared here. The classes are written from the manuals (ARMv7-M ARM, A5; RISC-V
 * unprivileged ISA, chapter 24) and share nothing with the cores' decoders.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/cores/activity.h"

struct qemu_plugin_tb;
struct qemu_plugin_insn;

struct qemu_info {
	const char *target_name;
	struct {
		int min, cur;
	} version;
};

enum { INLINE_ADD_U64 = 0 };

extern void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
						  void (*call)(uint64_t, struct qemu_plugin_tb *));
extern void qemu_plugin_register_atexit_cb(uint64_t id, void (*call)(uint64_t, void *), void *user);
extern void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int operation,
						       void *at, uint64_t value);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t at);
extern const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

#define EXPORT __attribute__((visibility("default")))
EXPORT extern int qemu_plugin_version;
EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv);

struct site {
	uint64_t count;
	uint32_t code; /* Arm: first half-word of a long one in the upper half */
	uint8_t bytes;
	uint8_t class;
	uint8_t condition; /* 1 + condition, 0 outside IT */
	uint8_t it;        /* ITSTATE */
};

static struct site *sites; /* per half-word */
static uint64_t base, bytes;
static bool is_arm;
static FILE *out;

/* ---- Arm ---- */

struct rule {
	uint32_t mask, value;
	uint8_t class;
};

/* The first match counts; what matches none is ALU. */
static const struct rule arm16[] = {
	{0xff87, 0x4487, CORE_CLASS_BRANCH},         /* ADD PC, Rm */
	{0xff87, 0x4687, CORE_CLASS_BRANCH},         /* MOV PC, Rm */
	{0xff00, 0x4700, CORE_CLASS_BRANCH},         /* BX, BLX */
	{0xffc0, 0x4340, CORE_CLASS_MUL},            /* MULS */
	{0xf800, 0x4800, CORE_CLASS_LOAD},           /* LDR literal */
	{0xfe00, 0x5600, CORE_CLASS_LOAD},           /* LDRSB register */
	{0xfc00, 0x5000, CORE_CLASS_STORE},          /* STR, STRH */
	{0xfe00, 0x5400, CORE_CLASS_STORE},          /* STRB */
	{0xf800, 0x5800, CORE_CLASS_LOAD},           /* LDR, LDRH, LDRB, LDRSH */
	{0xe800, 0x6000, CORE_CLASS_STORE},          /* STR, STRB immediate */
	{0xe800, 0x6800, CORE_CLASS_LOAD},           /* LDR, LDRB immediate */
	{0xf800, 0x8000, CORE_CLASS_STORE},          /* STRH immediate */
	{0xf800, 0x8800, CORE_CLASS_LOAD},           /* LDRH immediate */
	{0xf800, 0x9000, CORE_CLASS_STORE},          /* STR SP */
	{0xf800, 0x9800, CORE_CLASS_LOAD},           /* LDR SP */
	{0xf500, 0xb100, CORE_CLASS_BRANCH},         /* CBZ, CBNZ */
	{0xfe00, 0xb400, CORE_CLASS_STORE_MULTIPLE}, /* PUSH */
	{0xfe00, 0xbc00, CORE_CLASS_LOAD_MULTIPLE},  /* POP */
	{0xffe0, 0xb660, CORE_CLASS_OTHER},          /* CPS */
	{0xfe00, 0xbe00, CORE_CLASS_OTHER},          /* BKPT, hints, IT */
	{0xf800, 0xc000, CORE_CLASS_STORE_MULTIPLE}, /* STM */
	{0xf800, 0xc800, CORE_CLASS_LOAD_MULTIPLE},  /* LDM */
	{0xfe00, 0xde00, CORE_CLASS_OTHER},          /* UDF, SVC */
	{0xf000, 0xd000, CORE_CLASS_BRANCH},         /* B<c> */
	{0xf800, 0xe000, CORE_CLASS_BRANCH},         /* B */
	{0, 0, CORE_CLASS_ALU},
};

static const struct rule arm32[] = {
	/* A5.3.5, .6: multiple, dual, exclusive, table branch */
	{0xfff0f0bf, 0xe840f000, CORE_CLASS_OTHER},  /* TT (v8-M) */
	{0xffffffff, 0xe97fe97f, CORE_CLASS_OTHER},  /* SG (v8-M) */
	{0xfff0ffe0, 0xe8d0f000, CORE_CLASS_BRANCH}, /* TBB, TBH */
	{0xfff00000, 0xe8500000, CORE_CLASS_LOAD},   /* LDREX */
	{0xfff00000, 0xe8400000, CORE_CLASS_STORE},  /* STREX */
	{0xfff00080, 0xe8d00000, CORE_CLASS_LOAD},   /* LDREXB, LDREXH */
	{0xfff00080, 0xe8c00000, CORE_CLASS_STORE},
	{0xfff00f80, 0xe8d00f80, CORE_CLASS_LOAD}, /* LDA and LDAEX family (v8-M) */
	{0xfff00f80, 0xe8c00f80, CORE_CLASS_STORE},
	{0xfe100000, 0xe8100000, CORE_CLASS_LOAD_MULTIPLE}, /* LDM, LDRD */
	{0xfe100000, 0xe8000000, CORE_CLASS_STORE_MULTIPLE},
	{0xffe00000, 0xeac00000, CORE_CLASS_SIMD}, /* PKH */
	/* A6: floating point */
	{0xffe00000, 0xec400000, CORE_CLASS_FP},             /* VMOV of two */
	{0xff300e00, 0xed100a00, CORE_CLASS_LOAD},           /* VLDR */
	{0xff300e00, 0xed000a00, CORE_CLASS_STORE},          /* VSTR */
	{0xfe100e00, 0xec100a00, CORE_CLASS_LOAD_MULTIPLE},  /* VLDM, VPOP */
	{0xfe100e00, 0xec000a00, CORE_CLASS_STORE_MULTIPLE}, /* VSTM, VPUSH */
	{0xef000e00, 0xee000a00, CORE_CLASS_FP},
	/* A5.3.4: branches and system */
	{0xf800d000, 0xf000d000, CORE_CLASS_BRANCH}, /* BL */
	{0xf800d000, 0xf0009000, CORE_CLASS_BRANCH}, /* B */
	{0xfb80d000, 0xf3808000, CORE_CLASS_OTHER},  /* MSR, hints, barriers, MRS */
	{0xf800d000, 0xf0008000, CORE_CLASS_BRANCH}, /* B<c> */
	/* A5.3.3: saturation */
	{0xffd08000, 0xf3000000, CORE_CLASS_SIMD}, /* SSAT, SSAT16 */
	{0xffd08000, 0xf3800000, CORE_CLASS_SIMD}, /* USAT, USAT16 */
	/* A5.3.7 to .10: loads and stores; Rt 15 of bytes and half-words is a hint */
	{0xff70f000, 0xf810f000, CORE_CLASS_OTHER}, /* PLD */
	{0xff70f000, 0xf830f000, CORE_CLASS_OTHER},
	{0xff70f000, 0xf910f000, CORE_CLASS_OTHER}, /* PLI */
	{0xfe100000, 0xf8100000, CORE_CLASS_LOAD},
	{0xff100000, 0xf8000000, CORE_CLASS_STORE},
	/* A5.3.12 to .15: registers, SXTB16, parallel, saturating, SEL */
	{0xffe0f080, 0xfa20f080, CORE_CLASS_SIMD}, /* SXTB16, UXTB16, and with addition */
	{0xff80f0c0, 0xfa80f000, CORE_CLASS_SIMD}, /* parallel */
	{0xff80f0c0, 0xfa80f040, CORE_CLASS_SIMD},
	{0xfff0f0c0, 0xfa80f080, CORE_CLASS_SIMD}, /* QADD, QDADD, QSUB, QDSUB */
	{0xfff0f0f0, 0xfaa0f080, CORE_CLASS_SIMD}, /* SEL */
	/* A5.3.16: multiply */
	{0xfff000f0, 0xfb000010, CORE_CLASS_MAC},  /* MLS */
	{0xfff0f0f0, 0xfb00f000, CORE_CLASS_MUL},  /* MUL */
	{0xfff000f0, 0xfb000000, CORE_CLASS_MAC},  /* MLA */
	{0xfff0f000, 0xfb10f000, CORE_CLASS_MUL},  /* SMULxy */
	{0xfff00000, 0xfb100000, CORE_CLASS_MAC},  /* SMLAxy */
	{0xfff00000, 0xfb200000, CORE_CLASS_SIMD}, /* SMUAD, SMLAD */
	{0xfff0f000, 0xfb30f000, CORE_CLASS_MUL},  /* SMULWy */
	{0xfff00000, 0xfb300000, CORE_CLASS_MAC},  /* SMLAWy */
	{0xfff00000, 0xfb400000, CORE_CLASS_SIMD}, /* SMUSD, SMLSD */
	{0xfff0f000, 0xfb50f000, CORE_CLASS_MUL},  /* SMMUL */
	{0xfff00000, 0xfb500000, CORE_CLASS_MAC},  /* SMMLA */
	{0xfff00000, 0xfb600000, CORE_CLASS_MAC},  /* SMMLS */
	{0xfff00000, 0xfb700000, CORE_CLASS_SIMD}, /* USAD8, USADA8 */
	/* A5.3.17: long multiply, divide */
	{0xffd00000, 0xfb800000, CORE_CLASS_MUL},  /* SMULL, UMULL */
	{0xffd00000, 0xfb900000, CORE_CLASS_DIV},  /* SDIV, UDIV */
	{0xfff000c0, 0xfbc000c0, CORE_CLASS_SIMD}, /* SMLALD */
	{0xfff000c0, 0xfbd000c0, CORE_CLASS_SIMD}, /* SMLSLD */
	{0xff800000, 0xfb800000, CORE_CLASS_MAC},  /* SMLAL, SMLALxy, UMLAL, UMAAL */
	{0, 0, CORE_CLASS_ALU},
};

static uint8_t classify_by(const struct rule *rule, uint32_t code)
{
	while ((code & rule->mask) != rule->value)
		rule++;
	return rule->class;
}

/* ---- RISC-V ---- */

static uint8_t classify_rv16(uint32_t code)
{
	static const uint8_t by_quadrant[3][8] = {
		{CORE_CLASS_ALU, CORE_CLASS_OTHER, CORE_CLASS_LOAD, CORE_CLASS_OTHER,
		 CORE_CLASS_OTHER, CORE_CLASS_OTHER, CORE_CLASS_STORE, CORE_CLASS_OTHER},
		{CORE_CLASS_ALU, CORE_CLASS_BRANCH, CORE_CLASS_ALU, CORE_CLASS_ALU, CORE_CLASS_ALU,
		 CORE_CLASS_BRANCH, CORE_CLASS_BRANCH, CORE_CLASS_BRANCH},
		{CORE_CLASS_ALU, CORE_CLASS_OTHER, CORE_CLASS_LOAD, CORE_CLASS_OTHER,
		 CORE_CLASS_ALU, CORE_CLASS_OTHER, CORE_CLASS_STORE, CORE_CLASS_OTHER},
	};

	if (code == 0x9002) /* C.EBREAK */
		return CORE_CLASS_OTHER;
	if ((code & 0xe07f) == 0x8002) /* C.JR, C.JALR */
		return CORE_CLASS_BRANCH;
	return by_quadrant[code & 3][code >> 13 & 7];
}

static uint8_t classify_rv32(uint32_t code)
{
	switch (code & 0x7f) {
	case 0x03:
		return CORE_CLASS_LOAD;
	case 0x23:
		return CORE_CLASS_STORE;
	case 0x63:
	case 0x67:
	case 0x6f:
		return CORE_CLASS_BRANCH;
	case 0x33:
		if (code >> 25 != 1)
			return CORE_CLASS_ALU;
		return code >> 14 & 1 ? CORE_CLASS_DIV : CORE_CLASS_MUL;
	case 0x13:
	case 0x17:
	case 0x37:
		return CORE_CLASS_ALU;
	default:
		return CORE_CLASS_OTHER;
	}
}

static uint8_t classify(uint32_t code, size_t size)
{
	if (is_arm)
		return classify_by(size == 2 ? arm16 : arm32, code);
	return size == 2 ? classify_rv16(code) : classify_rv32(code);
}

/* ---- translation ---- */

static struct site *site_at(uint64_t address)
{
	return address - base < bytes ? &sites[(address - base) / 2] : NULL;
}

/* A block may end inside an IT block, and what follows may be translated much later (a slot that
 * faults or calls the supervisor): each site keeps the ITSTATE (A7.3.3) that it has, and hands it on. */
static uint8_t take_condition(uint64_t address, size_t size)
{
	struct site *site = site_at(address), *next = site_at(address + size);
	uint8_t it = site ? site->it : 0;

	if (!it)
		return 0;
	if (next)
		next->it = it & 7 ? (uint8_t)((it & 0xe0) | (it << 1 & 0x1f)) : 0;
	return (uint8_t)(1 + (it >> 4));
}

/* The bytes that qemu_plugin_insn_size says are more than the instruction where QEMU peeked at the
 * next one to see whether it crosses a page, so the length comes from the encoding. */
static size_t length_of(uint16_t first)
{
	if (is_arm)
		return first >> 11 >= 0x1d ? 4 : 2;
	return (first & 3) == 3 ? 4 : 2;
}

static uint32_t encoding_of(const struct qemu_plugin_insn *insn, size_t *ret_size)
{
	uint16_t halves[2] = {0};

	memcpy(halves, qemu_plugin_insn_data(insn), 2);
	*ret_size = length_of(halves[0]);
	if (*ret_size == 2 || qemu_plugin_insn_size(insn) < 4)
		return halves[0];
	memcpy(halves, qemu_plugin_insn_data(insn), 4);
	return is_arm ? (uint32_t)halves[0] << 16 | halves[1]
		      : (uint32_t)halves[1] << 16 | halves[0];
}

static void translate_instruction(struct qemu_plugin_insn *insn)
{
	uint64_t address = qemu_plugin_insn_vaddr(insn);
	struct site *site = site_at(address);
	size_t size;
	uint32_t code = encoding_of(insn, &size);
	uint8_t condition = take_condition(address, size);

	if (is_arm && size == 2 && (code & 0xff00) == 0xbf00 && code & 15 && site_at(address + 2))
		site_at(address + 2)->it = (uint8_t)code;
	if (!site)
		return;
	site->code = code;
	site->bytes = (uint8_t)size;
	site->class = classify(code, size);
	if (condition)
		site->condition = condition;
	qemu_plugin_register_vcpu_insn_exec_inline(insn, INLINE_ADD_U64, &site->count, 1);
}

static void translate(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t count = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < count; i++)
		translate_instruction(qemu_plugin_tb_get_insn(tb, i));
}

static void finish(uint64_t id, void *user)
{
	(void)id;
	(void)user;
	for (uint64_t i = 0; i < bytes / 2; i++) {
		const struct site *site = &sites[i];

		if (site->count)
			fprintf(out, "%08llx %08x %u %llu %u %u\n",
				(unsigned long long)(base + 2 * i), site->code, site->bytes,
				(unsigned long long)site->count, site->class, site->condition);
	}
	fprintf(out, ".\n");
	fclose(out);
}

int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv)
{
	is_arm = !strcmp(info->target_name, "arm");
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "w");
		else if (!strncmp(argv[i], "base=", 5))
			base = strtoull(argv[i] + 5, NULL, 0);
		else if (!strncmp(argv[i], "bytes=", 6))
			bytes = strtoull(argv[i] + 6, NULL, 0);
	}
	sites = calloc(bytes / 2 + 1, sizeof(*sites));
	if (!out || !bytes || !sites) {
		fprintf(stderr, "qemu_plugin: out=FILE, base= and bytes= are needed\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	qemu_plugin_register_atexit_cb(id, finish, NULL);
	return 0;
}
