/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/import/mlperf_tiny_lines.h"

#include <stdlib.h>
#include <string.h>

enum { NUMBER_CHARS = 30 };

bool tiny_line_next(const uint8_t *bytes, size_t count, size_t *place, char line[TINY_LINE_CHARS],
		    int *ret_length)
{
	const uint8_t *from = bytes + *place, *end;
	size_t length;

	if (*place >= count)
		return false;
	end = memchr(from, '\n', count - *place);
	length = end ? (size_t)(end - from) : count - *place;
	*place += length + 1;
	if (length && from[length - 1] == '\r')
		length--;
	*ret_length = -1;
	if (length < TINY_LINE_CHARS && !memchr(from, 0, length)) {
		memcpy(line, from, length);
		line[length] = 0;
		*ret_length = (int)length;
	}
	return true;
}

void tiny_line_skip_blanks(const char **text)
{
	*text += strspn(*text, " \t");
}

bool tiny_line_take_number(const char **text, double *ret_value)
{
	size_t digits = strspn(*text, "0123456789"), length = digits;

	if (digits && (*text)[digits] == '.')
		length += 1 + strspn(*text + digits + 1, "0123456789");
	if (!digits || length > NUMBER_CHARS)
		return false;
	*ret_value = strtod(*text, NULL);
	*text += length;
	return true;
}

bool tiny_line_take_after(const char *line, const char *key, double *ret_value)
{
	const char *at = strstr(line, key);

	if (!at)
		return false;
	at += strlen(key);
	return tiny_line_take_number(&at, ret_value);
}

enum tiny_line_match tiny_line_match(const char *form, const char *text, double *values)
{
	unsigned taken = 0;

	for (; *form; form++) {
		if (*form == ' ') {
			tiny_line_skip_blanks(&text);
		} else if (*form == '@') {
			if (!tiny_line_take_number(&text, &values[taken++]))
				return TINY_LINE_SPOILED;
		} else if (*text++ != *form) {
			return taken ? TINY_LINE_SPOILED : TINY_LINE_OTHER;
		}
	}
	tiny_line_skip_blanks(&text);
	return *text ? TINY_LINE_SPOILED : TINY_LINE_WHOLE;
}
