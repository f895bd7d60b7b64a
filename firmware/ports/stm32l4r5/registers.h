/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The few registers of the STM32L4R5 that this port touches and that are not as on the STM32L5.
 * RM0432, register sections of FLASH and RCC.
 */
#ifndef FIRMWARE_PORTS_STM32L4R5_REGISTERS_H
#define FIRMWARE_PORTS_STM32L4R5_REGISTERS_H

#include "firmware/ports/stm32_l4l5/registers.h"

/* Reset and clock control */
#define RCC_APB1RSTR2           REGISTER(0x4002103C)
#define RCC_APB1ENR2            REGISTER(0x4002105C)
#define RCC_CCIPR               REGISTER(0x40021088)
#define RCC_PLLCFGR_RESET       0x00001000U
#define RCC_APB1_2_LPUART1      BIT(0)
#define RCC_CCIPR_LPUART1       (3U << 10)
#define RCC_CCIPR_LPUART1_HSI16 (2U << 10)
#define RCC_CSR_FLAGS           0xFF000000U

/* Flash interface */
#define FLASH_SR_ADDRESS   0x40022010U
#define FLASH_CR_ADDRESS   0x40022014U
#define FLASH_OPTR_ADDRESS 0x40022020U
#define FLASH_SR           REGISTER(FLASH_SR_ADDRESS)
#define FLASH_ECCR         REGISTER(0x40022018)
#define FLASH_ACR_PRFTEN   BIT(8)
#define FLASH_ACR_ICEN     BIT(9)
#define FLASH_ACR_DCEN     BIT(10)
#define FLASH_ACR_ICRST    BIT(11)
#define FLASH_ACR_DCRST    BIT(12)
#define FLASH_SR_ERRORS    0x0000C3FAU /* OPTV RD FAST MIS PGS SIZ PGA WRP PROG OP */
#define FLASH_SR_PEMPTY    BIT(17)     /* writing 1 toggles it */
#define FLASH_OPTR_BFB2    BIT(20)

#define EXTI        0x40010400U
#define GPIOA       0x48000000U
#define GPIOE       0x48001000U
#define LPUART1     0x40008000U
#define LPUART1_IRQ 70
#define IRQ_COUNT   95
#define ADC1        0x50040000U

/* Factory data: DS12023, temperature sensor and VREFINT calibration values; RM0432, unique device
 * ID */
#define FACTORY_TS_CAL1     ((const volatile uint16_t *)0x1FFF75A8) /* 30 degC, VDDA 3.0 V */
#define FACTORY_VREFINT_CAL ((const volatile uint16_t *)0x1FFF75AA) /* VDDA 3.0 V */
#define FACTORY_TS_CAL2     ((const volatile uint16_t *)0x1FFF75CA) /* 130 degC, VDDA 3.0 V */
#define FACTORY_UID         0x1FFF7590U

#endif
