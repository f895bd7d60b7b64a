/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A USB/IP client for tests, written from usbip_protocol.rst alone: raw messages over a socket that
 * the test's own loop serves. Include after cmocka.h.
 */
#ifndef TESTS_UNIT_VIRTUAL_USBIP_CLIENT_H
#define TESTS_UNIT_VIRTUAL_USBIP_CLIENT_H

#include <stdint.h>
#include <string.h>

#define CLIENT_DEVID   0x10001u
#define CLIENT_BYTES   (1u << 20)
#define CLIENT_NO_ISO  0xffffffffu
#define CLIENT_PENDING INT32_MIN

static inline void be_put(uint8_t *to, uint32_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		to[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

static inline uint32_t be_get(const uint8_t *from, unsigned bytes)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value = value << 8 | from[i];
	return value;
}

/* OP_REQ_IMPORT */
static inline void import_request(uint8_t request[40], const char *busid)
{
	memset(request, 0, 40);
	be_put(request, 0x0111, 2);
	be_put(request + 2, 0x8003, 2);
	strcpy((char *)request + 8, busid);
}

/* USBIP_CMD_SUBMIT without its data. */
static inline void submit_header(uint8_t header[48], uint32_t seqnum, uint8_t endpoint,
				 uint32_t length, const uint8_t *setup)
{
	memset(header, 0, 48);
	be_put(header, 1, 4);
	be_put(header + 4, seqnum, 4);
	be_put(header + 8, CLIENT_DEVID, 4);
	be_put(header + 12, endpoint >> 7, 4);
	be_put(header + 16, endpoint & 15, 4);
	be_put(header + 24, length, 4);
	be_put(header + 32, CLIENT_NO_ISO, 4);
	if (setup)
		memcpy(header + 40, setup, 8);
}

static inline void unlink_header(uint8_t header[48], uint32_t seqnum, uint32_t victim)
{
	memset(header, 0, 48);
	be_put(header, 2, 4);
	be_put(header + 4, seqnum, 4);
	be_put(header + 8, CLIENT_DEVID, 4);
	be_put(header + 20, victim, 4);
}

#endif
