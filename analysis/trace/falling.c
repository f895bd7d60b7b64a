/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Windows from falling edges that are all alike.
 */
#include "analysis/trace/falling.h"

#include <math.h>

size_t falling_first_unordered(const double *edges_s, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!isfinite(edges_s[i]) || edges_s[i] < 0 || (i && edges_s[i] <= edges_s[i - 1]))
			return i;
	return count;
}

static int edges_judge(const double *edges_s, size_t count, size_t windows)
{
	if (!edges_s || !windows || windows > FALLING_WINDOWS_MAX)
		return ANALYSIS_BAD_ARGUMENT;
	if (!count)
		return ANALYSIS_NO_EDGE;
	return falling_first_unordered(edges_s, count) < count ? ANALYSIS_BAD_ARGUMENT : 0;
}

int falling_decode(const double *edges_s, size_t count, size_t windows,
		   struct falling_windows *ret_windows)
{
	struct falling_windows found = {.count = windows};
	int code = edges_judge(edges_s, count, windows);

	if (!code && count != 1 + 2 * windows)
		code = count < 1 + 2 * windows ? ANALYSIS_LOST_EDGES : ANALYSIS_EXTRA_EDGES;
	if (code)
		return code;
	for (size_t i = 0; i < windows; i++)
		found.windows[i] =
			(struct falling_window){1 + 2 * i, edges_s[1 + 2 * i], edges_s[2 + 2 * i]};
	*ret_windows = found;
	return 0;
}

int falling_find_by_duration(const double *edges_s, size_t count, size_t windows, double duration_s,
			     double tolerance_rel, struct falling_windows *ret_windows)
{
	struct falling_windows found = {0};
	int code = edges_judge(edges_s, count, windows);

	if (!code && (!(duration_s > 0) || !isfinite(duration_s) || !(tolerance_rel >= 0)))
		code = ANALYSIS_BAD_ARGUMENT;
	if (code)
		return code;
	for (size_t i = 0; i + 1 < count; i++) {
		double length_s = edges_s[i + 1] - edges_s[i];

		if (fabs(length_s / duration_s - 1) > tolerance_rel)
			continue;
		if (found.count == windows)
			return ANALYSIS_NO_EDGE;
		found.windows[found.count++] =
			(struct falling_window){i, edges_s[i], edges_s[i + 1]};
		i++;
	}
	if (!found.count)
		return ANALYSIS_NO_EDGE;
	*ret_windows = found;
	return 0;
}
