/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Addresses, offsets and bits of the STM32L4R5 as RM0432 names them, beside those of
 * stm32_l4l5_registers.h; only what the model uses.
 */
#ifndef RIGS_VIRTUAL_CHIPS_STM32L4R5_REGISTERS_H
#define RIGS_VIRTUAL_CHIPS_STM32L4R5_REGISTERS_H

#define L4R5_LPUART_BASE 0x40008000u
#define L4R5_EXTI_BASE   0x40010400u
#define L4R5_GPIO_BASE   0x48000000u
#define L4R5_ADC_BASE    0x50040000u
#define L4R5_DBGMCU_BASE 0xE0042000u

/* PWR, 5.4 */
#define L4R5_PWR_CR5    0x80u
#define L4R5_CR5_R1MODE (1u << 8)

/* FLASH, 3.7 */
#define L4R5_FLASH_KEYR 0x08u
#define L4R5_FLASH_SR   0x10u
#define L4R5_FLASH_CR   0x14u
#define L4R5_FLASH_ECCR 0x18u
#define L4R5_FLASH_OPTR 0x20u

#endif
