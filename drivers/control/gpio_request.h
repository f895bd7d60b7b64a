/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Asking the GPIO character device for lines: what control lines and markers share. Version 2 of
 * its interface (kernel 5.10) is tried first; without it version 1 is used through libgpiod 1.6.
 */
#ifndef DRIVERS_CONTROL_GPIO_REQUEST_H
#define DRIVERS_CONTROL_GPIO_REQUEST_H

#include <stdint.h>

#include <gpiod.h>
#include <linux/gpio.h>

#include "drivers/err.h"

/* What gpioinfo shows for the lines this program holds. */
extern const char gpio_consumer[];

/* Lines of one chip. */
struct gpio_lines {
	const char *path; /* "/dev/gpiochip0" */
	unsigned count;
	uint32_t offsets[GPIO_V2_LINES_MAX];
};

/* Opens the chip and checks the line numbers. -ENOENT: no such chip; -EACCES: no permission (the
 * sentence says which udev rule); -EINVAL: it has no such line. */
int gpio_chip_open(const struct gpio_lines *lines, struct gpiod_chip **ret_chip, struct err *err);

/* Requests the lines in version 2. -ENOTSUP: this kernel has only version 1 (no sentence); -EBUSY:
 * somebody holds one (the sentence says who). */
int gpio_request(const struct gpio_lines *lines, const struct gpio_v2_line_config *config,
		 uint32_t event_buffer_size, int *ret_fd, struct err *err);

/* A sentence for what went wrong (a positive errno) with a request in whatever version. */
int gpio_request_error(const struct gpio_lines *lines, int error, struct err *err);

/* Whether nobody holds the line, as -EBUSY of a request would say. */
int gpio_check_free(const struct gpio_lines *lines, struct err *err);

#endif
