/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/budget/verdict.h"

#include <string.h>

static const struct verdict_entry entries[VERDICT_REASON_END] = {
	[VERDICT_REASON_OUTPUT] =
		{VERDICT_REFUSED, "output",
		 "the board's output, or the number of inferences it ran, is not what was asked "
		 "for",
		 "a board that reads its flash wrong: clock, supply, wait states"},
	[VERDICT_REASON_LEVEL] = {VERDICT_REFUSED, "level",
				  "the board ran at another clock level than it was told",
				  "a board that restarted by itself: supply, watchdog"},
	[VERDICT_REASON_FRAMING] = {VERDICT_REFUSED, "framing",
				    "the meter's stream lost its framing during the run",
				    "another program on the meter's port; the USB cable"},
	[VERDICT_REASON_TIME] = {VERDICT_REFUSED, "time",
				 "fewer samples came than the elapsed time asks for, though no "
				 "counter shows a loss",
				 "a host that is too slow, a USB hub that is too full"},
	[VERDICT_REASON_RANGE] = {VERDICT_REFUSED, "range",
				  "the meter stayed in a range far above the current",
				  "the meter: its resolution is not that of its data sheet"},
	[VERDICT_REASON_MARKERS] =
		{VERDICT_REFUSED, "markers",
		 "the edges of a marker line are not those the board says it made",
		 "the marker wires, the supply of the meter's logic inputs"},
	[VERDICT_REASON_LOST] = {VERDICT_REFUSED, "lost", "samples are missing in the window",
				 "a host that is too slow, a USB hub that is too full"},
	[VERDICT_REASON_SATURATED] = {VERDICT_REFUSED, "saturated",
				      "a sample is at the meter's limit, or its range's",
				      "a meter with a larger range; a board that draws too much"},
	[VERDICT_REASON_SAMPLES] =
		{VERDICT_REFUSED, "samples",
		 "the samples cannot be integrated: not numbers, or no idle beside the window",
		 "the meter's calibration; longer idle in the plan"},
	[VERDICT_REASON_PACE] =
		{VERDICT_REFUSED, "pace",
		 "an inference lasts longer or shorter by the meter than by the board's own count",
		 "samples lost that no counter shows; an interrupt on the board"},
	[VERDICT_REASON_CLOCK] =
		{VERDICT_REFUSED, "clock",
		 "duration and cycles disagree with the nominal clock, or with earlier windows",
		 "the board's oscillator; another board behind this name"},
	[VERDICT_REASON_IDLE] =
		{VERDICT_REFUSED, "idle",
		 "idle before and after the window disagree, or idle is not below the window",
		 "a board that warms up or does other work; longer soak"},
	[VERDICT_REASON_DRIFT] =
		{VERDICT_REFUSED, "drift",
		 "the current of the window's second half is not that of its first",
		 "a board that settles: more warm-ups, longer soak"},
	[VERDICT_REASON_SUPPLY] =
		{VERDICT_REFUSED, "supply",
		 "the board reads another supply voltage than the one that was set",
		 "the cable's voltage drop; a second supply; the meter's output"},
	[VERDICT_REASON_INTEGRAL] =
		{VERDICT_REFUSED, "integral",
		 "the instrument's own sum is not that of the samples that came from it",
		 "samples lost that nothing else shows; the meter's settings"},
	[VERDICT_REASON_BOOT] = {VERDICT_REFUSED, "boot",
				 "the board restarted between its readings before and after",
				 "a supply that drops or glitches; the watchdog; a loose cable"},
	[VERDICT_REASON_UNCERTAINTY] = {VERDICT_REFUSED, "uncertainty",
					"its uncertainty cannot be stated",
					"the uncertainties in the rig file"},
	[VERDICT_REASON_TRACE] = {VERDICT_REFUSED, "trace", "its trace could not be written",
				  "space on the disk"},
	[VERDICT_REASON_AMBIENT] = {VERDICT_SUSPECT, "ambient",
				    "around the board it was not as warm as the plan wants, at "
				    "some time in the window",
				    "the chamber: its door, a longer settle, a wider band"},
	[VERDICT_REASON_OUTLIER] =
		{VERDICT_SUSPECT, "outlier",
		 "it differs from its repeats by more than the uncertainties explain",
		 "temperature, supply, what else runs on the board"},
};

const struct verdict_entry *verdict_entry(enum verdict_reason reason)
{
	return reason >= VERDICT_REASON_OUTPUT && reason < VERDICT_REASON_END ? &entries[reason]
									      : NULL;
}

const struct verdict_entry *verdict_entry_of_text(const char *reason_text)
{
	for (int i = VERDICT_REASON_OUTPUT; i < VERDICT_REASON_END; i++) {
		size_t length = strlen(entries[i].code);

		if (!strncmp(reason_text, entries[i].code, length) && reason_text[length] == ':')
			return &entries[i];
	}
	return NULL;
}

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = {
		[VERDICT_ACCEPTED] = "accepted",
		[VERDICT_SUSPECT] = "suspect",
		[VERDICT_REFUSED] = "refused",
		[VERDICT_FAILED] = "failed",
	};

	return names[verdict];
}
