/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where the registers of the STM32L4R5 are, and which bit of RCC switches their clock on.
 */
#include "rigs/virtual/chips/stm32l4r5.h"

const struct stm32_block stm32l4r5_blocks[L4R5_BLOCK_COUNT] = {
	{"LPUART1", L4R5_LPUART_BASE, 0x400, L4L5_RCC_APB1ENR2, 0, stm32_bus_usart_read,
	 stm32_bus_usart_write},
	{"GPIO", L4R5_GPIO_BASE, L4R5_PORT_COUNT *STM32_GPIO_STRIDE, L4L5_RCC_AHB2ENR, 0,
	 stm32_bus_gpio_read, stm32_bus_gpio_write},
	{"FLASH", L4L5_FLASHC_BASE, 0x400, 0, 0, stm32_l4l5_flash_read, stm32_l4l5_flash_write},
	{"RCC", L4L5_RCC_BASE, 0x400, 0, 0, stm32_l4l5_rcc_read, stm32_l4l5_rcc_write},
	{"PWR", L4L5_PWR_BASE, 0x400, L4L5_RCC_APB1ENR1, L4L5_APB1ENR1_PWR, stm32l4r5_pwr_read,
	 stm32l4r5_pwr_write},
	{"ADC1", L4R5_ADC_BASE, 0x400, L4L5_RCC_AHB2ENR, L4L5_AHB2ENR_ADC, stm32_l4l5_adc_read,
	 stm32_l4l5_adc_write},
	{"EXTI", L4R5_EXTI_BASE, 0x400, 0, 0, stm32_bus_exti_read, stm32_bus_exti_write},
	{"DBGMCU", L4R5_DBGMCU_BASE, 0x400, 0, 0, stm32_l4l5_dbgmcu_read, stm32_l4l5_dbgmcu_write},
};
