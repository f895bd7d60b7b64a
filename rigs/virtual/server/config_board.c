/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The boards and devices of the rig file.
 */
#include "rigs/virtual/server/config_read.h"

#include <string.h>

#include "rigs/virtual/plant/plant.h"
#include "rigs/virtual/server/pair_loader.h"

#define DEFAULT_AMBIENT 21.0
#define AMBIENT_MIN_C   (-40.0)
#define AMBIENT_MAX_C   105.0 /* the parts' range */
#define SUPPLY_MAX_V    5.0
#define MARKER_JITTER_S 15e-6

/* Names that others refer to ------------------------------------------------------------------- */

/* What a board's supply may name: meters, then devices of one kind. */
struct referents {
	const struct config *config;
	enum config_device_kind kind;
	bool meters;
};

static const char *referent_name(const void *context, unsigned i)
{
	const struct referents *referents = context;
	const struct config *config = referents->config;
	unsigned meters = referents->meters ? config->meters_count : 0;

	if (i < meters)
		return config->meters[i].name;
	for (unsigned k = 0, seen = meters; k < config->devices_count; k++)
		if (config->devices[k].kind == referents->kind && seen++ == i)
			return config->devices[k].name;
	return NULL;
}

static int refuse_reference(struct reading *reading, struct yaml_value value, const char *key,
			    const char *what, const struct referents *referents)
{
	const char *near = nearest_name(value.text, referent_name, referents);

	return yaml_tree_refuse(reading->tree, value.line, reading->err,
				"%s: there is no %s \"%s\"%s%s%s", key, what, value.text,
				near ? ", did you mean \"" : "", near ? near : "",
				near ? "\"?" : "");
}

static unsigned find_device(const struct config *config, const char *name,
			    enum config_device_kind kind)
{
	for (unsigned i = 0; i < config->devices_count; i++)
		if (config->devices[i].kind == kind && !strcmp(config->devices[i].name, name))
			return i;
	return CONFIG_NONE;
}

static unsigned find_meter(const struct config *config, const char *name)
{
	for (unsigned i = 0; i < config->meters_count; i++)
		if (!strcmp(config->meters[i].name, name))
			return i;
	return CONFIG_NONE;
}

/* Boards ------------------------------------------------------------------------------------- */

struct board_values {
	struct yaml_value name, part, identity, listen, export, supply, ambient, chamber, leakage,
		flash, lines, usb_loader, load, markers, marker_jitter, faults;
};

static int read_meter_supply(struct reading *reading, struct yaml_value value, unsigned index,
			     unsigned meter)
{
	struct config *config = reading->config;

	for (unsigned i = 0; i < index; i++)
		if (config->boards[i].meter == meter)
			return yaml_tree_refuse(reading->tree, value.line, reading->err,
						"supply: %s already feeds board %s", value.text,
						config->boards[i].name);
	config->boards[index].meter = meter;
	return 0;
}

/* A voltage begins with a digit and holds a space; a name holds none. */
static bool is_voltage(const char *text)
{
	return text[0] >= '0' && text[0] <= '9' && strchr(text, ' ');
}

static int read_supply(struct reading *reading, struct yaml_value value, unsigned index)
{
	const struct referents referents = {reading->config, CONFIG_SUPPLY, true};
	struct config_board *board = &reading->config->boards[index];
	const char *text;
	unsigned meter;
	int rc = read_text(reading, value, "supply", &text);

	if (rc < 0)
		return rc;
	board->meter = CONFIG_NONE;
	board->supply = CONFIG_NONE;
	if (is_voltage(text))
		return read_quantity(reading, value, "supply", QUANTITY_VOLTAGE, 0.8, SUPPLY_MAX_V,
				     &board->fixed_supply_v);
	meter = find_meter(reading->config, text);
	if (meter != CONFIG_NONE)
		return read_meter_supply(reading, value, index, meter);
	board->supply = find_device(reading->config, text, CONFIG_SUPPLY);
	return board->supply != CONFIG_NONE
		       ? 0
		       : refuse_reference(reading, value, "supply", "meter or supply", &referents);
}

static int read_climate(struct reading *reading, const struct board_values *values,
			struct config_board *board)
{
	const struct referents referents = {reading->config, CONFIG_CHAMBER, false};
	const char *text;
	int rc;

	board->ambient_c = DEFAULT_AMBIENT;
	board->chamber = CONFIG_NONE;
	if (!values->chamber.index)
		return read_quantity(reading, values->ambient, "ambient", QUANTITY_TEMP,
				     AMBIENT_MIN_C, AMBIENT_MAX_C, &board->ambient_c);
	if (values->ambient.index)
		return yaml_tree_refuse(reading->tree, values->ambient.line, reading->err,
					"ambient: the chamber says it");
	rc = read_text(reading, values->chamber, "chamber", &text);
	if (rc < 0)
		return rc;
	board->chamber = find_device(reading->config, text, CONFIG_CHAMBER);
	if (board->chamber == CONFIG_NONE)
		return refuse_reference(reading, values->chamber, "chamber", "chamber", &referents);
	board->ambient_c = reading->config->devices[board->chamber].ambient_c;
	return 0;
}

static int read_line(struct reading *reading, struct yaml_value value, const char *key,
		     struct config_line *ret_line)
{
	static const struct {
		const char *text;
		struct config_line line;
	} known[] = {
		{"dtr", {true, true}},
		{"!dtr", {true, false}},
		{"rts", {false, true}},
		{"!rts", {false, false}},
	};

	for (size_t i = 0; i < READ_COUNT(known); i++) {
		if (value.text && !strcmp(known[i].text, value.text)) {
			*ret_line = known[i].line;
			return 0;
		}
	}
	return yaml_tree_refuse(reading->tree, value.line, reading->err,
				"lines: %s: \"%s\" is none of dtr, \"!dtr\", rts, \"!rts\"", key,
				value.text ? value.text : "");
}

struct lines_values {
	struct yaml_value reset, boot;
};

static int read_lines(struct reading *reading, struct yaml_value value, struct config_board *board)
{
	static const struct yaml_key keys[] = {
		{"reset", false, offsetof(struct lines_values, reset)},
		{"boot", false, offsetof(struct lines_values, boot)},
	};
	struct lines_values values = {{0}};
	int rc;

	board->reset = (struct config_line){true, true};
	board->boot = (struct config_line){false, false};
	board->devkit = value.index ? value.text && !strcmp(value.text, "devkit")
				    : !strcmp(board->part, "esp32c3");
	if (!value.index || board->devkit)
		return 0;
	if (value.text)
		return yaml_tree_refuse(reading->tree, value.line, reading->err,
					"lines: \"%s\" is neither devkit nor {reset: ..., boot: "
					"...}",
					value.text);
	rc = yaml_tree_take(reading->tree, value, "lines", keys, READ_COUNT(keys), &values,
			    reading->err);
	if (rc == 0 && values.reset.index)
		rc = read_line(reading, values.reset, "reset", &board->reset);
	if (rc == 0 && values.boot.index)
		rc = read_line(reading, values.boot, "boot", &board->boot);
	if (rc == 0 && board->reset.is_dtr == board->boot.is_dtr)
		rc = yaml_tree_refuse(reading->tree, value.line, reading->err,
				      "lines: reset and boot share one line");
	return rc;
}

static const char *part_name(const void *context, unsigned i)
{
	static const char *const names[] = {"stm32l4r5", "stm32f767", "stm32l552", "esp32c3"};

	(void)context;
	return i < READ_COUNT(names) ? names[i] : NULL;
}

static int read_part(struct reading *reading, struct yaml_value value, const char **ret_part)
{
	const char *near;
	int rc = read_text(reading, value, "part", ret_part);

	if (rc < 0 || plant_knows_part(*ret_part))
		return rc;
	near = nearest_name(*ret_part, part_name, NULL);
	return yaml_tree_refuse(
		reading->tree, value.line, reading->err, "part: \"%s\" is not known%s%s%s",
		*ret_part, near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static int read_usb_loader(struct reading *reading, struct yaml_value value,
			   struct config_board *board)
{
	if (!pair_loader_has_part(board->part))
		return yaml_tree_refuse(reading->tree, value.line, reading->err,
					"usb_loader: that of a %s is not modelled", board->part);
	return read_listen(reading, value, &board->usb_loader);
}

static int read_markers(struct reading *reading, const struct board_values *values,
			struct config_board *board)
{
	int rc = 0;

	board->marker_jitter_s = MARKER_JITTER_S;
	if (!values->markers.index && values->marker_jitter.index)
		return yaml_tree_refuse(reading->tree, values->marker_jitter.line, reading->err,
					"marker_jitter: there are no markers");
	if (values->markers.index)
		rc = read_listen(reading, values->markers, &board->markers);
	if (rc == 0 && board->markers && strncmp(board->markers, "unix:", 5))
		rc = yaml_tree_refuse(reading->tree, values->markers.line, reading->err,
				      "markers: \"%s\" is no unix:PATH: stamps of another host's "
				      "clock mean nothing",
				      board->markers);
	return rc ? rc
		  : read_quantity(reading, values->marker_jitter, "marker_jitter", QUANTITY_TIME, 0,
				  0.1, &board->marker_jitter_s);
}

int read_board(struct reading *reading, struct yaml_value value, unsigned index)
{
	static const struct yaml_key keys[] = {
		{"name", true, offsetof(struct board_values, name)},
		{"part", true, offsetof(struct board_values, part)},
		{"identity", false, offsetof(struct board_values, identity)},
		{"listen", true, offsetof(struct board_values, listen)},
		{"export", false, offsetof(struct board_values, export)},
		{"supply", true, offsetof(struct board_values, supply)},
		{"ambient", false, offsetof(struct board_values, ambient)},
		{"chamber", false, offsetof(struct board_values, chamber)},
		{"leakage", false, offsetof(struct board_values, leakage)},
		{"flash", false, offsetof(struct board_values, flash)},
		{"lines", false, offsetof(struct board_values, lines)},
		{"usb_loader", false, offsetof(struct board_values, usb_loader)},
		{"load", false, offsetof(struct board_values, load)},
		{"markers", false, offsetof(struct board_values, markers)},
		{"marker_jitter", false, offsetof(struct board_values, marker_jitter)},
		{"faults", false, offsetof(struct board_values, faults)},
	};
	struct config_board *board = &reading->config->boards[index];
	struct board_values values = {{0}};
	int rc = yaml_tree_take(reading->tree, value, "a board", keys, READ_COUNT(keys), &values,
				reading->err);

	if (rc == 0)
		rc = read_name(reading, values.name, &board->name);
	if (rc == 0)
		rc = read_part(reading, values.part, &board->part);
	board->identity = board->name;
	if (rc == 0 && values.identity.index)
		rc = read_text(reading, values.identity, "identity", &board->identity);
	if (rc == 0)
		rc = read_listen(reading, values.listen, &board->listen);
	if (rc == 0)
		rc = read_export(reading, values.export, values.name, false, &board->usb);
	if (rc == 0 && values.usb_loader.index)
		rc = read_usb_loader(reading, values.usb_loader, board);
	if (rc == 0 && values.flash.index)
		rc = read_flash(reading, values.flash, &board->flash);
	board->leakage = 1;
	if (rc == 0 && values.leakage.index)
		rc = read_quantity(reading, values.leakage, "leakage", QUANTITY_NUMBER, 0, 100,
				   &board->leakage);
	if (rc == 0 && values.load.index)
		rc = read_text(reading, values.load, "load", &board->load);
	if (rc == 0)
		rc = read_markers(reading, &values, board);
	if (rc == 0)
		rc = read_supply(reading, values.supply, index);
	if (rc == 0)
		rc = read_climate(reading, &values, board);
	if (rc == 0)
		rc = read_lines(reading, values.lines, board);
	return rc ? rc : read_faults(reading, values.faults, FAULT_ON_BOARD, &board->faults);
}

/* Devices ------------------------------------------------------------------------------------ */

struct device_values {
	struct yaml_value name, kind, listen, voltage, ambient, slew, overshoot, settle, log;
};

static const char *device_kind_name(const void *context, unsigned i)
{
	static const char *const names[] = {"supply", "chamber"};

	(void)context;
	return i < READ_COUNT(names) ? names[i] : NULL;
}

static int read_device_kind(struct reading *reading, struct yaml_value value,
			    enum config_device_kind *ret_kind)
{
	const char *text, *name;
	int rc = read_text(reading, value, "kind", &text);

	for (unsigned i = 0; rc == 0 && (name = device_kind_name(NULL, i)); i++) {
		if (!strcmp(name, text)) {
			*ret_kind = (enum config_device_kind)(CONFIG_SUPPLY + i);
			return 0;
		}
	}
	return rc ? rc
		  : yaml_tree_refuse(reading->tree, value.line, reading->err,
				     "kind: \"%s\" is not known; there are supply and chamber",
				     text);
}

/* A key of one kind of device at the other. */
static int refuse_strangers(struct reading *reading, const struct device_values *values,
			    enum config_device_kind kind)
{
	const struct {
		const char *key;
		struct yaml_value value;
		enum config_device_kind kind;
	} keys[] = {
		{"voltage", values->voltage, CONFIG_SUPPLY},
		{"ambient", values->ambient, CONFIG_CHAMBER},
		{"slew", values->slew, CONFIG_CHAMBER},
		{"overshoot", values->overshoot, CONFIG_CHAMBER},
		{"settle", values->settle, CONFIG_CHAMBER},
		{"log", values->log, CONFIG_CHAMBER},
	};

	for (size_t i = 0; i < READ_COUNT(keys); i++)
		if (keys[i].value.index && keys[i].kind != kind)
			return yaml_tree_refuse(reading->tree, keys[i].value.line, reading->err,
						"%s: not of a %s", keys[i].key,
						device_kind_name(NULL, kind - CONFIG_SUPPLY));
	return 0;
}

static int read_device_settings(struct reading *reading, const struct device_values *values,
				struct config_device *device)
{
	const struct {
		struct yaml_value value;
		const char *key;
		enum quantity quantity;
		double min, max, standard;
		double *ret;
	} rows[] = {
		{values->voltage, "voltage", QUANTITY_VOLTAGE, 0, SUPPLY_MAX_V, 3.3,
		 &device->voltage_v},
		{values->ambient, "ambient", QUANTITY_TEMP, AMBIENT_MIN_C, AMBIENT_MAX_C,
		 DEFAULT_AMBIENT, &device->ambient_c},
		{values->slew, "slew", QUANTITY_SLEW, 0.001, 100, 2.0 / 60, &device->slew_k_per_s},
		{values->overshoot, "overshoot", QUANTITY_TEMP_STEP, 0, 10, 0.5,
		 &device->overshoot_k},
		{values->settle, "settle", QUANTITY_TIME, 0.1, 3600, 60, &device->settle_s},
	};
	int rc = refuse_strangers(reading, values, device->kind);

	if (rc == 0 && values->log.index)
		rc = read_text(reading, values->log, "log", &device->log);

	for (size_t i = 0; i < READ_COUNT(rows) && rc == 0; i++) {
		*rows[i].ret = rows[i].standard;
		rc = read_quantity(reading, rows[i].value, rows[i].key, rows[i].quantity,
				   rows[i].min, rows[i].max, rows[i].ret);
	}
	return rc;
}

int read_device(struct reading *reading, struct yaml_value value, unsigned index)
{
	static const struct yaml_key keys[] = {
		{"name", true, offsetof(struct device_values, name)},
		{"kind", true, offsetof(struct device_values, kind)},
		{"listen", true, offsetof(struct device_values, listen)},
		{"voltage", false, offsetof(struct device_values, voltage)},
		{"ambient", false, offsetof(struct device_values, ambient)},
		{"slew", false, offsetof(struct device_values, slew)},
		{"overshoot", false, offsetof(struct device_values, overshoot)},
		{"settle", false, offsetof(struct device_values, settle)},
		{"log", false, offsetof(struct device_values, log)},
	};
	struct config_device *device = &reading->config->devices[index];
	struct device_values values = {{0}};
	int rc = yaml_tree_take(reading->tree, value, "a device", keys, READ_COUNT(keys), &values,
				reading->err);

	if (rc == 0)
		rc = read_name(reading, values.name, &device->name);
	if (rc == 0)
		rc = read_device_kind(reading, values.kind, &device->kind);
	if (rc == 0)
		rc = read_listen(reading, values.listen, &device->listen);
	return rc ? rc : read_device_settings(reading, &values, device);
}
