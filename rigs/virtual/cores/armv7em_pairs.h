/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Neighbours that one handler of the dispatch loop executes together: the commonest pairs of the
 * inner loops that GCC makes of int8 kernels, and runs of four of a kind.
 *
 * A pair's handler stands in the first op; the second keeps its own, so that a jump may go there.
 * Its members are as exact as their own handlers because it gives up before it changes anything:
 * when the pair reaches beyond check_at (fetch unit, horizon), and when a member's access is not
 * plain memory. The member's own handler does the rest. A member therefore may not change check_at
 * or fault.
 */
#ifndef RIGS_VIRTUAL_CORES_ARMV7EM_PAIRS_H
#define RIGS_VIRTUAL_CORES_ARMV7EM_PAIRS_H

#include "rigs/virtual/cores/armv7em_ops.h"

/* clang-format off */
/* X(kind, halfwords, kind, halfwords); branches only come second. */
#define ARMV7EM_PAIRS(X)                                                                           \
	X(SMLAD, 2, SMLAD, 2) X(SMLAD, 2, SMLAXY, 2) X(SMLAXY, 2, SMLAD, 2)                        \
	X(SMLAXY, 2, SMLAXY, 2) X(LDM, 2, LDM, 2) X(LDM, 2, SMLAD, 2) X(SMLAD, 2, LDM, 2)          \
	X(LDM, 2, SMLAXY, 2) X(SMMLA, 2, SHIFT, 2) X(SHIFT, 2, SSAT, 2) X(SSAT, 2, SMMLA, 2)       \
	X(LDRSB_I, 2, LDRSB_I, 2) X(LDRSB_I, 2, SMLAXY, 2) X(SMLAXY, 2, LDRSB_I, 2)                \
	X(LDRSB_I, 2, ADD_I, 2) X(LDRSB_I, 2, ADDS_I, 1) X(LDRSB_I, 2, SUBS_I, 2)                  \
	X(ADD_I, 2, SMULXY, 2) X(ADDS_I, 1, SMLAXY, 2) X(SMULXY, 2, SMLAXY, 2)                     \
	X(SUBS_I, 2, ADD_R, 1) X(ADD_R, 1, SMLAXY, 2) X(SMLAXY, 2, ADD_R, 1)                       \
	X(SMLAXY, 2, CMP_R, 1) X(CMP_R, 1, ADD_R, 1) X(ADD_R, 1, CMP_R, 1) X(ADD_R, 1, BNE, 1)     \
	X(CMP_R, 1, BNE, 1) X(LDR_I, 1, CMP_R, 1) X(LDR_I, 1, LDR_I, 1) X(LDR_I, 1, ADD_R, 1)      \
	X(LDR_X, 2, EOR_S, 2) X(EOR_S, 2, AND_I, 2) X(AND_I, 2, LDR_X, 2) X(AND_I, 2, CMP_R, 1)    \
	X(ADD_I, 2, ADD_I, 2)
/* X(kind, halfwords): runs of four, of operations that access no memory */
#define ARMV7EM_RUNS(X) X(SMLAD, 2)
/* clang-format on */

enum {
#define X(one, halfwords_one, two, halfwords_two)                                                  \
	PAIR_##one##_##halfwords_one##_##two##_##halfwords_two,
	ARMV7EM_PAIRS(X)
#undef X
		PAIR_COUNT
};

enum {
#define X(kind, halfwords) RUN_##kind##_##halfwords,
	ARMV7EM_RUNS(X)
#undef X
		RUN_COUNT
};

/* op->handler */
#define RUN_LENGTH           4u
#define PAIR_REACH_HALFWORDS (2 * RUN_LENGTH) /* the longest */
#define HANDLER_OWN(op)      (2u * (op)->kind + (op)->halfwords - 1u)
#define HANDLER_PAIR(pair)   (2u * OP_COUNT + (pair))
#define HANDLER_RUN(run)     (HANDLER_PAIR(PAIR_COUNT) + (run))
#define HANDLER_COUNT        HANDLER_RUN(RUN_COUNT)

#endif
