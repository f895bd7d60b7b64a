/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/import/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int fd, uint8_t *bytes, size_t count, size_t *ret_got)
{
	size_t got = 0;

	while (got < count) {
		ssize_t some = read(fd, bytes + got, count - got);

		if (some < 0 && errno == EINTR)
			continue;
		if (some < 0)
			return -errno;
		if (!some)
			break;
		got += (size_t)some;
	}
	*ret_got = got;
	return 0;
}

static int read_open(int fd, const char *path, size_t max_bytes, uint8_t **ret_bytes,
		     size_t *ret_count, struct err *err)
{
	struct stat status;
	uint8_t *bytes;
	size_t got = 0;
	int ret;

	if (fstat(fd, &status))
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(status.st_mode))
		return err_set(err, -EINVAL, "%s: not a regular file", path);
	if ((uintmax_t)status.st_size > max_bytes)
		return err_set(err, -EFBIG, "%s: %jd bytes; no such file is larger than %zu", path,
			       (intmax_t)status.st_size, max_bytes);
	bytes = malloc((size_t)status.st_size + 1);
	if (!bytes)
		return err_set(err, -ENOMEM, "%s: out of memory", path);
	ret = read_all(fd, bytes, (size_t)status.st_size, &got);
	if (ret) {
		free(bytes);
		return err_set(err, ret, "%s: %s", path, strerror(-ret));
	}
	bytes[got] = 0;
	*ret_bytes = bytes;
	*ret_count = got;
	return 0;
}

int import_file_read(const char *path, size_t max_bytes, uint8_t **ret_bytes, size_t *ret_count,
		     struct err *err)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	ret = read_open(fd, path, max_bytes, ret_bytes, ret_count, err);
	close(fd);
	return ret;
}
