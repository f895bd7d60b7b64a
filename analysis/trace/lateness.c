/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Steps in the lateness of blocks.
 */
#include "analysis/trace/lateness.h"

#include <math.h>

enum {
	GROUPS_MIN = 8,     /* before the line is used */
	GROUPS_MEMORY = 32, /* that the running mean looks back */
	SPAN_CONFIRMS = 4,  /* confirmations that the line must span */
};

int lateness_init(struct lateness *lateness, const struct lateness_settings *settings)
{
	if (!settings->wrap_samples || settings->group < 2 || settings->confirm_ns <= 0 ||
	    !isfinite(settings->rate_hz) || settings->rate_hz <= 0 ||
	    !(settings->tolerance_rel >= 0))
		return ANALYSIS_BAD_ARGUMENT;
	*lateness = (struct lateness){.settings = *settings};
	clock_map_init(&lateness->map);
	return 0;
}

static double late_ns(const struct lateness *lateness, const struct lateness_group *group)
{
	return clock_line_late_ns(&lateness->line, group->end_index + lateness->shift, group->t_ns);
}

static bool line_fit(struct lateness *lateness)
{
	const struct lateness_settings *settings = &lateness->settings;

	if (lateness->map.points < GROUPS_MIN ||
	    clock_map_fit(&lateness->map, NULL, &lateness->line))
		return false;
	return lateness->line.span_s * 1e9 >= SPAN_CONFIRMS * (double)settings->confirm_ns &&
	       fabs(clock_line_rate_hz(&lateness->line) / settings->rate_hz - 1) <=
		       settings->tolerance_rel;
}

/* A group in step tells the line more. */
static int group_learn(struct lateness *lateness, const struct lateness_group *group)
{
	int code = clock_map_add(&lateness->map, group->end_index + lateness->shift, group->t_ns);

	lateness->good_index = group->end_index;
	if (!code)
		lateness->known = line_fit(lateness);
	return code;
}

static int late_learn(struct lateness *lateness)
{
	int code = 0;

	for (unsigned i = 0; i < lateness->late_count && !code; i++)
		code = group_learn(lateness, &lateness->late[i]);
	lateness->late_count = 0;
	return code;
}

static int step_report(struct lateness *lateness, double wrap_ns, struct lateness_step *ret_step)
{
	uint64_t wraps = (uint64_t)nearbyint(lateness->least_late_ns / wrap_ns);
	int code;

	*ret_step = (struct lateness_step){
		.from_index = lateness->good_index,
		.to_index = lateness->late[0].end_index,
		.lost = wraps * lateness->settings.wrap_samples,
		.late_ns = lateness->least_late_ns,
		.in_step_ns = lateness->in_step_ns,
	};
	lateness->shift += ret_step->lost;
	code = late_learn(lateness);
	return code ? code : 1;
}

/* Much more host time went by since the last late group than its samples take. */
static bool has_stalled(const struct lateness *lateness, const struct lateness_group *group)
{
	const struct lateness_group *last = &lateness->late[lateness->late_count - 1];
	double by_count_ns =
		(double)(group->end_index - last->end_index) * lateness->line.ns_per_sample;

	return (double)(group->t_ns - last->t_ns) > by_count_ns + 2 * lateness->least_late_ns;
}

/* Keeps the first late groups and the newest. A stall begins them anew: what was late before it
 * confirms nothing. */
static void late_append(struct lateness *lateness, const struct lateness_group *group, double late)
{
	unsigned at = lateness->late_count;

	if (at && has_stalled(lateness, group))
		at = 0;
	lateness->least_late_ns = at ? fmin(lateness->least_late_ns, late) : late;
	if (at == LATENESS_STEP_GROUPS)
		at--;
	lateness->late[at] = *group;
	lateness->late_count = at + 1;
}

static int group_judge(struct lateness *lateness, const struct lateness_group *group,
		       struct lateness_step *ret_step)
{
	double wrap_ns, late, memory = fmin((double)++lateness->groups, GROUPS_MEMORY);
	int code;

	if (!lateness->known) {
		lateness->blind_groups++;
		return group_learn(lateness, group);
	}
	wrap_ns = (double)lateness->settings.wrap_samples * lateness->line.ns_per_sample;
	late = late_ns(lateness, group);
	if (late < wrap_ns / 2 || lateness->in_step_ns > wrap_ns / 8) {
		lateness->blind_groups += lateness->in_step_ns > wrap_ns / 8;
		/* bounded, so that one stall does not blind for long */
		lateness->in_step_ns +=
			(fmin(fabs(late), wrap_ns / 4) - lateness->in_step_ns) / memory;
		code = late_learn(lateness);
		return code ? code : group_learn(lateness, group);
	}
	late_append(lateness, group, late);
	return lateness->late_count == LATENESS_STEP_GROUPS &&
			       group->t_ns - lateness->late[0].t_ns >= lateness->settings.confirm_ns
		       ? step_report(lateness, wrap_ns, ret_step)
		       : 0;
}

/* By the line, or the nominal rate while there is none: a group is short. */
static bool is_less_late(const struct lateness *lateness, const struct lateness_group *than,
			 const struct lateness_group *group)
{
	double ns_per_sample =
		lateness->known ? lateness->line.ns_per_sample : 1e9 / lateness->settings.rate_hz;

	return (double)(group->t_ns - than->t_ns) <
	       (double)(group->end_index - than->end_index) * ns_per_sample;
}

int lateness_add(struct lateness *lateness, uint64_t end_index, int64_t t_mono_ns,
		 struct lateness_step *ret_step)
{
	struct lateness_group group = {end_index, t_mono_ns, end_index};

	if (lateness->in_group && end_index < lateness->current.last_index)
		return ANALYSIS_BAD_ARGUMENT;
	if (!lateness->in_group || is_less_late(lateness, &lateness->current, &group))
		lateness->current = group;
	lateness->current.last_index = end_index;
	if (++lateness->in_group < lateness->settings.group)
		return 0;
	lateness->in_group = 0;
	return group_judge(lateness, &lateness->current, ret_step);
}
