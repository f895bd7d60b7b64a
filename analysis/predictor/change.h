/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whether a golden network's energy, measured every night, has stepped. Two tests, both with a
 * threshold simulated for a stated probability of a false alarm, estimated baseline included:
 *
 * CHANGE_LIKELIHOOD looks back over a whole series: the likelihood ratio of one step of the mean
 * at the best place against none (Hawkins, JASA 72 (1977) 180; equivalent to the largest
 * two-sample t), and says where it is.
 * CHANGE_CUSUM looks forward: Page's two-sided sums (Biometrika 41 (1954) 100) of nights after a
 * baseline, in units of the baseline's standard deviation, less a slack of 0.5: quickest for steps
 * of one standard deviation.
 *
 * Nights are taken as independent and normal; a slow wander raises the false alarms, and
 * judge_residuals against the night's number shows it.
 */
#ifndef ANALYSIS_PREDICTOR_CHANGE_H
#define ANALYSIS_PREDICTOR_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum change_kind { CHANGE_LIKELIHOOD = 1, CHANGE_CUSUM };

enum {
	CHANGE_SEGMENT_MIN = 3, /* nights on each side of a step */
	CHANGE_NIGHTS_MIN = 8,  /* of a series; of a baseline: 5 */
	CHANGE_NIGHTS_MAX = 4096,
	CHANGE_BASELINE_MIN = 5,
};

struct change_plan {
	enum change_kind kind;
	size_t nights;   /* of the series, baseline included: CHANGE_NIGHTS_MIN.._MAX */
	size_t baseline; /* CUSUM: its first nights; else 0 */
	/* Probability that a series of that many nights without change gives an alarm: at least
	 * 0.001, at most 0.5. */
	double false_alarm;
};

/* Simulates 40,000 series; same seed, same threshold. The rate it then has is false_alarm with a
 * standard deviation of sqrt(false_alarm / 40,000). ANALYSIS_BAD_ARGUMENT, _NO_MEMORY. */
int change_threshold(const struct change_plan *plan, uint64_t seed, double *ret_threshold);

struct change {
	bool found;
	double statistic;     /* LIKELIHOOD: largest |t|; CUSUM: largest sum */
	size_t first;         /* index of the first night at the new level (best guess) */
	size_t alarm;         /* CUSUM: index of the night that gave the alarm */
	double before, after; /* means on both sides of first */
	double shift_rel;     /* after / before - 1 */
};

/* values: plan->nights energies, J. Without a change, first and means still describe the best
 * place. ANALYSIS_BAD_ARGUMENT (not a number), _NO_SPREAD (all alike), _NO_MEMORY. */
int change_detect(const struct change_plan *plan, const double *values, double threshold,
		  struct change *ret_change);

#endif
