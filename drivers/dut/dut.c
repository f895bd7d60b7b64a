/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The requests of the joulebench firmware. Protocol: firmware/wire/wire.h.
 */
#include "drivers/dut/dut_internal.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
	FLASH_MS = 5000,   /* IMAGE_BEGIN and IMAGE_DATA may erase flash */
	COMMIT_MS = 10000, /* reads back and checks the whole image */
	QUIET_MS = 20,     /* what an earlier host left on its way to us */
	QUIET_LIMIT_MS = 500,
};

int dut_open(struct link *link, struct dut **ret_dut, struct err *err)
{
	struct dut *dut;
	int rc;

	assert(link && ret_dut);
	dut = calloc(1, sizeof(*dut));
	if (!dut)
		return err_set(err, -ENOMEM, "dut: out of memory");
	dut_exchange_init(&dut->exchange, link);
	dut->reply_ms = link_is_virtual(link) ? DUT_VIRTUAL_REPLY_MS : DUT_REPLY_MS;
	rc = link_discard(link, QUIET_MS, QUIET_LIMIT_MS, err);
	if (rc) {
		free(dut);
		return err_context(err, rc, "dut");
	}
	*ret_dut = dut;
	return 0;
}

void dut_close(struct dut *dut)
{
	free(dut);
}

struct dut_stats dut_stats(const struct dut *dut)
{
	struct dut_stats stats = dut->exchange.stats;

	stats.damaged = dut->exchange.parser.damaged;
	return stats;
}

/* Numbers the request and carries it out. */
static int dut_send(struct dut *dut, struct wire_frame *request, uint16_t sequence, int timeout_ms,
		    struct wire_frame *ret_reply, struct err *err)
{
	int rc;

	request->sequence = sequence;
	dut->exchange.sequence = sequence;
	rc = dut_exchange_request(&dut->exchange, request, timeout_ms, ret_reply, err);
	return rc ? err_context(err, rc, "dut") : 0;
}

int dut_reply_senseless(const struct wire_frame *request, const struct wire_frame *reply,
			struct err *err)
{
	return err_set(err, -EPROTO, "dut: %s: a reply of %u bytes makes no sense",
		       dut_request_name(request->type), (unsigned)reply->count);
}

int dut_hello(struct dut *dut, struct wire_hello_reply *ret_hello, struct err *err)
{
	struct wire_frame request = {.type = WIRE_HELLO};
	uint16_t sequence = dut->is_conversing ? dut_sequence_after(dut->exchange.sequence) : 0;
	struct wire_frame reply;
	int rc = dut_send(dut, &request, sequence, dut->reply_ms, &reply, err);

	if (rc)
		return rc;
	if (!wire_hello_reply_decode(reply.payload, reply.count, ret_hello))
		return dut_reply_senseless(&request, &reply, err);
	dut->is_conversing = true;
	return 0;
}

/* A board may take the first number of a new host for a repeat of an old host's request: a HELLO
 * comes first, also when the caller did not ask for one. */
static int dut_converse(struct dut *dut, struct err *err)
{
	struct wire_hello_reply hello;

	return dut->is_conversing ? 0 : dut_hello(dut, &hello, err);
}

int dut_request(struct dut *dut, struct wire_frame *request, int timeout_ms,
		struct wire_frame *ret_reply, struct err *err)
{
	int rc = dut_converse(dut, err);

	return rc ? rc
		  : dut_send(dut, request, dut_sequence_after(dut->exchange.sequence), timeout_ms,
			     ret_reply, err);
}

/* A request whose reply is empty. */
static int dut_order(struct dut *dut, struct wire_frame *request, int timeout_ms, struct err *err)
{
	struct wire_frame reply;
	int rc = dut_request(dut, request, timeout_ms, &reply, err);

	if (rc)
		return rc;
	return reply.count ? dut_reply_senseless(request, &reply, err) : 0;
}

/* Sends bytes in chunks as IMAGE_DATA or INPUT. */
static int dut_send_data(struct dut *dut, enum wire_type type, const uint8_t *bytes, size_t count,
			 int timeout_ms, struct err *err)
{
	for (size_t at = 0; at < count;) {
		struct wire_frame request = {.type = (uint8_t)type};
		struct wire_data data = {
			.offset = (uint32_t)at,
			.count =
				count - at < WIRE_DATA_MAX ? (uint32_t)(count - at) : WIRE_DATA_MAX,
			.bytes = bytes + at,
		};
		int rc;

		request.count = (uint16_t)wire_data_encode(&data, request.payload);
		rc = dut_order(dut, &request, timeout_ms, err);
		if (rc)
			return err_context(err, rc, "bytes from %zu of %zu", at, count);
		at += data.count;
	}
	return 0;
}

static int count_check(size_t count, const char *what, struct err *err)
{
	if (count > 0 && count <= UINT32_MAX)
		return 0;
	return err_set(err, -EINVAL, "dut: %s of %zu bytes makes no sense", what, count);
}

int dut_load_image(struct dut *dut, const uint8_t *bytes, size_t count, uint32_t crc32,
		   struct err *err)
{
	const struct wire_image_begin begin = {.bytes = (uint32_t)count, .crc32 = crc32};
	struct wire_frame request = {.type = WIRE_IMAGE_BEGIN};
	struct wire_frame commit = {.type = WIRE_IMAGE_COMMIT};
	int rc = count_check(count, "an image", err);

	if (rc)
		return rc;
	request.count = (uint16_t)wire_image_begin_encode(&begin, request.payload);
	rc = dut_order(dut, &request, FLASH_MS, err);
	if (!rc)
		rc = dut_send_data(dut, WIRE_IMAGE_DATA, bytes, count, FLASH_MS, err);
	if (!rc)
		rc = dut_order(dut, &commit, COMMIT_MS, err);
	return rc ? err_context(err, rc, "image") : 0;
}

int dut_set_input(struct dut *dut, const uint8_t *bytes, size_t count, struct err *err)
{
	int rc = count_check(count, "an input", err);

	return rc ? rc : dut_send_data(dut, WIRE_INPUT, bytes, count, dut->reply_ms, err);
}

int dut_check(struct dut *dut, int timeout_ms, struct wire_check_reply *ret_check, struct err *err)
{
	struct wire_frame request = {.type = WIRE_CHECK};
	struct wire_frame reply;
	int rc;

	assert(timeout_ms >= 0 && timeout_ms <= INT_MAX - dut->reply_ms);
	rc = dut_request(dut, &request, timeout_ms + dut->reply_ms, &reply, err);
	if (rc)
		return rc;
	if (!wire_check_reply_decode(reply.payload, reply.count, ret_check))
		return dut_reply_senseless(&request, &reply, err);
	return 0;
}

int dut_set_clock(struct dut *dut, uint32_t hz, struct wire_clock_reply *ret_clock, struct err *err)
{
	const struct wire_clock clock = {.hz = hz};
	struct wire_frame request = {.type = WIRE_CLOCK};
	struct wire_frame reply;
	int rc;

	request.count = (uint16_t)wire_clock_encode(&clock, request.payload);
	rc = dut_request(dut, &request, dut->reply_ms, &reply, err);
	if (rc)
		return rc;
	if (!wire_clock_reply_decode(reply.payload, reply.count, ret_clock))
		return dut_reply_senseless(&request, &reply, err);
	return 0;
}

int dut_temperature(struct dut *dut, struct wire_temperature_reply *ret_temperature,
		    struct err *err)
{
	struct wire_frame request = {.type = WIRE_TEMPERATURE};
	struct wire_frame reply;
	int rc = dut_request(dut, &request, dut->reply_ms, &reply, err);

	if (rc)
		return rc;
	if (!wire_temperature_reply_decode(reply.payload, reply.count, ret_temperature))
		return dut_reply_senseless(&request, &reply, err);
	return 0;
}

/* After silence the run stays known: the board may be busy with it, its answer lost. */
int dut_run(struct dut *dut, const struct wire_run *run, struct err *err)
{
	struct dut_run_state *state = &dut->exchange.run;
	struct wire_frame request = {.type = WIRE_RUN};
	struct wire_frame reply;
	int rc = dut_converse(dut, err);

	if (rc)
		return rc;
	request.count = (uint16_t)wire_run_encode(run, request.payload);
	state->sequence = dut_sequence_after(dut->exchange.sequence);
	state->has_frame = false;
	rc = dut_send(dut, &request, state->sequence, dut->reply_ms, &reply, err);
	if (rc && rc != -ETIMEDOUT)
		state->sequence = 0;
	if (rc)
		return rc;
	if (reply.type == (WIRE_RUN | WIRE_REPLY) && reply.count)
		return dut_reply_senseless(&request, &reply, err);
	return 0;
}

static int result_decode(struct dut *dut, const struct wire_frame *frame,
			 struct wire_result_reply *ret_result, struct err *err)
{
	uint16_t expected = dut->exchange.run.sequence;
	struct wire_result_reply result;

	if (!wire_result_reply_decode(frame->payload, frame->count, &result))
		return err_set(err, -EPROTO, "dut: RESULT: a reply of %u bytes makes no sense",
			       (unsigned)frame->count);
	if (result.run_sequence == 0)
		return err_set(err, -EAGAIN, "dut: RESULT: the board has none yet");
	if (result.run_sequence != expected)
		return err_set(err, -EAGAIN, "dut: RESULT: the board has that of run %u, not of %u",
			       result.run_sequence, expected);
	*ret_result = result;
	return 0;
}

static int run_check(const struct dut *dut, struct err *err)
{
	if (dut->exchange.run.sequence)
		return 0;
	return err_set(err, -EINVAL, "dut: RESULT: no run was started");
}

int dut_poll_result(struct dut *dut, int timeout_ms, struct wire_result_reply *ret_result,
		    struct err *err)
{
	struct dut_run_state *run = &dut->exchange.run;
	int rc = run_check(dut, err);

	assert(timeout_ms >= 0);
	if (rc)
		return rc;
	rc = dut_exchange_await_run(&dut->exchange, timeout_ms, err);
	if (rc)
		return err_context(err, rc, "dut");
	if (run->frame.type == WIRE_ERROR) {
		rc = dut_refusal(dut_request_name(WIRE_RUN), &run->frame, err);
		return err_context(err, rc, "dut");
	}
	return result_decode(dut, &run->frame, ret_result, err);
}

int dut_fetch_result(struct dut *dut, struct wire_result_reply *ret_result, struct err *err)
{
	struct wire_frame request = {.type = WIRE_RESULT};
	struct wire_frame reply;
	int rc = run_check(dut, err);

	if (!rc)
		rc = dut_request(dut, &request, dut->reply_ms, &reply, err);
	return rc ? rc : result_decode(dut, &reply, ret_result, err);
}

int dut_read_output(struct dut *dut, uint8_t *ret_bytes, size_t count, struct err *err)
{
	int rc = count_check(count, "an output", err);

	if (rc)
		return rc;
	for (size_t at = 0; at < count;) {
		struct wire_frame request = {.type = WIRE_OUTPUT};
		struct wire_frame reply;
		struct wire_output part = {
			.offset = (uint32_t)at,
			.count =
				count - at < WIRE_DATA_MAX ? (uint32_t)(count - at) : WIRE_DATA_MAX,
		};

		request.count = (uint16_t)wire_output_encode(&part, request.payload);
		rc = dut_request(dut, &request, dut->reply_ms, &reply, err);
		if (rc)
			return err_context(err, rc, "bytes from %zu of %zu", at, count);
		if (reply.count != part.count)
			return dut_reply_senseless(&request, &reply, err);
		memcpy(ret_bytes + at, reply.payload, part.count);
		at += part.count;
	}
	return 0;
}
