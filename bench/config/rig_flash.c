/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/config/rig_flash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/config/rig_parts.h"
#include "bench/config/yaml_file.h"
#include "drivers/flash/flash.h"
#include "drivers/link/kinds.h"
#include "drivers/link/usb_kinds.h"

enum { TEXT_MAX = 1000, CONFIG_MAX = 16 };

#define TEXT_OPTIONAL(key, member)                                                                 \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,                      \
			       struct rig_flash_text, member, 1, TEXT_MAX)
#define UINT_OPTIONAL(key, member)                                                                 \
	CYAML_FIELD_UINT_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct rig_flash_text, \
			     member)
#define COMMON_FIELDS                                                                              \
	TEXT_OPTIONAL("baud", baud), UINT_OPTIONAL("id", id), TEXT_OPTIONAL("link", link),         \
		TEXT_OPTIONAL("server", server), TEXT_OPTIONAL("adapter_serial", adapter_serial),  \
		CYAML_FIELD_SEQUENCE("config", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,           \
				     struct rig_flash_text, config, &config_entry, 1, CONFIG_MAX), \
		CYAML_FIELD_END

static const cyaml_schema_value_t config_entry = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, TEXT_MAX)};

const cyaml_schema_field_t rig_flash_part_fields[] = {
	CYAML_FIELD_STRING_PTR("driver", CYAML_FLAG_POINTER, struct rig_flash_text, driver, 1,
			       TEXT_MAX),
	CYAML_FIELD_UINT_PTR("address", CYAML_FLAG_POINTER, struct rig_flash_text, address),
	COMMON_FIELDS};

const cyaml_schema_field_t rig_flash_own_fields[] = {
	TEXT_OPTIONAL("driver", driver), UINT_OPTIONAL("address", address), COMMON_FIELDS};

/* What is a matter of one bench rather than of a kind of board. */
static const unsigned bench_keys =
	FLASH_KEY_LINK | FLASH_KEY_SERVER | FLASH_KEY_CONFIG | FLASH_KEY_ADAPTER_SERIAL;

static unsigned keys_given(const struct rig_flash_text *text)
{
	return (text->baud ? FLASH_KEY_BAUD : 0) | (text->id ? FLASH_KEY_ID : 0) |
	       (text->link ? FLASH_KEY_LINK : 0) | (text->server ? FLASH_KEY_SERVER : 0) |
	       (text->config ? FLASH_KEY_CONFIG : 0) |
	       (text->adapter_serial ? FLASH_KEY_ADAPTER_SERIAL : 0);
}

static unsigned lowest(unsigned keys)
{
	return keys & -keys;
}

/* "link, server". */
static const char *list_keys(unsigned keys, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned key = 1; key < 1u << FLASH_KEYS && used < size; key <<= 1)
		if (keys & key)
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
						 flash_key_name(key));
	return text;
}

/* ---- which keys ---- */

static int find_driver(const struct rig_flash_source *source, const struct flash_ops **ret_ops,
		       struct err *err)
{
	char known[100] = "";
	size_t used = 0;

	*ret_ops = flash_find(source->text->driver);
	if (*ret_ops)
		return 0;
	for (const char *const *name = flash_names(); *name && used < sizeof(known); name++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
					 used ? ", " : "", *name);
	err_set(err, -EINVAL, "no flash driver is named '%s' (there are %s)", source->text->driver,
		known);
	return yaml_file_error(source->file, -EINVAL, err, "%s.driver", source->place);
}

/* Every key is the driver's. */
static int check_fit(const struct rig_flash_source *source, const struct flash_ops *ops,
		     struct err *err)
{
	unsigned wrong = keys_given(source->text) & ~ops->takes;
	char known[100];

	if (!wrong)
		return 0;
	err_set(err, -EINVAL, "flash driver %s takes no '%s' (it takes address, %s)", ops->name,
		flash_key_name(lowest(wrong)), list_keys(ops->takes, known, sizeof(known)));
	return yaml_file_error(source->file, -EINVAL, err, "%s.%s", source->place,
			       flash_key_name(lowest(wrong)));
}

/* All keys that the driver needs, of both files; kind: whether the part is of this driver. */
static int check_whole(const struct rig_flash_source *part, const struct rig_flash_source *own,
		       const struct flash_ops *ops, unsigned keys, bool is_part_driver,
		       struct err *err)
{
	unsigned missing = ops->needs & ~keys, of_group = keys & ops->needs_one;
	const struct rig_flash_source *at = is_part_driver && !(missing & bench_keys) ? part : own;
	char group[100];

	if (missing) {
		err_set(err, -EINVAL, "flash driver %s needs '%s'", ops->name,
			flash_key_name(lowest(missing)));
		return yaml_file_error(at->file, -EINVAL, err, "%s", at->place);
	}
	if (!ops->needs_one || (of_group && of_group == lowest(of_group)))
		return 0;
	err_set(err, -EINVAL, "flash driver %s needs %s of these: %s", ops->name,
		of_group ? "only one" : "one", list_keys(ops->needs_one, group, sizeof(group)));
	return yaml_file_error(own->file, -EINVAL, err, "%s", own->place);
}

/* ---- what they say ---- */

static int take_id(const struct rig_flash_source *source, struct rig_board *board, struct err *err)
{
	unsigned id = *source->text->id;

	board->flash_id = (uint16_t)id;
	if (id <= UINT16_MAX)
		return 0;
	err_set(err, -EINVAL, "id 0x%x is more than 16 bits", id);
	return yaml_file_error(source->file, -EINVAL, err, "%s.id", source->place);
}

static int take_baud(const struct rig_flash_source *source, struct rig_board *board,
		     struct err *err)
{
	char key[60];

	snprintf(key, sizeof(key), "%s.baud", source->place);
	return rig_baud_take(source->file, source->text->baud, key, &board->flash_baud, err);
}

static int take_link(const struct rig_flash_source *source, struct rig_board *board,
		     struct err *err)
{
	const struct link_ops *port;
	const struct usb_ops *device;
	const char *address;
	int ret = flash_find(board->flash_driver)->takes_port
			  ? link_kind_find(source->text->link, &port, &address, err)
			  : usb_kind_find(source->text->link, &device, &address, err);

	board->flash_uri = source->text->link;
	return ret ? yaml_file_error(source->file, ret, err, "%s.link", source->place) : 0;
}

static int take_server(const struct rig_flash_source *source, struct rig_board *board,
		       struct err *err)
{
	static const char scheme[] = "tcp://";

	board->flash_uri = source->text->server;
	if (!strncmp(source->text->server, scheme, sizeof(scheme) - 1))
		return 0;
	err_set(err, -EINVAL, "'%s' is not of the form tcp://HOST:PORT", source->text->server);
	return yaml_file_error(source->file, -EINVAL, err, "%s.server", source->place);
}

static int take_config(const struct rig_flash_source *source, struct rig_board *board,
		       struct err *err)
{
	const struct rig_flash_text *text = source->text;

	board->flash_config = calloc(text->config_count + 1, sizeof(*board->flash_config));
	if (!board->flash_config)
		return err_set(err, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < text->config_count; i++)
		board->flash_config[i] = text->config[i];
	return 0;
}

static int take_adapter_serial(const struct rig_flash_source *source, struct rig_board *board,
			       struct err *err)
{
	board->flash_adapter_serial = source->text->adapter_serial;
	if (board->flash_config)
		return 0;
	err_set(err, -EINVAL, "adapter_serial without config: a running server has its probe");
	return yaml_file_error(source->file, -EINVAL, err, "%s.adapter_serial", source->place);
}

/* By bit of enum flash_key. */
static int (*const takers[FLASH_KEYS])(const struct rig_flash_source *, struct rig_board *,
				       struct err *) = {
	take_baud, take_id, take_link, take_server, take_config, take_adapter_serial,
};

int rig_flash_take(const struct rig_flash_source *part, const struct rig_flash_source *own,
		   struct rig_board *board, struct err *err)
{
	const struct flash_ops *part_ops = NULL, *ops;
	unsigned of_part, of_own = keys_given(own->text);
	int ret = find_driver(part, &part_ops, err);

	if (!ret)
		ret = check_fit(part, part_ops, err);
	ops = part_ops;
	if (!ret && own->text->driver)
		ret = find_driver(own, &ops, err);
	if (!ret)
		ret = check_fit(own, ops, err);
	if (ret)
		return ret;
	of_part = ops == part_ops ? keys_given(part->text) & ~of_own : 0;
	if (of_own & ops->needs_one)
		of_part &= ~ops->needs_one;
	board->flash_driver = ops->name;
	board->flash_address = own->text->address ? *own->text->address : *part->text->address;
	ret = check_whole(part, own, ops, of_part | of_own, ops == part_ops, err);
	for (unsigned bit = 0; !ret && bit < FLASH_KEYS; bit++)
		if ((of_part | of_own) >> bit & 1)
			ret = takers[bit](of_own >> bit & 1 ? own : part, board, err);
	return ret;
}

/* ---- the rig as a whole ---- */

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static bool same_list(const char *const *a, const char *const *b)
{
	for (; *a && *b; a++, b++)
		if (strcmp(*a, *b))
			return false;
	return !*a && !*b;
}

/* Without serial numbers the same files find the same probe. */
static bool share_probe(const struct rig_board *a, const struct rig_board *b)
{
	if (!a->flash_config || !b->flash_config)
		return false;
	if (a->flash_adapter_serial && b->flash_adapter_serial)
		return same(a->flash_adapter_serial, b->flash_adapter_serial);
	return same_list((const char *const *)a->flash_config,
			 (const char *const *)b->flash_config);
}

static int check_pair(const struct rig_board *a, const struct rig_board *b, struct err *err)
{
	if (same(a->flash_uri, b->flash_uri))
		return err_set(err, -EINVAL, "boards '%s' and '%s' are both flashed over %s",
			       a->name, b->name, a->flash_uri);
	if (share_probe(a, b))
		return err_set(err, -EINVAL,
			       "boards '%s' and '%s' are flashed through the same probe: which is "
			       "whose says adapter_serial",
			       a->name, b->name);
	return 0;
}

int rig_flash_check_unique(const struct rig *rig, const struct yaml_file *own, struct err *err)
{
	for (unsigned i = 0; i < rig->board_count; i++) {
		const struct rig_board *board = &rig->boards[i];
		int ret = 0;

		for (unsigned j = 0; !ret && j < i; j++)
			ret = check_pair(&rig->boards[j], board, err);
		for (unsigned j = 0; !ret && j < rig->board_count; j++)
			if (same(board->flash_uri, rig->boards[j].link))
				ret = err_set(err, -EINVAL,
					      "board '%s' is flashed over the link of board '%s'",
					      board->name, rig->boards[j].name);
		for (unsigned j = 0; !ret && j < rig->meter_count; j++)
			if (same(board->flash_uri, rig->meters[j].link))
				ret = err_set(err, -EINVAL,
					      "board '%s' is flashed over the link of meter '%s'",
					      board->name, rig->meters[j].name);
		if (ret)
			return yaml_file_error(own, ret, err, "boards[%u].flash", i);
	}
	return 0;
}

void rig_flash_resolve(const struct rig_board *board, json_t *object)
{
	const struct flash_ops *ops = flash_find(board->flash_driver);

	if (!(ops->takes & FLASH_KEY_BAUD))
		json_object_del(object, "flash_baud");
	if (!(ops->takes & FLASH_KEY_ID))
		json_object_del(object, "flash_id");
	if (board->flash_uri)
		json_object_set_new(object, "flash_uri", json_string(board->flash_uri));
	if (board->flash_adapter_serial)
		json_object_set_new(object, "flash_adapter_serial",
				    json_string(board->flash_adapter_serial));
	if (board->flash_config) {
		json_t *list = json_array();

		for (const char **file = board->flash_config; *file; file++)
			json_array_append_new(list, json_string(*file));
		json_object_set_new(object, "flash_config", list);
	}
}
