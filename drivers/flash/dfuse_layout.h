/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The memory behind an alternate setting of ST's DFU loader, as the setting's string describes it
 * (UM0424, "DFU mode descriptor set"):
 *
 *   @NAME/0xADDRESS/COUNT*SIZE[ BKM]TYPE[,COUNT*SIZE[ BKM]TYPE...][/0xADDRESS/...]
 *
 * TYPE is a letter from 'a' on; of its low three bits 1 says readable, 2 erasable, 4 writable.
 * Loaders pad the name and the end with spaces, and leave the unit out where it is bytes.
 */
#ifndef DRIVERS_FLASH_DFUSE_LAYOUT_H
#define DRIVERS_FLASH_DFUSE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"

enum { DFUSE_SEGMENTS_MAX = 32 };

struct dfuse_segment {
	uint32_t address, pages, page_bytes; /* at most up to the end of 32 bits */
	bool readable, erasable, writable;
};

struct dfuse_layout {
	unsigned count;
	struct dfuse_segment segments[DFUSE_SEGMENTS_MAX];
};

struct dfuse_page {
	uint32_t address, bytes;
};

/* -EPROTO: no such string, more segments than there is room for, or memory beyond 32 bits. */
int dfuse_layout_parse(const char *text, struct dfuse_layout *ret_layout, struct err *err);
/* The segment that holds the address, or NULL. */
const struct dfuse_segment *dfuse_layout_find(const struct dfuse_layout *layout, uint32_t address);
/* The page that holds the address; false: no segment does. */
bool dfuse_layout_page(const struct dfuse_layout *layout, uint32_t address,
		       struct dfuse_page *ret_page);
/* -EINVAL: the range is empty, does not begin with a page (what stands in front of it would be
 * erased), or leaves what can be read, erased and written. */
int dfuse_layout_check(const struct dfuse_layout *layout, uint32_t address, size_t count,
		       struct err *err);

#endif
