/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Start-up of the STM32L552, its vector table, and what the board says of itself. Whatever should
 * not happen resets the chip: the host sees the reset in the next HELLO.
 *
 * Serial port: USART3 on PC10 (TX) and PC11 (RX), two pins the ROM loader listens on too (AN2606,
 * STM32L552xx: USART3), so that one adapter serves both.
 */
#include <stddef.h>
#include <string.h>

#include "firmware/agent/agent.h"
#include "firmware/ports/port.h"
#include "firmware/ports/stm32_common/marks.h"
#include "firmware/ports/stm32_common/tick.h"
#include "firmware/ports/stm32_common/usart.h"
#include "firmware/ports/stm32l552/cache.h"
#include "firmware/ports/stm32l552/clock.h"
#include "firmware/ports/stm32l552/registers.h"

/* From layout.ld. */
extern uint8_t layout_stack_top[], layout_flash_start[], layout_flash_end[];
extern uint8_t layout_ram_load[], layout_ram_start[], layout_ram_end[];
extern uint8_t layout_zero_start[], layout_zero_end[];
extern uint8_t layout_arena_start[], layout_arena_end[];

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

static void reset_cause_take(void)
{
	reset_cause = RCC_CSR & RCC_CSR_FLAGS;
	RCC_CSR |= RCC_CSR_RMVF;
	RCC_CSR &= ~RCC_CSR_RMVF;
}

static void memory_init(void)
{
	memcpy(layout_ram_start, layout_ram_load, (size_t)(layout_ram_end - layout_ram_start));
	memset(layout_zero_start, 0, (size_t)(layout_zero_end - layout_zero_start));
	core_barrier();
}

static void ports_init(void)
{
	RCC_AHB2ENR |= RCC_AHB2_GPIOC | RCC_AHB2_GPIOE;
	(void)RCC_AHB2ENR;
	marks_init(GPIOE);
	usart_pins_init(GPIOC);
	register_modify(&RCC_CCIPR1, RCC_CCIPR1_USART3, RCC_CCIPR1_USART3_HSI);
	RCC_APB1ENR1 |= RCC_APB1_1_USART3;
	(void)RCC_APB1ENR1;
	RCC_APB1RSTR1 |= RCC_APB1_1_USART3;
	RCC_APB1RSTR1 &= ~RCC_APB1_1_USART3;
	usart_init(USART3_IRQ, true);
}

__attribute__((noreturn, used)) static void start(void)
{
	memory_init();
	interrupts_clear(IRQ_COUNT, layout_flash_start);
	reset_cause_take();
	cycles_init();
	if (cache_off() || clock_init())
		port_reset();
	cache_on();
	ports_init();
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

/* The tick only wakes. */
static void tick_handler(void)
{
	__asm__ volatile("dsb" ::: "memory");
}

enum { EXCEPTIONS = 16, SYSTICK = 15 };

typedef void handler(void);
struct vectors {
	void *stack_top;
	handler *handlers[EXCEPTIONS - 1 + IRQ_COUNT];
};

__attribute__((section(".vectors"), used)) static const struct vectors vectors = {
	.stack_top = layout_stack_top,
	.handlers =
		{
			[0] = reset_handler,
			[1] = nmi_handler,
			[2 ... SYSTICK - 2] = unexpected_handler,
			[SYSTICK - 1] = tick_handler,
			[SYSTICK... SYSTICK + USART3_IRQ - 1] = unexpected_handler,
			[SYSTICK + USART3_IRQ] = usart_interrupt,
			[SYSTICK + USART3_IRQ + 1 ... EXCEPTIONS + IRQ_COUNT - 2] =
				unexpected_handler,
		},
};
