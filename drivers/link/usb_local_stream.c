/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A local USB device: the stream, a ring (usb_ring.h) whose carrier is libusb.
 *
 * - A device that is unplugged shows as the status of a transfer, or as an error of submitting one,
 *   or as both: whichever comes first ends the stream, the others are cancelled and awaited.
 * - The kernel's limit for all transfers together is usbfs_memory_mb; a submit beyond it fails.
 */
#include <errno.h>
#include <stdlib.h>

#include "drivers/link/usb_local_parts.h"

struct local_transfer {
	struct usb_local_handle *local;
	struct libusb_transfer *transfer;
};

static void ring_announce(struct usb_local_handle *local, struct usb_ring *ring)
{
	pthread_mutex_lock(&local->lock);
	local->to_retry = ring;
	pthread_mutex_unlock(&local->lock);
	libusb_interrupt_event_handler(local->context);
}

static void LIBUSB_CALL transfer_done(struct libusb_transfer *transfer)
{
	struct local_transfer *slot = transfer->user_data;
	struct usb_local_handle *local = slot->local;
	struct err err;

	if (transfer->status == LIBUSB_TRANSFER_NO_DEVICE)
		atomic_store(&local->is_gone, true);
	err_set(&err, 0, "%s", usb_local_ends[transfer->status].sentence);
	usb_ring_complete(&local->ring, (unsigned)(slot - local->transfers),
			  usb_local_ends[transfer->status].code, (size_t)transfer->actual_length,
			  &err);
}

static int carrier_submit(void *context, unsigned transfer, uint8_t *bytes, size_t size)
{
	struct usb_local_handle *local = context;
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
	struct usb_local_handle *local = context;

	/* "Not found" is one that came back meanwhile. */
	libusb_cancel_transfer(local->transfers[transfer].transfer);
}

/* A prefix in front of each buffer would break its alignment, so that a table says which of them
 * are the kernel's; they are freed in the order in which they were made. */
static uint8_t *carrier_buffer_new(void *context, size_t size)
{
	struct usb_local_handle *local = context;
	unsigned index = local->ring.empty_count;
	uint8_t *bytes = libusb_dev_mem_alloc(local->handle, size);

	local->is_mapped[index] = bytes;
	return bytes ? bytes : malloc(size);
}

static void carrier_buffer_free(void *context, uint8_t *bytes, size_t size)
{
	struct usb_local_handle *local = context;

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

void usb_local_ring_free(struct usb_local_handle *local)
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

static int transfers_new(struct usb_local_handle *local, uint8_t endpoint, struct err *err)
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

static int ring_new(struct usb_local_handle *local, const struct usb_stream_settings *settings,
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
		usb_local_ring_free(local);
	return ret;
}

int usb_local_stream_start(void *state, const struct usb_stream_settings *settings, struct err *err)
{
	struct usb_local_handle *local = state;
	int ret;

	if (local->is_streaming)
		return err_set(err, -EALREADY, "the stream runs already");
	if (atomic_load(&local->is_gone))
		return usb_local_gone(local, err);
	usb_local_ring_free(local);
	ret = ring_new(local, settings, err);
	if (ret)
		return ret;
	ret = usb_ring_start(&local->ring, err);
	if (ret) {
		usb_local_ring_free(local);
		return ret;
	}
	ring_announce(local, &local->ring);
	local->is_streaming = true;
	return 0;
}

int usb_local_stream_read(void *state, struct usb_chunk *ret_chunk, int timeout_ms, struct err *err)
{
	struct usb_local_handle *local = state;

	if (!local->has_ring)
		return err_set(err, -ENODATA, "no stream was started");
	return usb_ring_read(&local->ring, ret_chunk, timeout_ms, err);
}

int usb_local_stream_stop(void *state, struct err *err)
{
	struct usb_local_handle *local = state;

	(void)err;
	if (!local->is_streaming)
		return 0;
	usb_ring_stop(&local->ring, -1);
	ring_announce(local, NULL);
	local->is_streaming = false;
	return 0;
}
