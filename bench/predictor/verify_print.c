/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "bench/predictor/verify.h"

static const char *verdict(const struct verify_cell *cell)
{
	if (cell->moved)
		return cell->out_of_tolerance ? "moved, out of tolerance" : "moved";
	return cell->out_of_tolerance ? "out of tolerance" : "agrees";
}

static void print_cell(const struct verify_cell *cell, FILE *stream)
{
	char name[300];

	if (!cell->points)
		return;
	predictor_cell_name(cell->cell, name, sizeof(name));
	fprintf(stream, "%-6s %-70s ", cell->cell->response, name);
	if (cell->unchecked[0]) {
		fprintf(stream, "not checked: %s\n", cell->unchecked);
		return;
	}
	fprintf(stream, "%+8.3f %% +- %.3f %%  p %.2g  %zu of %zu networks known  %s\n",
		100 * cell->bias.mean, 100 * cell->bias.u, cell->p_adjusted, cell->seen,
		cell->points - cell->outside, verdict(cell));
	if (cell->moved || cell->out_of_tolerance)
		fprintf(stream, "       worst: %s %+.3f %%\n", cell->worst_model,
			100 * cell->worst_rel);
}

static void print_drifts(const struct drifts *drifts, FILE *stream)
{
	if (!drifts->count) {
		fprintf(stream,
			"Drift by night: no network has %d nights on a board yet (%zu series are "
			"shorter).\n",
			CHANGE_NIGHTS_MIN, drifts->short_series);
		return;
	}
	fprintf(stream,
		"Drift by night: %zu series of %d nights or more; an alarm of any of them is false "
		"with probability %.3g (%.3g each).\n",
		drifts->count, CHANGE_NIGHTS_MIN, drifts->false_alarm,
		drifts->false_alarm_series);
	for (size_t i = 0; i < drifts->count; i++) {
		const struct drift *drift = &drifts->rows[i];

		if (!drift->change.found)
			continue;
		fprintf(stream,
			"  %s on %s, build %s, %s, %g MHz: %+.3f %% since %s (statistic %.2f, "
			"threshold %.2f)%s%s\n",
			drift->point.model, drift->point.board, drift->point.build,
			drift->point.runtime, (double)drift->point.clock_hz / 1e6,
			100 * drift->change.shift_rel, drift->change_night,
			drift->change.statistic, drift->threshold,
			strcmp(drift->before_firmware, drift->change_firmware)
				? "; the firmware is another one since then"
				: "",
			drift->point.is_virtual ? " virtual" : "");
	}
	if (!drifts->found)
		fputs("  no step was found\n", stream);
}

void verify_print(const struct verify *verify, const struct drifts *drifts, FILE *stream)
{
	size_t silent = 0;

	for (size_t c = 0; c < verify->count; c++) {
		print_cell(&verify->cells[c], stream);
		silent += !verify->cells[c].points;
	}
	if (silent)
		fprintf(stream, "%zu cells have no data.\n", silent);
	if (verify->unmatched)
		fprintf(stream, "%zu points are of no cell, the first: %s\n", verify->unmatched,
			verify->unmatched_first);
	fputs("Bias: measured / predicted - 1 with its standard uncertainty", stream);
	if (verify->options.significance > 0)
		fprintf(stream, "; p adjusted for %zu cells (Holm), moved below %g",
			verify->checked, verify->options.significance);
	if (!isnan(verify->options.tolerance_rel))
		fprintf(stream, "; tolerance %g %%", 100 * verify->options.tolerance_rel);
	fputs(".\n", stream);
	print_drifts(drifts, stream);
	if (verify->predictor->is_virtual)
		fputs("All of this is virtual: nothing was measured.\n", stream);
	fputs(verify->failed || drifts->found ? "The data do not agree with the predictor.\n"
					      : "The data agree with the predictor.\n",
	      stream);
}

static json_t *known(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *cell_json(const struct verify_cell *cell)
{
	const struct predictor_cell *of = cell->cell;
	json_t *object = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:o, s:o, s:b, s:I, s:I, s:I}", "response",
		of->response, "board", of->board, "board_uid", of->board_uid, "chip", of->chip,
		"build", of->build, "runtime", of->runtime, "clock_hz", (json_int_t)of->clock_hz,
		"temp_min_c", known(of->range[KIND_TEMP_C].min), "temp_max_c",
		known(of->range[KIND_TEMP_C].max), "virtual", of->is_virtual, "points",
		(json_int_t)cell->points, "points_outside", (json_int_t)cell->outside,
		"models_of_training", (json_int_t)cell->seen);

	if (!object || cell->unchecked[0]) {
		json_object_set_new(object, "not_checked", json_string(cell->unchecked));
		return object;
	}
	json_object_update_new(
		object,
		json_pack("{s:f, s:f, s:f, s:f, s:b, s:b, s:s, s:f}", "bias_rel", cell->bias.mean,
			  "bias_u_rel", cell->bias.u, "p", cell->bias.p, "p_adjusted",
			  cell->p_adjusted, "moved", cell->moved, "out_of_tolerance",
			  cell->out_of_tolerance, "worst_model", cell->worst_model,
			  "worst_model_rel", cell->worst_rel));
	return object;
}

static json_t *drift_json(const struct drift *drift)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:I, s:s, s:s, s:b, s:s, s:b, "
			 "s:f, s:f, s:f, s:f, s:f}",
			 "model", drift->point.model, "model_sha256", drift->point.model_sha256,
			 "board", drift->point.board, "board_uid", drift->point.board_uid, "build",
			 drift->point.build, "runtime", drift->point.runtime, "clock_hz",
			 (json_int_t)drift->point.clock_hz, "virtual", drift->point.is_virtual,
			 "nights", (json_int_t)drift->nights, "first_night", drift->first_night,
			 "last_night", drift->last_night, "changed", drift->change.found,
			 "change_night", drift->change_night, "firmware_changed",
			 strcmp(drift->before_firmware, drift->change_firmware) != 0, "shift_rel",
			 drift->change.shift_rel, "before_j", drift->change.before, "after_j",
			 drift->change.after, "statistic", drift->change.statistic, "threshold",
			 drift->threshold);
}

json_t *verify_json(const struct verify *verify, const struct drifts *drifts)
{
	json_t *cells = json_array(), *series = json_array();
	int failed = 0;

	for (size_t c = 0; c < verify->count; c++)
		if (verify->cells[c].points)
			failed |= json_array_append_new(cells, cell_json(&verify->cells[c]));
	for (size_t i = 0; i < drifts->count; i++)
		failed |= json_array_append_new(series, drift_json(&drifts->rows[i]));
	if (failed) {
		json_decref(cells);
		json_decref(series);
		return NULL;
	}
	return json_pack(
		"{s:s, s:s, s:b, s:b, s:o, s:f, s:f, s:I, s:I, s:o, s:{s:f, s:f, s:I, s:o}}",
		"predictor", verify->predictor->path, "predictor_sha256",
		verify->predictor->sha256, "virtual", verify->predictor->is_virtual, "agrees",
		!verify->failed && !drifts->found, "tolerance_rel",
		known(verify->options.tolerance_rel), "significance",
		verify->options.significance, "repeatability_rel",
		verify->options.repeatability_rel, "cells_checked", (json_int_t)verify->checked,
		"points_without_cell", (json_int_t)verify->unmatched, "cells", cells, "drift",
		"false_alarm_probability", drifts->false_alarm, "false_alarm_probability_each",
		drifts->false_alarm_series, "short_series", (json_int_t)drifts->short_series,
		"series", series);
}
