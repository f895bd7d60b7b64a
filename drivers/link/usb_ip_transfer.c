/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A device behind USB/IP: single transfers, each a URB that is awaited.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "drivers/link/deadline.h"
#include "drivers/link/usb_ip_parts.h"

enum {
	BULK_BYTES = 64 << 10, /* of one URB of a long write */

	/* USB 2.0, chapter 9. */
	REQUEST_CLEAR_FEATURE = 1,
	TYPE_TO_ENDPOINT = 0x02,
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
static void urb_take_back(struct usb_ip_handle *ip, struct usb_ip_urb *urb, struct waiter *waiter)
{
	usb_ip_urb_unlink(&ip->connection, urb);
	if (waiter_wait(waiter, USB_IP_UNLINK_MS))
		return;
	usb_ip_connection_end(&ip->connection, -ENODEV,
			      "the server answers nothing any more, not even an unlink");
	pthread_mutex_lock(&waiter->lock);
	while (!waiter->is_done)
		pthread_cond_wait(&waiter->changed, &waiter->lock);
	pthread_mutex_unlock(&waiter->lock);
}

int usb_ip_status_result(struct usb_ip_handle *ip, int status, struct err *err)
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

static int urb_run(struct usb_ip_handle *ip, struct usb_ip_urb *urb, int timeout_ms,
		   struct err *err)
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
	return usb_ip_status_result(ip, urb->status, err);
}

/* ---- single transfers ---- */

int usb_ip_control(void *state, const uint8_t setup[USB_SETUP_BYTES], void *data, int timeout_ms,
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

int usb_ip_bulk_write(void *state, uint8_t endpoint, const void *bytes, size_t count,
		      int timeout_ms, struct err *err)
{
	int64_t deadline_ns = deadline_after_ms(timeout_ms);
	size_t sent = 0;
	int ret = 0;

	while (!ret && sent < count) {
		struct usb_ip_urb urb = {.endpoint = endpoint & USB_IP_ENDPOINT_NUMBER,
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

int usb_ip_bulk_read(void *state, uint8_t endpoint, void *bytes, size_t capacity, int timeout_ms,
		     size_t *ret_count, struct err *err)
{
	struct usb_ip_urb urb = {.endpoint = endpoint & USB_IP_ENDPOINT_NUMBER,
				 .is_in = true,
				 .bytes = bytes,
				 .length = capacity < INT32_MAX ? capacity : INT32_MAX};
	int ret = urb_run(state, &urb, timeout_ms, err);

	if (!ret)
		*ret_count = urb.count;
	return ret;
}

int usb_ip_clear_halt(void *state, uint8_t endpoint, struct err *err)
{
	const uint8_t setup[USB_SETUP_BYTES] = {TYPE_TO_ENDPOINT,
						REQUEST_CLEAR_FEATURE, [4] = endpoint};
	size_t count;

	return usb_ip_control(state, setup, NULL, USB_IP_SETUP_MS, &count, err);
}
