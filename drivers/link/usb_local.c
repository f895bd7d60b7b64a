/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A local USB device through libusb 1.0.26.
 *
 * - Opening a usbfs node locks nothing: claiming the interface is what keeps others out. A kernel
 *   driver is detached for that, another program is not.
 * - A time-out of 0 means none to libusb.
 * - A device that is unplugged shows as the status of a transfer, or as an error of submitting one,
 *   or as both: whichever comes first ends the stream, the others are cancelled and awaited.
 * - The kernel's limit for all transfers together is usbfs_memory_mb; a submit beyond it fails.
 * - One thread handles libusb's events while the device is open, and every transfer is
 * asynchronous: libusb's synchronous calls tell their waiter through a plain int, which is a race.
 */
#include <ctype.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "drivers/link/deadline.h"
#include "drivers/link/usb_local.h"
#include "drivers/link/usb_ring.h"

enum {
	BULK_BYTES = 256 << 10, /* of one transfer of a long write */
	TROUBLE_MS = 10,        /* between tries when libusb cannot handle events */
	IDLE_MS = 1000,
};

struct local;

struct local_transfer {
	struct local *local;
	struct libusb_transfer *transfer;
};

struct local {
	libusb_context *context;
	libusb_device_handle *handle;
	unsigned interface;
	atomic_bool is_gone;
	bool has_ring, is_streaming;
	struct usb_ring ring;
	pthread_mutex_t lock;             /* of the next field */
	struct usb_ring *to_retry;        /* NULL: no ring that wants to be called */
	struct local_transfer *transfers; /* one per transfer of the ring */
	bool *is_mapped;                  /* per buffer of the ring, in the order of making */
	pthread_t thread;
	atomic_bool quit;
};

/* ---- errors ---- */

static int gone(struct local *local, struct err *err)
{
	atomic_store(&local->is_gone, true);
	return err_set(err, -ENODEV, "the device is gone (unplugged?)");
}

static int check(struct local *local, int libusb_code, const char *what, struct err *err)
{
	if (libusb_code == LIBUSB_ERROR_NO_DEVICE)
		return gone(local, err);
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

static int interface_claim(struct local *local, struct err *err)
{
	int ret;

	/* Where the kernel cannot detach drivers, claiming says so. */
	libusb_set_auto_detach_kernel_driver(local->handle, 1);
	ret = libusb_claim_interface(local->handle, (int)local->interface);
	if (ret == LIBUSB_ERROR_NOT_FOUND || ret == LIBUSB_ERROR_INVALID_PARAM)
		return err_set(err, -ENOTSUP, "the device has no interface %u", local->interface);
	if (ret == LIBUSB_ERROR_BUSY)
		return err_set(err, -EBUSY, "another program holds interface %u", local->interface);
	return check(local, ret, "claiming the interface", err);
}

/* ---- the thread ---- */

static int retry(struct local *local)
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
	struct local *local = arg;
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

static int thread_start(struct local *local, struct err *err)
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

static void thread_stop(struct local *local)
{
	atomic_store(&local->quit, true);
	libusb_interrupt_event_handler(local->context);
	pthread_join(local->thread, NULL);
	pthread_mutex_destroy(&local->lock);
}

static void ring_announce(struct local *local, struct usb_ring *ring)
{
	pthread_mutex_lock(&local->lock);
	local->to_retry = ring;
	pthread_mutex_unlock(&local->lock);
	libusb_interrupt_event_handler(local->context);
}

/* ---- opening ---- */

static int device_open(struct local *local, const struct usb_local_found *found,
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
		return check(local, ret, "opening", err);
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
	struct local *local = state;
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

/* ---- single transfers ---- */

static const struct {
	int code;
	const char *sentence;
} ends[] = {
	[LIBUSB_TRANSFER_COMPLETED] = {0, ""},
	[LIBUSB_TRANSFER_ERROR] = {-EIO, "the bus reported an error, bytes may be lost"},
	[LIBUSB_TRANSFER_TIMED_OUT] = {-ETIMEDOUT, "timed out"},
	[LIBUSB_TRANSFER_CANCELLED] = {-ECANCELED, "cancelled"},
	[LIBUSB_TRANSFER_STALL] = {-EPIPE, "refused (STALL), or the endpoint halted"},
	[LIBUSB_TRANSFER_NO_DEVICE] = {-ENODEV, "the device is gone (unplugged?)"},
	[LIBUSB_TRANSFER_OVERFLOW] = {-EOVERFLOW, "the device sent more than was asked for"},
};

struct waiter {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_done;
};

static void LIBUSB_CALL waited_done(struct libusb_transfer *transfer)
{
	struct waiter *waiter = transfer->user_data;

	pthread_mutex_lock(&waiter->lock);
	waiter->is_done = true;
	pthread_cond_signal(&waiter->changed);
	pthread_mutex_unlock(&waiter->lock);
}

/* Submits, and waits until it came back: libusb sees to the transfer's time-out. */
static int transfer_run(struct local *local, struct libusb_transfer *transfer, struct err *err)
{
	struct waiter waiter = {.is_done = false};
	int ret;

	if (atomic_load(&local->is_gone))
		return gone(local, err);
	pthread_mutex_init(&waiter.lock, NULL);
	pthread_cond_init(&waiter.changed, NULL);
	transfer->user_data = &waiter;
	ret = libusb_submit_transfer(transfer);
	pthread_mutex_lock(&waiter.lock);
	while (!ret && !waiter.is_done)
		pthread_cond_wait(&waiter.changed, &waiter.lock);
	pthread_mutex_unlock(&waiter.lock);
	pthread_cond_destroy(&waiter.changed);
	pthread_mutex_destroy(&waiter.lock);
	if (ret)
		return check(local, ret, "submitting a transfer", err);
	if (transfer->status == LIBUSB_TRANSFER_NO_DEVICE)
		return gone(local, err);
	return err_set(err, ends[transfer->status].code, "%s", ends[transfer->status].sentence);
}

static unsigned libusb_ms(int timeout_ms)
{
	return timeout_ms > 0 ? (unsigned)timeout_ms : 1;
}

static int local_control(void *state, const uint8_t setup[USB_SETUP_BYTES], void *data,
			 int timeout_ms, size_t *ret_count, struct err *err)
{
	struct local *local = state;
	size_t length = usb_setup_length(setup);
	struct libusb_transfer *transfer = libusb_alloc_transfer(0);
	uint8_t *bytes = malloc(USB_SETUP_BYTES + length);
	int ret;

	if (!transfer || !bytes) {
		ret = err_set(err, -ENOMEM, "out of memory");
		goto out;
	}
	memcpy(bytes, setup, USB_SETUP_BYTES);
	if (!usb_is_in(setup) && length)
		memcpy(bytes + USB_SETUP_BYTES, data, length);
	libusb_fill_control_transfer(transfer, local->handle, bytes, waited_done, NULL,
				     libusb_ms(timeout_ms));
	ret = transfer_run(local, transfer, err);
	if (ret)
		goto out;
	*ret_count = (size_t)transfer->actual_length;
	if (usb_is_in(setup) && *ret_count)
		memcpy(data, bytes + USB_SETUP_BYTES, *ret_count);

out:
	free(bytes);
	libusb_free_transfer(transfer);
	return ret;
}

static int bulk_run(struct local *local, uint8_t endpoint, uint8_t *bytes, size_t count,
		    int timeout_ms, size_t *ret_count, struct err *err)
{
	struct libusb_transfer *transfer = libusb_alloc_transfer(0);
	int ret;

	*ret_count = 0;
	if (!transfer)
		return err_set(err, -ENOMEM, "out of memory");
	libusb_fill_bulk_transfer(transfer, local->handle, endpoint, bytes,
				  count < INT32_MAX ? (int)count : INT32_MAX, waited_done, NULL,
				  libusb_ms(timeout_ms));
	ret = transfer_run(local, transfer, err);
	*ret_count = (size_t)transfer->actual_length;
	libusb_free_transfer(transfer);
	return ret;
}

static int local_bulk_write(void *state, uint8_t endpoint, const void *bytes, size_t count,
			    int timeout_ms, struct err *err)
{
	int64_t deadline_ns = deadline_after_ms(timeout_ms);
	size_t sent = 0;
	int ret = 0;

	while (!ret && sent < count) {
		size_t part = count - sent < BULK_BYTES ? count - sent : BULK_BYTES, done = 0;

		ret = bulk_run(state, endpoint, (uint8_t *)bytes + sent, part,
			       deadline_left_ms(deadline_ns), &done, err);
		sent += done;
	}
	if (ret == -ETIMEDOUT)
		err_set(err, ret, "%zu of %zu bytes sent within %d ms", sent, count, timeout_ms);
	return ret;
}

/* What came before the time was over came. */
static int local_bulk_read(void *state, uint8_t endpoint, void *bytes, size_t capacity,
			   int timeout_ms, size_t *ret_count, struct err *err)
{
	size_t count = 0;
	int ret = bulk_run(state, endpoint, bytes, capacity, timeout_ms, &count, err);

	if (ret && !(ret == -ETIMEDOUT && count))
		return ret;
	*ret_count = count;
	return 0;
}

static int local_clear_halt(void *state, uint8_t endpoint, struct err *err)
{
	struct local *local = state;

	return check(local, libusb_clear_halt(local->handle, endpoint), "clearing the halt", err);
}

/* ---- the stream ---- */

static void LIBUSB_CALL transfer_done(struct libusb_transfer *transfer)
{
	struct local_transfer *slot = transfer->user_data;
	struct local *local = slot->local;
	struct err err;

	if (transfer->status == LIBUSB_TRANSFER_NO_DEVICE)
		atomic_store(&local->is_gone, true);
	err_set(&err, 0, "%s", ends[transfer->status].sentence);
	usb_ring_complete(&local->ring, (unsigned)(slot - local->transfers),
			  ends[transfer->status].code, (size_t)transfer->actual_length, &err);
}

static int carrier_submit(void *context, unsigned transfer, uint8_t *bytes, size_t size)
{
	struct local *local = context;
	struct libusb_transfer *slot = local->transfers[transfer].transfer;
	int ret;

	slot->buffer = bytes;
	slot->length = (int)size;
	ret = libusb_submit_transfer(slot);
	if (ret == LIBUSB_ERROR_NO_DEVICE)
		atomic_store(&local->is_gone, true);
	return usb_local_code(ret);
}

static void carrier_cancel(void *context, unsigned transfer)
{
	struct local *local = context;

	/* "Not found" is one that came back meanwhile. */
	libusb_cancel_transfer(local->transfers[transfer].transfer);
}

/* A prefix in front of each buffer would break its alignment, so that a table says which of them
 * are the kernel's; they are freed in the order in which they were made. */
static uint8_t *carrier_buffer_new(void *context, size_t size)
{
	struct local *local = context;
	unsigned index = local->ring.empty_count;
	uint8_t *bytes = libusb_dev_mem_alloc(local->handle, size);

	local->is_mapped[index] = bytes;
	return bytes ? bytes : malloc(size);
}

static void carrier_buffer_free(void *context, uint8_t *bytes, size_t size)
{
	struct local *local = context;

	for (unsigned i = 0; bytes && i < local->ring.buffer_count; i++) {
		if (local->ring.buffers[i].bytes != bytes)
			continue;
		if (local->is_mapped[i])
			libusb_dev_mem_free(local->handle, bytes, size);
		else
			free(bytes);
		return;
	}
}

static const struct usb_ring_carrier carrier = {
	.submit = carrier_submit,
	.cancel = carrier_cancel,
	.buffer_new = carrier_buffer_new,
	.buffer_free = carrier_buffer_free,
};

static void ring_free(struct local *local)
{
	if (!local->has_ring)
		return;
	for (unsigned i = 0; i < local->ring.transfers; i++)
		libusb_free_transfer(local->transfers[i].transfer);
	usb_ring_done(&local->ring);
	free(local->transfers);
	free(local->is_mapped);
	local->transfers = NULL;
	local->is_mapped = NULL;
	local->has_ring = false;
}

static int transfers_new(struct local *local, uint8_t endpoint, struct err *err)
{
	for (unsigned i = 0; i < local->ring.transfers; i++) {
		struct local_transfer *slot = &local->transfers[i];

		slot->local = local;
		slot->transfer = libusb_alloc_transfer(0);
		if (!slot->transfer)
			return err_set(err, -ENOMEM, "out of memory");
		libusb_fill_bulk_transfer(slot->transfer, local->handle, endpoint, NULL, 0,
					  transfer_done, slot, 0);
	}
	return 0;
}

static int ring_new(struct local *local, const struct usb_stream_settings *settings,
		    struct err *err)
{
	size_t buffers = (size_t)settings->transfers * USB_RING_BUFFERS_PER_TRANSFER;
	int ret;

	local->transfers = calloc(settings->transfers, sizeof(*local->transfers));
	local->is_mapped = calloc(buffers, sizeof(*local->is_mapped));
	ret = local->transfers && local->is_mapped
		      ? usb_ring_init(&local->ring, &carrier, local, settings, err)
		      : err_set(err, -ENOMEM, "out of memory");
	if (ret) {
		free(local->transfers);
		free(local->is_mapped);
		return ret;
	}
	local->has_ring = true;
	ret = transfers_new(local, settings->endpoint, err);
	if (ret)
		ring_free(local);
	return ret;
}

static int local_stream_start(void *state, const struct usb_stream_settings *settings,
			      struct err *err)
{
	struct local *local = state;
	int ret;

	if (local->is_streaming)
		return err_set(err, -EALREADY, "the stream runs already");
	if (atomic_load(&local->is_gone))
		return gone(local, err);
	ring_free(local);
	ret = ring_new(local, settings, err);
	if (ret)
		return ret;
	ret = usb_ring_start(&local->ring, err);
	if (ret) {
		ring_free(local);
		return ret;
	}
	ring_announce(local, &local->ring);
	local->is_streaming = true;
	return 0;
}

static int local_stream_read(void *state, struct usb_chunk *ret_chunk, int timeout_ms,
			     struct err *err)
{
	struct local *local = state;

	if (!local->has_ring)
		return err_set(err, -ENODATA, "no stream was started");
	return usb_ring_read(&local->ring, ret_chunk, timeout_ms, err);
}

static int local_stream_stop(void *state, struct err *err)
{
	struct local *local = state;

	(void)err;
	if (!local->is_streaming)
		return 0;
	usb_ring_stop(&local->ring, -1);
	ring_announce(local, NULL);
	local->is_streaming = false;
	return 0;
}

static void local_close(void *state)
{
	struct local *local = state;

	local_stream_stop(local, NULL);
	thread_stop(local);
	ring_free(local);
	libusb_release_interface(local->handle, (int)local->interface);
	libusb_close(local->handle);
	libusb_exit(local->context);
}

const struct usb_ops usb_local = {
	.scheme = "usb",
	.state_size = sizeof(struct local),
	.open = local_open,
	.close = local_close,
	.control = local_control,
	.bulk_write = local_bulk_write,
	.bulk_read = local_bulk_read,
	.clear_halt = local_clear_halt,
	.stream_start = local_stream_start,
	.stream_read = local_stream_read,
	.stream_stop = local_stream_stop,
};
