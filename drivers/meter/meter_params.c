/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drivers/meter/meter_params.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A part of the options, without blanks around it. */
struct piece {
	const char *at;
	size_t length;
};

static struct piece piece_trim(const char *at, size_t length)
{
	while (length && isspace((unsigned char)at[length - 1]))
		length--;
	while (length && isspace((unsigned char)*at)) {
		at++;
		length--;
	}
	return (struct piece){at, length};
}

static bool piece_is(struct piece piece, const char *text, size_t length)
{
	return piece.length == length && !memcmp(piece.at, text, length);
}

static bool param_is_word(const struct meter_param *param)
{
	return param->min == 0 && param->max == 0;
}

/* Its place in the list, or -1. */
static int word_place(const char *help, struct piece word)
{
	size_t end = strcspn(help, ":");
	int place = 0;

	for (size_t at = 0; at <= end; place++) {
		size_t length = strcspn(help + at, "|:");

		if (piece_is(word, help + at, length) || (length == 1 && help[at] == '*'))
			return place;
		at += length + 1;
	}
	return -1;
}

static int parse_word(const struct meter_param *param, struct piece piece,
		      struct meter_param_value *value, struct err *err)
{
	int place = word_place(param->help, piece);

	if (place < 0 || piece.length >= sizeof(value->word))
		return err_set(err, -EINVAL, "%s=%.*s: the words are %.*s", param->key,
			       (int)piece.length, piece.at, (int)strcspn(param->help, ":"),
			       param->help);
	value->number = place;
	memcpy(value->word, piece.at, piece.length);
	value->word[piece.length] = '\0';
	return 0;
}

static int parse_number(const struct meter_param *param, struct piece piece,
			struct meter_param_value *value, struct err *err)
{
	char text[METER_WORD_BYTES], *end = text;
	double number = NAN;

	if (piece.length && piece.length < sizeof(text)) {
		memcpy(text, piece.at, piece.length);
		text[piece.length] = '\0';
		number = strtod(text, &end);
	}
	if (end == text || *end || !(number >= param->min && number <= param->max))
		return err_set(err, -EINVAL, "%s=%.*s is no number within %g..%g%s%s", param->key,
			       (int)piece.length, piece.at, param->min, param->max,
			       *param->unit ? " " : "", param->unit);
	value->number = number;
	return 0;
}

static int parse_value(const struct meter_param *param, struct piece piece,
		       struct meter_param_value *value, struct err *err)
{
	return param_is_word(param) ? parse_word(param, piece, value, err)
				    : parse_number(param, piece, value, err);
}

static int unknown_key(const struct meter_param *params, struct piece key, struct err *err)
{
	char names[256] = "";
	size_t used = 0;

	for (const struct meter_param *param = params; param && param->key; param++)
		if (used < sizeof(names))
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
						 used ? ", " : "", param->key);
	return err_set(err, -EINVAL, "there is no parameter \"%.*s\"; there are: %s",
		       (int)key.length, key.at, *names ? names : "none");
}

/* "key=value", or nothing at all. */
static int parse_item(const struct meter_param *params, const char *item, size_t length,
		      struct meter_param_value *values, struct err *err)
{
	const char *equals = memchr(item, '=', length);
	struct piece whole = piece_trim(item, length), key, value;

	if (!whole.length)
		return 0;
	if (!equals)
		return err_set(err, -EINVAL, "\"%.*s\" is no key=value", (int)whole.length,
			       whole.at);
	key = piece_trim(item, (size_t)(equals - item));
	value = piece_trim(equals + 1, length - (size_t)(equals - item) - 1);
	for (size_t n = 0; params && params[n].key; n++) {
		if (!piece_is(key, params[n].key, strlen(params[n].key)))
			continue;
		if (values[n].given)
			return err_set(err, -EINVAL, "%s stands there twice", params[n].key);
		values[n].given = true;
		return parse_value(&params[n], value, &values[n], err);
	}
	return unknown_key(params, key, err);
}

int meter_params_parse(const struct meter_param *params, const char *options,
		       struct meter_param_value *ret_values, struct err *err)
{
	const char *at = options ? options : "";
	int rc = 0;

	for (size_t n = 0; params && params[n].key; n++)
		ret_values[n] = (struct meter_param_value){.given = false};
	while (!rc && *at) {
		size_t length = strcspn(at, ",");

		rc = parse_item(params, at, length, ret_values, err);
		at += length + (at[length] == ',');
	}
	for (size_t n = 0; !rc && params && params[n].key; n++) {
		const char *text = params[n].default_text;

		if (ret_values[n].given)
			continue;
		if (!text)
			return err_set(err, -EINVAL, "%s is missing: %s", params[n].key,
				       params[n].help);
		rc = parse_value(&params[n], (struct piece){text, strlen(text)}, &ret_values[n],
				 err);
	}
	return rc;
}
