/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the STM32L4+ (RM0432) and the STM32L5 with TZEN 0 (RM0438) have in common: clock tree and
 * its rules, RCC, PWR, and the dual-bank flash controller that programs double words. A part embeds
 * struct stm32_l4l5 as its first member and describes what differs in struct stm32_l4l5_traits.
 */
#ifndef RIGS_VIRTUAL_CHIPS_STM32_L4L5_H
#define RIGS_VIRTUAL_CHIPS_STM32_L4L5_H

#include "rigs/virtual/chips/stm32.h"
#include "rigs/virtual/chips/stm32_l4l5_registers.h"

#define L4L5_VOS_RISE_PS (20 * STM32_PS_PER_US) /* DS12023 table 23; L5: modelled */
#define L4L5_WAIT_STATES 6

/* RCC_CFGR.SW codes */
enum l4l5_source { L4L5_SOURCE_MSI = 0, L4L5_SOURCE_HSI, L4L5_SOURCE_HSE, L4L5_SOURCE_PLL };

struct stm32_l4l5;

struct stm32_l4l5_flash_traits {
	uint32_t keyr, sr, cr, eccr, optr; /* offsets */
	uint32_t optr_value;
	uint32_t page_bytes;
	unsigned bank_pages;
	uint32_t alias_bytes;                  /* of flash, at address 0 */
	uint32_t program_errors, erase_errors; /* bits of SR that stand in the way */
	uint32_t pempty;                       /* of SR; 0: there is none */
	uint32_t cr_not_modelled;
	const char *cr_not_modelled_text;
	bool unerased_is_fault; /* programming what is not erased stops the core, besides PROGERR */
	void (*acr_write)(struct stm32_l4l5 *s, uint32_t value);
};

/* RCC registers without a behaviour of their own. */
struct stm32_l4l5_plain {
	uint32_t offset, writable, reset;
};

struct stm32_l4l5_rcc_traits {
	const struct stm32_l4l5_plain *plain;
	size_t plain_count;
	uint32_t cr_not_modelled;
	const char *cr_not_modelled_text;
	uint32_t csr_plain;    /* bits of CSR that keep what is written */
	unsigned usart_select; /* first bit of the UART's field in CCIPR */
	uint32_t usart_rstr;   /* the register that resets the UART */
	unsigned usart_rstr_bit;
	void (*pwr_reset)(struct stm32_l4l5 *s);
};

/* What a voltage range allows. */
struct stm32_l4l5_range {
	const char *name;
	unsigned hclk_mhz, vco_mhz, adc_mhz;
	unsigned wait_state_mhz[L4L5_WAIT_STATES]; /* highest HCLK at 0, 1, ...; 0: not needed */
	double core_v;
};

struct stm32_l4l5_rules_traits {
	const struct stm32_l4l5_range *(*range_set)(const struct stm32_l4l5 *s); /* by registers */
	const struct stm32_l4l5_range *(*range_now)(const struct stm32_l4l5 *s);
	unsigned pll_n_max;
	bool limits_sysclk; /* hclk_mhz is for SYSCLK and the PLL's R output as well */
};

struct stm32_l4l5_traits {
	struct stm32_l4l5_flash_traits flash;
	struct stm32_l4l5_rcc_traits rcc;
	struct stm32_l4l5_rules_traits rules;
	uint32_t dbgmcu_base, idcode;
	struct stm32_adc_traits adc;
};

struct stm32_l4l5_clock {
	uint32_t rcc[L4L5_RCC_BYTES / 4];
	uint32_t cr1, cr2, cr3, cr4; /* PWR */
	int64_t msi_ready_ps, hsi_ready_ps, pll_ready_ps;
	int64_t vosf_end_ps;
	int64_t fast_since_ps;       /* SYSCLK above 80 MHz since; STM32_NEVER_PS: it is not */
	enum l4l5_source source;     /* CFGR.SWS */
	uint64_t sysclk_hz, hclk_hz; /* nominal: what the rules look at */
	int32_t msi_error_ppb, hsi_error_ppb; /* true = nominal * (1 + error) */
};

/* The first word of a double word. */
struct stm32_l4l5_latch {
	bool full;
	uint32_t offset, word;
};

struct stm32_l4l5 {
	struct stm32 base;
	const struct stm32_l4l5_traits *traits;
	struct stm32_l4l5_clock clock;
	struct stm32_l4l5_latch latch;
	bool empty; /* FLASH_SR.PEMPTY: outlives every reset but power-on */
	struct stm32_adc adc;
};

#define STM32_L4L5_PORT_MAX 9 /* A to I */

/* stm32_l4l5.c */
extern const struct stm32_gpio_reset stm32_l4l5_gpio_resets[STM32_L4L5_PORT_MAX];
extern const struct stm32_pvd_levels stm32_l4l5_pvd_levels;

static inline struct stm32_l4l5 *stm32_l4l5_of(struct stm32 *chip)
{
	return (struct stm32_l4l5 *)chip;
}

/* stm32_l4l5.c: hooks of struct stm32_part, and what a part's own hooks call. */

/* Seeded: the individual, with what the factory wrote about it in memory. */
void stm32_l4l5_set_up(struct stm32 *chip, const struct stm32_l4l5_traits *traits,
		       const struct stm32_device_info *info, uint8_t *memory);
void stm32_l4l5_power_on(struct stm32 *chip);
void stm32_l4l5_reset(struct stm32 *chip, enum stm32_reset_cause cause);
void stm32_l4l5_report(const struct stm32 *chip, struct chip_activity *activity);
void stm32_l4l5_adc_event(struct stm32 *chip, int64_t t_ps);

/* Handlers of the bus. */
uint32_t stm32_l4l5_rcc_read(struct stm32 *chip, uint32_t offset);
void stm32_l4l5_rcc_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask);
uint32_t stm32_l4l5_flash_read(struct stm32 *chip, uint32_t offset);
void stm32_l4l5_flash_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask);
uint32_t stm32_l4l5_adc_read(struct stm32 *chip, uint32_t offset);
void stm32_l4l5_adc_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask);
uint32_t stm32_l4l5_dbgmcu_read(struct stm32 *chip, uint32_t offset);
void stm32_l4l5_dbgmcu_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask);

/* stm32_l4l5_rcc.c */
void stm32_l4l5_rcc_reset(struct stm32_l4l5 *s, uint32_t flags);

/* stm32_l4l5_pwr.c: what a part's own handlers leave: CR1 to CR4 and SR2 read, CR2 and CR3 written.
 */
uint32_t stm32_l4l5_pwr_read(struct stm32 *chip, uint32_t offset);
void stm32_l4l5_pwr_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask,
			  uint32_t cr3_writable);
void stm32_l4l5_pwr_reset(struct stm32_l4l5 *s, uint32_t cr1, uint32_t cr3);

/* Clock tree (stm32_l4l5_clock.c). */
uint64_t stm32_l4l5_msi_hz(const struct stm32_l4l5 *s);
uint64_t stm32_l4l5_vco_hz(const struct stm32_l4l5 *s);       /* nominal, 0 without a source */
uint64_t stm32_l4l5_pll_input_hz(const struct stm32_l4l5 *s); /* after M */
uint64_t stm32_l4l5_pll_r_hz(const struct stm32_l4l5 *s);
uint64_t stm32_l4l5_true_millihz(const struct stm32_l4l5 *s, enum l4l5_source source,
				 uint64_t nominal_hz);
bool stm32_l4l5_source_ready(const struct stm32_l4l5 *s, enum l4l5_source source);
bool stm32_l4l5_pll_source_ready(const struct stm32_l4l5 *s);
uint64_t stm32_l4l5_usart_millihz(const struct stm32 *chip); /* kernel clock, 0: none */
uint64_t stm32_l4l5_adc_millihz(const struct stm32 *chip);
/* Something of the tree has changed: recompute HCLK, check every rule, move time's anchor. */
void stm32_l4l5_clock_update(struct stm32 *chip);
void stm32_l4l5_clock_event(struct stm32 *chip, int64_t t_ps);

/* Clock rules (stm32_l4l5_rules.c). */
void stm32_l4l5_rules_check_pll(struct stm32_l4l5 *s);
void stm32_l4l5_rules_check_hclk(struct stm32_l4l5 *s);
/* SYSCLK goes from its present value to sysclk_hz, the AHB prescaler being hpre (1, 2, 4, ...). */
void stm32_l4l5_rules_check_step(struct stm32_l4l5 *s, uint64_t sysclk_hz, unsigned hpre);
unsigned stm32_l4l5_adc_limit_mhz(const struct stm32 *chip);

/* Flash (stm32_l4l5_flash.c). */
void stm32_l4l5_flash_reset(struct stm32_l4l5 *s);
/* Hooks of struct stm32_part. */
bool stm32_l4l5_store(struct stm32 *chip, uint32_t address, unsigned size, uint32_t value);
bool stm32_l4l5_flash_stalls(const struct stm32 *chip, uint32_t address);
/* Of the loader in ROM; pages count through both banks. */
void stm32_l4l5_flash_erase_page(struct stm32 *chip, unsigned page);
bool stm32_l4l5_flash_program(struct stm32 *chip, uint32_t address, const uint8_t *bytes);

#endif
