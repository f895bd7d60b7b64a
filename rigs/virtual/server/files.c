/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Small helpers around paths.
 */
#include "rigs/virtual/server/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int files_make_parents(const char *path, struct verr *err)
{
	char folder[PATH_MAX];

	if (strlen(path) >= sizeof(folder))
		return verr_set(err, -ENAMETOOLONG, "%.80s...: the path is too long", path);
	strcpy(folder, path);
	for (char *slash = strchr(folder + 1, '/'); folder[0] && slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0777) < 0 && errno != EEXIST) {
			int code = errno;

			return verr_set(err, -code, "%s: cannot create folder: %s", folder,
					strerror(code));
		}
		*slash = '/';
	}
	return 0;
}

static int fail(const char *path, int code, const char *what, struct verr *err)
{
	return verr_set(err, -code, "%s: %s: %s", path, what, strerror(code));
}

int files_map(const char *path, size_t count, uint8_t **ret_bytes, struct verr *err)
{
	struct stat status;
	void *bytes;
	int fd, rc = files_make_parents(path, err);
	bool is_new;

	if (rc < 0)
		return rc;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return fail(path, errno, "cannot open", err);
	if (fstat(fd, &status) < 0) {
		rc = fail(path, errno, "cannot look at", err);
		goto out;
	}
	is_new = status.st_size == 0;
	if (!is_new && (uint64_t)status.st_size != count) {
		rc = verr_set(err, -EINVAL, "%s: holds %lld bytes, the flash has %zu", path,
			      (long long)status.st_size, count);
		goto out;
	}
	if (is_new && ftruncate(fd, (off_t)count) < 0) {
		rc = fail(path, errno, "cannot make", err);
		goto out;
	}
	bytes = mmap(NULL, count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED) {
		rc = fail(path, errno, "cannot map", err);
		goto out;
	}
	if (is_new)
		memset(bytes, 0xFF, count);
	*ret_bytes = bytes;
out:
	close(fd);
	return rc;
}
