/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Joulescope JS220: the streams of several ports joined by their sample ids. Pure: frames go in,
 * runs of samples that have everything come out.
 *
 * sample_id counts ticks of 2 MSa/s in 32 bits and wraps after 2147 s; here it is followed in 64. A
 * sample is two ticks: current and voltage are one float for both, ranges (4 bits) and logic inputs
 * (1 bit, lowest bit first) one value per tick. Of a sample's logic byte, bit n is input n in its
 * first tick and bit 4 + n the same input in its second: a change inside of a sample is where the
 * two differ. The range is that of the second tick.
 *
 * Per port: what came before is dropped (is_duplicate); a jump forward is a loss, of that port's
 * samples, and so of the whole samples; a jump of more than JS220_JUMP_TICKS is refused until a
 * second frame bears it out, and one backwards always. A port that falls silent while others go on
 * loses the samples that no longer fit the window.
 */
#ifndef DRIVERS_METER_JS220_STREAMS_H
#define DRIVERS_METER_JS220_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/meter/js220_frames.h"

enum js220_signal {
	JS220_CURRENT,
	JS220_VOLTAGE,
	JS220_RANGE,
	JS220_GPI, /* .. JS220_GPI + 3 */
	JS220_SIGNALS = JS220_GPI + 4,
};

enum {
	JS220_WINDOW = 16384, /* samples, 16 ms: a full frame of an input is 2 ms long */
	JS220_GAPS = 32,
	JS220_JUMP_TICKS = 2 * JS220_TICK_HZ,
};

struct js220_gap {
	uint64_t begin, end; /* samples */
};

struct js220_streams {
	unsigned enabled; /* bit: enum js220_signal */
	/* Ticks, full width. */
	bool started[JS220_SIGNALS];
	uint64_t end[JS220_SIGNALS]; /* what came last ends here */
	bool suspect[JS220_SIGNALS];
	uint32_t suspect_id[JS220_SIGNALS]; /* what would bear a refused frame out */
	bool has_reference;
	uint64_t reference; /* a recent counter value, for the first ids */
	/* Samples: ticks / 2. */
	uint64_t next; /* the first that was not taken */
	bool has_next, has_origin;
	uint64_t origin; /* index 0 */
	struct js220_gap gap[JS220_GAPS];
	unsigned gap_count;
	uint64_t lost;                   /* right before next */
	bool was_duplicate, was_refused; /* since the last run */
	float current_a[JS220_WINDOW], voltage_v[JS220_WINDOW];
	uint8_t logic[JS220_WINDOW], range[JS220_WINDOW];
};

struct js220_run {
	const float *current_a, *voltage_v; /* the window's, until the next frame goes in */
	const uint8_t *logic, *range;
	size_t count;
	uint64_t index;                /* of the first, from the origin */
	uint64_t lost;                 /* right before it */
	bool is_duplicate, is_refused; /* frames came twice; frames were refused */
};

/* enabled: bits of enum js220_signal; current and voltage always are. */
void js220_streams_init(struct js220_streams *streams, unsigned enabled);
/* A full-width sample_id that is less than 2^31 ticks (17 minutes) away from those to come. */
void js220_streams_reference(struct js220_streams *streams, uint64_t counter);
/* Index 0 is this sample_id; what is older is dropped and not lost. Before this nothing is taken.
 */
void js220_streams_set_origin(struct js220_streams *streams, uint64_t counter);
/* Which samples the id stands in front of, as an index; negative before the origin. */
int64_t js220_streams_index(const struct js220_streams *streams, uint64_t counter);

/* Whether a frame finds room in the window without anything falling out that could be taken. */
bool js220_streams_fits(const struct js220_streams *streams, const struct js220_frame *frame);
/* One frame of a stream port, which fits, or nothing is left to be taken. False: not one of the
 * enabled signals, or no samples in it. */
bool js220_streams_put(struct js220_streams *streams, const struct js220_frame *frame);
/* The next run of 1..max samples, or false: more frames are needed. */
bool js220_streams_take(struct js220_streams *streams, size_t max, struct js220_run *ret_run);
/* The signal that keeps the others waiting: its name. */
const char *js220_streams_laggard(const struct js220_streams *streams);

#endif
