/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where the registers of the STM32F767 are, and which bit of RCC switches their clock on.
 */
#include "rigs/virtual/chips/stm32f767_misc.h"

const struct stm32_block stm32f767_blocks[F767_BLOCK_COUNT] = {
	{"USART3", F767_USART_BASE, 0x400, F767_RCC_APB1ENR, 18, stm32_bus_usart_read,
	 stm32_bus_usart_write},
	{"GPIO", F767_GPIO_BASE, F767_PORT_COUNT *STM32_GPIO_STRIDE, F767_RCC_AHB1ENR, 0,
	 stm32_bus_gpio_read, stm32_bus_gpio_write},
	{"FLASH", F767_FLASHC_BASE, 0x400, 0, 0, stm32f767_flash_read, stm32f767_flash_write},
	{"RCC", F767_RCC_BASE, 0x400, 0, 0, stm32f767_rcc_read, stm32f767_rcc_write},
	{"PWR", F767_PWR_BASE, 0x400, F767_RCC_APB1ENR, 28, stm32f767_pwr_read,
	 stm32f767_pwr_write},
	{"ADC1", F767_ADC_BASE, 0x400, F767_RCC_APB2ENR, 8, stm32f767_adc_read,
	 stm32f767_adc_write},
	{"SYSCFG", F767_SYSCFG_BASE, 0x400, F767_RCC_APB2ENR, 14, stm32f767_syscfg_read,
	 stm32f767_syscfg_write},
	{"EXTI", F767_EXTI_BASE, 0x400, 0, 0, stm32_bus_exti_read, stm32_bus_exti_write},
	{"DBGMCU", F767_DBGMCU_BASE, 0x400, 0, 0, stm32f767_dbgmcu_read, stm32f767_dbgmcu_write},
};
