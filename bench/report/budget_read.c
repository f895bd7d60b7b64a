/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One measurement, by its id, and its repeats out of a store.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/budget.h"

bool budget_report_is_repeat(const struct store_measurement *a, const struct store_measurement *b)
{
	return !strcmp(a->board, b->board) && !strcmp(a->meter, b->meter) &&
	       !strcmp(a->build, b->build) && !strcmp(a->runtime, b->runtime) &&
	       !strcmp(a->model, b->model) && !strcmp(a->model_sha256, b->model_sha256) &&
	       !strcmp(a->source, b->source) && a->clock_hz == b->clock_hz &&
	       a->inferences == b->inferences &&
	       (a->ambient_c == b->ambient_c || (isnan(a->ambient_c) && isnan(b->ambient_c)));
}

struct search {
	int64_t id, last; /* the largest id there is, of those looked at */
	bool found, failed;
	struct store_measurement row;
	struct store_measurement *repeats;
	size_t count;
};

static int find_row(void *context, const struct store_measurement *row)
{
	struct search *search = context;

	search->last = row->id;
	if (row->id != search->id)
		return 0;
	search->row = *row;
	search->found = true;
	return 1;
}

static int find_repeat(void *context, const struct store_measurement *row)
{
	struct search *search = context;
	struct store_measurement *repeats;

	if (row->id == search->id || strcmp(row->verdict, "accepted") ||
	    !budget_report_is_repeat(&search->row, row))
		return 0;
	repeats = realloc(search->repeats, (search->count + 1) * sizeof(*repeats));
	if (!repeats) {
		search->failed = true;
		return 1;
	}
	search->repeats = repeats;
	search->repeats[search->count++] = *row;
	return 0;
}

int budget_report_read(struct store *store, int64_t id, struct budget_report *ret_report,
		       struct err *err)
{
	struct search *search = calloc(1, sizeof(*search));
	int ret;

	if (!search)
		return err_set(err, -ENOMEM, "out of memory");
	search->id = id;
	ret = store_each(store, false, find_row, search, err);
	if (!ret && !search->found)
		ret = err_set(err, -ENOENT, "no measurement %lld (the last is %lld)", (long long)id,
			      (long long)search->last);
	if (!ret)
		ret = store_each(store, false, find_repeat, search, err);
	if (!ret && search->failed)
		ret = err_set(err, -ENOMEM, "out of memory");
	if (!ret) {
		ret = budget_report_make(&search->row, search->repeats, search->count, ret_report,
					 err);
		if (ret)
			err_context(err, ret, "measurement %lld", (long long)id);
	}
	if (!ret)
		ret_report->id = id;
	free(search->repeats);
	free(search);
	return ret;
}
