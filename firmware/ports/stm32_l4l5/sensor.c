/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Chip temperature and VDDA from ADC1. RM0432 and RM0438, ADC: leaving deep power-down,
 * calibration, temperature sensor (channel 17) and VREFINT (channel 0); DS12023 and DS12737: their
 * calibration words and times. The ADC runs from HCLK/4, 1 to 30 MHz, legal in every range (26 MHz
 * in range 2 of the STM32L552, of which it is a quarter at most); 640.5 cycles of sampling are at
 * least 21 us (5 us needed). Of each channel the first conversion is dropped: after a pause of more
 * than 1 ms it may be wrong (ES0393).
 */
#include "firmware/ports/stm32_l4l5/sensor.h"

#include <stddef.h>

#include "firmware/ports/port.h"
#include "firmware/ports/stm32_common/thermometer.h"
#include "firmware/ports/stm32_l4l5/registers.h"

enum {
	CHANNEL_VREFINT = 0,
	CHANNEL_SENSOR = 17,
	WAIT_US = 5000, /* the longest, a conversion at 1 MHz, takes 0.7 ms */
	REGULATOR_US = 20,
	SENSOR_US = 150, /* sensor 120 us, reference buffer 12 us */
	CALIBRATION_MV = 3000,
};

static const char too_late[] = "the ADC did not finish in time";

static const char *adc_start(uint32_t adc)
{
	RCC_AHB2ENR |= RCC_AHB2_ADC;
	(void)RCC_AHB2ENR;
	ADC_CR(adc) = 0; /* leaves deep power-down */
	ADC_CR(adc) = ADC_CR_ADVREGEN;
	ADC_CCR(adc) = ADC_CCR_CKMODE_HCLK_4 | ADC_CCR_VREFEN | ADC_CCR_TSEN;
	delay_us(REGULATOR_US);
	ADC_CR(adc) = ADC_CR_ADVREGEN | ADC_CR_ADCAL;
	if (!register_wait(&ADC_CR(adc), ADC_CR_ADCAL, 0, WAIT_US))
		return too_late;
	delay_us(SENSOR_US); /* ADEN needs only four ADC cycles after the calibration */
	ADC_CFGR(adc) = ADC_CFGR_RESET;
	ADC_SMPR1(adc) = 7U << 3 * CHANNEL_VREFINT;
	ADC_SMPR2(adc) = 7U << 3 * (CHANNEL_SENSOR - 10);
	ADC_ISR(adc) = ADC_ISR_ADRDY;
	ADC_CR(adc) = ADC_CR_ADVREGEN | ADC_CR_ADEN;
	if (!register_wait(&ADC_ISR(adc), ADC_ISR_ADRDY, ADC_ISR_ADRDY, WAIT_US))
		return too_late;
	return NULL;
}

static void adc_stop(uint32_t adc)
{
	if (ADC_CR(adc) & ADC_CR_ADEN) {
		ADC_CR(adc) = ADC_CR_ADVREGEN | ADC_CR_ADDIS;
		(void)register_wait(&ADC_CR(adc), ADC_CR_ADEN, 0, WAIT_US);
	}
	ADC_CCR(adc) = 0;
	ADC_CR(adc) = 0;
	ADC_CR(adc) = ADC_CR_DEEPPWD;
	RCC_AHB2ENR &= ~RCC_AHB2_ADC;
}

/* Sum over THERMOMETER_SAMPLES conversions of one channel. */
static const char *adc_read(uint32_t adc, uint32_t channel, uint32_t *ret_sum)
{
	uint32_t sum = 0;

	ADC_SQR1(adc) = channel << 6; /* a sequence of one */
	for (int i = 0; i <= THERMOMETER_SAMPLES; i++) {
		uint32_t raw;

		ADC_CR(adc) = ADC_CR_ADVREGEN | ADC_CR_ADSTART; /* ADEN is set-only and stays */
		if (!register_wait(&ADC_ISR(adc), ADC_ISR_EOC, ADC_ISR_EOC, WAIT_US))
			return too_late;
		raw = ADC_DR(adc); /* clears EOC */
		sum += i ? raw : 0;
	}
	*ret_sum = sum;
	return NULL;
}

const char *port_temperature(int32_t *ret_millicelsius, uint32_t *ret_vdda_mv)
{
	const struct thermometer with = {
		.calibration_mv = CALIBRATION_MV,
		.cal_1_mc = sensor.cal_1_mc,
		.cal_2_mc = sensor.cal_2_mc,
		.vrefint_cal = *sensor.vrefint_cal,
		.ts_cal_1 = *sensor.ts_cal_1,
		.ts_cal_2 = *sensor.ts_cal_2,
	};
	uint32_t reference_sum = 0, sensor_sum = 0;
	const char *failed = adc_start(sensor.adc);

	if (!failed)
		failed = adc_read(sensor.adc, CHANNEL_VREFINT, &reference_sum);
	if (!failed)
		failed = adc_read(sensor.adc, CHANNEL_SENSOR, &sensor_sum);
	adc_stop(sensor.adc);
	if (failed)
		return failed;
	return thermometer_convert(&with, reference_sum, sensor_sum, ret_millicelsius, ret_vdda_mv);
}
