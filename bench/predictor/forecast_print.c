/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "bench/predictor/forecast.h"

/* A layer's features from its count, the network's macs and params not known of it. */
static void layer_parts(const struct forecast *forecast, const struct forecast_row *row, size_t i,
			double *ret_energy_j, double *ret_time_s)
{
	const struct count_file_span *span = &row->file->layers[i].span;
	struct query_features features = {.cycles = span->cycles,
					  .stall_cycles = span->stall_cycles,
					  .macs = NAN,
					  .params = NAN};

	for (size_t c = 0; c < forecast->predictor->class_count; c++)
		for (size_t k = 0; k < row->file->class_count; k++)
			if (!strcmp(forecast->predictor->class_name[c], row->file->class_name[k]))
				features.classes[c] = span->classes[k];
	query_part(forecast->predictor, &row->place, &features, ret_energy_j, ret_time_s);
}

static void print_layers(const struct forecast *forecast, const struct forecast_row *row,
			 FILE *stream)
{
	for (size_t i = 0; i < row->file->layer_count; i++) {
		const struct count_file_layer *layer = &row->file->layers[i];
		double energy_j, time_s;

		layer_parts(forecast, row, i, &energy_j, &time_s);
		fprintf(stream, "  layer %3u %-24s %12.0f cycles  %.6e J  %.6e s\n", layer->layer,
			layer->operator_name, layer->span.cycles, energy_j, time_s);
	}
}

static void print_row(const struct forecast *forecast, const struct forecast_row *row, FILE *stream)
{
	const struct predictor_cell *cell = row->place.energy;
	const char *outside = row->energy.outside[0] ? row->energy.outside : row->time.outside;

	fprintf(stream, "%-24s %-14s %-6s %-9s %9g ", row->network->name,
		cell->board[0] ? cell->board : cell->chip, cell->build, cell->runtime,
		(double)row->place.clock_hz / 1e6);
	if (isfinite(row->place.temp_c))
		fprintf(stream, "%7.1f ", row->place.temp_c);
	else
		fprintf(stream, "%7s ", "-");
	if (row->refused[0]) {
		fprintf(stream, "refused: %s\n", row->refused);
		return;
	}
	if (isfinite(row->features.cycles))
		fprintf(stream, "%12.0f ", row->features.cycles);
	else
		fprintf(stream, "%12s ", "-");
	fprintf(stream, "%13.6e %12.5e..%11.5e %12.6f %12.6f..%.6f%s%s%s\n", row->energy.value, row->energy.low, row->energy.high,
		row->time.value, row->time.low, row->time.high,
		cell->is_virtual ? " virtual" : "", outside[0] ? " outside: " : "", outside);
	if (forecast->layers && row->file)
		print_layers(forecast, row, stream);
}

void forecast_print(const struct forecast *forecast, FILE *stream)
{
	fprintf(stream, "%-24s %-14s %-6s %-9s %9s %7s %12s %13s %26s %12s %22s\n", "model", "board",
		"build", "runtime", "clock_mhz", "temp_c", "cycles", "energy_j",
		"95 % interval", "time_s", "95 % interval");
	for (size_t i = 0; i < forecast->count; i++)
		print_row(forecast, &forecast->rows[i], stream);
	fputs("Values are per inference. Intervals hold the true value of a network like those of "
	      "the training in 95 % of cases.\n",
	      stream);
	if (forecast->predictor->is_virtual)
		fputs("Rows marked 'virtual' rest on an emulated rig: nothing was measured.\n",
		      stream);
}

static json_t *known(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *layers_json(const struct forecast *forecast, const struct forecast_row *row)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < row->file->layer_count; i++) {
		const struct count_file_layer *layer = &row->file->layers[i];
		double energy_j, time_s;

		layer_parts(forecast, row, i, &energy_j, &time_s);
		json_array_append_new(array,
				      json_pack("{s:I, s:s, s:f, s:o, s:o}", "layer",
						(json_int_t)layer->layer, "operator",
						layer->operator_name, "cycles", layer->span.cycles,
						"energy_j", known(energy_j), "time_s",
						known(time_s)));
	}
	return array;
}

static json_t *answered_json(const struct forecast *forecast, const struct forecast_row *row)
{
	json_t *object = json_pack(
		"{s:o, s:s, s:f, s:f, s:[f, f], s:f, s:f, s:[f, f], s:b}", "cycles",
		known(row->features.cycles), "cycles_from", row->cycles_from, "energy_j",
		row->energy.value, "energy_u_j", row->energy.u, "energy_interval_95_j",
		row->energy.low, row->energy.high, "time_s", row->time.value, "time_u_s",
		row->time.u, "time_interval_95_s", row->time.low, row->time.high, "extrapolated",
		row->energy.outside[0] || row->time.outside[0]);

	if (object && (row->energy.outside[0] || row->time.outside[0]))
		json_object_set_new(object, "outside",
				    json_string(row->energy.outside[0] ? row->energy.outside
								       : row->time.outside));
	if (object && row->file)
		json_object_set_new(object, "layers", layers_json(forecast, row));
	return object;
}

static json_t *row_json(const struct forecast *forecast, const struct forecast_row *row)
{
	const struct predictor_cell *cell = row->place.energy;
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:o, s:o, s:b}",
				   "model", row->network->name, "model_sha256",
				   row->network->model_sha256, "board", cell->board, "board_uid",
				   cell->board_uid, "chip", cell->chip, "build", cell->build,
				   "runtime", cell->runtime, "kind", cell->kind, "clock_hz",
				   (json_int_t)row->place.clock_hz, "temp_c",
				   known(row->place.temp_c), "core_v", known(row->place.core_v),
				   "virtual", cell->is_virtual);

	if (object && row->refused[0])
		json_object_set_new(object, "refused", json_string(row->refused));
	else if (object)
		json_object_update_new(object, answered_json(forecast, row));
	return object;
}

json_t *forecast_json(const struct forecast *forecast)
{
	json_t *rows = json_array();

	for (size_t i = 0; rows && i < forecast->count; i++)
		if (json_array_append_new(rows, row_json(forecast, &forecast->rows[i]))) {
			json_decref(rows);
			return NULL;
		}
	return json_pack("{s:s, s:s, s:b, s:o}", "predictor", forecast->predictor->path,
			 "predictor_sha256", forecast->predictor->sha256, "virtual",
			 forecast->predictor->is_virtual, "predictions", rows);
}
