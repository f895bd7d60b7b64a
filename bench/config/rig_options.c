/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/config/rig_options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/config/yaml_file.h"
#include "drivers/meter/meter_params.h"

enum { OPTIONS_BYTES = 1000 };

static const struct {
	const char *prefix;
	double factor;
} prefixes[] = {{"n", 1e-9}, {"u", 1e-6}, {"m", 1e-3}, {"", 1}, {"k", 1e3}, {"M", 1e6}};

static const char *const bases[] = {"Hz", "ohm", "Ohm", "V", "A", "s", "W", "J", "%", "degC"};

struct unit {
	const char *base;
	double factor; /* to the base */
};

static bool unit_find(const char *text, struct unit *ret_unit)
{
	for (size_t p = 0; p < sizeof(prefixes) / sizeof(prefixes[0]); p++) {
		size_t length = strlen(prefixes[p].prefix);

		if (strncmp(text, prefixes[p].prefix, length))
			continue;
		for (size_t b = 0; b < sizeof(bases) / sizeof(bases[0]); b++) {
			if (strcmp(text + length, bases[b]))
				continue;
			*ret_unit = (struct unit){strcmp(bases[b], "Ohm") ? bases[b] : "ohm",
						  prefixes[p].factor};
			return true;
		}
	}
	return false;
}

int rig_option_convert(const struct meter_param *param, const char *text, char *ret_value,
		       size_t size, struct err *err)
{
	struct unit own, given;
	char *end;
	double number;
	int used;

	if (!*param->unit) {
		used = snprintf(ret_value, size, "%s", text);
		return used >= 0 && (size_t)used < size
			       ? 0
			       : err_set(err, -EINVAL, "%s: '%s' is too long", param->key, text);
	}
	number = strtod(text, &end);
	if (end == text || !isfinite(number))
		return err_set(err, -EINVAL, "%s: '%s' is not a number with a unit (%s)",
			       param->key, text, param->unit);
	while (*end == ' ')
		end++;
	if (!*end)
		return err_set(err, -EINVAL, "%s: '%s' has no unit: write it as '%s %s'",
			       param->key, text, text, param->unit);
	if (!strcmp(end, param->unit))
		own.factor = given.factor = 1;
	else if (!unit_find(param->unit, &own) || !unit_find(end, &given) ||
		 strcmp(own.base, given.base))
		return err_set(err, -EINVAL, "%s: '%s': unit '%s' does not fit here (%s)",
			       param->key, text, end, param->unit);
	/* 12 digits: 100 kHz is 100000, without the error of the decimal factor */
	snprintf(ret_value, size, "%.12g", number * given.factor / own.factor);
	return 0;
}

static const struct meter_param *param_find(const struct meter_ops *driver, const char *key)
{
	for (const struct meter_param *param = driver->params; param && param->key; param++)
		if (!strcmp(param->key, key))
			return param;
	return NULL;
}

static int unknown_option(const struct meter_ops *driver, const char *key, struct err *err)
{
	const char *nearest = NULL;
	char names[300] = "";
	unsigned best = 4;
	size_t used = 0;

	for (const struct meter_param *param = driver->params; param && param->key; param++) {
		size_t length = strlen(key);
		/* "rate" means rate_hz */
		unsigned distance =
			!strncmp(key, param->key, length) && param->key[length] == '_'
				? 0
				: yaml_file_distance(key, param->key);

		if (distance < best) {
			best = distance;
			nearest = param->key;
		}
		if (used < sizeof(names))
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
						 used ? ", " : "", param->key);
	}
	if (!*names)
		return err_set(err, -EINVAL, "unknown option '%s': meter driver %s takes none", key,
			       driver->name);
	return err_set(err, -EINVAL, "unknown option '%s'%s%s%s; meter driver %s takes: %s", key,
		       nearest ? ", did you mean '" : "", nearest ? nearest : "",
		       nearest ? "'?" : "", driver->name, names);
}

/* One option alone, so that the sentence gets the line it stands in. */
static int check_value(const struct meter_param *param, const char *value, struct err *err)
{
	const struct meter_param alone[] = {*param, {NULL}};
	struct meter_param_value parsed[1];
	char item[200];
	int used = snprintf(item, sizeof(item), "%s=%s", param->key, value);

	if (used < 0 || (size_t)used >= sizeof(item) || strchr(value, ','))
		return err_set(err, -EINVAL, "%s: '%s' is too long, or has a comma", param->key,
			       value);
	return meter_params_parse(alone, item, parsed, err);
}

static int put(char *text, const struct meter_param *param, const char *value, struct err *err)
{
	size_t used = strlen(text);
	int more = snprintf(text + used, OPTIONS_BYTES - used, "%s%s=%s", used ? "," : "",
			    param->key, value);

	return more > 0 && used + (size_t)more < OPTIONS_BYTES
		       ? 0
		       : err_set(err, -EINVAL, "the options are longer than %d characters",
				 OPTIONS_BYTES);
}

static bool has_key(const struct yaml_file_pair *pairs, unsigned count, const char *key)
{
	for (unsigned i = 0; i < count; i++)
		if (!strcmp(pairs[i].key, key))
			return true;
	return false;
}

static int take_pair(const struct meter_ops *driver, const struct yaml_file_pair *pair, char *text,
		     bool overridden, struct err *err)
{
	const struct meter_param *param = param_find(driver, pair->key);
	char value[METER_WORD_BYTES];
	int ret = param ? 0 : unknown_option(driver, pair->key, err);

	if (!ret)
		ret = rig_option_convert(param, pair->value, value, sizeof(value), err);
	if (!ret)
		ret = check_value(param, value, err);
	if (!ret && !overridden)
		ret = put(text, param, value, err);
	return ret;
}

int rig_options_take(const struct meter_ops *driver, const struct rig_options_source *part,
		     const struct rig_options_source *own, char **ret_options, struct err *err)
{
	const struct rig_options_source *sources[] = {part, own};
	struct yaml_file_pair *pairs[2] = {NULL, NULL};
	unsigned counts[2] = {0, 0};
	char text[OPTIONS_BYTES] = "";
	int ret = 0;

	for (int s = 0; !ret && s < 2; s++)
		if (sources[s]->file)
			ret = yaml_file_pairs(sources[s]->file, sources[s]->key, &pairs[s],
					      &counts[s], err);
	for (int s = 0; !ret && s < 2; s++)
		for (unsigned i = 0; !ret && i < counts[s]; i++) {
			const struct yaml_file_pair *pair = &pairs[s][i];
			bool overridden = s == 0 && has_key(pairs[1], counts[1], pair->key);

			ret = take_pair(driver, pair, text, overridden, err);
			if (ret)
				ret = yaml_file_error(sources[s]->file, ret, err, "%s.%s",
						      sources[s]->key, pair->key);
		}
	free(pairs[0]);
	free(pairs[1]);
	if (ret)
		return ret;
	*ret_options = *text ? strdup(text) : NULL;
	return *text && !*ret_options ? err_set(err, -ENOMEM, "out of memory") : 0;
}
