/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the user asked joulebench count for. The command counts by simulation (count.c) or by a
 * table, which it also makes (count_tables.c).
 */
#ifndef BENCH_COMMANDS_COUNT_INPUTS_H
#define BENCH_COMMANDS_COUNT_INPUTS_H

#include <limits.h>

#include "bench/config/rig_parts.h"
#include "bench/model/model.h"
#include "drivers/err.h"

struct count_inputs {
	const char *model_path, *board, *clock, *build, *runtime, *input_path;
	const char *firmware_folder, *parts_folder;
	const char *counts_path, *out_path, *networks;
	bool eliminate, json, identify, partial;
	struct rig_part_board part;
	struct model_image *image;
	uint8_t *input;
	uint32_t clock_hz;
};

struct count_paths {
	char program[PATH_MAX]; /* virtual-rig */
	char firmware[PATH_MAX + 300];
};

/* Part file of inputs->board. */
int count_part_load(struct count_inputs *inputs, struct err *err);
/* Clock level of the part; the fastest when none was asked for. */
int count_clock_read(struct count_inputs *inputs, struct err *err);
int count_model_compile(struct count_inputs *inputs, struct err *err);
void count_paths_fill(const struct count_inputs *inputs, struct count_paths *ret_paths);

/* --identify and --counts; print what they find. */
int count_table_make(struct count_inputs *inputs, struct err *err);
int count_by_table(struct count_inputs *inputs, struct err *err);

#endif
