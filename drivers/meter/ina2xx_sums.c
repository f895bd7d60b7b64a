/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drivers/meter/ina2xx_sums.h"

#include <math.h>

enum { DIAG_ENERGYOF = 1 << 11, DIAG_CHARGEOF = 1 << 10, DIAG_MATHOF = 1 << 9 };

#define SUM_MASK 0xFFFFFFFFFFull
#define SUM_SIGN 0x8000000000ull

static const double energy_per_current_lsb = 16 * 3.2;

void ina2xx_sums_init(struct ina2xx_sums *sums)
{
	*sums = (struct ina2xx_sums){0};
}

void ina2xx_sums_flags(struct ina2xx_sums *sums, uint16_t diag)
{
	sums->energy_overflow |= (diag & DIAG_ENERGYOF) != 0;
	sums->charge_overflow |= (diag & DIAG_CHARGEOF) != 0;
	if (diag & DIAG_MATHOF)
		sums->energy_void = sums->charge_void = true;
}

static uint64_t raw_of(const uint8_t *bytes)
{
	uint64_t raw = 0;

	for (int n = 0; n < INA228_SUM_BYTES; n++)
		raw = raw << 8 | bytes[n];
	return raw;
}

static int64_t extend(uint64_t raw)
{
	return (int64_t)((raw & SUM_MASK) ^ SUM_SIGN) - (int64_t)SUM_SIGN;
}

void ina2xx_sums_take(struct ina2xx_sums *sums, const uint8_t *energy, const uint8_t *charge)
{
	uint64_t energy_raw = raw_of(energy), charge_raw = raw_of(charge);
	int64_t step = extend(charge_raw - sums->charge_raw);

	sums->energy_counts += (double)((energy_raw - sums->energy_raw) & SUM_MASK);
	sums->charge_counts += (double)step;
	if (sums->energy_overflow && energy_raw >= sums->energy_raw)
		sums->energy_void = true;
	if (sums->charge_overflow && extend(charge_raw) == extend(sums->charge_raw) + step)
		sums->charge_void = true;
	sums->energy_overflow = sums->charge_overflow = false;
	sums->energy_raw = energy_raw;
	sums->charge_raw = charge_raw;
}

struct meter_integral ina2xx_sums_integral(const struct ina2xx_sums *sums, double current_lsb_a,
					   uint64_t end_index)
{
	return (struct meter_integral){
		.end_index = end_index,
		.charge_c = sums->charge_void ? NAN : sums->charge_counts * current_lsb_a,
		.energy_j = sums->energy_void
				    ? NAN
				    : sums->energy_counts * energy_per_current_lsb * current_lsb_a,
	};
}
