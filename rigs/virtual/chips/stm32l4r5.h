/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * STM32L4R5ZI as RM0432 describes it, for the files stm32l4r5*.c and for tests. Life, time and
 * pins: stm32.h; clocks and flash: stm32_l4l5.h.
 */
#ifndef RIGS_VIRTUAL_CHIPS_STM32L4R5_H
#define RIGS_VIRTUAL_CHIPS_STM32L4R5_H

#include "rigs/virtual/chips/stm32_l4l5.h"
#include "rigs/virtual/chips/stm32l4r5_registers.h"

/* RM0432 table 2; DS12023 figure 19 */
#define L4R5_FLASH_BYTES  0x00200000u
#define L4R5_PAGE_BYTES   0x1000u
#define L4R5_BANK_PAGES   256u
#define L4R5_SRAM_BASE    0x20000000u /* SRAM1, SRAM2, SRAM3 in one piece */
#define L4R5_SRAM_BYTES   0x000A0000u
#define L4R5_SRAM2_OFFSET 0x00030000u
#define L4R5_SRAM2_BYTES  0x00010000u
#define L4R5_SRAM2_ALIAS  0x10000000u
#define L4R5_SYSTEM_BASE  0x1FFF0000u
#define L4R5_SYSTEM_BYTES 0x00008000u
#define L4R5_IRQ_COUNT    95
#define L4R5_IRQ_FLASH    4
#define L4R5_IRQ_LPUART1  70
#define L4R5_PORT_COUNT   9 /* A to I */
#define L4R5_PORT_A       0
#define L4R5_PORT_E       4

/* DS12023 table 68 */
#define L4R5_PROGRAM_PS (82 * STM32_PS_PER_US)
#define L4R5_ERASE_PS   (22 * 1000 * STM32_PS_PER_US)

struct stm32l4r5 {
	struct stm32_l4l5 family;
	uint32_t cr5; /* PWR */
};

static inline struct stm32l4r5 *stm32l4r5_of(struct stm32 *chip)
{
	return (struct stm32l4r5 *)chip;
}

/* stm32l4r5_bus.c */
#define L4R5_BLOCK_COUNT 8
extern const struct stm32_block stm32l4r5_blocks[L4R5_BLOCK_COUNT];

/* stm32l4r5_pwr.c: PWR, and what the voltage ranges allow. */
uint32_t stm32l4r5_pwr_read(struct stm32 *chip, uint32_t offset);
void stm32l4r5_pwr_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask);
void stm32l4r5_pwr_reset(struct stm32_l4l5 *s);
const struct stm32_l4l5_range *stm32l4r5_range_set(const struct stm32_l4l5 *s);
const struct stm32_l4l5_range *stm32l4r5_range_now(const struct stm32_l4l5 *s);

#endif
