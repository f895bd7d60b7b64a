/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Temperature sensor of the STM32L4R5.
 */
#include "firmware/ports/stm32_l4l5/sensor.h"

#include "firmware/ports/stm32l4r5/registers.h"

const struct sensor sensor = {
	.adc = ADC1,
	.cal_1_mc = 30000,
	.cal_2_mc = 130000,
	.vrefint_cal = FACTORY_VREFINT_CAL,
	.ts_cal_1 = FACTORY_TS_CAL1,
	.ts_cal_2 = FACTORY_TS_CAL2,
};
