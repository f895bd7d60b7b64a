/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The phrases of enum analysis_error.
 */
#include "analysis/trace/error.h"

#include <stddef.h>

static const struct {
	int error;
	const char *text;
} texts[] = {
	{0, "no error"},
	{ANALYSIS_BAD_ARGUMENT, "an argument is not a number, out of range or empty"},
	{ANALYSIS_NO_MEMORY, "out of memory"},
	{ANALYSIS_NO_EDGE, "the window line has no edge"},
	{ANALYSIS_NO_RISING_EDGE,
	 "the window line is high from the start: its rising edge is missing"},
	{ANALYSIS_NO_FALLING_EDGE, "the window line stays high: its falling edge is missing"},
	{ANALYSIS_EXTRA_EDGES, "the window line has more than one rising and one falling edge"},
	{ANALYSIS_LOST_EDGES, "the marker line has fewer edges than its windows need"},
	{ANALYSIS_OUTSIDE_CAPTURE, "the window reaches outside the capture"},
	{ANALYSIS_SAMPLES_LOST, "samples were lost inside the window or at its edges"},
	{ANALYSIS_SATURATED, "samples inside the window are at the limit of the meter"},
	{ANALYSIS_NOT_FINITE, "samples inside the window are not finite numbers"},
	{ANALYSIS_NO_IDLE_BEFORE, "too few idle samples before the window"},
	{ANALYSIS_NO_IDLE_AFTER, "too few idle samples after the window"},
	{ANALYSIS_BAD_IDLE, "idle samples are saturated or not finite numbers"},
	{ANALYSIS_BAD_RATE, "the trace is longer than its markers explain"},
	{ANALYSIS_TOO_FEW_POINTS, "fewer points than coefficients plus one"},
	{ANALYSIS_NO_SPREAD, "all points have the same regressors"},
	{ANALYSIS_BAD_CONDITION,
	 "the regressors are too nearly dependent to tell the coefficients apart"},
	{ANALYSIS_BAD_UNCERTAINTY, "an uncertainty is not a positive number"},
	{ANALYSIS_ZERO_RESPONSE, "a measured value is zero, so it has no relative error"},
	{ANALYSIS_TOO_FEW_GROUPS, "leaving a group out needs at least two groups"},
	{ANALYSIS_SOLVER, "the least-squares solver failed"},
};

const char *analysis_error_text(int error)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].error == error)
			return texts[i].text;
	return "unknown reason";
}
