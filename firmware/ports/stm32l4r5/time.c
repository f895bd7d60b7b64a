/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sleeping, the measured window's surroundings, marker lines and cycle counter. ARM DDI 0403:
 * SysTick, DWT; RM0432: GPIO. Lines: 0 on PE9 (D6), 1 on PE11 (D5), 2 on PE13 (D3).
 */
#include "firmware/ports/stm32l4r5/time.h"

#include "firmware/ports/port.h"
#include "firmware/ports/stm32l4r5/registers.h"
#include "firmware/ports/stm32l4r5/tick.h"

enum { LINE_0 = 9, LINE_1 = 11, LINE_2 = 13 };

#define LINE_UP(pin)   BIT(pin)
#define LINE_DOWN(pin) BIT((pin) + 16)
/* A pin's two bits in MODER, OSPEEDR and PUPDR. */
#define LINE_FIELD(value)                                                                          \
	((value) << 2 * LINE_0 | (value) << 2 * LINE_1 | (uint32_t)(value) << 2 * LINE_2)

const struct port_marks port_marks = {
	.window_up = LINE_UP(LINE_0),
	.window_down = LINE_DOWN(LINE_0),
	.inference_up = LINE_UP(LINE_1),
	.inference_down = LINE_DOWN(LINE_1),
	.layer_up = LINE_UP(LINE_2),
	.layer_down = LINE_DOWN(LINE_2),
};

void marks_init(void)
{
	RCC_AHB2ENR |= RCC_AHB2_GPIOE;
	(void)RCC_AHB2ENR;
	GPIO_BSRR(GPIOE) = LINE_DOWN(LINE_0) | LINE_DOWN(LINE_1) | LINE_DOWN(LINE_2);
	GPIO_OTYPER(GPIOE) &= ~(BIT(LINE_0) | BIT(LINE_1) | BIT(LINE_2));
	register_modify(&GPIO_OSPEEDR(GPIOE), LINE_FIELD(3U), LINE_FIELD(1U));
	register_modify(&GPIO_PUPDR(GPIOE), LINE_FIELD(3U), 0);
	register_modify(&GPIO_MODER(GPIOE), LINE_FIELD(3U), LINE_FIELD(1U));
}

void cycles_init(void)
{
	DEMCR |= DEMCR_TRCENA;
	DWT_CYCCNT = 0;
	DWT_CTRL |= DWT_CTRL_CYCCNTENA;
}

/* uint32_t port_mark(uint32_t word). In RAM, so that nothing is fetched from flash between store
 * and read. The barriers empty write buffer and pipeline first: the store meets the same state in
 * every call. */
__asm__(".pushsection .ramfunc,\"ax\",%progbits\n"
	".syntax unified\n"
	".thumb\n"
	".balign 16\n"
	".global port_mark\n"
	".type port_mark, %function\n"
	".thumb_func\n"
	"port_mark:\n\t"
	"movw r1, #:lower16:0x48001018\n\t" /* GPIOE BSRR */
	"movt r1, #:upper16:0x48001018\n\t"
	"movw r2, #:lower16:0xE0001004\n\t" /* DWT CYCCNT */
	"movt r2, #:upper16:0xE0001004\n\t"
	"dsb\n\t"
	"isb\n\t"
	"str r0, [r1]\n\t"
	"ldr r0, [r2]\n\t"
	"bx lr\n"
	".size port_mark, . - port_mark\n"
	".popsection\n");

void port_window_enter(void)
{
	core_interrupts_off();
	tick_stop();
}

void port_window_leave(void)
{
	core_interrupts_on();
}

static uint32_t cycles_per_ms(void)
{
	return port_clock_levels[port_clock_now()].hz / 1000;
}

uint32_t tick_max_ms(void)
{
	return SYST_RELOAD_MAX / cycles_per_ms();
}

void tick_start(uint32_t ms)
{
	SYST_RVR = ms * cycles_per_ms() - 1;
	SYST_CVR = 0;
	SYST_CSR = SYST_CSR_RUN;
}

bool tick_elapsed(void)
{
	return SYST_CSR & SYST_CSR_COUNTFLAG;
}

void tick_stop(void)
{
	SYST_CSR = 0;
	SCB_ICSR = SCB_ICSR_PENDSTCLR;
}

/* Interrupts stay off: the pending tick wakes the core and is then dropped without being served. */
static void sleep_once(uint32_t ms)
{
	core_interrupts_off();
	tick_start(ms);
	while (!tick_elapsed())
		core_sleep();
	tick_stop();
	core_interrupts_on();
}

void port_sleep_ms(uint32_t ms)
{
	uint32_t longest = tick_max_ms();

	while (ms) {
		uint32_t now = ms < longest ? ms : longest;

		sleep_once(now);
		ms -= now;
	}
}
