/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From an address to a peripheral's registers, with the clock gates and resets of SYSTEM. An access
 * to a peripheral that is not clocked or held in reset changes nothing on silicon; here it is a
 * fault besides, because no firmware means to do it. So is one to an address that is not modelled.
 * Peripheral registers take word stores.
 *
 * Of the ROM only the word that host tools know chips by can be read.
 */
#include "rigs/virtual/chips/esp32c3.h"

#define CHIP_MAGIC_ADDRESS 0x40001000u
#define CHIP_MAGIC         0x1B31506Fu /* ESP32-C3 from revision 3 on */

struct block {
	const char *name;
	uint32_t base, bytes;
	uint32_t gates; /* bits of PERIP_CLK_EN0 */
	uint32_t (*read)(struct esp32c3 *s, uint32_t offset);
	void (*write)(struct esp32c3 *s, uint32_t offset, uint32_t value);
};

static const struct block blocks[] = {
	{"UART0", ESP32C3_UART0_BASE, 0x1000, ESP32C3_CLK_UART | ESP32C3_CLK_UART_MEM,
	 esp32c3_uart_read, esp32c3_uart_write},
	{"SPI0/1", ESP32C3_SPI1_BASE, 0x2000, ESP32C3_CLK_SPI01, esp32c3_spi_read,
	 esp32c3_spi_write},
	{"GPIO", ESP32C3_GPIO_BASE, 0x1000, 0, esp32c3_gpio_read, esp32c3_gpio_write},
	{"RTC_CNTL", ESP32C3_RTC_BASE, 0x800, 0, esp32c3_rtc_read, esp32c3_rtc_write},
	{"eFuse", ESP32C3_EFUSE_BASE, 0x200, ESP32C3_CLK_EFUSE, esp32c3_efuse_read,
	 esp32c3_efuse_write},
	{"IO_MUX", ESP32C3_IO_MUX_BASE, 0x1000, 0, esp32c3_io_mux_read, esp32c3_io_mux_write},
	{"I2C_ANA", ESP32C3_ANALOG_BASE, 0x1000, 0, esp32c3_analog_read, esp32c3_analog_write},
	{"TIMG0", ESP32C3_TIMG0_BASE, 0x1000, ESP32C3_CLK_TIMG0, esp32c3_timg_read,
	 esp32c3_timg_write},
	{"TIMG1", ESP32C3_TIMG1_BASE, 0x1000, ESP32C3_CLK_TIMG1, esp32c3_timg_read,
	 esp32c3_timg_write},
	{"SYSTIMER", ESP32C3_SYSTIMER_BASE, 0x1000, ESP32C3_CLK_SYSTIMER, esp32c3_systimer_read,
	 esp32c3_systimer_write},
	{"APB_SARADC", ESP32C3_SARADC_BASE, 0x1000, ESP32C3_CLK_SARADC, esp32c3_saradc_read,
	 esp32c3_saradc_write},
	{"SYSTEM", ESP32C3_SYSTEM_BASE, 0x1000, 0, esp32c3_system_read, esp32c3_system_write},
	{"INTERRUPT", ESP32C3_INTERRUPT_BASE, 0x800, 0, esp32c3_interrupt_read,
	 esp32c3_interrupt_write},
	{"EXTMEM", ESP32C3_EXTMEM_BASE, 0x1000, 0, esp32c3_extmem_read, esp32c3_extmem_write},
	{"MMU", ESP32C3_MMU_BASE, 0x1000, 0, esp32c3_mmu_read, esp32c3_mmu_write},
};

static const struct block *find(uint32_t address)
{
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (address - blocks[i].base < blocks[i].bytes)
			return &blocks[i];
	return NULL;
}

/* Handlers take offsets within their whole peripheral: the timer groups share one. */
static uint32_t handler_offset(const struct block *block, uint32_t address)
{
	uint32_t base = block->read == esp32c3_timg_read ? ESP32C3_TIMG0_BASE : block->base;

	return (address - base) & ~3u;
}

static bool is_alive(struct esp32c3 *s, const struct block *block, uint32_t address)
{
	uint32_t clocks = s->system[ESP32C3_SYS_PERIP_CLK_EN0 / 4];
	uint32_t resets = s->system[ESP32C3_SYS_PERIP_RST_EN0 / 4];

	if ((clocks & block->gates) == block->gates && !(resets & block->gates))
		return true;
	esp32c3_fault(s, "access to %s (0x%08x) while %s", block->name, address,
		      resets & block->gates ? "SYSTEM_PERIP_RST_EN0 holds it in reset"
					    : "its clock is off (SYSTEM_PERIP_CLK_EN0)");
	return false;
}

void esp32c3_unmodelled(struct esp32c3 *s, uint32_t address)
{
	if (!s->quiet)
		esp32c3_fault(s, "access to unmodelled address 0x%08x", address);
}

static bool is_cache(uint32_t address)
{
	return address - ESP32C3_DROM_BASE < ESP32C3_CACHE_BYTES ||
	       address - ESP32C3_IROM_BASE < ESP32C3_CACHE_BYTES;
}

/* Memory that the core has not mapped at the moment. */
static bool read_memory(struct esp32c3 *s, uint32_t address, unsigned size, uint32_t *ret_value)
{
	if (is_cache(address))
		return esp32c3_cache_read(s, address, size, ret_value);
	if (address - ESP32C3_SRAM0_BASE < ESP32C3_SRAM0_BYTES) {
		esp32c3_fault(s, "read of SRAM0 at 0x%08x, which the cache uses while it is on",
			      address);
		return true;
	}
	if (address - ESP32C3_ROM_BASE >= ESP32C3_ROM_BYTES)
		return false;
	if (address == CHIP_MAGIC_ADDRESS)
		*ret_value = CHIP_MAGIC;
	else if (!s->quiet)
		esp32c3_fault(s, "read of the ROM at 0x%08x: its content is not modelled", address);
	return true;
}

bool esp32c3_read(void *context, uint32_t address, unsigned size, uint32_t *ret_value)
{
	struct esp32c3 *s = context;
	const struct block *block = find(address);
	uint32_t word;

	*ret_value = 0;
	if (!block) {
		if (!read_memory(s, address, size, ret_value))
			esp32c3_unmodelled(s, address);
		return true; /* the core stops; a trap on top would only blur the sentence */
	}
	if (!is_alive(s, block, address))
		return true;
	word = block->read(s, handler_offset(block, address)) >> (address & 3) * 8;
	*ret_value = size == 4 ? word : word & ((1u << size * 8) - 1);
	return true;
}

static bool write_memory(struct esp32c3 *s, uint32_t address)
{
	if (is_cache(address))
		esp32c3_fault(s, "store to flash at 0x%08x", address);
	else if (address - ESP32C3_ROM_BASE < ESP32C3_ROM_BYTES)
		esp32c3_fault(s, "store to the ROM at 0x%08x", address);
	else if (address - ESP32C3_SRAM0_BASE < ESP32C3_SRAM0_BYTES)
		esp32c3_fault(s, "store to SRAM0 at 0x%08x, which the cache uses while it is on",
			      address);
	else
		return false;
	return true;
}

bool esp32c3_write(void *context, uint32_t address, unsigned size, uint32_t value)
{
	struct esp32c3 *s = context;
	const struct block *block = find(address);

	if (!block) {
		if (!write_memory(s, address))
			esp32c3_unmodelled(s, address);
		return true;
	}
	if (size != 4)
		esp32c3_fault(s, "store of %u bytes to %s (0x%08x): its registers take words", size,
			      block->name, address);
	else if (is_alive(s, block, address))
		block->write(s, handler_offset(block, address), value);
	return true;
}

uint8_t *esp32c3_ram(struct esp32c3 *s, uint32_t address, uint32_t bytes)
{
	const struct {
		uint32_t base, bytes;
		uint8_t *memory;
	} memories[] = {
		{ESP32C3_SRAM0_BASE, ESP32C3_SRAM0_BYTES, s->sram0},
		{ESP32C3_IRAM_BASE, ESP32C3_SRAM1_BYTES, s->sram1},
		{ESP32C3_DRAM_BASE, ESP32C3_SRAM1_BYTES, s->sram1},
		{ESP32C3_RTC_RAM_BASE, ESP32C3_RTC_RAM_BYTES, s->rtc_ram},
	};

	/* SRAM0 and SRAM1 follow each other on the instruction bus and in the model's memory. */
	if (address >= ESP32C3_SRAM0_BASE && address < ESP32C3_IRAM_BASE &&
	    bytes <= ESP32C3_IRAM_BASE + ESP32C3_SRAM1_BYTES - address)
		return s->sram0 + (address - ESP32C3_SRAM0_BASE);
	for (size_t i = 0; i < sizeof(memories) / sizeof(memories[0]); i++)
		if (address >= memories[i].base && bytes <= memories[i].bytes &&
		    address - memories[i].base <= memories[i].bytes - bytes)
			return memories[i].memory + (address - memories[i].base);
	return NULL;
}
