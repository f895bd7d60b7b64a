/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Joulescope JS110: frames, calibration records, conversion and capture, as bytes.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/meter/js110_capture.h"

static uint64_t seed = 11;
static struct err err;

static uint32_t below(uint32_t limit)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % limit;
}

static void put_le(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

/* --- calibration ------------------------------------------------------------------------------ */

/* The published unit. */
static const char json_good[] =
	"{\"voltage\": {\"offset\": [-1150.5926513671875, -1150], \"gain\": "
	"[0.0009468112839385867, 3.1e-4]}, \"current\": {\"offset\": [-2806.7177734375, -2820, "
	"-2820, -2820, -2820, -2820, -2820, NaN], \"gain\": [6.828914629295468e-4, 1.6375e-4, "
	"1.46262e-5, 1.49376e-6, 1.49705e-7, 1.49839e-8, 1.49845e-9, NaN]}}";

/* By the polynomial, highest bit first: not as the driver has it. */
static uint32_t crc_slow(const uint8_t *bytes, size_t count)
{
	uint32_t crc = UINT32_MAX, mirrored = 0;

	for (size_t n = 0; n < 8 * count; n++) {
		uint32_t bit = bytes[n / 8] >> (n % 8) & 1;

		crc = crc << 1 ^ ((crc >> 31 ^ bit) ? 0x04c11db7 : 0);
	}
	for (int n = 0; n < 32; n++)
		mirrored |= (crc >> n & 1) << (31 - n);
	return ~mirrored;
}

static size_t record_put(uint8_t *at, const char *tag, const char *data)
{
	size_t length = strlen(data), size = (length + 12 + 7) / 8 * 8;

	memset(at, 0, size);
	memcpy(at, tag, 3);
	put_le(at + 4, length, 4);
	memcpy(at + 8, data, length);
	put_le(at + size - 4, crc_slow(at, size - 4), 4);
	return size;
}

static size_t blob_make(uint8_t *blob, const char *tag, const char *json)
{
	size_t size = 32;

	memcpy(blob, "\xd3tagfmt \r\n \n  \x1a\x1c", 16);
	size += record_put(blob + size, "HDR", "anything");
	size += record_put(blob + size, tag, json);
	size += record_put(blob + size, "END", "");
	put_le(blob + 16, size, 8);
	put_le(blob + 24, 0x01000000, 4);
	put_le(blob + 28, crc_slow(blob, 28), 4);
	return size;
}

static struct js110_calibration good(void)
{
	struct js110_calibration calibration;
	uint8_t blob[2048];
	size_t size = blob_make(blob, "AJS", json_good);

	if (js110_calibration_parse(blob, size, &calibration, &err))
		fail_msg("%s", err.text);
	return calibration;
}

static void calibration_read(void **state)
{
	struct js110_calibration calibration = good();

	(void)state;
	assert_true(calibration.current[0].offset == -2806.7177734375);
	assert_true(calibration.current[6].gain == 1.49845e-9);
	assert_true(calibration.voltage[0].gain == 0.0009468112839385867);
}

/* Cut at every byte, and with every bit wrong that its check sums cover. */
static void calibration_damaged(void **state)
{
	struct js110_calibration calibration;
	uint8_t blob[2048];
	size_t size = blob_make(blob, "AJS", json_good);
	size_t end = size - 16; /* of the record that counts */

	(void)state;
	for (size_t count = 0; count < size; count++) {
		uint8_t *cut = malloc(count ? count : 1);

		memcpy(cut, blob, count);
		assert_int_equal(js110_calibration_parse(cut, count, &calibration, &err), -EPROTO);
		free(cut);
	}
	for (size_t at = 0; at < end; at++) {
		blob[at] ^= (uint8_t)(1 << at % 8);
		assert_int_equal(js110_calibration_parse(blob, size, &calibration, &err), -EPROTO);
		blob[at] ^= (uint8_t)(1 << at % 8);
	}
	assert_int_equal(js110_calibration_parse(blob, size, &calibration, &err), 0);
	size = blob_make(blob, "XYZ", json_good);
	assert_int_equal(js110_calibration_parse(blob, size, &calibration, &err), -ENOENT);
}

static void calibration_absurd(void **state)
{
	static const struct {
		const char *from, *to;
		int code;
		const char *says;
	} cases[] = {
		{"1.49376e-6", "1.49376e-5", -ERANGE, "current gain 3 is 1.49376e-05"},
		{"1.49376e-6", "NaN", -ERANGE, "current gain 3 is nan"},
		{"1.49376e-6", "-1.49e-6", -ERANGE, "current gain 3"},
		{"-1150.5926513671875", "1150", -ERANGE, "voltage offset 0 is 1150"},
		{"-1150.5926513671875", "-1e9", -ERANGE, "voltage offset 0"},
		{"3.1e-4", "0", -ERANGE, "voltage gain 1 is 0"},
		{", 3.1e-4]", "]", -ENOENT, "not all in it"},
		{"3.1e-4", "\"3.1e-4\"", -ENOENT, "not all in it"},
		{"\"gain\"", "\"grain\"", -ENOENT, "not all in it"},
		{"\"current\"", "\"curr\"", -ENOENT, "not all in it"},
	};

	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		struct js110_calibration calibration;
		const char *at = strstr(json_good, cases[n].from);
		char json[1024];
		uint8_t blob[2048];
		int rc;

		assert_non_null(at);
		snprintf(json, sizeof(json), "%.*s%s%s", (int)(at - json_good), json_good,
			 cases[n].to, at + strlen(cases[n].from));
		rc = js110_calibration_parse(blob, blob_make(blob, "AJS", json), &calibration,
					     &err);
		if (rc != cases[n].code || !strstr(err.text, cases[n].says))
			fail_msg("case %zu: %d: %s", n, rc, err.text);
	}
}

/* --- frames ----------------------------------------------------------------------------------- */

static uint32_t word_make(unsigned range, unsigned current, unsigned voltage, unsigned phase)
{
	return (range & 3) | current << 2 | (range >> 2) << 16 | phase << 17 |
	       (uint32_t)voltage << 18;
}

static void frame_begin(uint8_t *frame, uint16_t index, unsigned voltage_range)
{
	memset(frame, 0, 512);
	frame[0] = 1;
	put_le(frame + 2, 512 | voltage_range << 15, 2);
	put_le(frame + 4, index, 2);
}

static void frames_cut_at_every_byte(void **state)
{
	struct js110_frame parsed;
	uint8_t frame[512];

	(void)state;
	frame_begin(frame, 0xfffe, 1);
	for (unsigned n = 0; n < 126; n++)
		put_le(frame + 8 + 4 * n, word_make(3, 100 + n, 200, n & 1), 4);
	for (size_t count = 0; count <= 512; count++) {
		uint8_t *cut = malloc(count ? count : 1);

		memcpy(cut, frame, count);
		assert_int_equal(js110_frame_parse(cut, count, &parsed), count == 512);
		free(cut);
	}
	assert_true(js110_frame_parse(frame, 512, &parsed));
	assert_int_equal(parsed.index, 0xfffe);
	assert_int_equal(parsed.voltage_range, 1);
	/* shifted by a word or by bytes, it is none */
	for (unsigned n = 0; n < 126; n++) {
		put_le(frame + 8 + 4 * n, word_make(3, 100 + n, 200, 1 - (n & 1)), 4);
		if (n < 125)
			assert_false(js110_frame_parse(frame, 512, &parsed));
	}
	assert_true(js110_frame_parse(frame, 512, &parsed)); /* either phase may be the first */
	put_le(frame + 8 + 4 * 70, JS110_MISSING, 4);        /* missing samples have none */
	assert_true(js110_frame_parse(frame, 512, &parsed));
	frame[0] = 2;
	assert_false(js110_frame_parse(frame, 512, &parsed));
	frame[0] = 1;
	frame[3] = 1;
	assert_false(js110_frame_parse(frame, 512, &parsed));
}

static void packets(void **state)
{
	const struct js110_settings settings = {0x80, 1, true};
	uint8_t packet[24], bytes[104] = {1, 104, 2};
	struct js110_status status;

	(void)state;
	js110_settings_pack(&settings, packet);
	assert_memory_equal(packet, "\x01\x10\x01\0\0\0\0\0\x01\x80\xc0\x02\x03\0\0\0", 16);
	js110_extio_pack(3, 2, 3300, packet);
	assert_memory_equal(packet,
			    "\x01\x18\x03\0\0\0\0\0\0\0\x03\x02\0\0\0\0\0\0\0\0\xe4\x0c\0\0", 24);
	put_le(bytes + 8, (uint32_t)-1, 4);
	put_le(bytes + 16, 5, 4);
	for (size_t count = 0; count <= 104; count++)
		assert_int_equal(js110_status_parse(bytes, count, &status), count == 104);
	assert_true(status.result == JS110_RESULT_NONE && status.discarded == 5);
}

/* --- conversion ------------------------------------------------------------------------------- */

static struct {
	float current_a[126], raw_current_a[126], voltage_v[126];
	uint8_t logic[126], range[126];
} out;

static bool convert(struct js110_converter *converter, const uint8_t *frame)
{
	const struct js110_output output = {out.current_a, out.raw_current_a, out.voltage_v,
					    out.logic, out.range};
	struct js110_frame parsed;

	assert_true(js110_frame_parse(frame, 512, &parsed));
	return js110_convert(converter, &parsed, output);
}

/* The vendor's vector: word 0x5DC07D00. Both ways through the converter. */
static void conversion_vector(void **state)
{
	struct js110_converter converter = {.calibration = good()};
	uint8_t frame[512];

	(void)state;
	js110_converter_restart(&converter);
	frame_begin(frame, 0, 0);
	for (unsigned n = 0; n < 126; n++)
		put_le(frame + 8 + 4 * n, 0x5dc07d00 | (n & 1) << 17, 4);
	for (int round = 0; round < 2; round++) {
		assert_false(convert(&converter, frame));
		for (unsigned n = 0; n < 126; n++) {
			assert_float_equal(out.current_a[n], 3.546448, 1e-6);
			assert_float_equal(out.voltage_v[n], 4.591474, 1e-6);
			assert_float_equal((double)out.current_a[n] * (double)out.voltage_v[n],
					   16.283423, 5e-6);
			assert_true(out.range[n] == 0 && out.logic[n] == 0);
			assert_true(out.raw_current_a[n] == out.current_a[n]);
		}
	}
}

/* The frame's fast way gives what single words give. */
static void fast_equals_slow(void **state)
{
	struct js110_converter fast = {.calibration = good()}, slow = fast;

	(void)state;
	for (unsigned lines = 0; lines <= 2; lines++)
		for (unsigned round = 0; round < 60; round++) {
			float current_a[126], voltage_v[126];
			uint8_t frame[512], logic[126];
			unsigned range = below(7), voltage_range = below(2);

			fast.lines = slow.lines = lines;
			js110_converter_restart(&fast);
			js110_converter_restart(&slow);
			fast.has_range = true;
			fast.range = (uint8_t)range;
			frame_begin(frame, 0, voltage_range);
			for (unsigned n = 0; n < 126; n++)
				put_le(frame + 8 + 4 * n,
				       word_make(range, below(16384), below(16384), n & 1), 4);
			assert_false(convert(&fast, frame));
			memcpy(current_a, out.current_a, sizeof(current_a));
			memcpy(voltage_v, out.voltage_v, sizeof(voltage_v));
			memcpy(logic, out.logic, sizeof(logic));
			assert_false(convert(&slow, frame)); /* knows no range yet */
			assert_memory_equal(logic, out.logic, sizeof(logic));
			for (unsigned n = 0; n < 126; n++) {
				float full_a = 16384 * (float)fast.calibration.current[range].gain;

				assert_float_equal(current_a[n], out.current_a[n], full_a * 1e-7f);
				assert_float_equal(voltage_v[n], out.voltage_v[n], 2e-6f);
			}
			assert_true(!memcmp(&fast.held_a, &current_a[125], 4));
		}
}

/* Every pair of ranges by the vendor's matrices, and a switch inside of a window. */
static void windows(void **state)
{
	static const uint8_t normal_to_6[8] = {5, 5, 5, 5, 5, 5, 0, 8};
	static const uint8_t fast_to_1[8] = {3, 0, 5, 5, 5, 6, 7, 8};

	(void)state;
	for (unsigned from = 0; from < 8; from++)
		for (int fast = 0; fast < 2; fast++)
			for (int hold = 0; hold < 2; hold++) {
				unsigned to = fast ? 1 : 6,
					 window = fast ? fast_to_1[from] : normal_to_6[from];
				struct js110_converter converter = {
					.calibration = good(),
					.on_switch = hold ? JS110_SWITCH_HOLD : JS110_SWITCH_NAN,
					.window = fast ? JS110_WINDOW_FAST : JS110_WINDOW_NORMAL};
				uint8_t frame[512];

				js110_converter_restart(&converter);
				frame_begin(frame, 0, 0);
				for (unsigned n = 0; n < 126; n++)
					put_le(frame + 8 + 4 * n,
					       word_make(n < 40 ? from : to, 8000 + n, 4000, n & 1),
					       4);
				convert(&converter, frame);
				for (unsigned n = 40; n < 126; n++) {
					float a = out.current_a[n];

					assert_false(isnan(out.raw_current_a[n]));
					if (n - 40 >= window)
						assert_true(a == out.raw_current_a[n]);
					else if (hold && from != 7)
						assert_true(a == out.raw_current_a[39]);
					else
						assert_true(isnan(a));
				}
			}
	{
		struct js110_converter converter = {.calibration = good()};
		unsigned nans = 0;
		uint8_t frame[512];

		js110_converter_restart(&converter);
		frame_begin(frame, 0, 0);
		for (unsigned n = 0; n < 126; n++)
			put_le(frame + 8 + 4 * n,
			       word_make(n < 40   ? 3
					 : n < 43 ? 2
						  : 4,
					 8000, 4000, n & 1),
			       4);
		assert_true(convert(&converter, frame));
		for (unsigned n = 0; n < 126; n++)
			nans += isnan(out.current_a[n]) != 0;
		assert_int_equal(nans, 3 + 5); /* 2 from 3, cut short; then 4 from 2 */
	}
}

/* --- capture ---------------------------------------------------------------------------------- */

static struct js110_capture capture;
static struct meter_block block;

/* Anything may come; nothing may be read beside, and what comes out is in order. */
static void fuzz(void **state)
{
	uint64_t next = 0;
	uint16_t index = 0;

	(void)state;
	capture.converter.calibration = good();
	capture.converter.lines = 2;
	capture.blocks.factor = 1;
	capture.blocks.misfit_samples = 1000;
	js110_capture_restart(&capture);
	for (int round = 0; round < 4000; round++) {
		size_t frames = 1 + below(8), count = 512 * frames - (below(4) ? 0 : below(512));
		uint8_t *bytes = malloc(count ? count : 1), frame[512];

		for (size_t at = 0; at < count; at += 512, index++) {
			unsigned range = below(20) ? 3 : below(8);

			if (!below(10))
				index = (uint16_t)(index + below(4) - 1);
			frame_begin(frame, index, below(2));
			for (unsigned n = 0; n < 126; n++)
				put_le(frame + 8 + 4 * n,
				       below(500)
					       ? word_make(range, below(16384), below(16384), n & 1)
					       : JS110_MISSING,
				       4);
			if (!below(10))
				frame[below(512)] ^= (uint8_t)(1 << below(8));
			memcpy(bytes + at, frame, count - at < 512 ? count - at : 512);
		}
		js110_capture_fill(&capture, bytes, count, round);
		meter_block_begin(&block);
		for (;;) {
			bool complete = js110_capture_collect(&capture, &block);

			if (block.count) {
				js110_capture_finish(&capture, &block);
				assert_true(block.count <= METER_BLOCK_MAX);
				assert_true(block.first_index == next + block.lost);
				next = block.first_index + block.count;
			}
			meter_block_begin(&block);
			if (!complete)
				break;
		}
		free(bytes);
	}
	assert_true(next > 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calibration_read),
		cmocka_unit_test(calibration_damaged),
		cmocka_unit_test(calibration_absurd),
		cmocka_unit_test(frames_cut_at_every_byte),
		cmocka_unit_test(packets),
		cmocka_unit_test(conversion_vector),
		cmocka_unit_test(fast_equals_slow),
		cmocka_unit_test(windows),
		cmocka_unit_test(fuzz),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
