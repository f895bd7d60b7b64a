/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The host's side of the joulebench protocol, against a played board behind a link that loses,
 * damages, doubles and delays.
 */
#include "drivers/dut/dut_exchange.h"
#include "tests/unit/drivers/fake_board.h"

static struct dut *dut_begin(void)
{
	struct dut *dut = NULL;

	fake_link_init();
	memset(&board, 0, sizeof(board));
	wire_parser_init(&board.parser);
	fake_link.on_write = board_on_write;
	assert_int_equal(dut_open(&fake_link, &dut, &err), 0);
	return dut;
}

static struct dut *dut_begin_with_hello(void)
{
	struct dut *dut = dut_begin();
	struct wire_hello_reply hello;

	assert_int_equal(dut_hello(dut, &hello, &err), 0);
	return dut;
}

static void every_request(void **state)
{
	static const struct wire_run run = {.warmups = 1, .inferences = 10, .idle_before_ms = 20};
	struct dut *dut = dut_begin();
	struct wire_hello_reply hello;
	struct wire_check_reply check;
	struct wire_clock_reply clock;
	struct wire_temperature_reply temperature;
	struct wire_result_reply result;
	uint8_t bytes[1300];

	(void)state;
	assert_int_equal(dut_hello(dut, &hello, &err), 0);
	assert_string_equal(hello.chip, "stm32l4r5");
	assert_int_equal(hello.clock_hz[1], 120000000);
	assert_int_equal(dut_check(dut, 3000, &check, &err), 0);
	assert_int_equal(check.layer_count, 2);
	assert_int_equal(check.layer_crc32[1], 8);
	assert_int_equal(dut_set_clock(dut, 120000000, &clock, &err), 0);
	assert_int_equal(clock.hz, 120000000);
	assert_string_equal(clock.range, "range 1 boost");
	assert_int_equal(dut_temperature(dut, &temperature, &err), 0);
	assert_int_equal(temperature.millicelsius, -25500);
	assert_int_equal(dut_run(dut, &run, &err), 0);
	assert_int_equal(board.run.inferences, 10);
	assert_int_equal(board.run.idle_before_ms, 20);
	assert_int_equal(dut_poll_result(dut, 100, &result, &err), 0);
	assert_true(result.cycles == 123456789012);
	assert_string_equal(result.counters[0].name, "CPI");
	assert_int_equal(dut_read_output(dut, bytes, sizeof(bytes), &err), 0);
	for (size_t i = 0; i < sizeof(bytes); i++)
		assert_int_equal(bytes[i], (uint8_t)(i * 7));
	assert_int_equal(dut_stats(dut).requests, 5 + 3);
	assert_int_equal(dut_stats(dut).repeats, 0);
	assert_int_equal(dut_stats(dut).damaged, 0);
	dut_close(dut);
	dut_close(NULL);
	assert_int_equal(fake_link.closed, 0);
}

static void image_and_input_in_chunks(void **state)
{
	static const size_t sizes[] = {1, 511, 512, 513, 1024, 12345};
	struct dut *dut = dut_begin_with_hello();
	struct wire_hello_reply hello;
	uint8_t image[12345];

	(void)state;
	for (size_t i = 0; i < sizeof(image); i++)
		image[i] = (uint8_t)(i * 31 >> 3);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint32_t crc = wire_crc32(0, image, sizes[i]);

		assert_int_equal(dut_load_image(dut, image, sizes[i], crc, &err), 0);
		assert_memory_equal(board.flash, image, sizes[i]);
		assert_int_equal(board.flash[sizes[i]], 0xFF);
		assert_int_equal(dut_hello(dut, &hello, &err), 0);
		assert_int_equal(hello.image_bytes, sizes[i]);
		assert_int_equal(hello.image_crc32, crc);
	}
	assert_int_equal(dut_load_image(dut, image, 600, 12, &err), -EREMOTEIO);
	assert_non_null(
		strstr(err.text, "IMAGE_COMMIT: the board refused: CRC of the image differs"));
	assert_int_equal(dut_load_image(dut, image, 0, 0, &err), -EINVAL);
	assert_int_equal(dut_set_input(dut, image, 1999, &err), 0);
	assert_int_equal(board.input_bytes, 1999);
	assert_memory_equal(board.input, image, 1999);
	dut_close(dut);
}

static void check_fate(enum fate fate, unsigned repeats, unsigned damaged)
{
	struct dut *dut = dut_begin_with_hello();
	struct wire_temperature_reply temperature = {0};
	struct wire_clock_reply clock;

	board.fates[1] = fate;
	if (dut_temperature(dut, &temperature, &err))
		fail_msg("fate %d: %s", fate, err.text);
	assert_int_equal(temperature.vdda_mv, 3291);
	assert_int_equal(dut_stats(dut).repeats, repeats);
	assert_int_equal(dut_set_clock(dut, 120000000, &clock, &err), 0);
	assert_int_equal(dut_temperature(dut, &temperature, &err), 0);
	assert_int_equal(dut_stats(dut).repeats, repeats);
	assert_int_equal(dut_stats(dut).requests, 4);
	assert_int_equal(board.carried_out, 4);
	if (damaged)
		assert_true(dut_stats(dut).damaged >= damaged);
	else
		assert_int_equal(dut_stats(dut).damaged, 0);
	dut_close(dut);
}

static void one_mishap_of_each_kind(void **state)
{
	(void)state;
	check_fate(FATE_LOSE_REQUEST, 1, 0);
	check_fate(FATE_LOSE, 1, 0);
	check_fate(FATE_DAMAGE, 1, 1);
	check_fate(FATE_CUT, 1, 1);
	check_fate(FATE_LATE, 1, 0);
	check_fate(FATE_TWICE, 0, 0);
	check_fate(FATE_NOISE, 0, 1);
	check_fate(FATE_OLD, 0, 0);
	check_fate(FATE_LONG_CUT, 1, 1);
}

/* Any three mishaps in a row: the fourth attempt does it, and nothing is carried out twice. */
static void mishaps_in_any_order(void **state)
{
	(void)state;
	for (int a = 0; a < FATE_END; a++) {
		for (int b = 0; b < FATE_END; b++) {
			for (int c = 0; c < FATE_END; c++) {
				struct dut *dut = dut_begin_with_hello();
				struct wire_clock_reply clock;

				board.fates[1] = (enum fate)a;
				board.fates[2] = (enum fate)b;
				board.fates[3] = (enum fate)c;
				if (dut_set_clock(dut, 120000000, &clock, &err) ||
				    dut_set_input(dut, (const uint8_t *)"abc", 3, &err))
					fail_msg("%d %d %d: %s", a, b, c, err.text);
				assert_int_equal(board.carried_out, 3);
				assert_memory_equal(board.input, "abc", 3);
				dut_close(dut);
			}
		}
	}
}

static void silence_ends(void **state)
{
	struct dut *dut = dut_begin();
	struct wire_hello_reply hello;
	struct wire_check_reply check;
	uint8_t image[100] = {0};
	int64_t begin_ns;

	(void)state;
	for (int i = 0; i < 16; i++)
		board.fates[i] = i == 4 ? FATE_DELIVER : FATE_LOSE;
	begin_ns = fake_link.now_ns;
	assert_int_equal(dut_hello(dut, &hello, &err), -ETIMEDOUT);
	assert_int_equal((fake_link.now_ns - begin_ns) / MS, 4 * 1000);
	assert_non_null(strstr(err.text, "dut: HELLO: the board does not answer (4 attempts"));
	assert_int_equal(dut_hello(dut, &hello, &err), 0);
	begin_ns = fake_link.now_ns;
	assert_int_equal(dut_load_image(dut, image, sizeof(image), 0, &err), -ETIMEDOUT);
	assert_int_equal((fake_link.now_ns - begin_ns) / MS, 4 * 5000);
	begin_ns = fake_link.now_ns;
	assert_int_equal(dut_check(dut, 700, &check, &err), -ETIMEDOUT);
	assert_int_equal((fake_link.now_ns - begin_ns) / MS, 4 * 1700);
	assert_int_equal(dut_stats(dut).repeats, 3 + 3 + 3);
	fake_link.is_gone = true;
	begin_ns = fake_link.now_ns;
	assert_int_equal(dut_hello(dut, &hello, &err), -ENODEV);
	assert_int_equal(fake_link.now_ns, begin_ns);
	dut_close(dut);
}

static void sequence_numbers(void **state)
{
	struct dut *dut = dut_begin();
	struct wire_temperature_reply temperature;
	struct wire_hello_reply hello;
	uint16_t before = 0;

	(void)state;
	board.fates[0] = FATE_LOSE;
	assert_int_equal(dut_temperature(dut, &temperature, &err), 0);
	assert_int_equal(board.sequence_count, 3); /* HELLO twice, and then what was asked */
	assert_int_equal(board.sequences[0], 0);
	assert_int_equal(board.sequences[1], 0);
	assert_int_equal(board.sequences[2], 1);
	assert_int_equal(dut_hello(dut, &hello, &err), 0);
	assert_int_equal(board.sequences[3], 2);
	for (int i = 0; i < 66000; i++) {
		uint16_t now;

		assert_int_equal(dut_temperature(dut, &temperature, &err), 0);
		now = board.last_sequence;
		assert_int_not_equal(now, 0);
		assert_int_not_equal(now, before);
		before = now;
	}
	assert_int_equal(dut_sequence_after(65535), 1);
	assert_int_equal(dut_sequence_after(0), 1);
	dut_close(dut);
}

static void refusals(void **state)
{
	struct dut *dut = dut_begin_with_hello();
	struct wire_clock_reply clock = {.hz = 99};
	struct wire_run run = {.inferences = 1};
	struct wire_result_reply result;

	(void)state;
	assert_int_equal(dut_set_clock(dut, 5, &clock, &err), -EREMOTEIO);
	assert_string_equal(err.text,
			    "dut: CLOCK: the board refused: no clock level of 5 Hz (error 6)");
	assert_int_equal(clock.hz, 99);
	assert_int_equal(dut_poll_result(dut, 0, &result, &err), -EINVAL);
	board.refuse = true;
	assert_int_equal(dut_run(dut, &run, &err), -EREMOTEIO);
	assert_non_null(strstr(err.text, "RUN: the board refused: not?now"));
	assert_int_equal(dut_poll_result(dut, 0, &result, &err), -EINVAL);
	assert_int_equal(dut_fetch_result(dut, &result, &err), -EINVAL);
	dut_close(dut);
}

static void other_protocol_version(void **state)
{
	struct dut *dut = dut_begin();
	struct wire_hello_reply hello;
	int64_t begin_ns = fake_link.now_ns;

	(void)state;
	board.version = 3;
	assert_int_equal(dut_hello(dut, &hello, &err), -EPROTO);
	assert_non_null(strstr(err.text, "the board speaks protocol 3, this joulebench 2"));
	assert_true(fake_link.now_ns - begin_ns < 1100 * (int64_t)MS);
	dut_close(dut);
	assert_int_equal(dut_find_other_version((const uint8_t *)"JB\x02\x81\0\0\0\0\1\2\3\4", 12),
			 0);
	assert_int_equal(dut_find_other_version((const uint8_t *)"JB\x02\x81\0\0\xFF\xFF", 8), 0);
}

static void replies_of_the_wrong_size(void **state)
{
	struct dut *dut = dut_begin_with_hello();
	struct wire_frame reply = {
		.type = WIRE_TEMPERATURE | WIRE_REPLY, .sequence = 1, .count = 3};
	struct wire_temperature_reply temperature;
	uint8_t bytes[10];

	(void)state;
	board.fates[1] = FATE_LOSE;
	send_frame(&reply, MS);
	assert_int_equal(dut_temperature(dut, &temperature, &err), -EPROTO);
	assert_string_equal(err.text, "dut: TEMPERATURE: a reply of 3 bytes makes no sense");
	reply = (struct wire_frame){.type = WIRE_OUTPUT | WIRE_REPLY, .sequence = 2, .count = 9};
	board.fates[2] = FATE_LOSE;
	send_frame(&reply, MS);
	assert_int_equal(dut_read_output(dut, bytes, sizeof(bytes), &err), -EPROTO);
	reply = (struct wire_frame){.type = WIRE_INPUT | WIRE_REPLY, .sequence = 3, .count = 1};
	board.fates[3] = FATE_LOSE;
	send_frame(&reply, MS);
	assert_int_equal(dut_set_input(dut, bytes, sizeof(bytes), &err), -EPROTO);
	reply = (struct wire_frame){.type = WIRE_ERROR, .sequence = 4, .count = 1};
	board.fates[4] = FATE_LOSE;
	send_frame(&reply, MS);
	assert_int_equal(dut_temperature(dut, &temperature, &err), -EPROTO);
	dut_close(dut);
}

static void result_comes_by_itself(void **state)
{
	static const struct wire_run run = {.inferences = 3};
	struct dut *dut = dut_begin_with_hello();
	struct wire_temperature_reply temperature;
	struct wire_result_reply result;
	int64_t begin_ns;

	(void)state;
	board.run_ns = 800 * (int64_t)MS;
	assert_int_equal(dut_run(dut, &run, &err), 0);
	begin_ns = fake_link.now_ns;
	assert_int_equal(dut_poll_result(dut, 0, &result, &err), -EAGAIN);
	assert_int_equal(dut_poll_result(dut, 300, &result, &err), -EAGAIN);
	assert_int_equal((fake_link.now_ns - begin_ns) / MS, 300);
	assert_int_equal(dut_poll_result(dut, 5000, &result, &err), 0);
	assert_int_equal((fake_link.now_ns - begin_ns) / MS, 798);
	assert_int_equal(result.inferences, 3);
	assert_int_equal(dut_poll_result(dut, 0, &result, &err), 0); /* and stays known */

	/* Between a request and its reply. */
	board.run_ns = 3 * (int64_t)MS;
	assert_int_equal(dut_run(dut, &run, &err), 0);
	assert_int_equal(dut_temperature(dut, &temperature, &err), 0);
	assert_int_equal(dut_poll_result(dut, 0, &result, &err), 0);
	assert_int_equal(result.run_sequence, board.run_sequence);
	dut_close(dut);
}

static void lost_result_is_fetched(void **state)
{
	static const struct wire_run run = {.inferences = 3};
	struct dut *dut = dut_begin_with_hello();
	struct wire_result_reply result;

	(void)state;
	board.lose_result = true;
	assert_int_equal(dut_run(dut, &run, &err), 0);
	assert_int_equal(dut_poll_result(dut, 5000, &result, &err), -EAGAIN);
	assert_int_equal(dut_fetch_result(dut, &result, &err), 0);
	assert_int_equal(result.run_sequence, 1);
	board.run_sequence = 0; /* reset meanwhile */
	assert_int_equal(dut_fetch_result(dut, &result, &err), -EAGAIN);
	assert_non_null(strstr(err.text, "none yet"));
	board.run_sequence = 77;
	assert_int_equal(dut_fetch_result(dut, &result, &err), -EAGAIN);
	assert_non_null(strstr(err.text, "run 77"));
	dut_close(dut);
}

static void lost_run_reply(void **state)
{
	static const struct wire_run run = {.inferences = 3};
	struct wire_result_reply result;
	struct dut *dut = dut_begin_with_hello();

	(void)state;
	board.run_ns = 500 * (int64_t)MS; /* the result is the first that comes */
	board.fates[1] = FATE_LOSE;
	assert_int_equal(dut_run(dut, &run, &err), 0);
	assert_int_equal(dut_stats(dut).repeats, 0);
	assert_int_equal(dut_poll_result(dut, 0, &result, &err), 0);
	dut_close(dut);

	dut = dut_begin_with_hello();
	board.run_ns = 9000 * (int64_t)MS; /* far too late, and yet not lost */
	for (int i = 1; i < 16; i++)
		board.fates[i] = FATE_LOSE;
	assert_int_equal(dut_run(dut, &run, &err), -ETIMEDOUT);
	assert_int_equal(board.carried_out, 2);
	assert_int_equal(dut_poll_result(dut, 9000, &result, &err), 0);
	dut_close(dut);
}

static void run_that_fails_later(void **state)
{
	static const struct wire_run run = {.inferences = 3};
	struct dut *dut = dut_begin_with_hello();
	struct wire_frame refusal = {.sequence = 1};
	struct wire_result_reply result;

	(void)state;
	board.lose_result = true;
	assert_int_equal(dut_run(dut, &run, &err), 0);
	board_refuse(&refusal, WIRE_ERROR_SENSOR, "the sensor is dead");
	send_frame(&refusal, 50 * MS);
	assert_int_equal(dut_poll_result(dut, 100, &result, &err), -EREMOTEIO);
	assert_non_null(strstr(err.text, "RUN: the board refused: the sensor is dead"));
	dut_close(dut);
}

static void byte_by_byte(void **state)
{
	struct dut *dut = dut_begin();
	struct wire_hello_reply hello;

	(void)state;
	fake_link.read_max = 1;
	assert_int_equal(dut_hello(dut, &hello, &err), 0);
	assert_int_equal(dut_stats(dut).damaged, 0);
	dut_close(dut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_request),
		cmocka_unit_test(image_and_input_in_chunks),
		cmocka_unit_test(one_mishap_of_each_kind),
		cmocka_unit_test(mishaps_in_any_order),
		cmocka_unit_test(silence_ends),
		cmocka_unit_test(sequence_numbers),
		cmocka_unit_test(refusals),
		cmocka_unit_test(other_protocol_version),
		cmocka_unit_test(replies_of_the_wrong_size),
		cmocka_unit_test(result_comes_by_itself),
		cmocka_unit_test(lost_result_is_fetched),
		cmocka_unit_test(lost_run_reply),
		cmocka_unit_test(run_that_fails_later),
		cmocka_unit_test(byte_by_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
