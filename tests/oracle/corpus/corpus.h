/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a program of the corpus has: its entry, and where its results go. Results depend on neither
 * the time nor the optimisation level.
 */
#ifndef TESTS_ORACLE_CORPUS_CORPUS_H
#define TESTS_ORACLE_CORPUS_CORPUS_H

#include <stddef.h>
#include <stdint.h>

#define CORPUS_WORDS 1000u
#define NOINLINE     __attribute__((noinline))

/* First in RAM; qemu_host.c reads it there. */
struct firmware_result {
	uint32_t faulted;    /* instructions that faulted: QEMU counts them, the cores do not */
	uint32_t unexpected; /* exception without a handler */
	uint32_t count;
	uint32_t sum;
	uint32_t words[CORPUS_WORDS]; /* the first ones, to see where results part */
};
extern volatile struct firmware_result firmware_result;

/* What is not compared, for qemu_host.c to count; at MASKED_OFFSET in RAM. */
#define MASKED_MAX    7000u
#define MASKED_OFFSET 0x60000u
struct firmware_masked {
	uint32_t count; /* may be more than fit */
	struct {
		uint32_t rule; /* enum mask_rule */
		uint32_t bits;
	} entries[MASKED_MAX];
};
extern volatile struct firmware_masked firmware_masked;

/* The bits of `mask`; the others are kept as the rule's. */
uint32_t mask_out(uint32_t rule, uint32_t value, uint32_t mask);

void program(void);
void emit(uint32_t value);
void emit_bytes(const void *bytes, size_t count);
uint32_t next_random(void); /* the same sequence in every run */

static inline void emit_pair(uint64_t value)
{
	emit((uint32_t)value);
	emit((uint32_t)(value >> 32));
}

static inline void emit_float(float value)
{
	union {
		float value;
		uint32_t bits;
	} it = {value};

	emit(it.bits);
}

static inline void emit_double(double value)
{
	union {
		double value;
		uint64_t bits;
	} it = {value};

	emit_pair(it.bits);
}

/* Keeps the compiler from knowing a value. */
static inline uint32_t opaque(uint32_t value)
{
	__asm__ volatile("" : "+r"(value));
	return value;
}

#endif
