/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drivers/meter/js220_frames.h"

#include <errno.h>
#include <string.h>

int js220_frame_next(const uint8_t *bytes, size_t count, size_t *at, struct js220_frame *ret_frame)
{
	const uint8_t *frame = bytes + *at;
	size_t left = *at < count ? count - *at : 0, length;
	uint32_t header;

	if (!left)
		return 0;
	*at += left < JS220_FRAME_BYTES ? left : JS220_FRAME_BYTES;
	if (left < JS220_HEADER_BYTES)
		return -EPROTO;
	header = (uint32_t)js220_le(frame, 4);
	length = header >> 16 & 0x1ff;
	if (header >> 30 || length > JS220_PAYLOAD_MAX || length > left - JS220_HEADER_BYTES)
		return -EPROTO;
	*ret_frame = (struct js220_frame){(uint16_t)header, header >> 25 & 0x1f, length,
					  frame + JS220_HEADER_BYTES};
	return 1;
}

size_t js220_frame_pack(uint8_t *ret_bytes, uint16_t id, unsigned port, const uint8_t *payload,
			size_t length)
{
	js220_put_le(ret_bytes, js220_header(id, port, length), JS220_HEADER_BYTES);
	memcpy(ret_bytes + JS220_HEADER_BYTES, payload, length);
	return JS220_HEADER_BYTES + length;
}

/* Payload: u8 op, u8 status, u16 arg, then words. */
bool js220_link_parse(const uint8_t *payload, size_t length, struct js220_link *ret_link)
{
	struct js220_link link = {.op = JS220_LINK_CONNECT};
	const uint8_t *words = payload + 4;

	if (length >= 24 && payload[0] == JS220_LINK_CONNECT) {
		link.protocol = (uint32_t)js220_le(words, 4);
		link.firmware = (uint32_t)js220_le(words + 8, 4);
		link.hardware = (uint32_t)js220_le(words + 12, 4);
		link.fpga = (uint32_t)js220_le(words + 16, 4);
	} else if (length >= JS220_TIMESYNC_BYTES && payload[0] == JS220_LINK_TIMESYNC) {
		link.op = JS220_LINK_TIMESYNC;
		link.counter = js220_le(words + 8, 8);
	} else if (length >= 36 && payload[0] == JS220_LINK_TIMEMAP) {
		link.op = JS220_LINK_TIMEMAP;
		link.counter = js220_le(words + 16, 8);
	} else {
		return false;
	}
	*ret_link = link;
	return true;
}

/* 34Q30 seconds. */
static uint64_t seconds_q30(int64_t ns)
{
	int64_t seconds = ns / 1000000000, rest = ns % 1000000000;

	return ((uint64_t)seconds << 30) + (uint64_t)((rest << 30) / 1000000000);
}

void js220_timesync_reply(uint8_t ret_payload[JS220_TIMESYNC_BYTES], uint64_t counter,
			  int64_t received_ns, int64_t sent_ns)
{
	memset(ret_payload, 0, JS220_TIMESYNC_BYTES);
	ret_payload[0] = JS220_LINK_TIMESYNC;
	js220_put_le(ret_payload + 12, counter, 8);
	js220_put_le(ret_payload + 20, seconds_q30(received_ns), 8);
	js220_put_le(ret_payload + 28, seconds_q30(sent_ns), 8);
}

static double signed_64(const uint8_t *bytes)
{
	return (double)(int64_t)js220_le(bytes, 8);
}

/* Rounded once: both halves are exact up to 2^53 of the integral's unit, the rest is below what a
 * double resolves. */
static double signed_128(const uint8_t *bytes)
{
	__extension__ typedef __int128 wide;
	wide value = (wide)((unsigned __int128)(int64_t)js220_le(bytes + 8, 8) << 64 |
			    js220_le(bytes, 8));

	return (double)value;
}

bool js220_statistics_parse(const uint8_t *payload, size_t length,
			    struct js220_statistics *ret_statistics)
{
	/* u32 header (31:28 = 9: raw and version 1, 27:24 decimation 2, 23:0 count), u32
	 * sample_freq, u64 ids; three of (x1, min, max) i64; three of (x2, integral) i128. */
	const uint8_t *moments = payload + 24, *wide = moments + 72;
	struct js220_statistics s = {.count = 0};
	double rate_hz, n;

	if (length != JS220_STATISTICS_BYTES || payload[3] != 0x92)
		return false;
	s.count = (uint32_t)js220_le(payload, 3);
	rate_hz = (double)js220_le(payload + 4, 4) / 2;
	if (!s.count || rate_hz == 0)
		return false;
	n = s.count;
	s.block_id = js220_le(payload + 8, 8);
	s.accum_id = js220_le(payload + 16, 8);
	s.current_a = signed_64(moments) * 0x1p-31 / n;
	s.current_min_a = signed_64(moments + 8) * 0x1p-31;
	s.current_max_a = signed_64(moments + 16) * 0x1p-31;
	s.voltage_v = signed_64(moments + 24) * 0x1p-31 / n;
	s.voltage_min_v = signed_64(moments + 32) * 0x1p-31;
	s.voltage_max_v = signed_64(moments + 40) * 0x1p-31;
	s.power_w = signed_64(moments + 48) * 0x1p-27 / n;
	s.charge_c = signed_128(wide + 16) * 0x1p-31 / rate_hz;
	s.energy_j = signed_128(wide + 80) * 0x1p-31 / rate_hz;
	*ret_statistics = s;
	return true;
}
