/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ST's loader in ROM over USB: DFU 1.1 (USB Device Class Specification for Device Firmware Upgrade)
 * with ST's commands in block 0 (AN3156). One call is one step of the state machine taken to its
 * end: dfuIDLE or dfuDNLOAD-IDLE. A step that ends in dfuERROR is explained by the loader's own
 * status, and the error is cleared, so that the next step finds a loader that listens.
 *
 * The commands that take protection off (READ UNPROTECT) or erase everything are never sent.
 *
 * Errors of every call: -EREMOTEIO the loader refused or failed; -EACCES it is read-protected;
 * -EPROTO it is not in a state where it could be; -ETIMEDOUT; -ENODEV unplugged.
 */
#ifndef DRIVERS_FLASH_DFUSE_LOADER_H
#define DRIVERS_FLASH_DFUSE_LOADER_H

#include <stddef.h>
#include <stdint.h>

#include "drivers/flash/dfuse_layout.h"
#include "drivers/flash/flash.h"
#include "drivers/link/usb.h"

enum { DFUSE_BLOCK_MAX = 2048 };

struct dfuse_limits {
	int appear_ms;  /* from the reset until the device is on the bus and may be opened */
	int call_ms;    /* one control transfer */
	int command_ms; /* setting the address */
	int erase_ms;   /* one page */
	int write_ms;   /* one block */
};

/* Data sheets: a sector of 256 KiB erases within 8 s (F76x, x8), of 128 KiB within 4 s. */
extern const struct dfuse_limits dfuse_limits_an3156;

struct dfuse_loader {
	struct usb *usb;
	const struct link *link; /* the board's: its clock counts */
	const struct dfuse_limits *limits;
	struct dfuse_layout layout;
	size_t block_bytes; /* of the loader's, at most DFUSE_BLOCK_MAX */
	unsigned retries;
};

/* Resets the board into its loader, waits for the device of request->uri, learns its layout and
 * brings it to dfuIDLE. Besides the errors above: what usb_open says; -EINVAL: one of loader and
 * board's link is virtual, the other is not. To be closed if and only if it succeeded. */
int dfuse_loader_open(struct dfuse_loader *loader, const struct flash_request *request,
		      const struct dfuse_limits *limits, struct err *err);
void dfuse_loader_close(struct dfuse_loader *loader);

/* The page that holds the address. */
int dfuse_loader_erase(struct dfuse_loader *loader, uint32_t address, struct err *err);
/* At most block_bytes, to erased flash. */
int dfuse_loader_write(struct dfuse_loader *loader, uint32_t address, const uint8_t *bytes,
		       size_t count, struct err *err);
/* At most block_bytes. */
int dfuse_loader_read(struct dfuse_loader *loader, uint32_t address, uint8_t *bytes, size_t count,
		      struct err *err);
/* Starts the program whose vector table is there. The device leaves the bus, so what it answers to
 * the last request does not count. */
int dfuse_loader_leave(struct dfuse_loader *loader, uint32_t address, struct err *err);

#endif
