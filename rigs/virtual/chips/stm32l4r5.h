/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * STM32L4R5ZI as RM0432 describes it, for the files stm32l4r5*.c and for tests: the state of the
 * chip and the seams between its peripherals. Life, time and pins: stm32.h.
 */
#ifndef RIGS_VIRTUAL_CHIPS_STM32L4R5_H
#define RIGS_VIRTUAL_CHIPS_STM32L4R5_H

#include "rigs/virtual/chips/stm32_adc.h"
#include "rigs/virtual/chips/stm32_gpio.h"
#include "rigs/virtual/chips/stm32_pvd.h"
#include "rigs/virtual/chips/stm32_usart.h"
#include "rigs/virtual/chips/stm32l4r5_registers.h"

/* RM0432 table 2; DS12023 figure 19 */
#define STM32_FLASH_BASE   0x08000000u
#define STM32_FLASH_BYTES  0x00200000u
#define STM32_BANK_BYTES   0x00100000u
#define STM32_PAGE_BYTES   0x1000u
#define STM32_BANK_PAGES   256u
#define STM32_SRAM_BASE    0x20000000u /* SRAM1, SRAM2, SRAM3 in one piece */
#define STM32_SRAM_BYTES   0x000A0000u
#define STM32_SRAM2_OFFSET 0x00030000u
#define STM32_SRAM2_BYTES  0x00010000u
#define STM32_SRAM2_ALIAS  0x10000000u
#define STM32_SYSTEM_BASE  0x1FFF0000u
#define STM32_SYSTEM_BYTES 0x00008000u
#define STM32_IRQ_COUNT    95
#define STM32_IRQ_FLASH    4
#define STM32_IRQ_LPUART1  70
#define STM32_PORT_COUNT   9 /* A to I */
#define STM32_PORT_A       0
#define STM32_PORT_E       4

/* DS12023 table 68 */
#define STM32_PROGRAM_PS (82 * STM32_PS_PER_US)
#define STM32_ERASE_PS   (22 * 1000 * STM32_PS_PER_US)

/* RCC_CFGR.SW codes */
enum stm32_source { STM32_SOURCE_MSI = 0, STM32_SOURCE_HSI, STM32_SOURCE_HSE, STM32_SOURCE_PLL };

struct stm32_clock {
	uint32_t rcc[0xA0 / 4];
	uint32_t cr1, cr2, cr3, cr4, cr5; /* PWR */
	int64_t msi_ready_ps, hsi_ready_ps, pll_ready_ps;
	int64_t vosf_end_ps;
	int64_t fast_since_ps;       /* SYSCLK above 80 MHz since; STM32_NEVER_PS: it is not */
	enum stm32_source source;    /* CFGR.SWS */
	uint64_t sysclk_hz, hclk_hz; /* nominal: what the rules look at */
	int32_t msi_error_ppb, hsi_error_ppb; /* true = nominal * (1 + error) */
};

struct stm32_flash {
	uint32_t acr, cr, sr;
	unsigned key_step; /* 0 locked, 1 first key given, 2 open, 3 locked until reset */
	bool latch_full;   /* the first word of a double word is here */
	uint32_t latch_address, latch_word;
	uint32_t offset, bytes; /* what the operation in progress changes */
};

struct stm32l4r5 {
	struct stm32 base;
	uint8_t *flash, *sram, *system;
	uint8_t *own_flash; /* NULL: flash is the caller's */
	bool empty;         /* FLASH_SR.PEMPTY: outlives every reset but power-on */
	struct stm32_clock clock;
	struct stm32_flash flashc;
	struct stm32_gpio gpio;
	struct stm32_usart lpuart;
	struct stm32_adc adc;
	struct stm32_analog analog;
	struct stm32_pvd pvd;
};

/* stm32l4r5.c */
struct stm32l4r5 *stm32l4r5_of(struct chip *chip);

/* stm32l4r5_bus.c: what the core's loads and stores outside its memories reach. Tests use them too.
 */
bool stm32l4r5_read(void *context, uint32_t address, unsigned size, uint32_t *ret_value);
bool stm32l4r5_write(void *context, uint32_t address, unsigned size, uint32_t value);

/* Peripherals. Offsets are from their base address; mask has ones in the bits that the store covers
 * (value is zero elsewhere). */
uint32_t stm32l4r5_rcc_read(struct stm32l4r5 *s, uint32_t offset);
void stm32l4r5_rcc_write(struct stm32l4r5 *s, uint32_t offset, uint32_t value, uint32_t mask);
void stm32l4r5_rcc_reset(struct stm32l4r5 *s, uint32_t flags);
uint32_t stm32l4r5_pwr_read(struct stm32l4r5 *s, uint32_t offset);
void stm32l4r5_pwr_write(struct stm32l4r5 *s, uint32_t offset, uint32_t value, uint32_t mask);
void stm32l4r5_pwr_reset(struct stm32l4r5 *s);
uint32_t stm32l4r5_flash_read(struct stm32l4r5 *s, uint32_t offset);
void stm32l4r5_flash_write(struct stm32l4r5 *s, uint32_t offset, uint32_t value, uint32_t mask);
void stm32l4r5_flash_reset(struct stm32l4r5 *s);
void stm32l4r5_flash_event(struct stm32 *chip, int64_t t_ps);

/* Clock tree (stm32l4r5_clock.c). */
uint64_t stm32l4r5_msi_hz(const struct stm32l4r5 *s);
uint64_t stm32l4r5_vco_hz(const struct stm32l4r5 *s); /* nominal, 0 without a source */
uint64_t stm32l4r5_true_millihz(const struct stm32l4r5 *s, enum stm32_source source,
				uint64_t nominal_hz);
bool stm32l4r5_source_ready(const struct stm32l4r5 *s, enum stm32_source source);
bool stm32l4r5_pll_source_ready(const struct stm32l4r5 *s);
uint64_t stm32l4r5_pll_input_hz(const struct stm32l4r5 *s);  /* after M */
uint64_t stm32l4r5_lpuart_millihz(const struct stm32 *chip); /* kernel clock, 0: none */
uint64_t stm32l4r5_adc_millihz(const struct stm32 *chip);
double stm32l4r5_core_v(const struct stm32l4r5 *s);
/* Something of the tree has changed: recompute HCLK, check every rule, move time's anchor. */
void stm32l4r5_clock_update(struct stm32 *chip);
void stm32l4r5_clock_event(struct stm32 *chip, int64_t t_ps);

/* Clock rules (stm32l4r5_rules.c). */
void stm32l4r5_rules_check_pll(struct stm32l4r5 *s);
void stm32l4r5_rules_check_hclk(struct stm32l4r5 *s);
/* SYSCLK goes from its present value to sysclk_hz, the AHB prescaler being hpre (1, 2, 4, ...). */
void stm32l4r5_rules_check_step(struct stm32l4r5 *s, uint64_t sysclk_hz, unsigned hpre);

/* A store into the flash address range, offset from its start. */
void stm32l4r5_flash_store(struct stm32l4r5 *s, uint32_t offset, unsigned size, uint32_t value);
bool stm32l4r5_flash_stalls(const struct stm32 *chip, uint32_t address);
/* Of the loader in ROM. */
void stm32l4r5_flash_erase_page(struct stm32 *chip, unsigned page); /* 0..511 */
bool stm32l4r5_flash_program(struct stm32 *chip, uint32_t address, const uint8_t *bytes);

#endif
