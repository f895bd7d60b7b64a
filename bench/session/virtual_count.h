/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a board's core executes for one inference, counted without any board: the real firmware runs
 * on a virtual board (virtual-rig count), the bench talks to it as to any other, and the virtual
 * core's counters are read at the edges of the marker lines.
 */
#ifndef BENCH_SESSION_VIRTUAL_COUNT_H
#define BENCH_SESSION_VIRTUAL_COUNT_H

#include "bench/model/model.h"
#include "drivers/err.h"
#include "firmware/wire/wire.h"

enum { COUNT_CLASSES_MAX = 16, COUNT_CLASS_NAME_MAX = 24 };

/* What the core did between two edges. */
struct count_span {
	uint64_t instructions, cycles, taken_branches;
	uint64_t flash_fetch_stalls, flash_data_reads, flash_stalls;
	uint64_t classes[COUNT_CLASSES_MAX]; /* instructions of each class */
};

struct virtual_count_job {
	const char *chip;     /* part of the virtual board */
	const char *firmware; /* path of its .bin */
	uint32_t clock_hz;    /* 0: the chip's fastest level */
	const struct model_image *image;
	const uint8_t *input; /* image->input_bytes */
};

struct virtual_count {
	struct wire_hello_reply hello;
	struct wire_clock_reply clock;
	unsigned class_count;
	char class_names[COUNT_CLASSES_MAX][COUNT_CLASS_NAME_MAX];
	/* One inference, from the rise of the window's line to the edge that ends the inference;
	 * the caches are warm from one before it. */
	struct count_span whole;
	struct count_span *layers;    /* image->op_count: each operator of the image, its mark
					 included; all zeros behind an exit that was taken */
	uint64_t board_cycles;        /* of the whole window, as the board counted them itself */
	uint64_t *board_layer_cycles; /* image->op_count, as the board counted them itself */
	uint8_t *output;              /* output_bytes */
	uint32_t output_bytes;
	bool exited; /* the inference ended at the model's exit */
};

/* Starts the virtual board, loads the image, runs it twice (whole, then layer by layer), ends the
 * board. rig_program: path of virtual-rig. -EINVAL: no such clock level, or the board refuses the
 * image (the sentence says why); -EREMOTEIO, -ETIMEDOUT, -EIO: the virtual board failed. */
int virtual_count_run(const char *rig_program, const struct virtual_count_job *job,
		      struct virtual_count *ret_count, struct err *err);
void virtual_count_done(struct virtual_count *count); /* accepts a zeroed one */

#endif
