/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/report/budget_parts.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "analysis/budget/moments.h"
#include "drivers/meter/ppk2_calibration.h"

void budget_note(struct budget_report *report, const char *format, ...)
{
	va_list args;

	if (report->note_count == BUDGET_NOTES_MAX)
		return;
	va_start(args, format);
	vsnprintf(report->notes[report->note_count++], sizeof(report->notes[0]), format, args);
	va_end(args);
}

int budget_window_range(const struct budget_making *m)
{
	unsigned range = 0;

	while (range + 1 < m->range_count && m->row->mean_current_a > m->ranges[range].max_a)
		range++;
	return m->range_count ? (int)range : BUDGET_NO_RANGE;
}

/* Splits the independent total into edges, converter step and noise. The step either averages out
 * over the samples or stays whole: whichever the total has room for. */
void budget_split_independent(struct budget_making *m)
{
	const struct store_measurement *row = m->row;
	int range = budget_window_range(m);
	double rest = pow(row->energy_u_independent_j, 2), step_j = 0, volt_seconds, edges;

	volt_seconds = row->supply_v * row->duration_s;
	edges = sqrt(2) * row->supply_v * m->edge_u_s *
		fmax(fabs(row->mean_current_a), fabs(row->idle_current_a));
	m->dithered = true;
	if (!(volt_seconds > 0)) {
		m->edge_u_s = 0;
		m->noise_j = row->energy_u_independent_j;
		return;
	}
	if (!isfinite(edges) || edges * edges > rest)
		edges = m->edge_u_s = 0; /* they are not in the total */
	rest -= edges * edges;
	if (range != BUDGET_NO_RANGE)
		step_j = volt_seconds * m->ranges[range].resolution_a / sqrt(12);
	else if (m->class)
		step_j = volt_seconds * m->class->resolution_a / sqrt(12);
	if (step_j > 0 && rest >= step_j * step_j * (1 - rounding_rel))
		m->dithered = false;
	else if (row->samples > 0)
		step_j /= sqrt((double)row->samples);
	if (rest < step_j * step_j * (1 - rounding_rel))
		step_j = 0;
	m->resolution_j = step_j;
	m->noise_j = sqrt(fmax(0, rest - step_j * step_j));
}

static double array_at(const json_t *object, const char *key, size_t index)
{
	return json_number_value(json_array_get(json_object_get(object, key), index));
}

/* What ppk2_calibration_json wrote. */
void budget_read_ranges(struct budget_making *m)
{
	struct ppk2_calibration calibration = {0};
	json_t *json;

	if (strcmp(m->row->meter_model, "ppk2"))
		return;
	json = json_loads(m->row->meter_calibration, 0, NULL);
	m->range_count = PPK2_RANGES;
	for (size_t n = 0; n < PPK2_RANGES; n++) {
		calibration.value[PPK2_R][n] = array_at(json, "r_ohm", n);
		calibration.value[PPK2_GI][n] = array_at(json, "gi", n);
		calibration.value[PPK2_UG][n] = array_at(json, "ug", n);
		if (!(calibration.value[PPK2_R][n] > 0))
			m->range_count = 0;
	}
	json_decref(json);
	if (m->range_count)
		ppk2_calibration_ranges(&calibration, m->ranges);
	else
		budget_note(m->report,
			    "The calibration stored with the row has no shunts: ranges are not "
			    "known.");
}

/* What of a standard deviation the independent parts, known per window, do not explain. */
static double excess_of(double sd_j, double independent_square)
{
	return sqrt(fmax(0, sd_j * sd_j - independent_square));
}

void budget_read_repeats(struct budget_making *m, const struct store_measurement *repeats,
			 size_t count)
{
	struct moments gross = {0}, above_idle = {0};
	double square = 0, idle_square = 0, n = (double)count + 1;

	m->report->repeats = (unsigned)count + 1;
	if (!count) {
		budget_note(m->report, "One window: repeatability was not observed.");
		return;
	}
	for (size_t i = 0; i <= count; i++) {
		const struct store_measurement *row = i ? &repeats[i - 1] : m->row;

		moments_add(&gross, row->energy_j);
		if (isfinite(row->energy_above_idle_j))
			moments_add(&above_idle, row->energy_above_idle_j);
		square += pow(row->energy_u_independent_j, 2) / n;
		idle_square += pow(row->idle_current_u_a * row->supply_v * row->duration_s, 2) / n;
	}
	m->excess_dof = n - 1;
	m->excess_u_j = excess_of(moments_sd(&gross), square);
	if (above_idle.count == gross.count)
		m->excess_above_idle_u_j = excess_of(moments_sd(&above_idle), square + idle_square);
	budget_note(m->report,
		    "%u repeats scatter by %.3g J (one standard deviation); repeatability is what "
		    "noise, "
		    "converter step and edges do not explain of it.",
		    m->report->repeats, moments_sd(&gross));
}

void budget_check_offset(struct budget_making *m)
{
	const struct budget_table *table = &m->report->tables.gross;
	int range = budget_window_range(m);

	if (!strcmp(m->row->calibration_state, "used")) {
		budget_note(m->report,
			    "Calibration %lld corrected the samples: gain and zero are its own.",
			    (long long)m->row->calibration_id);
		return;
	}
	for (size_t i = 0; range != BUDGET_NO_RANGE && i < table->count; i++) {
		const struct budget_entry *entry = &table->entries[i];
		double expected_a = m->ranges[range].offset_u_a;

		if (entry->source == BUDGET_OFFSET && entry->u < expected_a / 2)
			budget_note(m->report,
				    "The zero in this row's budget is %.2g A; range %d, which its "
				    "current "
				    "is "
				    "for, has %.2g A: u would be %.3g J.",
				    entry->u, range, expected_a,
				    sqrt(pow(table->u, 2) - pow(entry->u_result, 2) +
					 pow(expected_a * entry->sensitivity, 2)));
	}
}
