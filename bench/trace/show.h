/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is in a trace file, for people and as JSON.
 */
#ifndef BENCH_TRACE_SHOW_H
#define BENCH_TRACE_SHOW_H

#include <jansson.h>
#include <stdio.h>

#include "bench/trace/reader.h"

/* Envelope of the whole; NaN without one. */
struct show_current {
	double min_a, mean_a, max_a;
};

/* checked: "" not compared, "ok", or what is wrong with the content. */
int show_print(struct trace_reader *reader, const char *checked, FILE *stream, struct err *err);
int show_json(struct trace_reader *reader, const char *checked, json_t **ret_object,
	      struct err *err);

#endif
