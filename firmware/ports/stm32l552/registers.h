/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The few registers of the STM32L552 that this port touches and that are not as on the STM32L4+, at
 * their non-secure addresses. RM0438, register sections of FLASH, PWR, RCC and ICACHE.
 */
#ifndef FIRMWARE_PORTS_STM32L552_REGISTERS_H
#define FIRMWARE_PORTS_STM32L552_REGISTERS_H

#include "firmware/ports/stm32_l4l5/registers.h"

/* Reset and clock control */
#define RCC_APB1RSTR1         REGISTER(0x40021038)
#define RCC_CCIPR1            REGISTER(0x40021088)
#define RCC_PLLCFGR_RESET     0U
#define RCC_APB1_1_USART3     BIT(18)
#define RCC_CCIPR1_USART3     (3U << 4)
#define RCC_CCIPR1_USART3_HSI (2U << 4)
#define RCC_CSR_FLAGS         0xFE000000U

/* Power control */
#define PWR_CR4          REGISTER(0x4000700C)
#define PWR_CR4_SMPSBYP  BIT(12)
#define PWR_CR4_SMPSLPEN BIT(15)

/* Flash interface */
#define FLASH_NSSR_ADDRESS   0x40022020U
#define FLASH_NSCR_ADDRESS   0x40022028U
#define FLASH_OPTR_ADDRESS   0x40022040U
#define FLASH_ECCR           REGISTER(0x40022030)
#define FLASH_NSSR_ERRORS    0x000020FAU /* OPTW PGS SIZ PGA WRP PROG OP */
#define FLASH_ECCR_ADDRESS   0x0007FFFFU
#define FLASH_ECCR_SYSTEM    BIT(22)
#define FLASH_OPTR_SWAP_BANK BIT(20)
#define FLASH_OPTR_TZEN      BIT(31)

/* Instruction cache, of everything the core reads from 0x00000000 to 0x1FFFFFFF */
#define ICACHE_CR        REGISTER(0x40030400)
#define ICACHE_SR        REGISTER(0x40030404)
#define ICACHE_FCR       REGISTER(0x4003040C)
#define ICACHE_CR_EN     BIT(0)
#define ICACHE_SR_BUSY   BIT(0)
#define ICACHE_FCR_FLAGS 6U /* BSYEND, ERR */

#define EXTI       0x4002F400U
#define GPIOC      0x42020800U
#define GPIOE      0x42021000U
#define USART3     0x40004800U
#define USART3_IRQ 63
#define IRQ_COUNT  109
#define ADC1       0x42028000U

/* Factory data: DS12737, temperature sensor and VREFINT calibration values; RM0438, unique device
 * ID */
#define FACTORY_TS_CAL1     ((const volatile uint16_t *)0x0BFA05A8) /* 30 degC, VDDA 3.0 V */
#define FACTORY_VREFINT_CAL ((const volatile uint16_t *)0x0BFA05AA) /* VDDA 3.0 V */
#define FACTORY_TS_CAL2     ((const volatile uint16_t *)0x0BFA05CA) /* 110 degC, VDDA 3.0 V */
#define FACTORY_UID         0x0BFA0590U

#endif
