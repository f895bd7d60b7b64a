/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A client of the virtual host controller. See the header.
 */
#include "tests/kernel/vhci.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CONTROLLER "/sys/devices/platform/vhci_hcd.0"

enum {
	VERSION = 0x0111,
	REQ_IMPORT = 0x8003,
	REP_IMPORT = 0x0003,
	HEADER_BYTES = 8,
	BUSID_BYTES = 32,
	DEVICE_BYTES = 312,
	AT_BUSNUM = 288, /* in what describes a device */
	AT_DEVNUM = 292,
	AT_SPEED = 296,
	STATUS_BUSY = 2, /* tools/usb/usbip/libsrc/usbip_common.h */
	PORT_FREE = 4,   /* drivers/usb/usbip/usbip_common.h, enum usbip_device_status */
	PORT_USED = 6,
	PATIENCE_MS = 30000, /* ThreadSanitizer is slow */
	LOOK_MS = 5,
};

bool vhci_is_there(void)
{
	return !access(CONTROLLER "/attach", W_OK);
}

static uint32_t get_be(const uint8_t *from, unsigned bytes)
{
	uint32_t value = 0;

	while (bytes--)
		value = value << 8 | *from++;
	return value;
}

/* ---- the server ---- */

static int receive(int fd, uint8_t *bytes, size_t count, struct err *err)
{
	for (size_t got = 0; got < count;) {
		ssize_t now = recv(fd, bytes + got, count - got, 0);

		if (now < 0 && errno == EINTR)
			continue;
		if (now <= 0)
			return err_set(err, now ? -errno : -EPROTO, "the server hung up");
		got += (size_t)now;
	}
	return 0;
}

static int import(int fd, const char *busid, uint8_t ret_device[DEVICE_BYTES], struct err *err)
{
	uint8_t request[HEADER_BYTES + BUSID_BYTES] = {VERSION >> 8, VERSION & 0xff,
						       REQ_IMPORT >> 8, REQ_IMPORT & 0xff};
	uint8_t header[HEADER_BYTES];
	uint32_t status;
	int ret;

	snprintf((char *)request + HEADER_BYTES, BUSID_BYTES, "%s", busid);
	if (send(fd, request, sizeof(request), MSG_NOSIGNAL) != sizeof(request))
		return err_set(err, -errno, "sending the import: %s", strerror(errno));
	ret = receive(fd, header, sizeof(header), err);
	if (ret)
		return ret;
	if (get_be(header + 2, 2) != REP_IMPORT)
		return err_set(err, -EPROTO, "the server does not speak USB/IP");
	status = get_be(header + 4, 4);
	if (status)
		return err_set(err, status == STATUS_BUSY ? -EBUSY : -ENOENT,
			       "the server refused it (status %u)", status);
	return receive(fd, ret_device, DEVICE_BYTES, err);
}

static int connect_to(const char *path, int *ret_fd, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), code;

	if (fd < 0)
		return err_set(err, -errno, "socket: %s", strerror(errno));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		code = -errno;
		close(fd);
		return err_set(err, code, "%s: %s", path, strerror(-code));
	}
	*ret_fd = fd;
	return 0;
}

/* ---- the controller ---- */

struct port {
	unsigned number, state;
	char busid[32];
};

/* Looks for a high-speed port in a state, or (state 0) for the port of that number. */
static bool find_port(unsigned state, unsigned number, struct port *ret_port)
{
	FILE *stream = fopen(CONTROLLER "/status", "r");
	char line[256], hub[8];
	bool found = false;

	while (stream && !found && fgets(line, sizeof(line), stream)) {
		if (sscanf(line, "%7s %u %u %*s %*s %*s %31s", hub, &ret_port->number,
			   &ret_port->state, ret_port->busid) != 4 ||
		    strcmp(hub, "hs"))
			continue;
		found = state ? ret_port->state == state : ret_port->number == number;
	}
	if (stream)
		fclose(stream);
	return found;
}

bool vhci_is_used(unsigned port)
{
	struct port found;

	return find_port(0, port, &found) && found.state == PORT_USED;
}

static int tell(const char *file, const char *text, struct err *err)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC), code = 0;

	if (fd < 0)
		return err_set(err, -errno, "%s: %s", file, strerror(errno));
	if (write(fd, text, strlen(text)) < 0)
		code = -errno;
	close(fd);
	return code ? err_set(err, code, "%s: %s", file, strerror(-code)) : 0;
}

int vhci_read(const struct vhci_device *device, const char *file, char *ret_text, size_t size,
	      struct err *err)
{
	char path[128];
	FILE *stream;
	bool right;

	snprintf(path, sizeof(path), "/sys/bus/usb/devices/%.31s/%.60s", device->busid, file);
	stream = fopen(path, "r");
	if (!stream)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	right = fgets(ret_text, (int)size, stream);
	fclose(stream);
	if (!right)
		return err_set(err, -ENODATA, "%s is empty", path);
	ret_text[strcspn(ret_text, "\n")] = '\0';
	return 0;
}

static bool is_configured(struct vhci_device *device)
{
	struct port port;
	struct err err;
	char text[8];

	if (!find_port(0, device->port, &port) || port.state != PORT_USED)
		return false;
	snprintf(device->busid, sizeof(device->busid), "%s", port.busid);
	return !vhci_read(device, "bConfigurationValue", text, sizeof(text), &err) && text[0];
}

static int plug_in(int fd, const uint8_t description[DEVICE_BYTES], struct vhci_device *device,
		   struct err *err)
{
	struct port port;
	char text[64];
	int ret;

	if (!find_port(PORT_FREE, 0, &port))
		return err_set(err, -EBUSY, "no port of the virtual host controller is free");
	device->port = port.number;
	snprintf(text, sizeof(text), "%u %d %u %u", port.number, fd,
		 get_be(description + AT_BUSNUM, 4) << 16 | get_be(description + AT_DEVNUM, 4),
		 get_be(description + AT_SPEED, 4));
	ret = tell(CONTROLLER "/attach", text, err);
	for (int waited = 0; !ret && !is_configured(device); waited += LOOK_MS) {
		if (waited >= PATIENCE_MS) {
			vhci_detach(device, err);
			return err_set(err, -ETIMEDOUT, "the kernel did not configure the device");
		}
		poll(NULL, 0, LOOK_MS);
	}
	return ret;
}

int vhci_attach(const char *socket_path, const char *busid, struct vhci_device *ret_device,
		struct err *err)
{
	uint8_t description[DEVICE_BYTES];
	int fd = -1, ret = connect_to(socket_path, &fd, err);

	if (ret)
		return ret;
	ret = import(fd, busid, description, err);
	if (!ret)
		ret = plug_in(fd, description, ret_device, err);
	close(fd); /* the controller has its own */
	return ret;
}

int vhci_detach(const struct vhci_device *device, struct err *err)
{
	struct port port;
	char text[16];
	int ret;

	snprintf(text, sizeof(text), "%u", device->port);
	ret = tell(CONTROLLER "/detach", text, err);
	if (ret == -EINVAL) /* it is gone already */
		ret = 0;
	for (int waited = 0; !ret && find_port(0, device->port, &port) && port.state != PORT_FREE;
	     waited += LOOK_MS) {
		if (waited >= PATIENCE_MS)
			return err_set(err, -ETIMEDOUT, "port %u does not become free",
				       port.number);
		poll(NULL, 0, LOOK_MS);
	}
	return ret;
}
