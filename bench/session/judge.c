/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/judge.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/session/judge_parts.h"

static void refuse(struct store_measurement *row, enum verdict_reason reason, const char *format,
		   va_list args)
{
	const struct verdict_entry *entry = verdict_entry(reason);
	int used = snprintf(row->reason, sizeof(row->reason), "%s: ", entry->code);

	vsnprintf(row->reason + used, sizeof(row->reason) - (size_t)used, format, args);
	snprintf(row->verdict, sizeof(row->verdict), "%s", verdict_name(entry->verdict));
}

void judge_refuse_row(struct store_measurement *row, enum verdict_reason reason, const char *format,
		      ...)
{
	va_list args;

	va_start(args, format);
	refuse(row, reason, format, args);
	va_end(args);
}

int judge_refuse(struct judging *j, enum verdict_reason reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	refuse(j->row, reason, format, args);
	va_end(args);
	return 1;
}

static int run_checks(struct judging *j)
{
	static int (*const checks[])(struct judging *) = {
		judge_check_boot,    judge_check_output,   judge_check_flags,  judge_check_markers,
		judge_check_samples, judge_check_integral, judge_check_supply, judge_check_rate,
		judge_check_pace,    judge_check_clock,    judge_check_idle,   judge_check_drift,
		judge_fill_budget,
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

void judge_meter_clock_add(struct judge_meter_clock *clock, const struct capture *capture,
			   double nominal_hz)
{
	const struct run_result *run = &capture->run;
	struct clock_ratio ratio;

	if (run->clock_error)
		return;
	ratio.cycles_per_sample = clock_line_rate_hz(&run->clock) / nominal_hz;
	ratio.u_cycles_per_sample = clock_line_u_rate_hz(&run->clock) / nominal_hz;
	/* a capture that says nothing of use: BAD_ARGUMENT, BAD_UNCERTAINTY */
	(void)clock_pool_add(&clock->pool, &ratio, (double)run->clock.t0_ns * 1e-9);
}

void judge_clock_done(struct judge_clock *clock)
{
	free(clock->ratios);
	memset(clock, 0, sizeof(*clock));
}

int judge_window(const struct judge_request *request, struct store_measurement *row,
		 struct err *err)
{
	struct judging j = {.request = request, .row = row, .run = &request->capture->run};
	int ret;

	judge_fill_reported(&j);
	ret = run_checks(&j);
	if (j.run->values.duration_s > 0 && j.ratio.cycles_per_sample > 0)
		judge_fill_measured(&j);
	if (ret < 0)
		return err_set(err, ret, "out of memory");
	if (ret)
		return 0;
	snprintf(row->verdict, sizeof(row->verdict), "%s", verdict_name(VERDICT_ACCEPTED));
	return judge_clock_add(request->clock, j.ratio, err);
}
