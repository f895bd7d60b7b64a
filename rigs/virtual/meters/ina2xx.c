/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Conversions of the INA2xx in virtual time. A conversion's result is the mean of its input over
 * the conversion time, as a delta-sigma converter integrates.
 *
 * assumed: conversions begin at once after power-on and after a write of the mode; the order within
 * a cycle is shunt, bus, temperature; averages are rounded to the nearest count.
 */
#include "rigs/virtual/meters/ina2xx.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/meters/ina2xx_internal.h"

#define ADDRESS_GND     0x40
#define CONVDLY_STEP_US 2000

struct vina2xx *vina2xx_new(const struct vina2xx_config *config, uint64_t seed)
{
	struct vina2xx *meter = calloc(1, sizeof(*meter));

	if (!meter)
		return NULL;
	meter->part = ina2xx_part_find(config->part);
	meter->which = config->part;
	meter->address = config->address ? config->address : ADDRESS_GND;
	meter->now_ps = config->power_on_ps;
	ina2xx_analog_init(&meter->analog, config, seed);
	ina2xx_registers_connect(meter);
	ina2xx_reset(meter);
	return meter;
}

void vina2xx_free(struct vina2xx *meter)
{
	free(meter);
}

/* Sequences ---------------------------------------------------------------------------------- */

unsigned ina2xx_gain_setting(const struct vina2xx *meter)
{
	uint16_t config = meter->written[INA2XX_ROLE_CONFIG];

	if (meter->which == VINA2XX_INA219)
		return INA219_CONFIG_PG(config);
	return meter->which == VINA2XX_INA228 && config & INA228_CONFIG_ADCRANGE;
}

static void plan_make(struct vina2xx *meter)
{
	static const uint16_t averages[8] = {1, 4, 16, 64, 128, 256, 512, 1024};
	const struct ina2xx_part *part = meter->part;
	uint16_t config = meter->written[part->mode_role];
	unsigned mode = config >> part->mode_shift & part->mode_mask;
	struct ina2xx_plan *plan = &meter->plan;

	*plan = (struct ina2xx_plan){.averages = 1};
	if (part->averages)
		plan->averages = averages[config >> part->average_shift & 7];
	plan->continuous = mode & part->mode_continuous;
	for (unsigned channel = 0; channel < INA2XX_CHANNELS; channel++) {
		unsigned code = config >> part->time_shift[channel] & part->time_mask;

		if (!(mode & part->channel_mode[channel]))
			continue;
		plan->running = true;
		plan->channels |= 1u << channel;
		plan->time_us[channel] = part->time_us[code];
		plan->step[channel] = part->time_step[code] ? part->time_step[code] : 1;
		plan->cycle_us += part->time_us[code];
	}
}

/* End of so many nominal microseconds after the origin: 1 us times 1 ppm is 1 ps. */
static int64_t nominal_ps(const struct vina2xx *meter, int64_t nominal_us)
{
	return meter->progress.origin_ps + nominal_us * (1000000 + meter->analog.clock_error_ppm);
}

static void take_faults(struct vina2xx *meter)
{
	struct ina2xx_progress *progress = &meter->progress;

	progress->lost = meter->lose > 0;
	progress->frozen = meter->freeze > 0;
	progress->saturated = meter->saturate > 0;
	meter->lose -= progress->lost;
	meter->freeze -= progress->frozen;
	meter->saturate -= progress->saturated;
}

/* From the first channel of a cycle. */
static void begin_channel(struct vina2xx *meter, unsigned channel)
{
	struct ina2xx_progress *progress = &meter->progress;

	while (!(meter->plan.channels >> channel & 1))
		channel++;
	progress->channel = (enum ina2xx_channel)channel;
	progress->integral = 0;
	progress->start_ps = nominal_ps(meter, progress->nominal_us);
	progress->nominal_us += meter->plan.time_us[channel];
	progress->end_ps = nominal_ps(meter, progress->nominal_us);
}

static void begin_round(struct vina2xx *meter)
{
	meter->progress.cycle = 0;
	memset(meter->progress.sums, 0, sizeof(meter->progress.sums));
	take_faults(meter);
	begin_channel(meter, 0);
}

void ina2xx_restart(struct vina2xx *meter)
{
	plan_make(meter);
	meter->progress = (struct ina2xx_progress){.origin_ps = meter->now_ps};
	if (meter->which == VINA2XX_INA228)
		meter->progress.nominal_us =
			(int64_t)INA228_CONFIG_CONVDLY(meter->written[INA2XX_ROLE_CONFIG]) *
			CONVDLY_STEP_US;
	if (meter->plan.running)
		begin_round(meter);
}

void ina2xx_reset(struct vina2xx *meter)
{
	for (unsigned i = 0; i < meter->part->register_count; i++)
		meter->written[meter->part->registers[i].role] = meter->part->registers[i].reset;
	memset(&meter->results, 0, sizeof(meter->results));
	memset(&meter->last, 0, sizeof(meter->last));
	meter->ready = false;
	meter->limits = 0;
	meter->pulse_end_ps = INT64_MIN;
	ina2xx_results_clear_accumulators(meter);
	ina2xx_restart(meter);
}

/* Conversions -------------------------------------------------------------------------------- */

static int32_t convert(struct vina2xx *meter)
{
	const struct ina2xx_progress *progress = &meter->progress;
	enum ina2xx_channel channel = progress->channel;
	const struct ina2xx_conversion conversion = {
		.channel = channel,
		.input = progress->integral / (double)(progress->end_ps - progress->start_ps),
		.die_c = meter->die_c,
		.gain = channel == INA2XX_SHUNT ? ina2xx_gain_setting(meter) : 0,
		.low_bus = meter->which == VINA2XX_INA219 &&
			   !(meter->written[INA2XX_ROLE_CONFIG] & INA219_CONFIG_32V),
		.time_us = meter->plan.time_us[channel],
		.step = meter->plan.step[channel],
	};

	if (channel == INA2XX_SHUNT && progress->saturated)
		return ina2xx_analog_shunt_max(meter->part, conversion.gain);
	return ina2xx_analog_convert(&meter->analog, &conversion);
}

static int32_t divide_nearest(int64_t sum, unsigned count)
{
	int64_t half = count / 2;

	return (int32_t)((sum >= 0 ? sum + half : sum - half) / count);
}

static void end_cycle(struct vina2xx *meter)
{
	struct ina2xx_progress *progress = &meter->progress;

	if (!progress->lost)
		ina2xx_results_cycle(meter);
	if (++progress->cycle < meter->plan.averages) {
		begin_channel(meter, 0);
		return;
	}
	if (!progress->lost)
		ina2xx_results_complete(meter);
	if (meter->plan.continuous)
		begin_round(meter);
	else
		meter->plan.running = false;
}

static void end_conversion(struct vina2xx *meter)
{
	struct ina2xx_progress *progress = &meter->progress;
	enum ina2xx_channel channel = progress->channel;
	int32_t count = convert(meter);

	progress->sums[channel] += count;
	if (!progress->lost) {
		ina2xx_results_update(meter, &meter->last, channel, count);
		if (progress->cycle + 1 == meter->plan.averages && !progress->frozen)
			ina2xx_results_update(
				meter, &meter->results, channel,
				divide_nearest(progress->sums[channel], meter->plan.averages));
	}
	if (meter->plan.channels >> channel >> 1)
		begin_channel(meter, channel + 1);
	else
		end_cycle(meter);
}

static double input_of(const struct vina2xx *meter, const struct vina2xx_slice *slice)
{
	switch (meter->progress.channel) {
	case INA2XX_SHUNT:
		return slice->current_a * meter->analog.shunt_ohm;
	case INA2XX_BUS:
		return slice->bus_v;
	default:
		return slice->die_c;
	}
}

void vina2xx_slice(struct vina2xx *meter, const struct vina2xx_slice *slice)
{
	struct ina2xx_progress *progress = &meter->progress;

	assert(slice->start_ps == meter->now_ps && slice->end_ps >= slice->start_ps);
	meter->die_c = slice->die_c;
	while (meter->plan.running && progress->end_ps <= slice->end_ps) {
		int64_t from_ps =
			meter->now_ps > progress->start_ps ? meter->now_ps : progress->start_ps;

		progress->integral += input_of(meter, slice) * (double)(progress->end_ps - from_ps);
		meter->now_ps = progress->end_ps;
		end_conversion(meter);
	}
	if (meter->plan.running && progress->start_ps < slice->end_ps) {
		int64_t from_ps =
			meter->now_ps > progress->start_ps ? meter->now_ps : progress->start_ps;

		progress->integral += input_of(meter, slice) * (double)(slice->end_ps - from_ps);
	}
	meter->now_ps = slice->end_ps;
}

int64_t vina2xx_next_event_ps(const struct vina2xx *meter)
{
	int64_t event_ps = meter->plan.running ? meter->progress.end_ps : INT64_MAX;

	if (meter->pulse_end_ps > meter->now_ps && meter->pulse_end_ps < event_ps)
		event_ps = meter->pulse_end_ps;
	return event_ps;
}

/* Truth and faults --------------------------------------------------------------------------- */

double vina2xx_shunt_ohm(const struct vina2xx *meter)
{
	return meter->analog.shunt_ohm;
}

int32_t vina2xx_clock_error_ppm(const struct vina2xx *meter)
{
	return meter->analog.clock_error_ppm;
}

void vina2xx_lose_conversions(struct vina2xx *meter, unsigned count)
{
	meter->lose = count;
}

void vina2xx_freeze(struct vina2xx *meter, unsigned count)
{
	meter->freeze = count;
}

void vina2xx_saturate(struct vina2xx *meter, unsigned count)
{
	meter->saturate = count;
}

void vina2xx_nack(struct vina2xx *meter, unsigned count)
{
	meter->nack = count;
}
