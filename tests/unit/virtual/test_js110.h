/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A host for the virtual JS110 that decodes packets by the device sheet on its own. Include after
 * cmocka.h.
 */
#ifndef TESTS_UNIT_VIRTUAL_TEST_JS110_H
#define TESTS_UNIT_VIRTUAL_TEST_JS110_H

#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/meters/js110.h"

#define SAMPLES_MAX (1u << 21)

struct host_sample {
	unsigned range, voltage_range, current_adc, voltage_adc;
	bool missing, sync;
};

struct host {
	struct vjs110 *meter;
	struct usb_device usb;
	int64_t now_ps;
	/* The stream. */
	struct host_sample *samples;
	size_t count, frames;
	uint16_t next_index;
	unsigned lost_frames;
	/* Calibration: [range]. */
	double i_offset[8], i_gain[8], v_offset[2], v_gain[2];
};

static inline uint64_t host_le(const uint8_t *from, unsigned bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | from[bytes];
	return value;
}

static inline struct host_sample host_word(uint32_t w, unsigned voltage_range)
{
	return (struct host_sample){.range = (w & 3) | (w >> 16 & 1) << 2,
				    .voltage_range = voltage_range,
				    .current_adc = w >> 2 & 0x3fff,
				    .voltage_adc = w >> 18,
				    .missing = w == 0xffffffff,
				    .sync = w >> 17 & 1};
}

static inline void host_take_frame(struct host *host, const uint8_t *f)
{
	unsigned length = (unsigned)host_le(f + 2, 2), index = (unsigned)host_le(f + 4, 2);

	assert_int_equal(f[0], 1);
	assert_int_equal(length & 0x7fff, 512);
	host->lost_frames += (uint16_t)(index - host->next_index);
	host->next_index = (uint16_t)(index + 1);
	host->frames++;
	assert_true(host->count + 126 <= SAMPLES_MAX);
	for (unsigned k = 0; k < 126; k++)
		host->samples[host->count++] =
			host_word((uint32_t)host_le(f + 8 + 4 * k, 4), length >> 15);
}

static inline void host_pull(struct host *host)
{
	uint8_t buffer[64 * 512];
	int count;

	while ((count = host->usb.ops->bulk_in(host->usb.state, 0x82, buffer, sizeof(buffer))) >
	       0) {
		assert_int_equal(count % 512, 0);
		for (int at = 0; at < count; at += 512)
			host_take_frame(host, buffer + at);
	}
	assert_int_equal(count, USB_NAK);
}

static inline int host_in(struct host *host, uint8_t request, uint16_t value, uint16_t index,
			  uint16_t length, uint8_t *data)
{
	const struct usb_setup setup = {0xc0, request, value, index, length};

	return host->usb.ops->control(host->usb.state, &setup, data);
}

static inline int host_out(struct host *host, uint8_t request, uint16_t length, uint8_t *data)
{
	const struct usb_setup setup = {0x40, request, 0, 0, length};

	return host->usb.ops->control(host->usb.state, &setup, data);
}

/* Lets time pass, reading every millisecond. */
static inline void host_run(struct host *host, int64_t ps, double current_a, double voltage_v,
			    uint8_t logic)
{
	while (ps > 0) {
		int64_t slice_ps = ps < 1000000000 ? ps : 1000000000;

		vjs110_feed(host->meter, host->now_ps, host->now_ps + slice_ps, current_a,
			    voltage_v, logic);
		host->now_ps += slice_ps;
		ps -= slice_ps;
		host_pull(host);
	}
}

static inline void host_status(struct host *host, uint8_t *ret_status)
{
	assert_int_equal(host_in(host, 4, 0, 0, 128, ret_status), 104);
	assert_memory_equal(ret_status, "\x01\x68\x02", 3);
}

/* Polls every 2 ms; returns the result. */
static inline int32_t host_wait(struct host *host)
{
	uint8_t status[128];
	int32_t result;

	for (int tries = 0; tries < 1500; tries++) {
		host_status(host, status);
		result = (int32_t)host_le(status + 8, 4);
		if (result != -1 && result != 19)
			return result;
		host_run(host, 2000000000, 0, 0, 0);
	}
	return -1;
}

static inline int32_t host_settings(struct host *host, uint8_t power, uint8_t select,
				    uint8_t source, uint8_t options, uint8_t streaming)
{
	uint8_t packet[16] = {1, 16, 1, 0, 0, 0, 0, 0, power, select, source, options, streaming};

	assert_int_equal(host_out(host, 3, 16, packet), 16);
	return host_wait(host);
}

static inline int32_t host_extio(struct host *host, uint8_t current_gpi, uint8_t voltage_gpi,
				 unsigned millivolts)
{
	uint8_t packet[24] = {1, 24, 3, 0, 0, 0, 0, 0, 0, 0, current_gpi, voltage_gpi};

	packet[20] = (uint8_t)millivolts;
	packet[21] = (uint8_t)(millivolts >> 8);
	assert_int_equal(host_out(host, 9, 24, packet), 24);
	return host_wait(host);
}

/* CRC-32 of IEEE 802.3 by its polynomial division, most significant bit first and reflected at the
 * ends: written differently from the instrument's. */
static inline uint32_t host_crc32(const uint8_t *bytes, size_t count)
{
	uint32_t crc = 0xffffffff, reflected = 0;

	for (size_t k = 0; k < count * 8; k++) {
		uint32_t bit = bytes[k / 8] >> (k % 8) & 1;

		crc = (crc << 1) ^ ((crc >> 31) ^ bit ? 0x04c11db7 : 0);
	}
	for (int k = 0; k < 32; k++)
		reflected |= (crc >> k & 1) << (31 - k);
	return ~reflected;
}

/* Reads a calibration in the sheet's way and checks magic and every CRC. Returns its length. */
static inline size_t host_read_record(struct host *host, unsigned active, uint8_t *ret_record,
				      size_t room)
{
	static const uint8_t magic[] = "\xd3tagfmt \r\n \n  \x1a\x1c";
	size_t length, at = 32;

	assert_int_equal(host_in(host, 8, (uint16_t)active, 0, 32, ret_record), 32);
	assert_memory_equal(ret_record, magic, 16);
	length = (size_t)host_le(ret_record + 16, 8);
	assert_true(length > 32 && length <= room);
	assert_true(host_le(ret_record + 28, 4) == host_crc32(ret_record, 28));
	for (size_t got = 0; got < length;) { /* pieces that are no multiple of anything */
		int piece =
			host_in(host, 8, (uint16_t)active, (uint16_t)got, 201, ret_record + got);

		assert_true(piece > 0);
		got += (size_t)piece;
		assert_true(got <= length);
	}
	while (at < length) {
		size_t size = (12 + host_le(ret_record + at + 4, 4) + 7) / 8 * 8;

		assert_true(at + size <= length);
		assert_true(host_le(ret_record + at + size - 4, 4) ==
			    host_crc32(ret_record + at, size - 4));
		at += size;
	}
	assert_int_equal(at, length);
	return length;
}

static inline void host_list(const char *json, const char *signal, const char *key, double *ret,
			     unsigned count)
{
	const char *at = strstr(json, signal);

	assert_non_null(at);
	at = strstr(at, key);
	assert_non_null(at);
	at = strchr(at, '[') + 1;
	for (unsigned n = 0; n < count; n++) {
		char *end;

		ret[n] = strtod(at, &end); /* takes NaN, too */
		assert_true(end != at);
		assert_int_equal(*end, n + 1 < count ? ',' : ']');
		at = end + 1;
	}
}

static inline void host_read_calibration(struct host *host, unsigned active)
{
	uint8_t record[4096];
	size_t length = host_read_record(host, active, record, sizeof(record));
	char json[4096] = "";

	for (size_t at = 32; at < length; at += (12 + host_le(record + at + 4, 4) + 7) / 8 * 8)
		if ((host_le(record + at, 4) & 0xffffff) == 0x534a41)
			memcpy(json, record + at + 8, host_le(record + at + 4, 4));
	host_list(json, "\"current\"", "\"offset\"", host->i_offset, 8);
	host_list(json, "\"current\"", "\"gain\"", host->i_gain, 8);
	host_list(json, "\"voltage\"", "\"offset\"", host->v_offset, 2);
	host_list(json, "\"voltage\"", "\"gain\"", host->v_gain, 2);
}

static inline double host_current_a(const struct host *host, size_t k)
{
	const struct host_sample *s = &host->samples[k];

	return (s->current_adc + host->i_offset[s->range]) * host->i_gain[s->range];
}

static inline double host_voltage_v(const struct host *host, size_t k)
{
	const struct host_sample *s = &host->samples[k];

	return (s->voltage_adc + host->v_offset[s->voltage_range]) * host->v_gain[s->voltage_range];
}

static inline void host_new(struct host *host, uint64_t seed)
{
	memset(host, 0, sizeof(*host));
	host->meter = vjs110_new(seed);
	assert_non_null(host->meter);
	host->usb = vjs110_usb(host->meter);
	host->samples = malloc(SAMPLES_MAX * sizeof(*host->samples));
	host_read_calibration(host, 1);
}

static inline void host_free(struct host *host)
{
	free(host->samples);
	vjs110_free(host->meter);
}

/* Power, raw source, a range, then streaming; the counts begin at 0. */
static inline void host_start(struct host *host, uint8_t select, uint8_t options)
{
	assert_int_equal(host_settings(host, 1, select, 0xc0, options, 0), 0);
	assert_int_equal(host_settings(host, 1, select, 0xc0, options, 3), 0);
	assert_true(vjs110_streaming(host->meter));
	host->count = host->frames = host->lost_frames = 0;
	host->next_index = 0;
}

static inline void host_clear(struct host *host)
{
	host->count = host->frames = 0;
}

/* Samples that a range switch disturbs, [to][from]: the sheet's matrix "M". */
static const uint8_t window_m[8][8] __attribute__((unused)) = {
	{0, 5, 5, 5, 5, 5, 6, 6}, {3, 0, 5, 5, 5, 6, 7, 8}, {4, 4, 0, 6, 6, 7, 7, 8},
	{4, 4, 4, 0, 6, 6, 7, 7}, {4, 4, 4, 4, 0, 6, 7, 6}, {4, 4, 4, 4, 4, 0, 7, 6},
	{4, 4, 4, 4, 4, 4, 0, 6}, {0, 0, 0, 0, 0, 0, 0, 0},
};

#endif
