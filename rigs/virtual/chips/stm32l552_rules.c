/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What RM0438 allows of the STM32L552's clocks: wait states per voltage range (chapter FLASH),
 * ranges (PWR), PLL and SYSCLK (RCC). PLL N goes to 86 as in ST's driver, where the STM32L4+ goes
 * to 127. SYSCLK goes above 80 MHz with the AHB prescaler at 2 (ST's driver) for 1 us (from the
 * STM32L4+, RM0432 6.2.8). Every rule names its numbers.
 */
#include "rigs/virtual/chips/stm32l552.h"

#define MHZ 1000000u

struct range {
	const char *name;
	unsigned hclk_mhz; /* SYSCLK and the PLL's R output as well */
	unsigned vco_mhz;
	unsigned adc_mhz;
	unsigned wait_state_mhz[6]; /* highest HCLK at 0, 1, 2, ... wait states; 0: not needed */
};

/* By PWR_CR1.VOS. */
static const struct range ranges[] = {
	{"range 0", 110, 344, 80, {20, 40, 60, 80, 100, 110}},
	{"range 1", 80, 344, 80, {20, 40, 60, 80}},
	{"range 2", 26, 128, 26, {8, 16, 26}},
};

static bool is_rising(const struct stm32l552 *s)
{
	return s->clock.vosf_end_ps > stm32_now(&s->base);
}

/* While the regulator still rises (SR2.VOSF) the core has what the range before gives. */
static const struct range *range_now(const struct stm32l552 *s)
{
	return &ranges[is_rising(s) ? s->clock.vos_reached : s->clock.cr1 >> 9 & 3];
}

static double mhz(uint64_t hz)
{
	return (double)hz / 1e6;
}

unsigned stm32l552_adc_limit_mhz(const struct stm32 *chip)
{
	return range_now((const struct stm32l552 *)chip)->adc_mhz;
}

void stm32l552_rules_check_pll(struct stm32l552 *s)
{
	const struct range *range = range_now(s);
	uint64_t input_hz = stm32l552_pll_input_hz(s), vco_hz = stm32l552_vco_hz(s);
	uint32_t pllcfgr = s->clock.rcc[L552_RCC_PLLCFGR / 4];
	unsigned n = pllcfgr >> 8 & 127;

	if (input_hz == 0)
		stm32_fault(&s->base, "PLL on without a source: PLLCFGR.PLLSRC selects no clock "
				      "that this board has");
	else if (input_hz < 4 * MHZ || input_hz > 16 * MHZ)
		stm32_fault(&s->base, "PLL input after M is %g MHz, allowed are 4 to 16 MHz",
			    mhz(input_hz));
	else if (n < 8 || n > 86)
		stm32_fault(&s->base, "PLL N is %u, allowed are 8 to 86", n);
	else if (vco_hz < 64ull * MHZ || vco_hz > (uint64_t)range->vco_mhz * MHZ)
		stm32_fault(&s->base, "PLL VCO at %g MHz, allowed are 64 to %u MHz in %s",
			    mhz(vco_hz), range->vco_mhz, range->name);
	else if (pllcfgr & L552_PLLCFGR_PLLREN &&
		 stm32l552_pll_r_hz(s) > (uint64_t)range->hclk_mhz * MHZ)
		stm32_fault(&s->base, "PLL R output at %g MHz, the limit of %s is %u MHz%s",
			    mhz(stm32l552_pll_r_hz(s)), range->name, range->hclk_mhz,
			    is_rising(s) ? " (SR2.VOSF is still set)" : "");
}

void stm32l552_rules_check_hclk(struct stm32l552 *s)
{
	const struct range *range = range_now(s);
	uint64_t hclk_hz = s->clock.hclk_hz;
	unsigned latency = s->flashc.acr & 15, needed = 0;

	if (s->clock.sysclk_hz > (uint64_t)range->hclk_mhz * MHZ) {
		stm32_fault(&s->base, "SYSCLK at %g MHz, the limit of %s is %u MHz%s",
			    mhz(s->clock.sysclk_hz), range->name, range->hclk_mhz,
			    is_rising(s) ? " (SR2.VOSF is still set)" : "");
		return;
	}
	while (needed < 5 && hclk_hz > (uint64_t)range->wait_state_mhz[needed] * MHZ)
		needed++;
	if (latency < needed)
		stm32_fault(&s->base,
			    "HCLK at %g MHz needs %u flash wait states in %s, "
			    "FLASH_ACR.LATENCY is %u",
			    mhz(hclk_hz), needed, range->name, latency);
	if (s->clock.cr1 & L552_CR1_LPR && hclk_hz > 2 * MHZ)
		stm32_fault(&s->base, "HCLK at %g MHz in low-power run, the limit is 2 MHz",
			    mhz(hclk_hz));
}

void stm32l552_rules_check_step(struct stm32l552 *s, uint64_t sysclk_hz, unsigned hpre)
{
	int64_t now_ps = stm32_now(&s->base);

	if (sysclk_hz <= 80 * MHZ) {
		s->clock.fast_since_ps = STM32_NEVER_PS;
		return;
	}
	if (s->clock.fast_since_ps == STM32_NEVER_PS) {
		s->clock.fast_since_ps = now_ps;
		if (hpre == 1)
			stm32_fault(&s->base,
				    "SYSCLK switched from %g to %g MHz with the AHB prescaler at "
				    "1: above 80 MHz is entered through 2",
				    mhz(s->clock.sysclk_hz), mhz(sysclk_hz));
	} else if (hpre == 1 && now_ps - s->clock.fast_since_ps < STM32_PS_PER_US) {
		stm32_fault(&s->base,
			    "AHB prescaler set to 1 only %.3f us after SYSCLK rose to %g MHz, 1 us "
			    "is required",
			    (double)(now_ps - s->clock.fast_since_ps) / 1e6, mhz(sysclk_hz));
	}
}
