/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The analogue side of the INA2xx: shunt, gain, offset, drift, noise, and the converter's codes.
 */
#ifndef RIGS_VIRTUAL_METERS_INA2XX_ANALOG_H
#define RIGS_VIRTUAL_METERS_INA2XX_ANALOG_H

#include "rigs/virtual/meters/ina2xx_parts.h"
#include "rigs/virtual/plant/random.h"

struct ina2xx_analog {
	const struct ina2xx_part *part;
	double shunt_ohm;
	int32_t clock_error_ppm;
	double gain[INA2XX_CHANNELS];         /* error as a share */
	double offset_draw[INA2XX_CHANNELS];  /* in typical offsets */
	double gain_drift[INA2XX_CHANNELS];   /* per degC */
	double offset_drift[INA2XX_CHANNELS]; /* V per degC */
	struct vrandom noise;
	bool ideal;
};

/* One conversion to be made. */
struct ina2xx_conversion {
	enum ina2xx_channel channel;
	double input; /* mean over the conversion: V, or degC */
	double die_c;
	unsigned gain; /* INA219: PG; INA228: 1 for ADCRANGE 1 */
	bool low_bus;  /* INA219: the 16 V range */
	uint32_t time_us;
	unsigned step; /* counts between neighbouring codes */
};

void ina2xx_analog_init(struct ina2xx_analog *analog, const struct vina2xx_config *config,
			uint64_t seed);
/* The count that the converter gives; saturates at the range. */
int32_t ina2xx_analog_convert(struct ina2xx_analog *analog,
			      const struct ina2xx_conversion *conversion);
/* Full scale of the shunt range. */
int32_t ina2xx_analog_shunt_max(const struct ina2xx_part *part, unsigned gain);

#endif
