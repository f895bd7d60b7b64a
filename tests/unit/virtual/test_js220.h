/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A host for the virtual JS220 that decodes frames by the device sheet on its own. Include after
 * cmocka.h.
 */
#ifndef TESTS_UNIT_VIRTUAL_TEST_JS220_H
#define TESTS_UNIT_VIRTUAL_TEST_JS220_H

#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/meters/js220.h"

#define PORTS      32
#define TICK_PS    500000
#define VALUES_MAX (1u << 19)

struct host_message { /* of ports 0 and 1 */
	unsigned port, bytes;
	uint8_t data[508];
};

struct host_series {
	size_t count, frames, gaps; /* gaps: jumps of sample_id between frames */
	uint32_t first_id, next_id;
	uint32_t *raw; /* sample bits */
};

struct host {
	struct vjs220 *meter;
	struct usb_device usb;
	int64_t now_ps;
	uint16_t out_id, in_id;
	unsigned lost_frames;
	bool in_begun;
	unsigned step[PORTS]; /* sample_id per sample */
	struct host_series series[PORTS];
	struct host_message messages[256];
	unsigned message_count, stats_count;
	uint8_t stats[64][192];
};

static inline uint64_t host_le(const uint8_t *from, unsigned bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | from[bytes];
	return value;
}

static inline void host_take_samples(struct host *host, unsigned port, const uint8_t *payload,
				     unsigned bytes)
{
	static const unsigned widths[PORTS] = {[16] = 16, 16, 16, 16, 4, 32, 32, 32, 1, 1, 1, 1, 1};
	struct host_series *series = &host->series[port];
	uint32_t id = (uint32_t)host_le(payload, 4);
	unsigned width = widths[port], count;

	assert_true(width != 0 && bytes > 4);
	count = (bytes - 4) * 8 / width;
	if (!series->raw)
		series->raw = calloc(VALUES_MAX, sizeof(*series->raw));
	if (series->frames++ == 0)
		series->first_id = id;
	else if (id != series->next_id)
		series->gaps++;
	series->next_id = id + count * host->step[port];
	assert_true(series->count + count <= VALUES_MAX);
	for (unsigned k = 0; k < count; k++) {
		unsigned at = k * width;
		uint32_t value = (uint32_t)host_le(payload + 4 + at / 8, (width + 7) / 8);

		if (width < 8)
			value = value >> (at % 8) & ((1u << width) - 1);
		series->raw[series->count++] = value;
	}
}

static inline void host_take_frame(struct host *host, const uint8_t *frame, unsigned bytes)
{
	uint32_t header = (uint32_t)host_le(frame, 4);
	unsigned length = header >> 16 & 0x1ff, port = header >> 25 & 31;

	assert_int_equal(header >> 30, 0);
	assert_int_equal(4 + length, bytes);
	if (host->in_begun)
		host->lost_frames += (uint16_t)((header & 0xffff) - host->in_id);
	host->in_begun = true;
	host->in_id = (uint16_t)(header + 1);
	if (port <= 1) {
		struct host_message *message = &host->messages[host->message_count++ % 256];

		message->port = port;
		message->bytes = length;
		memcpy(message->data, frame + 4, length);
	} else if (port == 30) {
		assert_int_equal(length, 192);
		memcpy(host->stats[host->stats_count++ % 64], frame + 4, 192);
	} else {
		host_take_samples(host, port, frame + 4, length);
	}
}

/* All that waits. */
static inline void host_pull(struct host *host)
{
	uint8_t buffer[64 * 512];
	int count;

	while ((count = host->usb.ops->bulk_in(host->usb.state, 0x82, buffer, sizeof(buffer))) > 0)
		for (int at = 0; at < count; at += 512)
			host_take_frame(host, buffer + at,
					(unsigned)(count - at < 512 ? count - at : 512));
	assert_int_equal(count, USB_NAK);
}

static inline int host_control(struct host *host, uint8_t type, uint8_t request, uint16_t value,
			       uint16_t length, uint8_t *data)
{
	const struct usb_setup setup = {type, request, value, 0, length};

	return host->usb.ops->control(host->usb.state, &setup, data);
}

static inline void host_send(struct host *host, unsigned port, const uint8_t *payload,
			     unsigned bytes)
{
	uint8_t frame[512];
	uint32_t header = host->out_id++ | bytes << 16 | port << 25;

	for (int i = 0; i < 4; i++)
		frame[i] = (uint8_t)(header >> (8 * i));
	memcpy(frame + 4, payload, bytes);
	assert_int_equal(host->usb.ops->bulk_out(host->usb.state, 0x01, frame, 4 + bytes),
			 4 + bytes);
}

static inline void host_publish(struct host *host, const char *topic, unsigned type, uint32_t value)
{
	uint8_t payload[44] = {0};

	memcpy(payload, topic, strlen(topic));
	payload[32] = (uint8_t)type;
	for (int i = 0; i < 4; i++)
		payload[36 + i] = (uint8_t)(value >> (8 * i));
	host_send(host, 1, payload, 44);
}

/* Sets a topic and wants the instrument's answer. */
static inline uint32_t host_set(struct host *host, const char *topic, uint32_t value)
{
	const struct host_message *answer;
	char name[33];

	host_publish(host, topic, 10, value);
	host_pull(host);
	assert_true(host->message_count > 0);
	answer = &host->messages[(host->message_count - 1) % 256];
	snprintf(name, sizeof(name), "%s#", topic);
	assert_string_equal((const char *)answer->data, name);
	assert_int_equal(answer->data[32], 14);
	return (uint32_t)host_le(answer->data + 36, 4);
}

static inline void host_connect(struct host *host, unsigned keep)
{
	uint8_t status = 0xff;

	host->out_id = 0;
	host->in_begun = false;
	assert_int_equal(host_control(host, 0xc0, 1, (uint16_t)keep, 1, &status), 1);
	assert_int_equal(status, 0);
}

static inline void host_new(struct host *host, uint64_t seed)
{
	memset(host, 0, sizeof(*host));
	host->meter = vjs220_new(seed);
	assert_non_null(host->meter);
	host->usb = vjs220_usb(host->meter);
	for (unsigned port = 16; port < PORTS; port++)
		host->step[port] = port >= 21 && port <= 23 ? 2 : 1;
	host_connect(host, 0);
	host_pull(host);
}

static inline void host_free(struct host *host)
{
	for (unsigned port = 0; port < PORTS; port++)
		free(host->series[port].raw);
	vjs220_free(host->meter);
}

static inline void host_clear_series(struct host *host)
{
	for (unsigned port = 0; port < PORTS; port++) {
		host->series[port].count = host->series[port].frames = 0;
		host->series[port].gaps = 0;
	}
	host->stats_count = 0;
}

/* Lets time pass, reading every millisecond. */
static inline void host_run(struct host *host, int64_t ps, double current_a, double voltage_v,
			    uint8_t logic)
{
	while (ps > 0) {
		int64_t slice_ps = ps < 1000000000 ? ps : 1000000000;

		vjs220_feed(host->meter, host->now_ps, host->now_ps + slice_ps, current_a,
			    voltage_v, logic);
		host->now_ps += slice_ps;
		ps -= slice_ps;
		host_pull(host);
	}
}

/* Feeds exactly this many ticks. */
static inline void host_run_ticks(struct host *host, uint64_t *ticks_done, uint64_t ticks,
				  double current_a, double voltage_v, uint8_t logic)
{
	*ticks_done += ticks;
	host_run(host, vjs220_tick_end_ps(host->meter, *ticks_done - 1) - host->now_ps, current_a,
		 voltage_v, logic);
}

static inline float host_float(const struct host *host, unsigned port, size_t k)
{
	float value;

	assert_true(k < host->series[port].count);
	memcpy(&value, &host->series[port].raw[k], 4);
	return value;
}

static inline double host_mean(const struct host *host, unsigned port, size_t from)
{
	double sum = 0;

	for (size_t k = from; k < host->series[port].count; k++)
		sum += host_float(host, port, k);
	return sum / (double)(host->series[port].count - from);
}

/* Auto ranging and these streams, a list ended by NULL. */
static inline void host_start(struct host *host, const char *const *switches)
{
	assert_int_equal(host_set(host, "s/i/range/mode", 4), 0);
	for (; *switches; switches++)
		assert_int_equal(host_set(host, *switches, 1), 0);
}

static const char *const current_only[] __attribute__((unused)) = {"s/i/ctrl", NULL};

#endif
