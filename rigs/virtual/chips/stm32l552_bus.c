/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From an address to a peripheral's registers, with the clock gates of RCC. An access to a
 * peripheral whose clock is off reads 0 and changes nothing on silicon; here it is a fault besides,
 * because no firmware means to do it.
 */
#include "rigs/virtual/chips/stm32l552.h"

struct block {
	const char *name;
	uint32_t base, bytes;
	uint32_t gate_offset; /* RCC enable register; 0: always clocked */
	unsigned gate_bit;
	uint32_t (*read)(struct stm32l552 *s, uint32_t offset);
	void (*write)(struct stm32l552 *s, uint32_t offset, uint32_t value, uint32_t mask);
};

/* Revision Z, device 0x472 */
#define IDCODE 0x20016472u

static uint32_t dbgmcu_read(struct stm32l552 *s, uint32_t offset)
{
	if (offset == 0)
		return IDCODE;
	stm32_unmodelled(&s->base, L552_DBGMCU_BASE + offset);
	return 0;
}

static void dbgmcu_write(struct stm32l552 *s, uint32_t offset, uint32_t value, uint32_t mask)
{
	(void)value;
	(void)mask;
	stm32_unmodelled(&s->base, L552_DBGMCU_BASE + offset);
}

static uint32_t gpio_read(struct stm32l552 *s, uint32_t offset)
{
	return stm32_gpio_read(&s->gpio, offset);
}

static void gpio_write(struct stm32l552 *s, uint32_t offset, uint32_t value, uint32_t mask)
{
	stm32_gpio_write(&s->gpio, offset, value, mask);
}

static uint32_t usart_read(struct stm32l552 *s, uint32_t offset)
{
	return stm32_usart_read(&s->usart, offset);
}

static void usart_write(struct stm32l552 *s, uint32_t offset, uint32_t value, uint32_t mask)
{
	stm32_usart_write(&s->usart, offset, value, mask);
}

static uint32_t adc_read(struct stm32l552 *s, uint32_t offset)
{
	return stm32_adc_read(&s->adc, offset);
}

static void adc_write(struct stm32l552 *s, uint32_t offset, uint32_t value, uint32_t mask)
{
	stm32_adc_write(&s->adc, offset, value, mask);
}

static uint32_t exti_read(struct stm32l552 *s, uint32_t offset)
{
	return stm32_exti_read(&s->pvd, offset);
}

static void exti_write(struct stm32l552 *s, uint32_t offset, uint32_t value, uint32_t mask)
{
	stm32_exti_write(&s->pvd, offset, value, mask);
}

static const struct block blocks[] = {
	{"USART3", L552_USART3_BASE, 0x400, L552_RCC_APB1ENR1, L552_APB1ENR1_USART3, usart_read,
	 usart_write},
	{"GPIO", L552_GPIO_BASE, L552_PORT_COUNT *STM32_GPIO_STRIDE, L552_RCC_AHB2ENR, 0, gpio_read,
	 gpio_write},
	{"FLASH", L552_FLASHC_BASE, 0x400, 0, 0, stm32l552_flash_read, stm32l552_flash_write},
	{"ICACHE", L552_ICACHE_BASE, 0x400, 0, 0, stm32l552_icache_read, stm32l552_icache_write},
	{"RCC", L552_RCC_BASE, 0x400, 0, 0, stm32l552_rcc_read, stm32l552_rcc_write},
	{"PWR", L552_PWR_BASE, 0x400, L552_RCC_APB1ENR1, L552_APB1ENR1_PWR, stm32l552_pwr_read,
	 stm32l552_pwr_write},
	{"ADC1", L552_ADC_BASE, 0x400, L552_RCC_AHB2ENR, L552_AHB2ENR_ADC, adc_read, adc_write},
	{"EXTI", L552_EXTI_BASE, 0x400, 0, 0, exti_read, exti_write},
	{"DBGMCU", L552_DBGMCU_BASE, 0x400, 0, 0, dbgmcu_read, dbgmcu_write},
};

static const struct block *find(uint32_t address)
{
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		if (address - blocks[i].base < blocks[i].bytes)
			return &blocks[i];
	}
	return NULL;
}

static bool is_clocked(struct stm32l552 *s, const struct block *block, uint32_t address)
{
	bool is_port = block->write == gpio_write;
	unsigned port = is_port ? (address - L552_GPIO_BASE) / STM32_GPIO_STRIDE : 0;
	char letter[2] = {(char)('A' + port), '\0'};

	if (block->gate_offset == 0 ||
	    s->clock.rcc[block->gate_offset / 4] >> (block->gate_bit + port) & 1)
		return true;
	stm32_fault(&s->base, "access to %s%s (0x%08x) while its clock is off", block->name,
		    is_port ? letter : "", address);
	return false;
}

bool stm32l552_read(void *context, uint32_t address, unsigned size, uint32_t *ret_value)
{
	struct stm32l552 *s = context;
	const struct block *block = find(address);
	uint32_t word;

	*ret_value = 0;
	if (!block) {
		stm32_unmodelled(&s->base, address);
		return true; /* the core stops; a bus fault on top would only blur the sentence */
	}
	if (!is_clocked(s, block, address))
		return true;
	word = block->read(s, (address - block->base) & ~3u) >> (address & 3) * 8;
	*ret_value = size == 4 ? word : word & ((1u << size * 8) - 1);
	return true;
}

static bool store_to_memory(struct stm32l552 *s, uint32_t address, unsigned size, uint32_t value)
{
	if (address - L552_FLASH_BASE < L552_FLASH_BYTES)
		stm32l552_flash_store(s, address - L552_FLASH_BASE, size, value);
	else if (address - L552_SYSTEM_BASE < L552_SYSTEM_BYTES ||
		 address - L552_INFO_BASE < L552_INFO_BYTES)
		stm32_fault(&s->base, "store to system memory at 0x%08x", address);
	else
		return false;
	return true;
}

bool stm32l552_write(void *context, uint32_t address, unsigned size, uint32_t value)
{
	struct stm32l552 *s = context;
	const struct block *block = find(address);
	unsigned shift = (address & 3) * 8;
	uint32_t mask = (size == 4 ? UINT32_MAX : (1u << size * 8) - 1) << shift;

	if (!block && store_to_memory(s, address, size, value))
		return true;
	if (!block)
		stm32_unmodelled(&s->base, address);
	else if (is_clocked(s, block, address))
		block->write(s, (address - block->base) & ~3u, value << shift & mask, mask);
	return true;
}
