/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "bench/import/import_report.h"

/* NaN has no place in JSON: such keys are left out. */
static void put_real(json_t *object, const char *key, double value)
{
	if (isfinite(value))
		json_object_set_new(object, key, json_real(value));
}

static json_t *text_json(const char *text)
{
	json_t *json = json_string(text);

	return json ? json : json_string("(not UTF-8)");
}

static json_t *findings_json(const struct tiny_result *result)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < result->finding_count; i++)
		json_array_append_new(
			array, json_pack("{s:s, s:s, s:o}", "code",
					 import_reason_code(result->findings[i].reason), "verdict",
					 import_verdict_text(
						 import_reason_verdict(result->findings[i].reason)),
					 "text", text_json(result->findings[i].text)));
	return array;
}

static json_t *windows_json(const struct tiny_result *result)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < result->window_count; i++) {
		const struct tiny_window *window = &result->windows[i];
		json_t *object = json_object();

		put_real(object, "start_s", window->edges.start_s);
		put_real(object, "duration_s", window->energy.duration_s);
		put_real(object, "inferences", window->inferences);
		put_real(object, "energy_j", window->energy_per_inference_j);
		put_real(object, "energy_u_independent_j", window->u_independent_j);
		put_real(object, "energy_u_common_j", window->u_common_j);
		put_real(object, "published_energy_j", window->published_per_inference_j);
		put_real(object, "mean_power_w", window->energy.mean_power_w);
		put_real(object, "half_drift_rel", window->energy.half_drift_rel);
		put_real(object, "end_drift_rel", window->energy.end_drift_rel);
		json_array_append_new(array, object);
	}
	return array;
}

static void put_measured(json_t *object, const struct tiny_result *result)
{
	bool has_repeat = result->repeat.median > 0, has_clock = result->clock.ratio > 0;

	put_real(object, "energy_j", result->ours_j);
	put_real(object, "energy_u_j", has_repeat ? result->mean.u_mean_j : NAN);
	put_real(object, "energy_u_type_a_j", has_repeat ? result->mean.u_type_a_j : NAN);
	put_real(object, "energy_u_common_j", has_repeat ? result->mean.u_common_j : NAN);
	put_real(object, "published_energy_j", result->published_j);
	put_real(object, "difference_rel", result->ours_j / result->published_j - 1);
	put_real(object, "mean_power_w", has_repeat ? result->power_w : NAN);
	put_real(object, "cv_rel", has_repeat ? result->repeat.cv_rel : NAN);
	put_real(object, "first_last_rel", has_repeat ? result->repeat.first_last_rel : NAN);
	put_real(object, "half_drift_rel", has_repeat ? result->half_drift_rel : NAN);
	put_real(object, "end_drift_rel", has_repeat ? result->end_drift_rel : NAN);
	put_real(object, "clock_difference_rel", has_clock ? result->clock.difference_rel : NAN);
	put_real(object, "clock_ratio", has_clock ? result->clock.ratio : NAN);
	put_real(object, "clock_ratio_u", has_clock ? result->clock.u_ratio : NAN);
	put_real(object, "clock_hz", result->clock_hz > 0 ? result->clock_hz : NAN);
	put_real(object, "supply_v", result->supply_v);
}

static json_t *result_json(const struct tiny_result *result)
{
	const struct tiny_finding *reason = tiny_result_reason(result);
	json_t *object = json_object();

	json_object_set_new(object, "path", text_json(result->path));
	json_object_set_new(object, "round", text_json(result->round));
	json_object_set_new(object, "submitter", text_json(result->submitter));
	json_object_set_new(object, "system", text_json(result->system));
	json_object_set_new(object, "software", text_json(result->software));
	json_object_set_new(object, "chip", json_string(result->chip));
	json_object_set_new(object, "folder", text_json(result->folder));
	json_object_set_new(object, "model", text_json(result->model));
	json_object_set_new(object, "meter", json_string(result->meter->name));
	json_object_set_new(object, "meter_limit_rel", json_real(result->meter->limit_rel));
	json_object_set_new(object, "meter_limit_source", json_string(result->meter->source));
	json_object_set_new(object, "verdict", json_string(import_verdict_text(result->verdict)));
	json_object_set_new(object, "reason",
			    json_string(reason ? import_reason_code(reason->reason) : ""));
	put_measured(object, result);
	json_object_set_new(object, "findings", findings_json(result));
	json_object_set_new(object, "windows", windows_json(result));
	if (result->alternative[0]) {
		json_object_set_new(object, "alternative", text_json(result->alternative));
		put_real(object, "alternative_energy_j", result->alternative_j);
	}
	return object;
}

static json_t *spread_json(const struct import_spread *spread)
{
	return json_pack("{s:i, s:f, s:f, s:f}", "results", (int)spread->count, "median_rel",
			 spread->median, "p90_rel", spread->p90, "largest_rel", spread->largest);
}

static json_t *clocks_json(const struct import_report *report)
{
	json_t *array = json_array();

	for (size_t i = 0; i < report->clock_count; i++) {
		const struct import_clocks *clocks = &report->clocks[i];

		json_array_append_new(array, json_pack("{s:o, s:o, s:o, s:i, s:f, s:f}", "round",
						       text_json(clocks->round), "submitter",
						       text_json(clocks->submitter), "system",
						       text_json(clocks->system), "models",
						       (int)clocks->count, "least_difference_rel",
						       clocks->least_rel, "largest_difference_rel",
						       clocks->largest_rel));
	}
	return array;
}

json_t *import_report_json(const struct import_report *report)
{
	json_t *results = json_array();

	for (size_t i = 0; i < report->count; i++)
		json_array_append_new(results, result_json(&report->results[i]));
	return json_pack(
		"{s:o, s:o, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, "
		"s:o, s:o, s:f}",
		"source", text_json(report->path), "database", text_json(report->database),
		"accepted", (int)report->accepted, "suspect", (int)report->suspect, "refused",
		(int)report->refused, "performance_only", (int)report->performance_only, "skipped",
		(int)report->skipped, "rows_added", (int)report->rows.added, "rows_known",
		(int)report->rows.known, "results", results, "clocks", clocks_json(report),
		"scatter", spread_json(&report->scatter), "scatter_cpu",
		spread_json(&report->scatter_cpu), "drift", spread_json(&report->drift),
		"drift_cpu", spread_json(&report->drift_cpu), "half_drift",
		spread_json(&report->half_drift), "difference", spread_json(&report->difference),
		"worst_accepted_difference_rel", report->worst_difference_sound);
}
