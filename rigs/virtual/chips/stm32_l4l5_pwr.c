/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PWR registers that the STM32L4+ and L5 have alike (RM0432 section 5.4; RM0438, chapter PWR).
 * There is no wake-up from Standby in this model.
 */
#include "rigs/virtual/chips/stm32_l4l5.h"

#define CR2_WRITABLE 0x000006FFu
#define SR2_REGLPS   (1u << 8)
#define SR2_REGLPF   (1u << 9)
#define SR2_VOSF     (1u << 10)
#define SR2_PVDO     (1u << 11)

static uint32_t sr2_read(const struct stm32_l4l5 *s)
{
	uint32_t value = SR2_REGLPS;

	if (s->clock.vosf_end_ps > stm32_now(&s->base))
		value |= SR2_VOSF;
	if (s->clock.cr1 & L4L5_CR1_LPR)
		value |= SR2_REGLPF;
	if (s->base.pvd.output)
		value |= SR2_PVDO;
	return value;
}

uint32_t stm32_l4l5_pwr_read(struct stm32 *chip, uint32_t offset)
{
	const struct stm32_l4l5 *s = stm32_l4l5_of(chip);

	switch (offset) {
	case L4L5_PWR_CR1:
		return s->clock.cr1;
	case L4L5_PWR_CR2:
		return s->clock.cr2;
	case L4L5_PWR_CR3:
		return s->clock.cr3;
	case L4L5_PWR_CR4:
		return s->clock.cr4;
	case L4L5_PWR_SR2:
		return sr2_read(s);
	default:
		stm32_unmodelled(chip, L4L5_PWR_BASE + offset);
		return 0;
	}
}

void stm32_l4l5_pwr_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask,
			  uint32_t cr3_writable)
{
	struct stm32_l4l5_clock *clock = &stm32_l4l5_of(chip)->clock;

	switch (offset) {
	case L4L5_PWR_CR2:
		clock->cr2 = stm32_merge(clock->cr2, value, mask) & CR2_WRITABLE;
		stm32_pvd_set(&chip->pvd, clock->cr2 & 1, clock->cr2 >> 1 & 7);
		break;
	case L4L5_PWR_CR3:
		clock->cr3 = stm32_merge(clock->cr3, value, mask) & cr3_writable;
		break;
	case L4L5_PWR_SCR:
	case L4L5_PWR_SR1:
	case L4L5_PWR_SR2:
		break; /* nothing to clear; read-only */
	default:
		stm32_unmodelled(chip, L4L5_PWR_BASE + offset);
		break;
	}
}

void stm32_l4l5_pwr_reset(struct stm32_l4l5 *s, uint32_t cr1, uint32_t cr3)
{
	s->clock.cr1 = cr1;
	s->clock.cr2 = 0;
	s->clock.cr3 = cr3;
	s->clock.cr4 = 0;
	s->clock.vosf_end_ps = 0;
}
