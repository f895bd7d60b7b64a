/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The MLPerf Tiny front end over a port and a runtime made of variables. The front end is no part
 * of the host's libraries: its sources are part of this program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "firmware/image/image.h"
#include "firmware/mlperf_tiny/front.c"
#include "firmware/mlperf_tiny/front_text.c"
#include "firmware/mlperf_tiny/front_window.c"

enum { INPUT_BYTES = 70, OUTPUT_BYTES = 3, INVOKE_CYCLES = 1000000, MARK_CYCLES = 10 };

static struct {
	char said[8192];
	char events[4096];
	_Alignas(16) uint8_t slot[1024];
	_Alignas(16) uint8_t arena[1024];
	struct image_header header;
	enum runtime_status status;
	const char *clock_failure;
	uint32_t clock_index;
	uint32_t cycles;
	bool is_muted;
} board;

static struct front front;

static void event(const char *text)
{
	assert_true(strlen(board.events) + strlen(text) + 2 < sizeof(board.events));
	strcat(strcat(board.events, text), " ");
}

/* --- port ------------------------------------------------------------------------------------- */

const struct port_about port_about = {"chip", "some board", "build", "compiler", "options"};
const struct port_marks port_marks = {1, 2, 4, 8, 16, 32};
const struct port_clock_level port_clock_levels[] = {
	{4000000, 1000, 0, "range 2", "RC"},
	{100000000, 1200, 3, "range 1", "PLL"},
};
const uint32_t port_clock_count = 2;

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

uint8_t *port_arena(uint32_t *ret_count)
{
	*ret_count = sizeof(board.arena);
	return board.arena;
}

void port_uart_write(const uint8_t *bytes, uint32_t count)
{
	assert_false(board.is_muted);
	assert_true(strlen(board.said) + count < sizeof(board.said));
	strncat(board.said, (const char *)bytes, count);
}

void port_uart_drain(void)
{
	event("drain");
}

void port_uart_mute(void)
{
	board.is_muted = true;
	event("mute");
}

void port_uart_unmute(void)
{
	board.is_muted = false;
	event("unmute");
}

void port_sleep_ms(uint32_t ms)
{
	assert_int_equal(ms, FRONT_QUIET_MS);
	event("sleep");
}

void port_window_enter(void)
{
	event("(");
}

void port_window_leave(void)
{
	event(")");
}

uint32_t port_mark(uint32_t word)
{
	static const char *const names[] = {
		[1] = "UP", [2] = "DOWN", [4] = "up", [8] = "down", [16] = "high", [32] = "low"};

	if (word)
		event(names[word]);
	board.cycles += MARK_CYCLES;
	return board.cycles;
}

/* --- runtime: the first input bytes plus one -------------------------------------------------- */

enum runtime_status runtime_open(struct runtime *runtime, const void *image, uint32_t image_bytes,
				 void *arena, uint32_t arena_bytes)
{
	assert_ptr_equal(image, board.slot);
	assert_int_equal(image_bytes, sizeof(board.slot));
	assert_ptr_equal(arena, board.arena);
	assert_int_equal(arena_bytes, sizeof(board.arena));
	if (board.status != RUNTIME_OK)
		return board.status;
	memset(arena, 0xCC, arena_bytes);
	board.header.crc32 = 0x0123abcd;
	*runtime = (struct runtime){.image = image,
				    .header = &board.header,
				    .arena = arena,
				    .input_bytes = INPUT_BYTES,
				    .output_bytes = OUTPUT_BYTES};
	return RUNTIME_OK;
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
	assert_true(!trace && !context);
	event("invoke");
	board.cycles += INVOKE_CYCLES - MARK_CYCLES;
	for (int i = 0; i < OUTPUT_BYTES; i++)
		runtime->arena[INPUT_BYTES + i] = (uint8_t)(runtime->arena[i] + 1);
}

/* --- the host's side -------------------------------------------------------------------------- */

static void begin(bool is_energy)
{
	memset(&board, 0, sizeof(board));
	front_init(&front, is_energy);
}

static void ask(const char *command)
{
	board.said[0] = 0;
	board.events[0] = 0;
	for (; *command; command++)
		front_feed(&front, (uint8_t)*command);
}

static void ask_load(unsigned first)
{
	char digits[8];

	ask("db load 70%");
	assert_string_equal(board.said, "m-[Expecting 70 bytes]\r\nm-ready\r\n");
	for (unsigned i = 0; i < INPUT_BYTES; i++) {
		snprintf(digits, sizeof(digits), "db %02x%%", (first + i) & 0xFF);
		ask(digits);
		assert_string_equal(board.said, i + 1 < INPUT_BYTES ? "m-ready\r\n"
								    : "m-load-done\r\nm-ready\r\n");
	}
}

static void what_it_says_at_first(void **state)
{
	(void)state;
	begin(false);
	assert_string_equal(board.said, "m-timestamp-mode-performance\r\nm-lap-us-0\r\n"
					"m-clock-hz-100000000\r\nm-init-done\r\nm-ready\r\n");
	assert_string_equal(board.events, "");
	for (int i = 0; i < INPUT_BYTES; i++)
		assert_int_equal(board.arena[i], 0);
	assert_int_equal(board.arena[INPUT_BYTES], 0xCC);
	begin(true);
	assert_string_equal(board.said, "m-timestamp-mode-energy\r\nm-clock-hz-100000000\r\n"
					"m-init-done\r\nm-ready\r\n");
	assert_string_equal(board.events, "high low high ");
}

static void without_a_model_or_a_clock(void **state)
{
	static const char *const need_it[] = {"infer 1 1%", "results%", "db load 70%", "db 00%"};

	(void)state;
	memset(&board, 0, sizeof(board));
	board.status = RUNTIME_BAD_LAYOUT;
	board.clock_failure = "the PLL did not start";
	front_init(&front, false);
	assert_non_null(strstr(board.said, "e-[Clock: the PLL did not start]\r\n"));
	assert_non_null(strstr(board.said, "m-clock-hz-4000000\r\n"));
	assert_non_null(strstr(board.said, "e-[No model in the slot: another layout]\r\n"));
	assert_non_null(strstr(board.said, "m-init-done\r\nm-ready\r\n"));
	for (size_t i = 0; i < sizeof(need_it) / sizeof(need_it[0]); i++) {
		ask(need_it[i]);
		assert_string_equal(board.said,
				    "e-[No model in the slot: another layout]\r\nm-ready\r\n");
		assert_string_equal(board.events, "");
	}
	ask("profile%");
	assert_non_null(strstr(board.said, "m-model-[none]\r\nm-ready\r\n"));
}

static void short_commands(void **state)
{
	static const struct {
		const char *command, *answer;
	} cases[] = {
		{"name%", "m-name-dut-[some board]\r\n"},
		{"\r\n name %", "m-name-dut-[some board]\r\n"},
		{"profile%", "m-profile-[ULPMark for tinyML Firmware V0.0.1]\r\n"
			     "m-model-[image 0123abcd]\r\n"},
		{"timestamp%", "m-lap-us-0\r\n"},
		{"%", "e-[Unknown command: ]\r\n"},
		{"names%", "e-[Unknown command: names]\r\n"},
		{"nam%", "e-[Unknown command: nam]\r\n"},
		{"infer 0%", "e-[Inference iterations must be >0]\r\n"},
		{"infer -1%", "e-[Inference iterations must be >0]\r\n"},
		{"infer 2147483648 1%", "e-[Inference iterations must be >0]\r\n"},
		{"infer 1x%", "e-[Inference iterations must be >0]\r\n"},
		{"infer 1 -1%", "e-[Inference warmup must be >=0]\r\n"},
		{"db%", "e-[Command 'db' requires a subcommand]\r\n"},
		{"db load%", "e-[Command 'db load' must be >0 bytes]\r\n"},
		{"db load 0%", "e-[Command 'db load' must be >0 bytes]\r\n"},
		{"db load 71%", "e-[The model takes another number of bytes]\r\n"},
		{"db 00%", "e-[Command 'db load' must come first]\r\n"},
		{"db print%", "e-[Command 'db print' is not there]\r\n"},
	};

	(void)state;
	begin(false);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char expected[256];

		snprintf(expected, sizeof(expected), "%sm-ready\r\n", cases[i].answer);
		ask(cases[i].command);
		assert_string_equal(board.said, expected);
	}
}

static void commands_up_to_their_longest(void **state)
{
	char command[200];

	(void)state;
	begin(false);
	memset(command, 'x', sizeof(command));
	strcpy(command + FRONT_COMMAND_MAX, "%");
	ask(command);
	assert_int_equal(strlen(board.said), strlen("e-[Unknown command: ]\r\nm-ready\r\n") + 80);
	memset(command, 'x', sizeof(command));
	strcpy(command + FRONT_COMMAND_MAX + 1, "%name%");
	ask(command);
	assert_string_equal(board.said, "e-[The command is too long]\r\nm-ready\r\n"
					"m-name-dut-[some board]\r\nm-ready\r\n");
}

static void inputs(void **state)
{
	(void)state;
	begin(false);
	ask_load(200);
	for (int i = 0; i < INPUT_BYTES; i++)
		assert_int_equal(board.arena[i], (uint8_t)(200 + i));
	ask("db 00%");
	assert_string_equal(board.said, "e-[Command 'db load' must come first]\r\nm-ready\r\n");
	ask("db load 70%db 0aFf%");
	assert_int_equal(board.arena[0], 0x0A);
	assert_int_equal(board.arena[1], 0xFF);
	ask("db 123%");
	assert_string_equal(board.said, "e-[Insufficent number of hex digits]\r\nm-ready\r\n");
	ask("db 1g%");
	assert_string_equal(board.said, "e-[Invalid hex digit]\r\nm-ready\r\n");
	assert_int_equal(board.arena[2], 202);
	ask("infer 1 0%");
	assert_string_equal(board.said, "e-[The input is not complete]\r\nm-ready\r\n");
	assert_string_equal(board.events, "");
}

/* What comes behind the last byte due touches nothing. */
static void more_digits_than_due(void **state)
{
	(void)state;
	begin(false);
	ask("db load 70%db 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f%");
	ask("db 202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f%");
	ask("db 40414243444546474849%");
	assert_string_equal(board.said, "m-load-done\r\nm-ready\r\n");
	assert_int_equal(board.arena[69], 69);
	assert_int_equal(board.arena[70], 0xCC);
}

static void an_order_of_inferences(void **state)
{
	(void)state;
	begin(false);
	ask_load(254);
	ask("infer 3 2%");
	/* From mark to mark: three inferences, and the mark that ends the window. */
	assert_string_equal(board.said, "m-warmup-start-2\r\nm-warmup-done\r\nm-infer-start-3\r\n"
					"m-lap-us-20000\r\nm-lap-us-50000\r\nm-infer-done\r\n"
					"m-results-[-1,0,1]\r\nm-ready\r\n");
	assert_string_equal(board.events, "invoke invoke drain mute down sleep ( UP invoke up "
					  "invoke down invoke up DOWN ) sleep unmute ");
	ask("results%");
	assert_string_equal(board.said, "m-results-[-1,0,1]\r\nm-ready\r\n");
	ask("infer%");
	assert_non_null(strstr(board.said, "m-warmup-start-10\r\n"));
	assert_non_null(strstr(board.said, "m-infer-start-1\r\n"));
}

static void an_order_in_energy_mode(void **state)
{
	(void)state;
	begin(true);
	ask("infer 1 0%");
	assert_string_equal(board.said, "m-warmup-start-0\r\nm-warmup-done\r\nm-infer-start-1\r\n"
					"m-infer-done\r\nm-results-[1,1,1]\r\nm-ready\r\n");
	assert_string_equal(board.events, "drain mute down sleep ( low high UP invoke up DOWN low "
					  "high ) sleep unmute ");
	ask("timestamp%");
	assert_string_equal(board.said, "m-ready\r\n");
	assert_string_equal(board.events, "low high ");
}

static void an_edge_is_held(void **state)
{
	uint32_t from;

	(void)state;
	begin(true);
	from = board.cycles;
	ask("timestamp%");
	assert_true(board.cycles - from >= FRONT_EDGE_US * 100);
	assert_true(board.cycles - from <= FRONT_EDGE_US * 100 + 4 * MARK_CYCLES);
}

/* The counter's 32 bits are over after 43 s at 100 MHz; the laps are not. */
static void time_beyond_the_counter(void **state)
{
	unsigned long long start_us, end_us;

	(void)state;
	begin(false);
	front.clock.cycles = 1ull << 46;
	board.cycles = 0xFFFFFF00;
	front.clock.last = 0xFFFFFF00;
	for (int i = 0; i < 11; i++) {
		board.events[0] = 0;
		ask("infer 300 0%");
		assert_int_equal(sscanf(strstr(board.said, "m-lap-us-"),
					"m-lap-us-%llu\r\nm-lap-us-%llu", &start_us, &end_us),
				 2);
		/* and the last mark's 0.1 us; both laps are cut to whole ones */
		assert_in_range(end_us - start_us, 300 * 10000, 300 * 10000 + 1);
	}
	assert_true(start_us > (1ull << 46) / 100 + 10 * 300 * 10000ull - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_says_at_first),
		cmocka_unit_test(without_a_model_or_a_clock),
		cmocka_unit_test(short_commands),
		cmocka_unit_test(commands_up_to_their_longest),
		cmocka_unit_test(inputs),
		cmocka_unit_test(more_digits_than_due),
		cmocka_unit_test(an_order_of_inferences),
		cmocka_unit_test(an_order_in_energy_mode),
		cmocka_unit_test(an_edge_is_held),
		cmocka_unit_test(time_beyond_the_counter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
