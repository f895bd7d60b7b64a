/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/config/rig.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/config/rig_ambient.h"
#include "bench/config/rig_inside.h"
#include "bench/config/rig_lines.h"
#include "bench/config/yaml_file.h"

struct rig_text {
	char *rig, *ambient, *record;
	struct rig_ambient_text *chamber, *sensor;
	bool is_virtual;
	struct rig_meter_text *meters;
	unsigned meters_count;
	struct rig_board_text *boards;
	unsigned boards_count;
};

#define TEXT(key, structure, member)                                                               \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, structure, member, 1, 1000)
#define TEXT_OPTIONAL(key, structure, member)                                                      \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, structure, member,   \
			       1, 1000)

static const cyaml_schema_field_t meter_fields[] = {
	TEXT("name", struct rig_meter_text, name),
	TEXT("part", struct rig_meter_text, part),
	TEXT("link", struct rig_meter_text, link),
	TEXT_OPTIONAL("supply", struct rig_meter_text, supply),
	TEXT_OPTIONAL("supply_u", struct rig_meter_text, supply_u),
	CYAML_FIELD_IGNORE("options", CYAML_FLAG_OPTIONAL),
	TEXT_OPTIONAL("gain_u", struct rig_meter_text, gain_u),
	TEXT_OPTIONAL("offset_u", struct rig_meter_text, offset_u),
	TEXT_OPTIONAL("ambient", struct rig_meter_text, ambient),
	TEXT_OPTIONAL("ambient_u", struct rig_meter_text, ambient_u),
	CYAML_FIELD_END};

static const cyaml_schema_value_t meter_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct rig_meter_text, meter_fields)};

static const cyaml_schema_field_t lines_fields[] = {
	TEXT_OPTIONAL("reset", struct rig_lines_text, reset),
	TEXT_OPTIONAL("boot", struct rig_lines_text, boot),
	TEXT_OPTIONAL("supply", struct rig_lines_text, supply), CYAML_FIELD_END};

static const cyaml_schema_field_t board_fields[] = {
	TEXT("name", struct rig_board_text, name),
	TEXT("part", struct rig_board_text, part),
	TEXT("link", struct rig_board_text, link),
	TEXT("meter", struct rig_board_text, meter),
	TEXT_OPTIONAL("id", struct rig_board_text, id),
	TEXT_OPTIONAL("markers", struct rig_board_text, markers),
	CYAML_FIELD_MAPPING("lines", CYAML_FLAG_OPTIONAL, struct rig_board_text, lines,
			    lines_fields),
	CYAML_FIELD_MAPPING("flash", CYAML_FLAG_OPTIONAL, struct rig_board_text, flash,
			    rig_flash_own_fields),
	CYAML_FIELD_END};

static const cyaml_schema_value_t board_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct rig_board_text, board_fields)};

static const cyaml_schema_field_t rig_fields[] = {
	TEXT("rig", struct rig_text, rig),
	CYAML_FIELD_BOOL("virtual", CYAML_FLAG_DEFAULT, struct rig_text, is_virtual),
	TEXT_OPTIONAL("ambient", struct rig_text, ambient),
	CYAML_FIELD_MAPPING_PTR("chamber", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
				struct rig_text, chamber, rig_chamber_fields),
	CYAML_FIELD_MAPPING_PTR("sensor", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct rig_text,
				sensor, rig_sensor_fields),
	TEXT_OPTIONAL("record", struct rig_text, record),
	CYAML_FIELD_SEQUENCE("meters", CYAML_FLAG_POINTER, struct rig_text, meters, &meter_entry, 1,
			     64),
	CYAML_FIELD_SEQUENCE("boards", CYAML_FLAG_POINTER, struct rig_text, boards, &board_entry, 1,
			     64),
	CYAML_FIELD_END};

static const cyaml_schema_value_t rig_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct rig_text, rig_fields)};

int rig_beside(const char *rig_path, const char *name, char *ret_path, size_t size, struct err *err)
{
	char copy[PATH_MAX];
	int used;

	snprintf(copy, sizeof(copy), "%s", rig_path);
	used = name[0] == '/' ? snprintf(ret_path, size, "%s", name)
			      : snprintf(ret_path, size, "%s/%s", dirname(copy), name);
	if (used < 0 || (size_t)used >= size)
		return err_set(err, -EINVAL, "the path of '%s' is too long", name);
	return 0;
}

static int take_record(struct rig *rig, const char *path, const char *record, struct err *err)
{
	char full[PATH_MAX];
	int ret = record ? rig_beside(path, record, full, sizeof(full), err) : 0;

	if (ret)
		return yaml_file_error(rig->files->own, ret, err, "record");
	rig->record_folder = record ? strdup(full) : NULL;
	return record && !rig->record_folder ? err_set(err, -ENOMEM, "out of memory") : 0;
}

static int take_all(struct rig *rig, const char *path, const struct rig_text *text, struct err *err)
{
	const struct yaml_file *own = rig->files->own;
	int ret = rig_ambient_take(rig, own, text->ambient, text->chamber, text->sensor, err);

	if (ret)
		return ret;
	rig->name = text->rig;
	rig->is_virtual = text->is_virtual;
	rig->meter_count = text->meters_count;
	rig->board_count = text->boards_count;
	rig->meters = calloc(rig->meter_count, sizeof(*rig->meters));
	rig->boards = calloc(rig->board_count, sizeof(*rig->boards));
	rig->files->meter_parts = calloc(rig->meter_count, sizeof(*rig->files->meter_parts));
	rig->files->board_parts = calloc(rig->board_count, sizeof(*rig->files->board_parts));
	if (!rig->meters || !rig->boards || !rig->files->meter_parts || !rig->files->board_parts)
		return err_set(err, -ENOMEM, "out of memory");
	ret = take_record(rig, path, text->record, err);
	for (unsigned i = 0; !ret && i < rig->meter_count; i++)
		ret = rig_meter_take(rig, path, &text->meters[i], i, err);
	for (unsigned i = 0; !ret && i < rig->board_count; i++)
		ret = rig_board_take(rig, path, &text->boards[i], i, err);
	if (!ret)
		ret = rig_check_unique(rig, err);
	if (!ret)
		ret = rig_ambient_finish(rig, own, err);
	if (!ret)
		ret = rig_lines_check(rig, own, err);
	if (!ret)
		ret = rig_flash_check_unique(rig, own, err);
	return ret ? ret : rig_resolve(rig, err);
}

int rig_load(const char *path, struct rig **ret_rig, struct err *err)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	void *data;
	int ret;

	if (!rig)
		return err_set(err, -ENOMEM, "out of memory");
	rig->files = calloc(1, sizeof(*rig->files));
	ret = rig->files ? yaml_file_load(path, &rig_schema, &rig->files->own, &data, err)
			 : err_set(err, -ENOMEM, "out of memory");
	if (!ret)
		ret = take_all(rig, path, data, err);
	if (ret) {
		rig_free(rig);
		return ret;
	}
	*ret_rig = rig;
	return 0;
}

void rig_free(struct rig *rig)
{
	if (!rig)
		return;
	if (rig->files) {
		for (unsigned i = 0; i < rig->files->meter_part_count; i++)
			yaml_file_free(rig->files->meter_parts[i].file);
		for (unsigned i = 0; i < rig->files->board_part_count; i++)
			yaml_file_free(rig->files->board_parts[i].file);
		free(rig->files->meter_parts);
		free(rig->files->board_parts);
		yaml_file_free(rig->files->own);
		free(rig->files);
	}
	free(rig->record_folder);
	for (unsigned i = 0; rig->meters && i < rig->meter_count; i++)
		free(rig->meters[i].options);
	for (unsigned i = 0; rig->boards && i < rig->board_count; i++)
		free(rig->boards[i].flash_config);
	free(rig->meters);
	free(rig->boards);
	free(rig->resolved);
	free(rig);
}

int rig_check_origin(const struct rig *rig, bool is_virtual, const char *what, struct err *err)
{
	if (is_virtual == rig->is_virtual)
		return 0;
	return err_set(err, -EINVAL,
		       is_virtual ? "%s says it is virtual, but rig '%s' says 'virtual: false': "
				    "emulated results must not pass as measured ones"
				  : "%s is real, but rig '%s' says 'virtual: true'",
		       what, rig->name);
}
