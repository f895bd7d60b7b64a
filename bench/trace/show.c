/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/trace/show.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "bench/trace/identity.h"

static const char *state_of(const struct trace_info *info)
{
	return info->ended ? info->result.state : "not finished";
}

/* Stretches weigh as many samples as they hold. */
static int summarise(struct trace_reader *reader, struct show_current *ret_current, struct err *err)
{
	uint64_t count = trace_reader_info(reader)->counts[TRACE_ENVELOPE];
	struct trace_envelope_point *points;
	struct show_current current = {NAN, NAN, NAN};
	double sum = 0, samples = 0;
	int ret = trace_read_all(reader, TRACE_ENVELOPE, (void **)&points, err);

	if (ret)
		return ret;
	for (uint64_t i = 0; i < count; i++) {
		if (isnan(points[i].mean_a))
			continue;
		current.min_a = fmin(current.min_a, points[i].min_a);
		current.max_a = fmax(current.max_a, points[i].max_a);
		sum += points[i].mean_a * (double)points[i].count;
		samples += (double)points[i].count;
	}
	if (samples > 0)
		current.mean_a = sum / samples;
	free(points);
	*ret_current = current;
	return 0;
}

static double duration_s(const struct trace_info *info)
{
	return (double)(info->samples + info->samples_lost) / info->identity.rate_hz;
}

static void print_identity(const struct trace_identity *identity, FILE *stream)
{
	for (const struct identity_field *field = identity_fields; field->name; field++) {
		if (field->kind == IDENTITY_TEXT && *identity_text(identity, field))
			fprintf(stream, "%-18s %s\n", field->name, identity_text(identity, field));
		else if (field->kind == IDENTITY_INTEGER)
			fprintf(stream, "%-18s %lld\n", field->name,
				(long long)identity_integer(identity, field));
		else if (field->kind == IDENTITY_REAL && !isnan(identity_real(identity, field)))
			fprintf(stream, "%-18s %.9g\n", field->name,
				identity_real(identity, field));
	}
}

static void print_result(const struct trace_info *info, const char *checked, FILE *stream)
{
	fprintf(stream, "%-18s %s\n", "state", state_of(info));
	if (info->result.verdict[0])
		fprintf(stream, "%-18s %s%s%s\n", "verdict", info->result.verdict,
			info->result.reason[0] ? ": " : "", info->result.reason);
	if (info->ended)
		fprintf(stream, "%-18s %s\n", "content_sha256", info->result.content_sha256);
	if (checked[0])
		fprintf(stream, "%-18s %s\n", "content", checked);
}

int show_print(struct trace_reader *reader, const char *checked, FILE *stream, struct err *err)
{
	const struct trace_info *info = trace_reader_info(reader);
	struct show_current current;
	int ret = summarise(reader, &current, err);

	if (ret)
		return ret;
	fprintf(stream, "%-18s %s\n", "file", trace_reader_path(reader));
	print_result(info, checked, stream);
	fprintf(stream, "%-18s %llu%s%s\n", "samples", (unsigned long long)info->samples,
		info->has_samples ? "" : " (not kept, only the envelope)",
		info->compressed ? ", compressed" : "");
	if (info->has_samples)
		fprintf(stream, "%-18s %s\n", "voltage",
			info->has_voltage ? "measured" : "not measured");
	fprintf(stream, "%-18s %llu in %llu places\n", "lost",
		(unsigned long long)info->samples_lost,
		(unsigned long long)info->counts[TRACE_GAPS]);
	fprintf(stream, "%-18s %llu\n", "saturated", (unsigned long long)info->samples_saturated);
	fprintf(stream, "%-18s %llu\n", "corrections",
		(unsigned long long)info->counts[TRACE_CORRECTIONS]);
	fprintf(stream, "%-18s %.6f (nominal)\n", "duration_s", duration_s(info));
	if (!isnan(current.mean_a))
		fprintf(stream, "%-18s min %.6g  mean %.6g  max %.6g\n", "current_a", current.min_a,
			current.mean_a, current.max_a);
	print_identity(&info->identity, stream);
	return 0;
}

/* JSON has no NaN: what is not known is null. */
static json_t *real_json(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *identity_json(const struct trace_identity *identity)
{
	json_t *object = json_object();
	int ret = object ? 0 : -1;

	for (const struct identity_field *field = identity_fields; !ret && field->name; field++) {
		json_t *value;

		if (identity_is_absent(identity, field))
			continue;
		if (field->kind == IDENTITY_TEXT)
			value = json_string(identity_text(identity, field));
		else if (field->kind == IDENTITY_INTEGER)
			value = json_integer(identity_integer(identity, field));
		else
			value = real_json(identity_real(identity, field));
		ret = json_object_set_new(object, field->name, value);
	}
	if (ret) {
		json_decref(object);
		return NULL;
	}
	return object;
}

int show_json(struct trace_reader *reader, const char *checked, json_t **ret_object,
	      struct err *err)
{
	const struct trace_info *info = trace_reader_info(reader);
	struct show_current current;
	int ret = summarise(reader, &current, err);

	if (ret)
		return ret;
	*ret_object = json_pack(
		"{s:s, s:i, s:s, s:s, s:s, s:s, s:s*, s:b, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:I, "
		"s:o, s:o, s:o, s:o, s:o}",
		"file", trace_reader_path(reader), "layout", (int)TRACE_LAYOUT, "state",
		state_of(info), "verdict", info->result.verdict, "reason", info->result.reason,
		"content_sha256", info->result.content_sha256, "content",
		checked[0] ? checked : NULL, "samples_kept", info->has_samples, "voltage_kept",
		info->has_voltage, "compressed", info->compressed, "samples",
		(json_int_t)info->samples, "samples_lost", (json_int_t)info->samples_lost,
		"samples_saturated", (json_int_t)info->samples_saturated, "gaps",
		(json_int_t)info->counts[TRACE_GAPS], "corrections",
		(json_int_t)info->counts[TRACE_CORRECTIONS], "blocks",
		(json_int_t)info->counts[TRACE_BLOCKS], "duration_s", real_json(duration_s(info)),
		"current_min_a", real_json(current.min_a), "current_mean_a",
		real_json(current.mean_a), "current_max_a", real_json(current.max_a), "identity",
		identity_json(&info->identity));
	if (!*ret_object)
		return err_set(err, -EINVAL, "%s: texts that are not UTF-8, or out of memory",
			       trace_reader_path(reader));
	return 0;
}
