/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Trace files for other programs. All take constant memory. Lost samples:
 *   csv   rows are received samples, time_s leaves the lost ones' place; lost_before counts them
 *   vcd   lines are unknown (x) where samples were lost
 *   sr    (sigrok session, for PulseView and sigrok-cli) NaN, lines as before the loss: that format
 *         knows no gaps. It shows everything analog as volts: the unit is in the channel's name
 *   jls   (Joulescope UI, pyjls) NaN, lines as before the loss, and an annotation; see export_jls.c
 * Time is that of the meter's nominal clock, from the first sample.
 */
#ifndef BENCH_TRACE_EXPORT_H
#define BENCH_TRACE_EXPORT_H

#include <stdio.h>

#include "bench/trace/reader.h"

struct trace_format {
	const char *name; /* "csv" */
	bool text;        /* may go to a terminal */
	/* stream: at its start; seekable unless text. -ENODATA: the file holds no samples. */
	int (*write)(struct trace_reader *reader, FILE *stream, struct err *err);
};

extern const struct trace_format trace_formats[]; /* ends with a NULL name */

int export_csv(struct trace_reader *reader, FILE *stream, struct err *err);
int export_vcd(struct trace_reader *reader, FILE *stream, struct err *err);
int export_jls(struct trace_reader *reader, FILE *stream, struct err *err);
int export_sr(struct trace_reader *reader, FILE *stream, struct err *err);

/* 0, or -EIO with the system's reason when something written to the stream did not get there. */
int export_check(const struct trace_reader *reader, FILE *stream, struct err *err);

#endif
