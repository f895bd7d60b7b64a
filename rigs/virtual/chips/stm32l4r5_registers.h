/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Addresses, offsets and bits of the STM32L4R5 as RM0432 names them; only what the model uses.
 */
#ifndef RIGS_VIRTUAL_CHIPS_STM32L4R5_REGISTERS_H
#define RIGS_VIRTUAL_CHIPS_STM32L4R5_REGISTERS_H

#define STM32_PWR_BASE    0x40007000u
#define STM32_LPUART_BASE 0x40008000u
#define STM32_EXTI_BASE   0x40010400u
#define STM32_RCC_BASE    0x40021000u
#define STM32_FLASHC_BASE 0x40022000u
#define STM32_GPIO_BASE   0x48000000u
#define STM32_ADC_BASE    0x50040000u
#define STM32_DBGMCU_BASE 0xE0042000u

/* RCC, 6.4 */
#define STM32_RCC_CR        0x00u
#define STM32_RCC_ICSCR     0x04u
#define STM32_RCC_CFGR      0x08u
#define STM32_RCC_PLLCFGR   0x0Cu
#define STM32_RCC_CIER      0x18u
#define STM32_RCC_CIFR      0x1Cu
#define STM32_RCC_CICR      0x20u
#define STM32_RCC_AHB1RSTR  0x28u
#define STM32_RCC_AHB2RSTR  0x2Cu
#define STM32_RCC_AHB3RSTR  0x30u
#define STM32_RCC_APB1RSTR1 0x38u
#define STM32_RCC_APB1RSTR2 0x3Cu
#define STM32_RCC_APB2RSTR  0x40u
#define STM32_RCC_AHB1ENR   0x48u
#define STM32_RCC_AHB2ENR   0x4Cu
#define STM32_RCC_AHB3ENR   0x50u
#define STM32_RCC_APB1ENR1  0x58u
#define STM32_RCC_APB1ENR2  0x5Cu
#define STM32_RCC_APB2ENR   0x60u
#define STM32_RCC_CCIPR     0x88u
#define STM32_RCC_BDCR      0x90u
#define STM32_RCC_CSR       0x94u

#define STM32_CR_MSION       (1u << 0)
#define STM32_CR_MSIRDY      (1u << 1)
#define STM32_CR_MSIRGSEL    (1u << 3)
#define STM32_CR_HSION       (1u << 8)
#define STM32_CR_HSIRDY      (1u << 10)
#define STM32_CR_PLLON       (1u << 24)
#define STM32_CR_PLLRDY      (1u << 25)
#define STM32_PLLCFGR_PLLREN (1u << 24)
#define STM32_CSR_RMVF       (1u << 23)
#define STM32_CSR_PINRSTF    (1u << 26)
#define STM32_CSR_BORRSTF    (1u << 27)
#define STM32_CSR_SFTRSTF    (1u << 28)

/* PWR, 5.4 */
#define STM32_CR1_LPR    (1u << 14)
#define STM32_CR5_R1MODE (1u << 8)

/* FLASH, 3.7 */
#define STM32_FLASH_KEY1     0x45670123u
#define STM32_FLASH_KEY2     0xCDEF89ABu
#define STM32_SR_EOP         (1u << 0)
#define STM32_SR_OPERR       (1u << 1)
#define STM32_SR_PROGERR     (1u << 3)
#define STM32_SR_WRPERR      (1u << 4)
#define STM32_SR_PGAERR      (1u << 5)
#define STM32_SR_SIZERR      (1u << 6)
#define STM32_SR_PGSERR      (1u << 7)
#define STM32_SR_BSY         (1u << 16)
#define STM32_SR_PEMPTY      (1u << 17)
#define STM32_FLASH_CR_PG    (1u << 0)
#define STM32_FLASH_CR_PER   (1u << 1)
#define STM32_FLASH_CR_MER1  (1u << 2)
#define STM32_FLASH_CR_BKER  (1u << 11)
#define STM32_FLASH_CR_MER2  (1u << 15)
#define STM32_FLASH_CR_STRT  (1u << 16)
#define STM32_FLASH_CR_EOPIE (1u << 24)
#define STM32_FLASH_CR_ERRIE (1u << 25)
#define STM32_FLASH_CR_LOCK  (1u << 31)

#endif
