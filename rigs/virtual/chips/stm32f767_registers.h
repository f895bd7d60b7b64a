/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Addresses, offsets and bits of the STM32F767 as RM0410 names them; only what the model uses.
 */
#ifndef RIGS_VIRTUAL_CHIPS_STM32F767_REGISTERS_H
#define RIGS_VIRTUAL_CHIPS_STM32F767_REGISTERS_H

#define F767_USART_BASE  0x40004800u /* USART3 */
#define F767_PWR_BASE    0x40007000u
#define F767_ADC_BASE    0x40012000u
#define F767_SYSCFG_BASE 0x40013800u
#define F767_EXTI_BASE   0x40013C00u
#define F767_GPIO_BASE   0x40020000u
#define F767_RCC_BASE    0x40023800u
#define F767_FLASHC_BASE 0x40023C00u
#define F767_DBGMCU_BASE 0xE0042000u

/* RCC, 5.3 */
#define F767_RCC_CR       0x00u
#define F767_RCC_PLLCFGR  0x04u
#define F767_RCC_CFGR     0x08u
#define F767_RCC_CIR      0x0Cu
#define F767_RCC_AHB1RSTR 0x10u
#define F767_RCC_AHB2RSTR 0x14u
#define F767_RCC_AHB3RSTR 0x18u
#define F767_RCC_APB1RSTR 0x20u
#define F767_RCC_APB2RSTR 0x24u
#define F767_RCC_AHB1ENR  0x30u
#define F767_RCC_AHB2ENR  0x34u
#define F767_RCC_AHB3ENR  0x38u
#define F767_RCC_APB1ENR  0x40u
#define F767_RCC_APB2ENR  0x44u
#define F767_RCC_BDCR     0x70u
#define F767_RCC_CSR      0x74u
#define F767_RCC_DCKCFGR1 0x8Cu
#define F767_RCC_DCKCFGR2 0x90u

#define F767_CR_HSION    (1u << 0)
#define F767_CR_HSIRDY   (1u << 1)
#define F767_CR_HSEON    (1u << 16)
#define F767_CR_HSERDY   (1u << 17)
#define F767_CR_HSEBYP   (1u << 18)
#define F767_CR_CSSON    (1u << 19)
#define F767_CR_PLLON    (1u << 24)
#define F767_CR_PLLRDY   (1u << 25)
#define F767_CR_PLLI2SON (1u << 26)
#define F767_CR_PLLSAION (1u << 28)
#define F767_PLLCFGR_SRC (1u << 22)
#define F767_CSR_RMVF    (1u << 24)
#define F767_CSR_BORRSTF (1u << 25)
#define F767_CSR_PINRSTF (1u << 26)
#define F767_CSR_PORRSTF (1u << 27)
#define F767_CSR_SFTRSTF (1u << 28)
#define F767_APB1_USART3 (1u << 18)
#define F767_APB1_PWR    (1u << 28)
#define F767_APB2_ADC    (1u << 8)
#define F767_APB2_SYSCFG (1u << 14)

/* PWR, 4.4 */
#define F767_PWR_CR1_ODEN     (1u << 16)
#define F767_PWR_CR1_ODSWEN   (1u << 17)
#define F767_PWR_CSR1_VOSRDY  (1u << 14)
#define F767_PWR_CSR1_ODRDY   (1u << 16)
#define F767_PWR_CSR1_ODSWRDY (1u << 17)

/* FLASH, 3.7; more in stm32_flash.h */
#define F767_SR_WRPERR     (1u << 4)
#define F767_SR_PGAERR     (1u << 5)
#define F767_SR_PGPERR     (1u << 6)
#define F767_SR_ERSERR     (1u << 7)
#define F767_FLASH_CR_SER  (1u << 1)
#define F767_FLASH_CR_MER  (1u << 2)
#define F767_FLASH_CR_MER2 (1u << 15)

/* ADC, 15.13 */
#define F767_ADC_SR_EOC      (1u << 1)
#define F767_ADC_SR_STRT     (1u << 4)
#define F767_ADC_SR_OVR      (1u << 5)
#define F767_ADC_CR1_EOCIE   (1u << 5)
#define F767_ADC_CR1_SCAN    (1u << 8)
#define F767_ADC_CR1_OVRIE   (1u << 26)
#define F767_ADC_CR2_ADON    (1u << 0)
#define F767_ADC_CR2_CONT    (1u << 1)
#define F767_ADC_CR2_EOCS    (1u << 10)
#define F767_ADC_CR2_SWSTART (1u << 30)
#define F767_ADC_CCR_VBATE   (1u << 22)
#define F767_ADC_CCR_TSVREFE (1u << 23)

#endif
