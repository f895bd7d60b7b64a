/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * kernel_markers: wires a board's marker lines to a chip of the kernel's gpio-sim, for the guest's
 * scripts: what the virtual rig sends on their socket (drivers/marker/marker.h, "socket:") becomes
 * the pulls of lines 0, 1, 2.
 *
 * usage: kernel_markers SOCKET CHIP_FOLDER NAME      e.g.
 * /sys/devices/platform/gpio-sim.0/gpiochip0
 *
 * Runs until the rig hangs up; then tells how late the wire was: the rig computes an edge after it
 * was due, and the kernel stamps it when it is made. Edges are made one by one: gpio-sim's own
 * interrupt thread (SCHED_FIFO 50) runs between any two of them, or they would become one.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/gpio.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { LINES = 3, PRIORITY = 40 };

struct lateness {
	uint64_t count;
	double sum_us, max_us;
};

struct wire {
	int pull_fds[LINES], chip_fd, fd; /* fd: to the rig, -1: nobody looks */
	char text[4096];                  /* from there */
	struct lateness edges, windows; /* of line 0; of how long it was high, too long or short */
	double rose_late_us;
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "kernel_markers: %s: %s\n", what, strerror(errno));
	exit(3);
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		die(path);
	return fd;
}

/* The chip, which tells when line 0 is taken and let go. */
static int watch_chip(const char *folder)
{
	struct gpio_v2_line_info info = {.offset = 0};
	const char *name = strrchr(folder, '/');
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/%.40s", name ? name + 1 : folder);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, GPIO_V2_GET_LINEINFO_WATCH_IOCTL, &info))
		die(path);
	return fd;
}

static void open_pulls(struct wire *wire, const char *folder)
{
	char path[256];

	for (unsigned i = 0; i < LINES; i++) {
		snprintf(path, sizeof(path), "%s/sim_gpio%u/pull", folder, i);
		wire->pull_fds[i] = open(path, O_WRONLY | O_CLOEXEC);
		if (wire->pull_fds[i] < 0)
			die(path);
	}
}

static void note(struct lateness *lateness, double late_us)
{
	lateness->count++;
	lateness->sum_us += late_us;
	if (late_us > lateness->max_us)
		lateness->max_us = late_us;
}

static void pull(const struct wire *wire, unsigned line, bool is_up)
{
	const char *text = is_up ? "pull-up" : "pull-down";

	if (pwrite(wire->pull_fds[line], text, strlen(text), 0) < 0)
		die(text);
}

static void make_edge(struct wire *wire, unsigned line, char direction, int64_t due_ns)
{
	int64_t before_ns = now_ns();
	double late_us;

	pull(wire, line, direction == 'r');
	if (line)
		return;
	late_us = ((double)(before_ns - due_ns) + (double)(now_ns() - due_ns)) / 2e3;
	note(&wire->edges, late_us);
	if (direction == 'r')
		wire->rose_late_us = late_us;
	else
		note(&wire->windows, late_us > wire->rose_late_us ? late_us - wire->rose_late_us
								  : wire->rose_late_us - late_us);
}

/* Everything that came; the rest of a line stays. */
static void take_lines(struct wire *wire)
{
	char *line = wire->text, *end, direction;
	unsigned number, marker;
	int64_t due_ns;

	for (; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (sscanf(line, "%u %c %" SCNd64 " %u", &marker, &direction, &due_ns, &number) ==
			    4 &&
		    marker < LINES) {
			make_edge(wire, marker, direction, due_ns);
		} else if (strcmp(line, "joulebench-markers 1") != 0) {
			fprintf(stderr, "kernel_markers: no edge: %s\n", line);
			exit(3);
		}
	}
	memmove(wire->text, line, strlen(line) + 1);
}

static void follow_rig(struct wire *wire)
{
	size_t kept = strlen(wire->text);
	ssize_t count = read(wire->fd, wire->text + kept, sizeof(wire->text) - 1 - kept);

	if (count <= 0)
		die("the rig hung up");
	wire->text[kept + (size_t)count] = '\0';
	take_lines(wire);
}

static void follow_holder(struct wire *wire, const char *socket_path)
{
	struct gpio_v2_line_info_changed change;

	if (read(wire->chip_fd, &change, sizeof(change)) != sizeof(change))
		die("line info");
	if (change.event_type == GPIO_V2_LINE_CHANGED_REQUESTED && wire->fd < 0) {
		wire->fd = connect_to(socket_path);
		wire->text[0] = '\0';
	} else if (change.event_type == GPIO_V2_LINE_CHANGED_RELEASED && wire->fd >= 0) {
		close(wire->fd);
		wire->fd = -1;
		for (unsigned i = 0; i < LINES; i++)
			pull(wire, i, false);
	}
}

static void run(struct wire *wire, const char *socket_path, int stop_fd)
{
	struct pollfd fds[] = {{.fd = stop_fd, .events = POLLIN},
			       {.fd = wire->chip_fd, .events = POLLIN},
			       {.fd = -1, .events = POLLIN}};

	for (;;) {
		fds[2].fd = wire->fd;
		if (poll(fds, sizeof(fds) / sizeof(fds[0]), -1) < 0)
			die("poll");
		if (fds[0].revents)
			return;
		if (fds[1].revents)
			follow_holder(wire, socket_path);
		else if (fds[2].revents)
			follow_rig(wire);
	}
}

static int open_stop(void)
{
	sigset_t stop;
	int fd;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	fd = signalfd(-1, &stop, SFD_CLOEXEC);
	if (fd < 0)
		die("signalfd");
	return fd;
}

static double mean_us(const struct lateness *lateness)
{
	return lateness->count ? lateness->sum_us / (double)lateness->count : 0;
}

int main(int argc, char **argv)
{
	const struct sched_param priority = {.sched_priority = PRIORITY};
	struct wire wire = {.fd = -1};

	if (argc != 4) {
		fprintf(stderr, "usage: kernel_markers SOCKET CHIP_FOLDER NAME\n");
		return 2;
	}
	open_pulls(&wire, argv[2]);
	wire.chip_fd = watch_chip(argv[2]);
	if (sched_setscheduler(0, SCHED_FIFO, &priority))
		die("SCHED_FIFO");
	run(&wire, argv[1], open_stop());
	printf("%s: %" PRIu64
	       " window edges on gpio-sim, %.0f us late on average, %.0f us at worst; "
	       "windows off by %.0f us on average, %.0f us at worst\n",
	       argv[3], wire.edges.count, mean_us(&wire.edges), wire.edges.max_us,
	       mean_us(&wire.windows), wire.windows.max_us);
	return 0;
}
