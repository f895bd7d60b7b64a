/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The keys of predictor files, in the order in which they are written.
 */
#include <math.h>

#include "bench/predictor/predictor_parts.h"

#define TEXT(key, type, member)  {key, FIELD_TEXT, FIELD_PLACE(type, member), 0, 0, false}
#define REAL(key, type, member)  {key, FIELD_REAL, FIELD_PLACE(type, member), 0, 0, true}
#define FLAG(key, type, member)  {key, FIELD_FLAG, FIELD_PLACE(type, member), 0, 0, false}
#define COUNT(key, type, member) {key, FIELD_WHOLE, FIELD_PLACE(type, member), 0, 1e15, false}
#define OTHER(key)               {key, FIELD_OTHER, 0, 0, 0, 0, false}
#define MAYBE(key)               {key, FIELD_OTHER, 0, 0, 0, 0, true}
#define BETWEEN(key, type, member, low, high)                                                      \
	{                                                                                          \
		key, FIELD_REAL, FIELD_PLACE(type, member), low, high, false                       \
	}
#define END {NULL, 0, 0, 0, 0, 0, false}

const struct field predictor_fields[] = {
	OTHER("schema"),
	TEXT("joulebench_version", predictor, version),
	TEXT("created_utc", predictor, created_utc),
	FLAG("virtual", predictor, is_virtual),
	{"note", FIELD_TEXT, FIELD_PLACE(predictor, note), 0, 0, true},
	OTHER("lineage"),
	OTHER("databases"),
	OTHER("models"),
	OTHER("instruction_classes"),
	OTHER("families"),
	OTHER("cells"),
	MAYBE("counts"),
	END,
};

const struct field predictor_lineage_fields[] = {
	TEXT("parent_sha256", predictor_lineage, sha256),
	TEXT("created_utc", predictor_lineage, created_utc),
	TEXT("action", predictor_lineage, action),
	END,
};

const struct field predictor_source_fields[] = {
	TEXT("path", dataset_source, path),
	COUNT("windows", dataset_source, windows),
	COUNT("first_session", dataset_source, session_first),
	COUNT("last_session", dataset_source, session_last),
	TEXT("first_utc", dataset_source, first_utc),
	TEXT("last_utc", dataset_source, last_utc),
	END,
};

const struct field predictor_model_fields[] = {
	TEXT("model", predictor_model, model),
	TEXT("model_sha256", predictor_model, model_sha256),
	REAL("macs", predictor_model, macs),
	REAL("params", predictor_model, params),
	END,
};

const struct field predictor_family_fields[] = {
	TEXT("chip", predictor_family, chip),
	TEXT("build", predictor_family, build),
	TEXT("runtime", predictor_family, runtime),
	FLAG("virtual", predictor_family, is_virtual),
	TEXT("energy_model", predictor_family, energy),
	TEXT("time_model", predictor_family, time),
	TEXT("chosen_by", predictor_family, chosen_by),
	OTHER("judged"),
	END,
};

const struct field predictor_judged_fields[] = {
	TEXT("left_out", judged, left_out),
	TEXT("response", judged, response),
	TEXT("model", judged, candidate),
	TEXT("kind", judged, kind),
	FLAG("baseline", judged, is_baseline),
	FLAG("nested", judged, is_nested),
	COUNT("points", judged, points),
	COUNT("points_predicted", judged, predicted),
	REAL("mape_pct", judged, mape_pct),
	REAL("rmspe_pct", judged, rmspe_pct),
	REAL("median_error_pct", judged, median_pct),
	REAL("p90_error_pct", judged, p90_pct),
	REAL("max_error_pct", judged, max_error_pct),
	REAL("bias_pct", judged, bias_pct),
	REAL("r2", judged, r2),
	REAL("within_5_pct_share", judged, within_5_pct_share),
	REAL("within_10_pct_share", judged, within_10_pct_share),
	REAL("inside_95_pct_interval_share", judged, inside_95_share),
	TEXT("refused", judged, refused),
	OTHER("worst"),
	END,
};

const struct field predictor_worst_fields[] = {
	TEXT("model", judged_worst, model),
	TEXT("board", judged_worst, board),
	COUNT("clock_hz", judged_worst, clock_hz),
	REAL("error_pct", judged_worst, error_pct),
	END,
};

const struct field predictor_cell_fields[] = {
	TEXT("response", predictor_cell, response),
	TEXT("kind", predictor_cell, kind),
	OTHER("formula"),
	TEXT("board", predictor_cell, board),
	TEXT("board_uid", predictor_cell, board_uid),
	TEXT("chip", predictor_cell, chip),
	TEXT("build", predictor_cell, build),
	TEXT("runtime", predictor_cell, runtime),
	TEXT("compiler", predictor_cell, compiler),
	TEXT("firmware_crc32", predictor_cell, firmware_crc32),
	FLAG("virtual", predictor_cell, is_virtual),
	COUNT("clock_hz", predictor_cell, clock_hz),
	TEXT("state", predictor_cell, state),
	TEXT("first_utc", predictor_cell, first_utc),
	TEXT("last_utc", predictor_cell, last_utc),
	COUNT("windows", predictor_cell, windows),
	COUNT("models", predictor_cell, models),
	BETWEEN("meter_gain_u_rel", predictor_cell, common_rel, 0, 10),
	FLAG("one_meter", predictor_cell, one_meter),
	OTHER("meters"),
	OTHER("coefficients"),
	OTHER("covariance"),
	OTHER("fit"),
	REAL("training_mape_pct", predictor_cell, mape_pct),
	REAL("training_max_error_pct", predictor_cell, max_error_pct),
	OTHER("training_range"),
	OTHER("levels"),
	OTHER("training_points"),
	END,
};

const struct field predictor_fit_fields[] = {
	COUNT("points", predictor_fit, points),
	BETWEEN("dof", predictor_fit, dof, 0.5, 1e9),
	BETWEEN("scatter_rel", predictor_fit, scatter_rel, 0, 100),
	REAL("chi2", predictor_fit, chi2),
	REAL("birge_ratio", predictor_fit, birge_ratio),
	REAL("residual_sd", predictor_fit, residual_sd),
	REAL("r2", predictor_fit, r2),
	END,
};

const struct field predictor_coefficient_fields[] = {
	TEXT("name", predictor_coefficient, name),
	TEXT("unit", predictor_coefficient, unit),
	{"value", FIELD_REAL, FIELD_PLACE(predictor_coefficient, value), 0, 0, false},
	{"u", FIELD_REAL, FIELD_PLACE(predictor_coefficient, u), 0, 0, false},
	END,
};

const struct field predictor_range_fields[] = {
	{"min", FIELD_REAL, FIELD_PLACE(predictor_range, min), 0, 0, false},
	{"max", FIELD_REAL, FIELD_PLACE(predictor_range, max), 0, 0, false},
	END,
};

const struct field predictor_level_fields[] = {
	COUNT("clock_hz", predictor_level, clock_hz),
	REAL("core_v", predictor_level, core_v),
	REAL("temp_c", predictor_level, temp_c),
	REAL("idle_power_w", predictor_level, idle_power_w),
	END,
};

#define FEATURE(key, column_number)                                                                \
	{                                                                                          \
		key, FIELD_REAL, offsetof(struct predictor_point, column[column_number]),          \
			sizeof(double), 0, 0, true                                                 \
	}

const struct field predictor_point_fields[] = {
	TEXT("model_sha256", predictor_point, model_sha256),
	TEXT("meter", predictor_point, meter),
	COUNT("clock_hz", predictor_point, clock_hz),
	FEATURE("cycles", KIND_CYCLES),
	FEATURE("stall_cycles", KIND_STALL_CYCLES),
	FEATURE("memory_instructions", KIND_MEMORY),
	FEATURE("multiply_instructions", KIND_MULTIPLIES),
	FEATURE("time_s", KIND_TIME_S),
	FEATURE("core_v", KIND_CORE_V),
	FEATURE("supply_v", KIND_SUPPLY_V),
	FEATURE("temp_c", KIND_TEMP_C),
	FEATURE("macs", KIND_MACS),
	FEATURE("weights", KIND_WEIGHTS),
	FEATURE("idle_power_w", KIND_IDLE_W),
	MAYBE("instructions"),
	BETWEEN("measured", predictor_point, measured, 1e-18, 1e9),
	BETWEEN("u", predictor_point, u, 0, 1e9),
	END,
};
