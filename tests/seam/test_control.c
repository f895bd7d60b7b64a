/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reset, boot and supply lines on a played kernel's GPIO: both versions of the character device,
 * polarity and open drain, order, lines that are not to be had, recording and replay.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/control/control.h"
#include "drivers/link/link.h"
#include "drivers/link/record.h"
#include "drivers/marker/marker.h"
#include "tests/scratch.h"
#include "tests/seam/gpio.h"
#include "tests/unit/drivers/conformance_control.h"
#include "tests/unit/drivers/test_link_peer.h"

enum { RESET = 17, BOOT = 4, SUPPLY = 9, STEPS_MAX = 64, LET_GO = -1 };

/* What the board's pins saw, one after the other. */
struct step {
	unsigned line;
	int level; /* -1: nobody drives it */
	int64_t t_ns;
};

static struct seam_gpio chip;
static struct step steps[STEPS_MAX];
static unsigned step_count;

static void note(struct seam_gpio *gpio, unsigned line, int level)
{
	(void)gpio;
	if (step_count < STEPS_MAX)
		steps[step_count++] = (struct step){line, level, link_now_ns()};
}

static int plug(bool has_no_v2)
{
	memset(&chip, 0, sizeof(chip));
	chip.number = 7;
	chip.label = "played";
	chip.lines = 32;
	chip.has_no_v2 = has_no_v2;
	chip.on_output = note;
	step_count = 0;
	seam_gpio_plug(&chip);
	return 0;
}

static int plug_new(void **state)
{
	(void)state;
	return plug(false);
}

static int plug_old(void **state)
{
	(void)state;
	return plug(true);
}

static int gone(void **state)
{
	(void)state;
	seam_gpio_unplug(&chip);
	return seam_open_files() ? -1 : 0;
}

static struct control_line line_of(enum control_role role, const char *text)
{
	struct control_line line = {0};
	struct err err = {""};

	if (text && control_line_parse(role, text, &line, &err))
		fail_msg("%s", err.text);
	return line;
}

static struct control_lines lines_of(const char *reset, const char *boot, const char *supply)
{
	return (struct control_lines){.reset = line_of(CONTROL_RESET, reset),
				      .boot = line_of(CONTROL_BOOT, boot),
				      .supply = line_of(CONTROL_SUPPLY, supply)};
}

static const char nrst[] = "!gpio:/dev/gpiochip7:17", boot0[] = "gpio:/dev/gpiochip7:4",
		  relay[] = "gpio:/dev/gpiochip7:9";

static void opened(struct control *control, const struct control_lines *lines)
{
	struct err err = {""};

	if (control_open(control, lines, NULL, &err))
		fail_msg("%s", err.text);
}

/* The steps since the last call are these, and no others. */
static void expect_steps(const struct step *expected, unsigned count)
{
	for (unsigned i = 0; i < count && i < step_count; i++)
		if (steps[i].line != expected[i].line || steps[i].level != expected[i].level)
			fail_msg("step %u: line %u is %d, not line %u %d", i, steps[i].line,
				 steps[i].level, expected[i].line, expected[i].level);
	assert_int_equal(step_count, count);
	step_count = 0;
}

#define EXPECT(...)                                                                                \
	do {                                                                                       \
		const struct step expected[] = {__VA_ARGS__};                                      \
                                                                                                   \
		expect_steps(expected, sizeof(expected) / sizeof(expected[0]));                    \
	} while (0)

/* ---- levels ---- */

/* Inactive from the request on, in whatever polarity: never a glitch. */
static void inactive_at_open(void **state)
{
	static const struct {
		const char *text;
		int inactive, active;
	} rows[] = {{"gpio:/dev/gpiochip7:9", 0, 1},
		    {"!gpio:/dev/gpiochip7:9", 1, 0},
		    {"push_pull:gpio:/dev/gpiochip7:9", 0, 1},
		    {"open_drain:!gpio:/dev/gpiochip7:9", LET_GO, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct control_lines lines = lines_of(NULL, NULL, rows[i].text);
		struct control control;
		struct err err = {""};

		opened(&control, &lines);
		assert_true(control_has_supply(&control));
		EXPECT({SUPPLY, rows[i].inactive});
		assert_int_equal(control_supply(&control, true, &err), 0);
		EXPECT({SUPPLY, rows[i].active});
		assert_int_equal(control_supply(&control, false, &err), 0);
		EXPECT({SUPPLY, rows[i].inactive});
		assert_int_equal(seam_gpio_output(&chip, SUPPLY), rows[i].inactive);
		assert_int_equal(control_supply(&control, true, &err), 0);
		step_count = 0;
		/* a supply is let go as it is */
		control_close(&control);
		assert_false(seam_gpio_is_requested(&chip, SUPPLY));
		EXPECT({SUPPLY, LET_GO});
	}
}

/* NRST is pulled low and let go, never driven high; BOOT0 stands still from before NRST's end. */
static void reset_and_boot(void **state)
{
	const struct control_lines lines = lines_of(nrst, boot0, NULL);
	struct control control;
	struct err err = {""};

	(void)state;
	opened(&control, &lines);
	assert_int_equal(control_attach(&control, NULL, &err), 0);
	assert_int_equal(seam_gpio_output(&chip, RESET), LET_GO);
	assert_int_equal(seam_gpio_output(&chip, BOOT), 0);
	for (unsigned i = 0; i < step_count; i++)
		assert_true(steps[i].line != RESET || steps[i].level == LET_GO);
	assert_false(control_has_supply(&control));
	assert_int_equal(control_supply(&control, true, &err), -ENOTSUP);
	for (int into = 1; into >= 0; into--) {
		step_count = 0;
		assert_int_equal(control_drive(&control, true, into, &err), 0);
		EXPECT({RESET, 0}, {BOOT, into});
		assert_true(control.in_reset && control.in_boot == into);
		assert_int_equal(control_drive(&control, false, into, &err), 0);
		EXPECT({BOOT, into}, {RESET, LET_GO});
		assert_false(control.in_reset);
	}
	/* the handover of an ESP32's loader: boot is there before reset ends */
	assert_int_equal(control_drive(&control, true, false, &err), 0);
	step_count = 0;
	assert_int_equal(control_drive(&control, false, true, &err), 0);
	EXPECT({BOOT, 1}, {RESET, LET_GO});
	control_close(&control);
	assert_int_equal(seam_gpio_output(&chip, BOOT), LET_GO);
	assert_false(seam_gpio_is_requested(&chip, RESET));
	assert_false(seam_gpio_is_requested(&chip, BOOT));
}

/* ---- beside a link ---- */

static const struct link_settings plain = {.baud = 115200, .parity = LINK_PARITY_NONE};

/* Reset on GPIO, boot on RTS: DTR is nobody's and stays as it is. */
static void mixed(void **state)
{
	const struct control_lines lines = lines_of(nrst, "!rts", NULL);
	struct peer peer = {.signature = "s"};
	struct link *link = NULL;
	struct control control;
	struct err err = {""};

	(void)state;
	assert_true(peer_start(&peer));
	assert_int_equal(link_open(peer.uri, &plain, &link, NULL), 0);
	opened(&control, &lines);
	assert_int_equal(control_attach(&control, link, &err), 0);
	assert_true(peer.rts && !peer.dtr);
	for (int into = 1; into >= 0; into--) {
		unsigned from = peer.line_changes;

		step_count = 0;
		assert_int_equal(control_reset(&control, into, &err), 0);
		assert_int_equal(step_count, 2);
		assert_true(steps[0].line == RESET && steps[0].level == 0);
		assert_true(steps[1].line == RESET && steps[1].level == LET_GO);
		assert_true(steps[1].t_ns - steps[0].t_ns >= 9900000);
		assert_int_equal(peer.rts, !into);
		assert_false(peer.dtr);
		for (unsigned i = from; i < peer.line_changes; i++)
			assert_true(peer.lines[i].t_ns <= steps[1].t_ns);
	}
	control_close(&control);
	link_close(link);
	peer_stop(&peer);
}

/* ---- not to be had ---- */

static void open_fails(const char *supply, int code, const char *says)
{
	const struct control_lines lines = lines_of(nrst, boot0, supply);
	struct control control;
	struct err err = {""}, probe_err = {""};

	assert_int_equal(control_open(&control, &lines, NULL, &err), code);
	if (!strstr(err.text, says) || !strstr(err.text, "supply line"))
		fail_msg("'%s' lacks '%s'", err.text, says);
	assert_false(seam_gpio_is_requested(&chip, RESET));
	assert_false(seam_gpio_is_requested(&chip, BOOT));
	assert_int_equal(seam_open_files(), 0);
	step_count = 0;
	assert_int_equal(control_line_probe(&lines.supply, &probe_err), code);
	assert_string_equal(probe_err.text, err.text);
	assert_int_equal(step_count, 0);
}

static void not_to_be_had(void **state)
{
	struct marker *marker = NULL;
	struct err err = {""};

	(void)state;
	open_fails("gpio:/dev/gpiochip9:1", -ENOENT, "there is no /dev/gpiochip9");
	open_fails("gpio:/dev/null:1", -ENOENT, "/dev/null is no GPIO chip");
	open_fails("gpio:/dev/gpiochip7:32", -EINVAL, "has lines 0..31, no line 32");
	chip.held = UINT32_C(1) << SUPPLY;
	open_fails(relay, -EBUSY, "line 9 is held by a driver of the kernel");
	/* nor is the supply held while another line is not to be had */
	chip.held = UINT32_C(1) << BOOT;
	{
		const struct control_lines lines = lines_of(nrst, boot0, relay);
		struct control control;

		assert_int_equal(control_open(&control, &lines, NULL, &err), -EBUSY);
		assert_false(seam_gpio_is_requested(&chip, SUPPLY));
		assert_false(seam_gpio_is_requested(&chip, RESET));
	}
	chip.held = 0;
	/* another program, here this one's marker reader */
	assert_int_equal(marker_open("gpio:/dev/gpiochip7:11", &marker, &err), 0);
	{
		const struct control_lines lines = lines_of(NULL, NULL, "gpio:/dev/gpiochip7:11");
		struct control control;

		assert_int_equal(control_open(&control, &lines, NULL, &err), -EBUSY);
		assert_non_null(strstr(err.text, "line 11 is held by 'joulebench'"));
		assert_int_equal(control_line_probe(&lines.supply, &err), -EBUSY);
	}
	marker_close(marker);
	chip.node.open_error = EACCES;
	open_fails(relay, -EACCES, "70-joulebench.rules");
}

/* Two of one board: nothing is requested. */
static void shared(void **state)
{
	const struct control_lines lines = lines_of(nrst, "gpio:/dev/gpiochip7:17", NULL);
	struct control control;
	struct err err = {""};

	(void)state;
	assert_int_equal(control_open(&control, &lines, NULL, &err), -EINVAL);
	assert_int_equal(step_count, 0);
}

/* A probe looks, and touches nothing. */
static void probe(void **state)
{
	const struct control_lines lines = lines_of(nrst, "rts", relay);
	struct err err = {""};

	(void)state;
	assert_int_equal(control_line_probe(&lines.reset, &err), 0);
	assert_int_equal(control_line_probe(&lines.boot, &err), 0);
	assert_int_equal(control_line_probe(&lines.supply, &err), 0);
	assert_int_equal(step_count, 0);
	assert_int_equal(seam_open_files(), 0);
}

static void unplugged(void **state)
{
	const struct control_lines lines = lines_of(nrst, boot0, relay);
	struct control control;
	struct err err = {""};

	(void)state;
	opened(&control, &lines);
	chip.is_gone = true;
	assert_int_equal(control_supply(&control, true, &err), -ENODEV);
	assert_non_null(strstr(err.text, "supply line: /dev/gpiochip7: the chip is gone"));
	assert_int_equal(control_drive(&control, true, false, &err), -ENODEV);
	assert_non_null(strstr(err.text, "reset and boot lines: reset line"));
	assert_false(control.in_reset);
	control_close(&control);
}

/* As every switch. */
static int supply_level(void)
{
	return (int)(chip.outputs >> SUPPLY & 1);
}

static void supply_was(int level)
{
	chip.outputs = (uint32_t)level << SUPPLY;
}

static void conforms(void **state)
{
	static const char *const malformed[] = {"", "/dev/gpiochip7", "gpiochip7:9", "/dev/x:y",
						NULL};
	const struct conformance_control row = {.ops = &control_gpio,
						.address = "/dev/gpiochip7:9",
						.absent = "/dev/gpiochip9:9",
						.malformed = malformed,
						.level = supply_level,
						.set_level = supply_was};

	(void)state;
	conformance_control_all(&row);
}

/* ---- tapes ---- */

static struct link_tape *tape_of(const char *path, bool is_replay)
{
	struct link_tape *tape = NULL;
	struct err err = {""};

	if (is_replay ? link_tape_replay(path, &tape, &err) : link_tape_record(path, &tape, &err))
		fail_msg("%s", err.text);
	return tape;
}

/* Results and sentences of a session in which the chip is unplugged. */
static void taped_session(struct link_tape *tape, const char *supply, int codes[5],
			  struct err errs[5])
{
	const struct control_lines lines = lines_of(nrst, boot0, supply);
	struct control control;

	memset(errs, 0, 5 * sizeof(errs[0]));
	codes[0] = control_open(&control, &lines, tape, &errs[0]);
	codes[1] = control_drive(&control, true, true, &errs[1]);
	codes[2] = control_supply(&control, true, &errs[2]);
	chip.is_gone = true;
	codes[3] = control_supply(&control, false, &errs[3]);
	codes[4] = control_drive(&control, false, true, &errs[4]);
	control_close(&control);
	chip.is_gone = false;
}

/* A replay gives back what the chip did, and asks none. */
static void replayed(void **state)
{
	struct link_tape *tape;
	struct err recorded[5], given[5], err = {""};
	int recorded_codes[5], given_codes[5];
	int64_t when_ns;
	char path[600];

	(void)state;
	snprintf(path, sizeof(path), "%s/board.link", scratch_folder());
	tape = tape_of(path, false);
	taped_session(tape, relay, recorded_codes, recorded);
	assert_int_equal(link_tape_close(tape, &err), 0);
	assert_true(!recorded_codes[0] && !recorded_codes[1] && !recorded_codes[2]);
	assert_true(recorded_codes[3] == -ENODEV && recorded_codes[4] == -ENODEV);
	step_count = 0;
	chip.node.open_error = EACCES;
	tape = tape_of(path, true);
	taped_session(tape, relay, given_codes, given);
	assert_memory_equal(given_codes, recorded_codes, sizeof(given_codes));
	for (int i = 0; i < 5; i++)
		assert_string_equal(given[i].text, recorded[i].text);
	assert_int_equal(link_tape_outcome(tape, &when_ns, &err), LINK_TAPE_WHOLE);
	assert_int_equal(step_count, 0);
	link_tape_close(tape, NULL);
	/* another line than was recorded */
	tape = tape_of(path, true);
	taped_session(tape, "!gpio:/dev/gpiochip7:9", given_codes, given);
	assert_int_equal(given_codes[0], -ECANCELED);
	assert_int_equal(link_tape_outcome(tape, &when_ns, &err), LINK_TAPE_DIFFERS);
	assert_non_null(strstr(err.text, "taking line gpio:/dev/gpiochip7:9"));
	link_tape_close(tape, NULL);
	chip.node.open_error = 0;
}

#define NEW(test) cmocka_unit_test_setup_teardown(test, plug_new, gone)
#define OLD(test) cmocka_unit_test_setup_teardown(test, plug_old, gone)

int main(void)
{
	const struct CMUnitTest tests[] = {
		NEW(inactive_at_open),
		OLD(inactive_at_open),
		NEW(reset_and_boot),
		OLD(reset_and_boot),
		NEW(mixed),
		OLD(mixed),
		NEW(not_to_be_had),
		OLD(not_to_be_had),
		NEW(shared),
		NEW(probe),
		OLD(probe),
		NEW(unplugged),
		OLD(unplugged),
		NEW(conforms),
		OLD(conforms),
		NEW(replayed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
