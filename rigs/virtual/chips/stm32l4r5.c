/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * STM32L4R5ZI: the part, its board and its memories. What a seed decides: unique id, oscillator
 * errors, reference and temperature sensor with their calibration words, the SRAM's contents at
 * power-on.
 *
 * Loader in ROM: AN2606, V9.x listens on USART2, PA2 and PA3, with 12 KB of SRAM to itself.
 */
#include <string.h>

#include "rigs/virtual/chips/stm32l4r5.h"

#define LOADER_SRAM_BYTES 0x3000u

/* Offsets are within system memory. */
static const struct stm32_device_info info = {
	.uid = 0x7590,
	.flash_size = 0x75E0,
	.vrefint = 0x75AA,
	.ts_1 = 0x75A8,
	.ts_2 = 0x75CA,
	.supply_v = 3.0,
	.ts_1_c = 30.0,
	.ts_2_c = 130.0,
	.typical = {.vrefint_v = 1.212, .sensor_30c_v = 0.76, .sensor_v_per_c = 2.5e-3},
};

static const struct stm32_gpio_board board = {
	.base = L4R5_GPIO_BASE,
	.port_count = L4R5_PORT_COUNT,
	.port_bytes = STM32_GPIO_BYTES_BRR,
	.resets = stm32_l4l5_gpio_resets,
	.marker_port = L4R5_PORT_E,
	.marker_pins = {9, 11, 13},
	.rx_port = L4R5_PORT_A,
	.rx_pin = 3,
};

static const struct stm32_usart_traits lpuart1 = {
	.name = "LPUART1",
	.base = L4R5_LPUART_BASE,
	.irq = L4R5_IRQ_LPUART1,
	.generation = &stm32_usart_fifo,
	.low_power = true,
	.tx_port = L4R5_PORT_A,
	.tx_pin = 2,
	.rx_port = L4R5_PORT_A,
	.rx_pin = 3,
	.function = 8,
	.kernel_millihz = stm32_l4l5_usart_millihz,
};

static const struct stm32_rom rom = {
	.product_id = 0x470,
	.page_count = 2 * L4R5_BANK_PAGES,
	.bank_count = 2,
	.program_bytes = 8,
	.program_ps = L4R5_PROGRAM_PS,
	.page_erase_ps = L4R5_ERASE_PS,
	.boot_ps = 4 * 1000 * STM32_PS_PER_US,
	.program = stm32_l4l5_flash_program,
	.erase_page = stm32_l4l5_flash_erase_page,
};

static const struct stm32_flash_traits flash = {
	.cr_name = "FLASH_CR",
	.keyr_name = "FLASH_KEYR",
	.irq = L4R5_IRQ_FLASH,
	.cr_writable = 0x0F03FFFF,
	.cr_held = L4L5_FLASH_CR_OPTLOCK,
	.acr_reset = 0x00000600,
};

static const struct stm32_l4l5_plain plain[] = {
	{L4L5_RCC_ICSCR, 0x7F00FF00, 0x40000000},
	{L4L5_RCC_CIER, 0x0000067F, 0},
	{L4L5_RCC_CIFR, 0, 0},
	{L4L5_RCC_CICR, 0, 0},
	{L4L5_RCC_AHB1ENR, 0x00031107, 0x00000100},
	{L4L5_RCC_AHB2ENR, 0x005471FF, 0},
	{L4L5_RCC_AHB3ENR, 0x00000301, 0},
	{L4L5_RCC_APB1ENR1, 0xF3FECC3F, 0},
	{L4L5_RCC_APB1ENR2, 0x00000023, 0},
	{L4L5_RCC_APB2ENR, 0x01677881, 0},
	{L4L5_RCC_AHB1SMENR, 0x00031307, 0x00031307},
	{L4L5_RCC_AHB2SMENR, 0x005477FF, 0x005477FF},
	{L4L5_RCC_AHB3SMENR, 0x00000301, 0x00000301},
	{L4L5_RCC_APB1SMENR1, 0xF3FECC3F, 0xF3FECC3F},
	{L4L5_RCC_APB1SMENR2, 0x00000023, 0x00000023},
	{L4L5_RCC_APB2SMENR, 0x01677801, 0x01677801},
	{L4L5_RCC_CCIPR, 0x3C3FFFFF, 0},
	{L4L5_RCC_BDCR, 0x0301837D, 0},
	{L4L5_RCC_CRRCR, 0x00000001, 0}, /* HSI48, which nothing here uses */
};

static void acr_apply(struct stm32 *chip)
{
	uint32_t acr = chip->flashc.acr;

	armv7em_set_flash(chip->core, acr & 15, acr >> 8 & 1, acr >> 9 & 1, acr >> 10 & 1);
}

static void acr_write(struct stm32_l4l5 *s, uint32_t value)
{
	if (value & 1u << 13) {
		stm32_fault(&s->base, "FLASH_ACR.RUN_PD is not modelled");
		return;
	}
	s->base.flashc.acr = value & 0x00005F0F;
	acr_apply(&s->base);
	stm32_l4l5_rules_check_hclk(s);
}

static const struct stm32_l4l5_traits traits = {
	.flash =
		{
			.keyr = L4R5_FLASH_KEYR,
			.sr = L4R5_FLASH_SR,
			.cr = L4R5_FLASH_CR,
			.eccr = L4R5_FLASH_ECCR,
			.optr = L4R5_FLASH_OPTR,
			/* factory: RDP 0, DBANK (bit 22), nSWBOOT0: BOOT0 is the pin */
			.optr_value = 0xFFEFF8AA,
			.page_bytes = L4R5_PAGE_BYTES,
			.bank_pages = L4R5_BANK_PAGES,
			.alias_bytes = L4R5_FLASH_BYTES,
			.program_errors = L4L5_FLASH_SR_PROGERR | L4L5_FLASH_SR_WRPERR |
					  L4L5_FLASH_SR_PGAERR | L4L5_FLASH_SR_SIZERR | 0xC300,
			.pempty = 1u << 17,
			.cr_not_modelled = 0x080E0000, /* OBL_LAUNCH, FSTPG, OPTSTRT */
			.cr_not_modelled_text = "option bytes and fast programming",
			.acr_write = acr_write,
		},
	.rcc =
		{
			.plain = plain,
			.plain_count = sizeof(plain) / sizeof(plain[0]),
			.cr_not_modelled = 0x14000004,
			.cr_not_modelled_text = "PLLSAI and MSIPLLEN",
			.csr_plain = 0x00000001,
			.usart_select = 10,
			.usart_rstr = L4L5_RCC_APB1RSTR2,
			.usart_rstr_bit = 0,
			.pwr_reset = stm32l4r5_pwr_reset,
		},
	.rules =
		{
			.range_set = stm32l4r5_range_set,
			.range_now = stm32l4r5_range_now,
			.pll_n_max = 127,
		},
	.dbgmcu_base = L4R5_DBGMCU_BASE,
	.idcode = 0x100F6470, /* revision W, device 0x470 */
	.adc =
		{
			.base = L4R5_ADC_BASE,
			.async_millihz = stm32_l4l5_adc_millihz,
			.limit_mhz = stm32_l4l5_adc_limit_mhz,
		},
};

/* The empty check is part of loading the option bytes, which only power-on does here. */
static void power_on(struct stm32 *chip)
{
	uint32_t first;

	memcpy(&first, chip->flash, sizeof(first));
	stm32_l4l5_of(chip)->empty = first == UINT32_MAX;
	stm32_l4l5_power_on(chip);
}

static void reset(struct stm32 *chip, enum stm32_reset_cause cause)
{
	stm32_l4l5_reset(chip, cause);
	acr_apply(chip);
}

/* Low asks for flash, aliased at 0, and gets the ROM loader while the chip counts as empty. */
static void boot(struct stm32 *chip, bool boot0)
{
	if (boot0 || stm32_l4l5_of(chip)->empty)
		stm32_rom_start(chip);
	else
		stm32_start_program(chip, 0);
}

static const struct stm32_pvd_traits pvd = {
	.levels = &stm32_l4l5_pvd_levels,
	.exti_base = L4R5_EXTI_BASE,
	.interrupt_mask = 0x00,
	.event_mask = 0x04,
	.rising = 0x08,
	.falling = 0x0C,
	.pending_rising = 0x14,
	.pending_falling = 0x14,
};

static void map_memories(struct stm32 *chip)
{
	const struct stm32_memory memories[STM32_MEMORY_MAX] = {
		{STM32_FLASH_BASE, L4R5_FLASH_BYTES, ROM_LOADER_AREA_FLASH, chip->flash},
		{0, L4R5_FLASH_BYTES, ROM_LOADER_AREA_NONE, chip->flash},
		{L4R5_SRAM_BASE + LOADER_SRAM_BYTES, L4R5_SRAM_BYTES - LOADER_SRAM_BYTES,
		 ROM_LOADER_AREA_RAM, chip->sram + LOADER_SRAM_BYTES},
		{L4R5_SRAM2_ALIAS, L4R5_SRAM2_BYTES, ROM_LOADER_AREA_RAM,
		 chip->sram + L4R5_SRAM2_OFFSET},
		{L4R5_SYSTEM_BASE, L4R5_SYSTEM_BYTES, ROM_LOADER_AREA_READ_ONLY, chip->system},
	};
	struct armv7em *core = chip->core;

	memcpy(chip->memories, memories, sizeof(memories));
	armv7em_map(core, 0, L4R5_FLASH_BYTES, chip->flash, ARMV7EM_MEMORY_FLASH);
	armv7em_map(core, STM32_FLASH_BASE, L4R5_FLASH_BYTES, chip->flash, ARMV7EM_MEMORY_FLASH);
	armv7em_map(core, L4R5_SYSTEM_BASE, L4R5_SYSTEM_BYTES, chip->system, ARMV7EM_MEMORY_FLASH);
	armv7em_map(core, L4R5_SRAM_BASE, L4R5_SRAM_BYTES, chip->sram, ARMV7EM_MEMORY_RAM);
	armv7em_map(core, L4R5_SRAM2_ALIAS, L4R5_SRAM2_BYTES, chip->sram + L4R5_SRAM2_OFFSET,
		    ARMV7EM_MEMORY_RAM);
}

static void set_up(struct stm32 *chip)
{
	stm32_l4l5_set_up(chip, &traits, &info, chip->system);
	map_memories(chip);
}

static const struct stm32_part part = {
	.name = "stm32l4r5",
	.state_bytes = sizeof(struct stm32l4r5),
	.core = ARMV7EM_M4,
	.irq_count = L4R5_IRQ_COUNT,
	.flash_bytes = L4R5_FLASH_BYTES,
	.sram_base = L4R5_SRAM_BASE,
	.sram_bytes = L4R5_SRAM_BYTES,
	.system_bytes = L4R5_SYSTEM_BYTES,
	.blocks = stm32l4r5_blocks,
	.block_count = L4R5_BLOCK_COUNT,
	.flash = &flash,
	.board = &board,
	.usart = &lpuart1,
	.pvd = &pvd,
	.rom = &rom,
	.power_min_v = 1.71,               /* brown-out level 0, rising */
	.power_ps = 250 * STM32_PS_PER_US, /* tRSTTEMPO, DS12023 table 24 */
	.reset_ps = 20 * STM32_PS_PER_US,
	.set_up = set_up,
	.power_on = power_on,
	.reset = reset,
	.boot = boot,
	.clock_update = stm32_l4l5_clock_update,
	.store = stm32_l4l5_store,
	.flash_stalls = stm32_l4l5_flash_stalls,
	.report = stm32_l4l5_report,
	/* AN2606: the loader runs from HSI16 through the PLL */
	.rom_activity = {.hclk_hz = 72e6,
			 .core_v = 1.2,
			 .hsi_on = true,
			 .pll_on = true,
			 .pll_vco_hz = 144e6},
	.events = {[STM32_DEADLINE_CLOCK] = stm32_l4l5_clock_event,
		   [STM32_DEADLINE_ADC] = stm32_l4l5_adc_event},
};

int stm32l4r5_new(const struct chip_config *config, struct chip **ret_chip, struct verr *err)
{
	return stm32_new(&part, config, ret_chip, err);
}
