/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/trace/walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int walk_begin(struct trace_reader *reader, struct walk *walk, struct err *err)
{
	const struct trace_info *info = trace_reader_info(reader);

	memset(walk, 0, sizeof(*walk));
	walk->reader = reader;
	if (!info->has_samples)
		return err_set(
			err, -ENODATA,
			"%s: holds no samples, only the envelope was kept (show and plot read it)",
			trace_reader_path(reader));
	walk->current_buffer = malloc(WALK_PIECE * sizeof(float));
	walk->voltage_buffer = malloc(WALK_PIECE * sizeof(float));
	walk->lines_buffer = malloc(WALK_PIECE);
	if (!walk->current_buffer || !walk->voltage_buffer || !walk->lines_buffer)
		return err_set(err, -ENOMEM, "out of memory");
	return trace_read_all(reader, TRACE_GAPS, (void **)&walk->gaps, err);
}

static int load(struct walk *walk, uint64_t first, struct err *err)
{
	const struct trace_info *info = trace_reader_info(walk->reader);
	size_t count =
		info->samples - first < WALK_PIECE ? (size_t)(info->samples - first) : WALK_PIECE;
	int ret = trace_read(walk->reader, TRACE_CURRENT, first, count, walk->current_buffer, err);

	if (!ret)
		ret = trace_read(walk->reader, TRACE_MARKERS, first, count, walk->lines_buffer,
				 err);
	if (!ret && info->has_voltage)
		ret = trace_read(walk->reader, TRACE_VOLTAGE, first, count, walk->voltage_buffer,
				 err);
	walk->loaded_first = first;
	walk->loaded = count;
	return ret;
}

int walk_next(struct walk *walk, struct err *err)
{
	const struct trace_info *info = trace_reader_info(walk->reader);
	uint64_t sample = walk->sample + walk->count, end;
	size_t at;

	walk->position += walk->count;
	walk->sample = sample;
	walk->count = 0;
	walk->lost_before = 0;
	if (sample == info->samples)
		return 0;
	if (sample == walk->loaded_first + walk->loaded) {
		int ret = load(walk, sample, err);

		if (ret)
			return ret;
	}
	for (; walk->next_gap < info->counts[TRACE_GAPS] &&
	       walk->gaps[walk->next_gap].sample <= sample;
	     walk->next_gap++)
		walk->lost_before += walk->gaps[walk->next_gap].lost;
	end = walk->loaded_first + walk->loaded;
	if (walk->next_gap < info->counts[TRACE_GAPS] && walk->gaps[walk->next_gap].sample < end)
		end = walk->gaps[walk->next_gap].sample;
	at = (size_t)(sample - walk->loaded_first);
	walk->position += walk->lost_before;
	walk->count = (size_t)(end - sample);
	walk->current_a = walk->current_buffer + at;
	walk->voltage_v = info->has_voltage ? walk->voltage_buffer + at : NULL;
	walk->lines = walk->lines_buffer + at;
	return 0;
}

void walk_done(struct walk *walk)
{
	free(walk->current_buffer);
	free(walk->voltage_buffer);
	free(walk->lines_buffer);
	free(walk->gaps);
}
