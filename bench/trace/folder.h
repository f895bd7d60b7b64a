/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Names of trace files, and changing them so that a crash leaves the old or the new.
 */
#ifndef BENCH_TRACE_FOLDER_H
#define BENCH_TRACE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "drivers/err.h"

/* "FOLDER/capture-RANDOM.new" and the same with ".part". */
int folder_new_file(const char *folder, char *ret_new, char *ret_part, size_t size,
		    struct err *err);
/* The folder a path is in. */
int folder_of(const char *path, char *ret_folder, size_t size, struct err *err);
int folder_rename(const char *from, const char *to, struct err *err); /* durable */
bool folder_name_ends(const char *path, const char *suffix);

#endif
