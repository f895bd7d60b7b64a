/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Addresses, offsets and bits of the STM32L552 as RM0438 and ST's stm32l552xx.h name them; only
 * what the model uses. Non-secure addresses: TZEN is 0, the secure aliases do not answer.
 */
#ifndef RIGS_VIRTUAL_CHIPS_STM32L552_REGISTERS_H
#define RIGS_VIRTUAL_CHIPS_STM32L552_REGISTERS_H

#define L552_USART3_BASE 0x40004800u
#define L552_PWR_BASE    0x40007000u
#define L552_RCC_BASE    0x40021000u
#define L552_FLASHC_BASE 0x40022000u
#define L552_EXTI_BASE   0x4002F400u
#define L552_ICACHE_BASE 0x40030400u
#define L552_GPIO_BASE   0x42020000u
#define L552_ADC_BASE    0x42028000u
#define L552_DBGMCU_BASE 0xE0044000u

/* RCC */
#define L552_RCC_CR         0x00u
#define L552_RCC_ICSCR      0x04u
#define L552_RCC_CFGR       0x08u
#define L552_RCC_PLLCFGR    0x0Cu
#define L552_RCC_CIER       0x18u
#define L552_RCC_CIFR       0x1Cu
#define L552_RCC_CICR       0x20u
#define L552_RCC_AHB1RSTR   0x28u
#define L552_RCC_AHB2RSTR   0x2Cu
#define L552_RCC_AHB3RSTR   0x30u
#define L552_RCC_APB1RSTR1  0x38u
#define L552_RCC_APB1RSTR2  0x3Cu
#define L552_RCC_APB2RSTR   0x40u
#define L552_RCC_AHB1ENR    0x48u
#define L552_RCC_AHB2ENR    0x4Cu
#define L552_RCC_AHB3ENR    0x50u
#define L552_RCC_APB1ENR1   0x58u
#define L552_RCC_APB1ENR2   0x5Cu
#define L552_RCC_APB2ENR    0x60u
#define L552_RCC_AHB1SMENR  0x68u
#define L552_RCC_AHB2SMENR  0x6Cu
#define L552_RCC_AHB3SMENR  0x70u
#define L552_RCC_APB1SMENR1 0x78u
#define L552_RCC_APB1SMENR2 0x7Cu
#define L552_RCC_APB2SMENR  0x80u
#define L552_RCC_CCIPR1     0x88u
#define L552_RCC_BDCR       0x90u
#define L552_RCC_CSR        0x94u
#define L552_RCC_CRRCR      0x98u
#define L552_RCC_CCIPR2     0x9Cu
#define L552_RCC_BYTES      0xA0u

#define L552_CR_MSION        (1u << 0)
#define L552_CR_MSIRDY       (1u << 1)
#define L552_CR_MSIRGSEL     (1u << 3)
#define L552_CR_HSION        (1u << 8)
#define L552_CR_HSIRDY       (1u << 10)
#define L552_CR_PLLON        (1u << 24)
#define L552_CR_PLLRDY       (1u << 25)
#define L552_PLLCFGR_PLLREN  (1u << 24)
#define L552_CSR_RMVF        (1u << 23)
#define L552_CSR_PINRSTF     (1u << 26)
#define L552_CSR_BORRSTF     (1u << 27)
#define L552_CSR_SFTRSTF     (1u << 28)
#define L552_APB1ENR1_PWR    28
#define L552_APB1ENR1_USART3 18
#define L552_AHB2ENR_ADC     13

/* PWR */
#define L552_CR1_LPR       (1u << 14)
#define L552_CR4_SMPSBYP   (1u << 12)
#define L552_CR4_EXTSMPSEN (1u << 13)
#define L552_CR4_SMPSLPEN  (1u << 15)

/* FLASH */
#define L552_FLASH_KEY1   0x45670123u
#define L552_FLASH_KEY2   0xCDEF89ABu
#define L552_NSSR_EOP     (1u << 0)
#define L552_NSSR_OPERR   (1u << 1)
#define L552_NSSR_PROGERR (1u << 3)
#define L552_NSSR_WRPERR  (1u << 4)
#define L552_NSSR_PGAERR  (1u << 5)
#define L552_NSSR_SIZERR  (1u << 6)
#define L552_NSSR_PGSERR  (1u << 7)
#define L552_NSSR_OPTWERR (1u << 13)
#define L552_NSSR_BSY     (1u << 16)
#define L552_NSCR_PG      (1u << 0)
#define L552_NSCR_PER     (1u << 1)
#define L552_NSCR_MER1    (1u << 2)
#define L552_NSCR_BKER    (1u << 11)
#define L552_NSCR_MER2    (1u << 15)
#define L552_NSCR_STRT    (1u << 16)
#define L552_NSCR_EOPIE   (1u << 24)
#define L552_NSCR_ERRIE   (1u << 25)
#define L552_NSCR_OPTLOCK (1u << 30)
#define L552_NSCR_LOCK    (1u << 31)

/* ICACHE */
#define L552_ICACHE_CR_EN       (1u << 0)
#define L552_ICACHE_CR_CACHEINV (1u << 1)
#define L552_ICACHE_CR_WAYSEL   (1u << 2)
#define L552_ICACHE_SR_BUSYF    (1u << 0)
#define L552_ICACHE_SR_BSYENDF  (1u << 1)

#endif
