/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Flashes a board through a debug probe with OpenOCD 0.12, over its Tcl port. Either
 *
 *   request->config   OpenOCD is started with these files (openocd -f ...) and, when
 *                     request->adapter_serial is given, with the probe of that serial number. It
 *                     listens on a port of its own, and is ended before this returns, so that the
 *                     probe lets the board go before anything is measured.
 *   request->uri      tcp://HOST:PORT of an OpenOCD that runs already. It must see this machine's
 *                     files. The probe stays attached: a debug session keeps clocks of the board on
 *                     and raises its current, above all asleep.
 *
 * init, reset halt, flash write_image erase, verify_image, reset run: OpenOCD erases the sectors
 * that hold the bytes, and compares after writing. Read-out protection is OpenOCD's to find: its
 * sentence is passed on; nothing is unlocked. The loader tells no product id and no version: what
 * the files of request->config describe is what OpenOCD insists on.
 *
 * Errors: -ENOENT no such program, or no such host; -ECONNREFUSED nobody listens; -EREMOTEIO
 * OpenOCD says that a step failed; -EPIPE it ended by itself; -ENODEV the server hung up;
 * -ETIMEDOUT; -EPROTO no OpenOCD. The sentence names the files or the server, the step, and what
 * OpenOCD last said.
 *
 * On a tape goes whether it worked. A replay starts and asks nobody.
 */
#ifndef DRIVERS_FLASH_OPENOCD_H
#define DRIVERS_FLASH_OPENOCD_H

#include "drivers/flash/flash.h"

struct openocd_limits {
	int start_ms;           /* a started OpenOCD, until it listens */
	int command_ms;         /* init, resets */
	int image_ms;           /* writing or verifying, ... */
	int image_bytes_per_ms; /* ... and in addition to it */
	int shutdown_ms; /* from "shutdown" to the end of a started one, which is killed then */
};

/* A slow probe (4 MHz SWD) writes above 10 KiB/s; erasing 2 MiB takes below 40 s. */
extern const struct openocd_limits openocd_limits_default;

extern const struct flash_ops flash_openocd;

/* The same with time limits of the caller's choice. */
int openocd_write(const struct flash_request *request, const struct openocd_limits *limits,
		  struct flash_report *ret_report, struct err *err);

#endif
