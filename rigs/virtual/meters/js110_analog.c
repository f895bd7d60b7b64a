/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The analogue side of a JS110. Gains and offsets are those of the device sheet's unit, spread.
 * Assumed, because the sheet is silent: the spread, noise, the gain of the 5 V range, when the
 * ranges switch, size and decay of the artefacts.
 */
#include "rigs/virtual/meters/js110_analog.h"

#include <math.h>

#define ADC_MAX         16383
#define NOISE_LSB       0.7
#define GAIN_SPREAD     0.01 /* between instruments; calibrated */
#define OFFSET_SPREAD   30   /* counts; calibrated */
#define GAIN_ERROR_SD   0.0005
#define OFFSET_ERROR_SD 0.3 /* counts */

/* Autoranging: up at once, to the first range that holds the current; down one range when that
 * would be filled to less than this share for so many samples. */
#define DOWN_SHARE     0.9
#define DOWN_SAMPLES   8
#define NEGATIVE_SHARE 0.19 /* of the full scale: the offset leaves about 2820 counts below 0 */

#define ARTEFACT_FIRST 0.5 /* of the new range's full scale */
#define ARTEFACT_KEEP  0.6 /* per sample */

/* Device sheet, "Calibration blob"; the shunts of 18 mA and 1.8 mA are from a forum post of the
 * vendor (about 20 mV at full scale), the others are assumed to drop the same. */
static const struct {
	double full_a, gain, shunt_ohm;
} ranges[VJS110_RANGES] = {
	{10, 6.828914629295468e-4, 0.002}, {2, 1.6375e-4, 0.01},        {180e-3, 1.46262e-5, 0.111},
	{18e-3, 1.49376e-6, 1.11},         {1.8e-3, 1.49705e-7, 11.11}, {180e-6, 1.49839e-8, 111.1},
	{18e-6, 1.49845e-9, 1111},
};
static const double voltage_gain[JS110_VOLTAGE_RANGES] = {9.468112839385867e-4, 3.4e-4};
#define CURRENT_OFFSET (-2820)
#define VOLTAGE_OFFSET (-1150)

/* Samples that a switch disturbs, [to][from]: the sheet's faster-recovery matrix "M", so that a
 * host with the default matrix "N" replaces them all. */
static const uint8_t disturbed[8][8] = {
	{0, 5, 5, 5, 5, 5, 6, 6}, {3, 0, 5, 5, 5, 6, 7, 8}, {4, 4, 0, 6, 6, 7, 7, 8},
	{4, 4, 4, 0, 6, 6, 7, 7}, {4, 4, 4, 4, 0, 6, 7, 6}, {4, 4, 4, 4, 4, 0, 7, 6},
	{4, 4, 4, 4, 4, 4, 0, 6}, {0, 0, 0, 0, 0, 0, 0, 0},
};

static struct js110_scale draw_scale(double offset, double gain, struct vrandom *random)
{
	struct js110_scale scale;

	scale.offset = offset + OFFSET_SPREAD * vrandom_even(random);
	scale.gain = gain * (1 + GAIN_SPREAD * vrandom_even(random));
	return scale;
}

static struct js110_scale draw_error(struct vrandom *random)
{
	struct js110_scale error;

	error.offset = OFFSET_ERROR_SD * vrandom_normal(random);
	error.gain = GAIN_ERROR_SD * vrandom_normal(random);
	return error;
}

void js110_analog_init(struct js110_analog *analog, uint64_t seed)
{
	struct vrandom random = {vrandom_seed(seed, "calibration")};

	*analog = (struct js110_analog){.noise = {vrandom_seed(seed, "noise")}};
	for (int n = 0; n < VJS110_RANGES; n++) {
		analog->active.current[n] = draw_scale(CURRENT_OFFSET, ranges[n].gain, &random);
		analog->current_error[n] = draw_error(&random);
	}
	for (int n = 0; n < JS110_VOLTAGE_RANGES; n++) {
		analog->active.voltage[n] = draw_scale(VOLTAGE_OFFSET, voltage_gain[n], &random);
		analog->voltage_error[n] = draw_error(&random);
	}
	js110_analog_power_off(analog);
}

void js110_analog_power_off(struct js110_analog *analog)
{
	analog->select = 0;
	analog->range = JS110_RANGE_OFF;
	analog->below = 0;
	analog->artefact_left = 0;
	analog->artefact_a = 0;
	analog->good_a = 0;
	analog->stuck = false;
}

static bool range_holds(unsigned range, double current_a, double share)
{
	double full_a = share * ranges[range].full_a;

	return current_a <= full_a && current_a >= -NEGATIVE_SHARE * full_a;
}

/* The first range from this one up that holds the current. */
static unsigned range_for(unsigned range, double current_a)
{
	while (range > 0 && !range_holds(range, current_a, 1))
		range--;
	return range;
}

static unsigned auto_range(struct js110_analog *analog, double current_a)
{
	unsigned range = analog->range;

	if (range == JS110_RANGE_OFF)
		range = 0; /* the path closes with the largest shunt current allowed */
	if (range < VJS110_RANGES - 1 && range_holds(range + 1, current_a, DOWN_SHARE)) {
		if (++analog->below < DOWN_SAMPLES)
			return range;
		range++;
	}
	analog->below = 0;
	return range_for(range, current_a);
}

static unsigned selected_range(const struct js110_analog *analog)
{
	for (unsigned range = 0; range < VJS110_RANGES; range++)
		if (analog->select == 1u << range)
			return range;
	return JS110_RANGE_OFF;
}

static void follow_current(struct js110_analog *analog, double current_a)
{
	unsigned before = analog->range;

	if (analog->select == 0)
		analog->range = JS110_RANGE_OFF;
	else if (analog->stuck)
		analog->range = analog->stuck_range;
	else if (analog->select == JS110_SELECT_AUTO)
		analog->range = auto_range(analog, current_a);
	else
		analog->range = selected_range(analog);
	if (analog->range == before)
		return;
	analog->artefact_left = disturbed[analog->range][before];
	if (analog->range != JS110_RANGE_OFF)
		analog->artefact_a = ARTEFACT_FIRST * ranges[analog->range].full_a *
				     vrandom_even(&analog->noise);
}

static uint16_t convert(double value, const struct js110_scale *scale,
			const struct js110_scale *error, struct vrandom *noise)
{
	double counts = value * (1 + error->gain) / scale->gain - scale->offset + error->offset;

	counts = floor(counts + NOISE_LSB * vrandom_normal(noise) + 0.5);
	if (!(counts > 0))
		return 0;
	return (uint16_t)(counts < ADC_MAX ? counts : ADC_MAX);
}

static void read_current(struct js110_analog *analog, double current_a,
			 struct js110_reading *reading)
{
	bool off = analog->range == JS110_RANGE_OFF;
	unsigned n = off ? 0 : analog->range;
	const struct js110_scale *scale = &analog->active.current[n];

	if (off)
		current_a = 0;
	if (analog->artefact_left)
		current_a += analog->artefact_a;
	reading->range = analog->range;
	reading->current_adc = convert(current_a, scale, &analog->current_error[n], &analog->noise);
	if (analog->artefact_left) {
		analog->artefact_left--;
		analog->artefact_a *= ARTEFACT_KEEP;
	} else {
		analog->good_a = off ? 0 : (reading->current_adc + scale->offset) * scale->gain;
	}
	reading->current_a = analog->good_a;
}

struct js110_reading js110_analog_read(struct js110_analog *analog, double current_a,
				       double voltage_v)
{
	const struct js110_scale *scale = &analog->active.voltage[analog->voltage_range];
	struct js110_reading reading;

	if (analog->saturate) {
		analog->saturate--;
		current_a = 2 * ranges[0].full_a;
	}
	follow_current(analog, current_a);
	read_current(analog, current_a, &reading);
	reading.voltage_adc = convert(
		voltage_v, scale, &analog->voltage_error[analog->voltage_range], &analog->noise);
	reading.voltage_v = (reading.voltage_adc + scale->offset) * scale->gain;
	return reading;
}

double js110_analog_series_ohm(const struct js110_analog *analog, double current_a)
{
	unsigned range = analog->range;

	if (analog->select == 0)
		return INFINITY;
	/* Between closing the path and the first sample: where auto ranging starts. */
	if (range == JS110_RANGE_OFF)
		range = 0;
	/* Comparators range up between two samples, and meanwhile the board's capacitors feed it. */
	if (analog->select == JS110_SELECT_AUTO && !analog->stuck)
		range = range_for(range, current_a);
	return ranges[range].shunt_ohm;
}
