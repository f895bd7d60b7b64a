/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ADC1 of the STM32L4R5 (RM0432 section 21) with its internal channels: VREFINT (0) and the
 * temperature sensor (17). 12 bit, software start, oversampling. Start and sampling times that
 * DS12023 (tables 81, 84, 85) asks for are rules here: on silicon a shorter one gives a wrong
 * number without a word.
 */
#include <math.h>
#include <string.h>

#include "rigs/virtual/chips/stm32l4r5.h"

enum {
	ADC_ISR = 0x00,
	ADC_IER = 0x04,
	ADC_CR = 0x08,
	ADC_CFGR = 0x0C,
	ADC_CFGR2 = 0x10,
	ADC_SMPR1 = 0x14,
	ADC_SMPR2 = 0x18,
	ADC_SQR1 = 0x30,
	ADC_SQR4 = 0x3C,
	ADC_DR = 0x40,
	ADC_DIFSEL = 0xB0,
	ADC_CALFACT = 0xB4,
	ADC_CSR = 0x300,
	ADC_CCR = 0x308
};

#define REGULATOR_PS        (20 * STM32_PS_PER_US)
#define SENSOR_PS           (120 * STM32_PS_PER_US)
#define REFERENCE_PS        (12 * STM32_PS_PER_US)
#define SENSOR_SAMPLE_PS    (5 * STM32_PS_PER_US)
#define REFERENCE_SAMPLE_PS (4 * STM32_PS_PER_US)
#define CALIBRATION_CYCLES  116
#define READY_CYCLES        8
#define CFGR_MODELLED       0x80003018u /* JQDIS, CONT, OVRMOD, RES */
#define CFGR_CONT           (1u << 13)
#define CFGR_OVRMOD         (1u << 12)
#define CFGR2_MODELLED      0x000001FDu /* ROVSE, OVSR, OVSS */
#define CCR_MODELLED        0x01FF0000u /* CKMODE, PRESC, VREFEN, TSEN, VBATEN */
#define CALFACT_VALUE       0x40u

enum { CHANNEL_VREFINT = 0, CHANNEL_SENSOR = 17 };

/* ADC clock; 0: none is selected. */
static uint64_t clock_millihz(const struct stm32l4r5 *s)
{
	static const unsigned prescalers[16] = {1,  2,  4,   6,   8,   10,  12,  16,
						32, 64, 128, 256, 256, 256, 256, 256};
	unsigned mode = s->adc.ccr >> 16 & 3;

	if (mode != 0)
		return s->hclk_millihz >> (mode - 1);
	if ((s->clock.rcc[STM32_RCC_CCIPR / 4] >> 28 & 3) == 3)
		return stm32l4r5_sysclk_millihz(s) / prescalers[s->adc.ccr >> 18 & 15];
	return 0;
}

/* Time of half ADC clock cycles. */
static int64_t half_cycles_ps(const struct stm32l4r5 *s, uint64_t half_cycles)
{
	return (int64_t)((__int128)half_cycles * 500 * STM32_PS_PER_S / (__int128)clock_millihz(s));
}

static bool clock_is_there(struct stm32l4r5 *s)
{
	if (clock_millihz(s) == 0)
		stm32l4r5_fault(s, "ADC1 used without a clock: CCR.CKMODE is 0 and CCIPR.ADCSEL "
				   "does not select SYSCLK");
	else if (clock_millihz(s) > 81000000000u)
		stm32l4r5_fault(s, "ADC1 clock at %g MHz, the limit is 80 MHz",
				(double)clock_millihz(s) / 1e9);
	else
		return true;
	return false;
}

static unsigned channel_now(const struct stm32l4r5 *s)
{
	/* SQ1 is the second 6-bit field of SQR1; five fields per register */
	unsigned place = s->adc.sequence_index + 1;

	return s->adc.sqr[place / 5] >> place % 5 * 6 & 31;
}

static unsigned oversampling(const struct stm32l4r5 *s)
{
	return s->adc.cfgr2 & 1 ? 2u << (s->adc.cfgr2 >> 2 & 7) : 1;
}

/* Half cycles of sampling (RM0432 21.7.6). */
static unsigned sample_half_cycles(const struct stm32l4r5 *s, unsigned channel)
{
	static const unsigned half_cycles[8] = {5, 13, 25, 49, 95, 185, 495, 1281};

	return half_cycles[s->adc.smpr[channel / 10] >> channel % 10 * 3 & 7];
}

static bool channel_is_legal(struct stm32l4r5 *s, unsigned channel)
{
	int64_t now_ps = stm32l4r5_now(s);
	int64_t sample_ps = half_cycles_ps(s, sample_half_cycles(s, channel));
	bool sensor = channel == CHANNEL_SENSOR;
	const char *name = sensor ? "temperature sensor" : "VREFINT";
	int64_t least_ps = sensor ? SENSOR_SAMPLE_PS : REFERENCE_SAMPLE_PS;

	if (channel != CHANNEL_VREFINT && !sensor)
		stm32l4r5_fault(s, "ADC1 channel %u is not modelled (0: VREFINT, 17: temperature)",
				channel);
	else if (!(s->adc.ccr & (sensor ? STM32_ADC_CCR_TSEN : STM32_ADC_CCR_VREFEN)))
		stm32l4r5_fault(s, "%s converted while ADC_CCR.%s is clear", name,
				sensor ? "TSEN" : "VREFEN");
	else if (now_ps < (sensor ? s->adc.sensor_ready_ps : s->adc.reference_ready_ps))
		stm32l4r5_fault(s, "%s converted before its start time of %g us is over", name,
				sensor ? 120.0 : 12.0);
	else if (sample_ps < least_ps)
		stm32l4r5_fault(s, "%s sampled for %.2f us, the least is %g us", name,
				(double)sample_ps / 1e6, (double)least_ps / 1e6);
	else
		return true;
	return false;
}

/* Starts the conversion of the present place in the sequence. */
static void convert(struct stm32l4r5 *s, int64_t start_ps)
{
	unsigned channel = channel_now(s);
	uint64_t half_cycles = sample_half_cycles(s, channel) + 25;

	if (!channel_is_legal(s, channel)) {
		s->adc.cr &= ~STM32_ADC_CR_ADSTART;
		return;
	}
	stm32l4r5_schedule(s, STM32_DEADLINE_ADC,
			   start_ps + half_cycles_ps(s, half_cycles * oversampling(s)));
}

static unsigned sample(struct stm32l4r5 *s, unsigned channel)
{
	static const unsigned dropped_bits[4] = {0, 2, 4, 6};
	double volt = s->vrefint_v, noise, code;

	if (channel == CHANNEL_SENSOR)
		volt = s->sensor_30c_v + s->sensor_v_per_c * (s->pins.junction_c - 30.0);
	/* triangular, one LSB wide to either side: what a quiet board shows */
	noise = (stm32l4r5_random(s) / 4294967296.0) - (stm32l4r5_random(s) / 4294967296.0);
	code = floor(volt / s->pins.vdd_v * 4095.0 + 0.5 + noise);
	if (code < 0)
		code = 0;
	if (code > 4095)
		code = 4095;
	return (unsigned)code >> dropped_bits[s->adc.cfgr >> 3 & 3];
}

static void store_result(struct stm32l4r5 *s)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < oversampling(s); i++)
		sum += sample(s, channel_now(s));
	if (s->adc.cfgr2 & 1)
		sum >>= s->adc.cfgr2 >> 5 & 15;
	if (s->adc.isr & STM32_ADC_ISR_EOC) {
		s->adc.isr |= STM32_ADC_ISR_OVR;
		if (!(s->adc.cfgr & CFGR_OVRMOD))
			return;
	}
	s->adc.dr = sum & 0xFFFF;
}

static void conversion_end(struct stm32l4r5 *s, int64_t t_ps)
{
	store_result(s);
	s->adc.isr |= STM32_ADC_ISR_EOC | STM32_ADC_ISR_EOSMP;
	if (s->adc.sequence_index < (s->adc.sqr[0] & 15)) {
		s->adc.sequence_index++;
		convert(s, t_ps);
		return;
	}
	s->adc.isr |= STM32_ADC_ISR_EOS;
	s->adc.sequence_index = 0;
	if (s->adc.cfgr & CFGR_CONT)
		convert(s, t_ps);
	else
		s->adc.cr &= ~STM32_ADC_CR_ADSTART;
}

void stm32l4r5_adc_event(struct stm32l4r5 *s, int64_t t_ps)
{
	if (s->adc.cr & STM32_ADC_CR_ADCAL)
		s->adc.cr &= ~STM32_ADC_CR_ADCAL;
	else if (s->adc.cr & STM32_ADC_CR_ADSTART)
		conversion_end(s, t_ps);
	else if (s->adc.cr & STM32_ADC_CR_ADEN)
		s->adc.isr |= STM32_ADC_ISR_ADRDY;
}

static bool regulator_is_ready(struct stm32l4r5 *s)
{
	if (!(s->adc.cr & STM32_ADC_CR_ADVREGEN) || stm32l4r5_now(s) < s->adc.regulator_ready_ps) {
		stm32l4r5_fault(s, "ADC1 calibrated or enabled before its regulator was on "
				   "(ADVREGEN) for 20 us");
		return false;
	}
	return clock_is_there(s);
}

static void set_power(struct stm32l4r5 *s, uint32_t value)
{
	const uint32_t bits = STM32_ADC_CR_DEEPPWD | STM32_ADC_CR_ADVREGEN | STM32_ADC_CR_ADCALDIF;

	if (value & STM32_ADC_CR_ADVREGEN && value & STM32_ADC_CR_DEEPPWD)
		stm32l4r5_fault(s, "ADC1 regulator switched on in deep power-down");
	else if (~s->adc.cr & value & STM32_ADC_CR_ADVREGEN)
		s->adc.regulator_ready_ps = stm32l4r5_now(s) + REGULATOR_PS;
	s->adc.cr = (s->adc.cr & ~bits) | (value & bits);
}

static void cr_write(struct stm32l4r5 *s, uint32_t value)
{
	struct stm32_adc *adc = &s->adc;
	uint32_t rising = value & ~adc->cr;

	set_power(s, value);
	if (rising & STM32_ADC_CR_ADCAL && regulator_is_ready(s)) {
		if (adc->cr & STM32_ADC_CR_ADEN) {
			stm32l4r5_fault(s, "ADC1 calibration started while ADEN is set");
			return;
		}
		adc->cr |= STM32_ADC_CR_ADCAL;
		stm32l4r5_schedule(s, STM32_DEADLINE_ADC,
				   stm32l4r5_now(s) + half_cycles_ps(s, 2 * CALIBRATION_CYCLES));
	} else if (rising & STM32_ADC_CR_ADEN && regulator_is_ready(s)) {
		if (adc->cr & STM32_ADC_CR_ADCAL) {
			stm32l4r5_fault(s, "ADC1 enabled while ADCAL is set");
			return;
		}
		adc->cr |= STM32_ADC_CR_ADEN;
		stm32l4r5_schedule(s, STM32_DEADLINE_ADC,
				   stm32l4r5_now(s) + half_cycles_ps(s, 2 * READY_CYCLES));
	} else if (rising & STM32_ADC_CR_ADSTART) {
		if (!(adc->cr & STM32_ADC_CR_ADEN) ||
		    s->deadline_ps[STM32_DEADLINE_ADC] != STM32_NEVER_PS) {
			stm32l4r5_fault(s, "ADC1 started while ADRDY has not risen");
			return;
		}
		adc->cr |= STM32_ADC_CR_ADSTART;
		adc->sequence_index = 0;
		convert(s, stm32l4r5_now(s));
	}
	if (value & (STM32_ADC_CR_ADSTP | STM32_ADC_CR_ADDIS)) {
		adc->cr &= ~STM32_ADC_CR_ADSTART;
		stm32l4r5_schedule(s, STM32_DEADLINE_ADC, STM32_NEVER_PS);
	}
	if (value & STM32_ADC_CR_ADDIS)
		adc->cr &= ~STM32_ADC_CR_ADEN;
}

static void ccr_write(struct stm32l4r5 *s, uint32_t value)
{
	uint32_t rising = value & ~s->adc.ccr;

	if (value & ~CCR_MODELLED) {
		stm32l4r5_fault(s, "ADC_CCR 0x%08x sets bits that are not modelled", value);
		return;
	}
	if (rising & STM32_ADC_CCR_TSEN)
		s->adc.sensor_ready_ps = stm32l4r5_now(s) + SENSOR_PS;
	if (rising & STM32_ADC_CCR_VREFEN)
		s->adc.reference_ready_ps = stm32l4r5_now(s) + REFERENCE_PS;
	s->adc.ccr = value;
}

static void settings_write(struct stm32l4r5 *s, const char *name, uint32_t *word, uint32_t value,
			   uint32_t modelled)
{
	if (s->adc.cr & STM32_ADC_CR_ADSTART)
		stm32l4r5_fault(s, "ADC1_%s written during a conversion", name);
	else if (value & ~modelled)
		stm32l4r5_fault(s, "ADC1_%s 0x%08x sets bits that are not modelled", name, value);
	else
		*word = value;
}

/* Registers that are only settings; NULL: not one of them. */
static uint32_t *settings_find(struct stm32_adc *adc, uint32_t offset, const char **ret_name,
			       uint32_t *ret_modelled)
{
	*ret_modelled = UINT32_MAX;
	if (offset >= ADC_SQR1 && offset <= ADC_SQR4) {
		*ret_name = "SQR";
		return &adc->sqr[(offset - ADC_SQR1) / 4];
	}
	switch (offset) {
	case ADC_CFGR:
		*ret_name = "CFGR";
		*ret_modelled = CFGR_MODELLED;
		return &adc->cfgr;
	case ADC_CFGR2:
		*ret_name = "CFGR2";
		*ret_modelled = CFGR2_MODELLED;
		return &adc->cfgr2;
	case ADC_SMPR1:
	case ADC_SMPR2:
		*ret_name = "SMPR";
		return &adc->smpr[(offset - ADC_SMPR1) / 4];
	case ADC_IER:
		*ret_name = "IER";
		*ret_modelled = 0;
		return &adc->ier;
	default:
		return NULL;
	}
}

uint32_t stm32l4r5_adc_read(struct stm32l4r5 *s, uint32_t offset)
{
	const char *name;
	uint32_t modelled, *settings = settings_find(&s->adc, offset, &name, &modelled);

	if (settings)
		return *settings;
	switch (offset) {
	case ADC_ISR:
	case ADC_CSR:
		return s->adc.isr;
	case ADC_CR:
		return s->adc.cr;
	case ADC_DR:
		s->adc.isr &= ~STM32_ADC_ISR_EOC;
		return s->adc.dr;
	case ADC_DIFSEL:
		return 0;
	case ADC_CALFACT:
		return CALFACT_VALUE;
	case ADC_CCR:
		return s->adc.ccr;
	default:
		stm32l4r5_unmodelled(s, STM32_ADC_BASE + offset);
		return 0;
	}
}

void stm32l4r5_adc_write(struct stm32l4r5 *s, uint32_t offset, uint32_t value, uint32_t mask)
{
	const char *name;
	uint32_t modelled, *settings = settings_find(&s->adc, offset, &name, &modelled);

	if (settings) {
		settings_write(s, name, settings, (*settings & ~mask) | value, modelled);
		return;
	}
	switch (offset) {
	case ADC_ISR: /* ones clear */
		s->adc.isr &= ~value;
		break;
	case ADC_CR:
		cr_write(s, (s->adc.cr & ~mask) | value);
		break;
	case ADC_CCR:
		ccr_write(s, (s->adc.ccr & ~mask) | value);
		break;
	case ADC_DR:
	case ADC_CALFACT:
		break;
	case ADC_DIFSEL: /* every channel single-ended, as after reset */
		if (value & mask)
			stm32l4r5_fault(s, "ADC1_DIFSEL: differential channels are not modelled");
		break;
	default:
		stm32l4r5_unmodelled(s, STM32_ADC_BASE + offset);
		break;
	}
}

void stm32l4r5_adc_reset(struct stm32l4r5 *s)
{
	memset(&s->adc, 0, sizeof(s->adc));
	s->adc.cr = STM32_ADC_CR_DEEPPWD;
	s->adc.cfgr = 0x80000000;
	stm32l4r5_schedule(s, STM32_DEADLINE_ADC, STM32_NEVER_PS);
}
