/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The board's command loop over a port and a runtime made for this test. Both write what they are
 * asked to do into one log, so that the order of a window's steps can be compared as text.
 */
#include "firmware/image/image.h"
#include "tests/unit/firmware/fake_port.h"

static void hello_tells_about_the_board(void **state)
{
	struct wire_hello_reply reply = hello();

	(void)state;
	assert_int_equal(reply.image_layout, IMAGE_LAYOUT_VERSION);
	assert_int_equal(reply.app_bytes, sizeof(app));
	assert_int_equal(reply.app_crc32, wire_crc32(0, app, sizeof(app)));
	assert_int_equal(reply.arena_bytes, sizeof(board.arena));
	assert_int_equal(reply.slot_bytes, SLOT_BYTES - PAGE_BYTES);
	assert_int_equal(reply.image_bytes, 0);
	assert_int_equal(reply.reset_cause, 0x14000000);
	assert_int_equal(reply.clock_count, 2);
	assert_int_equal(reply.clock_hz[1], 80000000);
	assert_string_equal(reply.chip, "chip");
	assert_string_equal(reply.options, "options");
}

static void an_image_is_loaded_and_survives_a_reset(void **state)
{
	uint8_t image[IMAGE_BYTES];

	(void)state;
	image_fill(image, 1);
	load();
	assert_memory_equal(board.slot, image, IMAGE_BYTES);
	assert_int_equal(hello().image_crc32, wire_crc32(0, image, sizeof(image)));
	agent_init(&agent);
	assert_int_equal(hello().image_bytes, IMAGE_BYTES);
	board.slot[700] ^= 1;
	agent_init(&agent);
	assert_int_equal(hello().image_bytes, 0);
	assert_int_equal(hello().image_crc32, 0);
}

static void a_damaged_record_is_no_image(void **state)
{
	uint8_t *record = board.slot + SLOT_BYTES - PAGE_BYTES;

	(void)state;
	load();
	for (int i = 0; i < 16; i++) {
		record[i] ^= 0x40;
		agent_init(&agent);
		assert_int_equal(hello().image_bytes, 0);
		record[i] ^= 0x40;
	}
	agent_init(&agent);
	assert_int_equal(hello().image_bytes, IMAGE_BYTES);
}

static void pages_are_erased_as_they_are_reached(void **state)
{
	uint8_t image[IMAGE_BYTES];
	struct wire_frame request;

	(void)state;
	image_fill(image, 1);
	memset(board.slot, 0x11, sizeof(board.slot));
	request = request_begin(IMAGE_BYTES, 0);
	ask_done(&request);
	assert_string_equal(board.events, "erase15 reply82 ");
	request = request_data(WIRE_IMAGE_DATA, 0, image, 512);
	ask_done(&request);
	assert_string_equal(board.events, "erase0 reply83 ");
	request = request_data(WIRE_IMAGE_DATA, 512, image + 512, 512);
	ask_done(&request);
	assert_string_equal(board.events, "reply83 ");
	request = request_data(WIRE_IMAGE_DATA, 1024, image + 1024, IMAGE_BYTES - 1024);
	ask_done(&request);
	assert_string_equal(board.events, "erase1 reply83 ");
	assert_int_equal(board.slot[2 * PAGE_BYTES], 0x11);
}

static void a_new_transfer_forgets_the_old_image(void **state)
{
	struct wire_frame request;

	(void)state;
	load();
	request = request_begin(SLOT_BYTES, 0);
	ask_refused(&request, WIRE_ERROR_PAYLOAD);
	assert_int_equal(hello().image_bytes, IMAGE_BYTES);
	request = request_begin(IMAGE_BYTES, 0);
	ask_done(&request);
	assert_int_equal(hello().image_bytes, 0);
	request = request_run(0, 1);
	ask_refused(&request, WIRE_ERROR_STATE);
	agent_init(&agent);
	assert_int_equal(hello().image_bytes, 0);
}

static void a_wrong_crc_is_not_committed(void **state)
{
	uint8_t image[IMAGE_BYTES];
	struct wire_frame request;

	(void)state;
	image_fill(image, 1);
	send_image(image, wire_crc32(0, image, sizeof(image)) ^ 1);
	request = request_plain(WIRE_IMAGE_COMMIT);
	ask_refused(&request, WIRE_ERROR_IMAGE);
	assert_int_equal(hello().image_bytes, 0);
	agent_init(&agent);
	assert_int_equal(hello().image_bytes, 0);
}

static void what_the_runtime_refuses_is_not_committed(void **state)
{
	uint8_t image[IMAGE_BYTES];
	struct wire_frame request;

	(void)state;
	image_fill(image, REFUSED_IMAGE);
	send_image(image, wire_crc32(0, image, sizeof(image)));
	request = request_plain(WIRE_IMAGE_COMMIT);
	ask_refused(&request, WIRE_ERROR_IMAGE);
	agent_init(&agent);
	assert_int_equal(hello().image_bytes, 0);
}

static void image_chunks_come_in_order(void **state)
{
	static const uint8_t bytes[WIRE_DATA_MAX];
	struct wire_frame request;

	(void)state;
	request = request_data(WIRE_IMAGE_DATA, 0, bytes, 8);
	ask_refused(&request, WIRE_ERROR_STATE);
	request = request_plain(WIRE_IMAGE_COMMIT);
	ask_refused(&request, WIRE_ERROR_STATE);
	request = request_begin(64, 0);
	ask_done(&request);
	request = request_data(WIRE_IMAGE_DATA, 8, bytes, 8);
	ask_refused(&request, WIRE_ERROR_PAYLOAD);
	request = request_data(WIRE_IMAGE_DATA, 0, bytes, 7);
	ask_refused(&request, WIRE_ERROR_PAYLOAD);
	request = request_data(WIRE_IMAGE_DATA, 0, bytes, 72);
	ask_refused(&request, WIRE_ERROR_PAYLOAD);
	request = request_data(WIRE_IMAGE_DATA, 0, bytes, 0);
	ask_refused(&request, WIRE_ERROR_PAYLOAD);
	request = request_data(WIRE_IMAGE_DATA, 0, bytes, 56);
	ask_done(&request);
	request = request_plain(WIRE_IMAGE_COMMIT);
	ask_refused(&request, WIRE_ERROR_STATE);
	request = request_data(WIRE_IMAGE_DATA, 56, bytes, 8);
	ask_refused(&request, WIRE_ERROR_STATE);
}

static void a_flash_failure_ends_the_transfer(void **state)
{
	static const uint8_t bytes[8];
	struct wire_frame request = request_begin(64, 0);

	(void)state;
	ask_done(&request);
	board.slot_failure = "the flash does not want to";
	request = request_data(WIRE_IMAGE_DATA, 0, bytes, 8);
	ask_refused(&request, WIRE_ERROR_FLASH);
	board.slot_failure = NULL;
	request = request_data(WIRE_IMAGE_DATA, 0, bytes, 8);
	ask_refused(&request, WIRE_ERROR_STATE);
}

static void a_repeated_request_is_answered_not_repeated(void **state)
{
	static const uint8_t bytes[8] = {1};
	struct wire_frame request = request_begin(64, 0), first;
	uint32_t programs;

	(void)state;
	ask_done(&request);
	request = request_data(WIRE_IMAGE_DATA, 0, bytes, 8);
	ask_done(&request);
	first = board.replies[0];
	programs = board.programs;
	ask_done(&request);
	assert_int_equal(board.programs, programs);
	assert_int_equal(first.type, board.replies[0].type);
	assert_int_equal(first.sequence, board.replies[0].sequence);
	assert_int_equal(first.count, board.replies[0].count);
	assert_memory_equal(first.payload, board.replies[0].payload, first.count);
	request.sequence = next_sequence++;
	ask_refused(&request, WIRE_ERROR_PAYLOAD); /* carried out again: bytes not due */
	ask_refused(&request, WIRE_ERROR_PAYLOAD);
}

static void sequence_0_is_always_carried_out(void **state)
{
	struct wire_frame request = request_begin(64, 0);

	(void)state;
	request.sequence = 0;
	ask_done(&request);
	assert_string_equal(board.events, "erase15 reply82 ");
	ask_done(&request);
	assert_string_equal(board.events, "erase15 reply82 ");
}

static void the_same_number_with_another_payload_is_a_new_request(void **state)
{
	struct wire_frame request = request_output(0, 4), other = request_output(4, 4);

	(void)state;
	load();
	request.sequence = other.sequence = 1000;
	ask_refused(&request, WIRE_ERROR_STATE);
	agent.output_valid = true;
	ask_refused(&request, WIRE_ERROR_STATE);
	ask_done(&other);
}

static void a_window_in_its_order(void **state)
{
	struct wire_frame request;
	struct wire_result_reply result;

	(void)state;
	load();
	request = request_run(2, 3);
	ask_done(&request);
	assert_string_equal(board.events, "reply87 drain mute down v ( - - ) ( - - ) invoke invoke "
					  "sleep20 ( UP invoke up invoke down invoke up DOWN ) "
					  "sleep30 unmute reply88 ");
	assert_int_equal(board.reply_count, 2);
	assert_int_equal(board.replies[1].sequence, request.sequence);
	result = result_of(&board.replies[1]);
	assert_int_equal(result.run_sequence, request.sequence);
	assert_int_equal(result.inferences, 3);
	assert_int_equal(result.cycles, 3 * (1000 + MARK_CYCLES) + MARK_CYCLES);
	assert_int_equal(result.output_bytes, OUTPUT_BYTES);
	assert_int_equal(result.clock_hz, 4000000);
	assert_int_equal(result.counter_count, 4);
	assert_string_equal(result.counters[0].name, "inf_min");
	assert_int_equal(result.counters[0].value, 1000 + MARK_CYCLES);
	assert_string_equal(result.counters[1].name, "inf_max");
	assert_string_equal(result.counters[2].name, "empty");
	assert_int_equal(result.counters[2].value, MARK_CYCLES);
	assert_string_equal(result.counters[3].name, "exits");
	assert_int_equal(result.counters[3].value, 0);
	request = request_plain(WIRE_LAYERS);
	request.count = (uint16_t)wire_layers_encode(&(struct wire_layers){0}, request.payload);
	ask_refused(&request, WIRE_ERROR_STATE);
}

/* The detector's latch is a counter of its own, where there is a detector. */
static void supply_is_watched(void **state)
{
	struct wire_result_reply result;
	struct wire_frame request;

	(void)state;
	board.has_detector = true;
	load();
	for (int low = 0; low < 2; low++) {
		board.supply_low = low;
		request = request_run(1, 2);
		ask_done(&request);
		result = result_of(&board.replies[1]);
		assert_int_equal(result.counter_count, 5);
		assert_string_equal(result.counters[4].name, "vdd_low");
		assert_int_equal(result.counters[4].value, low);
		assert_false(board.watching);
	}
}

static struct wire_frame request_layered(uint32_t inferences)
{
	struct wire_frame request = request_make(WIRE_RUN);
	struct wire_run run = {0, inferences, 0, 0, WIRE_RUN_LAYERS};

	request.count = (uint16_t)wire_run_encode(&run, request.payload);
	return request;
}

/* Line 2 toggles after each of three layers; each layer's cycles end at its mark. */
static void layers_are_marked_when_asked_for(void **state)
{
	struct wire_layers_reply layers;
	struct wire_result_reply result;
	struct wire_frame request;
	const struct wire_frame *reply;

	(void)state;
	board.op_count = 3;
	load();
	request = request_layered(2);
	ask_done(&request);
	assert_string_equal(board.events,
			    "reply87 drain mute down v ( - - ) ( - - ) - - - - sleep0 "
			    "( UP invoke ^ v ^ up invoke v ^ v down DOWN ) sleep0 unmute reply88 ");
	result = result_of(&board.replies[1]);
	assert_int_equal(result.flags, WIRE_RUN_LAYERS);
	assert_string_equal(result.counters[4].name, "layer");
	assert_int_equal(result.counters[4].value, MARK_CYCLES);
	request = request_plain(WIRE_LAYERS);
	request.count = (uint16_t)wire_layers_encode(&(struct wire_layers){1}, request.payload);
	reply = ask(&request);
	assert_true(wire_layers_reply_decode(reply->payload, reply->count, &layers));
	assert_int_equal(layers.run_sequence, result.run_sequence);
	assert_int_equal(layers.layer_count, 3);
	assert_int_equal(layers.count, 2);
	assert_int_equal(layers.cycles[0], 2 * MARK_CYCLES);
	request.count = (uint16_t)wire_layers_encode(&(struct wire_layers){0}, request.payload);
	request.sequence = ++next_sequence;
	reply = ask(&request);
	assert_true(wire_layers_reply_decode(reply->payload, reply->count, &layers));
	assert_int_equal(layers.count, 3);
	assert_int_equal(layers.cycles[0], 2 * (1000 + MARK_CYCLES));
}

static struct wire_frame request_exit(int32_t threshold)
{
	struct wire_frame request = request_make(WIRE_EXIT);

	request.count = (uint16_t)wire_exit_encode(&(struct wire_exit){threshold}, request.payload);
	return request;
}

static struct wire_paths_reply paths(void)
{
	struct wire_frame request = request_plain(WIRE_PATHS);
	const struct wire_frame *reply = ask(&request);
	struct wire_paths_reply to;

	assert_true(wire_paths_reply_decode(reply->payload, reply->count, &to));
	return to;
}

static void exits_are_told_for_each_inference(void **state)
{
	struct wire_frame request;

	(void)state;
	board.exit_every = 3;
	load();
	request = request_run(0, 10);
	ask_done(&request);
	assert_int_equal(result_of(&board.replies[1]).counters[3].value, 3);
	assert_int_equal(paths().inferences, 10);
	assert_int_equal(paths().run_sequence, request.sequence);
	assert_int_equal(paths().exited[0], 1 << 2 | 1 << 5);
	assert_int_equal(paths().exited[1], 1 << 0);
	request = request_exit(129);
	ask_refused(&request, WIRE_ERROR_PAYLOAD);
	request = request_exit(128);
	ask_done(&request);
	request = request_run(0, 10);
	ask_done(&request);
	assert_int_equal(result_of(&board.replies[1]).counters[3].value, 0);
	assert_int_equal(paths().exited[0], 0);
	request = request_run(0, WIRE_PATHS_MAX + 1);
	ask_refused(&request, WIRE_ERROR_PAYLOAD);
}

static void a_model_without_exit_has_no_paths(void **state)
{
	struct wire_frame request = request_exit(0);

	(void)state;
	ask_refused(&request, WIRE_ERROR_STATE);
	load();
	request = request_exit(0);
	ask_refused(&request, WIRE_ERROR_STATE);
	request = request_run(0, 3);
	ask_done(&request);
	assert_int_equal(paths().run_sequence, 0);
	assert_int_equal(paths().inferences, 0);
}

/* The 32-bit counter wraps inside most of these inferences. */
static void cycles_beyond_32_bits(void **state)
{
	struct wire_frame request;

	(void)state;
	load();
	board.invoke_cycles = 3000000000U;
	request = request_run(0, 5);
	ask_done(&request);
	assert_true(result_of(&board.replies[1]).cycles == 5 * 3000000007ULL + MARK_CYCLES);
}

static void a_lost_result_can_be_asked_for(void **state)
{
	struct wire_frame run, request = request_plain(WIRE_RESULT);
	const struct wire_frame *reply;

	(void)state;
	reply = ask(&request);
	assert_int_equal(result_of(reply).run_sequence, 0);
	load();
	run = request_run(0, 1);
	ask_done(&run);
	ask_done(&run); /* repeated: the answer only, no second window */
	assert_string_equal(board.events, "reply87 ");
	request = request_plain(WIRE_RESULT);
	reply = ask(&request);
	assert_int_equal(result_of(reply).run_sequence, run.sequence);
}

static void impossible_runs_are_refused(void **state)
{
	struct wire_run idle = {0, 1, AGENT_IDLE_MAX_MS + 1, 0};
	struct wire_frame request = request_run(0, 1);

	(void)state;
	ask_refused(&request, WIRE_ERROR_STATE);
	load();
	request = request_run(0, 0);
	ask_refused(&request, WIRE_ERROR_PAYLOAD);
	request = request_run(0, 1);
	request.count--;
	ask_refused(&request, WIRE_ERROR_PAYLOAD);
	request = request_run(0, 1);
	request.sequence = 0;
	ask_refused(&request, WIRE_ERROR_PAYLOAD);
	request = request_run(0, 1);
	wire_run_encode(&idle, request.payload);
	ask_refused(&request, WIRE_ERROR_PAYLOAD);
}

static void inputs_outputs_and_check(void **state)
{
	static const uint8_t input[4] = {10, 20, 30, 40};
	static const uint8_t output[OUTPUT_BYTES] = {1, 1, 11, 21, 31, 41, 1, 1};
	struct wire_frame request = request_plain(WIRE_CHECK);
	const struct wire_frame *reply;
	struct wire_check_reply check;
	uint32_t op = 2;

	(void)state;
	ask_refused(&request, WIRE_ERROR_STATE);
	request = request_data(WIRE_INPUT, 0, input, 4);
	ask_refused(&request, WIRE_ERROR_STATE);
	load();
	request = request_output(0, 1);
	ask_refused(&request, WIRE_ERROR_STATE);
	request = request_data(WIRE_INPUT, 2, input, 4);
	ask_done(&request);
	request = request_plain(WIRE_CHECK);
	reply = ask(&request);
	assert_true(wire_check_reply_decode(reply->payload, reply->count, &check));
	assert_int_equal(check.output_crc32, wire_crc32(0, output, OUTPUT_BYTES));
	assert_int_equal(check.layer_count, 3);
	assert_int_equal(check.layer_crc32[2], wire_crc32(0, &op, sizeof(op)));
	request = request_output(2, 4);
	reply = ask(&request);
	assert_int_equal(reply->count, 4);
	assert_memory_equal(reply->payload, output + 2, 4);
}

static void ranges_are_kept(void **state)
{
	static const uint8_t input[INPUT_BYTES + 1];
	struct wire_frame request;

	(void)state;
	load();
	agent.output_valid = true;
	request = request_data(WIRE_INPUT, 1, input, INPUT_BYTES);
	ask_refused(&request, WIRE_ERROR_PAYLOAD);
	request = request_data(WIRE_INPUT, UINT32_MAX, input, 2);
	ask_refused(&request, WIRE_ERROR_PAYLOAD);
	request = request_data(WIRE_INPUT, 0, input, INPUT_BYTES);
	ask_done(&request);
	request = request_output(OUTPUT_BYTES, 1);
	ask_refused(&request, WIRE_ERROR_PAYLOAD);
	request = request_output(UINT32_MAX, 2);
	ask_refused(&request, WIRE_ERROR_PAYLOAD);
	board.op_count = WIRE_LAYERS_MAX + 1;
	load();
	request = request_plain(WIRE_CHECK);
	ask_refused(&request, WIRE_ERROR_IMAGE);
}

static void clock_and_temperature(void **state)
{
	struct wire_clock clock = {80000000};
	struct wire_temperature_reply temperature;
	struct wire_frame request = request_make(WIRE_CLOCK);
	const struct wire_frame *reply;
	struct wire_clock_reply to;

	(void)state;
	request.count = (uint16_t)wire_clock_encode(&clock, request.payload);
	reply = ask(&request);
	assert_true(wire_clock_reply_decode(reply->payload, reply->count, &to));
	assert_int_equal(to.hz, 80000000);
	assert_int_equal(to.core_mv, 1200);
	assert_int_equal(to.wait_states, 3);
	assert_string_equal(to.range, "range 1");
	assert_int_equal(board.clock_index, 1);
	board.clock_failure = "the PLL did not lock";
	request.sequence = next_sequence++;
	ask_refused(&request, WIRE_ERROR_CLOCK);
	request.payload[0]++;
	ask_refused(&request, WIRE_ERROR_CLOCK);
	request = request_plain(WIRE_TEMPERATURE);
	reply = ask(&request);
	assert_true(wire_temperature_reply_decode(reply->payload, reply->count, &temperature));
	assert_int_equal(temperature.millicelsius, -1500);
	board.sensor_failure = "no sensor on this board";
	request.sequence = next_sequence++;
	ask_refused(&request, WIRE_ERROR_SENSOR);
}

static void strange_requests_are_refused_and_replies_ignored(void **state)
{
	struct wire_frame request = request_plain(0);

	(void)state;
	ask_refused(&request, WIRE_ERROR_TYPE);
	request = request_plain(WIRE_PATHS + 1);
	ask_refused(&request, WIRE_ERROR_TYPE);
	request = request_plain(WIRE_HELLO);
	request.count = 1;
	ask_refused(&request, WIRE_ERROR_PAYLOAD);
	board.reply_count = 0;
	request = request_plain(WIRE_HELLO | WIRE_REPLY);
	feed(&request);
	request = request_plain(WIRE_ERROR);
	feed(&request);
	assert_int_equal(board.reply_count, 0);
}

static void silence_ends_a_half_frame(void **state)
{
	static const uint8_t half[] = {0x4A, 0x42, WIRE_VERSION, WIRE_IMAGE_DATA, 9, 0, 0, 4};

	(void)state;
	for (size_t i = 0; i < sizeof(half); i++)
		agent_feed(&agent, half[i]);
	assert_int_equal(agent.parser.used, sizeof(half));
	agent_silence(&agent);
	assert_int_equal(hello().image_layout, IMAGE_LAYOUT_VERSION);
}

static void reset_comes_after_the_answer(void **state)
{
	struct wire_frame request = request_plain(WIRE_RESET);

	(void)state;
	if (!setjmp(board.reset)) {
		feed(&request);
		fail_msg("the board did not reset");
	}
	assert_string_equal(board.events, "reply8b drain reset ");
}

#define CASE(function) cmocka_unit_test_setup(function, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(hello_tells_about_the_board),
		CASE(an_image_is_loaded_and_survives_a_reset),
		CASE(a_damaged_record_is_no_image),
		CASE(pages_are_erased_as_they_are_reached),
		CASE(a_new_transfer_forgets_the_old_image),
		CASE(a_wrong_crc_is_not_committed),
		CASE(what_the_runtime_refuses_is_not_committed),
		CASE(image_chunks_come_in_order),
		CASE(a_flash_failure_ends_the_transfer),
		CASE(a_repeated_request_is_answered_not_repeated),
		CASE(sequence_0_is_always_carried_out),
		CASE(the_same_number_with_another_payload_is_a_new_request),
		CASE(a_window_in_its_order),
		CASE(supply_is_watched),
		CASE(layers_are_marked_when_asked_for),
		CASE(exits_are_told_for_each_inference),
		CASE(a_model_without_exit_has_no_paths),
		CASE(cycles_beyond_32_bits),
		CASE(a_lost_result_can_be_asked_for),
		CASE(impossible_runs_are_refused),
		CASE(inputs_outputs_and_check),
		CASE(ranges_are_kept),
		CASE(clock_and_temperature),
		CASE(strange_requests_are_refused_and_replies_ignored),
		CASE(silence_ends_a_half_frame),
		CASE(reset_comes_after_the_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
