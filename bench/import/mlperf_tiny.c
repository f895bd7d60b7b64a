/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Loading one result folder.
 */
#include "bench/import/mlperf_tiny.h"

#include <errno.h>
#include <math.h>
#include <nettle/sha2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/import/file.h"

const struct tiny_limits tiny_limits = {
	.energy_rel = 2e-4,
	.sample_slack = 1.1,
	.duration_rel = 0.05,
	.clock_rel = 0.015,
	.drift_rel = 0.005,
	.scatter_rel = 0.01,
	.outlier_rel = 0.03,
	.window_min_s = 10,
	.inferences_min = 10,
	.tail_s = 1.5,
	.tail_max_s = 5,
	.rescue_rel = 0.015,
};

static const char LPM01A_SOURCE[] = "ST UM2243, p. 23: static mode better than 2 %";
static const char ASSUMED_SOURCE[] = "no accuracy at hand: the 2 % of the LPM01A are assumed";

const struct tiny_meter tiny_meters[] = {
	{"unknown", 0.02, ASSUMED_SOURCE}, {"lpm01a", 0.02, LPM01A_SOURCE},
	{"js110", 0.02, ASSUMED_SOURCE},   {"js220", 0.02, ASSUMED_SOURCE},
	{"n6705", 0.02, ASSUMED_SOURCE},   {NULL, 0, NULL},
};

const struct tiny_meter *tiny_meter_find(const char *name)
{
	for (const struct tiny_meter *meter = tiny_meters; meter->name; meter++)
		if (!strcmp(meter->name, name))
			return meter;
	return &tiny_meters[0];
}

void tiny_result_find(struct tiny_result *result, enum import_reason reason, const char *format,
		      ...)
{
	struct tiny_finding *finding = &result->findings[result->finding_count];
	va_list args;

	if (import_reason_verdict(reason) > result->verdict)
		result->verdict = import_reason_verdict(reason);
	if (result->finding_count == TINY_FINDINGS_MAX)
		return;
	finding->reason = reason;
	va_start(args, format);
	vsnprintf(finding->text, sizeof(finding->text), format, args);
	va_end(args);
	result->finding_count++;
}

const struct tiny_finding *tiny_result_reason(const struct tiny_result *result)
{
	const struct tiny_finding *decides = NULL;

	for (unsigned i = 0; i < result->finding_count; i++) {
		const struct tiny_finding *finding = &result->findings[i];

		if (import_reason_verdict(finding->reason) == result->verdict &&
		    (!decides || finding->reason < decides->reason))
			decides = finding;
	}
	return decides;
}

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

/* Reads one file of the result. 1: it is not there, or a finding says why it cannot be used. */
static int load_file(struct loading *loading, const char *name, size_t max_bytes,
		     enum import_reason if_missing, enum import_reason if_unreadable,
		     uint8_t **ret_bytes, size_t *ret_count)
{
	char path[PATH_MAX + 64];
	struct err err = {""};
	int ret;

	full_path(loading->result, name, path, sizeof(path));
	ret = import_file_read(path, max_bytes, ret_bytes, ret_count, &err);
	if (ret == -ENOMEM)
		return err_set(loading->err, ret, "%s", err.text);
	if (ret == -ENOENT) {
		if (if_missing)
			tiny_result_find(loading->result, if_missing, "%s is not there", path);
		return 1;
	}
	if (ret) {
		if (if_unreadable)
			tiny_result_find(loading->result, if_unreadable, "%s", err.text);
		return 1;
	}
	sha256_update(&loading->hash, *ret_count, *ret_bytes);
	return 0;
}

/* A parser's -EINVAL becomes a finding. */
static int judged(struct loading *loading, int ret, enum import_reason reason,
		  const struct err *err)
{
	if (ret == -EINVAL)
		tiny_result_find(loading->result, reason, "%s", err->text);
	else if (ret)
		return err_set(loading->err, ret, "%s", err->text);
	return 0;
}

static void write_hash(struct sha256_ctx *hash, char *text)
{
	uint8_t digest[SHA256_DIGEST_SIZE];

	sha256_digest(hash, sizeof(digest), digest);
	for (unsigned i = 0; i < sizeof(digest); i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

static int load_trace(struct loading *loading)
{
	static const char name[] = "energy/trace1-energy.bin";
	struct tiny_result *result = loading->result;
	struct sha256_ctx hash;
	enum import_reason reason = 0;
	struct err err = {""};
	char path[PATH_MAX + 64];
	uint8_t *bytes;
	size_t count;
	int ret = load_file(loading, name, TINY_TRACE_BYTES_MAX, IMPORT_TRACE_MISSING,
			    IMPORT_FILE_UNREADABLE, &bytes, &count);

	if (ret)
		return ret < 0 ? ret : 0;
	full_path(result, name, path, sizeof(path));
	sha256_init(&hash);
	sha256_update(&hash, count, bytes);
	write_hash(&hash, result->trace_content);
	ret = tiny_trace_parse(path, bytes, count, &result->trace, &reason, &err);
	free(bytes);
	return judged(loading, ret, reason, &err);
}

static int load_timestamps(struct loading *loading)
{
	static const char name[] = "energy/trace1-timestamps.json";
	struct tiny_result *result = loading->result;
	enum import_reason reason = 0;
	struct err err = {""};
	char path[PATH_MAX + 64];
	uint8_t *bytes;
	size_t count;
	int ret = load_file(loading, name, TINY_TEXT_BYTES_MAX, IMPORT_TIMESTAMPS_MISSING,
			    IMPORT_FILE_UNREADABLE, &bytes, &count);

	if (ret)
		return ret < 0 ? ret : 0;
	full_path(result, name, path, sizeof(path));
	ret = tiny_timestamps_parse(path, bytes, count, result->edges_s, &result->edge_count,
				    &reason, &err);
	free(bytes);
	if (!ret && !result->edge_count)
		tiny_result_find(result, IMPORT_MARKER_LOST, "%s holds no edge at all", path);
	return judged(loading, ret, reason, &err);
}

static int load_results(struct loading *loading, const char *name, enum import_reason if_missing,
			enum import_reason if_bad, struct tiny_results *results, bool *has)
{
	struct tiny_result *result = loading->result;
	enum import_reason reason = 0;
	struct err err = {""};
	char path[PATH_MAX + 64];
	uint8_t *bytes;
	size_t count;
	int ret = load_file(loading, name, TINY_TEXT_BYTES_MAX, if_missing,
			    if_bad ? if_bad : IMPORT_FILE_UNREADABLE, &bytes, &count);

	if (ret)
		return ret < 0 ? ret : 0;
	full_path(result, name, path, sizeof(path));
	ret = tiny_results_parse(path, bytes, count, results, &reason, &err);
	free(bytes);
	*has = !ret;
	return judged(loading, ret, if_bad ? if_bad : reason, &err);
}

static int load_log(struct loading *loading)
{
	struct tiny_result *result = loading->result;
	uint8_t *bytes;
	size_t count;
	int ret = load_file(loading, "energy/log.txt", TINY_TEXT_BYTES_MAX, 0, 0, &bytes, &count);

	result->supply_v = result->log.supply_v = NAN;
	if (ret)
		return ret < 0 ? ret : 0;
	tiny_log_parse(bytes, count, &result->log);
	free(bytes);
	result->supply_v = result->log.supply_v;
	if (result->log.meter[0])
		result->meter = tiny_meter_find(result->log.meter);
	return 0;
}

static int load_all(struct loading *loading)
{
	struct tiny_result *result = loading->result;
	int ret = load_trace(loading);

	if (!ret)
		ret = load_timestamps(loading);
	if (!ret)
		ret = load_results(loading, "energy/results.txt", IMPORT_RESULTS_MISSING, 0,
				   &result->energy, &result->has_energy);
	if (!ret)
		ret = load_results(loading, "performance/results.txt", IMPORT_PERFORMANCE_MISSING,
				   IMPORT_PERFORMANCE_UNUSABLE, &result->performance,
				   &result->has_performance);
	return ret ? ret : load_log(loading);
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
	ret = load_all(&loading);
	if (ret) {
		tiny_result_done(ret_result);
		return ret;
	}
	write_hash(&loading.hash, ret_result->content);
	tiny_result_judge(ret_result);
	free(ret_result->trace.samples);
	ret_result->trace.samples = NULL;
	return 0;
}

void tiny_result_done(struct tiny_result *result)
{
	tiny_trace_done(&result->trace);
}

void tiny_results_find_copies(struct tiny_result *results, size_t count)
{
	for (size_t i = 1; i < count; i++)
		for (size_t k = 0; k < i; k++) {
			if (!results[i].trace_content[0] ||
			    strcmp(results[i].trace_content, results[k].trace_content) != 0)
				continue;
			tiny_result_find(&results[i], IMPORT_TRACE_DUPLICATE,
					 "the same trace, byte for byte, as %.300s",
					 results[k].path);
			break;
		}
}
