/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The loader's descriptors: see dfuse_find.h.
 */
#include "drivers/flash/dfuse_find.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "drivers/flash/dfuse_loader.h"

enum {
	DEVICE_IN = 0x80,
	INTERFACE_IN = 0x81,
	INTERFACE_OUT = 0x01,
	GET_DESCRIPTOR = 6,
	GET_INTERFACE = 10,
	SET_INTERFACE = 11,
};

enum {
	DESCRIPTOR_CONFIGURATION = 2,
	DESCRIPTOR_STRING = 3,
	DESCRIPTOR_INTERFACE = 4,
	DESCRIPTOR_DFU = 0x21,
};

enum { INTERFACE_BYTES = 9, DFU_BYTES = 9, CONFIGURATION_MAX = 512, STRING_MAX = 255 };
enum { ENGLISH = 0x0409, CAN_DOWNLOAD = 1, CAN_UPLOAD = 2 };

struct found {
	bool has_interface, has_functional;
	uint8_t string, attributes;
	uint16_t transfer_bytes;
};

/* Class 0xFE (application specific), subclass 1 (firmware upgrade), protocol 2 (DFU mode). */
static bool is_memory(const uint8_t *at)
{
	return at[2] == DFUSE_INTERFACE && at[3] == 0 && at[5] == 0xFE && at[6] == 1 && at[7] == 2;
}

static void look_at(const uint8_t *at, struct found *found)
{
	if (at[1] == DESCRIPTOR_INTERFACE && at[0] >= INTERFACE_BYTES && is_memory(at)) {
		found->has_interface = true;
		found->string = at[8];
	}
	if (at[1] == DESCRIPTOR_DFU && at[0] >= DFU_BYTES) {
		found->has_functional = true;
		found->attributes = at[2];
		found->transfer_bytes = (uint16_t)(at[5] | at[6] << 8);
	}
}

static int check(const struct found *found, struct err *err)
{
	if (!found->has_interface || !found->has_functional)
		return err_set(err, -ENOTSUP, "it has no DFU loader");
	if ((found->attributes & (CAN_DOWNLOAD | CAN_UPLOAD)) != (CAN_DOWNLOAD | CAN_UPLOAD))
		return err_set(err, -ENOTSUP,
			       "its loader cannot both take and give bytes (attributes 0x%02x)",
			       found->attributes);
	if (!found->transfer_bytes)
		return err_set(err, -EPROTO, "its loader takes blocks of 0 bytes");
	return 0;
}

static int read_configuration(struct usb *usb, int timeout_ms, struct found *ret_found,
			      struct err *err)
{
	uint8_t bytes[CONFIGURATION_MAX];
	size_t count = 0;
	int ret = usb_control(usb, DEVICE_IN, GET_DESCRIPTOR, DESCRIPTOR_CONFIGURATION << 8, 0,
			      bytes, sizeof(bytes), timeout_ms, &count, err);

	if (ret)
		return ret;
	for (size_t at = 0; at < count; at += bytes[at]) {
		if (bytes[at] < 2 || bytes[at] > count - at)
			return err_set(err, -EPROTO, "its configuration is damaged");
		look_at(bytes + at, ret_found);
	}
	return check(ret_found, err);
}

/* UTF-16LE, of which layouts use ASCII. */
static int read_string(struct usb *usb, uint8_t index, int timeout_ms, char ret_text[STRING_MAX],
		       struct err *err)
{
	uint8_t bytes[STRING_MAX];
	size_t count = 0, length = 0;
	int ret = usb_control(usb, DEVICE_IN, GET_DESCRIPTOR, DESCRIPTOR_STRING << 8 | index,
			      ENGLISH, bytes, sizeof(bytes), timeout_ms, &count, err);

	if (ret)
		return ret;
	if (count < 2 || bytes[1] != DESCRIPTOR_STRING || bytes[0] > count)
		return err_set(err, -EPROTO, "its string %u is damaged", index);
	for (size_t at = 2; at + 1 < bytes[0]; at += 2)
		ret_text[length++] =
			bytes[at + 1] || bytes[at] < ' ' || bytes[at] > '~' ? '?' : (char)bytes[at];
	ret_text[length] = '\0';
	return 0;
}

/* A device with one setting may refuse both requests (USB 2.0, 9.4.10): it is at 0 then. */
static int select_memory(struct usb *usb, int timeout_ms, struct err *err)
{
	uint8_t alternate = 0;
	int ret = usb_control(usb, INTERFACE_IN, GET_INTERFACE, 0, DFUSE_INTERFACE, &alternate, 1,
			      timeout_ms, NULL, err);

	if (ret == -EPIPE)
		return 0;
	if (ret || !alternate)
		return ret;
	return usb_control(usb, INTERFACE_OUT, SET_INTERFACE, 0, DFUSE_INTERFACE, NULL, 0,
			   timeout_ms, NULL, err);
}

int dfuse_find_memory(struct usb *usb, int timeout_ms, struct dfuse_layout *ret_layout,
		      size_t *ret_block_bytes, struct err *err)
{
	struct found found = {0};
	char text[STRING_MAX];
	int ret = read_configuration(usb, timeout_ms, &found, err);

	if (!ret)
		ret = select_memory(usb, timeout_ms, err);
	if (!ret)
		ret = read_string(usb, found.string, timeout_ms, text, err);
	if (!ret)
		ret = dfuse_layout_parse(text, ret_layout, err);
	if (ret)
		return ret;
	*ret_block_bytes =
		found.transfer_bytes < DFUSE_BLOCK_MAX ? found.transfer_bytes : DFUSE_BLOCK_MAX;
	return 0;
}
