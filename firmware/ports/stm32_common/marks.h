/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Marker lines and cycle counter, between the sources of these ports. On the Nucleo-144 boards line
 * 0 is PE9 (D6), line 1 PE11 (D5), line 2 PE13 (D3).
 */
#ifndef FIRMWARE_PORTS_STM32_COMMON_MARKS_H
#define FIRMWARE_PORTS_STM32_COMMON_MARKS_H

#include <stdint.h>

/* All lines low, then driven. gpio: base of port E, whose clock is on. */
void marks_init(uint32_t gpio);
/* Unlocking is up to the port. */
void cycles_init(void);

/* uint32_t port_mark(uint32_t word), for exactly one source of a port. In RAM, so that nothing is
 * fetched from flash between store and read. The barriers empty write buffer and pipeline first:
 * the store meets the same state in every call. bsrr: address of port E's BSRR as text; between: an
 * instruction between store and read, or "". */
#define MARK_CODE(bsrr, between)                                                                   \
	__asm__(".pushsection .ramfunc,\"ax\",%progbits\n"                                         \
		".syntax unified\n"                                                                \
		".thumb\n"                                                                         \
		".balign 32\n"                                                                     \
		".global port_mark\n"                                                              \
		".type port_mark, %function\n"                                                     \
		".thumb_func\n"                                                                    \
		"port_mark:\n\t"                                                                   \
		"movw r1, #:lower16:" bsrr "\n\t"                                                  \
		"movt r1, #:upper16:" bsrr "\n\t"                                                  \
		"movw r2, #:lower16:0xE0001004\n\t" /* DWT CYCCNT */                               \
		"movt r2, #:upper16:0xE0001004\n\t"                                                \
		"dsb\n\t"                                                                          \
		"isb\n\t"                                                                          \
		"str r0, [r1]\n\t" between "\n\t"                                                  \
		"ldr r0, [r2]\n\t"                                                                 \
		"bx lr\n"                                                                          \
		".size port_mark, . - port_mark\n"                                                 \
		".popsection\n")

#endif
