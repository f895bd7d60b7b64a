/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an instruction decodes to: one operation kind, its operands, its class and its base cycles.
 *
 * Cycles are table 3-1 and table 7-1 of the Cortex-M4 TRM (DDI 0439, also 100166_0001) for memory
 * without wait states. What depends on the run is added while executing: taken branches
 * (+ARMV7EM_REFILL_CYCLES), load pipelining, divider operands, list lengths, flash.
 *
 * Addressing of loads and stores: _I base plus immediate, _X base plus shifted register, _W base
 * moved by an immediate before or after. The operand forms of data processing: _I immediate, _R
 * register, _S register shifted by a constant; the S in front of the form sets the flags.
 */
#ifndef RIGS_VIRTUAL_CORES_ARMV7EM_OPS_H
#define RIGS_VIRTUAL_CORES_ARMV7EM_OPS_H

#include <stdint.h>

/* P of the TRM is 1 to 3 "depending on the alignment and width of the target instruction, and
 * whether the processor manages to speculate the address early"; modelled as 2 always. */
#define ARMV7EM_REFILL_CYCLES 2u

#define OPS_FORMS(X, name) X(name##_I, ALU, 1) X(name##_R, ALU, 1) X(name##_S, ALU, 1)
#define OPS_DATA(X, name)  OPS_FORMS(X, name) OPS_FORMS(X, name##S)

/* clang-format off */
/* X(kind, class, cycles). DECODE is first: zeroed memory decodes when it is first executed. */
#define ARMV7EM_OPS(X)                                                                             \
	X(DECODE, OTHER, 0) X(CONDITIONAL, OTHER, 1) X(UNDEFINED, OTHER, 1)                        \
	X(FETCH_FAULT, OTHER, 1) X(NOP, OTHER, 1) X(IT, OTHER, 1) X(BARRIER, OTHER, 1)             \
	X(ISB, OTHER, 3) X(WFI, OTHER, 1) X(WFE, OTHER, 1) X(SEV, OTHER, 1) X(BKPT, OTHER, 1)      \
	X(SVC, OTHER, 1) X(CPS, OTHER, 1) X(MRS, OTHER, 2) X(MSR, OTHER, 2) X(CLREX, OTHER, 1)     \
	OPS_DATA(X, AND) OPS_DATA(X, BIC) OPS_DATA(X, ORR) OPS_DATA(X, ORN) OPS_DATA(X, EOR)       \
	OPS_DATA(X, MOV) OPS_DATA(X, MVN) OPS_DATA(X, ADD) OPS_DATA(X, ADC) OPS_DATA(X, SBC)       \
	OPS_DATA(X, SUB) OPS_DATA(X, RSB) OPS_FORMS(X, TST) OPS_FORMS(X, TEQ) OPS_FORMS(X, CMN)    \
	OPS_FORMS(X, CMP) X(SHIFT, ALU, 1) X(SHIFTS, ALU, 1) X(MOVT, ALU, 1)                       \
	X(ADD_PC, BRANCH, 1) X(MOV_PC, BRANCH, 1) X(BX, BRANCH, 1) X(BLX, BRANCH, 1)               \
	X(B, BRANCH, 1) X(BL, BRANCH, 1) X(CBZ, BRANCH, 1) X(CBNZ, BRANCH, 1) X(TBB, BRANCH, 2)    \
	X(TBH, BRANCH, 2) X(BEQ, BRANCH, 1) X(BNE, BRANCH, 1) X(BCS, BRANCH, 1) X(BCC, BRANCH, 1)  \
	X(BMI, BRANCH, 1) X(BPL, BRANCH, 1) X(BVS, BRANCH, 1) X(BVC, BRANCH, 1) X(BHI, BRANCH, 1)  \
	X(BLS, BRANCH, 1) X(BGE, BRANCH, 1) X(BLT, BRANCH, 1) X(BGT, BRANCH, 1) X(BLE, BRANCH, 1)  \
	X(LDR_I, LOAD, 1) X(LDRH_I, LOAD, 1) X(LDRB_I, LOAD, 1) X(LDRSH_I, LOAD, 1)                \
	X(LDRSB_I, LOAD, 1) X(LDR_X, LOAD, 1) X(LDRH_X, LOAD, 1) X(LDRB_X, LOAD, 1)                \
	X(LDRSH_X, LOAD, 1) X(LDRSB_X, LOAD, 1) X(LDR_LITERAL, LOAD, 1)                            \
	X(LOAD_LITERAL, LOAD, 1) X(LDR_W, LOAD, 1) X(LDRH_W, LOAD, 1) X(LDRB_W, LOAD, 1)           \
	X(LDRSH_W, LOAD, 1) X(LDRSB_W, LOAD, 1) X(LDR_PC, LOAD, 2) X(LDREX, LOAD, 2)               \
	X(STR_I, STORE, 1) X(STRH_I, STORE, 1) X(STRB_I, STORE, 1) X(STR_X, STORE, 1)              \
	X(STRH_X, STORE, 1) X(STRB_X, STORE, 1) X(STR_W, STORE, 1) X(STRH_W, STORE, 1)             \
	X(STRB_W, STORE, 1) X(STREX, STORE, 2)                                                     \
	X(LDRD, LOAD_MULTIPLE, 3) X(LDM, LOAD_MULTIPLE, 1) X(STRD, STORE_MULTIPLE, 3)              \
	X(STM, STORE_MULTIPLE, 1) X(MUL, MUL, 1) X(MULS, MUL, 1) X(SMULL, MUL, 1)                  \
	X(UMULL, MUL, 1) X(SMULXY, MUL, 1) X(SMULW, MUL, 1) X(SMMUL, MUL, 1) X(MLA, MAC, 1)        \
	X(MLS, MAC, 1) X(SMLAL, MAC, 1) X(UMLAL, MAC, 1) X(UMAAL, MAC, 1) X(SMLAXY, MAC, 1)        \
	X(SMLAW, MAC, 1) X(SMMLA, MAC, 1) X(SMMLS, MAC, 1) X(SMLALXY, MAC, 1) X(SMUAD, SIMD, 1)    \
	X(SMUSD, SIMD, 1) X(SMLAD, SIMD, 1) X(SMLSD, SIMD, 1) X(SMLALD, SIMD, 1)                   \
	X(SMLSLD, SIMD, 1) X(USADA8, SIMD, 1) X(PARALLEL, SIMD, 1) X(SEL, SIMD, 1)                 \
	X(XT16, SIMD, 1) X(XTA16, SIMD, 1) X(PKHBT, SIMD, 1) X(PKHTB, SIMD, 1) X(SSAT, SIMD, 1)    \
	X(USAT, SIMD, 1) X(SSAT16, SIMD, 1) X(USAT16, SIMD, 1) X(QADD, SIMD, 1) X(QSUB, SIMD, 1)   \
	X(QDADD, SIMD, 1) X(QDSUB, SIMD, 1) X(SDIV, DIV, 2) X(UDIV, DIV, 2) X(SXTH, ALU, 1)        \
	X(SXTB, ALU, 1) X(UXTH, ALU, 1) X(UXTB, ALU, 1) X(XTA, ALU, 1) X(REV, ALU, 1)              \
	X(REV16, ALU, 1) X(REVSH, ALU, 1) X(RBIT, ALU, 1) X(CLZ, ALU, 1) X(SBFX, ALU, 1)           \
	X(UBFX, ALU, 1) X(BFI, ALU, 1) X(BFC, ALU, 1) X(VLDR, LOAD, 1) X(VLDM, LOAD_MULTIPLE, 1)   \
	X(VSTR, STORE, 1) X(VSTM, STORE_MULTIPLE, 1) X(VADD, FP, 1) X(VSUB, FP, 1) X(VMUL, FP, 1)  \
	X(VNMUL, FP, 1) X(VDIV, FP, 14) X(VSQRT, FP, 14) X(VMLA, FP, 3) X(VMLS, FP, 3)             \
	X(VNMLA, FP, 3) X(VNMLS, FP, 3) X(VFMA, FP, 3) X(VFMS, FP, 3) X(VFNMA, FP, 3)              \
	X(VFNMS, FP, 3) X(VMOV, FP, 1) X(VMOV_I, FP, 1) X(VABS, FP, 1) X(VNEG, FP, 1)              \
	X(VCMP, FP, 1) X(VCMP_ZERO, FP, 1) X(VCVT_INT_TO_F32, FP, 1) X(VCVT_F32_TO_INT, FP, 1)     \
	X(VCVT_FIXED_TO_F32, FP, 1) X(VCVT_F32_TO_FIXED, FP, 1) X(VCVT_F16_TO_F32, FP, 1)          \
	X(VCVT_F32_TO_F16, FP, 1) X(VMOV_TO_S, FP, 1) X(VMOV_FROM_S, FP, 1) X(VMOV_TO_SS, FP, 2)   \
	X(VMOV_FROM_SS, FP, 2) X(VMRS, FP, 1) X(VMSR, FP, 1)                   \
	X(VSEL, FP, 1) X(VMAXNM, FP, 1) X(VMINNM, FP, 1) X(VRINT, FP, 1) X(STACK_GUARD, OTHER, 1) \
	X(LOAD_ACQUIRE, LOAD, 2) X(STORE_RELEASE, STORE, 2) X(TT, OTHER, 1)

/* clang-format on */

enum op_kind {
#define X(kind, class, cycles) OP_##kind,
	ARMV7EM_OPS(X)
#undef X
		OP_COUNT
};

/* 16 bytes, one per half-word of executable memory. */
struct op {
	uint16_t handler; /* 2 * kind, + 1 for 32-bit encodings: what the loop jumps to; not
			   * `kind`'s where a CONDITIONAL or STACK_GUARD comes first, or a pair's
			   * (armv7em_pairs.h) */
	uint16_t kind;    /* enum op_kind */
	uint32_t imm;
	uint8_t rd, rn, rm; /* registers, or S registers */
	uint8_t ra;         /* fourth register, shift type or mode, as the kind wants it */
	uint8_t halfwords;
	uint8_t class; /* enum core_class, plus its bank */
	uint8_t cycles;
	uint8_t condition; /* enum op_condition */
};
#define CLASS_BANKS     8u
#define CLASS_BANK_SIZE 16u
static inline unsigned op_class(const struct op *op)
{
	return op->class % CLASS_BANK_SIZE;
}

_Static_assert(CLASS_BANKS *CLASS_BANK_SIZE <= 256, "class and bank share a byte");
_Static_assert(sizeof(struct op) == 16, "the fetch line test relies on the size of an op");

/* The low bits: 0 outside an IT block, else 1 + condition code. */
enum op_condition {
	OP_CONDITION = 15,
	OP_PAIRS = 16, /* M7: issues together with the instruction behind it */
};

/* ra of single loads and stores. */
enum {
	ACCESS_SIZE = 3, /* log2 of the bytes */
	ACCESS_SIGNED = 4,
	ACCESS_PRE = 8, /* the offset is added before the access */
	ACCESS_WRITEBACK = 16,
	ACCESS_REGISTER = 32, /* rm shifted left by imm is the offset */
	ACCESS_LITERAL = 64,  /* imm is the address */
};

/* ra of LDM, STM, VLDM and VSTM; LDM and STM have the number of registers in rd. */
enum {
	MULTIPLE_WRITEBACK = 1,
	MULTIPLE_BEFORE = 2,
	MULTIPLE_FOUR = 4, /* LDM: four registers in a row, the program counter apart */
};

/* ra of SHIFT and of the _S forms. */
enum { SHIFT_LSL = 0, SHIFT_LSR, SHIFT_ASR, SHIFT_ROR, SHIFT_RRX };

/* ra of flag-setting _I forms: the carry out of the immediate. */
enum { CARRY_CLEAR = 0, CARRY_SET = 1, CARRY_KEEP = 2 };

#endif
