/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What differs between the temperature sensors of STM32L4+ and STM32L5, between these ports.
 */
#ifndef FIRMWARE_PORTS_STM32_L4L5_SENSOR_H
#define FIRMWARE_PORTS_STM32_L4L5_SENSOR_H

#include <stdint.h>

struct sensor {
	uint32_t adc;     /* base of ADC1 */
	int32_t cal_1_mc; /* temperatures of the two calibration points */
	int32_t cal_2_mc;
	const volatile uint16_t *vrefint_cal; /* the factory's words, at 3.0 V */
	const volatile uint16_t *ts_cal_1;
	const volatile uint16_t *ts_cal_2;
};
/* The port's. */
extern const struct sensor sensor;

#endif
