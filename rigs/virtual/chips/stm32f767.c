/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * STM32F767ZI: the part, its board and its memories. What a seed decides: unique id, oscillator
 * errors, reference and temperature sensor with their calibration words, the contents of the RAMs
 * at power-on.
 *
 * Loader in ROM: AN2606 table 103: V9.3 listens on USART3, PB10 and PB11, has 16 KB of DTCM to
 * itself and writes flash by byte, so at the slowest parallelism. A sector is a page of the
 * protocol.
 */
#include "rigs/virtual/chips/stm32f767_misc.h"

/* DS11532: HSI accuracy at 25 degC, as seen over a batch; the ST-LINK's crystal */
#define HSI_ERROR_PPB   5000000
#define HSE_ERROR_PPB   50000
#define BYTE_PROGRAM_PS (16 * STM32_PS_PER_US) /* DS11532 */

static const struct stm32_gpio_reset gpio_resets[F767_PORT_COUNT] = {
	{0xA8000000, 0x0C000000, 0x64000000}, /* SWDIO, SWCLK, JTDI */
	{0x00000280, 0x000000C0, 0x00000100}, /* JTDO, NJTRST */
};

static const struct stm32_gpio_board board = {
	.base = F767_GPIO_BASE,
	.port_count = F767_PORT_COUNT,
	.port_bytes = STM32_GPIO_BYTES_NO_BRR,
	.resets = gpio_resets,
	.marker_port = F767_PORT_E,
	.marker_pins = {9, 11, 13},
	.rx_port = F767_PORT_B,
	.rx_pin = 11,
};

static const struct stm32_usart_traits usart3 = {
	.name = "USART3",
	.base = F767_USART_BASE,
	.irq = F767_IRQ_USART3,
	.generation = &stm32_usart_no_fifo,
	.tx_port = F767_PORT_B,
	.tx_pin = 10,
	.rx_port = F767_PORT_B,
	.rx_pin = 11,
	.function = 7,
	.kernel_millihz = stm32f767_usart_millihz,
};

static const struct stm32_rom rom = {
	.product_id = 0x451,
	.page_count = F767_SECTOR_COUNT,
	.bank_count = 1,
	.program_bytes = F767_LOADER_PIECE_BYTES,
	.program_ps = F767_LOADER_PIECE_BYTES * BYTE_PROGRAM_PS,
	.erase_ps = stm32f767_flash_erase_page_ps,
	.boot_ps = 20 * 1000 * STM32_PS_PER_US, /* modelled */
	.program = stm32f767_flash_program_piece,
	.erase_page = stm32f767_flash_erase_page,
};

static void power_on(struct stm32 *chip)
{
	struct stm32f767 *s = stm32f767_of(chip);

	stm32_scramble(chip, s->itcm, F767_ITCM_BYTES);
	armv7em_invalidate(chip->core, F767_ITCM_BASE, F767_ITCM_BYTES);
	s->clock.rcc[F767_RCC_CSR / 4] = 0;
}

static void reset(struct stm32 *chip, enum stm32_reset_cause cause)
{
	static const uint32_t flags[] = {
		[STM32_RESET_NO_SUPPLY] = 0,
		[STM32_RESET_POWER] = F767_CSR_PORRSTF | F767_CSR_PINRSTF | F767_CSR_BORRSTF,
		[STM32_RESET_PIN] = F767_CSR_PINRSTF,
		[STM32_RESET_SOFTWARE] = F767_CSR_SFTRSTF | F767_CSR_PINRSTF,
	};
	struct stm32f767 *s = stm32f767_of(chip);

	stm32f767_flash_reset(s);
	stm32f767_rcc_reset(s, flags[cause]);
	stm32f767_pwr_reset(s);
	stm32f767_adc_reset(s);
	stm32f767_misc_reset(s);
}

/* Low: BOOT_ADD0 as it leaves the factory. */
static void boot(struct stm32 *chip, bool boot0)
{
	if (boot0)
		stm32_rom_start(chip);
	else
		stm32_start_program(chip, F767_FLASH_ALIAS);
}

/* What a clock may be depends on VDD. */
static void supply_changed(struct stm32 *chip)
{
	stm32f767_rules_check_hclk(stm32f767_of(chip));
}

static void report(const struct stm32 *chip, struct chip_activity *activity)
{
	static const uint32_t enables[] = {F767_RCC_AHB1ENR, F767_RCC_AHB2ENR, F767_RCC_AHB3ENR,
					   F767_RCC_APB1ENR, F767_RCC_APB2ENR};
	const struct stm32f767 *s = (const struct stm32f767 *)chip;
	const uint32_t *rcc = s->clock.rcc;

	activity->hclk_hz = (double)chip->hclk_millihz / 1e3;
	activity->core_v = stm32f767_pwr_core_v(s);
	activity->hsi_on = rcc[F767_RCC_CR / 4] & F767_CR_HSION;
	activity->hse_on = rcc[F767_RCC_CR / 4] & F767_CR_HSEON;
	activity->pll_on = rcc[F767_RCC_CR / 4] & F767_CR_PLLON;
	if (activity->pll_on)
		activity->pll_vco_hz =
			(double)stm32f767_true_millihz(s, F767_SOURCE_PLL, stm32f767_vco_hz(s)) /
			1e3;
	for (size_t i = 0; i < sizeof(enables) / sizeof(enables[0]); i++)
		activity->peripherals_on += (unsigned)__builtin_popcount(rcc[enables[i] / 4]);
}

/* Thresholds: modelled on the typical values of the F4 and F7 data sheets; +-60 mV between chips.
 */
static const struct stm32_pvd_levels pvd_levels = {
	.rising_v = {2.14, 2.30, 2.45, 2.60, 2.76, 2.93, 3.03, 3.14},
	.falling_v = {2.04, 2.19, 2.35, 2.51, 2.66, 2.84, 2.93, 3.03},
	.spread_v = 0.06,
};

static const struct stm32_pvd_traits pvd = {
	.levels = &pvd_levels,
	.exti_base = F767_EXTI_BASE,
	.interrupt_mask = 0x00,
	.event_mask = 0x04,
	.rising = 0x08,
	.falling = 0x0C,
	.pending_rising = 0x14,
	.pending_falling = 0x14,
};

/* Offsets are within system memory. */
static const struct stm32_device_info info = {
	.uid = 0xF420,
	.flash_size = 0xF442,
	.vrefint = 0xF44A,
	.ts_1 = 0xF44C,
	.ts_2 = 0xF44E,
	.supply_v = 3.3,
	.ts_1_c = 30.0,
	.ts_2_c = 110.0,
	/* the sensor: 0.76 V at 25 degC */
	.typical = {.vrefint_v = 1.21, .sensor_30c_v = 0.7725, .sensor_v_per_c = 2.5e-3},
};

static void set_up(struct stm32 *chip)
{
	struct stm32f767 *s = stm32f767_of(chip);

	stm32_make_individual(chip, &info, chip->system);
	s->clock.hsi_error_ppb = (int32_t)(HSI_ERROR_PPB * stm32_spread(chip));
	s->clock.hse_error_ppb = (int32_t)(HSE_ERROR_PPB * stm32_spread(chip));
	chip->rcc = s->clock.rcc;
	stm32f767_memory_map(s);
}

static const struct stm32_part part = {
	.name = "stm32f767",
	.state_bytes = sizeof(struct stm32f767),
	.core = ARMV7EM_M7,
	.irq_count = F767_IRQ_COUNT,
	.flash_bytes = F767_FLASH_BYTES,
	.sram_base = F767_SRAM_BASE,
	.sram_bytes = F767_SRAM_BYTES,
	.system_bytes = F767_SYSTEM_BYTES,
	.blocks = stm32f767_blocks,
	.block_count = F767_BLOCK_COUNT,
	.flash = &stm32f767_flash_traits,
	.board = &board,
	.usart = &usart3,
	.pvd = &pvd,
	.rom = &rom,
	.power_min_v = 1.72,                /* power-on reset, rising, typical */
	.power_ps = 1500 * STM32_PS_PER_US, /* tRSTTEMPO, DS11532 */
	.reset_ps = 20 * STM32_PS_PER_US,   /* modelled: reset pulse stretching */
	.set_up = set_up,
	.power_on = power_on,
	.reset = reset,
	.boot = boot,
	.clock_update = stm32f767_clock_update,
	.supply_changed = supply_changed,
	.store = stm32f767_memory_store,
	.flash_stalls = stm32f767_flash_stalls,
	.report = report,
	/* AN2606 table 103: the loader runs from the HSI through the PLL; modelled: its VCO */
	.rom_activity = {.hclk_hz = 60e6,
			 .core_v = 1.32,
			 .hsi_on = true,
			 .pll_on = true,
			 .pll_vco_hz = 240e6},
	.events = {[STM32_DEADLINE_CLOCK] = stm32f767_clock_event,
		   [STM32_DEADLINE_ADC] = stm32f767_adc_event},
};

int stm32f767_new(const struct chip_config *config, struct chip **ret_chip, struct verr *err)
{
	return stm32_new(&part, config, ret_chip, err);
}
