/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drivers/meter/ina2xx_pace.h"

#include <math.h>

enum { LOCK_CONVERSIONS = 16 };

/* Of a period: so far an end may be off what is expected. */
static const double doubt = 0.1;

void ina2xx_pace_init(struct ina2xx_pace *pace, double nominal_s, double limit_rel,
		      int64_t origin_ns)
{
	*pace = (struct ina2xx_pace){
		.nominal_s = nominal_s,
		.limit_rel = limit_rel,
		.period_s = nominal_s,
		.origin_ns = origin_ns,
		.clear_ns = origin_ns,
	};
}

void ina2xx_pace_clear(struct ina2xx_pace *pace, int64_t t_ns)
{
	pace->clear_ns = t_ns;
}

static double seconds(const struct ina2xx_pace *pace, int64_t t_ns)
{
	return (double)(t_ns - pace->origin_ns) * 1e-9;
}

static void measure_period(struct ina2xx_pace *pace)
{
	double low_s = pace->nominal_s * (1 - pace->limit_rel);
	double high_s = pace->nominal_s * (1 + pace->limit_rel);

	if (pace->count <= LOCK_CONVERSIONS)
		return;
	pace->period_s = (pace->last_s - pace->first_s) / (double)(pace->count - 1);
	pace->period_s = fmin(fmax(pace->period_s, low_s), high_s);
	pace->is_locked = true;
}

uint64_t ina2xx_pace_ready(struct ina2xx_pace *pace, int64_t t_ns, bool *ret_is_rough)
{
	double period_s = pace->period_s, to_s = seconds(pace, t_ns);
	/* Of several, the last one ended within the last period. */
	double from_s = fmax(seconds(pace, pace->clear_ns), to_s - period_s);
	double middle = ((from_s + to_s) / 2 - pace->last_s) / period_s;
	/* Of two that are possible the smaller: the next conversion puts it right. */
	uint64_t n = middle >= 1.5 + doubt ? (uint64_t)round(middle - doubt) : 1;
	double expected_s = pace->last_s + (double)n * period_s;

	*ret_is_rough = middle - (double)n > 0.5 - doubt || (n > 2 && !pace->is_locked);
	if (!pace->count) /* the period is measured from here */
		pace->first_s = expected_s - (double)(n - 1) * period_s;
	pace->last_s = fmin(fmax(expected_s, from_s), to_s);
	pace->count += n;
	pace->clear_ns = t_ns;
	measure_period(pace);
	return n;
}
