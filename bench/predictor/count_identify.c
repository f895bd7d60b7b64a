/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/count_identify.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "bench/predictor/count_nets.h"
#include "bench/predictor/count_solve.h"

enum {
	NET_IMAGE_BYTES = 300 << 10,
	NET_ARENA_BYTES = 120 << 10,
	ATTEMPTS = 4,
	REDRAW_STEP = 100003,
	LAYERS_LEAST = 8, /* more than coefficients, for a case to be identified */
};

/* What one network came to. */
struct net_result {
	struct count_net net;
	unsigned class_count;
	char class_names[COUNT_CLASSES_MAX][COUNT_CLASS_NAME_MAX];
	struct count_span whole[COUNT_CLOCKS_MAX];
	struct count_span *layers; /* clocks x layers */
};

struct campaign {
	const struct count_identify_job *job;
	struct net_result *results;
	unsigned count, next, done;
	pthread_mutex_t lock;
	int failure;
	struct err err;
};

/* Simulation ---------------------------------------------------------------------------------- */

static int clock_run(const struct count_identify_job *job, struct net_result *result,
		     unsigned clock, struct err *err)
{
	const struct virtual_count_job run = {
		.chip = job->chip,
		.firmware = job->firmware,
		.clock_hz = job->clocks_hz[clock],
		.image = result->net.image,
		.input = result->net.input,
	};
	const size_t layers = result->net.image->op_count;
	struct virtual_count count;
	int ret = -ETIMEDOUT;

	/* a loaded host lets the bench's patience end before the virtual board's answer */
	for (int i = 0; i < ATTEMPTS && ret && ret != -EINVAL; i++)
		ret = virtual_count_run(job->rig_program, &run, &count, err);
	if (ret)
		return err_context(err, ret, "%s", result->net.image->name);
	result->whole[clock] = count.whole;
	memcpy(result->layers + clock * layers, count.layers, layers * sizeof(*count.layers));
	result->class_count = count.class_count;
	memcpy(result->class_names, count.class_names, sizeof(result->class_names));
	virtual_count_done(&count);
	return 0;
}

/* A network that came out too large for the board is drawn again. */
static int net_draw(const struct count_identify_job *job, unsigned index, struct count_net *ret_net,
		    struct err *err)
{
	int ret = -EINVAL;

	for (unsigned i = 0; ret == -EINVAL && i < ATTEMPTS; i++) {
		const struct count_net_wish wish = {
			.seed = job->seed + index + (uint64_t)i * REDRAW_STEP,
			.kernel_set = job->kernel_set,
			/* of two sizes: what surrounds the layers is told from what each adds */
			.layers = index < job->nets ? job->layers : job->layers / 2,
			.wild = index % 2,
			.arena_bytes = NET_ARENA_BYTES,
			.image_bytes = NET_IMAGE_BYTES,
			.kinds = UINT32_MAX,
		};

		ret = count_net_make(&wish, ret_net, err);
	}
	return ret;
}

static int net_run(const struct count_identify_job *job, unsigned index, struct net_result *result,
		   struct err *err)
{
	int ret = net_draw(job, index, &result->net, err);

	if (ret)
		return ret;
	result->layers = calloc((size_t)job->clock_count * result->net.image->op_count,
				sizeof(*result->layers));
	if (!result->layers)
		return err_set(err, -ENOMEM, "out of memory");
	for (unsigned i = 0; !ret && i < job->clock_count; i++)
		ret = clock_run(job, result, i, err);
	return ret;
}

static void *nets_work(void *context)
{
	struct campaign *campaign = context;

	for (;;) {
		unsigned index;
		struct err err;
		int ret;

		pthread_mutex_lock(&campaign->lock);
		index = campaign->failure ? campaign->count : campaign->next++;
		pthread_mutex_unlock(&campaign->lock);
		if (index >= campaign->count)
			return NULL;
		ret = net_run(campaign->job, index, &campaign->results[index], &err);
		pthread_mutex_lock(&campaign->lock);
		if (ret && !campaign->failure) {
			campaign->failure = ret;
			campaign->err = err;
		}
		campaign->done++;
		if (campaign->job->log)
			fprintf(campaign->job->log, "\r%u of %u networks counted", campaign->done,
				campaign->count);
		pthread_mutex_unlock(&campaign->lock);
	}
}

static int nets_count(struct campaign *campaign, struct err *err)
{
	pthread_t threads[16];
	unsigned started = 0, wanted = campaign->job->threads < 16 ? campaign->job->threads : 16;

	pthread_mutex_init(&campaign->lock, NULL);
	while (started < wanted && !pthread_create(&threads[started], NULL, nets_work, campaign))
		started++;
	if (started == 0)
		nets_work(campaign);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	pthread_mutex_destroy(&campaign->lock);
	if (campaign->job->log)
		fputc('\n', campaign->job->log);
	if (campaign->failure)
		*err = campaign->err;
	return campaign->failure;
}

/* Rows ---------------------------------------------------------------------------------------- */

/* One layer that was counted. */
struct row {
	const struct count_case *of;
	struct count_variables variables; /* those of data as the mood says */
	int64_t targets[COUNT_TARGETS_MAX];
	bool held_out, wild;
};

struct rows {
	struct row *list;
	size_t count;
};

/* All outputs of a layer are limited, or none: a variable of data is the most it can be, or 0. */
static void mood_apply(struct count_variables *variables, enum count_mood mood)
{
	for (unsigned i = 0; i < variables->data_count && i < COUNT_DATA_MAX; i++) {
		const char *name = variables->names[variables->data[i]];
		bool low = !strncmp(name, "low.", 4), high = !strncmp(name, "high.", 5);

		if ((low && mood == COUNT_LOW) || (high && mood == COUNT_HIGH))
			variables->values[variables->data[i]] = variables->data_most[i];
	}
}

static int base_compare(const struct count_table *table, const struct net_result *result,
			unsigned layer, const int64_t *targets, unsigned clock, struct err *err)
{
	int64_t again[COUNT_TARGETS_MAX];
	const struct count_span *span =
		&result->layers[(size_t)clock * result->net.image->op_count + layer];

	count_targets_of(table, span, clock, again);
	/* reads of flash data depend on no clock either */
	if (memcmp(again, targets, (COUNT_CLASS_FIRST + table->class_count) * sizeof(*targets)))
		return err_set(err, -EPROTO, "%s: layer %u counts differently at %g MHz",
			       result->net.image->name, layer, table->clocks_hz[clock] / 1e6);
	return 0;
}

static int row_fill(const struct count_table *table, const struct net_result *result,
		    unsigned layer, struct row *row, struct err *err)
{
	const struct model_image *image = result->net.image;
	struct image_use use = count_use((const struct image_header *)image->bytes, layer);
	unsigned index;

	row->of = count_case_of(&use, &index);
	row->wild = result->net.moods[layer] == COUNT_WILD;
	if (!row->of)
		return 0;
	count_variables_fill(row->of, &use, image->bytes, &row->variables);
	if (row->variables.count > COUNT_VARIABLES_MAX ||
	    row->variables.data_count > COUNT_DATA_MAX)
		return err_set(err, -EINVAL, "%s has too many variables", row->of->name);
	mood_apply(&row->variables, result->net.moods[layer]);
	for (unsigned clock = 0; clock < table->clock_count; clock++) {
		count_targets_of(table, &result->layers[(size_t)clock * image->op_count + layer],
				 clock, row->targets);
		if (clock > 0) {
			int ret = base_compare(table, result, layer, row->targets, clock - 1, err);

			if (ret)
				return ret;
		}
	}
	return 0;
}

static int rows_fill(const struct campaign *campaign, const struct count_table *table,
		     struct rows *rows, struct err *err)
{
	size_t most = 0;
	int ret = 0;

	for (unsigned i = 0; i < campaign->count; i++)
		most += campaign->results[i].net.image->op_count;
	rows->list = calloc(most + 1, sizeof(*rows->list));
	if (!rows->list)
		return err_set(err, -ENOMEM, "out of memory");
	for (unsigned i = 0; !ret && i < campaign->count; i++) {
		const struct net_result *result = &campaign->results[i];

		for (unsigned k = 1; !ret && k < result->net.image->op_count; k++) {
			rows->list[rows->count].held_out = i >= campaign->job->nets;
			ret = row_fill(table, result, k, &rows->list[rows->count++], err);
		}
	}
	return ret;
}

/* What surrounds the layers ---------------------------------------------------------------------
 */

/* The first layer against its twin behind it; all must agree for the table to be exact. */
static void first_find(const struct campaign *campaign, struct count_table *table)
{
	const unsigned base = COUNT_CLASS_FIRST + table->class_count;
	int64_t first[COUNT_TARGETS_MAX] = {0}, second[COUNT_TARGETS_MAX] = {0};

	for (unsigned i = 0; i < campaign->count; i++) {
		const struct net_result *result = &campaign->results[i];

		for (unsigned clock = 0; clock < table->clock_count; clock++) {
			const struct count_span *span =
				result->layers + (size_t)clock * result->net.image->op_count;

			count_targets_of(table, &span[0], clock, first);
			count_targets_of(table, &span[1], clock, second);
		}
		for (unsigned k = 0; k < table->target_count; k++) {
			double extra = (double)(first[k] - second[k]);

			if (i > 0 && k < base && extra != table->first[k])
				table->whole_exact = false;
			table->first[k] =
				k < base || i == 0
					? extra
					: table->first[k] + (extra - table->first[k]) / (i + 1);
		}
	}
}

static void whole_difference(const struct count_table *table, const struct net_result *result,
			     int64_t *to)
{
	const unsigned layers = result->net.image->op_count;
	int64_t one[COUNT_TARGETS_MAX];

	for (unsigned clock = 0; clock < table->clock_count; clock++)
		count_targets_of(table, &result->whole[clock], clock, to);
	for (unsigned i = 0; i < layers; i++) {
		for (unsigned clock = 0; clock < table->clock_count; clock++)
			count_targets_of(table, &result->layers[(size_t)clock * layers + i], clock,
					 one);
		for (unsigned k = 0; k < table->target_count; k++)
			to[k] -= one[k];
	}
}

/* A whole inference less its layers: base and per_layer, by least squares; exact ones have no
 * rest. */
static void whole_find(const struct campaign *campaign, struct count_table *table)
{
	const unsigned base = COUNT_CLASS_FIRST + table->class_count;
	double n = campaign->count, sum = 0, squares = 0;
	double values[COUNT_TARGETS_MAX] = {0}, products[COUNT_TARGETS_MAX] = {0};
	int64_t rest[COUNT_TARGETS_MAX] = {0};

	for (unsigned i = 0; i < campaign->count; i++) {
		double layers = campaign->results[i].net.image->op_count;

		whole_difference(table, &campaign->results[i], rest);
		sum += layers;
		squares += layers * layers;
		for (unsigned k = 0; k < table->target_count; k++) {
			values[k] += (double)rest[k];
			products[k] += layers * (double)rest[k];
		}
	}
	for (unsigned k = 0; k < table->target_count; k++) {
		double spread = n * squares - sum * sum;

		table->per_layer[k] = spread > 0 ? (n * products[k] - sum * values[k]) / spread : 0;
		if (k < base)
			table->per_layer[k] = rint(table->per_layer[k]);
		table->base[k] = (values[k] - table->per_layer[k] * sum) / n;
		if (k < base)
			table->base[k] = rint(table->base[k]);
	}
	for (unsigned i = 0; i < campaign->count; i++) {
		double layers = campaign->results[i].net.image->op_count;

		whole_difference(table, &campaign->results[i], rest);
		for (unsigned k = 0; k < base; k++)
			if ((double)rest[k] != table->base[k] + table->per_layer[k] * layers)
				table->whole_exact = false;
	}
}

/* Cases --------------------------------------------------------------------------------------- */

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

static int cases_identify(const struct rows *rows, struct count_table *table, FILE *log,
			  struct err *err)
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

static void table_start(const struct campaign *campaign, struct count_table *table)
{
	const struct count_identify_job *job = campaign->job;

	snprintf(table->board, sizeof(table->board), "%s", job->board);
	snprintf(table->chip, sizeof(table->chip), "%s", job->chip);
	snprintf(table->build, sizeof(table->build), "%s", job->build);
	snprintf(table->runtime, sizeof(table->runtime), "%s", job->runtime);
	table->class_count = campaign->results[0].class_count;
	memcpy(table->class_names, campaign->results[0].class_names, sizeof(table->class_names));
	table->clock_count = job->clock_count;
	memcpy(table->clocks_hz, job->clocks_hz, job->clock_count * sizeof(*job->clocks_hz));
	table->target_count =
		COUNT_CLASS_FIRST + table->class_count + COUNT_PER_CLOCK * table->clock_count;
	table->nets = campaign->count;
	table->whole_exact = true;
}

static int table_make(const struct campaign *campaign, struct count_table *table, struct err *err)
{
	struct rows rows = {0};
	int ret;

	table_start(campaign, table);
	first_find(campaign, table);
	whole_find(campaign, table);
	ret = rows_fill(campaign, table, &rows, err);
	ret = ret ? ret : cases_identify(&rows, table, campaign->job->log, err);
	free(rows.list);
	return ret;
}

int count_identify(const struct count_identify_job *job, struct count_table **ret_table,
		   struct err *err)
{
	struct campaign campaign = {.job = job, .count = job->nets + job->held_out};
	struct count_table *table = count_table_new();
	int ret;

	campaign.results = calloc(campaign.count, sizeof(*campaign.results));
	ret = table && campaign.results ? nets_count(&campaign, err)
					: err_set(err, -ENOMEM, "out of memory");
	ret = ret ? ret : table_make(&campaign, table, err);
	for (unsigned i = 0; campaign.results && i < campaign.count; i++) {
		count_net_done(&campaign.results[i].net);
		free(campaign.results[i].layers);
	}
	free(campaign.results);
	if (ret)
		count_table_free(table);
	else
		*ret_table = table;
	return ret;
}

static unsigned exact_targets(const struct count_entry *entry, unsigned first, unsigned count)
{
	unsigned exact = 0;

	for (unsigned i = first; i < first + count; i++)
		exact += entry->qualities[i].exact;
	return exact;
}

static bool any_data(const struct count_entry *entry, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (entry->qualities[i].data)
			return true;
	return false;
}

void count_table_print(const struct count_table *table, FILE *stream)
{
	const unsigned base = COUNT_CLASS_FIRST + table->class_count;

	fprintf(stream,
		"%s, build %s, %s: %u networks counted on the virtual board, a whole "
		"inference is %s its layers\n\n%-34s %6s %9s %5s %6s %-9s %s\n",
		table->board, table->build, table->runtime, table->nets,
		table->whole_exact ? "exactly" : "only about", "kernel", "layers", "held out",
		"terms", "exact", "status",
		"core cycles (at each clock), error by r.m.s. and most");
	for (unsigned i = 0; i < COUNT_CASES_MAX; i++) {
		const struct count_entry *entry = table->entries[i];

		if (!entry)
			continue;
		fprintf(stream, "%-34s %6u %9u %5u %3u/%-3u%-9s", entry->of->name,
			entry->layers_identified, entry->layers_held_out, entry->term_count,
			exact_targets(entry, 0, base), base,
			exact_targets(entry, 0, base) < base ? "fitted"
			: any_data(entry, base)              ? "by data"
							     : "exact");
		if (!entry->qualities[0].exact)
			fprintf(stream, " instructions %+.2f .. %+.2f %%;",
				100 * entry->qualities[0].error_least,
				100 * entry->qualities[0].error_most);
		for (unsigned k = 0; k < table->clock_count; k++) {
			const struct count_quality *quality =
				&entry->qualities[base + COUNT_PER_CLOCK * k];

			if (quality->exact)
				fputs(" exact", stream);
			else
				fprintf(stream, " %.3f/%.2f%%", 100 * quality->error_rms,
					100 * fmax(-quality->error_least, quality->error_most));
		}
		fputc('\n', stream);
	}
}
