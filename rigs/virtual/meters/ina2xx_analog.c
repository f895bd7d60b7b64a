/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The analogue side of the INA2xx. See the header.
 *
 * assumed: noise falls with the square root of the conversion time; saturation acts on the mean of
 * a conversion, not within it; drift is linear from 25 degC.
 */
#include "rigs/virtual/meters/ina2xx_analog.h"

#include <math.h>

#define REFERENCE_C     25
#define TEMPERATURE_LSB 7.8125e-3
#define RSHUNT_OHM      0.1

static double draw(struct vrandom *random, double typical, double max)
{
	double value = typical * vrandom_normal(random);

	return fmax(-max, fmin(max, value));
}

static void draw_channel(struct ina2xx_analog *analog, unsigned channel, struct vrandom *random)
{
	const struct ina2xx_errors *errors = &analog->part->errors[channel];

	analog->gain[channel] = draw(random, errors->gain_typical, errors->gain_max);
	analog->offset_draw[channel] = vrandom_normal(random);
	analog->gain_drift[channel] = errors->gain_drift_per_c * vrandom_normal(random);
	analog->offset_drift[channel] = errors->offset_drift_per_c * vrandom_normal(random);
}

void ina2xx_analog_init(struct ina2xx_analog *analog, const struct vina2xx_config *config,
			uint64_t seed)
{
	const struct ina2xx_part *part = ina2xx_part_find(config->part);
	struct vrandom random = {vrandom_seed(seed, "ina2xx")};
	double ohm = config->shunt_ohm > 0 ? config->shunt_ohm : RSHUNT_OHM;

	*analog = (struct ina2xx_analog){
		.part = part,
		.shunt_ohm = ohm,
		.noise = {vrandom_seed(seed, "noise")},
		.ideal = config->ideal,
	};
	if (config->ideal)
		return;
	analog->shunt_ohm = ohm * (1 + config->shunt_tolerance * vrandom_even(&random));
	analog->clock_error_ppm =
		(int32_t)lrint(draw(&random, part->clock_typical_ppm, part->clock_max_ppm));
	for (unsigned channel = 0; channel < INA2XX_CHANNELS; channel++)
		draw_channel(analog, channel, &random);
}

static double lsb_of(const struct ina2xx_part *part, const struct ina2xx_conversion *conversion)
{
	if (conversion->channel == INA2XX_BUS)
		return part->bus_lsb;
	if (conversion->channel == INA2XX_TEMPERATURE)
		return TEMPERATURE_LSB;
	/* INA228, ADCRANGE 1: a quarter. The INA219's gain changes the range only. */
	return part->current_divisor == 0 && conversion->gain ? part->shunt_lsb / 4
							      : part->shunt_lsb;
}

int32_t ina2xx_analog_shunt_max(const struct ina2xx_part *part, unsigned gain)
{
	/* INA219: +-40 mV << PG; for the others the range scales with the LSB. */
	return part->current_divisor == 4096 ? part->shunt_max >> (3 - gain) : part->shunt_max;
}

static int32_t clamp_count(const struct ina2xx_part *part,
			   const struct ina2xx_conversion *conversion, double count)
{
	double high = part->bus_max, low = 0;

	if (conversion->channel == INA2XX_SHUNT) {
		high = ina2xx_analog_shunt_max(part, conversion->gain);
		low = part->shunt_min == -part->shunt_max ? -high : part->shunt_min;
	} else if (conversion->channel == INA2XX_TEMPERATURE) {
		high = INT16_MAX;
		low = INT16_MIN;
	} else if (conversion->low_bus) {
		high /= 2;
	}
	return (int32_t)fmax(low, fmin(high, count));
}

static double disturb(struct ina2xx_analog *analog, const struct ina2xx_conversion *conversion)
{
	unsigned channel = conversion->channel;
	const struct ina2xx_errors *errors = &analog->part->errors[channel];
	unsigned setting = errors->offset_max[conversion->gain] > 0 ? conversion->gain : 0;
	double max = errors->offset_max[setting];
	double offset = analog->offset_draw[channel] * errors->offset_typical[setting];
	double warmer_c = conversion->die_c - REFERENCE_C;
	double noise = errors->noise * sqrt(errors->noise_us / conversion->time_us);

	offset = fmax(-max, fmin(max, offset)) + analog->offset_drift[channel] * warmer_c;
	return conversion->input *
		       (1 + analog->gain[channel] + analog->gain_drift[channel] * warmer_c) +
	       offset + noise * vrandom_normal(&analog->noise);
}

int32_t ina2xx_analog_convert(struct ina2xx_analog *analog,
			      const struct ina2xx_conversion *conversion)
{
	double seen = analog->ideal ? conversion->input : disturb(analog, conversion);
	double unit = lsb_of(analog->part, conversion) * conversion->step;

	return clamp_count(analog->part, conversion, floor(seen / unit + 0.5) * conversion->step);
}
