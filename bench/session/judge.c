/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/judge.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/budget/budget.h"
#include "analysis/trace/markers.h"

/* Limits of the verdicts. */
static const double nominal_tolerance_rel = 0.03; /* RC oscillators of real boards: 0.1 - 1.3 % off,
						     plus the meter's clock */
static const double fitted_tolerance_rel = 2e-3;  /* drift of one oscillator over a session */
static const double idle_tolerance_rel = 0.01;    /* of the window's mean current */
static const double drift_tolerance_rel =
	0.005;                                /* second half of the inferences against the first */
static const double meter_rate_u_rel = 50e-6; /* crystal of a meter */
/* A board's reading of its supply through its internal reference: calibrated at 3.0 V +- 10 mV
 * (data sheets, VREFINT_CAL), its drift with temperature, and a drop along the cable. */
static const double vdda_tolerance_rel = 0.02;
static const double vdda_coverage = 3;      /* of the supply's standard uncertainty */
static const double guard_s = 500e-6;       /* from an edge to what counts as idle */
static const double pace_slack_samples = 4; /* an inference's two edges in the meter's samples,
					       and what the logic inputs may lag */

/* Windows the clock is held against: the latest, so that an oscillator may drift over a night. */
enum { CLOCK_WINDOWS = 16 };

struct judging {
	const struct judge_request *request;
	struct store_measurement *row;
	struct window_capture capture;
	struct marker_line window_line, inference_line, layer_line;
	struct marker_window window;
	struct window_result result;
	struct clock_ratio ratio;
};

/* Returns 1: refused. Checks return 0 (go on), 1 (refused) or a negative errno. */
__attribute__((format(printf, 2, 3))) static int refuse(struct judging *j, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(j->row->reason, sizeof(j->row->reason), format, args);
	va_end(args);
	snprintf(j->row->verdict, sizeof(j->row->verdict), "refused");
	return 1;
}

static int64_t counter_of(const struct wire_result_reply *result, const char *name)
{
	for (uint32_t i = 0; i < result->counter_count; i++)
		if (!strncmp(result->counters[i].name, name, sizeof(result->counters[i].name)))
			return (int64_t)result->counters[i].value;
	return 0;
}

static int check_output(struct judging *j)
{
	const struct wire_result_reply *result = &j->request->capture->result;

	if (result->output_crc32 != j->request->output_crc32)
		return refuse(j, "output: the board's CRC is %08x, the host's %08x",
			      result->output_crc32, j->request->output_crc32);
	if (result->inferences != j->request->run->inferences)
		return refuse(j, "output: the board ran %u inferences of %u", result->inferences,
			      j->request->run->inferences);
	if (result->clock_hz != j->request->clock_hz)
		return refuse(j, "clock: the board ran at its %u Hz level, not %u Hz",
			      result->clock_hz, j->request->clock_hz);
	return 0;
}

static int decode_lines(struct judging *j)
{
	const struct capture *capture = j->request->capture;
	const unsigned *input = j->request->meter_config->marker_input;
	int ret = marker_decode(capture->logic, capture->count, input[0], 1, &j->window_line);

	if (!ret)
		ret = marker_decode(capture->logic, capture->count, input[1], 1,
				    &j->inference_line);
	if (!ret)
		ret = marker_decode(capture->logic, capture->count, input[2], 1, &j->layer_line);
	if (ret == ANALYSIS_NO_MEMORY)
		return -ENOMEM;
	return ret ? refuse(j, "markers: %s", analysis_error_text(ret)) : 0;
}

static int check_markers(struct judging *j)
{
	struct marker_tally tally, layers;
	uint32_t inferences = j->request->run->inferences;
	int ret = decode_lines(j);

	if (ret)
		return ret;
	ret = marker_window_find(&j->window_line, &j->window);
	if (ret)
		return refuse(j, "markers: window line: %s (%zu edges)", analysis_error_text(ret),
			      j->window_line.edge_count);
	tally = marker_tally_count(&j->inference_line, &j->window);
	j->row->marker_edges_inference = (int64_t)(tally.inside + tally.at_edges);
	/* No verdict: two layers that end within one sample leave no edge. */
	layers = marker_tally_count(&j->layer_line, &j->window);
	j->row->marker_edges_layer = (int64_t)(layers.inside + layers.at_edges);
	if (inferences < tally.inside || inferences > tally.inside + tally.at_edges)
		return refuse(j,
			      "markers: inference line: %zu edges in the window, the board ran %u",
			      tally.inside + tally.at_edges, inferences);
	return 0;
}

static int check_integral(struct judging *j)
{
	const struct judge_request *request = j->request;
	double rate_hz = request->meter->rate_hz;
	struct window_request window = {.start_samples = j->window.start_samples,
					.end_samples = j->window.end_samples,
					.supply_v = request->meter_config->supply_v,
					.guard_samples = (size_t)ceil(guard_s * rate_hz)};
	struct window_faults faults = {0};
	double idle_s = fmin(request->run->idle_before_ms, request->run->idle_after_ms) / 1e3;
	int ret;

	/* The nearest half of the idle the board was asked to keep: all of it is asleep. */
	window.idle_max_samples = (size_t)(idle_s * rate_hz / 2);
	window.idle_min_samples = window.idle_max_samples / 2;
	if (!window_check(&j->capture, window.start_samples, window.end_samples, &faults)) {
		j->row->samples_lost = (int64_t)faults.samples_lost;
		j->row->samples_saturated = (int64_t)faults.saturated;
	}
	ret = window_integrate(&j->capture, &window, &j->result);
	if (ret == ANALYSIS_SAMPLES_LOST)
		return refuse(j, "samples: %llu lost in the window in %zu places",
			      (unsigned long long)faults.samples_lost, faults.gaps);
	if (ret == ANALYSIS_SATURATED)
		return refuse(j, "samples: %zu at the meter's limit of %g A, or its range's",
			      faults.saturated, request->meter->range_max_a);
	return ret ? refuse(j, "samples: %s", analysis_error_text(ret)) : 0;
}

static int check_ratio(struct judging *j, const struct clock_ratio *expected, double tolerance,
		       const char *against)
{
	struct clock_check check;
	int ret = clock_check_window(&j->ratio, expected, tolerance, &check);

	if (ret)
		return refuse(j, "clock: %s", analysis_error_text(ret));
	if (check.ok)
		return 0;
	return refuse(j, "clock: duration and cycles differ by %+.4f %% from %s (limit %.4f %%)",
		      check.deviation_rel * 100, against, check.limit_rel * 100);
}

static int check_clock(struct judging *j)
{
	const struct judge_request *request = j->request;
	const struct judge_clock *clock = request->clock;
	const struct wire_result_reply *result = &request->capture->result;
	size_t recent = clock->count < CLOCK_WINDOWS ? clock->count : CLOCK_WINDOWS;
	double samples = j->window.end_samples - j->window.start_samples;
	struct clock_ratio nominal = {.cycles_per_sample =
					      request->clock_hz / request->meter->rate_hz};
	struct clock_fit fit;
	int ret = clock_ratio_of_window(result->cycles, 0, samples, j->window.edge_u_samples,
					&j->ratio);

	if (ret)
		return refuse(j, "clock: %s", analysis_error_text(ret));
	ret = check_ratio(j, &nominal, nominal_tolerance_rel, "the nominal clock");
	if (ret || !recent)
		return ret;
	ret = clock_fit_ratios(clock->ratios + clock->count - recent, recent, &fit);
	if (ret == ANALYSIS_NO_MEMORY)
		return -ENOMEM;
	if (ret)
		return refuse(j, "clock: earlier windows: %s", analysis_error_text(ret));
	return check_ratio(j, &fit.ratio, fitted_tolerance_rel, "this board's earlier windows");
}

static int check_idle(struct judging *j)
{
	const struct window_result *result = &j->result;
	double limit_a =
		fmax(idle_tolerance_rel * fabs(result->mean_a), 3 * result->idle_drift_u_a);

	if (fabs(result->idle_drift_a) > limit_a)
		return refuse(j, "idle: %.6g A before the window, %.6g A after",
			      result->idle_before.mean_a, result->idle_after.mean_a);
	if (result->idle_a >= result->mean_a)
		return refuse(j, "idle: %.6g A, not below the window's %.6g A", result->idle_a,
			      result->mean_a);
	return 0;
}

/* Edges before the window: the line returns to low when a run begins. */
static size_t first_inference_edge(const struct judging *j)
{
	size_t first = 0;

	while (first < j->inference_line.edge_count &&
	       j->inference_line.edges[first].position_samples <= j->window.start_samples)
		first++;
	return first;
}

struct pace {
	double low, high;   /* samples an inference may last by the board's own count */
	double worst, last; /* the furthest from that: by how much, and how long it lasted */
	size_t index;       /* which it is */
};

static void pace_add(struct pace *pace, size_t index, double samples)
{
	double off = fmax(pace->low - samples, samples - pace->high);

	if (index && off <= pace->worst)
		return;
	pace->worst = off;
	pace->last = samples;
	pace->index = index;
}

/* Every inference lasts in the meter's samples what the board counted for it. One that is shorter
 * has lost samples that no counter showed (64 in one piece with a PPK2). A window of one inference
 * has nothing to be held against. */
static int check_pace(struct judging *j)
{
	const struct wire_result_reply *result = &j->request->capture->result;
	const struct marker_line *line = &j->inference_line;
	double per_cycle =
		(j->window.end_samples - j->window.start_samples) / (double)result->cycles;
	struct pace pace = {.low = (double)counter_of(result, "inf_min") * per_cycle,
			    .high = (double)counter_of(result, "inf_max") * per_cycle};
	double last = j->window.start_samples;
	size_t first = first_inference_edge(j);

	if (!result->cycles || !counter_of(result, "inf_max"))
		return refuse(j, "pace: the board did not count its inferences' cycles");
	for (size_t i = 0; i < result->inferences && first + i < line->edge_count; i++) {
		double position = line->edges[first + i].position_samples;

		pace_add(&pace, i, position - last);
		last = position;
	}
	if (pace.worst <= pace_slack_samples)
		return 0;
	return refuse(j,
		      "pace: inference %zu lasts %.0f samples, by the board's cycles %.1f to %.1f: "
		      "samples or edges are missing",
		      pace.index, pace.last, pace.low, pace.high);
}

/* Compares the mean current of the second half of the inferences with the first's: the same work.
 */
static int check_drift(struct judging *j)
{
	size_t half = j->request->run->inferences / 2, skip = first_inference_edge(j);
	const struct marker_edge *edges = j->inference_line.edges;
	double middle, end, first_c, second_c, first_a, second_a;
	double rate_hz = j->request->meter->rate_hz;

	if (half < 2 || j->inference_line.edge_count - skip < 2 * half)
		return 0;
	edges += skip;
	middle = edges[half - 1].position_samples;
	end = edges[2 * half - 1].position_samples;
	if (end > j->window.end_samples)
		end = j->window.end_samples;
	if (middle <= j->window.start_samples || end <= middle ||
	    window_charge(&j->capture, j->window.start_samples, middle, &first_c) ||
	    window_charge(&j->capture, middle, end, &second_c))
		return refuse(j, "drift: the inference edges do not divide the window");
	first_a = first_c / ((middle - j->window.start_samples) / rate_hz);
	second_a = second_c / ((end - middle) / rate_hz);
	if (fabs(second_a - first_a) <= drift_tolerance_rel * fabs(j->result.mean_a))
		return 0;
	return refuse(j, "drift: mean current %.6g A in the first half, %.6g A in the second",
		      first_a, second_a);
}

static int fill_budget(struct judging *j)
{
	const struct judge_request *request = j->request;
	const struct rig_meter *config = request->meter_config;
	const struct window_result *result = &j->result;
	struct store_measurement *row = j->row;
	double edge_u_s = j->window.edge_u_samples / request->meter->rate_hz;
	struct budget_input input = {
		.charge_c = result->charge_c,
		.duration_s = result->duration_s,
		.supply_v = config->supply_v,
		.supply_u_v = config->supply_u_v,
		.has_idle = true,
		.idle_a = result->idle_a,
		.idle_u_a = result->idle_u_a,
		.edge_u_s = edge_u_s,
		.gain_u_rel =
			config->gain_u_rel > 0 ? config->gain_u_rel : request->meter->gain_u_rel,
		.offset_u_a =
			config->offset_u_a > 0 ? config->offset_u_a : request->meter->offset_u_a,
		.rate_u_rel = meter_rate_u_rel,
		.noise_sd_a = fmax(result->idle_before.sd_a, result->idle_after.sd_a),
		.samples = result->samples_whole ? result->samples_whole : 1,
	};
	struct budget_window budget;
	int ret = budget_of_window(&input, &budget);

	if (ret)
		return refuse(j, "uncertainty: %s", analysis_error_text(ret));
	row->energy_j = budget.gross.energy_j;
	row->energy_u_j = budget.gross.u_energy_j;
	row->energy_u_independent_j = budget.gross.u_independent_j;
	row->energy_above_idle_j = budget.above_idle.energy_j;
	row->energy_above_idle_u_j = budget.above_idle.u_energy_j;
	row->gain_u_rel = input.gain_u_rel;
	row->duration_u_s = hypot(sqrt(2) * edge_u_s, meter_rate_u_rel * result->duration_s);
	return 0;
}

static void fill_measured(struct judging *j)
{
	const struct window_result *result = &j->result;
	struct store_measurement *row = j->row;

	row->duration_s = result->duration_s;
	row->charge_c = result->charge_c;
	row->mean_current_a = result->mean_a;
	row->idle_current_a = result->idle_a;
	row->idle_current_u_a = result->idle_u_a;
	row->samples = (int64_t)ceil(j->window.end_samples - j->window.start_samples);
	row->clock_measured_hz = (double)row->cycles / result->duration_s;
	row->clock_u_rel = j->ratio.u_cycles_per_sample / j->ratio.cycles_per_sample;
}

static void fill_reported(struct judging *j)
{
	const struct judge_request *request = j->request;
	const struct wire_result_reply *result = &request->capture->result;
	struct store_measurement *row = j->row;

	row->inferences = result->inferences;
	row->cycles = (int64_t)result->cycles;
	row->inf_min_cycles = counter_of(result, "inf_min");
	row->inf_max_cycles = counter_of(result, "inf_max");
	row->empty_cycles = counter_of(result, "empty");
	row->layer_mark_cycles = counter_of(result, "layer");
	row->supply_v = request->meter_config->supply_v;
	row->supply_u_v = request->meter_config->supply_u_v;
	row->range_switches = (int64_t)request->capture->range_switches;
	row->samples_lost = (int64_t)request->capture->lost;
	snprintf(row->output_crc32, sizeof(row->output_crc32), "%08x", result->output_crc32);
}

/* Energy is charge times the voltage that was set. */
static int check_supply(struct judging *j)
{
	const struct judge_request *request = j->request;
	const double read_v[] = {request->vdda_before_mv / 1e3, request->vdda_after_mv / 1e3};
	double set_v = request->meter_config->supply_v;
	double limit_v =
		vdda_tolerance_rel * set_v + vdda_coverage * request->meter_config->supply_u_v;

	for (size_t i = 0; i < sizeof(read_v) / sizeof(read_v[0]); i++)
		if (read_v[i] > 0 && fabs(read_v[i] - set_v) > limit_v)
			return refuse(j,
				      "supply: %.4g V set, %.4g V by the board's own reading %s "
				      "the window (limit %.2g V)",
				      set_v, read_v[i], i ? "after" : "before", limit_v);
	return 0;
}

static int check_meter_flags(struct judging *j)
{
	if (j->request->capture->block_flags & METER_BLOCK_RESYNC)
		return refuse(j, "samples: the meter's stream lost its framing during the run");
	if (j->request->capture->block_flags & METER_BLOCK_TIME_MISMATCH)
		return refuse(j, "samples: fewer than the elapsed time asks for");
	if (j->request->capture->block_flags & METER_BLOCK_RANGE_MISFIT)
		return refuse(j, "samples: the meter stays in a range far above the current");
	return 0;
}

static int run_checks(struct judging *j)
{
	static int (*const checks[])(struct judging *) = {
		check_output, check_meter_flags, check_markers, check_integral, check_pace,
		check_clock,  check_idle,        check_drift,   check_supply,   fill_budget,
	};
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(checks) / sizeof(checks[0]); i++)
		ret = checks[i](j);
	return ret;
}

int judge_clock_add(struct judge_clock *clock, struct clock_ratio ratio, struct err *err)
{
	if (clock->count == clock->capacity) {
		size_t capacity = clock->capacity ? 2 * clock->capacity : 32;
		struct clock_ratio *ratios = realloc(clock->ratios, capacity * sizeof(*ratios));

		if (!ratios)
			return err_set(err, -ENOMEM, "out of memory");
		clock->ratios = ratios;
		clock->capacity = capacity;
	}
	clock->ratios[clock->count++] = ratio;
	return 0;
}

void judge_clock_done(struct judge_clock *clock)
{
	free(clock->ratios);
	memset(clock, 0, sizeof(*clock));
}

int judge_window(const struct judge_request *request, struct store_measurement *row,
		 struct err *err)
{
	const struct capture *capture = request->capture;
	struct judging j = {.request = request,
			    .row = row,
			    .capture = {.current_a = capture->current_a,
					.count = capture->count,
					.rate_hz = request->meter->rate_hz,
					.saturated = capture->saturated,
					.range_max_a = request->meter->range_max_a,
					.gaps = capture->gaps,
					.gap_count = capture->gap_count}};
	int ret;

	fill_reported(&j);
	ret = run_checks(&j);
	if (j.result.duration_s > 0 && j.ratio.cycles_per_sample > 0)
		fill_measured(&j);
	marker_line_done(&j.window_line);
	marker_line_done(&j.inference_line);
	marker_line_done(&j.layer_line);
	if (ret < 0)
		return err_set(err, ret, "out of memory");
	if (ret)
		return 0;
	snprintf(row->verdict, sizeof(row->verdict), "accepted");
	return judge_clock_add(request->clock, j.ratio, err);
}
