/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Life of an STM32L4+ or L5 and the small things that they have alike: resets of the ports, levels
 * of the voltage detector, ADC1, DBGMCU.
 */
#include "rigs/virtual/chips/stm32_l4l5.h"

/* DS12023: MSI and HSI16 accuracy at 25..30 degC, as seen over a batch; the L5 is modelled alike */
#define MSI_ERROR_PPB 6000000
#define HSI_ERROR_PPB 3000000

const struct stm32_gpio_reset stm32_l4l5_gpio_resets[STM32_L4L5_PORT_MAX] = {
	{0xABFFFFFF, 0x0C000000, 0x64000000}, /* SWDIO, SWCLK, JTDI */
	{0xFFFFFEBF, 0x00000000, 0x00000100}, /* JTDO, NJTRST */
	{UINT32_MAX, 0, 0},
	{UINT32_MAX, 0, 0},
	{UINT32_MAX, 0, 0},
	{UINT32_MAX, 0, 0},
	{UINT32_MAX, 0, 0},
	{UINT32_MAX, 0, 0},
	{UINT32_MAX, 0, 0},
};

/* Modelled on the levels that ST's headers name, 100 mV of hysteresis as the data sheets give,
 * +-60 mV between chips; level 7 is a pin. */
const struct stm32_pvd_levels stm32_l4l5_pvd_levels = {
	.rising_v = {2.1, 2.3, 2.5, 2.6, 2.7, 2.9, 3.0, 0},
	.falling_v = {2.0, 2.2, 2.4, 2.5, 2.6, 2.8, 2.9, 0},
	.spread_v = 0.06,
};

void stm32_l4l5_set_up(struct stm32 *chip, const struct stm32_l4l5_traits *traits,
		       const struct stm32_device_info *info, uint8_t *memory)
{
	struct stm32_l4l5 *s = stm32_l4l5_of(chip);

	s->traits = traits;
	chip->rcc = s->clock.rcc;
	stm32_make_individual(chip, info, memory);
	s->clock.msi_error_ppb = (int32_t)(MSI_ERROR_PPB * stm32_spread(chip));
	s->clock.hsi_error_ppb = (int32_t)(HSI_ERROR_PPB * stm32_spread(chip));
	stm32_adc_init(&s->adc, chip, &traits->adc, &chip->analog);
}

void stm32_l4l5_power_on(struct stm32 *chip)
{
	stm32_l4l5_of(chip)->clock.rcc[L4L5_RCC_CSR / 4] = 0;
}

void stm32_l4l5_reset(struct stm32 *chip, enum stm32_reset_cause cause)
{
	static const uint32_t flags[] = {
		[STM32_RESET_NO_SUPPLY] = 0,
		[STM32_RESET_POWER] = L4L5_CSR_BORRSTF | L4L5_CSR_PINRSTF,
		[STM32_RESET_PIN] = L4L5_CSR_PINRSTF,
		[STM32_RESET_SOFTWARE] = L4L5_CSR_SFTRSTF | L4L5_CSR_PINRSTF,
	};
	struct stm32_l4l5 *s = stm32_l4l5_of(chip);

	stm32_l4l5_flash_reset(s);
	stm32_l4l5_rcc_reset(s, flags[cause]);
	s->traits->rcc.pwr_reset(s);
	stm32_adc_reset(&s->adc);
}

void stm32_l4l5_report(const struct stm32 *chip, struct chip_activity *activity)
{
	const struct stm32_l4l5 *s = (const struct stm32_l4l5 *)chip;
	const uint32_t *rcc = s->clock.rcc;

	activity->hclk_hz = (double)chip->hclk_millihz / 1e3;
	activity->core_v = s->traits->rules.range_set(s)->core_v;
	activity->msi_on = rcc[L4L5_RCC_CR / 4] & L4L5_CR_MSION;
	activity->hsi_on = rcc[L4L5_RCC_CR / 4] & L4L5_CR_HSION;
	activity->pll_on = rcc[L4L5_RCC_CR / 4] & L4L5_CR_PLLON;
	if (activity->msi_on)
		activity->msi_hz =
			(double)stm32_l4l5_true_millihz(s, L4L5_SOURCE_MSI, stm32_l4l5_msi_hz(s)) /
			1e3;
	if (activity->pll_on)
		activity->pll_vco_hz =
			(double)stm32_l4l5_true_millihz(s, L4L5_SOURCE_PLL, stm32_l4l5_vco_hz(s)) /
			1e3;
	for (uint32_t offset = L4L5_RCC_AHB1ENR; offset <= L4L5_RCC_APB2ENR; offset += 4)
		activity->peripherals_on += (unsigned)__builtin_popcount(rcc[offset / 4]);
}

void stm32_l4l5_adc_event(struct stm32 *chip, int64_t t_ps)
{
	stm32_adc_event(&stm32_l4l5_of(chip)->adc, t_ps);
}

uint32_t stm32_l4l5_adc_read(struct stm32 *chip, uint32_t offset)
{
	return stm32_adc_read(&stm32_l4l5_of(chip)->adc, offset);
}

void stm32_l4l5_adc_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask)
{
	stm32_adc_write(&stm32_l4l5_of(chip)->adc, offset, value, mask);
}

uint32_t stm32_l4l5_dbgmcu_read(struct stm32 *chip, uint32_t offset)
{
	const struct stm32_l4l5_traits *traits = stm32_l4l5_of(chip)->traits;

	if (offset == 0)
		return traits->idcode;
	stm32_unmodelled(chip, traits->dbgmcu_base + offset);
	return 0;
}

void stm32_l4l5_dbgmcu_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask)
{
	(void)value;
	(void)mask;
	stm32_unmodelled(chip, stm32_l4l5_of(chip)->traits->dbgmcu_base + offset);
}
