/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/predictor/counts.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More than one alternative of a plan that no layer took when the table was made adds or saves:
 * the plans' alternatives are a few instructions each. */
enum { PLAN_INSTRUCTIONS = 24 };

/* Bounds that are only observed reach half again as far as errors were seen. */
#define SEEN_MARGIN 1.5

static uint64_t least_of(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* One layer's targets on their way. */
struct sums {
	int64_t exact[COUNT_TARGETS_MAX];
	double fitted[COUNT_TARGETS_MAX];
};

/* An alternative of a kernel's plan, taken or not: a branch or a conditional move. */
static bool is_plan(const struct count_entry *entry, const struct count_check *check)
{
	static const char *const fronts[] = {"plan.",   "budget", "shallow*budget",
					     "tile<",   "tile=",  "pixels<",
					     "pixels=", "along.", "across."};
	const char *name = entry->names[check->variable];

	for (size_t i = 0; i < sizeof(fronts) / sizeof(fronts[0]); i++)
		if (!strncmp(name, fronts[i], strlen(fronts[i])))
			return true;
	return false;
}

/* The first one that does not hold, but for alternatives of the plan, which are counted; NULL: all
 * others do. */
static const struct count_check *check_broken(const struct count_entry *entry,
					      const struct count_variables *variables,
					      unsigned *ret_plan)
{
	*ret_plan = 0;
	for (unsigned i = 0; i < entry->check_count; i++) {
		const struct count_check *check = &entry->checks[i];
		int64_t sum = 0;

		for (unsigned k = 0; k < check->term_count; k++)
			sum += check->factors[k] * variables->values[entry->terms[check->terms[k]]];
		if (sum == check->divisor * variables->values[check->variable])
			continue;
		if (!is_plan(entry, check))
			return check;
		++*ret_plan;
	}
	return NULL;
}

static void terms_add(const struct count_entry *entry, const struct count_variables *variables,
		      unsigned targets, struct sums *sums)
{
	for (unsigned i = 0; i < entry->term_count; i++) {
		const int64_t value = variables->values[entry->terms[i]];
		const int64_t *exact = entry->exact + (size_t)i * targets;
		const double *fitted = entry->fitted + (size_t)i * targets;

		if (value == 0)
			continue;
		for (unsigned k = 0; k < targets; k++)
			sums->exact[k] += value * exact[k];
		if (entry->has_fits)
			for (unsigned k = 0; k < targets; k++)
				sums->fitted[k] += (double)value * fitted[k];
	}
}

static const int64_t *term_of(const struct count_entry *entry, unsigned variable, unsigned targets)
{
	for (unsigned i = 0; i < entry->term_count; i++)
		if (entry->terms[i] == variable)
			return entry->exact + (size_t)i * targets;
	return NULL;
}

/* What limiting outputs adds to the instructions: at least and at most. To the targets: as if half
 * of the outputs met the lower bound where that is a RELU's zero, and none elsewhere. */
static void data_add(const struct count_entry *entry, const struct image_use *use,
		     const struct count_variables *variables, unsigned targets, struct sums *sums,
		     int64_t *ret_least, int64_t *ret_most)
{
	const bool relu = use->op->activation_min == use->out->zero_point;

	*ret_least = *ret_most = 0;
	for (unsigned i = 0; i + 1 < variables->data_count; i += 2) {
		const int64_t *low = term_of(entry, variables->data[i], targets);
		const int64_t *high = term_of(entry, variables->data[i + 1], targets);
		const int64_t low_each = low ? low[0] : 0, high_each = high ? high[0] : 0;
		const int64_t most = variables->data_most[i];
		int64_t less = low_each < high_each ? low_each : high_each;
		int64_t more = low_each > high_each ? low_each : high_each;

		*ret_least += (less < 0 ? less : 0) * most;
		*ret_most += (more > 0 ? more : 0) * most;
		for (unsigned k = 0; relu && low && k < targets; k++)
			sums->exact[k] += low[k] * (most / 2);
	}
}

/* Whole numbers again. */
static void targets_round(const struct count_entry *entry, unsigned targets, struct sums *sums)
{
	if (entry->has_divisors)
		for (unsigned k = 0; k < targets; k++)
			if (entry->divisors[k] != 1)
				sums->exact[k] /= entry->divisors[k];
	if (!entry->has_fits)
		return;
	for (unsigned k = 0; k < targets; k++)
		if (!entry->qualities[k].exact)
			sums->exact[k] = sums->fitted[k] > 0 ? (int64_t)(sums->fitted[k] + 0.5) : 0;
}

static void span_add(const struct count_table *table, unsigned clock, const int64_t *targets,
		     struct count_span *to)
{
	const int64_t *of_clock =
		targets + COUNT_CLASS_FIRST + table->class_count + clock * COUNT_PER_CLOCK;

	to->instructions += (uint64_t)targets[COUNT_INSTRUCTIONS];
	to->taken_branches += (uint64_t)targets[COUNT_TAKEN_BRANCHES];
	to->flash_data_reads += (uint64_t)targets[COUNT_FLASH_DATA_READS];
	to->flash_fetch_stalls += (uint64_t)of_clock[COUNT_FETCH_STALLS];
	to->flash_stalls += (uint64_t)of_clock[COUNT_FLASH_STALLS];
	to->cycles += (uint64_t)(of_clock[COUNT_CORE_CYCLES] + of_clock[COUNT_FETCH_STALLS] +
				 of_clock[COUNT_FLASH_STALLS]);
	for (unsigned i = 0; i < table->class_count; i++)
		to->classes[i] += (uint64_t)targets[COUNT_CLASS_FIRST + i];
}

static enum count_status status_of(const struct count_table *table, const struct count_entry *entry,
				   bool indefinite)
{
	for (unsigned i = 0; i < COUNT_CLASS_FIRST + table->class_count; i++)
		if (!entry->qualities[i].exact || (entry->qualities[i].data && indefinite))
			return COUNT_BOUNDED;
	return COUNT_EXACT;
}

/* What was seen bounds what coefficients do not. */
static void bounds_fill(const struct count_entry *entry, bool indefinite, int64_t least,
			int64_t most, struct count_layer *layer)
{
	const struct count_quality *quality = &entry->qualities[COUNT_INSTRUCTIONS];
	const double count = (double)layer->span.instructions;

	layer->instructions_least += (uint64_t)least;
	layer->instructions_most += (uint64_t)most;
	if (quality->exact && (!quality->data || !indefinite || most > least))
		return;
	layer->instructions_least =
		(uint64_t)(count * fmax(1 + SEEN_MARGIN * quality->error_least, 0));
	layer->instructions_most = (uint64_t)ceil(count * (1 + SEEN_MARGIN * quality->error_most));
}

/* Some outputs can be limited. */
static bool is_indefinite(const struct count_variables *variables)
{
	for (unsigned i = 0; i < variables->data_count; i++)
		if (variables->data_most[i] > 0)
			return true;
	return false;
}

static void layer_count(const struct count_table *table, const uint8_t *image, unsigned index,
			unsigned clock, struct count_layer *layer)
{
	const struct image_use use = count_use((const struct image_header *)image, index);
	struct count_variables variables;
	const struct count_case *of;
	const struct count_entry *entry;
	struct sums sums;
	unsigned case_index;
	int64_t least, most;
	unsigned plan;
	bool indefinite;

	layer->status = COUNT_UNKNOWN;
	layer->span = (struct count_span){0};
	layer->instructions_least = layer->instructions_most = 0;
	of = count_case_of(&use, &case_index);
	entry = of ? table->entries[case_index] : NULL;
	if (!entry)
		return;
	count_variables_fill(of, &use, image, &variables);
	if (check_broken(entry, &variables, &plan))
		return;
	memset(sums.exact, 0, table->target_count * sizeof(sums.exact[0]));
	if (entry->has_fits)
		memset(sums.fitted, 0, table->target_count * sizeof(sums.fitted[0]));
	terms_add(entry, &variables, table->target_count, &sums);
	layer->instructions_least = (uint64_t)(sums.exact[0] / entry->divisors[0]);
	layer->instructions_most = layer->instructions_least;
	data_add(entry, &use, &variables, table->target_count, &sums, &least, &most);
	targets_round(entry, table->target_count, &sums);
	if (index == 0)
		for (unsigned i = 0; i < table->target_count; i++)
			sums.exact[i] += (int64_t)table->first[i];
	if (index == 0)
		least += (int64_t)table->first[0], most += (int64_t)table->first[0];
	span_add(table, clock, sums.exact, &layer->span);
	indefinite = is_indefinite(&variables);
	bounds_fill(entry, indefinite, least, most, layer);
	layer->status = plan ? COUNT_BOUNDED : status_of(table, entry, indefinite);
	layer->instructions_most += plan * PLAN_INSTRUCTIONS;
	layer->instructions_least -= least_of(layer->instructions_least, plan * PLAN_INSTRUCTIONS);
}

static void layer_add(const struct count_layer *layer, struct model_counts *to)
{
	struct count_span *sum = &to->whole;

	to->exact += layer->status == COUNT_EXACT;
	to->bounded += layer->status == COUNT_BOUNDED;
	to->unknown += layer->status == COUNT_UNKNOWN;
	sum->instructions += layer->span.instructions;
	sum->cycles += layer->span.cycles;
	sum->taken_branches += layer->span.taken_branches;
	sum->flash_fetch_stalls += layer->span.flash_fetch_stalls;
	sum->flash_data_reads += layer->span.flash_data_reads;
	sum->flash_stalls += layer->span.flash_stalls;
	for (unsigned i = 0; i < COUNT_CLASSES_MAX; i++)
		sum->classes[i] += layer->span.classes[i];
	to->instructions_least += layer->instructions_least;
	to->instructions_most += layer->instructions_most;
}

int count_table_count(const struct count_table *table, const uint8_t *image, unsigned clock,
		      struct model_counts *ret_counts, struct err *err)
{
	const struct image_header *header = (const struct image_header *)image;
	int64_t around[COUNT_TARGETS_MAX];

	if (header->exit_op != IMAGE_NO_OP)
		return err_set(err, -EINVAL,
			       "the model has an exit: what it takes to decide depends on data");
	memset(ret_counts, 0, offsetof(struct model_counts, layers));
	ret_counts->layer_count = header->op_count;
	for (unsigned i = 0; i < header->op_count; i++) {
		layer_count(table, image, i, clock, &ret_counts->layers[i]);
		layer_add(&ret_counts->layers[i], ret_counts);
	}
	for (unsigned i = 0; i < table->target_count; i++)
		around[i] = llrint(table->base[i] + table->per_layer[i] * header->op_count);
	span_add(table, clock, around, &ret_counts->whole);
	ret_counts->instructions_least += (uint64_t)around[COUNT_INSTRUCTIONS];
	ret_counts->instructions_most += (uint64_t)around[COUNT_INSTRUCTIONS];
	return 0;
}

static int layer_refuse(const struct count_table *table, const uint8_t *image, unsigned layer,
			struct err *err)
{
	struct image_use use = count_use((const struct image_header *)image, layer);
	const struct count_check *check;
	struct count_variables variables;
	const struct count_case *of;
	char name[COUNT_CASE_NAME_MAX];
	unsigned index = 0, plan;

	count_kernel_name(use.op, name);
	of = count_case_of(&use, &index);
	if (!of || !table->entries[index])
		return err_set(
			err, -EINVAL, "layer %u (%s): the table of %s does not have kernel %s",
			use.op->layer, model_op_name(use.op), table->board, of ? of->name : name);
	count_variables_fill(of, &use, image, &variables);
	check = check_broken(table->entries[index], &variables, &plan);
	return err_set(
		err, -EINVAL,
		"layer %u (%s): the table of %s does not know kernel %s with such a shape (%s)",
		use.op->layer, model_op_name(use.op), table->board, of->name,
		check ? variables.names[check->variable] : "?");
}

int count_table_refuse(const struct count_table *table, const uint8_t *image,
		       const struct model_counts *counts, struct err *err)
{
	for (unsigned i = 0; i < counts->layer_count; i++)
		if (counts->layers[i].status == COUNT_UNKNOWN)
			return layer_refuse(table, image, i, err);
	return 0;
}

int count_table_clock(const struct count_table *table, uint32_t hz, unsigned *ret_clock,
		      struct err *err)
{
	char known[160] = "";
	size_t used = 0;

	for (unsigned i = 0; i < table->clock_count; i++) {
		if (table->clocks_hz[i] == hz || (hz == 0 && i + 1 == table->clock_count)) {
			*ret_clock = i;
			return 0;
		}
		if (used < sizeof(known))
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%g",
						 used ? ", " : "", table->clocks_hz[i] / 1e6);
	}
	return err_set(err, -EINVAL, "the table has no clock level of %g MHz (there are: %s MHz)",
		       hz / 1e6, known);
}

const char *count_status_name(enum count_status status)
{
	static const char *const names[] = {"unset", "exact", "bounded", "unknown"};

	return names[status];
}

void count_target_name(const struct count_table *table, unsigned target, char ret_name[48])
{
	static const char *const base[] = {"instructions", "taken_branches", "flash_data_reads"};
	static const char *const of_clock[] = {"core_cycles", "flash_fetch_stall_cycles",
					       "flash_stall_cycles"};
	unsigned behind = target - COUNT_CLASS_FIRST - table->class_count;

	if (target < COUNT_CLASS_FIRST)
		snprintf(ret_name, 48, "%s", base[target]);
	else if (target < COUNT_CLASS_FIRST + table->class_count)
		snprintf(ret_name, 48, "%s", table->class_names[target - COUNT_CLASS_FIRST]);
	else
		snprintf(ret_name, 48, "%s@%u", of_clock[behind % COUNT_PER_CLOCK],
			 table->clocks_hz[behind / COUNT_PER_CLOCK]);
}

void count_targets_of(const struct count_table *table, const struct count_span *span,
		      unsigned clock, int64_t *to)
{
	int64_t *of_clock = to + COUNT_CLASS_FIRST + table->class_count + clock * COUNT_PER_CLOCK;

	to[COUNT_INSTRUCTIONS] = (int64_t)span->instructions;
	to[COUNT_TAKEN_BRANCHES] = (int64_t)span->taken_branches;
	to[COUNT_FLASH_DATA_READS] = (int64_t)span->flash_data_reads;
	for (unsigned i = 0; i < table->class_count; i++)
		to[COUNT_CLASS_FIRST + i] = (int64_t)span->classes[i];
	of_clock[COUNT_CORE_CYCLES] =
		(int64_t)(span->cycles - span->flash_fetch_stalls - span->flash_stalls);
	of_clock[COUNT_FETCH_STALLS] = (int64_t)span->flash_fetch_stalls;
	of_clock[COUNT_FLASH_STALLS] = (int64_t)span->flash_stalls;
}

struct count_table *count_table_new(void)
{
	return calloc(1, sizeof(struct count_table));
}

void count_table_free(struct count_table *table)
{
	for (unsigned i = 0; table && i < COUNT_CASES_MAX; i++)
		count_entry_free(table->entries[i]);
	free(table);
}

struct count_entry *count_entry_new(unsigned terms, unsigned targets, unsigned checks)
{
	struct count_entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->term_count = terms;
	entry->exact = calloc((size_t)terms * targets + 1, sizeof(*entry->exact));
	entry->fitted = calloc((size_t)terms * targets + 1, sizeof(*entry->fitted));
	entry->checks = calloc(checks + 1u, sizeof(*entry->checks));
	if (!entry->exact || !entry->fitted || !entry->checks) {
		count_entry_free(entry);
		return NULL;
	}
	return entry;
}

void count_entry_free(struct count_entry *entry)
{
	if (!entry)
		return;
	for (unsigned i = 0; i < entry->check_count; i++) {
		free(entry->checks[i].terms);
		free(entry->checks[i].factors);
	}
	free(entry->checks);
	free(entry->exact);
	free(entry->fitted);
	free(entry);
}
