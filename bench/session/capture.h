/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One run of the board with the meter watching: arm, trigger, stream, until the board has reported
 * and the meter's samples, which may lag behind the report, hold the idle after the window.
 */
#ifndef BENCH_SESSION_CAPTURE_H
#define BENCH_SESSION_CAPTURE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/trace/window.h"
#include "bench/session/station.h"
#include "bench/session/tracing.h"

struct capture {
	float *current_a;
	uint8_t *logic, *saturated; /* per sample */
	size_t count, capacity;
	struct window_gap *gaps;
	size_t gap_count, gap_capacity;
	uint64_t lost, saturated_count, range_switches;
	unsigned block_flags; /* all meter_block flags seen */
	uint64_t window_range_samples[METER_RANGES_MAX]; /* per range, while the window line is high */
	bool window_seen;     /* the window line was high */
	size_t low_count;     /* samples since it was */
	struct wire_result_reply result;
	struct tracing tracing; /* gets every block while one is begun */
};

/* Runs and captures. limit_s: how long run, idles included, may take, counted in the meter's own
 * samples, so that a slow host or an emulated board is not mistaken for a hang. -ETIMEDOUT: the
 * board did not report by then, or no sample came for 5 s of host time. -ECANCELED: *stop became
 * non-zero. A window line that never rises or falls is no error here: the samples up to the limit
 * are kept. What was captured stays in *capture, which is reused by the next call and freed with
 * capture_done. */
int capture_run(struct station *station, const struct wire_run *run, double limit_s,
		const volatile sig_atomic_t *stop, struct capture *capture, struct err *err);
void capture_done(struct capture *capture); /* accepts a zeroed one */

#endif
