/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ICACHE of the STM32L552 (RM0438, chapter ICACHE): on, it serves fetches and reads of flash;
 * during an invalidation, which follows reset and switching off as well, it is bypassed. Not
 * modelled: remapped regions, monitors, and what WAYSEL changes in the hit rate. Length of an
 * invalidation: modelled, one cycle for each of 256 lines of a way.
 */
#include "rigs/virtual/chips/stm32l552.h"

#define INVALIDATE_CYCLES 256

enum { ICACHE_CR = 0x00, ICACHE_SR = 0x04, ICACHE_IER = 0x08, ICACHE_FCR = 0x0C };

#define CR_MODELLED  (L552_ICACHE_CR_EN | L552_ICACHE_CR_CACHEINV | L552_ICACHE_CR_WAYSEL)
#define IER_MODELLED L552_ICACHE_SR_BSYENDF
#define FCR_FLAGS    0x6u

static void irq_update(struct stm32l552 *s)
{
	armv7em_set_irq(s->family.base.core, L552_IRQ_ICACHE, s->icache.busy_end && s->icache.ier);
}

void stm32l552_icache_apply(struct stm32l552 *s)
{
	bool on = s->icache.cr & L552_ICACHE_CR_EN && !s->icache.busy;

	armv7em_set_flash(s->family.base.core, s->family.base.flashc.acr & 15, false, on, on);
}

static void invalidate(struct stm32l552 *s)
{
	struct stm32 *chip = &s->family.base;

	s->icache.busy = true;
	stm32_schedule(chip, STM32_DEADLINE_CACHE,
		       stm32_now(chip) + (int64_t)((__int128)INVALIDATE_CYCLES * 1000 *
						   STM32_PS_PER_S / (__int128)chip->hclk_millihz));
}

void stm32l552_icache_boot(struct stm32l552 *s)
{
	invalidate(s);
}

void stm32l552_icache_event(struct stm32 *chip, int64_t t_ps)
{
	struct stm32l552 *s = stm32l552_of(chip);

	(void)t_ps;
	s->icache.busy = false;
	s->icache.busy_end = true;
	stm32l552_icache_apply(s);
	irq_update(s);
}

static void cr_write(struct stm32l552 *s, uint32_t value)
{
	uint32_t old = s->icache.cr;

	if (value & ~CR_MODELLED) {
		stm32_fault(&s->family.base, "ICACHE_CR 0x%08x sets bits that are not modelled",
			    value);
		return;
	}
	if (old & L552_ICACHE_CR_EN && (value ^ old) & L552_ICACHE_CR_WAYSEL) {
		stm32_fault(&s->family.base, "ICACHE_CR.WAYSEL changed while EN is set");
		return;
	}
	s->icache.cr = value & (L552_ICACHE_CR_EN | L552_ICACHE_CR_WAYSEL);
	if (!s->icache.busy &&
	    (value & L552_ICACHE_CR_CACHEINV || old & ~value & L552_ICACHE_CR_EN))
		invalidate(s);
	stm32l552_icache_apply(s);
}

uint32_t stm32l552_icache_read(struct stm32 *chip, uint32_t offset)
{
	const struct stm32l552 *s = stm32l552_of(chip);

	switch (offset) {
	case ICACHE_CR:
		return s->icache.cr;
	case ICACHE_SR:
		return (s->icache.busy ? L552_ICACHE_SR_BUSYF : 0) |
		       (s->icache.busy_end ? L552_ICACHE_SR_BSYENDF : 0);
	case ICACHE_IER:
		return s->icache.ier;
	case ICACHE_FCR:
		return 0;
	default:
		stm32_unmodelled(chip, L552_ICACHE_BASE + offset);
		return 0;
	}
}

void stm32l552_icache_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct stm32l552 *s = stm32l552_of(chip);

	switch (offset) {
	case ICACHE_CR:
		cr_write(s, stm32_merge(s->icache.cr, value, mask));
		break;
	case ICACHE_IER:
		s->icache.ier = stm32_merge(s->icache.ier, value, mask) & IER_MODELLED;
		irq_update(s);
		break;
	case ICACHE_FCR:
		if (value & FCR_FLAGS & L552_ICACHE_SR_BSYENDF)
			s->icache.busy_end = false;
		irq_update(s);
		break;
	case ICACHE_SR:
		break; /* read-only */
	default:
		stm32_unmodelled(chip, L552_ICACHE_BASE + offset);
		break;
	}
}

void stm32l552_icache_reset(struct stm32l552 *s)
{
	s->icache.cr = L552_ICACHE_CR_WAYSEL;
	s->icache.ier = 0;
	s->icache.busy = true; /* until some cycles after the reset */
	s->icache.busy_end = false;
	stm32l552_icache_apply(s);
	irq_update(s);
}
