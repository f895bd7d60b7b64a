/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What "--json" prints: one object on stdout, with a "schema" key.
 */
#ifndef BENCH_REPORT_JSON_OUT_H
#define BENCH_REPORT_JSON_OUT_H

#include <jansson.h>

#include "drivers/err.h"

/* Prints object (the reference is taken, also when it fails; NULL is out of memory) with schema as
 * its first key. -EIO when stdout cannot take it. */
int json_out_print(const char *schema, json_t *object, struct err *err);

#endif
