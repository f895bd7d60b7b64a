/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clock levels of the STM32L4R5: RM0432 (PWR: dynamic voltage scaling management; FLASH: read
 * access latency) and DS12023 (PLL characteristics).
 */
#include "firmware/ports/stm32_l4l5/clock.h"

#include "firmware/ports/port.h"
#include "firmware/ports/stm32_common/tick.h"
#include "firmware/ports/stm32l4r5/registers.h"

/* Wait states: RM0432, "Number of wait states according to CPU clock (HCLK) frequency": up to
 * 20 40 60 80 100 120 MHz in range 1 boost, 20 40 60 80 in range 1 normal, 8 16 26 in range 2.
 * Core voltages: RM0432, dynamic voltage scaling: 1.28 V in range 1 boost, 1.2 V in range 1 normal,
 * 1.0 V in range 2. */
const struct port_clock_level port_clock_levels[] = {
	{4000000, 1000, 0, "range 2", "MSI 4 MHz"},
	{16000000, 1000, 1, "range 2", "HSI16"},
	{26000000, 1000, 2, "range 2", "MSI 4 MHz, PLL x26 /4"},
	{48000000, 1200, 2, "range 1", "MSI 4 MHz, PLL x24 /2"},
	{80000000, 1200, 3, "range 1", "MSI 4 MHz, PLL x40 /2"},
	{120000000, 1280, 5, "range 1 boost", "MSI 4 MHz, PLL x60 /2"},
};

/* VCO 64..344 MHz, in range 2 64..128 MHz (DS12023, PLL characteristics): here 104, 96, 160 and 240
 * MHz. */
static const struct clock_setup setups[] = {
	{SOURCE_MSI, 2, false, 0, 0},  {SOURCE_HSI16, 2, false, 0, 0},
	{SOURCE_PLL, 2, false, 26, 4}, {SOURCE_PLL, 1, false, 24, 2},
	{SOURCE_PLL, 1, false, 40, 2}, {SOURCE_PLL, 1, true, 60, 2},
};

enum { LEVEL_COUNT = sizeof(setups) / sizeof(setups[0]) };
_Static_assert(sizeof(port_clock_levels) / sizeof(port_clock_levels[0]) == LEVEL_COUNT,
	       "one setup for each level");

const uint32_t core_mhz_max = 120;
const uint32_t tick_divider = 1;
const uint32_t port_clock_count = LEVEL_COUNT;

const struct clock_family clock_family = {
	.setups = setups,
	.pll_reset = RCC_PLLCFGR_RESET,
	.has_boost = true,
	.waits_in_range_2 = false,
};

void clock_prepare(void)
{
	FLASH_ACR |= FLASH_ACR_PRFTEN | FLASH_ACR_ICEN | FLASH_ACR_DCEN;
}
