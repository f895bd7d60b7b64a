/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RCC registers of the STM32F767 (RM0410 section 5.3). HSE is the ST-LINK's 8 MHz on OSC_IN, so it
 * is ready in bypass mode only; there is no LSE crystal. HSITRIM is kept and has no effect. Start
 * times are modelled: HSI and PLL from DS11532 (oscillator and PLL characteristics, maximum),
 * bypassed HSE as 512 of its cycles.
 */
#include <string.h>

#include "rigs/virtual/chips/stm32f767.h"
#include "rigs/virtual/chips/stm32f767_misc.h"

#define HSI_START_PS (4 * STM32_PS_PER_US)
#define HSE_START_PS (64 * STM32_PS_PER_US)
#define PLL_LOCK_PS  (200 * STM32_PS_PER_US)

#define CR_WRITABLE      0x010D00F9u /* PLLON CSSON HSEBYP HSEON HSITRIM HSION */
#define CFGR_WRITABLE    0xFFFFFCF3u
#define PLLCFGR_WRITABLE 0x7F437FFFu
#define CSR_FLAGS        0xFE000000u

/* Registers without a behaviour of their own: offset, writable bits, value after reset. */
struct plain_register {
	uint32_t offset, writable, reset;
};

static const struct plain_register rcc_plain[] = {
	{F767_RCC_CIR, 0x00007F00, 0},
	{F767_RCC_AHB1ENR, 0x7EF417FF, 0x00100000},
	{F767_RCC_AHB2ENR, 0x000000F3, 0},
	{F767_RCC_AHB3ENR, 0x00000003, 0},
	{F767_RCC_APB1ENR, 0xFFFFEFFF, 0x00000400},
	{F767_RCC_APB2ENR, 0x7DF77F33, 0},
	{0x50, 0x7EF7B7FF, 0x7EF7B7FF}, /* AHB1LPENR */
	{0x54, 0x000000F3, 0x000000F3}, /* AHB2LPENR */
	{0x58, 0x00000003, 0x00000003}, /* AHB3LPENR */
	{0x60, 0xFFFFEFFF, 0xFFFFEFFF}, /* APB1LPENR */
	{0x64, 0x7DF77F33, 0x7DF77F33}, /* APB2LPENR */
	{F767_RCC_BDCR, 0x0001831D, 0},
	{0x80, 0xFFFFFFFF, 0},          /* SSCGR */
	{0x84, 0x7F037FC0, 0x24003000}, /* PLLI2SCFGR */
	{0x88, 0x7F037FC0, 0x24003000}, /* PLLSAICFGR */
	{F767_RCC_DCKCFGR1, 0x07F31F1F, 0},
	{F767_RCC_DCKCFGR2, 0x3FFFFFFF, 0},
};

#define PLAIN_COUNT (sizeof(rcc_plain) / sizeof(rcc_plain[0]))

static const struct plain_register *plain_find(uint32_t offset)
{
	for (size_t i = 0; i < PLAIN_COUNT; i++) {
		if (rcc_plain[i].offset == offset)
			return &rcc_plain[i];
	}
	return NULL;
}

static bool is_reset_register(uint32_t offset)
{
	return (offset >= F767_RCC_AHB1RSTR && offset <= F767_RCC_AHB3RSTR) ||
	       offset == F767_RCC_APB1RSTR || offset == F767_RCC_APB2RSTR;
}

static uint32_t cr_read(struct stm32f767 *s)
{
	uint32_t value = s->clock.rcc[F767_RCC_CR / 4];

	if (stm32f767_source_ready(s, F767_SOURCE_HSI))
		value |= F767_CR_HSIRDY;
	if (stm32f767_source_ready(s, F767_SOURCE_HSE))
		value |= F767_CR_HSERDY;
	if (stm32f767_source_ready(s, F767_SOURCE_PLL))
		value |= F767_CR_PLLRDY;
	return value;
}

uint32_t stm32f767_rcc_read(struct stm32 *chip, uint32_t offset)
{
	struct stm32f767 *s = stm32f767_of(chip);
	uint32_t value;

	if (offset >= sizeof(s->clock.rcc)) {
		stm32_unmodelled(&s->base, F767_RCC_BASE + offset);
		return 0;
	}
	value = s->clock.rcc[offset / 4];
	if (offset == F767_RCC_CR)
		return cr_read(s);
	if (offset == F767_RCC_CFGR)
		return value | (uint32_t)s->clock.source << 2;
	if (offset == F767_RCC_CSR) /* LSI: ready as soon as on; nothing here is timed by it */
		return value | (value & 1) << 1;
	if (offset != F767_RCC_PLLCFGR && !is_reset_register(offset) && !plain_find(offset))
		stm32_unmodelled(&s->base, F767_RCC_BASE + offset);
	return value;
}

/* Bits that hardware holds: an oscillator that feeds SYSCLK, directly or through the PLL, stays on.
 */
static uint32_t cr_held(const struct stm32f767 *s)
{
	static const uint32_t oscillator[2] = {F767_CR_HSION, F767_CR_HSEON};

	if (s->clock.source == F767_SOURCE_PLL)
		return F767_CR_PLLON | oscillator[stm32f767_pll_source(s)];
	return oscillator[s->clock.source];
}

static bool cr_is_legal(struct stm32f767 *s, uint32_t old, uint32_t value)
{
	if (value & (F767_CR_PLLI2SON | F767_CR_PLLSAION | F767_CR_CSSON))
		stm32_fault(&s->base, "RCC_CR 0x%08x: PLLI2S, PLLSAI and CSS are not modelled",
			    value);
	else if ((old ^ value) & F767_CR_HSEBYP && old & F767_CR_HSEON)
		stm32_fault(&s->base, "RCC_CR.HSEBYP changed while HSEON is set");
	else if (~old & value & F767_CR_PLLON &&
		 !stm32f767_source_ready(s, stm32f767_pll_source(s)))
		stm32_fault(&s->base, "PLL switched on before its source is ready");
	else
		return true;
	return false;
}

static void cr_write(struct stm32f767 *s, uint32_t value)
{
	struct f767_clock *clock = &s->clock;
	uint32_t *cr = &clock->rcc[F767_RCC_CR / 4], old = *cr, changed;
	int64_t now_ps = stm32_now(&s->base);
	int64_t hse_start_ps = value & F767_CR_HSEBYP ? HSE_START_PS : STM32_NEVER_PS - now_ps;

	if (!cr_is_legal(s, old, value))
		return;
	value = (value & CR_WRITABLE) | cr_held(s);
	changed = old ^ value;
	*cr = (old & ~CR_WRITABLE) | value;
	clock->hsi_ready_ps = stm32_ready_after(clock->hsi_ready_ps, old & F767_CR_HSION,
						value & F767_CR_HSION, now_ps, HSI_START_PS);
	clock->hse_ready_ps = stm32_ready_after(clock->hse_ready_ps, old & F767_CR_HSEON,
						value & F767_CR_HSEON, now_ps, hse_start_ps);
	clock->pll_ready_ps = stm32_ready_after(clock->pll_ready_ps, old & F767_CR_PLLON,
						value & F767_CR_PLLON, now_ps, PLL_LOCK_PS);
	if (changed & F767_CR_PLLON)
		stm32f767_pwr_follow_pll(s, value & F767_CR_PLLON);
	stm32f767_clock_update(&s->base);
}

static void pllcfgr_write(struct stm32f767 *s, uint32_t value)
{
	uint32_t *pllcfgr = &s->clock.rcc[F767_RCC_PLLCFGR / 4];

	value = stm32_merge(*pllcfgr, value, PLLCFGR_WRITABLE);
	if (s->clock.rcc[F767_RCC_CR / 4] & F767_CR_PLLON && value != *pllcfgr) {
		stm32_fault(&s->base,
			    "RCC_PLLCFGR changed from 0x%08x to 0x%08x while the PLL is on",
			    *pllcfgr, value);
		return;
	}
	*pllcfgr = value;
}

static void cfgr_write(struct stm32f767 *s, uint32_t value)
{
	if ((value & 3) == 3) {
		stm32_fault(&s->base, "RCC_CFGR.SW 3 is not allowed: 0 is HSI, 1 HSE, 2 PLL");
		return;
	}
	s->clock.rcc[F767_RCC_CFGR / 4] = value & CFGR_WRITABLE;
	stm32f767_clock_update(&s->base);
}

static void csr_write(struct stm32f767 *s, uint32_t value)
{
	uint32_t *csr = &s->clock.rcc[F767_RCC_CSR / 4];

	*csr = (*csr & ~1u) | (value & 1);
	if (value & F767_CSR_RMVF)
		*csr &= ~CSR_FLAGS;
}

/* A reset bit that rises puts its peripheral back to its reset state. */
static void rstr_write(struct stm32f767 *s, uint32_t offset, uint32_t value)
{
	uint32_t rising = value & ~s->clock.rcc[offset / 4];

	s->clock.rcc[offset / 4] = value;
	if (offset == F767_RCC_AHB1RSTR) {
		for (unsigned port = 0; port < F767_PORT_COUNT; port++) {
			if (rising >> port & 1)
				stm32_gpio_reset(&s->base.gpio, port);
		}
	} else if (offset == F767_RCC_APB1RSTR) {
		if (rising & F767_APB1_USART3)
			stm32_usart_reset(&s->base.usart);
		if (rising & F767_APB1_PWR) {
			stm32f767_pwr_reset(s);
			stm32f767_pwr_follow_pll(s, s->clock.rcc[F767_RCC_CR / 4] & F767_CR_PLLON);
			stm32f767_clock_update(&s->base);
		}
	} else if (offset == F767_RCC_APB2RSTR) {
		if (rising & F767_APB2_ADC)
			stm32f767_adc_reset(s);
		if (rising & F767_APB2_SYSCFG)
			stm32f767_misc_reset(s);
	}
}

void stm32f767_rcc_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct stm32f767 *s = stm32f767_of(chip);
	const struct plain_register *plain = plain_find(offset);
	uint32_t *word = &s->clock.rcc[offset / 4];

	if (offset >= sizeof(s->clock.rcc)) {
		stm32_unmodelled(&s->base, F767_RCC_BASE + offset);
		return;
	}
	value = stm32_merge(*word, value, mask);
	if (plain)
		*word = stm32_merge(*word, value, plain->writable);
	else if (offset == F767_RCC_CR)
		cr_write(s, value);
	else if (offset == F767_RCC_CFGR)
		cfgr_write(s, value);
	else if (offset == F767_RCC_PLLCFGR)
		pllcfgr_write(s, value);
	else if (offset == F767_RCC_CSR)
		csr_write(s, value);
	else if (is_reset_register(offset))
		rstr_write(s, offset, value);
	else
		stm32_unmodelled(&s->base, F767_RCC_BASE + offset);
}

void stm32f767_rcc_reset(struct stm32f767 *s, uint32_t flags)
{
	struct f767_clock *clock = &s->clock;
	uint32_t csr = clock->rcc[F767_RCC_CSR / 4] & CSR_FLAGS;

	memset(clock->rcc, 0, sizeof(clock->rcc));
	for (size_t i = 0; i < PLAIN_COUNT; i++)
		clock->rcc[rcc_plain[i].offset / 4] = rcc_plain[i].reset;
	clock->rcc[F767_RCC_CR / 4] = 0x00007781; /* HSICAL: any value */
	clock->rcc[F767_RCC_PLLCFGR / 4] = 0x24003010;
	clock->rcc[F767_RCC_CSR / 4] = csr | flags;
	clock->source = F767_SOURCE_HSI;
	clock->hsi_ready_ps = stm32_now(&s->base);
	clock->hse_ready_ps = clock->pll_ready_ps = STM32_NEVER_PS;
}
