/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * After the kernel's include/uapi/linux/gpio.h and drivers/gpio/gpiolib-cdev.c.
 */
#include "drivers/control/gpio_request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

const char gpio_consumer[] = "joulebench";

/* Who uses a line; false: nobody. The name may be "". */
static bool line_user(int chip, uint32_t offset, char name[GPIO_MAX_NAME_SIZE])
{
	struct gpio_v2_line_info v2 = {.offset = offset};
	struct gpioline_info v1 = {.line_offset = offset};
	bool is_used;

	if (!ioctl(chip, GPIO_V2_GET_LINEINFO_IOCTL, &v2)) {
		is_used = v2.flags & GPIO_V2_LINE_FLAG_USED;
		memcpy(name, v2.consumer, GPIO_MAX_NAME_SIZE);
	} else if (!ioctl(chip, GPIO_GET_LINEINFO_IOCTL, &v1)) {
		is_used = v1.flags & GPIOLINE_FLAG_KERNEL;
		memcpy(name, v1.consumer, GPIO_MAX_NAME_SIZE);
	} else {
		return false;
	}
	name[GPIO_MAX_NAME_SIZE - 1] = '\0';
	return is_used;
}

int gpio_check_free(const struct gpio_lines *lines, struct err *err)
{
	int chip = open(lines->path, O_RDWR | O_CLOEXEC), ret = 0;

	if (chip < 0)
		return gpio_request_error(lines, errno, err);
	for (unsigned i = 0; i < lines->count && !ret; i++) {
		char name[GPIO_MAX_NAME_SIZE] = "";

		if (!line_user(chip, lines->offsets[i], name))
			continue;
		ret = name[0] ? err_set(err, -EBUSY, "%s: line %u is held by '%s'", lines->path,
					lines->offsets[i], name)
			      : err_set(err, -EBUSY,
					"%s: line %u is held by a driver of the kernel, which "
					"gives "
					"no name ('gpioinfo' shows the chip's lines)",
					lines->path, lines->offsets[i]);
	}
	close(chip);
	return ret;
}

int gpio_request_error(const struct gpio_lines *lines, int error, struct err *err)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return err_set(
			err, -EACCES,
			"no permission to open %s: install drivers/udev/70-joulebench.rules, "
			"or add yourself to group gpio (adduser USER gpio, then log in again)",
			lines->path);
	case ENOENT:
		return err_set(err, -ENOENT, "there is no %s ('joulebench scan' lists GPIO chips)",
			       lines->path);
	case ENOTTY:
		return err_set(err, -ENOENT,
			       "%s is no GPIO chip ('joulebench scan' lists those there are)",
			       lines->path);
	case ENODEV:
		return err_set(err, -ENODEV, "%s: the chip is gone (unplugged?)", lines->path);
	case EBUSY:
		if (gpio_check_free(lines, err) == -EBUSY)
			return -EBUSY;
		return err_set(err, -EBUSY, "%s: somebody held a line, and has let go of it: again",
			       lines->path);
	default:
		return err_set(err, error ? -error : -EIO, "%s: %s", lines->path,
			       error ? strerror(error) : "failed without saying why");
	}
}

int gpio_chip_open(const struct gpio_lines *lines, struct gpiod_chip **ret_chip, struct err *err)
{
	struct gpiod_chip *chip = gpiod_chip_open(lines->path);
	unsigned has;

	if (!chip)
		return gpio_request_error(lines, errno, err);
	has = gpiod_chip_num_lines(chip);
	for (unsigned i = 0; i < lines->count; i++)
		if (lines->offsets[i] >= has) {
			gpiod_chip_close(chip);
			return err_set(err, -EINVAL, "%s has lines 0..%u, no line %u", lines->path,
				       has - 1, lines->offsets[i]);
		}
	*ret_chip = chip;
	return 0;
}

int gpio_request(const struct gpio_lines *lines, const struct gpio_v2_line_config *config,
		 uint32_t event_buffer_size, int *ret_fd, struct err *err)
{
	struct gpio_v2_line_request request = {.config = *config,
					       .num_lines = lines->count,
					       .event_buffer_size = event_buffer_size};
	int chip = open(lines->path, O_RDWR | O_CLOEXEC), error = 0;

	if (chip < 0)
		return gpio_request_error(lines, errno, err);
	memcpy(request.offsets, lines->offsets, lines->count * sizeof(lines->offsets[0]));
	snprintf(request.consumer, sizeof(request.consumer), "%s", gpio_consumer);
	if (ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request))
		error = errno;
	close(chip);
	if (error == EINVAL || error == ENOTTY) /* a kernel before 5.10 */
		return -ENOTSUP;
	if (error)
		return gpio_request_error(lines, error, err);
	*ret_fd = request.fd;
	return 0;
}
