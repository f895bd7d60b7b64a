/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * libudev, as far as libusb 1.0.26 calls it (libusb/os/linux_udev.c). Declarations are libudev's,
 * whose header need not be there.
 */
#define _GNU_SOURCE
#include "tests/seam/udev.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/seam/kernel.h"

enum { DEVICES_MAX = 32 };

struct udev;
struct udev_device {
	char node[32], name[16], action[8];
};
struct udev_list_entry {
	char path[64];
	struct udev_list_entry *next;
};
struct udev_enumerate {
	struct udev_list_entry entries[DEVICES_MAX];
	size_t count;
};
/* Events are the bytes of struct event in a pipe. */
struct udev_monitor {
	int ends[2];
};

struct event {
	unsigned address;
	char action[8];
};

struct udev *udev_new(void);
struct udev *udev_unref(struct udev *udev);
struct udev_monitor *udev_monitor_new_from_netlink(struct udev *udev, const char *name);
struct udev_monitor *udev_monitor_unref(struct udev_monitor *monitor);
int udev_monitor_filter_add_match_subsystem_devtype(struct udev_monitor *monitor,
						    const char *subsystem, const char *devtype);
int udev_monitor_enable_receiving(struct udev_monitor *monitor);
int udev_monitor_get_fd(struct udev_monitor *monitor);
struct udev_device *udev_monitor_receive_device(struct udev_monitor *monitor);
struct udev_enumerate *udev_enumerate_new(struct udev *udev);
struct udev_enumerate *udev_enumerate_unref(struct udev_enumerate *enumerate);
int udev_enumerate_add_match_subsystem(struct udev_enumerate *enumerate, const char *subsystem);
int udev_enumerate_add_match_property(struct udev_enumerate *enumerate, const char *property,
				      const char *value);
int udev_enumerate_scan_devices(struct udev_enumerate *enumerate);
struct udev_list_entry *udev_enumerate_get_list_entry(struct udev_enumerate *enumerate);
struct udev_list_entry *udev_list_entry_get_next(struct udev_list_entry *entry);
const char *udev_list_entry_get_name(struct udev_list_entry *entry);
struct udev_device *udev_device_new_from_syspath(struct udev *udev, const char *path);
struct udev_device *udev_device_unref(struct udev_device *device);
const char *udev_device_get_devnode(struct udev_device *device);
const char *udev_device_get_sysname(struct udev_device *device);
const char *udev_device_get_action(struct udev_device *device);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct udev_monitor *listener; /* libusb has one at a time */

static struct udev_device *device_new(unsigned address, const char *action)
{
	struct udev_device *device = calloc(1, sizeof(*device));

	if (!device)
		abort();
	snprintf(device->node, sizeof(device->node), "/dev/bus/usb/001/%03u", address);
	snprintf(device->name, sizeof(device->name), "1-%u", address);
	snprintf(device->action, sizeof(device->action), "%s", action);
	return device;
}

/* ---- events ---- */

void seam_udev_event(unsigned address, const char *action)
{
	struct event event = {.address = address};

	snprintf(event.action, sizeof(event.action), "%s", action);
	pthread_mutex_lock(&lock);
	if (listener && write(listener->ends[1], &event, sizeof(event)) != sizeof(event))
		abort();
	pthread_mutex_unlock(&lock);
}

struct udev_monitor *udev_monitor_new_from_netlink(struct udev *udev, const char *name)
{
	struct udev_monitor *monitor = calloc(1, sizeof(*monitor));

	(void)udev;
	(void)name;
	if (!monitor || pipe2(monitor->ends, O_CLOEXEC | O_NONBLOCK))
		abort();
	pthread_mutex_lock(&lock);
	listener = monitor;
	pthread_mutex_unlock(&lock);
	return monitor;
}

struct udev_monitor *udev_monitor_unref(struct udev_monitor *monitor)
{
	pthread_mutex_lock(&lock);
	listener = NULL;
	pthread_mutex_unlock(&lock);
	close(monitor->ends[0]);
	close(monitor->ends[1]);
	free(monitor);
	return NULL;
}

int udev_monitor_get_fd(struct udev_monitor *monitor)
{
	return monitor->ends[0];
}

struct udev_device *udev_monitor_receive_device(struct udev_monitor *monitor)
{
	struct event event;

	if (seam_real_read(monitor->ends[0], &event, sizeof(event)) != sizeof(event))
		return NULL;
	return device_new(event.address, event.action);
}

int udev_monitor_filter_add_match_subsystem_devtype(struct udev_monitor *monitor,
						    const char *subsystem, const char *devtype)
{
	(void)monitor;
	(void)subsystem;
	(void)devtype;
	return 0;
}

int udev_monitor_enable_receiving(struct udev_monitor *monitor)
{
	(void)monitor;
	return 0;
}

/* ---- what there is ---- */

struct udev *udev_new(void)
{
	static char here;

	return (struct udev *)&here;
}

struct udev *udev_unref(struct udev *udev)
{
	(void)udev;
	return NULL;
}

struct udev_enumerate *udev_enumerate_new(struct udev *udev)
{
	(void)udev;
	return calloc(1, sizeof(struct udev_enumerate));
}

struct udev_enumerate *udev_enumerate_unref(struct udev_enumerate *enumerate)
{
	free(enumerate);
	return NULL;
}

int udev_enumerate_add_match_subsystem(struct udev_enumerate *enumerate, const char *subsystem)
{
	(void)enumerate;
	return strcmp(subsystem, "usb") ? -1 : 0;
}

int udev_enumerate_add_match_property(struct udev_enumerate *enumerate, const char *property,
				      const char *value)
{
	(void)enumerate;
	(void)property;
	(void)value;
	return 0;
}

int udev_enumerate_scan_devices(struct udev_enumerate *enumerate)
{
	unsigned addresses[DEVICES_MAX];

	enumerate->count = seam_udev_addresses(addresses, DEVICES_MAX);
	for (size_t i = 0; i < enumerate->count; i++) {
		struct udev_list_entry *entry = &enumerate->entries[i];

		snprintf(entry->path, sizeof(entry->path), "/sys/devices/seam/usb1/1-%u",
			 addresses[i]);
		entry->next = i + 1 < enumerate->count ? entry + 1 : NULL;
	}
	return 0;
}

struct udev_list_entry *udev_enumerate_get_list_entry(struct udev_enumerate *enumerate)
{
	return enumerate->count ? enumerate->entries : NULL;
}

struct udev_list_entry *udev_list_entry_get_next(struct udev_list_entry *entry)
{
	return entry->next;
}

const char *udev_list_entry_get_name(struct udev_list_entry *entry)
{
	return entry->path;
}

struct udev_device *udev_device_new_from_syspath(struct udev *udev, const char *path)
{
	(void)udev;
	return device_new((unsigned)strtoul(strrchr(path, '-') + 1, NULL, 10), "");
}

struct udev_device *udev_device_unref(struct udev_device *device)
{
	free(device);
	return NULL;
}

const char *udev_device_get_devnode(struct udev_device *device)
{
	return device->node;
}

const char *udev_device_get_sysname(struct udev_device *device)
{
	return device->name;
}

const char *udev_device_get_action(struct udev_device *device)
{
	return device->action;
}
