/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M decoder: an encoding table is a list of (mask, value) with the kind and a function that
 * extracts the operands; the first match whose operands are acceptable wins. Bits in the mask that
 * the manual writes as (0) or (1) make the decoder strict: what does not match is undefined. 32-bit
 * encodings are written with their first half-word in the upper half.
 */
#ifndef RIGS_VIRTUAL_CORES_ARMV7EM_DECODE_H
#define RIGS_VIRTUAL_CORES_ARMV7EM_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rigs/virtual/cores/armv7em_ops.h"

struct decoder {
	struct op *op; /* kind is set from the table before the operands are extracted */
	uint32_t code;
	uint32_t pc;
	bool in_it;
	bool v8m;
};

struct encoding {
	uint32_t mask;
	uint32_t value;
	uint16_t kind;
	bool (*operands)(struct decoder *d); /* false: not this encoding after all */
};

struct encoding_table {
	const struct encoding *encodings;
	size_t count;
};

extern const struct encoding_table armv7em_thumb16;
extern const struct encoding_table armv7em_thumb32_data;
extern const struct encoding_table armv7em_thumb32_memory; /* loads, stores, branches, system */
extern const struct encoding_table armv7em_fpv4;
extern const struct encoding_table armv7em_fpv5;   /* what M7 and M33 add */
extern const struct encoding_table armv8m_thumb32; /* what the M33 adds */

static inline uint32_t field(uint32_t code, unsigned low, unsigned bits)
{
	return code >> low & ((1u << bits) - 1);
}

static inline uint32_t sign_extend(uint32_t value, unsigned bits)
{
	uint32_t sign = 1u << (bits - 1);

	return (value ^ sign) - sign;
}

static inline bool is_stack_or_pc(unsigned reg)
{
	return reg == 13 || reg == 15;
}

/* Address of a literal: the PC an instruction sees, aligned. */
static inline uint32_t literal_base(const struct decoder *d)
{
	return (d->pc + 4) & ~3u;
}

/* _I, _R and _S and their flag-setting forms follow each other in this order. */
enum { FORM_IMMEDIATE = 0, FORM_REGISTER = 1, FORM_SHIFTED = 2, FORM_SETS_FLAGS = 3 };

#endif
