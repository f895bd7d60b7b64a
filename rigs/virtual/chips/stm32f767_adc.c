/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ADC1 of the STM32F767 (RM0410 section 15) with its internal channels: VREFINT (17) and the
 * temperature sensor (18). Software start of regular channels, 12 to 6 bits; no DMA, no watchdog,
 * no injected channels, no left alignment. Clock limits, start and sampling times that DS11532
 * (12-bit ADC, temperature sensor and reference voltage characteristics) asks for are rules here:
 * on silicon a wrong one gives a wrong number without a word.
 */
#include <string.h>

#include "rigs/virtual/chips/stm32f767.h"

enum {
	ADC_SR = 0x00,
	ADC_CR1 = 0x04,
	ADC_CR2 = 0x08,
	ADC_SMPR1 = 0x0C,
	ADC_SMPR2 = 0x10,
	ADC_SQR1 = 0x2C,
	ADC_SQR3 = 0x34,
	ADC_DR = 0x4C,
	ADC_CSR = 0x300,
	ADC_CCR = 0x304
};

#define POWER_UP_PS       (3 * STM32_PS_PER_US)  /* tSTAB */
#define SENSOR_PS         (10 * STM32_PS_PER_US) /* tSTART of the sensor; the reference is faster */
#define SAMPLE_PS         (10 * STM32_PS_PER_US) /* least sampling time of both */
#define CLOCK_MIN_MILLIHZ 600000000u             /* 0.6 MHz */
#define CLOCK_MAX_MILLIHZ 36400000000u           /* 36 MHz, and what an HSI may be fast */
#define CLOCK_LOW_MILLIHZ 18200000000u           /* below 2.4 V */
#define VDDA_FULL_V       2.4
#define SR_FLAGS          0x3Fu
#define CR1_MODELLED      0x07000120u /* OVRIE RES SCAN EOCIE */
#define CR2_MODELLED      0x40000403u /* SWSTART EOCS CONT ADON */
#define CCR_MODELLED      0x00830000u /* TSVREFE ADCPRE */

enum { CHANNEL_VREFINT = 17, CHANNEL_SENSOR = 18 };

static uint64_t clock_millihz(const struct stm32f767 *s)
{
	return stm32f767_pclk2_millihz(s) / (2 + 2 * (s->adc.ccr >> 16 & 3));
}

static int64_t cycles_ps(const struct stm32f767 *s, unsigned cycles)
{
	return (int64_t)((__int128)cycles * 1000 * STM32_PS_PER_S / (__int128)clock_millihz(s));
}

static bool clock_is_legal(struct stm32f767 *s)
{
	bool low = s->base.pins.vdd_v < VDDA_FULL_V;
	uint64_t millihz = clock_millihz(s);

	if (millihz >= CLOCK_MIN_MILLIHZ &&
	    millihz <= (low ? CLOCK_LOW_MILLIHZ : CLOCK_MAX_MILLIHZ))
		return true;
	stm32_fault(&s->base,
		    "ADC clock at %.3f MHz, allowed are 0.6 to %u MHz at a VDDA of %.2f V",
		    (double)millihz / 1e9, low ? 18 : 36, s->base.pins.vdd_v);
	return false;
}

static unsigned channel_now(const struct stm32f767 *s)
{
	unsigned place = s->adc.sequence_index; /* SQ1 is in SQR3, six fields a register */

	return s->adc.sqr[2 - place / 6] >> place % 6 * 5 & 31;
}

/* SMPR1: channels 10 to 18, SMPR2: 0 to 9 (RM0410 15.13.4). */
static unsigned sample_cycles(const struct stm32f767 *s, unsigned channel)
{
	static const unsigned cycles[8] = {3, 15, 28, 56, 84, 112, 144, 480};
	uint32_t word = channel >= 10 ? s->adc.smpr[0] : s->adc.smpr[1];

	return cycles[word >> channel % 10 * 3 & 7];
}

static bool channel_is_legal(struct stm32f767 *s, unsigned channel)
{
	const char *name = channel == CHANNEL_SENSOR ? "temperature sensor" : "VREFINT";

	if (channel != CHANNEL_VREFINT && channel != CHANNEL_SENSOR)
		stm32_fault(&s->base,
			    "ADC1 channel %u is not modelled (17: VREFINT, 18: temperature)",
			    channel);
	else if (!(s->adc.ccr & F767_ADC_CCR_TSVREFE))
		stm32_fault(&s->base, "%s converted while ADC_CCR.TSVREFE is clear", name);
	else if (stm32_now(&s->base) < s->adc.sensor_ready_ps)
		stm32_fault(&s->base, "%s converted before its start time of 10 us is over", name);
	else if (cycles_ps(s, sample_cycles(s, channel)) < SAMPLE_PS)
		stm32_fault(&s->base, "%s sampled for %.2f us, the least is 10 us", name,
			    (double)cycles_ps(s, sample_cycles(s, channel)) / 1e6);
	else
		return true;
	return false;
}

static unsigned dropped_bits(const struct stm32f767 *s)
{
	return 2 * (s->adc.cr1 >> 24 & 3);
}

static void convert(struct stm32f767 *s, int64_t start_ps)
{
	unsigned channel = channel_now(s);

	s->adc.converting = clock_is_legal(s) && channel_is_legal(s, channel);
	if (s->adc.converting)
		stm32_schedule(
			&s->base, STM32_DEADLINE_ADC,
			start_ps + cycles_ps(s, sample_cycles(s, channel) + 12 - dropped_bits(s)));
}

static void irq_update(struct stm32f767 *s)
{
	uint32_t sr = s->adc.sr, cr1 = s->adc.cr1;

	armv7em_set_irq(s->base.core, F767_IRQ_ADC,
			(sr & F767_ADC_SR_EOC && cr1 & F767_ADC_CR1_EOCIE) ||
				(sr & F767_ADC_SR_OVR && cr1 & F767_ADC_CR1_OVRIE));
}

static bool sequence_goes_on(const struct stm32f767 *s)
{
	return s->adc.cr1 & F767_ADC_CR1_SCAN && s->adc.sequence_index < (s->adc.sqr[0] >> 20 & 15);
}

/* EOCS: EOC after each conversion, and overrun detection; without it after the sequence. */
void stm32f767_adc_event(struct stm32 *chip, int64_t t_ps)
{
	struct stm32f767 *s = stm32f767_of(chip);
	struct f767_adc *adc = &s->adc;
	bool each = adc->cr2 & F767_ADC_CR2_EOCS, more = sequence_goes_on(s);

	if (each && adc->sr & F767_ADC_SR_EOC) {
		adc->sr |= F767_ADC_SR_OVR; /* the unread result stays, conversions stop */
		adc->converting = false;
		irq_update(s);
		return;
	}
	adc->dr = stm32_analog_sample(chip, &s->base.analog, channel_now(s) == CHANNEL_SENSOR) >>
		  dropped_bits(s);
	if (each || !more)
		adc->sr |= F767_ADC_SR_EOC;
	adc->sequence_index = more ? adc->sequence_index + 1 : 0;
	if (more || adc->cr2 & F767_ADC_CR2_CONT)
		convert(s, t_ps);
	else
		adc->converting = false;
	irq_update(s);
}

static void stop(struct stm32f767 *s)
{
	s->adc.converting = false;
	s->adc.sequence_index = 0;
	stm32_schedule(&s->base, STM32_DEADLINE_ADC, STM32_NEVER_PS);
}

static void software_start(struct stm32f767 *s)
{
	if (!(s->adc.cr2 & F767_ADC_CR2_ADON) || stm32_now(&s->base) < s->adc.on_ready_ps) {
		stm32_fault(&s->base, "ADC1 started before ADON was set for 3 us");
		return;
	}
	if (s->adc.converting)
		return;
	s->adc.sr |= F767_ADC_SR_STRT;
	s->adc.sequence_index = 0;
	convert(s, stm32_now(&s->base));
}

static void cr2_write(struct stm32f767 *s, uint32_t value)
{
	uint32_t changed = value ^ s->adc.cr2;

	if (value & ~CR2_MODELLED) {
		stm32_fault(&s->base, "ADC1_CR2 0x%08x sets bits that are not modelled", value);
		return;
	}
	s->adc.cr2 = value & ~F767_ADC_CR2_SWSTART;
	if (changed & value & F767_ADC_CR2_ADON)
		s->adc.on_ready_ps = stm32_now(&s->base) + POWER_UP_PS;
	if (!(value & F767_ADC_CR2_ADON))
		stop(s);
	if (value & F767_ADC_CR2_SWSTART)
		software_start(s);
}

static void ccr_write(struct stm32f767 *s, uint32_t value)
{
	uint32_t rising = value & ~s->adc.ccr;

	if (value & F767_ADC_CCR_VBATE)
		stm32_fault(&s->base,
			    "ADC_CCR.VBATE connects VBAT to channel 18 in the place of the "
			    "temperature sensor: not modelled");
	else if (value & ~CCR_MODELLED)
		stm32_fault(&s->base, "ADC_CCR 0x%08x sets bits that are not modelled", value);
	else
		s->adc.ccr = value;
	if (rising & F767_ADC_CCR_TSVREFE)
		s->adc.sensor_ready_ps = stm32_now(&s->base) + SENSOR_PS;
}

/* Registers that are only settings; NULL: not one of them. */
static uint32_t *settings_find(struct f767_adc *adc, uint32_t offset, uint32_t *ret_modelled)
{
	*ret_modelled = UINT32_MAX;
	if (offset == ADC_CR1) {
		*ret_modelled = CR1_MODELLED;
		return &adc->cr1;
	}
	if (offset == ADC_SMPR1 || offset == ADC_SMPR2)
		return &adc->smpr[(offset - ADC_SMPR1) / 4];
	if (offset >= ADC_SQR1 && offset <= ADC_SQR3)
		return &adc->sqr[(offset - ADC_SQR1) / 4];
	return NULL;
}

static void settings_write(struct stm32f767 *s, uint32_t offset, uint32_t *word, uint32_t value,
			   uint32_t modelled)
{
	if (s->adc.converting)
		stm32_fault(&s->base, "ADC1 register 0x%02x written during a conversion", offset);
	else if (value & ~modelled)
		stm32_fault(&s->base,
			    "ADC1 register 0x%02x: 0x%08x sets bits that are not modelled", offset,
			    value);
	else
		*word = value;
	irq_update(s);
}

static uint32_t dr_read(struct stm32f767 *s)
{
	s->adc.sr &= ~F767_ADC_SR_EOC;
	irq_update(s);
	return s->adc.dr;
}

uint32_t stm32f767_adc_read(struct stm32 *chip, uint32_t offset)
{
	struct stm32f767 *s = stm32f767_of(chip);
	uint32_t modelled, *settings = settings_find(&s->adc, offset, &modelled);

	if (settings)
		return *settings;
	switch (offset) {
	case ADC_SR:
		return s->adc.sr;
	case ADC_CR2:
		return s->adc.cr2;
	case ADC_DR:
		return dr_read(s);
	case ADC_CSR:
		return s->adc.sr & SR_FLAGS;
	case ADC_CCR:
		return s->adc.ccr;
	default:
		stm32_unmodelled(&s->base, F767_ADC_BASE + offset);
		return 0;
	}
}

void stm32f767_adc_write(struct stm32 *chip, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct stm32f767 *s = stm32f767_of(chip);
	uint32_t modelled, *settings = settings_find(&s->adc, offset, &modelled);

	if (settings) {
		settings_write(s, offset, settings, (*settings & ~mask) | value, modelled);
		return;
	}
	switch (offset) {
	case ADC_SR: /* zeros clear */
		s->adc.sr &= value | ~mask;
		irq_update(s);
		break;
	case ADC_CR2:
		cr2_write(s, (s->adc.cr2 & ~mask) | value);
		break;
	case ADC_CCR:
		ccr_write(s, (s->adc.ccr & ~mask) | value);
		break;
	case ADC_DR:
	case ADC_CSR:
		break; /* read-only */
	default:
		stm32_unmodelled(&s->base, F767_ADC_BASE + offset);
		break;
	}
}

void stm32f767_adc_reset(struct stm32f767 *s)
{
	memset(&s->adc, 0, sizeof(s->adc));
	stm32_schedule(&s->base, STM32_DEADLINE_ADC, STM32_NEVER_PS);
	irq_update(s);
}
