/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * SYSCFG and DBGMCU of the STM32F767; handlers as in stm32f767.h.
 */
#ifndef RIGS_VIRTUAL_CHIPS_STM32F767_MISC_H
#define RIGS_VIRTUAL_CHIPS_STM32F767_MISC_H

#include "rigs/virtual/chips/stm32f767.h"

uint32_t stm32f767_syscfg_read(struct stm32 *chip, uint32_t offset);
void stm32f767_syscfg_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask);
uint32_t stm32f767_dbgmcu_read(struct stm32 *chip, uint32_t offset);
void stm32f767_dbgmcu_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask);
void stm32f767_misc_reset(struct stm32f767 *s);

#endif
