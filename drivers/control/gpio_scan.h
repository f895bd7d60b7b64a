/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The GPIO chips of this host.
 */
#ifndef DRIVERS_CONTROL_GPIO_SCAN_H
#define DRIVERS_CONTROL_GPIO_SCAN_H

#include <stddef.h>

#include "drivers/err.h"

struct gpio_found {
	char path[64]; /* "/dev/gpiochip0" */
	char label[64];
	unsigned line_count;
	int open_error; /* 0, or why it could not be asked (-EACCES, ...): then only path is set */
};

/* By path. Requests no line. Freed with free(). */
int gpio_scan(struct gpio_found **ret_list, size_t *ret_count, struct err *err);

#endif
