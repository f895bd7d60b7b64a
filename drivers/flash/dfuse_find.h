/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What ST's DFU loader says of itself in its descriptors: DFU 1.1, chapter 4.1.3 and 4.2; USB 2.0,
 * chapter 9.6.
 */
#ifndef DRIVERS_FLASH_DFUSE_FIND_H
#define DRIVERS_FLASH_DFUSE_FIND_H

#include <stddef.h>

#include "drivers/flash/dfuse_layout.h"
#include "drivers/link/usb.h"

enum {
	DFUSE_VENDOR = 0x0483,
	DFUSE_PRODUCT = 0xDF11,
	DFUSE_INTERFACE = 0,
};

/* Selects alternate setting 0, the main flash, and reads its layout and the bytes of a block (at
 * most DFUSE_BLOCK_MAX). -ENOTSUP: no DFU loader, or one that cannot both take and give bytes;
 * -EPROTO: damaged descriptors; else what the transfer says. */
int dfuse_find_memory(struct usb *usb, int timeout_ms, struct dfuse_layout *ret_layout,
		      size_t *ret_block_bytes, struct err *err);

#endif
