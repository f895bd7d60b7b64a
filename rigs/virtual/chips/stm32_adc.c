/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ADC1: start-up, conversions, and the voltages its internal channels see.
 */
#include "rigs/virtual/chips/stm32.h"

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

/* A true clock may be above its nominal value by what the oscillators are off. */
#define OSCILLATOR_MARGIN_MILLIHZ_PER_MHZ 1010000000u

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
#define CCR_CLOCK           0x003F0000u /* CKMODE, PRESC */
#define CALFACT_VALUE       0x40u

enum { CHANNEL_VREFINT = 0, CHANNEL_SENSOR = 17 };

/* ADC clock; 0: none is selected. */
static uint64_t clock_millihz(const struct stm32_adc *adc)
{
	static const unsigned prescalers[16] = {1,  2,  4,   6,   8,   10,  12,  16,
						32, 64, 128, 256, 256, 256, 256, 256};
	unsigned mode = adc->ccr >> 16 & 3;

	if (mode != 0)
		return adc->chip->hclk_millihz >> (mode - 1);
	return adc->traits->async_millihz(adc->chip) / prescalers[adc->ccr >> 18 & 15];
}

/* Time of half ADC clock cycles. */
static int64_t half_cycles_ps(const struct stm32_adc *adc, uint64_t half_cycles)
{
	return (int64_t)((__int128)half_cycles * 500 * STM32_PS_PER_S /
			 (__int128)clock_millihz(adc));
}

static bool clock_is_there(struct stm32_adc *adc)
{
	uint64_t limit_mhz = adc->traits->limit_mhz(adc->chip);

	if (clock_millihz(adc) == 0)
		stm32_fault(adc->chip, "ADC1 used without a clock: CCR.CKMODE is 0 and "
				       "RCC's ADCSEL does not select SYSCLK");
	else if (clock_millihz(adc) > limit_mhz * OSCILLATOR_MARGIN_MILLIHZ_PER_MHZ)
		stm32_fault(adc->chip, "ADC1 clock at %g MHz, the limit is %u MHz",
			    (double)clock_millihz(adc) / 1e9, (unsigned)limit_mhz);
	else
		return true;
	return false;
}

static unsigned channel_now(const struct stm32_adc *adc)
{
	/* SQ1 is the second 6-bit field of SQR1; five fields per register */
	unsigned place = adc->sequence_index + 1;

	return adc->sqr[place / 5] >> place % 5 * 6 & 31;
}

static unsigned oversampling(const struct stm32_adc *adc)
{
	return adc->cfgr2 & 1 ? 2u << (adc->cfgr2 >> 2 & 7) : 1;
}

/* Half cycles of sampling (RM0432 21.7.6). */
static unsigned sample_half_cycles(const struct stm32_adc *adc, unsigned channel)
{
	static const unsigned half_cycles[8] = {5, 13, 25, 49, 95, 185, 495, 1281};

	return half_cycles[adc->smpr[channel / 10] >> channel % 10 * 3 & 7];
}

static bool channel_is_legal(struct stm32_adc *adc, unsigned channel)
{
	int64_t now_ps = stm32_now(adc->chip);
	int64_t sample_ps = half_cycles_ps(adc, sample_half_cycles(adc, channel));
	bool sensor = channel == CHANNEL_SENSOR;
	const char *name = sensor ? "temperature sensor" : "VREFINT";
	int64_t least_ps = sensor ? SENSOR_SAMPLE_PS : REFERENCE_SAMPLE_PS;

	if (channel != CHANNEL_VREFINT && !sensor)
		stm32_fault(adc->chip,
			    "ADC1 channel %u is not modelled (0: VREFINT, 17: temperature)",
			    channel);
	else if (!(adc->ccr & (sensor ? STM32_ADC_CCR_TSEN : STM32_ADC_CCR_VREFEN)))
		stm32_fault(adc->chip, "%s converted while ADC_CCR.%s is clear", name,
			    sensor ? "TSEN" : "VREFEN");
	else if (now_ps < (sensor ? adc->sensor_ready_ps : adc->reference_ready_ps))
		stm32_fault(adc->chip, "%s converted before its start time of %g us is over", name,
			    sensor ? 120.0 : 12.0);
	else if (sample_ps < least_ps)
		stm32_fault(adc->chip, "%s sampled for %.2f us, the least is %g us", name,
			    (double)sample_ps / 1e6, (double)least_ps / 1e6);
	else
		return true;
	return false;
}

/* Starts the conversion of the present place in the sequence. */
static void convert(struct stm32_adc *adc, int64_t start_ps)
{
	unsigned channel = channel_now(adc);
	uint64_t half_cycles = sample_half_cycles(adc, channel) + 25;

	if (!clock_is_there(adc) || !channel_is_legal(adc, channel)) {
		adc->cr &= ~STM32_ADC_CR_ADSTART;
		return;
	}
	stm32_schedule(adc->chip, STM32_DEADLINE_ADC,
		       start_ps + half_cycles_ps(adc, half_cycles * oversampling(adc)));
}

static unsigned sample(struct stm32_adc *adc, unsigned channel)
{
	static const unsigned dropped_bits[4] = {0, 2, 4, 6};

	return stm32_analog_sample(adc->chip, adc->analog, channel == CHANNEL_SENSOR) >>
	       dropped_bits[adc->cfgr >> 3 & 3];
}

static void store_result(struct stm32_adc *adc)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < oversampling(adc); i++)
		sum += sample(adc, channel_now(adc));
	if (adc->cfgr2 & 1)
		sum >>= adc->cfgr2 >> 5 & 15;
	if (adc->isr & STM32_ADC_ISR_EOC) {
		adc->isr |= STM32_ADC_ISR_OVR;
		if (!(adc->cfgr & CFGR_OVRMOD))
			return;
	}
	adc->dr = sum & 0xFFFF;
}

static void conversion_end(struct stm32_adc *adc, int64_t t_ps)
{
	store_result(adc);
	adc->isr |= STM32_ADC_ISR_EOC | STM32_ADC_ISR_EOSMP;
	if (adc->sequence_index < (adc->sqr[0] & 15)) {
		adc->sequence_index++;
		convert(adc, t_ps);
		return;
	}
	adc->isr |= STM32_ADC_ISR_EOS;
	adc->sequence_index = 0;
	if (adc->cfgr & CFGR_CONT)
		convert(adc, t_ps);
	else
		adc->cr &= ~STM32_ADC_CR_ADSTART;
}

void stm32_adc_event(struct stm32_adc *adc, int64_t t_ps)
{
	if (adc->cr & STM32_ADC_CR_ADCAL)
		adc->cr &= ~STM32_ADC_CR_ADCAL;
	else if (adc->cr & STM32_ADC_CR_ADSTART)
		conversion_end(adc, t_ps);
	else if (adc->cr & STM32_ADC_CR_ADEN)
		adc->isr |= STM32_ADC_ISR_ADRDY;
}

static bool regulator_is_ready(struct stm32_adc *adc)
{
	if (!(adc->cr & STM32_ADC_CR_ADVREGEN) || stm32_now(adc->chip) < adc->regulator_ready_ps) {
		stm32_fault(adc->chip, "ADC1 calibrated or enabled before its regulator was on "
				       "(ADVREGEN) for 20 us");
		return false;
	}
	return clock_is_there(adc);
}

static void set_power(struct stm32_adc *adc, uint32_t value)
{
	const uint32_t bits = STM32_ADC_CR_DEEPPWD | STM32_ADC_CR_ADVREGEN | STM32_ADC_CR_ADCALDIF;

	if (value & STM32_ADC_CR_ADVREGEN && value & STM32_ADC_CR_DEEPPWD)
		stm32_fault(adc->chip, "ADC1 regulator switched on in deep power-down");
	else if (~adc->cr & value & STM32_ADC_CR_ADVREGEN)
		adc->regulator_ready_ps = stm32_now(adc->chip) + REGULATOR_PS;
	adc->cr = (adc->cr & ~bits) | (value & bits);
}

static void cr_write(struct stm32_adc *adc, uint32_t value)
{
	uint32_t rising = value & ~adc->cr;

	set_power(adc, value);
	if (rising & STM32_ADC_CR_ADCAL && regulator_is_ready(adc)) {
		if (adc->cr & STM32_ADC_CR_ADEN) {
			stm32_fault(adc->chip, "ADC1 calibration started while ADEN is set");
			return;
		}
		adc->cr |= STM32_ADC_CR_ADCAL;
		stm32_schedule(adc->chip, STM32_DEADLINE_ADC,
			       stm32_now(adc->chip) + half_cycles_ps(adc, 2 * CALIBRATION_CYCLES));
	} else if (rising & STM32_ADC_CR_ADEN && regulator_is_ready(adc)) {
		if (adc->cr & STM32_ADC_CR_ADCAL) {
			stm32_fault(adc->chip, "ADC1 enabled while ADCAL is set");
			return;
		}
		adc->cr |= STM32_ADC_CR_ADEN;
		stm32_schedule(adc->chip, STM32_DEADLINE_ADC,
			       stm32_now(adc->chip) + half_cycles_ps(adc, 2 * READY_CYCLES));
	} else if (rising & STM32_ADC_CR_ADSTART) {
		if (!(adc->cr & STM32_ADC_CR_ADEN) ||
		    adc->chip->deadline_ps[STM32_DEADLINE_ADC] != STM32_NEVER_PS) {
			stm32_fault(adc->chip, "ADC1 started while ADRDY has not risen");
			return;
		}
		adc->cr |= STM32_ADC_CR_ADSTART;
		adc->sequence_index = 0;
		convert(adc, stm32_now(adc->chip));
	}
	if (value & (STM32_ADC_CR_ADSTP | STM32_ADC_CR_ADDIS)) {
		adc->cr &= ~STM32_ADC_CR_ADSTART;
		stm32_schedule(adc->chip, STM32_DEADLINE_ADC, STM32_NEVER_PS);
	}
	if (value & STM32_ADC_CR_ADDIS)
		adc->cr &= ~STM32_ADC_CR_ADEN;
}

static void ccr_write(struct stm32_adc *adc, uint32_t value)
{
	uint32_t rising = value & ~adc->ccr;

	if (value & ~CCR_MODELLED) {
		stm32_fault(adc->chip, "ADC_CCR 0x%08x sets bits that are not modelled", value);
		return;
	}
	if (adc->cr & STM32_ADC_CR_ADEN && (value ^ adc->ccr) & CCR_CLOCK) {
		stm32_fault(adc->chip, "ADC_CCR.CKMODE or PRESC changed while ADEN is set");
		return;
	}
	if (rising & STM32_ADC_CCR_TSEN)
		adc->sensor_ready_ps = stm32_now(adc->chip) + SENSOR_PS;
	if (rising & STM32_ADC_CCR_VREFEN)
		adc->reference_ready_ps = stm32_now(adc->chip) + REFERENCE_PS;
	adc->ccr = value;
}

static void settings_write(struct stm32_adc *adc, const char *name, uint32_t *word, uint32_t value,
			   uint32_t modelled)
{
	if (adc->cr & STM32_ADC_CR_ADSTART)
		stm32_fault(adc->chip, "ADC1_%s written during a conversion", name);
	else if (value & ~modelled)
		stm32_fault(adc->chip, "ADC1_%s 0x%08x sets bits that are not modelled", name,
			    value);
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

uint32_t stm32_adc_read(struct stm32_adc *adc, uint32_t offset)
{
	const char *name;
	uint32_t modelled, *settings = settings_find(adc, offset, &name, &modelled);

	if (settings)
		return *settings;
	switch (offset) {
	case ADC_ISR:
	case ADC_CSR:
		return adc->isr;
	case ADC_CR:
		return adc->cr;
	case ADC_DR:
		adc->isr &= ~STM32_ADC_ISR_EOC;
		return adc->dr;
	case ADC_DIFSEL:
		return 0;
	case ADC_CALFACT:
		return CALFACT_VALUE;
	case ADC_CCR:
		return adc->ccr;
	default:
		stm32_unmodelled(adc->chip, adc->traits->base + offset);
		return 0;
	}
}

void stm32_adc_write(struct stm32_adc *adc, uint32_t offset, uint32_t value, uint32_t mask)
{
	const char *name;
	uint32_t modelled, *settings = settings_find(adc, offset, &name, &modelled);

	if (settings) {
		settings_write(adc, name, settings, (*settings & ~mask) | value, modelled);
		return;
	}
	switch (offset) {
	case ADC_ISR: /* ones clear */
		adc->isr &= ~value;
		break;
	case ADC_CR:
		cr_write(adc, (adc->cr & ~mask) | value);
		break;
	case ADC_CCR:
		ccr_write(adc, (adc->ccr & ~mask) | value);
		break;
	case ADC_DR:
	case ADC_CALFACT:
		break;
	case ADC_DIFSEL: /* every channel single-ended, as after reset */
		if (value & mask)
			stm32_fault(adc->chip,
				    "ADC1_DIFSEL: differential channels are not modelled");
		break;
	default:
		stm32_unmodelled(adc->chip, adc->traits->base + offset);
		break;
	}
}

void stm32_adc_reset(struct stm32_adc *adc)
{
	struct stm32_adc fresh = {
		.chip = adc->chip,
		.traits = adc->traits,
		.analog = adc->analog,
		.cr = STM32_ADC_CR_DEEPPWD,
		.cfgr = 0x80000000,
	};

	*adc = fresh;
	stm32_schedule(adc->chip, STM32_DEADLINE_ADC, STM32_NEVER_PS);
}

void stm32_adc_init(struct stm32_adc *adc, struct stm32 *chip,
		    const struct stm32_adc_traits *traits, const struct stm32_analog *analog)
{
	adc->chip = chip;
	adc->traits = traits;
	adc->analog = analog;
}
