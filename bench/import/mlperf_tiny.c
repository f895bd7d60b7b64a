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
	.pace_rel = 0.01,
	.drift_rel = 0.005,
	.scatter_rel = 0.01,
	.outlier_rel = 0.03,
	.window_min_s = 10,
	.inferences_min = 10,
	.tail_s = 1.5,
	.tail_max_s = 5,
	.rescue_rel = 0.015,
};

static const char LPM01A_SOURCE[] = "ST UM2243, p. 23: static mode better than 2 %";
static const char ASSUMED_SOURCE[] = "no accuracy at hand: the 2 % of the LPM01A are assumed";

const struct tiny_meter tiny_meters[] = {
	{"unknown", 0.02, ASSUMED_SOURCE}, {"lpm01a", 0.02, LPM01A_SOURCE},
	{"js110", 0.02, ASSUMED_SOURCE},   {"js220", 0.02, ASSUMED_SOURCE},
	{"n6705", 0.02, ASSUMED_SOURCE},   {NULL, 0, NULL},
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

void tiny_results_find_copies(struct tiny_result *results, size_t count)
{
	for (size_t i = 1; i < count; i++)
		for (size_t k = 0; k < i; k++) {
			if (!results[i].trace_content[0] ||
			    strcmp(results[i].trace_content, results[k].trace_content) != 0)
				continue;
			tiny_result_find(&results[i], IMPORT_TRACE_DUPLICATE,
					 "the same trace, %s, as %.300s",
					 results[i].layout->has_events ? "sample for sample"
								       : "byte for byte",
					 results[k].path);
			break;
		}
}
