/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * When conversions of an INA2xx ended, from what the ready bit says and when: how many there were
 * since the last one that was fetched. Pure: times go in.
 *
 * A look that finds the bit set, after one that did not, brackets the end of a conversion. Inside
 * the bracket it is put where the conversion time as measured so far expects it.
 */
#ifndef DRIVERS_METER_INA2XX_PACE_H
#define DRIVERS_METER_INA2XX_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct ina2xx_pace {
	double nominal_s, limit_rel; /* set by init */
	double period_s;             /* as measured */
	double first_s, last_s;      /* end of conversion 0, and of the last one; since origin */
	int64_t origin_ns;
	int64_t clear_ns; /* the latest moment at which nothing was ready */
	uint64_t count;   /* conversions that are over */
	bool is_locked;   /* the period was measured */
};

/* Conversions begin at origin_ns. */
void ina2xx_pace_init(struct ina2xx_pace *pace, double nominal_s, double limit_rel,
		      int64_t origin_ns);
/* Nothing was ready at t_ns. */
void ina2xx_pace_clear(struct ina2xx_pace *pace, int64_t t_ns);
/* Something was ready at t_ns: how many conversions ended since the call before, 1 or more.
 * *ret_is_rough: one more is possible, for nobody looked for long and one ended close to an end of
 * that time (the next call counts it then); or the period is not yet known, and it were several. */
uint64_t ina2xx_pace_ready(struct ina2xx_pace *pace, int64_t t_ns, bool *ret_is_rough);

#endif
