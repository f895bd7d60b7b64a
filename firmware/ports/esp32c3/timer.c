/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * System timer, unit 0 and comparator 0: TRM, System Timer. It goes on while the core sleeps.
 */
#include "firmware/ports/esp32c3/timer.h"

#include "firmware/ports/esp32c3/registers.h"
#include "firmware/ports/port.h"

enum { SNAPSHOT_US = 100, TICKS_PER_MS = SYSTIMER_HZ / 1000 };

static volatile bool elapsed; /* the interrupt was served */

void timer_init(void)
{
	SYSTEM_PERIP_CLK_EN0 |= SYSTEM_PERIP0_SYSTIMER;
	SYSTEM_PERIP_RST_EN0 &= ~SYSTEM_PERIP0_SYSTIMER;
	SYSTIMER_INT_ENA = 0;
	register_modify(&SYSTIMER_CONF, SYSTIMER_CONF_UNIT0_STALL | SYSTIMER_CONF_TARGET0,
			SYSTIMER_CONF_CLK_EN | SYSTIMER_CONF_UNIT0);
	SYSTIMER_INT_CLR = SYSTIMER_TARGET0_BIT;
	SYSTIMER_INT_ENA = SYSTIMER_TARGET0_BIT;
}

uint64_t timer_now(void)
{
	uint64_t high;

	SYSTIMER_UNIT0_OP = SYSTIMER_OP_UPDATE;
	(void)register_wait(&SYSTIMER_UNIT0_OP, SYSTIMER_OP_VALID, SYSTIMER_OP_VALID, SNAPSHOT_US);
	high = SYSTIMER_UNIT0_VALUE_HI;
	return high << 32 | SYSTIMER_UNIT0_VALUE_LO;
}

void tick_start(uint32_t ms)
{
	uint64_t target;

	tick_stop();
	SYSTIMER_TARGET0_CONF = 0; /* unit 0, one alarm */
	target = timer_now() + (uint64_t)ms * TICKS_PER_MS;
	SYSTIMER_TARGET0_HI = (uint32_t)(target >> 32);
	SYSTIMER_TARGET0_LO = (uint32_t)target;
	SYSTIMER_COMP0_LOAD = 1;
	SYSTIMER_CONF |= SYSTIMER_CONF_TARGET0;
}

bool tick_elapsed(void)
{
	return elapsed || (SYSTIMER_INT_RAW & SYSTIMER_TARGET0_BIT);
}

void tick_stop(void)
{
	SYSTIMER_CONF &= ~SYSTIMER_CONF_TARGET0;
	SYSTIMER_INT_CLR = SYSTIMER_TARGET0_BIT;
	elapsed = false;
}

void tick_interrupt(void)
{
	elapsed = true;
	SYSTIMER_INT_CLR = SYSTIMER_TARGET0_BIT;
}

/* Interrupts stay off: the alarm wakes the core and is then dropped without being served. */
void port_sleep_ms(uint32_t ms)
{
	if (!ms)
		return;
	core_interrupts_off();
	tick_start(ms);
	while (!tick_elapsed())
		core_sleep();
	tick_stop();
	core_interrupts_on();
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
