/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A window's columns: energies with their budget, what was measured, what the board reported.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/budget/budget.h"
#include "analysis/budget/meter_class.h"
#include "bench/session/judge_parts.h"
#include "bench/store/budget_inputs.h"

static const double ambient_off_k = 10; /* from the calibration's temperature, when nobody said */

int64_t judge_counter(const struct judging *j, const char *name)
{
	const struct wire_result_reply *result = &j->request->capture->result;

	for (uint32_t i = 0; i < result->counter_count; i++)
		if (!strncmp(result->counters[i].name, name, sizeof(result->counters[i].name)))
			return (int64_t)result->counters[i].value;
	return 0;
}

/* The least range that takes the current. */
static size_t range_of(const struct meter_info *meter, double current_a)
{
	size_t range = 0;

	while (range + 1 < meter->range_count && fabs(current_a) > meter->ranges[range].max_a)
		range++;
	return range;
}

/* Where the meter's zero and step come from: the ranges its samples were in. Idle that was measured
 * in the very same range takes that zero along when it is subtracted; where the meter switched in
 * between, hysteresis may have kept idle in a range that the current does not tell, and nothing
 * cancels. */
static void fill_ranges(const struct judging *j, struct budget_input *input)
{
	const struct judge_request *request = j->request;
	const struct meter_info *meter = request->meter;
	const uint64_t *samples = request->capture->window_range_samples;
	size_t idle = range_of(meter, j->run->idle_a);
	double total = 0;

	input->range_count = meter->range_count;
	for (size_t r = 0; r < meter->range_count; r++)
		total += (double)samples[r];
	for (size_t r = 0; r < meter->range_count; r++)
		input->ranges[r] = (struct budget_range){
			.share = total > 0 ? (double)samples[r] / total : 0,
			.offset_u_a = request->meter_config->offset_u_a > 0
					      ? request->meter_config->offset_u_a
					      : meter->ranges[r].offset_u_a,
			.resolution_a = meter->ranges[r].resolution_a};
	if (!meter->range_count)
		return;
	if (!(total > 0))
		input->ranges[range_of(meter, j->run->values.mean_a)].share = 1;
	if (!request->capture->range_switches)
		for (size_t r = 0; r < meter->range_count; r++)
			input->ranges[r].idle_share = input->ranges[r].share;
	else if (!(input->ranges[idle].share > 0))
		input->ranges[idle].idle_share = 1;
}

/* What the rig file says comes before the instrument, and that before its class. */
static void fill_meter(const struct judging *j, const struct meter_class *class,
		       struct budget_input *input)
{
	const struct judge_request *request = j->request;
	const struct rig_meter *config = request->meter_config;
	double ambient_c = j->row->ambient_c;

	input->gain_u_rel =
		config->gain_u_rel > 0 ? config->gain_u_rel : request->meter->gain_u_rel;
	if (!(input->gain_u_rel > 0))
		input->gain_u_rel = meter_limit_u(&class->gain);
	input->offset_u_a =
		config->offset_u_a > 0 ? config->offset_u_a : request->meter->offset_u_a;
	if (!(input->offset_u_a > 0))
		input->offset_u_a = meter_limit_u(&class->offset);
	input->supply_u_v = config->supply_u_v;
	if (!(input->supply_u_v > 0) && class->measures_voltage)
		input->supply_u_v = config->supply_v * meter_limit_u(&class->voltage);
	input->resolution_a = class->resolution_a;
	input->rate_u_rel = meter_limit_u(&class->time_base);
	input->burden_u_v = meter_limit_u(&class->burden);
	input->temperature_u_per_k = meter_limit_u(&class->temperature);
	if (config->has_ambient)
		ambient_c = config->ambient_c;
	input->temperature_k =
		isfinite(ambient_c) ? ambient_c - class->calibration_c : ambient_off_k;
	/* Of a product of an unknown coefficient and a temperature that is known to u_T, with the
	 * coefficient's mean zero: u^2 = u_coefficient^2 * (T^2 + u_T^2). */
	input->temperature_k = hypot(input->temperature_k, config->ambient_u_k);
}

static bool was_calibrated(const struct calibration *calibration, size_t range)
{
	return range < calibration->range_count && calibration->lines[range].points > 0;
}

/* A calibration comes before all of them, in the ranges it has loads of. Of several ranges the
 * least certain gain counts for the whole. Offset and gain of one line are anticorrelated; taken as
 * independent here, they come out a little larger than they are. */
static void fill_calibration(const struct judging *j, struct budget_input *input)
{
	const struct calibration *calibration = j->request->calibration;
	double gain_u_rel = 0;

	if (!calibration || !calibration->id)
		return;
	for (size_t r = 0; r < input->range_count; r++) {
		double u_rel = input->gain_u_rel;

		if (was_calibrated(calibration, r)) {
			u_rel = calibration->lines[r].factor_u;
			input->ranges[r].offset_u_a = calibration->lines[r].add_u_a;
		}
		if (input->ranges[r].share > 0)
			gain_u_rel = fmax(gain_u_rel, u_rel);
	}
	if (!input->range_count && was_calibrated(calibration, 0)) {
		gain_u_rel = calibration->lines[0].factor_u;
		input->offset_u_a = calibration->lines[0].add_u_a;
	}
	if (gain_u_rel > 0)
		input->gain_u_rel = gain_u_rel;
}

/* A meter in series that neither sets nor measures the board's voltage takes its shunt's drop off
 * it. */
static void fill_burden(const struct judging *j, struct budget_input *input)
{
	const struct meter_info *meter = j->request->meter;
	double shunt_ohm = 0;

	if (meter->caps & (METER_CAP_SUPPLY | METER_CAP_VOLTAGE))
		return;
	for (size_t r = 0; r < meter->range_count; r++)
		shunt_ohm += input->ranges[r].share * meter->ranges[r].shunt_ohm;
	input->burden_u_v = hypot(input->burden_u_v, j->run->values.mean_a * shunt_ohm / sqrt(3));
}

/* Of the mean current: the ranges' zeros are independent. */
static double offset_u_a(const struct budget_input *input)
{
	double square = 0;

	if (!input->range_count)
		return input->offset_u_a;
	for (size_t r = 0; r < input->range_count; r++)
		square += pow(input->ranges[r].share * input->ranges[r].offset_u_a, 2);
	return sqrt(square);
}

/* Of a voltage that the meter measured. */
static double voltage_u_v(const struct meter_info *meter, double mean_v)
{
	return hypot(hypot(meter->voltage_gain_u_rel * mean_v, meter->voltage_offset_u_v),
		     meter->voltage_resolution_v / sqrt(12));
}

int judge_fill_budget(struct judging *j)
{
	const struct judge_request *request = j->request;
	const struct meter_class *known = meter_class_find(request->meter->model);
	const struct run_result *run = j->run;
	struct store_measurement *row = j->row;
	bool has_voltage = run->window.sums.has_voltage;
	double edge_u_s = run->edge_u_samples / request->meter->rate_hz;
	struct budget_input input = {
		.charge_c = run->values.charge_c,
		.duration_s = run->values.duration_s,
		/* with the voltage of each sample: the one that charge flowed at */
		.supply_v = has_voltage ? run->values.energy_j / run->values.charge_c
					: request->meter_config->supply_v,
		.has_idle = true,
		.idle_a = run->idle_a,
		.idle_u_a = run->idle_u_a,
		.edge_u_s = edge_u_s,
		.noise_sd_a = fmax(run->idle_before.sd_a, run->idle_after.sd_a),
		.dither_sd_a = run->sample_sd_a,
		.samples = run->samples_whole ? run->samples_whole : 1,
	};
	struct budget_window budget;
	struct budget_tables tables;
	int ret;

	fill_meter(j, known ? known : meter_class_unknown(), &input);
	fill_ranges(j, &input);
	fill_calibration(j, &input);
	fill_burden(j, &input);
	if (has_voltage)
		input.supply_u_v = voltage_u_v(request->meter, run->values.mean_v);
	if (has_voltage && !(request->meter_config->supply_v > 0)) {
		row->supply_v = run->values.mean_v;
		row->supply_u_v = input.supply_u_v;
	}
	ret = budget_of_window(&input, &budget);
	if (ret)
		return judge_refuse(j, VERDICT_REASON_UNCERTAINTY, "%s", analysis_error_text(ret));
	if (request->ret_budget && !budget_tables_of_window(&input, &tables))
		*request->ret_budget = tables.gross;
	row->energy_j = budget.gross.energy_j;
	row->energy_u_j = budget.gross.u_energy_j;
	row->energy_u_independent_j = budget.gross.u_independent_j;
	row->energy_above_idle_j = has_voltage ? run->above_idle_j : budget.above_idle.energy_j;
	row->energy_above_idle_u_j = budget.above_idle.u_energy_j;
	row->gain_u_rel = input.gain_u_rel;
	row->edge_u_s = edge_u_s;
	row->noise_sd_a = input.noise_sd_a;
	row->offset_u_a = offset_u_a(&input);
	if (has_voltage) {
		row->mean_v = run->values.mean_v;
		row->mean_v_u = input.supply_u_v;
	}
	row->duration_u_s = hypot(sqrt(2) * edge_u_s, input.rate_u_rel * input.duration_s);
	return budget_inputs_write(&input, row->budget_inputs, sizeof(row->budget_inputs)) ? -ENOMEM
											   : 0;
}

void judge_fill_measured(struct judging *j)
{
	const struct run_result *run = j->run;
	struct store_measurement *row = j->row;

	row->duration_s = run->values.duration_s;
	row->charge_c = run->values.charge_c;
	row->mean_current_a = run->values.mean_a;
	row->idle_current_a = run->idle_a;
	row->idle_current_u_a = run->idle_u_a;
	if (run->has_raw)
		row->raw_energy_j = run->raw_energy_j;
	row->samples = (int64_t)ceil(run->window.end_samples - run->window.start_samples);
	row->clock_measured_hz = (double)row->cycles / row->duration_s;
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
	/* what something else supplies is known with the window's samples */
	row->supply_v = request->meter_config->supply_v > 0 ? request->meter_config->supply_v : NAN;
	row->supply_u_v =
		request->meter_config->supply_v > 0 ? request->meter_config->supply_u_v : NAN;
	row->range_switches = (int64_t)request->capture->range_switches;
	row->samples_lost = (int64_t)request->capture->run.lost;
	snprintf(row->output_crc32, sizeof(row->output_crc32), "%08x", result->output_crc32);
}
