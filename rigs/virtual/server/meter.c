/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A pair's meter. See the header.
 */
#include "rigs/virtual/server/meter.h"

#include <errno.h>
#include <stdlib.h>

#define INTERVAL_PS      10000000 /* where no meter says it */
#define COARSE_INTERVALS 100

static const struct meter_ops *const ops[] = {
	[METER_PPK2] = &rig_ppk2_ops,     [METER_JS220] = &rig_js220_ops,
	[METER_JS110] = &rig_js110_ops,   [METER_INA219] = &rig_ina2xx_ops,
	[METER_INA226] = &rig_ina2xx_ops, [METER_INA228] = &rig_ina2xx_ops,
	[METER_LPM01A] = &rig_lpm01a_ops,
};

int rig_meter_open(const struct config_meter *config, uint64_t seed, struct meter **ret_meter,
		   struct verr *err)
{
	struct meter *meter = calloc(1, sizeof(*meter));

	if (!meter)
		return verr_set(err, -ENOMEM, "out of memory");
	meter->ops = ops[config->kind];
	meter->kind = meter_kind_get(config->kind);
	meter->config = config;
	meter->state = meter->ops->open(config, seed);
	if (!meter->state) {
		free(meter);
		return verr_set(err, -ENOMEM, "out of memory");
	}
	*ret_meter = meter;
	return 0;
}

void rig_meter_close(struct meter *meter)
{
	if (!meter)
		return;
	meter->ops->close(meter->state);
	free(meter);
}

/* Marker lines as the meter's inputs see them. */
static uint8_t inputs_of(const struct meter *meter, uint8_t logic)
{
	uint8_t inputs = 0;

	for (unsigned line = 0; line < METER_MARKERS; line++)
		if (logic >> line & 1 && meter->config->wires[line] != METER_NO_INPUT)
			inputs |= (uint8_t)(1u << meter->config->wires[line]);
	return inputs;
}

static void feed_until(struct meter *meter, struct meter_feed *feed, int64_t end_ps, uint8_t inputs)
{
	if (end_ps <= feed->start_ps)
		return;
	feed->end_ps = end_ps;
	feed->inputs = inputs;
	meter->ops->feed(meter->state, feed);
	feed->start_ps = end_ps;
}

void rig_meter_feed(struct meter *meter, const struct meter_slice *slice)
{
	double seconds = (double)(slice->end_ps - slice->start_ps) * 1e-12;
	struct meter_feed feed = {.start_ps = slice->start_ps,
				  .current_a = slice->charge_c / seconds,
				  .voltage_v = slice->voltage_v};
	struct meter_slice wired = *slice;
	int64_t edge_ps = slice->logic_ps < slice->end_ps ? slice->logic_ps : slice->end_ps;

	wired.logic = inputs_of(meter, slice->logic);
	wired.logic_before = inputs_of(meter, slice->logic_before);
	if (meter->ops->slice) {
		meter->ops->slice(meter->state, &wired);
		return;
	}
	feed_until(meter, &feed, edge_ps, wired.logic_before);
	feed_until(meter, &feed, slice->end_ps, wired.logic);
}

static int64_t sooner(int64_t end_ps, int64_t event_ps, int64_t now_ps)
{
	return event_ps > now_ps && event_ps < end_ps ? event_ps : end_ps;
}

int64_t rig_meter_rest_end_ps(const struct meter *meter, int64_t now_ps, bool coarse)
{
	int64_t end_ps = now_ps - now_ps % INTERVAL_PS;

	if (meter && meter->ops->rest_end_ps)
		return meter->ops->rest_end_ps(meter->state, now_ps, coarse);
	end_ps += (coarse ? COARSE_INTERVALS : 1) * INTERVAL_PS;
	end_ps = sooner(end_ps, rig_meter_busy_until_ps(meter), now_ps);
	if (!meter || !meter->ops->next_event_ps)
		return end_ps;
	return sooner(end_ps, meter->ops->next_event_ps(meter->state), now_ps);
}

int64_t rig_meter_busy_until_ps(const struct meter *meter)
{
	return meter && meter->ops->busy_until_ps ? meter->ops->busy_until_ps(meter->state)
						  : INT64_MIN;
}
