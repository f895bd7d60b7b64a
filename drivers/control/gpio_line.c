/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A control line on the host's GPIO. The kernel is told polarity and open drain, so that only
 * "active" and "inactive" are said here, and takes the first value with the request: the line never
 * is active in between.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "drivers/control/control_line.h"
#include "drivers/control/gpio_request.h"

struct gpio_line {
	char path[CONTROL_ADDRESS_BYTES];
	struct gpio_lines lines; /* this one */
	int fd;                  /* version 2 */
	struct gpiod_chip *chip; /* version 1, with the next */
	struct gpiod_line *v1;   /* NULL: version 2 */
};

static int parse(const char *address, char path[CONTROL_ADDRESS_BYTES], struct gpio_lines *lines,
		 struct err *err)
{
	const char *colon = strrchr(address, ':');
	char *end = NULL;
	unsigned long offset = colon ? strtoul(colon + 1, &end, 10) : 0;

	if (address[0] != '/' || !colon || colon[1] < '0' || colon[1] > '9' || *end ||
	    offset > UINT16_MAX || strlen(address) >= CONTROL_ADDRESS_BYTES)
		return err_set(err, -EINVAL, "'gpio:%s' is no GPIO line, as gpio:/dev/gpiochip0:17",
			       address);
	snprintf(path, CONTROL_ADDRESS_BYTES, "%.*s", (int)(colon - address), address);
	*lines = (struct gpio_lines){.path = path, .count = 1, .offsets = {(uint32_t)offset}};
	return 0;
}

static int gpio_check(const char *address, struct err *err)
{
	char path[CONTROL_ADDRESS_BYTES];
	struct gpio_lines lines;

	return parse(address, path, &lines, err);
}

static int gpio_probe(const struct control_line *line, struct err *err)
{
	char path[CONTROL_ADDRESS_BYTES];
	struct gpiod_chip *chip;
	struct gpio_lines lines;
	int ret = parse(line->address, path, &lines, err);

	if (!ret)
		ret = gpio_chip_open(&lines, &chip, err);
	if (ret)
		return ret;
	gpiod_chip_close(chip);
	return gpio_check_free(&lines, err);
}

static int request_v2(struct gpio_line *gpio, const struct control_line *line, struct err *err)
{
	struct gpio_v2_line_config config = {
		.flags = GPIO_V2_LINE_FLAG_OUTPUT,
		.num_attrs = 1,
		.attrs = {{.attr = {.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES, .values = 0},
			   .mask = 1}},
	};

	if (line->is_inverted)
		config.flags |= GPIO_V2_LINE_FLAG_ACTIVE_LOW;
	if (line->is_open_drain)
		config.flags |= GPIO_V2_LINE_FLAG_OPEN_DRAIN;
	return gpio_request(&gpio->lines, &config, 0, &gpio->fd, err);
}

static int request_v1(struct gpio_line *gpio, const struct control_line *line, struct err *err)
{
	int flags = 0;

	if (line->is_inverted)
		flags |= GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW;
	if (line->is_open_drain)
		flags |= GPIOD_LINE_REQUEST_FLAG_OPEN_DRAIN;
	gpio->v1 = gpiod_chip_get_line(gpio->chip, gpio->lines.offsets[0]);
	if (!gpio->v1 || gpiod_line_request_output_flags(gpio->v1, gpio_consumer, flags, 0))
		return gpio_request_error(&gpio->lines, errno, err);
	return 0;
}

static int gpio_open(void *state, const struct control_line *line, struct err *err)
{
	struct gpio_line *gpio = state;
	int ret = parse(line->address, gpio->path, &gpio->lines, err);

	if (!ret)
		ret = gpio_chip_open(&gpio->lines, &gpio->chip, err);
	if (ret)
		return ret;
	ret = request_v2(gpio, line, err);
	if (ret == -ENOTSUP)
		ret = request_v1(gpio, line, err);
	if (ret || !gpio->v1)
		gpiod_chip_close(gpio->chip);
	return ret;
}

static int gpio_set(void *state, bool active, struct err *err)
{
	struct gpio_v2_line_values values = {.mask = 1, .bits = active};
	struct gpio_line *gpio = state;
	int failed = gpio->v1 ? gpiod_line_set_value(gpio->v1, active)
			      : ioctl(gpio->fd, GPIO_V2_LINE_SET_VALUES_IOCTL, &values);

	return failed ? gpio_request_error(&gpio->lines, errno, err) : 0;
}

static void gpio_close(void *state)
{
	struct gpio_line *gpio = state;

	if (!gpio->v1) {
		close(gpio->fd);
		return;
	}
	gpiod_line_release(gpio->v1);
	gpiod_chip_close(gpio->chip);
}

const struct control_ops control_gpio = {
	.scheme = "gpio",
	.form = "/dev/gpiochipN:LINE",
	.has_polarity = true,
	.state_size = sizeof(struct gpio_line),
	.check = gpio_check,
	.probe = gpio_probe,
	.open = gpio_open,
	.set = gpio_set,
	.close = gpio_close,
};
