/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/import/reason.h"

static const char *const codes[IMPORT_REASON_END] = {
	[0] = "",
	[IMPORT_RESULTS_MISSING] = "results-missing",
	[IMPORT_TRACE_MISSING] = "trace-missing",
	[IMPORT_TIMESTAMPS_MISSING] = "timestamps-missing",
	[IMPORT_FILE_UNREADABLE] = "file-unreadable",
	[IMPORT_LAYOUT_UNKNOWN] = "layout-unknown",
	[IMPORT_TRACE_HEADER] = "trace-header",
	[IMPORT_TRACE_TRUNCATED] = "trace-truncated",
	[IMPORT_TRACE_SYNTAX] = "trace-syntax",
	[IMPORT_TRACE_RATE] = "trace-rate",
	[IMPORT_TRACE_NOT_FINITE] = "trace-not-finite",
	[IMPORT_TRACE_NEGATIVE] = "trace-negative",
	[IMPORT_TRACE_ZERO] = "trace-zero",
	[IMPORT_SUPPLY_ZERO] = "supply-zero",
	[IMPORT_TIMESTAMPS_SYNTAX] = "timestamps-syntax",
	[IMPORT_TIMESTAMPS_ORDER] = "timestamps-order",
	[IMPORT_RESULTS_SYNTAX] = "results-syntax",
	[IMPORT_RESULTS_INCOMPLETE] = "results-incomplete",
	[IMPORT_RESULTS_CONTRADICT] = "results-contradict",
	[IMPORT_MARKER_LOST] = "marker-lost",
	[IMPORT_MARKER_EXTRA] = "marker-extra",
	[IMPORT_MARKER_OUTSIDE] = "marker-outside",
	[IMPORT_RATE_WRONG] = "rate-wrong",
	[IMPORT_WINDOW_COUNT] = "window-count",
	[IMPORT_WINDOW_MISMATCH] = "window-mismatch",
	[IMPORT_DURATION_CONTRADICTS] = "duration-contradicts",
	[IMPORT_INFERENCES_CONTRADICT] = "inferences-contradict",
	[IMPORT_MODEL_CONTRADICTS] = "model-contradicts",
	[IMPORT_WINDOW_OUTLIER] = "window-outlier",
	[IMPORT_ENERGY_MISMATCH] = "energy-mismatch",
	[IMPORT_POWER_IMPOSSIBLE] = "power-impossible",
	[IMPORT_WINDOW_SHORT] = "window-short",
	[IMPORT_DRIFT] = "drift",
	[IMPORT_SCATTER] = "scatter",
	[IMPORT_CLOCK_DIFFERS] = "clock-differs",
	[IMPORT_PERFORMANCE_MISSING] = "performance-missing",
	[IMPORT_PERFORMANCE_UNUSABLE] = "performance-unusable",
	[IMPORT_TRACE_CLIPPED] = "trace-clipped",
	[IMPORT_TRACE_STUCK] = "trace-stuck",
	[IMPORT_WINDOW_UNALIGNED] = "window-unaligned",
	[IMPORT_TRACE_OTHERS] = "trace-others",
	[IMPORT_SUPPLY_DOUBTFUL] = "supply-doubtful",
	[IMPORT_MODEL_DOUBTFUL] = "model-doubtful",
	[IMPORT_TRACE_DUPLICATE] = "trace-duplicate",
};

const char *import_reason_code(enum import_reason reason)
{
	return codes[reason];
}

enum import_verdict import_reason_verdict(enum import_reason reason)
{
	if (!reason)
		return IMPORT_ACCEPTED;
	return reason < IMPORT_WINDOW_SHORT ? IMPORT_REFUSED : IMPORT_SUSPECT;
}

const char *import_verdict_text(enum import_verdict verdict)
{
	static const char *const texts[] = {[IMPORT_ACCEPTED] = "accepted",
					    [IMPORT_SUSPECT] = "suspect",
					    [IMPORT_REFUSED] = "refused"};

	return texts[verdict];
}
