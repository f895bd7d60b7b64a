/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * RFC 8259.
 */
#include "bench/import/json_scan.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_CHARS = 64 };

void json_scan_init(struct json_scan *scan, const uint8_t *bytes, size_t count)
{
	*scan = (struct json_scan){.bytes = bytes, .count = count};
}

static bool fail(struct json_scan *scan, const char *problem)
{
	if (!scan->problem)
		scan->problem = problem;
	return false;
}

char json_scan_peek(struct json_scan *scan)
{
	while (scan->at < scan->count && memchr(" \t\r\n", scan->bytes[scan->at], 4))
		scan->at++;
	return scan->at < scan->count ? (char)scan->bytes[scan->at] : 0;
}

static bool take_char(struct json_scan *scan, char expected, const char *problem)
{
	if (scan->problem || json_scan_peek(scan) != expected || scan->at == scan->count)
		return fail(scan, problem);
	scan->at++;
	return true;
}

bool json_scan_open(struct json_scan *scan, char bracket)
{
	if (!take_char(scan, bracket, bracket == '[' ? "no array" : "no object"))
		return false;
	if (++scan->depth > JSON_SCAN_DEPTH)
		return fail(scan, "nested too deep");
	scan->is_fresh = true;
	return true;
}

bool json_scan_more(struct json_scan *scan, char bracket)
{
	char closing = bracket == '[' ? ']' : '}';

	if (scan->problem)
		return false;
	if (json_scan_peek(scan) == closing) {
		scan->at++;
		scan->depth--;
		scan->is_fresh = false;
		return false;
	}
	if (!scan->is_fresh && !take_char(scan, ',', "neither a comma nor a closing bracket"))
		return false;
	scan->is_fresh = false;
	return true;
}

/* Behind a backslash: how many bytes the escape has, 0 when it is none. */
static size_t escape_length(const uint8_t *from, size_t left)
{
	if (!left)
		return 0;
	if (*from != 'u')
		return *from && strchr("\"\\/bfnrt", *from) ? 1 : 0;
	for (size_t i = 1; i < 5; i++)
		if (i >= left || !isxdigit(from[i]))
			return 0;
	return 5;
}

bool json_scan_string(struct json_scan *scan, char *text, size_t size)
{
	size_t begin, length;

	if (!take_char(scan, '"', "no string"))
		return false;
	begin = scan->at;
	while (scan->at < scan->count && scan->bytes[scan->at] != '"') {
		size_t escape = 0;

		if (scan->bytes[scan->at] < 0x20)
			return fail(scan, "a control character in a string");
		if (scan->bytes[scan->at] == '\\') {
			escape = escape_length(scan->bytes + scan->at + 1,
					       scan->count - scan->at - 1);
			if (!escape)
				return fail(scan, "an unknown escape in a string");
		}
		scan->at += 1 + escape;
	}
	length = scan->at - begin;
	if (!take_char(scan, '"', "a string without its end"))
		return false;
	if (length >= size)
		length = size - 1;
	memcpy(text, scan->bytes + begin, length);
	text[length] = 0;
	return true;
}

bool json_scan_key(struct json_scan *scan, char *text, size_t size)
{
	return json_scan_string(scan, text, size) &&
	       take_char(scan, ':', "a key without its colon");
}

static bool take_word(struct json_scan *scan, const char *word)
{
	size_t length = strlen(word);

	if (scan->count - scan->at < length || memcmp(scan->bytes + scan->at, word, length) != 0)
		return false;
	scan->at += length;
	return true;
}

static size_t skip_digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)? : its length, 0 when text does not begin so. */
static size_t number_length(const char *text)
{
	size_t at = text[0] == '-', digits = skip_digits(text + at);

	if (!digits || (digits > 1 && text[at] == '0'))
		return 0;
	at += digits;
	if (text[at] == '.') {
		digits = skip_digits(text + at + 1);
		if (!digits)
			return 0;
		at += 1 + digits;
	}
	if (text[at] == 'e' || text[at] == 'E') {
		size_t sign = text[at + 1] == '+' || text[at + 1] == '-';

		digits = skip_digits(text + at + 1 + sign);
		if (!digits)
			return 0;
		at += 1 + sign + digits;
	}
	return at;
}

/* A number or word that the text's end cut off counts as cut, not as wrong. */
static bool fail_scalar(struct json_scan *scan)
{
	size_t at = scan->at;

	while (at < scan->count && (isalnum(scan->bytes[at]) || memchr("+-.", scan->bytes[at], 3)))
		at++;
	if (at == scan->count)
		scan->at = at;
	return fail(scan, "no value of the kind expected");
}

bool json_scan_number(struct json_scan *scan, double *ret_value)
{
	char text[NUMBER_CHARS];
	size_t length;

	if (scan->problem)
		return false;
	json_scan_peek(scan);
	*ret_value = NAN;
	if (take_word(scan, "NaN"))
		return true;
	*ret_value = take_word(scan, "Infinity")    ? INFINITY
		     : take_word(scan, "-Infinity") ? -INFINITY
						    : 0;
	if (isinf(*ret_value))
		return true;
	length = scan->count - scan->at < NUMBER_CHARS ? scan->count - scan->at : NUMBER_CHARS - 1;
	memcpy(text, scan->bytes + scan->at, length);
	text[length] = 0;
	length = number_length(text);
	if (!length || length == NUMBER_CHARS - 1)
		return fail_scalar(scan);
	*ret_value = strtod(text, NULL);
	scan->at += length;
	return true;
}

static bool skip_elements(struct json_scan *scan, char bracket)
{
	char key[2];

	if (!json_scan_open(scan, bracket))
		return false;
	while (json_scan_more(scan, bracket))
		if ((bracket == '{' && !json_scan_key(scan, key, sizeof(key))) ||
		    !json_scan_skip(scan))
			return false;
	return !scan->problem;
}

bool json_scan_skip(struct json_scan *scan)
{
	char next = json_scan_peek(scan), text[2];
	double value;

	if (scan->problem)
		return false;
	if (next == '[' || next == '{')
		return skip_elements(scan, next);
	if (next == '"')
		return json_scan_string(scan, text, sizeof(text));
	if (take_word(scan, "null") || take_word(scan, "true") || take_word(scan, "false"))
		return true;
	return json_scan_number(scan, &value);
}

bool json_scan_end(struct json_scan *scan)
{
	json_scan_peek(scan);
	return !scan->problem && (scan->at == scan->count || fail(scan, "more behind the value"));
}

bool json_scan_is_cut(const struct json_scan *scan)
{
	return scan->problem && scan->at >= scan->count;
}
