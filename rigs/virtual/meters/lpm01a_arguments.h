/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Arguments of the LPM01A's commands. Numbers are digits, then nothing, n, u, m, k, or a sign and a
 * power of ten of one or two digits: 2m and 2-3 are the same (command help, last note).
 */
#ifndef RIGS_VIRTUAL_METERS_LPM01A_ARGUMENTS_H
#define RIGS_VIRTUAL_METERS_LPM01A_ARGUMENTS_H

#include <stdbool.h>

/* What "Error detail" says; assumed. */
#define LPM01A_OUT_OF_RANGE "argument out of range"
#define LPM01A_NO_SUCH      "wrong argument"

/* argument may be NULL: not given. */
bool lpm01a_is(const char *argument, const char *word);
bool lpm01a_parse_number(const char *text, double *ret_value);
/* NULL, or what is wrong. zero: 0 is allowed, too. */
const char *lpm01a_parse_range(const char *text, double low, double high, bool zero,
			       double *ret_value);
const char *lpm01a_parse_choice(const char *text, const char *no, const char *yes, bool *ret_yes);

#endif
