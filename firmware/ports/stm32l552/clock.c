/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clock levels of the STM32L552: RM0438 (PWR: dynamic voltage scaling management; RCC: clocks;
 * FLASH: read access latency) and DS12737 (PLL characteristics).
 *
 * Every change goes through the same resting point, MSI 4 MHz undivided with 0 wait states, which
 * is legal in every voltage range. So there is one way down and one way up, and the order is always
 * - down: divide AHB by 2 when leaving the PLL, switch to MSI, PLL off, wait states;
 * - up: voltage range, wait states, oscillator and PLL, divide AHB by 2 above 80 MHz, switch, 1 us,
 *   undivide.
 *
 * Oscillators that a level does not use are off, except HSI16, which clocks the serial port. The
 * SMPS that this board's chip has stays in high-power mode, as after reset: all ranges are legal.
 */
#include "firmware/ports/stm32l552/clock.h"

#include <stddef.h>

#include "firmware/ports/port.h"
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

enum clock_source { /* as in RCC_CFGR SW and SWS */
		    SOURCE_MSI = 0,
		    SOURCE_HSI16 = 1,
		    SOURCE_PLL = 3,
};

/* PLL: VCO input 4 MHz (M = 1); VCO 64..344 MHz, in range 2 64..128 MHz (DS12737, PLL
 * characteristics): here 104, 96, 160 and 220 MHz. r is the divider 2, 4, 6 or 8. */
struct setup {
	enum clock_source source;
	uint8_t range; /* as in PWR_CR1 VOS */
	uint8_t pll_n;
	uint8_t pll_r;
};
static const struct setup setups[] = {
	{SOURCE_MSI, 2, 0, 0},  {SOURCE_HSI16, 2, 0, 0}, {SOURCE_PLL, 2, 26, 4},
	{SOURCE_PLL, 1, 24, 2}, {SOURCE_PLL, 1, 40, 2},  {SOURCE_PLL, 0, 55, 2},
};

enum {
	LEVEL_COUNT = sizeof(setups) / sizeof(setups[0]),
	START_US = 2000, /* every oscillator, PLL and voltage step settles within 100 us */
	HALVED_FROM_HZ = 80000001,
	RANGE_FOR_FLASH = 1,
};
_Static_assert(sizeof(port_clock_levels) / sizeof(port_clock_levels[0]) == LEVEL_COUNT,
	       "one setup for each level");

const uint32_t core_mhz_max = 110;
const uint32_t port_clock_count = LEVEL_COUNT;
static uint32_t level_now;

uint32_t port_clock_now(void)
{
	return level_now;
}

static const char *wait_states_set(uint32_t wait_states)
{
	register_modify(&FLASH_ACR, FLASH_ACR_LATENCY, wait_states);
	if (!register_wait(&FLASH_ACR, FLASH_ACR_LATENCY, wait_states, START_US))
		return "the flash did not take the wait states";
	return NULL;
}

static const char *source_switch(enum clock_source source)
{
	uint32_t running = (uint32_t)source << RCC_CFGR_SWS_SHIFT;

	register_modify(&RCC_CFGR, RCC_CFGR_SW, (uint32_t)source);
	if (!register_wait(&RCC_CFGR, RCC_CFGR_SW << RCC_CFGR_SWS_SHIFT, running, START_US))
		return "the system clock did not switch";
	return NULL;
}

static void ahb_halve(void)
{
	register_modify(&RCC_CFGR, RCC_CFGR_HPRE, RCC_CFGR_HPRE_2);
	delay_us(1);
}

static void ahb_undivide(void)
{
	register_modify(&RCC_CFGR, RCC_CFGR_HPRE, 0);
}

static bool runs_from_pll(void)
{
	return (RCC_CFGR >> RCC_CFGR_SWS_SHIFT & RCC_CFGR_SW) == SOURCE_PLL;
}

static const char *msi_start(void)
{
	RCC_CR |= RCC_CR_MSION;
	if (!register_wait(&RCC_CR, RCC_CR_MSIRDY, RCC_CR_MSIRDY, START_US))
		return "the MSI oscillator did not start";
	register_modify(&RCC_CR, RCC_CR_MSIRANGE, RCC_CR_MSIRGSEL | RCC_CR_MSI_4MHZ);
	if (!register_wait(&RCC_CR, RCC_CR_MSIRDY, RCC_CR_MSIRDY, START_US))
		return "the MSI oscillator did not take its range";
	return NULL;
}

static const char *pll_stop(void)
{
	RCC_CR &= ~RCC_CR_PLLON;
	if (!register_wait(&RCC_CR, RCC_CR_PLLRDY, 0, START_US))
		return "the PLL did not stop";
	RCC_PLLCFGR = 0;
	return NULL;
}

static const char *pll_start(const struct setup *setup)
{
	RCC_PLLCFGR = RCC_PLLCFGR_SRC_MSI | (uint32_t)setup->pll_n << RCC_PLLCFGR_N_SHIFT |
		      (setup->pll_r / 2U - 1) << RCC_PLLCFGR_R_SHIFT;
	RCC_CR |= RCC_CR_PLLON;
	if (!register_wait(&RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY, START_US))
		return "the PLL did not lock";
	RCC_PLLCFGR |= RCC_PLLCFGR_REN;
	return NULL;
}

static const char *range_enter(uint32_t range)
{
	register_modify(&PWR_CR1, PWR_CR1_VOS, range << PWR_CR1_VOS_SHIFT);
	if (!register_wait(&PWR_SR2, PWR_SR2_VOSF, 0, START_US))
		return "the core voltage did not settle";
	return NULL;
}

/* To the resting point from any level; the voltage stays in its range. */
static const char *clock_rest(void)
{
	const char *failed = msi_start();

	if (failed)
		return failed;
	if (runs_from_pll())
		ahb_halve();
	failed = source_switch(SOURCE_MSI);
	if (failed)
		return failed;
	ahb_undivide();
	failed = pll_stop();
	return failed ? failed : wait_states_set(0);
}

static const char *source_enter(const struct setup *setup)
{
	const char *failed = NULL;

	if (setup->source == SOURCE_PLL)
		failed = pll_start(setup);
	if (!failed)
		failed = source_switch(setup->source);
	if (!failed && setup->source == SOURCE_HSI16)
		RCC_CR &= ~RCC_CR_MSION;
	return failed;
}

/* From the resting point. */
static const char *clock_rise(uint32_t index)
{
	const struct setup *setup = &setups[index];
	const char *failed = range_enter(setup->range);

	if (!failed)
		failed = wait_states_set(port_clock_levels[index].wait_states);
	if (failed)
		return failed;
	if (port_clock_levels[index].hz >= HALVED_FROM_HZ)
		ahb_halve();
	failed = source_enter(setup);
	if (failed)
		return failed;
	delay_us(1);
	ahb_undivide();
	return NULL;
}

static const char *clock_change(uint32_t index)
{
	const char *failed = clock_rest();

	if (!failed)
		level_now = 0;
	if (!failed)
		failed = clock_rise(index);
	if (!failed)
		level_now = index;
	return failed;
}

const char *port_clock_set(uint32_t index)
{
	const char *failed = clock_change(index);

	if (failed && clock_change(0))
		return "a clock level failed, and so did the way back to the lowest";
	return failed;
}

const char *clock_init(void)
{
	RCC_CIER = 0;
	RCC_APB1ENR1 |= RCC_APB1_1_PWR;
	(void)RCC_APB1ENR1;
	PWR_CR4 &= ~(PWR_CR4_SMPSBYP | PWR_CR4_SMPSLPEN);
	RCC_CR |= RCC_CR_HSION;
	if (!register_wait(&RCC_CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY, START_US))
		return "the HSI16 oscillator did not start";
	if (clock_change(0))
		return "the lowest clock level cannot be reached";
	register_modify(&RCC_CFGR, RCC_CFGR_PPRE, 0);
	RCC_CR &= ~(RCC_CR_HSEON | RCC_CR_PLLSAI1ON | RCC_CR_PLLSAI2ON);
	RCC_CRRCR = 0;
	return NULL;
}

static bool is_range_for_flash(void)
{
	return setups[level_now].range <= RANGE_FOR_FLASH;
}

const char *clock_raise_for_flash(void)
{
	return is_range_for_flash() ? NULL : range_enter(RANGE_FOR_FLASH);
}

const char *clock_lower_after_flash(void)
{
	return is_range_for_flash() ? NULL : range_enter(setups[level_now].range);
}
