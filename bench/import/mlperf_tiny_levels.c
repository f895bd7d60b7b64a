/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Windows against their own samples. What is found here was measured so, and published so: the
 * energies agree, and are wrong.
 */
#include <math.h>

#include "analysis/trace/level.h"
#include "bench/import/mlperf_tiny_judge.h"

/* How many windows an observation is true of, and the one where it is worst. */
struct tally {
	unsigned count, worst;
	double value;
	struct level_check check;
};

static void tally_add(struct tally *tally, unsigned window, bool is_so, double value,
		      const struct level_check *check)
{
	if (!is_so)
		return;
	if (!tally->count++ || value > tally->value) {
		tally->worst = window;
		tally->value = value;
		tally->check = *check;
	}
}

struct tallies {
	struct tally clipped, stuck, unaligned;
};

static void look(const struct tiny_result *result, struct tallies *tallies)
{
	struct energy_trace trace = tiny_trace_of(result);

	for (unsigned i = 0; i < result->window_count; i++) {
		const struct falling_window *edges = &result->windows[i].edges;
		struct level_check check;

		if (level_check_window(&trace, edges->start_s, edges->end_s, &check))
			continue;
		tally_add(&tallies->clipped, i,
			  check.top_share > tiny_limits.top_share &&
				  check.top_pile > tiny_limits.top_pile,
			  check.top_share, &check);
		tally_add(&tallies->stuck, i,
			  (double)check.longest_equal >= tiny_limits.equal_samples,
			  (double)check.longest_equal, &check);
		tally_add(&tallies->unaligned, i, check.edge_off_rel > tiny_limits.edge_rel,
			  check.edge_off_rel, &check);
	}
}

static void judge_shape(struct tiny_result *result)
{
	struct tallies tallies = {{0}};

	look(result, &tallies);
	if (tallies.clipped.count)
		tiny_result_find(
			result, IMPORT_TRACE_CLIPPED,
			"%s: in %u of %u windows samples pile up at the largest value (%.1f "
			"%% of window %u, %.0f times as many as at the next one): the "
			"monitor was at its limit, and the energy is larger than this; "
			"measure again in a larger range",
			result->layout->trace_file, tallies.clipped.count, result->window_count,
			100 * tallies.clipped.value, tallies.clipped.worst + 1,
			tallies.clipped.check.top_pile);
	if (tallies.stuck.count)
		tiny_result_find(result, IMPORT_TRACE_STUCK,
				 "%s: %zu samples in a row of window %u are equal, from %s on: the "
				 "monitor hung, or lost samples were filled in; measure again",
				 result->layout->trace_file, tallies.stuck.check.longest_equal,
				 tallies.stuck.worst + 1,
				 tiny_place_of(result, tallies.stuck.check.longest_equal_at).text);
	if (tallies.unaligned.count)
		tiny_result_find(
			result, IMPORT_WINDOW_UNALIGNED,
			"in %u of %u windows the %s %.0f ms are at a level that the window "
			"has nowhere else (%.1f %% of its mean beyond, in window %u): "
			"samples were lost, or edges in %s are late or early",
			tallies.unaligned.count, result->window_count,
			tallies.unaligned.check.is_last ? "last" : "first",
			1e3 * tallies.unaligned.check.block_s, 100 * tallies.unaligned.value,
			tallies.unaligned.worst + 1, result->layout->edges_file);
}

static void judge_power(struct tiny_result *result)
{
	for (unsigned i = 0; i < result->window_count; i++) {
		double power_w = result->windows[i].energy.mean_power_w;

		if (power_w >= tiny_limits.power_min_w && power_w <= result->meter->power_max_w)
			continue;
		tiny_result_find(
			result, IMPORT_POWER_IMPOSSIBLE,
			"%s: a mean power of %.4g W in window %u; %g to %g W can be (monitor: "
			"%s). Are its samples in another unit?",
			result->layout->trace_file, power_w, i + 1, tiny_limits.power_min_w,
			result->meter->power_max_w, result->meter->name);
		return;
	}
}

void tiny_judge_levels(struct tiny_result *result)
{
	judge_shape(result);
	judge_power(result);
}
