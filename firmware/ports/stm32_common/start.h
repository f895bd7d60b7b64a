/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Start-up, between the sources of these ports: from reset_handler(), the ELF's entry, to the
 * chip's start(). Whatever should not happen resets the chip: the host sees the reset in the next
 * HELLO.
 */
#ifndef FIRMWARE_PORTS_STM32_COMMON_START_H
#define FIRMWARE_PORTS_STM32_COMMON_START_H

#include <stdint.h>

/* From layout.ld. */
extern uint8_t layout_stack_top[], layout_flash_start[], layout_flash_end[];
extern uint8_t layout_ram_load[], layout_ram_start[], layout_ram_end[];
extern uint8_t layout_zero_start[], layout_zero_end[];
extern uint8_t layout_arena_start[], layout_arena_end[];

struct start_chip {
	uint32_t reset_register;
	uint32_t reset_flags;  /* in it */
	uint32_t reset_remove; /* its bit RMVF, which clears them */
	uint32_t uid;          /* address of the three words */
};
/* The port's. */
extern const struct start_chip start_chip;

/* The port's: called with the stack and the FPU ready, interrupts off, and nothing else done. */
_Noreturn void start(void);

/* For start(). The contents of .ramfunc, .data and .bss. */
void start_memory(void);
/* Takes the flags for port_reset_cause() and clears them. */
void start_reset_cause(void);

void reset_handler(void);
/* Resets the chip. */
void unexpected_handler(void);
/* The tick only wakes. */
void tick_handler(void);

/* The vector table, in exactly one source of a port: everything unexpected but reset, the given
 * handlers of NMI and of SysTick, and the serial port's interrupt. */
enum { VECTOR_NMI = 2, VECTOR_SYSTICK = 15, VECTOR_IRQ_0 = 16 };

#define START_VECTORS(irq_count, usart_irq, nmi, systick)                                          \
	__attribute__((section(".vectors"), used)) static const struct {                           \
		void *stack_top;                                                                   \
		void (*handlers[VECTOR_IRQ_0 - 1 + (irq_count)])(void);                            \
	} vectors = {                                                                              \
		layout_stack_top,                                                                  \
		{                                                                                  \
			[0] = reset_handler,                                                       \
			[VECTOR_NMI - 1] = nmi,                                                    \
			[VECTOR_NMI... VECTOR_SYSTICK - 2] = unexpected_handler,                   \
			[VECTOR_SYSTICK - 1] = systick,                                            \
			[VECTOR_SYSTICK... VECTOR_SYSTICK + (usart_irq)-1] = unexpected_handler,   \
			[VECTOR_SYSTICK + (usart_irq)] = usart_interrupt,                          \
			[VECTOR_SYSTICK + (usart_irq) + 1 ... VECTOR_IRQ_0 + (irq_count)-2] =      \
				unexpected_handler,                                                \
		},                                                                                 \
	}

#endif
