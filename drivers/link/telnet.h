/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Telnet as far as RFC 2217 needs it: RFC 854 (commands, IAC escaping), RFC 855 (options and
 * subnegotiation), RFC 856 (BINARY), RFC 858 (SUPPRESS-GO-AHEAD), RFC 2217 (COM-PORT-OPTION).
 * Pure functions over bytes: no I/O, no clock, no allocation. A stream may be cut anywhere.
 */
#ifndef DRIVERS_LINK_TELNET_H
#define DRIVERS_LINK_TELNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 854, "telnet command structure". */
enum telnet_command {
	TELNET_SE = 240,
	TELNET_SB = 250,
	TELNET_WILL = 251,
	TELNET_WONT = 252,
	TELNET_DO = 253,
	TELNET_DONT = 254,
	TELNET_IAC = 255,
};

enum telnet_option {
	TELNET_BINARY = 0,
	TELNET_SGA = 3,
	TELNET_COM_PORT = 44,
};

/* RFC 2217 section 2: what a client asks. The answers carry the same number plus 100. */
enum com_port_command {
	COM_PORT_SIGNATURE = 0,
	COM_PORT_SET_BAUD = 1,     /* 4 bytes, network order */
	COM_PORT_SET_DATASIZE = 2, /* 1 byte, as those below */
	COM_PORT_SET_PARITY = 3,   /* 1 none, 2 odd, 3 even */
	COM_PORT_SET_STOPSIZE = 4, /* 1: one stop bit */
	COM_PORT_SET_CONTROL = 5,
	COM_PORT_ANSWER = 100,
};

/* RFC 2217 section 3: values of SET-CONTROL. 0 to 3 speak of flow control, 7 to 9 of DTR, 10 to 12
 * of RTS; the first of each group is a question. */
enum com_port_control {
	COM_PORT_FLOW_NONE = 1,
	COM_PORT_FLOW_LAST = 3,
	COM_PORT_DTR_ASK = 7,
	COM_PORT_DTR_ON = 8,
	COM_PORT_DTR_OFF = 9,
	COM_PORT_RTS_ASK = 10,
	COM_PORT_RTS_ON = 11,
	COM_PORT_RTS_OFF = 12,
};

enum telnet_event_kind {
	TELNET_EVENT_DATA = 1,
	TELNET_EVENT_NEGOTIATION, /* WILL, WONT, DO or DONT */
	TELNET_EVENT_COM_PORT,    /* a complete COM-PORT-OPTION subnegotiation */
};

struct telnet_event {
	enum telnet_event_kind kind; /* 0: the input ended before anything was complete */
	const uint8_t *bytes;        /* DATA: in the caller's input. COM_PORT: the payload without
					escapes, in the decoder until the next call */
	size_t count;
	uint8_t verb;    /* NEGOTIATION: enum telnet_command */
	uint8_t option;  /* NEGOTIATION */
	uint8_t command; /* COM_PORT: enum com_port_command, plus COM_PORT_ANSWER from a server */
};

enum { TELNET_SUB_MAX = 258 }; /* option, command, and a payload of up to 256 bytes */

/* All zeros is the start of a stream. */
struct telnet_decoder {
	enum {
		TELNET_IN_DATA,
		TELNET_IN_IAC,
		TELNET_IN_VERB,
		TELNET_IN_SUB,
		TELNET_IN_SUB_IAC
	} state;
	uint8_t verb;
	uint8_t sub[TELNET_SUB_MAX]; /* a longer subnegotiation is cut at its end */
	size_t sub_count;
};

/* Takes bytes up to the end of the first event and returns how many it took. Subnegotiations of
 * other options and commands without meaning here (NOP, GA, ...) are swallowed. */
size_t telnet_decode(struct telnet_decoder *decoder, const uint8_t *bytes, size_t count,
		     struct telnet_event *ret_event);

/* Writes data with every IAC doubled, as much as fits whole. Returns the bytes written;
 * *ret_taken says how much of the input they carry. */
size_t telnet_encode(const uint8_t *bytes, size_t count, uint8_t *out, size_t capacity,
		     size_t *ret_taken);

enum { COM_PORT_FRAME_MAX = 6 + 2 * 256 };

/* Writes one COM-PORT-OPTION subnegotiation with a payload of at most 256 bytes; returns its
 * length, at most COM_PORT_FRAME_MAX. */
size_t com_port_encode(uint8_t command, const uint8_t *payload, size_t count,
		       uint8_t out[COM_PORT_FRAME_MAX]);

enum telnet_agreement {
	TELNET_NOT_ASKED = 1,
	TELNET_ASKED,
	TELNET_AGREED,
	TELNET_REFUSED,
};

struct telnet_option_state {
	uint8_t option;
	enum telnet_agreement local;  /* we do it: our WILL, their DO */
	enum telnet_agreement remote; /* they do it: our DO, their WILL */
};

enum { TELNET_OPTION_COUNT = 3, TELNET_NEGOTIATION_SIZE = 3 };

struct telnet_negotiator {
	struct telnet_option_state options[TELNET_OPTION_COUNT];
};

void telnet_negotiator_init(struct telnet_negotiator *negotiator);
/* Notes that we ask (verb WILL or DO) for one of the options above, and writes the request. */
void telnet_ask(struct telnet_negotiator *negotiator, uint8_t verb, uint8_t option,
		uint8_t out[TELNET_NEGOTIATION_SIZE]);
/* Takes what the peer said and writes the answer it is owed, if any; returns its length, 0 or 3. An
 * option we do not know is refused. What confirms the state we are in is never answered, so
 * two such negotiators cannot loop (RFC 854, "general considerations"). */
size_t telnet_answer(struct telnet_negotiator *negotiator, uint8_t verb, uint8_t option,
		     uint8_t out[TELNET_NEGOTIATION_SIZE]);
enum telnet_agreement telnet_local(const struct telnet_negotiator *negotiator, uint8_t option);
enum telnet_agreement telnet_remote(const struct telnet_negotiator *negotiator, uint8_t option);

#endif
