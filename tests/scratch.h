/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A new empty folder for one test program, inside the build folder: tests write nothing elsewhere.
 */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Static string; ends the program when it cannot be made. */
static inline const char *scratch_folder(void)
{
	static char path[512];
	const char *build = getenv("JOULEBENCH_BUILD");

	snprintf(path, sizeof(path), "%s/scratch", build ? build : "build");
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/scratch/XXXXXX", build ? build : "build");
	if (!mkdtemp(path)) {
		perror(path);
		exit(1);
	}
	return path;
}

#endif
