/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/config/rig_ambient.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bench/config/quantity.h"
#include "bench/config/yaml_file.h"
#include "drivers/thermal/thermal.h"

#define TEXT(key, member)                                                                          \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, struct rig_ambient_text, member, 1, 1000)
#define TEXT_OPTIONAL(key, member)                                                                 \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,                      \
			       struct rig_ambient_text, member, 1, 1000)

const cyaml_schema_field_t rig_chamber_fields[] = {TEXT("uri", uri),
						   TEXT_OPTIONAL("baud", baud),
						   TEXT_OPTIONAL("band", band),
						   TEXT_OPTIONAL("settle", settle),
						   TEXT_OPTIONAL("timeout", timeout),
						   TEXT_OPTIONAL("min", min),
						   TEXT_OPTIONAL("max", max),
						   TEXT_OPTIONAL("rest", rest),
						   CYAML_FIELD_END};

const cyaml_schema_field_t rig_sensor_fields[] = {TEXT("uri", uri), TEXT_OPTIONAL("baud", baud),
						  TEXT_OPTIONAL("band", band), CYAML_FIELD_END};

static const double typed_within_k = 0.05; /* a plan's temperature and the typed one are the same */
static const double set_step_c = 0.01;     /* what drivers write */
static const double least_c = -90, most_c = 200;

struct row {
	const char *key;
	char *const *text;
	enum quantity_kind kind;
	double least, most, standard;
	double *ret;
};

static int take_row(const struct yaml_file *file, const char *place, const struct row *row,
		    struct err *err)
{
	int ret;

	*row->ret = row->standard;
	if (!*row->text)
		return 0;
	ret = quantity_parse(*row->text, row->kind, row->ret, err);
	if (!ret && !(*row->ret >= row->least && *row->ret <= row->most))
		ret = err_set(err, -EINVAL, "'%s' is outside %g .. %g %s", *row->text, row->least,
			      row->most, quantity_unit(row->kind));
	return ret ? yaml_file_error(file, ret, err, "%s.%s", place, row->key) : 0;
}

static int take_rows(const struct yaml_file *file, const char *place, const struct row *rows,
		     size_t count, struct err *err)
{
	int ret = 0;

	for (size_t i = 0; i < count && !ret; i++)
		ret = take_row(file, place, &rows[i], err);
	return ret;
}

/* need: capabilities that it must have. */
static int take_uri(const struct yaml_file *file, const char *place, const char *uri, unsigned need,
		    struct err *err)
{
	unsigned caps = 0;
	int ret = thermal_check_uri(uri, &caps, err);

	if (!ret && (caps & need) != need)
		ret = err_set(err, -EINVAL, "'%s' %s", uri,
			      need & THERMAL_CAP_SET
				      ? "sets no temperature: it is a 'sensor:', if anything"
				      : "measures nothing: write what you know as 'ambient:'");
	return ret ? yaml_file_error(file, ret, err, "%s.uri", place) : 0;
}

static int take_chamber(struct rig_chamber *chamber, const struct yaml_file *file,
			const struct rig_ambient_text *text, struct err *err)
{
	double baud;
	const struct row rows[] = {
		{"baud", &text->baud, QUANTITY_BAUD, 300, 4e6, 0, &baud},
		{"band", &text->band, QUANTITY_TEMPERATURE_STEP, 0.01, 20, 0.5, &chamber->within_k},
		{"settle", &text->settle, QUANTITY_TIME, 0, 86400, 600, &chamber->settle_s},
		{"timeout", &text->timeout, QUANTITY_TIME, 1, 7 * 86400, 7200, &chamber->timeout_s},
		{"min", &text->min, QUANTITY_TEMPERATURE, least_c, most_c, -40, &chamber->min_c},
		{"max", &text->max, QUANTITY_TEMPERATURE, least_c, most_c, 150, &chamber->max_c},
		{"rest", &text->rest, QUANTITY_TEMPERATURE, least_c, most_c, NAN, &chamber->rest_c},
	};
	int ret = take_uri(file, "chamber", text->uri, THERMAL_CAP_SET, err);

	if (!ret)
		ret = take_rows(file, "chamber", rows, sizeof(rows) / sizeof(rows[0]), err);
	if (ret)
		return ret;
	chamber->uri = text->uri;
	chamber->baud = (uint32_t)baud;
	if (!(chamber->min_c < chamber->max_c)) {
		err_set(err, -EINVAL, "min %g degC is not below max %g degC", chamber->min_c,
			chamber->max_c);
		return yaml_file_error(file, -EINVAL, err, "chamber.%s", text->max ? "max" : "min");
	}
	if (chamber->rest_c < chamber->min_c || chamber->rest_c > chamber->max_c) {
		err_set(err, -EINVAL, "rest %g degC is not within the chamber's %g .. %g degC",
			chamber->rest_c, chamber->min_c, chamber->max_c);
		return yaml_file_error(file, -EINVAL, err, "chamber.rest");
	}
	if (chamber->timeout_s > chamber->settle_s)
		return 0;
	err_set(err, -EINVAL, "timeout %g s leaves no time for settle %g s", chamber->timeout_s,
		chamber->settle_s);
	return yaml_file_error(file, -EINVAL, err, "chamber.%s",
			       text->timeout ? "timeout" : "settle");
}

static int take_sensor(struct rig *rig, const struct yaml_file *file,
		       const struct rig_ambient_text *text, struct err *err)
{
	double baud;
	const struct row rows[] = {
		{"baud", &text->baud, QUANTITY_BAUD, 300, 4e6, 0, &baud},
		{"band", &text->band, QUANTITY_TEMPERATURE_STEP, 0.01, 20, 1,
		 &rig->sensor.within_k},
	};
	int ret = take_uri(file, "sensor", text->uri, THERMAL_CAP_MEASURED, err);

	if (!ret)
		ret = take_rows(file, "sensor", rows, sizeof(rows) / sizeof(rows[0]), err);
	if (!ret && text->band && rig->chamber.uri) {
		err_set(err, -EINVAL, "the band is the chamber's: write it there");
		ret = yaml_file_error(file, -EINVAL, err, "sensor.band");
	}
	if (ret)
		return ret;
	rig->sensor.uri = text->uri;
	rig->sensor.baud = (uint32_t)baud;
	return 0;
}

int rig_ambient_parse(const char *text, double *ret_c, struct err *err)
{
	double temp_c;
	int ret = quantity_parse(text, QUANTITY_TEMPERATURE, &temp_c, err);

	if (!ret && !(temp_c >= least_c && temp_c <= most_c))
		ret = err_set(err, -EINVAL, "'%s' is outside %g .. %g degC", text, least_c, most_c);
	if (!ret)
		*ret_c = temp_c;
	return ret;
}

/* How warm it is around the boards, or with a chamber around the meters. */
static int take_typed(struct rig *rig, const struct yaml_file *file, const char *text,
		      struct err *err)
{
	double *ret_c = rig->chamber.uri ? &rig->room_c : &rig->ambient_c;
	int ret = 0;

	if (text && rig->sensor.uri && !rig->chamber.uri)
		ret = err_set(err, -EINVAL, "the sensor says how warm it is: leave 'ambient' out");
	else if (text)
		ret = rig_ambient_parse(text, ret_c, err);
	else if (!rig->chamber.uri && !rig->sensor.uri)
		ret = err_set(err, -EINVAL,
			      "key 'ambient' is missing: how warm is it around the boards? A "
			      "'sensor:' or a 'chamber:' may say it instead");
	return ret ? yaml_file_error(file, ret, err, "ambient") : 0;
}

int rig_ambient_take(struct rig *rig, const struct yaml_file *file, const char *ambient,
		     const struct rig_ambient_text *chamber, const struct rig_ambient_text *sensor,
		     struct err *err)
{
	int ret = 0;

	rig->ambient_c = rig->room_c = rig->chamber.rest_c = NAN;
	if (chamber)
		ret = take_chamber(&rig->chamber, file, chamber, err);
	if (!ret && sensor)
		ret = take_sensor(rig, file, sensor, err);
	return ret ? ret : take_typed(rig, file, ambient, err);
}

static int check_link(const struct rig *rig, const struct yaml_file *file, const char *key,
		      const char *uri, struct err *err)
{
	const char *link = uri ? strchr(uri, ':') + 1 : NULL, *other = NULL;

	for (unsigned i = 0; link && i < rig->meter_count; i++)
		if (!strcmp(rig->meters[i].link, link))
			other = rig->meters[i].name;
	for (unsigned i = 0; link && i < rig->board_count; i++)
		if (!strcmp(rig->boards[i].link, link))
			other = rig->boards[i].name;
	if (!other)
		return 0;
	err_set(err, -EINVAL, "%s and '%s' share link '%s'", key, other, link);
	return yaml_file_error(file, -EINVAL, err, "%s.uri", key);
}

static const double room_u_k = 2; /* a room, and how far a case is above it */

int rig_ambient_finish(struct rig *rig, const struct yaml_file *file, struct err *err)
{
	int ret = check_link(rig, file, "chamber", rig->chamber.uri, err);

	if (!ret)
		ret = check_link(rig, file, "sensor", rig->sensor.uri, err);
	if (!ret && rig->chamber.uri && rig->sensor.uri &&
	    !strcmp(rig->chamber.uri, rig->sensor.uri)) {
		err_set(err, -EINVAL,
			"sensor and chamber are the same device: leave 'sensor' out, the chamber "
			"reads itself");
		ret = yaml_file_error(file, -EINVAL, err, "sensor.uri");
	}
	for (unsigned i = 0; !ret && isfinite(rig->room_c) && i < rig->meter_count; i++) {
		struct rig_meter *meter = &rig->meters[i];

		if (meter->has_ambient)
			continue;
		meter->has_ambient = true;
		meter->ambient_c = rig->room_c;
		meter->ambient_u_k = room_u_k;
	}
	return ret;
}

static void set_known(json_t *object, const char *key, double value)
{
	json_object_set_new(object, key, isfinite(value) ? json_real(value) : json_null());
}

void rig_ambient_resolve(const struct rig *rig, json_t *object)
{
	const struct rig_chamber *c = &rig->chamber;

	set_known(object, "ambient_c", rig->ambient_c);
	if (c->uri) {
		json_t *chamber =
			json_pack("{s:s, s:i, s:f, s:f, s:f, s:f, s:f}", "uri", c->uri, "baud",
				  (int)c->baud, "band_k", c->within_k, "settle_s", c->settle_s,
				  "timeout_s", c->timeout_s, "min_c", c->min_c, "max_c", c->max_c);

		set_known(chamber, "rest_c", c->rest_c);
		json_object_set_new(object, "chamber", chamber);
		set_known(object, "room_c", rig->room_c);
	}
	if (rig->sensor.uri)
		json_object_set_new(object, "sensor",
				    json_pack("{s:s, s:i, s:f}", "uri", rig->sensor.uri, "baud",
					      (int)rig->sensor.baud, "band_k",
					      rig_ambient_band_k(rig)));
}

double rig_ambient_band_k(const struct rig *rig)
{
	return rig->chamber.uri ? rig->chamber.within_k : rig->sensor.within_k;
}

/* Plans ---------------------------------------------------------------------------------------- */

static int check_temperature(const struct rig *rig, double temp_c, struct err *err)
{
	const struct rig_chamber *chamber = &rig->chamber;

	if (chamber->uri && (temp_c < chamber->min_c || temp_c > chamber->max_c))
		return err_set(err, -EINVAL, "%g degC is not within the %g .. %g degC of rig '%s'",
			       temp_c, chamber->min_c, chamber->max_c, rig->name);
	if (chamber->uri && fabs(remainder(temp_c, set_step_c)) > 1e-6)
		return err_set(err, -EINVAL, "%.9g degC: chambers are set in steps of %g K", temp_c,
			       set_step_c);
	if (!chamber->uri && !rig->sensor.uri && fabs(temp_c - rig->ambient_c) > typed_within_k)
		return err_set(err, -EINVAL,
			       "%g degC, but rig '%s' says that it is %g degC around its boards: "
			       "bring them to %g degC and write that as its 'ambient:', or let a "
			       "'chamber:' do it",
			       temp_c, rig->name, rig->ambient_c, temp_c);
	return 0;
}

int rig_ambient_check_plan(const struct rig *rig, const struct plan *plan, struct err *err)
{
	if (!rig->chamber.uri && plan->temperature_count > 1) {
		err_set(err, -EINVAL,
			"%u temperatures want a chamber, and rig '%s' has none: give it one "
			"('chamber: {uri: ...}'), or run one plan after the other, each with one "
			"temperature, and bring the boards there yourself",
			plan->temperature_count, rig->name);
		return yaml_file_error(plan->file, -EINVAL, err, "temperatures");
	}
	for (unsigned i = 0; i < plan->temperature_count; i++) {
		int ret = check_temperature(rig, plan->temperatures_c[i], err);

		if (ret)
			return yaml_file_error(plan->file, ret, err, "temperatures[%u]", i);
	}
	return 0;
}
