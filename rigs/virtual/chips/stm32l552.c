/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * STM32L552ZE: the part, its board and its memories. What a seed decides: unique id, oscillator
 * errors, reference and temperature sensor with their calibration words, the SRAM's contents at
 * power-on.
 *
 * Loader in ROM: AN2606, STM32L552xx: system memory 0x0BF90000, USART3 on PC10 and PC11.
 */
#include <string.h>

#include "rigs/virtual/chips/stm32l552.h"

#define LOADER_SRAM_BYTES 0x4000u /* at the start of SRAM1: the loader's own */

/* FLASH_NSSR */
#define SEQUENCE_ERRORS                                                                            \
	(L4L5_FLASH_SR_PROGERR | L4L5_FLASH_SR_WRPERR | L4L5_FLASH_SR_PGAERR |                     \
	 L4L5_FLASH_SR_SIZERR | L552_NSSR_OPTWERR)
#define ACR_NOT_MODELLED 0x0000E000u /* LVEN, SLEEP_PD, RUN_PD */

/* Offsets are within L552_INFO_BASE. */
static const struct stm32_device_info info = {
	.uid = 0x590,
	.flash_size = 0x5E0,
	.vrefint = 0x5AA,
	.ts_1 = 0x5A8,
	.ts_2 = 0x5CA,
	.supply_v = 3.0,
	.ts_1_c = 30.0,
	.ts_2_c = 110.0,
	.typical = {.vrefint_v = 1.212, .sensor_30c_v = 0.76, .sensor_v_per_c = 2.5e-3},
};

static const struct stm32_gpio_board board = {
	.base = L552_GPIO_BASE,
	.port_count = L552_PORT_COUNT,
	.port_bytes = STM32_GPIO_BYTES_BRR,
	.resets = stm32_l4l5_gpio_resets,
	.marker_port = L552_PORT_E,
	.marker_pins = {9, 11, 13},
	.rx_port = L552_PORT_C,
	.rx_pin = 11,
};

static const struct stm32_usart_traits usart3 = {
	.name = "USART3",
	.base = L552_USART3_BASE,
	.irq = L552_IRQ_USART3,
	.generation = &stm32_usart_fifo,
	.tx_port = L552_PORT_C,
	.tx_pin = 10,
	.rx_port = L552_PORT_C,
	.rx_pin = 11,
	.function = 7,
	.kernel_millihz = stm32_l4l5_usart_millihz,
};

static const struct stm32_rom rom = {
	.product_id = 0x472,
	.page_count = 2 * L552_BANK_PAGES,
	.bank_count = 2,
	.program_bytes = 8,
	.program_ps = L552_PROGRAM_PS,
	.page_erase_ps = L552_ERASE_PS,
	.boot_ps = 4 * 1000 * STM32_PS_PER_US,
	.program = stm32_l4l5_flash_program,
	.erase_page = stm32_l4l5_flash_erase_page,
};

static const struct stm32_flash_traits flash = {
	.cr_name = "FLASH_NSCR",
	.keyr_name = "FLASH_NSKEYR",
	.irq = L552_IRQ_FLASH,
	.cr_writable = 0x03018BFF,
	.cr_held = L4L5_FLASH_CR_OPTLOCK,
};

static const struct stm32_l4l5_plain plain[] = {
	{L4L5_RCC_ICSCR, 0x7F00FF00, 0x40000000},
	{L4L5_RCC_CIER, 0x000006FF, 0},
	{L4L5_RCC_CIFR, 0, 0},
	{L4L5_RCC_CICR, 0, 0},
	{L4L5_RCC_AHB1ENR, 0x00411107, 0x00000100},
	{L4L5_RCC_AHB2ENR, 0x004620FF, 0},
	{L4L5_RCC_AHB3ENR, 0x00000101, 0},
	{L4L5_RCC_APB1ENR1, 0xF1FECC3F, 0},
	{L4L5_RCC_APB1ENR2, 0x00A00263, 0},
	{L4L5_RCC_APB2ENR, 0x01677801, 0},
	{L4L5_RCC_AHB1SMENR, 0x00C11307, 0x00C11307},
	{L4L5_RCC_AHB2SMENR, 0x004622FF, 0x004622FF},
	{L4L5_RCC_AHB3SMENR, 0x00000101, 0x00000101},
	{L4L5_RCC_APB1SMENR1, 0xF1FECC3F, 0xF1FECC3F},
	{L4L5_RCC_APB1SMENR2, 0x00A00263, 0x00A00263},
	{L4L5_RCC_APB2SMENR, 0x01677801, 0x01677801},
	{L4L5_RCC_CCIPR, 0x3FFFFFFF, 0},
	{L4L5_RCC_CCIPR2, 0x003047FF, 0},
	{L4L5_RCC_BDCR, 0x030183BD, 0},
	{L4L5_RCC_CRRCR, 0x00000001, 0},
};

static void acr_write(struct stm32_l4l5 *s, uint32_t value)
{
	if (value & ACR_NOT_MODELLED) {
		stm32_fault(&s->base,
			    "FLASH_ACR 0x%08x: LVEN, SLEEP_PD and RUN_PD are not modelled", value);
		return;
	}
	s->base.flashc.acr = value & 15;
	stm32l552_icache_apply(stm32l552_of(&s->base));
	stm32_l4l5_rules_check_hclk(s);
}

/* Programming what was not erased raises PROGERR on silicon; here it stops the core besides,
 * because no firmware means to do it. PLL N goes to 86 as in ST's driver, where the STM32L4+ goes
 * to 127. */
static const struct stm32_l4l5_traits traits = {
	.flash =
		{
			.keyr = L552_FLASH_NSKEYR,
			.sr = L552_FLASH_NSSR,
			.cr = L552_FLASH_NSCR,
			.eccr = L552_FLASH_ECCR,
			.optr = L552_FLASH_OPTR,
			/* ST production value with TZEN 0: RDP 0, DBANK (bit 22), nSWBOOT0 (bit
			 * 26): BOOT0 is the pin */
			.optr_value = 0x7FEFF8AA,
			.page_bytes = L552_PAGE_BYTES,
			.bank_pages = L552_BANK_PAGES,
			.program_errors = SEQUENCE_ERRORS,
			.erase_errors = SEQUENCE_ERRORS,
			.cr_not_modelled = 0x08020000, /* OBL_LAUNCH, OPTSTRT */
			.cr_not_modelled_text = "option bytes",
			.unerased_is_fault = true,
			.acr_write = acr_write,
		},
	.rcc =
		{
			.plain = plain,
			.plain_count = sizeof(plain) / sizeof(plain[0]),
			.cr_not_modelled = 0x94000004, /* PRIV, PLLSAI2ON, PLLSAI1ON, MSIPLLEN */
			.cr_not_modelled_text = "PRIV, PLLSAI1, PLLSAI2 and MSIPLLEN",
			.csr_plain = 0x00000011, /* LSION, LSIPRE */
			.usart_select = 4,
			.usart_rstr = L4L5_RCC_APB1RSTR1,
			.usart_rstr_bit = L552_APB1ENR1_USART3,
			.pwr_reset = stm32l552_pwr_reset,
		},
	.rules =
		{
			.range_set = stm32l552_range_set,
			.range_now = stm32l552_range_now,
			.pll_n_max = 86,
			.limits_sysclk = true,
		},
	.dbgmcu_base = L552_DBGMCU_BASE,
	.idcode = 0x20016472, /* revision Z, device 0x472 */
	.adc =
		{
			.base = L552_ADC_BASE,
			.async_millihz = stm32_l4l5_adc_millihz,
			.limit_mhz = stm32_l4l5_adc_limit_mhz,
		},
};

static void reset(struct stm32 *chip, enum stm32_reset_cause cause)
{
	stm32_l4l5_reset(chip, cause);
	stm32l552_icache_reset(stm32l552_of(chip));
}

/* NSBOOTADD0 and NSBOOTADD1 have their production values: flash, and the loader in ROM. */
static void boot(struct stm32 *chip, bool boot0)
{
	if (boot0)
		stm32_rom_start(chip);
	else
		stm32_start_program(chip, STM32_FLASH_BASE);
	stm32l552_icache_boot(stm32l552_of(chip));
}

static void report(const struct stm32 *chip, struct chip_activity *activity)
{
	const struct stm32_l4l5 *s = (const struct stm32_l4l5 *)chip;

	stm32_l4l5_report(chip, activity);
	activity->smps_on = !(s->clock.cr4 & L552_CR4_SMPSBYP);
}

static const struct stm32_pvd_traits pvd = {
	.levels = &stm32_l4l5_pvd_levels,
	.exti_base = L552_EXTI_BASE,
	.interrupt_mask = 0x80,
	.event_mask = 0x84,
	.rising = 0x00,
	.falling = 0x04,
	.pending_rising = 0x0C,
	.pending_falling = 0x10,
};

static void map_memories(struct stm32 *chip)
{
	uint8_t *info_bytes = stm32l552_of(chip)->info;
	const struct stm32_memory memories[STM32_MEMORY_MAX] = {
		{STM32_FLASH_BASE, L552_FLASH_BYTES, ROM_LOADER_AREA_FLASH, chip->flash},
		{L552_SRAM_BASE + LOADER_SRAM_BYTES, L552_SRAM_BYTES - LOADER_SRAM_BYTES,
		 ROM_LOADER_AREA_RAM, chip->sram + LOADER_SRAM_BYTES},
		{L552_SYSTEM_BASE, L552_SYSTEM_BYTES, ROM_LOADER_AREA_READ_ONLY, chip->system},
		{L552_INFO_BASE, L552_INFO_BYTES, ROM_LOADER_AREA_READ_ONLY, info_bytes},
	};
	struct armv7em *core = chip->core;

	memcpy(chip->memories, memories, sizeof(memories));
	armv7em_map(core, STM32_FLASH_BASE, L552_FLASH_BYTES, chip->flash, ARMV7EM_MEMORY_FLASH);
	armv7em_map(core, L552_SYSTEM_BASE, L552_SYSTEM_BYTES, chip->system, ARMV7EM_MEMORY_FLASH);
	armv7em_map(core, L552_INFO_BASE, L552_INFO_BYTES, info_bytes, ARMV7EM_MEMORY_FLASH);
	armv7em_map(core, L552_SRAM_BASE, L552_SRAM_BYTES, chip->sram, ARMV7EM_MEMORY_RAM);
}

static void set_up(struct stm32 *chip)
{
	struct stm32l552 *s = stm32l552_of(chip);

	memset(s->info, 0xFF, sizeof(s->info));
	stm32_l4l5_set_up(chip, &traits, &info, s->info);
	map_memories(chip);
}

static const struct stm32_part part = {
	.name = "stm32l552",
	.state_bytes = sizeof(struct stm32l552),
	.core = ARMV7EM_M33,
	.irq_count = L552_IRQ_COUNT,
	.flash_bytes = L552_FLASH_BYTES,
	.sram_base = L552_SRAM_BASE,
	.sram_bytes = L552_SRAM_BYTES,
	.system_bytes = L552_SYSTEM_BYTES,
	.blocks = stm32l552_blocks,
	.block_count = L552_BLOCK_COUNT,
	.flash = &flash,
	.board = &board,
	.usart = &usart3,
	.pvd = &pvd,
	.rom = &rom,
	.power_min_v = 1.71,               /* brown-out level 0, rising */
	.power_ps = 250 * STM32_PS_PER_US, /* modelled: tRSTTEMPO of DS12023 table 24 */
	.reset_ps = 20 * STM32_PS_PER_US,
	.set_up = set_up,
	.power_on = stm32_l4l5_power_on,
	.reset = reset,
	.boot = boot,
	.clock_update = stm32_l4l5_clock_update,
	.store = stm32_l4l5_store,
	.flash_stalls = stm32_l4l5_flash_stalls,
	.report = report,
	/* AN2606: the loader runs from HSI16 through the PLL, at 60 MHz */
	.rom_activity = {.hclk_hz = 60e6,
			 .core_v = 1.2,
			 .smps_on = true,
			 .hsi_on = true,
			 .pll_on = true,
			 .pll_vco_hz = 120e6},
	.events = {[STM32_DEADLINE_CLOCK] = stm32_l4l5_clock_event,
		   [STM32_DEADLINE_ADC] = stm32_l4l5_adc_event,
		   [STM32_DEADLINE_CACHE] = stm32l552_icache_event},
};

int stm32l552_new(const struct chip_config *config, struct chip **ret_chip, struct verr *err)
{
	return stm32_new(&part, config, ret_chip, err);
}
