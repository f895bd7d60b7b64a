/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/report/scan_out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char rules[] = "install drivers/udev/70-joulebench.rules, or add yourself to group";

static const char *best_path(const struct serial_found *port)
{
	return port->stable_path[0] ? port->stable_path : port->path;
}

static const struct scan_kind *kind_of_port(const struct serial_found *port)
{
	return port->is_usb ? scan_kind_find(port->vendor, port->product, true) : NULL;
}

static const struct scan_kind *kind_of_usb(const struct usb_found *usb)
{
	return scan_kind_find(usb->identity.vendor, usb->identity.product, false);
}

static const char *serial_or(const char *serial)
{
	return serial[0] ? serial : "no serial number";
}

/* Table ---------------------------------------------------------------------------------------- */

static void print_serial(const struct scan *scan, FILE *stream)
{
	fprintf(stream, "Serial ports:%s\n", scan->serial_count ? "" : " none");
	for (size_t i = 0; i < scan->serial_count; i++) {
		const struct serial_found *port = &scan->serial[i];
		const struct scan_kind *kind = kind_of_port(port);

		fprintf(stream, "  %s", port->path);
		if (port->is_usb)
			fprintf(stream, "  usb %04x:%04x, %s", port->vendor, port->product,
				serial_or(port->serial));
		if (port->description[0])
			fprintf(stream, ", %s", port->description);
		if (kind)
			fprintf(stream, ": %s%s", kind->name,
				scan_is_data_port(scan, i) ? "" : ", its second port");
		fputc('\n', stream);
		if (port->stable_path[0])
			fprintf(stream, "    %s\n", port->stable_path);
		if (port->open_error == -EACCES)
			fprintf(stream, "    no permission: %s dialout\n", rules);
	}
}

static void print_usb(const struct scan *scan, FILE *stream)
{
	fprintf(stream, "USB instruments:%s\n", scan->usb_count ? "" : " none");
	for (size_t i = 0; i < scan->usb_count; i++) {
		const struct usb_found *usb = &scan->usb[i];

		fprintf(stream, "  %s  %s, %s\n", usb->uri, kind_of_usb(usb)->name,
			usb->open_error ? "may not be asked for its serial number"
					: serial_or(usb->identity.serial));
		if (usb->open_error == -EACCES)
			fprintf(stream, "    no permission: %s plugdev\n", rules);
	}
}

static void print_i2c(const struct scan *scan, FILE *stream)
{
	fprintf(stream, "I2C power monitors:%s\n",
		scan->i2c_count ? ""
				: " not looked for (say where: --i2c /dev/i2c-1:0x40,0x41)");
	for (size_t i = 0; i < scan->i2c_count; i++) {
		const struct scan_i2c *found = &scan->i2c[i];

		fprintf(stream, "  %s at 0x%02x: %s\n", found->bus, found->address,
			found->code      ? found->problem
			: found->part[0] ? found->part
					 : "answers, but tells no name (an INA219 does not)");
	}
}

static void print_gpio(const struct scan *scan, FILE *stream)
{
	fprintf(stream, "GPIO chips:%s\n", scan->gpio_count ? "" : " none");
	for (size_t i = 0; i < scan->gpio_count; i++) {
		const struct gpio_found *chip = &scan->gpio[i];

		if (chip->open_error)
			fprintf(stream, "  %s  %s%s\n", chip->path, strerror(-chip->open_error),
				chip->open_error == -EACCES ? ": install "
							      "drivers/udev/70-joulebench.rules, "
							      "or add yourself to group gpio"
							    : "");
		else
			fprintf(stream, "  %s  %s, %u lines\n", chip->path, chip->label,
				chip->line_count);
	}
}

void scan_out_print(const struct scan *scan, FILE *stream)
{
	print_serial(scan, stream);
	print_usb(scan, stream);
	print_i2c(scan, stream);
	print_gpio(scan, stream);
}

/* Warnings ------------------------------------------------------------------------------------- */

static void warn_alike(const struct scan *scan, json_t *list)
{
	for (const struct scan_kind *kind = scan_kinds; kind->name; kind++) {
		size_t count = scan_count_alike(scan, kind);

		if (count > 1)
			json_array_append_new(
				list,
				json_sprintf("%zu of the kind %s: which is which? Their serial "
					     "numbers tell; name each by its own link, and check "
					     "by unplugging one",
					     count, kind->name));
	}
}

static void warn_unstable(const struct scan *scan, json_t *list)
{
	for (size_t i = 0; i < scan->serial_count; i++) {
		const struct serial_found *port = &scan->serial[i];

		if (port->is_usb && !port->serial[0])
			json_array_append_new(
				list,
				json_sprintf("%s (usb %04x:%04x) has no serial number: with a "
					     "second one like it, which is which changes with the "
					     "order of plugging in",
					     port->path, port->vendor, port->product));
	}
}

json_t *scan_out_warnings(const struct scan *scan)
{
	json_t *list = json_array();

	for (int i = 0; i < 3; i++)
		if (scan->problems[i][0])
			json_array_append_new(list, json_string(scan->problems[i]));
	warn_alike(scan, list);
	warn_unstable(scan, list);
	return list;
}

/* Rig parts ------------------------------------------------------------------------------------ */

struct yaml_meters {
	FILE *stream;
	unsigned count;
	char first[40];
};

static void put_meter(struct yaml_meters *meters, const char *driver, const char *link,
		      const char *serial, bool powers)
{
	unsigned number = ++meters->count;

	if (number == 1) {
		fprintf(meters->stream, "meters:\n");
		snprintf(meters->first, sizeof(meters->first), "%s-1", driver);
	}
	fprintf(meters->stream, "  - name: %s-%u # %s\n    part: parts/%s.yaml\n    link: %s\n",
		driver, number, serial_or(serial), driver, link);
	fputs(powers ? "    supply: 3.3 V # as measured at the board\n    supply_u: 10 mV\n"
		     : "    supply: none # another supply feeds the board\n",
	      meters->stream);
}

static void put_meters(const struct scan *scan, struct yaml_meters *meters)
{
	char link[300];

	for (size_t i = 0; i < scan->serial_count; i++) {
		const struct serial_found *port = &scan->serial[i];
		const struct scan_kind *kind = kind_of_port(port);

		if (!kind || !kind->driver || !scan_is_data_port(scan, i))
			continue;
		snprintf(link, sizeof(link), "serial:%s", best_path(port));
		put_meter(meters, kind->driver, link, port->serial, true);
	}
	for (size_t i = 0; i < scan->usb_count; i++) {
		const struct scan_kind *kind = kind_of_usb(&scan->usb[i]);

		if (kind->driver)
			put_meter(meters, kind->driver, scan->usb[i].uri,
				  scan->usb[i].identity.serial, false);
	}
}

static bool may_be_board(const struct serial_found *port)
{
	const struct scan_kind *kind = kind_of_port(port);

	return port->is_usb && (!kind || !kind->driver);
}

void scan_out_yaml(const struct scan *scan, FILE *stream)
{
	struct yaml_meters meters = {.stream = stream, .first = "METER"};
	unsigned boards = 0;

	put_meters(scan, &meters);
	for (size_t i = 0; i < scan->serial_count; i++) {
		const struct serial_found *port = &scan->serial[i];

		if (!may_be_board(port))
			continue;
		fprintf(stream,
			"%s  - name: board-%u # %s%s%s\n    part: parts/BOARD.yaml # which board "
			"is it?\n    link: serial:%s\n    meter: %s\n",
			boards ? "" : "boards:\n", boards + 1, serial_or(port->serial),
			port->description[0] ? ", " : "", port->description, best_path(port),
			boards ? "METER" : meters.first);
		boards++;
	}
}

bool scan_out_has_parts(const struct scan *scan)
{
	for (size_t i = 0; i < scan->serial_count; i++)
		if (scan->serial[i].is_usb)
			return true;
	for (size_t i = 0; i < scan->usb_count; i++)
		if (kind_of_usb(&scan->usb[i])->driver)
			return true;
	return false;
}

/* JSON ----------------------------------------------------------------------------------------- */

static json_t *serial_json(const struct scan *scan)
{
	json_t *list = json_array();

	for (size_t i = 0; i < scan->serial_count; i++) {
		const struct serial_found *port = &scan->serial[i];
		const struct scan_kind *kind = kind_of_port(port);
		json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:b}", "path", port->path,
					   "stable_path", port->stable_path, "serial", port->serial,
					   "description", port->description, "permitted",
					   !port->open_error);
		char numbers[16];

		if (object && port->is_usb) {
			snprintf(numbers, sizeof(numbers), "%04x:%04x", port->vendor,
				 port->product);
			json_object_set_new(object, "usb", json_string(numbers));
			json_object_set_new(object, "interface", json_integer(port->interface));
			json_object_set_new(object, "data_port",
					    json_boolean(scan_is_data_port(scan, i)));
		}
		if (object && kind)
			json_object_set_new(object, "kind", json_string(kind->name));
		if (object && kind && kind->driver)
			json_object_set_new(object, "driver", json_string(kind->driver));
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *usb_json(const struct scan *scan)
{
	json_t *list = json_array();

	for (size_t i = 0; i < scan->usb_count; i++) {
		const struct usb_found *usb = &scan->usb[i];
		const struct scan_kind *kind = kind_of_usb(usb);
		json_t *object = json_pack("{s:s, s:s, s:s, s:b}", "uri", usb->uri, "serial",
					   usb->identity.serial, "kind", kind->name, "permitted",
					   !usb->open_error);

		if (object && kind->driver)
			json_object_set_new(object, "driver", json_string(kind->driver));
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *i2c_json(const struct scan *scan)
{
	json_t *list = json_array();

	for (size_t i = 0; i < scan->i2c_count; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:i, s:b, s:s, s:s}", "bus", scan->i2c[i].bus,
					"address", (int)scan->i2c[i].address, "answers",
					!scan->i2c[i].code, "part", scan->i2c[i].part, "problem",
					scan->i2c[i].problem));
	return list;
}

static json_t *gpio_json(const struct scan *scan)
{
	json_t *list = json_array();

	for (size_t i = 0; i < scan->gpio_count; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:i, s:b}", "path", scan->gpio[i].path,
					"label", scan->gpio[i].label, "lines",
					(int)scan->gpio[i].line_count, "permitted",
					!scan->gpio[i].open_error));
	return list;
}

json_t *scan_out_json(const struct scan *scan)
{
	char *yaml = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&yaml, &size);
	json_t *object;

	if (!stream)
		return NULL;
	scan_out_yaml(scan, stream);
	if (fclose(stream)) {
		free(yaml);
		return NULL;
	}
	object = json_pack("{s:o, s:o, s:o, s:o, s:o, s:s}", "serial_ports", serial_json(scan),
			   "usb", usb_json(scan), "i2c", i2c_json(scan), "gpio_chips",
			   gpio_json(scan), "warnings", scan_out_warnings(scan), "rig_yaml", yaml);
	free(yaml);
	return object;
}
