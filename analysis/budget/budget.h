/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Measurement uncertainty after the GUM (JCGM 100:2008): standard uncertainties (k = 1) of one
 * window's energy, and of the mean of repeated windows.
 *
 * Every budget has two parts. The independent part (edges, noise, idle) differs from window to
 * window and averages out over repeats. The common part (gain, supply voltage, sample rate, offset)
 * is the same for all windows of one meter: it never averages out, neither over repeats nor in the
 * coefficients of a fit.
 */
#ifndef ANALYSIS_BUDGET_BUDGET_H
#define ANALYSIS_BUDGET_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/trace/error.h"

/* What is known of one window. All u_ are standard uncertainties: a data sheet's limit +-a without
 * a distribution is a/sqrt(3). */
struct budget_input {
	double charge_c, duration_s;
	double supply_v, supply_u_v;
	bool has_idle; /* false: idle_a and idle_u_a are not used, only gross energy is given */
	double idle_a, idle_u_a;
	bool idle_same_range; /* the meter measured idle and window in one range: its offset cancels
				 in the energy above idle */
	double edge_u_s;      /* of each of the two edges, independent */
	double gain_u_rel;    /* meter's gain */
	double offset_u_a;    /* meter's offset */
	double rate_u_rel;    /* meter's sample rate: duration = samples / rate */
	double noise_sd_a;    /* of one sample. From idle when the load itself has structure: the
				 window's own scatter is then layers, not noise */
	double resolution_a;  /* one step of the converter in the range used; 0: negligible */
	size_t samples;       /* in the window; at least 1 */
};

/* Contributions to the standard uncertainty of one energy, in joules, all >= 0. */
struct budget_energy {
	double energy_j;
	double u_edges_j;       /* independent */
	double u_noise_j;       /* independent: noise and resolution */
	double u_idle_j;        /* independent: the idle level subtracted; 0 for gross */
	double u_gain_j;        /* common */
	double u_supply_j;      /* common */
	double u_rate_j;        /* common */
	double u_offset_j;      /* common */
	double u_independent_j; /* the independent ones combined */
	double u_common_j;      /* the common ones combined */
	double u_energy_j;      /* all combined */
};

struct budget_window {
	struct budget_energy gross;
	struct budget_energy above_idle; /* all zero without idle */
};

/* Budget of one window.
 * An edge that is off by dt moves above-idle energy by V*|I_active - I_idle|*dt and gross energy by
 * at most V*max(|I_active|, |I_idle|)*dt. Resolution averages out like noise only where noise
 * dithers it (noise_sd_a >= resolution_a / 2); else it stays as q/sqrt(12) for the whole window.
 * ANALYSIS_BAD_ARGUMENT: not a number, negative uncertainty, no duration, no samples, no voltage.
 */
int budget_of_window(const struct budget_input *input, struct budget_window *ret_budget);

struct budget_mean {
	size_t count;
	double mean_j;
	double sd_j;        /* between repeats; 0 with one */
	double u_type_a_j;  /* sd / sqrt(n), or what the independent parts explain when larger */
	double u_common_j;  /* mean of the common parts: fully correlated */
	double u_mean_j;    /* both combined */
	double birge_ratio; /* scatter over the independent parts: well above 1 means a cause that
			       the budget does not know. 0 with one, or without independent part */
	double coverage_factor; /* for 95 %: Student's t at the effective degrees of freedom
				   (Welch-Satterthwaite), 1.96 when they are infinite */
	double expanded_u_j;    /* coverage_factor * u_mean_j */
};

/* Repeats of the same point, measured with the same meter; each repeat weighs the same. arrays of
 * count. ANALYSIS_BAD_ARGUMENT: none, not a number, negative uncertainty. */
int budget_combine_repeats(const double *energy_j, const double *u_independent_j,
			   const double *u_common_j, size_t count, struct budget_mean *ret_mean);

#endif
