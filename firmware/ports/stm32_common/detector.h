/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where a chip's programmable voltage detector (PVD) is, between these ports.
 */
#ifndef FIRMWARE_PORTS_STM32_COMMON_DETECTOR_H
#define FIRMWARE_PORTS_STM32_COMMON_DETECTOR_H

#include <stdint.h>

struct detector {
	uint32_t clock, clock_bit;                   /* RCC: the register that clocks PWR */
	uint32_t control, enable, level_shift, most; /* PWR: PVDE, PLS, the highest level of VDD */
	uint32_t status, below;                      /* PWR: PVDO */
	/* EXTI line 16: its registers for the edge that rises when VDD falls. */
	uint32_t trigger, mask, pending;
};
/* The port's. */
extern const struct detector detector;

#endif
