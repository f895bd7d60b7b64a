/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drivers/meter/joulescope_json.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DEPTH_MAX = 16 };

static struct json json_skip_blanks(struct json text)
{
	while (text.at < text.end && isspace((unsigned char)*text.at))
		text.at++;
	return text;
}

static bool json_take(struct json *text, char c)
{
	struct json behind = json_skip_blanks(*text);

	if (behind.at == behind.end || *behind.at != c)
		return false;
	behind.at++;
	*text = behind;
	return true;
}

/* Behind the opening quote: to behind the closing one. */
static bool json_skip_string(struct json *text)
{
	for (; text->at < text->end; text->at++) {
		if (*text->at == '"') {
			text->at++;
			return true;
		}
		if (*text->at == '\\' && text->at + 1 < text->end)
			text->at++;
	}
	return false;
}

/* One token; *depth follows brackets. */
static bool json_skip_token(struct json *text, int *depth)
{
	char c = *text->at++;

	if (c == '"')
		return json_skip_string(text);
	if (c == '{' || c == '[')
		return ++*depth <= DEPTH_MAX;
	if (c == '}' || c == ']')
		return --*depth >= 0;
	return true;
}

/* To the comma or bracket that ends the value. */
static bool json_skip_value(struct json *text)
{
	int depth = 0;

	while (text->at < text->end) {
		if (!depth && strchr(",]}", *text->at) && *text->at)
			return true;
		if (!json_skip_token(text, &depth))
			return false;
	}
	return false;
}

bool json_member(struct json text, const char *key, struct json *ret_value)
{
	size_t length = strlen(key);

	if (!json_take(&text, '{'))
		return false;
	do {
		const char *name;
		bool found;

		if (!json_take(&text, '"'))
			return false;
		name = text.at;
		if (!json_skip_string(&text))
			return false;
		found = (size_t)(text.at - 1 - name) == length && !memcmp(name, key, length);
		if (!json_take(&text, ':'))
			return false;
		if (found) {
			*ret_value = json_skip_blanks(text);
			return true;
		}
	} while (json_skip_value(&text) && json_take(&text, ','));
	return false;
}

bool json_first(struct json text, struct json *ret_element)
{
	if (!json_take(&text, '['))
		return false;
	text = json_skip_blanks(text);
	if (text.at == text.end || *text.at == ']')
		return false;
	*ret_element = text;
	return true;
}

bool json_next(struct json element, struct json *ret_element)
{
	if (!json_skip_value(&element) || !json_take(&element, ','))
		return false;
	*ret_element = json_skip_blanks(element);
	return true;
}

bool json_number(struct json text, double *ret_number)
{
	char digits[48], *end;
	size_t length = 0;
	double number;

	text = json_skip_blanks(text);
	while (text.at + length < text.end && length + 1 < sizeof(digits) &&
	       (isalnum((unsigned char)text.at[length]) || strchr("+-.", text.at[length])) &&
	       text.at[length]) {
		digits[length] = text.at[length];
		length++;
	}
	digits[length] = '\0';
	if (!strcmp(digits, "NaN")) {
		*ret_number = NAN;
		return true;
	}
	if (!length || (!isdigit((unsigned char)digits[0]) && digits[0] != '-') ||
	    strpbrk(digits, "xXnN"))
		return false;
	number = strtod(digits, &end);
	if (*end)
		return false;
	*ret_number = number;
	return true;
}

/* Takes a character off. The micro sign, as U+00B5 or U+03BC, in UTF-8 or escaped, is a u. */
static char string_next(struct json *text)
{
	static const char *const micros[] = {"\xC2\xB5", "\xCE\xBC", "\\u00b5", "\\u03bc"};

	for (size_t n = 0; n < sizeof(micros) / sizeof(micros[0]); n++) {
		size_t length = strlen(micros[n]);

		if ((size_t)(text->end - text->at) < length ||
		    strncasecmp(text->at, micros[n], length))
			continue;
		text->at += length;
		return 'u';
	}
	return (char)tolower((unsigned char)*text->at++);
}

bool json_string_is(struct json text, const char *string)
{
	if (!json_take(&text, '"'))
		return false;
	while (text.at < text.end && *text.at != '"') {
		char c = string_next(&text);

		if (c == ' ')
			continue;
		while (*string == ' ')
			string++;
		if (c != tolower((unsigned char)*string) || !*string)
			return false;
		string++;
	}
	return text.at < text.end && !*string;
}
