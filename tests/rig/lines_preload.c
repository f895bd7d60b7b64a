/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Preloaded by lines.sh, with the played kernel of tests/seam: a GPIO chip, /dev/gpiochip7, whose
 * outputs are written to the file that JOULEBENCH_GPIO_LOG names, "line level" each; -1: let go.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/seam/gpio.h"

static struct seam_gpio chip = {.number = 7, .label = "played", .lines = 32};

static void note(struct seam_gpio *gpio, unsigned line, int level)
{
	const char *path = getenv("JOULEBENCH_GPIO_LOG");
	FILE *log = path ? fopen(path, "a") : NULL;

	(void)gpio;
	if (!log)
		abort();
	fprintf(log, "%u %d\n", line, level);
	fclose(log);
}

__attribute__((constructor)) static void plug(void)
{
	chip.on_output = note;
	seam_gpio_plug(&chip);
}
