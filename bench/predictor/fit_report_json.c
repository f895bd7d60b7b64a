/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "bench/predictor/fit_report.h"
#include "bench/predictor/predictor_parts.h"

json_t *judged_row_json(const struct judged *judged)
{
	json_t *object = json_object();

	if (object && fields_write(predictor_judged_fields, judged, object) &&
	    !json_object_set_new(object, "worst",
				 predictor_items_json(predictor_worst_fields, judged->worst,
						      judged->worst_count,
						      sizeof(judged->worst[0]))))
		return object;
	json_decref(object);
	return NULL;
}

static json_t *left_out_json(const struct judged *judged)
{
	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f}", "mape_pct", judged->mape_pct,
			 "rmspe_pct", judged->rmspe_pct, "max_error_pct", judged->max_error_pct,
			 "within_5_pct_share", judged->within_5_pct_share, "within_10_pct_share",
			 judged->within_10_pct_share, "inside_95_pct_interval_share",
			 judged->inside_95_share);
}

static json_t *form_json(const struct fit_report_form *form, unsigned slope)
{
	const struct estimate *fit = &form->estimate;
	json_t *json;

	if (form->reason)
		return json_pack("{s:s, s:s}", "form", form->kind->formula, "refused",
				 form->refused);
	json = json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "form", form->kind->formula,
			 "k_j_per_cycle", fit->value[slope], "k_u_j_per_cycle", fit->u[slope],
			 "mape_pct", form->mape_pct, "rmspe_pct", form->rmspe_pct, "max_error_pct",
			 form->max_error_pct, "birge_ratio", fit->birge_ratio, "scatter_rel",
			 fit->scatter_rel);
	json_object_set_new(json, "r2", isfinite(form->r2) ? json_real(form->r2) : json_null());
	if (slope) {
		json_object_set_new(json, "a_j", json_real(fit->value[0]));
		json_object_set_new(json, "a_u_j", json_real(fit->u[0]));
	}
	if (form->left_out.predicted)
		json_object_set_new(json, "leave_one_model_out", left_out_json(&form->left_out));
	else
		json_object_set_new(json, "leave_one_model_out_refused",
				    json_string(form->left_out.refused));
	return json;
}

static json_t *level_json(const struct fit_report_level *level)
{
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:I, s:b, s:I, s:I, s:[o, o]}", "board",
				 level->first.board, "board_uid", level->first.board_uid, "build",
				 level->first.build, "runtime", level->first.runtime, "clock_hz",
				 (json_int_t)level->first.clock_hz, "virtual",
				 level->first.is_virtual, "windows", (json_int_t)level->windows,
				 "models", (json_int_t)level->models, "fits",
				 form_json(&level->forms[0], 0), form_json(&level->forms[1], 1));

	if (json && isfinite(level->temp_min_c))
		json_object_update_new(json, json_pack("{s:f, s:f}", "temp_min_c",
						       level->temp_min_c, "temp_max_c",
						       level->temp_max_c));
	return json;
}

static json_t *family_json(const struct predictor_family *family)
{
	json_t *object = json_object(), *judged = json_array();

	if (!object || !judged || !fields_write(predictor_family_fields, family, object)) {
		json_decref(object);
		json_decref(judged);
		return NULL;
	}
	for (size_t i = 0; i < family->judged_count; i++)
		json_array_append_new(judged, judged_row_json(&family->judged[i]));
	json_object_set_new(object, "judged", judged);
	return object;
}

static json_t *refusals_json(const struct build_refusals *refusals)
{
	json_t *array = json_array();

	for (size_t i = 0; i < refusals->count; i++)
		json_array_append_new(array,
				      json_pack("{s:s, s:s, s:s}", "cell", refusals->rows[i].cell,
						"kind", refusals->rows[i].kind, "reason",
						refusals->rows[i].reason));
	return array;
}

json_t *fit_report_json(const struct fit_report *report)
{
	json_t *levels = json_array(), *families = json_array();
	json_t *object = json_pack("{s:b, s:I, s:I}", "virtual", report->dataset->is_virtual,
				   "windows", (json_int_t)report->dataset->windows,
				   "windows_left_out", (json_int_t)report->dataset->unusable);
	int failed = 0;

	for (size_t i = 0; i < report->count; i++)
		failed |= json_array_append_new(levels, level_json(&report->levels[i]));
	for (size_t i = 0; report->predictor && i < report->predictor->family_count; i++)
		failed |= json_array_append_new(families,
						family_json(&report->predictor->families[i]));
	failed |= json_object_set_new(object, "levels", levels);
	failed |= json_object_set_new(object, "families", families);
	if (report->refusals)
		failed |= json_object_set_new(object, "refused", refusals_json(report->refusals));
	if (report->curves)
		failed |= json_object_set_new(object, "curves", curves_json(report->curves));
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}
