/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PWR registers of the STM32L4R5 (RM0432 section 5.4) beside those of the family: voltage range,
 * its settling, boost mode; and what the ranges allow (5.1.8, 3.3.3; DS12023 table 23).
 */
#include "rigs/virtual/chips/stm32l4r5.h"

#define CR1_WRITABLE 0x00004717u
#define CR3_WRITABLE 0x0000951Fu
#define CR4_WRITABLE 0x0000031Fu

enum { RANGE_2 = 0, RANGE_1, RANGE_1_BOOST };

static const struct stm32_l4l5_range ranges[] = {
	[RANGE_2] = {"range 2", 26, 128, 80, {8, 16, 26}, 1.0},
	[RANGE_1] = {"range 1 normal mode", 80, 344, 80, {20, 40, 60, 80}, 1.2},
	[RANGE_1_BOOST] = {"range 1 boost mode", 120, 344, 80, {20, 40, 60, 80, 100, 120}, 1.28},
};

const struct stm32_l4l5_range *stm32l4r5_range_set(const struct stm32_l4l5 *s)
{
	if ((s->clock.cr1 >> 9 & 3) == 2)
		return &ranges[RANGE_2];
	return &ranges[((const struct stm32l4r5 *)s)->cr5 & L4R5_CR5_R1MODE ? RANGE_1
									    : RANGE_1_BOOST];
}

/* While the regulator still rises (SR2.VOSF) the core has what range 2 gives. */
const struct stm32_l4l5_range *stm32l4r5_range_now(const struct stm32_l4l5 *s)
{
	return s->clock.vosf_end_ps > stm32_now(&s->base) ? &ranges[RANGE_2]
							  : stm32l4r5_range_set(s);
}

static void cr1_write(struct stm32_l4l5 *s, uint32_t value)
{
	unsigned old_vos = s->clock.cr1 >> 9 & 3, vos = value >> 9 & 3;

	if (vos != 1 && vos != 2) {
		stm32_fault(&s->base, "PWR_CR1.VOS %u is forbidden: 1 is range 1, 2 is range 2",
			    vos);
		return;
	}
	s->clock.cr1 = value & CR1_WRITABLE;
	if (vos == 1 && old_vos == 2)
		s->clock.vosf_end_ps = stm32_now(&s->base) + L4L5_VOS_RISE_PS;
	stm32_l4l5_clock_update(&s->base);
}

uint32_t stm32l4r5_pwr_read(struct stm32 *chip, uint32_t offset)
{
	if (offset == L4L5_PWR_SR1)
		return 0; /* no wake-up from Standby in this model */
	if (offset == L4R5_PWR_CR5)
		return stm32l4r5_of(chip)->cr5;
	return stm32_l4l5_pwr_read(chip, offset);
}

void stm32l4r5_pwr_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct stm32l4r5 *s = stm32l4r5_of(chip);
	struct stm32_l4l5_clock *clock = &s->family.clock;

	switch (offset) {
	case L4L5_PWR_CR1:
		cr1_write(&s->family, stm32_merge(clock->cr1, value, mask));
		break;
	case L4L5_PWR_CR4:
		clock->cr4 = stm32_merge(clock->cr4, value, mask) & CR4_WRITABLE;
		break;
	case L4R5_PWR_CR5:
		s->cr5 = stm32_merge(s->cr5, value, mask) & L4R5_CR5_R1MODE;
		stm32_l4l5_clock_update(chip);
		break;
	default:
		stm32_l4l5_pwr_write(chip, offset, value, mask, CR3_WRITABLE);
		break;
	}
}

void stm32l4r5_pwr_reset(struct stm32_l4l5 *s)
{
	stm32_l4l5_pwr_reset(s, 0x00000200, 0x00008000);
	((struct stm32l4r5 *)s)->cr5 = L4R5_CR5_R1MODE;
}
