/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RV32 core: what instructions do, for the handlers of the dispatch loop: DO_KIND(op). Those of
 * loads, stores and divisions are for inside a run. x is rs1, y the second operand.
 */
#ifndef RIGS_VIRTUAL_CORES_RV32_INSTRUCTIONS_H
#define RIGS_VIRTUAL_CORES_RV32_INSTRUCTIONS_H

#define COMPUTE_OP(o, second, expression)                                                          \
	do {                                                                                       \
		uint32_t x = REGS[(o)->rs1], y = (second);                                         \
		REGS[(o)->rd] = (expression);                                                      \
	} while (0)
#define WITH_IMMEDIATE(o, expression) COMPUTE_OP(o, (o)->imm, expression)
#define WITH_REGISTER(o, expression)  COMPUTE_OP(o, REGS[(o)->rs2], expression)

#define DO_LI(o)     (REGS[(o)->rd] = (o)->imm)
#define DO_ADDI(o)   WITH_IMMEDIATE(o, x + y)
#define DO_SLTI(o)   WITH_IMMEDIATE(o, (int32_t)x < (int32_t)y)
#define DO_SLTIU(o)  WITH_IMMEDIATE(o, x < y)
#define DO_XORI(o)   WITH_IMMEDIATE(o, x ^ y)
#define DO_ORI(o)    WITH_IMMEDIATE(o, x | y)
#define DO_ANDI(o)   WITH_IMMEDIATE(o, x &y)
#define DO_SLLI(o)   WITH_IMMEDIATE(o, x << (y & 31))
#define DO_SRLI(o)   WITH_IMMEDIATE(o, x >> (y & 31))
#define DO_SRAI(o)   WITH_IMMEDIATE(o, (uint32_t)((int32_t)x >> (y & 31)))
#define DO_ADD(o)    WITH_REGISTER(o, x + y)
#define DO_SUB(o)    WITH_REGISTER(o, x - y)
#define DO_SLL(o)    WITH_REGISTER(o, x << (y & 31))
#define DO_SLT(o)    WITH_REGISTER(o, (int32_t)x < (int32_t)y)
#define DO_SLTU(o)   WITH_REGISTER(o, x < y)
#define DO_XOR(o)    WITH_REGISTER(o, x ^ y)
#define DO_SRL(o)    WITH_REGISTER(o, x >> (y & 31))
#define DO_SRA(o)    WITH_REGISTER(o, (uint32_t)((int32_t)x >> (y & 31)))
#define DO_OR(o)     WITH_REGISTER(o, x | y)
#define DO_AND(o)    WITH_REGISTER(o, x &y)
#define DO_MUL(o)    WITH_REGISTER(o, x *y)
#define DO_MULH(o)   WITH_REGISTER(o, high_product((int32_t)x, (int32_t)y))
#define DO_MULHSU(o) WITH_REGISTER(o, high_product((int32_t)x, y))
#define DO_MULHU(o)  WITH_REGISTER(o, (uint32_t)((uint64_t)x * y >> 32))

#define COMPUTE_DIV(o)  WITH_REGISTER(o, divide(x, y))
#define COMPUTE_REM(o)  WITH_REGISTER(o, remainder_of(x, y))
#define COMPUTE_DIVU(o) WITH_REGISTER(o, y ? x / y : ~0u)
#define COMPUTE_REMU(o) WITH_REGISTER(o, y ? x % y : x)
#define COST_DIV(o)     divide_cycles(magnitude(REGS[(o)->rs2]))
#define COST_REM(o)     COST_DIV(o)
#define COST_DIVU(o)    divide_cycles(REGS[(o)->rs2])
#define COST_REMU(o)    COST_DIVU(o)

#define DO_DIVISION(o, name)                                                                       \
	do {                                                                                       \
		uint64_t later_ = cycles + COST_##name(o);                                         \
		if (UNLIKELY(later_ >= core->horizon)) {                                           \
			op = (o);                                                                  \
			goto leave_run;                                                            \
		}                                                                                  \
		cycles = later_;                                                                   \
		COMPUTE_##name(o);                                                                 \
	} while (0)
#define DO_DIV(o)  DO_DIVISION(o, DIV)
#define DO_REM(o)  DO_DIVISION(o, REM)
#define DO_DIVU(o) DO_DIVISION(o, DIVU)
#define DO_REMU(o) DO_DIVISION(o, REMU)

#define IS_RELATION(o, type, relation) ((type)REGS[(o)->rs1] relation(type) REGS[(o)->rs2])
#define IS_BEQ(o)                      IS_RELATION(o, uint32_t, ==)
#define IS_BNE(o)                      IS_RELATION(o, uint32_t, !=)
#define IS_BLT(o)                      IS_RELATION(o, int32_t, <)
#define IS_BGE(o)                      IS_RELATION(o, int32_t, >=)
#define IS_BLTU(o)                     IS_RELATION(o, uint32_t, <)
#define IS_BGEU(o)                     IS_RELATION(o, uint32_t, >=)

/* Aligned, from memory that is not at the edge of a region. */
#define DO_LOAD(o, size, type)                                                                     \
	do {                                                                                       \
		uint32_t address_ = REGS[(o)->rs1] + (o)->imm;                                     \
		type value_;                                                                       \
		const uint8_t *page_ = core->readable[address_ >> RV32_PAGE_SHIFT];                \
		if (UNLIKELY(!page_ || address_ & ((size)-1))) {                                   \
			page_ = core->cached[address_ >> RV32_PAGE_SHIFT];                         \
			if (UNLIKELY(!page_ || address_ & ((size)-1) ||                            \
				     cycles + core->line_cycles >= core->horizon)) {               \
				op = (o);                                                          \
				goto leave_run;                                                    \
			}                                                                          \
			cycles += load_cached(core, address_, page_);                              \
		}                                                                                  \
		memcpy(&value_, page_ + (address_ & RV32_PAGE_MASK), (size));                      \
		NOTE_LOADED((uint32_t)value_);                                                     \
		REGS[(o)->rd] = (uint32_t)value_;                                                  \
	} while (0)
#define DO_LB(o)  DO_LOAD(o, 1, int8_t)
#define DO_LH(o)  DO_LOAD(o, 2, int16_t)
#define DO_LW(o)  DO_LOAD(o, 4, uint32_t)
#define DO_LBU(o) DO_LOAD(o, 1, uint8_t)
#define DO_LHU(o) DO_LOAD(o, 2, uint16_t)

#define DO_STORE(o, size)                                                                          \
	do {                                                                                       \
		uint32_t address_ = REGS[(o)->rs1] + (o)->imm;                                     \
		uint8_t *page_ = core->writable[address_ >> RV32_PAGE_SHIFT];                      \
		if (UNLIKELY(!page_ || address_ & ((size)-1))) {                                   \
			op = (o);                                                                  \
			goto leave_run;                                                            \
		}                                                                                  \
		memcpy(page_ + (address_ & RV32_PAGE_MASK), &REGS[(o)->rs2], (size));              \
	} while (0)
#define DO_SB(o) DO_STORE(o, 1)
#define DO_SH(o) DO_STORE(o, 2)
#define DO_SW(o) DO_STORE(o, 4)

/* X(kind, half-words): what a run is made of. */
#define RV32_RUN_OPS(X, size)                                                                      \
	X(LI, size)                                                                                \
	X(ADDI, size)                                                                              \
	X(SLTI, size) X(SLTIU, size) X(XORI, size) X(ORI, size) X(ANDI, size) X(SLLI, size)        \
		X(SRLI, size) X(SRAI, size) X(ADD, size) X(SUB, size) X(SLL, size) X(SLT, size)    \
			X(SLTU, size) X(XOR, size) X(SRL, size) X(SRA, size) X(OR, size)           \
				X(AND, size) X(LB, size) X(LH, size) X(LW, size) X(LBU, size)      \
					X(LHU, size) X(SB, size) X(SH, size) X(SW, size)           \
						X(MUL, size) X(MULH, size) X(MULHSU, size)         \
							X(MULHU, size) X(DIV, size) X(DIVU, size)  \
								X(REM, size) X(REMU, size)

/* X(kind, half-words, second kind, its half-words): neighbours in the loops of kernels. */
#define RV32_RUN_SECONDS(X, kind, size)                                                            \
	X(kind, size, LB, 2)                                                                       \
	X(kind, size, LW, 1)                                                                       \
	X(kind, size, LW, 2) X(kind, size, MUL, 2) X(kind, size, ADD, 1) X(kind, size, ADD, 2)     \
		X(kind, size, ADDI, 1) X(kind, size, ADDI, 2) X(kind, size, SRAI, 2)               \
			X(kind, size, SB, 2)
#define RV32_RUN_PAIRS(X)                                                                          \
	RV32_RUN_SECONDS(X, LB, 2)                                                                 \
	RV32_RUN_SECONDS(X, LW, 1)                                                                 \
	RV32_RUN_SECONDS(X, LW, 2) RV32_RUN_SECONDS(X, MUL, 2) RV32_RUN_SECONDS(X, ADD, 1)         \
		RV32_RUN_SECONDS(X, ADD, 2) RV32_RUN_SECONDS(X, ADDI, 1)                           \
			RV32_RUN_SECONDS(X, ADDI, 2) RV32_RUN_SECONDS(X, SRAI, 2)                  \
				RV32_RUN_SECONDS(X, SB, 2)

#define RV32_RUN_BRANCHES_OF(X, kind, size)                                                        \
	X(kind, size, BEQ, 1)                                                                      \
	X(kind, size, BEQ, 2)                                                                      \
	X(kind, size, BNE, 1) X(kind, size, BNE, 2) X(kind, size, BLT, 2) X(kind, size, BGE, 2)    \
		X(kind, size, BLTU, 2) X(kind, size, BGEU, 2)
#define RV32_RUN_BRANCHES(X)                                                                       \
	RV32_RUN_BRANCHES_OF(X, ADDI, 1)                                                           \
	RV32_RUN_BRANCHES_OF(X, ADDI, 2) RV32_RUN_BRANCHES_OF(X, ADD, 1)

#endif
