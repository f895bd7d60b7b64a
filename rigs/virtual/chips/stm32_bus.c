/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From an address to a peripheral's registers, with the clock gates of RCC. An access to a
 * peripheral whose clock is off reads 0 and changes nothing on silicon; here it is a fault besides,
 * because no firmware means to do it.
 */
#include "rigs/virtual/chips/stm32.h"

uint32_t stm32_bus_gpio_read(struct stm32 *chip, uint32_t offset)
{
	return stm32_gpio_read(&chip->gpio, offset);
}

void stm32_bus_gpio_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask)
{
	stm32_gpio_write(&chip->gpio, offset, value, mask);
}

uint32_t stm32_bus_usart_read(struct stm32 *chip, uint32_t offset)
{
	return stm32_usart_read(&chip->usart, offset);
}

void stm32_bus_usart_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask)
{
	stm32_usart_write(&chip->usart, offset, value, mask);
}

uint32_t stm32_bus_exti_read(struct stm32 *chip, uint32_t offset)
{
	return stm32_exti_read(&chip->pvd, offset);
}

void stm32_bus_exti_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask)
{
	stm32_exti_write(&chip->pvd, offset, value, mask);
}

static const struct stm32_block *find(const struct stm32_part *part, uint32_t address)
{
	for (size_t i = 0; i < part->block_count; i++) {
		if (address - part->blocks[i].base < part->blocks[i].bytes)
			return &part->blocks[i];
	}
	return NULL;
}

static bool is_clocked(struct stm32 *chip, const struct stm32_block *block, uint32_t address)
{
	bool is_port = block->write == stm32_bus_gpio_write;
	unsigned port = is_port ? (address - block->base) / STM32_GPIO_STRIDE : 0;
	char letter[2] = {(char)('A' + port), '\0'};

	if (block->gate_offset == 0 ||
	    chip->rcc[block->gate_offset / 4] >> (block->gate_bit + port) & 1)
		return true;
	stm32_fault(chip, "access to %s%s (0x%08x) while its clock is off", block->name,
		    is_port ? letter : "", address);
	return false;
}

bool stm32_read(void *context, uint32_t address, unsigned size, uint32_t *ret_value)
{
	struct stm32 *chip = context;
	const struct stm32_block *block = find(chip->part, address);
	uint32_t word;

	*ret_value = 0;
	if (!block) {
		stm32_unmodelled(chip, address);
		return true; /* the core stops; a bus fault on top would only blur the sentence */
	}
	if (!is_clocked(chip, block, address))
		return true;
	word = block->read(chip, (address - block->base) & ~3u) >> (address & 3) * 8;
	*ret_value = size == 4 ? word : word & ((1u << size * 8) - 1);
	return true;
}

bool stm32_write(void *context, uint32_t address, unsigned size, uint32_t value)
{
	struct stm32 *chip = context;
	const struct stm32_block *block = find(chip->part, address);
	unsigned shift = (address & 3) * 8;
	uint32_t mask = (size == 4 ? UINT32_MAX : (1u << size * 8) - 1) << shift;

	if (!block && chip->part->store(chip, address, size, value))
		return true;
	if (!block)
		stm32_unmodelled(chip, address);
	else if (is_clocked(chip, block, address))
		block->write(chip, (address - block->base) & ~3u, value << shift & mask, mask);
	return true;
}
