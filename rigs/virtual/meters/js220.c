/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A virtual Joulescope JS220: from true values to streams and statistics.
 *
 * The converters run at 2 MSa/s; current, voltage and power are means of two. All values are fixed
 * point with 31 fractional bits, as the statistics are, and become floats in the streams only: the
 * integrals are exactly the sums of the samples.
 */
#include "rigs/virtual/meters/js220.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/meters/js220_state.h"

#define SYNC_TICKS    2000000u /* a time sync per second (assumed) */
#define DEFAULT_COUNT 500000u  /* samples of a statistics block (assumed: the recommended value) */

struct vjs220 *vjs220_new(uint64_t seed)
{
	struct vjs220 *meter = calloc(1, sizeof(*meter));

	if (!meter)
		return NULL;
	if (!js220_frames_init(&meter->frames)) {
		free(meter);
		return NULL;
	}
	for (unsigned port = 0; port < JS220_PORTS; port++) {
		meter->packers[port].port = (uint8_t)port;
		meter->packers[port].sample_bits = port < JS220_PORT_RANGE    ? 16
						   : port == JS220_PORT_RANGE ? 4
						   : port <= JS220_PORT_POWER ? 32
									      : 1;
	}
	snprintf(meter->serial, sizeof(meter->serial), "%06u",
		 (unsigned)(vrandom_seed(seed, "serial") % 1000000));
	js220_analog_init(&meter->analog, seed);
	js_slices_init(&meter->slices, seed);
	js220_defaults(meter);
	return meter;
}

void vjs220_free(struct vjs220 *meter)
{
	if (!meter)
		return;
	js220_frames_done(&meter->frames);
	free(meter);
}

void vjs220_make_ideal(struct vjs220 *meter)
{
	js220_analog_make_ideal(&meter->analog);
}

void vjs220_set_serial(struct vjs220 *meter, const char *serial)
{
	snprintf(meter->serial, sizeof(meter->serial), "%s", serial);
}

struct usb_device vjs220_usb(struct vjs220 *meter)
{
	return (struct usb_device){&js220_usb_ops, meter};
}

void js220_stop(struct vjs220 *meter)
{
	for (unsigned port = 0; port < JS220_PORTS; port++) {
		meter->packers[port].on = false;
		meter->packers[port].filled_bits = 0;
	}
	meter->statistics_on = false;
	js220_topics_stop(meter);
}

void js220_defaults(struct vjs220 *meter)
{
	js220_stop(meter);
	js220_analog_defaults(&meter->analog);
	meter->statistics_count = DEFAULT_COUNT;
	meter->decimator = (struct js220_decimator){.n = 1};
	meter->gpi_n = 1;
	meter->outputs = 0;
	js220_topics_defaults(meter);
}

void js220_stream_switch(struct vjs220 *meter, unsigned port, bool on)
{
	struct js220_packer *packer = &meter->packers[port];

	if (packer->on && !on)
		js220_packer_flush(packer, &meter->frames);
	packer->on = on;
}

void js220_statistics_switch(struct vjs220 *meter, bool on)
{
	if (on && !meter->statistics_on)
		js220_statistics_start(&meter->statistics, (meter->counter + 1) & ~1ull);
	meter->statistics_on = on;
}

/* Streams ------------------------------------------------------------------------------------ */

static void emit(struct vjs220 *meter, unsigned port, uint64_t id, uint32_t bits)
{
	if (meter->packers[port].on)
		js220_packer_add(&meter->packers[port], &meter->frames, id, bits);
}

static void emit_float(struct vjs220 *meter, unsigned port, uint64_t id, double value)
{
	float rounded = (float)value;
	uint32_t bits;

	memcpy(&bits, &rounded, sizeof(bits));
	emit(meter, port, id, bits);
}

static void flush_all(struct vjs220 *meter)
{
	for (unsigned port = JS220_PORT_ADC; port <= JS220_PORT_TRIGGER; port++)
		js220_packer_flush(&meter->packers[port], &meter->frames);
}

/* What is streamed at 2 MSa/s. The sheet does not say what the four converters measure: current
 * and voltage for 0 and 1 are assumed, 2 and 3 stream nothing. */
static void emit_tick(struct vjs220 *meter, const struct js220_reading *reading)
{
	uint64_t id = meter->counter;

	emit(meter, JS220_PORT_ADC, id, (uint16_t)reading->current_adc);
	emit(meter, JS220_PORT_ADC + 1, id, (uint16_t)reading->voltage_adc);
	emit(meter, JS220_PORT_RANGE, id, reading->range);
	if (id % meter->gpi_n) /* a decimated level is that of the first tick (assumed) */
		return;
	for (unsigned line = 0; line < 4; line++)
		emit(meter, JS220_PORT_GPI + line, id, meter->logic >> line & 1);
	emit(meter, JS220_PORT_TRIGGER, id, meter->logic >> 7 & 1);
}

/* The mean over dwnN/N samples (assumed: plain mean, blocks aligned to the counter). */
static void decimate(struct vjs220 *meter, uint64_t id, int64_t current_q31, int64_t voltage_q31,
		     bool lost)
{
	struct js220_decimator *d = &meter->decimator;
	double scale;

	if (id / 2 % d->n == 0)
		*d = (struct js220_decimator){.n = d->n};
	d->broken |= lost;
	d->count++;
	d->current_q31 += current_q31;
	d->voltage_q31 += voltage_q31;
	d->power_q31 += (int64_t)(((js220_int128)current_q31 * voltage_q31 + (1 << 30)) >> 31);
	if (d->count < d->n || id / 2 % d->n != d->n - 1 || d->broken)
		return;
	id -= 2 * (uint64_t)(d->n - 1);
	scale = 0x1p-31 / d->n;
	emit_float(meter, JS220_PORT_CURRENT, id, (double)d->current_q31 * scale);
	emit_float(meter, JS220_PORT_VOLTAGE, id, (double)d->voltage_q31 * scale);
	emit_float(meter, JS220_PORT_POWER, id, (double)d->power_q31 * scale);
}

static void add_statistics(struct vjs220 *meter, uint64_t id, int64_t current_q31,
			   int64_t voltage_q31)
{
	uint8_t block[JS220_STATISTICS_BYTES];

	if (!meter->statistics_on || id < meter->statistics.accum_sample_id)
		return;
	js220_statistics_add(&meter->statistics, id, current_q31, voltage_q31);
	if (meter->statistics.count < meter->statistics_count)
		return;
	js220_statistics_encode(&meter->statistics, block);
	js220_frames_put(&meter->frames, JS220_PORT_STATISTICS, block, sizeof(block));
	js220_statistics_next_block(&meter->statistics);
}

static bool lose_tick(struct vjs220 *meter)
{
	if (!meter->faults.lose)
		return false;
	meter->faults.lose--;
	return true;
}

static void on_tick(void *context, const struct js_tick *tick)
{
	struct vjs220 *meter = context;
	struct js220_reading reading;
	bool lost = lose_tick(meter);

	if (meter->analog.stuck && meter->stuck_ticks && --meter->stuck_ticks == 0)
		meter->analog.stuck = false;
	meter->logic = ppk2_faults_logic(&meter->faults, tick->logic);
	js220_analog_read(&meter->analog, tick->current_a, tick->voltage_v, &reading);
	if (!lost)
		emit_tick(meter, &reading);
	if (meter->counter % 2 == 0) {
		meter->held = reading;
		meter->held_lost = lost;
	} else {
		uint64_t id = meter->counter - 1;
		int64_t current_q31 = (meter->held.current_q31 + reading.current_q31) >> 1;
		int64_t voltage_q31 = (meter->held.voltage_q31 + reading.voltage_q31) >> 1;

		decimate(meter, id, current_q31, voltage_q31, lost || meter->held_lost);
		add_statistics(meter, id, current_q31, voltage_q31);
	}
	meter->counter++;
}

/* Time --------------------------------------------------------------------------------------- */

bool vjs220_active(const struct vjs220 *meter)
{
	bool active = meter->statistics_on;

	for (unsigned port = JS220_PORT_ADC; port <= JS220_PORT_TRIGGER; port++)
		active |= meter->packers[port].on;
	return active;
}

void vjs220_feed(struct vjs220 *meter, int64_t start_ps, int64_t end_ps, double current_a,
		 double voltage_v, uint8_t logic)
{
	const struct js_tick values = {current_a, voltage_v, logic};

	if (vjs220_active(meter) || meter->faults.lines_busy) {
		js_slices_feed(&meter->slices, start_ps, end_ps, &values, on_tick, meter);
	} else {
		meter->counter += js_slices_skip(&meter->slices, start_ps, end_ps, &values);
		js220_analog_track(&meter->analog, current_a, voltage_v);
		meter->logic = ppk2_faults_logic(&meter->faults, logic);
		/* What an odd counter or an open decimation block meets next is a part. */
		meter->held_lost = meter->decimator.broken = true;
	}
	if (meter->connected && meter->counter >= meter->next_sync) {
		meter->next_sync = meter->counter + SYNC_TICKS;
		js220_link_sync(meter);
	}
}

int64_t vjs220_tick_end_ps(const struct vjs220 *meter, uint64_t n)
{
	return js_slices_end_ps(&meter->slices, n);
}

bool vjs220_sync_due(const struct vjs220 *meter)
{
	return meter->connected && meter->counter >= meter->next_sync;
}

bool vjs220_conducts(const struct vjs220 *meter)
{
	return meter->analog.mode != JS220_MODE_OFF;
}

double vjs220_series_ohm(const struct vjs220 *meter)
{
	return js220_analog_series_ohm(&meter->analog);
}

uint8_t vjs220_outputs(const struct vjs220 *meter)
{
	return meter->outputs;
}

size_t vjs220_pending_frames(const struct vjs220 *meter)
{
	return meter->frames.count;
}

void vjs220_set_counter(struct vjs220 *meter, uint64_t sample_id)
{
	if (vjs220_active(meter))
		return;
	meter->counter = (sample_id + 1) & ~1ull;
	meter->next_sync = meter->counter;
	meter->clock.known = false;
}

unsigned vjs220_host_faults(const struct vjs220 *meter)
{
	return meter->host_faults;
}

/* Faults ------------------------------------------------------------------------------------- */

void vjs220_lose_samples(struct vjs220 *meter, unsigned ticks)
{
	flush_all(meter);
	meter->faults.lose = ticks;
}

void vjs220_lose_frames(struct vjs220 *meter, unsigned frames)
{
	meter->frames.lose = frames;
}

void vjs220_repeat_frame(struct vjs220 *meter)
{
	meter->frames.repeat = true;
}

void vjs220_saturate(struct vjs220 *meter, unsigned ticks)
{
	meter->analog.saturate = ticks;
}

void vjs220_stick_range(struct vjs220 *meter, unsigned range, uint64_t ticks)
{
	if (range >= VJS220_RANGES)
		return;
	meter->analog.stuck = true;
	meter->analog.stuck_range = range;
	meter->stuck_ticks = ticks;
}

void vjs220_disturb_marker(struct vjs220 *meter, unsigned line, enum ppk2_marker_fault fault,
			   unsigned ticks)
{
	ppk2_faults_marker(&meter->faults, line, fault, ticks);
}
