/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the manuals allow of the clocks of an STM32L4+ or L5: RM0432 3.3.3 (flash wait
 * states), 5.1.8 (voltage ranges), 6.2.4 (PLL) and 6.2.8 (system clock above 80 MHz); DS12023 table
 * 23; RM0438, chapters FLASH, PWR and RCC. The L5 goes above 80 MHz with the AHB prescaler at 2 as
 * ST's driver has it, for 1 us, which is the L4+'s. Every rule names its numbers.
 */
#include "rigs/virtual/chips/stm32_l4l5.h"

#define MHZ 1000000u

static double mhz(uint64_t hz)
{
	return (double)hz / 1e6;
}

/* SR2.VOSF, when the range before allows less than the one that is set. */
static const char *rising_text(const struct stm32_l4l5 *s)
{
	const struct stm32_l4l5_rules_traits *rules = &s->traits->rules;

	return rules->range_now(s) != rules->range_set(s) ? " (SR2.VOSF is still set)" : "";
}

unsigned stm32_l4l5_adc_limit_mhz(const struct stm32 *chip)
{
	const struct stm32_l4l5 *s = (const struct stm32_l4l5 *)chip;

	return s->traits->rules.range_now(s)->adc_mhz;
}

static void check_pll_r(struct stm32_l4l5 *s, const struct stm32_l4l5_range *range)
{
	uint64_t r_hz = stm32_l4l5_pll_r_hz(s);

	if (s->clock.rcc[L4L5_RCC_PLLCFGR / 4] & L4L5_PLLCFGR_PLLREN &&
	    r_hz > (uint64_t)range->hclk_mhz * MHZ)
		stm32_fault(&s->base, "PLL R output at %g MHz, the limit of %s is %u MHz%s",
			    mhz(r_hz), range->name, range->hclk_mhz, rising_text(s));
}

void stm32_l4l5_rules_check_pll(struct stm32_l4l5 *s)
{
	const struct stm32_l4l5_rules_traits *rules = &s->traits->rules;
	const struct stm32_l4l5_range *range = rules->range_now(s);
	uint64_t input_hz = stm32_l4l5_pll_input_hz(s), vco_hz = stm32_l4l5_vco_hz(s);
	unsigned n = s->clock.rcc[L4L5_RCC_PLLCFGR / 4] >> 8 & 127;

	if (input_hz == 0)
		stm32_fault(&s->base, "PLL on without a source: PLLCFGR.PLLSRC selects no clock "
				      "that this board has");
	else if (input_hz < 4 * MHZ || input_hz > 16 * MHZ)
		stm32_fault(&s->base, "PLL input after M is %g MHz, allowed are 4 to 16 MHz",
			    mhz(input_hz));
	else if (n < 8 || n > rules->pll_n_max)
		stm32_fault(&s->base, "PLL N is %u, allowed are 8 to %u", n, rules->pll_n_max);
	else if (vco_hz < 64ull * MHZ || vco_hz > (uint64_t)range->vco_mhz * MHZ)
		stm32_fault(&s->base, "PLL VCO at %g MHz, allowed are 64 to %u MHz in %s",
			    mhz(vco_hz), range->vco_mhz, range->name);
	else if (rules->limits_sysclk)
		check_pll_r(s, range);
}

void stm32_l4l5_rules_check_hclk(struct stm32_l4l5 *s)
{
	const struct stm32_l4l5_rules_traits *rules = &s->traits->rules;
	const struct stm32_l4l5_range *range = rules->range_now(s);
	uint64_t hclk_hz = s->clock.hclk_hz;
	uint64_t limited_hz = rules->limits_sysclk ? s->clock.sysclk_hz : hclk_hz;
	unsigned latency = s->base.flashc.acr & 15, needed = 0;

	if (limited_hz > (uint64_t)range->hclk_mhz * MHZ) {
		stm32_fault(&s->base, "%s at %g MHz, the limit of %s is %u MHz%s",
			    rules->limits_sysclk ? "SYSCLK" : "HCLK", mhz(limited_hz), range->name,
			    range->hclk_mhz, rising_text(s));
		return;
	}
	while (needed < L4L5_WAIT_STATES - 1 &&
	       hclk_hz > (uint64_t)range->wait_state_mhz[needed] * MHZ)
		needed++;
	if (latency < needed)
		stm32_fault(&s->base,
			    "HCLK at %g MHz needs %u flash wait states in %s, "
			    "FLASH_ACR.LATENCY is %u",
			    mhz(hclk_hz), needed, range->name, latency);
	if (s->clock.cr1 & L4L5_CR1_LPR && hclk_hz > 2 * MHZ)
		stm32_fault(&s->base, "HCLK at %g MHz in low-power run, the limit is 2 MHz",
			    mhz(hclk_hz));
}

void stm32_l4l5_rules_check_step(struct stm32_l4l5 *s, uint64_t sysclk_hz, unsigned hpre)
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
