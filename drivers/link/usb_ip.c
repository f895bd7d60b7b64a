/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A USB device that a USB/IP server exports, driven from this process: what the kernel's vhci-hcd
 * does for drivers of its own, without it. Documentation/usb/usbip_protocol.rst in the kernel.
 *
 * As vhci-hcd does, the device is asked for its descriptors and set to its first configuration
 * after the import; its address is the server's affair.
 *
 * A server that is asked to give URBs back and does not, for UNLINK_MS, is taken for dead: the
 * connection is closed, which brings them back.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "drivers/link/deadline.h"
#include "drivers/link/usb_ip_import.h"
#include "drivers/link/usb_ip_urb.h"
#include "drivers/link/usb_kinds.h"
#include "drivers/link/usb_ring.h"

enum {
	SETUP_MS = 5000, /* of each request while the device is set up */
	UNLINK_MS = 2000,
	BULK_BYTES = 64 << 10, /* of one URB of a long write */
	IDLE_MS = 1000,

	/* USB 2.0, chapter 9. */
	ENDPOINT_NUMBER = 0x0F,
	REQUEST_CLEAR_FEATURE = 1,
	REQUEST_GET_DESCRIPTOR = 6,
	REQUEST_SET_CONFIGURATION = 9,
	TYPE_IN = 0x80,
	TYPE_TO_ENDPOINT = 0x02,
	DESCRIPTOR_DEVICE = 1,
	DESCRIPTOR_CONFIGURATION = 2,
	DESCRIPTOR_STRING = 3,
	DESCRIPTOR_INTERFACE = 4,
	DEVICE_BYTES = 18,
	CONFIGURATION_BYTES = 9,
	CONFIGURATION_MAX = 4096,
	STRING_BYTES = 255,
};

struct ip {
	struct usb_ip_connection connection;
	pthread_mutex_t lock;  /* of the fields below */
	struct usb_ring *ring; /* NULL: none that wants to be called */
	bool has_ring, is_streaming;
	struct usb_ring stream;
	struct usb_ip_urb *urbs; /* one per transfer of the ring */
};

/* ---- one transfer, awaited ---- */

struct waiter {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_done;
};

static void waiter_done(struct usb_ip_urb *urb)
{
	struct waiter *waiter = urb->context;

	pthread_mutex_lock(&waiter->lock);
	waiter->is_done = true;
	pthread_cond_signal(&waiter->changed);
	pthread_mutex_unlock(&waiter->lock);
}

static void waiter_init(struct waiter *waiter)
{
	pthread_condattr_t attr;

	waiter->is_done = false;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&waiter->changed, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&waiter->lock, NULL);
}

static bool waiter_wait(struct waiter *waiter, int timeout_ms)
{
	int64_t deadline_ns = deadline_after_ms(timeout_ms);
	const struct timespec until = {.tv_sec = deadline_ns / 1000000000,
				       .tv_nsec = deadline_ns % 1000000000};
	int ret = 0;
	bool is_done;

	pthread_mutex_lock(&waiter->lock);
	while (!waiter->is_done && ret != ETIMEDOUT)
		ret = pthread_cond_timedwait(&waiter->changed, &waiter->lock, &until);
	is_done = waiter->is_done;
	pthread_mutex_unlock(&waiter->lock);
	return is_done;
}

static void waiter_finish(struct waiter *waiter)
{
	pthread_mutex_destroy(&waiter->lock);
	pthread_cond_destroy(&waiter->changed);
}

/* After its time is over: unlinked, and awaited all the same. */
static void urb_take_back(struct ip *ip, struct usb_ip_urb *urb, struct waiter *waiter)
{
	usb_ip_urb_unlink(&ip->connection, urb);
	if (waiter_wait(waiter, UNLINK_MS))
		return;
	usb_ip_connection_end(&ip->connection, -ENODEV,
			      "the server answers nothing any more, not even an unlink");
	pthread_mutex_lock(&waiter->lock);
	while (!waiter->is_done)
		pthread_cond_wait(&waiter->changed, &waiter->lock);
	pthread_mutex_unlock(&waiter->lock);
}

static int status_result(struct ip *ip, int status, struct err *err)
{
	if (!status || status == -EREMOTEIO)
		return 0;
	if (status == -EPIPE)
		return err_set(err, -EPIPE, "the device refused it (STALL), or halted");
	if (usb_ip_connection_state(&ip->connection, err))
		return status == -EPROTO ? -EPROTO : -ENODEV;
	if (status == -ENODEV || status == -ESHUTDOWN)
		return err_set(err, -ENODEV, "the device is gone (unplugged?)");
	if (status == -EOVERFLOW)
		return err_set(err, -EOVERFLOW, "the device sent more than was asked for");
	return err_set(err, -EIO, "the bus reported an error: %s", strerror(-status));
}

static int urb_run(struct ip *ip, struct usb_ip_urb *urb, int timeout_ms, struct err *err)
{
	struct waiter waiter;
	bool is_late;
	int ret;

	waiter_init(&waiter);
	urb->done = waiter_done;
	urb->context = &waiter;
	ret = usb_ip_urb_submit(&ip->connection, urb);
	if (ret) {
		waiter_finish(&waiter);
		return ret == -ENOMEM ? err_set(err, ret, "out of memory")
				      : usb_ip_connection_state(&ip->connection, err);
	}
	is_late = !waiter_wait(&waiter, timeout_ms);
	if (is_late)
		urb_take_back(ip, urb, &waiter);
	waiter_finish(&waiter);
	if (is_late && urb->status == -ECONNRESET)
		return err_set(err, -ETIMEDOUT, "timed out after %d ms", timeout_ms);
	return status_result(ip, urb->status, err);
}

/* ---- single transfers ---- */

static int ip_control(void *state, const uint8_t setup[USB_SETUP_BYTES], void *data, int timeout_ms,
		      size_t *ret_count, struct err *err)
{
	struct usb_ip_urb urb = {.is_in = usb_is_in(setup) && usb_setup_length(setup),
				 .bytes = data,
				 .length = usb_setup_length(setup)};
	int ret;

	memcpy(urb.setup, setup, sizeof(urb.setup));
	ret = urb_run(state, &urb, timeout_ms, err);
	if (!ret)
		*ret_count = urb.count;
	return ret;
}

static int ip_bulk_write(void *state, uint8_t endpoint, const void *bytes, size_t count,
			 int timeout_ms, struct err *err)
{
	int64_t deadline_ns = deadline_after_ms(timeout_ms);
	size_t sent = 0;
	int ret = 0;

	while (!ret && sent < count) {
		struct usb_ip_urb urb = {.endpoint = endpoint & ENDPOINT_NUMBER,
					 .bytes = (uint8_t *)bytes + sent,
					 .length = count - sent < BULK_BYTES ? count - sent
									     : BULK_BYTES};

		ret = urb_run(state, &urb, deadline_left_ms(deadline_ns), err);
		if (!ret && !urb.count)
			ret = err_set(err, -EIO, "the device took nothing");
		sent += urb.count;
	}
	if (ret == -ETIMEDOUT)
		err_set(err, ret, "%zu of %zu bytes sent within %d ms", sent, count, timeout_ms);
	return ret;
}

static int ip_bulk_read(void *state, uint8_t endpoint, void *bytes, size_t capacity, int timeout_ms,
			size_t *ret_count, struct err *err)
{
	struct usb_ip_urb urb = {.endpoint = endpoint & ENDPOINT_NUMBER,
				 .is_in = true,
				 .bytes = bytes,
				 .length = capacity < INT32_MAX ? capacity : INT32_MAX};
	int ret = urb_run(state, &urb, timeout_ms, err);

	if (!ret)
		*ret_count = urb.count;
	return ret;
}

static int ip_clear_halt(void *state, uint8_t endpoint, struct err *err)
{
	const uint8_t setup[USB_SETUP_BYTES] = {TYPE_TO_ENDPOINT,
						REQUEST_CLEAR_FEATURE, [4] = endpoint};
	size_t count;

	return ip_control(state, setup, NULL, SETUP_MS, &count, err);
}

/* ---- setting the device up ---- */

static int descriptor_read(struct ip *ip, uint8_t type, uint8_t index, uint16_t language,
			   uint8_t *bytes, uint16_t length, size_t *ret_count, struct err *err)
{
	const uint8_t setup[USB_SETUP_BYTES] = {TYPE_IN,
						REQUEST_GET_DESCRIPTOR,
						index,
						type,
						(uint8_t)language,
						(uint8_t)(language >> 8),
						(uint8_t)length,
						(uint8_t)(length >> 8)};

	return ip_control(ip, setup, bytes, SETUP_MS, ret_count, err);
}

/* UTF-16 as far as it is ASCII; a device without such a string has "". */
static void string_read(struct ip *ip, uint8_t index, uint16_t language, char *text, size_t size)
{
	uint8_t bytes[STRING_BYTES];
	size_t count = 0, used = 0;

	if (index && descriptor_read(ip, DESCRIPTOR_STRING, index, language, bytes, sizeof(bytes),
				     &count, NULL))
		count = 0;
	if (count > 0 && count > bytes[0])
		count = bytes[0];
	for (size_t at = 2; at + 1 < count && used + 1 < size; at += 2)
		text[used++] =
			(char)(bytes[at + 1] || bytes[at] > 126 || bytes[at] < 32 ? '?'
										  : bytes[at]);
	text[used] = '\0';
}

static void strings_read(struct ip *ip, const uint8_t device[DEVICE_BYTES],
			 struct usb_identity *identity)
{
	uint8_t languages[STRING_BYTES];
	size_t count = 0;
	uint16_t language;

	if (descriptor_read(ip, DESCRIPTOR_STRING, 0, 0, languages, sizeof(languages), &count,
			    NULL) ||
	    count < 4)
		return;
	language = (uint16_t)(languages[2] | languages[3] << 8);
	string_read(ip, device[14], language, identity->manufacturer,
		    sizeof(identity->manufacturer));
	string_read(ip, device[15], language, identity->product_name,
		    sizeof(identity->product_name));
	string_read(ip, device[16], language, identity->serial, sizeof(identity->serial));
	usb_identity_judge(identity);
}

static int device_read(struct ip *ip, struct usb_identity *identity, struct err *err)
{
	uint8_t device[DEVICE_BYTES];
	size_t count = 0;
	int ret = descriptor_read(ip, DESCRIPTOR_DEVICE, 0, 0, device, sizeof(device), &count, err);

	if (ret)
		return err_context(err, ret, "device descriptor");
	if (count != sizeof(device) || device[0] != sizeof(device) ||
	    device[1] != DESCRIPTOR_DEVICE)
		return err_set(err, -EPROTO, "its device descriptor makes no sense");
	*identity = (struct usb_identity){.vendor = (uint16_t)(device[8] | device[9] << 8),
					  .product = (uint16_t)(device[10] | device[11] << 8),
					  .version_bcd = (uint16_t)(device[12] | device[13] << 8)};
	strings_read(ip, device, identity);
	return 0;
}

static bool has_interface(const uint8_t *bytes, size_t count, unsigned interface)
{
	for (size_t at = 0; at + 2 < count && bytes[at] >= 2; at += bytes[at])
		if (bytes[at + 1] == DESCRIPTOR_INTERFACE && bytes[at + 2] == interface)
			return true;
	return false;
}

static int configuration_set(struct ip *ip, unsigned interface, struct err *err)
{
	uint8_t bytes[CONFIGURATION_MAX];
	size_t count = 0;
	int ret = descriptor_read(ip, DESCRIPTOR_CONFIGURATION, 0, 0, bytes, CONFIGURATION_BYTES,
				  &count, err);
	uint16_t total = (uint16_t)(bytes[2] | bytes[3] << 8);

	if (!ret && (count < CONFIGURATION_BYTES || bytes[1] != DESCRIPTOR_CONFIGURATION ||
		     total < CONFIGURATION_BYTES || total > sizeof(bytes)))
		ret = err_set(err, -EPROTO, "it makes no sense");
	if (!ret)
		ret = descriptor_read(ip, DESCRIPTOR_CONFIGURATION, 0, 0, bytes, total, &count,
				      err);
	if (ret)
		return err_context(err, ret, "configuration descriptor");
	if (!has_interface(bytes, count, interface))
		return err_set(err, -ENOTSUP, "the device has no interface %u", interface);
	ret = ip_control(ip,
			 (const uint8_t[USB_SETUP_BYTES]){0, REQUEST_SET_CONFIGURATION, bytes[5]},
			 NULL, SETUP_MS, &count, err);
	return ret ? err_context(err, ret, "setting its configuration") : 0;
}

/* ---- opening and closing ---- */

static int before_wait(void *context)
{
	struct ip *ip = context;
	int ms = IDLE_MS;

	pthread_mutex_lock(&ip->lock);
	if (ip->ring)
		ms = usb_ring_retry(ip->ring);
	pthread_mutex_unlock(&ip->lock);
	return ms;
}

static int device_set_up(struct ip *ip, const struct usb_expected *expected,
			 struct usb_identity *ret_identity, struct err *err)
{
	int ret = device_read(ip, ret_identity, err);

	if (!ret)
		ret = usb_expected_check(expected, ret_identity, err);
	if (!ret)
		ret = configuration_set(ip, expected->interface, err);
	return ret;
}

static int ip_open_any(struct ip *ip, const char *address, bool is_unix,
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
	ret = device_set_up(ip, expected, ret_identity, err);
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

/* ---- the stream ---- */

static void stream_done(struct usb_ip_urb *urb)
{
	struct ip *ip = urb->context;
	struct err err = {""};
	int code = urb->status == -ECONNRESET || urb->status == -ENOENT
			   ? -ECANCELED
			   : status_result(ip, urb->status, &err);

	usb_ring_complete(&ip->stream, (unsigned)(urb - ip->urbs), code, urb->count, &err);
}

static int carrier_submit(void *context, unsigned transfer, uint8_t *bytes, size_t size)
{
	struct ip *ip = context;
	struct usb_ip_urb *urb = &ip->urbs[transfer];

	urb->bytes = bytes;
	urb->length = size;
	return usb_ip_urb_submit(&ip->connection, urb);
}

static void carrier_cancel(void *context, unsigned transfer)
{
	struct ip *ip = context;

	usb_ip_urb_unlink(&ip->connection, &ip->urbs[transfer]);
}

static uint8_t *carrier_buffer_new(void *context, size_t size)
{
	(void)context;
	return malloc(size);
}

static void carrier_buffer_free(void *context, uint8_t *bytes, size_t size)
{
	(void)context;
	(void)size;
	free(bytes);
}

static const struct usb_ring_carrier carrier = {
	.submit = carrier_submit,
	.cancel = carrier_cancel,
	.buffer_new = carrier_buffer_new,
	.buffer_free = carrier_buffer_free,
};

static void ring_set(struct ip *ip, struct usb_ring *ring)
{
	pthread_mutex_lock(&ip->lock);
	ip->ring = ring;
	pthread_mutex_unlock(&ip->lock);
}

static void ring_free(struct ip *ip)
{
	if (!ip->has_ring)
		return;
	usb_ring_done(&ip->stream);
	free(ip->urbs);
	ip->urbs = NULL;
	ip->has_ring = false;
}

static int ring_new(struct ip *ip, const struct usb_stream_settings *settings, struct err *err)
{
	int ret = usb_ring_init(&ip->stream, &carrier, ip, settings, err);

	if (ret)
		return ret;
	ip->has_ring = true;
	ip->urbs = calloc(ip->stream.transfers, sizeof(*ip->urbs));
	if (!ip->urbs) {
		ring_free(ip);
		return err_set(err, -ENOMEM, "out of memory");
	}
	for (unsigned i = 0; i < ip->stream.transfers; i++)
		ip->urbs[i] = (struct usb_ip_urb){.endpoint = settings->endpoint & ENDPOINT_NUMBER,
						  .is_in = true,
						  .done = stream_done,
						  .context = ip};
	return 0;
}

static int ip_stream_start(void *state, const struct usb_stream_settings *settings, struct err *err)
{
	struct ip *ip = state;
	int ret;

	if (ip->is_streaming)
		return err_set(err, -EALREADY, "the stream runs already");
	ret = usb_ip_connection_state(&ip->connection, err);
	if (ret)
		return ret;
	ring_free(ip);
	ret = ring_new(ip, settings, err);
	if (!ret)
		ret = usb_ring_start(&ip->stream, err);
	if (ret) {
		ring_free(ip);
		return ret;
	}
	ring_set(ip, &ip->stream);
	ip->is_streaming = true;
	return 0;
}

static int ip_stream_read(void *state, struct usb_chunk *ret_chunk, int timeout_ms, struct err *err)
{
	struct ip *ip = state;

	if (!ip->has_ring)
		return err_set(err, -ENODATA, "no stream was started");
	return usb_ring_read(&ip->stream, ret_chunk, timeout_ms, err);
}

static int ip_stream_stop(void *state, struct err *err)
{
	struct ip *ip = state;

	(void)err;
	if (!ip->is_streaming)
		return 0;
	if (usb_ring_stop(&ip->stream, UNLINK_MS)) {
		usb_ip_connection_end(&ip->connection, -ENODEV,
				      "the server answers nothing any more, not even an unlink");
		usb_ring_stop(&ip->stream, -1);
	}
	ring_set(ip, NULL);
	ip->is_streaming = false;
	return 0;
}

static void ip_close(void *state)
{
	struct ip *ip = state;

	ip_stream_stop(ip, NULL);
	usb_ip_connection_close(&ip->connection);
	ring_free(ip);
	pthread_mutex_destroy(&ip->lock);
}

#define USB_IP_KIND(name, text, hook)                                                              \
	const struct usb_ops name = {                                                              \
		.scheme = text,                                                                    \
		.state_size = sizeof(struct ip),                                                   \
		.open = hook,                                                                      \
		.close = ip_close,                                                                 \
		.control = ip_control,                                                             \
		.bulk_write = ip_bulk_write,                                                       \
		.bulk_read = ip_bulk_read,                                                         \
		.clear_halt = ip_clear_halt,                                                       \
		.stream_start = ip_stream_start,                                                   \
		.stream_read = ip_stream_read,                                                     \
		.stream_stop = ip_stream_stop,                                                     \
	}

USB_IP_KIND(usb_ip, "usbip", ip_open);
USB_IP_KIND(usb_ip_unix, "usbip+unix", ip_open_unix);
