/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the comparison of exceptions with QEMU leaves out, each with its reason. Every application
 * is counted and printed (exception_oracle.sh); a masked bit that differs on a target that its rule
 * is not about is a difference.
 *
 * X(name, targets, reason): the first list masks bits of a value that the programs emit (mask_out),
 * the second one is about what exception_programs.c does not write.
 */
#ifndef TESTS_ORACLE_EXCEPTIONS_RULES_H
#define TESTS_ORACLE_EXCEPTIONS_RULES_H

#define TARGET_M4    1u
#define TARGET_M7    2u
#define TARGET_M33   4u
#define TARGET_RV32  8u
#define TARGETS_ARM  (TARGET_M4 | TARGET_M7 | TARGET_M33)
#define TARGETS_NONE 0u

#define MASK_RULES(X)                                                                              \
	X(SECURITY_EXC_RETURN, TARGET_M33,                                                         \
	  "ES, S: QEMU's M33 is in secure state; the core has no security extension (TZEN = 0)")   \
	X(SECURITY_CONTROL, TARGET_M33, "SFPA, likewise")                                          \
	X(SECURITY_XPSR, TARGET_M33, "bit 20 is SFPA in the stacked xPSR, likewise")               \
	X(FPSCR_FLAGS, TARGETS_ARM,                                                                \
	  "QEMU copies all of FPDSCR into a new context, ExecuteFPCheck (DDI 0403 B1.5, DDI "      \
	  "0553) "                                                                                 \
	  "bits 26 to 22 only")                                                                    \
	X(FPCCR_STATE, TARGETS_ARM,                                                                \
	  "USER, THREAD and the RDY bits of DDI 0403 B3.2.21, which the core has not")             \
	X(ICSR_RESERVED, TARGETS_NONE, "write-only and debug bits: have to be equal, too")         \
	X(SHCSR_V8M, TARGET_M33,                                                                   \
	  "HARDFAULTACT, NMIACT, pended bits of DDI 0553, which the core has not")                 \
	X(CCR_CACHES, TARGET_M7, "BP: QEMU's M7 has no branch prediction")                         \
	X(MPP, TARGET_RV32, "mstatus but MIE, MPIE: QEMU's hart has user mode, the core has not")  \
	X(MISALIGNED_MTVAL, TARGET_RV32,                                                           \
	  "QEMU gives the word below a misaligned access; the privileged ISA, 3.1.16, the "        \
	  "address "                                                                               \
	  "of the portion that faults, as the core")

#define LEFT_OUT_RULES(X)                                                                          \
	X(FAULTMASK_AT_HARD, TARGETS_ARM,                                                          \
	  "MSR FAULTMASK at priority -1: ignored by DDI 0403 B5.2.3, written by QEMU")             \
	X(LOCKUP, TARGETS_ARM, "faults and SVC at priority -1: QEMU aborts where cores lock up")   \
	X(FP_UNKNOWN, TARGETS_ARM,                                                                 \
	  "S0 to S15 after an entry that is not lazy are UNKNOWN (DDI 0403 B1.5.7): loaded first") \
	X(NO_FP_PRESERVATION, TARGETS_ARM, "neither ASPEN nor LSPEN: FPSCR would be UNKNOWN")      \
	X(PRIORITY_BITS, TARGETS_ARM,                                                              \
	  "low priority bits: QEMU has eight, the chips three or four (IMPLEMENTATION DEFINED)")   \
	X(MEPC_BIT_0, TARGET_RV32, "mepc has no bit 0, QEMU 7.2 keeps it: cleared before CSRW")

enum mask_rule {
#define X(name, targets, reason) MASK_##name,
	MASK_RULES(X)
#undef X
		MASK_RULE_COUNT
};

enum left_out_rule {
#define X(name, targets, reason) LEFT_OUT_##name,
	LEFT_OUT_RULES(X)
#undef X
		LEFT_OUT_RULE_COUNT
};

#endif
