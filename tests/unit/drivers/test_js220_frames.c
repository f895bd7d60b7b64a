/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Joulescope JS220: frames, topics, statistics and joined streams, as bytes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/meter/js220_frames.h"
#include "drivers/meter/js220_streams.h"
#include "drivers/meter/js220_topics.h"

static uint64_t seed = 7;

static uint32_t below(uint32_t limit)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % limit;
}

/* The sheet's vector. */
static void header_vector(void **state)
{
	uint8_t frame[512] = {0x34, 0x12, 0xfc, 0x2b};
	struct js220_frame parsed;
	size_t at = 0;

	(void)state;
	assert_int_equal(js220_header(0x1234, 21, 508), 0x2bfc1234);
	assert_int_equal(js220_frame_next(frame, sizeof(frame), &at, &parsed), 1);
	assert_int_equal(parsed.id, 0x1234);
	assert_int_equal(parsed.length, 508);
	assert_int_equal(parsed.port, 21);
	assert_ptr_equal(parsed.payload, frame + 4);
	assert_int_equal(js220_frame_next(frame, sizeof(frame), &at, &parsed), 0);
}

/* A frame is whole, or it is none. */
static void frames_cut_at_every_byte(void **state)
{
	uint8_t payload[508] = {0}, frame[512];

	(void)state;
	for (size_t length = 0; length <= 508; length += 127) {
		size_t whole = js220_frame_pack(frame, 9, 1, payload, length);

		for (size_t count = 0; count <= 512; count++) {
			/* exactly as long as it is, so that reading on is seen */
			uint8_t *cut = malloc(count ? count : 1);
			struct js220_frame parsed;
			size_t at = 0;
			int rc;

			memcpy(cut, frame, count < whole ? count : whole);
			rc = js220_frame_next(cut, count, &at, &parsed);
			assert_int_equal(rc, !count ? 0 : count < whole ? -EPROTO : 1);
			assert_int_equal(at, count);
			free(cut);
		}
	}
	frame[3] |= 0x40; /* reserved bits */
	{
		struct js220_frame parsed;
		size_t at = 0;

		assert_int_equal(js220_frame_next(frame, 512, &at, &parsed), -EPROTO);
	}
}

static void put_signed(uint8_t *at, int64_t value, int64_t scale)
{
	js220_put_le(at, (uint64_t)(value * scale), 8);
}

/* The vendor's test of its own conversion. */
static void statistics_vector(void **state)
{
	uint8_t block[192] = {0x40, 0, 0, 0x92, 128};
	const int64_t q31 = INT64_C(1) << 31, q27 = INT64_C(1) << 27;
	struct js220_statistics s;

	(void)state;
	put_signed(block + 24, 64, q31);
	put_signed(block + 48, -128, q31);
	put_signed(block + 72, -192, q27);
	put_signed(block + 96 + 16, 128, q31);
	put_signed(block + 96 + 80, -384, q31);
	memset(block + 96 + 88, 0xff, 8); /* the upper half of a negative number */
	assert_true(js220_statistics_parse(block, 192, &s));
	assert_int_equal(s.count, 64);
	assert_true(s.current_a == 1.0 && s.voltage_v == -2.0 && s.power_w == -3.0);
	assert_true(s.charge_c == 2.0 && s.energy_j == -6.0);
	for (size_t length = 0; length < 192; length++)
		assert_false(js220_statistics_parse(block, length, &s));
	assert_false(js220_statistics_parse(block, 193, &s));
	block[3] = 0x82;
	assert_false(js220_statistics_parse(block, 192, &s));
	block[3] = 0x92;
	block[0] = 0;
	assert_false(js220_statistics_parse(block, 192, &s));
}

static void link_messages(void **state)
{
	uint8_t payload[44] = {1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 4, 0, 3, 1}, reply[44];
	struct js220_link link;

	(void)state;
	for (size_t length = 0; length <= sizeof(payload); length++) {
		assert_int_equal(js220_link_parse(payload, length, &link), length >= 24);
	}
	assert_int_equal(link.protocol, 0x01000000);
	assert_int_equal(link.firmware, 0x01030004);
	memset(payload, 0, sizeof(payload));
	payload[0] = 3;
	js220_put_le(payload + 12, UINT64_C(0x123456789abc), 8);
	assert_false(js220_link_parse(payload, 43, &link));
	assert_true(js220_link_parse(payload, 44, &link));
	assert_true(link.op == JS220_LINK_TIMESYNC && link.counter == UINT64_C(0x123456789abc));
	js220_timesync_reply(reply, link.counter, 1500000000, 2250000000);
	assert_int_equal(reply[0], 3);
	assert_true(js220_le(reply + 12, 8) == link.counter);
	assert_true(js220_le(reply + 20, 8) == UINT64_C(3) << 29); /* 1.5 s */
	assert_true(js220_le(reply + 28, 8) == UINT64_C(9) << 28);
	payload[0] = 4;
	js220_put_le(payload + 20, 77, 8);
	assert_false(js220_link_parse(payload, 35, &link));
	assert_true(js220_link_parse(payload, 36, &link));
	assert_true(link.op == JS220_LINK_TIMEMAP && link.counter == 77);
	payload[0] = 2;
	assert_false(js220_link_parse(payload, 44, &link));
}

static void topics(void **state)
{
	static const char json[] = "{\"dtype\": \"u8\", \"brief\": \"a, ]}\\\" b\", \"options\": "
				   "[[4, \"auto\"], [129, \"10 A\", \"10A\"], [5,\"manual\"]]}";
	uint8_t payload[JS220_PUBLISH_BYTES], metadata[36 + sizeof(json)] = "s/i/range/mode$";
	struct js220_publish publish;
	uint32_t value = 0;

	(void)state;
	assert_int_equal(js220_publish_u32(payload, "s/i/ctrl", 1), 44);
	for (size_t length = 0; length <= 44; length++)
		assert_int_equal(js220_publish_parse(payload, length, &publish), length >= 36);
	assert_string_equal(publish.topic, "s/i/ctrl");
	assert_true(publish.type == JS220_TYPE_U32 && publish.value == 1 && !publish.suffix);
	assert_int_equal(payload[33], 1); /* retained */
	js220_publish_u32(payload, "c/!ping", 1);
	assert_int_equal(payload[33], 0);
	payload[7] = '#';
	payload[32] = 14;
	js220_put_le(payload + 36, (uint32_t)-5, 8);
	assert_true(js220_publish_parse(payload, 44, &publish));
	assert_true(publish.suffix == '#' && (int64_t)publish.value == -5);
	memset(payload, 'x', 32);
	assert_false(js220_publish_parse(payload, 44, &publish));

	metadata[32] = JS220_TYPE_JSON;
	memcpy(metadata + 36, json, sizeof(json));
	assert_true(js220_publish_parse(metadata, sizeof(metadata), &publish));
	assert_string_equal(publish.topic, "s/i/range/mode");
	assert_true(js220_option_find(publish.json, "auto", &value) && value == 4);
	assert_true(js220_option_find(publish.json, "MANUAL", &value) && value == 5);
	assert_true(js220_option_find(publish.json, "10A", &value) && value == 129);
	assert_false(js220_option_find(publish.json, "10 AA", &value));
	assert_false(js220_option_find(publish.json, "1", &value));
	for (size_t length = 0; length < sizeof(json) - 1; length++) { /* cut anywhere */
		uint8_t *cut = malloc(36 + length);

		memcpy(cut, metadata, 36 + length);
		assert_true(js220_publish_parse(cut, 36 + length, &publish));
		(void)js220_option_find(publish.json, "manual", &value);
		free(cut);
	}
}

/* --- joined streams --------------------------------------------------------------------------- */

/* The world: current at sample n is n modulo 2^20, voltage minus that, range n / 50 modulo 6 in
 * both ticks, input k at tick t is bit k of t / 9. */
static const unsigned ports[] = {21, 22, 20, 24, 25, 26, 27};
static struct js220_streams streams;

static uint8_t level_at(uint64_t tick, unsigned line)
{
	return (uint8_t)(tick / 9 >> line & 1);
}

/* A frame of a port with `count` elements from tick on. */
static struct js220_frame frame_make(uint8_t *payload, unsigned signal, uint64_t tick, size_t count)
{
	size_t bytes = signal < 2 ? 4 * count : signal == 2 ? count / 2 : count / 8;

	memset(payload, 0, 508);
	js220_put_le(payload, tick, 4);
	for (size_t n = 0; n < count; n++) {
		uint64_t t = tick + n * (signal < 2 ? 2 : 1), sample = t / 2;
		float value = (float)(sample & 0xfffff) * (signal == 1 ? -1.0f : 1.0f);

		if (signal < 2)
			memcpy(payload + 4 + 4 * n, &value, 4);
		else if (signal == 2)
			payload[4 + n / 2] |= (uint8_t)((sample / 50 % 6) << (n % 2 * 4));
		else
			payload[4 + n / 8] |= (uint8_t)(level_at(t, signal - 3) << (n % 8));
	}
	return (struct js220_frame){0, ports[signal], 4 + bytes, payload};
}

static void check_run(const struct js220_run *run, uint64_t origin)
{
	for (size_t n = 0; n < run->count; n++) {
		uint64_t sample = origin + run->index + n;
		uint8_t logic = 0;

		for (unsigned half = 0; half < 2; half++)
			for (unsigned line = 0; line < 4; line++)
				logic |= (uint8_t)(level_at(2 * sample + half, line)
						   << (line + 4 * half));
		if (run->current_a[n] != (float)(sample & 0xfffff) ||
		    run->voltage_v[n] != -(float)(sample & 0xfffff) ||
		    run->range[n] != sample / 50 % 6 || run->logic[n] != logic)
			fail_msg("sample %llu: %g %g range %u logic %02x, not %02x",
				 (unsigned long long)sample, (double)run->current_a[n],
				 (double)run->voltage_v[n], run->range[n], run->logic[n], logic);
	}
}

static struct {
	uint64_t next, lost;
	bool duplicate, refused;
} got;

static void take_all(uint64_t origin)
{
	struct js220_run run;

	while (js220_streams_take(&streams, 1 + below(5000), &run)) {
		assert_int_equal(run.index, got.next + run.lost);
		check_run(&run, origin);
		got.next = run.index + run.count;
		got.lost += run.lost;
		got.duplicate |= run.is_duplicate;
		got.refused |= run.is_refused;
	}
}

/* Frames of seven ports, of random lengths, some of which do not arrive, arrive twice, or late.
 * Every sample is right or lost, whatever happens. */
static void streams_join(uint64_t origin_tick, uint64_t end_tick, uint32_t rare_loss,
			 uint32_t rare_twin, uint32_t rare_overlap)
{
	uint64_t at[7];
	uint8_t payload[508];

	memset(&got, 0, sizeof(got));
	js220_streams_init(&streams, 0x7f);
	js220_streams_reference(&streams, origin_tick - 100000);
	for (unsigned signal = 0; signal < 7; signal++)
		at[signal] = origin_tick - 2 * below(200);
	js220_streams_set_origin(&streams, origin_tick);
	for (;;) {
		unsigned signal = 0;
		struct js220_frame frame;
		size_t count;

		for (unsigned n = 1; n < 7; n++) /* the port that is furthest behind */
			if (at[n] < at[signal])
				signal = n;
		if (at[signal] >= end_tick)
			break;
		count = signal < 2 ? 1 + below(126) : 16 * (1 + below(62));
		if (rare_overlap && !below(rare_overlap) && at[signal] > origin_tick + 2000)
			at[signal] -= 2 * below(40);
		frame = frame_make(payload, signal, at[signal], count);
		at[signal] += count * (signal < 2 ? 2 : 1);
		if (rare_loss && !below(rare_loss))
			continue;
		assert_true(js220_streams_put(&streams, &frame));
		take_all(origin_tick / 2);
		if (rare_twin && !below(rare_twin)) {
			assert_true(js220_streams_put(&streams, &frame));
			take_all(origin_tick / 2);
		}
	}
	assert_true(got.next > (end_tick - origin_tick) / 2 - 1200);
}

static void streams_joined(void **state)
{
	(void)state;
	streams_join(1000000, 3000000, 0, 0, 0);
	assert_true(!got.lost && !got.duplicate && !got.refused);
	/* over 2^32 twice as far as not at all */
	streams_join((UINT64_C(5) << 32) - 200000, (UINT64_C(5) << 32) + 200000, 0, 0, 0);
	assert_true(!got.lost && !got.duplicate && !got.refused);
	streams_join(1000000, 3000000, 50, 0, 0);
	assert_true(got.lost && !got.duplicate && !got.refused);
	streams_join(1000000, 3000000, 0, 50, 0);
	assert_true(!got.lost && got.duplicate && !got.refused);
	streams_join(1000000, 3000000, 0, 0, 50);
	assert_true(!got.lost && got.duplicate && !got.refused);
	streams_join(1000000, 5000000, 70, 60, 80);
	assert_true(got.lost && got.duplicate && !got.refused);
}

/* One frame with a senseless id must not throw the rest away. */
static void a_wild_id_is_refused(void **state)
{
	static const int64_t jumps[] = {INT64_C(10) * JS220_TICK_HZ, -INT64_C(10) * JS220_TICK_HZ};
	uint8_t payload[508];

	(void)state;
	for (int n = 0; n < 2; n++) {
		memset(&got, 0, sizeof(got));
		js220_streams_init(&streams, 0);
		js220_streams_set_origin(&streams, 40000000);
		for (uint64_t tick = 40000000; tick < 40000000 + 252 * 100; tick += 252)
			for (unsigned signal = 0; signal < 2; signal++) {
				struct js220_frame frame = frame_make(payload, signal, tick, 126);
				struct js220_run run;

				if (tick == 40000000 + 252 * 50 && signal == 1)
					js220_put_le(payload, tick + (uint64_t)jumps[n], 4);
				assert_true(js220_streams_put(&streams, &frame));
				while (js220_streams_take(&streams, 4096, &run)) {
					got.next = run.index + run.count;
					got.lost += run.lost;
					got.refused |= run.is_refused;
				}
			}
		assert_true(got.refused);
		assert_int_equal(got.lost, 126);
		assert_int_equal(got.next, 126 * 100);
	}
}

/* Anything may come in frames; nothing may be read or written beside. */
static void fuzz(void **state)
{
	uint64_t total = 0;

	(void)state;
	js220_streams_init(&streams, 0x7f);
	for (int round = 0; round < 60000; round++) {
		size_t count = 1 + below(1024), at = 0;
		uint8_t *bytes = malloc(count);
		struct js220_frame frame;
		struct js220_publish publish;
		struct js220_statistics statistics;
		struct js220_link link;
		struct js220_run run;
		uint32_t value;
		int rc;

		for (size_t n = 0; n < count; n++)
			bytes[n] = (uint8_t)below(256);
		for (size_t n = 0; n < count && below(4);
		     n += 512) { /* mostly well-formed headers */
			size_t length = count - n < 512 ? count - n : 512;

			if (length >= 8)
				js220_put_le(bytes + n,
					     js220_header((uint16_t)round, 16 + below(15),
							  below((uint32_t)length - 3)),
					     4);
			if (length >= 8 && below(3))
				js220_put_le(bytes + n + 4, (uint64_t)round * 200 + below(300), 4);
		}
		if (!below(100))
			js220_streams_set_origin(&streams, (uint64_t)round * 200);
		while ((rc = js220_frame_next(bytes, count, &at, &frame))) {
			if (rc < 0)
				continue;
			(void)js220_statistics_parse(frame.payload, frame.length, &statistics);
			(void)js220_link_parse(frame.payload, frame.length, &link);
			if (js220_publish_parse(frame.payload, frame.length, &publish) &&
			    publish.type == JS220_TYPE_JSON)
				(void)js220_option_find(publish.json, "auto", &value);
			(void)js220_streams_put(&streams, &frame);
			while (js220_streams_take(&streams, 1 + below(9000), &run))
				total += run.count;
		}
		free(bytes);
	}
	(void)total;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_vector),
		cmocka_unit_test(frames_cut_at_every_byte),
		cmocka_unit_test(statistics_vector),
		cmocka_unit_test(link_messages),
		cmocka_unit_test(topics),
		cmocka_unit_test(streams_joined),
		cmocka_unit_test(a_wild_id_is_refused),
		cmocka_unit_test(fuzz),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
