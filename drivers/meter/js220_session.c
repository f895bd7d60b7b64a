/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Joulescope JS220: conversation. The order of the steps is the vendor's (joulescope_driver,
 * js220_usb.c); one difference: CONNECT asks to keep the settings (wValue 1, js220_api.h), and only
 * when that is refused or brings no greeting for the defaults, which the vendor's driver always
 * sends.
 *
 * The instrument asks for the time about every second, and wants the answer at once: late ones are
 * left out, for they would bend its map of time. What it is told is CLOCK_MONOTONIC, which runs as
 * evenly as UTC; nothing here uses the instrument's UTC.
 */
#include "drivers/meter/js220_session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	ENDPOINT_OUT = 0x01,
	ENDPOINT_IN = 0x82,
	REQUEST_IN = 0xc0, /* vendor, device */
	REQUEST_CONNECT = 1,
	REQUEST_DISCONNECT = 2,
	PROTOCOL_MAJOR = 1,
	WRITE_MS = 1000,
	ANSWER_MS = 1000,
	LATE_NS = 100000000, /* too late an answer to a time sync */
	NS_PER_MS = 1000000,
};

/* --- to the instrument ------------------------------------------------------------------------ */

static int session_send(struct js220_session *session, unsigned port, const uint8_t *payload,
			size_t length, struct err *err)
{
	uint8_t frame[JS220_FRAME_BYTES];
	size_t count;
	int rc;

	pthread_mutex_lock(&session->out_lock);
	count = js220_frame_pack(frame, session->out_id++, port, payload, length);
	rc = usb_bulk_write(session->usb, ENDPOINT_OUT, frame, count, WRITE_MS, err);
	pthread_mutex_unlock(&session->out_lock);
	return rc;
}

int js220_session_set(struct js220_session *session, const char *topic, uint32_t value,
		      struct err *err)
{
	uint8_t payload[JS220_PUBLISH_BYTES];
	size_t length = js220_publish_u32(payload, topic, value);
	int rc = session_send(session, JS220_PORT_PUBLISH, payload, length, err);

	return rc ? err_context(err, rc, "%s", topic) : 0;
}

static int session_ask(struct js220_session *session, const char *topic, struct err *err)
{
	uint8_t payload[JS220_PUBLISH_BYTES];
	size_t length = js220_publish_null(payload, topic);
	int rc = session_send(session, JS220_PORT_PUBLISH, payload, length, err);

	return rc ? err_context(err, rc, "%s", topic) : 0;
}

static int session_request(struct js220_session *session, uint8_t request, uint16_t value,
			   struct err *err)
{
	uint8_t status = 0;
	size_t count = 0;
	int rc = usb_control(session->usb, REQUEST_IN, request, value, 0, &status, 1, ANSWER_MS,
			     &count, err);

	if (!rc && (count != 1 || status))
		rc = err_set(err, -EREMOTEIO, "it answers with %u", status);
	return rc ? err_context(err, rc, request == REQUEST_CONNECT ? "connect" : "disconnect") : 0;
}

/* --- from the instrument ---------------------------------------------------------------------- */

static int take_link(struct js220_session *session, const struct js220_frame *frame,
		     struct err *err)
{
	uint8_t reply[JS220_TIMESYNC_BYTES];
	int64_t now_ns = usb_clock_ns(session->usb);
	struct js220_link link;

	if (!js220_link_parse(frame->payload, frame->length, &link))
		return 0;
	if (link.op == JS220_LINK_CONNECT) {
		session->versions = link;
		session->is_connected = true;
	} else if (link.op == JS220_LINK_TIMEMAP) {
		session->counter = link.counter;
		session->has_counter = true;
	} else if (now_ns - session->chunk.t_mono_ns < LATE_NS) {
		js220_timesync_reply(reply, link.counter, session->chunk.t_mono_ns, now_ns);
		return session_send(session, JS220_PORT_LINK, reply, sizeof(reply), err);
	}
	return 0;
}

static void take_metadata(struct js220_session *session, const struct js220_publish *publish)
{
	for (size_t n = 0; n < session->option_count; n++) {
		struct js220_option *option = &session->options[n];

		if (strcmp(option->topic, publish->topic))
			continue;
		option->has_metadata = true;
		option->has_value = js220_option_find(publish->json, option->name, &option->value);
	}
}

static void take_publish(struct js220_session *session, const struct js220_frame *frame)
{
	struct js220_publish publish;

	if (!js220_publish_parse(frame->payload, frame->length, &publish))
		session->frames_bad++;
	else if (publish.suffix == '$' && publish.type == JS220_TYPE_JSON)
		take_metadata(session, &publish);
	else if (publish.suffix == '#' && publish.value && !*session->refused)
		snprintf(session->refused, sizeof(session->refused), "%s (error %lld)",
			 publish.topic, (long long)publish.value);
	else if (!strcmp(publish.topic, "c/!pong"))
		session->pong = (uint32_t)publish.value;
}

/* Frames that were lost, by their ids; true: this one is older than what came already. */
static bool account_id(struct js220_session *session, uint16_t id)
{
	int16_t ahead = (int16_t)(id - session->in_id);
	bool is_displaced = session->has_in_id && ahead < 0;

	if (session->has_in_id && ahead > 0)
		session->frames_lost += (uint64_t)ahead;
	if (!is_displaced)
		session->in_id = (uint16_t)(id + 1);
	session->has_in_id = true;
	return is_displaced;
}

/* The next frame that is not the session's own business. */
static int take_frame(struct js220_session *session, struct js220_event *event, struct err *err)
{
	for (;;) {
		struct js220_frame *frame = &event->frame;
		int rc = js220_frame_next(session->chunk.bytes, session->chunk.count,
					  &session->chunk_at, frame);

		if (!rc)
			return 0;
		if (rc < 0) {
			session->frames_bad++;
			continue;
		}
		event->is_displaced = account_id(session, frame->id);
		event->t_mono_ns = session->chunk.t_mono_ns;
		if (frame->port == JS220_PORT_LINK)
			rc = take_link(session, frame, err);
		else if (frame->port == JS220_PORT_PUBLISH)
			take_publish(session, frame);
		else
			return 1;
		if (rc < 0)
			return rc;
		/* What follows an answer is looked at by whoever waits for it. */
		if (session->pong == atomic_load(&session->end_ping) && session->pong)
			return 0;
	}
}

static bool has_ended(struct js220_session *session)
{
	unsigned end_ping = atomic_load(&session->end_ping);

	return end_ping && session->pong == end_ping;
}

bool js220_session_has_more(const struct js220_session *session)
{
	return session->chunk_at < session->chunk.count;
}

static int next_chunk(struct js220_session *session, int64_t until_ns, struct err *err)
{
	int64_t left_ns = until_ns - usb_clock_ns(session->usb);
	int left_ms = left_ns <= 0 ? 0 : (int)((left_ns + NS_PER_MS - 1) / NS_PER_MS);

	session->chunk.count = session->chunk_at = 0;
	return usb_stream_read(session->usb, &session->chunk, left_ms, err);
}

int js220_session_read(struct js220_session *session, struct js220_event *ret_event, int timeout_ms,
		       struct err *err)
{
	int64_t until_ns = usb_clock_ns(session->usb) + (int64_t)timeout_ms * NS_PER_MS;

	for (;;) {
		int rc = has_ended(session) ? 0 : take_frame(session, ret_event, err);

		if (rc)
			return rc < 0 ? rc : 0;
		if (has_ended(session))
			return err_set(err, -ENODATA, "the stream was stopped");
		if (!js220_session_has_more(session))
			rc = next_chunk(session, until_ns, err);
		if (rc)
			return rc;
	}
}

/* Reads, and drops what is streamed, until a condition holds. */
static int session_await(struct js220_session *session,
			 bool (*is_there)(const struct js220_session *session), const char *what,
			 struct err *err)
{
	int64_t until_ns = usb_clock_ns(session->usb) + (int64_t)ANSWER_MS * NS_PER_MS;
	struct js220_event event;

	while (!is_there(session)) {
		int rc = take_frame(session, &event, err);

		if (rc < 0)
			return rc;
		if (rc || is_there(session))
			continue;
		rc = next_chunk(session, until_ns, err);
		if (rc == -ETIMEDOUT)
			return err_set(err, rc, "no %s came in %d ms", what, ANSWER_MS);
		if (rc)
			return rc;
		if (usb_clock_ns(session->usb) >= until_ns + (int64_t)ANSWER_MS * NS_PER_MS)
			return err_set(err, -ETIMEDOUT, "no %s among all that came", what);
	}
	return 0;
}

static bool is_connected(const struct js220_session *session)
{
	return session->is_connected;
}

static bool is_ponged(const struct js220_session *session)
{
	return session->pong == session->pings;
}

static int session_ping(struct js220_session *session, struct err *err)
{
	return js220_session_set(session, "c/!ping", ++session->pings, err);
}

int js220_session_settle(struct js220_session *session, struct err *err)
{
	int rc;

	atomic_store(&session->end_ping, 0);
	rc = session_ping(session, err);
	if (!rc)
		rc = session_await(session, is_ponged, "answer to a ping", err);
	if (!rc && *session->refused)
		rc = err_set(err, -EREMOTEIO, "it refuses %s", session->refused);
	session->refused[0] = '\0';
	return rc;
}

int js220_session_end(struct js220_session *session, struct err *err)
{
	uint32_t ping = ++session->pings;

	atomic_store(&session->end_ping, ping);
	return js220_session_set(session, "c/!ping", ping, err);
}

/* --- open and close --------------------------------------------------------------------------- */

static int session_greet_as(struct js220_session *session, uint16_t keep, struct err *err)
{
	int rc = session_request(session, REQUEST_CONNECT, keep, err);

	return rc ? rc : session_await(session, is_connected, "greeting", err);
}

/* No host of the vendor's asks to keep the settings, so that this may be refused, or not be heard
 * of again: then as those do. */
static int session_greet(struct js220_session *session, struct err *err)
{
	int rc = session_greet_as(session, 1, NULL);

	if (!rc)
		return 0;
	(void)session_request(session, REQUEST_DISCONNECT, 0, NULL);
	return session_greet_as(session, 0, err);
}

static int session_connect(struct js220_session *session, struct err *err)
{
	const struct usb_stream_settings stream = {.endpoint = ENDPOINT_IN};
	int rc;

	/* Whoever had it before may not have left: what comes of this does not matter. */
	(void)session_request(session, REQUEST_DISCONNECT, 0, NULL);
	rc = usb_clear_halt(session->usb, ENDPOINT_IN, err);
	if (!rc)
		rc = usb_stream_start(session->usb, &stream, err);
	if (!rc)
		rc = session_greet(session, err);
	if (!rc && session->versions.protocol >> 24 != PROTOCOL_MAJOR)
		rc = err_set(err, -EPROTO, "it speaks protocol %u, not %d",
			     session->versions.protocol >> 24, PROTOCOL_MAJOR);
	return rc;
}

static int session_learn(struct js220_session *session, struct err *err)
{
	int rc = session_ask(session, "$", err);

	if (!rc)
		rc = js220_session_settle(session, err);
	for (size_t n = 0; !rc && n < session->option_count; n++) {
		const struct js220_option *option = &session->options[n];

		if (!option->has_metadata)
			rc = err_set(err, -EPROTO, "it says nothing of %s", option->topic);
		else if (!option->has_value)
			rc = err_set(err, -EPROTO, "its %s knows no \"%s\"", option->topic,
				     option->name);
	}
	return rc;
}

int js220_session_open(struct js220_session *session, struct usb *usb, struct js220_option *options,
		       size_t option_count, struct err *err)
{
	int rc = pthread_mutex_init(&session->out_lock, NULL);

	if (rc)
		return err_set(err, -rc, "no lock: %s", strerror(rc));
	session->usb = usb;
	session->options = options;
	session->option_count = option_count;
	atomic_init(&session->end_ping, 0);
	rc = session_connect(session, err);
	if (!rc)
		rc = session_learn(session, err);
	if (!rc)
		return 0;
	js220_session_abandon(session);
	return rc;
}

/* Nobody is left who could be told of a failure; an instrument that is gone needs none of it. */
void js220_session_abandon(struct js220_session *session)
{
	(void)session_request(session, REQUEST_DISCONNECT, 0, NULL);
	(void)usb_stream_stop(session->usb, NULL);
	pthread_mutex_destroy(&session->out_lock);
}

void js220_session_close(struct js220_session *session)
{
	js220_session_abandon(session);
	usb_close(session->usb);
}
