/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A local USB device: single transfers, awaited by whoever asked for them.
 *
 * A time-out of 0 means none to libusb.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/link/deadline.h"
#include "drivers/link/usb_local_parts.h"

enum { BULK_BYTES = 256 << 10 /* of one transfer of a long write */ };

const struct usb_local_end usb_local_ends[] = {
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
static int transfer_run(struct usb_local_handle *local, struct libusb_transfer *transfer,
			struct err *err)
{
	struct waiter waiter = {.is_done = false};
	int ret;

	if (atomic_load(&local->is_gone))
		return usb_local_gone(local, err);
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
		return usb_local_check_device(local, ret, "submitting a transfer", err);
	if (transfer->status == LIBUSB_TRANSFER_NO_DEVICE)
		return usb_local_gone(local, err);
	return err_set(err, usb_local_ends[transfer->status].code, "%s",
		       usb_local_ends[transfer->status].sentence);
}

static unsigned libusb_ms(int timeout_ms)
{
	return timeout_ms > 0 ? (unsigned)timeout_ms : 1;
}

int usb_local_control(void *state, const uint8_t setup[USB_SETUP_BYTES], void *data, int timeout_ms,
		      size_t *ret_count, struct err *err)
{
	struct usb_local_handle *local = state;
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

static int bulk_run(struct usb_local_handle *local, uint8_t endpoint, uint8_t *bytes, size_t count,
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

int usb_local_bulk_write(void *state, uint8_t endpoint, const void *bytes, size_t count,
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
int usb_local_bulk_read(void *state, uint8_t endpoint, void *bytes, size_t capacity, int timeout_ms,
			size_t *ret_count, struct err *err)
{
	size_t count = 0;
	int ret = bulk_run(state, endpoint, bytes, capacity, timeout_ms, &count, err);

	if (ret && !(ret == -ETIMEDOUT && count))
		return ret;
	*ret_count = count;
	return 0;
}

int usb_local_clear_halt(void *state, uint8_t endpoint, struct err *err)
{
	struct usb_local_handle *local = state;

	return usb_local_check_device(local, libusb_clear_halt(local->handle, endpoint),
				      "clearing the halt", err);
}
