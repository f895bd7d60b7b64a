/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Puts firmware into a board. A flasher owns nothing: it borrows the board's link and control lines
 * for the time of one call, and leaves the board reset into what was written. The link's baud and
 * parity stay as the loader needed them: the caller sets its own afterwards, whatever was returned.
 * Every write is read back; a difference is -EIO. Whatever fails, the board is left in reset-able
 * state with BOOT0 inactive, and the sentence says at which step and address.
 */
#ifndef DRIVERS_FLASH_FLASH_H
#define DRIVERS_FLASH_FLASH_H

#include <stddef.h>
#include <stdint.h>

#include "drivers/control/control.h"
#include "drivers/err.h"
#include "drivers/link/link.h"

struct flash_request {
	struct link *link;
	struct control *control;
	uint32_t baud;           /* of the loader, bit/s */
	uint32_t address;        /* where the bytes go */
	const uint8_t *bytes;
	size_t count;
	uint16_t expected_id;    /* product id the loader must report, 0: any */
	/* May be NULL. total: twice count, since writing and reading back are half of the work each. */
	void (*progress)(void *context, size_t done, size_t total);
	void *context;
};

struct flash_report {
	uint16_t id;      /* product id read from the loader */
	uint8_t version;  /* loader version, BCD */
	size_t written;   /* bytes, without padding */
	unsigned retries; /* blocks or commands that had to be repeated */
};

struct flash_ops {
	const char *name; /* "stm32_uart" */
	int (*write)(const struct flash_request *request, struct flash_report *ret_report,
		     struct err *err);
};

/* The flasher of that name, or NULL. */
const struct flash_ops *flash_find(const char *name);
/* Names, alphabetical, NULL-terminated. */
const char *const *flash_names(void);

#endif
