/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The serial ports that are plugged in, and who holds one.
 */
#ifndef DRIVERS_LINK_SERIAL_SCAN_H
#define DRIVERS_LINK_SERIAL_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"

struct serial_found {
	char path[64];         /* "/dev/ttyACM0": another one after the next plugging in */
	char stable_path[256]; /* "/dev/serial/by-id/...", or "" */
	bool is_usb;
	uint16_t vendor, product; /* of USB */
	int interface;            /* number within the USB device; -1: not known */
	char serial[64];          /* of USB; "" when the device has none */
	char description[128];
	int open_error; /* 0, or why this user may not open it (-EACCES) */
};

/* All ports with a device behind them, by path; opens none of them. Freed with free(). */
int serial_scan(struct serial_found **ret_list, size_t *ret_count, struct err *err);

/* Which process has the device file open, from /proc/PID/fd as far as this user may read it:
 * "ModemManager (process 812)". False: nobody whom this user may see. */
bool serial_holder(const char *path, char *ret_text, size_t size);
/* The same below another folder than /proc. */
bool serial_holder_below(const char *proc, const char *path, char *ret_text, size_t size);

#endif
