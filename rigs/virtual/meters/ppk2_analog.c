/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The analogue side of a PPK2. The host converts a converter value so (device sheet, Conversion):
 *
 *   r = (4 * adc - O) * (1.8 / 163840 / R)
 *   I = UG * (r * (GS * r + GI) + S * VDD / 1000 + I0)
 *
 * Here it is run backwards: from the true current to the converter value an instrument with this
 * calibration gives, after the calibration's own error. The user gain UG is applied by the host
 * only.
 */
#include "rigs/virtual/meters/ppk2_analog.h"

#include <math.h>
#include <stdbool.h>

#define ADC_MAX 16383
#define ADC4_V  (1.8 / 163840) /* volts per unit of 4 * adc */

/* About 50 mV over the shunt: 50 uA, 0.5 mA, 5 mA, 60 mA, the instrument's published ranges. */
static const double switch_up_a[PPK2_RANGES - 1] = {50e-6, 500e-6, 5e-3, 60e-3};
/* Nordic publishes a typical resolution of each range (PPK2 user guide, measurement ranges), and no
 * error of the zero: zeros are adjusted to that resolution, with the standard deviation of what one
 * such step hides, step / sqrt(12). Typical is no limit: the draw is normal. */
static const double resolution_a[PPK2_RANGES] = {0.2e-6, 0.5e-6, 5e-6, 50e-6, 1e-3};
#define SWITCH_DOWN_SHARE   0.85 /* hysteresis */
#define SWITCH_DOWN_SAMPLES 2

#define NOISE_LSB         0.7
#define GAIN_ERROR_SD     0.0005
#define DISTURBANCE_FIRST 0.25 /* of the value, at the sample that switches */
#define DISTURBANCE_KEEP  0.2  /* per sample after it */

static double lsb_a(const struct ppk2_calibration *c)
{
	return 4 * ADC4_V / c->r_ohm;
}

/* Typical values of the sheet, spread as instruments are. Rounded to the decimals of the metadata
 * text. */
static void draw_range(struct ppk2_calibration *c, double r_ohm, struct vrandom *random)
{
	c->r_ohm = round(r_ohm * (1 + 0.02 * vrandom_even(random)) * 1e4) / 1e4;
	/* GS * r is at most this share of GI at the top of the range (r_top is about 50 mV / R). */
	c->gs = round(0.0005 * vrandom_even(random) * r_ohm / 0.05 * 1e5) / 1e5;
	c->gi = round((1 + 0.004 * vrandom_even(random)) * 1e5) / 1e5;
	c->o = round((110 + 30 * vrandom_even(random)) * 1e4) / 1e4;
	c->s = round(0.2 * lsb_a(c) * vrandom_even(random) * 1e9) / 1e9;
	c->i_a = round(0.5 * lsb_a(c) * vrandom_even(random) * 1e9) / 1e9;
	c->ug = 1;
}

void ppk2_analog_init(struct ppk2_analog *analog, uint64_t seed)
{
	static const double typical_ohm[PPK2_RANGES] = {1031.64, 101.65, 10.15, 0.94, 0.043};
	struct vrandom random = {vrandom_seed(seed, "calibration")};

	*analog = (struct ppk2_analog){.noise = {vrandom_seed(seed, "noise")}};
	for (int n = 0; n < PPK2_RANGES; n++) {
		draw_range(&analog->printed[n], typical_ohm[n], &random);
		analog->gain_error[n] = GAIN_ERROR_SD * vrandom_normal(&random);
		analog->offset_a[n] = resolution_a[n] / sqrt(12) * vrandom_normal(&random);
	}
}

void ppk2_analog_keep_errors(struct ppk2_analog *analog, bool gain, bool zero)
{
	for (int n = 0; n < PPK2_RANGES; n++) {
		analog->gain_error[n] = gain ? analog->gain_error[n] : 0;
		analog->offset_a[n] = zero ? analog->offset_a[n] : 0;
	}
}

/* Autoranging: up at once, down with hysteresis. Returns true when the range changed. */
static bool update_range(struct ppk2_analog *analog, double current_a)
{
	unsigned before = analog->range;

	if (analog->stuck) {
		analog->range = analog->stuck_range;
		return analog->range != before;
	}
	while (analog->range < PPK2_RANGES - 1 && current_a > switch_up_a[analog->range])
		analog->range++;
	if (analog->range > before ||
	    !(analog->range > 0 &&
	      current_a < SWITCH_DOWN_SHARE * switch_up_a[analog->range - 1])) {
		analog->below = 0;
		return analog->range != before;
	}
	if (++analog->below < SWITCH_DOWN_SAMPLES)
		return false;
	analog->below = 0;
	analog->range--;
	return true;
}

void ppk2_analog_track(struct ppk2_analog *analog, double current_a)
{
	update_range(analog, current_a);
	analog->disturbance = 0;
}

struct ppk2_reading ppk2_analog_top(void)
{
	return (struct ppk2_reading){.range = PPK2_RANGES - 1, .adc = ADC_MAX};
}

/* The converter's input for a current that the host should compute, in units of 4 * adc. */
static double adc4_of_current(const struct ppk2_calibration *c, double current_a, double vdd_mv)
{
	double x = current_a - c->s * vdd_mv / 1000 - c->i_a;
	double discriminant = c->gi * c->gi + 4 * c->gs * x;
	/* The root of gs * r^2 + gi * r = x that tends to x / gi for gs -> 0. */
	double r = 2 * x / (c->gi + sqrt(fmax(discriminant, 0)));

	return r * c->r_ohm / ADC4_V + c->o;
}

struct ppk2_reading ppk2_analog_read(struct ppk2_analog *analog, double current_a, double vdd_mv)
{
	bool switched = update_range(analog, current_a);
	unsigned n = analog->range;
	double seen_a, adc;

	if (switched)
		analog->disturbance = DISTURBANCE_FIRST * vrandom_even(&analog->noise);
	seen_a =
		current_a * (1 + analog->gain_error[n] + analog->disturbance) + analog->offset_a[n];
	analog->disturbance *= DISTURBANCE_KEEP;
	adc = adc4_of_current(&analog->printed[n], seen_a, vdd_mv) / 4;
	adc = floor(adc + NOISE_LSB * vrandom_normal(&analog->noise) + 0.5);
	if (!(adc > 0)) /* no negative currents: the converter stops at 0 */
		adc = 0;
	if (adc > ADC_MAX)
		adc = ADC_MAX;
	return (struct ppk2_reading){.range = n, .adc = (uint16_t)adc};
}
