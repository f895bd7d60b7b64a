/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Requests and answers of the ROM loader; see esp32_rom_packet.h.
 */
#include "drivers/flash/esp32_rom_packet.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "drivers/link/deadline.h"

enum {
	REQUEST = 0,
	RESPONSE = 1,
	HEADER_BYTES = 8,
	STATUS_BYTES = 4,
	BITS_PER_BYTE = 10,
	LINK_WRITE_MS = 1000,
	QUIET_MS = 50,
	DISCARD_MS = 500,
	REPEATS = 3,
};

static const struct {
	uint8_t code;
	const char *text;
} refusals[] = {
	{0x05, "invalid message"},
	{0x06, "failed to act"},
	{ESP32_REFUSED_CHECKSUM, "wrong checksum"},
	{0x08, "flash write failed"},
	{0x09, "flash read failed"},
	{0x0A, "flash read of a wrong length"},
	{0x0B, "wrong compressed data"},
};

static int wire_ms(const struct esp32_loader *loader, size_t count)
{
	return (int)(count * BITS_PER_BYTE * 1000 / loader->baud) + 1;
}

static int request_send(struct esp32_loader *loader, const struct esp32_request *request,
			size_t *ret_sent, struct err *err)
{
	uint8_t packet[HEADER_BYTES + ESP32_DATA_MAX];
	uint8_t frame[2 * sizeof(packet) + 2];
	size_t count;

	assert(request->count <= ESP32_DATA_MAX);
	packet[0] = REQUEST;
	packet[1] = request->command;
	esp32_put_u16(packet + 2, (uint32_t)request->count);
	esp32_put_u32(packet + 4, request->checksum);
	if (request->count)
		memcpy(packet + HEADER_BYTES, request->data, request->count);
	count = esp32_slip_encode(packet, HEADER_BYTES + request->count, frame);
	*ret_sent = count;
	return link_write(loader->link, frame, count, LINK_WRITE_MS + wire_ms(loader, count), err);
}

/* The packet in the parser as the answer to command; false: it is none. */
static bool answer_take(const struct esp32_slip_parser *parser, uint8_t command,
			struct esp32_answer *ret_answer)
{
	const uint8_t *packet = parser->packet;
	const uint8_t *status = packet + parser->count - STATUS_BYTES;

	if (parser->count < HEADER_BYTES + STATUS_BYTES || packet[0] != RESPONSE ||
	    packet[1] != command)
		return false;
	if ((packet[2] | packet[3] << 8) != (int)(parser->count - HEADER_BYTES))
		return false;
	*ret_answer = (struct esp32_answer){
		.value = esp32_get_u32(packet + 4),
		.data = packet + HEADER_BYTES,
		.count = parser->count - HEADER_BYTES - STATUS_BYTES,
		.refusal = status[0] ? status[1] : 0,
	};
	if (status[0] && !status[1])
		ret_answer->refusal = UINT8_MAX;
	return true;
}

static const char *refusal_text(uint8_t code)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (refusals[i].code == code)
			return refusals[i].text;
	return "unknown reason";
}

/* One byte at a time, so that nothing behind the answer is lost. Answers to other commands (SYNC is
 * answered up to eight times) and what is no packet are passed over. */
static int answer_await(struct esp32_loader *loader, uint8_t command, int timeout_ms,
			struct esp32_answer *ret_answer, struct err *err)
{
	int64_t deadline_ns = link_deadline_ns(loader->link, timeout_ms);
	size_t got;
	uint8_t byte;

	for (;;) {
		int left_ms = link_left_ms(loader->link, deadline_ns);
		int ret = link_read(loader->link, &byte, 1, left_ms, &got, err);

		if (ret)
			return ret;
		if (!got && !link_left_ms(loader->link, deadline_ns))
			return err_set(err, -ETIMEDOUT, "the loader is silent (%d ms)", timeout_ms);
		if (got && esp32_slip_feed(&loader->parser, byte) &&
		    answer_take(&loader->parser, command, ret_answer))
			break;
	}
	if (ret_answer->refusal)
		return err_set(err, -EREMOTEIO, "the loader refused: %s (0x%02x)",
			       refusal_text(ret_answer->refusal), ret_answer->refusal);
	return 0;
}

/* Once. */
int esp32_exchange(struct esp32_loader *loader, const struct esp32_request *request,
		   struct esp32_answer *ret_answer, struct err *err)
{
	size_t sent;
	int ret;

	memset(&loader->parser, 0, sizeof(loader->parser));
	ret = request_send(loader, request, &sent, err);
	if (ret)
		return ret;
	return answer_await(loader, request->command, request->timeout_ms + wire_ms(loader, sent),
			    ret_answer, err);
}

int esp32_line_clear(struct esp32_loader *loader, struct err *err)
{
	return link_discard(loader->link, QUIET_MS, DISCARD_MS, err);
}

/* Repeats after silence and after a refusal. */
int esp32_exchange_surely(struct esp32_loader *loader, const struct esp32_request *request,
			  struct esp32_answer *ret_answer, struct err *err)
{
	struct err last = {""};
	int ret = esp32_exchange(loader, request, ret_answer, &last);

	for (int i = 0; i < REPEATS && (ret == -ETIMEDOUT || ret == -EREMOTEIO); i++) {
		int cleared = esp32_line_clear(loader, err);

		if (cleared)
			return cleared;
		loader->retries++;
		ret = esp32_exchange(loader, request, ret_answer, &last);
	}
	return ret ? err_set(err, ret, "%s", last.text) : 0;
}
