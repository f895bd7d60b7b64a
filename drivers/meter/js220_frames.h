/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Joulescope JS220: frames, and what they carry on port 0 (connection, time) and port 30
 * (statistics). Pure functions over bytes. Facts: the vendor's joulescope_driver (js220_api.h,
 * js220_usb.c, js220_stats.c).
 *
 * A frame is a u32 little-endian header and a payload: bits 15:0 frame_id, which counts up by one
 * per direction, 24:16 payload bytes (at most 508), 29:25 port, 31:30 zero. In a bulk IN transfer a
 * frame begins every 512 bytes.
 */
#ifndef DRIVERS_METER_JS220_FRAMES_H
#define DRIVERS_METER_JS220_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	JS220_FRAME_BYTES = 512,
	JS220_HEADER_BYTES = 4,
	JS220_PAYLOAD_MAX = JS220_FRAME_BYTES - JS220_HEADER_BYTES,
	JS220_TICK_HZ = 2000000, /* what sample_id counts */
};

enum js220_port {
	JS220_PORT_LINK = 0,
	JS220_PORT_PUBLISH = 1,
	JS220_PORT_RANGE = 20,
	JS220_PORT_CURRENT = 21,
	JS220_PORT_VOLTAGE = 22,
	JS220_PORT_GPI = 24, /* .. 27 */
	JS220_PORT_STATISTICS = 30,
};

static inline uint64_t js220_le(const uint8_t *bytes, unsigned count)
{
	uint64_t value = 0;

	while (count--)
		value = value << 8 | bytes[count];
	return value;
}

static inline void js220_put_le(uint8_t *bytes, uint64_t value, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
}

struct js220_frame {
	uint16_t id;
	unsigned port;
	size_t length;          /* of the payload */
	const uint8_t *payload; /* inside of the transfer */
};

static inline uint32_t js220_header(uint16_t id, unsigned port, size_t length)
{
	return id | (uint32_t)length << 16 | (uint32_t)port << 25;
}

/* The frame at *at of a transfer of count bytes; *at moves to the next one. 1: *ret_frame is
 * filled; 0: the transfer is over; -EPROTO: what is there is no frame, or a part of one (*at moves
 * on, too: the next frame is 512 bytes further). */
int js220_frame_next(const uint8_t *bytes, size_t count, size_t *at, struct js220_frame *ret_frame);
/* Into JS220_FRAME_BYTES; returns the bytes of the frame. */
size_t js220_frame_pack(uint8_t *ret_bytes, uint16_t id, unsigned port, const uint8_t *payload,
			size_t length);

/* --- port 0 ----------------------------------------------------------------------------------- */

enum js220_link_op {
	JS220_LINK_CONNECT = 1,
	JS220_LINK_TIMESYNC = 3,
	JS220_LINK_TIMEMAP = 4,
};

enum { JS220_TIMESYNC_BYTES = 44 };

struct js220_link {
	enum js220_link_op op;
	uint32_t protocol, firmware, hardware, fpga; /* CONNECT: major8.minor8.patch16 */
	uint64_t counter; /* TIMESYNC: to be sent back; TIMEMAP: sample_id, full width */
};

/* False: another op, or too short for its op. */
bool js220_link_parse(const uint8_t *payload, size_t length, struct js220_link *ret_link);
/* The answer to a TIMESYNC: host times in ns. The instrument wants UTC; any clock that runs evenly
 * serves to map its counter. */
void js220_timesync_reply(uint8_t ret_payload[JS220_TIMESYNC_BYTES], uint64_t counter,
			  int64_t received_ns, int64_t sent_ns);

/* --- port 30 ---------------------------------------------------------------------------------- */

enum { JS220_STATISTICS_BYTES = 192 };

/* Sums over count samples of 2 ticks each, and integrals since accum_id. */
struct js220_statistics {
	uint32_t count;
	uint64_t block_id, accum_id;          /* sample_id of the first tick */
	double current_a, voltage_v, power_w; /* means */
	double current_min_a, current_max_a, voltage_min_v, voltage_max_v;
	double charge_c, energy_j; /* from accum_id to the block's end */
};

/* False: not of this size, form and version. */
bool js220_statistics_parse(const uint8_t *payload, size_t length,
			    struct js220_statistics *ret_statistics);

#endif
