/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "bench/config/rig_ambient.h"
#include "bench/config/rig_inside.h"

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

static json_t *meter_object(const struct rig_meter *m)
{
	json_t *meter = json_pack(
		"{s:s, s:s, s:s, s:f, s:f, s:f, s:f, s:[i,i,i]}", "name", m->name, "driver",
		m->driver, "link", m->link, "supply_v", m->supply_v, "supply_u_v", m->supply_u_v,
		"gain_u_rel", m->gain_u_rel, "offset_u_a", m->offset_u_a, "marker_inputs",
		(int)m->marker_input[0], (int)m->marker_input[1], (int)m->marker_input[2]);

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
	return meter;
}

static json_t *board_object(const struct rig *rig, const struct rig_board *b)
{
	json_t *board = json_pack(
		"{s:s, s:s, s:s, s:s, s:i, s:s, s:i, s:i, s:i, s:o, s:o, s:s, s:o, s:o}", "name",
		b->name, "chip", b->chip, "firmware", b->firmware, "link", b->link, "baud",
		(int)b->baud, "flash_driver", b->flash_driver, "flash_baud", (int)b->flash_baud,
		"flash_address", (int)b->flash_address, "flash_id", (int)b->flash_id, "reset",
		line_text(&b->lines.reset), "boot", line_text(&b->lines.boot), "meter",
		rig->meters[b->meter].name, "clocks_hz", level_list(&b->levels), "id", id_text(b));

	rig_flash_resolve(b, board);
	if (b->lines.supply.kind)
		json_object_set_new(board, "supply", line_text(&b->lines.supply));
	if (b->markers)
		json_object_set_new(board, "markers", json_string(b->markers));
	return board;
}

int rig_resolve(struct rig *rig, struct err *err)
{
	json_t *meters = json_array();
	json_t *boards = json_array();
	json_t *json;

	for (unsigned i = 0; i < rig->meter_count; i++)
		json_array_append_new(meters, meter_object(&rig->meters[i]));
	for (unsigned i = 0; i < rig->board_count; i++)
		json_array_append_new(boards, board_object(rig, &rig->boards[i]));
	json = json_pack("{s:s, s:b, s:o, s:o}", "rig", rig->name, "virtual", rig->is_virtual,
			 "meters", meters, "boards", boards);
	rig_ambient_resolve(rig, json);
	rig->resolved = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	return rig->resolved ? 0 : err_set(err, -EINVAL, "rig '%s': not valid UTF-8", rig->name);
}
