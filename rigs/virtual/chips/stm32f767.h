/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * STM32F767ZI as RM0410 describes it, for the files stm32f767*.c and for tests: the state of the
 * chip and the seams between its peripherals. Factory option bytes: single bank (nDBANK 1), boot
 * address 0 in flash over ITCM, read protection level 0. Life, time and pins: stm32.h.
 */
#ifndef RIGS_VIRTUAL_CHIPS_STM32F767_H
#define RIGS_VIRTUAL_CHIPS_STM32F767_H

#include "rigs/virtual/chips/stm32.h"
#include "rigs/virtual/chips/stm32f767_registers.h"

/* RM0410 figure 2, tables 3 and 4; DS11532 figure 22 */
#define F767_ITCM_BASE          0x00000000u
#define F767_ITCM_BYTES         0x00004000u
#define F767_SYSTEM_ALIAS       0x00100000u /* ITCM side */
#define F767_SYSTEM_ALIAS_BYTES 0x0000EDC0u
#define F767_FLASH_ALIAS        0x00200000u /* ITCM side, through the ART accelerator */
#define F767_FLASH_BYTES        0x00200000u
#define F767_SECTOR_COUNT       12u
#define F767_SYSTEM_BASE        0x1FF00000u
#define F767_SYSTEM_BYTES       0x00010000u /* loader, OTP, device information */
#define F767_SRAM_BASE          0x20000000u /* DTCM, SRAM1, SRAM2 in one piece */
#define F767_SRAM_BYTES         0x00080000u
#define F767_DTCM_BYTES         0x00020000u
#define F767_SRAM1_BASE         0x20020000u
#define F767_IRQ_COUNT          110
#define F767_IRQ_FLASH          4
#define F767_IRQ_ADC            18
#define F767_IRQ_USART3         39
#define F767_PORT_COUNT         11 /* A to K */
#define F767_PORT_B             1
#define F767_PORT_E             4
#define F767_HSI_HZ             16000000u
#define F767_HSE_HZ             8000000u /* Nucleo-144: the ST-LINK's MCO on OSC_IN */

/* RCC_CFGR.SW codes */
enum f767_source { F767_SOURCE_HSI = 0, F767_SOURCE_HSE, F767_SOURCE_PLL };

struct f767_clock {
	uint32_t rcc[0x94 / 4];
	uint32_t cr1, csr1, cr2; /* PWR */
	int64_t hsi_ready_ps, hse_ready_ps, pll_ready_ps;
	int64_t vos_ready_ps; /* regulator at PWR_CR1.VOS; only while the PLL is on */
	int64_t od_ready_ps, odsw_ready_ps;
	enum f767_source source;              /* CFGR.SWS */
	uint64_t sysclk_hz, hclk_hz;          /* nominal: what the rules look at */
	int32_t hsi_error_ppb, hse_error_ppb; /* true = nominal * (1 + error) */
};

struct f767_adc {
	uint32_t sr, cr1, cr2, smpr[2], sqr[3], dr, ccr;
	int64_t on_ready_ps, sensor_ready_ps;
	unsigned sequence_index;
	bool converting;
};

struct stm32f767 {
	struct stm32 base;
	_Alignas(16) uint8_t itcm[F767_ITCM_BYTES];
	struct f767_clock clock;
	struct f767_adc adc;
	uint32_t syscfg[9], dbgmcu[4];
};

static inline struct stm32f767 *stm32f767_of(struct stm32 *chip)
{
	return (struct stm32f767 *)chip;
}

/* stm32f767_memory.c: what an address is within the chip's arrays. */
/* NULL: no memory, or not `bytes` of it. */
uint8_t *stm32f767_memory_at(struct stm32f767 *s, uint32_t address, size_t bytes);
void stm32f767_memory_map(struct stm32f767 *s);
bool stm32f767_memory_store(struct stm32 *chip, uint32_t address, unsigned size, uint32_t value);
/* Is it flash (either side)? ret_offset: from the start of the array. */
bool stm32f767_memory_is_flash(uint32_t address, uint32_t *ret_offset);
uint32_t stm32f767_sector_offset(unsigned sector);
uint32_t stm32f767_sector_bytes(unsigned sector);

/* The blocks of the bus (stm32f767_bus.c) and what they are made of. */
#define F767_BLOCK_COUNT 9
extern const struct stm32_block stm32f767_blocks[F767_BLOCK_COUNT];
uint32_t stm32f767_rcc_read(struct stm32 *chip, uint32_t offset);
void stm32f767_rcc_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask);
void stm32f767_rcc_reset(struct stm32f767 *s, uint32_t flags);
uint32_t stm32f767_pwr_read(struct stm32 *chip, uint32_t offset);
void stm32f767_pwr_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask);
void stm32f767_pwr_reset(struct stm32f767 *s);
uint32_t stm32f767_flash_read(struct stm32 *chip, uint32_t offset);
void stm32f767_flash_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask);
void stm32f767_flash_reset(struct stm32f767 *s);
uint32_t stm32f767_adc_read(struct stm32 *chip, uint32_t offset);
void stm32f767_adc_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask);
void stm32f767_adc_reset(struct stm32f767 *s);

/* Deadlines. t_ps is the deadline itself. */
void stm32f767_clock_event(struct stm32 *chip, int64_t t_ps);
void stm32f767_adc_event(struct stm32 *chip, int64_t t_ps);

/* Clock tree (stm32f767_clock.c). */
uint64_t stm32f767_vco_hz(const struct stm32f767 *s);       /* nominal, 0 with M 0 */
uint64_t stm32f767_pll_input_hz(const struct stm32f767 *s); /* after M */
uint64_t stm32f767_true_millihz(const struct stm32f767 *s, enum f767_source source,
				uint64_t nominal_hz);
bool stm32f767_source_ready(const struct stm32f767 *s, enum f767_source source);
enum f767_source stm32f767_pll_source(const struct stm32f767 *s);
uint64_t stm32f767_pclk2_millihz(const struct stm32f767 *s);
uint64_t stm32f767_sysclk_millihz(const struct stm32f767 *s);
uint64_t stm32f767_usart_millihz(const struct stm32 *chip);              /* kernel clock, 0: none */
unsigned stm32f767_apb_divider(const struct stm32f767 *s, unsigned bus); /* bus 1 or 2 */
/* Something of the tree has changed: recompute HCLK, check every rule, move time's anchor. */
void stm32f767_clock_update(struct stm32 *chip);

/* Regulator (stm32f767_pwr.c). */
unsigned stm32f767_pwr_scale(const struct stm32f767 *s); /* 1 to 3, as it is now */
bool stm32f767_pwr_over_drive(const struct stm32f767 *s);
double stm32f767_pwr_core_v(const struct stm32f767 *s);
/* The PLL was switched on or off: VOS follows. */
void stm32f767_pwr_follow_pll(struct stm32f767 *s, bool on);

/* Clock rules (stm32f767_rules.c). */
void stm32f767_rules_check_pll(struct stm32f767 *s);
void stm32f767_rules_check_hclk(struct stm32f767 *s);

extern const struct stm32_flash_traits stm32f767_flash_traits;
/* A store into the flash address range, offset from its start. */
void stm32f767_flash_store(struct stm32f767 *s, uint32_t offset, unsigned size, uint32_t value);
/* Must an access to the address wait? Single bank: any flash address, while anything is going on.
 */
bool stm32f767_flash_stalls(const struct stm32 *chip, uint32_t address);
/* Of the loader in ROM, which writes by byte and erases at the slowest parallelism. */
#define F767_LOADER_PIECE_BYTES 4
void stm32f767_flash_erase_page(struct stm32 *chip, unsigned sector); /* 0..11 */
bool stm32f767_flash_program_piece(struct stm32 *chip, uint32_t address, const uint8_t *bytes);
int64_t stm32f767_flash_erase_page_ps(void *context, unsigned sector);

#endif
