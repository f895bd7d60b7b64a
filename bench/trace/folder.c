/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/trace/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/trace/trace.h"

static int too_long(const char *path, struct err *err)
{
	return err_set(err, -ENAMETOOLONG, "%.100s...: path too long", path);
}

int trace_folder_path(const char *database, char *ret_path, size_t size, struct err *err)
{
	if ((size_t)snprintf(ret_path, size, "%s.traces", database) >= size)
		return too_long(database, err);
	return 0;
}

int trace_folder_make(const char *database, char *ret_path, size_t size, struct err *err)
{
	int ret = trace_folder_path(database, ret_path, size, err);

	if (!ret && mkdir(ret_path, 0777) && errno != EEXIST)
		ret = err_set(err, -errno, "%s: %s", ret_path, strerror(errno));
	return ret;
}

int trace_file_path(const char *folder, const char *sha256, char *ret_path, size_t size,
		    struct err *err)
{
	if ((size_t)snprintf(ret_path, size, "%s/%s.h5", folder, sha256) >= size)
		return too_long(folder, err);
	return 0;
}

int folder_new_file(const char *folder, char *ret_new, char *ret_part, size_t size, struct err *err)
{
	uint64_t name[2];

	if (getrandom(name, sizeof(name), 0) != (ssize_t)sizeof(name))
		return err_set(err, -EIO, "getrandom: %s", strerror(errno));
	snprintf(ret_new, size, "%s/capture-%016" PRIx64 "%016" PRIx64 ".new", folder, name[0],
		 name[1]);
	if ((size_t)snprintf(ret_part, size, "%s/capture-%016" PRIx64 "%016" PRIx64 ".part", folder,
			     name[0], name[1]) >= size)
		return too_long(folder, err);
	return 0;
}

int folder_of(const char *path, char *ret_folder, size_t size, struct err *err)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 0;

	if (length >= size)
		return too_long(path, err);
	snprintf(ret_folder, size, "%.*s", slash ? (int)length : 1, slash ? path : ".");
	if (slash == path)
		snprintf(ret_folder, size, "/");
	return 0;
}

static int sync_folder(const char *path, struct err *err)
{
	char folder[TRACE_PATH_MAX];
	int ret = folder_of(path, folder, sizeof(folder), err), fd;

	if (ret)
		return ret;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		ret = err_set(err, -errno, "%s: %s", folder, strerror(errno));
	if (fd >= 0)
		close(fd);
	return ret;
}

int folder_rename(const char *from, const char *to, struct err *err)
{
	if (rename(from, to))
		return err_set(err, -errno, "%s -> %s: %s", from, to, strerror(errno));
	return sync_folder(to, err);
}

bool folder_name_ends(const char *path, const char *suffix)
{
	size_t length = strlen(path), end = strlen(suffix);

	return length >= end && !strcmp(path + length - end, suffix);
}
