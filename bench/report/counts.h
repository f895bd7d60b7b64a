/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What counting a model on a virtual board found, as a table or JSON.
 */
#ifndef BENCH_REPORT_COUNTS_H
#define BENCH_REPORT_COUNTS_H

#include <stdio.h>

#include <jansson.h>

#include "bench/session/virtual_count.h"

struct counts_report {
	const char *board, *build, *runtime;
	bool eliminate;
	const struct model_image *image;
	const struct virtual_count *count;
	uint32_t output_crc32; /* over the model's outputs as the file has them */
};

void counts_print(const struct counts_report *report, FILE *stream);
json_t *counts_json(const struct counts_report *report); /* NULL: out of memory */

#endif
