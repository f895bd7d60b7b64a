/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where the registers of the STM32L552 are, and which bit of RCC switches their clock on.
 */
#include "rigs/virtual/chips/stm32l552.h"

const struct stm32_block stm32l552_blocks[L552_BLOCK_COUNT] = {
	{"USART3", L552_USART3_BASE, 0x400, L4L5_RCC_APB1ENR1, L552_APB1ENR1_USART3,
	 stm32_bus_usart_read, stm32_bus_usart_write},
	{"GPIO", L552_GPIO_BASE, L552_PORT_COUNT *STM32_GPIO_STRIDE, L4L5_RCC_AHB2ENR, 0,
	 stm32_bus_gpio_read, stm32_bus_gpio_write},
	{"FLASH", L4L5_FLASHC_BASE, 0x400, 0, 0, stm32_l4l5_flash_read, stm32_l4l5_flash_write},
	{"ICACHE", L552_ICACHE_BASE, 0x400, 0, 0, stm32l552_icache_read, stm32l552_icache_write},
	{"RCC", L4L5_RCC_BASE, 0x400, 0, 0, stm32_l4l5_rcc_read, stm32_l4l5_rcc_write},
	{"PWR", L4L5_PWR_BASE, 0x400, L4L5_RCC_APB1ENR1, L4L5_APB1ENR1_PWR, stm32l552_pwr_read,
	 stm32l552_pwr_write},
	{"ADC1", L552_ADC_BASE, 0x400, L4L5_RCC_AHB2ENR, L4L5_AHB2ENR_ADC, stm32_l4l5_adc_read,
	 stm32_l4l5_adc_write},
	{"EXTI", L552_EXTI_BASE, 0x400, 0, 0, stm32_bus_exti_read, stm32_bus_exti_write},
	{"DBGMCU", L552_DBGMCU_BASE, 0x400, 0, 0, stm32_l4l5_dbgmcu_read, stm32_l4l5_dbgmcu_write},
};
