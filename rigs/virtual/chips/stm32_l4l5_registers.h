/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Addresses, offsets and bits that RM0432 (STM32L4+) and RM0438 (STM32L5) have alike; only what the
 * model uses.
 */
#ifndef RIGS_VIRTUAL_CHIPS_STM32_L4L5_REGISTERS_H
#define RIGS_VIRTUAL_CHIPS_STM32_L4L5_REGISTERS_H

#define L4L5_PWR_BASE    0x40007000u
#define L4L5_RCC_BASE    0x40021000u
#define L4L5_FLASHC_BASE 0x40022000u

/* RCC: RM0432 6.4 */
#define L4L5_RCC_CR         0x00u
#define L4L5_RCC_ICSCR      0x04u
#define L4L5_RCC_CFGR       0x08u
#define L4L5_RCC_PLLCFGR    0x0Cu
#define L4L5_RCC_CIER       0x18u
#define L4L5_RCC_CIFR       0x1Cu
#define L4L5_RCC_CICR       0x20u
#define L4L5_RCC_AHB1RSTR   0x28u
#define L4L5_RCC_AHB2RSTR   0x2Cu
#define L4L5_RCC_APB1RSTR1  0x38u
#define L4L5_RCC_APB1RSTR2  0x3Cu
#define L4L5_RCC_APB2RSTR   0x40u
#define L4L5_RCC_AHB1ENR    0x48u
#define L4L5_RCC_AHB2ENR    0x4Cu
#define L4L5_RCC_AHB3ENR    0x50u
#define L4L5_RCC_APB1ENR1   0x58u
#define L4L5_RCC_APB1ENR2   0x5Cu
#define L4L5_RCC_APB2ENR    0x60u
#define L4L5_RCC_AHB1SMENR  0x68u
#define L4L5_RCC_AHB2SMENR  0x6Cu
#define L4L5_RCC_AHB3SMENR  0x70u
#define L4L5_RCC_APB1SMENR1 0x78u
#define L4L5_RCC_APB1SMENR2 0x7Cu
#define L4L5_RCC_APB2SMENR  0x80u
#define L4L5_RCC_CCIPR      0x88u /* L5: CCIPR1 */
#define L4L5_RCC_BDCR       0x90u
#define L4L5_RCC_CSR        0x94u
#define L4L5_RCC_CRRCR      0x98u
#define L4L5_RCC_CCIPR2     0x9Cu
#define L4L5_RCC_BYTES      0xA0u

#define L4L5_CR_MSION       (1u << 0)
#define L4L5_CR_MSIRDY      (1u << 1)
#define L4L5_CR_MSIRGSEL    (1u << 3)
#define L4L5_CR_HSION       (1u << 8)
#define L4L5_CR_HSIRDY      (1u << 10)
#define L4L5_CR_PLLON       (1u << 24)
#define L4L5_CR_PLLRDY      (1u << 25)
#define L4L5_PLLCFGR_PLLREN (1u << 24)
#define L4L5_CSR_RMVF       (1u << 23)
#define L4L5_CSR_PINRSTF    (1u << 26)
#define L4L5_CSR_BORRSTF    (1u << 27)
#define L4L5_CSR_SFTRSTF    (1u << 28)
#define L4L5_AHB2ENR_ADC    13
#define L4L5_APB1ENR1_PWR   28

/* PWR: RM0432 5.4 */
#define L4L5_PWR_CR1 0x00u
#define L4L5_PWR_CR2 0x04u
#define L4L5_PWR_CR3 0x08u
#define L4L5_PWR_CR4 0x0Cu
#define L4L5_PWR_SR1 0x10u
#define L4L5_PWR_SR2 0x14u
#define L4L5_PWR_SCR 0x18u
#define L4L5_CR1_LPR (1u << 14)

/* FLASH: RM0432 3.7; L5: NSSR, NSCR; more in stm32_flash.h */
#define L4L5_FLASH_SR_PROGERR (1u << 3)
#define L4L5_FLASH_SR_WRPERR  (1u << 4)
#define L4L5_FLASH_SR_PGAERR  (1u << 5)
#define L4L5_FLASH_SR_SIZERR  (1u << 6)
#define L4L5_FLASH_SR_PGSERR  (1u << 7)
#define L4L5_FLASH_CR_PER     (1u << 1)
#define L4L5_FLASH_CR_MER1    (1u << 2)
#define L4L5_FLASH_CR_BKER    (1u << 11)
#define L4L5_FLASH_CR_MER2    (1u << 15)
#define L4L5_FLASH_CR_OPTLOCK (1u << 30)

#endif
