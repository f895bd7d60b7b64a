/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What readings under known currents are worth, and the lines that follow from them.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "analysis/budget/meter_class.h"
#include "bench/session/calibration.h"

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

/* What all known currents have in common, relative. */
static double common_rel_of(const struct calibration_procedure *procedure)
{
	const struct calibration_reference *reference = &procedure->reference;

	return reference->meter
		       ? calibration_sheet_of(reference->meter, reference->info, 0).gain_u_rel
		       : procedure->meter->supply_u_v / procedure->meter->supply_v;
}

/* What those of one range of the reference have in common. */
static double shared_u_a_of(const struct calibration_procedure *procedure,
			    const struct calibration_load *load)
{
	const struct calibration_reference *reference = &procedure->reference;

	return reference->meter ? calibration_sheet_of(reference->meter, reference->info,
						       load->reference_range)
					  .offset_u_a
				: 0;
}

static int say_other(const struct calibration_procedure *procedure,
		     const struct calibration_load *load, struct err *err)
{
	if (procedure->reference.meter)
		return err_set(err, -EDOM,
			       "it reads %.6g A where the reference %s reads %.6g A: do both carry "
			       "the same current, and nothing else between them?",
			       load->reading.mean_a, procedure->reference.meter->name,
			       load->expected_a);
	return err_set(err, -EDOM,
		       "the meter reads %.6g A where this load draws %.6g A: is another one "
		       "connected? Loads are asked for in the order of the command line",
		       load->reading.mean_a, load->expected_a);
}

int calibration_load_judge(const struct calibration_procedure *procedure,
			   const struct calibration_load *load, struct err *err)
{
	const struct calibration_sheet sheet =
		calibration_sheet_of(procedure->meter, procedure->info, load->range);
	double shared_a =
		hypot(load->expected_a * common_rel_of(procedure), shared_u_a_of(procedure, load));

	switch (calibration_judge(&load->reading, load->expected_a,
				  hypot(load->expected_u_a, shared_a), &sheet)) {
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
		return say_other(procedure, load, err);
	}
	return 0;
}

static struct calibration_point point_of(const struct calibration_procedure *procedure,
					 const struct calibration_load *load)
{
	return (struct calibration_point){.reading_a = load->reading.mean_a,
					  .reading_u_a = load->reading.u_a,
					  .expected_a = load->expected_a,
					  .expected_u_a = load->expected_u_a,
					  .shared_u_a = shared_u_a_of(procedure, load),
					  .group = load->reference_range};
}

int calibration_solve(const struct calibration_procedure *procedure,
		      const struct calibration_load *loads, unsigned count,
		      struct calibration *ret_calibration, struct err *err)
{
	unsigned ranges = procedure->info->range_count ? procedure->info->range_count : 1;
	double common_rel = common_rel_of(procedure);
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
				points[used++] = point_of(procedure, &loads[i]);
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

/* How many loads are in a range, and the least certain zero of the reference under them. */
static unsigned count_in_range(const struct calibration_procedure *procedure,
			       const struct calibration_load *loads, unsigned count, unsigned range,
			       double *ret_offset_u_a)
{
	unsigned found = 0;

	for (unsigned i = 0; i < count; i++)
		if (loads[i].range == range) {
			*ret_offset_u_a =
				fmax(*ret_offset_u_a, shared_u_a_of(procedure, &loads[i]));
			found++;
		}
	return found;
}

bool calibration_warn(const struct calibration_procedure *procedure,
		      const struct calibration_load *loads, unsigned count, unsigned range,
		      char *text, size_t size)
{
	const struct calibration_sheet sheet =
		calibration_sheet_of(procedure->meter, procedure->info, range);
	double gain_u_rel = common_rel_of(procedure), offset_u_a = 0;
	unsigned levels = count_in_range(procedure, loads, count, range, &offset_u_a);

	if (!procedure->reference.meter || !levels)
		return false;
	if (gain_u_rel > sheet.gain_u_rel || offset_u_a > sheet.offset_u_a)
		snprintf(text, size,
			 "range %u: the reference %s is less certain (gain %.2g %%, offset %.2g A) "
			 "than what it calibrates (%.2g %%, %.2g A)",
			 range, procedure->reference.meter->name, 100 * gain_u_rel, offset_u_a,
			 100 * sheet.gain_u_rel, sheet.offset_u_a);
	else if (levels < 2)
		snprintf(text, size, "range %u: one level does not tell offset from gain: give two",
			 range);
	else
		return false;
	return true;
}
