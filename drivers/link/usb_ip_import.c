/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See usb_ip_import.h.
 */
#include "drivers/link/usb_ip_import.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/link/deadline.h"
#include "drivers/link/stream.h"

enum {
	CONNECT_MS = 5000,
	ANSWER_MS = 3000,
	PLACE_BYTES = 256,
	DEVICES_MAX = 256, /* of a list that makes sense */
};

struct place {
	bool is_unix;
	char server[PLACE_BYTES]; /* host:port or path */
	char busid[USB_IP_BUSID_BYTES];
};

static int address_split(const char *address, bool is_unix, struct place *place, struct err *err)
{
	const char *begin = is_unix ? address : address + 2;
	const char *slash = strrchr(address, '/');
	size_t length = slash && slash > begin ? (size_t)(slash - begin) : 0;

	if ((!is_unix && strncmp(address, "//", 2)) || !length || length >= PLACE_BYTES ||
	    !slash[1] || strlen(slash + 1) >= USB_IP_BUSID_BYTES)
		return err_set(err, -EINVAL, "is not of the form %s, BUSID 1 to %d characters",
			       is_unix ? "usbip+unix:PATH/BUSID" : "usbip://HOST:PORT/BUSID",
			       USB_IP_BUSID_BYTES - 1);
	place->is_unix = is_unix;
	memcpy(place->server, begin, length);
	place->server[length] = '\0';
	strcpy(place->busid, slash + 1);
	return 0;
}

static int server_connect(const struct place *place, int *ret_fd, struct err *err)
{
	return place->is_unix ? stream_connect_unix(place->server, CONNECT_MS, ret_fd, err)
			      : stream_connect_tcp(place->server, CONNECT_MS, ret_fd, err);
}

/* ---- whole messages ---- */

static int ready_wait(int fd, short events, int64_t deadline_ns, struct err *err)
{
	struct pollfd wait = {.fd = fd, .events = events};
	int ready;

	do {
		ready = poll(&wait, 1, deadline_left_ms(deadline_ns));
	} while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return err_set(err, -errno, "poll: %s", strerror(errno));
	if (!ready)
		return err_set(err, -ETIMEDOUT, "the server did not answer within %d ms",
			       ANSWER_MS);
	return 0;
}

static int all_send(int fd, const uint8_t *bytes, size_t count, int64_t deadline_ns,
		    struct err *err)
{
	while (count) {
		int ret = ready_wait(fd, POLLOUT, deadline_ns, err);
		ssize_t sent = ret ? 0 : send(fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (ret)
			return ret;
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return err_set(err, -ENODEV, "the server hung up");
		if (sent > 0) {
			bytes += sent;
			count -= (size_t)sent;
		}
	}
	return 0;
}

static int all_receive(int fd, uint8_t *bytes, size_t count, int64_t deadline_ns, struct err *err)
{
	while (count) {
		int ret = ready_wait(fd, POLLIN, deadline_ns, err);
		ssize_t got = ret ? 0 : recv(fd, bytes, count, MSG_DONTWAIT);

		if (ret)
			return ret;
		if (!got || (got < 0 && errno != EAGAIN && errno != EINTR))
			return err_set(err, -EPROTO, "the server hung up instead of answering");
		if (got > 0) {
			bytes += got;
			count -= (size_t)got;
		}
	}
	return 0;
}

static int op_run(int fd, const uint8_t *request, size_t count, enum usb_ip_op answer,
		  int64_t deadline_ns, uint32_t *ret_status, struct err *err)
{
	uint8_t head[USB_IP_OP_BYTES];
	int ret = all_send(fd, request, count, deadline_ns, err);

	if (!ret)
		ret = all_receive(fd, head, sizeof(head), deadline_ns, err);
	if (ret)
		return ret;
	if (!usb_ip_unpack_op(head, answer, ret_status))
		return err_set(
			err, -EPROTO,
			"the server does not speak USB/IP 1.1.1: it answered %02x%02x %02x%02x",
			head[0], head[1], head[2], head[3]);
	return 0;
}

/* ---- what the server exports, for the sentence ---- */

static int device_receive(int fd, int64_t deadline_ns, struct usb_ip_device *ret_device)
{
	uint8_t bytes[USB_IP_DEVICE_BYTES], interfaces[UINT8_MAX * USB_IP_INTERFACE_BYTES];
	int ret = all_receive(fd, bytes, sizeof(bytes), deadline_ns, NULL);

	if (ret)
		return ret;
	usb_ip_unpack_device(bytes, ret_device);
	return all_receive(fd, interfaces, (size_t)ret_device->interfaces * USB_IP_INTERFACE_BYTES,
			   deadline_ns, NULL);
}

static uint32_t list_begin(int fd, int64_t deadline_ns)
{
	uint8_t request[USB_IP_OP_BYTES], number[4];
	uint32_t status;
	size_t count = usb_ip_pack_devlist(request);

	if (op_run(fd, request, count, USB_IP_REP_DEVLIST, deadline_ns, &status, NULL) || status ||
	    all_receive(fd, number, sizeof(number), deadline_ns, NULL))
		return 0;
	return usb_ip_unpack_u32(number);
}

/* "1-1 (16d0:10ba), ..."; true when the bus id is among them. */
static bool devices_list(const struct place *place, char *text, size_t size)
{
	int64_t deadline_ns = deadline_after_ms(ANSWER_MS);
	struct usb_ip_device device;
	bool is_there = false;
	uint32_t count;
	size_t used = 0;
	int fd;

	text[0] = '\0';
	if (server_connect(place, &fd, NULL))
		return false;
	count = list_begin(fd, deadline_ns);
	for (uint32_t i = 0; i < count && i < DEVICES_MAX; i++) {
		if (device_receive(fd, deadline_ns, &device))
			break;
		if (used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%s (%04x:%04x)",
						 i ? ", " : "", device.busid, device.vendor,
						 device.product);
		is_there = is_there || !strcmp(device.busid, place->busid);
	}
	close(fd);
	return is_there;
}

static int refused(const struct place *place, uint32_t status, struct err *err)
{
	char devices[256];
	bool is_there = devices_list(place, devices, sizeof(devices));

	if (status == USB_IP_BUSY || (is_there && status != USB_IP_NO_DEVICE))
		return err_set(err, -EBUSY,
			       "the server exports %s, but does not give it: somebody else has it "
			       "(status %u)",
			       place->busid, status);
	return err_set(err, -ENOENT, "the server exports no %s; there are: %s", place->busid,
		       devices[0] ? devices : "none");
}

/* ---- importing ---- */

static int import_run(int fd, const struct place *place, struct usb_ip_device *ret_device,
		      struct err *err)
{
	int64_t deadline_ns = deadline_after_ms(ANSWER_MS);
	uint8_t request[USB_IP_OP_BYTES + USB_IP_BUSID_BYTES], device[USB_IP_DEVICE_BYTES];
	size_t count = usb_ip_pack_import(place->busid, request);
	uint32_t status = 0;
	int ret = op_run(fd, request, count, USB_IP_REP_IMPORT, deadline_ns, &status, err);

	if (ret)
		return ret;
	if (status)
		return refused(place, status, err);
	ret = all_receive(fd, device, sizeof(device), deadline_ns, err);
	if (ret)
		return ret;
	usb_ip_unpack_device(device, ret_device);
	if (strcmp(ret_device->busid, place->busid))
		return err_set(err, -EPROTO, "the server gave %s when asked for %s",
			       ret_device->busid, place->busid);
	return 0;
}

int usb_ip_import(const char *address, bool is_unix, struct usb_ip_device *ret_device, int *ret_fd,
		  struct err *err)
{
	struct place place;
	int fd, ret = address_split(address, is_unix, &place, err);

	if (!ret)
		ret = server_connect(&place, &fd, err);
	if (ret)
		return ret;
	ret = import_run(fd, &place, ret_device, err);
	if (ret)
		close(fd);
	else
		*ret_fd = fd;
	return ret;
}
