/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reference and temperature sensor of one chip, and the words that the factory writes about them.
 * Typical values: the data sheets of the STM32L4+ and L5; spread over a batch: modelled.
 */
#include <math.h>

#include "rigs/virtual/chips/stm32_adc.h"

static unsigned word_of(double volt, const struct stm32_calibration *calibration)
{
	return (unsigned)lround(volt / calibration->supply_v * 4095.0);
}

static unsigned sensor_word(const struct stm32_analog *analog,
			    const struct stm32_calibration *calibration, double temp_c)
{
	return word_of(analog->sensor_30c_v + analog->sensor_v_per_c * (temp_c - 30.0),
		       calibration);
}

void stm32_analog_make(struct stm32 *chip, struct stm32_analog *ret_analog,
		       const struct stm32_calibration *calibration)
{
	double at_1_c = calibration->ts_1_c + stm32_spread(chip);
	double at_2_c = calibration->ts_2_c + 1.5 * stm32_spread(chip);

	ret_analog->vrefint_v = 1.212 * (1.0 + 0.01 * stm32_spread(chip));
	ret_analog->sensor_30c_v = 0.76 + 0.01 * stm32_spread(chip);
	ret_analog->sensor_v_per_c = 2.5e-3 * (1.0 + 0.03 * stm32_spread(chip));
	stm32_store_u16(calibration->vrefint, word_of(ret_analog->vrefint_v, calibration));
	stm32_store_u16(calibration->ts_1, sensor_word(ret_analog, calibration, at_1_c));
	stm32_store_u16(calibration->ts_2, sensor_word(ret_analog, calibration, at_2_c));
}
