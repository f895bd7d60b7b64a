/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * USB/IP as it is on the wire: bytes of its messages, nothing else. Protocol version 1.1.1, from
 * the kernel's Documentation/usb/usbip_protocol.rst. All numbers are big-endian but those within a
 * setup packet and descriptors, which are USB's own.
 */
#ifndef DRIVERS_LINK_USB_IP_WIRE_H
#define DRIVERS_LINK_USB_IP_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	USB_IP_VERSION = 0x0111,
	USB_IP_OP_BYTES = 8,         /* version, code, status: in front of every operation */
	USB_IP_BUSID_BYTES = 32,     /* with its NUL */
	USB_IP_DEVICE_BYTES = 0x138, /* a device in OP_REP_IMPORT and OP_REP_DEVLIST */
	USB_IP_INTERFACE_BYTES = 4,  /* each, behind a device in OP_REP_DEVLIST */
	USB_IP_HEADER_BYTES = 0x30,  /* of the four URB messages */
	USB_IP_SETUP_BYTES = 8,
};

enum usb_ip_op {
	USB_IP_REQ_IMPORT = 0x8003,
	USB_IP_REP_IMPORT = 0x0003,
	USB_IP_REQ_DEVLIST = 0x8005,
	USB_IP_REP_DEVLIST = 0x0005,
};

/* Of OP_REP_IMPORT. The documentation knows 0 and 1; usbip's own tools (usbip_common.h) the rest.
 */
enum usb_ip_op_status {
	USB_IP_OK,
	USB_IP_NOT_AVAILABLE,
	USB_IP_BUSY,
	USB_IP_DEVICE_ERROR,
	USB_IP_NO_DEVICE,
	USB_IP_ERROR,
};

enum usb_ip_command {
	USB_IP_CMD_SUBMIT = 1,
	USB_IP_CMD_UNLINK,
	USB_IP_RET_SUBMIT,
	USB_IP_RET_UNLINK,
};

struct usb_ip_device {
	char busid[USB_IP_BUSID_BYTES];
	uint32_t devid; /* busnum << 16 | devnum */
	uint16_t vendor, product, version_bcd;
	uint8_t interfaces;
};

struct usb_ip_submit {
	uint32_t seqnum, devid;
	uint8_t endpoint; /* number, without direction */
	bool is_in;
	uint32_t length;
	uint8_t setup[USB_IP_SETUP_BYTES]; /* zeros but for endpoint 0 */
};

struct usb_ip_reply {
	enum usb_ip_command command;
	uint32_t seqnum;
	int32_t status;  /* 0 or a negative Linux errno */
	uint32_t length; /* RET_SUBMIT: actual_length */
};

/* Both return the bytes used. */
size_t usb_ip_pack_import(const char *busid, uint8_t bytes[USB_IP_OP_BYTES + USB_IP_BUSID_BYTES]);
size_t usb_ip_pack_devlist(uint8_t bytes[USB_IP_OP_BYTES]);
/* False: not an answer of this kind in this version. */
bool usb_ip_unpack_op(const uint8_t bytes[USB_IP_OP_BYTES], enum usb_ip_op code,
		      uint32_t *ret_status);
uint32_t usb_ip_unpack_u32(const uint8_t *bytes);
void usb_ip_unpack_device(const uint8_t bytes[USB_IP_DEVICE_BYTES], struct usb_ip_device *ret);

void usb_ip_pack_submit(const struct usb_ip_submit *submit, uint8_t bytes[USB_IP_HEADER_BYTES]);
void usb_ip_pack_unlink(uint32_t seqnum, uint32_t devid, uint32_t unlinked,
			uint8_t bytes[USB_IP_HEADER_BYTES]);
/* False: neither RET_SUBMIT nor RET_UNLINK, or its status is no status. */
bool usb_ip_unpack_reply(const uint8_t bytes[USB_IP_HEADER_BYTES], struct usb_ip_reply *ret_reply);

#endif
