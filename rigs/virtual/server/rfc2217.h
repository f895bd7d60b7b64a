/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The access server's side of RFC 2217 (Telnet COM-PORT-OPTION) over RFC 854/855 Telnet, with RFC
 * 856 (binary) and RFC 858 (suppress go ahead). Other options are refused.
 *
 * A pure function over bytes: no I/O, no time, no allocation; input may be split anywhere. What
 * came of the bytes goes to the sink, in order. Data is taken as binary from the first byte on.
 */
#ifndef RIGS_VIRTUAL_SERVER_RFC2217_H
#define RIGS_VIRTUAL_SERVER_RFC2217_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rfc2217_parity { RFC2217_PARITY_NONE = 1, RFC2217_PARITY_ODD, RFC2217_PARITY_EVEN };

struct rfc2217_settings {
	uint32_t baud;
	enum rfc2217_parity parity;
	unsigned stop_bits; /* 1 or 2; always 8 data bits */
};

enum rfc2217_purge {
	RFC2217_PURGE_TO_CLIENT = 1, /* what came from the device and waits for the client */
	RFC2217_PURGE_TO_DEVICE,     /* the reverse */
	RFC2217_PURGE_BOTH,
};

struct rfc2217_sink {
	void *context;
	void (*data)(void *context, const uint8_t *bytes, size_t count);  /* for the device */
	void (*reply)(void *context, const uint8_t *bytes, size_t count); /* for the client, raw */
	void (*settings)(void *context, const struct rfc2217_settings *settings);
	void (*lines)(void *context, bool dtr, bool rts);
	void (*purge)(void *context, enum rfc2217_purge what);
	void (*suspend)(void *context, bool suspended); /* the client's wish to receive no data */
};

/* The longest subnegotiation that is understood; longer ones are skipped whole. */
#define RFC2217_SUBNEGOTIATION_MAX 64
#define RFC2217_OPTIONS            3

struct rfc2217 {
	struct rfc2217_sink sink;
	const char *signature; /* not owned */
	struct rfc2217_settings settings;
	bool dtr, rts, breaking;
	uint8_t line_mask, modem_mask;
	/* Telnet. */
	int state;
	uint8_t verb;
	bool us_on[RFC2217_OPTIONS], us_asked[RFC2217_OPTIONS];     /* what we WILL */
	bool them_on[RFC2217_OPTIONS], them_asked[RFC2217_OPTIONS]; /* what they should DO */
	uint8_t sub[RFC2217_SUBNEGOTIATION_MAX];
	size_t sub_count; /* may exceed the array: too long */
};

/* A client has connected: 115200 8N1, DTR and RTS deasserted; sends the opening negotiation. */
void rfc2217_init(struct rfc2217 *server, const struct rfc2217_sink *sink, const char *signature);
void rfc2217_feed(struct rfc2217 *server, const uint8_t *bytes, size_t count);

/* Escapes data for the client: 255 is doubled. Consumes as many of *count bytes as fit into
 * capacity, sets *count to that number, and returns the bytes written. */
size_t rfc2217_escape(const uint8_t *bytes, size_t *count, uint8_t *ret_bytes, size_t capacity);

#endif
