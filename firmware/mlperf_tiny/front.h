/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A board that speaks the text protocol of MLPerf Tiny instead of firmware/wire: commands that end
 * with '%', answers that end with "m-ready". Linked in place of firmware/agent, over the same
 * ports. Protocol: mlcommons/tiny, benchmark/api/internally_implemented.cpp; firmware/README.md
 * says where this one differs.
 *
 * The model is the image at the start of the port's slot, whoever put it there; its own CRC-32 says
 * whether it is whole. Inputs and results are the image's: int8, one byte each.
 */
#ifndef FIRMWARE_MLPERF_TINY_FRONT_H
#define FIRMWARE_MLPERF_TINY_FRONT_H

#include <stdbool.h>
#include <stdint.h>

#include "firmware/runtime/runtime.h"

enum {
	FRONT_COMMAND_MAX = 80, /* characters, as EE_CMD_SIZE */
	FRONT_QUIET_MS = 50,    /* asleep with a silent line before and behind the timed loop */
	FRONT_EDGE_US = 100,    /* a time stamp's pulse; the protocol asks for 1 us at least */
};

/* What became of the model in the slot. */
struct front_model {
	enum runtime_status status; /* RUNTIME_OK: runtime holds it */
	struct runtime runtime;
	uint32_t crc32;
};

/* The input that "db" loads, straight into the model's arena. */
struct front_input {
	uint32_t due; /* 0: nothing was announced, the input is all zeros */
	uint32_t at;
};

/* Cycles since start. Exact while the core runs and something looks at it every 2^32 cycles: within
 * one timed loop. Whether sleep counts is the chip's affair. */
struct front_clock {
	uint64_t cycles;
	uint32_t last;
};

struct front {
	bool is_energy; /* a time stamp is a falling edge on line 2, and no text */
	char command[FRONT_COMMAND_MAX + 1];
	uint32_t used; /* FRONT_COMMAND_MAX + 1: the command is too long */
	struct front_model model;
	struct front_input input;
	struct front_clock clock;
};

/* Sets the fastest clock, opens the model, says that the board is ready. */
void front_init(struct front *front, bool is_energy);
/* Takes one received byte; carries a command out before it returns. */
void front_feed(struct front *front, uint8_t byte);

#endif
