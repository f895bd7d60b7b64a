/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See usb_ip_wire.h. Offsets are the documentation's tables'.
 */
#include "drivers/link/usb_ip_wire.h"

#include <string.h>

enum { STATUS_LAST = 4095 /* the kernel's MAX_ERRNO */, NO_ISO_PACKETS = 0xFFFFFFFF };

static void put_u16(uint8_t *bytes, uint16_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

static void put_u32(uint8_t *bytes, uint32_t value)
{
	put_u16(bytes, (uint16_t)(value >> 16));
	put_u16(bytes + 2, (uint16_t)value);
}

static uint16_t get_u16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

uint32_t usb_ip_unpack_u32(const uint8_t *bytes)
{
	return (uint32_t)get_u16(bytes) << 16 | get_u16(bytes + 2);
}

size_t usb_ip_pack_devlist(uint8_t bytes[USB_IP_OP_BYTES])
{
	put_u16(bytes, USB_IP_VERSION);
	put_u16(bytes + 2, USB_IP_REQ_DEVLIST);
	put_u32(bytes + 4, 0);
	return USB_IP_OP_BYTES;
}

size_t usb_ip_pack_import(const char *busid, uint8_t bytes[USB_IP_OP_BYTES + USB_IP_BUSID_BYTES])
{
	put_u16(bytes, USB_IP_VERSION);
	put_u16(bytes + 2, USB_IP_REQ_IMPORT);
	put_u32(bytes + 4, 0);
	memset(bytes + USB_IP_OP_BYTES, 0, USB_IP_BUSID_BYTES);
	memcpy(bytes + USB_IP_OP_BYTES, busid, strnlen(busid, USB_IP_BUSID_BYTES - 1));
	return USB_IP_OP_BYTES + USB_IP_BUSID_BYTES;
}

bool usb_ip_unpack_op(const uint8_t bytes[USB_IP_OP_BYTES], enum usb_ip_op code,
		      uint32_t *ret_status)
{
	*ret_status = usb_ip_unpack_u32(bytes + 4);
	return get_u16(bytes) == USB_IP_VERSION && get_u16(bytes + 2) == code;
}

void usb_ip_unpack_device(const uint8_t bytes[USB_IP_DEVICE_BYTES], struct usb_ip_device *ret)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->busid, bytes + 0x100, USB_IP_BUSID_BYTES - 1);
	ret->devid = usb_ip_unpack_u32(bytes + 0x120) << 16 | usb_ip_unpack_u32(bytes + 0x124);
	ret->vendor = get_u16(bytes + 0x12C);
	ret->product = get_u16(bytes + 0x12E);
	ret->version_bcd = get_u16(bytes + 0x130);
	ret->interfaces = bytes[0x137];
}

void usb_ip_pack_submit(const struct usb_ip_submit *submit, uint8_t bytes[USB_IP_HEADER_BYTES])
{
	memset(bytes, 0, USB_IP_HEADER_BYTES);
	put_u32(bytes, USB_IP_CMD_SUBMIT);
	put_u32(bytes + 4, submit->seqnum);
	put_u32(bytes + 8, submit->devid);
	put_u32(bytes + 0x0C, submit->is_in);
	put_u32(bytes + 0x10, submit->endpoint);
	put_u32(bytes + 0x18, submit->length);
	put_u32(bytes + 0x20, NO_ISO_PACKETS);
	memcpy(bytes + 0x28, submit->setup, USB_IP_SETUP_BYTES);
}

void usb_ip_pack_unlink(uint32_t seqnum, uint32_t devid, uint32_t unlinked,
			uint8_t bytes[USB_IP_HEADER_BYTES])
{
	memset(bytes, 0, USB_IP_HEADER_BYTES);
	put_u32(bytes, USB_IP_CMD_UNLINK);
	put_u32(bytes + 4, seqnum);
	put_u32(bytes + 8, devid);
	put_u32(bytes + 0x14, unlinked);
}

bool usb_ip_unpack_reply(const uint8_t bytes[USB_IP_HEADER_BYTES], struct usb_ip_reply *ret_reply)
{
	uint32_t command = usb_ip_unpack_u32(bytes);

	ret_reply->command = command;
	ret_reply->seqnum = usb_ip_unpack_u32(bytes + 4);
	ret_reply->status = (int32_t)usb_ip_unpack_u32(bytes + 0x14);
	ret_reply->length = command == USB_IP_RET_SUBMIT ? usb_ip_unpack_u32(bytes + 0x18) : 0;
	return (command == USB_IP_RET_SUBMIT || command == USB_IP_RET_UNLINK) &&
	       ret_reply->status <= 0 && ret_reply->status >= -STATUS_LAST;
}
