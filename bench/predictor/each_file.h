/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A file, or those of a folder.
 */
#ifndef BENCH_PREDICTOR_EACH_FILE_H
#define BENCH_PREDICTOR_EACH_FILE_H

#include "drivers/err.h"

/* Negative ends it. */
typedef int each_file_fn(void *user, const char *path, struct err *err);

/* Calls use with path, or, when it is a folder, with each of its files *.ENDING, alphabetically.
 * -ENOENT: the folder has none; stat's errors; what use returned. */
int each_file(const char *path, const char *ending, each_file_fn *use, void *user, struct err *err);

#endif
