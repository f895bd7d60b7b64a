/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Why an imported result is not accepted: the closed list. `code` is what database rows
 * (reason_code) and JSON carry; it does not change once it is released.
 *
 * Refused: the files contradict each other, themselves or the protocol, or there is nothing to
 * integrate; the number is not to be used. Suspect: the number is what was published and integrates
 * to it, but a reader must know of something; suspect rows are in no fit either.
 */
#ifndef BENCH_IMPORT_REASON_H
#define BENCH_IMPORT_REASON_H

enum import_verdict {
	IMPORT_ACCEPTED = 1,
	IMPORT_SUSPECT,
	IMPORT_REFUSED,
};

/* The order of refusals, and of suspicions, is from cause to symptom: of several, the first in the
 * list is the row's reason. */
enum import_reason {
	/* refused: files */
	IMPORT_LAYOUT_UNKNOWN = 1, /* of neither EEMBC's EnergyRunner nor the MLCommons runner of
				      round v1.3 */
	IMPORT_RESULTS_MISSING,    /* no energy/results.txt */
	IMPORT_TRACE_MISSING, /* no energy/trace1-energy.bin or energy/results.json, or no samples
				 in it: published without its raw trace */
	IMPORT_TIMESTAMPS_MISSING, /* no energy/trace1-timestamps.json, or none beside the samples
				    */
	IMPORT_FILE_UNREADABLE,    /* is there and cannot be read, or is unreasonably large */
	/* refused: one file against itself */
	IMPORT_TRACE_HEADER,     /* does not begin with 0xF1 and a sample rate */
	IMPORT_TRACE_TRUNCATED,  /* ends too early, inside a sample, or holds none */
	IMPORT_TRACE_SYNTAX,     /* results.json is no JSON, or not of runs with samples */
	IMPORT_TRACE_RATE,       /* the header's rate is no rate of any monitor */
	IMPORT_TRACE_NOT_FINITE, /* NaN or infinite samples */
	IMPORT_TRACE_NEGATIVE,   /* negative energies */
	IMPORT_TRACE_ZERO,       /* no energy at all inside a window: supply off or samples lost */
	IMPORT_SUPPLY_ZERO,      /* the log says that the supply was at 0 V */
	IMPORT_TIMESTAMPS_SYNTAX,
	IMPORT_TIMESTAMPS_ORDER, /* negative, or not increasing */
	IMPORT_RESULTS_SYNTAX,
	IMPORT_RESULTS_INCOMPLETE, /* a value that every results.txt has is missing */
	IMPORT_RESULTS_CONTRADICT, /* its own numbers do not fit each other */
	/* refused: files against each other and the protocol */
	IMPORT_MARKER_LOST, /* fewer edges than the windows have, or their numbers leave some out */
	IMPORT_MARKER_EXTRA,
	IMPORT_MARKER_OUTSIDE, /* edges behind the trace's end */
	IMPORT_RATE_WRONG,   /* the trace is 1.33, 2, ... times as long or short as its edges say */
	IMPORT_WINDOW_COUNT, /* not 5 windows */
	IMPORT_WINDOW_MISMATCH, /* results.txt has its windows elsewhere than the markers, or the
				   log other samples than the trace */
	IMPORT_DURATION_CONTRADICTS,  /* windows are not as long as inferences at the performance
					 run's pace */
	IMPORT_INFERENCES_CONTRADICT, /* log or results.json asked for another number of inferences
				       */
	IMPORT_MODEL_CONTRADICTS,     /* the board named another model than the folder does */
	IMPORT_WINDOW_OUTLIER,        /* one window is not like the others */
	IMPORT_ENERGY_MISMATCH,       /* integrated energy is not the published one */
	IMPORT_POWER_IMPOSSIBLE,      /* more or less than any such board draws: a wrong unit */
	/* suspect */
	IMPORT_WINDOW_SHORT,     /* under 10 s, or under 10 inferences: against the rules */
	IMPORT_TRACE_CLIPPED,    /* samples pile up at the largest value: monitor at its limit */
	IMPORT_TRACE_STUCK,      /* one value over and over: the monitor hung */
	IMPORT_WINDOW_UNALIGNED, /* a window's end is at a level that it has nowhere else */
	IMPORT_DRIFT,            /* power changes inside the windows: the median cannot show it */
	IMPORT_SCATTER,          /* the windows scatter more than real repeats do */
	IMPORT_CLOCK_DIFFERS,    /* performance and energy mode differ by more than clocks do */
	IMPORT_PERFORMANCE_MISSING,  /* nothing to check durations and clock against */
	IMPORT_PERFORMANCE_UNUSABLE, /* performance/results.txt is there and does not parse */
	IMPORT_TRACE_OTHERS,         /* other monitors or channels recorded as well */
	IMPORT_SUPPLY_DOUBTFUL,      /* a supply voltage that no such board has: a wrong unit */
	IMPORT_MODEL_DOUBTFUL,       /* times or powers as of another model of the same system */
	IMPORT_TRACE_DUPLICATE, /* another result of this import, or of one before into the same
				   database, has the same trace */
	IMPORT_REASON_END,
};

const char *import_reason_code(enum import_reason reason); /* "marker-lost"; "" for 0 */
enum import_verdict import_reason_verdict(enum import_reason reason);
const char *import_verdict_text(enum import_verdict verdict); /* as in table measurement */

#endif
