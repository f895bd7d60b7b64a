/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * libgpiod 1.6's own iterator gives up at the first chip that may not be opened: chips are found by
 * name here, and opened one by one.
 */
#include "drivers/control/gpio_scan.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include <gpiod.h>

static void look_at(const char *path, struct gpio_found *found)
{
	struct gpiod_chip *chip = gpiod_chip_open(path);

	snprintf(found->path, sizeof(found->path), "%s", path);
	if (!chip) {
		found->open_error = errno ? -errno : -EIO;
		return;
	}
	snprintf(found->label, sizeof(found->label), "%s", gpiod_chip_label(chip));
	found->line_count = gpiod_chip_num_lines(chip);
	gpiod_chip_close(chip);
}

int gpio_scan(struct gpio_found **ret_list, size_t *ret_count, struct err *err)
{
	struct gpio_found *list;
	glob_t paths = {0};
	int ret = glob("/dev/gpiochip*", 0, NULL, &paths);

	if (ret && ret != GLOB_NOMATCH)
		return err_set(err, -EIO, "GPIO chips: /dev cannot be listed");
	list = calloc(paths.gl_pathc + 1, sizeof(*list));
	for (size_t i = 0; list && i < paths.gl_pathc; i++)
		look_at(paths.gl_pathv[i], &list[i]);
	if (list)
		*ret_count = paths.gl_pathc;
	globfree(&paths);
	if (!list)
		return err_set(err, -ENOMEM, "listing GPIO chips: out of memory");
	*ret_list = list;
	return 0;
}
