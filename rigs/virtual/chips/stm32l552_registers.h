/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Addresses, offsets and bits of the STM32L552 as RM0438 and ST's stm32l552xx.h name them, beside
 * those of stm32_l4l5_registers.h; only what the model uses. Non-secure addresses: TZEN is 0, the
 * secure aliases do not answer.
 */
#ifndef RIGS_VIRTUAL_CHIPS_STM32L552_REGISTERS_H
#define RIGS_VIRTUAL_CHIPS_STM32L552_REGISTERS_H

#define L552_USART3_BASE 0x40004800u
#define L552_EXTI_BASE   0x4002F400u
#define L552_ICACHE_BASE 0x40030400u
#define L552_GPIO_BASE   0x42020000u
#define L552_ADC_BASE    0x42028000u
#define L552_DBGMCU_BASE 0xE0044000u

#define L552_APB1ENR1_USART3 18

/* PWR */
#define L552_CR4_SMPSBYP   (1u << 12)
#define L552_CR4_EXTSMPSEN (1u << 13)
#define L552_CR4_SMPSLPEN  (1u << 15)

/* FLASH */
#define L552_FLASH_NSKEYR 0x08u
#define L552_FLASH_NSSR   0x20u
#define L552_FLASH_NSCR   0x28u
#define L552_FLASH_ECCR   0x30u
#define L552_FLASH_OPTR   0x40u
#define L552_NSSR_OPTWERR (1u << 13)

/* ICACHE */
#define L552_ICACHE_CR_EN       (1u << 0)
#define L552_ICACHE_CR_CACHEINV (1u << 1)
#define L552_ICACHE_CR_WAYSEL   (1u << 2)
#define L552_ICACHE_SR_BUSYF    (1u << 0)
#define L552_ICACHE_SR_BSYENDF  (1u << 1)

#endif
