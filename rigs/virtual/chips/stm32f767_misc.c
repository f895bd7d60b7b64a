/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * SYSCFG (RM0410 section 7.2) and DBGMCU (40.16) of the STM32F767: registers that keep what is
 * written and do nothing. SYSCFG_MEMRMP's swap of the external memories has nothing to swap.
 */
#include "rigs/virtual/chips/stm32f767_misc.h"

#define IDCODE 0x10016451u /* revision Z, device 0x451 */

/* Bits that can be written, by register; 0: read-only or reserved. */
static const uint32_t syscfg_writable[9] = {
	0x00000D00, 0x00FF00FF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0, 0x00000005, 0x00000001,
};
static const uint32_t dbgmcu_writable[4] = {0, 0x000000E7, 0x0FE01FFF, 0x00070003};

struct plain_block {
	uint32_t base;
	uint32_t *words;
	const uint32_t *writable;
	size_t count;
};

static struct plain_block syscfg_block(struct stm32f767 *s)
{
	return (struct plain_block){F767_SYSCFG_BASE, s->syscfg, syscfg_writable, 9};
}

static struct plain_block dbgmcu_block(struct stm32f767 *s)
{
	return (struct plain_block){F767_DBGMCU_BASE, s->dbgmcu, dbgmcu_writable, 4};
}

static uint32_t plain_read(struct stm32 *chip, struct plain_block block, uint32_t offset)
{
	if (offset / 4 < block.count)
		return block.words[offset / 4];
	stm32_unmodelled(chip, block.base + offset);
	return 0;
}

static void plain_write(struct stm32 *chip, struct plain_block block, uint32_t offset,
			uint32_t value, uint32_t mask)
{
	if (offset / 4 >= block.count) {
		stm32_unmodelled(chip, block.base + offset);
		return;
	}
	mask &= block.writable[offset / 4];
	block.words[offset / 4] = stm32_merge(block.words[offset / 4], value, mask);
}

uint32_t stm32f767_syscfg_read(struct stm32 *chip, uint32_t offset)
{
	return plain_read(chip, syscfg_block(stm32f767_of(chip)), offset);
}

void stm32f767_syscfg_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask)
{
	plain_write(chip, syscfg_block(stm32f767_of(chip)), offset, value, mask);
}

uint32_t stm32f767_dbgmcu_read(struct stm32 *chip, uint32_t offset)
{
	return plain_read(chip, dbgmcu_block(stm32f767_of(chip)), offset);
}

void stm32f767_dbgmcu_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask)
{
	plain_write(chip, dbgmcu_block(stm32f767_of(chip)), offset, value, mask);
}

void stm32f767_misc_reset(struct stm32f767 *s)
{
	for (size_t i = 0; i < 9; i++)
		s->syscfg[i] = 0;
	s->dbgmcu[0] = IDCODE; /* the others only power-on clears: nothing here reads them */
}
