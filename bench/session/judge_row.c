/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A window's columns: energies with their budget, what was measured, what the board reported.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/budget/budget.h"
#include "bench/session/judge_parts.h"

static const double meter_rate_u_rel = 50e-6; /* crystal of a meter */

int64_t judge_counter(const struct judging *j, const char *name)
{
	const struct wire_result_reply *result = &j->request->capture->result;

	for (uint32_t i = 0; i < result->counter_count; i++)
		if (!strncmp(result->counters[i].name, name, sizeof(result->counters[i].name)))
			return (int64_t)result->counters[i].value;
	return 0;
}

int judge_fill_budget(struct judging *j)
{
	const struct judge_request *request = j->request;
	const struct rig_meter *config = request->meter_config;
	const struct window_result *result = &j->result;
	struct store_measurement *row = j->row;
	double edge_u_s = j->window.edge_u_samples / request->meter->rate_hz;
	struct budget_input input = {
		.charge_c = result->charge_c,
		.duration_s = result->duration_s,
		.supply_v = config->supply_v,
		.supply_u_v = config->supply_u_v,
		.has_idle = true,
		.idle_a = result->idle_a,
		.idle_u_a = result->idle_u_a,
		.edge_u_s = edge_u_s,
		.gain_u_rel =
			config->gain_u_rel > 0 ? config->gain_u_rel : request->meter->gain_u_rel,
		.offset_u_a =
			config->offset_u_a > 0 ? config->offset_u_a : request->meter->offset_u_a,
		.rate_u_rel = meter_rate_u_rel,
		.noise_sd_a = fmax(result->idle_before.sd_a, result->idle_after.sd_a),
		.samples = result->samples_whole ? result->samples_whole : 1,
	};
	struct budget_window budget;
	int ret = budget_of_window(&input, &budget);

	if (ret)
		return judge_refuse(j, VERDICT_REASON_UNCERTAINTY, "%s", analysis_error_text(ret));
	row->energy_j = budget.gross.energy_j;
	row->energy_u_j = budget.gross.u_energy_j;
	row->energy_u_independent_j = budget.gross.u_independent_j;
	row->energy_above_idle_j = budget.above_idle.energy_j;
	row->energy_above_idle_u_j = budget.above_idle.u_energy_j;
	row->gain_u_rel = input.gain_u_rel;
	row->duration_u_s = hypot(sqrt(2) * edge_u_s, meter_rate_u_rel * result->duration_s);
	return 0;
}

void judge_fill_measured(struct judging *j)
{
	const struct window_result *result = &j->result;
	struct store_measurement *row = j->row;

	row->duration_s = result->duration_s;
	row->charge_c = result->charge_c;
	row->mean_current_a = result->mean_a;
	row->idle_current_a = result->idle_a;
	row->idle_current_u_a = result->idle_u_a;
	row->samples = (int64_t)ceil(j->window.end_samples - j->window.start_samples);
	row->clock_measured_hz = (double)row->cycles / result->duration_s;
	row->clock_u_rel = j->ratio.u_cycles_per_sample / j->ratio.cycles_per_sample;
}

void judge_fill_reported(struct judging *j)
{
	const struct judge_request *request = j->request;
	const struct wire_result_reply *result = &request->capture->result;
	struct store_measurement *row = j->row;

	row->inferences = result->inferences;
	row->cycles = (int64_t)result->cycles;
	row->inf_min_cycles = judge_counter(j, "inf_min");
	row->inf_max_cycles = judge_counter(j, "inf_max");
	row->empty_cycles = judge_counter(j, "empty");
	row->layer_mark_cycles = judge_counter(j, "layer");
	row->supply_v = request->meter_config->supply_v;
	row->supply_u_v = request->meter_config->supply_u_v;
	row->range_switches = (int64_t)request->capture->range_switches;
	row->samples_lost = (int64_t)request->capture->lost;
	snprintf(row->output_crc32, sizeof(row->output_crc32), "%08x", result->output_crc32);
}
