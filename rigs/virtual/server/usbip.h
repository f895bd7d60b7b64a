/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The server's side of one USB/IP connection, protocol 1.1.1 (Linux kernel,
 * Documentation/usb/usbip_protocol.rst): bytes in, bytes out, no sockets.
 *
 * A connection asks for the list of devices, or imports the one there is; after that it submits
 * transfers. They wait for the device (a NAK) as long as it takes, in order per endpoint, until it
 * answers or the client unlinks them. A bulk IN transfer ends with a short packet or full; what an
 * unlinked one holds already is lost, as with a real host controller behind the protocol.
 *
 * What breaks the protocol ends the connection: an unknown command, a foreign devid, a buffer
 * beyond VUSBIP_TRANSFER_MAX, more than VUSBIP_URBS_MAX transfers, a sequence number that is in
 * use. Isochronous transfers are answered with -EINVAL.
 */
#ifndef RIGS_VIRTUAL_SERVER_USBIP_H
#define RIGS_VIRTUAL_SERVER_USBIP_H

#include "rigs/virtual/meters/usb_device.h"

#define VUSBIP_BUSID_MAX    31
#define VUSBIP_TRANSFER_MAX (1u << 20)
#define VUSBIP_URBS_MAX     1024u
#define VUSBIP_OUT_MAX      (2u << 20) /* bytes for the client at which the device has to wait */

/* What is exported. */
struct vusbip_export {
	const char *busid;        /* at most VUSBIP_BUSID_MAX characters */
	struct usb_device device; /* high speed */
	void *context;
	/* Whether the device takes control and OUT transfers now; NULL: always. */
	bool (*ready)(void *context);
	/* The client has made the device do something: told before it is done. Transfers that only
	 * read (IN) are none. NULL: nobody asks. */
	void (*act)(void *context, uint8_t endpoint, const uint8_t *bytes, size_t count);
};

struct vusbip_urb {
	uint32_t seqnum, length, number_of_packets;
	uint8_t endpoint; /* bit 7: IN */
	struct usb_setup setup;
	uint8_t *data;  /* of an OUT transfer, or what has come in so far; NULL: none */
	uint32_t count; /* bytes that went through */
};

struct vusbip_bytes {
	uint8_t *bytes;
	size_t start, count, capacity;
};

struct vusbip {
	const struct vusbip_export *export; /* not owned */
	bool imported;
	bool closing; /* no more is read; hang up when the output is sent */
	struct vusbip_bytes in, out;
	struct vusbip_urb *urbs; /* in order of submission */
	unsigned urb_count;
};

/* Answers to OP_REQ_IMPORT (tools/usb/usbip/libsrc/usbip_common.h). */
enum vusbip_status {
	VUSBIP_OK = 0,
	VUSBIP_BUSY = 2,      /* somebody else has imported it */
	VUSBIP_NO_DEVICE = 4, /* no such busid, or unplugged */
};

void vusbip_init(struct vusbip *usbip, const struct vusbip_export *export);
void vusbip_done(struct vusbip *usbip);

/* Bytes of the client. state: what an import would be told now. False: out of memory. */
bool vusbip_feed(struct vusbip *usbip, const uint8_t *bytes, size_t count,
		 enum vusbip_status state);
/* Moves transfers on, as far as the device and VUSBIP_OUT_MAX allow. False: out of memory. */
bool vusbip_pump(struct vusbip *usbip);

/* Output that is waiting, and how much of it was sent. */
const uint8_t *vusbip_output(const struct vusbip *usbip, size_t *ret_count);
void vusbip_sent(struct vusbip *usbip, size_t count);

#endif
