/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The inner loop of DEPTHWISE3: two outputs side by side take six SMLAD and six SMLAxy, as their
 * windows share the words of three lines. In assembly for the sake of its registers (the job is
 * copied to the stack, offsets are those of its fields), and in C.
 */
#include <stddef.h>

#include "firmware/runtime/kernels/armv7em/armv7em.h"

DSP_INLINE void columns(const struct armv7em_columns_job *job, enum armv7em_rounding rounding)
{
	const uint32_t *words = job->words, *next = job->next_words, *end = job->end;
	const uint32_t *taps = job->taps;
	int8_t *out = job->out;

	for (;;) {
		int32_t first = job->bias[0], second = job->bias[1];

		for (int i = 0; i < 3; i++) {
			first = dsp_smlad(words[i], taps[i], first);
			second = dsp_smlatb(words[i], taps[i], second);
			first = dsp_smlabt(next[i], taps[3 + i], first);
			second = dsp_smlad(next[i], taps[3 + i], second);
		}
		out[job->inner_step] = armv7em_finish(second, &job->finish, rounding);
		out[0] = armv7em_finish(first, &job->finish, rounding);
		words++;
		next++;
		if (words != end) {
			out += job->outer_step;
			continue;
		}
		if (end == job->last_end)
			return;
		words += job->skip / 4;
		next += job->skip / 4;
		end += job->column_bytes / 4;
		out += (int32_t)(job->outer_step + job->out_skip);
	}
}

DSP_INLINE void columns2(const struct armv7em_columns_job *job, enum armv7em_rounding rounding)
{
	const uint32_t *words = job->words, *next = job->next_words, *end = job->end;
	const uint32_t *taps = job->taps;
	int8_t *out = job->out;

	for (;;) {
		int32_t sum = job->bias[0];

		for (int i = 0; i < 3; i++)
			sum = dsp_smlad(words[i], taps[i], sum);
		sum = dsp_smlad(next[0] & 0xFFFF, taps[3], sum);
		sum = dsp_smlabt(next[1], taps[3], sum);
		sum = dsp_smlad(next[2] & 0xFFFF, taps[4], sum);
		out[0] = armv7em_finish(sum, &job->finish, rounding);
		words += job->inner_step / 4;
		next += job->inner_step / 4;
		out += job->outer_step;
		if (words != end)
			continue;
		if (end == job->last_end)
			return;
		words += job->skip / 4;
		next += job->skip / 4;
		end += job->column_bytes / 4;
		out += (int32_t)job->out_skip;
	}
}

void armv7em_columns_exact(const struct armv7em_columns_job *job)
{
	columns(job, ARMV7EM_EXACT);
}

void armv7em_columns2_exact(const struct armv7em_columns_job *job)
{
	columns2(job, ARMV7EM_EXACT);
}

#ifndef DSP_MACHINE

void armv7em_columns_up(const struct armv7em_columns_job *job)
{
	columns(job, ARMV7EM_UP);
}

void armv7em_columns_away(const struct armv7em_columns_job *job)
{
	columns(job, ARMV7EM_AWAY);
}

void armv7em_columns2_up(const struct armv7em_columns_job *job)
{
	columns2(job, ARMV7EM_UP);
}

void armv7em_columns2_away(const struct armv7em_columns_job *job)
{
	columns2(job, ARMV7EM_AWAY);
}

#else

#define UNUSED __attribute__((unused))

_Static_assert(sizeof(struct armv7em_columns_job) == 16 * 4 &&
		       offsetof(struct armv7em_columns_job, bias) == 12 &&
		       offsetof(struct armv7em_columns_job, inner_step) == 20 &&
		       offsetof(struct armv7em_columns_job, end) == 28 &&
		       offsetof(struct armv7em_columns_job, skip) == 32 &&
		       offsetof(struct armv7em_columns_job, words) == 48,
	       "offsets below");

#define FINISH_UP(sum)                                                                             \
	"smmla " sum ", " sum ", r0, r1\n"                                                         \
	"asr " sum ", " sum ", r2\n"                                                               \
	"ssat " sum ", #8, " sum "\n"
#define FINISH_AWAY(sum)                                                                           \
	"smmlar " sum ", " sum ", r0, " sum "\n"                                                   \
	"add " sum ", " sum ", " sum ", asr #31\n"                                                 \
	"add " sum ", " sum ", r1\n"                                                               \
	"asr " sum ", " sum ", r2\n"                                                               \
	"ssat " sum ", #8, " sum "\n"

/* Sums r3 and r10; words at r11 and r12; out lr; taps r4-r6 (w0, w1) and r7-r9 (w1, w2). */
#define COLUMNS(finish)                                                                            \
	"push {r4-r11, lr}\n"                                                                      \
	"add r0, r0, #48\n"                                                                        \
	"ldmdb r0!, {r1-r6}\n"                                                                     \
	"stmdb sp!, {r1-r6}\n"                                                                     \
	"ldmdb r0!, {r1-r6}\n"                                                                     \
	"stmdb sp!, {r1-r6}\n"                                                                     \
	"add r0, r0, #48\n"                                                                        \
	"ldmia.w r0!, {r10-r12, lr}\n"                                                             \
	"ldmia.w lr, {r4-r9}\n"                                                                    \
	"mov lr, r12\n"                                                                            \
	"mov r12, r11\n"                                                                           \
	"mov r11, r10\n"                                                                           \
	".p2align 2\n"                                                                             \
	"1:\n"                                                                                     \
	"ldrd r3, r10, [sp, #12]\n"                                                                \
	"ldmia.w r11, {r0-r2}\n"                                                                   \
	"smlad r3, r0, r4, r3\n"                                                                   \
	"smlatb r10, r0, r4, r10\n"                                                                \
	"smlad r3, r1, r5, r3\n"                                                                   \
	"smlatb r10, r1, r5, r10\n"                                                                \
	"smlad r3, r2, r6, r3\n"                                                                   \
	"smlatb r10, r2, r6, r10\n"                                                                \
	"ldmia.w r12, {r0-r2}\n"                                                                   \
	"smlabt r3, r0, r7, r3\n"                                                                  \
	"smlad r10, r0, r7, r10\n"                                                                 \
	"smlabt r3, r1, r8, r3\n"                                                                  \
	"smlad r10, r1, r8, r10\n"                                                                 \
	"smlabt r3, r2, r9, r3\n"                                                                  \
	"smlad r10, r2, r9, r10\n"                                                                 \
	"ldmia.w sp, {r0-r2}\n" finish("r10")                                                      \
		finish("r3") "add r0, sp, #20\n"                                                   \
			     "ldmia.w r0, {r0-r2}\n" /* inner step, outer step, end */             \
			     "add r11, r11, #4\n"                                                  \
			     "add r12, r12, #4\n"                                                  \
			     "strb r10, [lr, r0]\n"                                                \
			     "strb r3, [lr]\n"                                                     \
			     "add lr, lr, r1\n"                                                    \
			     "cmp r11, r2\n"                                                       \
			     "bne.w 1b\n"                                                          \
			     "add r0, sp, #32\n"                                                   \
			     "ldmia.w r0, {r0, r1, r3, r10}\n" /* skip, out skip, column bytes,    \
								  last end */                      \
			     "cmp r2, r10\n"                                                       \
			     "beq.w 2f\n"                                                          \
			     "add r11, r11, r0\n"                                                  \
			     "add r12, r12, r0\n"                                                  \
			     "add lr, lr, r1\n"                                                    \
			     "add r2, r2, r3\n"                                                    \
			     "str r2, [sp, #28]\n"                                                 \
			     "b.w 1b\n"                                                            \
			     "2:\n"                                                                \
			     "add sp, sp, #48\n"                                                   \
			     "pop {r4-r11, pc}\n"

/* Sum r3; words at r10 and r11; out r12, step lr; taps r4-r6 (w0, w1), r7 and r8 w2; end r9. */
#define COLUMNS2(finish)                                                                           \
	"push {r4-r11, lr}\n"                                                                      \
	"add r0, r0, #48\n"                                                                        \
	"ldmdb r0!, {r1-r6}\n"                                                                     \
	"stmdb sp!, {r1-r6}\n"                                                                     \
	"ldmdb r0!, {r1-r6}\n"                                                                     \
	"stmdb sp!, {r1-r6}\n"                                                                     \
	"add r0, r0, #48\n"                                                                        \
	"ldmia.w r0!, {r10-r12, lr}\n"                                                             \
	"ldmia.w lr, {r4-r8}\n"                                                                    \
	"ldr r9, [sp, #28]\n"                                                                      \
	".p2align 2\n"                                                                             \
	"1:\n"                                                                                     \
	"ldr r3, [sp, #12]\n"                                                                      \
	"ldmia.w r10, {r0-r2}\n"                                                                   \
	"smlad r3, r0, r4, r3\n"                                                                   \
	"smlad r3, r1, r5, r3\n"                                                                   \
	"smlad r3, r2, r6, r3\n"                                                                   \
	"ldmia.w r11, {r0-r2}\n"                                                                   \
	"smlabb r3, r0, r7, r3\n"                                                                  \
	"smlabt r3, r1, r7, r3\n"                                                                  \
	"smlabb r3, r2, r8, r3\n"                                                                  \
	"ldmia.w sp, {r0-r2}\n" finish(                                                            \
		"r3") "ldrd r0, r1, [sp, #20]\n" /* step of the words, outer step */               \
		      "strb r3, [r12]\n"                                                           \
		      "add r10, r10, r0\n"                                                         \
		      "add r11, r11, r0\n"                                                         \
		      "add r12, r12, r1\n"                                                         \
		      "cmp r10, r9\n"                                                              \
		      "bne.w 1b\n"                                                                 \
		      "add r0, sp, #32\n"                                                          \
		      "ldmia.w r0, {r0-r3}\n" /* skip, out skip, column bytes, last end */         \
		      "cmp r9, r3\n"                                                               \
		      "beq.w 2f\n"                                                                 \
		      "add r10, r10, r0\n"                                                         \
		      "add r11, r11, r0\n"                                                         \
		      "add r12, r12, r1\n"                                                         \
		      "add r9, r9, r2\n"                                                           \
		      "b.w 1b\n"                                                                   \
		      "2:\n"                                                                       \
		      "add sp, sp, #48\n"                                                          \
		      "pop {r4-r11, pc}\n"

__attribute__((naked)) void armv7em_columns_up(const struct armv7em_columns_job *job UNUSED)
{
	__asm__ volatile(COLUMNS(FINISH_UP));
}

__attribute__((naked)) void armv7em_columns_away(const struct armv7em_columns_job *job UNUSED)
{
	__asm__ volatile(COLUMNS(FINISH_AWAY));
}

__attribute__((naked)) void armv7em_columns2_up(const struct armv7em_columns_job *job UNUSED)
{
	__asm__ volatile(COLUMNS2(FINISH_UP));
}

__attribute__((naked)) void armv7em_columns2_away(const struct armv7em_columns_job *job UNUSED)
{
	__asm__ volatile(COLUMNS2(FINISH_AWAY));
}

#endif
