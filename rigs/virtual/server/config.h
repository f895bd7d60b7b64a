/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The rig file of a virtual rig (YAML):
 *
 *   seed: 1                    every board, meter, noise and error follows from it
 *   pace: 25                   at most so many virtual seconds per host second (default 25)
 *   truth: build/truth.jsonl   the truth log (default: none); emptied when the rig starts
 *   boards:
 *     - name: nucleo-1         letters, digits, ". _ -"
 *       part: stm32l4r5
 *       ambient: 21 degC       (default 21 degC)
 *       listen: unix:PATH      or tcp:127.0.0.1:PORT
 *       supply: ppk2-1         the meter that feeds it; its D0..D2 are marker lines 0..2
 *       flash: PATH            file that keeps its flash (default: none, erased at start)
 *       lines: {reset: dtr, boot: "!rts"}
 *                              (default) active while the client asserts the line, "!": while it
 *                              does not; reset pulls NRST low, boot raises BOOT0
 *   meters:
 *     - name: ppk2-1
 *       kind: ppk2
 *       listen: unix:PATH
 *
 * Relative paths are relative to the current directory.
 */
#ifndef RIGS_VIRTUAL_SERVER_CONFIG_H
#define RIGS_VIRTUAL_SERVER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "rigs/virtual/verr.h"

struct config_line {
	bool is_dtr;
	bool active_asserted;
};

struct config_lines { /* as text; NULL: default */
	char *reset, *boot;
};

struct config_board {
	char *name, *part, *listen, *supply;
	char *ambient, *flash; /* text; NULL: default */
	struct config_lines *lines_text;
	/* Resolved. */
	double ambient_c;
	unsigned meter; /* index */
	struct config_line reset, boot;
};

struct config_meter {
	char *name, *kind, *listen;
};

struct config {
	char *seed_text, *pace_text;
	char *truth; /* NULL: none */
	struct config_board *boards;
	unsigned boards_count;
	struct config_meter *meters;
	unsigned meters_count;
	/* Resolved. */
	uint64_t seed;
	double pace;
};

/* Reads and checks everything that can be checked without touching a socket. The sentence begins
 * with FILE:LINE. */
int config_load(const char *path, struct config **ret_config, struct verr *err);
void config_free(struct config *config); /* accepts NULL */

#endif
