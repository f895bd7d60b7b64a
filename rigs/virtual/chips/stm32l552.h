/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * STM32L552ZE (Cortex-M33, TZEN = 0, dual bank) as RM0438 describes it, for the files stm32l552*.c
 * and for tests. Life, time and pins: stm32.h.
 *
 * Limits of the model: no HSE, LSE or HSI48 crystal; no option bytes; the LDO and the SMPS in
 * high-power mode differ in current only; reads of a busy flash bank by code that runs elsewhere do
 * not wait; the ICACHE never serves a stale line.
 */
#ifndef RIGS_VIRTUAL_CHIPS_STM32L552_H
#define RIGS_VIRTUAL_CHIPS_STM32L552_H

#include "rigs/virtual/chips/stm32_adc.h"
#include "rigs/virtual/chips/stm32_gpio.h"
#include "rigs/virtual/chips/stm32_pvd.h"
#include "rigs/virtual/chips/stm32_usart.h"
#include "rigs/virtual/chips/stm32l552_registers.h"

/* RM0438, memory map and flash organisation; interrupts: stm32l552xx.h */
#define L552_FLASH_BASE   0x08000000u
#define L552_FLASH_BYTES  0x00080000u
#define L552_BANK_BYTES   0x00040000u
#define L552_PAGE_BYTES   0x800u
#define L552_BANK_PAGES   128u
#define L552_SRAM_BASE    0x20000000u /* SRAM1 192 KB and SRAM2 64 KB in one piece */
#define L552_SRAM_BYTES   0x00040000u
#define L552_SYSTEM_BASE  0x0BF90000u
#define L552_SYSTEM_BYTES 0x00008000u
#define L552_INFO_BASE    0x0BFA0000u /* OTP, unique id, calibration */
#define L552_INFO_BYTES   0x00000600u
#define L552_UID          0x0BFA0590u
#define L552_FLASH_SIZE   0x0BFA05E0u
#define L552_TS_CAL1      0x0BFA05A8u
#define L552_VREFINT_CAL  0x0BFA05AAu
#define L552_TS_CAL2      0x0BFA05CAu
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

/* RCC_CFGR.SW codes */
enum l552_source { L552_SOURCE_MSI = 0, L552_SOURCE_HSI, L552_SOURCE_HSE, L552_SOURCE_PLL };

struct l552_clock {
	uint32_t rcc[L552_RCC_BYTES / 4];
	uint32_t cr1, cr2, cr3, cr4; /* PWR */
	int64_t msi_ready_ps, hsi_ready_ps, pll_ready_ps;
	unsigned vos_reached; /* the range that the core has had before VOS was raised */
	int64_t vosf_end_ps;
	int64_t fast_since_ps;       /* SYSCLK above 80 MHz since; STM32_NEVER_PS: it is not */
	enum l552_source source;     /* CFGR.SWS */
	uint64_t sysclk_hz, hclk_hz; /* nominal: what the rules look at */
	int32_t msi_error_ppb, hsi_error_ppb; /* true = nominal * (1 + error) */
};

struct l552_flash {
	uint32_t acr, nscr, nssr;
	unsigned key_step; /* 0 locked, 1 first key given, 2 open, 3 locked until reset */
	bool latch_full;   /* the first word of a double word is here */
	uint32_t latch_address, latch_word;
	uint32_t offset, bytes; /* what the operation in progress changes */
};

struct l552_icache {
	uint32_t cr, ier;
	bool busy, busy_end;
};

struct stm32l552 {
	struct stm32 base;
	uint8_t *flash, *sram, *system, *info;
	uint8_t *own_flash; /* NULL: flash is the caller's */
	struct l552_clock clock;
	struct l552_flash flashc;
	struct l552_icache icache;
	struct stm32_gpio gpio;
	struct stm32_usart usart;
	struct stm32_adc adc;
	struct stm32_analog analog;
	struct stm32_pvd pvd;
};

static inline struct stm32l552 *stm32l552_of(struct stm32 *chip)
{
	return (struct stm32l552 *)chip;
}

/* stm32l552_bus.c: what the core's loads and stores outside its memories reach. Tests use them too.
 */
bool stm32l552_read(void *context, uint32_t address, unsigned size, uint32_t *ret_value);
bool stm32l552_write(void *context, uint32_t address, unsigned size, uint32_t value);

/* Peripherals. Offsets are from their base address; mask has ones in the bits that the store covers
 * (value is zero elsewhere). */
uint32_t stm32l552_rcc_read(struct stm32l552 *s, uint32_t offset);
void stm32l552_rcc_write(struct stm32l552 *s, uint32_t offset, uint32_t value, uint32_t mask);
void stm32l552_rcc_reset(struct stm32l552 *s, uint32_t flags);
uint32_t stm32l552_pwr_read(struct stm32l552 *s, uint32_t offset);
void stm32l552_pwr_write(struct stm32l552 *s, uint32_t offset, uint32_t value, uint32_t mask);
void stm32l552_pwr_reset(struct stm32l552 *s);
uint32_t stm32l552_flash_read(struct stm32l552 *s, uint32_t offset);
void stm32l552_flash_write(struct stm32l552 *s, uint32_t offset, uint32_t value, uint32_t mask);
void stm32l552_flash_reset(struct stm32l552 *s);
void stm32l552_flash_event(struct stm32 *chip, int64_t t_ps);
uint32_t stm32l552_icache_read(struct stm32l552 *s, uint32_t offset);
void stm32l552_icache_write(struct stm32l552 *s, uint32_t offset, uint32_t value, uint32_t mask);
void stm32l552_icache_reset(struct stm32l552 *s);
void stm32l552_icache_boot(struct stm32l552 *s); /* the invalidation after a reset begins */
void stm32l552_icache_event(struct stm32 *chip, int64_t t_ps);
/* Wait states and cache have changed: the core is told. */
void stm32l552_icache_apply(struct stm32l552 *s);

/* Clock tree (stm32l552_clock.c). */
uint64_t stm32l552_msi_hz(const struct stm32l552 *s);
uint64_t stm32l552_vco_hz(const struct stm32l552 *s);       /* nominal, 0 without a source */
uint64_t stm32l552_pll_input_hz(const struct stm32l552 *s); /* after M */
uint64_t stm32l552_pll_r_hz(const struct stm32l552 *s);
uint64_t stm32l552_true_millihz(const struct stm32l552 *s, enum l552_source source,
				uint64_t nominal_hz);
bool stm32l552_source_ready(const struct stm32l552 *s, enum l552_source source);
bool stm32l552_pll_source_ready(const struct stm32l552 *s);
uint64_t stm32l552_usart3_millihz(const struct stm32 *chip); /* kernel clock, 0: none */
uint64_t stm32l552_adc_millihz(const struct stm32 *chip);
double stm32l552_core_v(const struct stm32l552 *s);
/* Something of the tree has changed: recompute HCLK, check every rule, move time's anchor. */
void stm32l552_clock_update(struct stm32 *chip);
void stm32l552_clock_event(struct stm32 *chip, int64_t t_ps);

/* Clock rules (stm32l552_rules.c). */
void stm32l552_rules_check_pll(struct stm32l552 *s);
void stm32l552_rules_check_hclk(struct stm32l552 *s);
/* SYSCLK goes from its present value to sysclk_hz, the AHB prescaler being hpre (1, 2, 4, ...). */
void stm32l552_rules_check_step(struct stm32l552 *s, uint64_t sysclk_hz, unsigned hpre);
unsigned stm32l552_adc_limit_mhz(const struct stm32 *chip);

/* A store into the flash address range, offset from its start. */
void stm32l552_flash_store(struct stm32l552 *s, uint32_t offset, unsigned size, uint32_t value);
bool stm32l552_flash_stalls(const struct stm32 *chip, uint32_t address);
/* Of the loader in ROM. */
void stm32l552_flash_erase_page(struct stm32 *chip, unsigned page); /* 0..255 */
bool stm32l552_flash_program(struct stm32 *chip, uint32_t address, const uint8_t *bytes);

#endif
