/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clock levels of the ESP32-C3: TRM, Reset and Clock (CPU clock: SYSTEM_SOC_CLK_SEL,
 * SYSTEM_PRE_DIV_CNT, SYSTEM_CPUPERIOD_SEL) and System Registers. The 40 MHz crystal always runs;
 * the PLL is powered only for the levels that use it. Serial port and system timer run from the
 * crystal, whatever the level.
 *
 * Every change goes through the undivided crystal. Its divider only acts on the crystal's path.
 * The PLL makes 480 MHz; its analog settings for a 40 MHz crystal are those of ESP-IDF
 * (clk_ll_bbpll_set_config): times 8 + 4, high-frequency mode.
 *
 * The flash is read through the cache by a controller of its own, so there are no wait states of
 * the core to set. Its clock follows the system clock: 40 MHz with the PLL, lower without.
 */
#include "firmware/ports/esp32c3/clock.h"

#include <stddef.h>

#include "firmware/ports/esp32c3/analog.h"
#include "firmware/ports/esp32c3/registers.h"
#include "firmware/ports/port.h"

/* The digital regulator is set once, to 1.1 V nominal (TRM, Low-power Management: digital voltage
 * regulator). */
enum { CORE_MV = 1100 };

const struct port_clock_level port_clock_levels[] = {
	{10000000, CORE_MV, 0, "1.1 V", "XTAL 40 MHz /4"},
	{13333333, CORE_MV, 0, "1.1 V", "XTAL 40 MHz /3"},
	{20000000, CORE_MV, 0, "1.1 V", "XTAL 40 MHz /2"},
	{40000000, CORE_MV, 0, "1.1 V", "XTAL 40 MHz"},
	{80000000, CORE_MV, 0, "1.1 V", "PLL 480 MHz /6"},
	{160000000, CORE_MV, 0, "1.1 V", "PLL 480 MHz /3"},
};

enum { PERIOD_80_MHZ = 0, PERIOD_160_MHZ = 1 }; /* SYSTEM_CPUPERIOD_SEL */

struct setup {
	uint8_t xtal_divider; /* 0: from the PLL */
	uint8_t pll_period;
};
static const struct setup setups[] = {
	{4, 0}, {3, 0}, {2, 0}, {1, 0}, {0, PERIOD_80_MHZ}, {0, PERIOD_160_MHZ},
};

enum { LEVEL_COUNT = sizeof(setups) / sizeof(setups[0]) };
_Static_assert(sizeof(port_clock_levels) / sizeof(port_clock_levels[0]) == LEVEL_COUNT,
	       "one setup for each level");

const uint32_t port_clock_count = LEVEL_COUNT;
static uint32_t level_now;

uint32_t port_clock_now(void)
{
	return level_now;
}

/* Registers of the PLL's analog block (regi2c_bbpll.h). */
enum {
	PLL_OC_REF = 2,
	PLL_OC_DIV = 3,
	PLL_MODE = 4,
	PLL_OC_DR = 5,
	PLL_OC_CURRENT = 6,
	PLL_VCO = 9,
	PLL_START_US = 200,
};

/* Field by field in the order of ESP-IDF. mask 0xFF writes the register without reading it. */
static const struct {
	uint8_t at, mask, value;
} pll_480_mhz[] = {
	{PLL_MODE, 0xFF, 0x6B},
	{PLL_OC_REF, 0xFF, 0x50},     /* charge pump 5, reference undivided */
	{PLL_OC_DIV, 0xFF, 8},        /* 40 MHz times 8 + 4 */
	{PLL_OC_DR, 0x77, 0},         /* DR1, DR3 */
	{PLL_OC_CURRENT, 0xFF, 0x93}, /* DLREF 2, DHREF 1, current 3 */
	{PLL_VCO, 0x03, 2},
	{PLL_OC_CURRENT, 0xF0, 0x60}, /* DHREF 2, DLREF 1 */
};

static bool pll_configure(void)
{
	bool done = true;

	for (size_t i = 0; i < sizeof(pll_480_mhz) / sizeof(pll_480_mhz[0]) && done; i++) {
		uint8_t at = pll_480_mhz[i].at;
		uint8_t mask = pll_480_mhz[i].mask;

		if (mask == 0xFF)
			done = analog_write(ANALOG_BBPLL, at, pll_480_mhz[i].value);
		else
			done = analog_modify(ANALOG_BBPLL, at, mask, pll_480_mhz[i].value);
	}
	return done;
}

static const char *pll_start(void)
{
	RTC_OPTIONS0 &= ~RTC_OPTIONS0_PLL_PD;
	ANA_CONFIG &= ~ANA_CONFIG_PLL_OFF;
	SYSTEM_CPU_PER_CONF |= SYSTEM_CPU_PER_CONF_PLL_480;
	register_modify(&ANA_CONF0, ANA_CONF0_PLL_STOP_HIGH,
			ANA_CONF0_PLL_STOP_LOW); /* calibrates */
	if (!pll_configure())
		return "the PLL did not take its settings";
	delay_us(PLL_START_US);
	return NULL;
}

static void pll_stop(void)
{
	RTC_OPTIONS0 |= RTC_OPTIONS0_PLL_PD;
}

static void divider_set(uint32_t divider)
{
	register_modify(&SYSTEM_SYSCLK_CONF, SYSTEM_SYSCLK_CONF_DIV, divider - 1);
}

static bool source_switch(uint32_t source)
{
	register_modify(&SYSTEM_SYSCLK_CONF, SYSTEM_SYSCLK_CONF_SEL, source);
	return (SYSTEM_SYSCLK_CONF & SYSTEM_SYSCLK_CONF_SEL) == source;
}

/* To the undivided crystal from anywhere. */
static const char *clock_rest(void)
{
	divider_set(1);
	if (!source_switch(SYSTEM_SYSCLK_CONF_SEL_XTAL))
		return "the core clock did not switch to the crystal";
	return NULL;
}

static const char *clock_change(uint32_t index)
{
	const struct setup *setup = &setups[index];
	const char *failed = clock_rest();

	if (failed)
		return failed;
	if (setup->xtal_divider) {
		pll_stop();
		divider_set(setup->xtal_divider);
	} else {
		if (setups[level_now].xtal_divider)
			failed = pll_start();
		if (failed)
			return failed;
		register_modify(&SYSTEM_CPU_PER_CONF, SYSTEM_CPU_PER_CONF_PERIOD,
				setup->pll_period);
		if (!source_switch(SYSTEM_SYSCLK_CONF_SEL_PLL))
			return "the core clock did not switch to the PLL";
	}
	level_now = index;
	return NULL;
}

const char *port_clock_set(uint32_t index)
{
	const char *failed = clock_change(index);

	if (failed && clock_change(0))
		return "a clock level failed, and so did the way back to the lowest";
	return failed;
}

void clock_init(void)
{
	SYSTEM_CPU_PER_CONF &= ~SYSTEM_CPU_PER_CONF_WAIT_ON;
	(void)clock_change(0); /* the crystal runs, or this code would not */
}
