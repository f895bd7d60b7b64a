/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Armv7E-M core: SysTick (ARMv7-M ARM, B3.3), counted in core cycles, also while asleep. The
 * external reference is HCLK / 8, as on STM32. The counter is not stepped: only the cycle is kept
 * at which it next becomes zero.
 */
#include "rigs/virtual/cores/armv7em_core.h"

#define CONTROL_ENABLE    1u
#define CONTROL_TICKINT   2u
#define CONTROL_CLKSOURCE 4u
#define CONTROL_COUNTFLAG 0x10000u
#define COUNTER_MASK      0xffffffu
#define EXTERNAL_DIVIDER  8u

enum { SYST_CSR = 0x10, SYST_RVR = 0x14, SYST_CVR = 0x18, SYST_CALIB = 0x1c };

static uint64_t cycles_per_tick(const struct systick *tick)
{
	return tick->control & CONTROL_CLKSOURCE ? 1 : EXTERNAL_DIVIDER;
}

void systick_reset(struct armv7em *core)
{
	core->systick = (struct systick){.zero_at = NEVER};
}

uint64_t systick_next_cycle(const struct armv7em *core)
{
	return core->systick.control & CONTROL_TICKINT ? core->systick.zero_at : NEVER;
}

void systick_update(struct armv7em *core)
{
	struct systick *tick = &core->systick;
	uint64_t period = (tick->reload + 1) * cycles_per_tick(tick);

	if (core->now < tick->zero_at)
		return;
	tick->counted = true;
	if (!tick->reload) { /* a reload of 0 stops the counter at its next wrap */
		tick->zero_at = NEVER;
		tick->frozen = 0;
	} else {
		tick->zero_at += (core->now - tick->zero_at) / period * period + period;
	}
	if (tick->control & CONTROL_TICKINT)
		exception_set_pending(core, EXCEPTION_SYSTICK);
}

static uint32_t current(const struct armv7em *core)
{
	const struct systick *tick = &core->systick;
	uint64_t scale = cycles_per_tick(tick);
	uint64_t left;

	if (tick->zero_at == NEVER)
		return tick->frozen;
	left = (tick->zero_at - core->now + scale - 1) / scale;
	return left > tick->reload ? 0 : (uint32_t)left;
}

/* Counts on from `value`; 0 loads the reload value at the next tick. */
static void count_from(struct armv7em *core, uint32_t value)
{
	struct systick *tick = &core->systick;
	uint64_t ticks = value ? value : (uint64_t)tick->reload + 1;

	tick->frozen = value;
	if (!(tick->control & CONTROL_ENABLE) || (!value && !tick->reload))
		tick->zero_at = NEVER;
	else
		tick->zero_at = core->now + ticks * cycles_per_tick(tick);
}

uint32_t systick_read(struct armv7em *core, uint32_t offset)
{
	struct systick *tick = &core->systick;
	uint32_t value;

	systick_update(core);
	switch (offset) {
	case SYST_CSR:
		value = tick->control | (tick->counted ? CONTROL_COUNTFLAG : 0);
		tick->counted = false;
		return value;
	case SYST_RVR:
		return tick->reload;
	case SYST_CVR:
		return current(core);
	default:
		return 0; /* CALIB: no calibration value */
	}
}

void systick_write(struct armv7em *core, uint32_t offset, uint32_t value)
{
	struct systick *tick = &core->systick;
	uint32_t count;

	systick_update(core);
	count = current(core);
	switch (offset) {
	case SYST_CSR:
		tick->control = value & (CONTROL_ENABLE | CONTROL_TICKINT | CONTROL_CLKSOURCE);
		count_from(core, count);
		break;
	case SYST_RVR: /* takes effect at the next wrap */
		tick->reload = value & COUNTER_MASK;
		if (tick->zero_at == NEVER)
			count_from(core, count);
		break;
	case SYST_CVR:
		tick->counted = false;
		count_from(core, 0);
		break;
	default:
		break;
	}
	core_update_horizon(core);
}
