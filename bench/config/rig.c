/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/config/rig.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/config/quantity.h"
#include "bench/config/rig_ambient.h"
#include "bench/config/rig_lines.h"
#include "bench/config/rig_options.h"
#include "bench/config/rig_parts.h"
#include "bench/config/yaml_file.h"
#include "drivers/marker/marker.h"

struct meter_text {
	char *name, *part, *link, *supply, *supply_u, *gain_u, *offset_u, *ambient, *ambient_u;
};

struct board_text {
	char *name, *part, *link, *meter, *id, *markers;
	struct rig_lines_text lines;
	struct rig_flash_text flash;
};

struct rig_text {
	char *rig, *ambient, *record;
	struct rig_ambient_text *chamber, *sensor;
	bool is_virtual;
	struct meter_text *meters;
	unsigned meters_count;
	struct board_text *boards;
	unsigned boards_count;
};

#define TEXT(key, structure, member)                                                               \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, structure, member, 1, 1000)
#define TEXT_OPTIONAL(key, structure, member)                                                      \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, structure, member,   \
			       1, 1000)

static const cyaml_schema_field_t meter_fields[] = {
	TEXT("name", struct meter_text, name),
	TEXT("part", struct meter_text, part),
	TEXT("link", struct meter_text, link),
	TEXT_OPTIONAL("supply", struct meter_text, supply),
	TEXT_OPTIONAL("supply_u", struct meter_text, supply_u),
	CYAML_FIELD_IGNORE("options", CYAML_FLAG_OPTIONAL),
	TEXT_OPTIONAL("gain_u", struct meter_text, gain_u),
	TEXT_OPTIONAL("offset_u", struct meter_text, offset_u),
	TEXT_OPTIONAL("ambient", struct meter_text, ambient),
	TEXT_OPTIONAL("ambient_u", struct meter_text, ambient_u),
	CYAML_FIELD_END};

static const cyaml_schema_value_t meter_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct meter_text, meter_fields)};

static const cyaml_schema_field_t lines_fields[] = {
	TEXT_OPTIONAL("reset", struct rig_lines_text, reset),
	TEXT_OPTIONAL("boot", struct rig_lines_text, boot),
	TEXT_OPTIONAL("supply", struct rig_lines_text, supply), CYAML_FIELD_END};

static const cyaml_schema_field_t board_fields[] = {
	TEXT("name", struct board_text, name),
	TEXT("part", struct board_text, part),
	TEXT("link", struct board_text, link),
	TEXT("meter", struct board_text, meter),
	TEXT_OPTIONAL("id", struct board_text, id),
	TEXT_OPTIONAL("markers", struct board_text, markers),
	CYAML_FIELD_MAPPING("lines", CYAML_FLAG_OPTIONAL, struct board_text, lines, lines_fields),
	CYAML_FIELD_MAPPING("flash", CYAML_FLAG_OPTIONAL, struct board_text, flash,
			    rig_flash_own_fields),
	CYAML_FIELD_END};

static const cyaml_schema_value_t board_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct board_text, board_fields)};

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

/* The rig's own file and those of its parts; they hold every string the rig points to. */
struct rig_files {
	struct yaml_file *own;
	struct rig_part_meter *meter_parts;
	struct rig_part_board *board_parts;
	unsigned meter_part_count, board_part_count;
};

/* Relative to the rig file. */
static int beside_rig(const char *rig_path, const char *name, char *ret_path, size_t size,
		      struct err *err)
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

static int optional_quantity(const struct rig_files *files, const char *text,
			     enum quantity_kind kind, const char *key, unsigned index,
			     double *ret_value, struct err *err)
{
	int ret;

	if (!text)
		return 0;
	ret = quantity_parse(text, kind, ret_value, err);
	if (!ret && *ret_value <= 0)
		ret = err_set(err, -EINVAL, "'%s' must be above zero", text);
	return ret ? yaml_file_error(files->own, ret, err, "meters[%u].%s", index, key) : 0;
}

static const double ambient_default_u_k = 2; /* a room, and how far a case is above it */

/* Where the meter sits, when it is not with the boards. */
static int take_meter_ambient(const struct rig_files *files, const struct meter_text *text,
			      unsigned index, struct rig_meter *meter, struct err *err)
{
	int ret;

	meter->has_ambient = text->ambient != NULL;
	meter->ambient_u_k = text->ambient ? ambient_default_u_k : 0;
	if (text->ambient_u && !text->ambient) {
		ret = err_set(err, -EINVAL, "ambient_u without ambient");
		return yaml_file_error(files->own, ret, err, "meters[%u].ambient_u", index);
	}
	if (!text->ambient)
		return 0;
	ret = quantity_parse(text->ambient, QUANTITY_TEMPERATURE, &meter->ambient_c, err);
	if (ret)
		return yaml_file_error(files->own, ret, err, "meters[%u].ambient", index);
	return optional_quantity(files, text->ambient_u, QUANTITY_TEMPERATURE, "ambient_u", index,
				 &meter->ambient_u_k, err);
}

/* "supply: none", or no such key: something else powers the board. Then the meter has to measure
 * its voltage, which shows when it is opened. */
static int take_supply(const struct rig_files *files, const struct meter_text *text, unsigned index,
		       struct rig_meter *meter, struct err *err)
{
	bool powers = text->supply && strcmp(text->supply, "none");
	int ret;

	if (!powers && text->supply_u) {
		err_set(err, -EINVAL,
			"supply_u without a supply: the uncertainty of a measured voltage is the "
			"meter's own");
		return yaml_file_error(files->own, -EINVAL, err, "meters[%u].supply_u", index);
	}
	if (powers && !text->supply_u) {
		err_set(err, -EINVAL,
			"key 'supply_u' is missing: how certain is the voltage at the board? For "
			"a meter that does not power it say 'supply: none'");
		return yaml_file_error(files->own, -EINVAL, err, "meters[%u].supply", index);
	}
	if (!powers)
		return 0;
	ret = optional_quantity(files, text->supply, QUANTITY_VOLTAGE, "supply", index,
				&meter->supply_v, err);
	return ret ? ret
		   : optional_quantity(files, text->supply_u, QUANTITY_VOLTAGE, "supply_u", index,
				       &meter->supply_u_v, err);
}

static int take_options(const struct rig_files *files, const struct rig_part_meter *part,
			unsigned index, struct rig_meter *meter, struct err *err)
{
	char key[40];
	const struct rig_options_source of_part = {part->file, "options"};
	const struct rig_options_source own = {files->own, key};

	snprintf(key, sizeof(key), "meters[%u].options", index);
	return rig_options_take(part->ops, &of_part, &own, &meter->options, err);
}

static int take_meter(struct rig *rig, const char *path, const struct meter_text *text,
		      unsigned index, struct err *err)
{
	struct rig_files *files = rig->files;
	struct rig_meter *meter = &rig->meters[index];
	struct rig_part_meter *part = &files->meter_parts[index];
	char full[PATH_MAX];
	int ret = beside_rig(path, text->part, full, sizeof(full), err);

	if (!ret)
		ret = rig_part_meter_load(full, part, err);
	if (ret)
		return ret == -ENOENT
			       ? yaml_file_error(files->own, ret, err, "meters[%u].part", index)
			       : ret;
	files->meter_part_count = index + 1;
	meter->name = text->name;
	meter->link = text->link;
	meter->driver = part->driver;
	meter->gain_u_rel = part->gain_u_rel;
	memcpy(meter->marker_input, part->marker_input, sizeof(meter->marker_input));
	ret = take_supply(files, text, index, meter, err);
	if (!ret)
		ret = take_options(files, part, index, meter, err);
	if (!ret)
		ret = optional_quantity(files, text->gain_u, QUANTITY_RATIO, "gain_u", index,
					&meter->gain_u_rel, err);
	if (!ret)
		ret = optional_quantity(files, text->offset_u, QUANTITY_CURRENT, "offset_u", index,
					&meter->offset_u_a, err);
	return ret ? ret : take_meter_ambient(files, text, index, meter, err);
}

static int find_meter(const struct rig *rig, const char *name, unsigned *ret_index)
{
	for (unsigned i = 0; i < rig->meter_count; i++) {
		if (!strcmp(rig->meters[i].name, name)) {
			*ret_index = i;
			return 0;
		}
	}
	return -ENOENT;
}

static int hex_digit(char digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = strchr(digits, tolower((unsigned char)digit));

	return digit && at ? (int)(at - digits) : -1;
}

static int take_id(const struct rig_files *files, const char *text, unsigned index,
		   struct rig_board *board, struct err *err)
{
	bool right = strlen(text) == 2 * RIG_ID_BYTES;

	for (unsigned i = 0; right && i < RIG_ID_BYTES; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		right = high >= 0 && low >= 0;
		if (right)
			board->id[i] = (uint8_t)(high << 4 | low);
	}
	board->has_id = right;
	if (right)
		return 0;
	err_set(err, -EINVAL, "id '%s' is not %d hexadecimal digits", text, 2 * RIG_ID_BYTES);
	return yaml_file_error(files->own, -EINVAL, err, "boards[%u].id", index);
}

/* The rig's word comes before the part's. */
static int take_lines(const struct rig_files *files, const struct board_text *text, unsigned index,
		      struct rig_board *board, struct err *err)
{
	char place[40];

	snprintf(place, sizeof(place), "boards[%u].lines", index);
	return rig_lines_take(files->own, place, &text->lines, &board->lines, err);
}

static int take_flash(const struct rig_files *files, const struct board_text *text, unsigned index,
		      struct rig_board *board, struct err *err)
{
	const struct rig_part_board *part = &files->board_parts[index];
	const struct rig_flash_source of_part = {part->file, "flash", part->flash};
	char place[40];
	const struct rig_flash_source own = {files->own, place, &text->flash};

	snprintf(place, sizeof(place), "boards[%u].flash", index);
	return rig_flash_take(&of_part, &own, board, err);
}

/* The window's line alone tells no inference from another. */
static int take_markers(const struct rig *rig, const char *text, unsigned index,
			struct rig_board *board, struct err *err)
{
	unsigned lines;
	bool is_virtual;
	int ret;

	if (!text)
		return 0;
	ret = marker_check_uri(text, &lines, &is_virtual, err);
	if (!ret && lines == 1)
		ret = err_set(err, -EINVAL,
			      "'%s': the lines of window and inference are needed, and that of "
			      "layers where it is wired",
			      text);
	if (!ret && is_virtual != rig->is_virtual)
		ret = err_set(err, -EINVAL, "'%s' is %s, and this rig says 'virtual: %s'", text,
			      is_virtual ? "a virtual lab's" : "real",
			      rig->is_virtual ? "true" : "false");
	board->markers = text;
	return ret ? yaml_file_error(rig->files->own, ret, err, "boards[%u].markers", index) : 0;
}

static int take_board(struct rig *rig, const char *path, const struct board_text *text,
		      unsigned index, struct err *err)
{
	struct rig_files *files = rig->files;
	struct rig_board *board = &rig->boards[index];
	struct rig_part_board *part = &files->board_parts[index];
	char full[PATH_MAX];
	int ret = beside_rig(path, text->part, full, sizeof(full), err);

	if (!ret)
		ret = rig_part_board_load(full, part, err);
	if (ret)
		return ret == -ENOENT
			       ? yaml_file_error(files->own, ret, err, "boards[%u].part", index)
			       : ret;
	files->board_part_count = index + 1;
	*board = part->board;
	board->name = text->name;
	board->link = text->link;
	if (find_meter(rig, text->meter, &board->meter)) {
		ret = err_set(err, -EINVAL, "board '%s': this rig has no meter '%s'", text->name,
			      text->meter);
		return yaml_file_error(files->own, ret, err, "boards[%u].meter", index);
	}
	ret = take_lines(files, text, index, board, err);
	if (!ret)
		ret = take_flash(files, text, index, board, err);
	if (!ret)
		ret = take_markers(rig, text->markers, index, board, err);
	if (!ret && text->id)
		ret = take_id(files, text->id, index, board, err);
	return ret;
}

/* One board per meter, one device per link, one meaning per name. */
static int check_unique(const struct rig *rig, struct err *err)
{
	const struct yaml_file *own = rig->files->own;

	for (unsigned i = 0; i < rig->board_count; i++) {
		const struct rig_board *board = &rig->boards[i];

		if (strlen(board->name) > RIG_NAME_MAX) {
			err_set(err, -EINVAL, "name '%s' is longer than %d characters", board->name,
				RIG_NAME_MAX);
			return yaml_file_error(own, -EINVAL, err, "boards[%u].name", i);
		}
		for (unsigned j = 0; j < i; j++) {
			const struct rig_board *other = &rig->boards[j];

			if (!strcmp(board->name, other->name)) {
				err_set(err, -EINVAL, "two boards are named '%s'", board->name);
				return yaml_file_error(own, -EINVAL, err, "boards[%u].name", i);
			}
			if (board->markers && other->markers &&
			    !strcmp(board->markers, other->markers)) {
				err_set(err, -EINVAL,
					"boards '%s' and '%s' share marker lines '%s'", other->name,
					board->name, board->markers);
				return yaml_file_error(own, -EINVAL, err, "boards[%u].markers", i);
			}
			if (board->meter == other->meter) {
				err_set(err, -EINVAL, "boards '%s' and '%s' share meter '%s'",
					other->name, board->name, rig->meters[board->meter].name);
				return yaml_file_error(own, -EINVAL, err, "boards[%u].meter", i);
			}
			if (!strcmp(board->link, other->link)) {
				err_set(err, -EINVAL, "boards '%s' and '%s' share link '%s'",
					other->name, board->name, board->link);
				return yaml_file_error(own, -EINVAL, err, "boards[%u].link", i);
			}
			if (board->has_id && other->has_id &&
			    !memcmp(board->id, other->id, RIG_ID_BYTES)) {
				err_set(err, -EINVAL, "boards '%s' and '%s' share an id",
					other->name, board->name);
				return yaml_file_error(own, -EINVAL, err, "boards[%u].id", i);
			}
		}
		for (unsigned j = 0; j < rig->meter_count; j++) {
			if (!strcmp(board->link, rig->meters[j].link)) {
				err_set(err, -EINVAL, "board '%s' and meter '%s' share link '%s'",
					board->name, rig->meters[j].name, board->link);
				return yaml_file_error(own, -EINVAL, err, "boards[%u].link", i);
			}
		}
	}
	for (unsigned i = 0; i < rig->meter_count; i++) {
		for (unsigned j = 0; j < i; j++) {
			if (!strcmp(rig->meters[i].name, rig->meters[j].name) ||
			    !strcmp(rig->meters[i].link, rig->meters[j].link)) {
				err_set(err, -EINVAL, "meters '%s' and '%s' share a name or a link",
					rig->meters[j].name, rig->meters[i].name);
				return yaml_file_error(own, -EINVAL, err, "meters[%u]", i);
			}
		}
	}
	return 0;
}

static json_t *line_text(const struct control_line *line)
{
	char text[CONTROL_TEXT_BYTES];

	control_line_print(line, text);
	return json_string(text);
}

static json_t *level_list(const struct levels *levels)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < levels->count; i++)
		json_array_append_new(array, json_integer(levels->hz[i]));
	return array;
}

static json_t *id_text(const struct rig_board *board)
{
	char text[2 * RIG_ID_BYTES + 1];

	if (!board->has_id)
		return json_null();
	for (unsigned i = 0; i < RIG_ID_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", board->id[i]);
	return json_string(text);
}

static int resolve(struct rig *rig, struct err *err)
{
	json_t *meters = json_array();
	json_t *boards = json_array();
	json_t *json;

	for (unsigned i = 0; i < rig->meter_count; i++) {
		const struct rig_meter *m = &rig->meters[i];

		json_t *meter = json_pack("{s:s, s:s, s:s, s:f, s:f, s:f, s:f, s:[i,i,i]}", "name",
					  m->name, "driver", m->driver, "link", m->link, "supply_v",
					  m->supply_v, "supply_u_v", m->supply_u_v, "gain_u_rel",
					  m->gain_u_rel, "offset_u_a", m->offset_u_a,
					  "marker_inputs", (int)m->marker_input[0],
					  (int)m->marker_input[1], (int)m->marker_input[2]);

		if (!(m->supply_v > 0)) {
			json_object_set_new(meter, "supply_v", json_null());
			json_object_set_new(meter, "supply_u_v", json_null());
		}
		if (m->options)
			json_object_set_new(meter, "options", json_string(m->options));
		if (m->has_ambient) {
			json_object_set_new(meter, "ambient_c", json_real(m->ambient_c));
			json_object_set_new(meter, "ambient_u_k", json_real(m->ambient_u_k));
		}
		json_array_append_new(meters, meter);
	}
	for (unsigned i = 0; i < rig->board_count; i++) {
		const struct rig_board *b = &rig->boards[i];

		json_t *board = json_pack(
			"{s:s, s:s, s:s, s:s, s:i, s:s, s:i, s:i, s:i, s:o, s:o, s:s, s:o, s:o}",
			"name", b->name, "chip", b->chip, "firmware", b->firmware, "link", b->link,
			"baud", (int)b->baud, "flash_driver", b->flash_driver, "flash_baud",
			(int)b->flash_baud, "flash_address", (int)b->flash_address, "flash_id",
			(int)b->flash_id, "reset", line_text(&b->lines.reset), "boot",
			line_text(&b->lines.boot), "meter", rig->meters[b->meter].name, "clocks_hz",
			level_list(&b->levels), "id", id_text(b));

		rig_flash_resolve(b, board);
		if (b->lines.supply.kind)
			json_object_set_new(board, "supply", line_text(&b->lines.supply));
		if (b->markers)
			json_object_set_new(board, "markers", json_string(b->markers));
		json_array_append_new(boards, board);
	}
	json = json_pack("{s:s, s:b, s:o, s:o}", "rig", rig->name, "virtual", rig->is_virtual,
			 "meters", meters, "boards", boards);
	rig_ambient_resolve(rig, json);
	rig->resolved = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	return rig->resolved ? 0 : err_set(err, -EINVAL, "rig '%s': not valid UTF-8", rig->name);
}

static int take_record(struct rig *rig, const char *path, const char *record, struct err *err)
{
	char full[PATH_MAX];
	int ret = record ? beside_rig(path, record, full, sizeof(full), err) : 0;

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
		ret = take_meter(rig, path, &text->meters[i], i, err);
	for (unsigned i = 0; !ret && i < rig->board_count; i++)
		ret = take_board(rig, path, &text->boards[i], i, err);
	if (!ret)
		ret = check_unique(rig, err);
	if (!ret)
		ret = rig_ambient_finish(rig, own, err);
	if (!ret)
		ret = rig_lines_check(rig, own, err);
	if (!ret)
		ret = rig_flash_check_unique(rig, own, err);
	return ret ? ret : resolve(rig, err);
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
