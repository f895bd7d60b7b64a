/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clock levels of the STM32F767: RM0410 (PWR: voltage regulator, over-drive mode; RCC: clocks;
 * FLASH: read access latency) and DS11532 (general operating conditions, PLL characteristics).
 *
 * Every change goes through the same resting point, HSI 16 MHz with undivided buses and 0 wait
 * states, PLL off: the voltage scale can only be chosen while the PLL is off, and over-drive is
 * entered and left while HSI is the system clock. So the order is always
 * - down: switch to HSI, undivide the buses, wait states, over-drive off, PLL off;
 * - up: voltage scale, PLL on, over-drive, PLL locked and voltage ready, wait states, divide the
 *   buses, switch.
 *
 * HSI always runs: it feeds the PLL and the serial port.
 */
#include "firmware/ports/stm32f767/clock.h"

#include <stddef.h>

#include "firmware/ports/port.h"
#include "firmware/ports/stm32_common/tick.h"
#include "firmware/ports/stm32f767/registers.h"

/* Wait states: RM0410, "Number of wait states according to CPU clock (HCLK) frequency", 2.7 to
 * 3.6 V: one for every 30 MHz begun. Core voltages: DS11532, general operating conditions, V12:
 * 1.14 V in scale 3, 1.26 V in scale 2, 1.32 V in scale 1. With the PLL off it is scale 3 whatever
 * VOS says. */
const struct port_clock_level port_clock_levels[] = {
	{16000000, 1140, 0, "scale 3", "HSI"},
	{24000000, 1140, 0, "scale 3", "HSI /8, PLL x96 /8"},
	{48000000, 1140, 1, "scale 3", "HSI /8, PLL x96 /4"},
	{96000000, 1140, 3, "scale 3", "HSI /8, PLL x96 /2"},
	{144000000, 1140, 4, "scale 3", "HSI /8, PLL x144 /2"},
	{168000000, 1260, 5, "scale 2", "HSI /8, PLL x168 /2"},
	{180000000, 1320, 5, "scale 1", "HSI /8, PLL x180 /2"},
	{216000000, 1320, 7, "scale 1 OD", "HSI /8, PLL x216 /2"},
};

enum clock_source { /* as in RCC_CFGR SW and SWS */
		    SOURCE_HSI = 0,
		    SOURCE_PLL = 2,
};

enum clock_scale { /* as in PWR_CR1 VOS: up to 144, 168 and 180 MHz without over-drive */
		   SCALE_3 = 1,
		   SCALE_2 = 2,
		   SCALE_1 = 3,
};

enum bus_divider { /* as in RCC_CFGR PPRE1 and PPRE2 */
		   BUS_1 = 0,
		   BUS_2 = 4,
		   BUS_4 = 5,
};

/* PLL: VCO input 2 MHz (M = 8), VCO 192 to 432 MHz; p is the divider 2, 4, 6 or 8. Buses: APB1 up
 * to 45 MHz and APB2 up to 90 MHz, 54 and 108 MHz with over-drive. */
struct setup {
	enum clock_source source;
	enum clock_scale scale;
	bool overdrive;
	uint16_t pll_n;
	uint8_t pll_p;
	enum bus_divider apb1, apb2;
};
static const struct setup setups[] = {
	{SOURCE_HSI, SCALE_3, false, 0, 0, BUS_1, BUS_1},
	{SOURCE_PLL, SCALE_3, false, 96, 8, BUS_1, BUS_1},
	{SOURCE_PLL, SCALE_3, false, 96, 4, BUS_2, BUS_1},
	{SOURCE_PLL, SCALE_3, false, 96, 2, BUS_4, BUS_2},
	{SOURCE_PLL, SCALE_3, false, 144, 2, BUS_4, BUS_2},
	{SOURCE_PLL, SCALE_2, false, 168, 2, BUS_4, BUS_2},
	{SOURCE_PLL, SCALE_1, false, 180, 2, BUS_4, BUS_2},
	{SOURCE_PLL, SCALE_1, true, 216, 2, BUS_4, BUS_2},
};

enum {
	LEVEL_COUNT = sizeof(setups) / sizeof(setups[0]),
	PLL_M = 8,
	PLL_Q = 9, /* the 48 MHz domain, unused, stays at or below 48 MHz */
	PLL_R = 2,
	START_US = 5000, /* oscillator, PLL lock, voltage steps: below 1 ms each */
};
_Static_assert(sizeof(port_clock_levels) / sizeof(port_clock_levels[0]) == LEVEL_COUNT,
	       "one setup for each level");

const uint32_t core_mhz_max = 216;
const uint32_t tick_divider = 8;
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

static void buses_divide(enum bus_divider apb1, enum bus_divider apb2)
{
	register_modify(&RCC_CFGR, RCC_CFGR_HPRE | RCC_CFGR_PPRE,
			(uint32_t)apb1 << RCC_CFGR_PPRE1_SHIFT | (uint32_t)apb2
									 << RCC_CFGR_PPRE2_SHIFT);
}

static const char *hsi_start(void)
{
	RCC_CR |= RCC_CR_HSION;
	if (!register_wait(&RCC_CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY, START_US))
		return "the HSI oscillator did not start";
	return NULL;
}

static const char *pll_stop(void)
{
	RCC_CR &= ~RCC_CR_PLLON;
	if (!register_wait(&RCC_CR, RCC_CR_PLLRDY, 0, START_US))
		return "the PLL did not stop";
	return NULL;
}

static void pll_start(const struct setup *setup)
{
	RCC_PLLCFGR = PLL_M | (uint32_t)setup->pll_n << RCC_PLLCFGR_N_SHIFT |
		      (setup->pll_p / 2U - 1) << RCC_PLLCFGR_P_SHIFT |
		      (uint32_t)PLL_Q << RCC_PLLCFGR_Q_SHIFT |
		      (uint32_t)PLL_R << RCC_PLLCFGR_R_SHIFT;
	RCC_CR |= RCC_CR_PLLON;
}

static const char *pll_wait(void)
{
	if (!register_wait(&RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY, START_US))
		return "the PLL did not lock";
	if (!register_wait(&PWR_CSR1, PWR_CSR1_VOSRDY, PWR_CSR1_VOSRDY, START_US))
		return "the core voltage did not settle";
	return NULL;
}

/* One bit of PWR_CR1, and the one of PWR_CSR1 that follows it. */
static const char *overdrive_step(uint32_t control, uint32_t ready, bool on)
{
	register_modify(&PWR_CR1, control, on ? control : 0);
	if (!register_wait(&PWR_CSR1, ready, on ? ready : 0, START_US))
		return "over-drive did not switch";
	return NULL;
}

static const char *overdrive_on(void)
{
	const char *failed = overdrive_step(PWR_CR1_ODEN, PWR_CSR1_ODRDY, true);

	return failed ? failed : overdrive_step(PWR_CR1_ODSWEN, PWR_CSR1_ODSWRDY, true);
}

static const char *overdrive_off(void)
{
	const char *failed = overdrive_step(PWR_CR1_ODSWEN, PWR_CSR1_ODSWRDY, false);

	return failed ? failed : overdrive_step(PWR_CR1_ODEN, PWR_CSR1_ODRDY, false);
}

/* "During the Over-drive switch activation, no peripheral clocks should be enabled" (RM0410, PWR:
 * entering over-drive mode). Nothing may interrupt meanwhile: a handler would find its peripheral
 * dead. PWR itself, the RTC and DTCM, where the stack is, stay on. */
static const char *overdrive_switch(bool on)
{
	const uint32_t interrupts = core_interrupts_save();
	const uint32_t ahb1 = RCC_AHB1ENR, ahb2 = RCC_AHB2ENR, ahb3 = RCC_AHB3ENR;
	const uint32_t apb1 = RCC_APB1ENR, apb2 = RCC_APB2ENR;
	const char *failed;

	RCC_AHB1ENR = ahb1 & RCC_AHB1_DTCMRAM;
	RCC_AHB2ENR = 0;
	RCC_AHB3ENR = 0;
	RCC_APB1ENR = apb1 & (RCC_APB1_PWR | RCC_APB1_RTC);
	RCC_APB2ENR = 0;
	failed = on ? overdrive_on() : overdrive_off();
	RCC_AHB1ENR = ahb1;
	RCC_AHB2ENR = ahb2;
	RCC_AHB3ENR = ahb3;
	RCC_APB1ENR = apb1;
	RCC_APB2ENR = apb2;
	(void)RCC_APB2ENR;
	core_interrupts_restore(interrupts);
	return failed;
}

/* To the resting point from any level. */
static const char *clock_rest(void)
{
	const char *failed = hsi_start();

	if (!failed)
		failed = source_switch(SOURCE_HSI);
	if (failed)
		return failed;
	buses_divide(BUS_1, BUS_1);
	failed = wait_states_set(0);
	if (!failed && PWR_CR1 & (PWR_CR1_ODEN | PWR_CR1_ODSWEN))
		failed = overdrive_switch(false);
	return failed ? failed : pll_stop();
}

/* From the resting point. */
static const char *clock_rise(uint32_t index)
{
	const struct setup *setup = &setups[index];
	const char *failed = NULL;

	register_modify(&PWR_CR1, PWR_CR1_VOS, (uint32_t)setup->scale << PWR_CR1_VOS_SHIFT);
	if (setup->source == SOURCE_HSI)
		return NULL;
	pll_start(setup);
	if (setup->overdrive)
		failed = overdrive_switch(true);
	if (!failed)
		failed = pll_wait();
	if (!failed)
		failed = wait_states_set(port_clock_levels[index].wait_states);
	if (failed)
		return failed;
	buses_divide(setup->apb1, setup->apb2);
	return source_switch(SOURCE_PLL);
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
	const char *failed;

	port_uart_drain();
	failed = clock_change(index);
	if (failed && clock_change(0))
		return "a clock level failed, and so did the way back to the lowest";
	return failed;
}

const char *clock_init(void)
{
	RCC_CIR = 0;
	RCC_APB1ENR |= RCC_APB1_PWR;
	(void)RCC_APB1ENR;
	if (clock_change(0))
		return "the lowest clock level cannot be reached";
	RCC_CR &= ~(RCC_CR_CSSON | RCC_CR_HSEON | RCC_CR_PLLI2SON | RCC_CR_PLLSAION);
	return NULL;
}
