/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * URBs on a USB/IP connection: submitted by any thread, completed by the connection's own one, many
 * in flight. Nobody ever waits for the socket: what it does not take is kept and sent later.
 *
 * Every submitted URB comes back exactly once: answered, unlinked, or with the connection's end.
 * An answer that makes no sense is the connection's end (-EPROTO), as is a hang-up (-ENODEV).
 */
#ifndef DRIVERS_LINK_USB_IP_URB_H
#define DRIVERS_LINK_USB_IP_URB_H

#include <pthread.h>

#include "drivers/link/usb_ip_wire.h"
#include "drivers/err.h"

struct usb_ip_urb {
	/* Set by the submitter. */
	uint8_t endpoint; /* number, without direction */
	bool is_in;
	uint8_t setup[USB_IP_SETUP_BYTES];
	uint8_t *bytes; /* IN: filled; OUT: read before submit returns */
	size_t length;
	void (*done)(struct usb_ip_urb *urb); /* on the connection's thread, without locks */
	void *context;
	/* Set when done. */
	int status; /* 0, or a negative errno */
	size_t count;
	/* The connection's. */
	uint32_t seqnum, unlink_seqnum; /* 0: not under way */
	struct usb_ip_urb *next;
};

struct usb_ip_connection {
	int fd, wake_fd; /* both owned */
	uint32_t devid;
	/* Called on the thread before each wait; returns for how many ms it may last. */
	int (*before_wait)(void *context);
	void *context;
	pthread_t thread;
	pthread_mutex_t lock;
	bool quit;
	int end; /* 0 while it works, else a negative errno */
	struct err end_err;
	uint32_t last_seqnum;
	struct usb_ip_urb *pending;
	uint8_t *queue; /* not sent yet */
	size_t queue_capacity, queue_begin, queue_end;
	/* The thread's alone: what is being received. */
	uint8_t header[USB_IP_HEADER_BYTES];
	size_t header_have, payload_have, payload_count;
	struct usb_ip_urb *payload_urb;
	struct usb_ip_reply reply;
};

/* Takes the socket (non-blocking) in any case. */
int usb_ip_connection_open(struct usb_ip_connection *connection, int fd, uint32_t devid,
			   int (*before_wait)(void *context), void *context, struct err *err);
/* Hangs up; every URB that is under way comes back before this returns. */
void usb_ip_connection_close(struct usb_ip_connection *connection);

/* Negative: not submitted, done will not be called. */
int usb_ip_urb_submit(struct usb_ip_connection *connection, struct usb_ip_urb *urb);
/* Asks the far end to give the URB back, if it is under way and was not asked for yet. */
void usb_ip_urb_unlink(struct usb_ip_connection *connection, struct usb_ip_urb *urb);
/* Ends the connection: every URB comes back with this code. */
void usb_ip_connection_end(struct usb_ip_connection *connection, int code, const char *why);
/* Its end's code, with the sentence; 0 while it works. */
int usb_ip_connection_state(struct usb_ip_connection *connection, struct err *err);

#endif
