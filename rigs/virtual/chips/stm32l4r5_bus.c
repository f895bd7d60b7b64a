/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From an address to a peripheral's registers, with the clock gates of RCC. An access to a
 * peripheral whose clock is off reads 0 and changes nothing on silicon; here it is a fault besides,
 * because no firmware means to do it.
 */
#include "rigs/virtual/chips/stm32l4r5.h"

struct block {
	const char *name;
	uint32_t base, bytes;
	uint32_t gate_offset; /* RCC enable register; 0: always clocked */
	unsigned gate_bit;
	uint32_t (*read)(struct stm32l4r5 *s, uint32_t offset);
	void (*write)(struct stm32l4r5 *s, uint32_t offset, uint32_t value, uint32_t mask);
};

static uint32_t dbgmcu_read(struct stm32l4r5 *s, uint32_t offset)
{
	if (offset == 0)
		return 0x100F6470; /* revision W, device 0x470 */
	stm32_unmodelled(&s->base, STM32_DBGMCU_BASE + offset);
	return 0;
}

static void dbgmcu_write(struct stm32l4r5 *s, uint32_t offset, uint32_t value, uint32_t mask)
{
	(void)value;
	(void)mask;
	stm32_unmodelled(&s->base, STM32_DBGMCU_BASE + offset);
}

static uint32_t gpio_read(struct stm32l4r5 *s, uint32_t offset)
{
	return stm32_gpio_read(&s->gpio, offset);
}

static void gpio_write(struct stm32l4r5 *s, uint32_t offset, uint32_t value, uint32_t mask)
{
	stm32_gpio_write(&s->gpio, offset, value, mask);
}

static uint32_t lpuart_read(struct stm32l4r5 *s, uint32_t offset)
{
	return stm32_usart_read(&s->lpuart, offset);
}

static void lpuart_write(struct stm32l4r5 *s, uint32_t offset, uint32_t value, uint32_t mask)
{
	stm32_usart_write(&s->lpuart, offset, value, mask);
}

static uint32_t adc_read(struct stm32l4r5 *s, uint32_t offset)
{
	return stm32_adc_read(&s->adc, offset);
}

static void adc_write(struct stm32l4r5 *s, uint32_t offset, uint32_t value, uint32_t mask)
{
	stm32_adc_write(&s->adc, offset, value, mask);
}

static uint32_t exti_read(struct stm32l4r5 *s, uint32_t offset)
{
	return stm32_exti_read(&s->pvd, offset);
}

static void exti_write(struct stm32l4r5 *s, uint32_t offset, uint32_t value, uint32_t mask)
{
	stm32_exti_write(&s->pvd, offset, value, mask);
}

#define GPIO_BLOCK(port)                                                                           \
	{                                                                                          \
		"GPIO", STM32_GPIO_BASE + (port)*0x400u, 0x400, STM32_RCC_AHB2ENR, port,           \
			gpio_read, gpio_write                                                      \
	}

static const struct block blocks[] = {
	{"LPUART1", STM32_LPUART_BASE, 0x400, STM32_RCC_APB1ENR2, 0, lpuart_read, lpuart_write},
	GPIO_BLOCK(0),
	GPIO_BLOCK(1),
	GPIO_BLOCK(2),
	GPIO_BLOCK(3),
	GPIO_BLOCK(4),
	GPIO_BLOCK(5),
	GPIO_BLOCK(6),
	GPIO_BLOCK(7),
	GPIO_BLOCK(8),
	{"FLASH", STM32_FLASHC_BASE, 0x400, 0, 0, stm32l4r5_flash_read, stm32l4r5_flash_write},
	{"RCC", STM32_RCC_BASE, 0x400, 0, 0, stm32l4r5_rcc_read, stm32l4r5_rcc_write},
	{"PWR", STM32_PWR_BASE, 0x400, STM32_RCC_APB1ENR1, 28, stm32l4r5_pwr_read,
	 stm32l4r5_pwr_write},
	{"ADC1", STM32_ADC_BASE, 0x400, STM32_RCC_AHB2ENR, 13, adc_read, adc_write},
	{"EXTI", STM32_EXTI_BASE, 0x400, 0, 0, exti_read, exti_write},
	{"DBGMCU", STM32_DBGMCU_BASE, 0x400, 0, 0, dbgmcu_read, dbgmcu_write},
};

static const struct block *find(uint32_t address)
{
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		if (address - blocks[i].base < blocks[i].bytes)
			return &blocks[i];
	}
	return NULL;
}

/* Handlers take offsets within their whole peripheral: the ports share one. */
static uint32_t handler_offset(const struct block *block, uint32_t address)
{
	uint32_t base = block->write == gpio_write ? STM32_GPIO_BASE : block->base;

	return (address - base) & ~3u;
}

static bool is_clocked(struct stm32l4r5 *s, const struct block *block, uint32_t address)
{
	char port = (char)('A' + (block->base - STM32_GPIO_BASE) / 0x400u);

	if (block->gate_offset == 0 || s->clock.rcc[block->gate_offset / 4] >> block->gate_bit & 1)
		return true;
	if (block->write == gpio_write)
		stm32_fault(&s->base, "access to GPIO%c (0x%08x) while its clock is off", port,
			    address);
	else
		stm32_fault(&s->base, "access to %s (0x%08x) while its clock is off", block->name,
			    address);
	return false;
}

bool stm32l4r5_read(void *context, uint32_t address, unsigned size, uint32_t *ret_value)
{
	struct stm32l4r5 *s = context;
	const struct block *block = find(address);
	uint32_t word;

	*ret_value = 0;
	if (!block) {
		stm32_unmodelled(&s->base, address);
		return true; /* the core stops; a bus fault on top would only blur the sentence */
	}
	if (!is_clocked(s, block, address))
		return true;
	word = block->read(s, handler_offset(block, address)) >> (address & 3) * 8;
	*ret_value = size == 4 ? word : word & ((1u << size * 8) - 1);
	return true;
}

static bool store_to_memory(struct stm32l4r5 *s, uint32_t address, unsigned size, uint32_t value)
{
	if (address - STM32_FLASH_BASE < STM32_FLASH_BYTES)
		stm32l4r5_flash_store(s, address - STM32_FLASH_BASE, size, value);
	else if (address < STM32_FLASH_BYTES) /* the alias reaches the same array */
		stm32l4r5_flash_store(s, address, size, value);
	else if (address - STM32_SYSTEM_BASE < STM32_SYSTEM_BYTES)
		stm32_fault(&s->base, "store to system memory at 0x%08x", address);
	else
		return false;
	return true;
}

bool stm32l4r5_write(void *context, uint32_t address, unsigned size, uint32_t value)
{
	struct stm32l4r5 *s = context;
	const struct block *block = find(address);
	unsigned shift = (address & 3) * 8;
	uint32_t mask = (size == 4 ? UINT32_MAX : (1u << size * 8) - 1) << shift;

	if (!block && store_to_memory(s, address, size, value))
		return true;
	if (!block)
		stm32_unmodelled(&s->base, address);
	else if (is_clocked(s, block, address))
		block->write(s, handler_offset(block, address), value << shift & mask, mask);
	return true;
}
