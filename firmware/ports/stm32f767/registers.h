/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The few registers of the STM32F767 that this port touches. RM0410, register sections of FLASH,
 * PWR, RCC and ADC; the core's caches and MPU from ARM DDI 0403 (ARMv7-M) and PM0253.
 */
#ifndef FIRMWARE_PORTS_STM32F767_REGISTERS_H
#define FIRMWARE_PORTS_STM32F767_REGISTERS_H

#include "firmware/ports/stm32_common/core.h"

/* Reset and clock control */
#define RCC_CR                  REGISTER(0x40023800)
#define RCC_PLLCFGR             REGISTER(0x40023804)
#define RCC_CFGR                REGISTER(0x40023808)
#define RCC_CIR                 REGISTER(0x4002380C)
#define RCC_APB1RSTR            REGISTER(0x40023820)
#define RCC_APB2RSTR            REGISTER(0x40023824)
#define RCC_AHB1ENR             REGISTER(0x40023830)
#define RCC_AHB2ENR             REGISTER(0x40023834)
#define RCC_AHB3ENR             REGISTER(0x40023838)
#define RCC_APB1ENR_ADDRESS     0x40023840U
#define RCC_APB1ENR             REGISTER(RCC_APB1ENR_ADDRESS)
#define RCC_APB2ENR             REGISTER(0x40023844)
#define RCC_CSR_ADDRESS         0x40023874U
#define RCC_DCKCFGR2            REGISTER(0x40023890)
#define RCC_CR_HSION            BIT(0)
#define RCC_CR_HSIRDY           BIT(1)
#define RCC_CR_HSEON            BIT(16)
#define RCC_CR_CSSON            BIT(19)
#define RCC_CR_PLLON            BIT(24)
#define RCC_CR_PLLRDY           BIT(25)
#define RCC_CR_PLLI2SON         BIT(26)
#define RCC_CR_PLLSAION         BIT(28)
#define RCC_PLLCFGR_N_SHIFT     6
#define RCC_PLLCFGR_P_SHIFT     16 /* 0: /2, 1: /4, 2: /6, 3: /8; source in bit 22: 0 is HSI */
#define RCC_PLLCFGR_Q_SHIFT     24
#define RCC_PLLCFGR_R_SHIFT     28
#define RCC_CFGR_SW             3U
#define RCC_CFGR_SWS_SHIFT      2
#define RCC_CFGR_HPRE           (15U << 4)
#define RCC_CFGR_PPRE1_SHIFT    10
#define RCC_CFGR_PPRE2_SHIFT    13
#define RCC_CFGR_PPRE           (63U << 10) /* both APB prescalers */
#define RCC_AHB1_GPIOB          BIT(1)
#define RCC_AHB1_GPIOE          BIT(4)
#define RCC_AHB1_DTCMRAM        BIT(20)
#define RCC_APB1_RTC            BIT(10)
#define RCC_APB1_USART3         BIT(18)
#define RCC_APB1_PWR            BIT(28)
#define RCC_APB2_ADC1           BIT(8) /* in APB2RSTR: all three ADCs */
#define RCC_CSR_FLAGS           0xFE000000U
#define RCC_CSR_RMVF            BIT(24)
#define RCC_DCKCFGR2_USART3     (3U << 4)
#define RCC_DCKCFGR2_USART3_HSI (2U << 4)

/* Power control */
#define PWR_CR1_ADDRESS   0x40007000U
#define PWR_CR1           REGISTER(PWR_CR1_ADDRESS)
#define PWR_CSR1_ADDRESS  0x40007004U
#define PWR_CSR1          REGISTER(PWR_CSR1_ADDRESS)
#define PWR_CR1_PVDE      BIT(4)
#define PWR_CR1_PLS_SHIFT 5
#define PWR_CR1_VOS       (3U << 14)
#define PWR_CR1_VOS_SHIFT 14 /* 1: scale 3, 2: scale 2, 3: scale 1 */
#define PWR_CR1_ODEN      BIT(16)
#define PWR_CR1_ODSWEN    BIT(17)
#define PWR_CSR1_PVDO     BIT(2)
#define PWR_CSR1_VOSRDY   BIT(14)
#define PWR_CSR1_ODRDY    BIT(16)
#define PWR_CSR1_ODSWRDY  BIT(17)

/* Flash interface */
#define FLASH_ACR           REGISTER(0x40023C00)
#define FLASH_KEYR          REGISTER(0x40023C04)
#define FLASH_SR            REGISTER(0x40023C0C)
#define FLASH_CR            REGISTER(0x40023C10)
#define FLASH_OPTCR         REGISTER(0x40023C14)
#define FLASH_ACR_LATENCY   15U
#define FLASH_ACR_PRFTEN    BIT(8)
#define FLASH_ACR_ARTEN     BIT(9)
#define FLASH_ACR_ARTRST    BIT(11)
#define FLASH_KEY_1         0x45670123U
#define FLASH_KEY_2         0xCDEF89ABU
#define FLASH_SR_EOP        BIT(0)
#define FLASH_SR_ERRORS     0x000000F2U /* OP WRP PGA PGP ERS */
#define FLASH_SR_BSY        BIT(16)
#define FLASH_CR_PG         BIT(0)
#define FLASH_CR_SER        BIT(1)
#define FLASH_CR_SNB_SHIFT  3
#define FLASH_CR_PSIZE_WORD (2U << 8) /* 32 bits at once: VDD 2.7 V and more */
#define FLASH_CR_START      BIT(16)
#define FLASH_CR_LOCK       BIT(31)
#define FLASH_OPTCR_NDBANK  BIT(29)

#define EXTI 0x40013C00U

/* GPIO */
#define GPIOB 0x40020400U
#define GPIOE 0x40021000U

#define USART3     0x40004800U
#define USART3_IRQ 39
#define IRQ_COUNT  110

/* ADC1 */
#define ADC_SR          REGISTER(0x40012000)
#define ADC_CR1         REGISTER(0x40012004)
#define ADC_CR2         REGISTER(0x40012008)
#define ADC_SMPR1       REGISTER(0x4001200C)
#define ADC_SQR1        REGISTER(0x4001202C)
#define ADC_SQR3        REGISTER(0x40012034)
#define ADC_DR          REGISTER(0x4001204C)
#define ADC_CCR         REGISTER(0x40012304)
#define ADC_SR_EOC      BIT(1)
#define ADC_CR2_ADON    BIT(0)
#define ADC_CR2_SWSTART BIT(30)
#define ADC_CCR_PCLK2_4 (1U << 16)
#define ADC_CCR_TSVREFE BIT(23)

/* Factory data: DS11532, temperature sensor and VREFINT calibration values; RM0410, device
 * electronic signature */
#define FACTORY_VREFINT_CAL (*(const volatile uint16_t *)0x1FF0F44A) /* VDDA 3.3 V */
#define FACTORY_TS_CAL1     (*(const volatile uint16_t *)0x1FF0F44C) /* 30 degC, VDDA 3.3 V */
#define FACTORY_TS_CAL2     (*(const volatile uint16_t *)0x1FF0F44E) /* 110 degC, VDDA 3.3 V */
#define FACTORY_UID         0x1FF0F420U

/* Cortex-M7 */
#define SCB_CCR             REGISTER(0xE000ED14)
#define SCB_CCSIDR          REGISTER(0xE000ED80)
#define SCB_CSSELR          REGISTER(0xE000ED84)
#define SCB_ICIALLU         REGISTER(0xE000EF50)
#define SCB_DCIMVAC         REGISTER(0xE000EF5C)
#define SCB_DCISW           REGISTER(0xE000EF60)
#define SCB_CCR_DC          BIT(16)
#define SCB_CCR_IC          BIT(17)
#define MPU_TYPE            REGISTER(0xE000ED90)
#define MPU_CTRL            REGISTER(0xE000ED94)
#define MPU_RNR             REGISTER(0xE000ED98)
#define MPU_RBAR            REGISTER(0xE000ED9C)
#define MPU_RASR            REGISTER(0xE000EDA0)
#define MPU_TYPE_DREGION    (255U << 8)
#define MPU_CTRL_ENABLE     BIT(0)
#define MPU_CTRL_PRIVDEFENA BIT(2)
#define MPU_RASR_ENABLE     BIT(0)
#define MPU_RASR_4GB        (31U << 1)
#define MPU_RASR_SRD_SHIFT  8
#define MPU_RASR_XN         BIT(28)
#define DWT_LAR             REGISTER(0xE0001FB0)
#define DWT_LAR_KEY         0xC5ACCE55U

#endif
