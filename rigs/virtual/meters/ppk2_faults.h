/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What may be wrong with a PPK2 or the wires to its logic port, sample by sample. Nothing is by
 * itself: each call below causes one fault.
 */
#ifndef RIGS_VIRTUAL_METERS_PPK2_FAULTS_H
#define RIGS_VIRTUAL_METERS_PPK2_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#define PPK2_MARKERS 8

enum ppk2_marker_fault {
	PPK2_MARKER_MISS = 1, /* the next edge is not seen; the one after it ends that */
	PPK2_MARKER_INVERT,   /* the level is inverted for some samples, from now on */
	PPK2_MARKER_BOUNCE,   /* after the next edge the level alternates for some samples */
};

struct ppk2_line_fault {
	enum ppk2_marker_fault armed; /* 0: none; waits for an edge (MISS, BOUNCE) */
	bool stale;                   /* an edge was missed: the old level is seen until the next */
	unsigned invert, bounce;      /* samples that are left */
};

struct ppk2_faults {
	unsigned lose, saturate; /* samples that are left */
	unsigned bounce_samples[PPK2_MARKERS];
	struct ppk2_line_fault lines[PPK2_MARKERS];
	uint8_t last_true; /* levels at the sample before */
	bool lines_busy;   /* some line's fault is armed or under way */
};

void ppk2_faults_marker(struct ppk2_faults *faults, unsigned line, enum ppk2_marker_fault fault,
			unsigned samples);
/* One sample's logic inputs as the instrument sees them. */
uint8_t ppk2_faults_logic(struct ppk2_faults *faults, uint8_t logic);

#endif
