/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The truth log: what each measurement window really cost, one JSON object per line. The bench
 * never reads it; tests compare against it.
 *
 * A window is the time marker line 0 is high. An edge falls inside a slice of simulated time, whose
 * current is known only as its mean: the slice's charge is divided in proportion of time. Slices
 * around an edge are at most 10 us wide (one meter sample), and the decoupling capacitors' 20 us
 * low-pass bounds how much the current can bend inside one: for a step of dI at the edge the error
 * is below 0.5 us * dI * V, 16 nJ for 10 mA at 3.3 V.
 *
 * Schema "joulebench-truth/2": board, window (from 0, since the rig started), start_ps, end_ps
 * (virtual time), cycles (core cycles between the two edges), energy_j and charge_c (what goes into
 * the board at its own terminals: behind the meter, whose shunt's burden voltage is not in it;
 * gross, whatever the board draws when idle included), mean_supply_v (there, too) and junction_c
 * (means over time), junction_start_c and junction_end_c, edges_line1, edges_line2 (of either direction
 * inside). Version 1 had no junction_start_c and junction_end_c.
 */
#ifndef RIGS_VIRTUAL_SERVER_TRUTH_H
#define RIGS_VIRTUAL_SERVER_TRUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "rigs/virtual/verr.h"

#define TRUTH_LINES 3

struct truth_edge {
	unsigned line;
	bool level;
	int64_t t_ps;
	uint64_t cycles;
};

struct truth_slice {
	int64_t start_ps, end_ps;
	double charge_c, supply_v;
	double junction_c;        /* at its end */
	double junction_before_c; /* at its start */
};

/* One board's part of the log. */
struct truth {
	FILE *file;               /* NULL: nothing is written; not owned */
	const char *board;        /* not owned; plain characters only */
	struct truth_edge *edges; /* inside the slice that is being run */
	size_t edge_count, edge_capacity;
	bool levels[TRUTH_LINES];
	bool open;
	uint64_t window;
	int64_t start_ps;
	uint64_t start_cycles;
	double energy_j, charge_c, volt_s, kelvin_s; /* integrals so far */
	double junction_start_c;
	uint64_t line_edges[TRUTH_LINES];
};

/* Creates (or empties) the log, and the folder it is in. */
int truth_file_open(const char *path, FILE **ret_file, struct verr *err);

void truth_init(struct truth *truth, const char *board); /* with no file */
void truth_done(struct truth *truth);

/* An edge inside the slice that is being run, in order of time; an edge to the level the line
 * already has is none. -ENOMEM. */
int truth_add_edge(struct truth *truth, const struct truth_edge *edge, struct verr *err);
/* The slice is over: takes its edges into account, and writes the windows that ended. */
int truth_add_slice(struct truth *truth, const struct truth_slice *slice, struct verr *err);

#endif
