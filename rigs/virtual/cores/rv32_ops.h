/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an RV32IMC instruction decodes to: one operation kind, its operands, its base cycles, the
 * tally it is counted in, and its part of the run of instructions it belongs to.
 *
 * Cycles are modelled. The ESP32-C3 manual (chapter "ESP-RISC-V CPU") gives a four-stage, in-order,
 * scalar pipeline with single-cycle access to SRAM and cache, and no table of cycles. The numbers
 * are those that the CV32E40P user manual (chapter "Pipeline details") documents for a pipeline of
 * that shape, with one refill time for branches and jumps alike:
 *
 *   load, store 1; +1 when the next instruction reads what a load loads; +1 across a word boundary
 *   mul 1, mulh* 5, div and rem 3 + leading zeros of the divisor (up to 35)
 *   taken branch, jump, mret, fence.i: +RV32_REFILL_CYCLES
 *   jalr right behind the instruction that makes its base: +1
 *
 * The +1 of a hazard is known when decoding and belongs to the first of the two instructions.
 */
#ifndef RIGS_VIRTUAL_CORES_RV32_OPS_H
#define RIGS_VIRTUAL_CORES_RV32_OPS_H

#include <stdint.h>

#define RV32_REFILL_CYCLES 2u
#define RV32_TRAP_CYCLES   4u /* one per stage: the pipeline is flushed and refilled */
#define RV32_DIVIDE_CYCLES 3u /* of a divisor with bit 31 set */

/* clang-format off */
/* X(kind, category, cycles). DECODE is first: zeroed memory decodes when it is first executed. */
#define RV32_OPS(X)                                                                                \
	X(DECODE, OTHER, 0) X(REGION_END, OTHER, 0) X(ILLEGAL, OTHER, 1) X(FETCH_FAULT, OTHER, 1)  \
	X(LI, ALU, 1) X(ADDI, ALU, 1) X(SLTI, ALU, 1) X(SLTIU, ALU, 1) X(XORI, ALU, 1)             \
	X(ORI, ALU, 1) X(ANDI, ALU, 1) X(SLLI, ALU, 1) X(SRLI, ALU, 1) X(SRAI, ALU, 1)             \
	X(ADD, ALU, 1) X(SUB, ALU, 1) X(SLL, ALU, 1) X(SLT, ALU, 1) X(SLTU, ALU, 1)                \
	X(XOR, ALU, 1) X(SRL, ALU, 1) X(SRA, ALU, 1) X(OR, ALU, 1) X(AND, ALU, 1)                  \
	X(LB, LOAD, 1) X(LH, LOAD, 1) X(LW, LOAD, 1) X(LBU, LOAD, 1) X(LHU, LOAD, 1)               \
	X(SB, STORE, 1) X(SH, STORE, 1) X(SW, STORE, 1)                                            \
	X(MUL, MUL, 1) X(MULH, MUL, 5) X(MULHSU, MUL, 5) X(MULHU, MUL, 5)                          \
	X(DIV, DIV, 0) X(DIVU, DIV, 0) X(REM, DIV, 0) X(REMU, DIV, 0)                              \
	X(BEQ, BRANCH, 1) X(BNE, BRANCH, 1) X(BLT, BRANCH, 1) X(BGE, BRANCH, 1)                    \
	X(BLTU, BRANCH, 1) X(BGEU, BRANCH, 1) X(JAL, JUMP, 1) X(JALR, JUMP, 1)                     \
	X(FENCE, OTHER, 1) X(FENCE_I, OTHER, 1 + RV32_REFILL_CYCLES) X(CSR, OTHER, 1)              \
	X(ECALL, OTHER, 1) X(EBREAK, OTHER, 1) X(MRET, OTHER, 1) X(WFI, OTHER, 1)

/* clang-format on */

enum rv32_op_kind {
#define X(kind, category, cycles) RV32_OP_##kind,
	RV32_OPS(X)
#undef X
		RV32_OP_COUNT
};

enum rv32_category {
	RV32_CATEGORY_ALU = 0,
	RV32_CATEGORY_LOAD,
	RV32_CATEGORY_STORE,
	RV32_CATEGORY_MUL,
	RV32_CATEGORY_DIV,
	RV32_CATEGORY_BRANCH, /* conditional */
	RV32_CATEGORY_JUMP,
	RV32_CATEGORY_OTHER,
	RV32_CATEGORY_COUNT,
};

/* An instruction is counted in one of these: what the classes and every event of the performance
 * counter are made of. */
#define RV32_TALLY_COMPRESSED     1u
#define RV32_TALLY_HAZARD         2u /* of a load, or of a jump register */
#define RV32_TALLY_TAKEN          4u
#define RV32_TALLY_CATEGORY_SHIFT 3
#define RV32_TALLY_COUNT          (RV32_CATEGORY_COUNT << RV32_TALLY_CATEGORY_SHIFT)

#define RV32_REGISTERS 33u
#define RV32_SINK      32u /* where writes to x0 go */

/* An op's place in what rv32_run.c makes. */
enum rv32_run {
	RV32_RUN_NONE = 0, /* counted by itself */
	RV32_RUN_INSIDE,
	RV32_RUN_LAST,
};

/* One per half-word of executable memory. */
struct rv32_op {
	uint8_t kind;
	uint8_t rd;       /* RV32_SINK for x0 and for what writes no register */
	uint8_t rs1, rs2; /* 0 for what reads no register */
	uint8_t halfwords;
	uint8_t tally;
	uint8_t cycles;
	uint8_t run;         /* enum rv32_run */
	uint32_t imm;        /* of branches and jal: the target; CSR, ILLEGAL: the encoding */
	uint16_t run_cycles; /* from here to the end of the run */
	const void *handler; /* of the dispatch loop; NULL: no run was made here */
	uint64_t entered;    /* runs begun here and not in the tallies yet; 0 without handler */
};
_Static_assert(sizeof(struct rv32_op) == 32, "the cache line test relies on the size of an op");

#endif
