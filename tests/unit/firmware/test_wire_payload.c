/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Payloads: each struct survives the trip, at its exact size only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "firmware/wire/wire.h"

/* ROUND_TRIP(NAME, STRUCT *FROM): into *to, refused at every other size. */
#define ROUND_TRIP(name, from, to)                                                                 \
	do {                                                                                       \
		static uint8_t trip_payload[WIRE_PAYLOAD_MAX + 64];                                \
		size_t trip_size = wire_##name##_encode(from, trip_payload);                       \
		assert_true(trip_size <= WIRE_PAYLOAD_MAX);                                        \
		for (size_t other = 0; other <= WIRE_PAYLOAD_MAX + 1; other++)                     \
			assert_int_equal(wire_##name##_decode(trip_payload, other, to),            \
					 other == trip_size);                                      \
		memset(to, 0xA5, sizeof(*(to)));                                                   \
		assert_true(wire_##name##_decode(trip_payload, trip_size, to));                    \
	} while (0)

static void hello_reply(void **state)
{
	struct wire_hello_reply from = {
		.image_layout = 1,
		.app_crc32 = 0x11223344,
		.app_bytes = 20000,
		.arena_bytes = 614400,
		.slot_bytes = 1044480,
		.image_crc32 = 0xDEADBEEF,
		.image_bytes = 300000,
		.reset_cause = 0x14000000,
		.uid = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
		.clock_count = 3,
		.clock_hz = {4000000, 16000000, 120000000},
		.chip = "stm32l4r5",
		.board = "nucleo-l4r5zi",
		.build = "O2",
		.compiler = "gcc 12",
		.options = "-O2",
	};
	struct wire_hello_reply to;

	(void)state;
	ROUND_TRIP(hello_reply, &from, &to);
	assert_memory_equal(&from, &to, sizeof(from));
}

static void hello_reply_with_too_many_clocks(void **state)
{
	struct wire_hello_reply hello = {.clock_count = WIRE_CLOCKS_MAX};
	uint8_t payload[WIRE_PAYLOAD_MAX];
	size_t size = wire_hello_reply_encode(&hello, payload);

	(void)state;
	assert_true(wire_hello_reply_decode(payload, size, &hello));
	payload[44] = WIRE_CLOCKS_MAX + 1;
	assert_false(wire_hello_reply_decode(payload, size, &hello));
}

static void texts_are_cut_and_ended(void **state)
{
	struct wire_hello_reply from = {0}, to;
	uint8_t payload[WIRE_PAYLOAD_MAX];
	size_t size;

	(void)state;
	memset(from.chip, 'x', sizeof(from.chip));
	size = wire_hello_reply_encode(&from, payload);
	assert_true(wire_hello_reply_decode(payload, size, &to));
	assert_int_equal(strlen(to.chip), sizeof(to.chip) - 1);
	memset(payload, 'y', size);
	memset(payload + 44, 0, 4);
	assert_true(wire_hello_reply_decode(payload, size, &to));
	assert_int_equal(strlen(to.options), sizeof(to.options) - 1);
}

static void image_begin(void **state)
{
	struct wire_image_begin from = {0x01020304, 0xF1F2F3F4}, to;
	uint8_t payload[WIRE_PAYLOAD_MAX];

	(void)state;
	ROUND_TRIP(image_begin, &from, &to);
	assert_memory_equal(&from, &to, sizeof(from));
	wire_image_begin_encode(&from, payload);
	assert_memory_equal(payload, "\x04\x03\x02\x01\xF4\xF3\xF2\xF1", 8);
}

static void data(void **state)
{
	static uint8_t bytes[WIRE_DATA_MAX + 1];
	static uint8_t payload[WIRE_PAYLOAD_MAX];
	struct wire_data to;

	(void)state;
	for (uint32_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 3);
	for (uint32_t count = 0; count <= WIRE_DATA_MAX; count++) {
		struct wire_data from = {count * 5, count, bytes};
		size_t size = wire_data_encode(&from, payload);

		assert_int_equal(size, 8 + count);
		assert_true(wire_data_decode(payload, size, &to));
		assert_int_equal(to.offset, from.offset);
		assert_int_equal(to.count, count);
		assert_memory_equal(to.bytes, bytes, count);
		assert_false(wire_data_decode(payload, size - 1, &to));
		assert_false(wire_data_decode(payload, size + 1, &to));
	}
	memcpy(payload + 4, "\x01\x02\x00\x00", 4); /* 513 */
	assert_false(wire_data_decode(payload, 8 + WIRE_DATA_MAX + 1, &to));
}

static void check_reply(void **state)
{
	static struct wire_check_reply from, to;

	(void)state;
	from.output_bytes = 12;
	from.output_crc32 = 0xAABBCCDD;
	for (uint32_t i = 0; i < WIRE_LAYERS_MAX; i++)
		from.layer_crc32[i] = i * 0x01010101;
	from.layer_count = WIRE_LAYERS_MAX;
	ROUND_TRIP(check_reply, &from, &to);
	assert_memory_equal(&from, &to, sizeof(from));
	from.layer_count = 2;
	memset(from.layer_crc32 + 2, 0, sizeof(from.layer_crc32) - 8);
	ROUND_TRIP(check_reply, &from, &to);
	assert_memory_equal(&from, &to, sizeof(from));
}

static void a_wild_count_is_refused(void **state)
{
	uint8_t payload[WIRE_PAYLOAD_MAX];
	struct wire_check_reply check;
	struct wire_result_reply result;

	(void)state;
	memset(payload, 0xFF, sizeof(payload));
	for (size_t size = 0; size <= WIRE_PAYLOAD_MAX; size++) {
		assert_false(wire_check_reply_decode(payload, size, &check));
		assert_false(wire_result_reply_decode(payload, size, &result));
	}
}

static void run(void **state)
{
	struct wire_run from = {1, 0xFFFFFFFF, 3, 4}, to;

	(void)state;
	ROUND_TRIP(run, &from, &to);
	assert_memory_equal(&from, &to, sizeof(from));
}

static void result_reply(void **state)
{
	struct wire_result_reply from = {
		.run_sequence = 513,
		.flags = 1,
		.inferences = 10,
		.cycles = 0x0123456789ABCDEF,
		.output_crc32 = 5,
		.output_bytes = 6,
		.clock_hz = 80000000,
		.counter_count = 2,
		.counters = {{"inf_min", UINT64_MAX}, {"empty", 12}},
	};
	struct wire_result_reply to;

	(void)state;
	ROUND_TRIP(result_reply, &from, &to);
	assert_int_equal(to.run_sequence, 513);
	assert_int_equal(to.flags, 1);
	assert_int_equal(to.inferences, 10);
	assert_true(to.cycles == 0x0123456789ABCDEF);
	assert_int_equal(to.output_crc32, 5);
	assert_int_equal(to.output_bytes, 6);
	assert_int_equal(to.clock_hz, 80000000);
	assert_int_equal(to.counter_count, 2);
	assert_string_equal(to.counters[0].name, "inf_min");
	assert_true(to.counters[0].value == UINT64_MAX);
	assert_string_equal(to.counters[1].name, "empty");
	assert_int_equal(to.counters[1].value, 12);
}

static void clock_request_and_reply(void **state)
{
	struct wire_clock clock = {120000000}, clock_to;
	struct wire_clock_reply from = {120000000, 1280, 5, "range 1 boost", "MSI 4 MHz"}, to;

	(void)state;
	ROUND_TRIP(clock, &clock, &clock_to);
	assert_int_equal(clock_to.hz, clock.hz);
	ROUND_TRIP(clock_reply, &from, &to);
	assert_memory_equal(&from, &to, sizeof(from));
}

static void temperature_reply(void **state)
{
	struct wire_temperature_reply from = {-40500, 3298}, to;

	(void)state;
	ROUND_TRIP(temperature_reply, &from, &to);
	assert_int_equal(to.millicelsius, -40500);
	assert_int_equal(to.vdda_mv, 3298);
}

static void output(void **state)
{
	struct wire_output from = {1000, WIRE_DATA_MAX}, to;
	uint8_t payload[WIRE_PAYLOAD_MAX];

	(void)state;
	ROUND_TRIP(output, &from, &to);
	assert_memory_equal(&from, &to, sizeof(from));
	from.count++;
	assert_false(wire_output_decode(payload, wire_output_encode(&from, payload), &to));
}

static void error_reply(void **state)
{
	struct wire_error_reply from = {WIRE_ERROR_FLASH, "the flash stays busy"}, to;

	(void)state;
	ROUND_TRIP(error_reply, &from, &to);
	assert_int_equal(to.code, WIRE_ERROR_FLASH);
	assert_string_equal(to.text, from.text);
}

static void layers(void **state)
{
	struct wire_layers request = {77}, request_to;
	struct wire_layers_reply from = {
		.run_sequence = 9, .layer_count = 200, .first = 77, .count = WIRE_LAYER_CYCLES_MAX};
	struct wire_layers_reply to = {0};
	uint8_t payload[WIRE_PAYLOAD_MAX];

	(void)state;
	ROUND_TRIP(layers, &request, &request_to);
	assert_int_equal(request_to.first, 77);
	for (uint32_t i = 0; i < from.count; i++)
		from.cycles[i] = UINT64_C(0x123456789A) * (i + 1);
	ROUND_TRIP(layers_reply, &from, &to);
	assert_memory_equal(&from, &to, sizeof(from));
	payload[12] = WIRE_LAYER_CYCLES_MAX + 1;
	assert_false(wire_layers_reply_decode(payload, 16 + 8 * (WIRE_LAYER_CYCLES_MAX + 1), &to));
}

static void exit_and_paths(void **state)
{
	struct wire_exit request = {-128}, request_to;
	struct wire_paths_reply from = {.run_sequence = 9, .inferences = 4095}, to = {0};
	uint8_t payload[WIRE_PAYLOAD_MAX];

	(void)state;
	ROUND_TRIP(exit, &request, &request_to);
	assert_int_equal(request_to.threshold, -128);
	for (uint32_t i = 0; i < sizeof(from.exited); i++)
		from.exited[i] = (uint8_t)(i * 7);
	ROUND_TRIP(paths_reply, &from, &to);
	assert_memory_equal(&from, &to, sizeof(from));
	assert_false(
		wire_paths_reply_decode(payload, wire_paths_reply_encode(&from, payload) - 1, &to));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_reply),
		cmocka_unit_test(hello_reply_with_too_many_clocks),
		cmocka_unit_test(texts_are_cut_and_ended),
		cmocka_unit_test(image_begin),
		cmocka_unit_test(data),
		cmocka_unit_test(check_reply),
		cmocka_unit_test(a_wild_count_is_refused),
		cmocka_unit_test(run),
		cmocka_unit_test(result_reply),
		cmocka_unit_test(clock_request_and_reply),
		cmocka_unit_test(temperature_reply),
		cmocka_unit_test(output),
		cmocka_unit_test(layers),
		cmocka_unit_test(exit_and_paths),
		cmocka_unit_test(error_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
