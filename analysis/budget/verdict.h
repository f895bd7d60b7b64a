/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What can be said against a measurement: a closed list. A window is *accepted* when nothing is;
 * *refused* when a check proves that its number cannot be trusted; *suspect* when it contradicts
 * its own repeats though no check found why, or was taken at another temperature than was asked
 * for: it is kept, left out of results, and measured again.
 * *failed*: the attempt never came to a window.
 */
#ifndef ANALYSIS_BUDGET_VERDICT_H
#define ANALYSIS_BUDGET_VERDICT_H

#include <stddef.h>

enum verdict {
	VERDICT_ACCEPTED = 1,
	VERDICT_SUSPECT,
	VERDICT_REFUSED,
	VERDICT_FAILED,
};

enum verdict_reason {
	VERDICT_REASON_OUTPUT = 1,
	VERDICT_REASON_LEVEL,
	VERDICT_REASON_FRAMING,
	VERDICT_REASON_TIME,
	VERDICT_REASON_RANGE,
	VERDICT_REASON_MARKERS,
	VERDICT_REASON_LOST,
	VERDICT_REASON_SATURATED,
	VERDICT_REASON_SAMPLES,
	VERDICT_REASON_PACE,
	VERDICT_REASON_CLOCK,
	VERDICT_REASON_IDLE,
	VERDICT_REASON_DRIFT,
	VERDICT_REASON_SUPPLY,
	VERDICT_REASON_INTEGRAL,
	VERDICT_REASON_BOOT,
	VERDICT_REASON_UNCERTAINTY,
	VERDICT_REASON_TRACE,
	VERDICT_REASON_AMBIENT,
	VERDICT_REASON_OUTLIER,
	VERDICT_REASON_END,
};

struct verdict_entry {
	enum verdict verdict; /* that it leads to */
	const char *code;     /* a stored reason begins with it and a colon */
	const char *meaning;
	const char *remedy; /* what to look at */
};

/* Static. NULL: no such reason. */
const struct verdict_entry *verdict_entry(enum verdict_reason reason);
/* The entry whose code a stored reason ("lost: 63 samples ...") begins with; NULL: none. */
const struct verdict_entry *verdict_entry_of_text(const char *reason_text);
/* "accepted", "suspect", "refused", "failed". */
const char *verdict_name(enum verdict verdict);

#endif
