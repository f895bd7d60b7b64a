/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RCC and PWR registers of the STM32L4R5 (RM0432 sections 6.4 and 5.4). There is no HSE and no LSE
 * on this board: their ready flags never rise. Start times: DS12023 tables 61, 63 and 65.
 */
#include <string.h>

#include "rigs/virtual/chips/stm32l4r5.h"

#define MSI_START_PS (10 * STM32_PS_PER_US)
#define MSI_RANGE_PS (5 * STM32_PS_PER_US)
#define HSI_START_PS (4 * STM32_PS_PER_US)
#define PLL_LOCK_PS  (30 * STM32_PS_PER_US)

#define PLLCFGR_WHILE_OFF 0xFEE27FF3u /* SRC, M, N, P, Q, R, PDIV: only with the PLL off */
#define CSR_FLAGS         0xFF000000u

/* Registers without a behaviour of their own: offset, writable bits. */
struct plain_register {
	uint32_t offset, writable;
};

static const struct plain_register rcc_plain[] = {
	{STM32_RCC_ICSCR, 0x7F00FF00},
	{STM32_RCC_CIER, 0x0000067F},
	{STM32_RCC_CIFR, 0},
	{STM32_RCC_CICR, 0},
	{STM32_RCC_AHB1ENR, 0x00031107},
	{STM32_RCC_AHB2ENR, 0x005471FF},
	{STM32_RCC_AHB3ENR, 0x00000301},
	{STM32_RCC_APB1ENR1, 0xF3FECC3F},
	{STM32_RCC_APB1ENR2, 0x00000023},
	{STM32_RCC_APB2ENR, 0x01677881},
	{0x68, 0x00031307},
	{0x6C, 0x005477FF}, /* AHB1SMENR, AHB2SMENR */
	{0x70, 0x00000301},
	{0x78, 0xF3FECC3F}, /* AHB3SMENR, APB1SMENR1 */
	{0x7C, 0x00000023},
	{0x80, 0x01677801}, /* APB1SMENR2, APB2SMENR */
	{STM32_RCC_CCIPR, 0x3C3FFFFF},
	{STM32_RCC_BDCR, 0x0301837D},
	{0x98, 0x00000001}, /* CRRCR: HSI48, which nothing here uses and which never gets ready */
};

static uint32_t merge(uint32_t old, uint32_t value, uint32_t mask)
{
	return (old & ~mask) | (value & mask);
}

static const struct plain_register *plain_find(uint32_t offset)
{
	for (size_t i = 0; i < sizeof(rcc_plain) / sizeof(rcc_plain[0]); i++) {
		if (rcc_plain[i].offset == offset)
			return &rcc_plain[i];
	}
	return NULL;
}

static uint32_t cr_read(struct stm32l4r5 *s)
{
	uint32_t value = s->clock.rcc[STM32_RCC_CR / 4];

	if (stm32l4r5_source_ready(s, STM32_SOURCE_MSI))
		value |= STM32_CR_MSIRDY;
	if (stm32l4r5_source_ready(s, STM32_SOURCE_HSI))
		value |= STM32_CR_HSIRDY;
	if (stm32l4r5_source_ready(s, STM32_SOURCE_PLL))
		value |= STM32_CR_PLLRDY;
	return value;
}

uint32_t stm32l4r5_rcc_read(struct stm32l4r5 *s, uint32_t offset)
{
	uint32_t value;

	switch (offset) {
	case STM32_RCC_CR:
		return cr_read(s);
	case STM32_RCC_CFGR:
		value = s->clock.rcc[offset / 4];
		return value | (uint32_t)s->clock.source << 2;
	case STM32_RCC_CSR: /* LSI: ready as soon as on; nothing here is timed by it */
		value = s->clock.rcc[offset / 4];
		return value | (value & 1) << 1;
	case STM32_RCC_PLLCFGR:
	case STM32_RCC_AHB1RSTR:
	case STM32_RCC_AHB2RSTR:
	case STM32_RCC_AHB3RSTR:
	case STM32_RCC_APB1RSTR1:
	case STM32_RCC_APB1RSTR2:
	case STM32_RCC_APB2RSTR:
		return s->clock.rcc[offset / 4];
	default:
		if (plain_find(offset))
			return s->clock.rcc[offset / 4];
		stm32_unmodelled(&s->base, STM32_RCC_BASE + offset);
		return 0;
	}
}

/* An oscillator's switch: returns when it is ready. */
static int64_t ready_after(int64_t ready_ps, bool was_on, bool is_on, int64_t now_ps,
			   int64_t start_ps)
{
	if (!is_on)
		return STM32_NEVER_PS;
	return was_on ? ready_ps : now_ps + start_ps;
}

/* Bits that hardware holds: an oscillator that feeds SYSCLK, directly or through the PLL, stays on.
 */
static uint32_t cr_held(const struct stm32l4r5 *s)
{
	static const uint32_t direct[4] = {STM32_CR_MSION, STM32_CR_HSION, 0, STM32_CR_PLLON};
	static const uint32_t through_pll[4] = {0, STM32_CR_MSION, STM32_CR_HSION, 0};
	uint32_t held = direct[s->clock.source];

	if (s->clock.source == STM32_SOURCE_PLL)
		held |= through_pll[s->clock.rcc[STM32_RCC_PLLCFGR / 4] & 3];
	return held;
}

static void cr_write(struct stm32l4r5 *s, uint32_t value)
{
	struct stm32_clock *clock = &s->clock;
	uint32_t *cr = &clock->rcc[STM32_RCC_CR / 4], old = *cr;
	int64_t now_ps = stm32_now(&s->base);
	uint64_t old_msi_hz = stm32l4r5_msi_hz(s);

	if (value & 0x14000004) {
		stm32_fault(&s->base, "RCC_CR 0x%08x: PLLSAI and MSIPLLEN are not modelled", value);
		return;
	}
	value = (value & 0x010D0BF9) | (old & STM32_CR_MSIRGSEL) | cr_held(s);
	if ((value >> 4 & 15) > 11) {
		stm32_fault(&s->base, "RCC_CR.MSIRANGE %u, ranges are 0 to 11", value >> 4 & 15);
		return;
	}
	*cr = value;
	if (stm32l4r5_msi_hz(s) != old_msi_hz && old & STM32_CR_MSION) {
		if (clock->msi_ready_ps > now_ps)
			stm32_fault(&s->base, "MSI range changed while MSIRDY is clear");
		clock->msi_ready_ps = now_ps + MSI_RANGE_PS;
	}
	clock->msi_ready_ps = ready_after(clock->msi_ready_ps, old & STM32_CR_MSION,
					  value & STM32_CR_MSION, now_ps, MSI_START_PS);
	clock->hsi_ready_ps = ready_after(clock->hsi_ready_ps, old & STM32_CR_HSION,
					  value & STM32_CR_HSION, now_ps, HSI_START_PS);
	clock->pll_ready_ps = ready_after(clock->pll_ready_ps, old & STM32_CR_PLLON,
					  value & STM32_CR_PLLON, now_ps, PLL_LOCK_PS);
	if (~old & value & STM32_CR_PLLON && stm32l4r5_pll_input_hz(s) != 0 &&
	    !stm32l4r5_pll_source_ready(s))
		stm32_fault(&s->base, "PLL switched on before its source is ready");
	stm32l4r5_clock_update(&s->base);
}

static void pllcfgr_write(struct stm32l4r5 *s, uint32_t value)
{
	uint32_t *pllcfgr = &s->clock.rcc[STM32_RCC_PLLCFGR / 4];

	if (s->clock.rcc[STM32_RCC_CR / 4] & STM32_CR_PLLON &&
	    (value ^ *pllcfgr) & PLLCFGR_WHILE_OFF) {
		stm32_fault(&s->base,
			    "RCC_PLLCFGR changed from 0x%08x to 0x%08x while the PLL is on",
			    *pllcfgr, value);
		return;
	}
	*pllcfgr = value & 0xFF737FF3;
	stm32l4r5_clock_update(&s->base);
}

static void csr_write(struct stm32l4r5 *s, uint32_t value)
{
	uint32_t *csr = &s->clock.rcc[STM32_RCC_CSR / 4], range = value >> 8 & 15;

	if (range >= 4 && range <= 7)
		*csr = (*csr & ~0xF00u) | range << 8;
	*csr = (*csr & ~1u) | (value & 1);
	if (value & STM32_CSR_RMVF)
		*csr &= ~CSR_FLAGS;
	/* MSISRANGE acts after Standby; MSIRGSEL clear means that the MSI still runs at its
	 * reset range, which is the one that the field shows. */
	if (!(s->clock.rcc[STM32_RCC_CR / 4] & STM32_CR_MSIRGSEL))
		stm32l4r5_clock_update(&s->base);
}

/* A reset bit that rises puts its peripheral back to its reset state. */
static void rstr_write(struct stm32l4r5 *s, uint32_t offset, uint32_t value)
{
	uint32_t rising = value & ~s->clock.rcc[offset / 4];

	s->clock.rcc[offset / 4] = value;
	if (offset == STM32_RCC_AHB2RSTR) {
		for (unsigned port = 0; port < STM32_PORT_COUNT; port++) {
			if (rising >> port & 1)
				stm32_gpio_reset(&s->gpio, port);
		}
		if (rising & 1u << 13)
			stm32_adc_reset(&s->adc);
	}
	if (offset == STM32_RCC_APB1RSTR1 && rising & 1u << 28) {
		stm32l4r5_pwr_reset(s);
		stm32l4r5_clock_update(&s->base);
	}
	if (offset == STM32_RCC_APB1RSTR2 && rising & 1)
		stm32_usart_reset(&s->lpuart);
}

void stm32l4r5_rcc_write(struct stm32l4r5 *s, uint32_t offset, uint32_t value, uint32_t mask)
{
	const struct plain_register *plain = plain_find(offset);
	uint32_t *word = &s->clock.rcc[offset / 4];

	if (offset >= sizeof(s->clock.rcc)) {
		stm32_unmodelled(&s->base, STM32_RCC_BASE + offset);
		return;
	}
	value = merge(*word, value, mask);
	if (plain) {
		*word = merge(*word, value, plain->writable);
		return;
	}
	switch (offset) {
	case STM32_RCC_CR:
		cr_write(s, value);
		break;
	case STM32_RCC_CFGR:
		*word = value & 0x7F00BFF3;
		stm32l4r5_clock_update(&s->base);
		break;
	case STM32_RCC_PLLCFGR:
		pllcfgr_write(s, value);
		break;
	case STM32_RCC_CSR:
		csr_write(s, value);
		break;
	case STM32_RCC_AHB1RSTR:
	case STM32_RCC_AHB2RSTR:
	case STM32_RCC_AHB3RSTR:
	case STM32_RCC_APB1RSTR1:
	case STM32_RCC_APB1RSTR2:
	case STM32_RCC_APB2RSTR:
		rstr_write(s, offset, value);
		break;
	default:
		stm32_unmodelled(&s->base, STM32_RCC_BASE + offset);
		break;
	}
}

void stm32l4r5_rcc_reset(struct stm32l4r5 *s, uint32_t flags)
{
	struct stm32_clock *clock = &s->clock;
	uint32_t csr = clock->rcc[STM32_RCC_CSR / 4] & CSR_FLAGS;

	memset(clock->rcc, 0, sizeof(clock->rcc));
	clock->rcc[STM32_RCC_CR / 4] = 0x00000061;
	clock->rcc[STM32_RCC_ICSCR / 4] = 0x40000000;
	clock->rcc[STM32_RCC_PLLCFGR / 4] = 0x00001000;
	clock->rcc[STM32_RCC_AHB1ENR / 4] = 0x00000100;
	clock->rcc[0x68 / 4] = 0x00031307;
	clock->rcc[0x6C / 4] = 0x005477FF;
	clock->rcc[0x70 / 4] = 0x00000301;
	clock->rcc[0x78 / 4] = 0xF3FECC3F;
	clock->rcc[0x7C / 4] = 0x00000023;
	clock->rcc[0x80 / 4] = 0x01677801;
	clock->rcc[STM32_RCC_CSR / 4] = 0x00000600 | csr | flags;
	clock->source = STM32_SOURCE_MSI;
	clock->msi_ready_ps = stm32_now(&s->base);
	clock->hsi_ready_ps = clock->pll_ready_ps = STM32_NEVER_PS;
	clock->fast_since_ps = STM32_NEVER_PS;
}
