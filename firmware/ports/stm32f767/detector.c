/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Voltage detector of the STM32F767: RM0410, PWR (PWR_CR1, PWR_CSR1) and EXTI. Level 7 is the
 * highest, some 2.9 to 3.0 V.
 */
#include "firmware/ports/stm32_common/detector.h"

#include "firmware/ports/stm32f767/registers.h"

const struct detector detector = {
	.clock = RCC_APB1ENR_ADDRESS,
	.clock_bit = RCC_APB1_PWR,
	.control = PWR_CR1_ADDRESS,
	.enable = PWR_CR1_PVDE,
	.level_shift = PWR_CR1_PLS_SHIFT,
	.most = 7,
	.status = PWR_CSR1_ADDRESS,
	.below = PWR_CSR1_PVDO,
	.trigger = EXTI + 0x08, /* RTSR */
	.mask = EXTI + 0x00,    /* IMR */
	.pending = EXTI + 0x14, /* PR */
};
