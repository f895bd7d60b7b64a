/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A picture of a trace: current above, marker lines below, as a gnuplot script with its data
 * inside.
 */
#ifndef BENCH_TRACE_PLOT_H
#define BENCH_TRACE_PLOT_H

#include <stdio.h>

#include "bench/trace/reader.h"

/* The script draws into the PNG file of that name. Few samples are drawn each; many as least to
 * largest and mean per column. Files without samples show their envelope, and no lines. */
int plot_script(struct trace_reader *reader, const char *png_path, FILE *stream, struct err *err);

/* Runs gnuplot. -ENOENT: it is not installed. -EIO: it failed. */
int plot_run(const char *script_path, struct err *err);

#endif
