/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The inner loop of DEPTHWISE: four outputs of neighbouring lines share every word of taps. In
 * assembly (the job is copied to the stack, offsets are those of its fields), and in C.
 */
#include <stddef.h>

#include "firmware/runtime/kernels/armv7em/armv7em.h"

DSP_INLINE void lines(const struct armv7em_lines_job *job, uint32_t stride,
		      enum armv7em_rounding rounding)
{
	const uint32_t *block = job->words;
	int8_t *out = job->out;

	for (uint32_t left = job->blocks; left > 0; left--, block += job->block_bytes / 4) {
		int32_t sums[4] = {job->bias[0], job->bias[1], job->bias[2], job->bias[3]};
		const uint32_t *taps = job->taps, *column = block;

		for (; taps < job->taps_end; column += job->column_bytes / 4)
			for (uint32_t i = 0; i < job->kernel; i++, taps++)
				for (uint32_t k = 0; k < 4; k++)
					sums[k] = dsp_smlad(column[i + k * stride], *taps, sums[k]);
		for (int k = 0; k < 4; k++, out += job->out_step)
			*out = armv7em_finish(sums[k], &job->finish, rounding);
	}
}

void armv7em_lines_exact(const struct armv7em_lines_job *job)
{
	lines(job, 1, ARMV7EM_EXACT);
}

void armv7em_lines2_exact(const struct armv7em_lines_job *job)
{
	lines(job, 2, ARMV7EM_EXACT);
}

#ifndef DSP_MACHINE

void armv7em_lines_up(const struct armv7em_lines_job *job)
{
	lines(job, 1, ARMV7EM_UP);
}

void armv7em_lines_away(const struct armv7em_lines_job *job)
{
	lines(job, 1, ARMV7EM_AWAY);
}

void armv7em_lines5_up(const struct armv7em_lines_job *job)
{
	lines(job, 1, ARMV7EM_UP);
}

void armv7em_lines5_away(const struct armv7em_lines_job *job)
{
	lines(job, 1, ARMV7EM_AWAY);
}

void armv7em_lines2_up(const struct armv7em_lines_job *job)
{
	lines(job, 2, ARMV7EM_UP);
}

void armv7em_lines2_away(const struct armv7em_lines_job *job)
{
	lines(job, 2, ARMV7EM_AWAY);
}

#else

#define UNUSED __attribute__((unused))

_Static_assert(sizeof(struct armv7em_lines_job) == 16 * 4 &&
		       offsetof(struct armv7em_lines_job, bias) == 12 &&
		       offsetof(struct armv7em_lines_job, words) == 28 &&
		       offsetof(struct armv7em_lines_job, taps_end) == 36 &&
		       offsetof(struct armv7em_lines_job, block_bytes) == 48 &&
		       offsetof(struct armv7em_lines_job, blocks) == 60,
	       "offsets below");

#define FINISH_UP(sum)                                                                             \
	"smmla " sum ", " sum ", r4, r5\n"                                                         \
	"asr " sum ", " sum ", r6\n"                                                               \
	"ssat " sum ", #8, " sum "\n"
#define FINISH_AWAY(sum)                                                                           \
	"smmlar " sum ", " sum ", r4, " sum "\n"                                                   \
	"add " sum ", " sum ", " sum ", asr #31\n"                                                 \
	"add " sum ", " sum ", r5\n"                                                               \
	"asr " sum ", " sum ", r6\n"                                                               \
	"ssat " sum ", #8, " sum "\n"

/* The words of four outputs at r9 into r4 .. r7, r9 to the next line. */
#define LOAD_DENSE                                                                                 \
	"ldmia.w r9, {r4-r7}\n"                                                                    \
	"add r9, r9, #4\n"
#define LOAD_APART                                                                                 \
	"ldr r4, [r9], #4\n"                                                                       \
	"ldr r5, [r9, #4]\n"                                                                       \
	"ldr r6, [r9, #12]\n"                                                                      \
	"ldr r7, [r9, #20]\n"

/* A tap of four outputs. */
#define TAP(a, b, c, d)                                                                            \
	"smlad r0, " a ", r8, r0\n"                                                                \
	"smlad r1, " b ", r8, r1\n"                                                                \
	"smlad r2, " c ", r8, r2\n"                                                                \
	"smlad r3, " d ", r8, r3\n"

/* All taps of a column at r9: any number r11, or five, for which each word is read once. */
#define TAPS_ANY(load)                                                                             \
	"1:\n"                                                                                     \
	"ldr r8, [r10], #4\n" load "subs r11, r11, #1\n" TAP("r4", "r5", "r6", "r7") "bne 1b\n"
#define TAP_NEXT(a, b, c, d)                                                                       \
	"ldr r8, [r10], #4\n"                                                                      \
	"ldr " d ", [r9], #4\n" TAP(a, b, c, d)
#define TAPS_FIVE                                                                                  \
	"ldmia.w r9!, {r4-r6}\n" TAP_NEXT("r4", "r5", "r6", "r7") TAP_NEXT("r5", "r6", "r7", "r4") \
		TAP_NEXT("r6", "r7", "r4", "r5") TAP_NEXT("r7", "r4", "r5", "r6")                  \
			TAP_NEXT("r4", "r5", "r6", "r7")

/* 3: block, 2: column. Sums r0 .. r3, tap r8 of r10, column r12, taps left r11. */
#define LINES(taps, finish)                                                                        \
	"push {r4-r11, lr}\n"                                                                      \
	"add r0, r0, #64\n"                                                                        \
	"ldmdb r0!, {r1-r8}\n"                                                                     \
	"stmdb sp!, {r1-r8}\n"                                                                     \
	"ldmdb r0!, {r1-r8}\n"                                                                     \
	"stmdb sp!, {r1-r8}\n"                                                                     \
	"ldr lr, [sp, #44]\n"                                                                      \
	"3:\n"                                                                                     \
	"add r4, sp, #12\n"                                                                        \
	"ldmia.w r4, {r0-r3, r12}\n"                                                               \
	"ldr r10, [sp, #32]\n"                                                                     \
	"2:\n"                                                                                     \
	"ldr r11, [sp, #40]\n" /* the kernel */                                                    \
	"mov r9, r12\n"                                                                            \
	"add r12, r12, lr\n" taps "ldr r8, [sp, #36]\n"                                            \
	"cmp r10, r8\n"                                                                            \
	"bne.w 2b\n"                                                                               \
	"ldmia.w sp, {r4-r6}\n" finish("r0") finish("r1") finish("r2")                             \
		finish("r3") "ldrd r7, r8, [sp, #52]\n" /* out, its step */                        \
			     "strb r0, [r7]\n"                                                     \
			     "strb r1, [r7, r8]\n"                                                 \
			     "add r7, r7, r8, lsl #1\n"                                            \
			     "strb r2, [r7]\n"                                                     \
			     "strb r3, [r7, r8]\n"                                                 \
			     "add r7, r7, r8, lsl #1\n"                                            \
			     "str r7, [sp, #52]\n"                                                 \
			     "ldr r9, [sp, #28]\n"                                                 \
			     "ldr r10, [sp, #48]\n"                                                \
			     "ldr r11, [sp, #60]\n"                                                \
			     "add r9, r9, r10\n"                                                   \
			     "subs r11, r11, #1\n"                                                 \
			     "str r9, [sp, #28]\n"                                                 \
			     "str r11, [sp, #60]\n"                                                \
			     "bne.w 3b\n"                                                          \
			     "add sp, sp, #64\n"                                                   \
			     "pop {r4-r11, pc}\n"

__attribute__((naked)) void armv7em_lines_up(const struct armv7em_lines_job *job UNUSED)
{
	__asm__ volatile(LINES(TAPS_ANY(LOAD_DENSE), FINISH_UP));
}

__attribute__((naked)) void armv7em_lines_away(const struct armv7em_lines_job *job UNUSED)
{
	__asm__ volatile(LINES(TAPS_ANY(LOAD_DENSE), FINISH_AWAY));
}

__attribute__((naked)) void armv7em_lines5_up(const struct armv7em_lines_job *job UNUSED)
{
	__asm__ volatile(LINES(TAPS_FIVE, FINISH_UP));
}

__attribute__((naked)) void armv7em_lines5_away(const struct armv7em_lines_job *job UNUSED)
{
	__asm__ volatile(LINES(TAPS_FIVE, FINISH_AWAY));
}

__attribute__((naked)) void armv7em_lines2_up(const struct armv7em_lines_job *job UNUSED)
{
	__asm__ volatile(LINES(TAPS_ANY(LOAD_APART), FINISH_UP));
}

__attribute__((naked)) void armv7em_lines2_away(const struct armv7em_lines_job *job UNUSED)
{
	__asm__ volatile(LINES(TAPS_ANY(LOAD_APART), FINISH_AWAY));
}

#endif
