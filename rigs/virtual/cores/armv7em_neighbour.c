/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * M7 and M33: what an instruction owes to the one behind it, decided once, when it is decoded.
 * Modelled, not cycle-accurate silicon.
 *
 *   - the result of a load is late by one cycle for the next instruction (M7, M33); the M7's
 *     multiplier by one and its FP unit by two cycles;
 *   - M7: two instructions issue together when both are simple, the second reads nothing that the
 *     first writes, and they do not need the same unit: one memory access, one shifter, one
 *     multiplier, one FP unit; SIMD only first. After the measurements of
 *     quinapalus.com/cm7cycles.html. A branch may only be the second.
 */
#include "rigs/virtual/cores/armv7em_core.h"

enum { READS_RN = 1, READS_RM = 2, READS_RA = 4, READS_RD = 8, WRITES_RD = 16, WRITES_RA = 32 };
enum unit {
	UNIT_NONE, /* does not pair */
	UNIT_ALU,
	UNIT_SHIFTER, /* shifted operands, bit fields, extension */
	UNIT_SIMD,
	UNIT_MULTIPLIER,
	UNIT_MEMORY,
	UNIT_FP,
	UNIT_BRANCH,
	UNIT_FREE, /* NOP, IT */
};

struct usage {
	uint8_t operands;
	uint8_t unit;
};

#define I_FORM   (READS_RN | WRITES_RD)
#define R_FORM   (READS_RN | READS_RM | WRITES_RD)
#define FORMS(n) /* of flagless and flag-setting data processing */                                \
	[OP_##n##_I] = {I_FORM, UNIT_ALU}, [OP_##n##_R] = {R_FORM, UNIT_ALU},                      \
	[OP_##n##_S] = {R_FORM, UNIT_SHIFTER}, [OP_##n##S_I] = {I_FORM, UNIT_ALU},                 \
	[OP_##n##S_R] = {R_FORM, UNIT_ALU}, [OP_##n##S_S] = {R_FORM, UNIT_SHIFTER}
#define MOVES(n)                                                                                   \
	[OP_##n##_I] = {WRITES_RD, UNIT_ALU}, [OP_##n##_R] = {READS_RM | WRITES_RD, UNIT_ALU},     \
	[OP_##n##_S] = {READS_RM | WRITES_RD, UNIT_SHIFTER},                                       \
	[OP_##n##S_I] = {WRITES_RD, UNIT_ALU}, [OP_##n##S_R] = {READS_RM | WRITES_RD, UNIT_ALU},   \
	[OP_##n##S_S] = {READS_RM | WRITES_RD, UNIT_SHIFTER}
#define TESTS(n)                                                                                   \
	[OP_##n##_I] = {READS_RN, UNIT_ALU}, [OP_##n##_R] = {READS_RN | READS_RM, UNIT_ALU},       \
	[OP_##n##_S] = {READS_RN | READS_RM, UNIT_SHIFTER}

#define LOAD_I                                                                                     \
	{                                                                                          \
		READS_RN | WRITES_RD, UNIT_MEMORY                                                  \
	}
#define LOAD_X                                                                                     \
	{                                                                                          \
		R_FORM, UNIT_MEMORY                                                                \
	}
#define STORE_I                                                                                    \
	{                                                                                          \
		READS_RN | READS_RD, UNIT_MEMORY                                                   \
	}
#define STORE_X                                                                                    \
	{                                                                                          \
		READS_RN | READS_RM | READS_RD, UNIT_MEMORY                                        \
	}

/* What is not here reads and writes in ways that do not pair, and stalls nobody. */
static const struct usage usages[OP_COUNT] = {
	FORMS(AND),
	FORMS(BIC),
	FORMS(ORR),
	FORMS(ORN),
	FORMS(EOR),
	FORMS(ADD),
	FORMS(ADC),
	FORMS(SBC),
	FORMS(SUB),
	FORMS(RSB),
	MOVES(MOV),
	MOVES(MVN),
	TESTS(TST),
	TESTS(TEQ),
	TESTS(CMN),
	TESTS(CMP),
	[OP_MOVT] = {READS_RD | WRITES_RD, UNIT_ALU},
	[OP_SHIFT... OP_SHIFTS] = {R_FORM, UNIT_SHIFTER},
	[OP_SXTH... OP_UXTB] = {READS_RM | WRITES_RD, UNIT_SHIFTER},
	[OP_XTA] = {R_FORM, UNIT_SHIFTER},
	[OP_REV... OP_RBIT] = {READS_RM | WRITES_RD, UNIT_SIMD},
	[OP_CLZ] = {READS_RM | WRITES_RD, UNIT_ALU},
	[OP_SBFX... OP_UBFX] = {READS_RN | WRITES_RD, UNIT_SHIFTER},
	[OP_BFI] = {READS_RN | READS_RD | WRITES_RD, UNIT_SHIFTER},
	[OP_BFC] = {READS_RD | WRITES_RD, UNIT_SHIFTER},
	[OP_MUL... OP_MULS] = {R_FORM, UNIT_MULTIPLIER},
	[OP_SMULL... OP_UMULL] = {R_FORM | WRITES_RA, UNIT_MULTIPLIER},
	[OP_SMULXY... OP_SMMUL] = {R_FORM, UNIT_MULTIPLIER},
	[OP_MLA... OP_MLS] = {R_FORM | READS_RA, UNIT_MULTIPLIER},
	[OP_SMLAL... OP_UMAAL] = {R_FORM | READS_RA | READS_RD | WRITES_RA, UNIT_MULTIPLIER},
	[OP_SMLAXY... OP_SMMLS] = {R_FORM | READS_RA, UNIT_MULTIPLIER},
	[OP_SMLALXY] = {R_FORM | READS_RA | READS_RD | WRITES_RA, UNIT_MULTIPLIER},
	[OP_SMUAD... OP_SMUSD] = {R_FORM, UNIT_MULTIPLIER},
	[OP_SMLAD... OP_SMLSD] = {R_FORM | READS_RA, UNIT_MULTIPLIER},
	[OP_SMLALD... OP_SMLSLD] = {R_FORM | READS_RA | READS_RD | WRITES_RA, UNIT_MULTIPLIER},
	[OP_PARALLEL... OP_SEL] = {R_FORM, UNIT_SIMD},
	[OP_XT16] = {READS_RM | WRITES_RD, UNIT_SIMD},
	[OP_XTA16... OP_PKHTB] = {R_FORM, UNIT_SIMD},
	[OP_SSAT... OP_USAT16] = {READS_RN | WRITES_RD, UNIT_SIMD},
	[OP_QADD... OP_QDSUB] = {R_FORM, UNIT_SIMD},
	[OP_LDR_I... OP_LDRSB_I] = LOAD_I,
	[OP_LDR_X... OP_LDRSB_X] = LOAD_X,
	[OP_LDR_LITERAL... OP_LOAD_LITERAL] = {WRITES_RD, UNIT_MEMORY},
	[OP_LDR_W... OP_LDRSB_W] = LOAD_I,
	[OP_STR_I... OP_STRB_I] = STORE_I,
	[OP_STR_X... OP_STRB_X] = STORE_X,
	[OP_STR_W... OP_STRB_W] = STORE_I,
	[OP_BX... OP_BLX] = {READS_RM, UNIT_BRANCH},
	[OP_B... OP_BL] = {0, UNIT_BRANCH},
	[OP_CBZ... OP_CBNZ] = {READS_RN, UNIT_BRANCH},
	[OP_BEQ... OP_BLE] = {0, UNIT_BRANCH},
	[OP_NOP... OP_IT] = {0, UNIT_FREE},
};

static uint32_t bit(unsigned operands, unsigned flag, unsigned reg)
{
	return operands & flag && reg < 16 ? 1u << reg : 0;
}

static uint32_t reads_of(const struct op *op)
{
	unsigned operands = usages[op->kind].operands;

	return bit(operands, READS_RN, op->rn) | bit(operands, READS_RM, op->rm) |
	       bit(operands, READS_RA, op->ra) | bit(operands, READS_RD, op->rd);
}

static bool moves_base(unsigned kind)
{
	return (kind >= OP_LDR_W && kind <= OP_LDRSB_W) || (kind >= OP_STR_W && kind <= OP_STRB_W);
}

static uint32_t writes_of(const struct op *op)
{
	unsigned kind = op->kind, operands = usages[kind].operands;

	return bit(operands, WRITES_RD, op->rd) | bit(operands, WRITES_RA, op->ra) |
	       (moves_base(kind) ? 1u << op->rn : 0);
}

/* FP operations: S registers in rd, rn and rm. */
static bool fp_result_is_used(const struct op *op, const struct op *behind)
{
	unsigned kind = op->kind, next = behind->kind;

	if (op_class(op) != CORE_CLASS_FP || op_class(behind) != CORE_CLASS_FP)
		return false;
	if (kind < OP_VADD || kind > OP_VFNMS || next < OP_VADD || next > OP_VCMP_ZERO)
		return false;
	return behind->rn == op->rd || behind->rm == op->rd ||
	       (next >= OP_VMLA && next <= OP_VFNMS && behind->rd == op->rd);
}

static unsigned stall_of(const struct core_model *model, const struct op *op,
			 const struct op *behind)
{
	unsigned kind = op->kind, unit = usages[kind].unit;
	bool used = reads_of(behind) & writes_of(op);

	if (model->pairs && fp_result_is_used(op, behind))
		return 2;
	if (used && op_class(op) == CORE_CLASS_LOAD)
		return 1;
	return used && model->pairs && unit == UNIT_MULTIPLIER;
}

static bool can_pair(const struct op *op, const struct op *behind)
{
	unsigned first = usages[op->kind].unit, second = usages[behind->kind].unit;

	if (op_class(op) == CORE_CLASS_FP)
		first = UNIT_FP;
	if (op_class(behind) == CORE_CLASS_FP)
		second = UNIT_FP;
	if (first == UNIT_NONE || second == UNIT_NONE || first == UNIT_BRANCH ||
	    second == UNIT_SIMD || op->cycles != 1)
		return false;
	if (first == second && first != UNIT_ALU)
		return false;
	return !(reads_of(behind) & writes_of(op)) && !(writes_of(behind) & writes_of(op));
}

void neighbour_judge(const struct core_model *model, struct op *op, const struct op *behind)
{
	op->cycles = (uint8_t)(op->cycles + stall_of(model, op, behind));
	if (model->pairs && can_pair(op, behind))
		op->condition |= OP_PAIRS;
}
