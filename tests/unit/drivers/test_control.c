/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reset and boot lines, seen by the far end of a link: polarity, order, times.
 */
#include "tests/unit/drivers/test_link_peer.h"

#include <errno.h>

#include "drivers/control/control.h"

static const struct link_settings plain = {.baud = 115200, .parity = LINK_PARITY_NONE};

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		struct control_line line;
	} good[] = {{"dtr", {true, true}},
		    {"!dtr", {true, false}},
		    {"rts", {false, true}},
		    {"!rts", {false, false}}};
	static const char *const bad[] = {"", "!", "DTR", "!!dtr", "dtr ", "cts"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct control_line line = {0};

		assert_int_equal(control_line_parse(good[i].text, &line, NULL), 0);
		assert_int_equal(line.is_dtr, good[i].line.is_dtr);
		assert_int_equal(line.active_asserted, good[i].line.active_asserted);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct control_line line;
		struct err err = {""};

		assert_int_equal(control_line_parse(bad[i], &line, &err), -EINVAL);
		assert_non_null(strstr(err.text, "!rts"));
	}
}

static void test_shared_line(void **state)
{
	struct control control;
	struct err err = {""};

	(void)state;
	assert_int_equal(control_init(&control, NULL, (struct control_line){true, true},
				      (struct control_line){true, false}, &err),
			 -EINVAL);
	assert_non_null(strstr(err.text, "DTR"));
}

/* The lines after each SET-CONTROL since from, as functions: R reset active, B boot active. */
static void check_levels(const struct peer *peer, unsigned from, const char *reset,
			 const char *boot, bool into_bootloader)
{
	bool reset_dtr = !strcmp(reset + (reset[0] == '!'), "dtr");
	int64_t begin_ns = 0, end_ns = 0;
	bool was = false;

	for (unsigned i = from; i < peer->line_changes; i++) {
		bool reset_line = reset_dtr ? peer->lines[i].dtr : peer->lines[i].rts;
		bool boot_line = reset_dtr ? peer->lines[i].rts : peer->lines[i].dtr;
		bool in_reset = reset_line == (reset[0] != '!');

		if (in_reset && !was)
			begin_ns = peer->lines[i].t_ns;
		if (!in_reset && was)
			end_ns = peer->lines[i].t_ns;
		/* at both ends of the release, BOOT0 is as asked */
		if (was)
			assert_int_equal(boot_line == (boot[0] != '!'), into_bootloader);
		was = in_reset;
	}
	assert_false(was);
	assert_true(begin_ns && end_ns);
	assert_in_range(end_ns - begin_ns, 9900000, 200000000);
}

static void check_wiring(const char *reset, const char *boot)
{
	struct peer peer = {.signature = "s"};
	struct control_line reset_line, boot_line;
	struct control control;
	struct link *link = NULL;

	assert_true(peer_start(&peer));
	assert_int_equal(link_open(peer.uri, &plain, &link, NULL), 0);
	assert_int_equal(control_line_parse(reset, &reset_line, NULL), 0);
	assert_int_equal(control_line_parse(boot, &boot_line, NULL), 0);
	assert_int_equal(control_init(&control, link, reset_line, boot_line, NULL), 0);
	for (int into = 1; into >= 0; into--) {
		unsigned from = peer.line_changes;

		assert_int_equal(control_reset(&control, into, NULL), 0);
		check_levels(&peer, from, reset, boot, into);
		assert_false(control.in_reset);
		assert_int_equal(control.in_boot, into);
	}
	/* at rest: nothing active */
	assert_int_equal(reset_line.is_dtr ? peer.dtr : peer.rts, !reset_line.active_asserted);
	assert_int_equal(boot_line.is_dtr ? peer.dtr : peer.rts, !boot_line.active_asserted);
	link_close(link);
	peer_stop(&peer);
}

static void test_wirings(void **state)
{
	(void)state;
	check_wiring("dtr", "rts");
	check_wiring("dtr", "!rts");
	check_wiring("!rts", "dtr");
	check_wiring("rts", "!dtr");
}

static void test_hang_up(void **state)
{
	struct peer peer = {.signature = "s"};
	struct control control;
	struct link *link = NULL;
	struct err err = {""};

	(void)state;
	assert_true(peer_start(&peer));
	assert_int_equal(link_open(peer.uri, &plain, &link, NULL), 0);
	assert_int_equal(control_init(&control, link, (struct control_line){true, true},
				      (struct control_line){false, true}, NULL),
			 0);
	peer_stop(&peer);
	assert_int_equal(control_reset(&control, true, &err), -ENODEV);
	assert_non_null(strstr(err.text, "reset and boot lines"));
	link_close(link);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_shared_line),
		cmocka_unit_test(test_wirings),
		cmocka_unit_test(test_hang_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
