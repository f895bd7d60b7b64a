/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Numbers with units. See the header.
 */
#include "rigs/virtual/server/quantity.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
	enum quantity quantity;
	const char *name;
	double factor;
};

static const struct unit units[] = {
	{QUANTITY_NUMBER, "", 1},        {QUANTITY_RATIO, "", 1},
	{QUANTITY_RATIO, "%", 0.01},     {QUANTITY_RATIO, "ppm", 1e-6},
	{QUANTITY_TIME, "us", 1e-6},     {QUANTITY_TIME, "ms", 1e-3},
	{QUANTITY_TIME, "s", 1},         {QUANTITY_TIME, "min", 60},
	{QUANTITY_VOLTAGE, "mV", 1e-3},  {QUANTITY_VOLTAGE, "V", 1},
	{QUANTITY_TEMP, "degC", 1},      {QUANTITY_TEMP_STEP, "K", 1},
	{QUANTITY_SLEW, "K/s", 1},       {QUANTITY_SLEW, "K/min", 1.0 / 60},
	{QUANTITY_RESISTANCE, "ohm", 1}, {QUANTITY_RESISTANCE, "mohm", 1e-3},
};

static const char *const examples[] = {
	[QUANTITY_NUMBER] = "a number, such as 64",
	[QUANTITY_RATIO] = "a share, such as 1.3 %",
	[QUANTITY_TIME] = "a time with its unit, such as 20 ms",
	[QUANTITY_VOLTAGE] = "a voltage with its unit, such as 3.3 V",
	[QUANTITY_TEMP] = "a temperature with its unit, such as 21 degC",
	[QUANTITY_TEMP_STEP] = "a temperature difference with its unit, such as 0.5 K",
	[QUANTITY_SLEW] = "a slew rate with its unit, such as 2 K/min",
	[QUANTITY_RESISTANCE] = "a resistance with its unit, such as 0.1 ohm",
};

int quantity_read(const char *text, enum quantity quantity, double *ret_value, char *ret_sentence,
		  size_t size)
{
	char *end;
	double value = strtod(text, &end);
	bool has_number = end != text;

	while (*end == ' ')
		end++;
	for (size_t i = 0; has_number && i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].quantity != quantity || strcmp(units[i].name, end))
			continue;
		if (!isfinite(value))
			break;
		*ret_value = value * units[i].factor;
		return 0;
	}
	snprintf(ret_sentence, size, "\"%s\" is not %s", text, examples[quantity]);
	return -1;
}
