/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clock and core voltage of STM32L4+ and STM32L5, between the sources of these ports. The port has
 * port_clock_levels[], port_clock_count, a setup for each level, and clock_prepare().
 */
#ifndef FIRMWARE_PORTS_STM32_L4L5_CLOCK_H
#define FIRMWARE_PORTS_STM32_L4L5_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum clock_source { /* as in RCC_CFGR SW and SWS */
		    SOURCE_MSI = 0,
		    SOURCE_HSI16 = 1,
		    SOURCE_PLL = 3,
};

/* PLL: VCO input is MSI 4 MHz (M = 1). */
struct clock_setup {
	enum clock_source source;
	uint8_t range; /* as in PWR_CR1 VOS */
	bool boost;    /* of range 1 */
	uint8_t pll_n;
	uint8_t pll_r; /* the divider 2, 4, 6 or 8 */
};

struct clock_family {
	const struct clock_setup *setups; /* as many as levels */
	uint32_t pll_reset;               /* PLLCFGR after reset */
	bool has_boost;
	bool waits_in_range_2; /* for the voltage, also when it goes down to range 2 */
};
/* The port's. */
extern const struct clock_family clock_family;

/* The port's: what has to be set up once, with PWR clocked and before any other clock. */
void clock_prepare(void);

/* From any state a reset or the ROM loader leaves behind to level 0, HSI16 running. */
const char *clock_init(void);

/* The flash is erased and programmed in range 1 or 0, whatever the level in force. Between these
 * two the clock stays as it is. */
const char *clock_raise_for_flash(void);
const char *clock_lower_after_flash(void);

#endif
