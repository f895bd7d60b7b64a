/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A device behind USB/IP: setting it up.
 *
 * As vhci-hcd does, the device is asked for its descriptors and set to its first configuration
 * after the import; its address is the server's affair.
 */
#include <errno.h>

#include "drivers/link/usb_ip_parts.h"

enum {
	/* USB 2.0, chapter 9. */
	REQUEST_GET_DESCRIPTOR = 6,
	REQUEST_SET_CONFIGURATION = 9,
	TYPE_IN = 0x80,
	DESCRIPTOR_DEVICE = 1,
	DESCRIPTOR_CONFIGURATION = 2,
	DESCRIPTOR_STRING = 3,
	DESCRIPTOR_INTERFACE = 4,
	DEVICE_BYTES = 18,
	CONFIGURATION_BYTES = 9,
	CONFIGURATION_MAX = 4096,
	STRING_BYTES = 255,
};

static int descriptor_read(struct usb_ip_handle *ip, uint8_t type, uint8_t index, uint16_t language,
			   uint8_t *bytes, uint16_t length, size_t *ret_count, struct err *err)
{
	const uint8_t setup[USB_SETUP_BYTES] = {TYPE_IN,
						REQUEST_GET_DESCRIPTOR,
						index,
						type,
						(uint8_t)language,
						(uint8_t)(language >> 8),
						(uint8_t)length,
						(uint8_t)(length >> 8)};

	return usb_ip_control(ip, setup, bytes, USB_IP_SETUP_MS, ret_count, err);
}

/* UTF-16 as far as it is ASCII; a device without such a string has "". */
static void string_read(struct usb_ip_handle *ip, uint8_t index, uint16_t language, char *text,
			size_t size)
{
	uint8_t bytes[STRING_BYTES];
	size_t count = 0, used = 0;

	if (index && descriptor_read(ip, DESCRIPTOR_STRING, index, language, bytes, sizeof(bytes),
				     &count, NULL))
		count = 0;
	if (count > 0 && count > bytes[0])
		count = bytes[0];
	for (size_t at = 2; at + 1 < count && used + 1 < size; at += 2)
		text[used++] =
			(char)(bytes[at + 1] || bytes[at] > 126 || bytes[at] < 32 ? '?'
										  : bytes[at]);
	text[used] = '\0';
}

static void strings_read(struct usb_ip_handle *ip, const uint8_t device[DEVICE_BYTES],
			 struct usb_identity *identity)
{
	uint8_t languages[STRING_BYTES];
	size_t count = 0;
	uint16_t language;

	if (descriptor_read(ip, DESCRIPTOR_STRING, 0, 0, languages, sizeof(languages), &count,
			    NULL) ||
	    count < 4)
		return;
	language = (uint16_t)(languages[2] | languages[3] << 8);
	string_read(ip, device[14], language, identity->manufacturer,
		    sizeof(identity->manufacturer));
	string_read(ip, device[15], language, identity->product_name,
		    sizeof(identity->product_name));
	string_read(ip, device[16], language, identity->serial, sizeof(identity->serial));
	usb_identity_judge(identity);
}

static int device_read(struct usb_ip_handle *ip, struct usb_identity *identity, struct err *err)
{
	uint8_t device[DEVICE_BYTES];
	size_t count = 0;
	int ret = descriptor_read(ip, DESCRIPTOR_DEVICE, 0, 0, device, sizeof(device), &count, err);

	if (ret)
		return err_context(err, ret, "device descriptor");
	if (count != sizeof(device) || device[0] != sizeof(device) ||
	    device[1] != DESCRIPTOR_DEVICE)
		return err_set(err, -EPROTO, "its device descriptor makes no sense");
	*identity = (struct usb_identity){.vendor = (uint16_t)(device[8] | device[9] << 8),
					  .product = (uint16_t)(device[10] | device[11] << 8),
					  .version_bcd = (uint16_t)(device[12] | device[13] << 8)};
	strings_read(ip, device, identity);
	return 0;
}

static bool has_interface(const uint8_t *bytes, size_t count, unsigned interface)
{
	for (size_t at = 0; at + 2 < count && bytes[at] >= 2; at += bytes[at])
		if (bytes[at + 1] == DESCRIPTOR_INTERFACE && bytes[at + 2] == interface)
			return true;
	return false;
}

static int configuration_set(struct usb_ip_handle *ip, unsigned interface, struct err *err)
{
	uint8_t bytes[CONFIGURATION_MAX];
	size_t count = 0;
	int ret = descriptor_read(ip, DESCRIPTOR_CONFIGURATION, 0, 0, bytes, CONFIGURATION_BYTES,
				  &count, err);
	uint16_t total = (uint16_t)(bytes[2] | bytes[3] << 8);

	if (!ret && (count < CONFIGURATION_BYTES || bytes[1] != DESCRIPTOR_CONFIGURATION ||
		     total < CONFIGURATION_BYTES || total > sizeof(bytes)))
		ret = err_set(err, -EPROTO, "it makes no sense");
	if (!ret)
		ret = descriptor_read(ip, DESCRIPTOR_CONFIGURATION, 0, 0, bytes, total, &count,
				      err);
	if (ret)
		return err_context(err, ret, "configuration descriptor");
	if (!has_interface(bytes, count, interface))
		return err_set(err, -ENOTSUP, "the device has no interface %u", interface);
	ret = usb_ip_control(
		ip, (const uint8_t[USB_SETUP_BYTES]){0, REQUEST_SET_CONFIGURATION, bytes[5]}, NULL,
		USB_IP_SETUP_MS, &count, err);
	return ret ? err_context(err, ret, "setting its configuration") : 0;
}

int usb_ip_device_set_up(struct usb_ip_handle *ip, const struct usb_expected *expected,
			 struct usb_identity *ret_identity, struct err *err)
{
	int ret = device_read(ip, ret_identity, err);

	if (!ret)
		ret = usb_expected_check(expected, ret_identity, err);
	if (!ret)
		ret = configuration_set(ip, expected->interface, err);
	return ret;
}
