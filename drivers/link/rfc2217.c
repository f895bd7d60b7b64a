/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A serial port at the far end of a stream socket: the client of RFC 2217 (telnet COM-PORT-OPTION),
 * over TCP or a Unix socket. ser2net and terminal servers speak it, and so does the virtual rig.
 *
 * - BINARY is required both ways: without it a telnet peer may change CR and LF.
 * - Every setting and line change waits for the server's answer, so that it has happened when the
 *   call returns; an answer that differs from what was asked is an error.
 * - The signature is asked for before the settings. Servers answer in order, so one that is not
 * there shortly after the settings' answers is not coming.
 *
 * Threads: only the reader decodes, so link_set and link_set_lines, which read answers, must not
 * run beside a reader. What a reader has to send (refusals) goes through the outbox, beside a
 * writer.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/link/kinds.h"
#include "drivers/link/stream.h"
#include "drivers/link/telnet_stream.h"

enum {
	CONNECT_MS = 5000,
	NEGOTIATE_MS = 2000,
	CONFIRM_MS = 2000,
	SIGNATURE_MS = 200, /* after everything else was confirmed */
	IDENTITY_SIZE = 128,
};

/* What a server confirms, one slot each. */
enum slot { SLOT_BAUD, SLOT_DATASIZE, SLOT_PARITY, SLOT_STOPSIZE, SLOT_FLOW, SLOT_DTR, SLOT_RTS };

enum { SLOT_COUNT = SLOT_RTS + 1 };

static const struct {
	const char *name;
	uint8_t command;
	size_t width; /* bytes of the value */
} slots[SLOT_COUNT] = {
	[SLOT_BAUD] = {"baud rate", COM_PORT_SET_BAUD, 4},
	[SLOT_DATASIZE] = {"data size", COM_PORT_SET_DATASIZE, 1},
	[SLOT_PARITY] = {"parity", COM_PORT_SET_PARITY, 1},
	[SLOT_STOPSIZE] = {"stop size", COM_PORT_SET_STOPSIZE, 1},
	[SLOT_FLOW] = {"flow control", COM_PORT_SET_CONTROL, 1},
	[SLOT_DTR] = {"DTR", COM_PORT_SET_CONTROL, 1},
	[SLOT_RTS] = {"RTS", COM_PORT_SET_CONTROL, 1},
};

struct request {
	enum slot slot;
	uint32_t value;
};

struct rfc2217 {
	struct telnet_stream stream;
	bool confirmed[SLOT_COUNT];
	uint32_t confirmation[SLOT_COUNT];
	bool signature_came;
	char identity[IDENTITY_SIZE];
};

/* ---- receiving ---- */

/* A signature without text asks for ours. */
static void signature_take(struct rfc2217 *port, const uint8_t *text, size_t count)
{
	static const char ours[] = "joulebench";

	port->signature_came = true;
	if (count == 0) {
		telnet_stream_put(&port->stream, COM_PORT_SIGNATURE, (const uint8_t *)ours,
				  sizeof(ours) - 1);
		return;
	}
	if (count > IDENTITY_SIZE - 1)
		count = IDENTITY_SIZE - 1;
	for (size_t i = 0; i < count; i++)
		port->identity[i] = (char)(isprint(text[i]) ? text[i] : '?');
	port->identity[count] = '\0';
}

/* SET-CONTROL answers for three slots; which one, its value tells. */
static int control_slot(uint8_t value)
{
	if (value <= COM_PORT_FLOW_LAST)
		return SLOT_FLOW;
	if (value >= COM_PORT_DTR_ASK && value <= COM_PORT_DTR_OFF)
		return SLOT_DTR;
	if (value >= COM_PORT_RTS_ASK && value <= COM_PORT_RTS_OFF)
		return SLOT_RTS;
	return -1;
}

static int answer_slot(uint8_t command, const uint8_t *value, size_t count)
{
	if (command == COM_PORT_SET_CONTROL)
		return count == 1 ? control_slot(value[0]) : -1;
	for (int slot = 0; slot < SLOT_COUNT; slot++)
		if (slots[slot].command == command)
			return count == slots[slot].width ? slot : -1;
	return -1;
}

/* Notifications of line and modem state, and what makes no sense, are passed over. */
static void answer_take(void *context, const struct telnet_event *event)
{
	struct rfc2217 *port = context;
	int slot;

	if (event->command == COM_PORT_ANSWER + COM_PORT_SIGNATURE) {
		signature_take(port, event->bytes, event->count);
		return;
	}
	if (event->command < COM_PORT_ANSWER)
		return;
	slot = answer_slot(event->command - COM_PORT_ANSWER, event->bytes, event->count);
	if (slot < 0)
		return;
	port->confirmed[slot] = true;
	port->confirmation[slot] = 0;
	for (size_t i = 0; i < event->count; i++)
		port->confirmation[slot] = port->confirmation[slot] << 8 | event->bytes[i];
}

/* ---- settings and lines ---- */

static void value_text(enum slot slot, uint32_t value, char *text, size_t size)
{
	static const char *const parities[] = {"?", "none", "odd", "even", "mark", "space"};
	static const char *const controls[] = {
		"?", "none", "XON/XOFF", "hardware", "?",  "?",   "?",
		"?", "on",   "off",      "?",        "on", "off",
	};

	if (slot == SLOT_PARITY && value < sizeof(parities) / sizeof(parities[0]))
		snprintf(text, size, "%s", parities[value]);
	else if (slot >= SLOT_FLOW && value < sizeof(controls) / sizeof(controls[0]))
		snprintf(text, size, "%s", controls[value]);
	else
		snprintf(text, size, "%u", value);
}

struct request_list {
	const struct rfc2217 *port;
	const struct request *requests;
	size_t count;
};

static bool requests_confirmed(const void *arg)
{
	const struct request_list *list = arg;

	for (size_t i = 0; i < list->count; i++)
		if (!list->port->confirmed[list->requests[i].slot])
			return false;
	return true;
}

static int request_check(const struct rfc2217 *port, const struct request *request, struct err *err)
{
	char asked[16], answered[16];

	if (!port->confirmed[request->slot])
		return err_set(err, -ETIMEDOUT, "the far end did not confirm its %s within %d ms",
			       slots[request->slot].name, CONFIRM_MS);
	if (port->confirmation[request->slot] == request->value)
		return 0;
	value_text(request->slot, request->value, asked, sizeof(asked));
	value_text(request->slot, port->confirmation[request->slot], answered, sizeof(answered));
	return err_set(err, -EPROTO, "%s: asked for %s, the far end set %s",
		       slots[request->slot].name, asked, answered);
}

static int request_put(struct rfc2217 *port, const struct request *request)
{
	size_t width = slots[request->slot].width;
	uint8_t value[4];

	for (size_t i = 0; i < width; i++)
		value[i] = (uint8_t)(request->value >> 8 * (width - 1 - i));
	port->confirmed[request->slot] = false;
	return telnet_stream_put(&port->stream, slots[request->slot].command, value, width);
}

/* Sends the requests in one go and waits until the far end confirmed each of them as asked. */
static int requests_run(struct rfc2217 *port, const struct request *requests, size_t count,
			struct err *err)
{
	const struct request_list list = {port, requests, count};
	int ret = 0;

	for (size_t i = 0; i < count && !ret; i++)
		ret = request_put(port, &requests[i]);
	if (ret)
		return err_set(err, ret, "the far end takes no bytes");
	ret = telnet_stream_drain(&port->stream, CONFIRM_MS, err);
	if (!ret)
		ret = telnet_stream_pump_until(&port->stream, requests_confirmed, &list, CONFIRM_MS,
					       err);
	if (ret && ret != -ETIMEDOUT)
		return ret;
	for (size_t i = 0; i < count; i++) {
		ret = request_check(port, &requests[i], err);
		if (ret)
			return ret;
	}
	return 0;
}

static uint32_t parity_value(enum link_parity parity)
{
	static const uint8_t values[] = {
		[LINK_PARITY_NONE] = 1, [LINK_PARITY_ODD] = 2, [LINK_PARITY_EVEN] = 3};

	return values[parity];
}

static int rfc2217_set(void *state, const struct link_settings *settings, struct err *err)
{
	const struct request requests[] = {
		{SLOT_BAUD, settings->baud},
		{SLOT_DATASIZE, 8},
		{SLOT_PARITY, parity_value(settings->parity)},
		{SLOT_STOPSIZE, 1},
		{SLOT_FLOW, COM_PORT_FLOW_NONE},
	};

	return requests_run(state, requests, sizeof(requests) / sizeof(requests[0]), err);
}

static int rfc2217_set_lines(void *state, bool dtr, bool rts, struct err *err)
{
	const struct request requests[] = {
		{SLOT_DTR, dtr ? COM_PORT_DTR_ON : COM_PORT_DTR_OFF},
		{SLOT_RTS, rts ? COM_PORT_RTS_ON : COM_PORT_RTS_OFF},
	};

	return requests_run(state, requests, sizeof(requests) / sizeof(requests[0]), err);
}

/* ---- opening and closing ---- */

static bool signature_came(const void *arg)
{
	return ((const struct rfc2217 *)arg)->signature_came;
}

static int port_start(struct rfc2217 *port, const struct link_settings *settings, struct err *err)
{
	int ret = telnet_stream_negotiate(&port->stream, NEGOTIATE_MS, err);

	if (ret)
		return ret;
	telnet_stream_put(&port->stream, COM_PORT_SIGNATURE, NULL, 0);
	ret = rfc2217_set_lines(port, false, false, err);
	if (!ret)
		ret = rfc2217_set(port, settings, err);
	if (ret)
		return ret;
	ret = telnet_stream_pump_until(&port->stream, signature_came, port, SIGNATURE_MS, err);
	return ret == -ETIMEDOUT ? 0 : ret;
}

static int port_open(struct rfc2217 *port, int fd, const struct link_settings *settings,
		     struct err *err)
{
	int ret;

	telnet_stream_init(&port->stream, fd, answer_take, port);
	ret = port_start(port, settings, err);
	if (ret)
		telnet_stream_done(&port->stream);
	return ret;
}

static int rfc2217_open(void *state, const char *address, const struct link_settings *settings,
			struct err *err)
{
	int fd, ret;

	if (strncmp(address, "//", 2))
		return err_set(err, -EINVAL, "is not of the form rfc2217://host:port");
	ret = stream_connect_tcp(address + 2, CONNECT_MS, &fd, err);
	return ret ? ret : port_open(state, fd, settings, err);
}

static int rfc2217_open_unix(void *state, const char *address, const struct link_settings *settings,
			     struct err *err)
{
	int fd, ret = stream_connect_unix(address, CONNECT_MS, &fd, err);

	return ret ? ret : port_open(state, fd, settings, err);
}

static void rfc2217_close(void *state)
{
	telnet_stream_done(&((struct rfc2217 *)state)->stream);
}

static int rfc2217_read(void *state, void *buffer, size_t capacity, int timeout_ms,
			size_t *ret_count, struct err *err)
{
	return telnet_stream_read(&((struct rfc2217 *)state)->stream, buffer, capacity, timeout_ms,
				  ret_count, err);
}

static int rfc2217_write(void *state, const void *bytes, size_t count, int timeout_ms,
			 struct err *err)
{
	return telnet_stream_write(&((struct rfc2217 *)state)->stream, bytes, count, timeout_ms,
				   err);
}

static const char *rfc2217_identity(void *state)
{
	return ((struct rfc2217 *)state)->identity;
}

const struct link_ops link_rfc2217 = {
	.scheme = "rfc2217",
	.state_size = sizeof(struct rfc2217),
	.open = rfc2217_open,
	.close = rfc2217_close,
	.set = rfc2217_set,
	.set_lines = rfc2217_set_lines,
	.read = rfc2217_read,
	.write = rfc2217_write,
	.identity = rfc2217_identity,
};

const struct link_ops link_rfc2217_unix = {
	.scheme = "rfc2217+unix",
	.state_size = sizeof(struct rfc2217),
	.open = rfc2217_open_unix,
	.close = rfc2217_close,
	.set = rfc2217_set,
	.set_lines = rfc2217_set_lines,
	.read = rfc2217_read,
	.write = rfc2217_write,
	.identity = rfc2217_identity,
};
