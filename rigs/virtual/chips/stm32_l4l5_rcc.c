/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RCC registers of the STM32L4+ and L5 (RM0432 section 6.4; RM0438, chapter RCC). There is no HSE,
 * no LSE and no HSI48: their ready flags never rise. Start times: DS12023 tables 61, 63 and 65;
 * those of the L5 are modelled alike.
 */
#include <string.h>

#include "rigs/virtual/chips/stm32_l4l5.h"

#define MSI_START_PS (10 * STM32_PS_PER_US)
#define MSI_RANGE_PS (5 * STM32_PS_PER_US)
#define HSI_START_PS (4 * STM32_PS_PER_US)
#define PLL_LOCK_PS  (30 * STM32_PS_PER_US)

#define CR_WRITABLE       0x010D0BF9u
#define CFGR_WRITABLE     0x7F00BFF3u
#define PLLCFGR_WRITABLE  0xFF737FF3u
#define PLLCFGR_WHILE_OFF 0xFEE27FF3u /* SRC, M, N, P, Q, R, PDIV: only with the PLL off */
#define CSR_FLAGS         0xFF000000u

static const struct stm32_l4l5_plain *plain_find(const struct stm32_l4l5 *s, uint32_t offset)
{
	const struct stm32_l4l5_rcc_traits *traits = &s->traits->rcc;

	for (size_t i = 0; i < traits->plain_count; i++) {
		if (traits->plain[i].offset == offset)
			return &traits->plain[i];
	}
	return NULL;
}

static bool is_reset_register(uint32_t offset)
{
	return offset >= L4L5_RCC_AHB1RSTR && offset <= L4L5_RCC_APB2RSTR && offset != 0x34;
}

static uint32_t cr_read(const struct stm32_l4l5 *s)
{
	uint32_t value = s->clock.rcc[L4L5_RCC_CR / 4];

	if (stm32_l4l5_source_ready(s, L4L5_SOURCE_MSI))
		value |= L4L5_CR_MSIRDY;
	if (stm32_l4l5_source_ready(s, L4L5_SOURCE_HSI))
		value |= L4L5_CR_HSIRDY;
	if (stm32_l4l5_source_ready(s, L4L5_SOURCE_PLL))
		value |= L4L5_CR_PLLRDY;
	return value;
}

uint32_t stm32_l4l5_rcc_read(struct stm32 *chip, uint32_t offset)
{
	struct stm32_l4l5 *s = stm32_l4l5_of(chip);
	uint32_t word = offset < L4L5_RCC_BYTES ? s->clock.rcc[offset / 4] : 0;

	if (offset == L4L5_RCC_CR)
		return cr_read(s);
	if (offset == L4L5_RCC_CFGR)
		return word | (uint32_t)s->clock.source << 2;
	if (offset == L4L5_RCC_CSR) /* LSI: ready as soon as on; nothing here is timed by it */
		return word | (word & 1) << 1;
	if (offset == L4L5_RCC_PLLCFGR || is_reset_register(offset) || plain_find(s, offset))
		return word;
	stm32_unmodelled(&s->base, L4L5_RCC_BASE + offset);
	return 0;
}

/* Bits that hardware holds: an oscillator that feeds SYSCLK, directly or through the PLL, stays on.
 */
static uint32_t cr_held(const struct stm32_l4l5 *s)
{
	static const uint32_t direct[4] = {L4L5_CR_MSION, L4L5_CR_HSION, 0, L4L5_CR_PLLON};
	static const uint32_t through_pll[4] = {0, L4L5_CR_MSION, L4L5_CR_HSION, 0};
	uint32_t held = direct[s->clock.source];

	if (s->clock.source == L4L5_SOURCE_PLL)
		held |= through_pll[s->clock.rcc[L4L5_RCC_PLLCFGR / 4] & 3];
	return held;
}

static void msi_range_changed(struct stm32_l4l5 *s)
{
	int64_t now_ps = stm32_now(&s->base);

	if (s->clock.msi_ready_ps > now_ps)
		stm32_fault(&s->base, "MSI range changed while MSIRDY is clear");
	s->clock.msi_ready_ps = now_ps + MSI_RANGE_PS;
}

static void cr_write(struct stm32_l4l5 *s, uint32_t value)
{
	struct stm32_l4l5_clock *clock = &s->clock;
	uint32_t *cr = &clock->rcc[L4L5_RCC_CR / 4], old = *cr;
	int64_t now_ps = stm32_now(&s->base);
	uint64_t old_msi_hz = stm32_l4l5_msi_hz(s);

	if (value & s->traits->rcc.cr_not_modelled) {
		stm32_fault(&s->base, "RCC_CR 0x%08x: %s are not modelled", value,
			    s->traits->rcc.cr_not_modelled_text);
		return;
	}
	value = (value & CR_WRITABLE) | (old & L4L5_CR_MSIRGSEL) | cr_held(s);
	if ((value >> 4 & 15) > 11) {
		stm32_fault(&s->base, "RCC_CR.MSIRANGE %u, ranges are 0 to 11", value >> 4 & 15);
		return;
	}
	*cr = value;
	if (stm32_l4l5_msi_hz(s) != old_msi_hz && old & L4L5_CR_MSION)
		msi_range_changed(s);
	clock->msi_ready_ps = stm32_ready_after(clock->msi_ready_ps, old & L4L5_CR_MSION,
						value & L4L5_CR_MSION, now_ps, MSI_START_PS);
	clock->hsi_ready_ps = stm32_ready_after(clock->hsi_ready_ps, old & L4L5_CR_HSION,
						value & L4L5_CR_HSION, now_ps, HSI_START_PS);
	clock->pll_ready_ps = stm32_ready_after(clock->pll_ready_ps, old & L4L5_CR_PLLON,
						value & L4L5_CR_PLLON, now_ps, PLL_LOCK_PS);
	if (~old & value & L4L5_CR_PLLON && stm32_l4l5_pll_input_hz(s) != 0 &&
	    !stm32_l4l5_pll_source_ready(s))
		stm32_fault(&s->base, "PLL switched on before its source is ready");
	stm32_l4l5_clock_update(&s->base);
}

static void pllcfgr_write(struct stm32_l4l5 *s, uint32_t value)
{
	uint32_t *pllcfgr = &s->clock.rcc[L4L5_RCC_PLLCFGR / 4];

	if (s->clock.rcc[L4L5_RCC_CR / 4] & L4L5_CR_PLLON &&
	    (value ^ *pllcfgr) & PLLCFGR_WHILE_OFF) {
		stm32_fault(&s->base,
			    "RCC_PLLCFGR changed from 0x%08x to 0x%08x while the PLL is on",
			    *pllcfgr, value);
		return;
	}
	*pllcfgr = value & PLLCFGR_WRITABLE;
	stm32_l4l5_clock_update(&s->base);
}

static void csr_write(struct stm32_l4l5 *s, uint32_t value)
{
	uint32_t *csr = &s->clock.rcc[L4L5_RCC_CSR / 4], range = value >> 8 & 15;

	if (range >= 4 && range <= 7)
		*csr = stm32_merge(*csr, value, 0xF00u);
	*csr = stm32_merge(*csr, value, s->traits->rcc.csr_plain);
	if (value & L4L5_CSR_RMVF)
		*csr &= ~CSR_FLAGS;
	/* MSISRANGE acts after Standby; MSIRGSEL clear means that the MSI still runs at its
	 * reset range, which is the one that the field shows. */
	if (!(s->clock.rcc[L4L5_RCC_CR / 4] & L4L5_CR_MSIRGSEL))
		stm32_l4l5_clock_update(&s->base);
}

/* A reset bit that rises puts its peripheral back to its reset state. */
static void rstr_write(struct stm32_l4l5 *s, uint32_t offset, uint32_t value)
{
	const struct stm32_l4l5_rcc_traits *traits = &s->traits->rcc;
	uint32_t rising = value & ~s->clock.rcc[offset / 4];

	s->clock.rcc[offset / 4] = value;
	if (offset == L4L5_RCC_AHB2RSTR) {
		for (unsigned port = 0; port < s->base.part->board->port_count; port++) {
			if (rising >> port & 1)
				stm32_gpio_reset(&s->base.gpio, port);
		}
		if (rising & 1u << L4L5_AHB2ENR_ADC)
			stm32_adc_reset(&s->adc);
	}
	if (offset == L4L5_RCC_APB1RSTR1 && rising & 1u << L4L5_APB1ENR1_PWR) {
		traits->pwr_reset(s);
		stm32_l4l5_clock_update(&s->base);
	}
	if (offset == traits->usart_rstr && rising >> traits->usart_rstr_bit & 1)
		stm32_usart_reset(&s->base.usart);
}

void stm32_l4l5_rcc_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct stm32_l4l5 *s = stm32_l4l5_of(chip);
	const struct stm32_l4l5_plain *plain = plain_find(s, offset);
	uint32_t *word;

	if (offset >= L4L5_RCC_BYTES) {
		stm32_unmodelled(&s->base, L4L5_RCC_BASE + offset);
		return;
	}
	word = &s->clock.rcc[offset / 4];
	value = stm32_merge(*word, value, mask);
	if (plain) {
		*word = stm32_merge(*word, value, plain->writable);
	} else if (offset == L4L5_RCC_CR) {
		cr_write(s, value);
	} else if (offset == L4L5_RCC_CFGR) {
		*word = value & CFGR_WRITABLE;
		stm32_l4l5_clock_update(&s->base);
	} else if (offset == L4L5_RCC_PLLCFGR) {
		pllcfgr_write(s, value);
	} else if (offset == L4L5_RCC_CSR) {
		csr_write(s, value);
	} else if (is_reset_register(offset)) {
		rstr_write(s, offset, value);
	} else {
		stm32_unmodelled(&s->base, L4L5_RCC_BASE + offset);
	}
}

void stm32_l4l5_rcc_reset(struct stm32_l4l5 *s, uint32_t flags)
{
	const struct stm32_l4l5_rcc_traits *traits = &s->traits->rcc;
	struct stm32_l4l5_clock *clock = &s->clock;
	uint32_t csr = clock->rcc[L4L5_RCC_CSR / 4] & CSR_FLAGS;

	memset(clock->rcc, 0, sizeof(clock->rcc));
	for (size_t i = 0; i < traits->plain_count; i++)
		clock->rcc[traits->plain[i].offset / 4] = traits->plain[i].reset;
	clock->rcc[L4L5_RCC_CR / 4] = 0x00000061;
	clock->rcc[L4L5_RCC_PLLCFGR / 4] = 0x00001000;
	clock->rcc[L4L5_RCC_CSR / 4] = 0x00000600 | csr | flags;
	clock->source = L4L5_SOURCE_MSI;
	clock->msi_ready_ps = stm32_now(&s->base);
	clock->hsi_ready_ps = clock->pll_ready_ps = STM32_NEVER_PS;
	clock->fast_since_ps = STM32_NEVER_PS;
}
