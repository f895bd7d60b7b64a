/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rows of layers that were counted, and what surrounds the layers of an inference.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/predictor/count_identify_parts.h"

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

int rows_fill(const struct campaign *campaign, const struct count_table *table, struct rows *rows,
	      struct err *err)
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

void surround_find(const struct campaign *campaign, struct count_table *table)
{
	first_find(campaign, table);
	whole_find(campaign, table);
}
