/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/config/rig_lines.h"

#include <errno.h>

#include "bench/config/yaml_file.h"

static int take_line(const struct yaml_file *file, const char *place, enum control_role role,
		     const char *text, struct control_line *line, struct err *err)
{
	int ret = text ? control_line_parse(role, text, line, err) : 0;

	return ret ? yaml_file_error(file, ret, err, "%s.%s", place, control_role_name(role)) : 0;
}

int rig_lines_take(const struct yaml_file *file, const char *place,
		   const struct rig_lines_text *text, struct control_lines *lines, struct err *err)
{
	int ret = take_line(file, place, CONTROL_RESET, text->reset, &lines->reset, err);

	if (!ret)
		ret = take_line(file, place, CONTROL_BOOT, text->boot, &lines->boot, err);
	if (!ret)
		ret = take_line(file, place, CONTROL_SUPPLY, text->supply, &lines->supply, err);
	if (ret)
		return ret;
	ret = control_lines_check(lines, err);
	return ret ? yaml_file_error(file, ret, err, "%s", place) : 0;
}

static bool share_switch(const struct rig_board *a, const struct rig_board *b,
			 char text[CONTROL_TEXT_BYTES])
{
	const struct control_line *of_a[] = {&a->lines.reset, &a->lines.boot, &a->lines.supply};
	const struct control_line *of_b[] = {&b->lines.reset, &b->lines.boot, &b->lines.supply};

	for (size_t i = 0; i < 9; i++) {
		const struct control_line *line = of_a[i / 3];

		control_line_print(line, text);
		if (line->kind == CONTROL_LINE_SWITCH && control_line_same(line, of_b[i % 3]))
			return true;
	}
	return false;
}

int rig_lines_check(const struct rig *rig, const struct yaml_file *file, struct err *err)
{
	for (unsigned i = 0; i < rig->board_count; i++)
		for (unsigned j = 0; j < i; j++) {
			char text[CONTROL_TEXT_BYTES];

			if (!share_switch(&rig->boards[i], &rig->boards[j], text))
				continue;
			err_set(err, -EINVAL, "boards '%s' and '%s' share line '%s'",
				rig->boards[j].name, rig->boards[i].name, text);
			return yaml_file_error(file, -EINVAL, err, "boards[%u]", i);
		}
	return 0;
}
