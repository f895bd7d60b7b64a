/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * As much JSON as the Joulescopes' texts need: values are found in place, nothing is copied. The
 * literal NaN counts as a number (a JS110's calibration has it). Pure; the text need not end with
 * a NUL, and may be anything.
 */
#ifndef DRIVERS_METER_JOULESCOPE_JSON_H
#define DRIVERS_METER_JOULESCOPE_JSON_H

#include <stdbool.h>
#include <stddef.h>

struct json {
	const char *at, *end; /* at == end: nothing */
};

/* The value of a key of the object that the text begins with, up to the end of the text. */
bool json_member(struct json text, const char *key, struct json *ret_value);
/* The first element of the array that the text begins with. False: an empty one, or none. */
bool json_first(struct json text, struct json *ret_element);
/* The element behind this one. */
bool json_next(struct json element, struct json *ret_element);
bool json_number(struct json text, double *ret_number);
/* Whether the text begins with this string, blanks and case aside. "u" is found where the text has
 * a micro sign, too, for instruments write their units so. No escapes but that sign's. */
bool json_string_is(struct json text, const char *string);

#endif
