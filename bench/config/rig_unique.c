/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One board per meter, one device per link, one meaning per name.
 */
#include <errno.h>
#include <string.h>

#include "bench/config/rig_inside.h"
#include "bench/config/yaml_file.h"

static int board_error(const struct rig *rig, unsigned index, const char *key, struct err *err)
{
	return yaml_file_error(rig->files->own, -EINVAL, err, "boards[%u].%s", index, key);
}

/* Names go into files' names, and into keys whose parts '|' separates. */
static int check_name(const struct rig *rig, const char *name, const char *list, unsigned index,
		      struct err *err)
{
	int ret = 0;

	if (strlen(name) > RIG_NAME_MAX)
		ret = err_set(err, -EINVAL, "name '%s' is longer than %d characters", name,
			      RIG_NAME_MAX);
	else if (name[0] == '.' || strpbrk(name, "/|"))
		ret = err_set(err, -EINVAL,
			      "name '%s': a name holds no '/' and no '|' and begins with no '.'",
			      name);
	return ret ? yaml_file_error(rig->files->own, ret, err, "%s[%u].name", list, index) : 0;
}

static bool same_text(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

/* The later one is named as the culprit. */
static int check_boards(const struct rig *rig, unsigned index, unsigned other_index,
			struct err *err)
{
	const struct rig_board *board = &rig->boards[index], *other = &rig->boards[other_index];

	if (same_text(board->name, other->name)) {
		err_set(err, -EINVAL, "two boards are named '%s'", board->name);
		return board_error(rig, index, "name", err);
	}
	if (same_text(board->markers, other->markers)) {
		err_set(err, -EINVAL, "boards '%s' and '%s' share marker lines '%s'", other->name,
			board->name, board->markers);
		return board_error(rig, index, "markers", err);
	}
	if (board->meter == other->meter) {
		err_set(err, -EINVAL, "boards '%s' and '%s' share meter '%s'", other->name,
			board->name, rig->meters[board->meter].name);
		return board_error(rig, index, "meter", err);
	}
	if (same_text(board->link, other->link)) {
		err_set(err, -EINVAL, "boards '%s' and '%s' share link '%s'", other->name,
			board->name, board->link);
		return board_error(rig, index, "link", err);
	}
	if (board->has_id && other->has_id && !memcmp(board->id, other->id, RIG_ID_BYTES)) {
		err_set(err, -EINVAL, "boards '%s' and '%s' share an id", other->name, board->name);
		return board_error(rig, index, "id", err);
	}
	return 0;
}

static int check_board(const struct rig *rig, unsigned index, struct err *err)
{
	const struct rig_board *board = &rig->boards[index];
	int ret = check_name(rig, board->name, "boards", index, err);

	for (unsigned i = 0; !ret && i < index; i++)
		ret = check_boards(rig, index, i, err);
	for (unsigned i = 0; !ret && i < rig->meter_count; i++) {
		if (strcmp(board->link, rig->meters[i].link))
			continue;
		err_set(err, -EINVAL, "board '%s' and meter '%s' share link '%s'", board->name,
			rig->meters[i].name, board->link);
		ret = board_error(rig, index, "link", err);
	}
	return ret;
}

static int check_meters(const struct rig *rig, unsigned index, unsigned other_index,
			struct err *err)
{
	const struct rig_meter *meter = &rig->meters[index], *other = &rig->meters[other_index];

	if (strcmp(meter->name, other->name) && strcmp(meter->link, other->link))
		return 0;
	err_set(err, -EINVAL, "meters '%s' and '%s' share a name or a link", other->name,
		meter->name);
	return yaml_file_error(rig->files->own, -EINVAL, err, "meters[%u]", index);
}

int rig_check_unique(const struct rig *rig, struct err *err)
{
	int ret = 0;

	for (unsigned i = 0; !ret && i < rig->board_count; i++)
		ret = check_board(rig, i, err);
	for (unsigned i = 0; !ret && i < rig->meter_count; i++)
		ret = check_name(rig, rig->meters[i].name, "meters", i, err);
	for (unsigned i = 0; !ret && i < rig->meter_count; i++)
		for (unsigned j = 0; !ret && j < i; j++)
			ret = check_meters(rig, i, j, err);
	return ret;
}
