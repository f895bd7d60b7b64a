/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clock tree of the STM32L4+ and L5 (RM0432 section 6.2; RM0438, chapter RCC): oscillators with
 * this chip's error, PLL, SYSCLK, HCLK, kernel clocks. Frequencies are nominal in hertz where rules
 * look, true in millihertz where time is made.
 */
#include "rigs/virtual/chips/stm32_l4l5.h"

#define HSI_HZ 16000000u

/* RM0432 6.4.1, MSIRANGE */
static const uint32_t msi_range_hz[12] = {
	100000,  200000,  400000,   800000,   1000000,  2000000,
	4000000, 8000000, 16000000, 24000000, 32000000, 48000000,
};

static uint32_t rcc(const struct stm32_l4l5 *s, uint32_t offset)
{
	return s->clock.rcc[offset / 4];
}

uint64_t stm32_l4l5_msi_hz(const struct stm32_l4l5 *s)
{
	uint32_t range = rcc(s, L4L5_RCC_CR) & L4L5_CR_MSIRGSEL ? rcc(s, L4L5_RCC_CR) >> 4 & 15
								: rcc(s, L4L5_RCC_CSR) >> 8 & 15;

	return msi_range_hz[range < 12 ? range : 11];
}

static enum l4l5_source pll_source(const struct stm32_l4l5 *s)
{
	/* PLLSRC: 0 none, 1 MSI, 2 HSI16, 3 HSE */
	static const enum l4l5_source sources[4] = {L4L5_SOURCE_HSE, L4L5_SOURCE_MSI,
						    L4L5_SOURCE_HSI, L4L5_SOURCE_HSE};

	return sources[rcc(s, L4L5_RCC_PLLCFGR) & 3];
}

static uint64_t source_hz(const struct stm32_l4l5 *s, enum l4l5_source source)
{
	switch (source) {
	case L4L5_SOURCE_MSI:
		return stm32_l4l5_msi_hz(s);
	case L4L5_SOURCE_HSI:
		return HSI_HZ;
	case L4L5_SOURCE_PLL:
		return stm32_l4l5_pll_r_hz(s);
	case L4L5_SOURCE_HSE:
		break;
	}
	return 0; /* no crystal on this board */
}

uint64_t stm32_l4l5_pll_input_hz(const struct stm32_l4l5 *s)
{
	return source_hz(s, pll_source(s)) / ((rcc(s, L4L5_RCC_PLLCFGR) >> 4 & 15) + 1);
}

uint64_t stm32_l4l5_vco_hz(const struct stm32_l4l5 *s)
{
	uint32_t pllcfgr = rcc(s, L4L5_RCC_PLLCFGR);

	return source_hz(s, pll_source(s)) * (pllcfgr >> 8 & 127) / ((pllcfgr >> 4 & 15) + 1);
}

uint64_t stm32_l4l5_pll_r_hz(const struct stm32_l4l5 *s)
{
	return stm32_l4l5_vco_hz(s) / (2 + 2 * (rcc(s, L4L5_RCC_PLLCFGR) >> 25 & 3));
}

uint64_t stm32_l4l5_true_millihz(const struct stm32_l4l5 *s, enum l4l5_source source,
				 uint64_t nominal_hz)
{
	int32_t error_ppb = 0;

	if (source == L4L5_SOURCE_PLL)
		source = pll_source(s);
	if (source == L4L5_SOURCE_MSI)
		error_ppb = s->clock.msi_error_ppb;
	else if (source == L4L5_SOURCE_HSI)
		error_ppb = s->clock.hsi_error_ppb;
	return nominal_hz * (uint64_t)(1000000000 + error_ppb) / 1000000u;
}

static int64_t source_ready_ps(const struct stm32_l4l5 *s, enum l4l5_source source)
{
	const int64_t ready_ps[4] = {s->clock.msi_ready_ps, s->clock.hsi_ready_ps, STM32_NEVER_PS,
				     s->clock.pll_ready_ps};

	return ready_ps[source];
}

bool stm32_l4l5_source_ready(const struct stm32_l4l5 *s, enum l4l5_source source)
{
	return source_ready_ps(s, source) <= stm32_now(&s->base);
}

bool stm32_l4l5_pll_source_ready(const struct stm32_l4l5 *s)
{
	return stm32_l4l5_source_ready(s, pll_source(s));
}

static unsigned ahb_divider(const struct stm32_l4l5 *s)
{
	return stm32_ahb_divider(rcc(s, L4L5_RCC_CFGR));
}

static uint64_t sysclk_millihz(const struct stm32_l4l5 *s)
{
	return stm32_l4l5_true_millihz(s, s->clock.source, s->clock.sysclk_hz);
}

static uint64_t pclk1_millihz(const struct stm32_l4l5 *s)
{
	uint32_t ppre = rcc(s, L4L5_RCC_CFGR) >> 8 & 7;

	return s->base.hclk_millihz >> (ppre & 4 ? (ppre & 3) + 1 : 0);
}

uint64_t stm32_l4l5_usart_millihz(const struct stm32 *chip)
{
	const struct stm32_l4l5 *s = (const struct stm32_l4l5 *)chip;

	switch (rcc(s, L4L5_RCC_CCIPR) >> s->traits->rcc.usart_select & 3) {
	case 0:
		return pclk1_millihz(s);
	case 1:
		return sysclk_millihz(s);
	case 2:
		if (stm32_l4l5_source_ready(s, L4L5_SOURCE_HSI))
			return stm32_l4l5_true_millihz(s, L4L5_SOURCE_HSI, HSI_HZ);
		break;
	default:
		break; /* no LSE crystal is modelled */
	}
	return 0;
}

uint64_t stm32_l4l5_adc_millihz(const struct stm32 *chip)
{
	const struct stm32_l4l5 *s = (const struct stm32_l4l5 *)chip;

	return (rcc(s, L4L5_RCC_CCIPR) >> 28 & 3) == 3 ? sysclk_millihz(s) : 0;
}

/* SW asks for a source: it is taken when it is ready. */
static void follow_switch(struct stm32_l4l5 *s)
{
	enum l4l5_source wanted = rcc(s, L4L5_RCC_CFGR) & 3;

	if (wanted == s->clock.source)
		return;
	if (stm32_l4l5_source_ready(s, wanted))
		s->clock.source = wanted;
	else
		stm32_schedule(&s->base, STM32_DEADLINE_CLOCK, source_ready_ps(s, wanted));
}

void stm32_l4l5_clock_update(struct stm32 *chip)
{
	struct stm32_l4l5 *s = stm32_l4l5_of(chip);
	uint64_t sysclk_hz;

	follow_switch(s);
	if (rcc(s, L4L5_RCC_CR) & L4L5_CR_PLLON)
		stm32_l4l5_rules_check_pll(s);
	sysclk_hz = source_hz(s, s->clock.source);
	if (s->clock.source == L4L5_SOURCE_PLL && !(rcc(s, L4L5_RCC_PLLCFGR) & L4L5_PLLCFGR_PLLREN))
		sysclk_hz = 0;
	if (sysclk_hz == 0) {
		stm32_fault(chip, "SYSCLK has no clock: the PLL feeds it with PLLCFGR.PLLREN "
				  "clear or without a source");
		return;
	}
	stm32_l4l5_rules_check_step(s, sysclk_hz, ahb_divider(s));
	s->clock.sysclk_hz = sysclk_hz;
	s->clock.hclk_hz = sysclk_hz / ahb_divider(s);
	stm32_l4l5_rules_check_hclk(s);
	stm32_rebase(chip, sysclk_millihz(s) / ahb_divider(s));
}

void stm32_l4l5_clock_event(struct stm32 *chip, int64_t t_ps)
{
	(void)t_ps;
	stm32_l4l5_clock_update(chip);
}
