/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Chip temperature and VDDA from ADC1. RM0410, ADC: temperature sensor (channel 18, shared with
 * VBAT, which stays off) and internal reference (channel 17); DS11532: their times. The ADC runs
 * from PCLK2/4, 4 to 27 MHz (0.6 to 36 MHz allowed); 480 cycles of sampling are at least 17 us (10
 * us needed by both). Of each channel the first conversion is dropped.
 */
#include <stddef.h>

#include "firmware/ports/port.h"
#include "firmware/ports/stm32_common/thermometer.h"
#include "firmware/ports/stm32f767/registers.h"

enum {
	CHANNEL_VREFINT = 17,
	CHANNEL_SENSOR = 18,
	WAIT_US = 5000, /* the longest, a conversion at 4 MHz, takes 0.13 ms */
	START_US = 20,  /* ADC 3 us, sensor 10 us */
};

static void adc_start(void)
{
	RCC_APB2ENR |= RCC_APB2_ADC1;
	(void)RCC_APB2ENR;
	RCC_APB2RSTR |= RCC_APB2_ADC1;
	RCC_APB2RSTR &= ~RCC_APB2_ADC1;
	ADC_CCR = ADC_CCR_PCLK2_4 | ADC_CCR_TSVREFE;
	ADC_CR1 = 0; /* 12 bits */
	ADC_SMPR1 = 7U << 3 * (CHANNEL_VREFINT - 10) | 7U << 3 * (CHANNEL_SENSOR - 10);
	ADC_SQR1 = 0; /* a sequence of one */
	ADC_CR2 = ADC_CR2_ADON;
	delay_us(START_US);
}

static void adc_stop(void)
{
	ADC_CR2 = 0;
	ADC_CCR = 0;
	RCC_APB2ENR &= ~RCC_APB2_ADC1;
}

/* Sum over THERMOMETER_SAMPLES conversions of one channel. */
static const char *adc_read(uint32_t channel, uint32_t *ret_sum)
{
	uint32_t sum = 0;

	ADC_SQR3 = channel;
	for (int i = 0; i <= THERMOMETER_SAMPLES; i++) {
		uint32_t raw;

		ADC_SR = 0;
		ADC_CR2 = ADC_CR2_ADON | ADC_CR2_SWSTART;
		if (!register_wait(&ADC_SR, ADC_SR_EOC, ADC_SR_EOC, WAIT_US))
			return "the ADC did not finish in time";
		raw = ADC_DR;
		sum += i ? raw : 0;
	}
	*ret_sum = sum;
	return NULL;
}

const char *port_temperature(int32_t *ret_millicelsius, uint32_t *ret_vdda_mv)
{
	const struct thermometer with = {
		.calibration_mv = 3300,
		.cal_1_mc = 30000,
		.cal_2_mc = 110000,
		.vrefint_cal = FACTORY_VREFINT_CAL,
		.ts_cal_1 = FACTORY_TS_CAL1,
		.ts_cal_2 = FACTORY_TS_CAL2,
	};
	uint32_t reference_sum = 0, sensor_sum = 0;
	const char *failed;

	adc_start();
	failed = adc_read(CHANNEL_VREFINT, &reference_sum);
	if (!failed)
		failed = adc_read(CHANNEL_SENSOR, &sensor_sum);
	adc_stop();
	if (failed)
		return failed;
	return thermometer_convert(&with, reference_sum, sensor_sum, ret_millicelsius, ret_vdda_mv);
}
