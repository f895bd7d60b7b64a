/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analysis/budget/table.h"

#include <math.h>
#include <string.h>

#include "analysis/budget/coverage.h"

static const struct source_row {
	const char *code, *text;
	enum budget_distribution distribution;
} sources[BUDGET_SOURCE_END] = {
	[BUDGET_GAIN] = {"gain", "meter gain", BUDGET_RECTANGULAR},
	[BUDGET_OFFSET] = {"offset", "meter zero", BUDGET_RECTANGULAR},
	[BUDGET_RESOLUTION] = {"resolution", "converter step", BUDGET_RECTANGULAR},
	[BUDGET_NOISE] = {"noise", "noise of the samples", BUDGET_NORMAL},
	[BUDGET_TEMPERATURE] = {"temperature", "temperature coefficient of the gain",
				BUDGET_RECTANGULAR},
	[BUDGET_TIME_BASE] = {"time_base", "meter time base", BUDGET_RECTANGULAR},
	[BUDGET_EDGES] = {"edges", "timing of the window's edges", BUDGET_TRIANGULAR},
	[BUDGET_SUPPLY] = {"supply", "supply voltage", BUDGET_NORMAL},
	[BUDGET_BURDEN] = {"burden", "burden voltage", BUDGET_RECTANGULAR},
	[BUDGET_IDLE] = {"idle", "idle current", BUDGET_NORMAL},
	[BUDGET_REPEATABILITY] = {"repeatability", "repeatability", BUDGET_STUDENT},
	[BUDGET_OTHER] = {"other", "other", BUDGET_NORMAL},
};

static const struct source_row *source_row(enum budget_source source)
{
	return &sources[source >= BUDGET_GAIN && source < BUDGET_SOURCE_END ? source
									    : BUDGET_OTHER];
}

const char *budget_source_code(enum budget_source source)
{
	return source_row(source)->code;
}

const char *budget_source_text(enum budget_source source)
{
	return source_row(source)->text;
}

enum budget_distribution budget_source_distribution(enum budget_source source)
{
	return source_row(source)->distribution;
}

const char *budget_distribution_name(enum budget_distribution distribution)
{
	static const char *const names[] = {[BUDGET_NORMAL] = "normal",
					    [BUDGET_RECTANGULAR] = "rectangular",
					    [BUDGET_TRIANGULAR] = "triangular",
					    [BUDGET_STUDENT] = "Student"};

	return names[distribution];
}

int budget_table_add(struct budget_table *table, const struct budget_entry *entry)
{
	struct budget_entry *added;

	if (table->count == BUDGET_ENTRIES_MAX || !isfinite(entry->value) ||
	    !isfinite(entry->sensitivity) || !isfinite(entry->u) || entry->u < 0 ||
	    !(entry->dof > 0))
		return ANALYSIS_BAD_ARGUMENT;
	added = &table->entries[table->count++];
	*added = *entry;
	if (!added->basis.distribution)
		added->basis.distribution = budget_source_distribution(entry->source);
	return 0;
}

static void add_in_square(double *sum, double term)
{
	*sum = hypot(*sum, term);
}

int budget_table_finish(struct budget_table *table, double confidence)
{
	double u[BUDGET_ENTRIES_MAX], dof[BUDGET_ENTRIES_MAX];

	if (!(confidence > 0 && confidence < 1) || !isfinite(table->result))
		return ANALYSIS_BAD_ARGUMENT;
	table->u_independent = table->u_common = 0;
	for (size_t i = 0; i < table->count; i++) {
		struct budget_entry *entry = &table->entries[i];

		entry->u_result = u[i] = fabs(entry->sensitivity) * entry->u;
		dof[i] = entry->dof;
		add_in_square(entry->common ? &table->u_common : &table->u_independent, u[i]);
	}
	table->u = hypot(table->u_independent, table->u_common);
	for (size_t i = 0; i < table->count; i++)
		table->entries[i].share = table->u > 0 ? pow(u[i] / table->u, 2) : 0;
	table->dof = coverage_dof(u, dof, table->count);
	table->confidence = confidence;
	/* The grain keeps an exact 3 that was computed as 2.9999999999 from becoming 2. */
	table->coverage_factor =
		coverage_factor(confidence, fmax(1, floor(table->dof * (1 + 1e-9))));
	table->expanded_u = table->coverage_factor * table->u;
	table->expanded_u_k2 = 2 * table->u;
	return 0;
}

void budget_table_scale(struct budget_table *table, double factor)
{
	double *const values[] = {&table->result, &table->u_independent, &table->u_common,
				  &table->u,      &table->expanded_u,    &table->expanded_u_k2};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		*values[i] *= factor;
	for (size_t i = 0; i < table->count; i++) {
		table->entries[i].sensitivity *= factor;
		table->entries[i].u_result *= factor;
	}
}

double budget_table_of_source(const struct budget_table *table, enum budget_source source)
{
	double u = 0;

	for (size_t i = 0; i < table->count; i++)
		if (table->entries[i].source == source)
			add_in_square(&u, table->entries[i].u_result);
	return u;
}

static bool is_same_quantity(const struct budget_entry *a, const struct budget_entry *b)
{
	if (a->source != b->source || a->range != b->range)
		return false;
	return a->source != BUDGET_OTHER || (a->label && b->label && !strcmp(a->label, b->label));
}

static double covariance_of(const struct budget_table *a, const struct budget_table *b)
{
	double sum = 0;

	for (size_t i = 0; i < a->count; i++)
		for (size_t k = 0; a->entries[i].common && k < b->count; k++)
			if (b->entries[k].common &&
			    is_same_quantity(&a->entries[i], &b->entries[k]))
				sum += a->entries[i].sensitivity * a->entries[i].u *
				       b->entries[k].sensitivity * b->entries[k].u;
	return sum;
}

int budget_covariance(const struct budget_member *members, size_t count, double *ret_matrix)
{
	if (!members || !count || !ret_matrix)
		return ANALYSIS_BAD_ARGUMENT;
	for (size_t i = 0; i < count; i++)
		if (!members[i].table || !(members[i].table->confidence > 0))
			return ANALYSIS_BAD_ARGUMENT;
	for (size_t i = 0; i < count; i++) {
		const struct budget_table *table = members[i].table;

		ret_matrix[i * count + i] = table->u * table->u;
		for (size_t k = 0; k < i; k++)
			ret_matrix[i * count + k] = ret_matrix[k * count + i] =
				members[i].meter == members[k].meter
					? covariance_of(table, members[k].table)
					: 0;
	}
	return 0;
}
