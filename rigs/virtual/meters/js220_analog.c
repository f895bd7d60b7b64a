/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The analogue side of a JS220. The device sheet gives ranges and rates. Assumed, because it is
 * silent: spans, noise, errors, when the ranges switch.
 */
#include "rigs/virtual/meters/js220_analog.h"

#include <math.h>

#define ADC_MAX       32767  /* raw streams are i16 */
#define SPAN          1.2    /* assumed: the converter's full scale over the range's */
#define NOISE_LSB     0.7    /* assumed */
#define GAIN_SD       0.0004 /* assumed */
#define OFFSET_LSB_SD 0.5    /* assumed */

/* Autoranging, assumed: up at once at the full scale, down when the lower range would be filled to
 * less than this share for so many ticks. */
#define DOWN_SHARE 0.9
#define DOWN_TICKS 8

/* Device sheet, "Instrument facts"; shunts of 18 mA and 1.8 mA from a forum post of the vendor
 * (about 20 mV at full scale), the others assumed to drop the same. */
static const struct {
	double full_a, shunt_ohm;
} ranges[VJS220_RANGES] = {
	{10, 0.002},     {180e-3, 0.111}, {18e-3, 1.11},
	{1.8e-3, 11.11}, {180e-6, 111.1}, {18e-6, 1111},
};
static const double voltage_full_v[JS220_VOLTAGE_RANGES] = {15, 2};

static double lsb_of(double full)
{
	return full * SPAN / ADC_MAX;
}

static struct js220_error draw_error(double lsb, struct vrandom *random)
{
	struct js220_error error;

	error.gain = GAIN_SD * vrandom_normal(random);
	error.offset = OFFSET_LSB_SD * lsb * vrandom_normal(random);
	return error;
}

void js220_analog_init(struct js220_analog *analog, uint64_t seed)
{
	struct vrandom random = {vrandom_seed(seed, "calibration")};

	*analog = (struct js220_analog){.noise = {vrandom_seed(seed, "noise")}};
	for (int n = 0; n < VJS220_RANGES; n++)
		analog->current[n] = draw_error(lsb_of(ranges[n].full_a), &random);
	for (int n = 0; n < JS220_VOLTAGE_RANGES; n++)
		analog->voltage[n] = draw_error(lsb_of(voltage_full_v[n]), &random);
	js220_analog_defaults(analog);
}

void js220_analog_make_ideal(struct js220_analog *analog)
{
	for (int n = 0; n < VJS220_RANGES; n++)
		analog->current[n] = (struct js220_error){0, 0};
	for (int n = 0; n < JS220_VOLTAGE_RANGES; n++)
		analog->voltage[n] = (struct js220_error){0, 0};
}

void js220_analog_defaults(struct js220_analog *analog)
{
	analog->mode = JS220_MODE_OFF; /* assumed */
	analog->manual_range = 0;
	analog->range_min = 0;
	analog->range_max = VJS220_RANGES - 1;
	analog->voltage_manual = false; /* assumed */
	analog->voltage_select = 0;
	analog->range = 0;
	analog->below = 0;
	analog->voltage_range = 0;
	analog->voltage_below = 0;
	analog->stuck = false;
}

/* The range for the next tick. A higher number is a lower full scale. */
static void follow_current(struct js220_analog *analog, double current_a)
{
	double magnitude_a = fabs(current_a);

	if (analog->stuck || analog->mode != JS220_MODE_AUTO) {
		analog->range = analog->stuck ? analog->stuck_range : analog->manual_range;
		return;
	}
	if (analog->range < analog->range_min)
		analog->range = analog->range_min;
	if (analog->range > analog->range_max)
		analog->range = analog->range_max;
	if (analog->range < analog->range_max &&
	    magnitude_a < DOWN_SHARE * ranges[analog->range + 1].full_a) {
		if (++analog->below < DOWN_TICKS)
			return;
		analog->range++;
	}
	analog->below = 0;
	while (analog->range > analog->range_min && magnitude_a > ranges[analog->range].full_a)
		analog->range--;
}

static void follow_voltage(struct js220_analog *analog, double voltage_v)
{
	if (analog->voltage_manual) {
		analog->voltage_range = analog->voltage_select;
	} else if (fabs(voltage_v) > voltage_full_v[1]) {
		analog->voltage_range = 0;
		analog->voltage_below = 0;
	} else if (fabs(voltage_v) < DOWN_SHARE * voltage_full_v[1]) {
		if (++analog->voltage_below >= DOWN_TICKS)
			analog->voltage_range = 1;
	} else {
		analog->voltage_below = 0;
	}
}

void js220_analog_track(struct js220_analog *analog, double current_a, double voltage_v)
{
	follow_current(analog, current_a);
	follow_voltage(analog, voltage_v);
}

static int16_t convert(double value, const struct js220_error *error, double lsb,
		       struct vrandom *noise)
{
	double counts = (value * (1 + error->gain) + error->offset) / lsb;

	counts = floor(counts + NOISE_LSB * vrandom_normal(noise) + 0.5);
	if (!(counts > -ADC_MAX))
		return -ADC_MAX;
	return (int16_t)(counts < ADC_MAX ? counts : ADC_MAX);
}

void js220_analog_read(struct js220_analog *analog, double current_a, double voltage_v,
		       struct js220_reading *ret_reading)
{
	double lsb_a, lsb_v;

	if (analog->mode == JS220_MODE_OFF)
		current_a = 0;
	js220_analog_track(analog, current_a, voltage_v);
	if (analog->saturate) {
		analog->saturate--;
		analog->range = 0;
		current_a = 2 * SPAN * ranges[0].full_a;
	}
	lsb_a = lsb_of(ranges[analog->range].full_a);
	lsb_v = lsb_of(voltage_full_v[analog->voltage_range]);
	ret_reading->range = analog->mode == JS220_MODE_OFF ? JS220_RANGE_OFF : analog->range;
	ret_reading->current_adc =
		convert(current_a, &analog->current[analog->range], lsb_a, &analog->noise);
	ret_reading->voltage_adc =
		convert(voltage_v, &analog->voltage[analog->voltage_range], lsb_v, &analog->noise);
	ret_reading->current_q31 = llrint(ret_reading->current_adc * lsb_a * 0x1p31);
	ret_reading->voltage_q31 = llrint(ret_reading->voltage_adc * lsb_v * 0x1p31);
}

double js220_analog_series_ohm(const struct js220_analog *analog)
{
	return ranges[analog->range].shunt_ohm;
}
