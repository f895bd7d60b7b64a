/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A budget as a table and as JSON.
 */
#include <math.h>
#include <string.h>

#include "bench/report/budget.h"

static const char *entry_text(const struct budget_entry *entry)
{
	return entry->label ? entry->label : budget_source_text(entry->source);
}

static void print_entry(const struct budget_entry *entry, FILE *stream)
{
	char name[48], dof[16] = "inf";

	if (entry->range == BUDGET_NO_RANGE)
		snprintf(name, sizeof(name), "%s", entry_text(entry));
	else
		snprintf(name, sizeof(name), "%s, range %d", entry_text(entry), entry->range);
	if (isfinite(entry->dof))
		snprintf(dof, sizeof(dof), "%.1f", entry->dof);
	fprintf(stream, "%-38s %12.5g %10.2e %-4s %c  %-11s %5s %11.3e %10.2e %6.2f %c%c\n", name,
		entry->value, entry->u, entry->unit, entry->type == BUDGET_TYPE_A ? 'A' : 'B',
		budget_distribution_name(entry->basis.distribution), dof, entry->sensitivity,
		entry->u_result, entry->share * 100, entry->common ? 'c' : 'i',
		entry->basis.assumed ? '*' : ' ');
}

/* EA-4/02, 6.3: the uncertainty with two digits, the result with as many places. */
static void print_rounded(double result_j, double expanded_u_j, FILE *stream)
{
	int exponent = (int)floor(log10(fabs(result_j)));
	double scale = pow(10, -exponent);
	int places = (int)fmax(0, 1 - floor(log10(expanded_u_j * scale)));

	fprintf(stream, "  per inference: (%.*f +- %.*f)e%+d J with k = 2\n", places,
		result_j * scale, places, expanded_u_j * scale, exponent);
}

static void print_table(const struct budget_table *table, const char *title, int64_t inferences,
			FILE *stream)
{
	double n = inferences > 0 ? (double)inferences : 1;

	fprintf(stream, "\n%s\n%-38s %12s %10s %-4s %s %-11s %5s %11s %10s %6s\n", title,
		"quantity", "estimate", "u", "unit", "AB", "distribution", "dof", "c_i (J/..)",
		"u_i (J)", "%");
	for (size_t i = 0; i < table->count; i++)
		print_entry(&table->entries[i], stream);
	fprintf(stream, "%-38s %12.6g %10.2e %-4s %25s %11s %10.2e %6.2f\n", "energy of the window",
		table->result, table->u, "J", "", "", table->u, 100.0);
	fprintf(stream, "  independent (i) %.2e J, common to all windows of the meter (c) %.2e J\n",
		table->u_independent, table->u_common);
	fprintf(stream, "  U = %.2e J (k = 2), %.3f %% of the energy\n", table->expanded_u_k2,
		table->expanded_u_k2 / fabs(table->result) * 100);
	if (isfinite(table->dof))
		fprintf(stream,
			"  effective degrees of freedom %.1f: k = %.2f for %.2f %%, U = %.2e J\n",
			table->dof, table->coverage_factor, table->confidence * 100,
			table->expanded_u);
	else
		fprintf(stream,
			"  effective degrees of freedom infinite: k = %.2f covers %.2f %%\n",
			table->coverage_factor, table->confidence * 100);
	print_rounded(table->result / n, table->expanded_u_k2 / n, stream);
}

static bool any_assumed(const struct budget_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->entries[i].basis.assumed)
			return true;
	return false;
}

static void print_bases(const struct budget_table *table, FILE *stream)
{
	fputs("\nWhere the figures come from:\n", stream);
	for (size_t i = 0; i < table->count; i++) {
		const struct budget_entry *entry = &table->entries[i];

		if (entry->basis.text)
			fprintf(stream, "  %-36s %s%s\n", entry_text(entry),
				entry->basis.assumed ? "assumed: " : "", entry->basis.text);
	}
	if (any_assumed(table))
		fputs("  * no document and no calibration says so: state gain_u and offset_u in "
		      "the "
		      "rig file.\n",
		      stream);
}

void budget_report_print(const struct budget_report *report, FILE *stream)
{
	const struct store_measurement *row = &report->row;

	fprintf(stream, "Uncertainty budget of measurement %lld, %s%s\n", (long long)report->id,
		row->created_utc, row->is_virtual ? " (virtual: nothing was measured)" : "");
	fprintf(stream, "  %s, %s, build %s, %s, %g MHz; %lld inferences; verdict %s%s%s\n",
		row->board, row->model, row->build, row->runtime, (double)row->clock_hz / 1e6,
		(long long)row->inferences, row->verdict, row->reason[0] ? ", " : "", row->reason);
	fprintf(stream,
		"  meter %s (%s%s%s)\n  E = V * Q; entries are independent of each other\n",
		row->meter, row->meter_model, row->meter_serial[0] ? " " : "", row->meter_serial);
	print_table(&report->tables.gross, "Energy, gross", row->inferences, stream);
	if (report->tables.above_idle.count)
		print_table(&report->tables.above_idle, "Energy above idle", row->inferences,
			    stream);
	print_bases(&report->tables.gross, stream);
	for (unsigned i = 0; i < report->note_count; i++)
		fprintf(stream, "%sNote: %s\n", i ? "" : "\n", report->notes[i]);
}

static json_t *real_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *entry_json(const struct budget_entry *entry)
{
	return json_pack(
		"{s:s, s:s, s:o, s:s, s:s, s:b, s:b, s:s*, s:f, s:f, s:s, s:o, s:f, s:f, s:f}",
		"source", budget_source_code(entry->source), "text", entry_text(entry), "range",
		entry->range == BUDGET_NO_RANGE ? json_null() : json_integer(entry->range), "type",
		entry->type == BUDGET_TYPE_A ? "A" : "B", "distribution",
		budget_distribution_name(entry->basis.distribution), "common", entry->common,
		"assumed", entry->basis.assumed, "basis", entry->basis.text, "estimate",
		entry->value, "u", entry->u, "unit", entry->unit, "dof", real_or_null(entry->dof),
		"sensitivity_j_per_unit", entry->sensitivity, "u_energy_j", entry->u_result,
		"variance_share", entry->share);
}

static json_t *table_json(const struct budget_table *table)
{
	json_t *entries = json_array();

	if (!table->count) {
		json_decref(entries);
		return json_null();
	}
	for (size_t i = 0; entries && i < table->count; i++)
		if (json_array_append_new(entries, entry_json(&table->entries[i]))) {
			json_decref(entries);
			return NULL;
		}
	return json_pack(
		"{s:f, s:f, s:f, s:f, s:o, s:f, s:f, s:f, s:f, s:o}", "energy_j", table->result,
		"energy_u_j", table->u, "energy_u_independent_j", table->u_independent,
		"energy_u_common_j", table->u_common, "dof", real_or_null(table->dof), "confidence",
		table->confidence, "coverage_factor", table->coverage_factor, "expanded_u_j",
		table->expanded_u, "expanded_u_k2_j", table->expanded_u_k2, "entries", entries);
}

json_t *budget_report_json(const struct budget_report *report)
{
	const struct store_measurement *row = &report->row;
	json_t *notes = json_array();

	for (unsigned i = 0; i < report->note_count; i++)
		json_array_append_new(notes, json_string(report->notes[i]));
	return json_pack("{s:I, s:s, s:b, s:s, s:s, s:I, s:s, s:s, s:s, s:I, s:i, s:o, s:o, s:o}",
			 "id", (json_int_t)report->id, "created_utc", row->created_utc, "virtual",
			 row->is_virtual != 0, "board", row->board, "model", row->model, "clock_hz",
			 (json_int_t)row->clock_hz, "meter", row->meter, "meter_model",
			 row->meter_model, "verdict", row->verdict, "inferences",
			 (json_int_t)row->inferences, "repeats", (int)report->repeats, "gross",
			 table_json(&report->tables.gross), "above_idle",
			 table_json(&report->tables.above_idle), "notes", notes);
}
