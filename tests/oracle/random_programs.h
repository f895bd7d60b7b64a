/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Random Thumb programs for armv7em_sequences.c: straight code, IT blocks of one to four slots,
 * forward and backward branches that end, table branches, calls, every addressing mode, lists,
 * exclusives, floating point. They use registers so that they stay in their memory and end:
 *
 *   r4           small index, a multiple of 4 up to 0x3c
 *   r6 r7 r9 r10 word addresses in RAM; write-back moves them by multiples of 4
 *   r8           counts loops down: a signed comparison ends all of them
 *   r11          the address whose store ends the program
 *   r13          stack
 *   the others   anything
 */
#ifndef TESTS_ORACLE_RANDOM_PROGRAMS_H
#define TESTS_ORACLE_RANDOM_PROGRAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "rigs/virtual/cores/armv7em.h"

#define PROGRAM_HALVES 400u
#define PROGRAM_UNITS  24u
#define PROGRAM_FIXUPS 64u

struct program_fixup {
	unsigned at, origin; /* half-word to patch, and where the offset counts from */
	uint8_t kind;
	uint8_t target; /* unit */
};

struct program {
	enum armv7em_model model;
	uint32_t base;
	uint64_t random;
	uint16_t halves[PROGRAM_HALVES];
	unsigned count; /* half-words */
	unsigned end;   /* half-word of the store that ends it */
	unsigned unit_at[PROGRAM_UNITS + 1], units;
	struct program_fixup fixups[PROGRAM_FIXUPS];
	unsigned fixup_count;
	bool has_smlad;         /* see rules_oracle_bug */
	unsigned long left_out; /* encodings not drawn for a difference of the oracle */
};

uint32_t program_random(struct program *program);
uint32_t program_below(struct program *program, uint32_t limit);
void program_emit16(struct program *program, uint32_t code);
/* Half-word `at` gets the distance from half-word `origin` to a unit, once all are written. */
void program_patch_later(struct program *program, unsigned at, unsigned origin, unsigned kind,
			 unsigned target);
/* One of the next four of `total`, or the end. */
unsigned program_unit_ahead(struct program *program, unsigned at, unsigned total);

/* random_programs_rv32.c: the same frame for RV32IMC (its registers are told there). */
void program_make_rv32(struct program *program, uint32_t base);

/* 4 to 16 units at `base`, which is a multiple of 4. */
void program_make(struct program *program, enum armv7em_model model, uint32_t base);

#endif
