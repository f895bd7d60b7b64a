/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Cycles of a network from the predictor's own count table, where it has one for the place.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/model/model.h"
#include "bench/predictor/counts.h"
#include "bench/predictor/forecast_parts.h"

/* More than any network takes: fitted counts of a shape far from those seen can be anything. */
#define CYCLES_MAX 1000000000000ull

/* Kernels are named in the table: an image of other kernels has layers that it does not know. */
static const enum image_kernel_set optimised_sets[] = {IMAGE_KERNELS_ARMV7EM, IMAGE_KERNELS_RV32};
static const enum image_kernel_set portable_sets[] = {IMAGE_KERNELS_PORTABLE};

static bool is_of(const struct count_table *table, const struct query_place *place,
		  unsigned *ret_clock)
{
	struct err unused = {""};

	return !strcmp(table->chip, place->energy->chip) &&
	       !strcmp(table->build, place->energy->build) &&
	       !strcmp(table->runtime, place->energy->runtime) && place->clock_hz > 0 &&
	       !count_table_clock(table, (uint32_t)place->clock_hz, ret_clock, &unused);
}

static int count_with(const struct count_table *table, unsigned clock,
		      const struct forecast_row *row, enum image_kernel_set set,
		      struct model_counts *counts, struct err *err)
{
	const struct model_options options = {.kernel_set = set};
	struct model_image *image;
	int ret = model_image_build(row->network->path, &options, &image, err);

	if (ret)
		return ret;
	ret = count_table_count(table, image->bytes, clock, counts, err);
	if (!ret && counts->unknown)
		ret = count_table_refuse(table, image->bytes, counts, err);
	if (!ret && (!counts->whole.cycles || counts->whole.cycles > CYCLES_MAX))
		ret = err_set(err, -ERANGE, "the count table gives no possible number of cycles");
	model_image_free(image);
	return ret;
}

static void take_counts(const struct count_table *table, const struct count_span *span,
			struct query_features *ret_features)
{
	double classes[COUNT_CLASSES_MAX];

	for (unsigned c = 0; c < table->class_count; c++)
		classes[c] = (double)span->classes[c];
	ret_features->cycles = (double)span->cycles;
	ret_features->stall_cycles = (double)(span->flash_fetch_stalls + span->flash_stalls);
	ret_features->memory = count_memory(table->class_names, table->class_count, classes);
	ret_features->multiplies = count_multiplies(table->class_names, table->class_count, classes);
}

bool forecast_from_table(const struct count_table *table, struct forecast_row *row, struct err *why)
{
	bool portable = table && !strcmp(table->runtime, "portable");
	const enum image_kernel_set *sets = portable ? portable_sets : optimised_sets;
	size_t count = portable ? 1 : 2;
	struct model_counts *counts;
	unsigned clock;
	bool found = false;

	if (!table || !row->network->path[0])
		return false;
	if (!is_of(table, &row->place, &clock)) {
		err_set(why, -EINVAL, "the predictor's count table is of %s, build %s, %s, and %u "
				      "clocks, not of this",
			table->chip, table->build, table->runtime, table->clock_count);
		return false;
	}
	counts = calloc(1, sizeof(*counts));
	for (size_t s = 0; s < count && counts && !found; s++) {
		struct err err = {""};

		found = !count_with(table, clock, row, sets[s], counts, &err);
		if (!s)
			*why = err;
	}
	if (found) {
		take_counts(table, &counts->whole, &row->features);
		snprintf(row->cycles_from, sizeof(row->cycles_from), "count table, modelled%s",
			 counts->bounded ? ", bounded" : "");
	}
	free(counts);
	return found;
}
