/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Chip temperature. TRM, On-Chip Sensor and Analog Signal Processing, temperature sensor:
 *   T = 0.4386 * value - 27.88 * offset - 20.52 degC
 * with offset 0, the middle of five ranges (-10 .. 80 degC, +-1 degC), chosen by 15 in the sensor's
 * DAC register (ESP-IDF, regi2c_saradc.h). From it the factory's correction is taken, tenths of a
 * degree in eFuse block 2, where that block has version 1 (ESP-IDF, esp_efuse_rtc_calib.c).
 *
 * The chip has no way to measure its own supply: the reported voltage is 0.
 */
#include <stddef.h>

#include "firmware/ports/esp32c3/analog.h"
#include "firmware/ports/esp32c3/registers.h"
#include "firmware/ports/port.h"

enum {
	SAR_TSENS_DAC = 6,
	DAC_MASK = 15,
	DAC_OFFSET_0 = 15,
	START_US = 300,
	SAMPLE_US = 100,
	SAMPLES = 16,
	SLOPE_UC = 438600, /* millionths of a degree per count */
	ZERO_UC = 20520000,
};

static const char *sensor_start(void)
{
	SYSTEM_PERIP_CLK_EN0 |= SYSTEM_PERIP0_SARADC;
	SYSTEM_PERIP_RST_EN0 &= ~SYSTEM_PERIP0_SARADC;
	SYSTEM_PERIP_CLK_EN1 |= SYSTEM_PERIP1_TSENS;
	SYSTEM_PERIP_RST_EN1 &= ~SYSTEM_PERIP1_TSENS;
	ANA_CONFIG &= ~ANA_CONFIG_SAR_FORCE_PD;
	ANA_CONFIG2 |= ANA_CONFIG2_SAR_FORCE_PU;
	if (!analog_modify(ANALOG_SAR, SAR_TSENS_DAC, DAC_MASK, DAC_OFFSET_0))
		return "the temperature sensor did not take its range";
	TSENS_CTRL2 |= TSENS_CTRL2_XTAL;
	TSENS_CTRL |= TSENS_CTRL_PU;
	delay_us(START_US);
	return NULL;
}

static void sensor_stop(void)
{
	TSENS_CTRL &= ~TSENS_CTRL_PU;
	ANA_CONFIG2 &= ~ANA_CONFIG2_SAR_FORCE_PU;
	SYSTEM_PERIP_CLK_EN1 &= ~SYSTEM_PERIP1_TSENS;
}

static int32_t correction_mc(void)
{
	uint32_t word = EFUSE_BLOCK2_4;
	uint32_t calib = word >> EFUSE_TEMP_CALIB_SHIFT;
	int32_t tenths = (int32_t)(calib & EFUSE_TEMP_CALIB);

	if ((word & EFUSE_BLOCK2_4_VERSION) != 1)
		return 0;
	return 100 * (calib & EFUSE_TEMP_CALIB_MINUS ? -tenths : tenths);
}

const char *port_temperature(int32_t *ret_millicelsius, uint32_t *ret_vdda_mv)
{
	const char *failed = sensor_start();
	int64_t sum = 0;

	for (uint32_t i = 0; i < SAMPLES && !failed; i++) {
		sum += TSENS_CTRL & TSENS_CTRL_OUT;
		delay_us(SAMPLE_US);
	}
	sensor_stop();
	if (failed)
		return failed;
	if (!sum || sum == SAMPLES * TSENS_CTRL_OUT)
		return "the temperature sensor reads nothing";
	*ret_millicelsius =
		(int32_t)((sum * SLOPE_UC / SAMPLES - ZERO_UC) / 1000) - correction_mc();
	*ret_vdda_mv = 0;
	return NULL;
}
