/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The virtual rig's file: the shipped example loads; each mistake is refused with its line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "rigs/virtual/server/config.h"

#define EXAMPLE "rigs/virtual/nucleo-l4r5zi-ppk2.yaml"

/* Lines are counted in the messages below. */
#define TOP "seed: 1\n" /* 1 */
#define BOARD                                                                                      \
	"boards:\n  - name: b\n    part: stm32l4r5\n" /* 2..4 */                                   \
	"    listen: unix:/tmp/b\n    supply: m\n"    /* 5..6 */
#define METER                                                                                      \
	"meters:\n  - name: m\n    kind: ppk2\n"                                                   \
	"    listen: tcp:127.0.0.1:0\n"

static int load_text(const char *text, struct config **ret_config, struct verr *err)
{
	char path[] = "/tmp/virtual-rig-config-XXXXXX";
	int fd = mkstemp(path), rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	rc = config_load(path, ret_config, err);
	unlink(path);
	return rc;
}

static void test_example(void **state)
{
	struct config *config;
	struct verr err = {""};
	int rc = config_load(EXAMPLE, &config, &err);

	(void)state;
	if (rc < 0)
		print_message("%s\n", err.text);
	assert_int_equal(rc, 0);
	assert_int_equal(config->boards_count, 1);
	assert_true(config->boards[0].ambient_c == 21);
	assert_true(config->boards[0].reset.is_dtr && config->boards[0].reset.active_asserted);
	assert_false(config->boards[0].boot.is_dtr || config->boards[0].boot.active_asserted);
	config_free(config);
}

static void test_defaults(void **state)
{
	struct config *config;
	struct verr err = {""};

	(void)state;
	assert_int_equal(load_text(TOP BOARD METER, &config, &err), 0);
	assert_true(config->pace == 25);
	assert_null(config->truth);
	assert_true(config->boards[0].ambient_c == 21);
	assert_true(config->boards[0].reset.is_dtr && config->boards[0].reset.active_asserted);
	assert_false(config->boards[0].boot.is_dtr || config->boards[0].boot.active_asserted);
	config_free(config);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *text, *expected; /* the end of FILE:LINE, and words of the sentence */
		const char *words;
	} mistakes[] = {
		{"", ":1:", "empty"},
		{"seed: [\n", ":", "did not find"},
		{TOP BOARD METER "---\n" TOP, ":11:", "second document"},
		{"seed: 1x\n" BOARD METER, ":1:", "1x"},
		{"seed: -1\n" BOARD METER, ":1:", "-1"},
		{TOP "sed: 1\n" BOARD METER, ":2:", "sed"},
		{TOP "seed: 2\n" BOARD METER, ":2:", "already seen"},
		{TOP BOARD, ":", "meters"},
		{TOP "pace: fast\n" BOARD METER, ":2:", "pace"},
		{TOP "pace: 0\n" BOARD METER, ":2:", "pace"},
		{TOP "pace: 25 s\n" BOARD METER, ":2:", "pace"},
		{TOP BOARD "    ambient: 21\n" METER, ":7:", "unit"},
		{TOP BOARD "    ambient: 500 degC\n" METER, ":7:", "outside"},
		{TOP BOARD "    ambient: nan degC\n" METER, ":7:", "outside"},
		{TOP BOARD "    colour: red\n" METER, ":7:", "colour"},
		{TOP BOARD "    lines: {reset: cts}\n" METER, ":7:", "cts"},
		{TOP BOARD "    lines: {reset: dtr, boot: dtr}\n" METER, ":7:", "share"},
		{TOP BOARD METER "  - name: n\n    kind: ppk2\n    listen: unix:n\n",
		 ":11:", "feeds no board"},
		{TOP BOARD METER "  - name: m\n    kind: ppk2\n    listen: unix:n\n",
		 ":8:", "twice"},
		{TOP BOARD
		 "  - name: c\n    part: stm32l4r5\n    listen: unix:c\n    supply: m\n" METER,
		 ":10:", "already feeds"},
		{TOP BOARD
		 "  - name: c\n    part: stm32l4r5\n    listen: unix:/tmp/b\n    supply: m\n" METER,
		 ":5:", "twice"},
		{TOP
		 "boards:\n  - name: b\n    part: z80\n    listen: unix:b\n    supply: m\n" METER,
		 ":4:", "z80"},
		{TOP "boards:\n  - name: a/b\n    part: stm32l4r5\n    listen: unix:b\n"
		     "    supply: m\n" METER,
		 ":3:", "a/b"},
		{TOP "boards:\n  - name: b\n    part: stm32l4r5\n    listen: tcp:0.0.0.0:1\n"
		     "    supply: m\n" METER,
		 ":5:", "loopback"},
		{TOP "boards:\n  - name: b\n    part: stm32l4r5\n    listen: udp:x\n"
		     "    supply: m\n" METER,
		 ":5:", "neither"},
		{TOP "boards:\n  - name: b\n    part: stm32l4r5\n    listen: unix:b\n"
		     "    supply: n\n" METER,
		 ":6:", "no meter"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct config *config = NULL;
		struct verr err = {""};
		int rc = load_text(mistakes[i].text, &config, &err);

		print_message("%s\n", err.text);
		assert_true(rc < 0);
		assert_null(config);
		assert_non_null(strstr(err.text, mistakes[i].expected));
		assert_non_null(strstr(err.text, mistakes[i].words));
	}
}

static void test_absent_file(void **state)
{
	struct config *config = NULL;
	struct verr err = {""};

	(void)state;
	assert_true(config_load("no/such/rig.yaml", &config, &err) < 0);
	assert_string_equal(err.text, "no/such/rig.yaml: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_absent_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
