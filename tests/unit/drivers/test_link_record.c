/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tapes: a scripted kind of link is recorded in everything it can do, and replayed; cut at every
 * byte, damaged in every bit, asked for something else. The kinds of drivers/link are replaced by
 * the script.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/link/deadline.h"
#include "drivers/link/kinds.h"
#include "drivers/link/record.h"
#include "firmware/wire/wire.h"
#include "tests/scratch.h"

enum { LINES_MAX = 64, LINE_BYTES = 400, FILE_MAX = 1 << 20 };

static const struct link_settings plain = {.baud = 115200, .parity = LINK_PARITY_NONE};
static const char uri[] = "serial:script";
static const char *folder;

/* ---- the scripted kind ---- */

static struct {
	unsigned opens, closes, calls;
	int next; /* what the next call fails with, once; 0: nothing */
	const char *identity;
	uint8_t bytes[300]; /* of the next read */
	size_t count;
} script;

static int script_outcome(const char *what, struct err *err)
{
	int code = script.next;

	script.calls++;
	script.next = 0;
	return code ? err_set(err, code, "script: %s: %s", what, strerror(-code)) : 0;
}

static int script_open(void *state, const char *address, const struct link_settings *settings,
		       struct err *err)
{
	(void)state;
	assert_string_equal(address, "script");
	assert_true(settings->baud > 0);
	script.opens++;
	return script_outcome("open", err);
}

static void script_close(void *state)
{
	(void)state;
	script.closes++;
}

static int script_set(void *state, const struct link_settings *settings, struct err *err)
{
	(void)state;
	(void)settings;
	return script_outcome("set", err);
}

static int script_set_lines(void *state, bool dtr, bool rts, struct err *err)
{
	(void)state;
	(void)dtr;
	(void)rts;
	return script_outcome("lines", err);
}

static int script_read(void *state, void *buffer, size_t capacity, int timeout_ms,
		       size_t *ret_count, struct err *err)
{
	int ret = script_outcome("read", err);

	(void)state;
	(void)timeout_ms;
	if (ret)
		return ret;
	assert_true(script.count <= capacity);
	memcpy(buffer, script.bytes, script.count);
	*ret_count = script.count;
	script.count = 0;
	return 0;
}

static int script_write(void *state, const void *bytes, size_t count, int timeout_ms,
			struct err *err)
{
	(void)state;
	(void)bytes;
	(void)count;
	(void)timeout_ms;
	return script_outcome("write", err);
}

static const char *script_identity(void *state)
{
	(void)state;
	return script.identity;
}

#define SCRIPT_KIND(name, text)                                                                    \
	const struct link_ops name = {                                                             \
		.scheme = text,                                                                    \
		.state_size = 1,                                                                   \
		.open = script_open,                                                               \
		.close = script_close,                                                             \
		.set = script_set,                                                                 \
		.set_lines = script_set_lines,                                                     \
		.read = script_read,                                                               \
		.write = script_write,                                                             \
		.identity = script_identity,                                                       \
	}
SCRIPT_KIND(link_serial, "serial");
SCRIPT_KIND(link_rfc2217, "rfc2217");
SCRIPT_KIND(link_rfc2217_unix, "rfc2217+unix");

/* ---- a session: everything a link and a tape can be asked, and what came of it ---- */

struct session {
	struct link_tape *tape;
	struct link *link;
	bool is_replay, flush_each;
	char lines[LINES_MAX][LINE_BYTES]; /* one per step */
	bool over[LINES_MAX];              /* the replay was over behind the step */
	size_t count;
};

static void note(struct session *session, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void note(struct session *session, const char *format, ...)
{
	va_list args;

	assert_true(session->count < LINES_MAX);
	va_start(args, format);
	vsnprintf(session->lines[session->count], LINE_BYTES, format, args);
	va_end(args);
	session->over[session->count++] = link_tape_is_over(session->tape);
	if (session->flush_each)
		link_tape_flush(session->tape);
}

static void step_open(struct session *session, int code, const char *identity)
{
	struct err err = {""};
	int ret;

	script.next = code;
	script.identity = identity;
	ret = link_open_taped(session->tape, uri, &plain, &session->link, &err);
	if (ret)
		session->link = NULL;
	note(session, "open %d %s", ret, err.text);
}

static void step_read(struct session *session, size_t count, int code)
{
	uint8_t buffer[512];
	struct err err = {""};
	size_t got = 0;
	int ret;

	script.next = code;
	script.count = count;
	for (size_t i = 0; i < count; i++)
		script.bytes[i] = (uint8_t)(i * 37 + count);
	ret = link_read(session->link, buffer, sizeof(buffer), 10, &got, &err);
	note(session, "read %d %zu %08x %s", ret, got, wire_crc32(0, buffer, got), err.text);
}

static void step_write(struct session *session, const char *text, int code)
{
	struct err err = {""};
	int ret;

	script.next = code;
	ret = link_write(session->link, text, strlen(text), 10, &err);
	note(session, "write %d %s", ret, err.text);
}

static void step_set(struct session *session, uint32_t baud, enum link_parity parity, int code)
{
	const struct link_settings settings = {.baud = baud, .parity = parity};
	struct err err = {""};
	int ret;

	script.next = code;
	ret = link_set(session->link, &settings, &err);
	note(session, "set %d %s", ret, err.text);
}

static void step_lines(struct session *session, bool dtr, bool rts, int code)
{
	struct err err = {""};
	int ret;

	script.next = code;
	ret = link_set_lines(session->link, dtr, rts, &err);
	note(session, "lines %d %s", ret, err.text);
}

static void step_clock(struct session *session)
{
	int64_t a_ns = session->link ? link_clock_ns(session->link) : 0;
	int64_t b_ns = link_tape_clock_ns(session->tape);

	note(session, "clock %lld %lld", (long long)a_ns, (long long)b_ns);
}

static void step_wall(struct session *session)
{
	note(session, "wall %lld", (long long)link_tape_wall_ns(session->tape));
}

/* In a replay the flag given is the other one: the recorded one counts. */
static void step_flag(struct session *session, bool flag)
{
	note(session, "flag %d", link_tape_flag(session->tape, flag != session->is_replay));
}

static void step_stop(struct session *session, bool stop)
{
	note(session, "stop %d", link_tape_stop(session->tape, stop && !session->is_replay));
}

static void step_identity(struct session *session, const char *identity)
{
	script.identity = identity;
	note(session, "identity %s %d", link_identity(session->link),
	     link_is_virtual(session->link));
}

static void step_close(struct session *session)
{
	link_close(session->link);
	session->link = NULL;
	note(session, "close");
}

/* A read that takes part, and times out by the tape's clock. */
static void step_read_exactly(struct session *session)
{
	uint8_t buffer[8];
	struct err err = {""};
	size_t got = 0;
	int ret = link_read_exactly(session->link, buffer, sizeof(buffer), 0, &got, &err);

	note(session, "exactly %d %zu %s", ret, got, err.text);
}

static void first_link(struct session *session)
{
	step_open(session, 0, "virtual-rig 1");
	if (!session->link)
		return;
	step_identity(session, "virtual-rig 1");
	step_lines(session, true, false, 0);
	step_lines(session, true, true, -ENOTSUP);
	step_set(session, 9600, LINK_PARITY_EVEN, 0);
	step_set(session, 12345678, LINK_PARITY_ODD, -EINVAL);
	step_clock(session);
	step_write(session, "hello", 0);
	step_write(session, "hello again", -ETIMEDOUT);
	step_write(session, "", 0);
	step_read(session, 1, 0);
	step_read(session, 0, 0);
	step_read(session, 300, 0);
	step_flag(session, true);
	step_flag(session, false);
	step_stop(session, false);
	step_read_exactly(session);
	step_read(session, 0, -ENODEV);
	step_close(session);
}

static void second_link(struct session *session)
{
	step_open(session, 0, "");
	if (!session->link)
		return;
	step_identity(session, "");
	step_identity(session, "board 7");
	step_clock(session);
	step_stop(session, true);
	step_close(session);
}

static void session_run(struct session *session)
{
	step_wall(session);
	step_open(session, -EBUSY, "");
	step_clock(session);
	first_link(session);
	second_link(session);
	step_wall(session);
}

static const char *path_of(const char *name)
{
	static char path[600];

	if (name[0] == '/')
		return name;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void record(const char *name, bool flush_each, struct session *session)
{
	struct err err = {""};

	memset(session, 0, sizeof(*session));
	session->flush_each = flush_each;
	assert_int_equal(link_tape_record(path_of(name), &session->tape, &err), 0);
	session_run(session);
	assert_int_equal(link_tape_close(session->tape, &err), 0);
}

static size_t file_read(const char *name, uint8_t *bytes)
{
	FILE *stream = fopen(path_of(name), "rb");
	size_t count;

	assert_non_null(stream);
	count = fread(bytes, 1, FILE_MAX, stream);
	assert_in_range(count, 1, FILE_MAX - 1);
	fclose(stream);
	return count;
}

static void file_write(const char *name, const uint8_t *bytes, size_t count)
{
	FILE *stream = fopen(path_of(name), "wb");

	assert_non_null(stream);
	assert_int_equal(fwrite(bytes, 1, count, stream), count);
	fclose(stream);
}

/* The same without a disk: the name of a file in memory that holds these bytes. */
static const char *memory_file(const uint8_t *bytes, size_t count)
{
	static char name[32];
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("tape", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, bytes, count, 0), count);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return name;
}

static struct link_tape *replay_of(const char *name)
{
	struct link_tape *tape;
	struct err err = {""};

	if (link_tape_replay(path_of(name), &tape, &err))
		fail_msg("%s", err.text);
	return tape;
}

/* Replays the session until it is over and holds it against the recorded one. */
static enum link_tape_outcome replay_session(const char *name, const struct session *recorded,
					     struct err *ret_sentence)
{
	static struct session session;
	enum link_tape_outcome outcome;
	unsigned opens = script.opens, calls = script.calls;
	size_t same = 0;
	int64_t when_ns;

	memset(&session, 0, sizeof(session));
	session.is_replay = true;
	session.tape = replay_of(name);
	session_run(&session);
	for (size_t i = 0; i < session.count && !session.over[i]; i++)
		assert_string_equal(session.lines[i], recorded->lines[same++]);
	outcome = link_tape_outcome(session.tape, &when_ns, ret_sentence);
	if (outcome == LINK_TAPE_WHOLE)
		assert_int_equal(same, recorded->count);
	assert_int_equal(outcome == LINK_TAPE_WHOLE, when_ns == INT64_MAX);
	assert_int_equal(link_tape_close(session.tape, NULL), 0);
	assert_int_equal(script.opens, opens);
	assert_int_equal(script.calls, calls);
	return outcome;
}

/* ---- tests ---- */

static struct session recorded;

static void test_every_outcome(void **state)
{
	struct err sentence;
	int64_t begin_ns;

	(void)state;
	record("every.link", false, &recorded);
	assert_int_equal(recorded.count, 29);
	assert_int_equal(script.opens, 3);
	assert_int_equal(script.closes, 2);
	begin_ns = link_now_ns();
	assert_int_equal(replay_session("every.link", &recorded, &sentence), LINK_TAPE_WHOLE);
	assert_string_equal(sentence.text, "");
	assert_true(link_now_ns() - begin_ns < 1000000000);
	assert_string_equal(recorded.lines[1], "open -16 serial:script: script: open: Device or "
					       "resource busy");
}

static void test_cut_everywhere(void **state)
{
	static uint8_t bytes[FILE_MAX];
	struct err sentence;
	size_t count;

	(void)state;
	record("flushed.link", true, &recorded);
	count = file_read("flushed.link", bytes);
	assert_int_equal(replay_session("flushed.link", &recorded, &sentence), LINK_TAPE_WHOLE);
	for (size_t cut = 0; cut < count; cut++) {
		const char *name = memory_file(bytes, cut);
		char number[40];

		assert_int_equal(replay_session(name, &recorded, &sentence), LINK_TAPE_CUT);
		snprintf(number, sizeof(number), "cut at byte %zu,", cut);
		assert_non_null(strstr(sentence.text, name));
		assert_non_null(strstr(sentence.text, number));
	}
}

/* Up to the damage everything is as it was; not a byte behind it is believed. */
static void test_damage_everywhere(void **state)
{
	static uint8_t bytes[FILE_MAX];
	struct err sentence;
	size_t count;

	(void)state;
	record("whole.link", true, &recorded);
	count = file_read("whole.link", bytes);
	for (size_t bit = 0; bit < 8 * count; bit++) {
		struct link_tape *tape;
		struct err err = {""};
		const char *name;

		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		name = memory_file(bytes, count);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (bit / 8 < 16) {
			assert_int_equal(link_tape_replay(name, &tape, &err), -EINVAL);
			continue;
		}
		assert_int_equal(replay_session(name, &recorded, &sentence), LINK_TAPE_DAMAGED);
		assert_non_null(strstr(sentence.text, ": damaged in the chunk"));
	}
}

/* A replay whose link is open, behind the records: open, lines, write "hello", read. */
static struct session short_replay(void)
{
	struct session session = {.is_replay = true};

	unlink(path_of("short.link"));
	assert_int_equal(link_tape_record(path_of("short.link"), &session.tape, NULL), 0);
	step_open(&session, 0, "");
	step_lines(&session, true, false, 0);
	step_write(&session, "hello, world, hello", 0);
	step_read(&session, 300, 0);
	step_close(&session);
	assert_int_equal(link_tape_close(session.tape, NULL), 0);
	session.tape = replay_of("short.link");
	session.count = 0;
	step_open(&session, 0, "");
	return session;
}

static void expect_difference(struct session *session, const char *sentence)
{
	struct err said;
	int64_t when_ns, then_ns = link_clock_ns(session->link);

	assert_int_equal(link_tape_outcome(session->tape, &when_ns, &said), LINK_TAPE_DIFFERS);
	assert_non_null(strstr(said.text, "short.link: record "));
	if (!strstr(said.text, sentence))
		fail_msg("'%s' is not in '%s'", sentence, said.text);
	/* from here on nothing works, no loop waits, and the first difference stays */
	step_write(session, "something else", 0);
	assert_int_equal(strncmp(session->lines[session->count - 1], "write -125 ", 11), 0);
	assert_true(link_clock_ns(session->link) - then_ns >= 3600 * INT64_C(1000000000));
	assert_true(link_tape_stop(session->tape, false));
	link_close(session->link);
	link_tape_outcome(session->tape, &then_ns, &said);
	assert_int_equal(then_ns, when_ns);
	assert_non_null(strstr(said.text, sentence));
	link_tape_close(session->tape, NULL);
}

static void test_differences(void **state)
{
	struct session session = short_replay();
	uint8_t small[299];
	size_t got;

	(void)state;
	step_lines(&session, true, false, 0);
	step_write(&session, "hello, World, hello", 0);
	expect_difference(&session,
			  "record 3: expected a write of 19 bytes, from byte 7: 77 6f 72 6c 64 2c "
			  "20 68 65 6c 6c 6f; came a write of 19 bytes, from byte 7: 57 6f");

	session = short_replay();
	step_lines(&session, true, false, 0);
	step_write(&session, "hello", 0);
	expect_difference(&session, "came a write of 5 bytes, from byte 5: nothing");

	session = short_replay();
	step_lines(&session, true, true, 0);
	expect_difference(&session,
			  "record 2: expected driving DTR 1, RTS 0; came driving DTR 1, RTS 1");

	session = short_replay();
	step_set(&session, 9600, LINK_PARITY_EVEN, 0);
	expect_difference(&session, "came setting 9600 baud 8E1");

	session = short_replay();
	link_clock_ns(session.link);
	expect_difference(&session, "came a reading of the clock");

	session = short_replay();
	step_lines(&session, true, false, 0);
	step_write(&session, "hello, world, hello", 0);
	assert_int_equal(link_read(session.link, small, sizeof(small), 0, &got, NULL), -ECANCELED);
	expect_difference(&session,
			  "record 4: expected a read of 300 bytes; came one with room for 299");
}

static void test_other_link(void **state)
{
	const struct link_settings slow = {.baud = 300, .parity = LINK_PARITY_NONE};
	struct session session = short_replay();
	struct link_tape *tape;
	struct link *link;
	struct err err = {""};

	(void)state;
	link_close(session.link);
	link_tape_close(session.tape, NULL);
	tape = replay_of("short.link");
	assert_int_equal(link_open_taped(tape, uri, &slow, &link, &err), -ECANCELED);
	assert_non_null(strstr(err.text, "record 1: expected opening serial:script at 115200 baud "
					 "8N1; came opening serial:script at 300 baud 8N1"));
	link_tape_close(tape, NULL);
}

static void test_ended_early(void **state)
{
	struct session session = short_replay();
	struct err sentence;
	int64_t when_ns;

	(void)state;
	assert_int_equal(link_tape_outcome(session.tape, &when_ns, &sentence), LINK_TAPE_REST);
	assert_non_null(strstr(sentence.text,
			       "record 2: expected driving DTR 1, RTS 0; the session "
			       "ended before it"));
	assert_true(link_tape_stop(session.tape, true)); /* Ctrl-C in the replay */
	assert_int_equal(link_tape_outcome(session.tape, &when_ns, &sentence), LINK_TAPE_LEFT);
	step_read(&session, 0, 0);
	assert_int_equal(strncmp(session.lines[session.count - 1], "read -125 ", 10), 0);
	link_close(session.link);
	link_tape_close(session.tape, NULL);
}

static void test_versions(void **state)
{
	static uint8_t bytes[FILE_MAX];
	struct link_tape *tape;
	struct err err = {""};
	uint32_t crc;
	size_t count;

	(void)state;
	record("version.link", false, &recorded);
	count = file_read("version.link", bytes);
	bytes[8]++;
	crc = wire_crc32(0, bytes, 12);
	for (int i = 0; i < 4; i++)
		bytes[12 + i] = (uint8_t)(crc >> 8 * i);
	file_write("newer.link", bytes, count);
	assert_int_equal(link_tape_replay(path_of("newer.link"), &tape, &err), -EINVAL);
	assert_non_null(strstr(err.text, "newer.link: recorded by a newer joulebench (format 5, "
					 "this one knows 4)"));
	file_write("text.link", (const uint8_t *)"rig: test\n", 10);
	assert_int_equal(link_tape_replay(path_of("text.link"), &tape, &err), -EINVAL);
	assert_non_null(strstr(err.text, "not the recording of a link"));
	assert_int_equal(link_tape_replay(path_of("none.link"), &tape, &err), -ENOENT);
	assert_int_equal(link_tape_record(path_of("text.link"), &tape, &err), -EEXIST);
	assert_non_null(strstr(err.text, "never overwritten"));
}

/* A tape of versions 1 to 3 holds the same records under an older number. */
static void test_old_version(void **state)
{
	static uint8_t bytes[FILE_MAX];
	struct err sentence;
	uint32_t crc;
	size_t count;

	(void)state;
	record("version4.link", false, &recorded);
	count = file_read("version4.link", bytes);
	assert_int_equal(bytes[8], 4);
	for (uint8_t version = 1; version < 4; version++) {
		bytes[8] = version;
		crc = wire_crc32(0, bytes, 12);
		for (int i = 0; i < 4; i++)
			bytes[12 + i] = (uint8_t)(crc >> 8 * i);
		file_write("older.link", bytes, count);
		assert_int_equal(replay_session("older.link", &recorded, &sentence),
				 LINK_TAPE_WHOLE);
	}
}

/* A file that may not grow: the session goes on, closing tells, what was written can be replayed.
 */
static void test_disk_full(void **state)
{
	const struct rlimit full = {.rlim_cur = 200, .rlim_max = RLIM_INFINITY};
	const struct rlimit open = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
	struct err err = {""}, sentence;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
	memset(&recorded, 0, sizeof(recorded));
	recorded.flush_each = true;
	assert_int_equal(link_tape_record(path_of("full.link"), &recorded.tape, &err), 0);
	session_run(&recorded);
	assert_int_equal(link_tape_close(recorded.tape, &err), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &open), 0);
	assert_non_null(strstr(err.text, "not complete"));
	assert_non_null(strstr(err.text, "full.link"));
	assert_int_equal(recorded.count, 29);
	assert_int_equal(replay_session("full.link", &recorded, &sentence), LINK_TAPE_CUT);
}

/* Polls that return nothing, with the clock read before and after, and reads of many chunks. */
static void test_size(void **state)
{
	enum { POLLS = 10000, READS = 1000 };
	static uint8_t bytes[FILE_MAX];
	struct session session = {0};
	char expected[LINE_BYTES];
	size_t polls, all;

	(void)state;
	assert_int_equal(link_tape_record(path_of("polls.link"), &session.tape, NULL), 0);
	step_open(&session, 0, "");
	for (int i = 0; i < POLLS; i++) {
		session.count = 0;
		step_clock(&session);
		step_read(&session, 0, 0);
	}
	link_tape_flush(session.tape);
	polls = file_read("polls.link", bytes);
	assert_true(polls < POLLS * 9);
	for (int i = 0; i < READS; i++) {
		session.count = 0;
		step_read(&session, 300, 0);
	}
	strcpy(expected, session.lines[0]);
	assert_int_equal(strncmp(expected, "read 0 300 ", 11), 0);
	link_close(session.link);
	assert_int_equal(link_tape_close(session.tape, NULL), 0);
	all = file_read("polls.link", bytes);
	assert_in_range(all - polls, READS * 300, READS * 304);

	session = (struct session){.is_replay = true, .tape = replay_of("polls.link")};
	step_open(&session, 0, "");
	for (int i = 0; i < POLLS + READS; i++) {
		session.count = 0;
		if (i < POLLS)
			step_clock(&session);
		step_read(&session, 0, 0);
		assert_string_equal(session.lines[session.count - 1],
				    i < POLLS ? "read 0 0 00000000 " : expected);
	}
	link_close(session.link);
	link_tape_close(session.tape, NULL);
}

/* Without a tape everything is as ever. */
static void test_no_tape(void **state)
{
	struct link *link;
	int64_t before_ns = link_now_ns();

	(void)state;
	script.identity = "";
	assert_int_equal(link_open_taped(NULL, uri, &plain, &link, NULL), 0);
	assert_in_range(link_clock_ns(link) - before_ns, 0, 1000000000);
	assert_true(link_tape_flag(NULL, true));
	assert_false(link_tape_stop(NULL, false));
	assert_false(link_tape_is_over(NULL));
	before_ns = link_now_ns();
	link_sleep_ms(link, 2);
	assert_true(link_now_ns() - before_ns >= 2000000);
	assert_int_equal(link_tape_close(NULL, NULL), 0);
	link_close(link);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_outcome),
		cmocka_unit_test(test_cut_everywhere),
		cmocka_unit_test(test_damage_everywhere),
		cmocka_unit_test(test_differences),
		cmocka_unit_test(test_other_link),
		cmocka_unit_test(test_ended_early),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_old_version),
		cmocka_unit_test(test_disk_full),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_no_tape),
	};

	folder = scratch_folder();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
