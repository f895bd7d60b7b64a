/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Why a calculation refused. Functions in analysis/ return 0 or one of these (all negative); what
 * was to be returned is then untouched. The numbers behind a reason (how many edges, how many
 * samples) are in the structs that the checking functions fill.
 */
#ifndef ANALYSIS_TRACE_ERROR_H
#define ANALYSIS_TRACE_ERROR_H

enum analysis_error {
	ANALYSIS_BAD_ARGUMENT = -1, /* not a number, out of range, empty */
	ANALYSIS_NO_MEMORY = -2,
	/* markers */
	ANALYSIS_NO_EDGE = -10,
	ANALYSIS_NO_RISING_EDGE = -11,
	ANALYSIS_NO_FALLING_EDGE = -12,
	ANALYSIS_EXTRA_EDGES = -13,
	ANALYSIS_LOST_EDGES = -14,
	/* windows */
	ANALYSIS_OUTSIDE_CAPTURE = -20,
	ANALYSIS_SAMPLES_LOST = -21,
	ANALYSIS_SATURATED = -22,
	ANALYSIS_NOT_FINITE = -23,
	ANALYSIS_NO_IDLE_BEFORE = -24,
	ANALYSIS_NO_IDLE_AFTER = -25,
	ANALYSIS_BAD_IDLE = -26,
	ANALYSIS_BAD_RATE = -27,
	/* fits */
	ANALYSIS_TOO_FEW_POINTS = -30,
	ANALYSIS_NO_SPREAD = -31,
	ANALYSIS_BAD_CONDITION = -32,
	ANALYSIS_BAD_UNCERTAINTY = -33,
	ANALYSIS_ZERO_RESPONSE = -34,
	ANALYSIS_TOO_FEW_GROUPS = -35,
	ANALYSIS_SOLVER = -36,
};

/* An English phrase without full stop, static; 0 gives "no error", other values "unknown reason".
 */
const char *analysis_error_text(int error);

#endif
