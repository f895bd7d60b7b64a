/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Flashes an STM32 through the DFU loader in its ROM, on the part's own USB port (ST AN3156,
 * DFU 1.1 with ST's extensions). The control lines on the board's link enter the loader and leave
 * it; the bytes go over request->uri, "usb:0483:df11:SERIAL" or a device of a USB/IP server
 * (usb.h).
 *
 * Only the pages that hold the bytes are erased. A read-protected part is reported, never
 * unprotected. The address must begin a page. The loader tells no product id and no version.
 */
#ifndef DRIVERS_FLASH_DFUSE_H
#define DRIVERS_FLASH_DFUSE_H

#include "drivers/flash/dfuse_loader.h"

extern const struct flash_ops flash_dfuse;

/* The same with time limits of the caller's choice. */
int dfuse_write(const struct flash_request *request, const struct dfuse_limits *limits,
		struct flash_report *ret_report, struct err *err);

#endif
