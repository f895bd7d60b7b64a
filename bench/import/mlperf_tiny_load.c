/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Loading one result folder.
 */
#include <errno.h>
#include <math.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/import/file.h"
#include "bench/import/mlperf_tiny.h"

/* A result's files lie in energy/, or beside each other when somebody copied them together. */
static void full_path(const struct tiny_result *result, const char *name, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", result->path, name);
	if (!strncmp(name, "energy/", 7) && result->is_flat)
		snprintf(path, size, "%s/%s", result->path, name + 7);
}

struct loading {
	struct tiny_result *result;
	struct sha256_ctx hash;
	struct err *err;
};

/* One file of it, and what its parser says. */
struct loaded {
	char path[PATH_MAX + 64];
	uint8_t *bytes; /* judged frees them */
	size_t count;
	enum import_reason reason;
	struct err err;
};

/* Reads one file of the result. 1: it is not there, or a finding says why it cannot be used. */
static int load_file(struct loading *loading, const char *name, size_t max_bytes,
		     enum import_reason if_missing, enum import_reason if_unreadable,
		     struct loaded *ret_file)
{
	struct loaded *file = ret_file;
	int ret;

	*file = (struct loaded){.err = {""}};
	full_path(loading->result, name, file->path, sizeof(file->path));
	ret = import_file_read(file->path, max_bytes, &file->bytes, &file->count, &file->err);
	if (ret == -ENOMEM)
		return err_set(loading->err, ret, "%s", file->err.text);
	if (ret == -ENOENT) {
		if (if_missing)
			tiny_result_find(loading->result, if_missing, "%s is not there",
					 file->path);
		return 1;
	}
	if (ret) {
		if (if_unreadable)
			tiny_result_find(loading->result, if_unreadable, "%s", file->err.text);
		return 1;
	}
	sha256_update(&loading->hash, file->count, file->bytes);
	return 0;
}

/* The same, of a text. */
static int load_text(struct loading *loading, const char *name, size_t max_bytes,
		     enum import_reason if_missing, enum import_reason if_unreadable,
		     struct loaded *ret_file)
{
	int ret = load_file(loading, name, max_bytes, if_missing, if_unreadable, ret_file);

	if (!ret)
		ret_file->count = import_text_skip_mark(ret_file->bytes, ret_file->count);
	return ret;
}

/* A parser's -EINVAL becomes a finding. */
static int judged(struct loading *loading, int ret, struct loaded *file)
{
	if (ret == -EINVAL)
		tiny_result_find(loading->result, file->reason, "%s%s", file->err.text,
				 import_foreign_hint(file->bytes, file->count));
	free(file->bytes);
	if (ret && ret != -EINVAL)
		return err_set(loading->err, ret, "%s", file->err.text);
	return 0;
}

static void write_hash(struct sha256_ctx *hash, char *text)
{
	uint8_t digest[SHA256_DIGEST_SIZE];

	sha256_digest(hash, sizeof(digest), digest);
	for (unsigned i = 0; i < sizeof(digest); i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

/* Of the trace alone, whatever its file says beside it. */
static void hash_trace(struct tiny_result *result, const void *bytes, size_t count)
{
	struct sha256_ctx hash;

	sha256_init(&hash);
	sha256_update(&hash, count, bytes);
	write_hash(&hash, result->trace_content);
}

static int load_trace(struct loading *loading)
{
	struct tiny_result *result = loading->result;
	struct loaded file;
	int ret = load_file(loading, "energy/trace1-energy.bin", TINY_TRACE_BYTES_MAX,
			    IMPORT_TRACE_MISSING, IMPORT_FILE_UNREADABLE, &file);

	if (ret)
		return ret < 0 ? ret : 0;
	hash_trace(result, file.bytes, file.count);
	ret = tiny_trace_parse(file.path, file.bytes, file.count, &result->trace, &file.reason,
			       &file.err);
	return judged(loading, ret, &file);
}

static int load_timestamps(struct loading *loading)
{
	struct tiny_result *result = loading->result;
	struct loaded file;
	int ret = load_text(loading, "energy/trace1-timestamps.json", TINY_TEXT_BYTES_MAX,
			    IMPORT_TIMESTAMPS_MISSING, IMPORT_FILE_UNREADABLE, &file);

	if (ret)
		return ret < 0 ? ret : 0;
	ret = tiny_timestamps_parse(file.path, file.bytes, file.count, result->edges_s,
				    &result->edge_count, &file.reason, &file.err);
	if (!ret && !result->edge_count)
		tiny_result_find(result, IMPORT_MARKER_LOST, "%s holds no edge at all", file.path);
	return judged(loading, ret, &file);
}

static int load_results(struct loading *loading, const char *name, enum import_reason if_missing,
			enum import_reason if_bad, struct tiny_results *results, bool *has)
{
	struct loaded file;
	int ret = load_text(loading, name, TINY_TEXT_BYTES_MAX, if_missing,
			    if_bad ? if_bad : IMPORT_FILE_UNREADABLE, &file);

	if (ret)
		return ret < 0 ? ret : 0;
	ret = tiny_results_parse(file.path, file.bytes, file.count, results, &file.reason,
				 &file.err);
	*has = !ret;
	file.reason = if_bad ? if_bad : file.reason;
	return judged(loading, ret, &file);
}

static void keep_log(struct tiny_result *result)
{
	result->supply_v = result->log.supply_v;
	if (result->log.meter[0])
		result->meter = tiny_meter_find(result->log.meter);
}

static int load_log(struct loading *loading)
{
	struct tiny_result *result = loading->result;
	struct loaded file;
	int ret = load_text(loading, "energy/log.txt", TINY_TEXT_BYTES_MAX, 0, 0, &file);

	result->supply_v = result->log.supply_v = NAN;
	if (ret)
		return ret < 0 ? ret : 0;
	if (result->layout->has_events)
		tiny_runner_log_parse(file.bytes, file.count, &result->log);
	else
		tiny_log_parse(file.bytes, file.count, &result->log);
	keep_log(result);
	return judged(loading, 0, &file);
}

static int load_energy_results(struct loading *loading)
{
	return load_results(loading, "energy/results.txt", IMPORT_RESULTS_MISSING, 0,
			    &loading->result->energy, &loading->result->has_energy);
}

static int load_performance(struct loading *loading)
{
	return load_results(loading, "performance/results.txt", IMPORT_PERFORMANCE_MISSING,
			    IMPORT_PERFORMANCE_UNUSABLE, &loading->result->performance,
			    &loading->result->has_performance);
}

/* Which model the performance run's log names; no part of what is measured, so not of the hash. */
static void load_performance_log(struct tiny_result *result)
{
	char path[PATH_MAX + 64];
	struct tiny_log log;
	struct err err;
	uint8_t *bytes;
	size_t count;

	full_path(result, "performance/log.txt", path, sizeof(path));
	if (import_file_read(path, TINY_TEXT_BYTES_MAX, &bytes, &count, &err))
		return;
	if (result->layout->has_events)
		tiny_runner_log_parse(bytes, count, &log);
	else
		tiny_log_parse(bytes, count, &log);
	memcpy(result->performance_model, log.model, sizeof(result->performance_model));
	free(bytes);
}

static int load_energyrunner(struct loading *loading)
{
	int ret = load_trace(loading);

	if (!ret)
		ret = load_timestamps(loading);
	if (!ret)
		ret = load_energy_results(loading);
	if (!ret)
		ret = load_performance(loading);
	return ret ? ret : load_log(loading);
}

static void keep_session(struct tiny_result *result, const struct tiny_session *session)
{
	result->trace = session->trace;
	memcpy(result->runs, session->runs, sizeof(result->runs));
	result->run_count = session->run_count;
	memcpy(result->edges_s, session->edges_s, sizeof(result->edges_s));
	memcpy(result->events, session->events, sizeof(result->events));
	result->edge_count = session->edge_count;
	hash_trace(result, result->trace.samples, result->trace.count * sizeof(float));
	if (!result->edge_count)
		tiny_result_find(result, IMPORT_MARKER_LOST,
				 "energy/results.json holds no event at all");
}

static int load_session(struct loading *loading)
{
	struct tiny_session session;
	struct loaded file;
	int ret = load_text(loading, "energy/results.json", TINY_TRACE_BYTES_MAX,
			    IMPORT_TRACE_MISSING, IMPORT_FILE_UNREADABLE, &file);

	if (ret)
		return ret < 0 ? ret : 0;
	ret = tiny_runner_session_parse(file.path, file.bytes, file.count, &session, &file.reason,
					&file.err);
	if (!ret)
		keep_session(loading->result, &session);
	return judged(loading, ret, &file);
}

/* The LPM01A supplies the board at the voltage set; a JS220 does not. */
static void keep_supply(struct tiny_result *result)
{
	double supply_v = result->run_count ? result->runs[0].supply_v : NAN;

	for (unsigned i = 1; i < result->run_count; i++)
		if (result->runs[i].supply_v != supply_v)
			return;
	if (!strcmp(result->meter->name, "lpm01a"))
		result->supply_v = supply_v;
}

/* A streaming result's trace of 1200 s is not read: nothing here is told by it. */
static int load_mlcommons(struct loading *loading)
{
	struct tiny_result *result = loading->result;
	int ret = load_energy_results(loading);

	if (!ret && !result->energy.is_streaming)
		ret = load_session(loading);
	if (!ret && !result->energy.is_streaming)
		ret = load_performance(loading);
	if (!ret)
		ret = load_log(loading);
	if (!ret)
		keep_supply(result);
	return ret;
}

static bool has_file(const struct tiny_result *result, const char *name)
{
	char path[PATH_MAX + 64];

	full_path(result, name, path, sizeof(path));
	return !access(path, F_OK);
}

/* By the first line of results.txt; without it, by the files that hold the trace. */
static const struct tiny_layout *find_layout(const struct tiny_result *result)
{
	bool is_mlcommons = has_file(result, "energy/results.json") &&
			    !has_file(result, "energy/trace1-energy.bin");
	char path[PATH_MAX + 64];
	struct err err;
	uint8_t *bytes;
	size_t count;

	full_path(result, "energy/results.txt", path, sizeof(path));
	if (!import_file_read(path, TINY_TEXT_BYTES_MAX, &bytes, &count, &err)) {
		count = import_text_skip_mark(bytes, count);
		is_mlcommons = tiny_runner_text_is_energy(bytes, count);
		free(bytes);
	}
	return is_mlcommons ? &tiny_layout_mlcommons : &tiny_layout_energyrunner;
}

int tiny_result_load(const char *path, const char *meter, struct tiny_result *ret_result,
		     struct err *err)
{
	struct loading loading = {.result = ret_result, .err = err};
	char folder[PATH_MAX + 64];
	int ret;

	memset(ret_result, 0, sizeof(*ret_result));
	ret_result->verdict = IMPORT_ACCEPTED;
	ret_result->published_j = ret_result->ours_j = ret_result->alternative_j = NAN;
	ret_result->meter = tiny_meter_find(meter ? meter : "unknown");
	snprintf(ret_result->path, sizeof(ret_result->path), "%s", path);
	full_path(ret_result, "energy", folder, sizeof(folder));
	ret_result->is_flat = access(folder, F_OK) != 0;
	sha256_init(&loading.hash);
	tiny_result_identify(ret_result);
	ret_result->layout = find_layout(ret_result);
	ret = ret_result->layout->has_events ? load_mlcommons(&loading)
					     : load_energyrunner(&loading);
	if (ret) {
		tiny_result_done(ret_result);
		return ret;
	}
	write_hash(&loading.hash, ret_result->content);
	load_performance_log(ret_result);
	ret_result->has_other_traces = ret_result->trace.count && !ret_result->layout->has_events &&
				       has_file(ret_result, "energy/trace2-energy.bin");
	tiny_result_judge(ret_result);
	free(ret_result->trace.samples);
	ret_result->trace.samples = NULL;
	return 0;
}
