/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Port 0 of a JS220: connect, echo, time sync and time map (device sheet, "Port 0").
 */
#include <string.h>

#include "rigs/virtual/meters/js220_state.h"

#define OP_CONNECT  1
#define OP_ECHO     2
#define OP_TIMESYNC 3
#define OP_TIMEMAP  4

#define VERSION(major, minor, patch) ((uint32_t)(major) << 24 | (minor) << 16 | (patch))
#define UTC_SECOND                   (1ll << 30) /* 34Q30 */
#define NOMINAL_HZ                   2000000
#define RATE_PPM_MAX                 200 /* a rate further from nominal is the host's mistake (assumed) */

static void link_put(struct vjs220 *meter, unsigned op, const uint64_t *words, unsigned count,
		     unsigned word_bytes)
{
	uint8_t payload[4 + 5 * 8] = {(uint8_t)op};

	for (unsigned i = 0; i < count; i++)
		usb_put_le(payload + 4 + i * word_bytes, words[i], word_bytes);
	js220_frames_put(&meter->frames, JS220_PORT_LINK, payload, 4 + count * word_bytes);
}

void js220_link_connect(struct vjs220 *meter)
{
	/* Protocol, application, firmware, hardware, FPGA. Versions are assumed; from 1.3.0 on the
	 * instrument decimates. */
	const uint64_t words[5] = {VERSION(1, 0, 0), 1, VERSION(1, 3, 0), VERSION(1, 0, 0),
				   VERSION(1, 3, 0)};

	link_put(meter, OP_CONNECT, words, 5, 4);
	meter->clock.known = false;
	meter->next_sync = meter->counter;
}

void js220_link_sync(struct vjs220 *meter)
{
	const uint64_t words[5] = {0, meter->counter, 0, 0, 0};

	link_put(meter, OP_TIMESYNC, words, 5, 8);
}

/* Ticks per second as 32Q32, from all the time since the first sync. */
static uint64_t clock_rate_q32(const struct js220_clock *clock)
{
	double ticks = (double)(clock->counter - clock->first_counter);
	double seconds = (double)(clock->utc - clock->first_utc) / (double)UTC_SECOND;
	double rate_hz = seconds > 0.5 ? ticks / seconds : NOMINAL_HZ;

	if (!(rate_hz > NOMINAL_HZ * (1 - RATE_PPM_MAX * 1e-6) &&
	      rate_hz < NOMINAL_HZ * (1 + RATE_PPM_MAX * 1e-6)))
		rate_hz = NOMINAL_HZ;
	return (uint64_t)(rate_hz * 0x1p32);
}

/* The host answered: its times lie in the middle of the round trip. */
static void take_sync(struct vjs220 *meter, const uint8_t *words)
{
	struct js220_clock *clock = &meter->clock;
	uint64_t start = usb_get_le(words + 8, 8), counter;
	int64_t received = (int64_t)usb_get_le(words + 16, 8);
	int64_t sent = (int64_t)usb_get_le(words + 24, 8);

	if (start > meter->counter || sent < received)
		return;
	counter = start + (meter->counter - start) / 2;
	clock->counter = counter;
	clock->utc = received + (sent - received) / 2;
	if (!clock->known) {
		clock->known = true;
		clock->first_counter = clock->counter;
		clock->first_utc = clock->utc;
	}
	link_put(
		meter, OP_TIMEMAP,
		(const uint64_t[4]){0, (uint64_t)clock->utc, clock->counter, clock_rate_q32(clock)},
		4, 8);
}

void js220_link_receive(struct vjs220 *meter, const uint8_t *payload, size_t bytes)
{
	if (bytes >= 4 && payload[0] == OP_ECHO)
		js220_frames_put(&meter->frames, JS220_PORT_LINK, payload, bytes);
	else if (bytes == 4 + 5 * 8 && payload[0] == OP_TIMESYNC)
		take_sync(meter, payload + 4);
	else
		meter->host_faults++;
}
