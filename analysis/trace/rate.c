/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rates against nominal, by name.
 */
#include "analysis/trace/rate.h"

#include <math.h>
#include <stdio.h>

static const double coverage = 3;

static const struct {
	double factor;
	const char *text, *cause;
} factors[] = {
	{1, "1", ""},
	{1.0 / 2, "1/2", "as when every second sample is dropped, or two are averaged"},
	{2.0 / 3, "2/3", "as when every third sample is dropped"},
	{3.0 / 4, "3/4", "as when every fourth sample is dropped"},
	{4.0 / 3, "4/3", "as when samples of other channels are interleaved"},
	{3.0 / 2, "3/2", "as when every third sample comes from another channel"},
	{2, "2", "as when another channel's samples are interleaved, or each is given twice"},
};

enum { FACTORS = sizeof(factors) / sizeof(factors[0]) };

int rate_judge(double measured_hz, double u_measured_hz, double nominal_hz, double tolerance_rel,
	       struct rate_verdict *ret_verdict)
{
	struct rate_verdict verdict = {.nominal_hz = nominal_hz,
				       .measured_hz = measured_hz,
				       .u_measured_hz = u_measured_hz};
	double limit;
	size_t nearest = 0;

	if (!isfinite(measured_hz) || measured_hz <= 0 || !isfinite(nominal_hz) ||
	    nominal_hz <= 0 || !isfinite(u_measured_hz) || u_measured_hz < 0 ||
	    !(tolerance_rel >= 0 && tolerance_rel <= 0.1))
		return ANALYSIS_BAD_ARGUMENT;
	verdict.ratio = measured_hz / nominal_hz;
	verdict.u_ratio = u_measured_hz / nominal_hz;
	for (size_t i = 1; i < FACTORS; i++)
		if (fabs(log(verdict.ratio / factors[i].factor)) <
		    fabs(log(verdict.ratio / factors[nearest].factor)))
			nearest = i;
	verdict.factor = factors[nearest].factor;
	verdict.factor_text = factors[nearest].text;
	verdict.residual_rel = verdict.ratio / verdict.factor - 1;
	limit = coverage * verdict.u_ratio / verdict.ratio;
	/* 3/4 and 2/3, 4/3 and 3/2 are 12 % apart: half of that */
	if (limit + tolerance_rel > 0.06)
		verdict.name = RATE_UNCERTAIN;
	else if (fabs(verdict.residual_rel) > tolerance_rel + limit)
		verdict.name = RATE_OFF;
	else
		verdict.name = nearest ? RATE_FACTOR : RATE_NOMINAL;
	verdict.cause = verdict.name == RATE_FACTOR ? factors[nearest].cause : "";
	*ret_verdict = verdict;
	return 0;
}

int rate_judge_line(const struct clock_line *line, double nominal_hz, double tolerance_rel,
		    struct rate_verdict *ret_verdict)
{
	int code = rate_judge(clock_line_rate_hz(line), clock_line_u_rate_hz(line), nominal_hz,
			      tolerance_rel, ret_verdict);

	if (code)
		return code;
	ret_verdict->points = line->points;
	ret_verdict->span_s = line->span_s;
	return 0;
}

int rate_verdict_text(const struct rate_verdict *verdict, char *ret_text, size_t capacity)
{
	char evidence[64] = "", reason[128] = "";

	if (verdict->points)
		snprintf(evidence, sizeof(evidence), ", from %llu blocks over %.3g s",
			 (unsigned long long)verdict->points, verdict->span_s);
	if (verdict->name == RATE_FACTOR)
		snprintf(reason, sizeof(reason), "; %s, %s", verdict->factor_text, verdict->cause);
	else if (verdict->name == RATE_OFF)
		snprintf(reason, sizeof(reason), "; no known factor, the nearest is %s",
			 verdict->factor_text);
	else if (verdict->name == RATE_UNCERTAIN)
		snprintf(reason, sizeof(reason), "; too uncertain to be judged");
	return snprintf(ret_text, capacity,
			"the meter runs at %.4f of its nominal rate: %.6g Hz +- %.2g Hz for %.6g "
			"Hz%s%s",
			verdict->ratio, verdict->measured_hz, verdict->u_measured_hz,
			verdict->nominal_hz, evidence, reason);
}
