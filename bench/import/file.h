/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whole files of strangers, into memory.
 */
#ifndef BENCH_IMPORT_FILE_H
#define BENCH_IMPORT_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"

/* Reads a regular file of at most max_bytes; a NUL that does not count follows its bytes. Freed by
 * the caller. Never waits for a pipe or a device. -ENOENT, -EINVAL (no regular file), -EFBIG,
 * -ENOMEM, other errno of open and read; the sentence has the path. */
int import_file_read(const char *path, size_t max_bytes, uint8_t **ret_bytes, size_t *ret_count,
		     struct err *err);

/* A UTF-8 byte order mark, which editors put in front of a text, is moved away: how many bytes are
 * left. */
size_t import_text_skip_mark(uint8_t *bytes, size_t count);

/* What bytes are that are no such file, and what to do: a sentence's end, or "" when they are
 * nothing known. */
const char *import_foreign_hint(const uint8_t *bytes, size_t count);

#endif
