/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/each_file.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int each_file(const char *path, const char *ending, each_file_fn *use, void *user, struct err *err)
{
	char pattern[PATH_MAX];
	struct stat about;
	glob_t files;
	int ret = 0;

	if (stat(path, &about))
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(about.st_mode))
		return use(user, path, err);
	snprintf(pattern, sizeof(pattern), "%s/*.%s", path, ending);
	if (glob(pattern, 0, NULL, &files))
		return err_set(err, -ENOENT, "%s: holds no *.%s", path, ending);
	for (size_t i = 0; i < files.gl_pathc && !ret; i++)
		ret = use(user, files.gl_pathv[i], err);
	globfree(&files);
	return ret;
}
