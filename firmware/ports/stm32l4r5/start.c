/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Start-up of the STM32L4R5, its vector table, and what the board says of itself.
 *
 * Serial port: LPUART1 on PA2 (TX) and PA3 (RX), the two pins on which the ROM loader has its
 * USART2, so that one adapter serves both.
 */
#include "firmware/agent/agent.h"
#include "firmware/ports/port.h"
#include "firmware/ports/stm32_common/marks.h"
#include "firmware/ports/stm32_common/start.h"
#include "firmware/ports/stm32_common/tick.h"
#include "firmware/ports/stm32_common/usart.h"
#include "firmware/ports/stm32_l4l5/clock.h"
#include "firmware/ports/stm32l4r5/registers.h"

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

MARK_CODE("0x48001018", "");

const struct start_chip start_chip = {
	.reset_register = RCC_CSR_ADDRESS,
	.reset_flags = RCC_CSR_FLAGS,
	.reset_remove = RCC_CSR_RMVF,
	.uid = FACTORY_UID,
};

const struct usart usart = {
	.base = LPUART1,
	.irq = LPUART1_IRQ,
	.divider = LPUART_DIVIDER,
	.has_fifo = true,
	.gpio = GPIOA,
	.pin_tx = 2,
	.pin_rx = 3,
	.function = 8,
};

/* A chip that was blank at power-on takes every reset into the ROM loader until the next power-on,
 * although it has been programmed since: BOOT0 low alone does not help, clearing this flag does. */
static void empty_flag_clear(void)
{
	if (FLASH_SR & FLASH_SR_PEMPTY)
		FLASH_SR = FLASH_SR_PEMPTY;
}

static void lines_init(void)
{
	RCC_AHB2ENR |= RCC_AHB2_GPIOE;
	(void)RCC_AHB2ENR;
	marks_init(GPIOE);
}

static void serial_init(void)
{
	RCC_AHB2ENR |= RCC_AHB2_GPIOA;
	(void)RCC_AHB2ENR;
	usart_pins_init();
	register_modify(&RCC_CCIPR, RCC_CCIPR_LPUART1, RCC_CCIPR_LPUART1_HSI16);
	RCC_APB1ENR2 |= RCC_APB1_2_LPUART1;
	(void)RCC_APB1ENR2;
	RCC_APB1RSTR2 |= RCC_APB1_2_LPUART1;
	RCC_APB1RSTR2 &= ~RCC_APB1_2_LPUART1;
	usart_init();
}

_Noreturn void start(void)
{
	empty_flag_clear();
	start_memory();
	interrupts_clear(IRQ_COUNT, layout_flash_start);
	start_reset_cause();
	cycles_init();
	lines_init();
	if (clock_init())
		port_reset();
	serial_init();
	core_interrupts_on();
	agent_serve();
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
static void spaced_tick_handler(void)
{
	__asm__ volatile("nop\n\tnop\n\tdsb" ::: "memory");
}

START_VECTORS(IRQ_COUNT, LPUART1_IRQ, nmi_handler, spaced_tick_handler);
