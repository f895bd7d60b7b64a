/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What must fit together: the meter's time with the board's cycles, the window's halves, idle on
 * both sides, the supply that was set with the one the board sees.
 */
#include <errno.h>
#include <math.h>

#include "bench/session/judge_parts.h"

static const double nominal_tolerance_rel = 0.03; /* RC oscillators of real boards: 0.1 - 1.3 % off,
						     plus the meter's clock */
static const double fitted_tolerance_rel = 2e-3;  /* drift of one oscillator over a session */
static const double idle_tolerance_rel = 0.01;    /* of the window's mean current */
/* second half of the inferences against the first */
static const double drift_tolerance_rel = 0.005;
/* A board's reading of its supply through its internal reference: calibrated at 3.0 V +- 10 mV
 * (data sheets, VREFINT_CAL), its drift with temperature, and a drop along the cable. */
static const double vdda_tolerance_rel = 0.02;
static const double vdda_coverage = 3;      /* of the supply's standard uncertainty */
static const double pace_slack_samples = 4; /* an inference's two edges in the meter's samples,
					       and what the logic inputs may lag */

/* Windows the clock is held against: the latest, so that an oscillator may drift over a night. */
enum { CLOCK_WINDOWS = 16 };

static int check_ratio(struct judging *j, const struct clock_ratio *expected, double tolerance,
		       const char *against)
{
	struct clock_check check;
	int ret = clock_check_window(&j->ratio, expected, tolerance, &check);

	if (ret)
		return judge_refuse(j, VERDICT_REASON_CLOCK, "%s", analysis_error_text(ret));
	if (check.ok)
		return 0;
	return judge_refuse(j, VERDICT_REASON_CLOCK,
			    "duration and cycles differ by %+.4f %% from %s (limit %.4f %%)",
			    check.deviation_rel * 100, against, check.limit_rel * 100);
}

int judge_check_clock(struct judging *j)
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
		return judge_refuse(j, VERDICT_REASON_CLOCK, "%s", analysis_error_text(ret));
	ret = check_ratio(j, &nominal, nominal_tolerance_rel, "the nominal clock");
	if (ret || !recent)
		return ret;
	ret = clock_fit_ratios(clock->ratios + clock->count - recent, recent, &fit);
	if (ret == ANALYSIS_NO_MEMORY)
		return -ENOMEM;
	if (ret)
		return judge_refuse(j, VERDICT_REASON_CLOCK, "earlier windows: %s",
				    analysis_error_text(ret));
	return check_ratio(j, &fit.ratio, fitted_tolerance_rel, "this board's earlier windows");
}

int judge_check_idle(struct judging *j)
{
	const struct window_result *result = &j->result;
	double limit_a =
		fmax(idle_tolerance_rel * fabs(result->mean_a), 3 * result->idle_drift_u_a);

	if (fabs(result->idle_drift_a) > limit_a)
		return judge_refuse(j, VERDICT_REASON_IDLE,
				    "%.6g A before the window, %.6g A after",
				    result->idle_before.mean_a, result->idle_after.mean_a);
	if (result->idle_a >= result->mean_a)
		return judge_refuse(j, VERDICT_REASON_IDLE, "%.6g A, not below the window's %.6g A",
				    result->idle_a, result->mean_a);
	return 0;
}

size_t judge_first_inference(const struct judging *j)
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
int judge_check_pace(struct judging *j)
{
	const struct wire_result_reply *result = &j->request->capture->result;
	const struct marker_line *line = &j->inference_line;
	double per_cycle =
		(j->window.end_samples - j->window.start_samples) / (double)result->cycles;
	struct pace pace = {.low = (double)judge_counter(j, "inf_min") * per_cycle,
			    .high = (double)judge_counter(j, "inf_max") * per_cycle};
	double last = j->window.start_samples;
	size_t first = judge_first_inference(j);

	if (!result->cycles || !judge_counter(j, "inf_max"))
		return judge_refuse(j, VERDICT_REASON_PACE,
				    "the board did not count its inferences' cycles");
	for (size_t i = 0; i < result->inferences && first + i < line->edge_count; i++) {
		double position = line->edges[first + i].position_samples;

		pace_add(&pace, i, position - last);
		last = position;
	}
	if (pace.worst <= pace_slack_samples)
		return 0;
	return judge_refuse(j, VERDICT_REASON_PACE,
			    "inference %zu lasts %.0f samples, by the board's cycles %.1f to %.1f: "
			    "samples or edges are missing",
			    pace.index, pace.last, pace.low, pace.high);
}

/* Compares the mean current of the second half of the inferences with the first's: the same work.
 */
int judge_check_drift(struct judging *j)
{
	size_t half = j->request->run->inferences / 2, skip = judge_first_inference(j);
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
		return judge_refuse(j, VERDICT_REASON_DRIFT,
				    "the inference edges do not divide the window");
	first_a = first_c / ((middle - j->window.start_samples) / rate_hz);
	second_a = second_c / ((end - middle) / rate_hz);
	if (fabs(second_a - first_a) <= drift_tolerance_rel * fabs(j->result.mean_a))
		return 0;
	return judge_refuse(j, VERDICT_REASON_DRIFT,
			    "mean current %.6g A in the first half, %.6g A in the second", first_a,
			    second_a);
}

/* Energy is charge times the voltage that was set. */
int judge_check_supply(struct judging *j)
{
	const struct judge_request *request = j->request;
	const double read_v[] = {request->vdda_before_mv / 1e3, request->vdda_after_mv / 1e3};
	double set_v = request->meter_config->supply_v;
	double limit_v =
		vdda_tolerance_rel * set_v + vdda_coverage * request->meter_config->supply_u_v;

	for (size_t i = 0; i < sizeof(read_v) / sizeof(read_v[0]); i++)
		if (read_v[i] > 0 && fabs(read_v[i] - set_v) > limit_v)
			return judge_refuse(j, VERDICT_REASON_SUPPLY,
					    "%.4g V set, %.4g V by the board's own reading %s "
					    "the window (limit %.2g V)",
					    set_v, read_v[i], i ? "after" : "before", limit_v);
	return 0;
}
