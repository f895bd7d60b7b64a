/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Start-up of the STM32L4R5, its vector table, and what the board says of itself. Whatever should
 * not happen resets the chip: the host sees the reset in the next HELLO.
 */
#include <stddef.h>
#include <string.h>

#include "firmware/agent/agent.h"
#include "firmware/ports/port.h"
#include "firmware/ports/stm32l4r5/clock.h"
#include "firmware/ports/stm32l4r5/registers.h"
#include "firmware/ports/stm32l4r5/time.h"
#include "firmware/ports/stm32l4r5/uart.h"

/* From layout.ld. */
extern uint8_t layout_stack_top[], layout_flash_start[], layout_flash_end[];
extern uint8_t layout_ram_load[], layout_ram_start[], layout_ram_end[];
extern uint8_t layout_zero_start[], layout_zero_end[];
extern uint8_t layout_arena_start[], layout_arena_end[];

const struct port_about port_about = {
	.chip = "stm32l4r5",
	.board = PORT_BOARD,
	.build = PORT_BUILD,
	.compiler = __VERSION__,
	.options = PORT_OPTIONS "; flash prefetch, I and D cache on",
};
_Static_assert(sizeof(PORT_OPTIONS "; flash prefetch, I and D cache on") <=
		       sizeof(((struct wire_hello_reply *)0)->options),
	       "the options fit HELLO");

static uint32_t reset_cause;

uint32_t port_reset_cause(void)
{
	return reset_cause;
}

struct port_memory port_app(void)
{
	return (struct port_memory){layout_flash_start,
				    (uint32_t)(layout_flash_end - layout_flash_start)};
}

uint8_t *port_arena(uint32_t *ret_count)
{
	*ret_count = (uint32_t)(layout_arena_end - layout_arena_start);
	return layout_arena_start;
}

void port_uid(uint8_t uid[12])
{
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t word = FACTORY_UID(i);

		memcpy(uid + 4 * i, &word, sizeof(word));
	}
}

_Noreturn void port_reset(void)
{
	__asm__ volatile("dsb" ::: "memory");
	SCB_AIRCR = SCB_AIRCR_RESET;
	__asm__ volatile("dsb" ::: "memory");
	for (;;)
		;
}

static void reset_cause_take(void)
{
	reset_cause = RCC_CSR & RCC_CSR_FLAGS;
	RCC_CSR |= RCC_CSR_RMVF;
	RCC_CSR &= ~RCC_CSR_RMVF;
}

/* A chip that was blank at power-on takes every reset into the ROM loader until the next power-on,
 * although it has been programmed since: BOOT0 low alone does not help, clearing this flag does. */
static void empty_flag_clear(void)
{
	if (FLASH_SR & FLASH_SR_PEMPTY)
		FLASH_SR = FLASH_SR_PEMPTY;
}

/* The ROM loader's GO leaves its own interrupts and timer behind. */
static void interrupts_clear(void)
{
	SYST_CSR = 0;
	SCB_ICSR = SCB_ICSR_PENDSTCLR;
	for (uint32_t i = 0; i < 3; i++) {
		NVIC_ICER(i) = UINT32_MAX;
		NVIC_ICPR(i) = UINT32_MAX;
	}
	SCB_VTOR = (uint32_t)layout_flash_start;
	__asm__ volatile("dsb\n\tisb" ::: "memory");
}

__attribute__((noreturn, used)) static void start(void)
{
	empty_flag_clear();
	memcpy(layout_ram_start, layout_ram_load, (size_t)(layout_ram_end - layout_ram_start));
	memset(layout_zero_start, 0, (size_t)(layout_zero_end - layout_zero_start));
	interrupts_clear();
	reset_cause_take();
	cycles_init();
	marks_init();
	if (clock_init())
		port_reset();
	uart_init();
	core_interrupts_on();
	agent_serve();
}

void reset_handler(void); /* the ELF's entry */

/* The FPU is on before the first compiled instruction. */
__attribute__((naked, noreturn)) void reset_handler(void)
{
	__asm__ volatile("cpsid i\n\t"
			 "movw r0, #:lower16:layout_stack_top\n\t"
			 "movt r0, #:upper16:layout_stack_top\n\t"
			 "msr msp, r0\n\t"
			 "movw r0, #0xED88\n\t" /* CPACR: full access to CP10 and CP11 */
			 "movt r0, #0xE000\n\t"
			 "ldr r1, [r0]\n\t"
			 "orr r1, r1, #0x00F00000\n\t"
			 "str r1, [r0]\n\t"
			 "dsb\n\t"
			 "isb\n\t"
			 "b %c0"
			 :
			 : "i"(start));
}

static void unexpected_handler(void)
{
	port_reset();
}

/* An uncorrectable double-word in bank 2 is what a power cut while programming leaves behind: the
 * CRC-32 over the image refuses it. Anywhere else the firmware itself is damaged. */
static void nmi_handler(void)
{
	uint32_t found = FLASH_ECCR & (FLASH_ECCR_ECCD | FLASH_ECCR_ECCD2);

	if (!found || !(FLASH_ECCR & FLASH_ECCR_BANK2))
		port_reset();
	FLASH_ECCR = (FLASH_ECCR & FLASH_ECCR_ECCIE) | found;
}

/* The tick only wakes. Three instructions at least: a handler of one or two can cost the
 * interrupted VDIV or VSQRT its result (Cortex-M4 r0p1, erratum 776924). */
static void tick_handler(void)
{
	__asm__ volatile("nop\n\tnop\n\tdsb" ::: "memory");
}

enum { EXCEPTIONS = 16, INTERRUPTS = 95, SYSTICK = 15 };

typedef void handler(void);
struct vectors {
	void *stack_top;
	handler *handlers[EXCEPTIONS - 1 + INTERRUPTS];
};

__attribute__((section(".vectors"), used)) static const struct vectors vectors = {
	.stack_top = layout_stack_top,
	.handlers =
		{
			[0] = reset_handler,
			[1] = nmi_handler,
			[2 ... SYSTICK - 2] = unexpected_handler,
			[SYSTICK - 1] = tick_handler,
			[SYSTICK... SYSTICK + LPUART1_IRQ - 1] = unexpected_handler,
			[SYSTICK + LPUART1_IRQ] = uart_interrupt,
			[SYSTICK + LPUART1_IRQ + 1 ... EXCEPTIONS + INTERRUPTS - 2] =
				unexpected_handler,
		},
};
