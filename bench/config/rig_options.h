/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * "options:" of a meter, in a part or rig file: parameters of its driver, each with its unit.
 *
 *   options: {rate_hz: 100 kHz, range: 180 mA, lines: 3}
 *
 * A value may be in any SI multiple of the parameter's unit and is handed on in the parameter's
 * own. What the rig file says comes before its part.
 */
#ifndef BENCH_CONFIG_RIG_OPTIONS_H
#define BENCH_CONFIG_RIG_OPTIONS_H

#include "drivers/err.h"
#include "drivers/meter/meter.h"

struct yaml_file;

/* The files and the key path of each one's options ("options", "meters[1].options"). */
struct rig_options_source {
	const struct yaml_file *file; /* NULL: none */
	const char *key;
};

/* Checks what both files say against the driver's table, and writes "key=value,key=value" as
 * meter_settings.options takes it; NULL when neither has options. Freed with free().
 * -EINVAL: "FILE:LINE: sentence", for an unknown key with the nearest known name. */
int rig_options_take(const struct meter_ops *driver, const struct rig_options_source *part,
		     const struct rig_options_source *own, char **ret_options, struct err *err);

/* A value into the parameter's own unit: "100 kHz" of a parameter in Hz is "100000". A parameter
 * without a unit takes the text as it stands. -EINVAL: no unit, another one, no number. */
int rig_option_convert(const struct meter_param *param, const char *text, char *ret_value,
		       size_t size, struct err *err);

#endif
