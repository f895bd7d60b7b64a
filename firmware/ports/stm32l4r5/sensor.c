/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Chip temperature and VDDA from ADC1. RM0432, ADC: leaving deep power-down, calibration,
 * temperature sensor and VREFINT; DS12023: their calibration words and times. The ADC runs from
 * HCLK/4, 1 to 30 MHz, legal in every range; 640.5 cycles of sampling are at least 21 us (5 us
 * needed). The first conversion after a pause of more than 1 ms may be wrong (ES0393) and is
 * dropped.
 */
#include <stddef.h>

#include "firmware/ports/port.h"
#include "firmware/ports/stm32l4r5/registers.h"

enum {
	CHANNEL_VREFINT = 0,
	CHANNEL_SENSOR = 17,
	SAMPLES = 16,
	WAIT_US = 5000, /* the longest, a conversion at 1 MHz, takes 0.7 ms */
	REGULATOR_US = 20,
	SENSOR_US = 150, /* sensor 120 us, reference buffer 12 us */
	CALIBRATION_MV = 3000,
	CALIBRATION_1_MC = 30000,
	CALIBRATION_2_MC = 130000,
	ADC_MAX = 4095,
};

static const char too_late[] = "the ADC did not finish in time";

static const char *adc_start(void)
{
	RCC_AHB2ENR |= RCC_AHB2_ADC;
	(void)RCC_AHB2ENR;
	ADC_CR = 0; /* leaves deep power-down */
	ADC_CR = ADC_CR_ADVREGEN;
	ADC_CCR = ADC_CCR_CKMODE_HCLK_4 | ADC_CCR_VREFEN | ADC_CCR_TSEN;
	delay_us(REGULATOR_US);
	ADC_CR = ADC_CR_ADVREGEN | ADC_CR_ADCAL;
	if (!register_wait(&ADC_CR, ADC_CR_ADCAL, 0, WAIT_US))
		return too_late;
	delay_us(SENSOR_US); /* ADEN needs only four ADC cycles after the calibration */
	ADC_CFGR = ADC_CFGR_RESET;
	ADC_SMPR1 = 7U << 3 * CHANNEL_VREFINT;
	ADC_SMPR2 = 7U << 3 * (CHANNEL_SENSOR - 10);
	ADC_ISR = ADC_ISR_ADRDY;
	ADC_CR = ADC_CR_ADVREGEN | ADC_CR_ADEN;
	if (!register_wait(&ADC_ISR, ADC_ISR_ADRDY, ADC_ISR_ADRDY, WAIT_US))
		return too_late;
	return NULL;
}

static void adc_stop(void)
{
	if (ADC_CR & ADC_CR_ADEN) {
		ADC_CR = ADC_CR_ADVREGEN | ADC_CR_ADDIS;
		(void)register_wait(&ADC_CR, ADC_CR_ADEN, 0, WAIT_US);
	}
	ADC_CCR = 0;
	ADC_CR = 0;
	ADC_CR = ADC_CR_DEEPPWD;
	RCC_AHB2ENR &= ~RCC_AHB2_ADC;
}

/* Sum over SAMPLES conversions of one channel. */
static const char *adc_read(uint32_t channel, uint32_t *ret_sum)
{
	uint32_t sum = 0;

	ADC_SQR1 = channel << 6; /* a sequence of one */
	for (int i = 0; i <= SAMPLES; i++) {
		uint32_t raw;

		ADC_CR = ADC_CR_ADVREGEN | ADC_CR_ADSTART; /* ADEN is set-only and stays */
		if (!register_wait(&ADC_ISR, ADC_ISR_EOC, ADC_ISR_EOC, WAIT_US))
			return too_late;
		raw = ADC_DR; /* clears EOC */
		sum += i ? raw : 0;
	}
	*ret_sum = sum;
	return NULL;
}

/* VDDA = 3.0 V * VREFINT_CAL / raw; the sensor's reading is scaled to 3.0 V and put on the line
 * through the two calibration points. */
static const char *convert(uint32_t reference_sum, uint32_t sensor_sum, int32_t *ret_millicelsius,
			   uint32_t *ret_vdda_mv)
{
	int64_t reference_cal = FACTORY_VREFINT_CAL;
	int32_t cal_1 = FACTORY_TS_CAL1;
	int32_t cal_2 = FACTORY_TS_CAL2;
	int64_t above_cal_1; /* of the scaled reading, in 1/SAMPLES of a count */

	if (!reference_sum || !reference_cal || reference_cal > ADC_MAX)
		return "the internal reference reads nothing or is not calibrated";
	if (cal_2 <= cal_1 || cal_2 > ADC_MAX)
		return "the temperature sensor is not calibrated";
	above_cal_1 = (int64_t)sensor_sum * reference_cal * SAMPLES / reference_sum -
		      (int64_t)cal_1 * SAMPLES;
	*ret_vdda_mv = (uint32_t)(CALIBRATION_MV * reference_cal * SAMPLES / reference_sum);
	*ret_millicelsius = (int32_t)(above_cal_1 * (CALIBRATION_2_MC - CALIBRATION_1_MC) /
				      ((cal_2 - cal_1) * (int64_t)SAMPLES)) +
			    CALIBRATION_1_MC;
	return NULL;
}

const char *port_temperature(int32_t *ret_millicelsius, uint32_t *ret_vdda_mv)
{
	uint32_t reference_sum = 0, sensor_sum = 0;
	const char *failed = adc_start();

	if (!failed)
		failed = adc_read(CHANNEL_VREFINT, &reference_sum);
	if (!failed)
		failed = adc_read(CHANNEL_SENSOR, &sensor_sum);
	adc_stop();
	if (failed)
		return failed;
	return convert(reference_sum, sensor_sum, ret_millicelsius, ret_vdda_mv);
}
