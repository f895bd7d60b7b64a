/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Limits, meters, findings.
 */
#include "bench/import/mlperf_tiny.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct tiny_layout tiny_layout_energyrunner = {
	.runner = "EnergyRunner",
	.trace_file = "trace1-energy.bin",
	.edges_file = "trace1-timestamps.json",
	.energy_rel = 2e-4,
	.sample_slack = 1.1,
	.edge_slack_s = 1e-3,
};

/* Edges are indices of samples, so the sum is the runner's own: what is left are the digits printed
 * and samples kept as floats. */
const struct tiny_layout tiny_layout_mlcommons = {
	.runner = "MLCommons runner",
	.trace_file = "results.json",
	.edges_file = "results.json",
	.energy_rel = 2e-6,
	.edge_slack_s = 1e-6,
	.has_events = true,
};

const struct tiny_limits tiny_limits = {
	.duration_rel = 0.05,
	.clock_rel = 0.015,
	.pace_rel = 0.0025,
	.noise_rel = 0.01,
	.drift_rel = 0.005,
	.part_rel = 0.01,
	.part_scatters = 4,
	.part_inferences_min = 20,
	.window_min_s = 10,
	.inferences_min = 10,
	.tail_s = 1.5,
	.tail_max_s = 5,
	.rescue_rel = 0.015,
	.top_share = 0.01,
	.top_pile = 3,
	.equal_samples = 200,
	.edge_rel = 0.02,
	.power_min_w = 1e-6,
	.supply_min_v = 0.4,
	.supply_max_v = 20,
	.host_early_s = 0.1,
	.host_late_s = 1,
};

const struct tiny_spread *tiny_spread_of(const struct tiny_result *result)
{
	static const struct tiny_spread cpu_alone = {0.006, 0.015, 1.25}, other = {0.01, 0.03, 2.5};

	return result->is_cpu_alone ? &cpu_alone : &other;
}

static const char LPM01A_SOURCE[] = "ST UM2243, p. 23: static mode better than 2 %";
static const char ASSUMED_SOURCE[] = "no accuracy at hand: the 2 % of the LPM01A are assumed";

/* LPM01A: 50 mA at 3.3 V in dynamic mode, and half as much again; public results reach 166 mW.
 * Otherwise more than boards of the benchmark, single-board computers and FPGAs included, draw. */
const struct tiny_meter tiny_meters[] = {
	{"unknown", 0.02, 20, ASSUMED_SOURCE}, {"lpm01a", 0.02, 0.25, LPM01A_SOURCE},
	{"js110", 0.02, 20, ASSUMED_SOURCE},   {"js220", 0.02, 20, ASSUMED_SOURCE},
	{"n6705", 0.02, 20, ASSUMED_SOURCE},   {NULL, 0, 0, NULL},
};

const struct tiny_meter *tiny_meter_find(const char *name)
{
	for (const struct tiny_meter *meter = tiny_meters; meter->name; meter++)
		if (!strcmp(meter->name, name))
			return meter;
	return &tiny_meters[0];
}

void tiny_result_find(struct tiny_result *result, enum import_reason reason, const char *format,
		      ...)
{
	struct tiny_finding *finding = &result->findings[result->finding_count];
	va_list args;

	if (import_reason_verdict(reason) > result->verdict)
		result->verdict = import_reason_verdict(reason);
	if (result->finding_count == TINY_FINDINGS_MAX)
		return;
	finding->reason = reason;
	va_start(args, format);
	vsnprintf(finding->text, sizeof(finding->text), format, args);
	va_end(args);
	result->finding_count++;
}

bool tiny_result_has(const struct tiny_result *result, enum import_reason reason)
{
	for (unsigned i = 0; i < result->finding_count; i++)
		if (result->findings[i].reason == reason)
			return true;
	return false;
}

const struct tiny_finding *tiny_result_reason(const struct tiny_result *result)
{
	const struct tiny_finding *decides = NULL;

	for (unsigned i = 0; i < result->finding_count; i++) {
		const struct tiny_finding *finding = &result->findings[i];

		if (import_reason_verdict(finding->reason) == result->verdict &&
		    (!decides || finding->reason < decides->reason))
			decides = finding;
	}
	return decides;
}

void tiny_result_done(struct tiny_result *result)
{
	tiny_trace_done(&result->trace);
}

/* Sums of samples that are equal to the last bit are of the same samples, whatever was added to the
 * trace's file, or cut from it, behind them. */
static bool have_same_windows(const struct tiny_result *a, const struct tiny_result *b)
{
	if (!a->window_count || a->window_count != b->window_count)
		return false;
	for (unsigned i = 0; i < a->window_count; i++)
		if (!(a->windows[i].energy.energy_j > 0) ||
		    a->windows[i].energy.energy_j != b->windows[i].energy.energy_j)
			return false;
	return true;
}

static bool have_same_trace(const struct tiny_result *a, const struct tiny_result *b)
{
	return a->trace_content[0] && !strcmp(a->trace_content, b->trace_content);
}

static void flag_copy(struct tiny_result *copy, const struct tiny_result *other)
{
	tiny_result_find(copy, IMPORT_TRACE_DUPLICATE, "the same trace, %s, as %.300s",
			 !have_same_trace(copy, other) ? "in all windows"
			 : copy->layout->has_events    ? "sample for sample"
						       : "byte for byte",
			 other->path);
}

/* Whether the later of two is the one to keep: the other lies in no submission. */
static bool is_kept(const struct tiny_result *later, const struct tiny_result *earlier)
{
	return later->submitter[0] && !earlier->submitter[0];
}

void tiny_results_find_copies(struct tiny_result *results, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < count; k++) {
			bool is_copy_of = k < i ? !is_kept(&results[i], &results[k])
						: is_kept(&results[k], &results[i]);

			if (k == i || !is_copy_of ||
			    (!have_same_trace(&results[i], &results[k]) &&
			     !have_same_windows(&results[i], &results[k])))
				continue;
			flag_copy(&results[i], &results[k]);
			break;
		}
}
