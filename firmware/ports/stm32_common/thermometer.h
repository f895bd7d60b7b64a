/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From readings of the internal reference and the temperature sensor to VDDA and temperature,
 * between the sources of these ports. Reference manuals, ADC: temperature sensor, "reading the
 * temperature"; VREFINT, "calculating the actual VDDA voltage".
 */
#ifndef FIRMWARE_PORTS_STM32_COMMON_THERMOMETER_H
#define FIRMWARE_PORTS_STM32_COMMON_THERMOMETER_H

#include <stdint.h>

enum { THERMOMETER_SAMPLES = 16, THERMOMETER_RAW_MAX = 4095 };

struct thermometer {
	int32_t calibration_mv; /* VDDA at which the factory calibrated */
	int32_t cal_1_mc;       /* temperatures of the two points */
	int32_t cal_2_mc;
	int32_t vrefint_cal; /* the factory's 12-bit words */
	int32_t ts_cal_1;
	int32_t ts_cal_2;
};

/* Both sums are over THERMOMETER_SAMPLES 12-bit conversions. NULL, or a sentence; outputs are
 * untouched then. */
const char *thermometer_convert(const struct thermometer *with, uint32_t reference_sum,
				uint32_t sensor_sum, int32_t *ret_millicelsius,
				uint32_t *ret_vdda_mv);

#endif
