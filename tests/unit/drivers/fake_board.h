/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A board that speaks firmware/wire over the fake link, and what may happen to its replies.
 * Including this file defines them in the test's program.
 */
#ifndef TESTS_UNIT_DRIVERS_FAKE_BOARD_H
#define TESTS_UNIT_DRIVERS_FAKE_BOARD_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "drivers/dut/dut.h"
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

#endif
