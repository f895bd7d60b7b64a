/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The `faults:` lists of the rig file.
 */
#include "rigs/virtual/server/config_read.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/plant/plant.h"

#define FAULTS_MAX 32
#define AT_MAX_S   1e6
#define LIMIT_MAX  1e6
#define FIXED_KEYS 5
#define PS_PER_S   1e12

struct fault_values {
	struct yaml_value fault, probability, at, limit, part, settings[FAULT_SETTINGS];
};

static int refuse_kind(struct reading *reading, struct yaml_value value)
{
	const char *near = nearest_name(value.text, fault_kind_name, NULL);

	return yaml_tree_refuse(
		reading->tree, value.line, reading->err, "fault: \"%s\" is not known%s%s%s",
		value.text, near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static int read_kind(struct reading *reading, struct yaml_value value, enum fault_place place,
		     struct config_fault *ret)
{
	const char *name;
	int rc = read_text(reading, value, "fault", &name);

	if (rc < 0)
		return rc;
	ret->id = fault_kind_find(name);
	if (!ret->id)
		return refuse_kind(reading, value);
	if (!(fault_kind_get(ret->id)->place & place))
		return yaml_tree_refuse(reading->tree, value.line, reading->err,
					"fault: \"%s\" belongs to a %s, not to a %s", name,
					place == FAULT_ON_METER ? "board" : "meter",
					place == FAULT_ON_METER ? "meter" : "board");
	if (reading->meter && !(reading->meter->faults >> ret->id & 1))
		return yaml_tree_refuse(reading->tree, value.line, reading->err,
					"fault: a %s has no \"%s\"", reading->meter->name, name);
	return 0;
}

/* A range that is not given is the default, or the lowest where there are fewer. */
static int check_range(struct reading *reading, struct yaml_value value, struct config_fault *ret)
{
	double *range = &ret->settings[FAULT_RANGE];

	if (ret->id != FAULT_RANGE_STUCK || !reading->meter || *range < reading->meter->ranges)
		return 0;
	if (value.index)
		return yaml_tree_refuse(reading->tree, value.line, reading->err,
					"range: %s is outside 0..%u", value.text,
					reading->meter->ranges - 1);
	*range = 0;
	return 0;
}

static int read_settings(struct reading *reading, const struct fault_values *values,
			 struct config_fault *ret)
{
	const struct fault_kind *kind = fault_kind_get(ret->id);
	int rc = 0;

	for (unsigned i = 0; i < FAULT_SETTINGS && rc == 0; i++) {
		const struct fault_setting_row *row = &fault_settings[i];

		ret->settings[i] = kind->defaults[i];
		if (values->settings[i].index && isnan(kind->defaults[i]))
			return yaml_tree_refuse(reading->tree, values->settings[i].line,
						reading->err, "%s: \"%s\" has no such setting",
						row->key, kind->name);
		rc = read_quantity(reading, values->settings[i], row->key, row->quantity, row->min,
				   row->max, &ret->settings[i]);
		if (rc == 0 && values->settings[i].index && row->quantity == QUANTITY_NUMBER &&
		    ret->settings[i] != floor(ret->settings[i]))
			return yaml_tree_refuse(reading->tree, values->settings[i].line,
						reading->err, "%s: %s is no whole number", row->key,
						values->settings[i].text);
	}
	return rc;
}

static int read_part(struct reading *reading, struct yaml_value value, struct config_fault *ret)
{
	if (!value.index)
		return 0;
	if (ret->id != FAULT_OTHER_BOARD)
		return yaml_tree_refuse(reading->tree, value.line, reading->err,
					"part: \"%s\" has no such setting",
					fault_kind_get(ret->id)->name);
	if (!value.text || !plant_knows_part(value.text))
		return yaml_tree_refuse(reading->tree, value.line, reading->err,
					"part: \"%s\" is not known", value.text ? value.text : "");
	ret->part = value.text;
	return 0;
}

/* When it happens: with a probability, or at a time. */
static int read_chance(struct reading *reading, const struct fault_values *values, unsigned line,
		       struct config_fault *ret)
{
	double at_s = -1, limit = 0;
	int rc = read_quantity(reading, values->probability, "probability", QUANTITY_RATIO, 0, 1,
			       &ret->probability);

	if (rc == 0)
		rc = read_quantity(reading, values->at, "at", QUANTITY_TIME, 0, AT_MAX_S, &at_s);
	if (rc == 0)
		rc = read_quantity(reading, values->limit, "limit", QUANTITY_NUMBER, 1, LIMIT_MAX,
				   &limit);
	if (rc < 0)
		return rc;
	if (!values->at.index == !values->probability.index)
		return yaml_tree_refuse(reading->tree, line, reading->err,
					"a fault needs either 'probability' or 'at'");
	ret->at_ps = at_s < 0 ? -1 : (int64_t)llround(at_s * PS_PER_S);
	ret->limit = (unsigned)limit;
	return 0;
}

static int read_fault(struct reading *reading, struct yaml_value value, enum fault_place place,
		      struct config_fault *ret)
{
	struct yaml_key keys[FIXED_KEYS + FAULT_SETTINGS] = {
		{"fault", true, offsetof(struct fault_values, fault)},
		{"probability", false, offsetof(struct fault_values, probability)},
		{"at", false, offsetof(struct fault_values, at)},
		{"limit", false, offsetof(struct fault_values, limit)},
		{"part", false, offsetof(struct fault_values, part)},
	};
	struct fault_values values = {0};
	int rc;

	for (unsigned i = 0; i < FAULT_SETTINGS; i++)
		keys[FIXED_KEYS + i] = (struct yaml_key){fault_settings[i].key, false,
							 offsetof(struct fault_values, settings) +
								 i * sizeof(values.settings[0])};
	rc = yaml_tree_take(reading->tree, value, "a fault", keys, READ_COUNT(keys), &values,
			    reading->err);
	if (rc == 0)
		rc = read_kind(reading, values.fault, place, ret);
	if (rc == 0)
		rc = read_chance(reading, &values, value.line, ret);
	if (rc == 0)
		rc = read_settings(reading, &values, ret);
	if (rc == 0)
		rc = check_range(reading, values.settings[FAULT_RANGE], ret);
	return rc ? rc : read_part(reading, values.part, ret);
}

int read_faults(struct reading *reading, struct yaml_value list, enum fault_place place,
		struct config_faults *ret_faults)
{
	int rc = yaml_tree_count(reading->tree, list, "faults", FAULTS_MAX, &ret_faults->count,
				 reading->err);

	if (rc < 0 || ret_faults->count == 0)
		return rc;
	ret_faults->list = calloc(ret_faults->count, sizeof(ret_faults->list[0]));
	if (!ret_faults->list)
		return verr_set(reading->err, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < ret_faults->count && rc == 0; i++)
		rc = read_fault(reading, yaml_tree_item(reading->tree, list, i), place,
				&ret_faults->list[i]);
	return rc;
}
