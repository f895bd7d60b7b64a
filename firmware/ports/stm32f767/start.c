/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Start-up of the STM32F767, its vector table, and what the board says of itself.
 *
 * Serial port: USART3 on PB10 (TX) and PB11 (RX), two pins the ROM loader listens on too (AN2606,
 * STM32F76xxx: USART3), so that one adapter serves both.
 */
#include <stddef.h>
#include <string.h>

#include "firmware/agent/agent.h"
#include "firmware/ports/port.h"
#include "firmware/ports/stm32_common/marks.h"
#include "firmware/ports/stm32_common/start.h"
#include "firmware/ports/stm32_common/tick.h"
#include "firmware/ports/stm32_common/usart.h"
#include "firmware/ports/stm32f767/cache.h"
#include "firmware/ports/stm32f767/clock.h"
#include "firmware/ports/stm32f767/registers.h"

/* From layout.ld. */
extern uint8_t layout_code_load[], layout_code_start[], layout_code_end[];

#if PORT_CACHES
#define OPTIONS PORT_OPTIONS "; icache=on dcache=on art=on"
#else
#define OPTIONS PORT_OPTIONS "; icache=off dcache=off art=off"
#endif

const struct port_about port_about = {
	.chip = "stm32f767",
	.board = PORT_BOARD,
	.build = PORT_BUILD,
	.compiler = __VERSION__,
	.options = OPTIONS,
};
_Static_assert(sizeof(OPTIONS) <= sizeof(((struct wire_hello_reply *)0)->options),
	       "the options fit HELLO");

/* ITCM is read and written at the core clock without cache or bus. On this core a load from the
 * private bus can overtake a buffered store: with a barrier between them the counter is read when
 * the store has arrived at the port, a fixed number of cycles later. */
MARK_CODE("0x40021018", "dsb");

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
	.has_fifo = false,
	.gpio = GPIOB,
	.pin_tx = 10,
	.pin_rx = 11,
	.function = 7,
};

static void ports_init(void)
{
	RCC_AHB1ENR |= RCC_AHB1_GPIOB | RCC_AHB1_GPIOE;
	(void)RCC_AHB1ENR;
	marks_init(GPIOE);
	usart_pins_init();
	register_modify(&RCC_DCKCFGR2, RCC_DCKCFGR2_USART3, RCC_DCKCFGR2_USART3_HSI);
	RCC_APB1ENR |= RCC_APB1_USART3;
	(void)RCC_APB1ENR;
	RCC_APB1RSTR |= RCC_APB1_USART3;
	RCC_APB1RSTR &= ~RCC_APB1_USART3;
	usart_init();
}

_Noreturn void start(void)
{
	caches_init();
	memcpy(layout_code_start, layout_code_load, (size_t)(layout_code_end - layout_code_start));
	start_memory();
	interrupts_clear(IRQ_COUNT, layout_flash_start);
	start_reset_cause();
	DEMCR |= DEMCR_TRCENA;
	core_barrier();
	DWT_LAR = DWT_LAR_KEY;
	cycles_init();
	if (clock_init())
		port_reset();
	ports_init();
	core_interrupts_on();
	agent_serve();
}

START_VECTORS(IRQ_COUNT, USART3_IRQ, unexpected_handler, tick_handler);
