/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * STM32L552ZE (Cortex-M33, TZEN = 0, dual bank) as RM0438 describes it, for the files stm32l552*.c
 * and for tests. Life, time and pins: stm32.h; clocks and flash: stm32_l4l5.h.
 *
 * Limits of the model: no HSE, LSE or HSI48 crystal; no option bytes; the LDO and the SMPS in
 * high-power mode differ in current only; reads of a busy flash bank by code that runs elsewhere do
 * not wait; the ICACHE never serves a stale line.
 */
#ifndef RIGS_VIRTUAL_CHIPS_STM32L552_H
#define RIGS_VIRTUAL_CHIPS_STM32L552_H

#include "rigs/virtual/chips/stm32_l4l5.h"
#include "rigs/virtual/chips/stm32l552_registers.h"

/* RM0438, memory map and flash organisation; interrupts: stm32l552xx.h */
#define L552_FLASH_BYTES  0x00080000u
#define L552_PAGE_BYTES   0x800u
#define L552_BANK_PAGES   128u
#define L552_SRAM_BASE    0x20000000u /* SRAM1 192 KB and SRAM2 64 KB in one piece */
#define L552_SRAM_BYTES   0x00040000u
#define L552_SYSTEM_BASE  0x0BF90000u
#define L552_SYSTEM_BYTES 0x00008000u
#define L552_INFO_BASE    0x0BFA0000u /* OTP, unique id, calibration */
#define L552_INFO_BYTES   0x00000600u
#define L552_IRQ_COUNT    109
#define L552_IRQ_FLASH    6
#define L552_IRQ_USART3   63
#define L552_IRQ_ICACHE   107
#define L552_PORT_COUNT   8 /* A to H */
#define L552_PORT_C       2
#define L552_PORT_E       4

/* Modelled: typical values of the STM32L4+ (DS12023 table 68) */
#define L552_PROGRAM_PS (82 * STM32_PS_PER_US)
#define L552_ERASE_PS   (22 * 1000 * STM32_PS_PER_US)

struct l552_icache {
	uint32_t cr, ier;
	bool busy, busy_end;
};

struct stm32l552 {
	struct stm32_l4l5 family;
	_Alignas(16) uint8_t info[L552_INFO_BYTES];
	unsigned vos_reached; /* the range that the core has had before VOS was raised */
	struct l552_icache icache;
};

static inline struct stm32l552 *stm32l552_of(struct stm32 *chip)
{
	return (struct stm32l552 *)chip;
}

/* stm32l552_bus.c */
#define L552_BLOCK_COUNT 9
extern const struct stm32_block stm32l552_blocks[L552_BLOCK_COUNT];

/* stm32l552_pwr.c: PWR, and what the voltage ranges allow. */
uint32_t stm32l552_pwr_read(struct stm32 *chip, uint32_t offset);
void stm32l552_pwr_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask);
void stm32l552_pwr_reset(struct stm32_l4l5 *s);
const struct stm32_l4l5_range *stm32l552_range_set(const struct stm32_l4l5 *s);
const struct stm32_l4l5_range *stm32l552_range_now(const struct stm32_l4l5 *s);

/* stm32l552_icache.c */
uint32_t stm32l552_icache_read(struct stm32 *chip, uint32_t offset);
void stm32l552_icache_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask);
void stm32l552_icache_reset(struct stm32l552 *s);
void stm32l552_icache_boot(struct stm32l552 *s); /* the invalidation after a reset begins */
void stm32l552_icache_event(struct stm32 *chip, int64_t t_ps);
/* Wait states and cache have changed: the core is told. */
void stm32l552_icache_apply(struct stm32l552 *s);

#endif
