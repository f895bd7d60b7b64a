/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Marker edges from the GPIO character device, after the kernel's include/uapi/linux/gpio.h and
 * drivers/gpio/gpiolib-cdev.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "drivers/control/gpio_request.h"
#include "drivers/link/link.h"
#include "drivers/marker/kinds.h"

enum {
	KERNEL_EDGES = 1024, /* of a request; gpiolib-cdev.c allows 16 per line of 64 */
	BATCH = 16,
};

static const int64_t clock_off_max_ns = 60 * 1000000000LL;

struct line {
	unsigned offset;
	bool has_edge, was_rising;
	uint32_t seqno; /* of its last edge */
	struct gpiod_line *v1;
};

struct gpio {
	char path[128];
	struct line lines[MARKER_LINES];
	unsigned count;
	bool is_numbered;
	struct gpiod_chip *chip;
	struct pollfd *fds;
	unsigned fd_count;
};

/* ---- edges ---- */

/* Numbers begin at 1, and wrap. Edges that come before the kernel's thread gets to the first of them
 * become one event with one number and the last one's direction (edge_irq_thread): of those that
 * are swallowed so, an odd count shows. */
static uint64_t count_lost(const struct line *line, uint32_t seqno, bool is_rising)
{
	uint64_t lost = (uint32_t)(seqno - line->seqno - 1);
	bool is_odd = line->was_rising == is_rising;

	return lost + (line->has_edge && (lost & 1) != is_odd);
}

static void take_v2(struct gpio *gpio, struct marker *marker,
		    const struct gpio_v2_line_event *event)
{
	struct marker_edge edge = {.t_mono_ns = (int64_t)event->timestamp_ns,
				   .is_rising = event->id == GPIO_V2_LINE_EVENT_RISING_EDGE};

	for (unsigned i = 0; i < gpio->count; i++) {
		struct line *line = &gpio->lines[i];

		if (line->offset != event->offset)
			continue;
		edge.lost = count_lost(line, event->line_seqno, edge.is_rising);
		edge.line = i;
		line->seqno = event->line_seqno;
		line->has_edge = true;
		line->was_rising = edge.is_rising;
		marker_put(marker, &edge);
	}
}

/* Negative: no more will come. */
static int drain_v2(struct gpio *gpio, struct marker *marker, int fd)
{
	struct gpio_v2_line_event events[BATCH];
	ssize_t count;

	while ((count = read(fd, events, sizeof(events))) > 0)
		for (size_t i = 0; i < (size_t)count / sizeof(events[0]); i++)
			take_v2(gpio, marker, &events[i]);
	return count < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -ENODEV;
}

static int take_v1(struct gpio *gpio, struct marker *marker, unsigned index,
		   const struct gpiod_line_event *event)
{
	struct line *line = &gpio->lines[index];
	struct marker_edge edge = {.t_mono_ns = event->ts.tv_sec * 1000000000LL + event->ts.tv_nsec,
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

static int drain_v1(struct gpio *gpio, struct marker *marker, unsigned index, int fd)
{
	struct gpiod_line_event events[BATCH];
	int count;

	while ((count = gpiod_line_event_read_fd_multiple(fd, events, BATCH)) > 0)
		for (int i = 0; i < count; i++) {
			int ret = take_v1(gpio, marker, index, &events[i]);

			if (ret)
				return ret;
		}
	return count < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -ENODEV;
}

static int gpio_drain(void *state, struct marker *marker, unsigned index, const struct pollfd *fd)
{
	struct gpio *gpio = state;
	int ret = 0;

	if (fd->revents & POLLIN)
		ret = gpio->is_numbered ? drain_v2(gpio, marker, fd->fd)
					: drain_v1(gpio, marker, index, fd->fd);
	return !ret && fd->revents & (POLLERR | POLLHUP | POLLNVAL) ? -ENODEV : ret;
}

/* ---- requesting ---- */

static int request_v1(struct gpio *gpio, const struct gpio_lines *lines, struct err *err)
{
	for (unsigned i = 0; i < gpio->count; i++) {
		struct line *line = &gpio->lines[i];

		line->v1 = gpiod_chip_get_line(gpio->chip, line->offset);
		if (!line->v1 || gpiod_line_request_both_edges_events(line->v1, gpio_consumer)) {
			int error = errno;

			line->v1 = NULL;
			return gpio_request_error(lines, error, err);
		}
		gpio->fds[gpio->fd_count++].fd = gpiod_line_event_get_fd(line->v1);
	}
	return 0;
}

static int request_lines(struct gpio *gpio, struct err *err)
{
	const struct gpio_v2_line_config config = {.flags = GPIO_V2_LINE_FLAG_INPUT |
							    GPIO_V2_LINE_FLAG_EDGE_RISING |
							    GPIO_V2_LINE_FLAG_EDGE_FALLING};
	struct gpio_lines lines = {.path = gpio->path, .count = gpio->count};
	int fd = -1, ret;

	for (unsigned i = 0; i < gpio->count; i++)
		lines.offsets[i] = gpio->lines[i].offset;
	ret = gpio_chip_open(&lines, &gpio->chip, err);
	if (ret)
		return ret;
	ret = gpio_request(&lines, &config, KERNEL_EDGES, &fd, err);
	if (ret == -ENOTSUP)
		return request_v1(gpio, &lines, err);
	if (ret)
		return ret;
	gpio->is_numbered = true;
	gpio->fds[gpio->fd_count++].fd = fd;
	return 0;
}

/* ---- life ---- */

static int gpio_parse(void *state, const char *address, unsigned *ret_lines, struct err *err)
{
	struct gpio *gpio = state;
	const char *colon = strrchr(address, ':'), *at;
	int used;

	if (*address != '/' || !colon)
		return err_set(err, -EINVAL, "no GPIO lines, as %s", marker_gpio.form);
	used = snprintf(gpio->path, sizeof(gpio->path), "%.*s", (int)(colon - address), address);
	for (at = colon + 1;; at++) {
		char *end;
		unsigned long offset = strtoul(at, &end, 10);

		if (used >= (int)sizeof(gpio->path) || *at < '0' || *at > '9' ||
		    (*end && *end != ',') || offset > UINT16_MAX || gpio->count == MARKER_LINES)
			return err_set(err, -EINVAL,
				       "one to %d line numbers with commas between them",
				       MARKER_LINES);
		for (unsigned i = 0; i < gpio->count; i++)
			if (gpio->lines[i].offset == offset)
				return err_set(err, -EINVAL, "line %lu twice", offset);
		gpio->lines[gpio->count++].offset = (unsigned)offset;
		at = end;
		if (!*at)
			break;
	}
	*ret_lines = gpio->count;
	return 0;
}

static int gpio_open(void *state, struct pollfd *fds, unsigned *ret_fd_count, struct err *err)
{
	struct gpio *gpio = state;
	int ret;

	gpio->fds = fds;
	ret = request_lines(gpio, err);
	*ret_fd_count = gpio->fd_count;
	return ret;
}

/* Its platform device's driver is gpio-sim (Documentation/admin-guide/gpio/gpio-sim.rst). */
static bool is_simulated(const char *path)
{
	char link[64], driver[256];
	const char *name;
	struct stat status;
	ssize_t length;

	if (stat(path, &status))
		return false;
	snprintf(link, sizeof(link), "/sys/dev/char/%u:%u/../driver", major(status.st_rdev),
		 minor(status.st_rdev));
	length = readlink(link, driver, sizeof(driver) - 1);
	if (length < 0)
		return false;
	driver[length] = '\0';
	name = strrchr(driver, '/');
	return name && !strcmp(name, "/gpio-sim");
}

static int gpio_sim_open(void *state, struct pollfd *fds, unsigned *ret_fd_count, struct err *err)
{
	const struct gpio *gpio = state;
	int ret = gpio_open(state, fds, ret_fd_count, err);

	if (!ret && !is_simulated(gpio->path))
		return err_set(err, -ENXIO,
			       "%s is no chip of the kernel's gpio-sim: a real one is named as %s",
			       gpio->path, marker_gpio.form);
	return ret;
}

static void gpio_close(void *state)
{
	struct gpio *gpio = state;

	if (gpio->is_numbered && gpio->fd_count)
		close(gpio->fds[0].fd);
	for (unsigned i = 0; i < gpio->count; i++)
		if (gpio->lines[i].v1)
			gpiod_line_release(gpio->lines[i].v1);
	if (gpio->chip)
		gpiod_chip_close(gpio->chip);
}

static bool gpio_is_numbered(const void *state)
{
	return ((const struct gpio *)state)->is_numbered;
}

const struct marker_ops marker_gpio = {
	.scheme = "gpio:",
	.form = "gpio:/dev/gpiochip0:17,27,22",
	.state_size = sizeof(struct gpio),
	.gone = "the chip is gone (unplugged?)",
	.parse = gpio_parse,
	.open = gpio_open,
	.close = gpio_close,
	.is_numbered = gpio_is_numbered,
	.drain = gpio_drain,
};

const struct marker_ops marker_gpio_sim = {
	.scheme = "gpio-sim:",
	.form = "gpio-sim:/dev/gpiochip0:0,1,2",
	.is_virtual = true,
	.state_size = sizeof(struct gpio),
	.gone = "the simulated chip is gone",
	.parse = gpio_parse,
	.open = gpio_sim_open,
	.close = gpio_close,
	.is_numbered = gpio_is_numbered,
	.drain = gpio_drain,
};
