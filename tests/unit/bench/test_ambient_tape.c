/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a board hears of a sensor made of a file is written down, and heard again without it; what a
 * replay says to a file that holds something else, is damaged, cut, or not used up.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/session/ambient_tape.h"
#include "firmware/wire/wire.h"
#include "tests/scratch.h"

#define SETTLED "{\"call\":\"is_settled\",\"code\":0,\"error\":\"\",\"settled\":true}\n"
#define SETTLE  "{\"call\":\"settle\",\"code\":0,\"error\":\"\"}\n"
#define BEGIN   "{\"call\":\"window_begin\",\"code\":0,\"error\":\"\",\"before_c\":21.5}\n"
#define WHOLE   "{\"call\":\"end\",\"code\":0,\"error\":\"\"}\n"

enum { SEAL = 9 }; /* a checksum and a space before each line */

static char root[600], path[700];

/* At once: the session's watcher may read at any time. */
static void sensor_reads(const char *text)
{
	char file[700], next[700];
	FILE *stream;

	snprintf(file, sizeof(file), "%s/hwmon0/temp1_input", root);
	snprintf(next, sizeof(next), "%s/hwmon0/next", root);
	stream = fopen(next, "w");
	assert_non_null(stream);
	fputs(text, stream);
	fclose(stream);
	assert_int_equal(rename(next, file), 0);
}

static int make_folders(void **state)
{
	char name[700];
	FILE *stream;

	(void)state;
	snprintf(root, sizeof(root), "%s", scratch_folder());
	snprintf(path, sizeof(path), "%s/b.ambient", root);
	snprintf(name, sizeof(name), "%s/hwmon0", root);
	mkdir(name, 0777);
	snprintf(name, sizeof(name), "%s/hwmon0/name", root);
	stream = fopen(name, "w");
	if (!stream)
		return -1;
	fputs("lm75\n", stream);
	return fclose(stream);
}

static int remove_tape(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static struct ambient *ambient_at(const char *uri, const volatile sig_atomic_t *stop,
				  struct rig *rig)
{
	const struct ambient_options options = {.rig = rig, .stop = stop, .sysfs_hwmon = root};
	struct ambient *ambient;
	struct err err = {""};

	*rig = (struct rig){.name = "r",
			    .ambient_c = NAN,
			    .room_c = NAN,
			    .sensor = {.uri = (char *)uri, .within_k = 1}};
	if (ambient_new(&options, &ambient, &err))
		fail_msg("%s", err.text);
	return ambient;
}

static struct ambient_tape *open_tape(bool is_replay)
{
	struct ambient_tape *tape;
	struct err err = {""};

	if (is_replay ? ambient_tape_replay(path, &tape, &err)
		      : ambient_tape_record(path, &tape, &err))
		fail_msg("%s", err.text);
	return tape;
}

/* ---- there and back ---- */

struct said {
	bool settled[3];
	int codes[8];
	struct err errs[8];
	struct ambient_window windows[3];
};

/* All calls, with a success and a failure each. With ambient NULL nothing but the tape answers. */
static void ask_all(struct ambient_tape *tape, struct ambient *ambient, volatile sig_atomic_t *stop,
		    struct said *said)
{
	unsigned i = 0;

	if (ambient) {
		sensor_reads("21400\n");
		ambient_want(ambient, 21);
	}
	said->settled[0] = ambient_tape_is_settled(tape, ambient);
	*stop = 1;
	said->codes[i] = ambient_tape_settle(tape, ambient, &said->errs[i]), i++;
	*stop = 0;
	said->codes[i] = ambient_tape_settle(tape, ambient, &said->errs[i]), i++;
	said->settled[1] = ambient_tape_is_settled(tape, ambient);
	for (unsigned w = 0; w < 2; w++) {
		struct ambient_window *window = &said->windows[w];

		said->codes[i] = ambient_tape_window_begin(tape, ambient, window, &said->errs[i]),
		i++;
		if (ambient && w)
			sensor_reads("30100\n");
		said->codes[i] = ambient_tape_window_end(tape, ambient, window, &said->errs[i]),
		i++;
	}
	said->settled[2] = ambient_tape_is_settled(tape, ambient);
	said->codes[i] = ambient_tape_settle(tape, ambient, &said->errs[i]), i++;
	said->codes[i] =
		ambient_tape_window_begin(tape, ambient, &said->windows[2], &said->errs[i]);
}

static void assert_outcome(struct ambient_tape *tape, enum link_tape_outcome expected,
			   const char *text)
{
	struct err sentence;
	int64_t when_ns;

	assert_int_equal(ambient_tape_outcome(tape, &when_ns, &sentence), expected);
	if (!strstr(sentence.text, text))
		fail_msg("'%s' is not in '%s'", text, sentence.text);
	assert_int_equal(when_ns == INT64_MAX,
			 expected == LINK_TAPE_WHOLE || expected == LINK_TAPE_REST);
}

static void record_all(struct said *said)
{
	volatile sig_atomic_t stop = 0;
	struct ambient_tape *tape = open_tape(false);
	struct rig rig;
	struct ambient *ambient = ambient_at("hwmon:lm75/temp1", &stop, &rig);
	struct err err = {""};

	ask_all(tape, ambient, &stop, said);
	assert_false(ambient_tape_is_over(tape));
	ambient_free(ambient);
	assert_int_equal(ambient_tape_close(tape, &err), 0);
}

static bool same(double a, double b)
{
	return isnan(a) ? isnan(b) : a == b;
}

static void is_heard_again(void **state)
{
	struct said then = {0}, now = {0};
	volatile sig_atomic_t stop = 0;
	struct ambient_tape *tape;

	(void)state;
	record_all(&then);
	assert_false(then.settled[0]);
	assert_true(then.settled[1]);
	assert_false(then.settled[2]);
	assert_int_equal(then.codes[0], -ECANCELED);
	assert_int_equal(then.codes[1], 0);
	assert_false(then.windows[0].left);
	assert_true(then.windows[1].left && then.windows[1].left_c == 30.1);
	assert_int_equal(then.codes[6], -ETIMEDOUT);
	assert_int_equal(then.codes[7], -ETIMEDOUT);
	assert_true(isnan(then.windows[2].before_c));

	tape = open_tape(true);
	ask_all(tape, NULL, &stop, &now);
	assert_false(ambient_tape_is_over(tape));
	assert_outcome(tape, LINK_TAPE_WHOLE, "");
	assert_int_equal(ambient_tape_close(tape, NULL), 0);
	assert_memory_equal(now.settled, then.settled, sizeof(now.settled));
	assert_memory_equal(now.codes, then.codes, sizeof(now.codes));
	for (unsigned i = 0; i < 8; i++)
		assert_string_equal(now.errs[i].text, then.errs[i].text);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(same(now.windows[i].before_c, then.windows[i].before_c));
		assert_true(same(now.windows[i].after_c, then.windows[i].after_c));
		assert_int_equal(now.windows[i].left, then.windows[i].left);
		if (then.windows[i].left)
			assert_true(now.windows[i].left_c == then.windows[i].left_c);
	}
}

/* What devices answer gets into sentences, and need not be text. */
static void a_sentence_is_bytes(void **state)
{
	struct err then = {""}, now = {""};
	struct ambient_tape *tape = open_tape(false);
	struct rig rig;
	struct ambient *ambient = ambient_at("hwmon:l\xff\xc3\xa4\x80/temp1", NULL, &rig);

	(void)state;
	ambient_want(ambient, 21);
	assert_int_equal(ambient_tape_settle(tape, ambient, &then), -ENOENT);
	assert_non_null(strstr(then.text, "'l\xff\xc3\xa4\x80'"));
	ambient_free(ambient);
	assert_int_equal(ambient_tape_close(tape, NULL), 0);
	tape = open_tape(true);
	assert_int_equal(ambient_tape_settle(tape, NULL, &now), -ENOENT);
	assert_string_equal(now.text, then.text);
	ambient_tape_close(tape, NULL);
}

static void no_tape_is_the_ambient_itself(void **state)
{
	volatile sig_atomic_t stop = 0;
	struct said said = {0};
	struct rig rig;
	struct ambient *ambient = ambient_at("hwmon:lm75/temp1", &stop, &rig);

	(void)state;
	ask_all(NULL, ambient, &stop, &said);
	assert_true(said.settled[1] && said.windows[1].left);
	assert_int_equal(said.codes[6], -ETIMEDOUT);
	assert_false(ambient_tape_is_over(NULL));
	assert_outcome(NULL, LINK_TAPE_WHOLE, "");
	assert_int_equal(ambient_tape_close(NULL, NULL), 0);
	ambient_free(ambient);
}

static void is_never_overwritten(void **state)
{
	struct ambient_tape *tape = open_tape(false), *other = NULL;
	struct err err = {""};

	(void)state;
	assert_int_equal(ambient_tape_record(path, &other, &err), -EEXIST);
	assert_non_null(strstr(err.text, path));
	assert_null(other);
	ambient_tape_close(tape, NULL);
	unlink(path);
	assert_int_equal(ambient_tape_replay(path, &other, &err), -ENOENT);
	assert_non_null(strstr(err.text, path));
}

/* A process that is killed keeps what was said. */
static void each_line_is_there_at_once(void **state)
{
	struct ambient_tape *tape = open_tape(false);
	struct rig rig;
	struct ambient *ambient = ambient_at("hwmon:lm75/temp1", NULL, &rig);
	struct stat before, after;

	(void)state;
	assert_int_equal(stat(path, &before), 0);
	ambient_tape_is_settled(tape, ambient);
	assert_int_equal(stat(path, &after), 0);
	assert_true(after.st_size > before.st_size);
	ambient_tape_close(tape, NULL);
	ambient_free(ambient);
}

static void a_full_disk_is_told_at_the_end(void **state)
{
	struct ambient_tape *tape = open_tape(false);
	struct rig rig;
	struct ambient *ambient = ambient_at("hwmon:lm75/temp1", NULL, &rig);
	struct rlimit limit, small;
	struct err err = {""};

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = (struct rlimit){.rlim_cur = strlen(SETTLED) + 10, .rlim_max = limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_false(ambient_tape_is_settled(tape, ambient)); /* the session goes on */
	assert_int_equal(ambient_tape_close(tape, &err), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_non_null(strstr(err.text, "the recording is not complete"));
	assert_non_null(strstr(err.text, path));
	ambient_free(ambient);
	tape = open_tape(true);
	ambient_tape_is_settled(tape, NULL);
	assert_false(ambient_tape_is_over(tape));
	ambient_tape_is_settled(tape, NULL);
	assert_outcome(tape, LINK_TAPE_CUT, "b.ambient:2: cut");
	ambient_tape_close(tape, NULL);
}

/* ---- files that hold something else ---- */

/* Each line with its checksum before it. */
static void seal(const char *lines, char *ret_text)
{
	while (*lines) {
		size_t count = strcspn(lines, "\n");

		ret_text += sprintf(ret_text, "%08x %.*s\n", wire_crc32(0, lines, count),
				    (int)count, lines);
		lines += count + 1;
	}
}

static void write_tape(const char *text, size_t count)
{
	FILE *stream = fopen(path, "w");

	assert_non_null(stream);
	assert_int_equal(fwrite(text, 1, count, stream), count);
	fclose(stream);
}

static struct ambient_tape *replay_of(const char *lines)
{
	char text[1000];

	seal(lines, text);
	write_tape(text, strlen(text));
	return open_tape(true);
}

static void assert_is_over(struct ambient_tape *tape, const char *text)
{
	struct ambient_window window;
	struct err err = {""};

	assert_true(ambient_tape_is_over(tape));
	assert_false(ambient_tape_is_settled(tape, NULL));
	assert_int_equal(ambient_tape_settle(tape, NULL, &err), -ECANCELED);
	if (!strstr(err.text, "the replay is over: ") || !strstr(err.text, text))
		fail_msg("'%s' is not in '%s'", text, err.text);
	assert_int_equal(ambient_tape_window_begin(tape, NULL, &window, &err), -ECANCELED);
	assert_true(isnan(window.before_c) && isnan(window.after_c));
	assert_int_equal(ambient_tape_window_end(tape, NULL, &window, &err), -ECANCELED);
	assert_true(isnan(window.after_c) && !window.left);
}

static void another_call_ends_it(void **state)
{
	struct ambient_tape *tape = replay_of(SETTLED BEGIN SETTLE WHOLE);
	struct err err = {""};

	(void)state;
	assert_true(ambient_tape_is_settled(tape, NULL));
	assert_int_equal(ambient_tape_settle(tape, NULL, &err), -ECANCELED);
	assert_is_over(tape, "b.ambient:2: expected window_begin; came settle");
	assert_outcome(tape, LINK_TAPE_DIFFERS, "b.ambient:2: expected window_begin; came settle");
	ambient_tape_close(tape, NULL);

	tape = replay_of(SETTLED WHOLE);
	assert_true(ambient_tape_is_settled(tape, NULL));
	assert_int_equal(ambient_tape_settle(tape, NULL, &err), -ECANCELED);
	assert_outcome(tape, LINK_TAPE_DIFFERS, "b.ambient:2: expected end; came settle");
	ambient_tape_close(tape, NULL);
}

static void a_damaged_line_ends_it(void **state)
{
	static const char *const lines[] = {
		"\n",
		"{\"call\":\"settle\",\"code\":0,\"error\":\"\"\n",
		"[]\n",
		"{}\n",
		"{\"call\":\"wait\",\"code\":0,\"error\":\"\"}\n",
		"{\"call\":2,\"code\":0,\"error\":\"\"}\n",
		"{\"call\":\"settle\",\"error\":\"\"}\n",
		"{\"call\":\"settle\",\"code\":0}\n",
		"{\"call\":\"settle\",\"code\":0,\"error\":null}\n",
		"{\"call\":\"settle\",\"code\":1,\"error\":\"x\"}\n",
		"{\"call\":\"settle\",\"code\":-4096,\"error\":\"x\"}\n",
		"{\"call\":\"settle\",\"code\":-110.0,\"error\":\"x\"}\n",
		"{\"call\":\"settle\",\"code\":0,\"error\":\"x\"}\n",
		"{\"call\":\"settle\",\"code\":-110,\"error\":\"\\u0100\"}\n",
		"{\"call\":\"settle\",\"code\":0,\"error\":\"\",\"x\":1}\n",
		"{\"call\":\"settle\",\"code\":0,\"code\":0,\"error\":\"\"}\n",
		"{\"call\":\"settle\",\"code\":0,\"error\":\"\"} {}\n",
		"{\"call\":\"is_settled\",\"code\":0,\"error\":\"\"}\n",
		"{\"call\":\"is_settled\",\"code\":0,\"error\":\"\",\"settled\":1}\n",
		"{\"call\":\"window_begin\",\"code\":0,\"error\":\"\"}\n",
		"{\"call\":\"window_begin\",\"code\":0,\"error\":\"\",\"before_c\":\"21\"}\n",
		"{\"call\":\"window_begin\",\"code\":0,\"error\":\"\",\"before_c\":NaN}\n",
		"{\"call\":\"window_end\",\"code\":0,\"error\":\"\",\"after_c\":1,\"left\":false}"
		"\n",
		"{\"call\":\"end\"}\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char text[600];
		struct ambient_tape *tape;
		struct err err = {""};

		snprintf(text, sizeof(text), "%s%s%s", SETTLED, lines[i], SETTLE WHOLE);
		tape = replay_of(text);
		assert_true(ambient_tape_is_settled(tape, NULL));
		assert_false(ambient_tape_is_over(tape));
		assert_int_equal(ambient_tape_settle(tape, NULL, &err), -ECANCELED);
		if (!ambient_tape_is_over(tape))
			fail_msg("taken for a line: %s", lines[i]);
		assert_is_over(tape, "b.ambient:2: damaged");
		assert_outcome(tape, LINK_TAPE_DAMAGED, "b.ambient:2: damaged");
		ambient_tape_close(tape, NULL);
	}
}

/* One character of it was another, whichever. */
static void a_changed_character_ends_it(void **state)
{
	char text[400];

	(void)state;
	seal(BEGIN WHOLE, text);
	for (size_t at = 0; at < strlen(BEGIN) + SEAL - 1; at++) {
		struct ambient_window window;
		struct ambient_tape *tape;
		struct err err = {""};

		text[at] ^= 1;
		write_tape(text, strlen(text));
		text[at] ^= 1;
		tape = open_tape(true);
		assert_int_equal(ambient_tape_window_begin(tape, NULL, &window, &err), -ECANCELED);
		assert_is_over(tape, "b.ambient:1: damaged");
		assert_true(isnan(window.before_c));
		ambient_tape_close(tape, NULL);
	}
}

/* Wherever it is cut, its whole lines are heard, and then it is over as cut, not as damaged. */
static void a_cut_file_ends_it(void **state)
{
	const size_t first = strlen(SETTLED) + SEAL, second = first + strlen(BEGIN) + SEAL;
	char text[400];

	(void)state;
	seal(SETTLED BEGIN WHOLE, text);
	for (size_t count = 0; count < strlen(text); count++) {
		struct ambient_window window;
		struct ambient_tape *tape;
		struct err err = {""};
		char where[32];
		unsigned lines = (count >= first) + (count >= second);

		write_tape(text, count);
		tape = open_tape(true);
		assert_int_equal(ambient_tape_is_settled(tape, NULL), lines > 0);
		assert_int_equal(ambient_tape_window_begin(tape, NULL, &window, &err),
				 lines > 1 ? 0 : -ECANCELED);
		assert_int_equal(ambient_tape_is_over(tape), lines < 2);
		assert_int_equal(ambient_tape_settle(tape, NULL, &err), -ECANCELED);
		snprintf(where, sizeof(where), "b.ambient:%u: cut", lines + 1);
		assert_is_over(tape, where);
		assert_outcome(tape, LINK_TAPE_CUT, where);
		ambient_tape_close(tape, NULL);
	}
}

static void the_rest_shows(void **state)
{
	struct ambient_tape *tape = replay_of(SETTLED SETTLE BEGIN WHOLE);

	(void)state;
	assert_true(ambient_tape_is_settled(tape, NULL));
	assert_outcome(tape, LINK_TAPE_REST,
		       "b.ambient:2: expected settle; the session ended before it");
	/* looking is not taking */
	assert_int_equal(ambient_tape_settle(tape, NULL, NULL), 0);
	assert_outcome(tape, LINK_TAPE_REST, "b.ambient:3: expected window_begin");
	ambient_tape_close(tape, NULL);
	/* used up, but it was cut behind that */
	tape = replay_of(SETTLED);
	assert_true(ambient_tape_is_settled(tape, NULL));
	assert_outcome(tape, LINK_TAPE_CUT, "b.ambient:2: cut");
	ambient_tape_close(tape, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(is_heard_again, remove_tape),
		cmocka_unit_test_teardown(a_sentence_is_bytes, remove_tape),
		cmocka_unit_test(no_tape_is_the_ambient_itself),
		cmocka_unit_test_teardown(is_never_overwritten, remove_tape),
		cmocka_unit_test_teardown(each_line_is_there_at_once, remove_tape),
		cmocka_unit_test_teardown(a_full_disk_is_told_at_the_end, remove_tape),
		cmocka_unit_test_teardown(another_call_ends_it, remove_tape),
		cmocka_unit_test_teardown(a_damaged_line_ends_it, remove_tape),
		cmocka_unit_test_teardown(a_changed_character_ends_it, remove_tape),
		cmocka_unit_test_teardown(a_cut_file_ends_it, remove_tape),
		cmocka_unit_test_teardown(the_rest_shows, remove_tape),
	};

	return cmocka_run_group_tests(tests, make_folders, NULL);
}
