/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What RM0432 allows of the STM32L4R5's clocks: 3.3.3 (flash wait states), 5.1.8 (voltage ranges),
 * 6.2.4 (PLL) and 6.2.8 (system clock above 80 MHz); DS12023 table 23. Every rule names its
 * numbers.
 */
#include "rigs/virtual/chips/stm32l4r5.h"

#define MHZ 1000000u

struct range {
	const char *name;
	unsigned hclk_mhz;
	unsigned vco_mhz;
	unsigned wait_state_mhz[6]; /* highest HCLK at 0, 1, 2, ... wait states; 0: not needed */
};

enum { RANGE_2 = 0, RANGE_1, RANGE_1_BOOST };

static const struct range ranges[] = {
	[RANGE_2] = {"range 2", 26, 128, {8, 16, 26}},
	[RANGE_1] = {"range 1 normal mode", 80, 344, {20, 40, 60, 80}},
	[RANGE_1_BOOST] = {"range 1 boost mode", 120, 344, {20, 40, 60, 80, 100, 120}},
};

/* While the regulator still rises (SR2.VOSF) the core has what range 2 gives. */
static const struct range *range_now(const struct stm32l4r5 *s)
{
	if ((s->clock.cr1 >> 9 & 3) == 2 || s->clock.vosf_end_ps > stm32_now(&s->base))
		return &ranges[RANGE_2];
	return &ranges[s->clock.cr5 & STM32_CR5_R1MODE ? RANGE_1 : RANGE_1_BOOST];
}

static double mhz(uint64_t hz)
{
	return (double)hz / 1e6;
}

void stm32l4r5_rules_check_pll(struct stm32l4r5 *s)
{
	const struct range *range = range_now(s);
	uint64_t input_hz = stm32l4r5_pll_input_hz(s), vco_hz = stm32l4r5_vco_hz(s);
	unsigned n = s->clock.rcc[STM32_RCC_PLLCFGR / 4] >> 8 & 127;

	if (input_hz == 0)
		stm32_fault(&s->base,
			    "PLL on without a source: PLLCFGR.PLLSRC selects no clock that "
			    "this board has");
	else if (input_hz < 4 * MHZ || input_hz > 16 * MHZ)
		stm32_fault(&s->base, "PLL input after M is %g MHz, allowed are 4 to 16 MHz",
			    mhz(input_hz));
	else if (n < 8)
		stm32_fault(&s->base, "PLL N is %u, allowed are 8 to 127", n);
	else if (vco_hz < 64ull * MHZ || vco_hz > (uint64_t)range->vco_mhz * MHZ)
		stm32_fault(&s->base, "PLL VCO at %g MHz, allowed are 64 to %u MHz in %s",
			    mhz(vco_hz), range->vco_mhz, range->name);
}

void stm32l4r5_rules_check_hclk(struct stm32l4r5 *s)
{
	const struct range *range = range_now(s);
	uint64_t hclk_hz = s->clock.hclk_hz;
	unsigned latency = s->flashc.acr & 15, needed = 0;

	if (hclk_hz > (uint64_t)range->hclk_mhz * MHZ) {
		stm32_fault(&s->base, "HCLK at %g MHz, the limit of %s is %u MHz%s", mhz(hclk_hz),
			    range->name, range->hclk_mhz,
			    range == ranges && (s->clock.cr1 >> 9 & 3) == 1
				    ? " (SR2.VOSF is still set)"
				    : "");
		return;
	}
	while (needed < 5 && hclk_hz > (uint64_t)range->wait_state_mhz[needed] * MHZ)
		needed++;
	if (latency < needed)
		stm32_fault(&s->base,
			    "HCLK at %g MHz needs %u flash wait states in %s, "
			    "FLASH_ACR.LATENCY is %u",
			    mhz(hclk_hz), needed, range->name, latency);
	if (s->clock.cr1 & STM32_CR1_LPR && hclk_hz > 2 * MHZ)
		stm32_fault(&s->base, "HCLK at %g MHz in low-power run, the limit is 2 MHz",
			    mhz(hclk_hz));
}

void stm32l4r5_rules_check_step(struct stm32l4r5 *s, uint64_t sysclk_hz, unsigned hpre)
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
				    "SYSCLK switched from %g to %g MHz with the AHB "
				    "prescaler at 1: above 80 MHz is entered through 2",
				    mhz(s->clock.sysclk_hz), mhz(sysclk_hz));
	} else if (hpre == 1 && now_ps - s->clock.fast_since_ps < STM32_PS_PER_US) {
		stm32_fault(&s->base,
			    "AHB prescaler set to 1 only %.3f us after SYSCLK rose to %g "
			    "MHz, 1 us is required",
			    (double)(now_ps - s->clock.fast_since_ps) / 1e6, mhz(sysclk_hz));
	}
}
