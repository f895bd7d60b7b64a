/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Marker edges from the kernel's GPIO character device, on a chip of gpio-sim (kernel,
 * Documentation/admin-guide/gpio/gpio-sim.rst): a line's level is its pull in sysfs.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/marker/marker.h"
#include "tests/kernel/rig.h"

#define SIM "/sys/kernel/config/gpio-sim/bench"

enum {
	LINES = 4,
	HELD = 3, /* by the chip itself (a hog) */
	PACED = 500,
	TOO_MANY = 1500,      /* for the kernel's buffer of 1024 */
	FAR_TOO_MANY = 17000, /* for the driver's of 16384 */
	EDGES_MAX = 20000,
	QUIET_MS = 300,
};

static char chip_path[64], pull_path[LINES][160];
static struct marker_edge edges[EDGES_MAX];

/* ---- the chip ---- */

static void write_text(const char *path, const char *text)
{
	FILE *stream = fopen(path, "w");

	if (!stream || fputs(text, stream) < 0 || fclose(stream))
		fail_msg("%s: %s", path, strerror(errno));
}

static void read_text(const char *path, char *ret_text, size_t size)
{
	FILE *stream = fopen(path, "r");

	assert_non_null(stream);
	assert_non_null(fgets(ret_text, (int)size, stream));
	fclose(stream);
	ret_text[strcspn(ret_text, "\n")] = '\0';
}

static int make_chip(void **state)
{
	static const char *const folders[] = {SIM, SIM "/bank0", SIM "/bank0/line3",
					      SIM "/bank0/line3/hog"};
	char device[32], chip[32];

	(void)state;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (mkdir(folders[i], 0755))
			fail_msg("%s: %s", folders[i], strerror(errno));
	write_text(SIM "/bank0/num_lines", "4");
	write_text(SIM "/bank0/line3/hog/name", "held");
	write_text(SIM "/bank0/line3/hog/direction", "input");
	write_text(SIM "/live", "1");
	read_text(SIM "/dev_name", device, sizeof(device));
	read_text(SIM "/bank0/chip_name", chip, sizeof(chip));
	snprintf(chip_path, sizeof(chip_path), "/dev/%s", chip);
	for (unsigned i = 0; i < LINES; i++)
		snprintf(pull_path[i], sizeof(pull_path[i]),
			 "/sys/devices/platform/%s/%s/sim_gpio%u/pull", device, chip, i);
	assert_true(wait_for(chip_path));
	return 0;
}

/* ---- toggling ---- */

struct toggle {
	unsigned line, count;
	unsigned pause_us; /* between edges */
	int priority;      /* SCHED_FIFO; 0: an ordinary process */
};

/* Ends with 0 when every edge was made; the first one rises. */
static int toggle_run(const struct toggle *toggle)
{
	const struct sched_param priority = {.sched_priority = toggle->priority};
	int fd = open(pull_path[toggle->line], O_WRONLY);

	if (fd < 0 || (toggle->priority && sched_setscheduler(0, SCHED_FIFO, &priority)))
		return 1;
	for (unsigned i = 0; i < toggle->count; i++) {
		const char *pull = i % 2 ? "pull-down" : "pull-up";

		if (pwrite(fd, pull, strlen(pull), 0) < 0)
			return 1;
		if (toggle->pause_us)
			usleep(toggle->pause_us);
	}
	return 0;
}

static pid_t toggle_start(const struct toggle *toggle)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child)
		_exit(toggle_run(toggle));
	return child;
}

static void toggle_wait(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* ---- reading ---- */

static struct marker *open_lines(const char *lines)
{
	struct marker *marker;
	struct err err = {""};
	char uri[96];

	snprintf(uri, sizeof(uri), "gpio:%s:%s", chip_path, lines);
	if (marker_open(uri, &marker, &err))
		fail_msg("%s", err.text);
	assert_true(marker_is_numbered(marker));
	return marker;
}

/* Everything until it is quiet. */
static size_t read_all(struct marker *marker)
{
	size_t count = 0, now;
	struct err err = {""};
	int ret;

	while (!(ret = marker_read(marker, edges + count, EDGES_MAX - count, QUIET_MS, &now, &err)))
		count += now;
	if (ret != -ETIMEDOUT)
		fail_msg("%s", err.text);
	return count;
}

static uint64_t sum_lost(size_t count)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < count; i++)
		lost += edges[i].lost;
	return lost;
}

/* ---- tests ---- */

static void in_order(void **state)
{
	const struct toggle window = {.line = 0, .count = PACED, .pause_us = 1000};
	const struct toggle inference = {.line = 2, .count = PACED, .pause_us = 1500};
	struct marker *marker = open_lines("0,2,1");
	static const unsigned expected[3] = {PACED, PACED, 0};
	unsigned found[3] = {0};
	int64_t last_ns[3] = {0};
	pid_t children[2];
	size_t count;

	(void)state;
	children[0] = toggle_start(&window);
	children[1] = toggle_start(&inference);
	count = read_all(marker);
	toggle_wait(children[0]);
	toggle_wait(children[1]);
	for (size_t i = 0; i < count; i++) {
		const struct marker_edge *edge = &edges[i];

		assert_true(edge->line < 3);
		assert_int_equal(edge->lost, 0);
		assert_int_equal(edge->is_rising, found[edge->line]++ % 2 == 0);
		assert_true(edge->t_mono_ns > last_ns[edge->line]);
		last_ns[edge->line] = edge->t_mono_ns;
	}
	assert_memory_equal(found, expected, sizeof(found));
	marker_close(marker);
}

/* The whole process stands still while more edges come than the kernel keeps. */
static void slow_reader(void **state)
{
	const struct toggle many = {.line = 0, .count = TOO_MANY};
	struct marker *marker = open_lines("0");
	pid_t child = fork();
	size_t count;

	(void)state;
	assert_true(child >= 0);
	if (!child) {
		int failed = kill(getppid(), SIGSTOP) || toggle_run(&many);

		_exit(kill(getppid(), SIGCONT) || failed);
	}
	toggle_wait(child);
	count = read_all(marker);
	print_message("of %d edges %zu came, %llu are told lost\n", TOO_MANY, count,
		      (unsigned long long)sum_lost(count));
	assert_true(count < TOO_MANY);
	assert_int_equal(count + sum_lost(count), TOO_MANY);
	marker_close(marker);
}

/* The kernel's own thread does not come to it between two edges: they become one event, which the
 * kernel does not number. Its direction gives it away. */
static void merged_in_kernel(void **state)
{
	const struct toggle slow = {.line = 0, .count = 2, .pause_us = 5000};
	const struct toggle fast = {.line = 0, .count = 2, .priority = 90};
	struct marker *marker = open_lines("0");
	size_t count;

	(void)state;
	toggle_wait(toggle_start(&slow));
	toggle_wait(toggle_start(&fast));
	count = read_all(marker);
	assert_int_equal(count, 3);
	assert_true(edges[0].is_rising && !edges[1].is_rising && !edges[2].is_rising);
	assert_int_equal(sum_lost(count), 1);
	marker_close(marker);
}

static void nobody_reads(void **state)
{
	const struct toggle many = {.line = 0, .count = FAR_TOO_MANY};
	struct marker *marker = open_lines("0");
	struct err err = {""};
	size_t count = 0, now;
	int ret;

	(void)state;
	toggle_wait(toggle_start(&many));
	while (!(ret = marker_read(marker, edges, EDGES_MAX, QUIET_MS, &now, &err)))
		count += now;
	assert_int_equal(ret, -EOVERFLOW);
	assert_true(count > 0 && count < FAR_TOO_MANY);
	marker_close(marker);
}

static void busy(void **state)
{
	struct marker *first = open_lines("0,1"), *second = NULL;
	struct err err = {""};
	char uri[96];

	(void)state;
	snprintf(uri, sizeof(uri), "gpio:%s:2,1", chip_path);
	assert_int_equal(marker_open(uri, &second, &err), -EBUSY);
	marker_close(first);
	snprintf(uri, sizeof(uri), "gpio:%s:%d", chip_path, HELD);
	assert_int_equal(marker_open(uri, &second, &err), -EBUSY);
	assert_non_null(strstr(err.text, chip_path));
	snprintf(uri, sizeof(uri), "gpio:%s:%d", chip_path, LINES);
	assert_int_equal(marker_open(uri, &second, &err), -EINVAL);
	assert_int_equal(marker_open("gpio:/dev/gpiochip99:0", &second, &err), -ENOENT);
	/* what failed holds nothing */
	marker_close(open_lines("2"));
	/* a virtual lab's: the same lines */
	snprintf(uri, sizeof(uri), "gpio-sim:%s:0,1", chip_path);
	if (marker_open(uri, &first, &err))
		fail_msg("%s", err.text);
	assert_true(marker_is_virtual(first));
	marker_close(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(slow_reader),
		cmocka_unit_test(merged_in_kernel),
		cmocka_unit_test(nobody_reads),
		cmocka_unit_test(busy),
	};

	guest_require();
	return cmocka_run_group_tests(tests, make_chip, NULL);
}
