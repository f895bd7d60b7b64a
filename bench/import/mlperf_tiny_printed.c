/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * results.txt against itself: what a cut, an edit or a mixture of two files leaves behind.
 */
#include "bench/import/mlperf_tiny_judge.h"

/* Half of the last digit printed, and a little for the printer's arithmetic. */
static double half_of(double digit)
{
	return 0.51 * digit;
}

/* Medians of throughputs are printed to a thousandth by both runners. */
static const double MEDIAN_THROUGHPUT_HZ = 6e-4;

/* One window's figures must agree within the digits printed. */
static void judge_printed(struct tiny_result *result, const char *file,
			  const struct tiny_results_window *window,
			  const struct tiny_digits *digits, bool energy)
{
	bool has_both = !isnan(window->inferences) && !isnan(window->runtime_s) &&
			!isnan(window->throughput_hz);

	if (!has_both ||
	    (energy && (isnan(window->energy_j) || isnan(window->power_w) ||
			isnan(window->energy_per_inference_j) || isnan(window->for_s)))) {
		tiny_result_find(result, IMPORT_RESULTS_INCOMPLETE,
				 "%s:%u: window %u lacks some of energy, power, energy per "
				 "inference, inferences, "
				 "runtime, throughput: the file is cut off or was edited",
				 file, window->line, window->number);
		return;
	}
	if (!(window->inferences >= 1) || window->inferences != floor(window->inferences) ||
	    !(window->runtime_s > 0) || (energy && !(window->energy_j > 0)) ||
	    (energy && !(window->power_w > 0))) {
		tiny_result_find(result, IMPORT_RESULTS_CONTRADICT,
				 "%s:%u: window %u: %g inferences in %g s%s: one of them is zero "
				 "or no whole number",
				 file, window->line, window->number, window->inferences,
				 window->runtime_s,
				 energy ? " with the energy and power printed" : "");
		return;
	}
	if (!tiny_close_to(window->throughput_hz, window->inferences / window->runtime_s,
			   0.6 * digits->throughput_hz,
			   0.6 * digits->runtime_s / window->runtime_s))
		tiny_result_find(
			result, IMPORT_RESULTS_CONTRADICT,
			"%s:%u: window %u: %g inferences in %.3f s are %.3f per second, not %.3f",
			file, window->line, window->number, window->inferences, window->runtime_s,
			window->inferences / window->runtime_s, window->throughput_hz);
	if (energy &&
	    !tiny_close_to(window->energy_per_inference_j, window->energy_j / window->inferences,
			   half_of(digits->energy_j), 1e-8))
		tiny_result_find(
			result, IMPORT_RESULTS_CONTRADICT,
			"%s:%u: window %u: %.3f uJ over %g inferences are %.3f uJ each, not %.3f",
			file, window->line, window->number, 1e6 * window->energy_j,
			window->inferences, 1e6 * window->energy_j / window->inferences,
			1e6 * window->energy_per_inference_j);
	if (energy && !tiny_close_to(window->energy_j, window->power_w * window->runtime_s,
				     half_of(digits->power_w) * window->runtime_s,
				     1.1 * digits->runtime_s / window->runtime_s + 1e-6))
		tiny_result_find(result, IMPORT_RESULTS_CONTRADICT,
				 "%s:%u: window %u: %.3f uJ in %.3f s are %.3f mW, not %.3f", file,
				 window->line, window->number, 1e6 * window->energy_j,
				 window->runtime_s, 1e3 * window->energy_j / window->runtime_s,
				 1e3 * window->power_w);
}

static double median_of(const struct tiny_results *results, bool energy)
{
	double values[TINY_WINDOWS_MAX];
	struct repeat_result repeat;

	for (unsigned i = 0; i < results->count; i++)
		values[i] = energy ? results->windows[i].energy_per_inference_j
				   : results->windows[i].throughput_hz;
	return results->count && !repeat_judge(values, results->count, &repeat) ? repeat.median
										: NAN;
}

static void judge_medians(struct tiny_result *result, const char *file,
			  const struct tiny_results *results, bool energy)
{
	double throughput_hz = median_of(results, false);

	if (isnan(results->median_throughput_hz) || (energy && isnan(results->median_energy_j))) {
		tiny_result_find(result, IMPORT_RESULTS_INCOMPLETE,
				 "%s: no median line at its end: the file is cut off", file);
		return;
	}
	if (energy && !tiny_close_to(results->median_energy_j, median_of(results, true),
				     half_of(results->digits.energy_j), 1e-8))
		tiny_result_find(result, IMPORT_RESULTS_CONTRADICT,
				 "%s: the median of its windows is %.3f uJ, it prints %.3f", file,
				 1e6 * median_of(results, true), 1e6 * results->median_energy_j);
	if (!tiny_close_to(results->median_throughput_hz, throughput_hz, MEDIAN_THROUGHPUT_HZ, 0))
		tiny_result_find(
			result, IMPORT_RESULTS_CONTRADICT,
			"%s: the median of its throughputs is %.3f per second, it prints %.3f",
			file, throughput_hz, results->median_throughput_hz);
}

void tiny_judge_results(struct tiny_result *result)
{
	static const char file[] = "energy/results.txt";
	const struct tiny_results *energy = &result->energy;

	if (energy->count != TINY_PROTOCOL_WINDOWS)
		tiny_result_find(result, IMPORT_WINDOW_COUNT, "%s: %u windows, the protocol has %d",
				 file, energy->count, TINY_PROTOCOL_WINDOWS);
	if (energy->count &&
	    (energy->with_energy != energy->count || energy->with_performance != energy->count))
		tiny_result_find(result, IMPORT_RESULTS_INCOMPLETE,
				 "%s: energy of %u windows, inferences of %u: not of the same ones",
				 file, energy->with_energy, energy->with_performance);
	for (unsigned i = 0; i < energy->count; i++)
		judge_printed(result, file, &energy->windows[i], &energy->digits, true);
	judge_medians(result, file, energy, true);
	result->published_j = energy->median_energy_j;
}

void tiny_judge_performance(struct tiny_result *result)
{
	static const char file[] = "performance/results.txt";
	const struct tiny_results *run = &result->performance;
	double median_hz = median_of(run, false);

	if (!result->has_performance)
		return;
	if (run->with_energy) {
		result->has_performance = false;
		tiny_result_find(
			result, IMPORT_PERFORMANCE_UNUSABLE,
			"%s: prints energies, which a performance run does not measure: is "
			"it a copy of energy/results.txt?",
			file);
		return;
	}
	result->has_performance =
		run->count && run->with_performance == run->count &&
		tiny_close_to(run->median_throughput_hz, median_hz, MEDIAN_THROUGHPUT_HZ, 0);
	for (unsigned i = 0; i < run->count && result->has_performance; i++) {
		const struct tiny_results_window *window = &run->windows[i];

		result->has_performance =
			window->runtime_s > 0 && window->inferences >= 1 &&
			tiny_close_to(window->throughput_hz, window->inferences / window->runtime_s,
				      0.6 * run->digits.throughput_hz,
				      0.6 * run->digits.runtime_s / window->runtime_s);
	}
	if (!result->has_performance)
		tiny_result_find(result, IMPORT_PERFORMANCE_UNUSABLE,
				 "%s: incomplete, or its own numbers do not fit each other", file);
}

/* Seconds per inference from what is printed of one window: runtime or throughput, whichever has
 * more digits. */
static double window_pace_s(const struct tiny_results_window *window,
			    const struct tiny_digits *digits, double *ret_u_s)
{
	double runtime_u_rel = digits->runtime_s / sqrt(12) / window->runtime_s;
	double throughput_u_rel = digits->throughput_hz / sqrt(12) / window->throughput_hz;
	double pace_s = throughput_u_rel < runtime_u_rel ? 1 / window->throughput_hz
							 : window->runtime_s / window->inferences;

	*ret_u_s = pace_s * fmin(runtime_u_rel, throughput_u_rel);
	return pace_s;
}

double tiny_printed_pace_s(const struct tiny_results *results, double *ret_u_s)
{
	double paces_s[TINY_WINDOWS_MAX];
	struct repeat_result repeat;

	for (unsigned i = 0; i < results->count; i++)
		paces_s[i] = window_pace_s(&results->windows[i], &results->digits, ret_u_s);
	return results->count && !repeat_judge(paces_s, results->count, &repeat) ? repeat.median
										 : NAN;
}
