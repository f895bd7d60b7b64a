/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clock tree of the STM32F767 (RM0410 section 5.2): oscillators with this chip's error, PLL,
 * SYSCLK, HCLK, kernel clocks. Frequencies are nominal in hertz where rules look, true in
 * millihertz where time is made.
 */
#include "rigs/virtual/chips/stm32f767.h"

static uint32_t rcc(const struct stm32f767 *s, uint32_t offset)
{
	return s->clock.rcc[offset / 4];
}

enum f767_source stm32f767_pll_source(const struct stm32f767 *s)
{
	return rcc(s, F767_RCC_PLLCFGR) & F767_PLLCFGR_SRC ? F767_SOURCE_HSE : F767_SOURCE_HSI;
}

static uint64_t oscillator_hz(enum f767_source source)
{
	return source == F767_SOURCE_HSE ? F767_HSE_HZ : F767_HSI_HZ;
}

static unsigned pll_m(const struct stm32f767 *s)
{
	return rcc(s, F767_RCC_PLLCFGR) & 63;
}

uint64_t stm32f767_pll_input_hz(const struct stm32f767 *s)
{
	return pll_m(s) ? oscillator_hz(stm32f767_pll_source(s)) / pll_m(s) : 0;
}

uint64_t stm32f767_vco_hz(const struct stm32f767 *s)
{
	uint32_t n = rcc(s, F767_RCC_PLLCFGR) >> 6 & 511;

	return pll_m(s) ? oscillator_hz(stm32f767_pll_source(s)) * n / pll_m(s) : 0;
}

static uint64_t source_hz(const struct stm32f767 *s, enum f767_source source)
{
	if (source == F767_SOURCE_PLL)
		return stm32f767_vco_hz(s) / (2 + 2 * (rcc(s, F767_RCC_PLLCFGR) >> 16 & 3));
	return oscillator_hz(source);
}

uint64_t stm32f767_true_millihz(const struct stm32f767 *s, enum f767_source source,
				uint64_t nominal_hz)
{
	int32_t error_ppb;

	if (source == F767_SOURCE_PLL)
		source = stm32f767_pll_source(s);
	error_ppb = source == F767_SOURCE_HSE ? s->clock.hse_error_ppb : s->clock.hsi_error_ppb;
	return nominal_hz * (uint64_t)(1000000000 + error_ppb) / 1000000u;
}

static int64_t source_ready_ps(const struct stm32f767 *s, enum f767_source source)
{
	const int64_t ready_ps[] = {[F767_SOURCE_HSI] = s->clock.hsi_ready_ps,
				    [F767_SOURCE_HSE] = s->clock.hse_ready_ps,
				    [F767_SOURCE_PLL] = s->clock.pll_ready_ps};

	return ready_ps[source];
}

bool stm32f767_source_ready(const struct stm32f767 *s, enum f767_source source)
{
	return source_ready_ps(s, source) <= stm32_now(&s->base);
}

static unsigned ahb_divider(const struct stm32f767 *s)
{
	return stm32_ahb_divider(rcc(s, F767_RCC_CFGR));
}

unsigned stm32f767_apb_divider(const struct stm32f767 *s, unsigned bus)
{
	uint32_t ppre = rcc(s, F767_RCC_CFGR) >> (bus == 1 ? 10 : 13) & 7;

	return ppre & 4 ? 2u << (ppre & 3) : 1;
}

uint64_t stm32f767_pclk2_millihz(const struct stm32f767 *s)
{
	return s->base.hclk_millihz / stm32f767_apb_divider(s, 2);
}

uint64_t stm32f767_sysclk_millihz(const struct stm32f767 *s)
{
	return stm32f767_true_millihz(s, s->clock.source, s->clock.sysclk_hz);
}

uint64_t stm32f767_usart_millihz(const struct stm32 *chip)
{
	const struct stm32f767 *s = (const struct stm32f767 *)chip;

	switch (rcc(s, F767_RCC_DCKCFGR2) >> 4 & 3) { /* USART3SEL */
	case 0:
		return s->base.hclk_millihz / stm32f767_apb_divider(s, 1);
	case 1:
		return stm32f767_sysclk_millihz(s);
	case 2:
		if (stm32f767_source_ready(s, F767_SOURCE_HSI))
			return stm32f767_true_millihz(s, F767_SOURCE_HSI, F767_HSI_HZ);
		break;
	default:
		break; /* no LSE crystal is modelled */
	}
	return 0;
}

/* SW asks for a source: it is taken when it is ready. */
static void follow_switch(struct stm32f767 *s)
{
	enum f767_source wanted = rcc(s, F767_RCC_CFGR) & 3;

	if (wanted == s->clock.source)
		return;
	if (stm32f767_source_ready(s, wanted))
		s->clock.source = wanted;
	else
		stm32_schedule(&s->base, STM32_DEADLINE_CLOCK, source_ready_ps(s, wanted));
}

void stm32f767_clock_update(struct stm32 *chip)
{
	struct stm32f767 *s = stm32f767_of(chip);
	uint64_t sysclk_hz;

	follow_switch(s);
	if (rcc(s, F767_RCC_CR) & F767_CR_PLLON)
		stm32f767_rules_check_pll(s);
	sysclk_hz = source_hz(s, s->clock.source);
	if (sysclk_hz == 0)
		return; /* the PLL's rule has spoken */
	s->clock.sysclk_hz = sysclk_hz;
	s->clock.hclk_hz = sysclk_hz / ahb_divider(s);
	stm32f767_rules_check_hclk(s);
	stm32_rebase(&s->base, stm32f767_sysclk_millihz(s) / ahb_divider(s));
}

void stm32f767_clock_event(struct stm32 *chip, int64_t t_ps)
{
	(void)t_ps;
	stm32f767_clock_update(chip);
}
