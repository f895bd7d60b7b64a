/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Switching between the clock levels: RM0432 and RM0438 (PWR: dynamic voltage scaling management;
 * RCC: clocks; FLASH: read access latency).
 *
 * Every change goes through the same resting point, MSI 4 MHz undivided with 0 wait states, which
 * is legal in every voltage range. So there is one way down and one way up, and the order is always
 * - down: divide AHB by 2 when leaving the PLL, switch to MSI, PLL off, wait states, boost off;
 * - up: voltage range, boost, wait states, oscillator and PLL, divide AHB above 80 MHz by 2,
 *   switch, 1 us, undivide.
 *
 * Oscillators that a level does not use are off, except HSI16, which clocks the serial port.
 */
#include "firmware/ports/stm32_l4l5/clock.h"

#include <stddef.h>

#include "firmware/ports/port.h"
#include "firmware/ports/stm32_l4l5/registers.h"

enum {
	START_US = 2000, /* every oscillator, PLL and voltage step settles within 100 us */
	HALVED_FROM_HZ = 80000001,
	RANGE_FOR_FLASH = 1,
	RANGE_2 = 2,
};

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
	RCC_PLLCFGR = clock_family.pll_reset;
	return NULL;
}

static const char *pll_start(const struct clock_setup *setup)
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
	if (range == RANGE_2 && !clock_family.waits_in_range_2)
		return NULL;
	if (!register_wait(&PWR_SR2, PWR_SR2_VOSF, 0, START_US))
		return "the core voltage did not settle";
	return NULL;
}

/* To the resting point from any level; the voltage stays in its range, but not boosted. */
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
	if (!failed)
		failed = wait_states_set(0);
	if (!failed && clock_family.has_boost)
		PWR_CR5 |= PWR_CR5_R1MODE;
	return failed;
}

static const char *source_enter(const struct clock_setup *setup)
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
	const struct clock_setup *setup = &clock_family.setups[index];
	const char *failed = range_enter(setup->range);

	if (!failed && setup->boost)
		PWR_CR5 &= ~PWR_CR5_R1MODE;
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
	clock_prepare();
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
	return clock_family.setups[level_now].range <= RANGE_FOR_FLASH;
}

const char *clock_raise_for_flash(void)
{
	return is_range_for_flash() ? NULL : range_enter(RANGE_FOR_FLASH);
}

const char *clock_lower_after_flash(void)
{
	return is_range_for_flash() ? NULL : range_enter(clock_family.setups[level_now].range);
}
