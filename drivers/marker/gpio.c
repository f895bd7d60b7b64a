/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Marker edges from the GPIO character device, after the kernel's include/uapi/linux/gpio.h and
 * drivers/gpio/gpiolib-cdev.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "drivers/control/gpio_request.h"
#include "drivers/link/link.h"
#include "drivers/marker/marker.h"

enum {
	QUEUE_EDGES = 1 << 14,
	KERNEL_EDGES = 1024, /* of a request; gpiolib-cdev.c allows 16 per line of 64 */
	BATCH = 16,
	PRIORITY = 50, /* SCHED_FIFO, where this user may */
};

static const int64_t clock_off_max_ns = 60 * 1000000000LL;

struct line {
	unsigned offset;
	bool has_edge, was_rising;
	uint32_t seqno; /* of its last edge */
	struct gpiod_line *v1;
};

struct marker {
	struct line lines[MARKER_LINES_MAX];
	unsigned count;
	bool is_numbered;
	struct gpiod_chip *chip;            /* version 1 */
	struct pollfd fds[MARKER_LINES_MAX + 1]; /* the lines' (version 2: one), and stop_fd */
	unsigned fd_count;
	int stop_fd;
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct marker_edge *queue; /* with the lock from here on */
	size_t first, waiting;
	int end; /* 0, or why there are no more */
};

/* ---- the thread ---- */

static void marker_end(struct marker *marker, int code)
{
	pthread_mutex_lock(&marker->lock);
	if (!marker->end)
		marker->end = code;
	pthread_cond_signal(&marker->changed);
	pthread_mutex_unlock(&marker->lock);
}

static void marker_put(struct marker *marker, const struct marker_edge *edge)
{
	pthread_mutex_lock(&marker->lock);
	if (marker->waiting == QUEUE_EDGES)
		marker->end = -EOVERFLOW;
	if (!marker->end)
		marker->queue[(marker->first + marker->waiting++) % QUEUE_EDGES] = *edge;
	pthread_cond_signal(&marker->changed);
	pthread_mutex_unlock(&marker->lock);
}

static void take_v2(struct marker *marker, const struct gpio_v2_line_event *event)
{
	struct marker_edge edge = {.t_mono_ns = (int64_t)event->timestamp_ns,
				   .is_rising = event->id == GPIO_V2_LINE_EVENT_RISING_EDGE};

	for (unsigned i = 0; i < marker->count; i++) {
		struct line *line = &marker->lines[i];

		if (line->offset != event->offset)
			continue;
		/* numbers begin at 1, and wrap */
		edge.lost = (uint32_t)(event->line_seqno - line->seqno - 1);
		edge.line = i;
		line->seqno = event->line_seqno;
		marker_put(marker, &edge);
	}
}

/* Negative: no more will come. */
static int drain_v2(struct marker *marker, int fd)
{
	struct gpio_v2_line_event events[BATCH];
	ssize_t count;

	while ((count = read(fd, events, sizeof(events))) > 0)
		for (size_t i = 0; i < (size_t)count / sizeof(events[0]); i++)
			take_v2(marker, &events[i]);
	return count < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -ENODEV;
}

static int take_v1(struct marker *marker, unsigned index, const struct gpiod_line_event *event)
{
	struct line *line = &marker->lines[index];
	struct marker_edge edge = {
		.t_mono_ns = event->ts.tv_sec * 1000000000LL + event->ts.tv_nsec,
		.line = index,
		.is_rising = event->event_type == GPIOD_LINE_EVENT_RISING_EDGE};

	if (llabs(link_now_ns() - edge.t_mono_ns) > clock_off_max_ns)
		return -ENOTSUP;
	edge.lost = line->has_edge && line->was_rising == edge.is_rising;
	line->has_edge = true;
	line->was_rising = edge.is_rising;
	marker_put(marker, &edge);
	return 0;
}

static int drain_v1(struct marker *marker, unsigned index)
{
	struct gpiod_line_event events[BATCH];
	int fd = marker->fds[index].fd, count;

	while ((count = gpiod_line_event_read_fd_multiple(fd, events, BATCH)) > 0)
		for (int i = 0; i < count; i++) {
			int ret = take_v1(marker, index, &events[i]);

			if (ret)
				return ret;
		}
	return count < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -ENODEV;
}

static int drain(struct marker *marker, unsigned index)
{
	const struct pollfd *fd = &marker->fds[index];
	int ret = 0;

	if (fd->revents & POLLIN)
		ret = marker->is_numbered ? drain_v2(marker, fd->fd) : drain_v1(marker, index);
	return !ret && fd->revents & (POLLERR | POLLHUP | POLLNVAL) ? -ENODEV : ret;
}

static void *marker_run(void *argument)
{
	struct marker *marker = argument;
	int ret = 0;

	while (!ret) {
		if (poll(marker->fds, marker->fd_count + 1, -1) < 0) {
			ret = errno == EINTR ? 0 : -errno;
			continue;
		}
		if (marker->fds[marker->fd_count].revents)
			return NULL;
		for (unsigned i = 0; !ret && i < marker->fd_count; i++)
			ret = drain(marker, i);
	}
	marker_end(marker, ret);
	return NULL;
}

/* ---- requesting ---- */

static int request_v1(struct marker *marker, const struct gpio_lines *lines, struct err *err)
{
	for (unsigned i = 0; i < marker->count; i++) {
		struct line *line = &marker->lines[i];

		line->v1 = gpiod_chip_get_line(marker->chip, line->offset);
		if (!line->v1 || gpiod_line_request_both_edges_events(line->v1, gpio_consumer)) {
			int error = errno;

			line->v1 = NULL;
			return gpio_request_error(lines, error, err);
		}
		marker->fds[marker->fd_count++].fd = gpiod_line_event_get_fd(line->v1);
	}
	return 0;
}

static int request_lines(struct marker *marker, const char *path, struct err *err)
{
	const struct gpio_v2_line_config config = {.flags = GPIO_V2_LINE_FLAG_INPUT |
							    GPIO_V2_LINE_FLAG_EDGE_RISING |
							    GPIO_V2_LINE_FLAG_EDGE_FALLING};
	struct gpio_lines lines = {.path = path, .count = marker->count};
	int fd = -1, ret;

	for (unsigned i = 0; i < marker->count; i++)
		lines.offsets[i] = marker->lines[i].offset;
	ret = gpio_chip_open(&lines, &marker->chip, err);
	if (ret)
		return ret;
	ret = gpio_request(&lines, &config, KERNEL_EDGES, &fd, err);
	if (ret == -ENOTSUP)
		return request_v1(marker, &lines, err);
	if (ret)
		return ret;
	marker->is_numbered = true;
	marker->fds[marker->fd_count++].fd = fd;
	return 0;
}

static int parse(struct marker *marker, const char *uri, char *ret_path, size_t size,
		 struct err *err)
{
	const char *colon = strrchr(uri, ':'), *at;
	int used;

	if (strncmp(uri, "gpio:/", 6) || colon == uri + 4)
		return err_set(err, -EINVAL,
			       "'%s' is no GPIO lines, as gpio:/dev/gpiochip0:17,27,22", uri);
	used = snprintf(ret_path, size, "%.*s", (int)(colon - uri - 5), uri + 5);
	for (at = colon + 1;; at++) {
		char *end;
		unsigned long offset = strtoul(at, &end, 10);

		if (used >= (int)size || *at < '0' || *at > '9' || (*end && *end != ',') ||
		    offset > UINT16_MAX || marker->count == MARKER_LINES_MAX)
			return err_set(err, -EINVAL,
				       "'%s': one to %d line numbers with commas between them",
				       uri, MARKER_LINES_MAX);
		for (unsigned i = 0; i < marker->count; i++)
			if (marker->lines[i].offset == offset)
				return err_set(err, -EINVAL, "'%s': line %lu twice", uri, offset);
		marker->lines[marker->count++].offset = (unsigned)offset;
		at = end;
		if (!*at)
			return 0;
	}
}

/* ---- life ---- */

static void prefer_thread(pthread_t thread)
{
	const struct sched_param priority = {.sched_priority = PRIORITY};

	/* without the right to it edges wait in the kernel a little longer; stamps are the same */
	(void)pthread_setschedparam(thread, SCHED_FIFO, &priority);
}

static int start_thread(struct marker *marker, struct err *err)
{
	struct pollfd *fds = marker->fds;
	int error;

	for (unsigned i = 0; i < marker->fd_count; i++) {
		fds[i].events = POLLIN;
		if (fcntl(fds[i].fd, F_SETFL, fcntl(fds[i].fd, F_GETFL) | O_NONBLOCK))
			return err_set(err, -errno, "gpio: %s", strerror(errno));
	}
	marker->stop_fd = eventfd(0, EFD_CLOEXEC);
	marker->queue = calloc(QUEUE_EDGES, sizeof(*marker->queue));
	if (marker->stop_fd < 0 || !marker->queue)
		return err_set(err, -ENOMEM, "gpio: out of memory");
	fds[marker->fd_count] = (struct pollfd){.fd = marker->stop_fd, .events = POLLIN};
	error = pthread_create(&marker->thread, NULL, marker_run, marker);
	if (error)
		return err_set(err, -error, "gpio: no thread: %s", strerror(error));
	marker->has_thread = true;
	prefer_thread(marker->thread);
	return 0;
}

int marker_open(const char *uri, struct marker **ret_marker, struct err *err)
{
	struct marker *marker = calloc(1, sizeof(*marker));
	pthread_condattr_t monotonic;
	char path[128];
	int ret;

	if (!marker)
		return err_set(err, -ENOMEM, "%s: out of memory", uri);
	marker->stop_fd = -1;
	pthread_mutex_init(&marker->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&marker->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	ret = parse(marker, uri, path, sizeof(path), err);
	if (!ret)
		ret = request_lines(marker, path, err);
	if (!ret)
		ret = start_thread(marker, err);
	if (ret) {
		marker_close(marker);
		return ret;
	}
	*ret_marker = marker;
	return 0;
}

void marker_close(struct marker *marker)
{
	const uint64_t one = 1;

	if (!marker)
		return;
	/* an eventfd at zero takes a one */
	if (marker->has_thread && write(marker->stop_fd, &one, sizeof(one)) == sizeof(one))
		pthread_join(marker->thread, NULL);
	if (marker->stop_fd >= 0)
		close(marker->stop_fd);
	if (marker->is_numbered && marker->fd_count)
		close(marker->fds[0].fd);
	for (unsigned i = 0; i < marker->count; i++)
		if (marker->lines[i].v1)
			gpiod_line_release(marker->lines[i].v1);
	if (marker->chip)
		gpiod_chip_close(marker->chip);
	pthread_cond_destroy(&marker->changed);
	pthread_mutex_destroy(&marker->lock);
	free(marker->queue);
	free(marker);
}

bool marker_is_numbered(const struct marker *marker)
{
	return marker->is_numbered;
}

static int end_error(int code, struct err *err)
{
	switch (code) {
	case -ENODEV:
		return err_set(err, code, "gpio: the chip is gone (unplugged?)");
	case -EOVERFLOW:
		return err_set(err, code, "gpio: more than %d edges waited: some are lost",
			       QUEUE_EDGES);
	case -ENOTSUP:
		return err_set(err, code,
			       "gpio: edges are not stamped by CLOCK_MONOTONIC: it takes a kernel "
			       "from 5.7 on");
	default:
		return err_set(err, code, "gpio: %s", strerror(-code));
	}
}

static struct timespec deadline_of(int timeout_ms)
{
	int64_t t_ns = link_now_ns() + timeout_ms * 1000000LL;

	return (struct timespec){.tv_sec = t_ns / 1000000000, .tv_nsec = t_ns % 1000000000};
}

int marker_read(struct marker *marker, struct marker_edge *edges, size_t capacity, int timeout_ms,
		size_t *ret_count, struct err *err)
{
	const struct timespec deadline = deadline_of(timeout_ms);
	size_t count = 0;
	int end, late = 0;

	pthread_mutex_lock(&marker->lock);
	while (!marker->waiting && !marker->end && late != ETIMEDOUT)
		late = pthread_cond_timedwait(&marker->changed, &marker->lock, &deadline);
	for (; marker->waiting && count < capacity; marker->waiting--) {
		edges[count++] = marker->queue[marker->first];
		marker->first = (marker->first + 1) % QUEUE_EDGES;
	}
	end = marker->end;
	pthread_mutex_unlock(&marker->lock);
	if (count) {
		*ret_count = count;
		return 0;
	}
	return end ? end_error(end, err)
		   : err_set(err, -ETIMEDOUT, "gpio: no edge in %d ms", timeout_ms);
}
