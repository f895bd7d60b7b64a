/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/config/rig_parts.h"

#include <errno.h>

#include "bench/config/quantity.h"
#include "bench/config/rig_lines.h"
#include "bench/config/yaml_file.h"
#include "bench/model/model.h"
#include <string.h>

struct marker_text {
	unsigned window, inference, layer;
};

struct meter_part_text {
	char *part, *driver, *gain_u;
	struct marker_text markers;
};

struct board_part_text {
	char **clocks;
	unsigned clocks_count;
	char *part, *chip, *kernels, *firmware, *baud;
	struct rig_flash_text flash;
	struct rig_lines_text lines;
};

#define TEXT(key, structure, member)                                                               \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, structure, member, 1, 200)

static const cyaml_schema_field_t marker_fields[] = {
	CYAML_FIELD_UINT("window", CYAML_FLAG_DEFAULT, struct marker_text, window),
	CYAML_FIELD_UINT("inference", CYAML_FLAG_DEFAULT, struct marker_text, inference),
	CYAML_FIELD_UINT("layer", CYAML_FLAG_DEFAULT, struct marker_text, layer), CYAML_FIELD_END};

static const cyaml_schema_field_t meter_fields[] = {
	TEXT("part", struct meter_part_text, part), TEXT("driver", struct meter_part_text, driver),
	CYAML_FIELD_STRING_PTR("gain_u", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
			       struct meter_part_text, gain_u, 1, 40),
	CYAML_FIELD_IGNORE("options", CYAML_FLAG_OPTIONAL),
	CYAML_FIELD_MAPPING("markers", CYAML_FLAG_DEFAULT, struct meter_part_text, markers,
			    marker_fields),
	CYAML_FIELD_END};

static const cyaml_schema_value_t meter_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct meter_part_text, meter_fields)};

static const cyaml_schema_field_t lines_fields[] = {
	TEXT("reset", struct rig_lines_text, reset), TEXT("boot", struct rig_lines_text, boot),
	CYAML_FIELD_STRING_PTR("supply", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
			       struct rig_lines_text, supply, 1, 200),
	CYAML_FIELD_END};

static const cyaml_schema_value_t clock_entry = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, 40)};

static const cyaml_schema_field_t board_fields[] = {
	TEXT("part", struct board_part_text, part),
	TEXT("chip", struct board_part_text, chip),
	TEXT("kernels", struct board_part_text, kernels),
	TEXT("firmware", struct board_part_text, firmware),
	TEXT("baud", struct board_part_text, baud),
	CYAML_FIELD_SEQUENCE("clocks", CYAML_FLAG_POINTER, struct board_part_text, clocks,
			     &clock_entry, 1, LEVELS_MAX),
	CYAML_FIELD_MAPPING("flash", CYAML_FLAG_DEFAULT, struct board_part_text, flash,
			    rig_flash_part_fields),
	CYAML_FIELD_MAPPING("lines", CYAML_FLAG_DEFAULT, struct board_part_text, lines,
			    lines_fields),
	CYAML_FIELD_END};

static const cyaml_schema_value_t board_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct board_part_text, board_fields)};

static int take_markers(const struct marker_text *text, unsigned *ret_inputs, struct err *err)
{
	if (text->window > 7 || text->inference > 7 || text->layer > 7)
		return err_set(err, -EINVAL, "a meter has logic inputs 0..7");
	if (text->window == text->inference || text->window == text->layer ||
	    text->inference == text->layer)
		return err_set(err, -EINVAL, "two marker lines share one logic input");
	ret_inputs[0] = text->window;
	ret_inputs[1] = text->inference;
	ret_inputs[2] = text->layer;
	return 0;
}

int rig_part_meter_load(const char *path, struct rig_part_meter *ret_part, struct err *err)
{
	struct rig_part_meter part = {0};
	const struct meter_part_text *text;
	void *data;
	int ret = yaml_file_load(path, &meter_schema, &part.file, &data, err);

	if (ret)
		return ret;
	text = data;
	part.driver = text->driver;
	ret = meter_require(text->driver, &part.ops, err);
	if (ret) {
		ret = yaml_file_error(part.file, ret, err, "driver");
		goto fail;
	}
	ret = take_markers(&text->markers, part.marker_input, err);
	if (ret) {
		ret = yaml_file_error(part.file, ret, err, "markers");
		goto fail;
	}
	if (text->gain_u) {
		ret = quantity_parse(text->gain_u, QUANTITY_RATIO, &part.gain_u_rel, err);
		if (!ret && part.gain_u_rel <= 0)
			ret = err_set(err, -EINVAL, "'%s' must be above zero", text->gain_u);
		if (ret) {
			ret = yaml_file_error(part.file, ret, err, "gain_u");
			goto fail;
		}
	}
	*ret_part = part;
	return 0;
fail:
	yaml_file_free(part.file);
	return ret;
}

int rig_baud_take(const struct yaml_file *file, const char *text, const char *key,
		  uint32_t *ret_baud, struct err *err)
{
	double baud;
	int ret = quantity_parse(text, QUANTITY_BAUD, &baud, err);

	if (!ret && (baud < 300 || baud > 3686400 || baud != (double)(uint32_t)baud))
		ret = err_set(err, -EINVAL, "'%s' is not a baud rate between 300 and 3686400",
			      text);
	if (ret)
		return yaml_file_error(file, ret, err, "%s", key);
	*ret_baud = (uint32_t)baud;
	return 0;
}

static int take_kernels(const struct yaml_file *file, const char *text, struct rig_board *board,
			struct err *err)
{
	int ret = model_kernel_set_find(text, &board->kernels, err);

	return ret ? yaml_file_error(file, ret, err, "kernels") : 0;
}

static int take_clocks(const struct yaml_file *file, const struct board_part_text *text,
		       struct levels *levels, struct err *err)
{
	for (unsigned i = 0; i < text->clocks_count; i++) {
		uint32_t hz = 0;
		int ret = quantity_parse_hz(text->clocks[i], &hz, err);

		if (!ret && levels_have(levels, hz))
			ret = err_set(err, -EINVAL, "clock '%s' is listed twice", text->clocks[i]);
		if (!ret)
			ret = levels_add(levels, hz);
		if (ret)
			return yaml_file_error(file, ret, err, "clocks[%u]", i);
	}
	return 0;
}

int rig_part_board_load(const char *path, struct rig_part_board *ret_part, struct err *err)
{
	struct rig_part_board part = {0};
	const struct board_part_text *text;
	void *data;
	int ret = yaml_file_load(path, &board_schema, &part.file, &data, err);

	if (ret)
		return ret;
	text = data;
	part.board.chip = text->chip;
	part.board.firmware = text->firmware;
	ret = take_kernels(part.file, text->kernels, &part.board, err);
	if (!ret)
		ret = rig_baud_take(part.file, text->baud, "baud", &part.board.baud, err);
	if (!ret)
		ret = rig_lines_take(part.file, "lines", &text->lines, &part.board.lines, err);
	if (!ret)
		ret = take_clocks(part.file, text, &part.board.levels, err);
	part.flash = &text->flash;
	if (ret) {
		yaml_file_free(part.file);
		return ret;
	}
	*ret_part = part;
	return 0;
}

void rig_part_board_done(struct rig_part_board *part)
{
	yaml_file_free(part->file);
	part->file = NULL;
}
