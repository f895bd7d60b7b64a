/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One run of the board with the meter watching: arm, trigger, stream, until the board has reported
 * and the meter's samples, which may lag behind the report, hold the idle after the window. Samples
 * go through the analysis, and into the trace, as they come; none are kept here. Where the host
 * sees the marker lines, and not the meter, samples are kept until the capture is over: only then
 * it is known which of them an edge lies in.
 */
#ifndef BENCH_SESSION_CAPTURE_H
#define BENCH_SESSION_CAPTURE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/trace/run_stream.h"
#include "bench/session/host_markers.h"
#include "bench/session/station.h"
#include "bench/session/tracing.h"

struct capture {
	struct run_stream *stream;
	struct run_result run; /* of the capture that ended */
	uint64_t range_switches, corrected;
	unsigned block_flags;                            /* all meter_block flags seen */
	uint64_t window_range_samples[METER_RANGES_MAX]; /* per range, while the window line is high
							  */
	struct wire_result_reply result;
	struct tracing tracing; /* gets every block while one is begun */
	/* Of a board whose marker lines the host sees (rig_board.markers). */
	struct run_settings settings;
	struct host_markers *host; /* while it captures; else NULL */
	bool has_host;
	struct host_markers_result host_result;
};

/* What a capture starts from: its run's settings, and nothing seen. -ENOMEM. */
int capture_begin(struct capture *capture, const struct rig_meter *config,
		  const struct meter_info *meter, const struct wire_run *run, struct err *err);
/* One block more of a meter with these caps, corrected as the calibration says (NULL: not at all).
 * -EPROTO: the meter's indices go back, or what it measures came or went. */
int capture_add(struct capture *capture, const struct rig_meter *config, unsigned caps,
		const struct calibration *calibration, const struct meter_block *block,
		struct err *err);
/* No block more: capture->run is filled. */
void capture_end(struct capture *capture);

/* Runs and captures. limit_s: how long run, idles included, may take, counted in the meter's own
 * samples, so that a slow host or an emulated board is not mistaken for a hang. -ETIMEDOUT: the
 * board did not report by then, or no sample came for 5 s of host time. -ECANCELED: *stop became
 * non-zero. A window line that never rises or falls is no error here: what came up to the limit is
 * in capture->run. *capture is reused by the next call and freed with capture_done. */
int capture_run(struct station *station, const struct wire_run *run, double limit_s,
		const volatile sig_atomic_t *stop, struct capture *capture, struct err *err);
void capture_done(struct capture *capture); /* accepts a zeroed one */

#endif
