/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ZIP archives of stored (not compressed) members, up to 4 GiB (PKWARE APPNOTE.TXT 6.3, sections
 * 4.3.7, 4.3.12, 4.3.16).
 */
#ifndef BENCH_TRACE_ZIP_H
#define BENCH_TRACE_ZIP_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "drivers/err.h"

struct zip_member {
	char name[40];
	uint32_t crc32, size, offset;
};

struct zip {
	FILE *stream;
	uint64_t offset;
	struct zip_member *members;
	size_t count, capacity;
};

void zip_begin(struct zip *zip, FILE *stream);
/* -EFBIG: beyond what the format holds. Write errors: ask the stream at the end. */
int zip_add(struct zip *zip, const char *name, const void *bytes, size_t size, struct err *err);
int zip_end(struct zip *zip, struct err *err); /* writes the directory */
void zip_done(struct zip *zip);                /* frees */

#endif
