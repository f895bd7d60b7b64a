/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Marker edges on a played kernel's GPIO: both versions of the character device, lost edges, chips
 * that are not to be had.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/link/link.h"
#include "drivers/marker/marker.h"
#include "tests/seam/gpio.h"
#include "tests/unit/drivers/conformance_marker.h"

enum { WINDOW = 17, INFERENCE = 4, BURST = 4000, BURSTS_MAX = 40, WAIT_MS = 3000 };

static const char uri[] = "gpio:/dev/gpiochip7:17,4";
static struct seam_gpio chip;

static int plug(bool has_no_v2)
{
	memset(&chip, 0, sizeof(chip));
	chip.number = 7;
	chip.label = "played";
	chip.lines = 32;
	chip.has_no_v2 = has_no_v2;
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

static struct marker *opened(void)
{
	struct marker *marker = NULL;
	struct err err = {""};

	if (marker_open(uri, &marker, &err))
		fail_msg("%s", err.text);
	assert_int_equal(marker_is_numbered(marker), !chip.has_no_v2);
	return marker;
}

static struct marker_edge next_edge(struct marker *marker)
{
	struct marker_edge edge = {.line = 99};
	struct err err = {""};
	size_t count = 0;

	if (marker_read(marker, &edge, 1, WAIT_MS, &count, &err))
		fail_msg("%s", err.text);
	assert_int_equal(count, 1);
	return edge;
}

/* Stamps, lines and directions come through; one at a time, so that lines keep their order. */
static void edges(void **state)
{
	static const struct {
		unsigned offset, line;
		bool level;
	} rows[] = {{WINDOW, 0, true},     {INFERENCE, 1, true}, {INFERENCE, 1, false},
		    {INFERENCE, 1, true},  {WINDOW, 0, false},   {INFERENCE, 1, false}};
	struct marker *marker = opened();
	struct marker_edge edge;
	struct err err = {""};
	size_t count = 0;

	(void)state;
	seam_gpio_drive(&chip, 5, true, link_now_ns()); /* nobody's line */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t t_ns = link_now_ns() - 12345;

		seam_gpio_drive(&chip, rows[i].offset, rows[i].level, t_ns);
		edge = next_edge(marker);
		assert_int_equal(edge.t_mono_ns, t_ns);
		assert_int_equal(edge.line, rows[i].line);
		assert_int_equal(edge.is_rising, rows[i].level);
		assert_int_equal(edge.lost, 0);
	}
	assert_int_equal(marker_read(marker, &edge, 1, 20, &count, &err), -ETIMEDOUT);
	marker_close(marker);
	assert_false(seam_gpio_is_requested(&chip, WINDOW));
	assert_false(seam_gpio_is_requested(&chip, INFERENCE));
}

/* Reads until nothing more comes. */
static void count_all(struct marker *marker, uint64_t *seen, uint64_t *lost)
{
	struct marker_edge batch[256];
	struct err err = {""};
	size_t count;

	while (!marker_read(marker, batch, 256, 50, &count, &err))
		for (size_t i = 0; i < count; i++) {
			*seen += 1;
			*lost += batch[i].lost;
		}
}

/* One processor for test and reader, and the test first where it may: a burst finds nobody reading.
 */
static void crowd(cpu_set_t *ret_before)
{
	cpu_set_t one;
	int cpu = sched_getcpu();

	assert_int_equal(sched_getaffinity(0, sizeof(*ret_before), ret_before), 0);
	CPU_ZERO(&one);
	CPU_SET(cpu < 0 ? 0 : cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static void hurry(bool is_first)
{
	const struct sched_param priority = {.sched_priority = is_first ? 60 : 0};

	(void)pthread_setschedparam(pthread_self(), is_first ? SCHED_FIFO : SCHED_OTHER, &priority);
}

/* Bursts until the kernel has dropped some: what came and what is said to be lost are all. */
static void lost_are_counted(void **state)
{
	uint64_t driven = 0, seen = 0, lost = 0;
	struct marker *marker;
	bool level = false;
	cpu_set_t before;

	(void)state;
	crowd(&before);
	marker = opened();
	for (int burst = 0; burst < BURSTS_MAX && !seam_gpio_dropped(&chip); burst++) {
		hurry(true);
		for (int i = 0; i < BURST; i++)
			seam_gpio_drive(&chip, WINDOW, level = !level, link_now_ns());
		hurry(false);
		driven += BURST;
		count_all(marker, &seen, &lost);
	}
	/* one more on a quiet line, so that a gap at the end shows too */
	seam_gpio_drive(&chip, WINDOW, !level, link_now_ns());
	driven++;
	count_all(marker, &seen, &lost);
	assert_int_equal(seen + lost, driven);
	assert_int_equal(lost, seam_gpio_dropped(&chip));
	sched_setaffinity(0, sizeof(before), &before);
	if (!lost)
		print_message("no edge was dropped in %d bursts: only counting was tried\n",
			      BURSTS_MAX);
	marker_close(marker);
}

/* Without numbers: never more than were dropped, and none without a drop. */
static void lost_without_numbers(void **state)
{
	struct marker *marker = opened();
	uint64_t seen = 0, lost = 0;
	bool level = false;

	(void)state;
	for (int i = 0; i < BURST + 1; i++)
		seam_gpio_drive(&chip, WINDOW, level = !level, link_now_ns());
	count_all(marker, &seen, &lost);
	assert_int_equal(seen + seam_gpio_dropped(&chip), BURST + 1);
	assert_true(lost <= seam_gpio_dropped(&chip));
	marker_close(marker);
}

/* A kernel before 5.7 stamps by the wall clock. */
static void other_clock(void **state)
{
	struct marker *marker = opened();
	struct marker_edge edge;
	struct err err = {""};
	size_t count = 0;

	(void)state;
	seam_gpio_drive(&chip, WINDOW, true, INT64_C(1700000000000000000));
	assert_int_equal(marker_read(marker, &edge, 1, WAIT_MS, &count, &err), -ENOTSUP);
	assert_int_equal(marker_read(marker, &edge, 1, 0, &count, &err), -ENOTSUP);
	marker_close(marker);
}

/* The owner sleeps: what is dropped here does not pass for nothing. */
static void owner_sleeps(void **state)
{
	struct marker *marker = opened();
	struct marker_edge batch[256];
	struct err err = {""};
	bool level = false;
	size_t count;
	int ret;

	(void)state;
	for (int i = 0; i < 100; i++) {
		int64_t until_ns = link_now_ns() + 5000000;

		for (int j = 0; j < 400; j++)
			seam_gpio_drive(&chip, WINDOW, level = !level, link_now_ns());
		while (link_now_ns() < until_ns)
			;
	}
	while (!(ret = marker_read(marker, batch, 256, 100, &count, &err)))
		;
	assert_int_equal(ret, -EOVERFLOW);
	marker_close(marker);
}

static void not_to_be_had(void **state)
{
	static const char *const wrong[] = {
		"",	  "gpio:",	"gpio:17",  "/dev/gpiochip7:17", "gpio:/dev/gpiochip7:",
		"gpio:/dev/gpiochip7:17,", "gpio:/dev/gpiochip7:17,17",
		"gpio:/dev/gpiochip7:1,2,3,4", "gpio:/dev/gpiochip7:-1", "gpio:/dev/gpiochip7:32"};
	struct marker *marker = NULL;
	struct err err = {""};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (marker_open(wrong[i], &marker, &err) != -EINVAL)
			fail_msg("'%s' passes", wrong[i]);
	assert_int_equal(marker_open("gpio:/dev/gpiochip9:1", &marker, &err), -ENOENT);
	chip.held = UINT32_C(1) << INFERENCE;
	assert_int_equal(marker_open(uri, &marker, &err), -EBUSY);
	assert_false(seam_gpio_is_requested(&chip, WINDOW));
	chip.node.open_error = EACCES;
	assert_int_equal(marker_open(uri, &marker, &err), -EACCES);
	assert_non_null(strstr(err.text, "70-joulebench.rules"));
}

/* The same lines as a virtual lab's: of a simulated chip alone. */
static void simulated(void **state)
{
	static const char driver[] = "/sys/dev/char/254:7/../driver";
	struct marker *marker = NULL;
	struct err err = {""};

	(void)state;
	assert_int_equal(marker_open("gpio-sim:/dev/gpiochip7:17,4", &marker, &err), -ENXIO);
	assert_non_null(strstr(err.text, "/dev/gpiochip7"));
	assert_false(seam_gpio_is_requested(&chip, WINDOW));
	seam_text_set(driver, "../../../bus/platform/drivers/pca953x");
	assert_int_equal(marker_open("gpio-sim:/dev/gpiochip7:17,4", &marker, &err), -ENXIO);
	seam_text_set(driver, "../../../bus/platform/drivers/gpio-sim");
	if (marker_open("gpio-sim:/dev/gpiochip7:17,4", &marker, &err))
		fail_msg("%s", err.text);
	assert_true(marker_is_virtual(marker));
	seam_gpio_drive(&chip, WINDOW, true, link_now_ns());
	assert_true(next_edge(marker).is_rising);
	marker_close(marker);
	seam_file_remove(driver);
	marker = opened();
	assert_false(marker_is_virtual(marker));
	marker_close(marker);
}

static void drive_next(void)
{
	seam_gpio_drive(&chip, WINDOW, !(chip.levels >> WINDOW & 1), link_now_ns());
}

/* As every source of edges. */
static void conforms(void **state)
{
	static const char *const malformed[] = {"", "gpio:", "square:10", NULL};
	const struct conformance_marker row = {uri, malformed, drive_next};

	(void)state;
	conformance_marker_all(&row);
}

#define NEW(test) cmocka_unit_test_setup_teardown(test, plug_new, gone)
#define OLD(test) cmocka_unit_test_setup_teardown(test, plug_old, gone)

int main(void)
{
	const struct CMUnitTest tests[] = {
		NEW(edges),       OLD(edges),         NEW(lost_are_counted), OLD(lost_without_numbers),
		OLD(other_clock), NEW(owner_sleeps), NEW(not_to_be_had),    OLD(not_to_be_had),
		NEW(conforms),    OLD(conforms),       NEW(simulated),         OLD(simulated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
