/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A virtual Joulescope JS110: from true values to raw sample frames.
 */
#include "rigs/virtual/meters/js110.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/meters/js110_state.h"

#define SOURCE_RAW    0xc0
#define STREAMING_ON  3
#define MISSING       0xffffffffu
#define FACTORY_DRIFT 0.0003 /* active gains against those of the factory (assumed) */
#define USB_FRAME_PS  1000000000

struct vjs110 *vjs110_new(uint64_t seed)
{
	struct vrandom random = {vrandom_seed(seed, "serial")};
	struct vjs110 *meter = calloc(1, sizeof(*meter));

	if (!meter)
		return NULL;
	meter->frames.ring = malloc(VJS110_QUEUE_FRAMES * sizeof(*meter->frames.ring));
	if (!meter->frames.ring) {
		free(meter);
		return NULL;
	}
	snprintf(meter->serial_text, sizeof(meter->serial_text), "%06u",
		 (unsigned)(vrandom_next(&random) % 1000000));
	usb_put_le(meter->serial, vrandom_next(&random), 8);
	usb_put_le(meter->serial + 8, vrandom_next(&random), 8);
	js110_analog_init(&meter->analog, seed);
	meter->factory = meter->analog.active;
	for (int n = 0; n < VJS110_RANGES; n++)
		meter->factory.current[n].gain *= 1 + FACTORY_DRIFT * vrandom_even(&random);
	js_slices_init(&meter->slices, seed);
	meter->result = JS110_RESULT_NONE;
	return meter;
}

void vjs110_free(struct vjs110 *meter)
{
	if (!meter)
		return;
	free(meter->frames.ring);
	free(meter);
}

void vjs110_make_ideal(struct vjs110 *meter)
{
	for (int n = 0; n < VJS110_RANGES; n++)
		meter->analog.current_error[n] = (struct js110_scale){0, 0};
	for (int n = 0; n < JS110_VOLTAGE_RANGES; n++)
		meter->analog.voltage_error[n] = (struct js110_scale){0, 0};
}

void vjs110_set_serial(struct vjs110 *meter, const char *serial)
{
	snprintf(meter->serial_text, sizeof(meter->serial_text), "%s", serial);
}

struct usb_device vjs110_usb(struct vjs110 *meter)
{
	return (struct usb_device){&js110_usb_ops, meter};
}

/* Settings ----------------------------------------------------------------------------------- */

static bool streams(const struct js110_settings *settings)
{
	return settings->sensor_power && settings->source == SOURCE_RAW &&
	       settings->streaming == STREAMING_ON;
}

/* A frame tells one voltage range: what it holds of another one is missing (assumed). */
static void set_voltage_range(struct vjs110 *meter, unsigned range)
{
	if (range != meter->analog.voltage_range)
		memset(meter->frames.under_way + 8, 0xff, 4 * meter->frames.filled);
	meter->analog.voltage_range = range;
}

void js110_apply(struct vjs110 *meter)
{
	bool streamed = streams(&meter->settings);

	if (meter->settings.sensor_power != meter->wanted_settings.sensor_power) {
		meter->statistics = (struct js110_statistics){0};
		memset(meter->status, 0, sizeof(meter->status));
		js110_analog_power_off(&meter->analog);
	}
	meter->settings = meter->wanted_settings;
	meter->extio = meter->wanted_extio;
	if (meter->settings.sensor_power)
		meter->analog.select = meter->settings.select;
	set_voltage_range(meter, meter->settings.options >> 1 & 1);
	if (streams(&meter->settings) && !streamed) { /* assumed: a stream starts all anew */
		meter->frames.next_index = 0;
		meter->frames.filled = 0;
		meter->frames.count = 0;
		meter->samples = 0;
	}
	meter->busy = false;
	meter->result = 0;
}

/* Frames ------------------------------------------------------------------------------------- */

static void frame_end(struct vjs110 *meter)
{
	struct js110_frames *frames = &meter->frames;
	uint8_t *frame = frames->under_way;
	unsigned voltage_range = meter->analog.voltage_range;

	frame[0] = 1;
	frame[1] = 0;
	usb_put_le(frame + 2, JS110_FRAME_BYTES | voltage_range << 15, 2);
	usb_put_le(frame + 4, frames->next_index++, 2);
	usb_put_le(frame + 6, (uint64_t)(meter->slices.at_ps / USB_FRAME_PS), 2);
	frames->filled = 0;
	frames->made++;
	if (frames->lose) {
		frames->lose--;
	} else if (frames->count == VJS110_QUEUE_FRAMES) {
		frames->discarded++;
	} else {
		memcpy(frames->ring[(frames->head + frames->count) % VJS110_QUEUE_FRAMES], frame,
		       JS110_FRAME_BYTES);
		frames->count++;
	}
}

int js110_frames_take(struct js110_frames *frames, uint8_t *ret_bytes, size_t capacity)
{
	size_t filled = 0;

	if (capacity < JS110_FRAME_BYTES)
		return USB_STALL;
	if (!frames->count)
		return USB_NAK;
	for (; frames->count && capacity - filled >= JS110_FRAME_BYTES; frames->count--) {
		memcpy(ret_bytes + filled, frames->ring[frames->head], JS110_FRAME_BYTES);
		frames->head = (frames->head + 1) % VJS110_QUEUE_FRAMES;
		filled += JS110_FRAME_BYTES;
	}
	return (int)filled;
}

/* EXTIO mapping: 2 and 3 put GPI 0 and 1 into the lowest bit of a converter value. */
static uint16_t map_gpi(uint16_t adc, uint8_t mapping, uint8_t logic)
{
	return mapping < 2 ? adc : (uint16_t)((adc & ~1u) | (logic >> (mapping - 2) & 1));
}

static uint32_t sample_word(const struct vjs110 *meter, const struct js110_reading *reading)
{
	uint16_t current = map_gpi(reading->current_adc, meter->extio.current_gpi, meter->logic);
	uint16_t voltage = map_gpi(reading->voltage_adc, meter->extio.voltage_gpi, meter->logic);

	return (reading->range & 3) | (uint32_t)current << 2 | (reading->range >> 2) << 16 |
	       (uint32_t)(meter->samples & 1) << 17 | (uint32_t)voltage << 18;
}

static void stream_sample(struct vjs110 *meter, const struct js110_reading *reading)
{
	uint32_t word = sample_word(meter, reading);

	if (meter->faults.lose) {
		meter->faults.lose--;
		word = MISSING;
	}
	usb_put_le(meter->frames.under_way + 8 + 4 * meter->frames.filled++, word, 4);
	meter->samples++;
	if (meter->frames.filled == JS110_FRAME_SAMPLES)
		frame_end(meter);
}

static void on_sample(void *context, const struct js_tick *tick)
{
	struct vjs110 *meter = context;
	struct js110_reading reading;
	uint8_t logic = ppk2_faults_logic(&meter->faults, tick->logic);

	if (meter->analog.stuck && meter->stuck_samples && --meter->stuck_samples == 0)
		meter->analog.stuck = false;
	/* Without an I/O voltage the inputs read 0 (assumed). */
	meter->logic = meter->extio.io_voltage_mv ? logic & 3 : 0;
	reading = js110_analog_read(&meter->analog, tick->current_a, tick->voltage_v);
	js110_statistics_add(meter, reading.current_a, reading.voltage_v);
	if (streams(&meter->settings))
		stream_sample(meter, &reading);
}

/* Time --------------------------------------------------------------------------------------- */

void vjs110_feed(struct vjs110 *meter, int64_t start_ps, int64_t end_ps, double current_a,
		 double voltage_v, uint8_t logic)
{
	const struct js_tick values = {current_a, voltage_v, logic};

	if (meter->settings.sensor_power)
		js_slices_feed(&meter->slices, start_ps, end_ps, &values, on_sample, meter);
	else
		js_slices_skip(&meter->slices, start_ps, end_ps, &values);
	if (!meter->begun) { /* a request came before time began */
		meter->begun = true;
		meter->due_ps += start_ps;
	}
	meter->now_ps = end_ps;
	if (meter->busy && end_ps >= meter->due_ps)
		js110_apply(meter);
}

int64_t vjs110_sample_end_ps(const struct vjs110 *meter, uint64_t n)
{
	return js_slices_end_ps(&meter->slices, n);
}

int64_t vjs110_settings_due_ps(const struct vjs110 *meter)
{
	return meter->busy ? meter->due_ps : INT64_MIN;
}

bool vjs110_streaming(const struct vjs110 *meter)
{
	return streams(&meter->settings);
}

/* Without the sensor's power the path is open, too (assumed). */
bool vjs110_conducts(const struct vjs110 *meter)
{
	return meter->settings.sensor_power && meter->settings.select != 0;
}

double vjs110_series_ohm(const struct vjs110 *meter, double current_a)
{
	return js110_analog_series_ohm(&meter->analog, current_a);
}

size_t vjs110_pending_frames(const struct vjs110 *meter)
{
	return meter->frames.count;
}

unsigned vjs110_host_faults(const struct vjs110 *meter)
{
	return meter->host_faults;
}

/* Faults ------------------------------------------------------------------------------------- */

void vjs110_lose_samples(struct vjs110 *meter, unsigned samples)
{
	meter->faults.lose = samples;
}

void vjs110_lose_frames(struct vjs110 *meter, unsigned frames)
{
	meter->frames.lose = frames;
}

void vjs110_saturate(struct vjs110 *meter, unsigned samples)
{
	meter->analog.saturate = samples;
}

void vjs110_stick_range(struct vjs110 *meter, unsigned range, uint64_t samples)
{
	if (range >= VJS110_RANGES)
		return;
	meter->analog.stuck = true;
	meter->analog.stuck_range = range;
	meter->stuck_samples = samples;
}

void vjs110_disturb_marker(struct vjs110 *meter, unsigned line, enum ppk2_marker_fault fault,
			   unsigned samples)
{
	ppk2_faults_marker(&meter->faults, line, fault, samples);
}
