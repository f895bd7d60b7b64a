/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the flash controllers of STM32 have in common (RM0432 section 3, RM0438 chapter FLASH,
 * RM0410 section 3): the key sequence, one operation at a time, its end, its errors and its
 * interrupt. The bytes change when an operation starts. What an operation is, and the registers,
 * are the part's.
 */
#ifndef RIGS_VIRTUAL_CHIPS_STM32_FLASH_H
#define RIGS_VIRTUAL_CHIPS_STM32_FLASH_H

#include <stdbool.h>
#include <stdint.h>

#define STM32_FLASH_BASE     0x08000000u
#define STM32_FLASH_KEY1     0x45670123u
#define STM32_FLASH_KEY2     0xCDEF89ABu
#define STM32_FLASH_SR_EOP   (1u << 0)
#define STM32_FLASH_SR_OPERR (1u << 1)
#define STM32_FLASH_SR_BSY   (1u << 16)
#define STM32_FLASH_CR_PG    (1u << 0)
#define STM32_FLASH_CR_STRT  (1u << 16)
#define STM32_FLASH_CR_EOPIE (1u << 24)
#define STM32_FLASH_CR_ERRIE (1u << 25)
#define STM32_FLASH_CR_LOCK  (1u << 31)

struct stm32;

struct stm32_flash_traits {
	const char *cr_name, *keyr_name; /* for sentences */
	unsigned irq;
	uint32_t cr_writable;
	uint32_t cr_held; /* bits that stay set: locks of what is not modelled */
	uint32_t acr_reset;
};

struct stm32_flash {
	uint32_t acr, cr, sr;
	unsigned key_step;
	uint32_t offset, bytes; /* what the operation in progress changes */
};

/* Locked, nothing in progress. */
void stm32_flash_reset(struct stm32 *chip);
void stm32_flash_irq_update(struct stm32 *chip);
/* An operation is refused: SR gets the error. */
void stm32_flash_fail(struct stm32 *chip, uint32_t error);
/* What the core has decoded of it is void, in all its aliases. Offsets are from flash's start. */
void stm32_flash_invalidate(struct stm32 *chip, uint32_t offset, uint32_t bytes);
void stm32_flash_erase(struct stm32 *chip, uint32_t offset, uint32_t bytes);
/* The bytes have changed; from now on the operation lasts. */
void stm32_flash_start(struct stm32 *chip, uint32_t offset, uint32_t bytes, int64_t duration_ps);
/* STM32_DEADLINE_FLASH. */
void stm32_flash_event(struct stm32 *chip, int64_t t_ps);
/* The bus holds a write to the controller back until the operation in progress has ended: the write
 * takes effect, and the core does nothing until then. */
void stm32_flash_wait_until_idle(struct stm32 *chip);
/* May the store or the write of CR go on? Waits until the flash is idle. False while it is locked,
 * which is a fault unless CR would not change. */
bool stm32_flash_takes_store(struct stm32 *chip, uint32_t offset, unsigned size);
bool stm32_flash_takes_cr(struct stm32 *chip, uint32_t value);
/* After stm32_flash_takes_cr. The caller starts what CR asks for. */
void stm32_flash_cr_write(struct stm32 *chip, uint32_t value);
void stm32_flash_key_write(struct stm32 *chip, uint32_t key);

#endif
