/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Through libusb, each device in a context of its own whose events nobody else handles. libusb
 * knows no claim of a port, so that is an ioctl of usbfs (USBDEVFS_CLAIM_PORT) on a descriptor of
 * its own: the claim belongs to the descriptor.
 */
#include "drivers/link/usb_unclaimed.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/usbdevice_fs.h>

#include "drivers/link/usb_local.h"

struct usb_unclaimed {
	libusb_context *context;
	libusb_device_handle *handle;
	struct libusb_device_descriptor descriptor;
	int speed;
	char node[64];
	int port_fd; /* -1: no port was taken */
};

/* ---- places ---- */

static bool number_take(const char **at, unsigned max, unsigned *ret_number)
{
	char *end;
	unsigned long number;

	if (**at < '1' || **at > '9')
		return false;
	number = strtoul(*at, &end, 10);
	*at = end;
	*ret_number = (unsigned)number;
	return number <= max;
}

bool usb_place_parse(const char *text, struct usb_place *ret_place)
{
	struct usb_place place = {.depth = 0};
	bool is_root = !strncmp(text, "usb", 3);
	const char *at = is_root ? text + 3 : text;

	if (!number_take(&at, 255, &place.bus))
		return false;
	for (char before = '-'; !is_root && (*at == before || !place.depth); before = '.') {
		unsigned port;

		if (*at++ != before || place.depth == USB_PLACE_DEPTH ||
		    !number_take(&at, 255, &port))
			return false;
		place.ports[place.depth++] = (uint8_t)port;
	}
	*ret_place = place;
	return !*at;
}

/* The link's target ends in ".../2-1.4-port2". */
static int peer_parse(char *target, char ret_hub[USB_PLACE_BYTES], unsigned *ret_port)
{
	char *slash = strrchr(target, '/'), *name = slash ? slash + 1 : target;
	char *port = strstr(name, "-port");
	struct usb_place place;
	const char *at;

	if (!port)
		return 0;
	*port = '\0';
	at = port + strlen("-port");
	if (!usb_place_parse(name, &place) || strlen(name) >= USB_PLACE_BYTES ||
	    !number_take(&at, 255, ret_port) || *at)
		return 0;
	strcpy(ret_hub, name);
	return 1;
}

int usb_place_peer(const char *hub, unsigned port, char ret_hub[USB_PLACE_BYTES],
		   unsigned *ret_port)
{
	bool is_root = !strncmp(hub, "usb", 3);
	char path[192], target[PATH_MAX];
	ssize_t count;

	snprintf(path, sizeof(path), "/sys/bus/usb/devices/%s%s:1.0/%s-port%u/peer",
		 is_root ? hub + 3 : hub, is_root ? "-0" : "", hub, port);
	count = readlink(path, target, sizeof(target) - 1);
	if (count < 0)
		return 0;
	target[count] = '\0';
	return peer_parse(target, ret_hub, ret_port);
}

/* ---- opening ---- */

static bool is_at(libusb_device *device, const struct usb_place *place)
{
	uint8_t ports[USB_PLACE_DEPTH];
	int depth = libusb_get_port_numbers(device, ports, USB_PLACE_DEPTH);

	return libusb_get_bus_number(device) == place->bus && depth == (int)place->depth &&
	       !memcmp(ports, place->ports, place->depth);
}

static int no_permission(const struct usb_unclaimed *device, struct err *err)
{
	return err_set(
		err, -EACCES,
		"no permission to write to %s: it needs a udev rule, a file "
		"/etc/udev/rules.d/71-joulebench-hub.rules with SUBSYSTEM==\"usb\", "
		"ATTR{idVendor}==\"%04x\", ATTR{idProduct}==\"%04x\", MODE=\"0660\", "
		"GROUP=\"plugdev\", TAG+=\"uaccess\"; then 'sudo udevadm control --reload && "
		"sudo udevadm trigger'",
		device->node, device->descriptor.idVendor, device->descriptor.idProduct);
}

static int open_found(struct usb_unclaimed *device, libusb_device *found, struct err *err)
{
	int ret = libusb_get_device_descriptor(found, &device->descriptor);

	if (ret)
		return usb_local_check(ret, "reading the device descriptor", err);
	snprintf(device->node, sizeof(device->node), "/dev/bus/usb/%03u/%03u",
		 libusb_get_bus_number(found), libusb_get_device_address(found));
	device->speed = libusb_get_device_speed(found);
	ret = libusb_open(found, &device->handle);
	if (ret == LIBUSB_ERROR_ACCESS)
		return no_permission(device, err);
	return usb_local_check(ret, "opening", err);
}

static int find_and_open(struct usb_unclaimed *device, const struct usb_place *place,
			 struct err *err)
{
	libusb_device **all = NULL;
	ssize_t count = libusb_get_device_list(device->context, &all);
	int ret;

	if (count < 0)
		return usb_local_check((int)count, "listing USB devices", err);
	ret = err_set(err, -ENOENT, "no USB device is there ('lsusb -t' shows what is where)");
	for (ssize_t i = 0; i < count; i++)
		if (is_at(all[i], place)) {
			ret = open_found(device, all[i], err);
			break;
		}
	libusb_free_device_list(all, 1);
	return ret;
}

int usb_unclaimed_open(const char *text, struct usb_unclaimed **ret_device, struct err *err)
{
	struct usb_unclaimed *device;
	struct usb_place place;
	int ret;

	if (!usb_place_parse(text, &place))
		return err_set(err, -EINVAL, "'%s' is no place of a USB device, as 1-1.4", text);
	device = calloc(1, sizeof(*device));
	if (!device)
		return err_set(err, -ENOMEM, "out of memory");
	device->port_fd = -1;
	ret = usb_local_check(libusb_init(&device->context), "libusb", err);
	if (!ret)
		ret = find_and_open(device, &place, err);
	if (ret) {
		usb_unclaimed_close(device);
		return err_context(err, ret, "%s", text);
	}
	*ret_device = device;
	return 0;
}

void usb_unclaimed_close(struct usb_unclaimed *device)
{
	if (!device)
		return;
	if (device->port_fd >= 0)
		close(device->port_fd);
	if (device->handle)
		libusb_close(device->handle);
	if (device->context)
		libusb_exit(device->context);
	free(device);
}

/* ---- in use ---- */

uint8_t usb_unclaimed_class(const struct usb_unclaimed *device)
{
	return device->descriptor.bDeviceClass;
}

bool usb_unclaimed_is_superspeed(const struct usb_unclaimed *device)
{
	return device->speed >= LIBUSB_SPEED_SUPER;
}

int usb_unclaimed_control(struct usb_unclaimed *device, uint8_t request_type, uint8_t request,
			  uint16_t value, uint16_t index, void *data, uint16_t length,
			  int timeout_ms, size_t *ret_count, struct err *err)
{
	int count =
		libusb_control_transfer(device->handle, request_type, request, value, index, data,
					length, timeout_ms > 0 ? (unsigned)timeout_ms : 1);
	int ret = usb_local_check(count, "control transfer", err);

	if (ret)
		return err_context(err, ret, "request %02x.%02x value %04x index %04x",
				   request_type, request, value, index);
	*ret_count = (size_t)count;
	return 0;
}

int usb_unclaimed_take_port(struct usb_unclaimed *device, unsigned port, struct err *err)
{
	if (device->port_fd < 0)
		device->port_fd = open(device->node, O_RDWR | O_CLOEXEC);
	if (device->port_fd >= 0 && !ioctl(device->port_fd, USBDEVFS_CLAIM_PORT, &port))
		return 0;
	if (errno == EBUSY)
		return err_set(err, -EBUSY, "another program holds port %u (USBDEVFS_CLAIM_PORT)",
			       port);
	return err_set(err, errno == ENODEV ? -ENODEV : -EIO, "taking port %u: %s", port,
		       strerror(errno));
}

int usb_unclaimed_leave_port(struct usb_unclaimed *device, unsigned port, struct err *err)
{
	if (device->port_fd < 0 || !ioctl(device->port_fd, USBDEVFS_RELEASE_PORT, &port) ||
	    errno == ENOENT)
		return 0;
	return err_set(err, errno == ENODEV ? -ENODEV : -EIO, "letting go of port %u: %s", port,
		       strerror(errno));
}
