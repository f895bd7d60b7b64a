/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A USB device that a USB/IP server exports, driven from this process: what the kernel's vhci-hcd
 * does for drivers of its own, without it. Documentation/usb/usbip_protocol.rst in the kernel.
 *
 * Here it is opened and closed.
 */
#include "drivers/link/usb_ip_import.h"
#include "drivers/link/usb_ip_parts.h"

enum { IDLE_MS = 1000 };

static int before_wait(void *context)
{
	struct usb_ip_handle *ip = context;
	int ms = IDLE_MS;

	pthread_mutex_lock(&ip->lock);
	if (ip->ring)
		ms = usb_ring_retry(ip->ring);
	pthread_mutex_unlock(&ip->lock);
	return ms;
}

static int ip_open_any(struct usb_ip_handle *ip, const char *address, bool is_unix,
		       const struct usb_expected *expected, struct usb_identity *ret_identity,
		       struct err *err)
{
	struct usb_ip_device device;
	int fd, ret = usb_ip_import(address, is_unix, &device, &fd, err);

	if (ret)
		return ret;
	pthread_mutex_init(&ip->lock, NULL);
	ret = usb_ip_connection_open(&ip->connection, fd, device.devid, before_wait, ip, err);
	if (ret)
		goto fail;
	ret = usb_ip_device_set_up(ip, expected, ret_identity, err);
	if (!ret)
		return 0;
	usb_ip_connection_close(&ip->connection);

fail:
	pthread_mutex_destroy(&ip->lock);
	return ret;
}

static int ip_open(void *state, const char *address, const struct usb_expected *expected,
		   struct usb_identity *ret_identity, struct err *err)
{
	return ip_open_any(state, address, false, expected, ret_identity, err);
}

static int ip_open_unix(void *state, const char *address, const struct usb_expected *expected,
			struct usb_identity *ret_identity, struct err *err)
{
	return ip_open_any(state, address, true, expected, ret_identity, err);
}

static void ip_close(void *state)
{
	struct usb_ip_handle *ip = state;

	usb_ip_stream_stop(ip, NULL);
	usb_ip_connection_close(&ip->connection);
	usb_ip_ring_free(ip);
	pthread_mutex_destroy(&ip->lock);
}

#define USB_IP_KIND(name, text, hook)                                                              \
	const struct usb_ops name = {                                                              \
		.scheme = text,                                                                    \
		.state_size = sizeof(struct usb_ip_handle),                                        \
		.open = hook,                                                                      \
		.close = ip_close,                                                                 \
		.control = usb_ip_control,                                                         \
		.bulk_write = usb_ip_bulk_write,                                                   \
		.bulk_read = usb_ip_bulk_read,                                                     \
		.clear_halt = usb_ip_clear_halt,                                                   \
		.stream_start = usb_ip_stream_start,                                               \
		.stream_read = usb_ip_stream_read,                                                 \
		.stream_stop = usb_ip_stream_stop,                                                 \
	}

USB_IP_KIND(usb_ip, "usbip", ip_open);
USB_IP_KIND(usb_ip_unix, "usbip+unix", ip_open_unix);
