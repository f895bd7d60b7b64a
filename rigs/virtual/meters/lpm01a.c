/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The virtual LPM01A: life, bytes to and from the host, time and target supply.
 *
 * assumed: a level of D7 counts after 1 us (the sheet asks for
 * pulses of at least 1 us).
 */
#include "rigs/virtual/meters/lpm01a.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/meters/lpm01a_internal.h"

#define D7_HOLD_PS 1000000
#define AMBIENT_C  25
#define DEFAULT_MV 3300
#define DEFAULT_HZ 100

void lpm01a_power_up(struct vlpm01a *meter)
{
	meter->settings = (struct lpm01a_settings){
		.volt_mv = DEFAULT_MV,
		.freq_hz = DEFAULT_HZ,
		.acqtime_s = 10,
		.trigdelay_ms = 1,
		.currthres_a = 1e-3,
		.power = LPM01A_POWER_AUTO,
		.event = LPM01A_EVENT_NONE,
	};
	meter->acquisition = (struct lpm01a_acquisition){.state = LPM01A_IDLE};
	meter->controlled = false;
	meter->target_on = false;
	meter->target_on_ps = INT64_MAX;
	meter->threshold = false;
	meter->line_length = 0;
	meter->line_too_long = false;
	meter->overflowed = false;
	meter->head = 0;
	meter->pending = 0;
	memset(meter->lcd, 0, sizeof(meter->lcd));
	lpm01a_analog_calibrate(&meter->analog, meter->board_c);
}

struct vlpm01a *vlpm01a_new(uint64_t seed)
{
	struct vlpm01a *meter = calloc(1, sizeof(*meter));

	if (!meter)
		return NULL;
	meter->queue = malloc(VLPM01A_QUEUE_BYTES);
	if (!meter->queue) {
		free(meter);
		return NULL;
	}
	meter->random.state = vrandom_seed(seed, "lpm01a identity");
	meter->id[0] = vrandom_next(&meter->random);
	meter->id[1] = vrandom_next(&meter->random);
	meter->board_c = AMBIENT_C;
	meter->boot_end_ps = INT64_MIN;
	lpm01a_analog_init(&meter->analog, seed);
	lpm01a_power_up(meter);
	return meter;
}

void vlpm01a_make_ideal(struct vlpm01a *meter)
{
	lpm01a_analog_make_ideal(&meter->analog);
}

void vlpm01a_free(struct vlpm01a *meter)
{
	if (!meter)
		return;
	free(meter->queue);
	free(meter);
}

/* Bytes -------------------------------------------------------------------------------------- */

static void queue_put(struct vlpm01a *meter, const uint8_t *bytes, size_t count)
{
	size_t tail = (meter->head + meter->pending) % VLPM01A_QUEUE_BYTES;
	size_t first = count < VLPM01A_QUEUE_BYTES - tail ? count : VLPM01A_QUEUE_BYTES - tail;

	memcpy(meter->queue + tail, bytes, first);
	memcpy(meter->queue, bytes + first, count - first);
	meter->pending += count;
}

void lpm01a_emit(struct vlpm01a *meter, const void *bytes, size_t count)
{
	size_t room = VLPM01A_QUEUE_BYTES - meter->pending;

	if (count > room) {
		meter->overflowed = true;
		return;
	}
	if (meter->overflowed && room > VLPM01A_QUEUE_BYTES / 2) {
		meter->overflowed = false;
		lpm01a_record(meter, LPM01A_RECORD_ERROR, "buffer overflow, data lost");
	}
	queue_put(meter, bytes, count);
}

size_t vlpm01a_take_bytes(struct vlpm01a *meter, uint8_t *ret_bytes, size_t capacity)
{
	size_t count = meter->pending < capacity ? meter->pending : capacity;
	size_t to_end = VLPM01A_QUEUE_BYTES - meter->head;
	size_t first = count < to_end ? count : to_end;

	memcpy(ret_bytes, meter->queue + meter->head, first);
	memcpy(ret_bytes + first, meter->queue, count - first);
	meter->head = (meter->head + count) % VLPM01A_QUEUE_BYTES;
	meter->pending -= count;
	return count;
}

size_t vlpm01a_pending_bytes(const struct vlpm01a *meter)
{
	return meter->pending;
}

static void host_byte(struct vlpm01a *meter, char byte)
{
	if (byte == '\r')
		return;
	if (byte != '\n') {
		meter->line_too_long |= meter->line_length == LPM01A_LINE_MAX;
		if (!meter->line_too_long)
			meter->line[meter->line_length++] = byte;
		return;
	}
	/* assumed: of a line that is too long the beginning counts, and is no command */
	meter->line[meter->line_length] = '\0';
	if (meter->line_too_long)
		meter->line[0] = '?';
	meter->line_length = 0;
	meter->line_too_long = false;
	lpm01a_command(meter, meter->line);
}

void vlpm01a_host_bytes(struct vlpm01a *meter, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (meter->now_ps >= meter->boot_end_ps)
			host_byte(meter, (char)bytes[i]);
}

bool vlpm01a_take_link_lost(struct vlpm01a *meter)
{
	bool lost = meter->link_lost;

	meter->link_lost = false;
	return lost;
}

/* Target ------------------------------------------------------------------------------------- */

void lpm01a_set_target(struct vlpm01a *meter, bool on)
{
	bool changed = meter->target_on != on;

	meter->target_on = on;
	if (!changed || !lpm01a_streams(meter))
		return;
	if (!on && meter->settings.binary)
		lpm01a_record(meter, LPM01A_RECORD_POWER_DOWN, NULL);
	else if (meter->settings.power_status)
		lpm01a_record(meter, LPM01A_RECORD_INFO, on ? "pwr on" : "pwr off");
}

double vlpm01a_supply_v(const struct vlpm01a *meter)
{
	double open_v = meter->settings.volt_mv / 1000.0 * meter->analog.supply_gain;

	if (!meter->target_on)
		return 0;
	return open_v - meter->analog.output_ohm * meter->current_a;
}

/* Time --------------------------------------------------------------------------------------- */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t d7_due_ps(const struct vlpm01a *meter)
{
	return meter->d7 != meter->d7_seen ? meter->d7_change_ps + D7_HOLD_PS : INT64_MAX;
}

int64_t vlpm01a_next_event_ps(const struct vlpm01a *meter)
{
	return least(least(meter->target_on_ps, d7_due_ps(meter)), lpm01a_acquire_next_ps(meter));
}

static void run_due(struct vlpm01a *meter)
{
	if (meter->now_ps >= meter->target_on_ps) {
		meter->target_on_ps = INT64_MAX;
		lpm01a_set_target(meter, true);
	}
	/* A sample that ends now was before the edge that counts now. */
	lpm01a_acquire_due(meter);
	if (meter->now_ps >= d7_due_ps(meter)) {
		meter->d7_seen = meter->d7;
		if (meter->miss_events)
			meter->miss_events--;
		else
			lpm01a_edge(meter, meter->d7);
	}
}

void vlpm01a_slice(struct vlpm01a *meter, const struct vlpm01a_slice *slice)
{
	bool d7 = slice->logic & VLPM01A_LOGIC_D7;

	assert(slice->start_ps == meter->now_ps && slice->end_ps >= slice->start_ps);
	meter->board_c = slice->board_c;
	meter->current_a = slice->current_a;
	if (d7 != meter->d7)
		meter->d7_change_ps = meter->now_ps;
	meter->d7 = d7;
	do {
		int64_t until_ps = least(vlpm01a_next_event_ps(meter), slice->end_ps);

		lpm01a_acquire_integrate(meter, meter->now_ps, until_ps,
					 meter->target_on ? slice->current_a : 0);
		meter->now_ps = until_ps;
		run_due(meter);
	} while (meter->now_ps < slice->end_ps);
}

int64_t vlpm01a_busy_until_ps(const struct vlpm01a *meter)
{
	const struct lpm01a_acquisition *acquisition = &meter->acquisition;

	if (meter->now_ps < meter->boot_end_ps)
		return meter->boot_end_ps;
	if (meter->target_on_ps != INT64_MAX)
		return meter->target_on_ps;
	/* Up to the first sample: hosts wait for it. */
	if (acquisition->state == LPM01A_WAIT_DELAY)
		return acquisition->delay_end_ps + 1;
	if (acquisition->state == LPM01A_RUNNING && acquisition->sample == 0)
		return acquisition->sample_end_ps;
	return INT64_MIN;
}

unsigned vlpm01a_sample_hz(const struct vlpm01a *meter)
{
	return meter->settings.freq_hz;
}

bool vlpm01a_threshold_level(const struct vlpm01a *meter)
{
	return meter->threshold;
}

const char *vlpm01a_lcd(const struct vlpm01a *meter, unsigned line)
{
	return meter->lcd[line];
}

bool vlpm01a_acquiring(const struct vlpm01a *meter)
{
	return lpm01a_streams(meter);
}

/* Faults ------------------------------------------------------------------------------------- */

void vlpm01a_lose_samples(struct vlpm01a *meter, unsigned count)
{
	meter->lose = count;
}

void vlpm01a_lose_bytes(struct vlpm01a *meter, unsigned count)
{
	meter->lose_bytes = count;
}

void vlpm01a_stick_range(struct vlpm01a *meter, unsigned count)
{
	meter->stick = count;
}

void vlpm01a_saturate(struct vlpm01a *meter, unsigned count)
{
	meter->saturate = count;
}

void vlpm01a_miss_events(struct vlpm01a *meter, unsigned count)
{
	meter->miss_events = count;
}
