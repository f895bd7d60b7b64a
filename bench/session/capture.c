/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	STALL_MS = 5000,         /* no sample for so long: the meter is stuck */
	REPORT_GRACE_MS = 500,   /* after the limit: the report may still be on the line */
	SAMPLES_MAX = 400000000, /* 400 MSa, about 2.4 GB */
};

static int grow(struct capture *capture, size_t needed, struct err *err)
{
	size_t capacity = capture->capacity ? capture->capacity : 1 << 18;
	float *current;
	uint8_t *logic, *saturated;

	if (needed <= capture->capacity)
		return 0;
	if (needed > SAMPLES_MAX)
		return err_set(err, -EFBIG, "capture longer than %d samples", SAMPLES_MAX);
	while (capacity < needed)
		capacity *= 2;
	current = realloc(capture->current_a, capacity * sizeof(*current));
	if (current)
		capture->current_a = current;
	logic = realloc(capture->logic, capacity);
	if (logic)
		capture->logic = logic;
	saturated = realloc(capture->saturated, capacity);
	if (saturated)
		capture->saturated = saturated;
	if (!current || !logic || !saturated)
		return err_set(err, -ENOMEM, "out of memory for %zu samples", capacity);
	capture->capacity = capacity;
	return 0;
}

static int add_gap(struct capture *capture, uint64_t lost, struct err *err)
{
	if (capture->gap_count == capture->gap_capacity) {
		size_t capacity = capture->gap_capacity ? 2 * capture->gap_capacity : 64;
		struct window_gap *gaps = realloc(capture->gaps, capacity * sizeof(*gaps));

		if (!gaps)
			return err_set(err, -ENOMEM, "out of memory");
		capture->gaps = gaps;
		capture->gap_capacity = capacity;
	}
	capture->gaps[capture->gap_count++] =
		(struct window_gap){.index = capture->count, .lost = lost};
	capture->lost += lost;
	return 0;
}

/* Keeps account of the window line. */
static void watch_window(struct capture *capture, const struct meter_block *block, unsigned input)
{
	for (uint32_t i = 0; i < block->count; i++) {
		bool high = block->logic[i] >> input & 1;

		capture->window_seen |= high;
		capture->low_count = high ? 0 : capture->low_count + 1;
		if (high && block->range[i] < METER_RANGES_MAX)
			capture->window_range_samples[block->range[i]]++;
	}
}

/* As the meter's calibration has them; the meter's own block stays what was read. */
static void put_currents(float *to_a, const struct meter_block *block,
			 const struct calibration *calibration)
{
	if (!calibration || !calibration->id) {
		memcpy(to_a, block->current_a, block->count * sizeof(*to_a));
		return;
	}
	for (uint32_t i = 0; i < block->count; i++)
		to_a[i] = calibration_correct_a(calibration, block->range[i], block->current_a[i]);
}

static int append(struct capture *capture, const struct meter_block *block,
		  const struct calibration *calibration, struct err *err)
{
	bool saturated = block->flags & METER_BLOCK_SATURATED;
	int ret = 0;

	if (block->lost)
		ret = add_gap(capture, block->lost, err);
	if (!ret)
		ret = grow(capture, capture->count + block->count, err);
	if (ret)
		return ret;
	put_currents(capture->current_a + capture->count, block, calibration);
	memcpy(capture->logic + capture->count, block->logic, block->count);
	memset(capture->saturated + capture->count, saturated, block->count);
	capture->count += block->count;
	capture->saturated_count += saturated ? block->count : 0;
	capture->range_switches += block->range_switches;
	capture->block_flags |= block->flags;
	return 0;
}

static void restart(struct capture *capture)
{
	capture->count = capture->gap_count = 0;
	capture->lost = capture->saturated_count = capture->range_switches = 0;
	capture->block_flags = 0;
	capture->window_seen = false;
	capture->low_count = 0;
	memset(capture->window_range_samples, 0, sizeof(capture->window_range_samples));
	memset(&capture->result, 0, sizeof(capture->result));
}

static int read_block(struct station *station, struct meter_block *block, struct capture *capture,
		      struct err *err)
{
	int ret = meter_read(station->meter, block, STALL_MS, err);

	if (!ret)
		ret = append(capture, block, station->calibration, err);
	if (!ret)
		tracing_append(&capture->tracing, block);
	if (ret)
		return err_context(err, ret, "meter %s", station->meter_config->name);
	watch_window(capture, block, station->meter_config->marker_input[0]);
	return 0;
}

/* The board has not reported by the limit: its message was lost on the line, or it hangs. */
static int ask_result(struct station *station, double limit_s, struct capture *capture,
		      struct err *err)
{
	int ret = dut_poll_result(station->dut, REPORT_GRACE_MS, &capture->result, err);

	if (ret == -EAGAIN)
		ret = dut_fetch_result(station->dut, &capture->result, err);
	if (ret == -EAGAIN)
		ret = -ETIMEDOUT;
	return ret ? err_context(err, ret, "board %s: no result %.1f s after the start",
				 station->board->name, limit_s)
		   : 0;
}

/* Streams until the board has reported and idle_count samples behind the window are in: the report
 * comes after the idle, but on another line than the samples, and may overtake them. */
static int stream_run(struct station *station, double limit_s, size_t idle_count,
		      const volatile sig_atomic_t *stop, struct capture *capture,
		      struct meter_block *block, struct err *err)
{
	uint64_t limit = (uint64_t)(limit_s * meter_info(station->meter)->rate_hz);
	bool reported = false;

	while (capture->count + capture->lost < limit) {
		int ret;

		if (link_tape_stop(station->tapes.board, *stop != 0))
			return err_set(err, -ECANCELED, "interrupted");
		if (reported && capture->window_seen && capture->low_count >= idle_count)
			return 0;
		ret = read_block(station, block, capture, err);
		if (!ret && !reported) {
			ret = dut_poll_result(station->dut, 0, &capture->result, err);
			reported = !ret;
			if (ret == -EAGAIN)
				ret = 0;
			else if (ret)
				err_context(err, ret, "board %s", station->board->name);
		}
		if (ret)
			return ret;
	}
	return reported ? 0 : ask_result(station, limit_s, capture, err);
}

int capture_run(struct station *station, const struct wire_run *run, double limit_s,
		const volatile sig_atomic_t *stop, struct capture *capture, struct err *err)
{
	struct meter_block *block = malloc(sizeof(*block));
	/* Not all of it: the board's timer may be slow. */
	double idle_s = 0.75e-3 * run->idle_after_ms;
	int ret, stopped;

	if (!block)
		return err_set(err, -ENOMEM, "out of memory");
	restart(capture);
	ret = meter_start(station->meter, err);
	if (ret) {
		err_context(err, ret, "meter %s", station->meter_config->name);
		goto out;
	}
	ret = dut_run(station->dut, run, err);
	if (ret)
		err_context(err, ret, "board %s: run", station->board->name);
	else
		ret = stream_run(station, limit_s,
				 (size_t)(idle_s * meter_info(station->meter)->rate_hz), stop,
				 capture, block, err);
	stopped = meter_stop(station->meter, ret ? NULL : err);
	if (!ret && stopped)
		ret = err_context(err, stopped, "meter %s", station->meter_config->name);
out:
	free(block);
	return ret;
}

void capture_done(struct capture *capture)
{
	free(capture->current_a);
	free(capture->logic);
	free(capture->saturated);
	free(capture->gaps);
	tracing_drop(&capture->tracing);
	memset(capture, 0, sizeof(*capture));
}
