/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The INA228's own sums: registers ENERGY (40 bits, 16 * 3.2 * CURRENT_LSB joules per count) and
 * CHARGE (40 bits signed, CURRENT_LSB coulombs per count), counted on over their wraps. Pure.
 */
#ifndef DRIVERS_METER_INA2XX_SUMS_H
#define DRIVERS_METER_INA2XX_SUMS_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/meter/meter.h"

enum { INA228_ENERGY = 0x09, INA228_CHARGE = 0x0A, INA228_SUM_BYTES = 5 };

struct ina2xx_sums {
	uint64_t energy_raw, charge_raw; /* as last read */
	double energy_counts, charge_counts;
	bool energy_overflow, charge_overflow; /* flagged, and not yet explained by a wrap */
	bool energy_void, charge_void;         /* the sum cannot be known any more */
};

/* Both registers are 0. */
void ina2xx_sums_init(struct ina2xx_sums *sums);
/* What DIAG_ALRT said: ENERGYOF, CHARGEOF, MATHOF. */
void ina2xx_sums_flags(struct ina2xx_sums *sums, uint16_t diag);
/* Both registers, most significant byte first. Between two calls each wraps once at most, which it
 * takes hours for. An overflow without a wrap makes a sum void. */
void ina2xx_sums_take(struct ina2xx_sums *sums, const uint8_t *energy, const uint8_t *charge);
/* NaN: void. */
struct meter_integral ina2xx_sums_integral(const struct ina2xx_sums *sums, double current_lsb_a,
					   uint64_t end_index);

#endif
