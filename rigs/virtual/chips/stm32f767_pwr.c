/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PWR registers of the STM32F767 (RM0410 section 4.4): voltage scale, over-drive and voltage
 * detector. VOS acts only while the PLL is on; with the PLL off the regulator is at scale 3 and
 * VOSRDY is clear. Times are modelled: over-drive from DS11532 (over-drive switch delay with the
 * HSI, 45 us on and 20 us off, split between the two steps), the scale's from the same regulator's
 * step.
 */
#include "rigs/virtual/chips/stm32f767.h"

#define VOS_RISE_PS (40 * STM32_PS_PER_US)
#define OD_ON_PS    (30 * STM32_PS_PER_US)
#define ODSW_ON_PS  (15 * STM32_PS_PER_US)

enum { PWR_CR1 = 0x00, PWR_CSR1 = 0x04, PWR_CR2 = 0x08, PWR_CSR2 = 0x0C };

#define CR1_WRITABLE     0x000FEFF3u
#define CR1_UDEN         0x000C0000u
#define CR1_RESET        0x0000C000u
#define CR2_WRITABLE     0x00003F00u
#define CSR1_WRITABLE    0x00000300u /* EIWUP, BRE */
#define OVER_DRIVE_BITS  (F767_PWR_CR1_ODEN | F767_PWR_CR1_ODSWEN)
#define OVER_DRIVE_MIN_V 2.1
#define CSR1_PVDO        (1u << 2)

static unsigned scale_wanted(const struct stm32f767 *s)
{
	return 4 - (s->clock.cr1 >> 14 & 3);
}

unsigned stm32f767_pwr_scale(const struct stm32f767 *s)
{
	return s->clock.vos_ready_ps <= stm32_now(&s->base) ? scale_wanted(s) : 3;
}

bool stm32f767_pwr_over_drive(const struct stm32f767 *s)
{
	return s->clock.odsw_ready_ps <= stm32_now(&s->base);
}

double stm32f767_pwr_core_v(const struct stm32f767 *s)
{
	/* DS11532, general operating conditions: V12, typical */
	static const double core_v[4] = {0, 1.32, 1.26, 1.14};

	return core_v[stm32f767_pwr_scale(s)];
}

void stm32f767_pwr_follow_pll(struct stm32f767 *s, bool on)
{
	s->clock.vos_ready_ps = on ? stm32_now(&s->base) + VOS_RISE_PS : STM32_NEVER_PS;
}

static uint32_t csr1_read(const struct stm32f767 *s)
{
	int64_t now_ps = stm32_now(&s->base);
	uint32_t value = s->clock.csr1;

	if (s->clock.vos_ready_ps <= now_ps)
		value |= F767_PWR_CSR1_VOSRDY;
	if (s->clock.od_ready_ps <= now_ps)
		value |= F767_PWR_CSR1_ODRDY;
	if (s->clock.odsw_ready_ps <= now_ps)
		value |= F767_PWR_CSR1_ODSWRDY;
	if (s->base.pvd.output)
		value |= CSR1_PVDO;
	return value;
}

uint32_t stm32f767_pwr_read(struct stm32 *chip, uint32_t offset)
{
	struct stm32f767 *s = stm32f767_of(chip);

	switch (offset) {
	case PWR_CR1:
		return s->clock.cr1;
	case PWR_CSR1:
		return csr1_read(s);
	case PWR_CR2:
		return s->clock.cr2;
	case PWR_CSR2:
		return 0; /* no wake-up pin */
	default:
		stm32_unmodelled(&s->base, F767_PWR_BASE + offset);
		return 0;
	}
}

static bool vos_is_legal(struct stm32f767 *s, uint32_t value)
{
	unsigned old_vos = s->clock.cr1 >> 14 & 3, vos = value >> 14 & 3;

	if (vos == 0)
		stm32_fault(&s->base,
			    "PWR_CR1.VOS 0 is reserved: 1 is scale 3, 2 scale 2, 3 scale 1");
	else if (vos != old_vos && s->clock.rcc[F767_RCC_CR / 4] & F767_CR_PLLON)
		stm32_fault(&s->base, "PWR_CR1.VOS changed from %u to %u while the PLL is on",
			    old_vos, vos);
	else
		return true;
	return false;
}

/* Over-drive is entered ODEN, ODRDY, ODSWEN, ODSWRDY and left with the system clock off the PLL. */
static bool over_drive_is_legal(struct stm32f767 *s, uint32_t value)
{
	uint32_t changed = (s->clock.cr1 ^ value) & OVER_DRIVE_BITS;

	if (value & OVER_DRIVE_BITS && (value >> 14 & 3) == 1)
		stm32_fault(&s->base,
			    "PWR_CR1.ODEN set in voltage scale 3, which has no over-drive");
	else if (value & OVER_DRIVE_BITS && s->base.pins.vdd_v < OVER_DRIVE_MIN_V)
		stm32_fault(&s->base, "PWR_CR1.ODEN set at a VDD of %.2f V, the least is 2.1 V",
			    s->base.pins.vdd_v);
	else if (value & F767_PWR_CR1_ODSWEN && !(value & F767_PWR_CR1_ODEN))
		stm32_fault(&s->base, "PWR_CR1.ODSWEN set while ODEN is clear");
	else if (changed & value & F767_PWR_CR1_ODSWEN &&
		 s->clock.od_ready_ps > stm32_now(&s->base))
		stm32_fault(&s->base, "PWR_CR1.ODSWEN set while PWR_CSR1.ODRDY is clear");
	else if (changed & F767_PWR_CR1_ODSWEN && s->clock.source == F767_SOURCE_PLL)
		stm32_fault(&s->base,
			    "over-drive switched while the PLL is the system clock: HSI or "
			    "HSE must be");
	else
		return true;
	return false;
}

static int64_t ready_after(int64_t ready_ps, uint32_t old, uint32_t value, uint32_t bit,
			   int64_t on_ps)
{
	if (!(value & bit))
		return STM32_NEVER_PS;
	return old & bit ? ready_ps : on_ps;
}

static void cr1_write(struct stm32f767 *s, uint32_t value)
{
	struct f767_clock *clock = &s->clock;
	int64_t now_ps = stm32_now(&s->base);
	uint32_t old = clock->cr1;

	if (value & CR1_UDEN) {
		stm32_fault(&s->base, "PWR_CR1 0x%08x: under-drive is not modelled", value);
		return;
	}
	value &= CR1_WRITABLE;
	if (!vos_is_legal(s, value) || !over_drive_is_legal(s, value))
		return;
	clock->cr1 = value;
	stm32_pvd_set(&s->base.pvd, value >> 4 & 1, value >> 5 & 7);
	clock->od_ready_ps =
		ready_after(clock->od_ready_ps, old, value, F767_PWR_CR1_ODEN, now_ps + OD_ON_PS);
	clock->odsw_ready_ps = ready_after(clock->odsw_ready_ps, old, value, F767_PWR_CR1_ODSWEN,
					   now_ps + ODSW_ON_PS);
	stm32f767_clock_update(&s->base);
}

void stm32f767_pwr_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct stm32f767 *s = stm32f767_of(chip);
	struct f767_clock *clock = &s->clock;

	switch (offset) {
	case PWR_CR1:
		cr1_write(s, (clock->cr1 & ~mask) | value);
		break;
	case PWR_CR2:
		mask &= CR2_WRITABLE;
		clock->cr2 = (clock->cr2 & ~mask) | (value & mask);
		break;
	case PWR_CSR1:
		mask &= CSR1_WRITABLE;
		clock->csr1 = (clock->csr1 & ~mask) | (value & mask);
		break;
	case PWR_CSR2:
		break; /* wake-up pins: none is wired */
	default:
		stm32_unmodelled(&s->base, F767_PWR_BASE + offset);
		break;
	}
}

void stm32f767_pwr_reset(struct stm32f767 *s)
{
	s->clock.cr1 = CR1_RESET;
	s->clock.csr1 = s->clock.cr2 = 0;
	s->clock.vos_ready_ps = STM32_NEVER_PS;
	s->clock.od_ready_ps = s->clock.odsw_ready_ps = STM32_NEVER_PS;
}
