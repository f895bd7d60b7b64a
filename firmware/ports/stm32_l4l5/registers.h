/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Registers and bits that STM32L4+ and STM32L5 have in common, as far as these ports touch them.
 * RM0432 and RM0438, register sections of FLASH, PWR, RCC and ADC; of the STM32L5 the non-secure
 * addresses, which are the ones to use with TrustZone off (option TZEN = 0).
 */
#ifndef FIRMWARE_PORTS_STM32_L4L5_REGISTERS_H
#define FIRMWARE_PORTS_STM32_L4L5_REGISTERS_H

#include "firmware/ports/stm32_common/core.h"

/* Reset and clock control */
#define RCC_CR               REGISTER(0x40021000)
#define RCC_CFGR             REGISTER(0x40021008)
#define RCC_PLLCFGR          REGISTER(0x4002100C)
#define RCC_CIER             REGISTER(0x40021018)
#define RCC_AHB2ENR          REGISTER(0x4002104C)
#define RCC_APB1ENR1_ADDRESS 0x40021058U
#define RCC_APB1ENR1         REGISTER(RCC_APB1ENR1_ADDRESS)
#define RCC_CSR_ADDRESS      0x40021094U
#define RCC_CRRCR            REGISTER(0x40021098)
#define RCC_CR_MSION         BIT(0)
#define RCC_CR_MSIRDY        BIT(1)
#define RCC_CR_MSIRGSEL      BIT(3)
#define RCC_CR_MSIRANGE      (15U << 4)
#define RCC_CR_MSI_4MHZ      (6U << 4)
#define RCC_CR_HSION         BIT(8)
#define RCC_CR_HSIRDY        BIT(10)
#define RCC_CR_HSEON         BIT(16)
#define RCC_CR_PLLON         BIT(24)
#define RCC_CR_PLLRDY        BIT(25)
#define RCC_CR_PLLSAI1ON     BIT(26)
#define RCC_CR_PLLSAI2ON     BIT(28)
#define RCC_CFGR_SW          3U
#define RCC_CFGR_SWS_SHIFT   2
#define RCC_CFGR_HPRE        (15U << 4)
#define RCC_CFGR_HPRE_2      (8U << 4)
#define RCC_CFGR_PPRE        (63U << 8) /* both APB prescalers */
#define RCC_PLLCFGR_SRC_MSI  1U
#define RCC_PLLCFGR_N_SHIFT  8
#define RCC_PLLCFGR_REN      BIT(24)
#define RCC_PLLCFGR_R_SHIFT  25
#define RCC_AHB2_GPIOA       BIT(0)
#define RCC_AHB2_GPIOC       BIT(2)
#define RCC_AHB2_GPIOE       BIT(4)
#define RCC_AHB2_ADC         BIT(13)
#define RCC_APB1_1_PWR       BIT(28)
#define RCC_CSR_RMVF         BIT(23)

/* Power control */
#define PWR_CR1           REGISTER(0x40007000)
#define PWR_CR2_ADDRESS   0x40007004U
#define PWR_SR2_ADDRESS   0x40007014U
#define PWR_SR2           REGISTER(PWR_SR2_ADDRESS)
#define PWR_CR5           REGISTER(0x40007080) /* STM32L4+ only */
#define PWR_CR1_VOS       (3U << 9)
#define PWR_CR1_VOS_SHIFT 9 /* the range's number; range 0 on STM32L5 only */
#define PWR_CR2_PVDE      BIT(0)
#define PWR_CR2_PLS_SHIFT 1
#define PWR_SR2_VOSF      BIT(10)
#define PWR_SR2_PVDO      BIT(11)
#define PWR_CR5_R1MODE    BIT(8) /* 1: range 1 normal, 0: range 1 boost */

/* Flash interface */
#define FLASH_ACR          REGISTER(0x40022000)
#define FLASH_KEYR         REGISTER(0x40022008)
#define FLASH_ACR_LATENCY  15U
#define FLASH_KEY_1        0x45670123U
#define FLASH_KEY_2        0xCDEF89ABU
#define FLASH_SR_EOP       BIT(0)
#define FLASH_SR_BSY       BIT(16)
#define FLASH_CR_PG        BIT(0)
#define FLASH_CR_PER       BIT(1)
#define FLASH_CR_PNB_SHIFT 3
#define FLASH_CR_BKER      BIT(11)
#define FLASH_CR_START     BIT(16)
#define FLASH_CR_LOCK      BIT(31)
#define FLASH_ECCR_BANK2   BIT(21)
#define FLASH_ECCR_ECCIE   BIT(24)
#define FLASH_ECCR_ECCD2   BIT(29)
#define FLASH_ECCR_ECCD    BIT(31)
#define FLASH_OPTR_DBANK   BIT(22)

/* ADC1, of the ADC at this address */
#define ADC_ISR(adc)          REGISTER((adc) + 0x000)
#define ADC_CR(adc)           REGISTER((adc) + 0x008)
#define ADC_CFGR(adc)         REGISTER((adc) + 0x00C)
#define ADC_SMPR1(adc)        REGISTER((adc) + 0x014)
#define ADC_SMPR2(adc)        REGISTER((adc) + 0x018)
#define ADC_SQR1(adc)         REGISTER((adc) + 0x030)
#define ADC_DR(adc)           REGISTER((adc) + 0x040)
#define ADC_CCR(adc)          REGISTER((adc) + 0x308)
#define ADC_ISR_ADRDY         BIT(0)
#define ADC_ISR_EOC           BIT(2)
#define ADC_CR_ADEN           BIT(0)
#define ADC_CR_ADDIS          BIT(1)
#define ADC_CR_ADSTART        BIT(2)
#define ADC_CR_ADVREGEN       BIT(28)
#define ADC_CR_DEEPPWD        BIT(29)
#define ADC_CR_ADCAL          BIT(31)
#define ADC_CFGR_RESET        0x80000000U
#define ADC_CCR_CKMODE_HCLK_4 (3U << 16)
#define ADC_CCR_VREFEN        BIT(22)
#define ADC_CCR_TSEN          BIT(23)

#endif
