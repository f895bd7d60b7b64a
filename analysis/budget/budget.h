/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Measurement uncertainty after the GUM (JCGM 100:2008): standard uncertainties (k = 1) of one
 * window's energy, and of the mean of repeated windows.
 *
 * Every budget has two parts. The independent part (edges, noise, resolution, idle, repeatability)
 * differs from window to window and averages out over repeats. The common part (gain and its
 * temperature coefficient, supply and burden voltage, sample rate, offset) is the same for all
 * windows of one meter: it never averages out, neither over repeats nor in the coefficients of a
 * fit.
 */
#ifndef ANALYSIS_BUDGET_BUDGET_H
#define ANALYSIS_BUDGET_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/budget/table.h"
#include "analysis/trace/error.h"

enum { BUDGET_RANGES_MAX = 8 };

/* One range of the meter. Ranges have a shunt and an amplifier each: their zeros are independent.
 */
struct budget_range {
	double share;      /* of the window's samples that were in it, 0..1 */
	double idle_share; /* of the idle samples */
	double offset_u_a;
	double resolution_a; /* one step of the converter; 0: negligible */
};

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
	double offset_u_a;    /* meter's offset, in whatever range; not used with ranges */
	double rate_u_rel;    /* meter's sample rate: duration = samples / rate */
	double noise_sd_a;    /* of one sample. From idle when the load itself has structure: the
				 window's own scatter is then layers, not noise */
	double resolution_a; /* one step of the converter in the range used; 0: negligible. Not used
				with ranges */
	size_t samples;      /* in the window; at least 1 */

	/* What may stay zero. */
	size_t range_count; /* 0: offset_u_a and resolution_a hold for all samples */
	struct budget_range ranges[BUDGET_RANGES_MAX]; /* index: the meter's number of it */
	double dither_sd_a; /* how far samples scatter in the window for whatever cause; it decides,
			       with noise_sd_a, whether resolution averages out */
	double temperature_u_per_k; /* meter's gain, per K */
	double temperature_k;       /* from the calibration's temperature, either sign */
	double burden_u_v;          /* voltage lost on the way to the board, not corrected for */
	double idle_dof;            /* degrees of freedom of idle_u_a; 0: infinite */
	double repeat_u_j;          /* scatter of repeats beyond what the rest explains, type A */
	double repeat_dof;          /* of it; needed with it */
	struct budget_basis basis[BUDGET_SOURCE_END]; /* how each source is known */
};

/* Contributions to the standard uncertainty of one energy, in joules, all >= 0. */
struct budget_energy {
	double energy_j;
	double u_edges_j;       /* independent */
	double u_noise_j;       /* independent: noise and resolution */
	double u_idle_j;        /* independent: the idle level subtracted; 0 for gross */
	double u_repeat_j;      /* independent: repeatability */
	double u_gain_j;        /* common: gain and its temperature coefficient */
	double u_supply_j;      /* common: voltage set and burden */
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

struct budget_tables {
	struct budget_table gross;
	struct budget_table above_idle; /* empty without idle */
};

/* Budget of one window.
 * An edge that is off by dt moves above-idle energy by V*|I_active - I_idle|*dt and gross energy by
 * at most V*max(|I_active|, |I_idle|)*dt. Resolution averages out like noise only where noise
 * dithers it (noise_sd_a >= resolution_a / 2); else it stays as q/sqrt(12) for the whole window.
 * ANALYSIS_BAD_ARGUMENT: not a number, negative uncertainty, no duration, no samples, no voltage.
 */
int budget_of_window(const struct budget_input *input, struct budget_window *ret_budget);

/* The same as full tables, in joules, finished for COVERAGE_TWO_SIGMA. Entries always stand in the
 * order of enum budget_source; with ranges there is one of offset and one of resolution for each
 * range used. The zero of a range in which idle was measured as well cancels in energy above idle
 * by the share they have in common. */
int budget_tables_of_window(const struct budget_input *input, struct budget_tables *ret_tables);

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
