/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Calibrations in the store, and on samples.
 */
#include "bench/session/calibration.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void calibration_now_utc(int64_t offset_s, char *text, size_t size)
{
	time_t when = time(NULL) + (time_t)offset_s;
	struct tm parts;

	gmtime_r(&when, &parts);
	strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

float calibration_correct_a(const struct calibration *calibration, unsigned range, float reading_a)
{
	if (range >= calibration->range_count)
		return reading_a;
	return (float)calibration_current_a(&calibration->lines[range], (double)reading_a);
}

/* The other states' names and sentences. */
static void refuse(struct calibration *calibration, const char *state, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void refuse(struct calibration *calibration, const char *state, const char *format, ...)
{
	va_list args;

	*calibration = (struct calibration){0};
	snprintf(calibration->state, sizeof(calibration->state), "%s", state);
	va_start(args, format);
	vsnprintf(calibration->sentence, sizeof(calibration->sentence), format, args);
	va_end(args);
}

static int read_line(const json_t *object, struct calibration *calibration)
{
	struct calibration_line line = {0};
	int range, points;

	if (json_unpack((json_t *)object, "{s:i, s:i, s:F, s:F, s:F, s:F, s:F, s:F}", "range",
			&range, "points", &points, "add_a", &line.add_a, "factor", &line.factor,
			"add_u_a", &line.add_u_a, "factor_u", &line.factor_u, "covariance_a",
			&line.covariance_a, "birge_ratio", &line.birge_ratio) ||
	    range != (int)calibration->range_count || range >= METER_RANGES_MAX || points < 0)
		return -1;
	line.points = (size_t)points;
	calibration->lines[calibration->range_count++] = line;
	return 0;
}

static int read_lines(const struct store_calibration *stored, struct calibration *calibration,
		      struct err *err)
{
	json_t *lines = json_loads(stored->lines_json, 0, NULL);
	int ret = json_is_array(lines) ? 0 : -1;

	for (size_t i = 0; !ret && i < json_array_size(lines); i++)
		ret = read_line(json_array_get(lines, i), calibration);
	json_decref(lines);
	return ret ? err_set(err, -EINVAL, "calibration %lld: its lines make no sense",
			     (long long)stored->id)
		   : 0;
}

static int apply(const struct store_calibration *stored, const struct rig *rig,
		 const struct meter_info *info, const char *now_utc,
		 struct calibration *calibration, struct err *err)
{
	long long id = (long long)stored->id;

	if (strcmp(stored->meter_model, info->model) ||
	    strcmp(stored->meter_serial, info->serial) ||
	    strcmp(stored->meter_calibration, info->calibration) ||
	    stored->is_virtual != rig->is_virtual) {
		refuse(calibration, "other",
		       "calibration %lld is of another instrument, supply voltage or firmware: "
		       "calibrate again",
		       id);
		return 0;
	}
	if (strcmp(now_utc, stored->expires_utc) > 0) {
		refuse(calibration, "expired", "calibration %lld expired on %.10s: calibrate again",
		       id, stored->expires_utc);
		return 0;
	}
	*calibration = (struct calibration){.id = stored->id, .state = "used"};
	return read_lines(stored, calibration, err);
}

int calibration_find(struct store *store, const struct rig *rig, const struct rig_meter *meter,
		     const struct meter_info *info, const char *now_utc,
		     struct calibration *ret_calibration, struct err *err)
{
	struct store_calibration stored;
	int ret = store_calibration_latest(store, rig->name, meter->name, &stored, err);

	if (ret == -ENOENT) {
		refuse(ret_calibration, "missing",
		       "no calibration in this database: the data sheet's uncertainty counts");
		return 0;
	}
	if (ret)
		return ret;
	ret = apply(&stored, rig, info, now_utc, ret_calibration, err);
	store_calibration_done(&stored);
	return ret;
}

static json_t *lines_list(const struct calibration *calibration)
{
	json_t *list = json_array();

	for (unsigned range = 0; range < calibration->range_count; range++) {
		const struct calibration_line *line = &calibration->lines[range];

		json_array_append_new(
			list, json_pack("{s:i, s:i, s:f, s:f, s:f, s:f, s:f, s:f}", "range",
					(int)range, "points", (int)line->points, "add_a",
					line->add_a, "factor", line->factor, "add_u_a",
					line->add_u_a, "factor_u", line->factor_u, "covariance_a",
					line->covariance_a, "birge_ratio", line->birge_ratio));
	}
	return list;
}

static char *lines_json(const struct calibration *calibration)
{
	json_t *list = lines_list(calibration);
	char *text = json_dumps(list, JSON_COMPACT);

	json_decref(list);
	return text;
}

char *calibration_format(const struct calibration *calibration)
{
	json_t *json = json_pack("{s:I, s:s, s:s, s:o}", "id", (json_int_t)calibration->id, "state",
				 calibration->state, "sentence", calibration->sentence, "lines",
				 lines_list(calibration));
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	return text;
}

int calibration_parse(const char *text, struct calibration *ret_calibration, struct err *err)
{
	struct calibration calibration = {0};
	const char *state = "", *sentence = "";
	json_t *json = json_loads(text, 0, NULL), *lines = NULL;
	json_int_t id = 0;
	int ret = json_unpack(json, "{s:I, s:s, s:s, s:o}", "id", &id, "state", &state, "sentence",
			      &sentence, "lines", &lines);

	for (size_t i = 0; !ret && i < json_array_size(lines); i++)
		ret = read_line(json_array_get(lines, i), &calibration);
	calibration.id = id;
	snprintf(calibration.state, sizeof(calibration.state), "%s", state);
	snprintf(calibration.sentence, sizeof(calibration.sentence), "%s", sentence);
	json_decref(json);
	if (ret)
		return err_set(err, -EINVAL, "it is no calibration");
	*ret_calibration = calibration;
	return 0;
}

/* The instrument that a known current is from, and what it is trusted with. */
static json_t *reference_object(const struct calibration_procedure *procedure,
				const struct calibration_load *load)
{
	const struct calibration_reference *reference = &procedure->reference;
	const struct calibration_sheet sheet =
		calibration_sheet_of(reference->meter, reference->info, load->reference_range);

	return json_pack("{s:s, s:s, s:s, s:i, s:f, s:f}", "meter", reference->meter->name, "model",
			 reference->info->model, "serial", reference->info->serial, "range",
			 (int)load->reference_range, "gain_u_rel", sheet.gain_u_rel, "offset_u_a",
			 sheet.offset_u_a);
}

static json_t *point_object(const struct calibration_procedure *procedure,
			    const struct calibration_load *load)
{
	json_t *object = json_pack("{s:s, s:i, s:f, s:f, s:f, s:f}", "load", load->text, "range",
				   (int)load->range, "reading_a", load->reading.mean_a,
				   "reading_u_a", load->reading.u_a, "expected_a", load->expected_a,
				   "expected_u_a", load->expected_u_a);

	if (procedure->reference.meter &&
	    json_object_set_new(object, "reference", reference_object(procedure, load))) {
		json_decref(object);
		return NULL;
	}
	return object;
}

/* NULL: out of memory, or a text that is no UTF-8. */
static char *points_json(const struct calibration_procedure *procedure,
			 const struct calibration_load *loads, unsigned count)
{
	json_t *list = json_array();
	bool whole = list;
	char *text;

	for (unsigned i = 0; i < count && whole; i++)
		whole = !json_array_append_new(list, point_object(procedure, &loads[i]));
	text = whole ? json_dumps(list, JSON_COMPACT) : NULL;
	json_decref(list);
	return text;
}

int calibration_store(struct store *store, const struct calibration_procedure *procedure,
		      const struct calibration_load *loads, unsigned count, int64_t lifetime_s,
		      struct calibration *calibration, struct err *err)
{
	struct store_calibration row = {.is_virtual = procedure->rig->is_virtual,
					.method = "loads",
					.supply_v = procedure->meter->supply_v,
					.supply_u_v = procedure->meter->supply_u_v,
					.lines_json = lines_json(calibration),
					.points_json = points_json(procedure, loads, count)};
	int ret;

	if (procedure->reference.meter)
		snprintf(row.method, sizeof(row.method), "against");
	calibration_now_utc(0, row.created_utc, sizeof(row.created_utc));
	calibration_now_utc(lifetime_s, row.expires_utc, sizeof(row.expires_utc));
	snprintf(row.rig, sizeof(row.rig), "%s", procedure->rig->name);
	snprintf(row.meter, sizeof(row.meter), "%s", procedure->meter->name);
	snprintf(row.meter_model, sizeof(row.meter_model), "%s", procedure->info->model);
	snprintf(row.meter_serial, sizeof(row.meter_serial), "%s", procedure->info->serial);
	snprintf(row.meter_calibration, sizeof(row.meter_calibration), "%s",
		 procedure->info->calibration);
	ret = row.lines_json && row.points_json
		      ? store_calibration_add(store, &row, &calibration->id, err)
		      : err_set(err, -ENOMEM, "out of memory, or a load's text is no UTF-8");
	store_calibration_done(&row);
	return ret;
}
