/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/config/quantity.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
	enum quantity_kind kind;
	const char *name;
	double factor; /* to the kind's SI unit */
};

static const struct unit units[] = {
	{QUANTITY_VOLTAGE, "V", 1},
	{QUANTITY_VOLTAGE, "mV", 1e-3},
	{QUANTITY_CURRENT, "A", 1},
	{QUANTITY_CURRENT, "mA", 1e-3},
	{QUANTITY_CURRENT, "uA", 1e-6},
	{QUANTITY_CURRENT, "nA", 1e-9},
	{QUANTITY_TIME, "s", 1},
	{QUANTITY_TIME, "ms", 1e-3},
	{QUANTITY_TIME, "us", 1e-6},
	{QUANTITY_TIME, "min", 60},
	{QUANTITY_FREQUENCY, "Hz", 1},
	{QUANTITY_FREQUENCY, "kHz", 1e3},
	{QUANTITY_FREQUENCY, "MHz", 1e6},
	{QUANTITY_TEMPERATURE, "degC", 1},
	{QUANTITY_BAUD, "baud", 1},
	{QUANTITY_BAUD, "kbaud", 1e3},
	{QUANTITY_RATIO, "%", 1e-2},
	{QUANTITY_RATIO, "ppm", 1e-6},
	{QUANTITY_TEMPERATURE_STEP, "K", 1},
};

enum { UNIT_COUNT = sizeof(units) / sizeof(units[0]) };

static void list_units(enum quantity_kind kind, char *text, size_t size)
{
	size_t used = 0;

	text[0] = 0;
	for (size_t i = 0; i < UNIT_COUNT && used < size; i++)
		if (units[i].kind == kind)
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
						 units[i].name);
}

const char *quantity_unit(enum quantity_kind kind)
{
	for (size_t i = 0; i < UNIT_COUNT; i++)
		if (units[i].kind == kind)
			return units[i].name;
	return "";
}

int quantity_parse(const char *text, enum quantity_kind kind, double *ret_value, struct err *err)
{
	char known[64];
	char *end;
	double number = strtod(text, &end);

	list_units(kind, known, sizeof(known));
	if (end == text || !isfinite(number))
		return err_set(err, -EINVAL, "'%s' is not a number with a unit (%s)", text, known);
	while (*end == ' ')
		end++;
	if (!*end)
		return err_set(err, -EINVAL, "'%s' has no unit: write it as '%s UNIT' (%s)", text,
			       text, known);
	for (size_t i = 0; i < UNIT_COUNT; i++) {
		if (units[i].kind == kind && !strcmp(units[i].name, end)) {
			*ret_value = number * units[i].factor;
			return 0;
		}
	}
	return err_set(err, -EINVAL, "'%s': unit '%s' does not fit here (%s)", text, end, known);
}

int quantity_parse_hz(const char *text, uint32_t *ret_hz, struct err *err)
{
	double hz, nearest;
	int ret = quantity_parse(text, QUANTITY_FREQUENCY, &hz, err);

	if (ret)
		return ret;
	nearest = round(hz);
	/* 13.333333 MHz is no binary fraction */
	if (nearest < 1e3 || nearest > 4e9 || fabs(hz - nearest) > 1e-3)
		return err_set(err, -EINVAL, "clock '%s' is not a whole number of Hz in range",
			       text);
	*ret_hz = (uint32_t)nearest;
	return 0;
}
