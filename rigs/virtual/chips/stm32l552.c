/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * STM32L552ZE: the part, its board and its memories. What a seed decides: unique id, oscillator
 * errors, reference and temperature sensor with their calibration words, the SRAM's contents at
 * power-on.
 *
 * Loader in ROM: AN2606, STM32L552xx: system memory 0x0BF90000, USART3 on PC10 and PC11.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/chips/stm32l552.h"

#define CALIBRATION_V 3.0
#define TS_CAL1_C     30.0
#define TS_CAL2_C     110.0
/* Modelled: accuracy at 25..30 degC over a batch, as for the STM32L4+ */
#define MSI_ERROR_PPB     6000000
#define HSI_ERROR_PPB     3000000
#define LOADER_SRAM_BYTES 0x4000u /* at the start of SRAM1: the loader's own */

static const struct stm32_gpio_board board = {
	.base = L552_GPIO_BASE,
	.port_count = L552_PORT_COUNT,
	.port_bytes = STM32_GPIO_BYTES_BRR,
	.resets =
		{
			{0xABFFFFFF, 0x0C000000, 0x64000000}, /* SWDIO, SWCLK, JTDI */
			{0xFFFFFEBF, 0x00000000, 0x00000100}, /* JTDO, NJTRST */
			{UINT32_MAX, 0, 0},
			{UINT32_MAX, 0, 0},
			{UINT32_MAX, 0, 0},
			{UINT32_MAX, 0, 0},
			{UINT32_MAX, 0, 0},
			{UINT32_MAX, 0, 0},
		},
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
	.kernel_millihz = stm32l552_usart3_millihz,
};

static const struct stm32_adc_traits adc1 = {
	.base = L552_ADC_BASE,
	.async_millihz = stm32l552_adc_millihz,
	.limit_mhz = stm32l552_adc_limit_mhz,
};

static const struct stm32_rom rom = {
	.product_id = 0x472,
	.page_count = 2 * L552_BANK_PAGES,
	.bank_count = 2,
	.program_bytes = 8,
	.program_ps = L552_PROGRAM_PS,
	.page_erase_ps = L552_ERASE_PS,
	.boot_ps = 4 * 1000 * STM32_PS_PER_US,
	.program = stm32l552_flash_program,
	.erase_page = stm32l552_flash_erase_page,
};

static void power_on(struct stm32 *chip)
{
	struct stm32l552 *s = stm32l552_of(chip);

	stm32_scramble(chip, s->sram, L552_SRAM_BYTES);
	armv7em_invalidate(chip->core, L552_SRAM_BASE, L552_SRAM_BYTES);
	s->clock.rcc[L552_RCC_CSR / 4] = 0;
}

static void reset(struct stm32 *chip, enum stm32_reset_cause cause)
{
	static const uint32_t flags[] = {
		[STM32_RESET_NO_SUPPLY] = 0,
		[STM32_RESET_POWER] = L552_CSR_BORRSTF | L552_CSR_PINRSTF,
		[STM32_RESET_PIN] = L552_CSR_PINRSTF,
		[STM32_RESET_SOFTWARE] = L552_CSR_SFTRSTF | L552_CSR_PINRSTF,
	};
	struct stm32l552 *s = stm32l552_of(chip);

	stm32l552_flash_reset(s);
	stm32l552_icache_reset(s);
	stm32l552_rcc_reset(s, flags[cause]);
	stm32l552_pwr_reset(s);
	for (unsigned port = 0; port < L552_PORT_COUNT; port++)
		stm32_gpio_reset(&s->gpio, port);
	stm32_usart_reset(&s->usart);
	stm32_adc_reset(&s->adc);
	stm32_pvd_reset(&s->pvd);
}

/* NSBOOTADD0 and NSBOOTADD1 have their production values: flash, and the loader in ROM. */
static void boot(struct stm32 *chip, bool boot0)
{
	if (boot0)
		stm32_rom_start(chip);
	else
		stm32_start_program(chip, L552_FLASH_BASE);
	stm32l552_icache_boot(stm32l552_of(chip));
}

static void uart_rx(struct stm32 *chip, uint8_t byte, const struct chip_uart_format *format)
{
	stm32_usart_rx(&stm32l552_of(chip)->usart, byte, format);
}

static void usart_event(struct stm32 *chip, int64_t t_ps)
{
	stm32_usart_event(&stm32l552_of(chip)->usart, t_ps);
}

static void adc_event(struct stm32 *chip, int64_t t_ps)
{
	stm32_adc_event(&stm32l552_of(chip)->adc, t_ps);
}

static void report(const struct stm32 *chip, struct chip_activity *activity)
{
	const struct stm32l552 *s = (const struct stm32l552 *)chip;
	const uint32_t *rcc = s->clock.rcc;

	activity->hclk_hz = (double)chip->hclk_millihz / 1e3;
	activity->core_v = stm32l552_core_v(s);
	activity->smps_on = !(s->clock.cr4 & L552_CR4_SMPSBYP);
	activity->msi_on = rcc[L552_RCC_CR / 4] & L552_CR_MSION;
	activity->hsi_on = rcc[L552_RCC_CR / 4] & L552_CR_HSION;
	activity->pll_on = rcc[L552_RCC_CR / 4] & L552_CR_PLLON;
	if (activity->msi_on)
		activity->msi_hz =
			(double)stm32l552_true_millihz(s, L552_SOURCE_MSI, stm32l552_msi_hz(s)) /
			1e3;
	if (activity->pll_on)
		activity->pll_vco_hz =
			(double)stm32l552_true_millihz(s, L552_SOURCE_PLL, stm32l552_vco_hz(s)) /
			1e3;
	for (uint32_t offset = L552_RCC_AHB1ENR; offset <= L552_RCC_APB2ENR; offset += 4)
		activity->peripherals_on += (unsigned)__builtin_popcount(rcc[offset / 4]);
}

static void destroy(struct stm32 *chip)
{
	struct stm32l552 *s = stm32l552_of(chip);

	armv7em_free(chip->core);
	free(s->own_flash);
	free(s->sram);
	free(s->system);
	free(s->info);
	free(s);
}

/* Thresholds: modelled on the levels that ST's headers name, 100 mV of hysteresis as the data
 * sheets give, +-60 mV between chips; level 7 is a pin. */
static const struct stm32_pvd_traits pvd = {
	.rising_v = {2.1, 2.3, 2.5, 2.6, 2.7, 2.9, 3.0, 0},
	.falling_v = {2.0, 2.2, 2.4, 2.5, 2.6, 2.8, 2.9, 0},
	.spread_v = 0.06,
	.exti_base = L552_EXTI_BASE,
	.interrupt_mask = 0x80,
	.event_mask = 0x84,
	.rising = 0x00,
	.falling = 0x04,
	.pending_rising = 0x0C,
	.pending_falling = 0x10,
};

static void supply_changed(struct stm32 *chip)
{
	stm32_pvd_update(&stm32l552_of(chip)->pvd);
}

static const struct stm32_part part = {
	.name = "stm32l552",
	.power_min_v = 1.71,               /* brown-out level 0, rising */
	.power_ps = 250 * STM32_PS_PER_US, /* modelled: tRSTTEMPO of DS12023 table 24 */
	.reset_ps = 20 * STM32_PS_PER_US,
	.power_on = power_on,
	.reset = reset,
	.boot = boot,
	.clock_update = stm32l552_clock_update,
	.supply_changed = supply_changed,
	.uart_rx = uart_rx,
	.flash_stalls = stm32l552_flash_stalls,
	.report = report,
	/* AN2606: the loader runs from HSI16 through the PLL, at 60 MHz */
	.rom_activity = {.hclk_hz = 60e6,
			 .core_v = 1.2,
			 .smps_on = true,
			 .hsi_on = true,
			 .pll_on = true,
			 .pll_vco_hz = 120e6},
	.destroy = destroy,
	.events = {[STM32_DEADLINE_CLOCK] = stm32l552_clock_event,
		   [STM32_DEADLINE_FLASH] = stm32l552_flash_event,
		   [STM32_DEADLINE_UART] = usart_event,
		   [STM32_DEADLINE_ADC] = adc_event,
		   [STM32_DEADLINE_CACHE] = stm32l552_icache_event},
};

static void map_memories(struct stm32l552 *s)
{
	const struct stm32_memory memories[STM32_MEMORY_MAX] = {
		{L552_FLASH_BASE, L552_FLASH_BYTES, ROM_LOADER_AREA_FLASH, s->flash},
		{L552_SRAM_BASE + LOADER_SRAM_BYTES, L552_SRAM_BYTES - LOADER_SRAM_BYTES,
		 ROM_LOADER_AREA_RAM, s->sram + LOADER_SRAM_BYTES},
		{L552_SYSTEM_BASE, L552_SYSTEM_BYTES, ROM_LOADER_AREA_READ_ONLY, s->system},
		{L552_INFO_BASE, L552_INFO_BYTES, ROM_LOADER_AREA_READ_ONLY, s->info},
	};
	struct armv7em *core = s->base.core;

	memcpy(s->base.memories, memories, sizeof(memories));
	armv7em_map(core, L552_FLASH_BASE, L552_FLASH_BYTES, s->flash, ARMV7EM_MEMORY_FLASH);
	armv7em_map(core, L552_SYSTEM_BASE, L552_SYSTEM_BYTES, s->system, ARMV7EM_MEMORY_FLASH);
	armv7em_map(core, L552_INFO_BASE, L552_INFO_BYTES, s->info, ARMV7EM_MEMORY_FLASH);
	armv7em_map(core, L552_SRAM_BASE, L552_SRAM_BYTES, s->sram, ARMV7EM_MEMORY_RAM);
}

static uint8_t *info_at(struct stm32l552 *s, uint32_t address)
{
	return s->info + (address - L552_INFO_BASE);
}

static void make_individual(struct stm32l552 *s)
{
	const struct stm32_calibration calibration = {
		.vrefint = info_at(s, L552_VREFINT_CAL),
		.ts_1 = info_at(s, L552_TS_CAL1),
		.ts_2 = info_at(s, L552_TS_CAL2),
		.supply_v = CALIBRATION_V,
		.ts_1_c = TS_CAL1_C,
		.ts_2_c = TS_CAL2_C,
		.typical = {.vrefint_v = 1.212, .sensor_30c_v = 0.76, .sensor_v_per_c = 2.5e-3},
	};
	struct stm32 *chip = &s->base;

	memset(s->system, 0xFF, L552_SYSTEM_BYTES);
	memset(s->info, 0xFF, L552_INFO_BYTES);
	stm32_make_uid(chip, info_at(s, L552_UID));
	stm32_store_u16(info_at(s, L552_FLASH_SIZE), L552_FLASH_BYTES / 1024);
	stm32_analog_make(chip, &s->analog, &calibration);
	s->clock.msi_error_ppb = (int32_t)(MSI_ERROR_PPB * stm32_spread(chip));
	s->clock.hsi_error_ppb = (int32_t)(HSI_ERROR_PPB * stm32_spread(chip));
}

static void set_up(struct stm32l552 *s)
{
	struct stm32 *chip = &s->base;

	make_individual(s);
	map_memories(s);
	stm32_rom_init(chip, &rom);
	stm32_gpio_init(&s->gpio, chip, &board);
	stm32_usart_init(&s->usart, chip, &s->gpio, &usart3);
	stm32_adc_init(&s->adc, chip, &adc1, &s->analog);
	stm32_pvd_init(&s->pvd, chip, &pvd);
	reset(chip, STM32_RESET_NO_SUPPLY);
	stm32l552_clock_update(chip);
}

int stm32l552_new(const struct chip_config *config, struct chip **ret_chip, struct verr *err)
{
	struct stm32l552 *s = calloc(1, sizeof(*s));
	struct armv7em_bus bus = {s, stm32l552_read, stm32l552_write};

	if (!s)
		goto no_memory;
	stm32_init(&s->base, &part, config);
	if (!config->flash) {
		s->own_flash = malloc(L552_FLASH_BYTES);
		if (s->own_flash)
			memset(s->own_flash, 0xFF, L552_FLASH_BYTES);
	}
	s->flash = config->flash ? config->flash : s->own_flash;
	s->sram = calloc(1, L552_SRAM_BYTES);
	s->system = malloc(L552_SYSTEM_BYTES);
	s->info = malloc(L552_INFO_BYTES);
	s->base.core = armv7em_new(&bus, ARMV7EM_M33, L552_IRQ_COUNT);
	if (!s->flash || !s->sram || !s->system || !s->info || !s->base.core)
		goto free_parts;
	set_up(s);
	*ret_chip = &s->base.chip;
	return 0;

free_parts:
	destroy(&s->base);
no_memory:
	return verr_set(err, -ENOMEM, "stm32l552: out of memory");
}
