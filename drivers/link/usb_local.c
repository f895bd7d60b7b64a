/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A local USB device through libusb 1.0.26: found, opened, its events handled, closed.
 *
 * Opening a usbfs node locks nothing: claiming the interface is what keeps others out. A kernel
 * driver is detached for that, another program is not.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "drivers/link/deadline.h"
#include "drivers/link/usb_local_parts.h"

enum {
	TROUBLE_MS = 10, /* between tries when libusb cannot handle events */
	IDLE_MS = 1000,
};

/* ---- errors ---- */

int usb_local_gone(struct usb_local_handle *local, struct err *err)
{
	atomic_store(&local->is_gone, true);
	return err_set(err, -ENODEV, "the device is gone (unplugged?)");
}

int usb_local_check_device(struct usb_local_handle *local, int libusb_code, const char *what,
			   struct err *err)
{
	if (libusb_code == LIBUSB_ERROR_NO_DEVICE)
		return usb_local_gone(local, err);
	return usb_local_check(libusb_code, what, err);
}

/* ---- finding the device ---- */

struct wanted {
	uint16_t vendor, product;
	const char *serial; /* NULL: any */
};

static bool hex_read(const char *text, char end, uint16_t *ret_value)
{
	uint16_t value = 0;

	for (int i = 0; i < 4; i++) {
		int c = tolower((unsigned char)text[i]);

		if (!isxdigit(c))
			return false;
		value = (uint16_t)(value << 4 | (c <= '9' ? c - '0' : c - 'a' + 10));
	}
	*ret_value = value;
	return text[4] == end;
}

static int address_parse(const char *address, struct wanted *ret_wanted, struct err *err)
{
	bool good = hex_read(address, ':', &ret_wanted->vendor);
	const char *rest = good ? address + 5 : "";

	good = good && (hex_read(rest, '\0', &ret_wanted->product) ||
			(hex_read(rest, ':', &ret_wanted->product) && rest[5]));
	if (!good)
		return err_set(err, -EINVAL,
			       "is not of the form usb:VID:PID or usb:VID:PID:SERIAL, VID and PID "
			       "four hexadecimal digits each");
	ret_wanted->serial = rest[4] ? rest + 5 : NULL;
	return 0;
}

static int no_permission(const struct usb_identity *identity, struct err *err)
{
	return err_set(err, -EACCES,
		       "no permission to open the device: it needs a udev rule, a file "
		       "/etc/udev/rules.d/70-joulebench.rules with SUBSYSTEM==\"usb\", "
		       "ATTR{idVendor}==\"%04x\", ATTR{idProduct}==\"%04x\", TAG+=\"uaccess\"; "
		       "then plug it in again",
		       identity->vendor, identity->product);
}

static void serials_list(const struct usb_local_found *found, size_t count, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < count && used < size; i++) {
		const char *serial = found[i].identity.serial;

		if (found[i].open_error)
			serial = "(may not be opened)";
		else if (!serial[0])
			serial = "(without a serial number)";
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", serial);
	}
}

/* Which of the devices of the kind is meant. */
static int device_choose(const struct wanted *wanted, const struct usb_local_found *found,
			 size_t count, const struct usb_local_found **ret_found, struct err *err)
{
	const struct usb_local_found *closed = NULL;
	size_t matches = 0;
	char serials[256];

	for (size_t i = 0; i < count; i++) {
		if (found[i].open_error)
			closed = &found[i];
		if (wanted->serial &&
		    (found[i].open_error || strcmp(found[i].identity.serial, wanted->serial)))
			continue;
		*ret_found = &found[i];
		matches++;
	}
	serials_list(found, count, serials, sizeof(serials));
	if (matches > 1)
		return err_set(err, -ENOTUNIQ,
			       "%zu such devices are plugged in: which one is meant says "
			       "usb:VID:PID:SERIAL. There are: %s",
			       matches, serials);
	if (closed && (!matches || closed == *ret_found))
		return closed->open_error == -EACCES
			       ? no_permission(&closed->identity, err)
			       : err_set(err, closed->open_error, "opening: %s",
					 strerror(-closed->open_error));
	if (!matches)
		return err_set(err, -ENOENT, "no such device; of this kind there are: %s",
			       count ? serials : "none");
	return 0;
}

static int interface_claim(struct usb_local_handle *local, struct err *err)
{
	int ret;

	/* Where the kernel cannot detach drivers, claiming says so. */
	libusb_set_auto_detach_kernel_driver(local->handle, 1);
	ret = libusb_claim_interface(local->handle, (int)local->interface);
	if (ret == LIBUSB_ERROR_NOT_FOUND || ret == LIBUSB_ERROR_INVALID_PARAM)
		return err_set(err, -ENOTSUP, "the device has no interface %u", local->interface);
	if (ret == LIBUSB_ERROR_BUSY)
		return err_set(err, -EBUSY, "another program holds interface %u", local->interface);
	return usb_local_check_device(local, ret, "claiming the interface", err);
}

/* ---- the thread ---- */

static int retry(struct usb_local_handle *local)
{
	int ms = IDLE_MS;

	pthread_mutex_lock(&local->lock);
	if (local->to_retry)
		ms = usb_ring_retry(local->to_retry);
	pthread_mutex_unlock(&local->lock);
	return ms;
}

static void *events_run(void *arg)
{
	struct usb_local_handle *local = arg;
	const struct timespec pause = {.tv_nsec = TROUBLE_MS * DEADLINE_NS_PER_MS};

	while (!atomic_load(&local->quit)) {
		int ms = retry(local);
		struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
		int ret = libusb_handle_events_timeout_completed(local->context, &wait, NULL);

		if (ret && ret != LIBUSB_ERROR_INTERRUPTED)
			nanosleep(&pause, NULL);
	}
	return NULL;
}

static int thread_start(struct usb_local_handle *local, struct err *err)
{
	int ret;

	atomic_init(&local->quit, false);
	pthread_mutex_init(&local->lock, NULL);
	ret = -pthread_create(&local->thread, NULL, events_run, local);
	if (!ret)
		return 0;
	pthread_mutex_destroy(&local->lock);
	return err_set(err, ret, "a thread for its events: %s", strerror(-ret));
}

static void thread_stop(struct usb_local_handle *local)
{
	atomic_store(&local->quit, true);
	libusb_interrupt_event_handler(local->context);
	pthread_join(local->thread, NULL);
	pthread_mutex_destroy(&local->lock);
}

/* ---- opening ---- */

static int device_open(struct usb_local_handle *local, const struct usb_local_found *found,
		       const struct usb_expected *expected, struct usb_identity *ret_identity,
		       struct err *err)
{
	int ret = usb_expected_check(expected, &found->identity, err);

	if (ret)
		return ret;
	ret = libusb_open(found->device, &local->handle);
	if (ret == LIBUSB_ERROR_ACCESS)
		return no_permission(&found->identity, err);
	if (ret)
		return usb_local_check_device(local, ret, "opening", err);
	ret = interface_claim(local, err);
	if (!ret)
		ret = thread_start(local, err);
	if (ret)
		libusb_close(local->handle);
	else
		*ret_identity = found->identity;
	return ret;
}

static int local_open(void *state, const char *address, const struct usb_expected *expected,
		      struct usb_identity *ret_identity, struct err *err)
{
	struct usb_local_handle *local = state;
	const struct usb_local_found *chosen = NULL;
	struct usb_local_found *found = NULL;
	struct wanted wanted;
	size_t count = 0;
	int ret = address_parse(address, &wanted, err);

	if (ret)
		return ret;
	local->interface = expected->interface;
	atomic_init(&local->is_gone, false);
	ret = usb_local_check(libusb_init(&local->context), "libusb", err);
	if (ret)
		return ret;
	ret = usb_local_find(local->context, wanted.vendor, wanted.product, &found, &count, err);
	if (!ret)
		ret = device_choose(&wanted, found, count, &chosen, err);
	if (!ret)
		ret = device_open(local, chosen, expected, ret_identity, err);
	usb_local_found_free(found, count);
	if (ret)
		libusb_exit(local->context);
	return ret;
}

static void local_close(void *state)
{
	struct usb_local_handle *local = state;

	usb_local_stream_stop(local, NULL);
	thread_stop(local);
	usb_local_ring_free(local);
	libusb_release_interface(local->handle, (int)local->interface);
	libusb_close(local->handle);
	libusb_exit(local->context);
}

const struct usb_ops usb_local = {
	.scheme = "usb",
	.state_size = sizeof(struct usb_local_handle),
	.open = local_open,
	.close = local_close,
	.control = usb_local_control,
	.bulk_write = usb_local_bulk_write,
	.bulk_read = usb_local_bulk_read,
	.clear_halt = usb_local_clear_halt,
	.stream_start = usb_local_stream_start,
	.stream_read = usb_local_stream_read,
	.stream_stop = usb_local_stream_stop,
};
