/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A board that runs the joulebench firmware, seen from the host. Every call is one or more request
 * / reply exchanges (firmware/wire) with repeats after damage or silence; nothing blocks longer
 * than its attempts times its time-out. The link is borrowed.
 */
#ifndef DRIVERS_DUT_DUT_H
#define DRIVERS_DUT_DUT_H

#include <stddef.h>
#include <stdint.h>

#include "drivers/err.h"
#include "drivers/link/link.h"
#include "firmware/wire/wire.h"

struct dut;

struct dut_stats {
	unsigned requests, repeats; /* repeats: requests sent again */
	unsigned damaged;           /* damaged frames received */
};

int dut_open(struct link *link, struct dut **ret_dut, struct err *err);
void dut_close(struct dut *dut); /* accepts NULL; leaves the link open */

/* -ETIMEDOUT: the board does not answer (after all repeats). -EPROTO: it speaks another protocol
 * version (the sentence says which), or its reply makes no sense. -EREMOTEIO: the board refused;
 * the sentence is the board's. These hold for every call below. The first call says HELLO before
 * anything else, whichever call it is. */
int dut_hello(struct dut *dut, struct wire_hello_reply *ret_hello, struct err *err);
/* Loads and commits the image; when hello already reports it (crc32 and size) the caller skips
 * this. */
int dut_load_image(struct dut *dut, const uint8_t *bytes, size_t count, uint32_t crc32,
		   struct err *err);
int dut_set_input(struct dut *dut, const uint8_t *bytes, size_t count, struct err *err);
/* One unmeasured inference with layer CRCs. timeout_ms: how long that inference may take. */
int dut_check(struct dut *dut, int timeout_ms, struct wire_check_reply *ret_check, struct err *err);
int dut_set_clock(struct dut *dut, uint32_t hz, struct wire_clock_reply *ret_clock,
		  struct err *err);
int dut_temperature(struct dut *dut, struct wire_temperature_reply *ret_temperature,
		    struct err *err);
/* Starts a measured run and returns as soon as the board accepted it. After -ETIMEDOUT it may run
 * all the same: dut_poll_result and dut_fetch_result know it. */
int dut_run(struct dut *dut, const struct wire_run *run, struct err *err);
/* Takes the board's result of the last dut_run. Waits up to timeout_ms for it to arrive; -EAGAIN
 * when it has not (call again), so that a caller can watch a meter meanwhile. Sends nothing.
 * -EINVAL, here and below: no run was started. */
int dut_poll_result(struct dut *dut, int timeout_ms, struct wire_result_reply *ret_result,
		    struct err *err);
/* Asks for the result of the last dut_run (for when the board's own message was lost). -EAGAIN: the
 * board has none yet, or that of an earlier run. */
int dut_fetch_result(struct dut *dut, struct wire_result_reply *ret_result, struct err *err);
/* Cycles of each operator of the image, summed over the last run's inferences; that run was started
 * with WIRE_RUN_LAYERS. count: how many the image has; another number is -EPROTO, no such run
 * -EAGAIN. */
int dut_read_layers(struct dut *dut, uint64_t *ret_cycles, size_t count, struct err *err);
/* Threshold of the model's exit, for all inferences from now on. */
int dut_set_exit(struct dut *dut, int32_t threshold, struct err *err);
/* Which inferences of the last run ended at the model's exit. -EAGAIN: they are not that run's. */
int dut_read_paths(struct dut *dut, struct wire_paths_reply *ret_paths, struct err *err);
int dut_read_output(struct dut *dut, uint8_t *ret_bytes, size_t count, struct err *err);
struct dut_stats dut_stats(const struct dut *dut);

#endif
