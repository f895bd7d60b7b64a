/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A capture of a board whose marker lines the host sees, and not the meter (drivers/marker): keeps
 * the meter's samples until the capture is over, takes the edges meanwhile, and then puts them into
 * the samples' index (analysis/trace/host_lines.h). The meter's own logic inputs are not looked at.
 *
 * The source is opened anew for each capture: edges of booting and flashing are nobody's.
 */
#ifndef BENCH_SESSION_HOST_MARKERS_H
#define BENCH_SESSION_HOST_MARKERS_H

#include "analysis/trace/host_lines.h"
#include "analysis/trace/run_stream.h"
#include "bench/config/rig.h"
#include "drivers/link/record.h"
#include "drivers/meter/meter.h"

enum { HOST_MARKERS_SAMPLES_MAX = 1 << 25 }; /* that are kept, half a gigabyte at most */

struct host_markers_result {
	int error; /* of analysis/trace/error.h: edges have no place in the samples; 0: they do */
	uint64_t
		lost; /* edges, by their numbers or because two of one direction followed each other
		       */
	struct host_lines lines;
};

struct host_markers;

/* Before the meter starts. caps: of the meter; tape: the board's, or NULL. The errors of
 * marker_open_taped. */
int host_markers_open(const char *uri, unsigned caps, struct link_tape *tape,
		      struct host_markers **ret_markers, struct err *err);
void host_markers_close(struct host_markers *markers); /* accepts NULL */
/* Keeps a block, and takes the edges that wait. -ENOMEM; -EFBIG: too many samples; the errors of
 * marker_read that stay. */
int host_markers_take(struct host_markers *markers, const struct meter_block *block,
		      struct err *err);
uint64_t host_markers_samples(const struct host_markers *markers); /* lost ones included */
/* As run_stream_behind; by the clock map so far. */
uint64_t host_markers_behind(const struct host_markers *markers);
/* The last edges. */
int host_markers_finish(struct host_markers *markers, struct err *err);

/* Puts the edges into the samples' index: settings->edges is valid until host_markers_close, and
 * settings->guard_samples grows by what an edge may be off. */
void host_markers_map(struct host_markers *markers, const struct meter_info *meter,
		      struct run_settings *settings, struct host_markers_result *ret_result);
/* Block index as it came, but for its logic: the host's lines on the meter's inputs, at sample
 * resolution. To be asked for in order. False: there is none. */
bool host_markers_block(struct host_markers *markers, size_t index, const unsigned *inputs,
			struct meter_block *ret_block);

#endif
