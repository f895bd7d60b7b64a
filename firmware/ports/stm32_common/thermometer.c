/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * VDDA = calibration voltage * VREFINT_CAL / raw; the sensor's reading is scaled to the calibration
 * voltage and put on the line through the two calibration points.
 */
#include "firmware/ports/stm32_common/thermometer.h"

#include <stdbool.h>
#include <stddef.h>

/* What can be true: the supply range of the data sheets, and their temperature range (junction -40
 * to 130 degC) with the calibration points' tolerance of 5 degC and some for the line. */
enum {
	VDDA_MIN_MV = 1600,
	VDDA_MAX_MV = 3800,
	TEMPERATURE_MIN_MC = -60000,
	TEMPERATURE_MAX_MC = 160000,
};

static bool is_raw_sum(uint32_t sum)
{
	return sum && sum < (uint32_t)THERMOMETER_SAMPLES * THERMOMETER_RAW_MAX;
}

static bool is_within(int64_t value, int64_t low, int64_t high)
{
	return value >= low && value <= high;
}

const char *thermometer_convert(const struct thermometer *with, uint32_t reference_sum,
				uint32_t sensor_sum, int32_t *ret_millicelsius,
				uint32_t *ret_vdda_mv)
{
	int64_t vdda_mv, above_cal_1, millicelsius; /* above: in 1/THERMOMETER_SAMPLES of a count */

	if (!is_within(with->vrefint_cal, 1, THERMOMETER_RAW_MAX - 1))
		return "the internal reference is not calibrated";
	if (with->ts_cal_2 <= with->ts_cal_1 || with->ts_cal_2 >= THERMOMETER_RAW_MAX)
		return "the temperature sensor is not calibrated";
	if (!is_raw_sum(reference_sum) || !is_raw_sum(sensor_sum))
		return "the ADC reads nothing, or more than its range";
	vdda_mv = (int64_t)with->calibration_mv * with->vrefint_cal * THERMOMETER_SAMPLES /
		  reference_sum;
	above_cal_1 =
		(int64_t)sensor_sum * with->vrefint_cal * THERMOMETER_SAMPLES / reference_sum -
		(int64_t)with->ts_cal_1 * THERMOMETER_SAMPLES;
	millicelsius = above_cal_1 * (with->cal_2_mc - with->cal_1_mc) /
			       ((with->ts_cal_2 - with->ts_cal_1) * (int64_t)THERMOMETER_SAMPLES) +
		       with->cal_1_mc;
	if (!is_within(vdda_mv, VDDA_MIN_MV, VDDA_MAX_MV))
		return "VDDA as read is outside of what the chip can have";
	if (!is_within(millicelsius, TEMPERATURE_MIN_MC, TEMPERATURE_MAX_MC))
		return "the temperature as read is outside of what the chip can have";
	*ret_vdda_mv = (uint32_t)vdda_mv;
	*ret_millicelsius = (int32_t)millicelsius;
	return NULL;
}
