/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The telnet connection under RFC 2217: see telnet_stream.h.
 *
 * FLOWCONTROL-SUSPEND is not honoured: the stream itself holds a sender back.
 */
#define _GNU_SOURCE /* strcasestr */
#include "drivers/link/telnet_stream.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/link/deadline.h"

enum { INBOX_MAX = 1 << 20, RECEIVE_SIZE = 16384, LAST_WORDS = 4 /* reads of a closed end */ };

/* ---- receiving ---- */

static int inbox_append(struct telnet_stream *stream, const uint8_t *bytes, size_t count)
{
	size_t need = stream->inbox_count + count;

	if (need > INBOX_MAX)
		return -ENOBUFS;
	if (stream->inbox_count > 0 && stream->inbox_head + need > stream->inbox_capacity) {
		memmove(stream->inbox, stream->inbox + stream->inbox_head, stream->inbox_count);
		stream->inbox_head = 0;
	}
	if (need > stream->inbox_capacity) {
		uint8_t *grown = realloc(stream->inbox, 2 * need);

		if (!grown)
			return -ENOMEM;
		stream->inbox = grown;
		stream->inbox_capacity = 2 * need;
	}
	memcpy(stream->inbox + stream->inbox_head + stream->inbox_count, bytes, count);
	stream->inbox_count = need;
	return 0;
}

static size_t inbox_take(struct telnet_stream *stream, void *buffer, size_t capacity)
{
	size_t count = stream->inbox_count < capacity ? stream->inbox_count : capacity;

	if (count == 0)
		return 0;
	memcpy(buffer, stream->inbox + stream->inbox_head, count);
	stream->inbox_head += count;
	stream->inbox_count -= count;
	if (stream->inbox_count == 0)
		stream->inbox_head = 0;
	return count;
}

static int event_take(struct telnet_stream *stream, const struct telnet_event *event)
{
	uint8_t answer[TELNET_NEGOTIATION_SIZE];
	size_t length;

	switch (event->kind) {
	case TELNET_EVENT_DATA:
		return inbox_append(stream, event->bytes, event->count);
	case TELNET_EVENT_NEGOTIATION:
		length = telnet_answer(&stream->negotiator, event->verb, event->option, answer);
		outbox_put(&stream->outbox, answer, length);
		return 0;
	case TELNET_EVENT_COM_PORT:
		stream->com_port(stream->context, event);
		return 0;
	}
	return 0;
}

static int hung_up(struct telnet_stream *stream, struct err *err)
{
	atomic_store(&stream->gone, true);
	return err_set(err, -ENODEV, "the far end closed the connection");
}

/* Takes what the socket holds now. */
static int receive(struct telnet_stream *stream, struct err *err)
{
	uint8_t bytes[RECEIVE_SIZE];
	ssize_t count = recv(stream->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	size_t taken = 0;
	bool empty;

	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (count <= 0)
		return hung_up(stream, err);
	while (taken < (size_t)count) {
		struct telnet_event event;
		int ret;

		taken += telnet_decode(&stream->decoder, bytes + taken, (size_t)count - taken,
				       &event);
		ret = event_take(stream, &event);
		if (ret)
			return err_set(err, ret, "%zu bytes wait unread: %s", stream->inbox_count,
				       strerror(-ret));
	}
	outbox_flush(&stream->outbox, &empty); /* a hang-up shows at the next recv */
	return 0;
}

/* Waits until something came and was taken: 1, the time was over: 0, or an error. */
static int pump(struct telnet_stream *stream, int64_t deadline_ns, struct err *err)
{
	struct pollfd wait = {.fd = stream->fd, .events = POLLIN};
	bool empty;
	int ret;

	if (atomic_load(&stream->gone))
		return hung_up(stream, err);
	if (!outbox_is_empty(&stream->outbox))
		wait.events |= POLLOUT;
	ret = poll(&wait, 1, deadline_left_ms(deadline_ns));
	if (ret < 0)
		return errno == EINTR ? 1 : err_set(err, -errno, "poll: %s", strerror(errno));
	if (ret == 0)
		return 0;
	if (wait.revents & POLLOUT)
		outbox_flush(&stream->outbox, &empty);
	if (wait.revents & ~POLLOUT) {
		ret = receive(stream, err);
		if (ret)
			return ret;
	}
	return 1;
}

int telnet_stream_pump_until(struct telnet_stream *stream, bool (*done)(const void *arg),
			     const void *arg, int timeout_ms, struct err *err)
{
	int64_t deadline_ns = deadline_after_ms(timeout_ms);

	while (!done(arg)) {
		int ret = pump(stream, deadline_ns, err);

		if (ret < 0)
			return ret;
		if (ret == 0 || link_now_ns() >= deadline_ns)
			return done(arg) ? 0 : -ETIMEDOUT;
	}
	return 0;
}

/* What the socket holds already is taken without waiting for it: mostly something is there. */
int telnet_stream_read(struct telnet_stream *stream, void *buffer, size_t capacity, int timeout_ms,
		       size_t *ret_count, struct err *err)
{
	int64_t deadline_ns = deadline_after_ms(timeout_ms);
	int ret = 1;

	if (stream->inbox_count == 0 && !atomic_load(&stream->gone)) {
		ret = receive(stream, err);
		if (ret && stream->inbox_count == 0)
			return ret;
		ret = timeout_ms > 0;
	}
	while (stream->inbox_count == 0 && ret > 0) {
		ret = pump(stream, deadline_ns, err);
		if (ret < 0 && stream->inbox_count == 0)
			return ret;
		if (link_now_ns() >= deadline_ns)
			break;
	}
	*ret_count = inbox_take(stream, buffer, capacity);
	return 0;
}

/* ---- sending ---- */

static int drain(struct telnet_stream *stream, int64_t deadline_ns, struct err *err)
{
	struct pollfd wait = {.fd = stream->fd, .events = POLLOUT};
	bool empty;

	for (;;) {
		int ret = atomic_load(&stream->gone) ? -ENODEV
						     : outbox_flush(&stream->outbox, &empty);

		if (ret)
			return hung_up(stream, err);
		if (empty)
			return 0;
		ret = poll(&wait, 1, deadline_left_ms(deadline_ns));
		if (ret < 0 && errno != EINTR)
			return err_set(err, -errno, "poll: %s", strerror(errno));
		if (ret == 0)
			return err_set(err, -ETIMEDOUT, "the far end takes no bytes");
	}
}

int telnet_stream_write(struct telnet_stream *stream, const void *bytes, size_t count,
			int timeout_ms, struct err *err)
{
	int64_t deadline_ns = deadline_after_ms(timeout_ms);
	size_t taken = 0;
	int ret;

	do {
		taken += outbox_put_data(&stream->outbox, (const uint8_t *)bytes + taken,
					 count - taken);
		ret = drain(stream, deadline_ns, err);
	} while (!ret && taken < count);
	return ret;
}

int telnet_stream_drain(struct telnet_stream *stream, int timeout_ms, struct err *err)
{
	return drain(stream, deadline_after_ms(timeout_ms), err);
}

int telnet_stream_put(struct telnet_stream *stream, uint8_t command, const uint8_t *payload,
		      size_t count)
{
	uint8_t frame[COM_PORT_FRAME_MAX];

	return outbox_put(&stream->outbox, frame, com_port_encode(command, payload, count, frame));
}

/* ---- negotiation ---- */

static bool is_answered(enum telnet_agreement agreement)
{
	return agreement == TELNET_AGREED || agreement == TELNET_REFUSED;
}

/* SUPPRESS-GO-AHEAD is a courtesy: nothing waits for it, nothing depends on it. */
static bool negotiation_done(const void *arg)
{
	const struct telnet_negotiator *negotiator = arg;

	return is_answered(telnet_local(negotiator, TELNET_COM_PORT)) &&
	       is_answered(telnet_local(negotiator, TELNET_BINARY)) &&
	       is_answered(telnet_remote(negotiator, TELNET_BINARY));
}

static int negotiation_judge(const struct telnet_negotiator *negotiator, int timeout_ms,
			     struct err *err)
{
	static const char *const answers[] = {
		[TELNET_ASKED] = "did not answer",
		[TELNET_AGREED] = "agreed",
		[TELNET_REFUSED] = "refused",
	};
	enum telnet_agreement com_port = telnet_local(negotiator, TELNET_COM_PORT);
	enum telnet_agreement send = telnet_local(negotiator, TELNET_BINARY);
	enum telnet_agreement receive = telnet_remote(negotiator, TELNET_BINARY);

	if (com_port != TELNET_AGREED)
		return err_set(
			err, -EPROTO,
			"the far end does not speak RFC 2217: COM-PORT-OPTION: it %s within %d ms",
			answers[com_port], timeout_ms);
	if (send != TELNET_AGREED || receive != TELNET_AGREED)
		return err_set(err, -EPROTO,
			       "no telnet BINARY: the far end %s (to it), %s (from it)",
			       answers[send], answers[receive]);
	return 0;
}

/* A server whose port is taken says so in plain text and closes. Our own request may have run into
 * the closed end before that text was read: what is left of it is read first. */
static int negotiation_closed(struct telnet_stream *stream, struct err *err)
{
	char said[80];
	size_t count;

	for (int i = 0; i < LAST_WORDS && !receive(stream, NULL); i++)
		;
	count = stream->inbox_count < sizeof(said) - 1 ? stream->inbox_count : sizeof(said) - 1;
	for (size_t i = 0; i < count; i++) {
		uint8_t byte = stream->inbox[stream->inbox_head + i];

		said[i] = (char)(isprint(byte) ? byte : ' ');
	}
	said[count] = '\0';
	if (strcasestr(said, "in use") || strcasestr(said, "busy"))
		return err_set(err, -EBUSY, "somebody else holds the port (\"%s\")", said);
	return err_set(err, -ENODEV, "the far end closed the connection at once%s%s",
		       count ? ", saying: " : "", said);
}

int telnet_stream_negotiate(struct telnet_stream *stream, int timeout_ms, struct err *err)
{
	static const struct {
		uint8_t verb, option;
	} asks[] = {
		{TELNET_WILL, TELNET_COM_PORT}, {TELNET_WILL, TELNET_BINARY},
		{TELNET_DO, TELNET_BINARY},     {TELNET_WILL, TELNET_SGA},
		{TELNET_DO, TELNET_SGA},
	};
	uint8_t ask[TELNET_NEGOTIATION_SIZE];
	int ret;

	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
		telnet_ask(&stream->negotiator, asks[i].verb, asks[i].option, ask);
		outbox_put(&stream->outbox, ask, sizeof(ask));
	}
	ret = telnet_stream_drain(stream, timeout_ms, err);
	if (!ret)
		ret = telnet_stream_pump_until(stream, negotiation_done, &stream->negotiator,
					       timeout_ms, err);
	if (ret == -ENODEV)
		return negotiation_closed(stream, err);
	if (ret && ret != -ETIMEDOUT)
		return ret;
	return negotiation_judge(&stream->negotiator, timeout_ms, err);
}

/* ---- beginning and end ---- */

void telnet_stream_init(struct telnet_stream *stream, int fd,
			void (*com_port)(void *context, const struct telnet_event *event),
			void *context)
{
	memset(stream, 0, sizeof(*stream));
	stream->fd = fd;
	stream->com_port = com_port;
	stream->context = context;
	atomic_init(&stream->gone, false);
	outbox_init(&stream->outbox, fd);
	telnet_negotiator_init(&stream->negotiator);
}

void telnet_stream_done(struct telnet_stream *stream)
{
	bool empty;

	outbox_flush(&stream->outbox, &empty);
	close(stream->fd);
	outbox_done(&stream->outbox);
	free(stream->inbox);
}
