/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The analogue side of an LPM01A. See the header.
 *
 * Sourced: 12-bit converter, better than 2 % (UM2243), 100 nA to 10 mA with peaks to 50 mA dynamic,
 * 2 nA to 200 mA static, a new calibration after 5 degC, drop-out of at most 60 mV.
 * assumed: the ranges and where they switch, the split of the 2 %, 100 kSa/s inside, the static
 * filter of 10 ms, drift, crystal of 50 ppm, supply error of 0.5 %.
 */
#include "rigs/virtual/meters/lpm01a_analog.h"

#include <math.h>

#define CODES            4096
#define CONVERTER_S      10e-6
#define NOISE_LSB        0.6
#define GAIN_SD          0.003
#define OFFSET_LSB_SD    0.2
#define GAIN_DRIFT_SD    0.001 /* per degC */
#define OFFSET_DRIFT_SD  0.2   /* LSB per degC */
#define STATIC_S         0.01
#define SUPPLY_ERROR_MAX 0.005
#define OUTPUT_OHM_MAX   1.2 /* 60 mV at 50 mA */
#define CRYSTAL_MAX_PPM  50

static const struct {
	double full_a[LPM01A_RANGES];
	unsigned count;
} rangings[] = {
	[LPM01A_DYNAMIC] = {{50e-6, 1.6e-3, 50e-3}, 3},
	[LPM01A_HIGH] = {{50e-3}, 1},
	[LPM01A_STATIC] = {{1e-6, 20e-6, 500e-6, 10e-3, 200e-3}, 5},
};

void lpm01a_analog_init(struct lpm01a_analog *analog, uint64_t seed)
{
	struct vrandom random = {vrandom_seed(seed, "lpm01a")};

	*analog = (struct lpm01a_analog){.random = {vrandom_seed(seed, "noise")}};
	analog->supply_gain = 1 + SUPPLY_ERROR_MAX * vrandom_even(&random);
	analog->output_ohm = OUTPUT_OHM_MAX * (0.5 + 0.4 * vrandom_even(&random));
	analog->crystal_ppm = (int32_t)lrint(CRYSTAL_MAX_PPM * vrandom_even(&random));
	analog->gain_drift_per_c = GAIN_DRIFT_SD * vrandom_normal(&random);
	analog->offset_drift_lsb_per_c = OFFSET_DRIFT_SD * vrandom_normal(&random);
}

void lpm01a_analog_make_ideal(struct lpm01a_analog *analog)
{
	analog->ideal = true;
	analog->supply_gain = 1;
	analog->output_ohm = 0;
	analog->gain_drift_per_c = analog->offset_drift_lsb_per_c = 0;
	for (unsigned n = 0; n < LPM01A_RANGES; n++)
		analog->gain_error[n] = analog->offset_lsb[n] = 0;
}

void lpm01a_analog_calibrate(struct lpm01a_analog *analog, double board_c)
{
	for (unsigned n = 0; n < LPM01A_RANGES && !analog->ideal; n++) {
		analog->gain_error[n] = GAIN_SD * vrandom_normal(&analog->random);
		analog->offset_lsb[n] = OFFSET_LSB_SD * vrandom_normal(&analog->random);
	}
	analog->calibrated_c = board_c;
}

double lpm01a_analog_top_a(enum lpm01a_ranging ranging)
{
	return rangings[ranging].full_a[rangings[ranging].count - 1];
}

struct lpm01a_reading lpm01a_analog_read(struct lpm01a_analog *analog, enum lpm01a_ranging ranging,
					 double current_a, double seconds, double board_c,
					 bool lowest)
{
	double warmer_c = board_c - analog->calibrated_c, lsb_a, code, converter_samples;
	unsigned range = 0, last = rangings[ranging].count - 1;
	struct lpm01a_reading reading = {.over = current_a > rangings[ranging].full_a[last]};

	analog->filtered_a += (current_a - analog->filtered_a) * -expm1(-seconds / STATIC_S);
	if (ranging == LPM01A_STATIC)
		current_a = analog->filtered_a;
	while (!lowest && range < last && current_a > rangings[ranging].full_a[range])
		range++;
	lsb_a = rangings[ranging].full_a[range] / CODES;
	converter_samples = fmax(1, seconds / CONVERTER_S);
	code = current_a / lsb_a *
		       (1 + analog->gain_error[range] + analog->gain_drift_per_c * warmer_c) +
	       analog->offset_lsb[range] + analog->offset_drift_lsb_per_c * warmer_c +
	       NOISE_LSB / sqrt(converter_samples) * vrandom_normal(&analog->random);
	code = fmax(0, fmin(CODES - 1, code));
	/* Averages of many converter samples have a finer step. */
	reading.current_a = floor(code * converter_samples + 0.5) / converter_samples * lsb_a;
	return reading;
}
