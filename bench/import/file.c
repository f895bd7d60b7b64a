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

size_t import_text_skip_mark(uint8_t *bytes, size_t count)
{
	static const uint8_t mark[] = {0xEF, 0xBB, 0xBF};

	if (count < sizeof(mark) || memcmp(bytes, mark, sizeof(mark)) != 0)
		return count;
	memmove(bytes, bytes + sizeof(mark), count - sizeof(mark) + 1); /* and its final NUL */
	return count - sizeof(mark);
}

const char *import_foreign_hint(const uint8_t *bytes, size_t count)
{
	static const struct {
		const char *begin;
		size_t length;
		const char *hint;
	} kinds[] = {
		{"\xff\xfe", 2, "; it is UTF-16: convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)"},
		{"\xfe\xff", 2, "; it is UTF-16: convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)"},
		{"version https://git-lfs", 23,
		 "; it is a pointer of git-lfs: fetch the file itself (git lfs pull)"},
		{"/annex/", 7, "; it is a pointer of git-annex: fetch the file itself"},
		{"\x1f\x8b", 2, "; it is packed by gzip: unpack it"},
		{"PK\x03\x04", 4, "; it is a zip archive: unpack it"},
		{"<!DOCTYPE", 9,
		 "; it is a web page, saved in the file's place: download it again"},
		{"<html", 5, "; it is a web page, saved in the file's place: download it again"},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (count >= kinds[i].length && !memcmp(bytes, kinds[i].begin, kinds[i].length))
			return kinds[i].hint;
	return "";
}
