/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a JS110 counts itself, and the status packet that tells it (device sheet, "STATUS").
 *
 * Assumed: two updates per second; charge and energy run since the sensor's power came; samples
 * that a range switch disturbs count with the last good current.
 */
#include <math.h>
#include <string.h>

#include "rigs/virtual/meters/js110_state.h"

#define PACKET_STATUS 2

/* value * 2^q, kept inside of the field. */
static void put_fixed(uint8_t *at, double value, int q, unsigned bytes)
{
	double limit = ldexp(1, 8 * (int)bytes - 1) - (bytes == 8 ? 1024 : 1);
	double scaled = fmin(fmax(ldexp(value, q), -limit), limit);

	usb_put_le(at, (uint64_t)(int64_t)llrint(scaled), bytes);
}

static void statistics_update(struct vjs110 *meter)
{
	struct js110_statistics *s = &meter->statistics;
	const struct {
		uint8_t at;
		double value;
		int q;
		unsigned bytes;
	} fields[] = {
		{24, (double)s->samples, 0, 8},
		{32, s->power_sum / s->count, 34, 8},
		{40, s->charge_c, 27, 8},
		{48, s->energy_j, 27, 8},
		{56, s->count, 0, 4},
		{68, s->current_sum / s->count, 27, 4},
		{72, s->current_min, 27, 4},
		{76, s->current_max, 27, 4},
		{80, s->voltage_sum / s->count, 17, 4},
		{84, s->voltage_min, 17, 4},
		{88, s->voltage_max, 17, 4},
		{92, s->power_min, 21, 4},
		{96, s->power_max, 21, 4},
	};

	for (size_t k = 0; k < sizeof(fields) / sizeof(fields[0]); k++)
		put_fixed(meter->status + fields[k].at, fields[k].value, fields[k].q,
			  fields[k].bytes);
}

static void bounds_add(double *min, double *max, double value, bool first)
{
	*min = first || value < *min ? value : *min;
	*max = first || value > *max ? value : *max;
}

void js110_statistics_add(struct vjs110 *meter, double current_a, double voltage_v)
{
	struct js110_statistics *s = &meter->statistics;
	double power_w = current_a * voltage_v;
	bool first = s->count == 0;

	bounds_add(&s->current_min, &s->current_max, current_a, first);
	bounds_add(&s->voltage_min, &s->voltage_max, voltage_v, first);
	bounds_add(&s->power_min, &s->power_max, power_w, first);
	s->current_sum += current_a;
	s->voltage_sum += voltage_v;
	s->power_sum += power_w;
	s->samples++;
	if (++s->count < JS110_UPDATE_SAMPLES)
		return;
	s->charge_c += s->current_sum / 2e6;
	s->energy_j += s->power_sum / 2e6;
	statistics_update(meter);
	s->count = 0;
	s->current_sum = s->voltage_sum = s->power_sum = 0;
}

void js110_status_encode(struct vjs110 *meter, uint8_t *ret_bytes)
{
	uint8_t *status = meter->status;

	status[0] = 1;
	status[1] = JS110_STATUS_BYTES;
	status[2] = PACKET_STATUS;
	usb_put_le(status + 8, (uint32_t)meter->result, 4);
	usb_put_le(status + 12, meter->frames.made, 4);
	usb_put_le(status + 16, meter->frames.discarded, 4);
	status[20] = meter->settings.sensor_power; /* flags: assumed */
	status[21] = meter->settings.select;
	status[22] = meter->settings.source;
	status[23] = meter->settings.options;
	usb_put_le(status + 60, JS110_UPDATE_SAMPLES, 4);
	usb_put_le(status + 64, 2000000, 4);
	memcpy(ret_bytes, status, JS110_STATUS_BYTES);
	usb_put_le(status + 56, 0, 4); /* nothing new until the next update */
}
