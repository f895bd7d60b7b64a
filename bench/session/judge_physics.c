/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What must fit together: the meter's time with the board's cycles, the window's halves, idle on
 * both sides.
 */
#include <errno.h>
#include <math.h>

#include "analysis/trace/rate.h"
#include "bench/session/judge_parts.h"

static const double nominal_tolerance_rel = 0.03; /* RC oscillators of real boards: 0.1 - 1.3 % off,
						     plus the meter's clock */
static const double fitted_tolerance_rel = 2e-3;  /* drift of one oscillator over a session */
static const double rate_tolerance_rel = 0.01;    /* a meter's clock, by the host's */
static const double idle_tolerance_rel = 0.01;    /* of the window's mean current */
/* second half of the inferences against the first */
static const double drift_tolerance_rel = 0.005;
static const double drift_sigmas = 3;       /* of the difference of two halves' means */
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

static int refuse_rate(struct judging *j, const struct rate_verdict *verdict)
{
	char text[200];

	rate_verdict_text(verdict, text, sizeof(text));
	return judge_refuse(j, VERDICT_REASON_CLOCK, "%s", text);
}

static bool is_wrong(const struct rate_verdict *verdict)
{
	return verdict->name == RATE_FACTOR || verdict->name == RATE_OFF;
}

/* The meter's own clock by the host's: of this capture, and of all that the session has seen, which
 * tells more than a short one. */
int judge_check_rate(struct judging *j)
{
	const struct judge_meter_clock *clock = j->request->meter_clock;
	double nominal_hz = j->request->meter->rate_hz;
	struct rate_verdict verdict;
	struct clock_drift pooled;

	if (!clock)
		return 0;
	if (!j->run->clock_error) {
		j->row->meter_rate_hz = clock_line_rate_hz(&j->run->clock);
		j->row->meter_rate_u_hz = clock_line_u_rate_hz(&j->run->clock);
		if (!rate_judge_line(&j->run->clock, nominal_hz, rate_tolerance_rel, &verdict) &&
		    is_wrong(&verdict))
			return refuse_rate(j, &verdict);
	}
	if (clock_pool_fit(&clock->pool, &pooled) ||
	    rate_judge(pooled.ratio.cycles_per_sample * nominal_hz,
		       pooled.ratio.u_cycles_per_sample * nominal_hz, nominal_hz,
		       rate_tolerance_rel, &verdict))
		return 0;
	return is_wrong(&verdict) ? refuse_rate(j, &verdict) : 0;
}

int judge_check_clock(struct judging *j)
{
	const struct judge_request *request = j->request;
	const struct judge_clock *clock = request->clock;
	const struct wire_result_reply *result = &request->capture->result;
	size_t recent = clock->count < CLOCK_WINDOWS ? clock->count : CLOCK_WINDOWS;
	double samples = j->run->window.end_samples - j->run->window.start_samples;
	struct clock_ratio nominal = {.cycles_per_sample =
					      request->clock_hz / request->meter->rate_hz};
	struct clock_fit fit;
	int ret = clock_ratio_of_window(result->cycles, 0, samples, j->run->edge_u_samples,
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
	const struct run_result *result = j->run;
	double mean_a = result->values.mean_a;
	double limit_a = fmax(idle_tolerance_rel * fabs(mean_a), 3 * result->idle_drift_u_a);

	if (fabs(result->idle_drift_a) > limit_a)
		return judge_refuse(j, VERDICT_REASON_IDLE,
				    "%.6g A before the window, %.6g A after",
				    result->idle_before.mean_a, result->idle_after.mean_a);
	if (result->idle_a >= mean_a)
		return judge_refuse(j, VERDICT_REASON_IDLE, "%.6g A, not below the window's %.6g A",
				    result->idle_a, mean_a);
	return 0;
}

/* Every inference lasts in the meter's samples what the board counted for it. One that is shorter
 * has lost samples that no counter showed (64 in one piece with a PPK2). A window of one inference
 * has nothing to be held against. */
int judge_check_pace(struct judging *j)
{
	const struct wire_result_reply *result = &j->request->capture->result;
	const struct run_pace *pace = &j->run->pace;
	double per_cycle = (j->run->window.end_samples - j->run->window.start_samples) /
			   (double)result->cycles;
	double low = (double)judge_counter(j, "inf_min") * per_cycle;
	double high = (double)judge_counter(j, "inf_max") * per_cycle;
	bool is_short = low - pace->shortest_samples > pace->longest_samples - high;

	if (!result->cycles || !judge_counter(j, "inf_max"))
		return judge_refuse(j, VERDICT_REASON_PACE,
				    "the board did not count its inferences' cycles");
	if (!pace->count ||
	    fmax(low - pace->shortest_samples, pace->longest_samples - high) <= pace_slack_samples)
		return 0;
	return judge_refuse(
		j, VERDICT_REASON_PACE,
		"inference %llu lasts %.0f samples, by the board's cycles %.1f to %.1f: "
		"samples or edges are missing",
		(unsigned long long)(is_short ? pace->shortest : pace->longest),
		is_short ? pace->shortest_samples : pace->longest_samples, low, high);
}

/* Of the difference of two halves' means. A meter of few samples sees different parts of the same
 * work, and each half has one of the window's edges. */
static double halves_u_a(const struct run_result *run)
{
	double samples = (double)run->samples_whole;
	double edge_a = run->edge_u_samples * (run->values.mean_a - run->idle_a);

	return run->samples_whole ? hypot(2 * run->sample_sd_a / sqrt(samples),
					  sqrt(2) * edge_a / (samples / 2))
				  : 0;
}

/* Compares the mean current of the second half of the inferences with the first's: the same work.
 */
int judge_check_drift(struct judging *j)
{
	const struct run_result *run = j->run;
	double tolerance_a = fmax(drift_tolerance_rel * fabs(run->values.mean_a),
				  drift_sigmas * halves_u_a(run));

	if (!run->has_halves || fabs(run->second_half_a - run->first_half_a) <= tolerance_a)
		return 0;
	return judge_refuse(j, VERDICT_REASON_DRIFT,
			    "mean current %.6g A in the first half, %.6g A in the second",
			    run->first_half_a, run->second_half_a);
}
