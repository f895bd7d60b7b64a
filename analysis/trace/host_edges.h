/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Marker edges that the host saw on its own GPIO lines (monotonic time), in the meter's sample
 * index: for meters without logic inputs. What lies between the edge and its time stamp is
 * interrupt latency and jitter; between the meter and the host, the clock map. Both are in the
 * uncertainty.
 */
#ifndef ANALYSIS_TRACE_HOST_EDGES_H
#define ANALYSIS_TRACE_HOST_EDGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/trace/clock_map.h"
#include "analysis/trace/marker_stream.h"

struct host_edge {
	int64_t t_mono_ns;
	unsigned line;
	bool rising;
};

struct host_edge_timing {
	double latency_ns;   /* mean, from edge to stamp: subtracted */
	double u_latency_ns; /* standard uncertainty of that mean: common to all edges */
	double jitter_ns;    /* standard deviation from edge to edge: of each */
};

/* One edge. u_samples of *ret_event holds everything: map, latency and jitter.
 * ANALYSIS_BAD_ARGUMENT. */
int host_edge_map(const struct clock_line *line, const struct host_edge *edge,
		  const struct host_edge_timing *timing, struct marker_event *ret_event);
/* Standard uncertainty of the distance between two edges, in samples: latency and the map's offset
 * are common and cancel, jitter and the map's slope do not. */
double host_edges_u_distance(const struct clock_line *line, const struct host_edge_timing *timing,
			     double distance_samples);

#endif
