/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Faults of the logic inputs. See the header.
 */
#include "rigs/virtual/meters/ppk2_faults.h"

#include <assert.h>

void ppk2_faults_marker(struct ppk2_faults *faults, unsigned line, enum ppk2_marker_fault fault,
			unsigned samples)
{
	struct ppk2_line_fault *state = &faults->lines[line];

	assert(line < PPK2_MARKERS);
	if (fault == PPK2_MARKER_INVERT)
		state->invert = samples;
	else
		state->armed = fault;
	faults->bounce_samples[line] = samples;
	faults->lines_busy = true;
}

static bool line_is_busy(const struct ppk2_line_fault *line)
{
	return line->armed || line->stale || line->invert || line->bounce;
}

static void take_edge(struct ppk2_line_fault *line, unsigned bounce_samples)
{
	if (line->stale) {
		line->stale = false;
		return;
	}
	line->stale = line->armed == PPK2_MARKER_MISS;
	if (line->armed == PPK2_MARKER_BOUNCE)
		line->bounce = bounce_samples;
	line->armed = 0;
}

/* Whether the level is seen inverted. */
static bool line_step(struct ppk2_line_fault *line)
{
	bool inverted = line->stale;

	if (line->invert) {
		line->invert--;
		inverted = !inverted;
	}
	if (line->bounce) {
		line->bounce--;
		inverted ^= line->bounce & 1;
	}
	return inverted;
}

uint8_t ppk2_faults_logic(struct ppk2_faults *faults, uint8_t logic)
{
	uint8_t changed = logic ^ faults->last_true, seen = logic;
	bool busy = false;

	faults->last_true = logic;
	if (!faults->lines_busy)
		return logic;
	for (unsigned i = 0; i < PPK2_MARKERS; i++) {
		struct ppk2_line_fault *line = &faults->lines[i];

		if (!line_is_busy(line))
			continue;
		if (changed >> i & 1)
			take_edge(line, faults->bounce_samples[i]);
		if (line_step(line))
			seen ^= (uint8_t)(1u << i);
		busy |= line_is_busy(line);
	}
	faults->lines_busy = busy;
	return seen;
}
