/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One result against itself: trace, markers, windows, published figures, performance run.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/import/mlperf_tiny_judge.h"

struct energy_trace tiny_trace_of(const struct tiny_result *result)
{
	return (struct energy_trace){.samples = result->trace.samples,
				     .count = result->trace.count,
				     .rate_hz = result->trace.rate_hz,
				     .joule_per_unit = result->trace.joule_per_unit};
}

struct tiny_place tiny_place_of(const struct tiny_result *result, size_t sample)
{
	struct tiny_place place;
	unsigned run = 0;

	while (run + 1 < result->run_count && result->runs[run + 1].first_sample <= sample)
		run++;
	if (result->run_count)
		snprintf(place.text, sizeof(place.text), "sample %zu of run %u",
			 sample - result->runs[run].first_sample, run + 1);
	else
		snprintf(place.text, sizeof(place.text), "sample %zu (byte %zu)", sample,
			 TINY_HEADER_BYTES + sample * sizeof(float));
	return place;
}

static void judge_samples(struct tiny_result *result)
{
	struct energy_trace trace = tiny_trace_of(result);
	struct energy_scan scan = energy_trace_scan(&trace, 0, trace.count);

	if (scan.not_finite)
		tiny_result_find(result, IMPORT_TRACE_NOT_FINITE,
				 "%s: %zu samples are no finite numbers, the first is %s: samples "
				 "were lost, or the file is damaged",
				 result->layout->trace_file, scan.not_finite,
				 tiny_place_of(result, scan.first_not_finite).text);
	if (!isnan(result->supply_v) && !(result->supply_v > 0))
		tiny_result_find(result, IMPORT_SUPPLY_ZERO,
				 "%s: the supply was at %g V: nothing was measured",
				 result->run_count ? result->layout->trace_file : "log.txt",
				 result->supply_v);
}

static bool is_inside(const struct falling_windows *windows, double time_s)
{
	for (size_t i = 0; i < windows->count; i++)
		if (time_s >= windows->windows[i].start_s && time_s < windows->windows[i].end_s)
			return true;
	return false;
}

/* Mean sample of the windows; 0 without. */
static double mean_sample(const struct energy_trace *trace, const struct falling_windows *windows)
{
	double energy_j = 0, duration_s = 0;
	struct energy_window window;

	for (size_t i = 0; i < windows->count; i++) {
		if (energy_window_integrate(trace, windows->windows[i].start_s,
					    windows->windows[i].end_s, &window))
			continue;
		energy_j += window.energy_j;
		duration_s += window.duration_s;
	}
	return duration_s > 0 ? energy_j / duration_s / trace->rate_hz / trace->joule_per_unit : 0;
}

/* A board that waits may draw so little that a monitor's noise goes below zero; one that works does
 * not. */
static void judge_negative(struct tiny_result *result, const struct falling_windows *windows)
{
	struct energy_trace trace = tiny_trace_of(result);
	size_t count = 0, first = 0;
	double noise;

	if (!energy_trace_scan(&trace, 0, trace.count).negative)
		return;
	noise = tiny_limits.noise_rel * mean_sample(&trace, windows);
	for (size_t k = 0; k < trace.count; k++) {
		if (!(trace.samples[k] < 0) ||
		    (trace.samples[k] >= -noise && !is_inside(windows, (double)k / trace.rate_hz)))
			continue;
		if (!count++)
			first = k;
	}
	if (count)
		tiny_result_find(result, IMPORT_TRACE_NEGATIVE,
				 "%s: %zu samples are negative, the first is %s: a board that is "
				 "fed by one supply takes no energy back",
				 result->layout->trace_file, count,
				 tiny_place_of(result, first).text);
}

static void integrate_window(struct tiny_result *result, unsigned i,
			     const struct falling_window *edges)
{
	struct energy_trace trace = tiny_trace_of(result);
	struct tiny_window *window = &result->windows[i];
	struct energy_scan scan = {0};
	int code;

	*window = (struct tiny_window){.edges = *edges,
				       .inferences = NAN,
				       .energy_per_inference_j = NAN,
				       .published_per_inference_j = NAN};
	code = energy_window_integrate(&trace, edges->start_s, edges->end_s, &window->energy);
	if (code == ANALYSIS_OUTSIDE_CAPTURE && result->verdict != IMPORT_REFUSED)
		tiny_result_find(result, IMPORT_MARKER_OUTSIDE, "window %u lies outside the trace",
				 i + 1);
	if (!code)
		scan = energy_trace_scan(&trace, (size_t)(edges->start_s * trace.rate_hz),
					 (size_t)(edges->end_s * trace.rate_hz));
	if (!code && (scan.zero || !(window->energy.energy_j > 0)))
		tiny_result_find(result, IMPORT_TRACE_ZERO,
				 "%s: no energy in %zu samples of window %u, the first is %s: the "
				 "supply was off, or samples were lost",
				 result->layout->trace_file, scan.zero, i + 1,
				 tiny_place_of(result, scan.first_zero).text);
	if (i < result->energy.count) {
		window->inferences = result->energy.windows[i].inferences;
		window->published_per_inference_j =
			result->energy.windows[i].energy_j / window->inferences;
	}
	if (!code && window->inferences >= 1) {
		window->energy_per_inference_j = window->energy.energy_j / window->inferences;
		energy_window_divide(&trace, edges->start_s, edges->end_s, window->inferences,
				     &window->energy);
	}
}

/* Where the runner says its windows are, as far as it does. */
static void judge_places(struct tiny_result *result, unsigned i)
{
	const struct tiny_results_window *printed = &result->energy.windows[i];
	const struct falling_window *edges = &result->windows[i].edges;
	double slack_s = result->layout->edge_slack_s, duration_s = edges->end_s - edges->start_s;
	double place_u_s = 0.51 * result->energy.digits.place_s + slack_s;

	if ((isnan(printed->at_s) || tiny_close_to(printed->at_s, edges->start_s, place_u_s, 0)) &&
	    tiny_close_to(printed->for_s, duration_s, place_u_s, 0) &&
	    tiny_close_to(printed->runtime_s, duration_s, 2 * slack_s, 0))
		return;
	if (isnan(printed->at_s))
		tiny_result_find(result, IMPORT_WINDOW_MISMATCH,
				 "energy/results.txt:%u: window %u lasts %.3f s, by the edges %.3f "
				 "s: results and trace are not of the same run",
				 printed->line, i + 1, printed->runtime_s, duration_s);
	else
		tiny_result_find(result, IMPORT_WINDOW_MISMATCH,
				 "energy/results.txt:%u: window %u is at %.2f s for %.3f s, by the "
				 "edges at %.3f s for "
				 "%.3f s: results and trace are not of the same run",
				 printed->line, printed->number, printed->at_s, printed->runtime_s,
				 edges->start_s, duration_s);
}

static void judge_energy(struct tiny_result *result, unsigned i)
{
	const struct tiny_window *window = &result->windows[i];
	double published_j = window->published_per_inference_j;
	double samples = window->energy.duration_s * result->trace.rate_hz;
	double digit_rel = result->energy.digits.energy_j / result->energy.windows[i].energy_j;
	double limit_rel = fmax(fmax(result->layout->energy_rel, digit_rel),
				result->layout->sample_slack / samples);
	double off_rel = window->energy_per_inference_j / published_j - 1;

	if (!(fabs(off_rel) <= limit_rel))
		tiny_result_find(result, IMPORT_ENERGY_MISMATCH,
				 "window %u: %.6g uJ per inference integrated, %.6g published: "
				 "%+.3f %% (limit %.3f %%)",
				 i + 1, 1e6 * window->energy_per_inference_j, 1e6 * published_j,
				 100 * off_rel, 100 * limit_rel);
}

static void judge_rules(struct tiny_result *result, unsigned i)
{
	const struct tiny_window *window = &result->windows[i];

	if (!(window->energy.duration_s >= tiny_limits.window_min_s) ||
	    window->inferences < tiny_limits.inferences_min)
		tiny_result_find(result, IMPORT_WINDOW_SHORT,
				 "window %u: %.3f s, %g inferences; the rules want %g s and %g "
				 "(one sample at an edge is "
				 "%.3f %% of it)",
				 i + 1, window->energy.duration_s, window->inferences,
				 tiny_limits.window_min_s, tiny_limits.inferences_min,
				 100 / (window->energy.duration_s * result->trace.rate_hz));
}

/* Standard deviation of a part's mean, relative, if samples were independent of each other: bursts
 * that come at random make parts differ. */
static double part_scatter(const struct tiny_result *result, const struct tiny_window *window)
{
	struct energy_trace trace = tiny_trace_of(result);
	size_t first = (size_t)(window->edges.start_s * trace.rate_hz);
	size_t end = (size_t)(window->edges.end_s * trace.rate_hz);
	double scale = trace.joule_per_unit * trace.rate_hz, squares = 0;

	for (size_t k = first; k < end; k++) {
		double off = scale * trace.samples[k] / window->energy.mean_power_w - 1;

		squares += off * off;
	}
	return sqrt(squares * ENERGY_PARTS) / (double)(end - first);
}

/* How far the farthest part is from the median one, relative to what it may be: above 1, too far.
 */
static double part_off(const struct tiny_result *result, unsigned i)
{
	const struct tiny_window *window = &result->windows[i];
	struct repeat_result repeat;

	if (repeat_judge(window->energy.part_power_w, ENERGY_PARTS, &repeat))
		return 0;
	return fabs(repeat.worst_rel) /
	       fmax(tiny_limits.part_rel, tiny_limits.part_scatters * part_scatter(result, window));
}

/* A supply that breaks down in the middle leaves both halves alike. */
static void judge_parts(struct tiny_result *result)
{
	unsigned worst = 0, count = 0;
	double worst_off = 0;

	if (!result->is_cpu_alone)
		return;
	for (unsigned i = 0; i < result->window_count; i++) {
		double off;

		if (result->windows[i].inferences < tiny_limits.part_inferences_min)
			return;
		off = part_off(result, i);
		count += off > 1;
		if (off > worst_off) {
			worst_off = off;
			worst = i;
		}
	}
	if (count)
		tiny_result_find(result, IMPORT_DRIFT,
				 "in %u of %u windows a tenth of the time has another power than "
				 "the others, most of all in window %u (limit %.1f %%): supply or "
				 "load changed, or samples are missing",
				 count, result->window_count, worst + 1,
				 100 * tiny_limits.part_rel);
}

static void judge_drift(struct tiny_result *result)
{
	unsigned worst = 0, count = 0;

	for (unsigned i = 0; i < result->window_count; i++) {
		double drift = fabs(result->windows[i].energy.half_drift_rel);

		count += drift > tiny_limits.drift_rel;
		if (drift > fabs(result->windows[worst].energy.half_drift_rel))
			worst = i;
	}
	result->half_drift_rel = result->windows[worst].energy.half_drift_rel;
	result->end_drift_rel = result->windows[worst].energy.end_drift_rel;
	if (count)
		tiny_result_find(
			result, IMPORT_DRIFT,
			"power drifts inside %u of %u windows: in window %u the second half is "
			"%+.2f %% of the "
			"first, the last fifth %+.2f %% of the first tenth (%.2f to %.2f mW): it "
			"settles, or "
			"something switches; the median of windows cannot show it",
			count, result->window_count, worst + 1, 100 * result->half_drift_rel,
			100 * result->end_drift_rel,
			1e3 * result->windows[worst].energy.part_power_w[0],
			1e3 * result->windows[worst].energy.part_power_w[ENERGY_PARTS - 1]);
}

/* By the monitor's clock: from the edges, or as printed when no trace tells. */
static double meter_pace_s(const struct tiny_result *result, double *ret_u_s)
{
	double paces_s[TINY_WINDOWS_MAX];
	struct repeat_result repeat;

	if (!result->window_count)
		return tiny_printed_pace_s(&result->energy, ret_u_s);
	for (unsigned i = 0; i < result->window_count; i++)
		paces_s[i] = result->windows[i].energy.duration_s / result->windows[i].inferences;
	*ret_u_s = sqrt(2) * TINY_STAMP_S / sqrt(12) / result->windows[0].inferences;
	return repeat_judge(paces_s, result->window_count, &repeat) ? NAN : repeat.median;
}

static void judge_clock(struct tiny_result *result)
{
	double dut_u_s = 0, meter_u_s = 0, off_rel, dut_s, meter_s;

	if (!result->has_performance)
		return;
	dut_s = tiny_printed_pace_s(&result->performance, &dut_u_s);
	meter_s = meter_pace_s(result, &meter_u_s);
	if (clock_compare(dut_s, dut_u_s, meter_s, meter_u_s, &result->clock))
		return;
	off_rel = result->clock.difference_rel;
	if (fabs(off_rel) > tiny_limits.duration_rel)
		tiny_result_find(
			result, IMPORT_DURATION_CONTRADICTS,
			"an inference takes %.6g ms in the windows and %.6g ms in the performance "
			"run: %+.2f %%; "
			"the windows do not hold the inferences that are said to be in them",
			1e3 * meter_s, 1e3 * dut_s, 100 * (meter_s / dut_s - 1));
	else if (fabs(off_rel) > tiny_limits.clock_rel)
		tiny_result_find(result, IMPORT_CLOCK_DIFFERS,
				 "performance run and energy run differ by %+.2f %% in throughput, "
				 "more than clocks do "
				 "(limit %.1f %%): probably not the same build or clock",
				 100 * off_rel, 100 * tiny_limits.clock_rel);
}

/* One inference takes the same time in every window: a stray edge makes one shorter or longer. */
static void judge_paces(struct tiny_result *result)
{
	double paces_s[TINY_WINDOWS_MAX], limit_rel;
	struct repeat_result repeat;

	for (unsigned i = 0; i < result->window_count; i++)
		paces_s[i] = result->windows[i].energy.duration_s / result->windows[i].inferences;
	if (repeat_judge(paces_s, result->window_count, &repeat))
		return;
	limit_rel = tiny_limits.pace_rel +
		    TINY_STAMP_S / result->windows[repeat.worst].energy.duration_s;
	if (fabs(repeat.worst_rel) > limit_rel)
		tiny_result_find(result, IMPORT_WINDOW_OUTLIER,
				 "window %zu: an inference takes %+.2f %% of the median's time "
				 "more (limit %.2f %%): its edges are not those of the inferences",
				 repeat.worst + 1, 100 * repeat.worst_rel, 100 * limit_rel);
}

/* What the board was asked for, by another file. */
static void judge_asked(struct tiny_result *result, const char *file, unsigned i, double asked)
{
	if (!isnan(asked) && asked != result->windows[i].inferences)
		tiny_result_find(result, IMPORT_INFERENCES_CONTRADICT,
				 "%s: run %u asked for %g inferences, results.txt counts %g", file,
				 i + 1, asked, result->windows[i].inferences);
}

static void judge_inferences(struct tiny_result *result)
{
	for (unsigned i = 0; i < result->window_count; i++) {
		if (i < result->run_count)
			judge_asked(result, result->layout->trace_file, i,
				    result->runs[i].inferences);
		if (i < result->log.runs)
			judge_asked(result, "log.txt", i, result->log.inferences[i]);
		if (tiny_result_has(result, IMPORT_INFERENCES_CONTRADICT))
			return;
	}
}

/* What the host had of each run when it measured. */
static void judge_captures(struct tiny_result *result)
{
	for (unsigned i = 0; i < result->log.captures && i < result->run_count; i++) {
		const struct tiny_run *run = &result->runs[i];

		if (result->log.captured_samples[i] == (double)run->samples &&
		    result->log.captured_edges[i] == (double)run->edges)
			continue;
		tiny_result_find(result, IMPORT_WINDOW_MISMATCH,
				 "log.txt: run %u had %g samples and %g events, in %s it has %zu "
				 "and %zu: not of the same session, or edited",
				 i + 1, result->log.captured_samples[i],
				 result->log.captured_edges[i], result->layout->trace_file,
				 run->samples, run->edges);
		return;
	}
}

static void judge_repeats(struct tiny_result *result)
{
	double values_j[TINY_WINDOWS_MAX];
	const struct repeat_result *repeat = &result->repeat;
	const struct tiny_spread *spread = tiny_spread_of(result);

	for (unsigned i = 0; i < result->window_count; i++)
		values_j[i] = result->windows[i].energy_per_inference_j;
	if (repeat_judge(values_j, result->window_count, &result->repeat))
		return;
	result->ours_j = repeat->median;
	if (fabs(repeat->worst_rel) > spread->outlier_rel)
		tiny_result_find(result, IMPORT_WINDOW_OUTLIER,
				 "window %zu is %+.2f %% off the median of the windows: it is not "
				 "the same work, or not "
				 "all of it",
				 repeat->worst + 1, 100 * repeat->worst_rel);
	else if (repeat->cv_rel > spread->scatter_rel)
		tiny_result_find(
			result, IMPORT_SCATTER,
			"the windows scatter by %.2f %% (s.d.); public results stay under %.1f %%",
			100 * repeat->cv_rel, 100 * spread->scatter_rel);
}

static void judge_windows(struct tiny_result *result, const struct falling_windows *windows)
{
	bool is_paired = result->energy.count == windows->count;

	result->window_count = (unsigned)windows->count;
	for (unsigned i = 0; i < windows->count; i++)
		integrate_window(result, i, &windows->windows[i]);
	if (tiny_result_has(result, IMPORT_TRACE_NOT_FINITE) ||
	    tiny_result_has(result, IMPORT_MARKER_OUTSIDE) ||
	    tiny_result_has(result, IMPORT_RATE_WRONG) ||
	    tiny_result_has(result, IMPORT_RESULTS_INCOMPLETE) || !is_paired)
		return;
	for (unsigned i = 0; i < windows->count; i++)
		judge_places(result, i);
	judge_clock(result);
	judge_inferences(result);
	judge_captures(result);
	tiny_judge_log_times(result);
	judge_paces(result);
	judge_repeats(result);
	for (unsigned i = 0; i < windows->count; i++)
		judge_energy(result, i);
	for (unsigned i = 0; i < windows->count && !tiny_result_has(result, IMPORT_WINDOW_SHORT);
	     i++)
		judge_rules(result, i);
	judge_drift(result);
	if (!tiny_result_has(result, IMPORT_DRIFT))
		judge_parts(result);
	tiny_judge_levels(result);
	tiny_judge_uncertainty(result);
}

/* The energy of a whole recording is what was published: nothing is held against anything. */
static void refuse_streaming(struct tiny_result *result)
{
	tiny_result_find(result, IMPORT_WINDOW_COUNT,
			 "energy/results.txt: a streaming wakeword result, %u window of %.0f s of "
			 "sound; it has no energy per inference and is not read",
			 result->energy.count, result->energy.windows[0].runtime_s);
}

void tiny_result_judge(struct tiny_result *result)
{
	bool has_trace = result->trace.samples, has_edges = result->edge_count > 0;
	struct falling_windows windows = {0};
	bool has_windows;

	if (result->energy.is_streaming) {
		refuse_streaming(result);
		return;
	}
	tiny_judge_notes(result);
	if (has_trace)
		judge_samples(result);
	if (result->has_energy)
		tiny_judge_results(result);
	tiny_judge_performance(result);
	if (result->has_energy && (!has_trace || !has_edges))
		judge_clock(result);
	if (!has_trace || !has_edges)
		return;
	has_windows = tiny_judge_edges(result, &windows);
	if (!has_windows)
		windows.count = 0;
	judge_negative(result, &windows);
	if (has_windows && result->has_energy)
		judge_windows(result, &windows);
	if (result->verdict == IMPORT_REFUSED)
		tiny_result_rescue(result);
}
