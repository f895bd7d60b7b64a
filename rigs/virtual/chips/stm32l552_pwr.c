/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PWR registers of the STM32L552 (RM0438, chapter PWR) beside those of the family: voltage range
 * and its settling, SMPS; and what the ranges allow (wait states: chapter FLASH). After reset the
 * range is 2 (PWR_CR1 0x400).
 */
#include "rigs/virtual/chips/stm32l552.h"

#define CR1_WRITABLE   0x00004707u
#define CR3_WRITABLE   0x00006F1Fu
#define CR4_WRITABLE   0x0000531Fu
#define SR1_SMPSBYPRDY (1u << 12)
#define SR1_SMPSHPRDY  (1u << 15)

/* By PWR_CR1.VOS. */
static const struct stm32_l4l5_range ranges[] = {
	{"range 0", 110, 344, 80, {20, 40, 60, 80, 100, 110}, 1.28},
	{"range 1", 80, 344, 80, {20, 40, 60, 80}, 1.2},
	{"range 2", 26, 128, 26, {8, 16, 26}, 1.0},
};

const struct stm32_l4l5_range *stm32l552_range_set(const struct stm32_l4l5 *s)
{
	return &ranges[s->clock.cr1 >> 9 & 3];
}

/* While the regulator still rises (SR2.VOSF) the core has what the range before gives. */
const struct stm32_l4l5_range *stm32l552_range_now(const struct stm32_l4l5 *s)
{
	return s->clock.vosf_end_ps > stm32_now(&s->base)
		       ? &ranges[((const struct stm32l552 *)s)->vos_reached]
		       : stm32l552_range_set(s);
}

uint32_t stm32l552_pwr_read(struct stm32 *chip, uint32_t offset)
{
	if (offset == L4L5_PWR_SR1) /* no wake-up from Standby in this model */
		return stm32_l4l5_of(chip)->clock.cr4 & L552_CR4_SMPSBYP ? SR1_SMPSBYPRDY
									 : SR1_SMPSHPRDY;
	if (offset == L4L5_PWR_SCR)
		return 0;
	return stm32_l4l5_pwr_read(chip, offset);
}

static void set_range(struct stm32l552 *s, unsigned old_vos, unsigned vos)
{
	struct stm32_l4l5_clock *clock = &s->family.clock;
	int64_t now_ps = stm32_now(&s->family.base);

	if (vos >= old_vos) { /* the core may be slow before its voltage has fallen */
		if (vos > old_vos)
			clock->vosf_end_ps = now_ps;
		return;
	}
	if (clock->vosf_end_ps <= now_ps)
		s->vos_reached = old_vos;
	clock->vosf_end_ps = now_ps + (int64_t)(s->vos_reached - vos) * L4L5_VOS_RISE_PS;
}

static void cr1_write(struct stm32 *chip, uint32_t value)
{
	uint32_t *cr1 = &stm32_l4l5_of(chip)->clock.cr1;
	unsigned old_vos = *cr1 >> 9 & 3, vos = value >> 9 & 3;

	if (vos == 3) {
		stm32_fault(chip, "PWR_CR1.VOS 3 is forbidden: 0, 1 and 2 are the ranges");
		return;
	}
	if (vos != old_vos && *cr1 & L4L5_CR1_LPR) {
		stm32_fault(chip, "PWR_CR1.VOS changed in low-power run");
		return;
	}
	*cr1 = value & CR1_WRITABLE;
	set_range(stm32l552_of(chip), old_vos, vos);
	stm32_l4l5_clock_update(chip);
}

static void cr4_write(struct stm32 *chip, uint32_t value)
{
	if (value & (L552_CR4_EXTSMPSEN | L552_CR4_SMPSLPEN))
		stm32_fault(
			chip,
			"PWR_CR4 0x%08x: external SMPS and SMPS low-power mode are not modelled",
			value);
	else
		stm32_l4l5_of(chip)->clock.cr4 = value & CR4_WRITABLE;
}

void stm32l552_pwr_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask)
{
	const struct stm32_l4l5_clock *clock = &stm32_l4l5_of(chip)->clock;

	if (offset == L4L5_PWR_CR1)
		cr1_write(chip, stm32_merge(clock->cr1, value, mask));
	else if (offset == L4L5_PWR_CR4)
		cr4_write(chip, stm32_merge(clock->cr4, value, mask));
	else
		stm32_l4l5_pwr_write(chip, offset, value, mask, CR3_WRITABLE);
}

void stm32l552_pwr_reset(struct stm32_l4l5 *s)
{
	stm32_l4l5_pwr_reset(s, 0x00000400, 0);
}
