/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The programmable voltage detector of STM32 (RM0432 5.2, RM0438 PWR, RM0410 4.2.3) and the line of
 * the EXTI that it drives, 16: of the EXTI, that line alone is modelled. Its output is high while
 * VDD is below the level; VDD has to rise by the hysteresis above the falling threshold to end
 * that.
 */
#ifndef RIGS_VIRTUAL_CHIPS_STM32_PVD_H
#define RIGS_VIRTUAL_CHIPS_STM32_PVD_H

#include <stdbool.h>
#include <stdint.h>

struct stm32;

#define STM32_PVD_LEVELS   8
#define STM32_EXTI_PVD     (1u << 16)
#define STM32_EXTI_NOWHERE UINT32_MAX

struct stm32_pvd_levels {
	double rising_v[STM32_PVD_LEVELS], falling_v[STM32_PVD_LEVELS]; /* typical; 0: a pin */
	double spread_v; /* of all thresholds of a chip, either way */
};

/* What a part has. Offsets are from the EXTI's base. */
struct stm32_pvd_traits {
	const struct stm32_pvd_levels *levels;
	uint32_t exti_base;
	uint32_t interrupt_mask, event_mask, rising, falling;
	uint32_t pending_rising, pending_falling; /* one register, or one for each direction */
};

struct stm32_pvd {
	struct stm32 *chip;
	const struct stm32_pvd_traits *traits;
	double off_v; /* of this chip's thresholds */
	bool enabled, output;
	unsigned level;
	uint32_t interrupt_mask, event_mask, rising, falling, pending_rising, pending_falling;
};

/* Seeded: draws the chip's thresholds. */
void stm32_pvd_init(struct stm32_pvd *pvd, struct stm32 *chip,
		    const struct stm32_pvd_traits *traits);
void stm32_pvd_reset(struct stm32_pvd *pvd);
/* The bits of PWR's control register have been written. */
void stm32_pvd_set(struct stm32_pvd *pvd, bool enabled, unsigned level);
/* VDD may have changed. */
void stm32_pvd_update(struct stm32_pvd *pvd);

uint32_t stm32_exti_read(struct stm32_pvd *pvd, uint32_t offset);
void stm32_exti_write(struct stm32_pvd *pvd, uint32_t offset, uint32_t value, uint32_t mask);

#endif
