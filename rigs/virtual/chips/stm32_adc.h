/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ADC1 of the STM32L4+ and L5 (RM0432 section 21; RM0438, chapter ADC) with its internal channels:
 * VREFINT (0) and the temperature sensor (17). 12 bit, software start, oversampling. Start and
 * sampling times that the data sheets ask for (DS12023 tables 81, 84, 85; modelled alike for the
 * L5) are rules here: on silicon a shorter one gives a wrong number without a word.
 */
#ifndef RIGS_VIRTUAL_CHIPS_STM32_ADC_H
#define RIGS_VIRTUAL_CHIPS_STM32_ADC_H

#include <stdbool.h>
#include <stdint.h>

#define STM32_ADC_ISR_ADRDY   (1u << 0)
#define STM32_ADC_ISR_EOSMP   (1u << 1)
#define STM32_ADC_ISR_EOC     (1u << 2)
#define STM32_ADC_ISR_EOS     (1u << 3)
#define STM32_ADC_ISR_OVR     (1u << 4)
#define STM32_ADC_CR_ADEN     (1u << 0)
#define STM32_ADC_CR_ADDIS    (1u << 1)
#define STM32_ADC_CR_ADSTART  (1u << 2)
#define STM32_ADC_CR_ADSTP    (1u << 4)
#define STM32_ADC_CR_ADVREGEN (1u << 28)
#define STM32_ADC_CR_DEEPPWD  (1u << 29)
#define STM32_ADC_CR_ADCALDIF (1u << 30)
#define STM32_ADC_CR_ADCAL    (1u << 31)
#define STM32_ADC_CCR_VREFEN  (1u << 22)
#define STM32_ADC_CCR_TSEN    (1u << 23)

struct stm32;

struct stm32_adc_traits {
	uint32_t base;
	uint64_t (*async_millihz)(const struct stm32 *chip); /* by ADCSEL, 0: none */
	unsigned (*limit_mhz)(const struct stm32 *chip);     /* ADC clock at the present voltage */
};

/* This chip's own reference and sensor. */
struct stm32_analog {
	double vrefint_v, sensor_30c_v, sensor_v_per_c;
};

/* What the factory writes about a chip, as offsets within the memory that holds it; under which
 * conditions it measures; what a typical chip has. */
struct stm32_device_info {
	uint32_t uid, flash_size;
	uint32_t vrefint, ts_1, ts_2; /* calibration words */
	double supply_v, ts_1_c, ts_2_c;
	struct stm32_analog typical;
};

struct stm32_adc {
	struct stm32 *chip;
	const struct stm32_adc_traits *traits;
	const struct stm32_analog *analog;
	uint32_t isr, ier, cr, cfgr, cfgr2, smpr[2], sqr[4], dr, ccr;
	int64_t regulator_ready_ps, sensor_ready_ps, reference_ready_ps;
	unsigned sequence_index;
};

/* stm32_analog.c. Seeded. The words are this chip's own readings at a calibration stage that is a
 * degree or so off.
 */
void stm32_analog_make(struct stm32 *chip, struct stm32_analog *ret_analog,
		       const struct stm32_device_info *info, uint8_t *memory);
/* A conversion of the temperature sensor or of VREFINT with VDDA as reference, 12 bits. */
unsigned stm32_analog_sample(struct stm32 *chip, const struct stm32_analog *analog, bool sensor);

void stm32_adc_init(struct stm32_adc *adc, struct stm32 *chip,
		    const struct stm32_adc_traits *traits, const struct stm32_analog *analog);
void stm32_adc_reset(struct stm32_adc *adc);
uint32_t stm32_adc_read(struct stm32_adc *adc, uint32_t offset);
void stm32_adc_write(struct stm32_adc *adc, uint32_t offset, uint32_t value, uint32_t mask);
void stm32_adc_event(struct stm32_adc *adc, int64_t t_ps);

#endif
