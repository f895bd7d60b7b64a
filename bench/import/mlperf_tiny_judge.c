/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One result against itself: trace, markers, windows, published figures, performance run.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/import/mlperf_tiny_judge.h"

enum { EDGE_COUNT = 1 + 2 * TINY_PROTOCOL_WINDOWS };

/* Windows are printed to a hundredth of a second: half of that, and a little for the printer's
 * arithmetic. */
static const double SECONDS_HALF_DIGIT = 0.0051;

/* The tail behind the last edge is not the same in all traces. */
static const double RATE_FACTOR_REL = 0.02;

static struct energy_trace trace_of(const struct tiny_result *result)
{
	return (struct energy_trace){.samples = result->trace.samples,
				     .count = result->trace.count,
				     .rate_hz = result->trace.rate_hz,
				     .joule_per_unit = 1e-6};
}

static size_t byte_of(size_t sample)
{
	return TINY_HEADER_BYTES + sample * sizeof(float);
}

static void judge_samples(struct tiny_result *result)
{
	struct energy_trace trace = trace_of(result);
	struct energy_scan scan = energy_trace_scan(&trace, 0, trace.count);

	if (scan.not_finite)
		tiny_result_find(result, IMPORT_TRACE_NOT_FINITE,
				 "trace1-energy.bin: %zu samples are no finite numbers, the first "
				 "is sample %zu "
				 "(byte %zu): samples were lost, or the file is damaged",
				 scan.not_finite, scan.first_not_finite,
				 byte_of(scan.first_not_finite));
	if (scan.negative)
		tiny_result_find(result, IMPORT_TRACE_NEGATIVE,
				 "trace1-energy.bin: %zu samples are negative, the first is sample "
				 "%zu (byte %zu): "
				 "a board that is fed by one supply takes no energy back",
				 scan.negative, scan.first_negative, byte_of(scan.first_negative));
	if (!isnan(result->supply_v) && !(result->supply_v > 0))
		tiny_result_find(result, IMPORT_SUPPLY_ZERO,
				 "log.txt: the supply was at %g V: nothing was measured",
				 result->supply_v);
}

/* A trace that ends before its last edge: by one of the known factors, or anyhow. */
static void find_short_trace(struct tiny_result *result, const struct rate_check *check)
{
	static const double factors[] = {0.5, 0.75};
	double end_s = (double)result->trace.count / result->trace.rate_hz;

	for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++)
		if (fabs(check->stretch / factors[i] - 1) < RATE_FACTOR_REL) {
			tiny_result_find(
				result, IMPORT_RATE_WRONG,
				"the last edge is at %.3f s, the trace ends at %.3f s: it is %.2f "
				"times "
				"as long as its edges say, so the header's %g Hz are not its rate",
				end_s - check->excess_s, end_s, check->stretch,
				result->trace.rate_hz);
			return;
		}
	tiny_result_find(
		result, IMPORT_MARKER_OUTSIDE,
		"the last edge is at %.3f s, the trace ends at %.3f s (%zu samples at %g Hz): the "
		"trace is cut off; copy it again",
		end_s - check->excess_s, end_s, result->trace.count, result->trace.rate_hz);
}

/* Order, then whether the trace is as long as the edges say, then their number. */
static bool judge_edges(struct tiny_result *result, struct falling_windows *windows)
{
	const double *edges_s = result->edges_s;
	size_t count = result->edge_count, bad = falling_first_unordered(edges_s, count);
	struct rate_check check;
	int code;

	if (bad < count) {
		tiny_result_find(result, IMPORT_TIMESTAMPS_ORDER,
				 "trace1-timestamps.json: entry %zu (%g s) is %s", bad + 1,
				 edges_s[bad],
				 edges_s[bad] < 0 ? "negative" : "not later than the one before");
		return false;
	}
	code = rate_check_tail(result->trace.count, result->trace.rate_hz, edges_s[count - 1],
			       tiny_limits.tail_s, tiny_limits.tail_max_s, &check);
	if (code == ANALYSIS_OUTSIDE_CAPTURE)
		find_short_trace(result, &check);
	else if (code)
		tiny_result_find(
			result, IMPORT_RATE_WRONG,
			"the trace goes on for %.1f s behind its last edge (1 to 2 s are usual): "
			"it is %.2f "
			"times as long as its edges explain. Extra samples, or a wrong rate in the "
			"header (%g "
			"Hz); see EEMBC energyrunner issue 24. Its energies cannot be used",
			check.excess_s, check.stretch, result->trace.rate_hz);
	code = falling_decode(edges_s, count, TINY_PROTOCOL_WINDOWS, windows);
	if (code)
		tiny_result_find(
			result,
			code == ANALYSIS_EXTRA_EDGES ? IMPORT_MARKER_EXTRA : IMPORT_MARKER_LOST,
			"trace1-timestamps.json: %zu edges, the protocol has %d (one, then start "
			"and stop of "
			"%d windows): %s, so what follows it is read as gaps instead of windows; "
			"measure again",
			count, EDGE_COUNT, TINY_PROTOCOL_WINDOWS,
			code == ANALYSIS_EXTRA_EDGES ? "there is an edge too many"
						     : "an edge was lost");
	return !code;
}

static void integrate_window(struct tiny_result *result, unsigned i,
			     const struct falling_window *edges)
{
	struct energy_trace trace = trace_of(result);
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
				 "trace1-energy.bin: no energy in %zu samples of window %u, the "
				 "first is sample %zu "
				 "(byte %zu): the supply was off, or samples were lost",
				 scan.zero, i + 1, scan.first_zero, byte_of(scan.first_zero));
	if (i < result->energy.count) {
		window->inferences = result->energy.windows[i].inferences;
		window->published_per_inference_j =
			result->energy.windows[i].energy_j / window->inferences;
	}
	if (!code && window->inferences >= 1)
		window->energy_per_inference_j = window->energy.energy_j / window->inferences;
}

/* Where the runner says its windows are. */
static void judge_places(struct tiny_result *result, unsigned i)
{
	const struct tiny_results_window *printed = &result->energy.windows[i];
	const struct falling_window *edges = &result->windows[i].edges;
	double duration_s = edges->end_s - edges->start_s;

	if (!tiny_close_to(printed->at_s, edges->start_s, SECONDS_HALF_DIGIT + TINY_STAMP_S, 0) ||
	    !tiny_close_to(printed->for_s, duration_s, SECONDS_HALF_DIGIT + TINY_STAMP_S, 0) ||
	    !tiny_close_to(printed->runtime_s, duration_s, 2 * TINY_STAMP_S, 0))
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
	double limit_rel = fmax(tiny_limits.energy_rel, tiny_limits.sample_slack / samples);
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

static void judge_log(struct tiny_result *result)
{
	for (unsigned i = 0; i < result->log.runs && i < result->window_count; i++)
		if (result->log.inferences[i] != result->windows[i].inferences) {
			tiny_result_find(
				result, IMPORT_INFERENCES_CONTRADICT,
				"log.txt: run %u asked for %g inferences, results.txt counts %g",
				i + 1, result->log.inferences[i], result->windows[i].inferences);
			return;
		}
}

static void judge_repeats(struct tiny_result *result)
{
	double values_j[TINY_WINDOWS_MAX];
	const struct repeat_result *repeat = &result->repeat;

	for (unsigned i = 0; i < result->window_count; i++)
		values_j[i] = result->windows[i].energy_per_inference_j;
	if (repeat_judge(values_j, result->window_count, &result->repeat))
		return;
	result->ours_j = repeat->median;
	if (fabs(repeat->worst_rel) > tiny_limits.outlier_rel)
		tiny_result_find(result, IMPORT_WINDOW_OUTLIER,
				 "window %zu is %+.2f %% off the median of the windows: it is not "
				 "the same work, or not "
				 "all of it",
				 repeat->worst + 1, 100 * repeat->worst_rel);
	else if (repeat->cv_rel > tiny_limits.scatter_rel)
		tiny_result_find(
			result, IMPORT_SCATTER,
			"the windows scatter by %.2f %% (s.d.); public results stay under %.1f %%",
			100 * repeat->cv_rel, 100 * tiny_limits.scatter_rel);
}

/* The energies as they are: charge at 1 V, since no submission has a voltage trace. */
static int budget_of(const struct tiny_result *result, const struct tiny_window *window,
		     struct budget_window *budget)
{
	const struct budget_input input = {
		.charge_c = window->energy.energy_j,
		.duration_s = window->energy.duration_s,
		.supply_v = 1,
		.edge_u_s = TINY_STAMP_S / sqrt(12),
		.gain_u_rel = result->meter->limit_rel / sqrt(3),
		.noise_sd_a = window->energy.u_scatter_rel * window->energy.mean_power_w *
			      sqrt(ENERGY_PARTS),
		.samples = ENERGY_PARTS,
	};

	return budget_of_window(&input, budget);
}

static void judge_uncertainty(struct tiny_result *result)
{
	double energy_j[TINY_WINDOWS_MAX], independent_j[TINY_WINDOWS_MAX],
		common_j[TINY_WINDOWS_MAX];
	double powers_w[TINY_WINDOWS_MAX];
	struct repeat_result power;

	for (unsigned i = 0; i < result->window_count; i++) {
		struct tiny_window *window = &result->windows[i];
		struct budget_window budget;

		if (!(window->inferences >= 1) || budget_of(result, window, &budget))
			return;
		window->u_independent_j = budget.gross.u_independent_j / window->inferences;
		window->u_common_j = budget.gross.u_common_j / window->inferences;
		energy_j[i] = window->energy_per_inference_j;
		independent_j[i] = window->u_independent_j;
		common_j[i] = window->u_common_j;
		powers_w[i] = window->energy.mean_power_w;
	}
	if (!result->window_count)
		return;
	budget_combine_repeats(energy_j, independent_j, common_j, result->window_count,
			       &result->mean);
	if (!repeat_judge(powers_w, result->window_count, &power))
		result->power_w = power.median;
}

static bool is_refused_for(const struct tiny_result *result, enum import_reason reason)
{
	for (unsigned i = 0; i < result->finding_count; i++)
		if (result->findings[i].reason == reason)
			return true;
	return false;
}

static void judge_windows(struct tiny_result *result, const struct falling_windows *windows)
{
	bool is_paired = result->energy.count == windows->count;

	result->window_count = (unsigned)windows->count;
	for (unsigned i = 0; i < windows->count; i++)
		integrate_window(result, i, &windows->windows[i]);
	if (is_refused_for(result, IMPORT_TRACE_NOT_FINITE) ||
	    is_refused_for(result, IMPORT_MARKER_OUTSIDE) ||
	    is_refused_for(result, IMPORT_RATE_WRONG) ||
	    is_refused_for(result, IMPORT_RESULTS_INCOMPLETE) || !is_paired)
		return;
	for (unsigned i = 0; i < windows->count; i++)
		judge_places(result, i);
	judge_clock(result);
	judge_log(result);
	judge_repeats(result);
	for (unsigned i = 0; i < windows->count; i++)
		judge_energy(result, i);
	for (unsigned i = 0; i < windows->count && !is_refused_for(result, IMPORT_WINDOW_SHORT);
	     i++)
		judge_rules(result, i);
	judge_drift(result);
	judge_uncertainty(result);
}

void tiny_result_judge(struct tiny_result *result)
{
	bool has_trace = result->trace.samples, has_edges = result->edge_count > 0;
	struct falling_windows windows;

	if (has_trace)
		judge_samples(result);
	if (result->has_energy)
		tiny_judge_results(result);
	tiny_judge_performance(result);
	if (result->has_energy && (!has_trace || !has_edges))
		judge_clock(result);
	if (!has_trace || !has_edges)
		return;
	if (judge_edges(result, &windows) && result->has_energy)
		judge_windows(result, &windows);
	if (result->verdict == IMPORT_REFUSED)
		tiny_result_rescue(result);
}
