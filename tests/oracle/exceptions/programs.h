/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What exception_programs.c generates and the harnesses of this folder run.
 */
#ifndef TESTS_ORACLE_EXCEPTIONS_PROGRAMS_H
#define TESTS_ORACLE_EXCEPTIONS_PROGRAMS_H

#include <stdint.h>

#define EXCEPTION_NUMBERS 24u /* 8 interrupts */
#define ACTIVATIONS_MAX                                                                            \
	3u /* of one exception in one program, from when on its handler does nothing */
#define LEAVE_NUMBER    255u        /* SVC: be privileged again */
#define FAULT_EMPTY     0x9f000000u /* executable, nothing there */
#define DATA_EMPTY      0xd0000000u
#define DATA_MISALIGNED 0x0f000100u /* RISC-V: nothing there, and accesses are misaligned */

struct arm_program {
	void (*thread)(void);
	void (*handlers[EXCEPTION_NUMBERS])(void);
	uint32_t seed;
	uint32_t control;    /* of the thread */
	uint32_t misaligned; /* 0 or 4: bytes that both stacks are off */
	uint32_t ccr, shcsr, prigroup, fpccr, fpdscr, enabled;
	uint8_t priorities[EXCEPTION_NUMBERS];
};

/* Where a thread goes on whose stack failed; 0: it did not. Scripts write it: two words. */
struct rescue {
	uint32_t stack, resume;
};

struct rv32_program {
	void (*thread)(void);
	void (*on_exception)(void);
	void (*on_interrupt)(void);
	uint32_t seed;
};

#endif
