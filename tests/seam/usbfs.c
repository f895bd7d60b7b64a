/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * usbfs as the played kernel has it: see usbfs.h. What poll() says is a pipe's writing end of one
 * page: full while nothing is to be reaped, free while something is, without a reader once the
 * device is gone.
 */
#define _GNU_SOURCE
#include "tests/seam/usbfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <linux/ioctl.h>
#include <linux/usbdevice_fs.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tests/seam/udev.h"

enum {
	ENDPOINT_IN = 0x80,
	ENDPOINT_NUMBER = 0x0F,
	SETUP_BYTES = 8,
	REQUEST_GET_DESCRIPTOR = 6,
	DESCRIPTOR_STRING = 3,
	AWAIT_S = 5,
	CLASS_HUB = 9,
	DESCRIPTORS_BYTES = 18 + 9 + 9 + 2 * 7,
};

struct seam_usb_urb {
	struct usbdevfs_urb *user;
	struct seam_usb_file *file;
	size_t accounted;
	struct seam_usb_urb *next;
};

struct seam_usb_file {
	struct seam_usb *usb;
	int reader; /* of the pipe; -1: the device is gone */
	int writer; /* the descriptor that the program has */
	bool is_ready;
	bool has_claim;
	uint32_t taken_ports;
	struct seam_usb_urb *done; /* oldest first */
	struct seam_usb_file *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct seam_usb *devices;

void seam_usb_lock(void)
{
	pthread_mutex_lock(&lock);
}

void seam_usb_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

/* ---- what poll() says ---- */

static void ready_set(struct seam_usb_file *file, bool is_ready)
{
	uint8_t byte = 0;
	ssize_t done;

	if (file->reader < 0 || file->is_ready == is_ready)
		return;
	done = is_ready ? seam_real_read(file->reader, &byte, 1) : write(file->writer, &byte, 1);
	if (done != 1)
		abort();
	file->is_ready = is_ready;
}

/* ---- URBs, with the lock held ---- */

static void append(struct seam_usb_urb **list, struct seam_usb_urb *urb)
{
	while (*list)
		list = &(*list)->next;
	urb->next = NULL;
	*list = urb;
}

static void urb_complete(struct seam_usb_urb *urb, int status, size_t count)
{
	urb->user->status = status;
	urb->user->actual_length = (int)count;
	urb->file->usb->memory -= urb->accounted;
	append(&urb->file->done, urb);
	ready_set(urb->file, true);
	pthread_cond_broadcast(&changed);
}

static bool is_at(const struct seam_usb_urb *urb, uint8_t endpoint)
{
	return urb->user->type != USBDEVFS_URB_TYPE_CONTROL && urb->user->endpoint == endpoint;
}

/* Takes the oldest that waits at the endpoint out of the list, or returns NULL. */
static struct seam_usb_urb *waiting_take(struct seam_usb *usb, uint8_t endpoint)
{
	for (struct seam_usb_urb **at = &usb->pending; *at; at = &(*at)->next)
		if (is_at(*at, endpoint)) {
			struct seam_usb_urb *urb = *at;

			*at = urb->next;
			return urb;
		}
	return NULL;
}

static unsigned waiting_count(const struct seam_usb *usb, uint8_t endpoint)
{
	unsigned count = 0;

	for (const struct seam_usb_urb *urb = usb->pending; urb; urb = urb->next)
		count += is_at(urb, endpoint);
	return count;
}

static bool is_halted(const struct seam_usb *usb, uint8_t endpoint)
{
	uint32_t halted = endpoint & ENDPOINT_IN ? usb->halted_in : usb->halted_out;

	return halted >> (endpoint & ENDPOINT_NUMBER) & 1;
}

/* ---- control requests ---- */

static int string_give(const struct seam_usb *usb, unsigned index, uint8_t *data, size_t length)
{
	const char *strings[] = {NULL, usb->manufacturer, usb->product_name, usb->serial};
	uint8_t bytes[2 + 2 * 126] = {4, DESCRIPTOR_STRING, 0x09, 0x04};
	const char *text = index < 4 ? strings[index] : NULL;
	size_t count = 4;

	if (index && !text)
		return -EPIPE;
	if (text) {
		count = 2 + 2 * strlen(text);
		for (size_t i = 0; text[i]; i++) {
			bytes[2 + 2 * i] = (uint8_t)text[i];
			bytes[3 + 2 * i] = 0;
		}
		bytes[0] = (uint8_t)count;
	}
	count = count < length ? count : length;
	memcpy(data, bytes, count);
	return (int)count;
}

static int control_answer(struct seam_usb *usb, const uint8_t *setup, uint8_t *data, size_t length)
{
	if (setup[0] == ENDPOINT_IN && setup[1] == REQUEST_GET_DESCRIPTOR &&
	    setup[3] == DESCRIPTOR_STRING)
		return string_give(usb, setup[2], data, length);
	return usb->control ? usb->control(usb, setup, data, length) : -EPIPE;
}

/* ---- ioctls, with the lock held ---- */

static void urb_start(struct seam_usb *usb, struct seam_usb_urb *urb)
{
	struct usbdevfs_urb *user = urb->user;
	uint8_t *bytes = user->buffer;
	int ret;

	if (user->type == USBDEVFS_URB_TYPE_CONTROL)
		ret = control_answer(usb, bytes, bytes + SETUP_BYTES,
				     (size_t)user->buffer_length - SETUP_BYTES);
	else if (is_halted(usb, user->endpoint))
		ret = -EPIPE;
	else if (user->endpoint & ENDPOINT_IN)
		ret = SEAM_USB_LATER;
	else
		ret = usb->bulk_out ? usb->bulk_out(usb, user->endpoint, bytes,
						    (size_t)user->buffer_length)
				    : user->buffer_length;
	if (ret == SEAM_USB_LATER)
		append(&usb->pending, urb);
	else
		urb_complete(urb, ret < 0 ? ret : 0, ret < 0 ? 0 : (size_t)ret);
	pthread_cond_broadcast(&changed);
}

static int claim(struct seam_usb_file *file, unsigned interface, bool detach);

/* devio.c claims what a program did not, and only where the request is an interface's. */
static int check_ctrlrecip(struct seam_usb_file *file, const uint8_t *setup)
{
	bool is_vendor = (setup[0] & 0x60) == 0x40;
	bool is_interface = (setup[0] & 0x1F) == 1;

	return is_vendor || !is_interface || file->has_claim ? 0 : claim(file, setup[4], false);
}

static int urb_submit(struct seam_usb_file *file, struct usbdevfs_urb *user)
{
	struct seam_usb *usb = file->usb;
	size_t accounted = usb->maps ? 0 : (size_t)user->buffer_length;
	struct seam_usb_urb *urb;

	usb->submits++;
	if (!usb->is_plugged || usb->is_refusing)
		return -ENODEV;
	if (user->type == USBDEVFS_URB_TYPE_CONTROL) {
		int ret = check_ctrlrecip(file, user->buffer);

		if (ret)
			return ret;
		accounted = 0;
	}
	if (usb->memory_limit && usb->memory + accounted > usb->memory_limit)
		return -ENOMEM;
	urb = calloc(1, sizeof(*urb));
	if (!urb)
		return -ENOMEM;
	urb->user = user;
	urb->file = file;
	urb->accounted = accounted;
	usb->memory += accounted;
	urb_start(usb, urb);
	return 0;
}

static int urb_discard(struct seam_usb_file *file, const struct usbdevfs_urb *user)
{
	struct seam_usb *usb = file->usb;
	struct seam_usb_urb **at = &usb->pending, *urb;
	size_t count = 0;

	usb->discards++;
	while (*at && (*at)->user != user)
		at = &(*at)->next;
	if (!*at)
		return -EINVAL;
	urb = *at;
	*at = urb->next;
	if (usb->discarded && user->type == USBDEVFS_URB_TYPE_BULK && user->endpoint & ENDPOINT_IN)
		count = usb->discarded(usb, user->endpoint, user->buffer,
				       (size_t)user->buffer_length);
	urb_complete(urb, -ENOENT, count);
	return 0;
}

static int urb_reap(struct seam_usb_file *file, void **ret_user)
{
	struct seam_usb_urb *urb = file->done;

	if (!urb)
		return file->usb->is_plugged ? -EAGAIN : -ENODEV;
	file->usb->reaps++;
	file->done = urb->next;
	*ret_user = urb->user;
	free(urb);
	if (!file->done)
		ready_set(file, false);
	return 0;
}

static int claim(struct seam_usb_file *file, unsigned interface, bool detach)
{
	struct seam_usb *usb = file->usb;

	if (!usb->is_plugged)
		return -ENODEV;
	if (interface)
		return detach ? -EINVAL : -ENOENT;
	if (usb->is_claimed_elsewhere || (usb->has_kernel_driver && !detach))
		return -EBUSY;
	for (struct seam_usb_file *other = usb->files; other; other = other->next)
		if (other != file && other->has_claim)
			return -EBUSY;
	usb->has_kernel_driver = false;
	usb->claims++;
	file->has_claim = true;
	return 0;
}

static int release(struct seam_usb_file *file)
{
	if (!file->has_claim)
		return -EINVAL;
	file->has_claim = false;
	file->usb->releases++;
	return 0;
}

static int halt_clear(struct seam_usb *usb, unsigned endpoint)
{
	uint32_t mask = ~(UINT32_C(1) << (endpoint & ENDPOINT_NUMBER));

	if (!usb->is_plugged)
		return -ENODEV;
	usb->clears++;
	if (endpoint & ENDPOINT_IN)
		usb->halted_in &= mask;
	else
		usb->halted_out &= mask;
	return 0;
}

static int driver_call(struct seam_usb *usb, const struct usbdevfs_ioctl *call)
{
	if (call->ioctl_code != (int)USBDEVFS_CONNECT)
		return -ENOTTY;
	usb->kernel_driver_attaches++;
	return 0;
}

/* Of a hub (hub.c, usb_hub_claim_port): whoever has it already is asked no more than others. */
static int port_call(struct seam_usb_file *file, unsigned port, bool take)
{
	uint32_t bit = UINT32_C(1) << port;

	if (!file->usb->is_plugged)
		return -ENODEV;
	if (file->usb->device_class != CLASS_HUB || !port || port > 31)
		return -EINVAL;
	if (take && file->usb->taken_ports & bit)
		return -EBUSY;
	if (!take && !(file->taken_ports & bit))
		return -ENOENT;
	file->usb->taken_ports ^= bit;
	file->taken_ports ^= bit;
	return 0;
}

static int file_call(struct seam_usb_file *file, unsigned long request, void *argument)
{
	struct usbdevfs_disconnect_claim *detach = argument;

	switch (request) {
	case USBDEVFS_GET_CAPABILITIES:
		*(uint32_t *)argument = USBDEVFS_CAP_ZERO_PACKET | USBDEVFS_CAP_NO_PACKET_SIZE_LIM |
					USBDEVFS_CAP_BULK_SCATTER_GATHER |
					USBDEVFS_CAP_REAP_AFTER_DISCONNECT | USBDEVFS_CAP_MMAP;
		return 0;
	case USBDEVFS_SUBMITURB:
		return urb_submit(file, argument);
	case USBDEVFS_DISCARDURB:
		return urb_discard(file, argument);
	case USBDEVFS_REAPURBNDELAY:
		return urb_reap(file, argument);
	case USBDEVFS_CLAIMINTERFACE:
		return claim(file, *(unsigned *)argument, false);
	case USBDEVFS_DISCONNECT_CLAIM:
		return claim(file, detach->interface, true);
	case USBDEVFS_RELEASEINTERFACE:
		return release(file);
	case USBDEVFS_CLEAR_HALT:
		return halt_clear(file->usb, *(unsigned *)argument);
	case USBDEVFS_IOCTL:
		return driver_call(file->usb, argument);
	case USBDEVFS_CLAIM_PORT:
	case USBDEVFS_RELEASE_PORT:
		return port_call(file, *(unsigned *)argument, request == USBDEVFS_CLAIM_PORT);
	default:
		return -ENOTTY;
	}
}

/* ---- the node ---- */

static int usbfs_open(struct seam_file *node_file, int flags)
{
	struct seam_usb_file *file = calloc(1, sizeof(*file));
	int ends[2];

	(void)flags;
	if (!file || pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		abort();
	if (fcntl(ends[1], F_SETPIPE_SZ, 4096) < 0)
		abort();
	file->usb = node_file->device;
	file->reader = ends[0];
	file->writer = ends[1];
	file->is_ready = true;
	pthread_mutex_lock(&lock);
	ready_set(file, false);
	file->next = file->usb->files;
	file->usb->files = file;
	pthread_mutex_unlock(&lock);
	node_file->state = file;
	return ends[1];
}

static int usbfs_ioctl(struct seam_file *node_file, unsigned long request, void *argument)
{
	int ret;

	pthread_mutex_lock(&lock);
	ret = file_call(node_file->state, request, argument);
	pthread_mutex_unlock(&lock);
	return ret;
}

static void *usbfs_map(struct seam_file *node_file, size_t count)
{
	struct seam_usb *usb = node_file->device;
	void *mapped;

	pthread_mutex_lock(&lock);
	if (usb->has_no_maps) {
		pthread_mutex_unlock(&lock);
		return NULL;
	}
	usb->maps++;
	pthread_mutex_unlock(&lock);
	mapped = mmap(NULL, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return mapped == MAP_FAILED ? NULL : mapped;
}

static void urbs_forget(struct seam_usb_urb **list, const struct seam_usb_file *file)
{
	while (*list) {
		struct seam_usb_urb *urb = *list;

		if (urb->file != file) {
			list = &urb->next;
			continue;
		}
		*list = urb->next;
		free(urb);
	}
}

static void usbfs_close(struct seam_file *node_file)
{
	struct seam_usb_file *file = node_file->state, **at;

	pthread_mutex_lock(&lock);
	urbs_forget(&file->usb->pending, file);
	urbs_forget(&file->done, file);
	for (at = &file->usb->files; *at != file; at = &(*at)->next)
		;
	*at = file->next;
	file->usb->taken_ports &= ~file->taken_ports;
	if (file->reader >= 0)
		seam_real_close(file->reader);
	pthread_mutex_unlock(&lock);
	free(file);
}

static const struct seam_node_ops usbfs_ops = {
	.open = usbfs_open,
	.ioctl = usbfs_ioctl,
	.map = usbfs_map,
	.close = usbfs_close,
};

/* ---- plugging ---- */

static size_t descriptors_pack(const struct seam_usb *usb, uint8_t bytes[DESCRIPTORS_BYTES])
{
	const uint8_t all[DESCRIPTORS_BYTES] = {
		/* device: USB 2.0 or 3.0, three strings, one configuration */
		18, 1, 0x00, usb->is_superspeed ? 3 : 2, usb->device_class, 0, 0,
		usb->is_superspeed ? 9 : 64, (uint8_t)usb->vendor, (uint8_t)(usb->vendor >> 8),
		(uint8_t)usb->product, (uint8_t)(usb->product >> 8), (uint8_t)usb->version_bcd,
		(uint8_t)(usb->version_bcd >> 8), usb->manufacturer ? 1 : 0,
		usb->product_name ? 2 : 0, usb->serial ? 3 : 0, 1,
		/* configuration 1, interface 0, bulk endpoints 0x81 and 0x02 */
		9, 2, 32, 0, 1, 1, 0, 0x80, 50, 9, 4, 0, 0, 2, 0xFF, 0, 0, 0, 7, 5, 0x81, 2, 0, 2,
		0, 7, 5, 0x02, 2, 0, 2, 0};

	memcpy(bytes, all, sizeof(all));
	return sizeof(all);
}

static void sysfs_set(const struct seam_usb *usb, bool is_there)
{
	static const char *const names[] = {"busnum", "devnum", "speed", "bConfigurationValue",
					    "descriptors"};
	const unsigned values[] = {1, usb->address, usb->is_superspeed ? 5000 : 480, 1};
	uint8_t descriptors[DESCRIPTORS_BYTES];
	size_t count = descriptors_pack(usb, descriptors);
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "/sys/bus/usb/devices/1-%u/%s", usb->address,
			 names[i]);
		if (!is_there)
			seam_file_remove(path);
		else if (i < sizeof(values) / sizeof(values[0]))
			seam_text_set(path, "%u\n", values[i]);
		else
			seam_file_set(path, descriptors, count);
	}
}

void seam_usb_plug(struct seam_usb *usb)
{
	usb->node = (struct seam_node){.major = 189,
				       .minor = usb->address - 1,
				       .open_error = usb->open_error,
				       .ops = &usbfs_ops,
				       .device = usb};
	snprintf(usb->node.path, sizeof(usb->node.path), "/dev/bus/usb/001/%03u", usb->address);
	sysfs_set(usb, true);
	seam_node_add(&usb->node);
	pthread_mutex_lock(&lock);
	usb->is_plugged = true;
	usb->is_refusing = false;
	usb->halted_in = usb->halted_out = 0;
	usb->next = devices;
	devices = usb;
	pthread_mutex_unlock(&lock);
	seam_udev_event(usb->address, "add");
}

static void device_forget(struct seam_usb *usb)
{
	struct seam_usb **at = &devices;

	while (*at && *at != usb)
		at = &(*at)->next;
	if (*at)
		*at = usb->next;
}

void seam_usb_unplug(struct seam_usb *usb)
{
	pthread_mutex_lock(&lock);
	usb->is_plugged = false;
	while (usb->pending) {
		struct seam_usb_urb *urb = usb->pending;

		usb->pending = urb->next;
		urb_complete(urb, -ESHUTDOWN, 0);
	}
	for (struct seam_usb_file *file = usb->files; file; file = file->next) {
		if (file->reader >= 0)
			seam_real_close(file->reader);
		file->reader = -1;
	}
	device_forget(usb);
	pthread_mutex_unlock(&lock);
	seam_node_remove(&usb->node);
	sysfs_set(usb, false);
	seam_udev_event(usb->address, "remove");
}

void seam_usb_refuse(struct seam_usb *usb)
{
	pthread_mutex_lock(&lock);
	usb->is_refusing = true;
	pthread_mutex_unlock(&lock);
}

size_t seam_udev_addresses(unsigned *addresses, size_t capacity)
{
	size_t count = 0;

	pthread_mutex_lock(&lock);
	for (struct seam_usb *usb = devices; usb && count < capacity; usb = usb->next)
		addresses[count++] = usb->address;
	pthread_mutex_unlock(&lock);
	return count;
}

/* ---- what the device does ---- */

int seam_usb_send_status(struct seam_usb *usb, uint8_t endpoint, const void *bytes, size_t count,
			 int status)
{
	struct seam_usb_urb *urb;
	int ret = -EAGAIN;

	pthread_mutex_lock(&lock);
	urb = waiting_take(usb, endpoint);
	if (urb) {
		size_t room = (size_t)urb->user->buffer_length;

		count = count < room ? count : room;
		if (count)
			memcpy(urb->user->buffer, bytes, count);
		urb_complete(urb, status, count);
		ret = (int)count;
	}
	pthread_mutex_unlock(&lock);
	return ret;
}

int seam_usb_send(struct seam_usb *usb, uint8_t endpoint, const void *bytes, size_t count)
{
	return seam_usb_send_status(usb, endpoint, bytes, count, 0);
}

unsigned seam_usb_waiting(struct seam_usb *usb, uint8_t endpoint)
{
	unsigned count;

	pthread_mutex_lock(&lock);
	count = waiting_count(usb, endpoint);
	pthread_mutex_unlock(&lock);
	return count;
}

bool seam_usb_await(struct seam_usb *usb, uint8_t endpoint, unsigned count)
{
	struct timespec until;
	int ret = 0;
	bool good;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += AWAIT_S;
	pthread_mutex_lock(&lock);
	while (waiting_count(usb, endpoint) < count && ret != ETIMEDOUT)
		ret = pthread_cond_timedwait(&changed, &lock, &until);
	good = waiting_count(usb, endpoint) >= count;
	pthread_mutex_unlock(&lock);
	return good;
}

void seam_usb_halt(struct seam_usb *usb, uint8_t endpoint)
{
	struct seam_usb_urb *urb;
	uint32_t bit = UINT32_C(1) << (endpoint & ENDPOINT_NUMBER);

	pthread_mutex_lock(&lock);
	if (endpoint & ENDPOINT_IN)
		usb->halted_in |= bit;
	else
		usb->halted_out |= bit;
	while ((urb = waiting_take(usb, endpoint)))
		urb_complete(urb, -EPIPE, 0);
	pthread_mutex_unlock(&lock);
}
