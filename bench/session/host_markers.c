/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/host_markers.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/marker/marker.h"

enum {
	BATCH = 256,
	GUARD_MAX = SEGMENT_KEEP_MAX / 2,
};

_Static_assert((int)MARKER_LINES == (int)RUN_LINES, "a run has a source's lines");

static const double guard_sigmas = 3; /* of an edge's place: until what counts as idle */

/* A block without its samples, which begin at `at`. */
struct kept_block {
	uint64_t first_index, lost, corrected;
	uint32_t count, flags, range_switches;
	int64_t t_mono_ns;
	bool has_integral;
	struct meter_integral integral;
	size_t at;
};

/* A growing array. */
struct list {
	void *items;
	size_t count, capacity, size;
};

struct host_markers {
	struct marker *marker;
	unsigned caps;
	struct list blocks, arrivals, bounds, edges;
	struct clock_map map; /* so far */
	struct list current_a, voltage_v, raw_a, range;
	struct marker_event *events;
	size_t event_count;
	struct marker_edges known;
	struct host_levels levels;
	uint64_t lost;
	bool has_fallen;
	int64_t fell_ns;
};

/* Appends items; those are copied. */
static int list_add(struct list *list, const void *items, size_t count, struct err *err)
{
	if (list->count + count > list->capacity) {
		size_t capacity = 2 * (list->count + count);
		void *grown = realloc(list->items, capacity * list->size);

		if (!grown)
			return err_set(err, -ENOMEM, "out of memory");
		list->items = grown;
		list->capacity = capacity;
	}
	memcpy((char *)list->items + list->count * list->size, items, count * list->size);
	list->count += count;
	return 0;
}

static int add_mark(struct list *list, uint64_t index, int64_t t_mono_ns, struct err *err)
{
	const struct host_mark mark = {index, t_mono_ns};

	return list_add(list, &mark, 1, err);
}

/* The first sample begins no earlier than the meter is started. */
int host_markers_open(const char *uri, unsigned caps, struct link_tape *tape,
		      struct host_markers **ret_markers, struct err *err)
{
	struct host_markers *markers = calloc(1, sizeof(*markers));
	int ret;

	if (!markers)
		return err_set(err, -ENOMEM, "out of memory");
	markers->caps = caps;
	markers->blocks.size = sizeof(struct kept_block);
	markers->arrivals.size = markers->bounds.size = sizeof(struct host_mark);
	markers->edges.size = sizeof(struct host_edge);
	markers->current_a.size = markers->voltage_v.size = markers->raw_a.size = sizeof(float);
	markers->range.size = 1;
	ret = marker_open_taped(uri, tape, &markers->marker, err);
	if (!ret)
		ret = add_mark(&markers->bounds, 0, link_tape_clock_ns(tape), err);
	if (ret) {
		host_markers_close(markers);
		return ret;
	}
	*ret_markers = markers;
	return 0;
}

void host_markers_close(struct host_markers *markers)
{
	if (!markers)
		return;
	marker_close(markers->marker);
	free(markers->blocks.items);
	free(markers->arrivals.items);
	free(markers->bounds.items);
	free(markers->edges.items);
	free(markers->current_a.items);
	free(markers->voltage_v.items);
	free(markers->raw_a.items);
	free(markers->range.items);
	free(markers->events);
	free(markers);
}

/* ---- while it captures ---- */

static int add_edge(struct host_markers *markers, const struct marker_edge *edge, struct err *err)
{
	const struct host_edge added = {
		.t_mono_ns = edge->t_mono_ns, .line = edge->line, .rising = edge->is_rising};

	markers->lost += edge->lost;
	if (!edge->line) {
		markers->has_fallen = !edge->is_rising;
		markers->fell_ns = edge->t_mono_ns;
	}
	return list_add(&markers->edges, &added, 1, err);
}

static int take_edges(struct host_markers *markers, struct err *err)
{
	struct marker_edge batch[BATCH];
	size_t count;
	int ret;

	while (!(ret = marker_read(markers->marker, batch, BATCH, 0, &count, err)))
		for (size_t i = 0; i < count; i++) {
			ret = add_edge(markers, &batch[i], err);
			if (ret)
				return ret;
		}
	return ret == -ETIMEDOUT ? 0 : ret;
}

static int keep_samples(struct host_markers *markers, const struct meter_block *block,
			struct err *err)
{
	int ret = list_add(&markers->current_a, block->current_a, block->count, err);

	if (!ret)
		ret = list_add(&markers->range, block->range, block->count, err);
	if (!ret && markers->caps & METER_CAP_VOLTAGE)
		ret = list_add(&markers->voltage_v, block->voltage_v, block->count, err);
	if (!ret && markers->caps & METER_CAP_RAW)
		ret = list_add(&markers->raw_a, block->raw_current_a, block->count, err);
	return ret;
}

int host_markers_take(struct host_markers *markers, const struct meter_block *block,
		      struct err *err)
{
	const struct kept_block kept = {.first_index = block->first_index,
					.lost = block->lost,
					.corrected = block->corrected,
					.count = block->count,
					.flags = block->flags,
					.range_switches = block->range_switches,
					.t_mono_ns = block->t_mono_ns,
					.has_integral = block->has_integral,
					.integral = block->integral,
					.at = markers->current_a.count};
	int ret;

	if (markers->current_a.count + block->count > HOST_MARKERS_SAMPLES_MAX)
		return err_set(err, -EFBIG,
			       "with markers from the host a run has at most %d samples: take a "
			       "shorter window or a lower rate",
			       HOST_MARKERS_SAMPLES_MAX);
	ret = keep_samples(markers, block, err);
	if (!ret)
		ret = list_add(&markers->blocks, &kept, 1, err);
	if (!ret)
		ret = add_mark(&markers->arrivals, block->first_index + block->count,
			       block->t_mono_ns, err);
	if (!ret)
		(void)clock_map_add(&markers->map, block->first_index + block->count,
				    block->t_mono_ns);
	if (!ret && block->bound_ns)
		ret = add_mark(&markers->bounds, block->bound_index, block->bound_ns, err);
	return ret ? ret : take_edges(markers, err);
}

static const struct host_mark *last_arrival(const struct host_markers *markers)
{
	const struct host_mark *arrivals = markers->arrivals.items;

	return markers->arrivals.count ? &arrivals[markers->arrivals.count - 1] : NULL;
}

uint64_t host_markers_samples(const struct host_markers *markers)
{
	const struct host_mark *last = last_arrival(markers);

	return last ? last->index : 0;
}

uint64_t host_markers_behind(const struct host_markers *markers)
{
	const struct host_mark *last = last_arrival(markers);
	struct clock_line line;
	double behind;

	if (!last || !markers->has_fallen || clock_map_fit(&markers->map, NULL, &line))
		return 0;
	behind = (double)last->index - clock_line_index(&line, markers->fell_ns);
	return behind > 0 ? (uint64_t)behind : 0;
}

int host_markers_finish(struct host_markers *markers, struct err *err)
{
	return take_edges(markers, err);
}

/* ---- afterwards ---- */

void host_markers_map(struct host_markers *markers, const struct meter_info *meter,
		      struct run_settings *settings, struct host_markers_result *ret_result)
{
	const struct marker_timing timing = marker_timing(markers->marker);
	double aperture_rel = meter->aperture_rel > 0 ? meter->aperture_rel : 1;
	const struct host_lines_input input = {
		.arrivals = markers->arrivals.items,
		.arrival_count = markers->arrivals.count,
		.bounds = markers->bounds.items,
		.bound_count = markers->bounds.count,
		.edges = markers->edges.items,
		.edge_count = markers->edges.count,
		.line_count = RUN_LINES,
		.timing = {timing.latency_ns, timing.u_latency_ns, timing.jitter_ns},
		/* what flows while nobody looks: up to that share of a sample, evenly */
		.u_sampling = (1 - aperture_rel) / sqrt(12),
	};
	struct host_markers_result result = {.lost = markers->lost};

	markers->events = calloc(markers->edges.count + 1, sizeof(*markers->events));
	result.error = markers->events ? host_lines_map(&input, markers->events,
							&markers->event_count, &result.lines)
				       : ANALYSIS_NO_MEMORY;
	result.lost += result.lines.repeats;
	markers->known =
		(struct marker_edges){markers->events, markers->event_count, result.lines.high};
	markers->levels = (struct host_levels){.events = markers->events,
					       .count = markers->event_count,
					       .levels = result.lines.high};
	settings->edges = &markers->known;
	settings->guard_samples +=
		(size_t)fmin(GUARD_MAX, ceil(guard_sigmas * result.lines.u_samples));
	*ret_result = result;
}

static uint8_t wire(uint8_t levels, const unsigned *inputs)
{
	uint8_t logic = 0;

	for (unsigned i = 0; i < RUN_LINES; i++)
		logic |= (uint8_t)((levels >> i & 1) << inputs[i]);
	return logic;
}

bool host_markers_block(struct host_markers *markers, size_t index, const unsigned *inputs,
			struct meter_block *ret_block)
{
	const struct kept_block *kept = (const struct kept_block *)markers->blocks.items + index;
	struct meter_block *block = ret_block;

	if (index >= markers->blocks.count)
		return false;
	memset(block, 0, sizeof(*block));
	block->first_index = kept->first_index;
	block->count = kept->count;
	block->lost = kept->lost;
	block->flags = kept->flags;
	block->range_switches = kept->range_switches;
	block->t_mono_ns = kept->t_mono_ns;
	block->corrected = kept->corrected;
	block->has_integral = kept->has_integral;
	block->integral = kept->integral;
	memcpy(block->current_a, (float *)markers->current_a.items + kept->at,
	       kept->count * sizeof(float));
	memcpy(block->range, (uint8_t *)markers->range.items + kept->at, kept->count);
	if (markers->caps & METER_CAP_VOLTAGE)
		memcpy(block->voltage_v, (float *)markers->voltage_v.items + kept->at,
		       kept->count * sizeof(float));
	if (markers->caps & METER_CAP_RAW)
		memcpy(block->raw_current_a, (float *)markers->raw_a.items + kept->at,
		       kept->count * sizeof(float));
	for (uint32_t i = 0; i < kept->count; i++)
		block->logic[i] =
			wire(host_levels_at(&markers->levels, kept->first_index + i), inputs);
	return true;
}
