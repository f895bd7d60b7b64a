/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/fields.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct field_at field_below(const struct field_at *at, const char *key)
{
	struct field_at below = {.file = at->file};

	snprintf(below.path, sizeof(below.path), "%.100s%s%.50s", at->path, at->path[0] ? "." : "",
		 key);
	return below;
}

struct field_at field_item(const struct field_at *at, size_t index)
{
	struct field_at item = {.file = at->file};

	snprintf(item.path, sizeof(item.path), "%.120s[%zu]", at->path, index);
	return item;
}

int field_fail(const struct field_at *at, struct err *err, const char *format, ...)
{
	char text[300];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return err_set(err, -EINVAL, "%s: %s%s%s", at->file, at->path, at->path[0] ? ": " : "",
		       text);
}

/* Letters that two keys begin with in common: enough to guess what was meant. */
static size_t likeness(const char *a, const char *b)
{
	size_t common = 0;

	while (a[common] && a[common] == b[common])
		common++;
	return common;
}

static int unknown_key(const struct field *fields, const char *key, const struct field_at *at,
		       struct err *err)
{
	const struct field *best = fields;

	for (const struct field *field = fields; field->key; field++)
		if (likeness(field->key, key) > likeness(best->key, key))
			best = field;
	return field_fail(at, err, "no key '%.60s' is known here; did you mean '%s'?", key,
			  best->key);
}

static int read_text(const struct field *field, const json_t *value, const struct field_at *at,
		     char *to, struct err *err)
{
	if (!json_is_string(value))
		return field_fail(at, err, "must be a text");
	if (json_string_length(value) >= field->size ||
	    strlen(json_string_value(value)) != json_string_length(value))
		return field_fail(at, err, "must be a text of at most %zu bytes", field->size - 1);
	memcpy(to, json_string_value(value), json_string_length(value) + 1);
	return 0;
}

static int check_range(const struct field *field, double value, const struct field_at *at,
		       struct err *err)
{
	bool any = field->min == 0 && field->max == 0;

	if (!isfinite(value) || (!any && (value < field->min || value > field->max)))
		return field_fail(at, err, "%g cannot be: %g to %g can", value, field->min,
				  field->max);
	return 0;
}

static int read_number(const struct field *field, const json_t *value, const struct field_at *at,
		       void *to, struct err *err)
{
	double real = json_number_value(value);
	int64_t whole = json_integer_value(value);
	int ret;

	if (field->kind == FIELD_REAL && json_is_null(value) && field->optional)
		return 0; /* NaN by then */
	if (field->kind == FIELD_REAL ? !json_is_number(value) : !json_is_integer(value))
		return field_fail(at, err, "must be a %s",
				  field->kind == FIELD_REAL ? "number" : "whole number");
	ret = check_range(field, real, at, err);
	if (ret)
		return ret;
	if (field->kind == FIELD_REAL)
		memcpy(to, &real, sizeof(real));
	else
		memcpy(to, &whole, sizeof(whole));
	return 0;
}

static int read_field(const struct field *field, const json_t *value, const struct field_at *at,
		      char *to, struct err *err)
{
	const double unknown = NAN;
	bool flag = json_is_true(value);

	if (field->kind == FIELD_OTHER)
		return value || field->optional ? 0 : field_fail(at, err, "is missing");
	if (field->kind == FIELD_REAL)
		memcpy(to, &unknown, sizeof(unknown));
	else
		memset(to, 0, field->size);
	if (!value)
		return field->optional ? 0 : field_fail(at, err, "is missing");
	if (field->kind == FIELD_TEXT)
		return read_text(field, value, at, to, err);
	if (field->kind != FIELD_FLAG)
		return read_number(field, value, at, to, err);
	if (!json_is_boolean(value))
		return field_fail(at, err, "must be true or false");
	memcpy(to, &flag, sizeof(flag));
	return 0;
}

static bool key_is_known(const struct field *fields, const char *key)
{
	for (; fields->key; fields++)
		if (!strcmp(fields->key, key))
			return true;
	return false;
}

int fields_read(const struct field *fields, const json_t *object, const struct field_at *at,
		void *to, struct err *err)
{
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return field_fail(at, err, "must be an object");
	json_object_foreach((json_t *)object, key, value)
		if (!key_is_known(fields, key))
			return unknown_key(fields, key, at, err);
	for (const struct field *field = fields; field->key; field++) {
		struct field_at below = field_below(at, field->key);
		int ret = read_field(field, json_object_get(object, field->key), &below,
				     (char *)to + field->offset, err);

		if (ret)
			return ret;
	}
	return 0;
}

static json_t *write_field(const struct field *field, const char *from)
{
	double real;
	int64_t whole;
	bool flag;

	switch (field->kind) {
	case FIELD_TEXT:
		return json_string(from);
	case FIELD_REAL:
		memcpy(&real, from, sizeof(real));
		return isfinite(real) ? json_real(real) : json_null();
	case FIELD_WHOLE:
		memcpy(&whole, from, sizeof(whole));
		return json_integer(whole);
	default:
		memcpy(&flag, from, sizeof(flag));
		return json_boolean(flag);
	}
}

bool fields_write(const struct field *fields, const void *from, json_t *object)
{
	for (const struct field *field = fields; field->key; field++)
		if (field->kind != FIELD_OTHER &&
		    json_object_set_new(object, field->key,
					write_field(field, (const char *)from + field->offset)))
			return false;
	return true;
}

int field_array(const json_t *object, const char *key, const struct field_at *at, size_t min,
		size_t max, json_t **ret_array, struct err *err)
{
	struct field_at below = field_below(at, key);
	json_t *array = json_object_get(object, key);

	if (!json_is_array(array))
		return field_fail(&below, err, array ? "must be a list" : "is missing");
	if (json_array_size(array) < min || json_array_size(array) > max)
		return field_fail(&below, err, "holds %zu items; %zu to %zu can be",
				  json_array_size(array), min, max);
	*ret_array = array;
	return 0;
}
