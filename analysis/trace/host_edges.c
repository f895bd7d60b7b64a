/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Host GPIO edges through a clock map.
 */
#include "analysis/trace/host_edges.h"

#include <math.h>

static bool timing_valid(const struct host_edge_timing *timing)
{
	return isfinite(timing->latency_ns) && timing->u_latency_ns >= 0 && timing->jitter_ns >= 0;
}

int host_edge_map(const struct clock_line *line, const struct host_edge *edge,
		  const struct host_edge_timing *timing, struct marker_event *ret_event)
{
	double position, u_ns;

	if (!timing_valid(timing) || !(line->ns_per_sample > 0))
		return ANALYSIS_BAD_ARGUMENT;
	position =
		clock_line_index(line, edge->t_mono_ns) - timing->latency_ns / line->ns_per_sample;
	u_ns = hypot(hypot(timing->u_latency_ns, timing->jitter_ns),
		     clock_line_u_ns(line, position));
	*ret_event = (struct marker_event){.line = edge->line,
					   .position_samples = position,
					   .u_samples = u_ns / line->ns_per_sample,
					   .rising = edge->rising};
	return 0;
}

double host_edges_u_distance(const struct clock_line *line, const struct host_edge_timing *timing,
			     double distance_samples)
{
	return hypot(sqrt(2) * timing->jitter_ns, distance_samples * line->u_ns_per_sample) /
	       line->ns_per_sample;
}
