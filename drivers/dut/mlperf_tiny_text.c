/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drivers/dut/mlperf_tiny_text.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void line_begin(struct mlperf_tiny_lines *lines)
{
	lines->used = 0;
	lines->is_done = false;
	lines->is_cut = false;
}

static bool line_end(struct mlperf_tiny_lines *lines)
{
	lines->cut += lines->is_cut;
	lines->text[lines->used] = 0;
	lines->is_done = lines->used > 0;
	return lines->is_done;
}

bool mlperf_tiny_lines_feed(struct mlperf_tiny_lines *lines, uint8_t byte)
{
	bool is_text = byte >= 0x20 && byte < 0x7F;

	if (lines->is_done)
		line_begin(lines);
	if (byte == '\n' || byte == '\r')
		return line_end(lines);
	if (!lines->used && !is_text)
		return false;
	if (lines->used == sizeof(lines->text) - 1)
		lines->is_cut = true;
	else
		lines->text[lines->used++] = is_text ? (char)byte : '?';
	return false;
}

bool mlperf_tiny_begins(const char *line, const char *prefix)
{
	return !strncmp(line, prefix, strlen(prefix));
}

bool mlperf_tiny_number(const char *line, const char *prefix, uint64_t *ret_number)
{
	const char *digit = line + strlen(prefix);
	uint64_t number = 0;

	if (!mlperf_tiny_begins(line, prefix) || !*digit)
		return false;
	for (; *digit; digit++) {
		unsigned value = (unsigned)(*digit - '0');

		if (*digit < '0' || *digit > '9' || number > (UINT64_MAX - value) / 10)
			return false;
		number = 10 * number + value;
	}
	*ret_number = number;
	return true;
}

bool mlperf_tiny_bracketed(const char *line, const char *prefix, char *ret_text, size_t size)
{
	size_t count = strlen(line), skip = strlen(prefix) + 1;

	if (!mlperf_tiny_begins(line, prefix) || count < skip + 1 || line[skip - 1] != '[' ||
	    line[count - 1] != ']')
		return false;
	snprintf(ret_text, size, "%.*s", (int)(count - 1 - skip), line + skip);
	return true;
}

/* The value at *at, which then is behind the value and its comma. */
static bool value_parse(const char **at, double *ret_value, bool *ret_is_integer)
{
	size_t count = strspn(*at, "0123456789+-.eE ");
	char *end;

	if (!count || ((*at)[count] != ',' && (*at)[count] != ']'))
		return false;
	*ret_value = strtod(*at, &end);
	if (end == *at || !isfinite(*ret_value))
		return false;
	*ret_is_integer =
		!memchr(*at, '.', count) && !memchr(*at, 'e', count) && !memchr(*at, 'E', count);
	while (*end == ' ')
		end++;
	if (end != *at + count)
		return false;
	*at = *end == ',' ? end + 1 : end;
	return true;
}

bool mlperf_tiny_results_parse(const char *line, struct mlperf_tiny_results *ret_results)
{
	static const char prefix[] = "m-results-[";
	const char *at = line + strlen(prefix);
	struct mlperf_tiny_results *results = ret_results;

	results->count = 0;
	results->are_integers = true;
	if (!mlperf_tiny_begins(line, prefix))
		return false;
	while (*at != ']') {
		bool is_integer;

		if (results->count == MLPERF_TINY_RESULTS_MAX ||
		    !value_parse(&at, &results->values[results->count], &is_integer))
			return false;
		results->are_integers = results->are_integers && is_integer;
		results->count++;
	}
	return results->count > 0 && at[1] == 0;
}
