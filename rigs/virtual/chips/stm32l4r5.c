/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * STM32L4R5ZI: the part, its board and its memories. What a seed decides: unique id, oscillator
 * errors, reference and temperature sensor with their calibration words, the SRAM's contents at
 * power-on.
 *
 * Loader in ROM: AN2606, V9.x listens on USART2, PA2 and PA3, with 12 KB of SRAM to itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/chips/stm32l4r5.h"

#define UID_OFFSET         0x7590u /* within system memory */
#define FLASH_SIZE_OFFSET  0x75E0u
#define TS_CAL1_OFFSET     0x75A8u
#define VREFINT_CAL_OFFSET 0x75AAu
#define TS_CAL2_OFFSET     0x75CAu
#define CALIBRATION_V      3.0
#define TS_CAL1_C          30.0
#define TS_CAL2_C          130.0
/* DS12023: MSI and HSI16 accuracy at 25..30 degC, as seen over a batch */
#define MSI_ERROR_PPB     6000000
#define HSI_ERROR_PPB     3000000
#define LOADER_SRAM_BYTES 0x3000u

static unsigned adc_limit_mhz(const struct stm32 *chip);

static const struct stm32_gpio_board board = {
	.base = STM32_GPIO_BASE,
	.port_count = STM32_PORT_COUNT,
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
			{UINT32_MAX, 0, 0},
		},
	.marker_port = STM32_PORT_E,
	.marker_pins = {9, 11, 13},
	.rx_port = STM32_PORT_A,
	.rx_pin = 3,
};

static const struct stm32_usart_traits lpuart1 = {
	.name = "LPUART1",
	.base = STM32_LPUART_BASE,
	.irq = STM32_IRQ_LPUART1,
	.generation = &stm32_usart_fifo,
	.low_power = true,
	.tx_port = STM32_PORT_A,
	.tx_pin = 2,
	.rx_port = STM32_PORT_A,
	.rx_pin = 3,
	.function = 8,
	.kernel_millihz = stm32l4r5_lpuart_millihz,
};

static const struct stm32_adc_traits adc1 = {
	.base = STM32_ADC_BASE,
	.async_millihz = stm32l4r5_adc_millihz,
	.limit_mhz = adc_limit_mhz,
};

static const struct stm32_rom rom = {
	.product_id = 0x470,
	.page_count = 2 * STM32_BANK_PAGES,
	.bank_count = 2,
	.program_bytes = 8,
	.program_ps = STM32_PROGRAM_PS,
	.page_erase_ps = STM32_ERASE_PS,
	.boot_ps = 4 * 1000 * STM32_PS_PER_US,
	.program = stm32l4r5_flash_program,
	.erase_page = stm32l4r5_flash_erase_page,
};

struct stm32l4r5 *stm32l4r5_of(struct chip *chip)
{
	return (struct stm32l4r5 *)chip;
}

static struct stm32l4r5 *part_of(struct stm32 *chip)
{
	return (struct stm32l4r5 *)chip;
}

static unsigned adc_limit_mhz(const struct stm32 *chip)
{
	(void)chip;
	return 80;
}

/* The empty check is part of loading the option bytes, which only power-on does here. */
static void check_empty(struct stm32l4r5 *s)
{
	uint32_t first;

	memcpy(&first, s->flash, sizeof(first));
	s->empty = first == UINT32_MAX;
}

static void power_on(struct stm32 *chip)
{
	struct stm32l4r5 *s = part_of(chip);

	check_empty(s);
	stm32_scramble(chip, s->sram, STM32_SRAM_BYTES);
	armv7em_invalidate(chip->core, STM32_SRAM_BASE, STM32_SRAM_BYTES);
	s->clock.rcc[STM32_RCC_CSR / 4] = 0;
}

static void reset(struct stm32 *chip, enum stm32_reset_cause cause)
{
	static const uint32_t flags[] = {
		[STM32_RESET_NO_SUPPLY] = 0,
		[STM32_RESET_POWER] = STM32_CSR_BORRSTF | STM32_CSR_PINRSTF,
		[STM32_RESET_PIN] = STM32_CSR_PINRSTF,
		[STM32_RESET_SOFTWARE] = STM32_CSR_SFTRSTF | STM32_CSR_PINRSTF,
	};
	struct stm32l4r5 *s = part_of(chip);

	stm32l4r5_flash_reset(s);
	stm32l4r5_rcc_reset(s, flags[cause]);
	stm32l4r5_pwr_reset(s);
	for (unsigned port = 0; port < STM32_PORT_COUNT; port++)
		stm32_gpio_reset(&s->gpio, port);
	stm32_usart_reset(&s->lpuart);
	stm32_adc_reset(&s->adc);
	stm32_pvd_reset(&s->pvd);
}

/* Low asks for flash, aliased at 0, and gets the ROM loader while the chip counts as empty. */
static void boot(struct stm32 *chip, bool boot0)
{
	if (boot0 || part_of(chip)->empty)
		stm32_rom_start(chip);
	else
		stm32_start_program(chip, 0);
}

static void uart_rx(struct stm32 *chip, uint8_t byte, const struct chip_uart_format *format)
{
	stm32_usart_rx(&part_of(chip)->lpuart, byte, format);
}

static void lpuart_event(struct stm32 *chip, int64_t t_ps)
{
	stm32_usart_event(&part_of(chip)->lpuart, t_ps);
}

static void adc_event(struct stm32 *chip, int64_t t_ps)
{
	stm32_adc_event(&part_of(chip)->adc, t_ps);
}

static void report(const struct stm32 *chip, struct chip_activity *activity)
{
	const struct stm32l4r5 *s = (const struct stm32l4r5 *)chip;
	const uint32_t *rcc = s->clock.rcc;

	activity->hclk_hz = (double)chip->hclk_millihz / 1e3;
	activity->core_v = stm32l4r5_core_v(s);
	activity->msi_on = rcc[STM32_RCC_CR / 4] & STM32_CR_MSION;
	activity->hsi_on = rcc[STM32_RCC_CR / 4] & STM32_CR_HSION;
	activity->pll_on = rcc[STM32_RCC_CR / 4] & STM32_CR_PLLON;
	if (activity->msi_on)
		activity->msi_hz =
			(double)stm32l4r5_true_millihz(s, STM32_SOURCE_MSI, stm32l4r5_msi_hz(s)) /
			1e3;
	if (activity->pll_on)
		activity->pll_vco_hz =
			(double)stm32l4r5_true_millihz(s, STM32_SOURCE_PLL, stm32l4r5_vco_hz(s)) /
			1e3;
	for (uint32_t offset = STM32_RCC_AHB1ENR; offset <= STM32_RCC_APB2ENR; offset += 4)
		activity->peripherals_on += (unsigned)__builtin_popcount(rcc[offset / 4]);
}

static void destroy(struct stm32 *chip)
{
	struct stm32l4r5 *s = part_of(chip);

	armv7em_free(chip->core);
	free(s->own_flash);
	free(s->sram);
	free(s->system);
	free(s);
}

/* Thresholds: modelled on the levels that ST's headers name, 100 mV of hysteresis as the data
 * sheets give, +-60 mV between chips; level 7 is a pin. */
static const struct stm32_pvd_traits pvd = {
	.rising_v = {2.1, 2.3, 2.5, 2.6, 2.7, 2.9, 3.0, 0},
	.falling_v = {2.0, 2.2, 2.4, 2.5, 2.6, 2.8, 2.9, 0},
	.spread_v = 0.06,
	.exti_base = STM32_EXTI_BASE,
	.interrupt_mask = 0x00,
	.event_mask = 0x04,
	.rising = 0x08,
	.falling = 0x0C,
	.pending_rising = 0x14,
	.pending_falling = 0x14,
};

static void supply_changed(struct stm32 *chip)
{
	stm32_pvd_update(&part_of(chip)->pvd);
}

static const struct stm32_part part = {
	.name = "stm32l4r5",
	.power_min_v = 1.71,               /* brown-out level 0, rising */
	.power_ps = 250 * STM32_PS_PER_US, /* tRSTTEMPO, DS12023 table 24 */
	.reset_ps = 20 * STM32_PS_PER_US,
	.power_on = power_on,
	.reset = reset,
	.boot = boot,
	.clock_update = stm32l4r5_clock_update,
	.supply_changed = supply_changed,
	.uart_rx = uart_rx,
	.flash_stalls = stm32l4r5_flash_stalls,
	.report = report,
	/* AN2606: the loader runs from HSI16 through the PLL */
	.rom_activity = {.hclk_hz = 72e6,
			 .core_v = 1.2,
			 .hsi_on = true,
			 .pll_on = true,
			 .pll_vco_hz = 144e6},
	.destroy = destroy,
	.events = {[STM32_DEADLINE_CLOCK] = stm32l4r5_clock_event,
		   [STM32_DEADLINE_FLASH] = stm32l4r5_flash_event,
		   [STM32_DEADLINE_UART] = lpuart_event,
		   [STM32_DEADLINE_ADC] = adc_event},
};

static void map_memories(struct stm32l4r5 *s)
{
	const struct stm32_memory memories[STM32_MEMORY_MAX] = {
		{STM32_FLASH_BASE, STM32_FLASH_BYTES, ROM_LOADER_AREA_FLASH, s->flash},
		{0, STM32_FLASH_BYTES, ROM_LOADER_AREA_NONE, s->flash},
		{STM32_SRAM_BASE + LOADER_SRAM_BYTES, STM32_SRAM_BYTES - LOADER_SRAM_BYTES,
		 ROM_LOADER_AREA_RAM, s->sram + LOADER_SRAM_BYTES},
		{STM32_SRAM2_ALIAS, STM32_SRAM2_BYTES, ROM_LOADER_AREA_RAM,
		 s->sram + STM32_SRAM2_OFFSET},
		{STM32_SYSTEM_BASE, STM32_SYSTEM_BYTES, ROM_LOADER_AREA_READ_ONLY, s->system},
	};
	struct armv7em *core = s->base.core;

	memcpy(s->base.memories, memories, sizeof(memories));
	armv7em_map(core, 0, STM32_FLASH_BYTES, s->flash, ARMV7EM_MEMORY_FLASH);
	armv7em_map(core, STM32_FLASH_BASE, STM32_FLASH_BYTES, s->flash, ARMV7EM_MEMORY_FLASH);
	armv7em_map(core, STM32_SYSTEM_BASE, STM32_SYSTEM_BYTES, s->system, ARMV7EM_MEMORY_FLASH);
	armv7em_map(core, STM32_SRAM_BASE, STM32_SRAM_BYTES, s->sram, ARMV7EM_MEMORY_RAM);
	armv7em_map(core, STM32_SRAM2_ALIAS, STM32_SRAM2_BYTES, s->sram + STM32_SRAM2_OFFSET,
		    ARMV7EM_MEMORY_RAM);
}

static void make_individual(struct stm32l4r5 *s)
{
	const struct stm32_calibration calibration = {
		.vrefint = s->system + VREFINT_CAL_OFFSET,
		.ts_1 = s->system + TS_CAL1_OFFSET,
		.ts_2 = s->system + TS_CAL2_OFFSET,
		.supply_v = CALIBRATION_V,
		.ts_1_c = TS_CAL1_C,
		.ts_2_c = TS_CAL2_C,
		.typical = {.vrefint_v = 1.212, .sensor_30c_v = 0.76, .sensor_v_per_c = 2.5e-3},
	};
	struct stm32 *chip = &s->base;

	memset(s->system, 0xFF, STM32_SYSTEM_BYTES);
	stm32_make_uid(chip, s->system + UID_OFFSET);
	stm32_store_u16(s->system + FLASH_SIZE_OFFSET, STM32_FLASH_BYTES / 1024);
	stm32_analog_make(chip, &s->analog, &calibration);
	s->clock.msi_error_ppb = (int32_t)(MSI_ERROR_PPB * stm32_spread(chip));
	s->clock.hsi_error_ppb = (int32_t)(HSI_ERROR_PPB * stm32_spread(chip));
}

static void set_up(struct stm32l4r5 *s)
{
	struct stm32 *chip = &s->base;

	make_individual(s);
	map_memories(s);
	stm32_rom_init(chip, &rom);
	stm32_gpio_init(&s->gpio, chip, &board);
	stm32_usart_init(&s->lpuart, chip, &s->gpio, &lpuart1);
	stm32_adc_init(&s->adc, chip, &adc1, &s->analog);
	stm32_pvd_init(&s->pvd, chip, &pvd);
	reset(chip, STM32_RESET_NO_SUPPLY);
	stm32l4r5_clock_update(chip);
}

int stm32l4r5_new(const struct chip_config *config, struct chip **ret_chip, struct verr *err)
{
	struct stm32l4r5 *s = calloc(1, sizeof(*s));
	struct armv7em_bus bus = {s, stm32l4r5_read, stm32l4r5_write};

	if (!s)
		goto no_memory;
	stm32_init(&s->base, &part, config);
	if (!config->flash) {
		s->own_flash = malloc(STM32_FLASH_BYTES);
		if (s->own_flash)
			memset(s->own_flash, 0xFF, STM32_FLASH_BYTES);
	}
	s->flash = config->flash ? config->flash : s->own_flash;
	s->sram = calloc(1, STM32_SRAM_BYTES);
	s->system = malloc(STM32_SYSTEM_BYTES);
	s->base.core = armv7em_new(&bus, ARMV7EM_M4, STM32_IRQ_COUNT);
	if (!s->flash || !s->sram || !s->system || !s->base.core)
		goto free_parts;
	set_up(s);
	*ret_chip = &s->base.chip;
	return 0;

free_parts:
	destroy(&s->base);
no_memory:
	return verr_set(err, -ENOMEM, "stm32l4r5: out of memory");
}
