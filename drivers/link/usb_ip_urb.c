/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See usb_ip_urb.h. Answers are matched by their sequence number. After a RET_UNLINK no RET_SUBMIT
 * comes for that URB (stub_recv_cmd_unlink in the kernel's drivers/usb/usbip/stub_rx.c).
 */
#include "drivers/link/usb_ip_urb.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { QUEUE_FIRST_BYTES = 4096, RECEIVES = 64 /* between two looks at what is to be sent */ };

/* ---- sending, with the lock held ---- */

static void end_locked(struct usb_ip_connection *connection, int code, const char *why)
{
	if (connection->end)
		return;
	connection->end = code;
	err_set(&connection->end_err, 0, "%s", why);
}

static void wake(struct usb_ip_connection *connection)
{
	const uint64_t one = 1;

	/* Fails only when it is awake already. */
	if (write(connection->wake_fd, &one, sizeof(one)) < 0)
		return;
}

static void queue_flush(struct usb_ip_connection *connection)
{
	while (!connection->end && connection->queue_begin < connection->queue_end) {
		ssize_t sent = send(connection->fd, connection->queue + connection->queue_begin,
				    connection->queue_end - connection->queue_begin,
				    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN)
			return;
		if (sent < 0)
			end_locked(connection, -ENODEV, "the far end hung up");
		else
			connection->queue_begin += (size_t)sent;
	}
	connection->queue_begin = connection->queue_end = 0;
}

static int queue_reserve(struct usb_ip_connection *connection, size_t count)
{
	size_t capacity =
		connection->queue_capacity ? connection->queue_capacity : QUEUE_FIRST_BYTES;
	uint8_t *queue;

	if (connection->queue_begin) {
		memmove(connection->queue, connection->queue + connection->queue_begin,
			connection->queue_end - connection->queue_begin);
		connection->queue_end -= connection->queue_begin;
		connection->queue_begin = 0;
	}
	while (capacity - connection->queue_end < count)
		capacity *= 2;
	if (capacity == connection->queue_capacity)
		return 0;
	queue = realloc(connection->queue, capacity);
	if (!queue)
		return -ENOMEM;
	connection->queue = queue;
	connection->queue_capacity = capacity;
	return 0;
}

static void queue_put(struct usb_ip_connection *connection, const void *bytes, size_t count)
{
	if (count)
		memcpy(connection->queue + connection->queue_end, bytes, count);
	connection->queue_end += count;
}

static uint32_t seqnum_next(struct usb_ip_connection *connection)
{
	if (!++connection->last_seqnum)
		++connection->last_seqnum;
	return connection->last_seqnum;
}

/* Sends what the socket takes; the rest, and the news of an end, are the thread's. */
static void queue_push(struct usb_ip_connection *connection)
{
	queue_flush(connection);
	if (connection->end || connection->queue_begin < connection->queue_end)
		wake(connection);
}

/* ---- the calls ---- */

int usb_ip_urb_submit(struct usb_ip_connection *connection, struct usb_ip_urb *urb)
{
	struct usb_ip_submit submit = {.devid = connection->devid,
				       .endpoint = urb->endpoint,
				       .is_in = urb->is_in,
				       .length = (uint32_t)urb->length};
	uint8_t header[USB_IP_HEADER_BYTES];
	size_t payload = urb->is_in ? 0 : urb->length;
	int ret;

	memcpy(submit.setup, urb->setup, sizeof(submit.setup));
	pthread_mutex_lock(&connection->lock);
	assert(!urb->seqnum);
	ret = connection->end;
	if (!ret)
		ret = queue_reserve(connection, sizeof(header) + payload);
	if (!ret) {
		urb->seqnum = submit.seqnum = seqnum_next(connection);
		urb->unlink_seqnum = 0;
		urb->status = 0;
		urb->count = 0;
		urb->next = connection->pending;
		connection->pending = urb;
		usb_ip_pack_submit(&submit, header);
		queue_put(connection, header, sizeof(header));
		queue_put(connection, urb->bytes, payload);
		queue_push(connection);
	}
	pthread_mutex_unlock(&connection->lock);
	return ret;
}

void usb_ip_urb_unlink(struct usb_ip_connection *connection, struct usb_ip_urb *urb)
{
	uint8_t header[USB_IP_HEADER_BYTES];

	pthread_mutex_lock(&connection->lock);
	if (urb->seqnum && !urb->unlink_seqnum && !connection->end) {
		if (queue_reserve(connection, sizeof(header))) {
			end_locked(connection, -ENOMEM, "out of memory");
			wake(connection);
		} else {
			urb->unlink_seqnum = seqnum_next(connection);
			usb_ip_pack_unlink(urb->unlink_seqnum, connection->devid, urb->seqnum,
					   header);
			queue_put(connection, header, sizeof(header));
			queue_push(connection);
		}
	}
	pthread_mutex_unlock(&connection->lock);
}

void usb_ip_connection_end(struct usb_ip_connection *connection, int code, const char *why)
{
	pthread_mutex_lock(&connection->lock);
	end_locked(connection, code, why);
	wake(connection);
	pthread_mutex_unlock(&connection->lock);
}

int usb_ip_connection_state(struct usb_ip_connection *connection, struct err *err)
{
	int end;

	pthread_mutex_lock(&connection->lock);
	end = connection->end;
	if (end)
		err_set(err, end, "%s", connection->end_err.text);
	pthread_mutex_unlock(&connection->lock);
	return end;
}

/* ---- the thread: receiving ---- */

/* Takes the URB with this number out of those under way, or returns NULL. */
static struct usb_ip_urb *pending_take(struct usb_ip_connection *connection,
				       const struct usb_ip_reply *reply)
{
	bool is_unlink = reply->command == USB_IP_RET_UNLINK;
	struct usb_ip_urb **at, *urb;

	pthread_mutex_lock(&connection->lock);
	for (at = &connection->pending; *at; at = &(*at)->next)
		if ((is_unlink ? (*at)->unlink_seqnum : (*at)->seqnum) == reply->seqnum)
			break;
	urb = *at;
	if (urb)
		*at = urb->next;
	pthread_mutex_unlock(&connection->lock);
	return urb;
}

static bool was_asked(struct usb_ip_connection *connection, uint32_t seqnum)
{
	bool was;

	pthread_mutex_lock(&connection->lock);
	was = seqnum && seqnum <= connection->last_seqnum;
	pthread_mutex_unlock(&connection->lock);
	return was;
}

static void urb_give_back(struct usb_ip_connection *connection, struct usb_ip_urb *urb, int status,
			  size_t count)
{
	pthread_mutex_lock(&connection->lock);
	urb->seqnum = 0;
	urb->unlink_seqnum = 0;
	pthread_mutex_unlock(&connection->lock);
	urb->status = status;
	urb->count = count;
	urb->done(urb);
}

static void garbage(struct usb_ip_connection *connection, const char *what)
{
	usb_ip_connection_end(connection, -EPROTO, what);
}

static void unlinked(struct usb_ip_connection *connection, const struct usb_ip_reply *reply)
{
	struct usb_ip_urb *urb = reply->seqnum ? pending_take(connection, reply) : NULL;

	/* None: its RET_SUBMIT came first, as the answer's status 0 says. */
	if (urb)
		urb_give_back(connection, urb, -ECONNRESET, 0);
	else if (!was_asked(connection, reply->seqnum))
		garbage(connection, "the far end answers what it was never asked");
}

static void submitted(struct usb_ip_connection *connection, const struct usb_ip_reply *reply)
{
	struct usb_ip_urb *urb = pending_take(connection, reply);

	if (!urb) {
		garbage(connection, "the far end answers what it was never asked");
		return;
	}
	connection->payload_urb = urb;
	connection->payload_have = 0;
	connection->payload_count = urb->is_in ? reply->length : 0;
	if (reply->length > urb->length) {
		connection->payload_count = 0;
		garbage(connection, "the far end sends more than it was asked for");
	}
}

static void header_take(struct usb_ip_connection *connection)
{
	struct usb_ip_reply *reply = &connection->reply;

	connection->header_have = 0;
	if (!usb_ip_unpack_reply(connection->header, reply))
		garbage(connection, "the far end does not speak USB/IP any more");
	else if (reply->command == USB_IP_RET_UNLINK)
		unlinked(connection, reply);
	else
		submitted(connection, reply);
}

static void payload_take(struct usb_ip_connection *connection)
{
	struct usb_ip_urb *urb = connection->payload_urb;

	connection->payload_urb = NULL;
	urb_give_back(connection, urb, connection->reply.status, connection->reply.length);
}

/* Receives into the header or the payload under way. False: nothing more is there now. */
static bool receive_some(struct usb_ip_connection *connection)
{
	bool is_payload = connection->payload_urb;
	size_t *have = is_payload ? &connection->payload_have : &connection->header_have;
	size_t want = is_payload ? connection->payload_count : USB_IP_HEADER_BYTES;
	uint8_t *bytes = is_payload ? connection->payload_urb->bytes : connection->header;
	ssize_t got =
		want > *have ? recv(connection->fd, bytes + *have, want - *have, MSG_DONTWAIT) : 0;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return errno == EINTR;
	if (got < 0 || (!got && want > *have)) {
		usb_ip_connection_end(connection, -ENODEV, "the far end hung up");
		return false;
	}
	*have += (size_t)got;
	if (*have < want)
		return true;
	if (is_payload)
		payload_take(connection);
	else
		header_take(connection);
	return true;
}

/* ---- the thread: its loop ---- */

static bool is_over(struct usb_ip_connection *connection)
{
	bool over;

	pthread_mutex_lock(&connection->lock);
	over = connection->quit || connection->end;
	pthread_mutex_unlock(&connection->lock);
	return over;
}

static void wait_and_send(struct usb_ip_connection *connection)
{
	struct pollfd fds[2] = {{.fd = connection->fd, .events = POLLIN},
				{.fd = connection->wake_fd, .events = POLLIN}};
	int ms = connection->before_wait(connection->context);
	uint64_t woken;

	pthread_mutex_lock(&connection->lock);
	if (connection->queue_begin < connection->queue_end)
		fds[0].events |= POLLOUT;
	pthread_mutex_unlock(&connection->lock);
	poll(fds, 2, ms);
	if (fds[1].revents && read(connection->wake_fd, &woken, sizeof(woken)) < 0)
		return;
	if (!(fds[0].revents & POLLOUT))
		return;
	pthread_mutex_lock(&connection->lock);
	queue_flush(connection);
	pthread_mutex_unlock(&connection->lock);
}

/* Takes any URB that is under way, or returns NULL. */
static struct usb_ip_urb *any_take(struct usb_ip_connection *connection)
{
	struct usb_ip_urb *urb = connection->payload_urb;

	connection->payload_urb = NULL;
	if (urb)
		return urb;
	pthread_mutex_lock(&connection->lock);
	urb = connection->pending;
	if (urb)
		connection->pending = urb->next;
	pthread_mutex_unlock(&connection->lock);
	return urb;
}

/* Everything that is under way comes back with the connection's end; nothing is submitted any more.
 */
static void give_all_back(struct usb_ip_connection *connection)
{
	struct usb_ip_urb *urb;
	int end;

	pthread_mutex_lock(&connection->lock);
	end_locked(connection, -ENODEV, "the connection was closed");
	end = connection->end;
	pthread_mutex_unlock(&connection->lock);
	while ((urb = any_take(connection)))
		urb_give_back(connection, urb, end, 0);
}

static void *connection_run(void *arg)
{
	struct usb_ip_connection *connection = arg;

	while (!is_over(connection)) {
		wait_and_send(connection);
		for (int i = 0; i < RECEIVES && !is_over(connection); i++)
			if (!receive_some(connection))
				break;
	}
	give_all_back(connection);
	return NULL;
}

int usb_ip_connection_open(struct usb_ip_connection *connection, int fd, uint32_t devid,
			   int (*before_wait)(void *context), void *context, struct err *err)
{
	int ret;

	memset(connection, 0, sizeof(*connection));
	connection->fd = fd;
	connection->devid = devid;
	connection->before_wait = before_wait;
	connection->context = context;
	connection->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (connection->wake_fd < 0) {
		ret = -errno;
		close(fd);
		return err_set(err, ret, "a connection: %s", strerror(-ret));
	}
	pthread_mutex_init(&connection->lock, NULL);
	ret = -pthread_create(&connection->thread, NULL, connection_run, connection);
	if (!ret)
		return 0;
	pthread_mutex_destroy(&connection->lock);
	close(connection->wake_fd);
	close(fd);
	return err_set(err, ret, "a thread for the connection: %s", strerror(-ret));
}

void usb_ip_connection_close(struct usb_ip_connection *connection)
{
	pthread_mutex_lock(&connection->lock);
	connection->quit = true;
	wake(connection);
	pthread_mutex_unlock(&connection->lock);
	pthread_join(connection->thread, NULL);
	pthread_mutex_destroy(&connection->lock);
	free(connection->queue);
	close(connection->wake_fd);
	close(connection->fd);
}
