/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The few registers of the STM32L552 that this port touches, at their non-secure addresses, which
 * are the ones to use with TrustZone off (option TZEN = 0). RM0438, register sections of FLASH,
 * PWR, RCC, ICACHE and ADC.
 */
#ifndef FIRMWARE_PORTS_STM32L552_REGISTERS_H
#define FIRMWARE_PORTS_STM32L552_REGISTERS_H

#include "firmware/ports/stm32_common/core.h"

/* Reset and clock control */
#define RCC_CR                REGISTER(0x40021000)
#define RCC_CFGR              REGISTER(0x40021008)
#define RCC_PLLCFGR           REGISTER(0x4002100C)
#define RCC_CIER              REGISTER(0x40021018)
#define RCC_APB1RSTR1         REGISTER(0x40021038)
#define RCC_AHB2ENR           REGISTER(0x4002104C)
#define RCC_APB1ENR1          REGISTER(0x40021058)
#define RCC_CCIPR1            REGISTER(0x40021088)
#define RCC_CSR               REGISTER(0x40021094)
#define RCC_CRRCR             REGISTER(0x40021098)
#define RCC_CR_MSION          BIT(0)
#define RCC_CR_MSIRDY         BIT(1)
#define RCC_CR_MSIRGSEL       BIT(3)
#define RCC_CR_MSIRANGE       (15U << 4)
#define RCC_CR_MSI_4MHZ       (6U << 4)
#define RCC_CR_HSION          BIT(8)
#define RCC_CR_HSIRDY         BIT(10)
#define RCC_CR_HSEON          BIT(16)
#define RCC_CR_PLLON          BIT(24)
#define RCC_CR_PLLRDY         BIT(25)
#define RCC_CR_PLLSAI1ON      BIT(26)
#define RCC_CR_PLLSAI2ON      BIT(28)
#define RCC_CFGR_SW           3U
#define RCC_CFGR_SWS_SHIFT    2
#define RCC_CFGR_HPRE         (15U << 4)
#define RCC_CFGR_HPRE_2       (8U << 4)
#define RCC_CFGR_PPRE         (63U << 8) /* both APB prescalers */
#define RCC_PLLCFGR_SRC_MSI   1U
#define RCC_PLLCFGR_N_SHIFT   8
#define RCC_PLLCFGR_REN       BIT(24)
#define RCC_PLLCFGR_R_SHIFT   25
#define RCC_AHB2_GPIOC        BIT(2)
#define RCC_AHB2_GPIOE        BIT(4)
#define RCC_AHB2_ADC          BIT(13)
#define RCC_APB1_1_USART3     BIT(18)
#define RCC_APB1_1_PWR        BIT(28)
#define RCC_CCIPR1_USART3     (3U << 4)
#define RCC_CCIPR1_USART3_HSI (2U << 4)
#define RCC_CSR_FLAGS         0xFE000000U
#define RCC_CSR_RMVF          BIT(23)

/* Power control */
#define PWR_CR1           REGISTER(0x40007000)
#define PWR_CR4           REGISTER(0x4000700C)
#define PWR_SR2           REGISTER(0x40007014)
#define PWR_CR1_VOS       (3U << 9)
#define PWR_CR1_VOS_SHIFT 9 /* 0, 1, 2: ranges 0, 1, 2 */
#define PWR_CR4_SMPSBYP   BIT(12)
#define PWR_CR4_SMPSLPEN  BIT(15)
#define PWR_SR2_VOSF      BIT(10)

/* Flash interface */
#define FLASH_ACR            REGISTER(0x40022000)
#define FLASH_NSKEYR         REGISTER(0x40022008)
#define FLASH_NSSR           REGISTER(0x40022020)
#define FLASH_NSCR           REGISTER(0x40022028)
#define FLASH_ECCR           REGISTER(0x40022030)
#define FLASH_OPTR           REGISTER(0x40022040)
#define FLASH_ACR_LATENCY    15U
#define FLASH_KEY_1          0x45670123U
#define FLASH_KEY_2          0xCDEF89ABU
#define FLASH_NSSR_EOP       BIT(0)
#define FLASH_NSSR_ERRORS    0x000020FAU /* OPTW PGS SIZ PGA WRP PROG OP */
#define FLASH_NSSR_BSY       BIT(16)
#define FLASH_NSCR_PG        BIT(0)
#define FLASH_NSCR_PER       BIT(1)
#define FLASH_NSCR_PNB_SHIFT 3
#define FLASH_NSCR_BKER      BIT(11)
#define FLASH_NSCR_START     BIT(16)
#define FLASH_NSCR_LOCK      BIT(31)
#define FLASH_ECCR_ADDRESS   0x0007FFFFU
#define FLASH_ECCR_BANK2     BIT(21)
#define FLASH_ECCR_SYSTEM    BIT(22)
#define FLASH_ECCR_ECCIE     BIT(24)
#define FLASH_ECCR_ECCD2     BIT(29)
#define FLASH_ECCR_ECCD      BIT(31)
#define FLASH_OPTR_SWAP_BANK BIT(20)
#define FLASH_OPTR_DBANK     BIT(22)
#define FLASH_OPTR_TZEN      BIT(31)

/* Instruction cache, of everything the core reads from 0x00000000 to 0x1FFFFFFF */
#define ICACHE_CR        REGISTER(0x40030400)
#define ICACHE_SR        REGISTER(0x40030404)
#define ICACHE_FCR       REGISTER(0x4003040C)
#define ICACHE_CR_EN     BIT(0)
#define ICACHE_SR_BUSY   BIT(0)
#define ICACHE_FCR_FLAGS 6U /* BSYEND, ERR */

/* GPIO */
#define GPIOC 0x42020800U
#define GPIOE 0x42021000U

#define USART3_IRQ 63
#define IRQ_COUNT  109

/* ADC1 */
#define ADC_ISR               REGISTER(0x42028000)
#define ADC_CR                REGISTER(0x42028008)
#define ADC_CFGR              REGISTER(0x4202800C)
#define ADC_SMPR1             REGISTER(0x42028014)
#define ADC_SMPR2             REGISTER(0x42028018)
#define ADC_SQR1              REGISTER(0x42028030)
#define ADC_DR                REGISTER(0x42028040)
#define ADC_CCR               REGISTER(0x42028308)
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

/* Factory data: DS12737, temperature sensor and VREFINT calibration values; RM0438, unique device
 * ID */
#define FACTORY_TS_CAL1     (*(const volatile uint16_t *)0x0BFA05A8) /* 30 degC, VDDA 3.0 V */
#define FACTORY_VREFINT_CAL (*(const volatile uint16_t *)0x0BFA05AA) /* VDDA 3.0 V */
#define FACTORY_TS_CAL2     (*(const volatile uint16_t *)0x0BFA05CA) /* 110 degC, VDDA 3.0 V */
#define FACTORY_UID(word)   REGISTER(0x0BFA0590 + 4 * (word))

#endif
