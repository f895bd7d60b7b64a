/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Small helpers around paths.
 */
#ifndef RIGS_VIRTUAL_SERVER_FILES_H
#define RIGS_VIRTUAL_SERVER_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "rigs/virtual/verr.h"

/* Creates the folders above path that are missing. */
int files_make_parents(const char *path, struct verr *err);

/* Maps a file of exactly count bytes, shared: what is written to the bytes is in the file, even when
 * the process is killed. A missing file is made, filled with 0xFF. Another size is -EINVAL. Unmapped by
 * the caller (munmap). */
int files_map(const char *path, size_t count, uint8_t **ret_bytes, struct verr *err);

#endif
