/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A switch to begin a driver from, in no table: a file that takes "1" and "0", as drivers of relay
 * boards and LEDs have them in sysfs.
 *
 *   file:/sys/class/leds/relay/brightness
 *
 * Who owns a line drives it inactive when it is opened, holds it, and lets go of it as it is. "!"
 * means nothing here: has_polarity is not set, so that nobody can write it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "drivers/control/control_line.h"

struct skeleton {
	char path[CONTROL_ADDRESS_BYTES];
	int fd;
};

static int skeleton_check(const char *address, struct err *err)
{
	return address[0] == '/' && address[1]
		       ? 0
		       : err_set(err, -EINVAL, "'file:%s' is no file, as file:/sys/...", address);
}

/* Each sentence says what to do about it. */
static int file_error(const char *path, int error, struct err *err)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return err_set(err, -EACCES, "no permission to write to %s: it needs a udev rule",
			       path);
	case ENOENT:
		return err_set(err, -ENOENT, "there is no %s: is its driver loaded?", path);
	case EWOULDBLOCK:
		return err_set(err, -EBUSY, "%s: another program has locked it ('fuser -v %s')",
			       path, path);
	case ENODEV:
		return err_set(err, -ENODEV, "%s: the device is gone (unplugged?)", path);
	default:
		return err_set(err, -EIO, "%s: %s", path, strerror(error));
	}
}

static int file_take(const char *path, int *ret_fd, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), error;

	if (fd < 0)
		return file_error(path, errno, err);
	if (!flock(fd, LOCK_EX | LOCK_NB)) {
		*ret_fd = fd;
		return 0;
	}
	error = errno;
	close(fd);
	return file_error(path, error, err);
}

/* What open would say, without writing anything. */
static int skeleton_probe(const struct control_line *line, struct err *err)
{
	int fd, ret = file_take(line->address, &fd, err);

	if (!ret)
		close(fd);
	return ret;
}

static int skeleton_set(void *state, bool active, struct err *err)
{
	struct skeleton *skeleton = state;

	return pwrite(skeleton->fd, active ? "1" : "0", 1, 0) == 1
		       ? 0
		       : file_error(skeleton->path, errno, err);
}

static int skeleton_open(void *state, const struct control_line *line, struct err *err)
{
	struct skeleton *skeleton = state;
	int ret = file_take(line->address, &skeleton->fd, err);

	if (ret)
		return ret;
	memcpy(skeleton->path, line->address, sizeof(skeleton->path));
	ret = skeleton_set(skeleton, false, err);
	if (ret)
		close(skeleton->fd); /* close is not called for what did not open */
	return ret;
}

static void skeleton_close(void *state)
{
	close(((struct skeleton *)state)->fd);
}

extern const struct control_ops control_skeleton; /* in control_line.h, beside the others */

const struct control_ops control_skeleton = {
	.scheme = "file",
	.form = "/sys/...",
	.state_size = sizeof(struct skeleton),
	.check = skeleton_check,
	.probe = skeleton_probe,
	.open = skeleton_open,
	.set = skeleton_set,
	.close = skeleton_close,
};
