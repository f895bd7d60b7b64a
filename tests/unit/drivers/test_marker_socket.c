/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Marker edges from a virtual lab's socket: a lab of a few lines here says what is on it, split
 * anywhere.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/link/record.h"
#include "drivers/marker/marker.h"

enum { WAIT_MS = 3000, EDGES_MAX = 16 };

static char folder[] = "/tmp/joulebench-marker-XXXXXX";
static char path[64], uri[80];

struct lab {
	int listener;
	pthread_t thread;
	const char *says;
	size_t piece; /* bytes per packet */
};

static void *lab_run(void *argument)
{
	struct lab *lab = argument;
	int fd = accept(lab->listener, NULL, NULL);
	size_t length = strlen(lab->says);

	for (size_t at = 0; fd >= 0 && at < length; at += lab->piece) {
		size_t count = length - at < lab->piece ? length - at : lab->piece;

		if (send(fd, lab->says + at, count, MSG_NOSIGNAL) < 0)
			break;
		usleep(lab->piece < length ? 200 : 0);
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void lab_start(struct lab *lab, const char *says, size_t piece)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	*lab = (struct lab){.says = says, .piece = piece};
	unlink(path);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	lab->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(lab->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(lab->listener, 1), 0);
	assert_int_equal(pthread_create(&lab->thread, NULL, lab_run, lab), 0);
}

static void lab_end(struct lab *lab)
{
	pthread_join(lab->thread, NULL);
	close(lab->listener);
}

/* All edges until it ends; returns what ended it. */
static int read_all(struct marker *marker, struct marker_edge *edges, size_t *ret_count,
		    struct err *err)
{
	size_t count = 0, some;
	int ret;

	while (!(ret = marker_read(marker, edges + count, EDGES_MAX - count, WAIT_MS, &some, err)))
		count += some;
	*ret_count = count;
	return ret;
}

static void edges_come(void **state)
{
	static const char says[] =
		"joulebench-markers 1\n1 f 100 1\n0 r 1000000000123 1\n1 r 2000 2\n"
		"1 f 3000 5\n2 r 9223372036854775807 4294967295\n2 f 5 0\n";
	static const size_t pieces[] = {1, 3, 7, 20, 21, 22, 1000};

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct marker_edge edges[EDGES_MAX];
		struct marker *marker;
		struct err err = {""};
		struct lab lab;
		size_t count;

		lab_start(&lab, says, pieces[i]);
		assert_int_equal(marker_open(uri, &marker, &err), 0);
		assert_true(marker_is_numbered(marker) && marker_is_virtual(marker));
		assert_int_equal(read_all(marker, edges, &count, &err), -ENODEV);
		assert_non_null(strstr(err.text, "hung up"));
		assert_int_equal(count, 6);
		assert_true(edges[1].is_rising && edges[1].line == 0 && !edges[1].lost);
		assert_true(edges[1].t_mono_ns == 1000000000123);
		assert_int_equal(edges[2].lost, 0);
		assert_int_equal(edges[3].lost, 2);
		assert_true(!edges[3].is_rising && edges[3].line == 1);
		assert_int_equal(edges[4].lost, 4294967294u);
		assert_int_equal(edges[5].lost, 0); /* numbers wrap */
		marker_close(marker);
		lab_end(&lab);
	}
}

static void what_is_no_edge_ends_it(void **state)
{
	static const char *const bad[] = {"0 r 5\n",
					  "3 r 5 1\n",
					  "0 x 5 1\n",
					  "0 r 5 1 \n",
					  "0 r 5 1x\n",
					  "\n",
					  "garbage\n",
					  "0 r 5 1 and so on, much longer than any line that an "
					  "edge could ever have taken\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct marker_edge edges[EDGES_MAX];
		char says[200];
		struct marker *marker;
		struct err err = {""};
		struct lab lab;
		size_t count;

		snprintf(says, sizeof(says), "joulebench-markers 1\n0 r 4 1\n%s0 f 6 2\n", bad[i]);
		lab_start(&lab, says, 1000);
		assert_int_equal(marker_open(uri, &marker, &err), 0);
		if (read_all(marker, edges, &count, &err) != -EPROTO || count != 1)
			fail_msg("'%s' passes", bad[i]);
		marker_close(marker);
		lab_end(&lab);
	}
}

static void others_are_refused(void **state)
{
	static const struct {
		const char *says;
		int code;
	} cases[] = {{"busy\n", -EBUSY},
		     {"joulebench-markers 2\n0 r 1 1\n", -EPROTO},
		     {"*IDN?", -EPROTO},
		     {"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", -EPROTO}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct marker *marker = NULL;
		struct err err = {""};
		struct lab lab;

		lab_start(&lab, cases[i].says, 1000);
		if (marker_open(uri, &marker, &err) != cases[i].code)
			fail_msg("'%s': %s", cases[i].says, err.text);
		lab_end(&lab);
	}
}

/* What came of one lab, taped; then the tape alone, and what it says of anything else. */
static void a_tape_gives_the_same(void **state)
{
	static const char says[] = "joulebench-markers 1\n1 f 100 1\n0 r 1000000000123 1\n"
				   "2 r 9223372036854775807 4294967295\n2 f 5 0\n";
	struct marker_edge edges[2][EDGES_MAX] = {0}, one;
	struct err err[2] = {{""}}, sentence;
	int code[2];
	struct marker *marker;
	struct link_tape *tape;
	char file[80];
	struct lab lab;
	size_t count[2], got;
	int64_t when_ns;

	(void)state;
	snprintf(file, sizeof(file), "%s/markers.link", folder);
	lab_start(&lab, says, 7);
	assert_int_equal(link_tape_record(file, &tape, NULL), 0);
	for (unsigned i = 0; i < 2; i++) {
		if (i)
			assert_int_equal(link_tape_replay(file, &tape, NULL), 0);
		assert_int_equal(marker_open_taped(uri, tape, &marker, &err[i]), 0);
		assert_true(marker_is_numbered(marker) && marker_is_virtual(marker));
		code[i] = read_all(marker, edges[i], &count[i], &err[i]);
		marker_close(marker);
		if (!i)
			lab_end(&lab);
		assert_int_equal(link_tape_outcome(tape, &when_ns, &sentence), LINK_TAPE_WHOLE);
		assert_int_equal(link_tape_close(tape, NULL), 0);
	}
	assert_int_equal(code[0], -ENODEV);
	assert_int_equal(code[1], code[0]);
	assert_string_equal(err[1].text, err[0].text);
	assert_int_equal(count[0], 4);
	assert_int_equal(count[1], count[0]);
	assert_memory_equal(edges[1], edges[0], sizeof(edges[0]));

	assert_int_equal(link_tape_replay(file, &tape, NULL), 0);
	assert_int_equal(marker_open_taped("gpio:/dev/gpiochip0:17", tape, &marker, &sentence),
			 -ECANCELED);
	assert_non_null(strstr(sentence.text, "expected opening the marker lines socket:"));
	assert_int_equal(link_tape_close(tape, NULL), 0);
	assert_int_equal(link_tape_replay(file, &tape, NULL), 0);
	assert_int_equal(marker_open_taped(uri, tape, &marker, NULL), 0);
	got = 0;
	assert_int_equal(marker_read(marker, &one, 0, 0, &got, &sentence), -ECANCELED);
	assert_non_null(strstr(sentence.text, "expected room for"));
	assert_int_equal(got, 0);
	marker_close(marker);
	assert_int_equal(link_tape_close(tape, NULL), 0);
	unlink(file);
}

static void nobody_serves(void **state)
{
	struct marker *marker = NULL;
	struct err err = {""};

	(void)state;
	unlink(path);
	assert_int_equal(marker_open(uri, &marker, &err), -ENOENT);
	assert_non_null(strstr(err.text, "virtual-rig"));
}

static void uris(void **state)
{
	static const char *const wrong[] = {"", "socket:", "unix:/tmp/x", "gpio:17", "/tmp/x"};
	unsigned lines;
	bool is_virtual;
	struct err err = {""};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(marker_check_uri(wrong[i], NULL, NULL, &err), -EINVAL);
	assert_int_equal(
		marker_check_uri("gpio:/dev/gpiochip0:17,27,22", &lines, &is_virtual, &err), 0);
	assert_true(lines == 3 && !is_virtual);
	assert_int_equal(
		marker_check_uri("gpio-sim:/dev/gpiochip0:0,1", &lines, &is_virtual, &err), 0);
	assert_int_equal(lines, 2);
	assert_true(is_virtual);
	assert_int_equal(marker_check_uri("socket:build/x.sock", &lines, &is_virtual, &err), 0);
	assert_true(lines == 0 && is_virtual);
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/m.sock", folder);
	snprintf(uri, sizeof(uri), "socket:%s", path);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(edges_come),
					   cmocka_unit_test(what_is_no_edge_ends_it),
					   cmocka_unit_test(others_are_refused),
					   cmocka_unit_test(a_tape_gives_the_same),
					   cmocka_unit_test(nobody_serves),
					   cmocka_unit_test(uris)};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
