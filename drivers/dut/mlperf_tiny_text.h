/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The lines of the MLPerf Tiny protocol as text: pure functions over bytes.
 */
#ifndef DRIVERS_DUT_MLPERF_TINY_TEXT_H
#define DRIVERS_DUT_MLPERF_TINY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/dut/mlperf_tiny.h"

/* MLPERF_TINY_RESULTS_MAX values of 15 characters. */
enum { MLPERF_TINY_LINE_MAX = 16384 };

struct mlperf_tiny_lines {
	size_t used;
	bool is_done; /* the text is a whole line; the next byte begins another */
	bool is_cut;  /* bytes of it were dropped */
	unsigned cut; /* lines that were */
	char text[MLPERF_TINY_LINE_MAX];
};

/* Takes one received byte; true: lines->text is a whole line, NUL-terminated and not empty. Lines
 * end with '\n', '\r' or both. What a line begins with that no text has (a UART's noise at
 * start-up) is dropped; further on it becomes '?'. */
bool mlperf_tiny_lines_feed(struct mlperf_tiny_lines *lines, uint8_t byte);

bool mlperf_tiny_begins(const char *line, const char *prefix);
/* prefix, then decimal digits of a number that fits, then nothing. */
bool mlperf_tiny_number(const char *line, const char *prefix, uint64_t *ret_number);
/* prefix "[" text "]", the text cut to fit. */
bool mlperf_tiny_bracketed(const char *line, const char *prefix, char *ret_text, size_t size);
/* "m-results-[1,2]" or "m-results-[0.004,0.996,]": a comma behind the last value is allowed, as the
 * reference's person detection prints it. False: not that, no value, a value that is no finite
 * number, or too many. */
bool mlperf_tiny_results_parse(const char *line, struct mlperf_tiny_results *ret_results);

#endif
