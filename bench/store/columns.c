/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/store/columns.h"

#include <math.h>
#include <string.h>

#include "bench/store/store.h"

#define COLUMN(member, kind) SINCE(0, member, kind)
#define SINCE(schema, member, kind)                                                                \
	{                                                                                          \
#member, kind, offsetof(struct store_measurement, member),                         \
			sizeof(((struct store_measurement *)0)->member), schema                    \
	}
#define TEXT(member)    COLUMN(member, COLUMN_TEXT)
#define INTEGER(member) COLUMN(member, COLUMN_INTEGER)
#define REAL(member)    COLUMN(member, COLUMN_REAL)

const struct column store_columns[] = {
	TEXT(point_key),
	INTEGER(session_id),
	INTEGER(window_ordinal),
	INTEGER(attempt),
	TEXT(created_utc),
	TEXT(rig),
	TEXT(board),
	TEXT(board_uid),
	TEXT(chip),
	TEXT(meter),
	TEXT(meter_model),
	TEXT(meter_serial),
	TEXT(meter_calibration),
	INTEGER(is_virtual),
	TEXT(model),
	TEXT(model_sha256),
	TEXT(image_crc32),
	INTEGER(model_macs),
	INTEGER(model_params),
	TEXT(build),
	TEXT(firmware_crc32),
	TEXT(compiler),
	TEXT(options),
	TEXT(runtime),
	TEXT(kernels),
	INTEGER(eliminate),
	INTEGER(exit_threshold),
	INTEGER(arena_bytes),
	INTEGER(image_bytes),
	INTEGER(repeat_index),
	INTEGER(clock_hz),
	REAL(clock_measured_hz),
	REAL(clock_u_rel),
	INTEGER(core_mv),
	INTEGER(wait_states),
	TEXT(clock_range),
	TEXT(clock_source),
	REAL(temp_before_c),
	REAL(temp_after_c),
	REAL(ambient_c),
	INTEGER(vdda_before_mv),
	INTEGER(warmups),
	INTEGER(inferences),
	INTEGER(cycles),
	INTEGER(inf_min_cycles),
	INTEGER(inf_max_cycles),
	INTEGER(empty_cycles),
	INTEGER(exits),
	TEXT(exit_path),
	INTEGER(layer_mark_cycles),
	COLUMN(layer_cycles, COLUMN_LONG_TEXT),
	INTEGER(marker_edges_layer),
	REAL(duration_s),
	REAL(duration_u_s),
	REAL(energy_j),
	REAL(energy_u_j),
	REAL(energy_u_independent_j),
	REAL(energy_above_idle_j),
	REAL(energy_above_idle_u_j),
	REAL(charge_c),
	REAL(mean_current_a),
	REAL(idle_current_a),
	REAL(idle_current_u_a),
	REAL(supply_v),
	REAL(supply_u_v),
	REAL(gain_u_rel),
	TEXT(output_crc32),
	INTEGER(samples),
	INTEGER(samples_lost),
	INTEGER(samples_saturated),
	INTEGER(range_switches),
	INTEGER(marker_edges_inference),
	TEXT(verdict),
	TEXT(reason),
	SINCE(3, source, COLUMN_TEXT),
	SINCE(3, source_path, COLUMN_TEXT),
	SINCE(3, submitter, COLUMN_TEXT),
	SINCE(3, round, COLUMN_TEXT),
	SINCE(3, software, COLUMN_TEXT),
	SINCE(3, window_start_s, COLUMN_REAL),
	SINCE(3, published_energy_j, COLUMN_REAL),
	SINCE(3, cycles_derived, COLUMN_INTEGER),
	SINCE(3, reason_code, COLUMN_TEXT),
	SINCE(4, calibration_id, COLUMN_INTEGER),
	SINCE(4, calibration_state, COLUMN_TEXT),
	SINCE(4, trace_sha256, COLUMN_TEXT),
	SINCE(5, edge_u_s, COLUMN_REAL),
	SINCE(5, noise_sd_a, COLUMN_REAL),
	SINCE(5, offset_u_a, COLUMN_REAL),
	SINCE(5, budget_inputs, COLUMN_TEXT),
	SINCE(5, mean_v, COLUMN_REAL),
	SINCE(5, mean_v_u, COLUMN_REAL),
	SINCE(5, raw_energy_j, COLUMN_REAL),
	SINCE(5, integral_energy_j, COLUMN_REAL),
	SINCE(5, meter_rate_hz, COLUMN_REAL),
	SINCE(5, meter_rate_u_hz, COLUMN_REAL),
	SINCE(6, ambient_before_c, COLUMN_REAL),
	SINCE(6, ambient_after_c, COLUMN_REAL),
};

const unsigned store_column_count = sizeof(store_columns) / sizeof(store_columns[0]);

void store_measurement_init(struct store_measurement *measurement)
{
	const double unknown = NAN;

	memset(measurement, 0, sizeof(*measurement));
	for (unsigned i = 0; i < store_column_count; i++)
		if (store_columns[i].type == COLUMN_REAL)
			memcpy((char *)measurement + store_columns[i].offset, &unknown,
			       sizeof(unknown));
}
