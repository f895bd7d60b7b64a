/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Trace and time stamps.
 */
#include "bench/import/mlperf_tiny_files.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRACE_MAGIC = 0xF1 };

/* Of any monitor that the runners know: 1 Hz to 1 MHz. */
static const double RATE_MIN_HZ = 1, RATE_MAX_HZ = 1e6;

static float float_from_le(const uint8_t *bytes)
{
	uint32_t bits = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
			(uint32_t)bytes[3] << 24;
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static int trace_judge(const char *path, const uint8_t *bytes, size_t count, double rate_hz,
		       enum import_reason *ret_reason, struct err *err)
{
	if (count && bytes[0] != TRACE_MAGIC) {
		*ret_reason = IMPORT_TRACE_HEADER;
		return err_set(err, -EINVAL, "%s: byte 0 is 0x%02x, not 0xf1: no energy trace",
			       path, bytes[0]);
	}
	if (count < TINY_HEADER_BYTES + sizeof(float)) {
		*ret_reason = IMPORT_TRACE_TRUNCATED;
		return err_set(err, -EINVAL, "%s: %zu bytes hold no sample; copy the file again",
			       path, count);
	}
	if (!(rate_hz >= RATE_MIN_HZ && rate_hz <= RATE_MAX_HZ)) {
		*ret_reason = IMPORT_TRACE_RATE;
		return err_set(err, -EINVAL,
			       "%s: byte 1: a sample rate of %g Hz (%g to %g can be); the file is "
			       "damaged, "
			       "or not little-endian: take the runner's own",
			       path, rate_hz, RATE_MIN_HZ, RATE_MAX_HZ);
	}
	if ((count - TINY_HEADER_BYTES) % sizeof(float)) {
		*ret_reason = IMPORT_TRACE_TRUNCATED;
		return err_set(err, -EINVAL,
			       "%s: ends inside a sample, at byte %zu; copy the file again", path,
			       count);
	}
	return 0;
}

int tiny_trace_parse(const char *path, const uint8_t *bytes, size_t count,
		     struct tiny_trace *ret_trace, enum import_reason *ret_reason, struct err *err)
{
	struct tiny_trace trace = {.joule_per_unit = 1e-6};
	int ret;

	if (count >= TINY_HEADER_BYTES)
		trace.rate_hz = float_from_le(bytes + 1);
	ret = trace_judge(path, bytes, count, trace.rate_hz, ret_reason, err);
	if (ret)
		return ret;
	trace.count = (count - TINY_HEADER_BYTES) / sizeof(float);
	trace.samples = malloc(trace.count * sizeof(float));
	if (!trace.samples)
		return err_set(err, -ENOMEM, "%s: out of memory", path);
	for (size_t k = 0; k < trace.count; k++)
		trace.samples[k] = float_from_le(bytes + TINY_HEADER_BYTES + k * sizeof(float));
	*ret_trace = trace;
	return 0;
}

void tiny_trace_done(struct tiny_trace *trace)
{
	free(trace->samples);
	memset(trace, 0, sizeof(*trace));
}

static int take_edges(const char *path, const json_t *array, double edges_s[TINY_EDGES_MAX],
		      size_t *ret_count, struct err *err)
{
	size_t count = json_array_size(array);

	if (!json_is_array(array))
		return err_set(err, -EINVAL, "%s: not an array of seconds", path);
	if (count > TINY_EDGES_MAX)
		return err_set(err, -EINVAL, "%s: %zu entries; a run has 11", path, count);
	for (size_t i = 0; i < count; i++)
		if (!json_is_number(json_array_get(array, i)))
			return err_set(err, -EINVAL, "%s: entry %zu is not a number of seconds",
				       path, i + 1);
	for (size_t i = 0; i < count; i++)
		edges_s[i] = json_number_value(json_array_get(array, i));
	*ret_count = count;
	return 0;
}

int tiny_timestamps_parse(const char *path, const uint8_t *bytes, size_t count,
			  double edges_s[TINY_EDGES_MAX], size_t *ret_count,
			  enum import_reason *ret_reason, struct err *err)
{
	json_error_t where;
	json_t *json = json_loadb((const char *)bytes, count, 0, &where);
	int ret;

	if (json)
		ret = take_edges(path, json, edges_s, ret_count, err);
	else
		ret = err_set(err, -EINVAL, "%s:%d: %s", path, where.line, where.text);
	if (ret)
		*ret_reason = IMPORT_TIMESTAMPS_SYNTAX;
	json_decref(json);
	return ret;
}

struct tiny_results_window tiny_results_window_begin(unsigned number, unsigned line)
{
	return (struct tiny_results_window){.number = number,
					    .line = line,
					    .at_s = NAN,
					    .for_s = NAN,
					    .energy_j = NAN,
					    .power_w = NAN,
					    .energy_per_inference_j = NAN,
					    .inferences = NAN,
					    .runtime_s = NAN,
					    .throughput_hz = NAN};
}
