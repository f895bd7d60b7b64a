/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * JSON read in one pass, value by value: millions of numbers take no more memory than their text.
 * Unlike jansson it takes NaN, Infinity and -Infinity for numbers, as Python's json writes them.
 * Strings are ASCII or whatever bytes they are; escapes stay as they are written.
 *
 * Every function returns false once something was wrong; problem then says what, at says where.
 */
#ifndef BENCH_IMPORT_JSON_SCAN_H
#define BENCH_IMPORT_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JSON_SCAN_DEPTH = 32 };

struct json_scan {
	const uint8_t *bytes;
	size_t count, at;
	unsigned depth;
	bool is_fresh;       /* just behind an opening bracket */
	const char *problem; /* static; NULL: none */
};

void json_scan_init(struct json_scan *scan, const uint8_t *bytes, size_t count);

/* The next byte that is no blank; 0 at the end. */
char json_scan_peek(struct json_scan *scan);

/* '[' or '{', then _more before each element: false when the bracket is closed, too. Each element
 * must be read whole before _more is asked again. */
bool json_scan_open(struct json_scan *scan, char bracket);
bool json_scan_more(struct json_scan *scan, char bracket);

/* Text longer than size - 1 is cut. */
bool json_scan_key(struct json_scan *scan, char *text, size_t size); /* and its colon */
bool json_scan_string(struct json_scan *scan, char *text, size_t size);

/* May be NaN or infinite. */
bool json_scan_number(struct json_scan *scan, double *ret_value);

/* Any value. */
bool json_scan_skip(struct json_scan *scan);

/* Nothing but blanks is left. */
bool json_scan_end(struct json_scan *scan);

/* The text ended where something was still expected. */
bool json_scan_is_cut(const struct json_scan *scan);

#endif
