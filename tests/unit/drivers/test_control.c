/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reset and boot lines, seen by the far end of a link: polarity, order, times.
 */
#include "tests/unit/drivers/test_link_peer.h"

#include <errno.h>

#include "drivers/control/control.h"

static const struct link_settings plain = {.baud = 115200, .parity = LINK_PARITY_NONE};

static const struct control_line dtr = {.kind = CONTROL_LINE_DTR};
static const struct control_line rts = {.kind = CONTROL_LINE_RTS};

static struct control_line parsed(enum control_role role, const char *text)
{
	struct control_line line = {0};
	struct err err = {""};

	if (control_line_parse(role, text, &line, &err))
		fail_msg("'%s': %s", text, err.text);
	assert_int_equal(line.role, role);
	return line;
}

static void test_parse_modem(void **state)
{
	static const struct {
		const char *text;
		enum control_line_kind kind;
		bool is_inverted;
	} good[] = {{"dtr", CONTROL_LINE_DTR, false},
		    {"!dtr", CONTROL_LINE_DTR, true},
		    {"rts", CONTROL_LINE_RTS, false},
		    {"!rts", CONTROL_LINE_RTS, true}};
	static const char *const bad[] = {"",
					  "!",
					  "DTR",
					  "!!dtr",
					  "dtr ",
					  "cts",
					  "open_drain:!dtr",
					  "push_pull:rts",
					  "gpio",
					  "gpiox:/dev/gpiochip0:1"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct control_line line =
			parsed(i % 2 ? CONTROL_RESET : CONTROL_BOOT, good[i].text);
		char text[CONTROL_TEXT_BYTES];

		assert_int_equal(line.kind, good[i].kind);
		assert_int_equal(line.is_inverted, good[i].is_inverted);
		control_line_print(&line, text);
		assert_string_equal(text, good[i].text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct control_line line;
		struct err err = {""};

		assert_int_equal(control_line_parse(CONTROL_RESET, bad[i], &line, &err), -EINVAL);
		assert_non_null(strstr(err.text, "!rts"));
	}
}

/* How it is driven: NRST never high unless the rig says so in words. */
static void test_parse_switches(void **state)
{
	static const struct {
		enum control_role role;
		const char *text;
		bool is_inverted, is_open_drain;
		const char *printed;
	} good[] = {
		{CONTROL_RESET, "!gpio:/dev/gpiochip0:17", true, true,
		 "open_drain:!gpio:/dev/gpiochip0:17"},
		{CONTROL_RESET, "open_drain:!gpio:/dev/gpiochip0:17", true, true,
		 "open_drain:!gpio:/dev/gpiochip0:17"},
		{CONTROL_RESET, "push_pull:!gpio:/dev/gpiochip0:17", true, false,
		 "push_pull:!gpio:/dev/gpiochip0:17"},
		{CONTROL_RESET, "push_pull:gpio:/dev/gpiochip0:17", false, false,
		 "push_pull:gpio:/dev/gpiochip0:17"},
		{CONTROL_BOOT, "gpio:/dev/gpiochip11:0", false, false, "gpio:/dev/gpiochip11:0"},
		{CONTROL_BOOT, "!gpio:/dev/x:y:9", true, false, "!gpio:/dev/x:y:9"},
		{CONTROL_SUPPLY, "gpio:/dev/gpiochip0:4", false, false, "gpio:/dev/gpiochip0:4"},
		{CONTROL_SUPPLY, "open_drain:!gpio:/dev/gpiochip0:4", true, true,
		 "open_drain:!gpio:/dev/gpiochip0:4"},
		{CONTROL_SUPPLY, "hub:1-1.4:2", false, false, "hub:1-1.4:2"},
		{CONTROL_SUPPLY, "hub:usb2:1", false, false, "hub:usb2:1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct control_line line = parsed(good[i].role, good[i].text), again;
		char text[CONTROL_TEXT_BYTES];

		assert_int_equal(line.kind, CONTROL_LINE_SWITCH);
		assert_int_equal(line.is_inverted, good[i].is_inverted);
		assert_int_equal(line.is_open_drain, good[i].is_open_drain);
		control_line_print(&line, text);
		assert_string_equal(text, good[i].printed);
		again = parsed(good[i].role, text);
		assert_true(control_line_same(&line, &again));
		assert_int_equal(again.is_open_drain, line.is_open_drain);
	}
}

static void test_parse_refused(void **state)
{
	static const struct {
		enum control_role role;
		const char *text, *says;
	} rows[] = {
		{CONTROL_RESET, "gpio:/dev/gpiochip0:17", "'!gpio:/dev/gpiochip0:17'"},
		{CONTROL_RESET, "open_drain:gpio:/dev/gpiochip0:17", "takes a '!'"},
		{CONTROL_BOOT, "open_drain:gpio:/dev/gpiochip0:17", "takes a '!'"},
		{CONTROL_BOOT, "open_drain:push_pull:gpio:/dev/gpiochip0:17", "none of"},
		{CONTROL_BOOT, "gpio:gpiochip0:17", "no GPIO line"},
		{CONTROL_BOOT, "gpio:/dev/gpiochip0", "no GPIO line"},
		{CONTROL_BOOT, "gpio:/dev/gpiochip0:", "no GPIO line"},
		{CONTROL_BOOT, "gpio:/dev/gpiochip0:-1", "no GPIO line"},
		{CONTROL_BOOT, "gpio:/dev/gpiochip0:1x", "no GPIO line"},
		{CONTROL_BOOT, "gpio:/dev/gpiochip0:99999999999999999999", "no GPIO line"},
		{CONTROL_BOOT,
		 "gpio:/dev/0123456789012345678901234567890123456789012345678901234567890123456789"
		 "0123456789:1",
		 "longer"},
		{CONTROL_BOOT, "hub:1-1.4:2", "switches a supply"},
		{CONTROL_SUPPLY, "dtr", "none of [!]gpio:"},
		{CONTROL_SUPPLY, "!hub:1-1.4:2", "without '!'"},
		{CONTROL_SUPPLY, "push_pull:hub:1-1.4:2", "without '!'"},
		{CONTROL_SUPPLY, "hub:1-1.4", "no port of a hub"},
		{CONTROL_SUPPLY, "hub:1-:2", "no port of a hub"},
		{CONTROL_SUPPLY, "hub:1-1.4:0", "no port of a hub"},
		{CONTROL_SUPPLY, "hub:1-1.4:256", "no port of a hub"},
		{CONTROL_SUPPLY, "hub:1:2", "no port of a hub"},
		{CONTROL_SUPPLY, "hub:1-1..4:2", "no port of a hub"},
		{CONTROL_SUPPLY, "hub:1-1.2.3.4.5.6.7.8:2", "no port of a hub"},
		{CONTROL_SUPPLY, "hub:usb:2", "no port of a hub"},
		{CONTROL_SUPPLY, "hub:usb1-1:2", "no port of a hub"},
		{CONTROL_SUPPLY, "hub:1-01:2", "no port of a hub"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct control_line line;
		struct err err = {""};

		if (control_line_parse(rows[i].role, rows[i].text, &line, &err) != -EINVAL ||
		    !strstr(err.text, rows[i].says))
			fail_msg("'%s': '%s' lacks '%s'", rows[i].text, err.text, rows[i].says);
	}
}

static void test_shared_line(void **state)
{
	struct control_lines lines = {.boot = parsed(CONTROL_BOOT, "gpio:/dev/gpiochip0:4"),
				      .supply = parsed(CONTROL_SUPPLY, "!gpio:/dev/gpiochip0:4")};
	struct control control;
	struct err err = {""};

	(void)state;
	assert_int_equal(control_init(&control, NULL, dtr, dtr, &err), -EINVAL);
	assert_non_null(strstr(err.text, "reset and boot share one line, dtr"));
	assert_int_equal(control_lines_check(&lines, &err), -EINVAL);
	assert_non_null(strstr(err.text, "boot and supply share"));
	lines.supply = parsed(CONTROL_SUPPLY, "!gpio:/dev/gpiochip0:5");
	assert_int_equal(control_lines_check(&lines, &err), 0);
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
	assert_int_equal(control_line_parse(CONTROL_RESET, reset, &reset_line, NULL), 0);
	assert_int_equal(control_line_parse(CONTROL_BOOT, boot, &boot_line, NULL), 0);
	assert_int_equal(control_init(&control, link, reset_line, boot_line, NULL), 0);
	for (int into = 1; into >= 0; into--) {
		unsigned from = peer.line_changes;

		assert_int_equal(control_reset(&control, into, NULL), 0);
		check_levels(&peer, from, reset, boot, into);
		assert_false(control.in_reset);
		assert_int_equal(control.in_boot, into);
	}
	/* at rest: nothing active */
	assert_int_equal(reset_line.kind == CONTROL_LINE_DTR ? peer.dtr : peer.rts,
			 reset_line.is_inverted);
	assert_int_equal(boot_line.kind == CONTROL_LINE_DTR ? peer.dtr : peer.rts,
			 boot_line.is_inverted);
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
	assert_int_equal(control_init(&control, link, dtr, rts, NULL), 0);
	peer_stop(&peer);
	assert_int_equal(control_reset(&control, true, &err), -ENODEV);
	assert_non_null(strstr(err.text, "reset and boot lines"));
	link_close(link);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_modem),   cmocka_unit_test(test_parse_switches),
		cmocka_unit_test(test_parse_refused), cmocka_unit_test(test_shared_line),
		cmocka_unit_test(test_wirings),       cmocka_unit_test(test_hang_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
