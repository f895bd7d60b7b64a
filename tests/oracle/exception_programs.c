/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Writes the assembly of random exception programs for the harnesses in exceptions/:
 *
 *   exception_programs m4|m7|m33|rv32 SEED COUNT
 *   exception_programs rules                          (names and reasons of exceptions/rules.h)
 *
 * Program i depends on SEED + i only. A program is a thread, and what each exception's handler
 * does: lists of actions that pend, mask, enable and prioritise exceptions, call the supervisor,
 * fault, compute in floating point, read the system registers. Priorities are multiples of 0x20:
 * three bits are what the core with the fewest has, and QEMU has eight.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/exceptions/programs.h"
#include "tests/oracle/exceptions/rules.h"

enum place { THREAD = 1, HANDLER };

struct generator {
	uint64_t random;
	enum place place;
	bool v8m;
};

static uint32_t draw(struct generator *g)
{
	g->random ^= g->random << 13;
	g->random ^= g->random >> 7;
	g->random ^= g->random << 17;
	return (uint32_t)(g->random >> 16);
}

static uint32_t below(struct generator *g, uint32_t limit)
{
	return draw(g) % limit;
}

static const char *pick(struct generator *g, const char *const *texts, unsigned count)
{
	return texts[below(g, count)];
}
#define PICK(g, texts) pick((g), (texts), sizeof(texts) / sizeof((texts)[0]))

/* Where a program is written around a rule: exception_oracle.sh counts these. */
static void leave_out(enum left_out_rule rule)
{
	static const char *const names[] = {
#define X(name, targets, reason) #name,
		LEFT_OUT_RULES(X)
#undef X
	};

	printf("\t/* left out: %s */\n", names[rule]);
}

static void print_rules(void)
{
#define X(name, targets, reason) printf("%s\t%s\n", #name, reason);
	MASK_RULES(X)
	LEFT_OUT_RULES(X)
#undef X
}

/* ---- Arm ---- */

static void store(struct generator *g, uint32_t address, uint32_t value, const char *size)
{
	printf("\tldr r0, =0x%08x\n\tldr r1, =0x%08x\n\tstr%s r1, [r0]\n", address, value, size);
	if (below(g, 2))
		printf("\tdsb\n\tisb\n");
}

static uint32_t some_interrupts(struct generator *g)
{
	uint32_t mask = 1u << below(g, 8);

	return below(g, 3) ? mask : mask | 1u << below(g, 8) | 1u << below(g, 8);
}

static uint32_t priority(struct generator *g)
{
	return below(g, 8) << 5;
}

static void pend(struct generator *g)
{
	static const uint32_t in_icsr[] = {0x10000000, 0x04000000, 0x14000000,
					   0x80000000, 0x08000000, 0x02000000};

	switch (below(g, 6)) {
	case 0:
		store(g, 0xe000ef00, below(g, 8), "");
		break;
	case 1:
	case 2:
		store(g, 0xe000ed04, in_icsr[below(g, 6)], "");
		break;
	default:
		store(g, 0xe000e200, some_interrupts(g), "");
	}
}

/* In the middle of an IT block, and with a condition that may fail. */
static void pend_in_it(struct generator *g)
{
	static const char *const blocks[] = {
		"\titte ne\n\tmovne r2, #3\n\tstrne r1, [r0]\n\taddeq r3, #5\n",
		"\tittt cs\n\tstrcs r1, [r0]\n\taddcs r2, r3\n\teorcs r3, r2\n",
		"\tittee mi\n\tmovmi r2, #9\n\tstrmi r1, [r0]\n\tstrpl r1, [r0]\n\taddpl r3, #1\n",
		"\tit vc\n\tstrvc r1, [r0]\n",
		"\tite gt\n\tsvcgt #7\n\tsvcle #9\n",
		"\titt ls\n\tstrls r1, [r0]\n\tsvcls #4\n",
	};

	printf("\tldr r0, =0xe000e200\n\tldr r1, =0x%08x\n\tldr r2, =0x%08x\n\tldr r3, =0x%08x\n"
	       "\tcmp r2, r3\n%s",
	       some_interrupts(g), draw(g), draw(g), "");
	if (g->place == HANDLER) /* SVC could be where it locks up */
		printf("%s", pick(g, blocks, 4));
	else
		printf("\tmrs r12, faultmask\n\tcmp r12, #0\n\tbne 9f\n\tcmp r2, r3\n%s9:\n",
		       PICK(g, blocks));
}

static void prioritise(struct generator *g)
{
	static const uint8_t system[] = {4, 5, 6, 11, 14, 15};

	leave_out(LEFT_OUT_PRIORITY_BITS);
	if (below(g, 2))
		store(g, 0xe000e400 + below(g, 8), priority(g), "b");
	else
		store(g, 0xe000ed18 + system[below(g, 6)] - 4, priority(g), "b");
}

static void enable(struct generator *g)
{
	static const uint32_t registers[] = {0xe000e100, 0xe000e100, 0xe000e180, 0xe000e280};

	store(g, registers[below(g, 4)], some_interrupts(g), "");
}

/* Not where the execution priority is -1 or -2: the core would lock up. */
static void guard(void)
{
	leave_out(LEFT_OUT_LOCKUP);
	printf("\tmrs r0, ipsr\n\tsubs r0, #2\n\tcmp r0, #2\n\tblo 9f\n\tmrs r0, faultmask\n"
	       "\tcmp r0, #0\n\tbne 9f\n");
}

/* FAULTMASK is set only where it can be, and cleared by CPS only: MSR at a priority of -1 does
 * nothing by the manual (DDI 0403, B5.2.3), while QEMU writes it. */
static void mask(struct generator *g)
{
	static const char *const texts[] = {"\tcpsid i\n",
					    "\tcpsie i\n",
					    "\tcpsie i\n",
					    "\tcpsie f\n",
					    "\tmovs r0, #0\n\tmsr basepri, r0\n",
					    "\tmovs r0, #0\n\tmsr primask, r0\n",
					    "\tmovs r0, #1\n\tmsr primask, r0\n"};
	static const char *const sets_faultmask[] = {"\tcpsid f\n9:\n",
						     "\tmovs r0, #1\n\tmsr faultmask, r0\n9:\n"};

	switch (below(g, 6)) {
	case 0:
		leave_out(LEFT_OUT_FAULTMASK_AT_HARD);
		guard();
		printf("%s", PICK(g, sets_faultmask));
		break;
	case 1:
	case 2:
		printf("\tmovs r0, #0x%x\n\tmsr %s, r0\n", priority(g),
		       below(g, 2) ? "basepri" : "basepri_max");
		break;
	default:
		printf("%s", PICK(g, texts));
	}
	if (below(g, 2))
		printf("\tisb\n");
}

static void call_supervisor(struct generator *g)
{
	guard();
	printf("\tsvc #%u\n9:\n", below(g, 200));
}

static void fault(struct generator *g)
{
	static const char *const texts[] = {
		"\tudf #3\n",
		"\tudf.w #300\n",
		"\tmovs r1, #0\n\tudiv r2, r1, r1\n",
		"\tmovs r1, #0\n\tmov r3, #-5\n\tsdiv r2, r3, r1\n",
		"\tldr r1, =harness_words+1\n\tldr r2, [r1]\n",
		"\tldr r1, =harness_words+1\n\tstrh r2, [r1]\n",
		"\tldr r1, =harness_words+2\n\tldrd r2, r3, [r1]\n",
		"\tldr r1, =harness_words+1\n\tldm r1, {r2, r3}\n",
		"\tldr r1, =harness_words+1\n\tstmia r1!, {r2, r3}\n",
		"\tldr r1, =harness_words+3\n\tvldr s1, [r1]\n",
		"\tldr r1, =0xd0000010\n\tldr r2, [r1]\n",
		"\tldr r1, =0xd0000020\n\tldrb r2, [r1, #3]!\n",
		"\tldr r1, =0xd0000030\n\tstr r2, [r1, #-4]!\n",
		"\tldr r1, =0xd0000041\n\tstrb r2, [r1], #1\n",
		"\tldr r1, =0xd0000050\n\tldrsh r2, [r1]\n",
		"\tldr r1, =0xd0000060\n\tldmia r1!, {r2, r3}\n",
		"\tldr r1, =0xd0000070\n\tvstr s3, [r1]\n",
		"\tcmp r1, r1\n\titt eq\n\tmoveq r1, #0xd0000000\n\tldreq r2, [r1]\n",
		"\tcmp r1, r1\n\tite eq\n\tudfeq #4\n\taddne r2, #1\n",
	};
	static const char *const jumps[] = {
		"\tldr r1, =0x9f000001\n\tadr r3, 9f\n\tbx r1\n",
		"\tldr r1, =0x9f000101\n\tadr r3, 9f\n\tblx r1\n",
		"\tldr r1, =0x9f000200\n\tadr r3, 9f\n\tmov pc, r1\n",
		"\tldr r1, =not_thumb\n\tadr r3, 9f\n\tbx r1\n",
		"\tldr r1, =0x40000001\n\tadr r3, 9f\n\tbx r1\n",
		"\tldr r1, =0xa0000101\n\tadr r3, 9f\n\tblx r1\n",
		"\tldr r1, =0xd0000200\n\tadr r3, 9f\n\tmov pc, r1\n",
		"\tldr r1, =0xe0000001\n\tadr r3, 9f\n\tbx r1\n",
		"\tldr r1, =not_thumb\n\tadr r3, 9f\n\tblx r1\n",
	};

	guard();
	if (below(g, 4))
		printf("%s9:\n", PICK(g, texts));
	else
		printf("%s\t.balign 4\n9:\n", PICK(g, jumps));
}

static void compute(struct generator *g)
{
	static const char *const texts[] = {
		"\tadds r2, r3, r2\n\tadcs r3, r2\n",
		"\tldr r2, =0x7fffffff\n\tqadd r3, r2, r2\n\tcmn r2, r2\n",
		"\tldr r3, =0x80017fff\n\tuadd8 r2, r3, r2\n\tsel r3, r2, r3\n",
		"\tldr r1, =harness_words\n\tldrex r2, [r1]\n\tadds r2, #1\n\tstrex r3, r2, [r1]\n",
		"\tmrs r2, apsr\n\tmsr apsr_nzcvqg, r3\n",
	};

	printf("%s", PICK(g, texts));
}

static void compute_fp(struct generator *g)
{
	static const char *const texts[] = {
		"\tvmov.f32 s1, #1.5\n\tvadd.f32 s2, s1, s1\n",
		"\tvmul.f32 s3, s2, s15\n\tvmla.f32 s16, s1, s2\n",
		"\tvmrs r2, fpscr\n\tand r2, #0x07c00000\n\tvmov s4, r2\n",
		"\tldr r2, =0x03c00000\n\tvmsr fpscr, r2\n\tvdiv.f32 s5, s1, s2\n",
		"\tmovs r2, #0\n\tvmsr fpscr, r2\n\tvcvt.f32.s32 s6, s3\n",
		"\tldr r2, =harness_words\n\tvldmia r2, {s7-s9}\n\tvcmp.f32 s7, s8\n\tvmrs "
		"apsr_nzcv, fpscr\n",
		"\tldr r2, =harness_words+32\n\tvstmia r2, {s0-s3}\n",
		"\tvsub.f32 s0, s0, s1\n\tvneg.f32 s31, s1\n",
	};

	if (g->place == HANDLER) {
		leave_out(LEFT_OUT_FP_UNKNOWN);
		printf("\tldr r2, =harness_words\n\tvldmia r2, {s0-s15}\n");
	}
	printf("%s", PICK(g, texts));
}

static void look(struct generator *g)
{
	static const char *const texts[] = {
		"\tldr r0, =0xe000e200\n\tldr r0, [r0]\n\tbl emit\n",
		"\tldr r0, =0xe000e300\n\tldr r0, [r0]\n\tbl emit\n",
		"\tldr r0, =0xe000e100\n\tldr r0, [r0]\n\tbl emit\n",
		"\tldr r0, =0xe000e404\n\tldr r0, [r0]\n\tbl emit\n",
		"\tldr r0, =0xe000ed20\n\tldr r0, [r0]\n\tbl emit\n",
		"\tbl emit_ccr\n",
		"\tmrs r0, xpsr\n\tbl emit\n",
		"\tmrs r0, primask\n\tmrs r1, basepri\n\tmrs r2, faultmask\n\tadd r0, r1\n\tadd "
		"r0, r2\n"
		"\tbl emit\n",
		"\tmrs r0, msp\n\tmrs r1, psp\n\teor r0, r1\n\tbl emit\n",
		"\tmrs r0, control\n\tbl emit_control\n",
	};

	printf("%s", g->place == HANDLER ? "\tpush {r4, lr}\n" : "");
	printf("%s%s", PICK(g, texts), g->place == HANDLER ? "\tpop {r4, lr}\n" : "");
}

/* CCR: DIV_0_TRP, UNALIGN_TRP. */
static uint32_t some_ccr(struct generator *g)
{
	return 0x200u | (below(g, 3) ? 0x10 : 0) | (below(g, 2) ? 8 : 0) | g->v8m;
}

/* ASPEN and LSPEN. Not neither: FPSCR would be UNKNOWN in a handler. */
static uint32_t some_fpccr(struct generator *g)
{
	static const uint32_t values[] = {0xc0000000, 0xc0000000, 0xc0000000, 0x80000000,
					  0x40000000};

	leave_out(LEFT_OUT_NO_FP_PRESERVATION);
	return values[below(g, 5)];
}

static void configure(struct generator *g)
{
	switch (below(g, 6)) {
	case 0:
		store(g, 0xe000ed0c, 0x05fa0000 | below(g, 8) << 8, "");
		break;
	case 1:
	case 2:
		store(g, 0xe000ed14, some_ccr(g), "");
		break;
	case 3:
		if (g->place == THREAD)
			store(g, 0xe000ef34, some_fpccr(g), "");
		break;
	case 4:
		store(g, 0xe000ef3c, below(g, 32) << 22, "");
		break;
	default: /* SHCSR's active and pending bits stay: the enables are in the third byte */
		printf("\tldr r0, =0xe000ed24\n\tldr r1, [r0]\n\teor r1, #0x%x\n\tstr r1, [r0]\n",
		       (1 + below(g, 7)) << 16);
	}
}

static void change_control(struct generator *g)
{
	static const char *const texts[] = {
		"\tmrs r0, control\n\tbic r0, #4\n\tmsr control, r0\n\tisb\n\tmovs r0, #0\n",
		"\tmrs r0, control\n\torr r0, #12\n\tmsr control, r0\n\tisb\n\tmovs r0, #0\n",
		"\tmrs r0, control\n\teor r0, #2\n\tmsr control, r0\n\tisb\n\tmovs r0, #0\n",
		"\tcpsie f\n\tmrs r0, control\n\torr r0, #1\n\tmsr control, r0\n\tisb\n\tmovs r0, "
		"#0\n",
	};

	if (g->place == THREAD)
		printf("%s", PICK(g, texts));
	else
		printf("%s", texts[0]);
}

/* ---- stacks that fail, returns that fail, no FP, sleep ---- */

#define NO_FP_CONTEXT "\tmrs r0, control\n\tbic r0, #4\n\tmsr control, r0\n\tisb\n"

/* FP off for one instruction; what faults puts it on. */
static void without_coprocessor(struct generator *g)
{
	static const char *const texts[] = {"\tvmov s1, r2\n", "\tvadd.f32 s1, s2, s3\n",
					    "\tvmrs r2, fpscr\n\tand r2, #0x07c00000\n"};

	guard();
	printf(NO_FP_CONTEXT "\tldr r0, =0xe000ed88\n\tmovs r1, #0\n\tstr r1, [r0]\n\tdsb\n"
			     "\tisb\n%s\tldr r0, =0xe000ed88\n\tmov r1, #0xf00000\n"
			     "\tstr r1, [r0]\n\tdsb\n\tisb\n9:\n",
	       PICK(g, texts));
}

/* An exception on a process stack that does not take its frame, by address or by PSPLIM. */
static void break_entry(struct generator *g)
{
	static const char *const triggers[] = {
		"\tsvc #5\n",
		"\tudf #6\n",
		"\tldr r0, =0xd0000010\n\tldr r0, [r0]\n",
		"\tldr r0, =0xe000ed04\n\tmov r1, #0x80000000\n\tstr r1, [r0]\n\tdsb\n\tisb\n",
		"\tldr r0, =0xe000e200\n\tmovs r1, #0x55\n\tstr r1, [r0]\n\tdsb\n\tisb\n",
	};
	bool by_limit = g->v8m && below(g, 2);

	guard();
	printf(NO_FP_CONTEXT
	       "\tmrs r0, control\n\tand r0, #6\n\tcmp r0, #2\n\tbne 9f\n"
	       "\tldr r0, =rescue\n\tmov r1, sp\n\tadr r2, 9f\n\tstrd r1, r2, [r0]\n");
	if (by_limit)
		printf("\tsub r1, #%u\n\tmsr psplim, r1\n", 8 * below(g, 4));
	else
		printf("\tldr r1, =0xd0000200\n\tmov sp, r1\n");
	printf("%s", PICK(g, triggers));
	if (by_limit)
		printf("\tmovs r1, #0\n\tmsr psplim, r1\n");
	printf("\tldr r0, =rescue\n\tldr r1, [r0]\n\tmov sp, r1\n\tmovs r1, #0\n\tstr r1, [r0]\n"
	       "\t.balign 4\n9:\n");
}

static void break_return(struct generator *g)
{
	printf("\tpush {r4, lr}\n\tbl %s\n\tpop {r4, lr}\n",
	       below(g, 2) ? "break_return" : "break_process_stack");
}

static void fail_stack(struct generator *g)
{
	if (g->place == THREAD)
		break_entry(g);
	else
		break_return(g);
}

/* WFI with an interrupt pending that PRIMASK holds back. */
static void sleep_once(struct generator *g)
{
	unsigned n = below(g, 8);

	if (g->place != THREAD)
		return;
	printf("\tmrs r0, control\n\ttst r0, #1\n\tbne 9f\n\tcpsid i\n\tcpsie f\n"
	       "\tmovs r1, #0\n\tmsr basepri, r1\n\tldr r0, =0x%08x\n\tstrb r1, [r0]\n"
	       "\tldr r0, =0xe000e100\n\tmovs r1, #0x%x\n\tstr r1, [r0]\n\tstr r1, [r0, #0x100]\n"
	       "\tdsb\n\twfi\n\tadds r2, #1\n\tcpsie i\n\tisb\n9:\n",
	       0xe000e400 + n, 1u << n);
}

static void act(struct generator *g)
{
	static void (*const actions[])(struct generator * g) = {
		pend,
		pend,
		pend,
		pend,
		pend_in_it,
		prioritise,
		enable,
		mask,
		mask,
		call_supervisor,
		fault,
		fault,
		compute,
		compute_fp,
		compute_fp,
		look,
		configure,
		change_control,
		without_coprocessor,
		fail_stack,
		fail_stack,
		sleep_once,
	};

	actions[below(g, sizeof(actions) / sizeof(actions[0]))](g);
	if (below(g, 4) == 0)
		printf("\tb 8f\n\t.ltorg\n8:\n");
}

static void write_script(struct generator *g, unsigned program, int number)
{
	unsigned actions = number < 0 ? 6 + below(g, 12) : below(g, 4);

	g->place = number < 0 ? THREAD : HANDLER;
	printf("\t.balign 4\n\t.thumb_func\n");
	if (number < 0)
		printf("script_%u_t:\n", program);
	else
		printf("script_%u_%d:\n", program, number);
	if (number < 0) {
		for (unsigned i = 4; i < 12; i++)
			printf("\tldr r%u, =0x%08x\n", i, draw(g));
		printf("\tldr r12, =thread_return\n\tstr lr, [r12]\n\tldr r12, =0x%08x\n", draw(g));
	} else {
		/* Nothing that the harness leaves: it has read the unmasked xPSR. */
		printf("\tpush {r4, lr}\n\tmovs r0, #0\n\tmovs r1, #1\n\tmovs r2, #2\n"
		       "\tmovs r3, #3\n\tmov r12, r0\n");
	}
	for (unsigned i = 0; i < actions; i++)
		act(g);
	printf(number < 0 ? "\tldr r0, =thread_return\n\tldr pc, [r0]\n\t.ltorg\n"
			  : "\tpop {r4, pc}\n\t.ltorg\n");
}

static void write_table_entry(struct generator *g, unsigned program, uint64_t seed)
{
	uint32_t fpccr = some_fpccr(g);

	printf("\t.word script_%u_t\n", program);
	for (unsigned i = 0; i < EXCEPTION_NUMBERS; i++)
		printf("\t.word script_%u_%u\n", program, i);
	printf("\t.word 0x%08x, %u, %u, 0x%x, 0x%x, %u, 0x%08x, 0x%08x, 0x%x\n", (uint32_t)seed,
	       below(g, 3) ? 2 * below(g, 2) : below(g, 4), 4 * below(g, 2), some_ccr(g),
	       below(g, 3) ? 0x70000 : below(g, 8) << 16, below(g, 3) ? 0 : below(g, 8), fpccr,
	       below(g, 2) ? 0 : below(g, 32) << 22, 0xff & (draw(g) | draw(g)));
	for (unsigned i = 0; i < EXCEPTION_NUMBERS; i++)
		printf("\t.byte 0x%x\n", priority(g));
}

static void write_arm(struct generator *g, uint64_t seed, unsigned count)
{
	printf("\t.syntax unified\n\t.thumb\n\t.text\n\t.balign 4\n"
	       "not_thumb:\n\tnop\n\tnop\n"
	       "\t.bss\n\t.balign 4\nthread_return: .space 4\nharness_words: .space 64\n\t.text\n");
	printf("\t.section .rodata\n\t.balign 4\n\t.global arm_program_count\narm_program_count: "
	       ".word %u\n"
	       "\t.global arm_programs\narm_programs:\n\t.text\n",
	       count);
	for (unsigned program = 0; program < count; program++) {
		g->random = (seed + program) * 0x9e3779b97f4a7c15ull + 1;
		for (unsigned i = 0; i < 8; i++)
			draw(g);
		for (int number = -1; number < (int)EXCEPTION_NUMBERS; number++)
			write_script(g, program, number);
		printf("\t.section .rodata\n");
		write_table_entry(g, program, seed + program);
		printf("\t.text\n");
	}
}

/* ---- RISC-V ---- */

static void rv32_act(struct generator *g)
{
	static const char *const texts[] = {
		"\tecall\n",
		"\t.option push\n\t.option norvc\n\tebreak\n\t.option pop\n",
		"\tc.ebreak\n",
		"\t.word 0xffffffff\n",
		"\t.hword 0\n",
		"\t.word 0x0000702f\n",            /* AMO of no width */
		"\t.word 0x00003003\n",            /* LD */
		"\t.word 0x02007033|0x80000000\n", /* no such operation */
		"\tli a0, 0x0f000000\n\tlw a1, 4(a0)\n",
		"\tli a0, 0x0f000001\n\tlbu a1, 7(a0)\n",
		"\tli a0, 0x0f000000\n\tlh a1, 2(a0)\n",
		"\tli a0, 0x0f000010\n\tc.lw a1, 8(a0)\n",
		"\tli a0, 0x0f000020\n\tsw a1, -4(a0)\n",
		"\tli a0, 0x0f000030\n\tsb a1, 3(a0)\n",
		"\tli a0, 0x0f000040\n\tsh a1, 2(a0)\n",
		"\tli a0, 0x0f000050\n\tla t1, 9f\n\tjr a0\n9:\n",
		"\tli a0, 0x0f000101\n\tlw a1, 5(a0)\n", /* misaligned: MISALIGNED_MTVAL */
		"\tli a0, 0x0f000103\n\tsh a1, 0(a0)\n",
		"\tli a0, 0x0f000101\n\tlhu a1, 4(a0)\n",
		"\tli a0, 0x0f000062\n\tla t1, 9f\n\tjalr a0\n9:\n",
		"\tli a0, 0x02000000\n\tli a1, 1\n\tsw a1, 0(a0)\n",
		"\tli a0, 0x02000000\n\tli a1, 1\n\tsw a1, 0(a0)\n",
		"\tli a0, 0x02000000\n\tli a1, 1\n\tsw a1, 0(a0)\n",
		"\tli a0, 0x02000000\n\tsw zero, 0(a0)\n",
		"\tcsrsi mstatus, 8\n",
		"\tcsrsi mstatus, 8\n",
		"\tcsrci mstatus, 8\n",
		"\tli a2, 0x1800\n\tcsrs mstatus, a2\n\tcsrrsi a2, mstatus, 8\n",
		"\tli a3, 0x1800\n\tcsrs mstatus, a3\n\tcsrrci a3, mstatus, 8\n",
		"\tli a0, 8\n\tcsrc mie, a0\n",
		"\tli a0, 8\n\tcsrs mie, a0\n",
		"\tli a0, 8\n\tcsrs mie, a0\n",
		"\tcsrr a2, mscratch\n\tcsrw mscratch, a3\n",
		"\tcsrrw a2, mscratch, a2\n\tcsrrs a3, mscratch, a2\n",
		"\tcsrr a2, mcause\n\tcsrr a3, mepc\n",
		"\tcsrrw a2, mtval, a3\n\tcsrr a3, mtval\n",
		"\t/* left out: MEPC_BIT_0 */\n\tandi a3, a3, -2\n\tcsrw mepc, a3\n\tcsrr a2, "
		"mepc\n",
		"\tcsrw mcause, zero\n\tcsrr a2, mcause\n",
		/* MRET outside of a trap: to MPIE */
		"\tla a0, 9f\n\tcsrw mepc, a0\n\tli a0, 0x1880\n\tcsrs mstatus, a0\n\tmret\n9:\n",
		"\tla a0, 9f\n\tcsrw mepc, a0\n\tli a0, 0x80\n\tcsrc mstatus, a0\n\tli a0, 0x1800\n"
		"\tcsrs mstatus, a0\n\tmret\n9:\n",
		"\tmul a2, a3, a2\n\tmulhsu a4, a2, a3\n\tadd a3, a3, a4\n",
		"\tdiv a2, a3, zero\n\trem a4, a3, zero\n\txor a3, a3, a4\n",
		"\tla a0, harness_words\n\tsw a2, 1(a0)\n\tlh a3, 3(a0)\n",
		"\tfence\n\tfence.i\n",
	};

	printf("%s", PICK(g, texts));
}

static void rv32_script(struct generator *g, unsigned program, const char *name, unsigned actions)
{
	printf("\t.balign 4\nscript_%u_%s:\n\tmv s11, ra\n", program, name);
	for (unsigned i = 5; i < 32; i++)
		if ((i < 8 || i > 9) && (i < 18 || i > 27)) /* what a caller does not keep */
			printf("\tli x%u, 0x%08x\n", i, draw(g));
	for (unsigned i = 0; i < actions; i++)
		rv32_act(g);
	printf("\tjr s11\n");
}

static void write_rv32(struct generator *g, uint64_t seed, unsigned count)
{
	printf("\t.section .rodata\n\t.balign 4\n\t.global rv32_program_count, rv32_programs\n"
	       "rv32_program_count: .word %u\nrv32_programs:\n\t.text\n",
	       count);
	for (unsigned program = 0; program < count; program++) {
		g->random = (seed + program) * 0x9e3779b97f4a7c15ull + 1;
		for (unsigned i = 0; i < 8; i++)
			draw(g);
		rv32_script(g, program, "t", 6 + below(g, 20));
		rv32_script(g, program, "e", below(g, 5));
		rv32_script(g, program, "i", below(g, 5));
		printf("\t.section .rodata\n\t.word script_%u_t, script_%u_e, script_%u_i, 0x%08x\n"
		       "\t.text\n",
		       program, program, program, (uint32_t)(seed + program));
	}
}

int main(int argc, char **argv)
{
	struct generator g = {0};

	if (argc == 2 && !strcmp(argv[1], "rules")) {
		print_rules();
		return 0;
	}
	if (argc != 4) {
		fprintf(stderr, "usage: exception_programs m4|m7|m33|rv32 SEED COUNT\n"
				"       exception_programs rules\n");
		return 2;
	}
	g.v8m = !strcmp(argv[1], "m33");
	(strcmp(argv[1], "rv32") ? write_arm : write_rv32)(&g, strtoull(argv[2], NULL, 0),
							   (unsigned)strtoul(argv[3], NULL, 0));
	return 0;
}
