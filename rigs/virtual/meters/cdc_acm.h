/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A USB serial port: the communications device class, abstract control model (USB CDC 1.2 and
 * PSTN 1.2), in front of whatever has a serial port. No break, no flow control, no notifications.
 */
#ifndef RIGS_VIRTUAL_METERS_CDC_ACM_H
#define RIGS_VIRTUAL_METERS_CDC_ACM_H

#include "rigs/virtual/meters/usb_device.h"

struct vcdc_acm_coding {
	uint32_t baud;
	uint8_t stop_bits; /* 0: 1, 1: 1.5, 2: 2 */
	uint8_t parity;    /* 0: none, 1: odd, 2: even, 3: mark, 4: space */
	uint8_t data_bits;
};

/* What hangs on the port. Every hook is required and must not block. */
struct vcdc_acm_device {
	void *context;
	size_t (*room)(void *context); /* bytes that receive takes now */
	void (*receive)(void *context, const uint8_t *bytes, size_t count);
	size_t (*take)(void *context, uint8_t *ret_bytes, size_t capacity); /* for the host */
	void (*coding)(void *context, const struct vcdc_acm_coding *coding);
	void (*lines)(void *context, bool dtr, bool rts);
};

struct vcdc_acm_identity {
	uint16_t vendor, product;
	const char *manufacturer, *product_name, *serial; /* not owned */
};

struct vcdc_acm {
	struct vcdc_acm_device device;
	struct vcdc_acm_identity identity;
	struct usb_state usb;
	struct vcdc_acm_coding coding;
	bool full_end; /* the last packet was full: a transfer needs an empty one to end */
};

/* 115,200 baud, 8N1, both lines deasserted; the device is not told. */
void vcdc_acm_init(struct vcdc_acm *acm, const struct vcdc_acm_device *device,
		   const struct vcdc_acm_identity *identity);
struct usb_device vcdc_acm_usb(struct vcdc_acm *acm);

#endif
