/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What joulebench scan prints: what is there, and lines for a rig file.
 */
#ifndef BENCH_REPORT_SCAN_OUT_H
#define BENCH_REPORT_SCAN_OUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "bench/session/scan.h"

void scan_out_print(const struct scan *scan, FILE *stream);
/* The meters: and boards: of a rig file, to be pasted; what nobody but the user can know stands in
 * capitals. Nothing when no device of use is there. */
void scan_out_yaml(const struct scan *scan, FILE *stream);
bool scan_out_has_parts(const struct scan *scan);
/* One sentence each, without a line's end; freed with json_decref(). NULL: out of memory. */
json_t *scan_out_warnings(const struct scan *scan);
/* Without its schema. NULL: out of memory. */
json_t *scan_out_json(const struct scan *scan);

#endif
