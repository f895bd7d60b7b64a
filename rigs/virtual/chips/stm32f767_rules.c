/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What RM0410 allows of the STM32F767's clocks: 3.3.2 table 7 (flash wait states), 4.1.4 (voltage
 * scales and over-drive), 5.2 and 5.3.2 (PLL). Bus clocks of 45 and 90 MHz, with over-drive 54 and
 * 108 MHz, belong into DS11532's general operating conditions, which could not be read: they are
 * those of two public clock drivers for the family. Every rule names its numbers.
 */
#include "rigs/virtual/chips/stm32f767.h"

#define MHZ 1000000u

#define OVER_DRIVE_MIN_V 2.1
#define VCO_MIN_HZ       (100 * MHZ)
#define VCO_MAX_HZ       (432 * MHZ)
#define PLL_INPUT_MIN_HZ 950000u
#define PLL_INPUT_MAX_HZ 2100000u

/* HCLK in MHz, without and with over-drive, by scale */
static const unsigned scale_mhz[4][2] = {{0, 0}, {180, 216}, {168, 180}, {144, 144}};

/* Bus clocks in MHz, without and with over-drive */
static const unsigned pclk_mhz[2][2] = {{45, 54}, {90, 108}};

/* MHz per wait state, by the least VDD for it */
static const struct {
	double vdd_v;
	unsigned step_mhz, hclk_mhz;
} wait_state_steps[] = {{2.7, 30, 216}, {2.4, 24, 216}, {2.1, 22, 216}, {0.0, 20, 180}};

static double mhz(uint64_t hz)
{
	return (double)hz / 1e6;
}

void stm32f767_rules_check_pll(struct stm32f767 *s)
{
	uint32_t pllcfgr = s->clock.rcc[F767_RCC_PLLCFGR / 4];
	uint64_t input_hz = stm32f767_pll_input_hz(s), vco_hz = stm32f767_vco_hz(s);
	unsigned m = pllcfgr & 63, n = pllcfgr >> 6 & 511, q = pllcfgr >> 24 & 15,
		 r = pllcfgr >> 28 & 7, p = 2 + 2 * (pllcfgr >> 16 & 3);

	if (m < 2)
		stm32_fault(&s->base, "PLL M is %u, allowed are 2 to 63", m);
	else if (input_hz < PLL_INPUT_MIN_HZ || input_hz > PLL_INPUT_MAX_HZ)
		stm32_fault(&s->base, "PLL input after M is %g MHz, allowed are 0.95 to 2.1 MHz",
			    mhz(input_hz));
	else if (n < 50 || n > 432)
		stm32_fault(&s->base, "PLL N is %u, allowed are 50 to 432", n);
	else if (vco_hz < VCO_MIN_HZ || vco_hz > VCO_MAX_HZ)
		stm32_fault(&s->base, "PLL VCO at %g MHz, allowed are 100 to 432 MHz", mhz(vco_hz));
	else if (q < 2)
		stm32_fault(&s->base, "PLL Q is %u, allowed are 2 to 15", q);
	else if (r < 2)
		stm32_fault(&s->base, "PLL R is %u, allowed are 2 to 7", r);
	else if (vco_hz / p > 216 * (uint64_t)MHZ)
		stm32_fault(&s->base, "PLL output P at %g MHz, the limit is 216 MHz",
			    mhz(vco_hz / p));
}

/* Returns false after a fault. */
static bool check_bus(struct stm32f767 *s, unsigned bus)
{
	bool over_drive = stm32f767_pwr_over_drive(s);
	uint64_t pclk_hz = s->clock.hclk_hz / stm32f767_apb_divider(s, bus);
	unsigned limit_mhz = pclk_mhz[bus - 1][over_drive];

	if (pclk_hz <= limit_mhz * (uint64_t)MHZ)
		return true;
	stm32_fault(&s->base, "PCLK%u at %g MHz, the limit is %u MHz %s over-drive", bus,
		    mhz(pclk_hz), limit_mhz, over_drive ? "with" : "without");
	return false;
}

/* Returns false after a fault. */
static bool check_scale(struct stm32f767 *s)
{
	unsigned scale = stm32f767_pwr_scale(s), wanted = 4 - (s->clock.cr1 >> 14 & 3);
	bool over_drive = stm32f767_pwr_over_drive(s);

	if (s->clock.hclk_hz <= scale_mhz[scale][over_drive] * (uint64_t)MHZ)
		return true;
	stm32_fault(
		&s->base, "HCLK at %g MHz, the limit of voltage scale %u %s over-drive is %u MHz%s",
		mhz(s->clock.hclk_hz), scale, over_drive ? "with" : "without",
		scale_mhz[scale][over_drive], scale != wanted ? " (PWR_CSR1.VOSRDY is clear)" : "");
	return false;
}

static void check_wait_states(struct stm32f767 *s)
{
	unsigned latency = s->base.flashc.acr & 15, needed, i = 0;

	while (s->base.pins.vdd_v < wait_state_steps[i].vdd_v)
		i++;
	needed = (unsigned)((s->clock.hclk_hz - 1) / (wait_state_steps[i].step_mhz * MHZ));
	if (s->clock.hclk_hz > wait_state_steps[i].hclk_mhz * (uint64_t)MHZ)
		stm32_fault(&s->base, "HCLK at %g MHz, the limit at a VDD of %.2f V is %u MHz",
			    mhz(s->clock.hclk_hz), s->base.pins.vdd_v,
			    wait_state_steps[i].hclk_mhz);
	else if (latency < needed)
		stm32_fault(&s->base,
			    "HCLK at %g MHz needs %u flash wait states at a VDD of %.2f V, "
			    "FLASH_ACR.LATENCY is %u",
			    mhz(s->clock.hclk_hz), needed, s->base.pins.vdd_v, latency);
}

void stm32f767_rules_check_hclk(struct stm32f767 *s)
{
	if (s->base.mode != STM32_MODE_RUN) /* the ROM loader keeps its own house in order */
		return;
	if (!check_scale(s))
		return;
	if (stm32f767_pwr_over_drive(s) && s->base.pins.vdd_v < OVER_DRIVE_MIN_V)
		stm32_fault(&s->base, "over-drive at a VDD of %.2f V, the least is 2.1 V",
			    s->base.pins.vdd_v);
	check_wait_states(s);
	if (check_bus(s, 1))
		check_bus(s, 2);
}
