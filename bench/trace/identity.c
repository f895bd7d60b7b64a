/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/trace/identity.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static const char format_name[] = "joulebench trace";

#define FIELD(kind, name)                                                                          \
	{                                                                                          \
#name, kind, offsetof(struct trace_identity, name),                                \
			sizeof(((struct trace_identity *)0)->name)                                 \
	}
#define TEXT(name)    FIELD(IDENTITY_TEXT, name)
#define INTEGER(name) FIELD(IDENTITY_INTEGER, name)
#define REAL(name)    FIELD(IDENTITY_REAL, name)

const struct identity_field identity_fields[] = {
	REAL(ambient_c),
	INTEGER(attempt),
	TEXT(board),
	TEXT(board_uid),
	TEXT(build),
	TEXT(chip),
	INTEGER(clock_hz),
	TEXT(created_utc),
	TEXT(firmware_crc32),
	REAL(gain_u_rel),
	INTEGER(is_virtual),
	{"marker_source", IDENTITY_TEXT, offsetof(struct trace_identity, marker_source),
	 sizeof(((struct trace_identity *)0)->marker_source), true},
	TEXT(meter),
	TEXT(meter_calibration),
	TEXT(meter_model),
	TEXT(meter_serial),
	TEXT(model),
	TEXT(model_sha256),
	REAL(offset_u_a),
	TEXT(plan),
	TEXT(point_key),
	REAL(range_max_a),
	REAL(rate_hz),
	INTEGER(repeat_index),
	TEXT(rig),
	TEXT(runtime),
	INTEGER(session_id),
	REAL(supply_u_v),
	REAL(supply_v),
	{NULL},
};

static const void *at(const struct trace_identity *identity, const struct identity_field *field)
{
	return (const char *)identity + field->offset;
}

bool identity_is_absent(const struct trace_identity *identity, const struct identity_field *field)
{
	return field->is_optional && !*identity_text(identity, field);
}

const char *identity_text(const struct trace_identity *identity, const struct identity_field *field)
{
	return at(identity, field);
}

int64_t identity_integer(const struct trace_identity *identity, const struct identity_field *field)
{
	return *(const int64_t *)at(identity, field);
}

double identity_real(const struct trace_identity *identity, const struct identity_field *field)
{
	return *(const double *)at(identity, field);
}

void trace_identity_init(struct trace_identity *identity)
{
	memset(identity, 0, sizeof(*identity));
	for (const struct identity_field *field = identity_fields; field->name; field++)
		if (field->kind == IDENTITY_REAL)
			*(double *)((char *)identity + field->offset) = NAN;
}

int identity_write(struct hdf_file *file, const struct trace_identity *identity, struct err *err)
{
	int64_t layout = TRACE_LAYOUT;
	int ret = hdf_put_text(file, file->id, "format", format_name, err);

	if (!ret)
		ret = hdf_put_number(file, file->id, "layout", H5T_STD_I64LE, H5T_NATIVE_INT64,
				     &layout, err);
	for (const struct identity_field *field = identity_fields; !ret && field->name; field++) {
		const void *value = at(identity, field);

		if (identity_is_absent(identity, field))
			continue;
		if (field->kind == IDENTITY_TEXT)
			ret = hdf_put_text(file, file->id, field->name, value, err);
		else if (field->kind == IDENTITY_INTEGER)
			ret = hdf_put_number(file, file->id, field->name, H5T_STD_I64LE,
					     H5T_NATIVE_INT64, value, err);
		else
			ret = hdf_put_number(file, file->id, field->name, H5T_IEEE_F64LE,
					     H5T_NATIVE_DOUBLE, value, err);
	}
	return ret;
}

static int read_layout(struct hdf_file *file, struct err *err)
{
	char format[64];
	int64_t layout = 0;
	int ret = hdf_get_text(file, "format", format, sizeof(format), err);

	if (!ret && strcmp(format, format_name))
		ret = err_set(err, -EINVAL, "%s: attribute 'format' is '%s', not '%s'", file->path,
			      format, format_name);
	if (ret)
		return err_context(err, ret, "not a trace of joulebench");
	ret = hdf_get_number(file, "layout", H5T_NATIVE_INT64, &layout, err);
	if (!ret && layout != TRACE_LAYOUT)
		ret = err_set(err, -EINVAL,
			      "%s: layout %lld is not known; this joulebench reads layout %d",
			      file->path, (long long)layout, TRACE_LAYOUT);
	return ret;
}

int identity_read(struct hdf_file *file, struct trace_identity *ret_identity, struct err *err)
{
	int ret = read_layout(file, err);

	for (const struct identity_field *field = identity_fields; !ret && field->name; field++) {
		char *value = (char *)ret_identity + field->offset;

		if (field->is_optional && H5Aexists(file->id, field->name) <= 0)
			*value = 0;
		else if (field->kind == IDENTITY_TEXT)
			ret = hdf_get_text(file, field->name, value, field->size, err);
		else
			ret = hdf_get_number(file, field->name,
					     field->kind == IDENTITY_INTEGER ? H5T_NATIVE_INT64
									     : H5T_NATIVE_DOUBLE,
					     value, err);
	}
	if (!ret && !(ret_identity->rate_hz > 0 && isfinite(ret_identity->rate_hz)))
		ret = err_set(err, -EINVAL, "%s: attribute 'rate_hz' is not a positive number",
			      file->path);
	return ret;
}
