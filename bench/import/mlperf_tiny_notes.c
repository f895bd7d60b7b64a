/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is said beside the measurement: by logs, by other files, by results of the same system.
 */
#include <math.h>
#include <string.h>

#include "bench/import/mlperf_tiny_judge.h"

/* Of the benchmark's models, each takes longer than those before it, on every system of the closed
 * divisions of rounds v0.7 to v1.1 (50 systems, accelerators and FPGAs included); of the last two,
 * either is the slower one. */
static const struct {
	const char *model;
	unsigned rank;
} ranks[] = {{"ad", 1}, {"kws", 2}, {"ic", 3}, {"vww", 3}};

enum { RANKS = sizeof(ranks) / sizeof(ranks[0]) };

static unsigned rank_of(const char *model)
{
	for (unsigned i = 0; i < RANKS; i++)
		if (!strcmp(ranks[i].model, model))
			return ranks[i].rank;
	return 0;
}

/* "kws01" says "kws"; what is none of the benchmark's says nothing. */
static bool is_other_model(const struct tiny_result *result, const char *said)
{
	static const char *const models[] = {"ad", "ic", "kws", "vww", "sww"};
	enum { MODELS = sizeof(models) / sizeof(models[0]) };
	size_t length = strspn(said, "abcdefghijklmnopqrstuvwxyz");
	bool is_known = false, is_one = false;

	for (unsigned i = 0; i < MODELS; i++) {
		is_known = is_known || !strcmp(models[i], result->model);
		is_one = is_one ||
			 (strlen(models[i]) == length && !strncmp(models[i], said, length));
	}
	return is_known && is_one &&
	       (strlen(result->model) != length || strncmp(result->model, said, length) != 0);
}

static void judge_model(struct tiny_result *result, const char *file, const char *said)
{
	if (is_other_model(result, said))
		tiny_result_find(result, IMPORT_MODEL_CONTRADICTS,
				 "%s: the board said that its model is '%s', the folder is '%s': "
				 "the files are of another result, or the folder has a wrong name",
				 file, said, result->folder);
}

void tiny_judge_notes(struct tiny_result *result)
{
	judge_model(result, "energy/log.txt", result->log.model);
	judge_model(result, "performance/log.txt", result->performance_model);
	if (result->supply_v > 0 && !(result->supply_v >= tiny_limits.supply_min_v &&
				      result->supply_v <= tiny_limits.supply_max_v)) {
		tiny_result_find(
			result, IMPORT_SUPPLY_DOUBTFUL,
			"%s: a supply of %g V (%g to %g V can be): another unit? Charge and "
			"current are left out",
			result->run_count ? result->layout->trace_file : "log.txt",
			result->supply_v, tiny_limits.supply_min_v, tiny_limits.supply_max_v);
		result->supply_v = NAN;
	}
	if (result->has_other_traces)
		tiny_result_find(result, IMPORT_TRACE_OTHERS,
				 "energy/trace2-energy.bin lies beside trace1-energy.bin: whether "
				 "the first holds all of the board's energy is not known");
}

void tiny_judge_log_times(struct tiny_result *result)
{
	for (unsigned i = 0; i < result->log.runs && i < result->window_count; i++) {
		double host_s = result->log.host_s[i];
		double window_s = result->windows[i].energy.duration_s;

		if (!(host_s > 0) || (host_s >= window_s - tiny_limits.host_early_s &&
				      host_s <= window_s + tiny_limits.host_late_s))
			continue;
		tiny_result_find(
			result, IMPORT_WINDOW_MISMATCH,
			"log.txt: by the host's clock run %u took %.2f s, its window lasts "
			"%.2f s: not of the same session, or the edges are not those of "
			"the inferences",
			i + 1, host_s, window_s);
		return;
	}
}

static bool is_same_system(const struct tiny_result *a, const struct tiny_result *b)
{
	return a->system[0] && !strcmp(a->system, b->system) &&
	       !strcmp(a->submitter, b->submitter) && !strcmp(a->round, b->round) &&
	       !strcmp(a->division, b->division);
}

static double pace_s(const struct tiny_result *result)
{
	return 1 / result->energy.median_throughput_hz;
}

static void judge_order(struct tiny_result *result, const struct tiny_result *other)
{
	unsigned rank = rank_of(result->model), other_rank = rank_of(other->model);
	bool is_bound = !strcmp(result->division, "closed") && rank && other_rank;

	if (is_bound && ((rank < other_rank && pace_s(result) >= pace_s(other)) ||
			 (rank > other_rank && pace_s(result) <= pace_s(other))))
		tiny_result_find(
			result, IMPORT_MODEL_DOUBTFUL,
			"an inference of '%s' takes %.4g ms, one of '%s' on the same system "
			"%.4g ms; on all others %s is the slower one: are the folders "
			"mixed up?",
			result->folder, 1e3 * pace_s(result), other->folder, 1e3 * pace_s(other),
			rank > other_rank ? "the first" : "the second");
}

/* Its board waits for most of the time: that is no power of a network. */
static bool is_streaming(const struct tiny_result *result)
{
	return !strcmp(result->model, "sww");
}

static double times_apart(double a, double b)
{
	return a > b ? a / b : b / a;
}

static bool is_sibling(const struct tiny_result *result, const struct tiny_result *other)
{
	return other != result && other->verdict != IMPORT_REFUSED && is_same_system(result, other);
}

static bool has_network_power(const struct tiny_result *result)
{
	return result->power_w > 0 && !is_streaming(result);
}

/* Against most of the siblings, so that a wrong one does not put the right ones in doubt. */
static void judge_sibling_power(struct tiny_result *result, const struct tiny_result *results,
				size_t count)
{
	double limit = tiny_spread_of(result)->sibling_power;
	const struct tiny_result *farthest = NULL;
	double farthest_apart = 0;
	size_t compared = 0, beyond = 0;

	for (size_t k = 0; k < count; k++) {
		double apart;

		if (!is_sibling(result, &results[k]) || !has_network_power(&results[k]))
			continue;
		apart = times_apart(result->power_w, results[k].power_w);
		compared++;
		beyond += apart > limit;
		if (apart > farthest_apart) {
			farthest_apart = apart;
			farthest = &results[k];
		}
	}
	if (2 * beyond > compared)
		tiny_result_find(
			result, IMPORT_MODEL_DOUBTFUL,
			"%.4g mW here, %.4g mW for '%s' on the same system; on others of its "
			"kind models differ by less than %g times: has one of the traces "
			"another unit, another zero, or is it of another board?",
			1e3 * result->power_w, 1e3 * farthest->power_w, farthest->folder, limit);
}

void tiny_results_judge_siblings(struct tiny_result *results, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct tiny_result *result = &results[i];

		for (size_t k = 0; k < count && !tiny_result_has(result, IMPORT_MODEL_DOUBTFUL);
		     k++)
			if (is_sibling(result, &results[k]))
				judge_order(result, &results[k]);
		if (has_network_power(result) && !tiny_result_has(result, IMPORT_MODEL_DOUBTFUL))
			judge_sibling_power(result, results, count);
	}
}
