/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One case, a kernel in one of its ways: its polynomials found from layers that teach, and judged
 * on all of them.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/predictor/count_identify_parts.h"

enum {
	LAYERS_LEAST = 8, /* more than coefficients, for a case to be identified */
};

struct case_work {
	const struct count_table *table;
	const struct rows *rows;
	const struct count_case *of;
	unsigned columns;
	const struct row **train, **all; /* in their order */
	unsigned train_count, all_count;
};

/* Wild layers do not say how many of their outputs are limited, unless none can be. */
static bool row_is_definite(const struct row *row)
{
	for (unsigned i = 0; row->wild && i < row->variables.data_count; i++)
		if (row->variables.data_most[i] > 0)
			return false;
	return true;
}

static bool row_teaches(const struct row *row)
{
	return !row->held_out && row_is_definite(row);
}

static bool case_rows_take(struct case_work *work)
{
	work->train = calloc(work->rows->count + 1, sizeof(struct row *));
	work->all = calloc(work->rows->count + 1, sizeof(struct row *));
	if (!work->train || !work->all)
		return false;
	for (size_t i = 0; i < work->rows->count; i++) {
		const struct row *row = &work->rows->list[i];

		if (row->of != work->of)
			continue;
		work->columns = row->variables.count;
		work->all[work->all_count++] = row;
		if (row_teaches(row))
			work->train[work->train_count++] = row;
	}
	return true;
}

static int case_solve(const struct case_work *work, struct count_solution *ret_solution,
		      struct err *err)
{
	const unsigned targets = work->table->target_count;
	int64_t *a = calloc((size_t)work->train_count * work->columns + 1, sizeof(*a));
	int64_t *b = calloc((size_t)work->train_count * targets + 1, sizeof(*b));
	struct count_system system = {work->train_count, work->columns, targets, a, b};
	int ret = a && b ? 0 : err_set(err, -ENOMEM, "out of memory");

	for (unsigned i = 0; !ret && i < work->train_count; i++) {
		memcpy(a + (size_t)i * work->columns, work->train[i]->variables.values,
		       work->columns * sizeof(*a));
		memcpy(b + (size_t)i * targets, work->train[i]->targets, targets * sizeof(*b));
	}
	ret = ret ? ret : count_solve(&system, ret_solution, err);
	free(a);
	free(b);
	return ret;
}

static bool check_make(const struct count_solution *solution, unsigned column,
		       struct count_check *to)
{
	const int64_t *factors = solution->checks + (size_t)column * solution->rank;
	unsigned used = 0;

	to->variable = (uint8_t)column;
	to->divisor = solution->check_denominators[column];
	to->terms = calloc(solution->rank + 1u, sizeof(*to->terms));
	to->factors = calloc(solution->rank + 1u, sizeof(*to->factors));
	if (!to->terms || !to->factors)
		return false;
	for (unsigned i = 0; i < solution->rank; i++) {
		if (factors[i] == 0)
			continue;
		to->terms[used] = (uint8_t)i;
		to->factors[used++] = factors[i];
	}
	to->term_count = (uint8_t)used;
	return true;
}

static bool is_data(const struct count_variables *variables, unsigned column)
{
	for (unsigned i = 0; i < variables->data_count; i++)
		if (variables->data[i] == column)
			return true;
	return false;
}

/* A column that is no small combination of others (which would be a defect of the prime, or of too
 * few layers) cannot be checked, and is taken for one that must be 0. */
static bool entry_checks_make(const struct case_work *work, const struct count_solution *solution,
			      struct count_entry *entry)
{
	for (unsigned column = 0, next = 0; column < work->columns; column++) {
		if (next < solution->rank && solution->basis[next] == column) {
			next++;
			continue;
		}
		if (is_data(&work->all[0]->variables, column))
			continue;
		if (!check_make(solution, column, &entry->checks[entry->check_count++]))
			return false;
	}
	return true;
}

static struct count_entry *entry_make(const struct case_work *work,
				      const struct count_solution *solution)
{
	const unsigned targets = work->table->target_count;
	struct count_entry *entry = count_entry_new(solution->rank, targets, work->columns);

	if (!entry)
		return NULL;
	entry->of = work->of;
	entry->variable_count = work->columns;
	memcpy(entry->names, work->all[0]->variables.names, sizeof(entry->names));
	for (unsigned i = 0; i < solution->rank; i++)
		entry->terms[i] = (uint8_t)solution->basis[i];
	if (!entry_checks_make(work, solution, entry)) {
		count_entry_free(entry);
		return NULL;
	}
	for (unsigned k = 0; k < targets; k++) {
		entry->qualities[k].exact = solution->exact[k];
		entry->divisors[k] = solution->exact[k] ? solution->denominators[k] : 1;
		entry->has_divisors |= entry->divisors[k] != 1;
		entry->has_fits |= !solution->exact[k];
		for (unsigned i = 0; i < solution->rank; i++) {
			size_t to = (size_t)i * targets + k;

			if (solution->exact[k])
				entry->exact[to] =
					solution->numerators[(size_t)k * solution->rank + i];
			else
				entry->fitted[to] =
					solution->fitted[(size_t)k * solution->rank + i];
		}
	}
	return entry;
}

/* The polynomial's value of a layer times the divisor. */
static int64_t exact_value(const struct count_entry *entry, const struct row *row, unsigned targets,
			   unsigned target)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < entry->term_count; i++)
		sum += row->variables.values[entry->terms[i]] *
		       entry->exact[(size_t)i * targets + target];
	return sum;
}

static double fitted_value(const struct count_entry *entry, const struct row *row, unsigned targets,
			   unsigned target)
{
	double sum = 0;

	for (unsigned i = 0; i < entry->term_count; i++)
		sum += (double)row->variables.values[entry->terms[i]] *
		       entry->fitted[(size_t)i * targets + target];
	return sum > 0 ? floor(sum + 0.5) : 0;
}

/* A shape that the table would not answer for proves nothing. */
static bool row_is_known(const struct count_entry *entry, const struct row *row)
{
	for (unsigned i = 0; i < entry->check_count; i++) {
		const struct count_check *check = &entry->checks[i];
		__int128 sum = 0;

		for (unsigned k = 0; k < check->term_count; k++)
			sum += (__int128)check->factors[k] *
			       row->variables.values[entry->terms[check->terms[k]]];
		if (sum != (__int128)check->divisor * row->variables.values[check->variable])
			return false;
	}
	return true;
}

static bool entry_has_data(const struct case_work *work, const struct count_entry *entry,
			   unsigned target)
{
	const struct count_variables *variables = &work->all[0]->variables;

	for (unsigned i = 0; i < entry->term_count; i++)
		if (is_data(variables, entry->terms[i]) &&
		    entry->exact[(size_t)i * work->table->target_count + target] != 0)
			return true;
	return false;
}

/* How many layers the target's polynomial does not give, by whether their data is known. */
static void differences_count(const struct case_work *work, const struct count_entry *entry,
			      unsigned target, unsigned ret_different[2])
{
	const unsigned targets = work->table->target_count;

	ret_different[0] = ret_different[1] = 0;
	for (unsigned i = 0; i < work->all_count; i++) {
		const struct row *row = work->all[i];

		if (row_is_known(entry, row))
			ret_different[row_is_definite(row)] +=
				exact_value(entry, row, targets, target) !=
				entry->divisors[target] * row->targets[target];
	}
}

static void errors_find(const struct case_work *work, const struct count_entry *entry,
			unsigned target, struct count_quality *quality)
{
	double squares = 0;
	unsigned count = 0;

	quality->error_least = quality->error_most = 0;
	for (unsigned i = 0; i < work->all_count; i++) {
		double fit, error;

		if (!row_is_known(entry, work->all[i]) ||
		    (quality->exact && row_is_definite(work->all[i])))
			continue;
		fit = quality->exact ? (double)exact_value(entry, work->all[i],
							   work->table->target_count, target) /
					       (double)entry->divisors[target]
				     : fitted_value(entry, work->all[i], work->table->target_count,
						    target);
		error = ((double)work->all[i]->targets[target] - fit) / (fit > 1 ? fit : 1);
		quality->error_least = fmin(quality->error_least, error);
		quality->error_most = fmax(quality->error_most, error);
		squares += error * error;
		count++;
	}
	quality->error_rms = count ? sqrt(squares / count) : 0;
}

/* Takes exactness back where a layer contradicts it: its polynomial becomes a fit. */
static void targets_judge(const struct case_work *work, struct count_entry *entry)
{
	const unsigned targets = work->table->target_count;

	for (unsigned k = 0; k < targets; k++) {
		struct count_quality *quality = &entry->qualities[k];
		unsigned different[2] = {0, 0};

		if (quality->exact)
			differences_count(work, entry, k, different);
		quality->data =
			quality->exact && (different[0] > 0 || entry_has_data(work, entry, k));
		if (quality->data)
			errors_find(work, entry, k, quality);
		if (quality->exact && different[1] == 0)
			continue;
		if (quality->exact)
			for (unsigned i = 0; i < entry->term_count; i++) {
				size_t at = (size_t)i * targets + k;

				entry->fitted[at] =
					(double)entry->exact[at] / (double)entry->divisors[k];
				entry->exact[at] = 0;
			}
		quality->exact = quality->data = false;
		entry->divisors[k] = 1;
		entry->has_fits = true;
		errors_find(work, entry, k, quality);
	}
}

static void rows_report(const struct case_work *work, const struct count_entry *entry, FILE *log)
{
	const unsigned targets = work->table->target_count;
	unsigned shown = 0;

	for (unsigned i = 0; log && i < work->all_count && shown < 4; i++) {
		const struct row *row = work->all[i];
		double fit = fitted_value(entry, row, targets, 0);

		if (entry->qualities[0].exact || !row_is_known(entry, row) ||
		    !row_is_definite(row) || fit == (double)row->targets[0])
			continue;
		shown++;
		fprintf(log, "%s: %+.0f of %lld%s\n", work->of->name, (double)row->targets[0] - fit,
			(long long)row->targets[0], row->held_out ? ", held out" : "");
	}
}

static int case_identify(struct case_work *work, struct count_entry **ret_entry, FILE *log,
			 struct err *err)
{
	struct count_solution solution = {0};
	struct count_entry *entry = NULL;
	int ret;

	if (!case_rows_take(work))
		return err_set(err, -ENOMEM, "out of memory");
	*ret_entry = NULL;
	if (work->train_count < LAYERS_LEAST)
		return 0;
	ret = case_solve(work, &solution, err);
	if (!ret && work->train_count < solution.rank + LAYERS_LEAST) {
		/* as many numbers as layers prove nothing */
		count_solution_done(&solution);
		return 0;
	}
	if (!ret) {
		entry = entry_make(work, &solution);
		ret = entry ? 0 : err_set(err, -ENOMEM, "out of memory");
	}
	count_solution_done(&solution);
	if (ret)
		return ret;
	targets_judge(work, entry);
	for (unsigned i = 0; i < work->all_count; i++) {
		entry->layers_identified += row_teaches(work->all[i]);
		entry->layers_held_out +=
			!row_teaches(work->all[i]) && row_is_known(entry, work->all[i]);
	}
	rows_report(work, entry, log);
	*ret_entry = entry;
	return 0;
}

int cases_identify(const struct rows *rows, struct count_table *table, FILE *log, struct err *err)
{
	const struct count_case *of;

	for (unsigned i = 0; (of = count_case_at(i)); i++) {
		struct case_work work = {.table = table, .rows = rows, .of = of};
		int ret = case_identify(&work, &table->entries[i], log, err);

		free(work.train);
		free(work.all);
		if (ret)
			return err_context(err, ret, "%s", of->name);
	}
	return 0;
}
