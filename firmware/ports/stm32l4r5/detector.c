/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Voltage detector of the STM32L4R5: RM0432, PWR (PWR_CR2, PWR_SR2) and EXTI. Level 6 is 2.9 V; 7
 * is a pin.
 */
#include "firmware/ports/stm32_common/detector.h"

#include "firmware/ports/stm32l4r5/registers.h"

const struct detector detector = {
	.clock = RCC_APB1ENR1_ADDRESS,
	.clock_bit = RCC_APB1_1_PWR,
	.control = PWR_CR2_ADDRESS,
	.enable = PWR_CR2_PVDE,
	.level_shift = PWR_CR2_PLS_SHIFT,
	.most = 6,
	.status = PWR_SR2_ADDRESS,
	.below = PWR_SR2_PVDO,
	.trigger = EXTI + 0x08, /* RTSR1 */
	.mask = EXTI + 0x00,    /* IMR1 */
	.pending = EXTI + 0x14, /* PR1 */
};
