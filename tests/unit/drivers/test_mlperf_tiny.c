/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The host's side of MLPerf Tiny's text protocol, against a played board that answers as the
 * reference firmware does (mlcommons/tiny, benchmark/api/internally_implemented.cpp) but where a
 * test says otherwise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "drivers/dut/mlperf_tiny.h"
#include "drivers/dut/mlperf_tiny_text.h"
#include "tests/unit/drivers/fake_link.h"

#define MS           1000000
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define RESULTS    "m-results-[0.004,0.000,0.996]\r\n"
#define INFER_HEAD "m-warmup-start-2\r\nm-warmup-done\r\nm-infer-start-10\r\n"
#define INFER_LAPS "m-lap-us-1000\r\nm-lap-us-4000500\r\n"
#define INFER      INFER_HEAD INFER_LAPS "m-infer-done\r\n" RESULTS "m-ready\r\n"

static struct {
	char command[256];
	size_t used;
	unsigned names;
	size_t due, loaded;
	uint8_t input[4096];
	const char *when;      /* commands that begin so are answered ... */
	const char *answer;    /* ... with this; NULL: as ever */
	unsigned dead_names;   /* so many "name" are not heard */
	int64_t busy_until_ns; /* answers come then at the earliest */
	char log[1 << 16];     /* what the host sent */
} board;

static struct err err;

static void say(const char *text)
{
	int64_t busy_ns = board.busy_until_ns - fake_link.now_ns;

	fake_link_send(text, strlen(text), busy_ns > 0 ? busy_ns : MS);
}

static void board_load(const char *argument)
{
	char text[64];

	board.due = (size_t)atoi(argument);
	board.loaded = 0;
	snprintf(text, sizeof(text), "m-[Expecting %zu bytes]\r\n", board.due);
	say(text);
}

static void board_bytes(const char *digits)
{
	for (; digits[0] && digits[1]; digits += 2) {
		char two[3] = {digits[0], digits[1], 0};

		assert_true(board.loaded < sizeof(board.input));
		board.input[board.loaded++] = (uint8_t)strtoul(two, NULL, 16);
		if (board.loaded == board.due)
			say("m-load-done\r\n");
	}
}

static void board_answer(const char *command)
{
	if (board.when && !strncmp(command, board.when, strlen(board.when))) {
		if (board.answer)
			say(board.answer);
		return;
	}
	if (!strcmp(command, "name"))
		say("m-name-dut-[played board]\r\n");
	else if (!strcmp(command, "profile"))
		say("m-profile-[ULPMark for tinyML Firmware V0.0.1]\r\nm-model-[kws01]\r\n");
	else if (!strcmp(command, "timestamp"))
		say("m-lap-us-4294967296\r\n");
	else if (!strncmp(command, "db load ", 8))
		board_load(command + 8);
	else if (!strncmp(command, "db ", 3))
		board_bytes(command + 3);
	else if (!strcmp(command, "infer 10 2"))
		say(INFER_HEAD INFER_LAPS "m-infer-done\r\n" RESULTS);
	else if (!strcmp(command, "results"))
		say(RESULTS);
	else
		say("e-[Unknown command: ?]\r\n");
	say("m-ready\r\n");
}

static void board_on_write(void *device, const uint8_t *bytes, size_t count)
{
	(void)device;
	for (size_t i = 0; i < count; i++) {
		assert_true(board.used < sizeof(board.command) - 1);
		assert_true(strlen(board.log) < sizeof(board.log) - 2);
		board.log[strlen(board.log)] = (char)bytes[i];
		if (bytes[i] != '%') {
			board.command[board.used++] = (char)bytes[i];
			continue;
		}
		assert_true(board.used <= 80);
		board.command[board.used] = 0;
		board.used = 0;
		if (!strcmp(board.command, "name") && board.names++ < board.dead_names)
			continue;
		board_answer(board.command);
	}
}

static struct mlperf_tiny *begin_in(enum mlperf_tiny_mode mode)
{
	struct mlperf_tiny *dut = NULL;

	fake_link_init();
	fake_link.on_write = board_on_write;
	memset(&board, 0, sizeof(board));
	memset(&err, 0, sizeof(err));
	assert_int_equal(mlperf_tiny_open(&fake_link, mode, &dut, &err), 0);
	return dut;
}

static struct mlperf_tiny *begin(void)
{
	return begin_in(MLPERF_TINY_PERFORMANCE);
}

static int infer(struct mlperf_tiny *dut, struct mlperf_tiny_run *ret_run)
{
	int rc = mlperf_tiny_infer(dut, 10, 2, &err);

	return rc ? rc : mlperf_tiny_poll_infer(dut, 1000, ret_run, &err);
}

static void name_is_there(struct mlperf_tiny *dut)
{
	char name[MLPERF_TINY_TEXT_MAX];

	assert_int_equal(mlperf_tiny_name(dut, name, &err), 0);
	assert_string_equal(name, "played board");
}

static void says(const char *text)
{
	if (!strstr(err.text, text))
		fail_msg("'%s' does not say '%s'", err.text, text);
}

static void run_is_right(const struct mlperf_tiny_run *run)
{
	assert_int_equal(run->inferences, 10);
	assert_int_equal(run->warmups, 2);
	assert_true(run->has_time);
	assert_int_equal(run->start_us, 1000);
	assert_int_equal(run->end_us, 4000500);
	assert_int_equal(run->elapsed_us, 3999500);
	assert_int_equal(run->results.count, 3);
	assert_false(run->results.are_integers);
	assert_true(run->results.values[2] == 0.996);
}

static void every_command(void **state)
{
	static const size_t reads[] = {0, 1, 2, 3, 7, 64};

	(void)state;
	for (size_t i = 0; i < COUNT(reads); i++) {
		struct mlperf_tiny *dut = begin();
		struct mlperf_tiny_profile profile;
		struct mlperf_tiny_results results;
		struct mlperf_tiny_lap lap;
		struct mlperf_tiny_run run;

		fake_link.read_max = reads[i];
		name_is_there(dut);
		assert_int_equal(mlperf_tiny_profile(dut, &profile, &err), 0);
		assert_string_equal(profile.profile, "ULPMark for tinyML Firmware V0.0.1");
		assert_string_equal(profile.model, "kws01");
		assert_int_equal(mlperf_tiny_timestamp(dut, &lap, &err), 0);
		assert_true(!lap.is_edge && lap.us == 4294967296);
		assert_int_equal(infer(dut, &run), 0);
		run_is_right(&run);
		assert_int_equal(mlperf_tiny_results(dut, &results, &err), 0);
		assert_int_equal(results.count, 3);
		assert_string_equal(board.log, "name%name%profile%timestamp%infer 10 2%results%");
		assert_int_equal(mlperf_tiny_stats(dut).commands, 6);
		assert_int_equal(mlperf_tiny_stats(dut).repeats, 0);
		assert_int_equal(mlperf_tiny_stats(dut).foreign, 0);
		mlperf_tiny_close(dut);
	}
	mlperf_tiny_close(NULL);
	assert_int_equal(fake_link.closed, 0);
}

static void inputs_in_pieces(void **state)
{
	static const size_t sizes[] = {1, 30, 31, 32, 62, 490, 4096};
	uint8_t bytes[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37 >> 2);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct mlperf_tiny *dut = begin();

		assert_int_equal(mlperf_tiny_load(dut, bytes, sizes[i], &err), 0);
		assert_int_equal(board.loaded, sizes[i]);
		assert_memory_equal(board.input, bytes, sizes[i]);
		mlperf_tiny_close(dut);
	}
}

static void an_answer_split_at_every_byte(void **state)
{
	static const char text[] = INFER;

	(void)state;
	for (size_t at = 1; at <= sizeof(text) - sizeof("\r\n"); at++) {
		struct mlperf_tiny *dut = begin();
		struct mlperf_tiny_run run;

		board.when = "infer";
		assert_int_equal(mlperf_tiny_infer(dut, 10, 2, &err), 0);
		fake_link_send(text, at, MS);
		assert_int_equal(mlperf_tiny_poll_infer(dut, 100, &run, &err), -EAGAIN);
		fake_link_send(text + at, sizeof(text) - 1 - at, MS);
		assert_int_equal(mlperf_tiny_poll_infer(dut, 100, &run, &err), 0);
		run_is_right(&run);
		board.when = NULL;
		name_is_there(dut);
		mlperf_tiny_close(dut);
	}
}

/* Every proper start of the answer is no answer. */
static void an_answer_cut_at_every_byte(void **state)
{
	static const char text[] = INFER;

	(void)state;
	for (size_t at = 0; at < sizeof(text) - 3; at++) {
		struct mlperf_tiny *dut = begin();
		struct mlperf_tiny_run run;

		board.when = "infer";
		assert_int_equal(mlperf_tiny_infer(dut, 10, 2, &err), 0);
		fake_link_send(text, at, MS);
		assert_int_equal(mlperf_tiny_poll_infer(dut, 60000, &run, &err), -EAGAIN);
		board.when = NULL;
		name_is_there(dut); /* the rest of it never comes; the driver is in step again */
		assert_int_equal(infer(dut, &run), 0);
		mlperf_tiny_close(dut);
	}
}

static void line_ends_of_other_firmware(void **state)
{
	static const char *const ends[] = {"\n", "\r\n", "\n\r", "\r", "\r\r\n"};

	(void)state;
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct mlperf_tiny *dut = begin();
		struct mlperf_tiny_results results;
		char answer[64];

		snprintf(answer, sizeof(answer), "m-results-[1,-2]%sm-ready%s", ends[i], ends[i]);
		board.when = "results";
		board.answer = answer;
		assert_int_equal(mlperf_tiny_results(dut, &results, &err), 0);
		assert_true(results.are_integers && results.values[1] == -2);
		mlperf_tiny_close(dut);
	}
}

/* --- where answers begin ---------------------------------------------------------------------- */

static void what_lies_on_the_line_at_first(void **state)
{
	static const char *const texts[] = {
		"\xFF\x80\x01",
		"*** Booting Zephyr OS ***\r\nuart:~$ \r\n",
		"m-timestamp-mode-performance\r\nm-lap-us-12\r\nm-init-done\r\nm-ready\r\n",
		"\x00\xFFm-ready\r\n",
		"m-infer-done\r\nm-results-[1,2]\r\nm-ready\r\n", /* of an earlier host's order */
		"m-name-th_serialport_initialize-[Initializing...]\r\nm-ready\r\n",
		"m-ready\r\nm-ready\r\nm-ready\r\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct mlperf_tiny *dut = begin();
		struct mlperf_tiny_profile profile;

		fake_link_send(texts[i], strlen(texts[i]) + !texts[i][0] * 10, 10 * MS);
		assert_int_equal(mlperf_tiny_profile(dut, &profile, &err), 0);
		assert_string_equal(profile.model, "kws01");
		mlperf_tiny_close(dut);
	}
}

static void a_half_said_command_of_an_earlier_host(void **state)
{
	struct mlperf_tiny *dut = begin();

	(void)state;
	board_on_write(NULL, (const uint8_t *)"infer 1", 7);
	name_is_there(dut);
	assert_string_equal(board.log, "infer 1name%name%name%");
	assert_int_equal(mlperf_tiny_stats(dut).repeats, 1);
	mlperf_tiny_close(dut);
}

static void a_board_that_is_still_starting(void **state)
{
	struct mlperf_tiny *dut = begin();

	(void)state;
	board.dead_names = 2;
	fake_link_send("m-init-done\r\nm-ready\r\n", 22, 3300 * (int64_t)MS);
	name_is_there(dut);
	assert_int_equal(mlperf_tiny_stats(dut).repeats, 2);
	mlperf_tiny_close(dut);
}

/* A board busy with an earlier host's order answers every attempt when it is done: the later
 * answers are not taken for the next command's. */
static void late_answers(void **state)
{
	struct mlperf_tiny *dut = begin();
	struct mlperf_tiny_profile profile;

	(void)state;
	board.busy_until_ns = fake_link.now_ns + 4000 * (int64_t)MS;
	assert_int_equal(mlperf_tiny_profile(dut, &profile, &err), 0);
	assert_string_equal(profile.model, "kws01");
	assert_int_equal(mlperf_tiny_stats(dut).repeats, 2);
	mlperf_tiny_close(dut);
}

static void a_dead_board(void **state)
{
	struct mlperf_tiny *dut = begin();
	char name[MLPERF_TINY_TEXT_MAX] = "untouched";
	int64_t t_ns = fake_link.now_ns;

	(void)state;
	board.dead_names = 1000;
	assert_int_equal(mlperf_tiny_name(dut, name, &err), -ETIMEDOUT);
	says("it said nothing");
	assert_true(fake_link.now_ns - t_ns <= 6500 * (int64_t)MS);
	assert_string_equal(name, "untouched");
	fake_link_send("HardFault\r\n", 11, 10 * MS);
	assert_int_equal(mlperf_tiny_name(dut, name, &err), -ETIMEDOUT);
	says("HardFault");
	board.dead_names = 0;
	name_is_there(dut);
	fake_link.is_gone = true;
	assert_int_equal(mlperf_tiny_name(dut, name, &err), -ENODEV);
	mlperf_tiny_close(dut);
}

/* A board that never is quiet: the wait for quiet ends. */
static void a_chattering_board(void **state)
{
	struct mlperf_tiny *dut = begin();
	char name[MLPERF_TINY_TEXT_MAX];

	(void)state;
	board.dead_names = 1000;
	for (int i = 0; i < 4000; i++)
		fake_link_send("tick\r\n", 6, i * 10 * (int64_t)MS);
	assert_int_equal(mlperf_tiny_name(dut, name, &err), -ETIMEDOUT);
	says("tick");
	assert_true(mlperf_tiny_stats(dut).foreign > 100);
	mlperf_tiny_close(dut);
}

/* There is always something to read. */
static void flood(void *device, int64_t until_ns)
{
	const char *text = device;

	(void)until_ns;
	fake_link.now_ns += MS;
	fake_link_send(text, strlen(text), 0);
}

static void a_flooding_board(void **state)
{
	static char *const texts[] = {"x\r\n", "x", "m-infer-done\r\nx\r\n", "\xFF"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct mlperf_tiny *dut = begin();
		char name[MLPERF_TINY_TEXT_MAX];
		struct mlperf_tiny_run run;
		int64_t t_ns = fake_link.now_ns;

		board.dead_names = 1000;
		fake_link.before_read = flood;
		fake_link.device = texts[i];
		assert_int_equal(mlperf_tiny_name(dut, name, &err), -ETIMEDOUT);
		assert_true(fake_link.now_ns - t_ns < 11000 * (int64_t)MS);
		fake_link.before_read = NULL;
		board.dead_names = 0;
		assert_int_equal(mlperf_tiny_infer(dut, 10, 2, &err), 0);
		fake_link.chunk_first = fake_link.chunk_end; /* its answer is lost */
		fake_link.before_read = flood;
		t_ns = fake_link.now_ns;
		assert_int_equal(mlperf_tiny_poll_infer(dut, 300, &run, &err), -EAGAIN);
		assert_true(fake_link.now_ns - t_ns < 310 * (int64_t)MS);
		mlperf_tiny_close(dut);
	}
}

/* --- what boards say that is wrong ------------------------------------------------------------ */

static void refusals_and_nonsense(void **state)
{
	static const struct {
		const char *answer;
		int rc;
		const char *says;
	} cases[] = {
		{"e-[Inference iterations must be >0]\r\nm-ready\r\n", -EREMOTEIO, "must be >0"},
		{"Input db has 12 elemented, expected 490\n" INFER, -EREMOTEIO, "expected 490"},
		{INFER_HEAD "e-[Inference failed: 3]\r\nm-ready\r\n", -EREMOTEIO, "failed: 3"},
		{INFER_HEAD "m-timestamp-mode-performance\r\nm-init-done\r\nm-ready\r\n",
		 -EREMOTEIO, "started anew"},
		{"m-ready\r\n", -EPROTO, "without m-warmup-start-"},
		{INFER_HEAD "m-ready\r\n", -EPROTO, "without m-infer-done"},
		{INFER_HEAD "m-infer-done\r\n" RESULTS "m-ready\r\n", -EPROTO, "energy mode"},
		{INFER_HEAD "m-lap-us-1\r\nm-infer-done\r\n" RESULTS "m-ready\r\n", -EPROTO,
		 "second time stamp"},
		{INFER_HEAD INFER_LAPS "m-lap-us-3\r\nm-infer-done\r\n" RESULTS "m-ready\r\n",
		 -EPROTO, "where none belongs"},
		{"m-lap-us-3\r\n" INFER_HEAD "m-lap-us-4\r\nm-infer-done\r\n" RESULTS "m-ready\r\n",
		 -EPROTO, "where none belongs"},
		{INFER_HEAD "m-lap-us-4294967300\r\nm-lap-us-5\r\nm-infer-done\r\n" RESULTS
			    "m-ready\r\n",
		 -EPROTO, "backwards"},
		{INFER_HEAD INFER_LAPS "m-infer-done\r\nm-ready\r\n", -EPROTO,
		 "without m-results-"},
		{INFER_HEAD INFER_LAPS RESULTS "m-infer-done\r\nm-ready\r\n", -EPROTO, "in order"},
		{INFER_HEAD INFER_LAPS "m-infer-done\r\nm-results-[]\r\nm-ready\r\n", -EPROTO,
		 "make no sense"},
		{"m-warmup-start-3\r\nm-warmup-done\r\nm-ready\r\n", -EPROTO, "in order"},
		{"m-warmup-start-2\r\nm-warmup-done\r\nm-infer-start-11\r\nm-ready\r\n", -EPROTO,
		 "in order"},
		{"m-warmup-done\r\nm-ready\r\n", -EPROTO, "in order"},
		{INFER_HEAD INFER_LAPS "m-infer-done\r\n" RESULTS RESULTS "m-ready\r\n", -EPROTO,
		 "in order"},
		{INFER_HEAD INFER_LAPS "m-infer-done\r\n" RESULTS "M-READY\r\n", -EAGAIN,
		 "no m-ready"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct mlperf_tiny *dut = begin();
		struct mlperf_tiny_run run;

		board.when = "infer";
		board.answer = cases[i].answer;
		assert_int_equal(infer(dut, &run), cases[i].rc);
		says(cases[i].says);
		board.when = NULL;
		assert_int_equal(infer(dut, &run), 0);
		run_is_right(&run);
		mlperf_tiny_close(dut);
	}
}

static void wrong_answers_to_short_commands(void **state)
{
	static const struct {
		const char *command, *answer;
		int rc;
	} cases[] = {
		{"profile", "m-ready\r\n", -EPROTO},
		{"profile", "m-profile-[x]\r\nm-ready\r\n", -EPROTO},
		{"profile", "m-profile-[x\r\nm-model-[y]\r\nm-ready\r\n", -EPROTO},
		{"profile", NULL, -ETIMEDOUT},
		{"profile", "m-profile-[x]\r\nm-model-[y]\r\n", -ETIMEDOUT},
		{"timestamp", "m-ready\r\n", -EPROTO},
		{"timestamp", "m-lap-us-\r\nm-ready\r\n", -EPROTO},
		{"timestamp", "m-lap-us-18446744073709551616\r\nm-ready\r\n", -EPROTO},
		{"timestamp", "m-lap-us-1\r\nm-lap-us-2\r\nm-ready\r\n", -EPROTO},
		{"results", "m-ready\r\n", -EPROTO},
		{"results", "e-[Unknown command: results]\r\nm-ready\r\n", -EREMOTEIO},
		{"db load", "m-ready\r\n", -EPROTO},
		{"db load", "m-[Expecting 41 bytes]\r\nm-ready\r\n", -EPROTO},
		{"db load", "m-[Expecting -1 bytes]\r\nm-ready\r\n", -EPROTO},
		{"db load", "Supplied buffer size 40 exceeds maximum of 12\nm-ready\r\n",
		 -EREMOTEIO},
		{"db 00", "e-[Invalid hex digit '0g']\r\nm-ready\r\n", -EREMOTEIO},
		{"db 00", "m-load-done\r\nm-ready\r\n", -EPROTO}, /* 40 bytes take two pieces */
		{"db 1f", "m-ready\r\n", -EPROTO},                /* the second one */
	};
	uint8_t bytes[40];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct mlperf_tiny *dut = begin();
		struct mlperf_tiny_profile profile;
		struct mlperf_tiny_results results;
		struct mlperf_tiny_lap lap;
		int rc;

		board.when = cases[i].command;
		board.answer = cases[i].answer;
		if (cases[i].command[0] == 'p')
			rc = mlperf_tiny_profile(dut, &profile, &err);
		else if (cases[i].command[0] == 't')
			rc = mlperf_tiny_timestamp(dut, &lap, &err);
		else if (cases[i].command[0] == 'r')
			rc = mlperf_tiny_results(dut, &results, &err);
		else
			rc = mlperf_tiny_load(dut, bytes, sizeof(bytes), &err);
		if (rc != cases[i].rc)
			fail_msg("%s, %s: %d (%s)", cases[i].command,
				 cases[i].answer ? cases[i].answer : "", rc, err.text);
		assert_true(err.text[0]);
		board.when = NULL;
		assert_int_equal(mlperf_tiny_load(dut, bytes, sizeof(bytes), &err), 0);
		assert_memory_equal(board.input, bytes, sizeof(bytes));
		mlperf_tiny_close(dut);
	}
}

static void foreign_lines_within_an_answer(void **state)
{
	struct mlperf_tiny *dut = begin();
	struct mlperf_tiny_run run;

	(void)state;
	board.when = "infer";
	board.answer = "sensor is m-ready\r\n" INFER_HEAD INFER_LAPS
		       "m-cycles-count-483886\r\n\r\n\r\nm-infer-done\r\n\xFF\x80" RESULTS
		       "\x01m-ready\r\n";
	assert_int_equal(infer(dut, &run), 0);
	run_is_right(&run);
	assert_int_equal(mlperf_tiny_stats(dut).foreign, 2);
	mlperf_tiny_close(dut);
}

static void a_line_that_is_too_long(void **state)
{
	static char answer[3 * MLPERF_TINY_LINE_MAX];
	struct mlperf_tiny *dut = begin();
	struct mlperf_tiny_results results;

	(void)state;
	memset(answer, 'x', 2 * MLPERF_TINY_LINE_MAX);
	strcat(answer, "\r\n" RESULTS "m-ready\r\n");
	board.when = "results";
	board.answer = answer;
	assert_int_equal(mlperf_tiny_results(dut, &results, &err), 0);
	assert_int_equal(results.count, 3);
	assert_int_equal(mlperf_tiny_stats(dut).cut, 1);
	memcpy(answer, "m-results-[1,", 13);
	for (size_t i = 13; i < 2 * MLPERF_TINY_LINE_MAX; i += 2)
		memcpy(answer + i, "1,", 2);
	assert_int_equal(mlperf_tiny_results(dut, &results, &err), -EPROTO);
	mlperf_tiny_close(dut);
}

/* --- modes, time, misuse ---------------------------------------------------------------------- */

static void energy_mode(void **state)
{
	struct mlperf_tiny *dut = begin_in(MLPERF_TINY_ENERGY);
	struct mlperf_tiny_lap lap = {0};
	struct mlperf_tiny_run run;

	(void)state;
	assert_int_equal(mlperf_tiny_timestamp(dut, &lap, &err), -EPROTO);
	says("performance mode, not for energy mode");
	assert_int_equal(infer(dut, &run), -EPROTO);
	says("performance mode, not for energy mode");
	board.when = "timestamp";
	board.answer = "m-ready\r\n";
	assert_int_equal(mlperf_tiny_timestamp(dut, &lap, &err), 0);
	assert_true(lap.is_edge);
	board.when = "infer";
	board.answer = INFER_HEAD "m-infer-done\r\n" RESULTS "m-ready\r\n";
	assert_int_equal(infer(dut, &run), 0);
	assert_false(run.has_time);
	assert_int_equal(run.results.count, 3);
	mlperf_tiny_close(dut);
}

static void the_announced_mode_counts(void **state)
{
	static const char boot[] = "m-timestamp-mode-energy\r\nm-init-done\r\nm-ready\r\n";
	struct mlperf_tiny *dut = begin();
	struct mlperf_tiny_run run;
	char name[MLPERF_TINY_TEXT_MAX];

	(void)state;
	fake_link_send(boot, strlen(boot), 20 * MS);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(mlperf_tiny_name(dut, name, &err), -EPROTO);
		says("built for energy mode, not for performance mode");
	}
	mlperf_tiny_close(dut);
	dut = begin(); /* flashed anew between two commands */
	board.when = "infer";
	board.answer = boot;
	assert_int_equal(infer(dut, &run), -EPROTO);
	says("the other mode");
	mlperf_tiny_close(dut);
	dut = begin_in(MLPERF_TINY_ENERGY);
	fake_link_send(boot, strlen(boot), 20 * MS);
	name_is_there(dut);
	mlperf_tiny_close(dut);
}

static void the_clock_wraps(void **state)
{
	struct mlperf_tiny *dut = begin();
	struct mlperf_tiny_run run;

	(void)state;
	board.when = "infer";
	board.answer = INFER_HEAD "m-lap-us-4294967000\r\nm-lap-us-704\r\nm-infer-done\r\n" RESULTS
				  "m-ready\r\n";
	assert_int_equal(infer(dut, &run), 0);
	assert_int_equal(run.elapsed_us, 1000);
	mlperf_tiny_close(dut);
}

static void misuse(void **state)
{
	struct mlperf_tiny *dut = begin();
	struct mlperf_tiny_run run;

	(void)state;
	assert_int_equal(mlperf_tiny_poll_infer(dut, 10, &run, &err), -EINVAL);
	assert_int_equal(mlperf_tiny_infer(dut, 0, 1, &err), -EINVAL);
	assert_int_equal(mlperf_tiny_infer(dut, 1u << 31, 1, &err), -EINVAL);
	assert_int_equal(mlperf_tiny_load(dut, NULL, 0, &err), -EINVAL);
	assert_string_equal(board.log, "");
	assert_int_equal(mlperf_tiny_infer(dut, 10, 2, &err), 0);
	name_is_there(dut); /* gives the order up, whose answer is still on its way */
	assert_int_equal(mlperf_tiny_poll_infer(dut, 10, &run, &err), -EINVAL);
	mlperf_tiny_close(dut);
}

/* --- text ------------------------------------------------------------------------------------- */

static void results_as_text(void **state)
{
	static const struct {
		const char *line;
		unsigned count; /* 0: refused */
		bool integers;
		double last;
	} cases[] = {
		{"m-results-[1]", 1, true, 1},
		{"m-results-[-128,127]", 2, true, 127},
		{"m-results-[0.100,0.900,]", 2, false, 0.9},
		{"m-results-[ 1 , 2 ]", 2, true, 2},
		{"m-results-[1e3]", 1, false, 1000},
		{"m-results-[-0.5,+.5]", 2, false, 0.5},
		{"m-results-[]", 0},
		{"m-results-[,]", 0},
		{"m-results-[1,,2]", 0},
		{"m-results-[1 2]", 0},
		{"m-results-[1,2", 0},
		{"m-results-[1,2]x", 0},
		{"m-results-[1]]", 0},
		{"m-results-[nan]", 0},
		{"m-results-[inf]", 0},
		{"m-results-[1e999]", 0},
		{"m-results-[0x10]", 0},
		{"m-results-[0.-1]", 0},
		{"m-results-[-]", 0},
		{"m-results-[e]", 0},
		{"m-results-1", 0},
		{"m-result-[1]", 0},
		{"", 0},
	};
	static struct mlperf_tiny_results results;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool is_right = mlperf_tiny_results_parse(cases[i].line, &results);

		if (is_right != (cases[i].count > 0))
			fail_msg("%s", cases[i].line);
		if (!is_right)
			continue;
		assert_int_equal(results.count, cases[i].count);
		assert_int_equal(results.are_integers, cases[i].integers);
		assert_true(results.values[results.count - 1] == cases[i].last);
	}
}

static void as_many_results_as_fit(void **state)
{
	static char line[8 * MLPERF_TINY_RESULTS_MAX];
	static struct mlperf_tiny_results results;

	(void)state;
	strcpy(line, "m-results-[");
	for (unsigned i = 0; i < MLPERF_TINY_RESULTS_MAX; i++)
		strcat(line, "7,");
	strcat(line, "]");
	assert_true(mlperf_tiny_results_parse(line, &results));
	assert_int_equal(results.count, MLPERF_TINY_RESULTS_MAX);
	strcpy(line + strlen(line) - 1, "8]");
	assert_false(mlperf_tiny_results_parse(line, &results));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command),
		cmocka_unit_test(inputs_in_pieces),
		cmocka_unit_test(an_answer_split_at_every_byte),
		cmocka_unit_test(an_answer_cut_at_every_byte),
		cmocka_unit_test(line_ends_of_other_firmware),
		cmocka_unit_test(what_lies_on_the_line_at_first),
		cmocka_unit_test(a_half_said_command_of_an_earlier_host),
		cmocka_unit_test(a_board_that_is_still_starting),
		cmocka_unit_test(late_answers),
		cmocka_unit_test(a_dead_board),
		cmocka_unit_test(a_chattering_board),
		cmocka_unit_test(a_flooding_board),
		cmocka_unit_test(refusals_and_nonsense),
		cmocka_unit_test(wrong_answers_to_short_commands),
		cmocka_unit_test(foreign_lines_within_an_answer),
		cmocka_unit_test(a_line_that_is_too_long),
		cmocka_unit_test(energy_mode),
		cmocka_unit_test(the_announced_mode_counts),
		cmocka_unit_test(the_clock_wraps),
		cmocka_unit_test(misuse),
		cmocka_unit_test(results_as_text),
		cmocka_unit_test(as_many_results_as_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
