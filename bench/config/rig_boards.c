/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "bench/config/rig_inside.h"
#include "bench/config/yaml_file.h"
#include "drivers/marker/marker.h"

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
static int take_lines(const struct rig_files *files, const struct rig_board_text *text,
		      unsigned index, struct rig_board *board, struct err *err)
{
	char place[40];

	snprintf(place, sizeof(place), "boards[%u].lines", index);
	return rig_lines_take(files->own, place, &text->lines, &board->lines, err);
}

static int take_flash(const struct rig_files *files, const struct rig_board_text *text,
		      unsigned index, struct rig_board *board, struct err *err)
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

int rig_board_take(struct rig *rig, const char *path, const struct rig_board_text *text,
		   unsigned index, struct err *err)
{
	struct rig_files *files = rig->files;
	struct rig_board *board = &rig->boards[index];
	struct rig_part_board *part = &files->board_parts[index];
	char full[PATH_MAX];
	int ret = rig_beside(path, text->part, full, sizeof(full), err);

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
