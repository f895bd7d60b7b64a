/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From converter counts to CURRENT, POWER, ENERGY, CHARGE, flags and ALERT of the INA2xx.
 *
 *   INA219  CURRENT = SHUNT * CAL / 4096        POWER = CURRENT * BUS / 5000
 *   INA226  CURRENT = SHUNT * CAL / 2048        POWER = CURRENT * BUS / 20000
 *   INA228  CURRENT = VSHUNT * 4096 / SHUNT_CAL POWER = CURRENT * VBUS / 16384
 *
 * The INA228's follow from CURRENT_LSB and the LSBs: SHUNT_CAL = 13107.2e6 * CURRENT_LSB * R, and
 * 312.5 nV * 13107.2e6 = 4096 (the same for ADCRANGE 1, where SHUNT_CAL is four times that);
 * 195.3125 uV / 3.2 = 1 / 16384. ENERGY counts are 16 POWER counts for a second, CHARGE counts one
 * CURRENT count for a second; a cycle counts with its nominal time, for the device knows no other.
 *
 * POWER cannot overflow: the largest CURRENT times the largest bus count fits, in each part.
 *
 * assumed: products are truncated towards zero; a result that is out of range keeps its low bits;
 * POWER and ENERGY are magnitudes; SHUNT_CAL 0 gives CURRENT 0 and MATHOF; overflow flags of the
 * arithmetic follow the last results; accumulators wrap; ENERGY advances only while shunt and bus
 * are both converted, CHARGE while the shunt is; while RSTACC stands both stay 0; temperature
 * compensation divides by 1 + TEMPCO * (DIETEMP - 25 degC); limits are exceeded by more than equal;
 * a conversion ready pulse of ALERT lasts 4 us.
 *
 * CNVRF of the INA228: SLYS021A, Table 7-16, says that reading clears it "when ALATCH = 1"; without
 * ALATCH it clears by itself, whether somebody has read it or not (TI E2E 1391284). Assumed: it
 * stands as long as the pulse of ALERT then.
 */
#include <stdlib.h>

#include "rigs/virtual/meters/ina2xx_internal.h"

#define ALERT_PULSE_PS 4000000
#define US_PER_S       1000000
#define ENERGY_BITS    40
#define CHARGE_LIMIT   ((int64_t)1 << 39)
#define DIETEMP_25C    3200 /* 25 / 7.8125e-3 */
#define DIETEMP_PER_C  128

static int64_t sign_extend(int64_t value, unsigned bits)
{
	uint64_t sign = (uint64_t)1 << (bits - 1);
	uint64_t low = (uint64_t)value & ((sign << 1) - 1);

	return (int64_t)((low ^ sign) - sign);
}

/* Arithmetic --------------------------------------------------------------------------------- */

static int64_t compensate(const struct vina2xx *meter, int64_t current)
{
	int64_t ppm = (int64_t)meter->written[INA2XX_ROLE_TEMPCO] *
		      (meter->results.temperature - DIETEMP_25C) / DIETEMP_PER_C;

	if (!(meter->written[INA2XX_ROLE_CONFIG] & INA228_CONFIG_TEMPCOMP) || ppm <= -1000000)
		return current;
	return current * 1000000 / (1000000 + ppm);
}

static void update_current(struct vina2xx *meter, struct ina2xx_results *results)
{
	const struct ina2xx_part *part = meter->part;
	int64_t calibration = meter->written[INA2XX_ROLE_CALIBRATION], current;

	if (part->current_divisor)
		current = results->shunt * calibration / part->current_divisor;
	else
		current = calibration
				  ? compensate(meter, results->shunt * (int64_t)4096 / calibration)
				  : 0;
	results->current = (int32_t)sign_extend(current, part->current_bits);
	results->overflow = results->current != current || (!part->current_divisor && !calibration);
}

static void update_power(const struct vina2xx *meter, struct ina2xx_results *results)
{
	results->power = (uint32_t)(llabs((int64_t)results->current * results->bus) /
				    meter->part->power_divisor);
}

void ina2xx_results_update(struct vina2xx *meter, struct ina2xx_results *results,
			   enum ina2xx_channel channel, int32_t count)
{
	switch (channel) {
	case INA2XX_SHUNT:
		results->shunt = count;
		update_current(meter, results);
		break;
	case INA2XX_BUS:
		results->bus = count;
		break;
	default:
		results->temperature = count;
		return;
	}
	if (channel == INA2XX_BUS || !(meter->plan.channels >> INA2XX_BUS & 1))
		update_power(meter, results);
}

/* Accumulators ------------------------------------------------------------------------------- */

/* Whole counts out of the rest, rounded down; what remains is not lost. */
static int64_t take_counts(int64_t *rest, int64_t per_count)
{
	int64_t counts = *rest / per_count;

	if (*rest % per_count < 0)
		counts--;
	*rest -= counts * per_count;
	return counts;
}

static void accumulate(struct vina2xx *meter)
{
	int64_t cycle_us = meter->plan.cycle_us;

	meter->charge_rest += meter->last.current * cycle_us;
	meter->charge += take_counts(&meter->charge_rest, US_PER_S);
	if (meter->charge >= CHARGE_LIMIT || meter->charge < -CHARGE_LIMIT) {
		meter->charge = sign_extend(meter->charge, ENERGY_BITS);
		meter->charge_overflow = true;
	}
	if (!(meter->plan.channels >> INA2XX_BUS & 1))
		return;
	meter->energy_rest += meter->last.power * cycle_us;
	meter->energy += (uint64_t)take_counts(&meter->energy_rest, 16 * US_PER_S);
	if (meter->energy >> ENERGY_BITS) {
		meter->energy &= ((uint64_t)1 << ENERGY_BITS) - 1;
		meter->energy_overflow = true;
	}
}

void ina2xx_results_clear_accumulators(struct vina2xx *meter)
{
	meter->energy = 0;
	meter->charge = 0;
	meter->energy_rest = 0;
	meter->charge_rest = 0;
	meter->energy_overflow = false;
	meter->charge_overflow = false;
}

/* Limits and flags --------------------------------------------------------------------------- */

static void update_limits_228(struct vina2xx *meter, const struct ina2xx_results *results)
{
	const uint16_t *written = meter->written;
	uint16_t limits = 0;

	/* The 16-bit limits compare with the upper bits: 5 or 1.25 uV, 3.125 mV, 256 * POWER. */
	if (results->shunt >> 4 > (int16_t)written[INA2XX_ROLE_SHUNT_OVER])
		limits |= INA228_DIAG_SHNTOL;
	if (results->shunt >> 4 < (int16_t)written[INA2XX_ROLE_SHUNT_UNDER])
		limits |= INA228_DIAG_SHNTUL;
	if (results->bus >> 4 > written[INA2XX_ROLE_BUS_OVER])
		limits |= INA228_DIAG_BUSOL;
	if (results->bus >> 4 < written[INA2XX_ROLE_BUS_UNDER])
		limits |= INA228_DIAG_BUSUL;
	if (results->temperature > (int16_t)written[INA2XX_ROLE_TEMPERATURE_OVER])
		limits |= INA228_DIAG_TMPOL;
	if (results->power >> 8 > written[INA2XX_ROLE_POWER_OVER])
		limits |= INA228_DIAG_POL;
	if (written[INA2XX_ROLE_FLAGS] & INA228_DIAG_ALATCH)
		limits |= meter->limits;
	meter->limits = limits;
}

static bool exceeds_226(const struct vina2xx *meter)
{
	uint16_t mask = meter->written[INA2XX_ROLE_FLAGS];
	uint16_t limit = meter->written[INA2XX_ROLE_LIMIT];

	/* The highest bit of several counts alone. */
	if (mask & INA226_MASK_SOL)
		return meter->results.shunt > (int16_t)limit;
	if (mask & INA226_MASK_SUL)
		return meter->results.shunt < (int16_t)limit;
	if (mask & INA226_MASK_BOL)
		return meter->results.bus > limit;
	if (mask & INA226_MASK_BUL)
		return meter->results.bus < limit;
	return mask & INA226_MASK_POL && meter->results.power > limit;
}

static void update_limits_226(struct vina2xx *meter)
{
	if (exceeds_226(meter))
		meter->limits = INA226_MASK_AFF;
	else if (!(meter->written[INA2XX_ROLE_FLAGS] & INA226_MASK_LEN))
		meter->limits = 0;
}

void ina2xx_results_cycle(struct vina2xx *meter)
{
	if (meter->which != VINA2XX_INA228)
		return;
	if (meter->plan.continuous && meter->plan.channels >> INA2XX_SHUNT & 1 &&
	    !(meter->written[INA2XX_ROLE_CONFIG] & INA228_CONFIG_RSTACC))
		accumulate(meter);
	if (!(meter->written[INA2XX_ROLE_FLAGS] & INA228_DIAG_SLOWALERT))
		update_limits_228(meter, &meter->last);
}

void ina2xx_results_complete(struct vina2xx *meter)
{
	uint16_t flags = meter->written[INA2XX_ROLE_FLAGS];

	meter->ready = true;
	if (meter->which == VINA2XX_INA226)
		update_limits_226(meter);
	if (meter->which != VINA2XX_INA228)
		return;
	if (flags & INA228_DIAG_SLOWALERT)
		update_limits_228(meter, &meter->results);
	if (!(flags & INA228_DIAG_ALATCH))
		meter->pulse_end_ps = meter->now_ps + ALERT_PULSE_PS;
}

/* Of the INA228 only while it is latched, or new. */
static bool shows_ready(const struct vina2xx *meter)
{
	return meter->ready && (meter->which != VINA2XX_INA228 ||
				meter->written[INA2XX_ROLE_FLAGS] & INA228_DIAG_ALATCH ||
				meter->now_ps < meter->pulse_end_ps);
}

/* The bits of BUS (INA219), MASK/ENABLE (INA226) or DIAG_ALRT (INA228) that conversions set. */
uint16_t ina2xx_results_flags(const struct vina2xx *meter)
{
	static const struct {
		uint16_t ready, overflow, energy, charge;
	} bits[] = {
		[VINA2XX_INA219] = {INA219_BUS_CNVR, INA219_BUS_OVF, 0, 0},
		[VINA2XX_INA226] = {INA226_MASK_CVRF, INA226_MASK_OVF, 0, 0},
		[VINA2XX_INA228] = {INA228_DIAG_CNVRF, INA228_DIAG_MATHOF, INA228_DIAG_ENERGYOF,
				    INA228_DIAG_CHARGEOF},
	};
	unsigned flags = meter->limits;

	if (shows_ready(meter))
		flags |= bits[meter->which].ready;
	if (meter->results.overflow)
		flags |= bits[meter->which].overflow;
	if (meter->energy_overflow)
		flags |= bits[meter->which].energy;
	if (meter->charge_overflow)
		flags |= bits[meter->which].charge;
	return (uint16_t)flags;
}

bool vina2xx_alert_level(const struct vina2xx *meter)
{
	uint16_t flags = meter->written[INA2XX_ROLE_FLAGS];
	bool active = meter->limits != 0;

	if (meter->which == VINA2XX_INA219)
		return true;
	if (meter->which == VINA2XX_INA226) {
		active |= meter->ready && flags & INA226_MASK_CNVR;
		return active == !!(flags & INA226_MASK_APOL);
	}
	if (flags & INA228_DIAG_ALATCH)
		active |= meter->ready && flags & INA228_DIAG_CNVR;
	else
		active |= flags & INA228_DIAG_CNVR && meter->now_ps < meter->pulse_end_ps;
	return active == !!(flags & INA228_DIAG_APOL);
}
