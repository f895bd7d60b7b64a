/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The USB devices that are plugged in, through libusb.
 */
#include "drivers/link/usb_local.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	int libusb, code;
	const char *text;
} codes[] = {
	{LIBUSB_ERROR_IO, -EIO, "input/output error"},
	{LIBUSB_ERROR_INVALID_PARAM, -EINVAL, "refused as invalid"},
	{LIBUSB_ERROR_ACCESS, -EACCES, "no permission"},
	{LIBUSB_ERROR_NO_DEVICE, -ENODEV, "the device is gone (unplugged?)"},
	{LIBUSB_ERROR_NOT_FOUND, -ENOENT, "not found"},
	{LIBUSB_ERROR_BUSY, -EBUSY, "somebody else holds it"},
	{LIBUSB_ERROR_TIMEOUT, -ETIMEDOUT, "timed out"},
	{LIBUSB_ERROR_OVERFLOW, -EOVERFLOW, "the device sent more than was asked for"},
	{LIBUSB_ERROR_PIPE, -EPIPE, "the device refused it (STALL)"},
	{LIBUSB_ERROR_INTERRUPTED, -EINTR, "interrupted"},
	{LIBUSB_ERROR_NO_MEM, -ENOMEM, "out of memory"},
	{LIBUSB_ERROR_NOT_SUPPORTED, -ENOTSUP, "not supported here"},
};

static size_t code_index(int libusb_code)
{
	for (size_t i = 1; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].libusb == libusb_code)
			return i;
	return 0;
}

int usb_local_code(int libusb_code)
{
	return libusb_code < 0 ? codes[code_index(libusb_code)].code : 0;
}

int usb_local_check(int libusb_code, const char *what, struct err *err)
{
	size_t index = code_index(libusb_code);

	if (libusb_code >= 0)
		return 0;
	return err_set(err, codes[index].code, "%s: %s", what, codes[index].text);
}

int usb_local_numbers(libusb_device *device, struct usb_identity *ret_identity)
{
	struct libusb_device_descriptor descriptor;
	int ret = libusb_get_device_descriptor(device, &descriptor);

	if (ret < 0)
		return usb_local_code(ret);
	*ret_identity = (struct usb_identity){.vendor = descriptor.idVendor,
					      .product = descriptor.idProduct,
					      .version_bcd = descriptor.bcdDevice};
	return 0;
}

static void string_read(libusb_device_handle *handle, uint8_t index, char *text, size_t size)
{
	text[0] = '\0';
	if (index &&
	    libusb_get_string_descriptor_ascii(handle, index, (unsigned char *)text, (int)size) < 0)
		text[0] = '\0';
}

void usb_local_strings(libusb_device_handle *handle, struct usb_identity *identity)
{
	struct libusb_device_descriptor descriptor;

	if (libusb_get_device_descriptor(libusb_get_device(handle), &descriptor) < 0)
		return;
	string_read(handle, descriptor.iManufacturer, identity->manufacturer,
		    sizeof(identity->manufacturer));
	string_read(handle, descriptor.iProduct, identity->product_name,
		    sizeof(identity->product_name));
	string_read(handle, descriptor.iSerialNumber, identity->serial, sizeof(identity->serial));
	usb_identity_judge(identity);
}

/* False: it is of another kind, or went away meanwhile. */
static bool device_look_at(libusb_device *device, uint16_t vendor, uint16_t product,
			   struct usb_local_found *found)
{
	libusb_device_handle *handle;
	int ret = usb_local_numbers(device, &found->identity);

	if (ret || (vendor && found->identity.vendor != vendor) ||
	    (product && found->identity.product != product))
		return false;
	ret = libusb_open(device, &handle);
	if (ret == LIBUSB_ERROR_NO_DEVICE)
		return false;
	if (!ret) {
		usb_local_strings(handle, &found->identity);
		libusb_close(handle);
	}
	found->open_error = usb_local_code(ret);
	found->device = libusb_ref_device(device);
	return true;
}

int usb_local_find(libusb_context *context, uint16_t vendor, uint16_t product,
		   struct usb_local_found **ret_found, size_t *ret_count, struct err *err)
{
	struct usb_local_found *found;
	libusb_device **list = NULL;
	ssize_t there = libusb_get_device_list(context, &list);
	size_t count = 0;

	if (there < 0)
		return usb_local_check((int)there, "listing devices", err);
	found = calloc((size_t)there + 1, sizeof(*found));
	for (ssize_t i = 0; found && i < there; i++)
		if (device_look_at(list[i], vendor, product, &found[count]))
			count++;
	libusb_free_device_list(list, 1);
	if (!found)
		return err_set(err, -ENOMEM, "listing devices: out of memory");
	*ret_found = found;
	*ret_count = count;
	return 0;
}

void usb_local_found_free(struct usb_local_found *found, size_t count)
{
	for (size_t i = 0; i < count; i++)
		libusb_unref_device(found[i].device);
	free(found);
}

static void result_fill(const struct usb_local_found *found, struct usb_found *result)
{
	const char *serial = found->identity.serial;

	result->identity = found->identity;
	result->open_error = found->open_error;
	snprintf(result->uri, sizeof(result->uri), "usb:%04x:%04x%s%s", found->identity.vendor,
		 found->identity.product, serial[0] ? ":" : "", serial);
}

int usb_scan(uint16_t vendor, uint16_t product, struct usb_found **ret_list, size_t *ret_count,
	     struct err *err)
{
	struct usb_local_found *found = NULL;
	struct usb_found *list = NULL;
	libusb_context *context;
	size_t count = 0;
	int ret = usb_local_check(libusb_init(&context), "libusb", err);

	if (ret)
		return ret;
	ret = usb_local_find(context, vendor, product, &found, &count, err);
	if (ret)
		goto out;
	list = calloc(count + 1, sizeof(*list));
	if (!list) {
		ret = err_set(err, -ENOMEM, "listing devices: out of memory");
		goto out;
	}
	for (size_t i = 0; i < count; i++)
		result_fill(&found[i], &list[i]);
	*ret_list = list;
	*ret_count = count;

out:
	usb_local_found_free(found, count);
	libusb_exit(context);
	return ret;
}
