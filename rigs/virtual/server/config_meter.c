/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The meters of the rig file.
 */
#include "rigs/virtual/server/config_read.h"

#include <stdlib.h>
#include <string.h>

#include "rigs/virtual/meters/ppk2.h"

#define SUPPLY_MIN_V    0.8
#define SUPPLY_MAX_V    5.0
#define SERIAL_MAX      7 /* digits, as a Joulescope has */
#define ADDRESS_FIRST   0x40
#define ADDRESS_LAST    0x4f
#define SHUNT_DEFAULT   0.1
#define SHUNT_TOLERANCE 0.01

struct meter_values {
	struct yaml_value name, kind, listen, export, supply, wires, serial, address, shunt,
		tolerance, calibration, faults;
};

static int read_kind(struct reading *reading, struct yaml_value value, struct config_meter *meter)
{
	const char *text, *near;
	double pace = reading->config->pace;
	int rc = read_text(reading, value, "kind", &text);

	if (rc < 0)
		return rc;
	meter->kind = meter_kind_find(text);
	if (meter->kind && meter_kind_get(meter->kind)->i2c && pace != 1)
		return yaml_tree_refuse(reading->tree, value.line, reading->err,
					"kind: an %s is read by the host's clock: it needs "
					"\"pace: 1\", not %g",
					text, pace);
	if (meter->kind)
		return 0;
	near = nearest_name(text, meter_kind_name, NULL);
	return yaml_tree_refuse(reading->tree, value.line, reading->err,
				"kind: \"%s\" is not known%s%s%s; there are ppk2, js220, js110, "
				"ina219, ina226, ina228, lpm01a",
				text, near ? ", did you mean \"" : "", near ? near : "",
				near ? "\"?" : "");
}

static int read_calibration(struct reading *reading, struct yaml_value value,
			    struct config_meter *meter)
{
	static const struct {
		const char *text;
		unsigned errors;
	} choices[] = {
		{"drawn", VPPK2_ERRORS},        {"ideal", 0},
		{"gain", VPPK2_ERROR_GAIN},     {"zero", VPPK2_ERROR_ZERO},
		{"supply", VPPK2_ERROR_SUPPLY},
	};
	size_t count = meter->kind == METER_PPK2 ? READ_COUNT(choices) : 2;
	const char *text = "drawn";
	int rc = value.index ? read_text(reading, value, "calibration", &text) : 0;

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count; i++) {
		meter->errors = choices[i].errors;
		if (!strcmp(text, choices[i].text))
			return 0;
	}
	return yaml_tree_refuse(reading->tree, value.line, reading->err,
				"calibration: \"%s\" is neither drawn nor ideal%s", text,
				count > 2 ? ", nor one of gain, zero and supply" : "");
}

/* A key of one kind of meter at another. */
static int refuse_strangers(struct reading *reading, const struct meter_values *values,
			    const struct meter_kind *kind)
{
	const struct {
		const char *key;
		struct yaml_value value;
		bool known;
	} keys[] = {
		{"export", values->export, kind->serial},
		{"supply", values->supply, kind->in_series},
		{"wires", values->wires, kind->inputs[0] != NULL},
		{"address", values->address, kind->i2c},
		{"shunt", values->shunt, kind->i2c},
		{"tolerance", values->tolerance, kind->i2c},
	};

	for (size_t i = 0; i < READ_COUNT(keys); i++)
		if (keys[i].value.index && !keys[i].known)
			return yaml_tree_refuse(reading->tree, keys[i].value.line, reading->err,
						"%s: not of a %s", keys[i].key, kind->name);
	return 0;
}

static int read_series(struct reading *reading, struct yaml_value meter_value,
		       struct yaml_value value, struct config_meter *meter)
{
	if (!meter_kind_get(meter->kind)->in_series)
		return 0;
	if (!value.index)
		return yaml_tree_refuse(reading->tree, meter_value.line, reading->err,
					"a %s feeds nothing itself: it needs the key 'supply'",
					meter_kind_get(meter->kind)->name);
	return read_quantity(reading, value, "supply", QUANTITY_VOLTAGE, SUPPLY_MIN_V, SUPPLY_MAX_V,
			     &meter->supply_v);
}

struct wires_values {
	struct yaml_value lines[METER_MARKERS];
};

static int read_wire(struct reading *reading, struct yaml_value value,
		     const struct meter_kind *kind, uint8_t *ret_input)
{
	const char *text;
	int rc = read_text(reading, value, "wires", &text);

	if (rc < 0)
		return rc;
	*ret_input = meter_kind_input(kind, text);
	if (*ret_input != METER_NO_INPUT || !strcmp(text, "none"))
		return 0;
	return yaml_tree_refuse(reading->tree, value.line, reading->err,
				"wires: a %s has no input \"%s\"", kind->name, text);
}

static int read_wires(struct reading *reading, struct yaml_value value, struct config_meter *meter)
{
	static const struct yaml_key keys[] = {
		{"line0", false, offsetof(struct wires_values, lines[0])},
		{"line1", false, offsetof(struct wires_values, lines[1])},
		{"line2", false, offsetof(struct wires_values, lines[2])},
	};
	const struct meter_kind *kind = meter_kind_get(meter->kind);
	struct wires_values values = {{{0}}};
	int rc = 0;

	memcpy(meter->wires, kind->wires, sizeof(meter->wires));
	if (!value.index)
		return 0;
	rc = yaml_tree_take(reading->tree, value, "wires", keys, READ_COUNT(keys), &values,
			    reading->err);
	for (unsigned line = 0; line < METER_MARKERS && rc == 0; line++)
		if (values.lines[line].index)
			rc = read_wire(reading, values.lines[line], kind, &meter->wires[line]);
	for (unsigned i = 0; i < METER_MARKERS && rc == 0; i++)
		for (unsigned k = 0; k < i; k++)
			if (meter->wires[i] != METER_NO_INPUT && meter->wires[i] == meter->wires[k])
				return yaml_tree_refuse(reading->tree, value.line, reading->err,
							"wires: line%u and line%u share the input "
							"%s",
							k, i, kind->inputs[meter->wires[i]]);
	return rc;
}

static int read_serial(struct reading *reading, struct yaml_value value, const char **ret_serial)
{
	int rc = value.index ? read_text(reading, value, "serial", ret_serial) : 0;

	if (rc < 0 || !value.index)
		return rc;
	if (strlen(*ret_serial) <= SERIAL_MAX &&
	    (*ret_serial)[strspn(*ret_serial, "0123456789")] == 0)
		return 0;
	return yaml_tree_refuse(reading->tree, value.line, reading->err,
				"serial: \"%s\": at most %d digits", *ret_serial, SERIAL_MAX);
}

static int read_address(struct reading *reading, struct yaml_value value, uint8_t *ret_address)
{
	unsigned long address = ADDRESS_FIRST;
	const char *text;
	char *end;
	int rc;

	if (value.index) {
		rc = read_text(reading, value, "address", &text);
		if (rc < 0)
			return rc;
		address = strtoul(text, &end, 0);
		if (*end || address < ADDRESS_FIRST || address > ADDRESS_LAST)
			return yaml_tree_refuse(reading->tree, value.line, reading->err,
						"address: \"%s\" is not from 0x%x to 0x%x", text,
						ADDRESS_FIRST, ADDRESS_LAST);
	}
	*ret_address = (uint8_t)address;
	return 0;
}

static int read_i2c(struct reading *reading, const struct meter_values *values,
		    struct config_meter *meter)
{
	int rc = read_address(reading, values->address, &meter->address);

	meter->shunt_ohm = SHUNT_DEFAULT;
	meter->shunt_tolerance = SHUNT_TOLERANCE;
	if (rc == 0)
		rc = read_quantity(reading, values->shunt, "shunt", QUANTITY_RESISTANCE, 1e-4, 100,
				   &meter->shunt_ohm);
	if (rc == 0)
		rc = read_quantity(reading, values->tolerance, "tolerance", QUANTITY_RATIO, 0, 0.1,
				   &meter->shunt_tolerance);
	return rc;
}

static int read_settings(struct reading *reading, struct yaml_value value,
			 const struct meter_values *values, struct config_meter *meter)
{
	const struct meter_kind *kind = meter_kind_get(meter->kind);
	int rc = refuse_strangers(reading, values, kind);

	if (rc == 0)
		rc = read_export(reading, values->export, values->name, !kind->serial, &meter->usb);
	if (rc == 0)
		rc = read_series(reading, value, values->supply, meter);
	if (rc == 0)
		rc = read_wires(reading, values->wires, meter);
	if (rc == 0)
		rc = read_serial(reading, values->serial, &meter->serial);
	if (rc == 0)
		rc = read_i2c(reading, values, meter);
	if (rc == 0)
		rc = read_calibration(reading, values->calibration, meter);
	return rc;
}

int read_meter(struct reading *reading, struct yaml_value value, unsigned index)
{
	static const struct yaml_key keys[] = {
		{"name", true, offsetof(struct meter_values, name)},
		{"kind", true, offsetof(struct meter_values, kind)},
		{"listen", true, offsetof(struct meter_values, listen)},
		{"export", false, offsetof(struct meter_values, export)},
		{"supply", false, offsetof(struct meter_values, supply)},
		{"wires", false, offsetof(struct meter_values, wires)},
		{"serial", false, offsetof(struct meter_values, serial)},
		{"address", false, offsetof(struct meter_values, address)},
		{"shunt", false, offsetof(struct meter_values, shunt)},
		{"tolerance", false, offsetof(struct meter_values, tolerance)},
		{"calibration", false, offsetof(struct meter_values, calibration)},
		{"faults", false, offsetof(struct meter_values, faults)},
	};
	struct config_meter *meter = &reading->config->meters[index];
	struct meter_values values = {{0}};
	int rc = yaml_tree_take(reading->tree, value, "a meter", keys, READ_COUNT(keys), &values,
				reading->err);

	if (rc == 0)
		rc = read_name(reading, values.name, &meter->name);
	if (rc == 0)
		rc = read_kind(reading, values.kind, meter);
	if (rc == 0)
		rc = read_listen(reading, values.listen, &meter->listen);
	if (rc == 0)
		rc = read_settings(reading, value, &values, meter);
	if (rc < 0)
		return rc;
	reading->meter = meter_kind_get(meter->kind);
	rc = read_faults(reading, values.faults, FAULT_ON_METER, &meter->faults);
	reading->meter = NULL;
	return rc;
}
