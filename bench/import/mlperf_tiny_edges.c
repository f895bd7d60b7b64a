/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Edges into windows: order, number, and what else tells that one is lost or too many.
 */
#include <math.h>

#include "bench/import/mlperf_tiny_judge.h"

enum { EDGE_COUNT = 1 + 2 * TINY_PROTOCOL_WINDOWS };

/* The tail behind the last edge is not the same in all traces. */
static const double RATE_FACTOR_REL = 0.02;

/* The unit that edges would have to be in to end where the trace does; NULL: none. */
static const char *likely_unit(double last_edge, double end_s)
{
	static const struct {
		double s;
		const char *name;
	} units[] = {{1e-3, "milliseconds"}, {1e-6, "microseconds"}, {1e-9, "nanoseconds"}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		double excess_s = end_s - last_edge * units[i].s;

		if (excess_s >= 0 && excess_s <= tiny_limits.tail_max_s)
			return units[i].name;
	}
	return NULL;
}

/* A trace that ends before its last edge: by one of the known factors, or anyhow. */
static void find_short_trace(struct tiny_result *result, const struct rate_check *check)
{
	static const double factors[] = {0.5, 0.75};
	double end_s = (double)result->trace.count / result->trace.rate_hz;
	const char *unit = likely_unit(end_s - check->excess_s, end_s);

	if (unit) {
		tiny_result_find(
			result, IMPORT_MARKER_OUTSIDE,
			"%s: the last edge is at %g s, the trace ends at %.3f s: the edges "
			"look like %s and have to be seconds",
			result->layout->edges_file, end_s - check->excess_s, end_s, unit);
		return;
	}
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
		"%s: the last edge is at %.3f s, %s ends at %.3f s (%zu samples at %g Hz): the "
		"trace is cut off; copy it again",
		result->layout->edges_file, end_s - check->excess_s, result->layout->trace_file,
		end_s, result->trace.count, result->trace.rate_hz);
}

/* Edges as times, all of one list: whether the trace is as long as they say, then their number. */
static bool judge_times(struct tiny_result *result, struct falling_windows *windows)
{
	const double *edges_s = result->edges_s;
	size_t count = result->edge_count;
	struct rate_check check;
	int code;

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

/* Whether the monitor's numbers go on from one event to the next. Numbers that begin anew with
 * every run are no gap. */
static bool judge_numbers(struct tiny_result *result)
{
	const struct tiny_event *events = result->events;

	for (size_t i = 1; i < result->edge_count; i++) {
		bool is_new_run = events[i].run != events[i - 1].run;

		if (events[i].number == events[i - 1].number + 1 ||
		    (is_new_run && events[i].number == events[0].number))
			continue;
		tiny_result_find(
			result,
			events[i].number > events[i - 1].number ? IMPORT_MARKER_LOST
								: IMPORT_TIMESTAMPS_ORDER,
			"%s: event %ld of run %u follows event %ld: %s", result->layout->edges_file,
			events[i].number, events[i].run + 1, events[i - 1].number,
			events[i].number > events[i - 1].number
				? "the monitor saw others between that were lost; measure again"
				: "the monitor's numbers grow by one");
		return false;
	}
	return true;
}

/* Two events to a run; before those of the first, the board may have come up. */
static bool judge_run(struct tiny_result *result, unsigned i)
{
	const struct tiny_run *run = &result->runs[i];

	if (run->edges < 2)
		tiny_result_find(result, IMPORT_MARKER_LOST,
				 "%s: run %u has %s, its start and its stop are two: %s lost; "
				 "measure again",
				 result->layout->edges_file, i + 1,
				 run->edges ? "one event" : "no event",
				 run->edges ? "one was" : "they were");
	else if (run->edges > 2 && i)
		tiny_result_find(
			result, IMPORT_MARKER_EXTRA,
			"%s: run %u has %zu events, a start and a stop are two: which ones "
			"they are is not known (the runner took the last two); measure "
			"again",
			result->layout->edges_file, i + 1, run->edges);
	return run->edges == 2 || (run->edges > 2 && !i);
}

/* Edges that come with runs and numbers: the last two of each run are its window. */
static bool judge_events(struct tiny_result *result, struct falling_windows *windows)
{
	if (result->run_count != TINY_PROTOCOL_WINDOWS) {
		tiny_result_find(result, IMPORT_WINDOW_COUNT, "%s: %u runs, the protocol has %d",
				 result->layout->edges_file, result->run_count,
				 TINY_PROTOCOL_WINDOWS);
		return false;
	}
	*windows = (struct falling_windows){.count = result->run_count};
	for (unsigned i = 0; i < result->run_count; i++) {
		size_t first;

		if (!judge_run(result, i))
			return false;
		first = result->runs[i].first_edge + result->runs[i].edges - 2;
		windows->windows[i] = (struct falling_window){first, result->edges_s[first],
							      result->edges_s[first + 1]};
	}
	return judge_numbers(result);
}

bool tiny_judge_edges(struct tiny_result *result, struct falling_windows *ret_windows)
{
	const double *edges_s = result->edges_s;
	size_t count = result->edge_count, bad = falling_first_unordered(edges_s, count);

	if (bad < count) {
		tiny_result_find(result, IMPORT_TIMESTAMPS_ORDER, "%s: entry %zu (%g s) is %s",
				 result->layout->edges_file, bad + 1, edges_s[bad],
				 edges_s[bad] < 0 ? "negative" : "not later than the one before");
		return false;
	}
	return result->layout->has_events ? judge_events(result, ret_windows)
					  : judge_times(result, ret_windows);
}
