/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One sentence that says what went wrong, and where. Functions that can fail return 0 or a negative
 * errno and take a struct err as their last argument; callers add context in front:
 * "ppk2-1: start: metadata: timed out after 3000 ms".
 */
#ifndef DRIVERS_ERR_H
#define DRIVERS_ERR_H

struct err {
	char text[512]; /* NUL-terminated, no newline; empty while nothing failed */
};

/* Writes the sentence and returns code (a negative errno), so that it can end a function.
 * err may be NULL: the sentence is dropped, the code is not. */
int err_set(struct err *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "context: " in front of the sentence (cut at the end when it does not fit); returns code. */
int err_context(struct err *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
