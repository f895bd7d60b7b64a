/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The values of a driver's parameters, out of meter_settings.options: "key=value, key=value". Pure.
 *
 * A number is given in the parameter's unit, as strtod takes it; nothing may follow it. The words
 * of a parameter that is one are what its help begins with: "auto|10A|2A: the current range". The
 * word "*" stands for any.
 */
#ifndef DRIVERS_METER_METER_PARAMS_H
#define DRIVERS_METER_METER_PARAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "drivers/err.h"
#include "drivers/meter/meter.h"

enum { METER_WORD_BYTES = 40 };

struct meter_param_value {
	bool given;    /* by the options, not by its default */
	double number; /* of a number; of a word its place in help's list, from 0 */
	char word[METER_WORD_BYTES];
};

/* One value per parameter, in the table's order. -EINVAL: an unknown key (the sentence lists those
 * there are), one twice, one missing, a value out of range or no word of the list. */
int meter_params_parse(const struct meter_param *params, const char *options,
		       struct meter_param_value *ret_values, struct err *err);

#endif
