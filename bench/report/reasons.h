/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The closed list of what can be said against a measurement, printed.
 */
#ifndef BENCH_REPORT_REASONS_H
#define BENCH_REPORT_REASONS_H

#include <jansson.h>
#include <stdio.h>

void reasons_print(FILE *stream);
json_t *reasons_json(void); /* array; NULL: out of memory */

#endif
