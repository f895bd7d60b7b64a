/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/import/rows.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { NO_EXIT = 128, CLOCK_SOURCE_MAX = 24 };

static const char TINY_SOURCE[] = "import mlperf-tiny";

static void stamp_utc(char *text, size_t size)
{
	struct timespec now;
	struct tm parts;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

/* The end of text, when it does not fit. */
static void copy_end(char *to, size_t size, const char *text)
{
	size_t length = strlen(text);

	snprintf(to, size, "%s", length < size ? text : text + length - size + 1);
}

void import_row_init(struct store_measurement *row, const char *source, const char *path,
		     int64_t session_id)
{
	store_measurement_init(row);
	snprintf(row->source, sizeof(row->source), "%s", source);
	copy_end(row->source_path, sizeof(row->source_path), path);
	stamp_utc(row->created_utc, sizeof(row->created_utc));
	snprintf(row->runtime, sizeof(row->runtime), IMPORT_RUNTIME);
	row->session_id = session_id;
	row->attempt = 1;
	row->exit_threshold = NO_EXIT;
}

int import_row_add(struct store *store, const struct store_measurement *row,
		   struct import_count *count, struct err *err)
{
	bool known;
	int ret = store_point_known(store, row->point_key, &known, err);

	if (!ret && !known)
		ret = store_add(store, row, err);
	if (!ret)
		++*(known ? &count->known : &count->added);
	return ret;
}

/* Names that do not fit stay apart: a fit takes rows of one name for rows of one board. */
static void name_board(struct store_measurement *row, const struct tiny_result *result)
{
	char name[sizeof(result->submitter) + sizeof(result->system) + 1];

	snprintf(name, sizeof(name), "%s/%s", result->submitter, result->system);
	tiny_copy_name(row->board, sizeof(row->board), name, strlen(name));
}

static void fill_names(struct store_measurement *row, const struct tiny_result *result)
{
	const struct tiny_finding *reason = tiny_result_reason(result);

	snprintf(row->rig, sizeof(row->rig), "mlperf-tiny");
	name_board(row, result);
	snprintf(row->chip, sizeof(row->chip), "%s", result->chip);
	snprintf(row->submitter, sizeof(row->submitter), "%s", result->submitter);
	snprintf(row->round, sizeof(row->round), "%s", result->round);
	snprintf(row->build, sizeof(row->build), "%s", result->round);
	snprintf(row->software, sizeof(row->software), "%s", result->software);
	snprintf(row->model, sizeof(row->model), "%s", result->model);
	row->model_macs = result->macs;
	row->model_params = result->params;
	/* No file is known; rows are told apart by the model's name. */
	snprintf(row->model_sha256, sizeof(row->model_sha256), "name:%s", result->model);
	snprintf(row->meter, sizeof(row->meter), "%s", result->meter->name);
	snprintf(row->meter_model, sizeof(row->meter_model), "%s", result->meter->name);
	snprintf(row->verdict, sizeof(row->verdict), "%s", import_verdict_text(result->verdict));
	if (reason) {
		snprintf(row->reason_code, sizeof(row->reason_code), "%s",
			 import_reason_code(reason->reason));
		snprintf(row->reason, sizeof(row->reason), "%s: %.*s", row->reason_code,
			 (int)(sizeof(row->reason) - sizeof(row->reason_code) - 3), reason->text);
	}
}

static void fill_clock(struct store_measurement *row, const struct tiny_result *result)
{
	double ratio = result->clock.ratio > 0 ? result->clock.ratio : 1;

	row->clock_hz = (int64_t)result->clock_hz;
	if (!(result->clock_hz > 0))
		return;
	snprintf(row->clock_source, sizeof(row->clock_source), "nominal");
	row->cycles = (int64_t)llround(row->duration_s * result->clock_hz * ratio);
	row->cycles_derived = 1;
	if (result->clock.ratio > 0) {
		row->clock_measured_hz = result->clock_hz * ratio;
		row->clock_u_rel = result->clock.u_ratio / ratio;
	}
}

static void fill_window(struct store_measurement *row, const struct tiny_result *result,
			const struct tiny_window *window)
{
	const struct energy_window *energy = &window->energy;
	double n = window->inferences;

	row->window_start_s = window->edges.start_s;
	row->inferences = n >= 1 && n < 1e9 ? (int64_t)n : 0;
	row->duration_s = energy->duration_s;
	row->duration_u_s = 1e-3 * sqrt(2) / sqrt(12);
	row->energy_j = energy->energy_j;
	row->energy_u_independent_j = window->u_independent_j * n;
	row->energy_u_j = hypot(window->u_independent_j, window->u_common_j) * n;
	row->gain_u_rel = result->meter->limit_rel / sqrt(3);
	row->published_energy_j = window->published_per_inference_j * n;
	row->samples = (int64_t)(energy->duration_s * result->trace.rate_hz);
	row->supply_v = result->supply_v;
	if (result->supply_v > 0) {
		row->supply_u_v = 0; /* the monitor's gain stands for energy as a whole */
		row->charge_c = energy->energy_j / result->supply_v;
		row->mean_current_a = energy->mean_power_w / result->supply_v;
	}
	fill_clock(row, result);
}

static void point_key(const struct tiny_result *result, unsigned window, char *key, size_t size)
{
	snprintf(key, size, "mlperf-tiny %s w%u", result->content, window + 1);
}

/* Sums of tens of thousands of samples are equal to the last bit for the same samples alone. */
static bool is_window_of(const struct tiny_result *result, unsigned window,
			 const struct store_measurement *row)
{
	const struct tiny_window *it = &result->windows[window];
	char key[sizeof(row->point_key)];

	point_key(result, window, key, sizeof(key));
	return it->energy.energy_j > 0 && row->energy_j == it->energy.energy_j &&
	       row->duration_s == it->energy.duration_s &&
	       row->window_start_s == it->edges.start_s && strcmp(row->point_key, key) != 0;
}

struct search {
	struct tiny_result *results;
	size_t count;
};

static int find_in_row(void *context, const struct store_measurement *row)
{
	struct search *search = context;

	if (strcmp(row->source, TINY_SOURCE) != 0)
		return 0;
	for (size_t i = 0; i < search->count; i++) {
		struct tiny_result *result = &search->results[i];
		unsigned window = 0;

		while (window < result->window_count && !is_window_of(result, window, row))
			window++;
		if (window == result->window_count || result->is_stored)
			continue;
		result->is_stored = true;
		tiny_result_find(
			result, IMPORT_TRACE_DUPLICATE,
			"the database has window %u, to the last bit, from %s, whose files "
			"differ elsewhere: remove those rows to take these",
			window + 1, row->source_path);
	}
	return 0;
}

int import_find_stored(struct store *store, struct tiny_result *results, size_t count,
		       struct err *err)
{
	struct search search = {results, count};

	return store_each(store, true, find_in_row, &search, err);
}

int import_tiny_rows(struct store *store, const struct tiny_result *result, int64_t session_id,
		     struct import_count *count, struct err *err)
{
	struct store_measurement row;
	int ret = 0;

	for (unsigned i = 0; !ret && i < result->window_count; i++) {
		import_row_init(&row, TINY_SOURCE, result->path, session_id);
		fill_names(&row, result);
		point_key(result, i, row.point_key, sizeof(row.point_key));
		row.window_ordinal = i + 1;
		row.repeat_index = i;
		fill_window(&row, result, &result->windows[i]);
		ret = import_row_add(store, &row, count, err);
	}
	if (!ret && !result->window_count) {
		import_row_init(&row, TINY_SOURCE, result->path, session_id);
		fill_names(&row, result);
		snprintf(row.point_key, sizeof(row.point_key),
			 "mlperf-tiny %s %.12s/%.28s/%.28s/%.28s", result->content, row.round,
			 row.submitter, result->system, row.model);
		ret = import_row_add(store, &row, count, err);
	}
	return ret;
}
