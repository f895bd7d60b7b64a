/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Between the driver's own sources.
 */
#ifndef DRIVERS_DUT_DUT_INTERNAL_H
#define DRIVERS_DUT_DUT_INTERNAL_H

#include "drivers/dut/dut.h"
#include "drivers/dut/dut_exchange.h"

enum { DUT_REPLY_MS = 1000 };

struct dut {
	struct dut_exchange exchange;
	bool is_conversing; /* the board answered a HELLO of ours */
};

/* Says HELLO first where nobody has, numbers the request and carries it out. */
int dut_request(struct dut *dut, struct wire_frame *request, int timeout_ms,
		struct wire_frame *ret_reply, struct err *err);
/* -EPROTO */
int dut_reply_senseless(const struct wire_frame *request, const struct wire_frame *reply,
			struct err *err);

#endif
