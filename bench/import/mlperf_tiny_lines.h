/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Lines of the texts that the MLPerf Tiny runners write, and numbers in them.
 */
#ifndef BENCH_IMPORT_MLPERF_TINY_LINES_H
#define BENCH_IMPORT_MLPERF_TINY_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TINY_LINE_CHARS = 1024, TINY_LINE_NUMBERS = 3 };

/* Copies the next line from *place on, without its end, and moves *place behind it; false at the
 * end of the text. -1 in *ret_length: it is too long, or holds a NUL. */
bool tiny_line_next(const uint8_t *bytes, size_t count, size_t *place, char line[TINY_LINE_CHARS],
		    int *ret_length);

void tiny_line_skip_blanks(const char **text);

/* Digits with at most one point, as the runners print: no sign, no exponent, no "nan". Moves *text
 * behind it. */
bool tiny_line_take_number(const char **text, double *ret_value);

/* The number right behind key, wherever key stands. */
bool tiny_line_take_after(const char *line, const char *key, double *ret_value);

/* In a form, '@' is a number, a blank any run of blanks (none, too); up to the first '@' is what
 * makes a line this one. values has room for TINY_LINE_NUMBERS. */
enum tiny_line_match {
	TINY_LINE_OTHER = 1,
	TINY_LINE_SPOILED, /* begins so, and goes on otherwise */
	TINY_LINE_WHOLE,
};
enum tiny_line_match tiny_line_match(const char *form, const char *text, double *values);

#endif
