/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Start-up of the STM32L552, its vector table, and what the board says of itself.
 *
 * Serial port: USART3 on PC10 (TX) and PC11 (RX), two pins the ROM loader listens on too (AN2606,
 * STM32L552xx: USART3), so that one adapter serves both.
 */
#include "firmware/agent/agent.h"
#include "firmware/ports/port.h"
#include "firmware/ports/stm32_common/marks.h"
#include "firmware/ports/stm32_common/start.h"
#include "firmware/ports/stm32_common/tick.h"
#include "firmware/ports/stm32_common/usart.h"
#include "firmware/ports/stm32_l4l5/clock.h"
#include "firmware/ports/stm32l552/cache.h"
#include "firmware/ports/stm32l552/registers.h"

#if PORT_CACHES
#define OPTIONS PORT_OPTIONS "; icache=on smps=on"
#else
#define OPTIONS PORT_OPTIONS "; icache=off smps=on"
#endif

const struct port_about port_about = {
	.chip = "stm32l552",
	.board = PORT_BOARD,
	.build = PORT_BUILD,
	.compiler = __VERSION__,
	.options = OPTIONS,
};
_Static_assert(sizeof(OPTIONS) <= sizeof(((struct wire_hello_reply *)0)->options),
	       "the options fit HELLO");

MARK_CODE("0x42021018", "");

const struct start_chip start_chip = {
	.reset_register = RCC_CSR_ADDRESS,
	.reset_flags = RCC_CSR_FLAGS,
	.reset_remove = RCC_CSR_RMVF,
	.uid = FACTORY_UID,
};

const struct usart usart = {
	.base = USART3,
	.irq = USART3_IRQ,
	.divider = USART_DIVIDER,
	.has_fifo = true,
	.gpio = GPIOC,
	.pin_tx = 10,
	.pin_rx = 11,
	.function = 7,
};

static void ports_init(void)
{
	RCC_AHB2ENR |= RCC_AHB2_GPIOC | RCC_AHB2_GPIOE;
	(void)RCC_AHB2ENR;
	marks_init(GPIOE);
	usart_pins_init();
	register_modify(&RCC_CCIPR1, RCC_CCIPR1_USART3, RCC_CCIPR1_USART3_HSI);
	RCC_APB1ENR1 |= RCC_APB1_1_USART3;
	(void)RCC_APB1ENR1;
	RCC_APB1RSTR1 |= RCC_APB1_1_USART3;
	RCC_APB1RSTR1 &= ~RCC_APB1_1_USART3;
	usart_init();
}

_Noreturn void start(void)
{
	start_memory();
	interrupts_clear(IRQ_COUNT, layout_flash_start);
	start_reset_cause();
	cycles_init();
	if (cache_off() || clock_init())
		port_reset();
	cache_on();
	ports_init();
	core_interrupts_on();
	agent_serve();
}

/* An uncorrectable double-word of the slot is what a power cut while programming leaves behind: the
 * CRC-32 over the image refuses it. Anywhere else the firmware itself is damaged. The address is
 * the one within the bank (RM0438, FLASH_ECCR). */
static void nmi_handler(void)
{
	uint32_t state = FLASH_ECCR;
	uint32_t found = state & (FLASH_ECCR_ECCD | FLASH_ECCR_ECCD2);
	uint32_t firmware_bytes = (uint32_t)port_slot().bytes - (uint32_t)layout_flash_start;

	if (!found || state & FLASH_ECCR_SYSTEM)
		port_reset();
	if (!(state & FLASH_ECCR_BANK2) && (state & FLASH_ECCR_ADDRESS) < firmware_bytes)
		port_reset();
	FLASH_ECCR = (state & FLASH_ECCR_ECCIE) | found;
}

START_VECTORS(IRQ_COUNT, USART3_IRQ, nmi_handler, tick_handler);
