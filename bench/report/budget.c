/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/report/budget_parts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/budget/coverage.h"
#include "bench/store/budget_inputs.h"

static const struct budget_basis stepped = {
	BUDGET_NORMAL, true, "within the range's typical resolution, PPK2 user guide"};

static void put(struct budget_making *m, struct budget_table *table, struct budget_entry entry)
{
	int code;

	entry.dof = entry.dof > 0 ? entry.dof : INFINITY;
	code = budget_table_add(table, &entry);
	if (!m->code)
		m->code = code;
}

static void put_common(struct budget_making *m, struct budget_table *table,
		       enum budget_source source, double value, double u, const char *unit,
		       double sensitivity, struct budget_basis basis)
{
	put(m, table,
	    (struct budget_entry){.source = source,
				  .range = BUDGET_NO_RANGE,
				  .type = BUDGET_TYPE_B,
				  .basis = basis,
				  .common = true,
				  .value = value,
				  .u = u,
				  .unit = unit,
				  .sensitivity = sensitivity});
}

static struct budget_basis gain_basis(const struct budget_making *m)
{
	static const struct budget_basis stated = {BUDGET_NORMAL, false, "rig file or instrument"};
	double u_rel = m->row->gain_u_rel;

	return m->class && fabs(meter_limit_u(&m->class->gain) - u_rel) <= 1e-9 * u_rel
		       ? m->class->gain.basis
		       : stated;
}

/* What is proportional to energy. as_new false: only what rows have always held. */
static void put_proportional(struct budget_making *m, struct budget_table *table, bool as_new)
{
	static const struct budget_basis supply_basis = {BUDGET_NORMAL, false,
							 "rig file: supply_u"};
	const struct store_measurement *row = m->row;
	double e = table->result, off_k;

	if (isfinite(row->gain_u_rel))
		put_common(m, table, BUDGET_GAIN, 1, row->gain_u_rel, "1", e, gain_basis(m));
	if (isfinite(row->supply_u_v) && row->supply_v > 0)
		put_common(m, table, BUDGET_SUPPLY, row->supply_v, row->supply_u_v, "V",
			   e / row->supply_v, supply_basis);
	if (!m->class)
		return;
	put_common(m, table, BUDGET_TIME_BASE, 1, meter_limit_u(&m->class->time_base), "1", e,
		   m->class->time_base.basis);
	if (!as_new)
		return;
	off_k = isfinite(row->ambient_c) ? row->ambient_c - m->class->calibration_c : 10;
	put_common(m, table, BUDGET_TEMPERATURE, 0, meter_limit_u(&m->class->temperature), "1/K",
		   e * off_k, m->class->temperature.basis);
	put_common(m, table, BUDGET_BURDEN, 0, meter_limit_u(&m->class->burden), "V",
		   e / row->supply_v, m->class->burden.basis);
}

static double square_of(const struct budget_table *table, bool common)
{
	double sum = 0;

	for (size_t i = 0; i < table->count; i++)
		if (table->entries[i].common == common)
			sum += pow(table->entries[i].sensitivity * table->entries[i].u, 2);
	return sum;
}

/* The meter's zero, or what an imported row does not tell: total^2 less all entries. */
static void put_rest(struct budget_making *m, struct budget_table *table, double rest_square)
{
	double u_j = sqrt(fmax(0, rest_square));
	double volt_seconds = m->row->supply_v * m->row->duration_s;

	if (m->class && volt_seconds > 0)
		put(m, table,
		    (struct budget_entry){.source = BUDGET_OFFSET,
					  .range = budget_window_range(m),
					  .type = BUDGET_TYPE_B,
					  .basis =
						  m->range_count ? stepped : m->class->offset.basis,
					  .common = true,
					  .u = u_j / volt_seconds,
					  .unit = "A",
					  .sensitivity = volt_seconds});
	else if (u_j > 0)
		put(m, table,
		    (struct budget_entry){.source = BUDGET_OTHER,
					  .label = "common, not broken down",
					  .range = BUDGET_NO_RANGE,
					  .type = BUDGET_TYPE_B,
					  .common = true,
					  .u = u_j,
					  .unit = "J",
					  .sensitivity = 1});
}

/* table->result is set. total_square: of the common part. */
static void put_common_part(struct budget_making *m, struct budget_table *table,
			    double total_square)
{
	struct budget_table before = *table;
	double rest;

	put_proportional(m, table, true);
	rest = total_square - (square_of(table, true) - square_of(&before, true));
	if (rest < -rounding_rel * total_square) {
		*table = before;
		put_proportional(m, table, false);
		rest = total_square - (square_of(table, true) - square_of(&before, true));
		budget_note(m->report,
			    "This row was stored without temperature coefficient and burden.");
	}
	if (rest < -rounding_rel * total_square)
		budget_note(m->report, "The stored uncertainty, %.3g J, is less than its parts.",
			    m->row->energy_u_j);
	put_rest(m, table, rest > rounding_rel * rounding_rel * total_square ? rest : 0);
}

static void put_edges(struct budget_making *m, struct budget_table *table, double edge_current_a)
{
	if (m->edge_u_s > 0)
		put(m, table,
		    (struct budget_entry){.source = BUDGET_EDGES,
					  .range = BUDGET_NO_RANGE,
					  .type = BUDGET_TYPE_B,
					  .shrink = BUDGET_SHRINK_LENGTH,
					  .value = m->row->duration_s,
					  .u = sqrt(2) * m->edge_u_s,
					  .unit = "s",
					  .sensitivity = m->row->supply_v * edge_current_a});
}

static void put_noise(struct budget_making *m, struct budget_table *table)
{
	double volt_seconds = m->row->supply_v * m->row->duration_s;

	if (!(volt_seconds > 0)) {
		put(m, table,
		    (struct budget_entry){.source = BUDGET_OTHER,
					  .label = "independent, not broken down",
					  .range = BUDGET_NO_RANGE,
					  .type = BUDGET_TYPE_A,
					  .shrink = BUDGET_SHRINK_REPEATS,
					  .u = m->noise_j,
					  .unit = "J",
					  .sensitivity = 1});
		return;
	}
	put(m, table,
	    (struct budget_entry){.source = BUDGET_RESOLUTION,
				  .range = budget_window_range(m),
				  .type = BUDGET_TYPE_B,
				  .shrink = m->dithered ? BUDGET_SHRINK_ROOT : BUDGET_SHRINK_NEVER,
				  .u = m->resolution_j / volt_seconds,
				  .unit = "A",
				  .sensitivity = volt_seconds});
	put(m, table,
	    (struct budget_entry){.source = BUDGET_NOISE,
				  .range = BUDGET_NO_RANGE,
				  .type = BUDGET_TYPE_A,
				  .shrink = BUDGET_SHRINK_ROOT,
				  .value = m->row->mean_current_a,
				  .u = m->noise_j / volt_seconds,
				  .unit = "A",
				  .sensitivity = volt_seconds});
}

static void put_repeatability(struct budget_making *m, struct budget_table *table, double u_j)
{
	if (m->excess_dof > 0)
		put(m, table,
		    (struct budget_entry){.source = BUDGET_REPEATABILITY,
					  .range = BUDGET_NO_RANGE,
					  .type = BUDGET_TYPE_A,
					  .shrink = BUDGET_SHRINK_REPEATS,
					  .u = u_j,
					  .unit = "J",
					  .dof = m->excess_dof,
					  .sensitivity = 1});
}

static void make_gross(struct budget_making *m)
{
	const struct store_measurement *row = m->row;
	struct budget_table *table = &m->report->tables.gross;

	table->result = row->energy_j;
	budget_split_independent(m);
	put_common_part(m, table, pow(row->energy_u_j, 2) - pow(row->energy_u_independent_j, 2));
	put_noise(m, table);
	put_edges(m, table, fmax(fabs(row->mean_current_a), fabs(row->idle_current_a)));
	put_repeatability(m, table, m->excess_u_j);
}

static void make_above_idle(struct budget_making *m)
{
	const struct store_measurement *row = m->row;
	struct budget_table *table = &m->report->tables.above_idle;
	double volt_seconds = row->supply_v * row->duration_s, independent;

	if (!isfinite(row->energy_above_idle_j) || !isfinite(row->energy_above_idle_u_j) ||
	    !isfinite(row->idle_current_a) || !isfinite(row->idle_current_u_a) ||
	    !(volt_seconds > 0))
		return;
	table->result = row->energy_above_idle_j;
	put_noise(m, table);
	put_edges(m, table, fabs(row->mean_current_a - row->idle_current_a));
	put(m, table,
	    (struct budget_entry){.source = BUDGET_IDLE,
				  .range = BUDGET_NO_RANGE,
				  .type = BUDGET_TYPE_A,
				  .shrink = BUDGET_SHRINK_REPEATS,
				  .value = row->idle_current_a,
				  .u = row->idle_current_u_a,
				  .unit = "A",
				  .sensitivity = -volt_seconds});
	independent = square_of(table, false);
	put_common_part(m, table, pow(row->energy_above_idle_u_j, 2) - independent);
	put_repeatability(m, table, m->excess_above_idle_u_j);
}

static int compare_entries(const void *a, const void *b)
{
	const struct budget_entry *x = a, *y = b;

	return (x->source > y->source) - (x->source < y->source);
}

static int finish_table(struct budget_making *m, struct budget_table *table, struct err *err)
{
	int code = m->code;

	qsort(table->entries, table->count, sizeof(table->entries[0]), compare_entries);
	if (!code)
		code = budget_table_finish(table, COVERAGE_TWO_SIGMA);
	return code ? err_set(err, -EINVAL, "the row makes no budget: %s",
			      analysis_error_text(code))
		    : 0;
}

/* A row that keeps its inputs: the same tables as when it was judged, with what is known since, the
 * scatter of its repeats. */
static int make_of_inputs(struct budget_making *m, struct budget_input *in, struct err *err)
{
	static const struct budget_basis stated = {BUDGET_NORMAL, false, "rig file: supply_u"};
	static const struct budget_basis measured = {BUDGET_NORMAL, false, "the meter's voltage"};
	struct budget_tables *tables = &m->report->tables, net;
	int code;

	in->basis[BUDGET_GAIN] = gain_basis(m);
	in->basis[BUDGET_SUPPLY] = isfinite(m->row->mean_v) ? measured : stated;
	if (m->class) {
		in->basis[BUDGET_TIME_BASE] = m->class->time_base.basis;
		in->basis[BUDGET_TEMPERATURE] = m->class->temperature.basis;
		in->basis[BUDGET_BURDEN] = m->class->burden.basis;
		in->basis[BUDGET_OFFSET] = in->range_count ? stepped : m->class->offset.basis;
	}
	in->repeat_dof = m->excess_dof;
	in->repeat_u_j = m->excess_u_j;
	code = budget_tables_of_window(in, tables);
	in->repeat_u_j = m->excess_above_idle_u_j;
	if (!code)
		code = budget_tables_of_window(in, &net);
	if (code)
		return err_set(err, -EINVAL, "the row's budget_inputs make no budget: %s",
			       analysis_error_text(code));
	tables->above_idle = net.above_idle;
	return 0;
}

/* A row that keeps totals only. */
static int make_of_totals(struct budget_making *m, struct err *err)
{
	double rate_u_rel = m->class ? meter_limit_u(&m->class->time_base) : 0, edges;
	int ret;

	edges = pow(m->row->duration_u_s, 2) - pow(rate_u_rel * m->row->duration_s, 2);
	m->edge_u_s = edges > 0 ? sqrt(edges / 2) : 0;
	make_gross(m);
	make_above_idle(m);
	ret = finish_table(m, &m->report->tables.gross, err);
	if (!ret && m->report->tables.above_idle.count)
		ret = finish_table(m, &m->report->tables.above_idle, err);
	return ret;
}

int budget_report_make(const struct store_measurement *row, const struct store_measurement *repeats,
		       size_t count, struct budget_report *ret_report, struct err *err)
{
	struct budget_report report = {.row = *row};
	struct budget_making m = {
		.report = &report, .row = row, .class = meter_class_find(row->meter_model)};
	struct budget_input in;
	int ret;

	if (!(row->energy_j > 0) || !(row->energy_u_j > 0) || !isfinite(row->energy_u_j) ||
	    !(row->energy_u_independent_j >= 0) ||
	    row->energy_u_independent_j > row->energy_u_j * (1 + rounding_rel))
		return err_set(err, -EINVAL, "it has no energy with uncertainty (%s%s%s)",
			       row->verdict, row->reason[0] ? ": " : "", row->reason);
	budget_read_ranges(&m);
	budget_read_repeats(&m, repeats, count);
	ret = budget_inputs_read(row->budget_inputs, &in) ? make_of_totals(&m, err)
							  : make_of_inputs(&m, &in, err);
	if (ret)
		return ret;
	budget_check_offset(&m);
	*ret_report = report;
	return 0;
}
