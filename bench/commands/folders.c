/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/commands/folders.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

void folders_beside(const char *relative, char *ret_path, size_t size)
{
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[length > 0 ? length : 0] = 0;
	snprintf(ret_path, size, "%s/%s", dirname(self), relative);
}
