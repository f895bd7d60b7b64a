/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RFC 2217, the access server's side. See the header.
 */
#include "rigs/virtual/server/rfc2217.h"

#include <string.h>

enum { SE = 240, SB = 250, WILL = 251, WONT = 252, DO = 253, DONT = 254, IAC = 255 };
enum { OPTION_BINARY = 0, OPTION_SGA = 3, OPTION_COM_PORT = 44 };

/* RFC 2217, section 3; the server's answers are 100 higher. */
enum {
	SIGNATURE = 0,
	SET_BAUDRATE,
	SET_DATASIZE,
	SET_PARITY,
	SET_STOPSIZE,
	SET_CONTROL,
	NOTIFY_LINESTATE,
	NOTIFY_MODEMSTATE,
	FLOWCONTROL_SUSPEND,
	FLOWCONTROL_RESUME,
	SET_LINESTATE_MASK,
	SET_MODEMSTATE_MASK,
	PURGE_DATA,
	SERVER_OFFSET = 100,
};

enum {
	CONTROL_FLOW_QUERY = 0,
	CONTROL_FLOW_NONE,
	CONTROL_FLOW_HARDWARE = 3,
	CONTROL_BREAK_QUERY,
	CONTROL_BREAK_ON,
	CONTROL_BREAK_OFF,
	CONTROL_DTR_QUERY,
	CONTROL_DTR_ON,
	CONTROL_DTR_OFF,
	CONTROL_RTS_QUERY,
	CONTROL_RTS_ON,
	CONTROL_RTS_OFF,
	CONTROL_INBOUND_QUERY,
	CONTROL_INBOUND_NONE,
	CONTROL_FLOW_DCD = 17,
	CONTROL_INBOUND_DTR,
	CONTROL_FLOW_DSR,
};

#define BAUD_MIN 50
#define BAUD_MAX 12000000
/* CTS, DSR and carrier detect: a board is always there and always ready. */
#define MODEM_STATE 0xb0

enum state { STATE_DATA, STATE_IAC, STATE_OPTION, STATE_SUB, STATE_SUB_IAC };

static const uint8_t options[RFC2217_OPTIONS] = {OPTION_BINARY, OPTION_SGA, OPTION_COM_PORT};

/* Telnet options ----------------------------------------------------------------------------- */

static void send_verb(struct rfc2217 *server, uint8_t verb, uint8_t option)
{
	const uint8_t bytes[3] = {IAC, verb, option};

	server->sink.reply(server->sink.context, bytes, sizeof(bytes));
}

void rfc2217_init(struct rfc2217 *server, const struct rfc2217_sink *sink, const char *signature)
{
	*server = (struct rfc2217){
		.sink = *sink,
		.signature = signature,
		.settings = {115200, RFC2217_PARITY_NONE, 1},
		.modem_mask = 0xff, /* RFC 2217: 255 and 0 after the start */
		.state = STATE_DATA,
	};
	for (int i = 0; i < RFC2217_OPTIONS; i++) {
		server->us_asked[i] = true;
		server->them_asked[i] = true;
		send_verb(server, WILL, options[i]);
		send_verb(server, DO, options[i]);
	}
}

static int option_index(uint8_t option)
{
	for (int i = 0; i < RFC2217_OPTIONS; i++)
		if (options[i] == option)
			return i;
	return -1;
}

/* One side of one option: answers only what changes the state (RFC 854: no loops). yes and no are
 * the verbs with which this side answers. */
static void negotiate(struct rfc2217 *server, bool wanted, uint8_t option, bool *on, bool *asked,
		      uint8_t yes, uint8_t no)
{
	if (wanted) {
		if (!*on && !*asked)
			send_verb(server, yes, option);
	} else if (*on) {
		send_verb(server, no, option);
	}
	*on = wanted;
	*asked = false;
}

static void take_option(struct rfc2217 *server, uint8_t verb, uint8_t option)
{
	int i = option_index(option);

	if (i < 0) {
		if (verb == WILL)
			send_verb(server, DONT, option);
		else if (verb == DO)
			send_verb(server, WONT, option);
		return;
	}
	if (verb == WILL || verb == WONT)
		negotiate(server, verb == WILL, option, &server->them_on[i], &server->them_asked[i],
			  DO, DONT);
	else
		negotiate(server, verb == DO, option, &server->us_on[i], &server->us_asked[i], WILL,
			  WONT);
}

/* COM-PORT subnegotiation -------------------------------------------------------------------- */

static void send_sub(struct rfc2217 *server, uint8_t command, const uint8_t *value, size_t count)
{
	uint8_t bytes[2 * RFC2217_SUBNEGOTIATION_MAX + 6] = {IAC, SB, OPTION_COM_PORT, command};
	size_t length = 4;

	if (count > RFC2217_SUBNEGOTIATION_MAX)
		count = RFC2217_SUBNEGOTIATION_MAX;
	length += rfc2217_escape(value, &count, bytes + length, 2 * RFC2217_SUBNEGOTIATION_MAX);
	bytes[length++] = IAC;
	bytes[length++] = SE;
	server->sink.reply(server->sink.context, bytes, length);
}

static void answer_byte(struct rfc2217 *server, uint8_t command, uint8_t value)
{
	send_sub(server, (uint8_t)(command + SERVER_OFFSET), &value, 1);
}

static void take_signature(struct rfc2217 *server, const uint8_t *value, size_t count)
{
	(void)value;
	if (count == 0) /* a request; with text it is the client's own, and needs no answer */
		send_sub(server, SIGNATURE + SERVER_OFFSET, (const uint8_t *)server->signature,
			 strlen(server->signature));
}

static void take_baud(struct rfc2217 *server, const uint8_t *value, size_t count)
{
	uint32_t baud;
	uint8_t answer[4];

	if (count != 4)
		return;
	baud = (uint32_t)value[0] << 24 | (uint32_t)value[1] << 16 | (uint32_t)value[2] << 8 |
	       value[3];
	if (baud >= BAUD_MIN &&
	    baud <= BAUD_MAX) { /* else a query (0) or refused: the answer tells */
		server->settings.baud = baud;
		server->sink.settings(server->sink.context, &server->settings);
	}
	for (int i = 0; i < 4; i++)
		answer[i] = (uint8_t)(server->settings.baud >> (24 - 8 * i));
	send_sub(server, SET_BAUDRATE + SERVER_OFFSET, answer, sizeof(answer));
}

static void take_data_size(struct rfc2217 *server, const uint8_t *value, size_t count)
{
	(void)value;
	if (count == 1)
		answer_byte(server, SET_DATASIZE, 8); /* these boards know nothing else */
}

static void take_parity(struct rfc2217 *server, const uint8_t *value, size_t count)
{
	if (count != 1)
		return;
	if (value[0] >= RFC2217_PARITY_NONE && value[0] <= RFC2217_PARITY_EVEN) {
		server->settings.parity = value[0];
		server->sink.settings(server->sink.context, &server->settings);
	}
	answer_byte(server, SET_PARITY, (uint8_t)server->settings.parity);
}

static void take_stop_size(struct rfc2217 *server, const uint8_t *value, size_t count)
{
	if (count != 1)
		return;
	if (value[0] == 1 || value[0] == 2) {
		server->settings.stop_bits = value[0];
		server->sink.settings(server->sink.context, &server->settings);
	}
	answer_byte(server, SET_STOPSIZE, (uint8_t)server->settings.stop_bits);
}

static void set_line(struct rfc2217 *server, bool *line, bool asserted)
{
	*line = asserted;
	server->sink.lines(server->sink.context, server->dtr, server->rts);
}

static void take_control(struct rfc2217 *server, const uint8_t *value, size_t count)
{
	uint8_t control = count == 1 ? value[0] : 0xff;
	uint8_t answer;

	if (control == CONTROL_DTR_ON || control == CONTROL_DTR_OFF)
		set_line(server, &server->dtr, control == CONTROL_DTR_ON);
	if (control == CONTROL_RTS_ON || control == CONTROL_RTS_OFF)
		set_line(server, &server->rts, control == CONTROL_RTS_ON);
	if (control == CONTROL_BREAK_ON || control == CONTROL_BREAK_OFF)
		server->breaking = control == CONTROL_BREAK_ON; /* not wired to the board */

	if (control <= CONTROL_FLOW_HARDWARE || control == CONTROL_FLOW_DCD ||
	    control == CONTROL_FLOW_DSR)
		answer = CONTROL_FLOW_NONE;
	else if (control <= CONTROL_BREAK_OFF)
		answer = server->breaking ? CONTROL_BREAK_ON : CONTROL_BREAK_OFF;
	else if (control <= CONTROL_DTR_OFF)
		answer = server->dtr ? CONTROL_DTR_ON : CONTROL_DTR_OFF;
	else if (control <= CONTROL_RTS_OFF)
		answer = server->rts ? CONTROL_RTS_ON : CONTROL_RTS_OFF;
	else if (control <= CONTROL_INBOUND_DTR)
		answer = CONTROL_INBOUND_NONE;
	else
		return;
	answer_byte(server, SET_CONTROL, answer);
}

static void take_line_poll(struct rfc2217 *server, const uint8_t *value, size_t count)
{
	(void)value, (void)count;
	answer_byte(server, NOTIFY_LINESTATE, 0);
}

static void take_modem_poll(struct rfc2217 *server, const uint8_t *value, size_t count)
{
	(void)value, (void)count;
	answer_byte(server, NOTIFY_MODEMSTATE, MODEM_STATE & server->modem_mask);
}

static void take_suspend(struct rfc2217 *server, const uint8_t *value, size_t count)
{
	(void)value, (void)count;
	server->sink.suspend(server->sink.context, true);
}

static void take_resume(struct rfc2217 *server, const uint8_t *value, size_t count)
{
	(void)value, (void)count;
	server->sink.suspend(server->sink.context, false);
}

static void take_line_mask(struct rfc2217 *server, const uint8_t *value, size_t count)
{
	if (count != 1)
		return;
	server->line_mask = value[0];
	answer_byte(server, SET_LINESTATE_MASK, value[0]);
}

static void take_modem_mask(struct rfc2217 *server, const uint8_t *value, size_t count)
{
	if (count != 1)
		return;
	server->modem_mask = value[0];
	answer_byte(server, SET_MODEMSTATE_MASK, value[0]);
}

static void take_purge(struct rfc2217 *server, const uint8_t *value, size_t count)
{
	if (count != 1 || value[0] < RFC2217_PURGE_TO_CLIENT || value[0] > RFC2217_PURGE_BOTH)
		return;
	server->sink.purge(server->sink.context, value[0]);
	answer_byte(server, PURGE_DATA, value[0]);
}

static void (*const takers[])(struct rfc2217 *server, const uint8_t *value, size_t count) = {
	[SIGNATURE] = take_signature,
	[SET_BAUDRATE] = take_baud,
	[SET_DATASIZE] = take_data_size,
	[SET_PARITY] = take_parity,
	[SET_STOPSIZE] = take_stop_size,
	[SET_CONTROL] = take_control,
	[NOTIFY_LINESTATE] = take_line_poll,
	[NOTIFY_MODEMSTATE] = take_modem_poll,
	[FLOWCONTROL_SUSPEND] = take_suspend,
	[FLOWCONTROL_RESUME] = take_resume,
	[SET_LINESTATE_MASK] = take_line_mask,
	[SET_MODEMSTATE_MASK] = take_modem_mask,
	[PURGE_DATA] = take_purge,
};

static void take_sub(struct rfc2217 *server)
{
	size_t count = server->sub_count;

	if (count < 2 || count > sizeof(server->sub) || server->sub[0] != OPTION_COM_PORT)
		return;
	if (server->sub[1] < sizeof(takers) / sizeof(takers[0]))
		takers[server->sub[1]](server, server->sub + 2, count - 2);
}

/* Telnet stream ------------------------------------------------------------------------------ */

static void sub_append(struct rfc2217 *server, uint8_t byte)
{
	if (server->sub_count < sizeof(server->sub))
		server->sub[server->sub_count] = byte;
	if (server->sub_count <= sizeof(server->sub))
		server->sub_count++;
}

static void take_command(struct rfc2217 *server, uint8_t byte)
{
	server->state = STATE_DATA;
	if (byte >= WILL && byte <= DONT) {
		server->verb = byte;
		server->state = STATE_OPTION;
	} else if (byte == SB) {
		server->sub_count = 0;
		server->state = STATE_SUB;
	} else if (byte == IAC) {
		server->sink.data(server->sink.context, &byte, 1);
	} /* else NOP, AYT, GA, ...: nothing to do for a serial port */
}

static void take_sub_iac(struct rfc2217 *server, uint8_t byte)
{
	server->state = STATE_SUB;
	if (byte == IAC) {
		sub_append(server, byte);
	} else if (byte == SE) {
		server->state = STATE_DATA;
		take_sub(server);
	} else { /* the end was lost: drop it, and obey the command */
		take_command(server, byte);
	}
}

static void take_byte(struct rfc2217 *server, uint8_t byte)
{
	switch (server->state) {
	case STATE_IAC:
		take_command(server, byte);
		break;
	case STATE_OPTION:
		server->state = STATE_DATA;
		take_option(server, server->verb, byte);
		break;
	case STATE_SUB:
		if (byte == IAC)
			server->state = STATE_SUB_IAC;
		else
			sub_append(server, byte);
		break;
	case STATE_SUB_IAC:
		take_sub_iac(server, byte);
		break;
	}
}

void rfc2217_feed(struct rfc2217 *server, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count;) {
		const uint8_t *iac;
		size_t run;

		if (server->state != STATE_DATA) {
			take_byte(server, bytes[i++]);
			continue;
		}
		iac = memchr(bytes + i, IAC, count - i);
		run = iac ? (size_t)(iac - (bytes + i)) : count - i;
		if (run)
			server->sink.data(server->sink.context, bytes + i, run);
		i += run;
		if (iac) {
			server->state = STATE_IAC;
			i++;
		}
	}
}

size_t rfc2217_escape(const uint8_t *bytes, size_t *count, uint8_t *ret_bytes, size_t capacity)
{
	size_t in = 0, out = 0;

	while (in < *count && out + (bytes[in] == IAC ? 2 : 1) <= capacity) {
		if (bytes[in] == IAC)
			ret_bytes[out++] = IAC;
		ret_bytes[out++] = bytes[in++];
	}
	*count = in;
	return out;
}
