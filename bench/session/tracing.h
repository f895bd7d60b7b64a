/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The trace of one window: its file grows while the window is captured and gets the window's
 * verdict in the end. A trace that cannot be written does not disturb the capture; it refuses the
 * window afterwards.
 *
 * What is in the file comes from the devices and the tape's clocks only, so that a replay makes the
 * same trace. The session's number, which another database gives another value, is not in it.
 */
#ifndef BENCH_SESSION_TRACING_H
#define BENCH_SESSION_TRACING_H

#include "bench/session/station.h"
#include "bench/store/store.h"
#include "bench/trace/trace.h"

struct tracing {
	struct trace_writer *writer; /* NULL: none is open */
	bool has_voltage;            /* the meter measures it */
	bool begun;                  /* since tracing_begin, until it is ended or dropped */
	int64_t mono_to_utc_ns;      /* as of the begin */
	int failed;
	struct err failure;
};

/* Opens the file of the window that comes next. The station is open; the row is planned. */
void tracing_begin(struct tracing *tracing, const char *folder, const struct station *station,
		   const struct store_measurement *row);
/* A block as the meter gave it; does nothing when none is begun. */
void tracing_append(struct tracing *tracing, const struct meter_block *block);
/* Ends the file with the row's verdict, and fills in trace_sha256. Where it could not be written an
 * accepted or suspect row becomes refused for that; other rows keep their reason, and the failure
 * is told on stderr. Does nothing when none is begun. -EIO: a replay could not write a trace that
 * was written when it was recorded: nothing that follows would be the recorded session. */
int tracing_end(struct tracing *tracing, enum trace_retention retention, struct link_tape *tape,
		struct store_measurement *row, struct err *err);
/* Nobody wants it: the file goes. */
void tracing_drop(struct tracing *tracing);

#endif
