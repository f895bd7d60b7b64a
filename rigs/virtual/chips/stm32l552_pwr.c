/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PWR registers of the STM32L552 (RM0438, chapter PWR): voltage range and its settling. After reset
 * the range is 2 (PWR_CR1 0x400). Rise time of the regulator per step of range: modelled, from the
 * STM32L4+ (DS12023 table 23, range 2 to range 1).
 */
#include "rigs/virtual/chips/stm32l552.h"

#define VOS_RISE_PS (20 * STM32_PS_PER_US)

enum {
	PWR_CR1 = 0x00,
	PWR_CR2 = 0x04,
	PWR_CR3 = 0x08,
	PWR_CR4 = 0x0C,
	PWR_SR1 = 0x10,
	PWR_SR2 = 0x14,
	PWR_SCR = 0x18
};

#define CR1_WRITABLE   0x00004707u
#define CR2_WRITABLE   0x000006FFu
#define CR3_WRITABLE   0x00006F1Fu
#define CR4_WRITABLE   0x0000531Fu
#define SR1_SMPSBYPRDY (1u << 12)
#define SR1_SMPSHPRDY  (1u << 15)
#define SR2_REGLPS     (1u << 8)
#define SR2_REGLPF     (1u << 9)
#define SR2_VOSF       (1u << 10)
#define SR2_PVDO       (1u << 11)

static uint32_t sr2_read(const struct stm32l552 *s)
{
	uint32_t value = SR2_REGLPS;

	if (s->clock.vosf_end_ps > stm32_now(&s->base))
		value |= SR2_VOSF;
	if (s->clock.cr1 & L552_CR1_LPR)
		value |= SR2_REGLPF;
	if (s->pvd.output)
		value |= SR2_PVDO;
	return value;
}

uint32_t stm32l552_pwr_read(struct stm32l552 *s, uint32_t offset)
{
	switch (offset) {
	case PWR_CR1:
		return s->clock.cr1;
	case PWR_CR2:
		return s->clock.cr2;
	case PWR_CR3:
		return s->clock.cr3;
	case PWR_CR4:
		return s->clock.cr4;
	case PWR_SR1: /* no wake-up from Standby in this model */
		return s->clock.cr4 & L552_CR4_SMPSBYP ? SR1_SMPSBYPRDY : SR1_SMPSHPRDY;
	case PWR_SR2:
		return sr2_read(s);
	case PWR_SCR:
		return 0;
	default:
		stm32_unmodelled(&s->base, L552_PWR_BASE + offset);
		return 0;
	}
}

static void set_range(struct stm32l552 *s, unsigned old_vos, unsigned vos)
{
	struct l552_clock *clock = &s->clock;
	int64_t now_ps = stm32_now(&s->base);

	if (vos >= old_vos) { /* the core may be slow before its voltage has fallen */
		if (vos > old_vos)
			clock->vosf_end_ps = now_ps;
		return;
	}
	if (clock->vosf_end_ps <= now_ps)
		clock->vos_reached = old_vos;
	clock->vosf_end_ps = now_ps + (int64_t)(clock->vos_reached - vos) * VOS_RISE_PS;
}

static void cr1_write(struct stm32l552 *s, uint32_t value)
{
	unsigned old_vos = s->clock.cr1 >> 9 & 3, vos = value >> 9 & 3;

	if (vos == 3) {
		stm32_fault(&s->base, "PWR_CR1.VOS 3 is forbidden: 0, 1 and 2 are the ranges");
		return;
	}
	if (vos != old_vos && s->clock.cr1 & L552_CR1_LPR) {
		stm32_fault(&s->base, "PWR_CR1.VOS changed in low-power run");
		return;
	}
	s->clock.cr1 = value & CR1_WRITABLE;
	set_range(s, old_vos, vos);
	stm32l552_clock_update(&s->base);
}

static void cr4_write(struct stm32l552 *s, uint32_t value)
{
	if (value & (L552_CR4_EXTSMPSEN | L552_CR4_SMPSLPEN))
		stm32_fault(
			&s->base,
			"PWR_CR4 0x%08x: external SMPS and SMPS low-power mode are not modelled",
			value);
	else
		s->clock.cr4 = value & CR4_WRITABLE;
}

void stm32l552_pwr_write(struct stm32l552 *s, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct l552_clock *clock = &s->clock;

	switch (offset) {
	case PWR_CR1:
		cr1_write(s, stm32_merge(clock->cr1, value, mask));
		break;
	case PWR_CR2:
		clock->cr2 = stm32_merge(clock->cr2, value, mask) & CR2_WRITABLE;
		stm32_pvd_set(&s->pvd, clock->cr2 & 1, clock->cr2 >> 1 & 7);
		break;
	case PWR_CR3:
		clock->cr3 = stm32_merge(clock->cr3, value, mask) & CR3_WRITABLE;
		break;
	case PWR_CR4:
		cr4_write(s, stm32_merge(clock->cr4, value, mask));
		break;
	case PWR_SCR:
	case PWR_SR1:
	case PWR_SR2:
		break; /* nothing to clear; read-only */
	default:
		stm32_unmodelled(&s->base, L552_PWR_BASE + offset);
		break;
	}
}

void stm32l552_pwr_reset(struct stm32l552 *s)
{
	s->clock.cr1 = 0x00000400;
	s->clock.cr2 = s->clock.cr3 = s->clock.cr4 = 0;
	s->clock.vosf_end_ps = 0;
}
