/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/capture.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/session/meter_feed.h"

enum { REPORT_GRACE_MS = 500 }; /* after the limit: the report may still be on the line */

static const double guard_s = 500e-6; /* from an edge to what counts as idle */

static double idle_s_of(const struct wire_run *run)
{
	return fmin(run->idle_before_ms, run->idle_after_ms) / 1e3;
}

int capture_begin(struct capture *capture, const struct rig_meter *config,
		  const struct meter_info *meter, const struct wire_run *run, struct err *err)
{
	struct run_settings settings = {
		.rate_hz = meter->rate_hz,
		.supply_v = config->supply_v,
		.range_max_a = meter->range_max_a,
		.guard_samples = (size_t)ceil(guard_s * meter->rate_hz),
		/* the nearest half of what the board was asked to keep: all of it is asleep */
		.idle_samples = (size_t)(idle_s_of(run) * meter->rate_hz / 2),
		.inferences = run->inferences,
	};
	int code;

	capture->has_host = false;
	memcpy(settings.inputs, config->marker_input, sizeof(settings.inputs));
	settings.idle_min_samples = settings.idle_samples / 2;
	code = capture->stream ? run_stream_restart(capture->stream, &settings)
			       : run_stream_new(&settings, &capture->stream);
	if (code)
		return err_set(err, code == ANALYSIS_NO_MEMORY ? -ENOMEM : -EINVAL, "meter %s: %s",
			       config->name, analysis_error_text(code));
	capture->settings = settings;
	memset(&capture->run, 0, sizeof(capture->run));
	memset(&capture->result, 0, sizeof(capture->result));
	memset(capture->window_range_samples, 0, sizeof(capture->window_range_samples));
	capture->range_switches = capture->corrected = 0;
	capture->block_flags = 0;
	return 0;
}

static void count_ranges(struct capture *capture, const struct meter_block *block, unsigned input)
{
	for (uint32_t i = 0; i < block->count; i++)
		if (block->logic[i] >> input & 1 && block->range[i] < METER_RANGES_MAX)
			capture->window_range_samples[block->range[i]]++;
}

/* As the meter's calibration has them; the meter's own block stays what was read. */
static const float *correct(const struct calibration *calibration, const struct meter_block *block,
			    const float *from_a, float *to_a)
{
	if (!calibration || !calibration->id)
		return from_a;
	for (uint32_t i = 0; i < block->count; i++)
		to_a[i] = calibration_correct_a(calibration, block->range[i], from_a[i]);
	return to_a;
}

int capture_add(struct capture *capture, const struct rig_meter *config, unsigned caps,
		const struct calibration *calibration, const struct meter_block *block,
		struct err *err)
{
	float current_a[METER_BLOCK_MAX], raw_a[METER_BLOCK_MAX];
	const struct run_block samples = {
		.first_index = block->first_index,
		.count = block->count,
		.current_a = correct(calibration, block, block->current_a, current_a),
		.voltage_v = caps & METER_CAP_VOLTAGE ? block->voltage_v : NULL,
		.raw_current_a = caps & METER_CAP_RAW
					 ? correct(calibration, block, block->raw_current_a, raw_a)
					 : NULL,
		.metered_a = block->current_a,
		.logic = block->logic,
		.saturated = block->flags & METER_BLOCK_SATURATED,
		.t_mono_ns = block->t_mono_ns,
		.has_integral = caps & METER_CAP_INTEGRAL && block->has_integral,
		.integral_end = block->integral.end_index,
		.integral_c = block->integral.charge_c,
		.integral_j = block->integral.energy_j,
	};
	int code = run_stream_add(capture->stream, &samples);

	if (code)
		return err_set(err, -EPROTO, "meter %s: samples from %llu on: %s", config->name,
			       (unsigned long long)block->first_index, analysis_error_text(code));
	count_ranges(capture, block, config->marker_input[0]);
	capture->range_switches += block->range_switches;
	capture->corrected += caps & METER_CAP_RAW ? block->corrected : 0;
	capture->block_flags |= block->flags;
	return 0;
}

void capture_end(struct capture *capture)
{
	run_stream_finish(capture->stream, &capture->run);
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

static int take_block(struct station *station, struct meter_feed *feed, struct capture *capture,
		      struct err *err)
{
	const struct meter_block *block;
	int ret = meter_feed_take(feed, &block, err);

	if (ret)
		return err_context(err, ret, "meter %s", station->meter_config->name);
	if (capture->host)
		return host_markers_take(capture->host, block, err);
	ret = capture_add(capture, station->meter_config, meter_info(station->meter)->caps,
			  station->calibration, block, err);
	if (!ret)
		tracing_append(&capture->tracing, block);
	return ret;
}

static int poll_board(struct station *station, struct capture *capture, bool *reported,
		      struct err *err)
{
	int ret = *reported ? -EAGAIN : dut_poll_result(station->dut, 0, &capture->result, err);

	*reported |= !ret;
	return ret && ret != -EAGAIN ? err_context(err, ret, "board %s", station->board->name) : 0;
}

static uint64_t count_samples(const struct capture *capture)
{
	return capture->host
		       ? host_markers_samples(capture->host)
		       : run_stream_samples(capture->stream) + run_stream_lost(capture->stream);
}

static uint64_t count_behind(const struct capture *capture)
{
	return capture->host ? host_markers_behind(capture->host)
			     : run_stream_behind(capture->stream);
}

/* Streams until the board has reported and idle_count samples behind the window are in: the report
 * comes after the idle, but on another line than the samples, and may overtake them. */
static int stream_run(struct station *station, struct meter_feed *feed, double limit_s,
		      uint64_t idle_count, const volatile sig_atomic_t *stop,
		      struct capture *capture, struct err *err)
{
	uint64_t limit = (uint64_t)(limit_s * meter_info(station->meter)->rate_hz);
	bool reported = false;
	int ret = 0;

	while (!ret && count_samples(capture) < limit) {
		uint64_t behind = count_behind(capture);

		if (link_tape_stop(station->tapes.board, *stop != 0))
			return err_set(err, -ECANCELED, "interrupted");
		if (reported && behind && behind >= idle_count)
			return 0;
		ret = take_block(station, feed, capture, err);
		if (!ret)
			ret = poll_board(station, capture, &reported, err);
	}
	return ret || reported ? ret : ask_result(station, limit_s, capture, err);
}

static int trigger(struct station *station, struct meter_feed *feed, const struct wire_run *run,
		   double limit_s, const volatile sig_atomic_t *stop, struct capture *capture,
		   struct err *err)
{
	/* Not all of it: the board's timer may be slow. */
	double idle_s = 0.75e-3 * run->idle_after_ms;
	int ret = dut_run(station->dut, run, err);

	if (ret)
		return err_context(err, ret, "board %s: run", station->board->name);
	return stream_run(station, feed, limit_s,
			  (uint64_t)(idle_s * meter_info(station->meter)->rate_hz), stop, capture,
			  err);
}

/* The samples that were kept, with what the host saw. */
static int take_kept(struct station *station, struct capture *capture, struct err *err)
{
	const struct rig_meter *config = station->meter_config;
	const struct meter_info *meter = meter_info(station->meter);
	struct meter_block *block = malloc(sizeof(*block));
	int code, ret = 0;

	if (!block)
		return err_set(err, -ENOMEM, "out of memory");
	host_markers_map(capture->host, meter, &capture->settings, &capture->host_result);
	code = run_stream_restart(capture->stream, &capture->settings);
	if (code)
		ret = err_set(err, code == ANALYSIS_NO_MEMORY ? -ENOMEM : -EINVAL, "meter %s: %s",
			      config->name, analysis_error_text(code));
	for (size_t i = 0;
	     !ret && host_markers_block(capture->host, i, config->marker_input, block); i++) {
		ret = capture_add(capture, config, meter->caps, station->calibration, block, err);
		if (!ret)
			tracing_append(&capture->tracing, block);
	}
	free(block);
	return ret;
}

static int open_host(struct station *station, struct capture *capture, struct err *err)
{
	const struct meter_info *meter = meter_info(station->meter);
	int ret;

	if (!station->board->markers)
		return 0;
	ret = host_markers_open(station->board->markers, meter->caps, station->tapes.board,
				&capture->host, err);
	capture->has_host = !ret;
	return ret ? err_context(err, ret, "board %s: markers", station->board->name) : 0;
}

/* Frees what was kept; *ret_ret gets what went wrong with it, if nothing did before. */
static void close_host(struct station *station, struct capture *capture, int *ret_ret,
		       struct err *err)
{
	if (!*ret_ret) {
		*ret_ret = host_markers_finish(capture->host, err);
		if (*ret_ret)
			err_context(err, *ret_ret, "board %s: markers", station->board->name);
	}
	if (!*ret_ret)
		*ret_ret = take_kept(station, capture, err);
	capture_end(capture);
	host_markers_close(capture->host);
	capture->host = NULL;
}

int capture_run(struct station *station, const struct wire_run *run, double limit_s,
		const volatile sig_atomic_t *stop, struct capture *capture, struct err *err)
{
	struct meter_feed *feed;
	int ret, stopped;

	ret = capture_begin(capture, station->meter_config, meter_info(station->meter), run, err);
	if (ret)
		return ret;
	ret = open_host(station, capture, err);
	if (ret)
		return ret;
	ret = meter_feed_start(station->meter, station->tapes.meter, 0, &feed, err);
	if (ret) {
		host_markers_close(capture->host);
		capture->host = NULL;
		return err_context(err, ret, "meter %s", station->meter_config->name);
	}
	ret = trigger(station, feed, run, limit_s, stop, capture, err);
	stopped = meter_feed_stop(feed, ret ? NULL : err);
	if (!ret && stopped)
		ret = err_context(err, stopped, "meter %s", station->meter_config->name);
	if (capture->host)
		close_host(station, capture, &ret, err);
	else
		capture_end(capture);
	return ret;
}

void capture_done(struct capture *capture)
{
	run_stream_free(capture->stream);
	host_markers_close(capture->host);
	tracing_drop(&capture->tracing);
	memset(capture, 0, sizeof(*capture));
}
