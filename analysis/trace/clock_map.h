/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sample index <-> host monotonic time, from the arrival times of a meter's blocks.
 *
 * A block never arrives early: true line plus a delay >= 0. So the line wanted is not through the
 * middle of the points but under all of them, as close as it can be: the one that minimises the sum
 * of delays, which is the edge of the lower convex hull under the mean index (S. B. Moon, P.
 * Skelly, D. Towsley: Estimation and removal of clock skew from network delay measurements, INFOCOM
 * 1999). Late blocks, however late, do not move it. The hull is kept in bounded memory while points
 * come; cost is linear in points.
 *
 * What every block is late by cannot be seen from arrivals; the caller says what is known of it
 * (latency). Index n is the boundary before sample n: a block's arrival belongs to the end of its
 * last sample, first_index + count.
 */
#ifndef ANALYSIS_TRACE_CLOCK_MAP_H
#define ANALYSIS_TRACE_CLOCK_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/trace/error.h"
#include "analysis/trace/sum.h"

enum { CLOCK_MAP_VERTICES = 64 };

struct clock_map_point {
	double index, t_ns; /* from the first point on */
};

struct clock_map {
	struct clock_map_point hull[CLOCK_MAP_VERTICES];
	size_t count;
	uint64_t index0;
	int64_t t0_ns;
	struct clock_map_point last;
	uint64_t points;
	struct sum index_sum, t_sum;
	double trimmed_ns; /* what the hull may be off because vertices had to be dropped */
};

/* What is known of the least delay, e.g. a USB frame: 0 and 0 when it does not matter. */
struct clock_latency {
	double least_ns, u_least_ns;
};

/* t = t0 + offset + (index - index0) * ns_per_sample */
struct clock_line {
	uint64_t index0;
	int64_t t0_ns;
	double offset_ns, ns_per_sample;
	double middle; /* index, from index0, where the line is known best */
	double u_ns;   /* standard uncertainty there */
	double u_ns_per_sample;
	double mean_late_ns; /* of the blocks */
	uint64_t points;
	double span_s;
};

void clock_map_init(struct clock_map *map);
/* ANALYSIS_BAD_ARGUMENT: end_index or time goes back. A block with no new sample is ignored. */
int clock_map_add(struct clock_map *map, uint64_t end_index, int64_t t_mono_ns);
/* Standard uncertainties: of a point on the envelope mean delay / sqrt(points), which is cautious
 * for delays as likely near the least as anywhere, and right when they get rare towards it
 * linearly. The slope's: that of two such points half the span apart. latency: NULL for none.
 * ANALYSIS_TOO_FEW_POINTS: fewer than 3, or on fewer than 2 indices. ANALYSIS_BAD_ARGUMENT. */
int clock_map_fit(const struct clock_map *map, const struct clock_latency *latency,
		  struct clock_line *ret_line);

double clock_line_rate_hz(const struct clock_line *line);
double clock_line_u_rate_hz(const struct clock_line *line);
/* Of any index and time, far away too: the uncertainty grows with the distance. */
int64_t clock_line_time_ns(const struct clock_line *line, double index);
double clock_line_index(const struct clock_line *line, int64_t t_mono_ns);
double clock_line_u_ns(const struct clock_line *line, double index);
/* How much later than the line a point is: negative when the line is not under it. */
double clock_line_late_ns(const struct clock_line *line, uint64_t end_index, int64_t t_mono_ns);

#endif
