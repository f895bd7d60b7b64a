/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Lower envelope of block arrivals.
 */
#include "analysis/trace/clock_map.h"

#include <math.h>
#include <string.h>

enum { POINTS_MIN = 3, VERTICES_LEFT = CLOCK_MAP_VERTICES / 2 };

void clock_map_init(struct clock_map *map)
{
	*map = (struct clock_map){0};
}

/* Height of b over the line from a to c. */
static double height_over(const struct clock_map_point *a, const struct clock_map_point *b,
			  const struct clock_map_point *c)
{
	double share = (b->index - a->index) / (c->index - a->index);

	return b->t_ns - (a->t_ns + share * (c->t_ns - a->t_ns));
}

/* Drops the vertices that matter least until half of them are left. */
static void hull_trim(struct clock_map *map)
{
	struct clock_map_point *hull = map->hull;

	while (map->count > VERTICES_LEFT) {
		size_t least = 1;
		double depth, least_depth = INFINITY;

		for (size_t i = 1; i + 1 < map->count; i++) {
			depth = -height_over(&hull[i - 1], &hull[i], &hull[i + 1]);
			if (depth < least_depth) {
				least_depth = depth;
				least = i;
			}
		}
		map->trimmed_ns = fmax(map->trimmed_ns, least_depth);
		memmove(hull + least, hull + least + 1, (map->count - least - 1) * sizeof(*hull));
		map->count--;
	}
}

int clock_map_add(struct clock_map *map, uint64_t end_index, int64_t t_mono_ns)
{
	struct clock_map_point point;

	if (!map->points) {
		map->index0 = end_index;
		map->t0_ns = t_mono_ns;
	}
	if (end_index < map->index0 || t_mono_ns < map->t0_ns)
		return ANALYSIS_BAD_ARGUMENT;
	point = (struct clock_map_point){(double)(end_index - map->index0),
					 (double)(t_mono_ns - map->t0_ns)};
	if (map->points && (point.index < map->last.index || point.t_ns < map->last.t_ns))
		return ANALYSIS_BAD_ARGUMENT;
	if (map->points && point.index == map->last.index)
		return 0;
	while (map->count >= 2 &&
	       height_over(&map->hull[map->count - 2], &map->hull[map->count - 1], &point) >= 0)
		map->count--;
	if (map->count == CLOCK_MAP_VERTICES)
		hull_trim(map);
	map->hull[map->count++] = map->last = point;
	map->points++;
	sum_add(&map->index_sum, point.index);
	sum_add(&map->t_sum, point.t_ns);
	return 0;
}

int clock_map_fit(const struct clock_map *map, const struct clock_latency *latency,
		  struct clock_line *ret_line)
{
	const struct clock_map_point *a, *b;
	double points = (double)map->points, span = map->last.index, u_point_ns;
	struct clock_line line = {.index0 = map->index0,
				  .t0_ns = map->t0_ns,
				  .points = map->points,
				  .span_s = map->last.t_ns * 1e-9};
	size_t i = 0;

	if (map->points < POINTS_MIN || map->count < 2)
		return ANALYSIS_TOO_FEW_POINTS;
	if (latency && (!isfinite(latency->least_ns) || !(latency->u_least_ns >= 0)))
		return ANALYSIS_BAD_ARGUMENT;
	line.middle = sum_value(&map->index_sum) / points;
	while (i + 2 < map->count && map->hull[i + 1].index <= line.middle)
		i++;
	a = &map->hull[i];
	b = &map->hull[i + 1];
	line.ns_per_sample = (b->t_ns - a->t_ns) / (b->index - a->index);
	if (!(line.ns_per_sample > 0))
		return ANALYSIS_TOO_FEW_POINTS;
	line.offset_ns = a->t_ns - a->index * line.ns_per_sample;
	line.mean_late_ns = sum_value(&map->t_sum) / points -
			    (line.offset_ns + line.middle * line.ns_per_sample);
	u_point_ns = hypot(line.mean_late_ns / sqrt(points), map->trimmed_ns);
	line.u_ns = u_point_ns;
	line.u_ns_per_sample = sqrt(2) * u_point_ns / (span / 2);
	if (latency) {
		line.offset_ns -= latency->least_ns;
		line.u_ns = hypot(u_point_ns, latency->u_least_ns);
	}
	*ret_line = line;
	return 0;
}

double clock_line_rate_hz(const struct clock_line *line)
{
	return 1e9 / line->ns_per_sample;
}

double clock_line_u_rate_hz(const struct clock_line *line)
{
	return 1e9 / line->ns_per_sample * (line->u_ns_per_sample / line->ns_per_sample);
}

int64_t clock_line_time_ns(const struct clock_line *line, double index)
{
	double from = index - (double)line->index0;

	return line->t0_ns + llround(line->offset_ns + from * line->ns_per_sample);
}

double clock_line_index(const struct clock_line *line, int64_t t_mono_ns)
{
	double t_ns = (double)(t_mono_ns - line->t0_ns);

	return (double)line->index0 + (t_ns - line->offset_ns) / line->ns_per_sample;
}

double clock_line_u_ns(const struct clock_line *line, double index)
{
	double from = index - (double)line->index0 - line->middle;

	return hypot(line->u_ns, from * line->u_ns_per_sample);
}

double clock_line_late_ns(const struct clock_line *line, uint64_t end_index, int64_t t_mono_ns)
{
	double from = (double)(int64_t)(end_index - line->index0);

	return (double)(t_mono_ns - line->t0_ns) - (line->offset_ns + from * line->ns_per_sample);
}
