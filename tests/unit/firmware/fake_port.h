/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A board made of variables for the agent's tests: its port and its runtime, and the host's side of
 * the line. Including this file defines them in the test's program.
 */
#ifndef TESTS_UNIT_FIRMWARE_FAKE_PORT_H
#define TESTS_UNIT_FIRMWARE_FAKE_PORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "firmware/agent/agent.h"
#include "firmware/image/image.h"
#include "firmware/ports/port.h"

enum {
	PAGE_BYTES = 1024,
	SLOT_BYTES = 16 * PAGE_BYTES,
	IMAGE_BYTES = 1501, /* neither whole pages nor whole double-words */
	INPUT_BYTES = 16,
	OUTPUT_BYTES = 8,
	MARK_CYCLES = 7,
	REFUSED_IMAGE = 0x99, /* an image that begins so is refused by the runtime */
	EVENTS_BYTES = 4096,
	REPLIES_MAX = 16,
};

static struct {
	char events[EVENTS_BYTES];
	struct wire_parser parser;
	struct wire_frame replies[REPLIES_MAX];
	int reply_count;
	_Alignas(16) uint8_t slot[SLOT_BYTES];
	_Alignas(16) uint8_t arena[4096];
	const char *slot_failure;
	const char *clock_failure;
	const char *sensor_failure;
	uint32_t clock_index;
	uint32_t cycles;
	uint32_t invoke_cycles;
	uint32_t op_count;
	struct image_header header; /* all of the image that the agent looks at */
	unsigned exit_every; /* every so many inferences end at the exit; 0: none */
	unsigned invocations;
	uint32_t programs;
	jmp_buf reset;
	bool uart_busy;
	bool has_detector, supply_low, watching;
} board;

static void event(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void event(const char *format, ...)
{
	size_t used = strlen(board.events);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(board.events + used, sizeof(board.events) - used, format, arguments);
	va_end(arguments);
}

/* --- port ------------------------------------------------------------------------------------- */

const struct port_about port_about = {"chip", "board", "build", "compiler", "options"};
const struct port_marks port_marks = {1, 2, 4, 8, 16, 32};
const struct port_clock_level port_clock_levels[] = {
	{4000000, 1000, 0, "range 2", "RC"},
	{80000000, 1200, 3, "range 1", "PLL"},
};
const uint32_t port_clock_count = 2;
static const uint8_t app[24] = "the firmware's bytes";

struct port_memory port_app(void)
{
	return (struct port_memory){app, sizeof(app)};
}

void port_uid(uint8_t uid[12])
{
	memset(uid, 0x5A, 12);
}

uint32_t port_reset_cause(void)
{
	return 0x14000000;
}

_Noreturn void port_reset(void)
{
	event("reset ");
	longjmp(board.reset, 1);
}

uint8_t *port_arena(uint32_t *ret_count)
{
	*ret_count = sizeof(board.arena);
	return board.arena;
}

bool port_uart_read(uint8_t *ret_byte, uint32_t silent_ms)
{
	(void)ret_byte;
	(void)silent_ms;
	fail_msg("the test feeds the agent itself");
	return false;
}

void port_uart_write(const uint8_t *bytes, uint32_t count)
{
	struct wire_frame frame;

	for (uint32_t i = 0; i < count; i++) {
		if (!wire_parser_feed(&board.parser, bytes[i], &frame))
			continue;
		event("reply%02x ", frame.type);
		assert_true(board.reply_count < REPLIES_MAX);
		board.replies[board.reply_count++] = frame;
	}
	board.uart_busy = true;
}

void port_uart_drain(void)
{
	event("drain ");
	board.uart_busy = false;
}

void port_uart_mute(void)
{
	assert_false(board.uart_busy);
	event("mute ");
}

void port_uart_unmute(void)
{
	event("unmute ");
}

void port_sleep_ms(uint32_t ms)
{
	event("sleep%u ", ms);
}

void port_window_enter(void)
{
	event("( ");
}

void port_window_leave(void)
{
	event(") ");
}

uint32_t port_mark(uint32_t word)
{
	static const char *const names[] = {
		[0] = "-", [1] = "UP", [2] = "DOWN", [4] = "up", [8] = "down",
		[16] = "^", [32] = "v"};

	event("%s ", names[word]);
	board.cycles += MARK_CYCLES;
	return board.cycles;
}

const char *port_clock_set(uint32_t index)
{
	board.clock_index = board.clock_failure ? 0 : index;
	return board.clock_failure;
}

uint32_t port_clock_now(void)
{
	return board.clock_index;
}

struct port_memory port_slot(void)
{
	return (struct port_memory){board.slot, sizeof(board.slot)};
}

uint32_t port_slot_page_bytes(void)
{
	return PAGE_BYTES;
}

const char *port_slot_erase(uint32_t offset)
{
	assert_true(offset % PAGE_BYTES == 0 && offset < SLOT_BYTES);
	event("erase%u ", offset / PAGE_BYTES);
	if (!board.slot_failure)
		memset(board.slot + offset, 0xFF, PAGE_BYTES);
	return board.slot_failure;
}

/* As strict as flash: whole units, and only where it is erased. */
const char *port_slot_program(uint32_t offset, const uint8_t *bytes, uint32_t count)
{
	assert_true(offset % PORT_SLOT_UNIT == 0 && count % PORT_SLOT_UNIT == 0);
	assert_true((uintptr_t)bytes % 4 == 0 && offset + count <= SLOT_BYTES);
	board.programs++;
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(board.slot[offset + i], 0xFF);
		if (!board.slot_failure)
			board.slot[offset + i] = bytes[i];
	}
	return board.slot_failure;
}

const char *port_temperature(int32_t *ret_millicelsius, uint32_t *ret_vdda_mv)
{
	if (!board.sensor_failure) {
		*ret_millicelsius = -1500;
		*ret_vdda_mv = 3300;
	}
	return board.sensor_failure;
}

bool port_supply_watch(void)
{
	board.watching = board.has_detector;
	return board.watching;
}

bool port_supply_was_low(void)
{
	bool low = board.watching && board.supply_low;

	board.watching = false;
	return low;
}

/* --- runtime: adds one to the first input bytes ------------------------------------------------
 */

enum runtime_status runtime_open(struct runtime *runtime, const void *image, uint32_t image_bytes,
				 void *arena, uint32_t arena_bytes)
{
	assert_ptr_equal(image, board.slot);
	assert_ptr_equal(arena, board.arena);
	assert_int_equal(arena_bytes, sizeof(board.arena));
	if (board.slot[0] == REFUSED_IMAGE)
		return RUNTIME_BAD_LAYOUT;
	assert_int_equal(image_bytes, IMAGE_BYTES);
	memset(arena, 0xCC, arena_bytes);
	board.header.exit_op = board.exit_every ? 0 : IMAGE_NO_OP;
	*runtime = (struct runtime){.image = image,
				    .header = &board.header,
				    .arena = arena,
				    .op_count = board.op_count,
				    .input_bytes = INPUT_BYTES,
				    .output_bytes = OUTPUT_BYTES};
	return RUNTIME_OK;
}

uint16_t runtime_kernel_sets(void)
{
	return 5;
}

const char *runtime_status_text(enum runtime_status status)
{
	return status == RUNTIME_BAD_LAYOUT ? "another layout" : "another reason";
}

void runtime_write_input(struct runtime *runtime, uint32_t offset, const void *bytes,
			 uint32_t count)
{
	assert_true(offset + count <= INPUT_BYTES);
	memcpy(runtime->arena + offset, bytes, count);
}

void runtime_read_output(const struct runtime *runtime, uint32_t offset, void *bytes,
			 uint32_t count)
{
	assert_true(offset + count <= OUTPUT_BYTES);
	memcpy(bytes, runtime->arena + INPUT_BYTES + offset, count);
}

void runtime_invoke(struct runtime *runtime, runtime_trace_fn *trace, void *context)
{
	event("invoke ");
	board.invocations++;
	runtime->exited = board.exit_every && board.invocations % board.exit_every == 0 &&
			  runtime->exit_threshold <= 127;
	board.cycles += board.invoke_cycles;
	for (int i = 0; i < OUTPUT_BYTES; i++)
		runtime->arena[INPUT_BYTES + i] = (uint8_t)(runtime->arena[i] + 1);
	for (uint32_t op = 0; trace && op < runtime->op_count; op++)
		trace(context, op, &op, sizeof(op));
}

/* --- the host's side ---------------------------------------------------------------------------
 */

static struct agent agent;
static uint16_t next_sequence;

static int setup(void **state)
{
	(void)state;
	memset(&board, 0, sizeof(board));
	memset(board.slot, 0xFF, sizeof(board.slot));
	board.op_count = 3;
	board.invoke_cycles = 1000;
	wire_parser_init(&board.parser);
	agent_init(&agent);
	next_sequence = 1;
	return 0;
}

static void feed(const struct wire_frame *frame)
{
	uint8_t bytes[WIRE_FRAME_MAX];
	size_t count = wire_frame_write(frame, bytes);

	for (size_t i = 0; i < count; i++)
		agent_feed(&agent, bytes[i]);
}

static struct wire_frame request_make(uint8_t type)
{
	return (struct wire_frame){.type = type, .sequence = next_sequence++};
}

/* Sends a request; exactly one answer with its sequence number comes first. */
static const struct wire_frame *ask(const struct wire_frame *request)
{
	board.reply_count = 0;
	board.events[0] = 0;
	feed(request);
	assert_true(board.reply_count >= 1);
	assert_int_equal(board.replies[0].sequence, request->sequence);
	return &board.replies[0];
}

static void ask_done(const struct wire_frame *request)
{
	assert_int_equal(ask(request)->type, request->type | WIRE_REPLY);
}

static void ask_refused(const struct wire_frame *request, enum wire_error_code code)
{
	const struct wire_frame *reply = ask(request);
	struct wire_error_reply error;

	assert_int_equal(reply->type, WIRE_ERROR);
	assert_int_equal(board.reply_count, 1);
	assert_true(wire_error_reply_decode(reply->payload, reply->count, &error));
	assert_int_equal(error.code, code);
	assert_true(strlen(error.text) > 10);
}

static struct wire_frame request_plain(uint8_t type)
{
	return request_make(type);
}

static struct wire_frame request_begin(uint32_t bytes, uint32_t crc32)
{
	struct wire_frame request = request_make(WIRE_IMAGE_BEGIN);
	struct wire_image_begin begin = {bytes, crc32};

	request.count = (uint16_t)wire_image_begin_encode(&begin, request.payload);
	return request;
}

static struct wire_frame request_data(uint8_t type, uint32_t offset, const uint8_t *bytes,
				      uint32_t count)
{
	struct wire_frame request = request_make(type);
	struct wire_data data = {offset, count, bytes};

	request.count = (uint16_t)wire_data_encode(&data, request.payload);
	return request;
}

static struct wire_frame request_run(uint32_t warmups, uint32_t inferences)
{
	struct wire_frame request = request_make(WIRE_RUN);
	struct wire_run run = {warmups, inferences, 20, 30};

	request.count = (uint16_t)wire_run_encode(&run, request.payload);
	return request;
}

static struct wire_frame request_output(uint32_t offset, uint32_t count)
{
	struct wire_frame request = request_make(WIRE_OUTPUT);
	struct wire_output output = {offset, count};

	request.count = (uint16_t)wire_output_encode(&output, request.payload);
	return request;
}

static void image_fill(uint8_t image[IMAGE_BYTES], uint8_t first)
{
	for (int i = 0; i < IMAGE_BYTES; i++)
		image[i] = (uint8_t)(i * 5 + first);
}

/* BEGIN and all DATA. */
static void send_image(const uint8_t *image, uint32_t crc32)
{
	struct wire_frame request = request_begin(IMAGE_BYTES, crc32);

	ask_done(&request);
	for (uint32_t at = 0; at < IMAGE_BYTES; at += WIRE_DATA_MAX) {
		uint32_t left = IMAGE_BYTES - at;

		request = request_data(WIRE_IMAGE_DATA, at, image + at,
				       left < WIRE_DATA_MAX ? left : WIRE_DATA_MAX);
		ask_done(&request);
	}
}

static void load(void)
{
	uint8_t image[IMAGE_BYTES];
	struct wire_frame request;

	image_fill(image, 1);
	send_image(image, wire_crc32(0, image, sizeof(image)));
	request = request_plain(WIRE_IMAGE_COMMIT);
	ask_done(&request);
}

static struct wire_hello_reply hello(void)
{
	struct wire_frame request = request_plain(WIRE_HELLO);
	const struct wire_frame *reply = ask(&request);
	struct wire_hello_reply to;

	assert_int_equal(reply->type, WIRE_HELLO | WIRE_REPLY);
	assert_true(wire_hello_reply_decode(reply->payload, reply->count, &to));
	return to;
}

static struct wire_result_reply result_of(const struct wire_frame *reply)
{
	struct wire_result_reply to;

	assert_int_equal(reply->type, WIRE_RESULT | WIRE_REPLY);
	assert_true(wire_result_reply_decode(reply->payload, reply->count, &to));
	return to;
}

#endif
