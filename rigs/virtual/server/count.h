/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A board alone, without meter and plant, for counting what its core executes: its flash holds the
 * firmware from the start, its serial port is a network port as on any rig, and every edge of a
 * marker line writes the core's counters to a file, one JSON object per line.
 *
 * Schema "joulebench-counts/1": line (0..2), level, cycles (core cycles at the store),
 * sleep_cycles, instructions, taken_branches, flash_fetch_stalls, flash_data_reads, flash_stalls,
 * exceptions, toggled_bits, classes (object: instructions by class). All of them count from
 * power-on; what lies between two edges is the difference of their lines.
 *
 * Virtual time passes as fast as the host can, and stands still while the board sleeps and nobody
 * talks to it.
 */
#ifndef RIGS_VIRTUAL_SERVER_COUNT_H
#define RIGS_VIRTUAL_SERVER_COUNT_H

#include "rigs/virtual/verr.h"

struct count_config {
	const char *part;     /* chip.h */
	const char *firmware; /* file: the bytes at the start of the flash */
	const char *listen;   /* listener.h */
	const char *counts;   /* file to be written */
	double vdd_v;
};

/* Serves one client until it leaves or stop_fd becomes readable; announces the port and "ready" on
 * stderr as a rig does. Negative: with a sentence. */
int count_serve(const struct count_config *config, int stop_fd, struct verr *err);

#endif
