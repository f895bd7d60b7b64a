/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One request and its reply over a link that may damage, lose, double and delay frames.
 */
#ifndef DRIVERS_DUT_DUT_EXCHANGE_H
#define DRIVERS_DUT_DUT_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/dut/dut.h"

enum {
	DUT_ATTEMPTS = 4,
	DUT_WRITE_MS = 1000,
	DUT_FRAME_GAP_MS =
		250, /* a frame comes in one go: after such a pause a started one is dead */
	DUT_SEEN_BYTES = 2 * WIRE_FRAME_MAX,
};

/* What the board sends by itself after a run. */
struct dut_run_state {
	uint16_t sequence; /* of the RUN request, 0: none yet */
	bool has_frame;
	struct wire_frame frame; /* RESULT reply or WIRE_ERROR */
};

struct dut_exchange {
	struct link *link;
	struct wire_parser parser;
	uint8_t received[1024]; /* not parsed yet: from received_at to received_end */
	size_t received_at, received_end;
	int64_t t_received_ns;
	uint8_t seen[DUT_SEEN_BYTES]; /* newest bytes since the last whole frame */
	size_t seen_count;
	uint16_t sequence; /* of the newest request */
	struct dut_run_state run;
	struct dut_stats stats; /* but for damaged, which the parser counts */
};

void dut_exchange_init(struct dut_exchange *exchange, struct link *link);

/* The number after sequence; never 0. */
uint16_t dut_sequence_after(uint16_t sequence);

const char *dut_request_name(uint8_t type);

/* Sends the request (sequence number included) up to DUT_ATTEMPTS times, until its reply comes,
 * waiting timeout_ms each time. Frames with another sequence number are late and dropped, but for a
 * run's result, which is kept in exchange->run. A RUN request is also accepted by its result.
 * -ETIMEDOUT, -EPROTO, -EREMOTEIO as in dut.h; *ret_reply is the reply's frame otherwise. */
int dut_exchange_request(struct dut_exchange *exchange, const struct wire_frame *request,
			 int timeout_ms, struct wire_frame *ret_reply, struct err *err);

/* Takes in what comes, until exchange->run has its frame (0) or the time is over (-EAGAIN). */
int dut_exchange_await_run(struct dut_exchange *exchange, int timeout_ms, struct err *err);

/* The board's refusal as an error: -EREMOTEIO, or -EPROTO when it cannot be decoded. */
int dut_refusal(const char *request_name, const struct wire_frame *frame, struct err *err);

/* Version of the first whole frame in bytes that is of another protocol version, 0: there is none.
 */
unsigned dut_find_other_version(const uint8_t *bytes, size_t count);

#endif
