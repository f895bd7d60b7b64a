/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Known loads, one after the other, and what follows from them.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/budget/meter_class.h"
#include "bench/config/quantity.h"
#include "bench/session/calibration.h"
#include "drivers/link/record.h"

enum { STALL_MS = 5000, SWITCH_MS = 300 };

static const double stray_share = 0.01; /* of the samples may be in another range: an autorange's
					   own excursions */

static const struct {
	const char *name;
	double ohm;
} resistance_units[] = {{"Ohm", 1}, {"mOhm", 1e-3}, {"kOhm", 1e3}, {"MOhm", 1e6}};

static int parse_ohm(const char *text, size_t length, double *ret_ohm)
{
	char *unit;
	double number = strtod(text, &unit);
	size_t left;

	if (unit == text || unit > text + length)
		return -EINVAL;
	while (*unit == ' ')
		unit++;
	left = length - (size_t)(unit - text);
	for (size_t i = 0; i < sizeof(resistance_units) / sizeof(resistance_units[0]); i++)
		if (strlen(resistance_units[i].name) == left &&
		    !strncmp(resistance_units[i].name, unit, left)) {
			*ret_ohm = number * resistance_units[i].ohm;
			return isfinite(*ret_ohm) && *ret_ohm > 0 ? 0 : -EINVAL;
		}
	return -EINVAL;
}

int calibration_load_parse(const char *text, struct calibration_load *ret_load, struct err *err)
{
	struct calibration_load load = {.text = text, .ohm = INFINITY};
	const char *unit_end = strstr(text, "Ohm");
	double limit;
	int ret;

	if (!strcmp(text, "none")) {
		*ret_load = load;
		return 0;
	}
	if (!unit_end || parse_ohm(text, (size_t)(unit_end + 3 - text), &load.ohm))
		return err_set(
			err, -EINVAL,
			"load '%s': write 'none', or a resistance and its limits, as '1 kOhm "
			"0.1 %%' (Ohm, mOhm, kOhm, MOhm)",
			text);
	unit_end += 3;
	while (*unit_end == ' ')
		unit_end++;
	if (!*unit_end)
		return err_set(err, -EINVAL, "load '%s': say how well it is known, as '%s 0.1 %%'",
			       text, text);
	ret = quantity_parse(unit_end, QUANTITY_RATIO, &limit, err);
	if (ret)
		return err_context(err, ret, "load '%s'", text);
	if (!(limit > 0 && limit < 0.5))
		return err_set(err, -EINVAL, "load '%s': limits of %g %% make no sense", text,
			       100 * limit);
	load.u_rel = limit / sqrt(3);
	*ret_load = load;
	return 0;
}

struct calibration_sheet calibration_sheet_of(const struct rig_meter *meter,
					      const struct meter_info *info, unsigned range)
{
	const struct meter_class *class = meter_class_find(info->model);
	struct calibration_sheet sheet = {.gain_u_rel = meter->gain_u_rel,
					  .offset_u_a = meter->offset_u_a};

	if (!class)
		class = meter_class_unknown();
	if (!(sheet.gain_u_rel > 0))
		sheet.gain_u_rel = info->gain_u_rel;
	if (!(sheet.gain_u_rel > 0))
		sheet.gain_u_rel = meter_limit_u(&class->gain);
	if (!(sheet.offset_u_a > 0))
		sheet.offset_u_a = range < info->range_count ? info->ranges[range].offset_u_a
							     : info->offset_u_a;
	if (!(sheet.offset_u_a > 0))
		sheet.offset_u_a = meter_limit_u(&class->offset);
	return sheet;
}

struct sums {
	uint64_t skip, wanted, count;
	uint64_t in_range[METER_RANGES_MAX];
	double sum[2], squares, pivot_a; /* of the halves, about the first sample */
};

static void add_block(struct sums *sums, const struct meter_block *block)
{
	for (uint32_t i = 0; i < block->count && sums->count < sums->wanted; i++) {
		double off_a;

		if (sums->skip) {
			sums->skip--;
			continue;
		}
		if (!sums->count)
			sums->pivot_a = (double)block->current_a[i];
		off_a = (double)block->current_a[i] - sums->pivot_a;
		sums->sum[2 * sums->count >= sums->wanted] += off_a;
		sums->squares += off_a * off_a;
		if (block->range[i] < METER_RANGES_MAX)
			sums->in_range[block->range[i]]++;
		sums->count++;
	}
}

static int stream(const struct calibration_procedure *procedure, struct sums *sums, struct err *err)
{
	struct meter_block *block = malloc(sizeof(*block));
	int ret = block ? meter_start(procedure->device, err)
			: err_set(err, -ENOMEM, "out of memory");
	bool started = block && !ret;

	while (!ret && sums->count < sums->wanted) {
		bool settled = !sums->skip;

		ret = *procedure->stop ? err_set(err, -ECANCELED, "interrupted")
				       : meter_read(procedure->device, block, STALL_MS, err);
		if (!ret && settled && (block->lost || block->flags))
			ret = err_set(err, -ENODATA,
				      "samples were lost or at the meter's limit while averaging");
		if (!ret)
			add_block(sums, block);
	}
	if (started)
		meter_stop(procedure->device, NULL);
	free(block);
	return ret;
}

/* The mean of a stretch, and how well noise and the converter's step let it be known. */
static struct calibration_reading mean_of(const struct sums *sums, double resolution_a)
{
	double n = (double)sums->count, half = floor((n + 1) / 2);
	double mean = (sums->sum[0] + sums->sum[1]) / n;
	double sd_a = sqrt(fmax(sums->squares / n - mean * mean, 0));
	double step_u_a = sd_a >= resolution_a / 2 ? 0 : resolution_a / sqrt(12);

	return (struct calibration_reading){.mean_a = sums->pivot_a + mean,
					    .u_a = hypot(sd_a / sqrt(n), step_u_a),
					    .first_a = sums->pivot_a + sums->sum[0] / half,
					    .second_a = sums->pivot_a + sums->sum[1] / (n - half)};
}

static int find_range(const struct sums *sums, struct calibration_load *load, struct err *err)
{
	unsigned most = 0;

	for (unsigned range = 1; range < METER_RANGES_MAX; range++)
		if (sums->in_range[range] > sums->in_range[most])
			most = range;
	load->range = most;
	if ((double)sums->in_range[most] >= (1 - stray_share) * (double)sums->count)
		return 0;
	return err_set(err, -ERANGE,
		       "the meter switches between its ranges under this load: take another one");
}

static int judge(const struct calibration_procedure *procedure, const struct calibration_load *load,
		 struct err *err)
{
	const struct calibration_sheet sheet =
		calibration_sheet_of(procedure->meter, procedure->info, load->range);
	double common_a =
		load->expected_a * procedure->meter->supply_u_v / procedure->meter->supply_v;

	switch (calibration_judge(&load->reading, load->expected_a,
				  hypot(load->expected_u_a, common_a), &sheet)) {
	case CALIBRATION_NOISY:
		return err_set(err, -EDOM,
			       "too noisy: %.4g A +- %.2g A in range %u; average longer, or shield "
			       "the load",
			       load->reading.mean_a, load->reading.u_a, load->range);
	case CALIBRATION_DRIFTS:
		return err_set(err, -EDOM,
			       "drifts: %.6g A, then %.6g A; settle longer, or the load warms up",
			       load->reading.first_a, load->reading.second_a);
	case CALIBRATION_OTHER:
		return err_set(
			err, -EDOM,
			"the meter reads %.6g A where this load draws %.6g A: is another one "
			"connected? Loads are asked for in the order of the command line",
			load->reading.mean_a, load->expected_a);
	}
	return 0;
}

static int measure_connected(const struct calibration_procedure *procedure,
			     struct calibration_load *load, struct err *err)
{
	const struct meter_info *info = procedure->info;
	struct sums sums = {.skip = (uint64_t)(procedure->settle_s * info->rate_hz),
			    .wanted = (uint64_t)(procedure->average_s * info->rate_hz)};
	int ret = meter_supply(procedure->device, true, err);

	if (!ret)
		ret = stream(procedure, &sums, err);
	if (!ret)
		ret = find_range(&sums, load, err);
	if (ret)
		return ret;
	load->reading = mean_of(&sums, load->range < info->range_count
					       ? info->ranges[load->range].resolution_a
					       : 0);
	return judge(procedure, load, err);
}

int calibration_measure(const struct calibration_procedure *procedure,
			struct calibration_load *load, struct err *err)
{
	int ret, off;

	load->expected_a = isinf(load->ohm) ? 0 : procedure->meter->supply_v / load->ohm;
	load->expected_u_a = load->expected_a * load->u_rel;
	if (load->expected_a >= procedure->info->range_max_a)
		return err_set(err, -ERANGE, "load '%s': %.3g A at %g V, the meter ends at %g A",
			       load->text, load->expected_a, procedure->meter->supply_v,
			       procedure->info->range_max_a);
	ret = meter_supply(procedure->device, false, err);
	if (!ret) {
		link_tape_sleep_ms(NULL, SWITCH_MS);
		ret = procedure->connect(procedure->context, load, err);
	}
	if (!ret)
		ret = measure_connected(procedure, load, err);
	off = meter_supply(procedure->device, false, ret ? NULL : err);
	if (!ret && off)
		ret = off;
	return ret ? err_context(err, ret, "load '%s'", load->text) : 0;
}

int calibration_solve(const struct calibration_procedure *procedure,
		      const struct calibration_load *loads, unsigned count,
		      struct calibration *ret_calibration, struct err *err)
{
	unsigned ranges = procedure->info->range_count ? procedure->info->range_count : 1;
	double common_rel = procedure->meter->supply_u_v / procedure->meter->supply_v;
	struct calibration calibration = {.state = "used", .range_count = ranges};

	for (unsigned range = 0; range < ranges; range++) {
		struct calibration_point points[CALIBRATION_LOADS_MAX];
		struct calibration_line *line = &calibration.lines[range];
		const struct calibration_sheet sheet =
			calibration_sheet_of(procedure->meter, procedure->info, range);
		size_t used = 0;
		int code;

		for (unsigned i = 0; i < count; i++)
			if (loads[i].range == range)
				points[used++] = (struct calibration_point){
					loads[i].reading.mean_a, loads[i].reading.u_a,
					loads[i].expected_a, loads[i].expected_u_a};
		code = calibration_fit(points, used, &sheet, common_rel, line);
		if (code)
			return err_set(err, -EINVAL, "range %u: %s", range,
				       analysis_error_text(code));
		if (line->birge_ratio > CALIBRATION_BIRGE_MAX)
			return err_set(
				err, -EDOM,
				"range %u: the loads contradict each other: they scatter %.1f "
				"times as far as their uncertainties say",
				range, line->birge_ratio);
	}
	*ret_calibration = calibration;
	return 0;
}
