/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Request and reply with the joulebench firmware: repeats, late replies, other protocol versions.
 * Protocol: firmware/wire/wire.h.
 */
#include "drivers/dut/dut_exchange.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static const char *const request_names[] = {
	[WIRE_HELLO] = "HELLO",
	[WIRE_IMAGE_BEGIN] = "IMAGE_BEGIN",
	[WIRE_IMAGE_DATA] = "IMAGE_DATA",
	[WIRE_IMAGE_COMMIT] = "IMAGE_COMMIT",
	[WIRE_INPUT] = "INPUT",
	[WIRE_CHECK] = "CHECK",
	[WIRE_RUN] = "RUN",
	[WIRE_RESULT] = "RESULT",
	[WIRE_CLOCK] = "CLOCK",
	[WIRE_TEMPERATURE] = "TEMPERATURE",
	[WIRE_RESET] = "RESET",
	[WIRE_OUTPUT] = "OUTPUT",
	[WIRE_LAYERS] = "LAYERS",
	[WIRE_EXIT] = "EXIT",
	[WIRE_PATHS] = "PATHS",
};

const char *dut_request_name(uint8_t type)
{
	if (type >= sizeof(request_names) / sizeof(request_names[0]) || !request_names[type])
		return "unknown request";
	return request_names[type];
}

void dut_exchange_init(struct dut_exchange *exchange, struct link *link)
{
	memset(exchange, 0, sizeof(*exchange));
	exchange->link = link;
	wire_parser_init(&exchange->parser);
}

uint16_t dut_sequence_after(uint16_t sequence)
{
	return sequence == UINT16_MAX ? 1 : (uint16_t)(sequence + 1);
}

unsigned dut_find_other_version(const uint8_t *bytes, size_t count)
{
	for (size_t at = 0; at + WIRE_HEADER_BYTES + 4 <= count; at++) {
		const uint8_t *head = bytes + at;
		size_t payload = head[6] | (size_t)head[7] << 8;
		size_t checked = WIRE_HEADER_BYTES - 2 + payload;
		const uint8_t *tail = head + 2 + checked;
		uint32_t crc;

		if (head[0] != 'J' || head[1] != 'B' || head[2] == WIRE_VERSION || head[2] == 0 ||
		    payload + WIRE_HEADER_BYTES + 4 > count - at)
			continue;
		crc = tail[0] | (uint32_t)tail[1] << 8 | (uint32_t)tail[2] << 16 |
		      (uint32_t)tail[3] << 24;
		if (crc == wire_crc32(0, head + 2, checked))
			return head[2];
	}
	return 0;
}

static void seen_add(struct dut_exchange *exchange, uint8_t byte)
{
	if (exchange->seen_count == DUT_SEEN_BYTES) {
		memmove(exchange->seen, exchange->seen + DUT_SEEN_BYTES / 2, DUT_SEEN_BYTES / 2);
		exchange->seen_count = DUT_SEEN_BYTES / 2;
	}
	exchange->seen[exchange->seen_count++] = byte;
}

/* The next whole frame among the bytes that are here. */
static bool frame_parse(struct dut_exchange *exchange, struct wire_frame *frame)
{
	while (exchange->received_at < exchange->received_end) {
		uint8_t byte = exchange->received[exchange->received_at++];

		seen_add(exchange, byte);
		if (wire_parser_feed(&exchange->parser, byte, frame)) {
			exchange->seen_count = 0;
			return true;
		}
	}
	return false;
}

/* A frame whose end was lost would swallow the ones that follow. */
static void parser_drop_dead(struct dut_exchange *exchange, int64_t now_ns)
{
	if (!exchange->parser.used ||
	    now_ns - exchange->t_received_ns < (int64_t)DUT_FRAME_GAP_MS * 1000000)
		return;
	exchange->parser.skipped += exchange->parser.used;
	exchange->parser.damaged++;
	exchange->parser.used = 0;
}

/* Reads the link once. 1: bytes came, 0: the time is over. */
static int bytes_receive(struct dut_exchange *exchange, int64_t until_ns, struct err *err)
{
	int64_t left_ns = until_ns - link_clock_ns(exchange->link);
	int wait_ms = left_ns > 0 ? (int)((left_ns + 999999) / 1000000) : 0;
	size_t count = 0;
	int64_t now_ns;
	int rc = link_read(exchange->link, exchange->received, sizeof(exchange->received), wait_ms,
			   &count, err);

	if (rc)
		return rc;
	if (!count)
		return 0;
	now_ns = link_clock_ns(exchange->link);
	parser_drop_dead(exchange, now_ns);
	exchange->t_received_ns = now_ns;
	exchange->received_at = 0;
	exchange->received_end = count;
	return 1;
}

/* 1: *frame is the next frame; 0: the time is over. */
static int frame_receive(struct dut_exchange *exchange, int64_t until_ns, struct wire_frame *frame,
			 struct err *err)
{
	bool is_late = false;

	while (!frame_parse(exchange, frame)) {
		int rc;

		if (is_late)
			return 0;
		rc = bytes_receive(exchange, until_ns, err);
		if (rc < 0)
			return rc;
		is_late = link_clock_ns(exchange->link) >= until_ns;
	}
	return 1;
}

/* Keeps a frame that reports on the last run; true when it does. */
static bool run_keep(struct dut_run_state *run, const struct wire_frame *frame)
{
	if (!run->sequence || frame->sequence != run->sequence ||
	    (frame->type != (WIRE_RESULT | WIRE_REPLY) && frame->type != WIRE_ERROR))
		return false;
	run->frame = *frame;
	run->has_frame = true;
	return true;
}

int dut_refusal(const char *request_name, const struct wire_frame *frame, struct err *err)
{
	struct wire_error_reply reply;

	if (!wire_error_reply_decode(frame->payload, frame->count, &reply))
		return err_set(err, -EPROTO, "%s: the board's refusal makes no sense",
			       request_name);
	for (char *c = reply.text; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
	return err_set(err, -EREMOTEIO, "%s: the board refused: %s (error %u)", request_name,
		       reply.text[0] ? reply.text : "no reason given", reply.code);
}

/* Waits for the reply to one sending. 1: it is in *frame; 0: the time is over. */
static int reply_receive(struct dut_exchange *exchange, const struct wire_frame *request,
			 int64_t until_ns, struct wire_frame *frame, struct err *err)
{
	for (;;) {
		int rc = frame_receive(exchange, until_ns, frame, err);

		if (rc <= 0)
			return rc;
		if (frame->sequence == request->sequence &&
		    (frame->type == (request->type | WIRE_REPLY) || frame->type == WIRE_ERROR))
			return 1;
		if (run_keep(&exchange->run, frame) && request->type == WIRE_RUN)
			return 1;
		if (link_clock_ns(exchange->link) >= until_ns)
			return 0;
	}
}

static int silence(struct dut_exchange *exchange, const char *name, int timeout_ms, struct err *err)
{
	return err_set(
		err, -ETIMEDOUT,
		"%s: the board does not answer (%d attempts of %d ms, %u damaged frames so far)",
		name, DUT_ATTEMPTS, timeout_ms, (unsigned)exchange->parser.damaged);
}

int dut_exchange_request(struct dut_exchange *exchange, const struct wire_frame *request,
			 int timeout_ms, struct wire_frame *ret_reply, struct err *err)
{
	const char *name = dut_request_name(request->type);
	uint8_t bytes[WIRE_FRAME_MAX];
	size_t count = wire_frame_write(request, bytes);
	struct wire_frame reply;

	exchange->stats.requests++;
	exchange->seen_count = 0;
	for (int attempt = 0; attempt < DUT_ATTEMPTS; attempt++) {
		unsigned version;
		int rc;

		exchange->stats.repeats += attempt > 0;
		rc = link_write(exchange->link, bytes, count, DUT_WRITE_MS, err);
		if (rc)
			return err_context(err, rc, "%s", name);
		rc = reply_receive(exchange, request,
				   link_clock_ns(exchange->link) + (int64_t)timeout_ms * 1000000,
				   &reply, err);
		if (rc < 0)
			return err_context(err, rc, "%s", name);
		if (rc && reply.type == WIRE_ERROR)
			return dut_refusal(name, &reply, err);
		if (rc) {
			*ret_reply = reply;
			return 0;
		}
		version = dut_find_other_version(exchange->seen, exchange->seen_count);
		if (version)
			return err_set(err, -EPROTO,
				       "%s: the board speaks protocol %u, this joulebench %d", name,
				       version, WIRE_VERSION);
	}
	return silence(exchange, name, timeout_ms, err);
}

int dut_exchange_await_run(struct dut_exchange *exchange, int timeout_ms, struct err *err)
{
	int64_t until_ns = link_clock_ns(exchange->link) + (int64_t)timeout_ms * 1000000;

	while (!exchange->run.has_frame) {
		struct wire_frame frame;
		int rc = frame_receive(exchange, until_ns, &frame, err);

		if (rc < 0)
			return rc;
		if (!rc || (!run_keep(&exchange->run, &frame) &&
			    link_clock_ns(exchange->link) >= until_ns))
			return err_set(err, -EAGAIN, "no result came for %d ms", timeout_ms);
	}
	return 0;
}
