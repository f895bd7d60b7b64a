/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Puts firmware into a board. A flasher owns nothing: it borrows the board's link and control lines
 * for the time of one call, and leaves the board reset into what was written. The link's baud and
 * parity stay as the loader needed them: the caller sets its own afterwards, whatever was returned.
 * Every write is read back; a difference is -EIO. Whatever fails, the board is left in reset-able
 * state with BOOT0 inactive, and the sentence says at which step and address.
 *
 * Some loaders are not on the board's link: those of the second group of a request's members say
 * where they are. Which members a flasher looks at is in its ops.
 */
#ifndef DRIVERS_FLASH_FLASH_H
#define DRIVERS_FLASH_FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/control/control.h"
#include "drivers/err.h"
#include "drivers/link/link.h"

struct flash_request {
	struct link *link;
	struct control *control;
	uint32_t baud;    /* of the loader, bit/s */
	uint32_t address; /* where the bytes go */
	const uint8_t *bytes;
	size_t count;
	uint16_t expected_id; /* product id the loader must report, 0: any */

	const char *uri;            /* of the loader's USB device, its own link, or its server */
	const char *const *config;  /* files for the server that is to be started, up to a NULL */
	const char *adapter_serial; /* of the probe that server takes; NULL: the only one */
	/* The link's, or NULL: what comes from elsewhere than the link goes on it as well, so that
	 * a replay touches no device. */
	struct link_tape *tape;

	/* May be NULL. total: twice count, since writing and reading back are half of the work
	 * each. */
	void (*progress)(void *context, size_t done, size_t total);
	void *context;
};

struct flash_report {
	uint16_t id;      /* product id read from the loader, 0: it tells none */
	uint8_t version;  /* loader version, BCD, 0: it tells none */
	size_t written;   /* bytes, without padding */
	unsigned retries; /* blocks or commands that had to be repeated */
};

/* What a rig file may say of a flasher; "driver" and "address" go with every one. */
enum flash_key {
	FLASH_KEY_BAUD = 1 << 0,           /* request.baud */
	FLASH_KEY_ID = 1 << 1,             /* .expected_id */
	FLASH_KEY_LINK = 1 << 2,           /* .uri */
	FLASH_KEY_SERVER = 1 << 3,         /* .uri */
	FLASH_KEY_CONFIG = 1 << 4,         /* .config */
	FLASH_KEY_ADAPTER_SERIAL = 1 << 5, /* .adapter_serial */
};

enum { FLASH_KEYS = 6 };

struct flash_ops {
	const char *name;   /* "stm32_uart" */
	unsigned takes;     /* enum flash_key; those of the next two included */
	unsigned needs;     /* all of them */
	unsigned needs_one; /* exactly one of them; 0: no such choice */
	bool takes_port;    /* FLASH_KEY_LINK is a link (link.h), and not a USB device (usb.h) */
	int (*write)(const struct flash_request *request, struct flash_report *ret_report,
		     struct err *err);
};

/* The flasher of that name, or NULL. */
const struct flash_ops *flash_find(const char *name);
/* Names, alphabetical, NULL-terminated. */
const char *const *flash_names(void);
/* "baud", "id", ...; of one bit. */
const char *flash_key_name(unsigned key);

/* For flashers, where what was read back goes wrong; count: nowhere. */
size_t flash_first_difference(const uint8_t *left, const uint8_t *right, size_t count);

#endif
