/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The inner loops of GEMM and VECTOR. They need every register, so loop bounds, constants and
 * results' places are on the stack, where the job is copied: offsets are those of its fields.
 * Loops are unrolled, and entered in their midst where the count is no multiple.
 */
#include <stddef.h>

#include "firmware/runtime/kernels/armv7em/armv7em.h"

#ifdef DSP_MACHINE

#define UNUSED __attribute__((unused))

/* multiplier, addend and shift are registers */
#define FINISH_UP(sum, multiplier, addend, shift)                                                  \
	"smmla " sum ", " sum ", " multiplier ", " addend "\n"                                     \
	"asr " sum ", " sum ", " shift "\n"                                                        \
	"ssat " sum ", #8, " sum "\n"
#define FINISH_AWAY(sum, multiplier, addend, shift)                                                \
	"smmlar " sum ", " sum ", " multiplier ", " sum "\n"                                       \
	"add " sum ", " sum ", " sum ", asr #31\n"                                                 \
	"add " sum ", " sum ", " addend "\n"                                                       \
	"asr " sum ", " sum ", " shift "\n"                                                        \
	"ssat " sum ", #8, " sum "\n"

_Static_assert(sizeof(struct armv7em_pairs_job) == 18 * 4 &&
		       offsetof(struct armv7em_pairs_job, entry) == 20 &&
		       offsetof(struct armv7em_pairs_job, finish) == 28 &&
		       offsetof(struct armv7em_pairs_job, out) == 60 &&
		       offsetof(struct armv7em_pairs_job, activations) == 68,
	       "offsets below");

/* 16 products of sums r0 .. r3 in 10 instructions of four bytes. */
#define PAIRS_GROUP                                                                                \
	"ldmia.w r12!, {r4-r7}\n"                                                                  \
	"ldmia.w lr!, {r8-r11}\n"                                                                  \
	"smlad r0, r4, r8, r0\n"                                                                   \
	"smlad r1, r4, r10, r1\n"                                                                  \
	"smlad r2, r6, r8, r2\n"                                                                   \
	"smlad r3, r6, r10, r3\n"                                                                  \
	"smlad r0, r5, r9, r0\n"                                                                   \
	"smlad r1, r5, r11, r1\n"                                                                  \
	"smlad r2, r7, r9, r2\n"                                                                   \
	"smlad r3, r7, r11, r3\n"

/* 1: loop of eight groups; 2: the next two pixels; r1 = groups % 8 -> entry, (8 - r1) % 8 groups
 * behind 1, with the Thumb bit. */
#define PAIRS(finish)                                                                              \
	"push {r4-r11, lr}\n"                                                                      \
	"add r0, r0, #72\n"                                                                        \
	"ldmdb r0!, {r1-r9}\n"                                                                     \
	"stmdb sp!, {r1-r9}\n"                                                                     \
	"ldmdb r0!, {r1-r9}\n"                                                                     \
	"stmdb sp!, {r1-r9}\n"                                                                     \
	"ldr r12, [sp, #68]\n"                                                                     \
	"ldr r1, [sp, #20]\n"                                                                      \
	"rsb r1, r1, #8\n"                                                                         \
	"and r1, r1, #7\n"                                                                         \
	"movs r2, #40\n"                                                                           \
	"mul r1, r1, r2\n"                                                                         \
	"adr.w r2, 1f\n"                                                                           \
	"add r1, r1, r2\n"                                                                         \
	"orr r1, r1, #1\n"                                                                         \
	"str r1, [sp, #20]\n"                                                                      \
	"2:\n"                                                                                     \
	"ldmia.w sp, {r0-r3, lr}\n"                                                                \
	"ldr.w pc, [sp, #20]\n"                                                                    \
	".p2align 2\n"                                                                             \
	"1:\n"                                                                                     \
	".rept 8\n" PAIRS_GROUP ".endr\n"                                                          \
	"ldr r4, [sp, #24]\n"                                                                      \
	"cmp lr, r4\n"                                                                             \
	"bne.w 1b\n"                                                                               \
	"add r4, sp, #28\n"                                                                        \
	"ldmia.w r4, {r4-r11, lr}\n" finish("r3", "r7", "r8", "r9") finish("r2", "r4", "r5", "r6") \
		finish("r1", "r7", "r8", "r9")                                                     \
			finish("r0", "r4", "r5", "r6") "add r4, lr, r10\n"                         \
						       "strb r3, [r4, r11]\n"                      \
						       "strb r2, [r4]\n"                           \
						       "strb r1, [lr, r11]\n"                      \
						       "strb r0, [lr]\n"                           \
						       "add r4, r4, r10\n"                         \
						       "str r4, [sp, #60]\n"                       \
						       "ldr r5, [sp, #64]\n"                       \
						       "cmp r12, r5\n"                             \
						       "bne.w 2b\n"                                \
						       "add sp, sp, #72\n"                         \
						       "pop {r4-r11, pc}\n"

__attribute__((naked)) void armv7em_pairs_up(const struct armv7em_pairs_job *job UNUSED)
{
	__asm__ volatile(PAIRS(FINISH_UP));
}

__attribute__((naked)) void armv7em_pairs_away(const struct armv7em_pairs_job *job UNUSED)
{
	__asm__ volatile(PAIRS(FINISH_AWAY));
}

_Static_assert(sizeof(struct armv7em_threes_job) == 10 * 4 &&
		       offsetof(struct armv7em_threes_job, entry) == 8 &&
		       offsetof(struct armv7em_threes_job, pair) == 16 &&
		       offsetof(struct armv7em_threes_job, out) == 32,
	       "offsets below");

/* 24 products of sums r0 .. r2 (first channel) and r3 .. r5 in 19 instructions of four bytes. */
#define THREES_GROUP                                                                               \
	"ldrd r6, r7, [lr], #8\n"                                                                  \
	"ldmia.w r12!, {r9-r11}\n"                                                                 \
	"sxtb16 r8, r6\n"                                                                          \
	"smlad r0, r9, r8, r0\n"                                                                   \
	"smlad r1, r10, r8, r1\n"                                                                  \
	"smlad r2, r11, r8, r2\n"                                                                  \
	"sxtb16 r8, r7\n"                                                                          \
	"smlad r3, r9, r8, r3\n"                                                                   \
	"smlad r4, r10, r8, r4\n"                                                                  \
	"smlad r5, r11, r8, r5\n"                                                                  \
	"ldmia.w r12!, {r9-r11}\n"                                                                 \
	"sxtb16 r6, r6, ror #8\n"                                                                  \
	"smlad r0, r9, r6, r0\n"                                                                   \
	"smlad r1, r10, r6, r1\n"                                                                  \
	"smlad r2, r11, r6, r2\n"                                                                  \
	"sxtb16 r7, r7, ror #8\n"                                                                  \
	"smlad r3, r9, r7, r3\n"                                                                   \
	"smlad r4, r10, r7, r4\n"                                                                  \
	"smlad r5, r11, r7, r5\n"

#define THREES(finish)                                                                             \
	"push {r4-r11, lr}\n"                                                                      \
	"ldmia.w r0, {r1-r10}\n"                                                                   \
	"stmdb sp!, {r1-r10}\n"                                                                    \
	"mov lr, r1\n"                                                                             \
	"rsb r3, r3, #4\n"                                                                         \
	"and r3, r3, #3\n"                                                                         \
	"movs r1, #76\n"                                                                           \
	"mul r3, r3, r1\n"                                                                         \
	"adr.w r1, 1f\n"                                                                           \
	"add r3, r3, r1\n"                                                                         \
	"orr r3, r3, #1\n"                                                                         \
	"str r3, [sp, #8]\n"                                                                       \
	"2:\n"                                                                                     \
	"ldr r6, [sp, #16]\n"                                                                      \
	"ldr r12, [sp, #4]\n"                                                                      \
	"ldr r0, [r6], #4\n"                                                                       \
	"ldr r3, [r6], #4\n"                                                                       \
	"str r6, [sp, #16]\n"                                                                      \
	"mov r1, r0\n"                                                                             \
	"mov r2, r0\n"                                                                             \
	"mov r4, r3\n"                                                                             \
	"mov r5, r3\n"                                                                             \
	"ldr.w pc, [sp, #8]\n"                                                                     \
	".p2align 2\n"                                                                             \
	"1:\n"                                                                                     \
	".rept 4\n" THREES_GROUP ".endr\n"                                                         \
	"ldr r6, [sp, #12]\n"                                                                      \
	"cmp r12, r6\n"                                                                            \
	"bne.w 1b\n"                                                                               \
	"ldr r6, [sp, #16]\n"                                                                      \
	"ldmia.w r6!, {r7-r12}\n"                                                                  \
	"str r6, [sp, #16]\n" finish("r0", "r7", "r8", "r9") finish("r1", "r7", "r8", "r9")        \
		finish("r2", "r7", "r8", "r9") finish("r3", "r10", "r11", "r12")                   \
			finish("r4", "r10", "r11", "r12")                                          \
				finish("r5", "r10", "r11",                                         \
				       "r12") "add r6, sp, #20\n"                                  \
					      "ldmia.w r6, {r7-r11}\n" /* second, third, channel   \
									  step, out, its end */    \
					      "add r6, r10, r8\n"                                  \
					      "strb r5, [r6, r9]\n"                                \
					      "strb r2, [r6]\n"                                    \
					      "add r6, r10, r7\n"                                  \
					      "strb r4, [r6, r9]\n"                                \
					      "strb r1, [r6]\n"                                    \
					      "strb r3, [r10, r9]\n"                               \
					      "strb r0, [r10], #2\n"                               \
					      "str r10, [sp, #32]\n"                               \
					      "cmp r10, r11\n"                                     \
					      "bne.w 2b\n"                                         \
					      "add sp, sp, #40\n"                                  \
					      "pop {r4-r11, pc}\n"

__attribute__((naked)) void armv7em_threes_up(const struct armv7em_threes_job *job UNUSED)
{
	__asm__ volatile(THREES(FINISH_UP));
}

__attribute__((naked)) void armv7em_threes_away(const struct armv7em_threes_job *job UNUSED)
{
	__asm__ volatile(THREES(FINISH_AWAY));
}

/* A group's instructions take 24 bytes, and r2 - r1 is 8 for each. */
__attribute__((naked)) void armv7em_weights_widen(uint32_t *to UNUSED, const uint32_t *from UNUSED,
						  const uint32_t *from_end UNUSED)
{
	__asm__ volatile("push {r4-r6, lr}\n"
			 "sub r3, r1, r2\n"
			 "and r3, r3, #24\n"
			 "add r3, r3, r3, lsl #1\n"
			 "adr.w r4, 1f\n"
			 "add r3, r3, r4\n"
			 "orr r3, r3, #1\n"
			 "bx r3\n"
			 ".p2align 2\n"
			 "1:\n"
			 ".rept 4\n"
			 "ldrd r4, r6, [r1], #8\n"
			 "sxtb16 r3, r4\n"
			 "sxtb16 r4, r4, ror #8\n"
			 "sxtb16 r5, r6\n"
			 "sxtb16 r6, r6, ror #8\n"
			 "stmia.w r0!, {r3-r6}\n"
			 ".endr\n"
			 "cmp r1, r2\n"
			 "bne.w 1b\n"
			 "pop {r4-r6, pc}\n");
}

/* 16 products of sums r0 .. r3, activations r4 and r5; all instructions of four bytes. */
#define QUAD_PRODUCTS                                                                              \
	"ldmia.w r12!, {r6-r9}\n"                                                                  \
	"sxtb16 r10, r6\n"                                                                         \
	"smlad r0, r4, r10, r0\n"                                                                  \
	"sxtb16 r10, r7\n"                                                                         \
	"smlad r1, r4, r10, r1\n"                                                                  \
	"sxtb16 r10, r8\n"                                                                         \
	"smlad r2, r4, r10, r2\n"                                                                  \
	"sxtb16 r10, r9\n"                                                                         \
	"smlad r3, r4, r10, r3\n"                                                                  \
	"sxtb16 r6, r6, ror #8\n"                                                                  \
	"smlad r0, r5, r6, r0\n"                                                                   \
	"sxtb16 r7, r7, ror #8\n"                                                                  \
	"smlad r1, r5, r7, r1\n"                                                                   \
	"sxtb16 r8, r8, ror #8\n"                                                                  \
	"smlad r2, r5, r8, r2\n"                                                                   \
	"sxtb16 r9, r9, ror #8\n"                                                                  \
	"smlad r3, r5, r9, r3\n"

/* r1 activations, r2 their end, r3 weights. first: where in it the difference r1 - r2 says how many
 * groups are to be done before the loop, modulo 4; bytes: of a group's instructions. */
#define QUAD(load, first, bytes)                                                                   \
	"push {r0, r4-r11, lr}\n"                                                                  \
	"mov r11, r1\n"                                                                            \
	"mov r12, r3\n"                                                                            \
	"mov lr, r2\n"                                                                             \
	"sub r4, r1, r2\n"                                                                         \
	"ubfx r4, r4, #" first ", #2\n"                                                            \
	"movs r5, #" bytes "\n"                                                                    \
	"mul r4, r4, r5\n"                                                                         \
	"adr.w r5, 1f\n"                                                                           \
	"add r4, r4, r5\n"                                                                         \
	"orr r4, r4, #1\n"                                                                         \
	"ldmia.w r0, {r0-r3}\n"                                                                    \
	"bx r4\n"                                                                                  \
	".p2align 2\n"                                                                             \
	"1:\n"                                                                                     \
	".rept 4\n" load QUAD_PRODUCTS ".endr\n"                                                   \
	"cmp r11, lr\n"                                                                            \
	"bne.w 1b\n"                                                                               \
	"pop {r4}\n"                                                                               \
	"stmia.w r4, {r0-r3}\n"                                                                    \
	"pop {r4-r11, pc}\n"

__attribute__((naked)) void armv7em_quad_sums(int32_t sums[4] UNUSED,
					      const uint32_t *activations UNUSED,
					      const uint32_t *activations_end UNUSED,
					      const uint32_t *weights UNUSED)
{
	__asm__ volatile(QUAD("ldrd r4, r5, [r11], #8\n", "3", "72"));
}

__attribute__((naked)) void armv7em_quad_sums_direct(int32_t sums[4] UNUSED,
						     const int8_t *activations UNUSED,
						     const int8_t *activations_end UNUSED,
						     const uint32_t *weights UNUSED)
{
	__asm__ volatile(QUAD("ldr.w r5, [r11], #4\n"
			      "sxtb16 r4, r5\n"
			      "sxtb16 r5, r5, ror #8\n",
			      "2", "80"));
}

#endif
