/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The host's side of the joulebench protocol, against a played board behind a link that loses,
 * damages, doubles and delays.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "drivers/dut/dut.h"
#include "drivers/dut/dut_exchange.h"
#include "tests/unit/drivers/fake_link.h"

enum { FLASH_BYTES = 20000, MS = 1000000 };

/* What happens to the next reply. */
enum fate {
	FATE_DELIVER = 0,
	FATE_LOSE_REQUEST,
	FATE_LOSE,
	FATE_DAMAGE, /* one bit */
	FATE_CUT,    /* the last bytes are missing */
	FATE_LATE,   /* comes after the time-out */
	FATE_TWICE,
	FATE_NOISE,    /* rubbish in front */
	FATE_OLD,      /* a reply with an old sequence number in front */
	FATE_LONG_CUT, /* the head of a long frame in front, and never the rest */
	FATE_END,
};

struct board {
	struct wire_parser parser;
	uint8_t flash[FLASH_BYTES];
	uint32_t image_bytes, image_crc32; /* announced */
	uint32_t committed_bytes, committed_crc32;
	uint8_t input[2000];
	uint32_t input_bytes;
	unsigned carried_out; /* requests, repeats not among them */
	bool has_answered;
	uint16_t last_sequence;
	uint16_t sequences[200]; /* as received */
	size_t sequence_count;
	struct wire_frame last_reply;
	struct wire_run run;
	uint16_t run_sequence;
	int64_t run_ns;
	bool lose_result, refuse;
	enum fate fates[16];
	size_t fate_at;
	int version; /* spoken by the board, 0: ours */
};

static struct board board;
static struct err err;

static uint32_t crc_of_output(void)
{
	return wire_crc32(0, "output", 6);
}

static void board_result(struct wire_frame *reply)
{
	struct wire_result_reply result = {
		.run_sequence = board.run_sequence,
		.inferences = board.run.inferences,
		.cycles = 123456789012,
		.output_crc32 = crc_of_output(),
		.counter_count = 1,
		.counters = {{.name = "CPI", .value = 42}},
	};

	reply->count = (uint16_t)wire_result_reply_encode(&result, reply->payload);
}

static void board_refuse(struct wire_frame *reply, uint16_t code, const char *text)
{
	struct wire_error_reply error = {.code = code};

	snprintf(error.text, sizeof(error.text), "%s", text);
	reply->type = WIRE_ERROR;
	reply->count = (uint16_t)wire_error_reply_encode(&error, reply->payload);
}

static void board_hello(struct wire_frame *reply)
{
	struct wire_hello_reply hello = {
		.image_layout = 3,
		.image_bytes = board.committed_bytes,
		.image_crc32 = board.committed_crc32,
		.clock_count = 2,
		.clock_hz = {4000000, 120000000},
		.chip = "stm32l4r5",
	};

	reply->count = (uint16_t)wire_hello_reply_encode(&hello, reply->payload);
}

static void board_take_data(const struct wire_frame *request, uint8_t *to, uint32_t capacity,
			    struct wire_frame *reply)
{
	struct wire_data data;

	if (!wire_data_decode(request->payload, request->count, &data) ||
	    data.offset + data.count > capacity)
		board_refuse(reply, WIRE_ERROR_PAYLOAD, "does not fit");
	else
		memcpy(to + data.offset, data.bytes, data.count);
	if (to == board.input && data.offset + data.count > board.input_bytes)
		board.input_bytes = data.offset + data.count;
}

static void board_commit(struct wire_frame *reply)
{
	if (wire_crc32(0, board.flash, board.image_bytes) != board.image_crc32) {
		board_refuse(reply, WIRE_ERROR_IMAGE, "CRC of the image differs");
		return;
	}
	board.committed_bytes = board.image_bytes;
	board.committed_crc32 = board.image_crc32;
}

static void board_begin(const struct wire_frame *request)
{
	struct wire_image_begin begin;

	assert_true(wire_image_begin_decode(request->payload, request->count, &begin));
	board.image_bytes = begin.bytes;
	board.image_crc32 = begin.crc32;
	memset(board.flash, 0xFF, sizeof(board.flash));
}

static void board_check(struct wire_frame *reply)
{
	struct wire_check_reply check = {
		.output_crc32 = crc_of_output(), .layer_count = 2, .layer_crc32 = {7, 8}};

	reply->count = (uint16_t)wire_check_reply_encode(&check, reply->payload);
}

static void board_clock(const struct wire_frame *request, struct wire_frame *reply)
{
	struct wire_clock_reply set = {.core_mv = 1280, .range = "range 1 boost"};
	struct wire_clock clock;

	assert_true(wire_clock_decode(request->payload, request->count, &clock));
	if (clock.hz != 120000000) {
		board_refuse(reply, WIRE_ERROR_CLOCK, "no clock level of 5 Hz");
		return;
	}
	set.hz = clock.hz;
	reply->count = (uint16_t)wire_clock_reply_encode(&set, reply->payload);
}

static void board_output(const struct wire_frame *request, struct wire_frame *reply)
{
	struct wire_output part;

	assert_true(wire_output_decode(request->payload, request->count, &part));
	for (uint32_t i = 0; i < part.count; i++)
		reply->payload[i] = (uint8_t)((part.offset + i) * 7);
	reply->count = (uint16_t)part.count;
}

static void board_carry_out(const struct wire_frame *request, struct wire_frame *reply)
{
	static const struct wire_temperature_reply warm = {.millicelsius = -25500, .vdda_mv = 3291};

	switch (request->type) {
	case WIRE_HELLO:
		board_hello(reply);
		break;
	case WIRE_IMAGE_BEGIN:
		board_begin(request);
		break;
	case WIRE_IMAGE_DATA:
		board_take_data(request, board.flash, sizeof(board.flash), reply);
		break;
	case WIRE_IMAGE_COMMIT:
		board_commit(reply);
		break;
	case WIRE_INPUT:
		board_take_data(request, board.input, sizeof(board.input), reply);
		break;
	case WIRE_CHECK:
		board_check(reply);
		break;
	case WIRE_RUN:
		assert_true(wire_run_decode(request->payload, request->count, &board.run));
		board.run_sequence = request->sequence;
		break;
	case WIRE_RESULT:
		board_result(reply);
		break;
	case WIRE_CLOCK:
		board_clock(request, reply);
		break;
	case WIRE_TEMPERATURE:
		reply->count = (uint16_t)wire_temperature_reply_encode(&warm, reply->payload);
		break;
	case WIRE_OUTPUT:
		board_output(request, reply);
		break;
	default:
		fail();
	}
}

static size_t frame_bytes(const struct wire_frame *frame, uint8_t *bytes)
{
	size_t count = wire_frame_write(frame, bytes);
	uint32_t crc;

	if (!board.version)
		return count;
	bytes[2] = (uint8_t)board.version;
	crc = wire_crc32(0, bytes + 2, count - 6);
	for (int i = 0; i < 4; i++)
		bytes[count - 4 + (size_t)i] = (uint8_t)(crc >> (8 * i));
	return count;
}

static void send_frame(const struct wire_frame *frame, int64_t delay_ns)
{
	uint8_t bytes[WIRE_FRAME_MAX];

	fake_link_send(bytes, frame_bytes(frame, bytes), delay_ns);
}

static void board_send(const struct wire_frame *reply, enum fate fate)
{
	static const uint8_t noise[] = "J\0JBJB\x01\x81\xFF\xFF noise";
	static const uint8_t long_head[] = {'J', 'B', WIRE_VERSION, 0x81, 0, 0, 0xE8, 3, 1, 2, 3};
	struct wire_frame old = {.type = reply->type, .sequence = (uint16_t)(reply->sequence - 1)};
	uint8_t bytes[WIRE_FRAME_MAX];
	size_t count = frame_bytes(reply, bytes);

	if (fate == FATE_NOISE)
		fake_link_send(noise, sizeof(noise) - 1, MS);
	if (fate == FATE_LONG_CUT)
		fake_link_send(long_head, sizeof(long_head), MS);
	if (fate == FATE_OLD)
		send_frame(&old, MS);
	if (fate == FATE_DAMAGE)
		bytes[count - 5] ^= 0x10;
	if (fate != FATE_LOSE)
		fake_link_send(bytes, fate == FATE_CUT ? count - 3 : count,
			       fate == FATE_LATE ? 1500 * (int64_t)MS : 2 * MS);
	if (fate == FATE_TWICE)
		fake_link_send(bytes, count, 3 * MS);
}

/* As the firmware does it: a repeat of the last request gets the last reply. */
static void board_answer(const struct wire_frame *request, enum fate fate)
{
	bool is_repeat =
		board.has_answered && request->sequence && request->sequence == board.last_sequence;
	struct wire_frame result = {.type = WIRE_RESULT | WIRE_REPLY,
				    .sequence = request->sequence};

	board.sequences[board.sequence_count++ % 200] = request->sequence;
	if (!is_repeat) {
		board.last_reply = (struct wire_frame){.type = request->type | WIRE_REPLY,
						       .sequence = request->sequence};
		board.carried_out++;
		if (board.refuse)
			board_refuse(&board.last_reply, WIRE_ERROR_STATE, "not\nnow");
		else
			board_carry_out(request, &board.last_reply);
		board.has_answered = true;
		board.last_sequence = request->sequence;
	}
	board_send(&board.last_reply, fate);
	if (request->type == WIRE_RUN && !is_repeat && !board.lose_result) {
		board_result(&result);
		send_frame(&result, board.run_ns);
	}
}

static void board_on_write(void *device, const uint8_t *bytes, size_t count)
{
	struct wire_frame request;

	(void)device;
	for (size_t i = 0; i < count; i++) {
		enum fate fate;

		if (!wire_parser_feed(&board.parser, bytes[i], &request))
			continue;
		fate = board.fate_at < 16 ? board.fates[board.fate_at++] : FATE_DELIVER;
		if (fate != FATE_LOSE_REQUEST)
			board_answer(&request, fate);
	}
}

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
	board.version = 2;
	assert_int_equal(dut_hello(dut, &hello, &err), -EPROTO);
	assert_non_null(strstr(err.text, "the board speaks protocol 2, this joulebench 1"));
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
