/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clock levels of the STM32L552: RM0438 (PWR: dynamic voltage scaling management; FLASH: read
 * access latency) and DS12737 (PLL characteristics). The SMPS that this board's chip has stays in
 * high-power mode, as after reset: all ranges are legal.
 */
#include "firmware/ports/stm32_l4l5/clock.h"

#include "firmware/ports/port.h"
#include "firmware/ports/stm32_common/tick.h"
#include "firmware/ports/stm32l552/registers.h"

/* Wait states: RM0438, "Number of wait states according to CPU clock (HCLK) frequency": up to 20 40
 * 60 80 100 110 MHz in range 0, 20 40 60 80 in range 1, 8 16 26 in range 2. Core voltages: RM0438,
 * dynamic voltage scaling: 1.28 V, 1.2 V, 1.0 V. */
const struct port_clock_level port_clock_levels[] = {
	{4000000, 1000, 0, "range 2", "MSI 4 MHz"},
	{16000000, 1000, 1, "range 2", "HSI16"},
	{26000000, 1000, 2, "range 2", "MSI 4 MHz, PLL x26 /4"},
	{48000000, 1200, 2, "range 1", "MSI 4 MHz, PLL x24 /2"},
	{80000000, 1200, 3, "range 1", "MSI 4 MHz, PLL x40 /2"},
	{110000000, 1280, 5, "range 0", "MSI 4 MHz, PLL x55 /2"},
};

/* VCO 64..344 MHz, in range 2 64..128 MHz (DS12737, PLL characteristics): here 104, 96, 160 and 220
 * MHz. */
static const struct clock_setup setups[] = {
	{SOURCE_MSI, 2, false, 0, 0},  {SOURCE_HSI16, 2, false, 0, 0},
	{SOURCE_PLL, 2, false, 26, 4}, {SOURCE_PLL, 1, false, 24, 2},
	{SOURCE_PLL, 1, false, 40, 2}, {SOURCE_PLL, 0, false, 55, 2},
};

enum { LEVEL_COUNT = sizeof(setups) / sizeof(setups[0]) };
_Static_assert(sizeof(port_clock_levels) / sizeof(port_clock_levels[0]) == LEVEL_COUNT,
	       "one setup for each level");

const uint32_t core_mhz_max = 110;
const uint32_t tick_divider = 8;
const uint32_t port_clock_count = LEVEL_COUNT;

const struct clock_family clock_family = {
	.setups = setups,
	.pll_reset = RCC_PLLCFGR_RESET,
	.has_boost = false,
	.waits_in_range_2 = true,
};

void clock_prepare(void)
{
	PWR_CR4 &= ~(PWR_CR4_SMPSBYP | PWR_CR4_SMPSLPEN);
}
