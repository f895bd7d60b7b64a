/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The programmable voltage detector as a latch. Its output rises when VDD falls below the level and
 * goes to EXTI line 16, whose pending bit holds it (reference manuals, PWR: programmable voltage
 * detector; EXTI: pending register). The line's interrupt stays disabled in the NVIC: nothing wakes
 * the core and nothing runs. It takes about 1 uA (data sheets, PVD).
 */
#include "firmware/ports/stm32_common/detector.h"

#include "firmware/ports/port.h"
#include "firmware/ports/stm32_common/core.h"

enum {
	LEVELS = 7, /* a field of three bits */
	START_US = 50,
};
#define LINE_16 BIT(16)

static bool is_low(void)
{
	return REGISTER(detector.status) & detector.below;
}

/* The highest level that VDD is above. False: it is above none. */
static bool level_find(void)
{
	for (uint32_t level = detector.most + 1; level-- > 0;) {
		register_modify(&REGISTER(detector.control),
				LEVELS << detector.level_shift | detector.enable,
				level << detector.level_shift | detector.enable);
		delay_us(START_US);
		if (!is_low())
			return true;
	}
	return false;
}

static uint32_t clock_on(void)
{
	uint32_t was = REGISTER(detector.clock) & detector.clock_bit;

	REGISTER(detector.clock) |= detector.clock_bit;
	(void)REGISTER(detector.clock);
	return was;
}

static void clock_restore(uint32_t was)
{
	register_modify(&REGISTER(detector.clock), detector.clock_bit, was);
}

bool port_supply_watch(void)
{
	uint32_t clock = clock_on();
	bool found = level_find();

	REGISTER(detector.trigger) |= LINE_16;
	REGISTER(detector.mask) |= LINE_16;
	REGISTER(detector.pending) = LINE_16;
	clock_restore(clock);
	return found;
}

bool port_supply_was_low(void)
{
	uint32_t clock = clock_on();
	bool low = REGISTER(detector.pending) & LINE_16 || is_low();

	register_modify(&REGISTER(detector.control), detector.enable, 0);
	register_modify(&REGISTER(detector.trigger), LINE_16, 0);
	register_modify(&REGISTER(detector.mask), LINE_16, 0);
	REGISTER(detector.pending) = LINE_16;
	clock_restore(clock);
	return low;
}
