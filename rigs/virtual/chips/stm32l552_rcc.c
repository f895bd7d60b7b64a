/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RCC registers of the STM32L552 (RM0438, chapter RCC; writable bits: stm32l552xx.h). There is no
 * HSE, no LSE and no HSI48 in this model: their ready flags never rise. Start times: modelled,
 * those of the STM32L4+ (DS12023 tables 61, 63 and 65).
 */
#include <string.h>

#include "rigs/virtual/chips/stm32l552.h"

#define MSI_START_PS (10 * STM32_PS_PER_US)
#define MSI_RANGE_PS (5 * STM32_PS_PER_US)
#define HSI_START_PS (4 * STM32_PS_PER_US)
#define PLL_LOCK_PS  (30 * STM32_PS_PER_US)

#define CR_WRITABLE       0x010D0BF9u
#define CR_NOT_MODELLED   0x94000004u /* PRIV, PLLSAI2ON, PLLSAI1ON, MSIPLLEN */
#define CFGR_WRITABLE     0x7F00BFF3u
#define PLLCFGR_WRITABLE  0xFF737FF3u
#define PLLCFGR_WHILE_OFF 0xFEE27FF3u /* SRC, M, N, P, Q, R, PDIV: only with the PLL off */
#define CSR_FLAGS         0xFF000000u
#define CSR_PLAIN         0x00000011u /* LSION, LSIPRE */

/* Registers without a behaviour of their own. */
struct plain_register {
	uint32_t offset, writable, reset;
};

static const struct plain_register plain[] = {
	{L552_RCC_ICSCR, 0x7F00FF00, 0x40000000},
	{L552_RCC_CIER, 0x000006FF, 0},
	{L552_RCC_CIFR, 0, 0},
	{L552_RCC_CICR, 0, 0},
	{L552_RCC_AHB1ENR, 0x00411107, 0x00000100},
	{L552_RCC_AHB2ENR, 0x004620FF, 0},
	{L552_RCC_AHB3ENR, 0x00000101, 0},
	{L552_RCC_APB1ENR1, 0xF1FECC3F, 0},
	{L552_RCC_APB1ENR2, 0x00A00263, 0},
	{L552_RCC_APB2ENR, 0x01677801, 0},
	{L552_RCC_AHB1SMENR, 0x00C11307, 0x00C11307},
	{L552_RCC_AHB2SMENR, 0x004622FF, 0x004622FF},
	{L552_RCC_AHB3SMENR, 0x00000101, 0x00000101},
	{L552_RCC_APB1SMENR1, 0xF1FECC3F, 0xF1FECC3F},
	{L552_RCC_APB1SMENR2, 0x00A00263, 0x00A00263},
	{L552_RCC_APB2SMENR, 0x01677801, 0x01677801},
	{L552_RCC_CCIPR1, 0x3FFFFFFF, 0},
	{L552_RCC_CCIPR2, 0x003047FF, 0},
	{L552_RCC_BDCR, 0x030183BD, 0},
	{L552_RCC_CRRCR, 0x00000001, 0},
};

#define PLAIN_COUNT (sizeof(plain) / sizeof(plain[0]))

static const struct plain_register *plain_find(uint32_t offset)
{
	for (size_t i = 0; i < PLAIN_COUNT; i++) {
		if (plain[i].offset == offset)
			return &plain[i];
	}
	return NULL;
}

static bool is_reset_register(uint32_t offset)
{
	return offset >= L552_RCC_AHB1RSTR && offset <= L552_RCC_APB2RSTR && offset != 0x34;
}

static uint32_t cr_read(const struct stm32l552 *s)
{
	uint32_t value = s->clock.rcc[L552_RCC_CR / 4];

	if (stm32l552_source_ready(s, L552_SOURCE_MSI))
		value |= L552_CR_MSIRDY;
	if (stm32l552_source_ready(s, L552_SOURCE_HSI))
		value |= L552_CR_HSIRDY;
	if (stm32l552_source_ready(s, L552_SOURCE_PLL))
		value |= L552_CR_PLLRDY;
	return value;
}

uint32_t stm32l552_rcc_read(struct stm32l552 *s, uint32_t offset)
{
	uint32_t word = offset < L552_RCC_BYTES ? s->clock.rcc[offset / 4] : 0;

	if (offset == L552_RCC_CR)
		return cr_read(s);
	if (offset == L552_RCC_CFGR)
		return word | (uint32_t)s->clock.source << 2;
	if (offset == L552_RCC_CSR) /* LSI: ready as soon as on; nothing here is timed by it */
		return word | (word & 1) << 1;
	if (offset == L552_RCC_PLLCFGR || is_reset_register(offset) || plain_find(offset))
		return word;
	stm32_unmodelled(&s->base, L552_RCC_BASE + offset);
	return 0;
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
static uint32_t cr_held(const struct stm32l552 *s)
{
	static const uint32_t direct[4] = {L552_CR_MSION, L552_CR_HSION, 0, L552_CR_PLLON};
	static const uint32_t through_pll[4] = {0, L552_CR_MSION, L552_CR_HSION, 0};
	uint32_t held = direct[s->clock.source];

	if (s->clock.source == L552_SOURCE_PLL)
		held |= through_pll[s->clock.rcc[L552_RCC_PLLCFGR / 4] & 3];
	return held;
}

static void msi_range_changed(struct stm32l552 *s)
{
	int64_t now_ps = stm32_now(&s->base);

	if (s->clock.msi_ready_ps > now_ps)
		stm32_fault(&s->base, "MSI range changed while MSIRDY is clear");
	s->clock.msi_ready_ps = now_ps + MSI_RANGE_PS;
}

static void cr_write(struct stm32l552 *s, uint32_t value)
{
	struct l552_clock *clock = &s->clock;
	uint32_t *cr = &clock->rcc[L552_RCC_CR / 4], old = *cr;
	int64_t now_ps = stm32_now(&s->base);
	uint64_t old_msi_hz = stm32l552_msi_hz(s);

	if (value & CR_NOT_MODELLED) {
		stm32_fault(&s->base,
			    "RCC_CR 0x%08x: PRIV, PLLSAI1, PLLSAI2 and MSIPLLEN are not modelled",
			    value);
		return;
	}
	value = (value & CR_WRITABLE) | (old & L552_CR_MSIRGSEL) | cr_held(s);
	if ((value >> 4 & 15) > 11) {
		stm32_fault(&s->base, "RCC_CR.MSIRANGE %u, ranges are 0 to 11", value >> 4 & 15);
		return;
	}
	*cr = value;
	if (stm32l552_msi_hz(s) != old_msi_hz && old & L552_CR_MSION)
		msi_range_changed(s);
	clock->msi_ready_ps = ready_after(clock->msi_ready_ps, old & L552_CR_MSION,
					  value & L552_CR_MSION, now_ps, MSI_START_PS);
	clock->hsi_ready_ps = ready_after(clock->hsi_ready_ps, old & L552_CR_HSION,
					  value & L552_CR_HSION, now_ps, HSI_START_PS);
	clock->pll_ready_ps = ready_after(clock->pll_ready_ps, old & L552_CR_PLLON,
					  value & L552_CR_PLLON, now_ps, PLL_LOCK_PS);
	if (~old & value & L552_CR_PLLON && stm32l552_pll_input_hz(s) != 0 &&
	    !stm32l552_pll_source_ready(s))
		stm32_fault(&s->base, "PLL switched on before its source is ready");
	stm32l552_clock_update(&s->base);
}

static void pllcfgr_write(struct stm32l552 *s, uint32_t value)
{
	uint32_t *pllcfgr = &s->clock.rcc[L552_RCC_PLLCFGR / 4];

	if (s->clock.rcc[L552_RCC_CR / 4] & L552_CR_PLLON &&
	    (value ^ *pllcfgr) & PLLCFGR_WHILE_OFF) {
		stm32_fault(&s->base,
			    "RCC_PLLCFGR changed from 0x%08x to 0x%08x while the PLL is on",
			    *pllcfgr, value);
		return;
	}
	*pllcfgr = value & PLLCFGR_WRITABLE;
	stm32l552_clock_update(&s->base);
}

static void csr_write(struct stm32l552 *s, uint32_t value)
{
	uint32_t *csr = &s->clock.rcc[L552_RCC_CSR / 4], range = value >> 8 & 15;

	if (range >= 4 && range <= 7)
		*csr = stm32_merge(*csr, value, 0xF00u);
	*csr = stm32_merge(*csr, value, CSR_PLAIN);
	if (value & L552_CSR_RMVF)
		*csr &= ~CSR_FLAGS;
	/* MSISRANGE acts after Standby; MSIRGSEL clear means that the MSI still runs at its
	 * reset range, which is the one that the field shows. */
	if (!(s->clock.rcc[L552_RCC_CR / 4] & L552_CR_MSIRGSEL))
		stm32l552_clock_update(&s->base);
}

/* A reset bit that rises puts its peripheral back to its reset state. */
static void rstr_write(struct stm32l552 *s, uint32_t offset, uint32_t value)
{
	uint32_t rising = value & ~s->clock.rcc[offset / 4];

	s->clock.rcc[offset / 4] = value;
	if (offset == L552_RCC_AHB2RSTR) {
		for (unsigned port = 0; port < L552_PORT_COUNT; port++) {
			if (rising >> port & 1)
				stm32_gpio_reset(&s->gpio, port);
		}
		if (rising & 1u << L552_AHB2ENR_ADC)
			stm32_adc_reset(&s->adc);
	}
	if (offset == L552_RCC_APB1RSTR1 && rising & 1u << L552_APB1ENR1_PWR) {
		stm32l552_pwr_reset(s);
		stm32l552_clock_update(&s->base);
	}
	if (offset == L552_RCC_APB1RSTR1 && rising & 1u << L552_APB1ENR1_USART3)
		stm32_usart_reset(&s->usart);
}

void stm32l552_rcc_write(struct stm32l552 *s, uint32_t offset, uint32_t value, uint32_t mask)
{
	const struct plain_register *found = plain_find(offset);
	uint32_t *word;

	if (offset >= L552_RCC_BYTES) {
		stm32_unmodelled(&s->base, L552_RCC_BASE + offset);
		return;
	}
	word = &s->clock.rcc[offset / 4];
	value = stm32_merge(*word, value, mask);
	if (found) {
		*word = stm32_merge(*word, value, found->writable);
	} else if (offset == L552_RCC_CR) {
		cr_write(s, value);
	} else if (offset == L552_RCC_CFGR) {
		*word = value & CFGR_WRITABLE;
		stm32l552_clock_update(&s->base);
	} else if (offset == L552_RCC_PLLCFGR) {
		pllcfgr_write(s, value);
	} else if (offset == L552_RCC_CSR) {
		csr_write(s, value);
	} else if (is_reset_register(offset)) {
		rstr_write(s, offset, value);
	} else {
		stm32_unmodelled(&s->base, L552_RCC_BASE + offset);
	}
}

void stm32l552_rcc_reset(struct stm32l552 *s, uint32_t flags)
{
	struct l552_clock *clock = &s->clock;
	uint32_t csr = clock->rcc[L552_RCC_CSR / 4] & CSR_FLAGS;

	memset(clock->rcc, 0, sizeof(clock->rcc));
	for (size_t i = 0; i < PLAIN_COUNT; i++)
		clock->rcc[plain[i].offset / 4] = plain[i].reset;
	clock->rcc[L552_RCC_CR / 4] = 0x00000061;
	clock->rcc[L552_RCC_PLLCFGR / 4] = 0x00001000;
	clock->rcc[L552_RCC_CSR / 4] = 0x00000600 | csr | flags;
	clock->source = L552_SOURCE_MSI;
	clock->msi_ready_ps = stm32_now(&s->base);
	clock->hsi_ready_ps = clock->pll_ready_ps = STM32_NEVER_PS;
	clock->fast_since_ps = STM32_NEVER_PS;
}
