/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>

#include "bench/predictor/next.h"

/* One list of what the places have of a kind, each once, in YAML's flow form. */
static bool is_first(const struct next *next, size_t index, size_t offset, bool is_text)
{
	const struct forecast_row *rows = next->forecast->rows;

	for (size_t i = 0; i < index; i++) {
		const char *a = (const char *)rows[i].place.energy + offset;
		const char *b = (const char *)rows[index].place.energy + offset;

		if (is_text ? !strcmp(a, b)
			    : rows[i].place.clock_hz == rows[index].place.clock_hz)
			return false;
	}
	return true;
}

static void write_clocks(const struct next *next, FILE *stream)
{
	bool some = false;

	fputs("clocks: [", stream);
	for (size_t i = 0; i < next->forecast->count; i++) {
		double clock_hz = (double)next->forecast->rows[i].place.clock_hz;

		if (!is_first(next, i, 0, false) || !(clock_hz > 0))
			continue;
		fprintf(stream, "%s%.9g MHz", some ? ", " : "", clock_hz / 1e6);
		some = true;
	}
	fputs("]\n", stream);
}

static void write_builds(const struct next *next, FILE *stream)
{
	bool some = false;

	fputs("builds: [", stream);
	for (size_t i = 0; i < next->forecast->count; i++) {
		const struct predictor_cell *cell = next->forecast->rows[i].place.energy;

		if (!is_first(next, i, offsetof(struct predictor_cell, build), true))
			continue;
		fprintf(stream, "%s%s", some ? ", " : "", cell->build);
		some = true;
	}
	fputs("]\n", stream);
}

int next_write_plan(const struct next *next, FILE *stream, struct err *err)
{
	fprintf(stream,
		"# Proposed by 'joulebench plan next' from %s: adapt the rest to your rig.\n"
		"plan: next\nmodels:\n",
		next->forecast->predictor->path);
	for (size_t i = 0; i < next->count; i++) {
		const struct forecast_network *network = next->choices[i].network;

		if (network->path[0])
			fprintf(stream, "  - \"%s\"\n", network->path);
		else
			fprintf(stream, "  - \"%s.tflite\" # its file is not known here\n",
				network->name);
	}
	write_clocks(next, stream);
	write_builds(next, stream);
	fputs("repeats: 3\n", stream);
	if (fflush(stream) || ferror(stream))
		return err_set(err, -EIO, "the plan cannot be written");
	return 0;
}

void next_print(const struct next *next, FILE *stream)
{
	fprintf(stream,
		"Energies of %zu networks are predicted with %.3f %% now (standard uncertainty of "
		"the curve, rms,\nwithout what the kind misses of each network and the meter's "
		"gain). Measure next:\n",
		next->forecast->network_count, 100 * next->u_before_rel);
	for (size_t i = 0; i < next->count; i++)
		fprintf(stream, "%3zu %-40s then %.3f %%\n", i + 1, next->choices[i].network->name,
			100 * next->choices[i].u_rel);
	if (next->measured)
		fprintf(stream, "%zu candidates are measured already.\n", next->measured);
	if (next->forecast->refused)
		fprintf(stream, "%zu of %zu points cannot be predicted, the first: %s\n",
			next->forecast->refused, next->forecast->count,
			next->forecast->rows[0].refused[0] ? next->forecast->rows[0].refused
							   : "see predict");
	if (next->forecast->predictor->is_virtual)
		fputs("The predictor is virtual: it rests on an emulated rig.\n", stream);
}

json_t *next_json(const struct next *next)
{
	json_t *choices = json_array();

	for (size_t i = 0; choices && i < next->count; i++) {
		const struct forecast_network *network = next->choices[i].network;

		if (json_array_append_new(
			    choices, json_pack("{s:s, s:s, s:s, s:f}", "model", network->name,
					       "model_sha256", network->model_sha256, "path",
					       network->path, "curve_u_rel_then",
					       next->choices[i].u_rel))) {
			json_decref(choices);
			return NULL;
		}
	}
	return json_pack("{s:s, s:s, s:b, s:f, s:I, s:I, s:I, s:o}", "predictor",
			 next->forecast->predictor->path, "predictor_sha256",
			 next->forecast->predictor->sha256, "virtual",
			 next->forecast->predictor->is_virtual, "curve_u_rel", next->u_before_rel,
			 "candidates", (json_int_t)next->forecast->network_count,
			 "candidates_measured", (json_int_t)next->measured, "points_refused",
			 (json_int_t)next->forecast->refused, "choices", choices);
}
