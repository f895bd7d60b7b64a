/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Between the driver's own sources.
 */
#ifndef DRIVERS_DUT_DUT_INTERNAL_H
#define DRIVERS_DUT_DUT_INTERNAL_H

#include "drivers/dut/dut.h"
#include "drivers/dut/dut_exchange.h"

/* A virtual board shares the host's processor, and falls behind when that is busy. */
enum { DUT_REPLY_MS = 1000, DUT_VIRTUAL_REPLY_MS = 1500 };

struct dut {
	struct dut_exchange exchange;
	bool is_conversing; /* the board answered a HELLO of ours */
	int reply_ms;       /* for requests that take the board no time */
};

/* Says HELLO first where nobody has, numbers the request and carries it out. */
int dut_request(struct dut *dut, struct wire_frame *request, int timeout_ms,
		struct wire_frame *ret_reply, struct err *err);
/* -EPROTO */
int dut_reply_senseless(const struct wire_frame *request, const struct wire_frame *reply,
			struct err *err);

#endif
