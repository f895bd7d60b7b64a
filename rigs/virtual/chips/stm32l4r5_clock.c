/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clock tree of the STM32L4R5 (RM0432 section 6.2): oscillators with this chip's error, PLL,
 * SYSCLK, HCLK, kernel clocks. Frequencies are nominal in hertz where rules look, true in
 * millihertz where time is made.
 */
#include "rigs/virtual/chips/stm32l4r5.h"

#define HSI_HZ 16000000u

/* RM0432 6.4.1, MSIRANGE */
static const uint32_t msi_range_hz[12] = {
	100000,  200000,  400000,   800000,   1000000,  2000000,
	4000000, 8000000, 16000000, 24000000, 32000000, 48000000,
};

static uint32_t rcc(const struct stm32l4r5 *s, uint32_t offset)
{
	return s->clock.rcc[offset / 4];
}

uint64_t stm32l4r5_msi_hz(const struct stm32l4r5 *s)
{
	uint32_t range = rcc(s, STM32_RCC_CR) & STM32_CR_MSIRGSEL ? rcc(s, STM32_RCC_CR) >> 4 & 15
								  : rcc(s, STM32_RCC_CSR) >> 8 & 15;

	return msi_range_hz[range < 12 ? range : 11];
}

static enum stm32_source pll_source(const struct stm32l4r5 *s)
{
	/* PLLSRC: 0 none, 1 MSI, 2 HSI16, 3 HSE */
	static const enum stm32_source sources[4] = {STM32_SOURCE_HSE, STM32_SOURCE_MSI,
						     STM32_SOURCE_HSI, STM32_SOURCE_HSE};

	return sources[rcc(s, STM32_RCC_PLLCFGR) & 3];
}

static uint64_t source_hz(const struct stm32l4r5 *s, enum stm32_source source)
{
	switch (source) {
	case STM32_SOURCE_MSI:
		return stm32l4r5_msi_hz(s);
	case STM32_SOURCE_HSI:
		return HSI_HZ;
	case STM32_SOURCE_PLL:
		return stm32l4r5_vco_hz(s) / (2 + 2 * (rcc(s, STM32_RCC_PLLCFGR) >> 25 & 3));
	case STM32_SOURCE_HSE:
		break;
	}
	return 0; /* no crystal on this board */
}

uint64_t stm32l4r5_pll_input_hz(const struct stm32l4r5 *s)
{
	return source_hz(s, pll_source(s)) / ((rcc(s, STM32_RCC_PLLCFGR) >> 4 & 15) + 1);
}

uint64_t stm32l4r5_vco_hz(const struct stm32l4r5 *s)
{
	uint32_t pllcfgr = rcc(s, STM32_RCC_PLLCFGR);

	return source_hz(s, pll_source(s)) * (pllcfgr >> 8 & 127) / ((pllcfgr >> 4 & 15) + 1);
}

uint64_t stm32l4r5_true_millihz(const struct stm32l4r5 *s, enum stm32_source source,
				uint64_t nominal_hz)
{
	int32_t error_ppb = 0;

	if (source == STM32_SOURCE_PLL)
		source = pll_source(s);
	if (source == STM32_SOURCE_MSI)
		error_ppb = s->clock.msi_error_ppb;
	else if (source == STM32_SOURCE_HSI)
		error_ppb = s->clock.hsi_error_ppb;
	return nominal_hz * (uint64_t)(1000000000 + error_ppb) / 1000000u;
}

static int64_t source_ready_ps(const struct stm32l4r5 *s, enum stm32_source source)
{
	const int64_t ready_ps[4] = {s->clock.msi_ready_ps, s->clock.hsi_ready_ps, STM32_NEVER_PS,
				     s->clock.pll_ready_ps};

	return ready_ps[source];
}

bool stm32l4r5_source_ready(const struct stm32l4r5 *s, enum stm32_source source)
{
	return source_ready_ps(s, source) <= stm32_now(&s->base);
}

bool stm32l4r5_pll_source_ready(const struct stm32l4r5 *s)
{
	return stm32l4r5_source_ready(s, pll_source(s));
}

static unsigned ahb_divider(const struct stm32l4r5 *s)
{
	static const unsigned dividers[8] = {2, 4, 8, 16, 64, 128, 256, 512};
	uint32_t hpre = rcc(s, STM32_RCC_CFGR) >> 4 & 15;

	return hpre & 8 ? dividers[hpre & 7] : 1;
}

static uint64_t sysclk_millihz(const struct stm32l4r5 *s)
{
	return stm32l4r5_true_millihz(s, s->clock.source, s->clock.sysclk_hz);
}

static uint64_t pclk1_millihz(const struct stm32l4r5 *s)
{
	uint32_t ppre = rcc(s, STM32_RCC_CFGR) >> 8 & 7;

	return s->base.hclk_millihz >> (ppre & 4 ? (ppre & 3) + 1 : 0);
}

uint64_t stm32l4r5_adc_millihz(const struct stm32 *chip)
{
	const struct stm32l4r5 *s = (const struct stm32l4r5 *)chip;

	return (rcc(s, STM32_RCC_CCIPR) >> 28 & 3) == 3 ? sysclk_millihz(s) : 0;
}

uint64_t stm32l4r5_lpuart_millihz(const struct stm32 *chip)
{
	const struct stm32l4r5 *s = (const struct stm32l4r5 *)chip;

	switch (rcc(s, STM32_RCC_CCIPR) >> 10 & 3) {
	case 0:
		return pclk1_millihz(s);
	case 1:
		return sysclk_millihz(s);
	case 2:
		if (stm32l4r5_source_ready(s, STM32_SOURCE_HSI))
			return stm32l4r5_true_millihz(s, STM32_SOURCE_HSI, HSI_HZ);
		break;
	default:
		break; /* no LSE crystal is modelled */
	}
	return 0;
}

double stm32l4r5_core_v(const struct stm32l4r5 *s)
{
	/* RM0432 5.1.8: range 2, range 1 normal, range 1 boost */
	if ((s->clock.cr1 >> 9 & 3) == 2)
		return 1.0;
	return s->clock.cr5 & STM32_CR5_R1MODE ? 1.2 : 1.28;
}

/* SW asks for a source: it is taken when it is ready. Returns true when SWS has changed. */
static bool follow_switch(struct stm32l4r5 *s)
{
	enum stm32_source wanted = rcc(s, STM32_RCC_CFGR) & 3;

	if (wanted == s->clock.source)
		return false;
	if (!stm32l4r5_source_ready(s, wanted)) {
		stm32_schedule(&s->base, STM32_DEADLINE_CLOCK, source_ready_ps(s, wanted));
		return false;
	}
	s->clock.source = wanted;
	return true;
}

void stm32l4r5_clock_update(struct stm32 *chip)
{
	struct stm32l4r5 *s = (struct stm32l4r5 *)chip;
	uint64_t sysclk_hz;

	follow_switch(s);
	if (rcc(s, STM32_RCC_CR) & STM32_CR_PLLON)
		stm32l4r5_rules_check_pll(s);
	sysclk_hz = source_hz(s, s->clock.source);
	if (s->clock.source == STM32_SOURCE_PLL &&
	    !(rcc(s, STM32_RCC_PLLCFGR) & STM32_PLLCFGR_PLLREN))
		sysclk_hz = 0;
	if (sysclk_hz == 0) {
		stm32_fault(&s->base, "SYSCLK has no clock: the PLL feeds it with PLLCFGR.PLLREN "
				      "clear or without a source");
		return;
	}
	stm32l4r5_rules_check_step(s, sysclk_hz, ahb_divider(s));
	s->clock.sysclk_hz = sysclk_hz;
	s->clock.hclk_hz = sysclk_hz / ahb_divider(s);
	stm32l4r5_rules_check_hclk(s);
	stm32_rebase(&s->base, sysclk_millihz(s) / ahb_divider(s));
}

void stm32l4r5_clock_event(struct stm32 *chip, int64_t t_ps)
{
	(void)t_ps;
	stm32l4r5_clock_update(chip);
}
