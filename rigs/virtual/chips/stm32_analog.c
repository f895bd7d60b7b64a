/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reference and temperature sensor of one chip, and the words that the factory writes about them.
 * Typical values: the parts' data sheets; spread over a batch: modelled.
 */
#include <math.h>

#include "rigs/virtual/chips/stm32.h"

static unsigned word_of(double volt, const struct stm32_device_info *info)
{
	return (unsigned)lround(volt / info->supply_v * 4095.0);
}

static unsigned sensor_word(const struct stm32_analog *analog, const struct stm32_device_info *info,
			    double temp_c)
{
	return word_of(analog->sensor_30c_v + analog->sensor_v_per_c * (temp_c - 30.0), info);
}

void stm32_analog_make(struct stm32 *chip, struct stm32_analog *ret_analog,
		       const struct stm32_device_info *info, uint8_t *memory)
{
	const struct stm32_analog *typical = &info->typical;
	double at_1_c = info->ts_1_c + stm32_spread(chip);
	double at_2_c = info->ts_2_c + 1.5 * stm32_spread(chip);

	ret_analog->vrefint_v = typical->vrefint_v * (1.0 + 0.01 * stm32_spread(chip));
	ret_analog->sensor_30c_v = typical->sensor_30c_v + 0.01 * stm32_spread(chip);
	ret_analog->sensor_v_per_c = typical->sensor_v_per_c * (1.0 + 0.03 * stm32_spread(chip));
	stm32_store_u16(memory + info->vrefint, word_of(ret_analog->vrefint_v, info));
	stm32_store_u16(memory + info->ts_1, sensor_word(ret_analog, info, at_1_c));
	stm32_store_u16(memory + info->ts_2, sensor_word(ret_analog, info, at_2_c));
}

unsigned stm32_analog_sample(struct stm32 *chip, const struct stm32_analog *analog, bool sensor)
{
	double volt = analog->vrefint_v, noise, code;

	if (sensor)
		volt = analog->sensor_30c_v +
		       analog->sensor_v_per_c * (chip->pins.junction_c - 30.0);
	/* triangular, one LSB wide to either side: what a quiet board shows */
	noise = stm32_random(chip) / 4294967296.0;
	noise -= stm32_random(chip) / 4294967296.0;
	code = floor(volt / chip->pins.vdd_v * 4095.0 + 0.5 + noise);
	if (code < 0)
		code = 0;
	if (code > 4095)
		code = 4095;
	return (unsigned)code;
}
