/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ways to a USB device there are; usb_open.c holds them in one array.
 */
#ifndef DRIVERS_LINK_USB_KINDS_H
#define DRIVERS_LINK_USB_KINDS_H

#include "drivers/link/usb.h"

/* One way to a device. Hooks receive the state (all zeros before open) of one device; close is
 * called if and only if open succeeded, and ends a running stream first. open is given the address:
 * what follows the scheme and its colon. Arguments were checked by usb.c. stream_read may run
 * beside every other hook but open and close. */
struct usb_ops {
	const char *scheme; /* "usb", "usbip", ... */
	size_t state_size;
	int (*open)(void *state, const char *address, const struct usb_expected *expected,
		    struct usb_identity *ret_identity, struct err *err);
	void (*close)(void *state);
	/* setup: the eight bytes of the setup stage; data's direction follows its bit 7. */
	int (*control)(void *state, const uint8_t setup[8], void *data, int timeout_ms,
		       size_t *ret_count, struct err *err);
	int (*bulk_write)(void *state, uint8_t endpoint, const void *bytes, size_t count,
			  int timeout_ms, struct err *err);
	int (*bulk_read)(void *state, uint8_t endpoint, void *bytes, size_t capacity,
			 int timeout_ms, size_t *ret_count, struct err *err);
	int (*clear_halt)(void *state, uint8_t endpoint, struct err *err);
	int (*stream_start)(void *state, const struct usb_stream_settings *settings,
			    struct err *err);
	int (*stream_read)(void *state, struct usb_chunk *ret_chunk, int timeout_ms,
			   struct err *err);
	int (*stream_stop)(void *state, struct err *err);
	int64_t (*clock_ns)(void *state); /* NULL: CLOCK_MONOTONIC */
};

extern const struct usb_ops usb_local;   /* usb_local.c */
extern const struct usb_ops usb_ip;      /* usb_ip.c */
extern const struct usb_ops usb_ip_unix; /* usb_ip.c */

enum { USB_TRANSFER_BYTES = 32 << 10, USB_TRANSFERS = 16, USB_SETUP_BYTES = 8 };

struct usb {
	const struct usb_ops *ops;
	char *uri;
	void *state;
	struct usb_identity identity;
};

/* Finds the kind of a uri, and where in it the address begins. -EINVAL: there is none. */
int usb_kind_find(const char *uri, const struct usb_ops **ret_ops, const char **ret_address,
		  struct err *err);

/* 0, or -ENOTSUP with a sentence that names both. */
int usb_expected_check(const struct usb_expected *expected, const struct usb_identity *identity,
		       struct err *err);
/* Sets is_virtual from the manufacturer. */
void usb_identity_judge(struct usb_identity *identity);

static inline bool usb_is_in(const uint8_t setup[USB_SETUP_BYTES])
{
	return setup[0] & 0x80;
}

static inline uint16_t usb_setup_length(const uint8_t setup[USB_SETUP_BYTES])
{
	return (uint16_t)(setup[6] | setup[7] << 8);
}

#endif
