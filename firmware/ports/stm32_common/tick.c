/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sleeping, and the measured window's surroundings.
 */
#include "firmware/ports/stm32_common/tick.h"

#include "firmware/ports/port.h"
#include "firmware/ports/stm32_common/core.h"

static uint32_t ticks_per_ms(void)
{
	return port_clock_levels[port_clock_now()].hz / (1000 * tick_divider);
}

uint32_t tick_max_ms(void)
{
	return SYST_RELOAD_MAX / ticks_per_ms();
}

void tick_start(uint32_t ms)
{
	SYST_RVR = ms * ticks_per_ms() - 1;
	SYST_CVR = 0;
	SYST_CSR = tick_divider == 1 ? SYST_CSR_RUN | SYST_CSR_CORE : SYST_CSR_RUN;
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

void interrupts_clear(uint32_t irq_count, const void *vectors)
{
	tick_stop();
	for (uint32_t i = 0; i < (irq_count + 31) / 32; i++) {
		NVIC_ICER(i) = UINT32_MAX;
		NVIC_ICPR(i) = UINT32_MAX;
	}
	SCB_VTOR = (uint32_t)vectors;
	core_barrier();
}

_Noreturn void port_reset(void)
{
	core_barrier();
	SCB_AIRCR = SCB_AIRCR_RESET;
	core_barrier();
	for (;;)
		;
}

void port_window_enter(void)
{
	core_interrupts_off();
	tick_stop();
}

void port_window_leave(void)
{
	core_interrupts_on();
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
