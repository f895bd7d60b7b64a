/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a rig file says of the temperature around its boards: typed ("ambient:"), read from a
 * sensor, or set by a chamber.
 *
 *   ambient: 21 degC
 *
 *   sensor: {uri: "hwmon:lm75/temp1", band: 1 K}
 *
 *   ambient: 23 degC           of the room: where the meters are, unless they say otherwise
 *   chamber:
 *     uri: scpi:tcp://oven:5025    of drivers/thermal/thermal.h: scpi:LINK or f4t:LINK
 *     baud: 9600 baud              of a serial link (default)
 *     band: 0.5 K                  to either side of the set point (default)
 *     settle: 10 min               for so long without leaving the band (default)
 *     timeout: 120 min             what does not settle in that time has failed (default)
 *     min: -40 degC                set points outside are refused (default)
 *     max: 150 degC
 *     rest: 23 degC                set when a session ends (default: it keeps the last set point)
 *
 * A sensor beside a chamber is at the boards: what it reads counts, for the band as well.
 */
#ifndef BENCH_CONFIG_RIG_AMBIENT_H
#define BENCH_CONFIG_RIG_AMBIENT_H

#include <cyaml/cyaml.h>
#include <jansson.h>

#include "bench/config/plan.h"
#include "bench/config/rig.h"

struct yaml_file;

/* As the file has them; NULL: not there. */
struct rig_ambient_text {
	char *uri, *baud, *band, *settle, *timeout, *min, *max, *rest;
};

extern const cyaml_schema_field_t rig_chamber_fields[], rig_sensor_fields[];

/* Fills the rig's ambient_c, chamber and sensor; ambient NULL: not there. -EINVAL: "FILE:LINE:
 * sentence", also when nothing says how warm it is. */
int rig_ambient_take(struct rig *rig, const struct yaml_file *file, const char *ambient,
		     const struct rig_ambient_text *chamber, const struct rig_ambient_text *sensor,
		     struct err *err);
/* A typed temperature, within what a lab can have. -EINVAL: a sentence without the file's line. */
int rig_ambient_parse(const char *text, double *ret_c, struct err *err);
/* With meters and boards: a chamber's room is where meters are that say nothing else. -EINVAL: a
 * link is that of another device. */
int rig_ambient_finish(struct rig *rig, const struct yaml_file *file, struct err *err);
/* Adds what the rig has of it to the object that is stored with the data. */
void rig_ambient_resolve(const struct rig *rig, json_t *object);

/* How far the ambient may be from what is asked for. */
double rig_ambient_band_k(const struct rig *rig);

/* Whether the rig can be at the plan's temperatures. -EINVAL: "PLAN:LINE: sentence". */
int rig_ambient_check_plan(const struct rig *rig, const struct plan *plan, struct err *err);

#endif
