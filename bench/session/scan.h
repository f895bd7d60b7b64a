/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is plugged into this host, and what of it a rig can use.
 */
#ifndef BENCH_SESSION_SCAN_H
#define BENCH_SESSION_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/control/gpio_scan.h"
#include "drivers/err.h"
#include "drivers/link/serial_scan.h"
#include "drivers/link/usb.h"

enum { SCAN_I2C_MAX = 32 };

struct scan_i2c {
	char bus[64]; /* "/dev/i2c-1" */
	uint8_t address;
	int code;      /* of asking: -ENXIO: nobody answers */
	char part[32]; /* "INA226", or "": something else answers */
	char problem[200];
};

struct scan {
	struct serial_found *serial;
	size_t serial_count;
	struct usb_found *usb; /* of the instruments and loaders there are drivers for */
	size_t usb_count;
	struct gpio_found *gpio;
	size_t gpio_count;
	struct scan_i2c i2c[SCAN_I2C_MAX];
	size_t i2c_count;
	char problems[3][200]; /* of listing serial ports, USB, GPIO; "" */
};

/* What an instrument is by its USB numbers. */
struct scan_kind {
	uint16_t vendor, product;
	const char *name;   /* "PPK2" */
	const char *driver; /* drivers/meter; NULL: none reads it, or it is no meter */
	bool is_serial;     /* reached as a serial port */
};

/* NULL: not known. */
const struct scan_kind *scan_kind_find(uint16_t vendor, uint16_t product, bool is_serial);
/* Ended by a NULL name. */
extern const struct scan_kind scan_kinds[];

/* "/dev/i2c-1:0x40,0x41" onto the list; asks nobody. -EINVAL. */
int scan_i2c_parse(struct scan *scan, const char *text, struct err *err);
/* Lists everything; asks the I2C addresses that are on the list, and no other. Reading an INA's
 * numbers changes nothing in it; an unknown device might mind, hence the list. */
void scan_all(struct scan *scan);
void scan_done(struct scan *scan);

/* The port to use, of the several that one instrument may have: the lowest interface of those with
 * its numbers and serial number. */
bool scan_is_data_port(const struct scan *scan, size_t serial_index);
/* How many instruments of this kind there are (each counted once). */
size_t scan_count_alike(const struct scan *scan, const struct scan_kind *kind);

#endif
