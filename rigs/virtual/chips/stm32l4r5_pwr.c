/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PWR registers of the STM32L4R5 (RM0432 section 5.4): voltage range, its settling, boost mode,
 * voltage detector.
 * Rise time of the regulator: DS12023 table 23 (wake-up of range 1 from range 2).
 */
#include "rigs/virtual/chips/stm32l4r5.h"

#define VOS_RISE_PS (20 * STM32_PS_PER_US)

enum {
	PWR_CR1 = 0x00,
	PWR_CR2 = 0x04,
	PWR_CR3 = 0x08,
	PWR_CR4 = 0x0C,
	PWR_SR1 = 0x10,
	PWR_SR2 = 0x14,
	PWR_SCR = 0x18,
	PWR_CR5 = 0x80
};

#define SR2_REGLPS (1u << 8)
#define SR2_REGLPF (1u << 9)
#define SR2_VOSF   (1u << 10)
#define SR2_PVDO   (1u << 11)

static uint32_t sr2_read(const struct stm32l4r5 *s)
{
	uint32_t value = SR2_REGLPS;

	if (s->clock.vosf_end_ps > stm32_now(&s->base))
		value |= SR2_VOSF;
	if (s->clock.cr1 & STM32_CR1_LPR)
		value |= SR2_REGLPF;
	if (s->pvd.output)
		value |= SR2_PVDO;
	return value;
}

uint32_t stm32l4r5_pwr_read(struct stm32l4r5 *s, uint32_t offset)
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
	case PWR_SR1:
		return 0; /* no wake-up from Standby in this model */
	case PWR_SR2:
		return sr2_read(s);
	case PWR_CR5:
		return s->clock.cr5;
	default:
		stm32_unmodelled(&s->base, STM32_PWR_BASE + offset);
		return 0;
	}
}

static void cr1_write(struct stm32l4r5 *s, uint32_t value)
{
	unsigned old_vos = s->clock.cr1 >> 9 & 3, vos = value >> 9 & 3;

	if (vos != 1 && vos != 2) {
		stm32_fault(&s->base, "PWR_CR1.VOS %u is forbidden: 1 is range 1, 2 is range 2",
			    vos);
		return;
	}
	s->clock.cr1 = value & 0x00004717;
	if (vos == 1 && old_vos == 2)
		s->clock.vosf_end_ps = stm32_now(&s->base) + VOS_RISE_PS;
	stm32l4r5_clock_update(&s->base);
}

void stm32l4r5_pwr_write(struct stm32l4r5 *s, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct stm32_clock *clock = &s->clock;

	switch (offset) {
	case PWR_CR1:
		cr1_write(s, (clock->cr1 & ~mask) | value);
		break;
	case PWR_CR2:
		clock->cr2 = ((clock->cr2 & ~mask) | value) & 0x000006FF;
		stm32_pvd_set(&s->pvd, clock->cr2 & 1, clock->cr2 >> 1 & 7);
		break;
	case PWR_CR3:
		clock->cr3 = ((clock->cr3 & ~mask) | value) & 0x0000951F;
		break;
	case PWR_CR4:
		clock->cr4 = ((clock->cr4 & ~mask) | value) & 0x0000031F;
		break;
	case PWR_CR5:
		clock->cr5 = ((clock->cr5 & ~mask) | value) & STM32_CR5_R1MODE;
		stm32l4r5_clock_update(&s->base);
		break;
	case PWR_SCR:
	case PWR_SR1:
	case PWR_SR2:
		break; /* nothing to clear; read-only */
	default:
		stm32_unmodelled(&s->base, STM32_PWR_BASE + offset);
		break;
	}
}

void stm32l4r5_pwr_reset(struct stm32l4r5 *s)
{
	s->clock.cr1 = 0x00000200;
	s->clock.cr2 = 0;
	s->clock.cr3 = 0x00008000;
	s->clock.cr4 = 0;
	s->clock.cr5 = STM32_CR5_R1MODE;
	s->clock.vosf_end_ps = 0;
}
