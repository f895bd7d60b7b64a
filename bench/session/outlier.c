/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/session/outlier.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double least_limit_rel = 0.01;
static const double coverage = 6;

struct outlier_check outlier_compare(const struct outlier_window *window,
				     const struct outlier_window *other)
{
	double u_j = hypot(window->u_independent_j, other->u_independent_j);
	struct outlier_check check = {
		.deviation_rel = (window->energy_j - other->energy_j) / other->energy_j,
		.limit_rel = fmax(least_limit_rel, coverage * u_j / other->energy_j)};

	check.ok = isfinite(u_j) && fabs(check.deviation_rel) <= check.limit_rel;
	return check;
}

static int compare_reals(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int outlier_median(const struct outlier_repeats *repeats, struct outlier_window *ret_median,
		   struct err *err)
{
	size_t n = repeats->count;
	double *sorted = malloc(n * sizeof(*sorted)), square = 0;

	if (!sorted)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		sorted[i] = repeats->accepted[i].energy_j;
		square += pow(repeats->accepted[i].u_independent_j, 2) / (double)n;
	}
	qsort(sorted, n, sizeof(*sorted), compare_reals);
	*ret_median = (struct outlier_window){.energy_j = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2,
					      .u_independent_j = sqrt(square)};
	free(sorted);
	return 0;
}

static int add(struct outlier_repeats *repeats, const struct outlier_window *window,
	       struct err *err)
{
	if (repeats->count == repeats->capacity) {
		size_t capacity = repeats->capacity ? 2 * repeats->capacity : 8;
		struct outlier_window *grown =
			realloc(repeats->accepted, capacity * sizeof(*grown));

		if (!grown)
			return err_set(err, -ENOMEM, "out of memory");
		repeats->accepted = grown;
		repeats->capacity = capacity;
	}
	repeats->accepted[repeats->count++] = *window;
	return 0;
}

/* What the latest suspect says to this one, in words; "" when they do not agree. */
static void compare_suspect(const struct outlier_repeats *repeats,
			    const struct outlier_window *window, double off_median_rel,
			    char *ret_text, size_t size)
{
	struct outlier_check check = {0};

	if (repeats->has_suspect)
		check = outlier_compare(window, &repeats->suspect);
	if (check.ok && fabs(check.deviation_rel) < fabs(off_median_rel))
		snprintf(ret_text, size,
			 "; it agrees with suspect run %lld (%+.3f %%): the earlier ones may be "
			 "what is wrong",
			 (long long)repeats->suspect.ordinal, check.deviation_rel * 100);
	else
		snprintf(ret_text, size, "%s", "");
}

int outlier_judge(struct outlier_repeats *repeats, const struct outlier_window *window,
		  char *ret_sentence, size_t size, struct err *err)
{
	struct outlier_check check = {.ok = true};
	struct outlier_window median;
	char suspect[160];

	if (repeats->count) {
		int ret = outlier_median(repeats, &median, err);

		if (ret)
			return ret;
		check = outlier_compare(window, &median);
	}
	if (check.ok)
		return add(repeats, window, err);
	compare_suspect(repeats, window, check.deviation_rel, suspect, sizeof(suspect));
	snprintf(ret_sentence, size,
		 "%.6g J per inference is %+.3f %% off %.6g J, the median of %zu earlier windows "
		 "(limit %.3f %%)%s",
		 window->energy_j, check.deviation_rel * 100, median.energy_j, repeats->count,
		 check.limit_rel * 100, suspect);
	repeats->has_suspect = true;
	repeats->suspect = *window;
	return 1;
}

void outlier_done(struct outlier_repeats *repeats)
{
	free(repeats->accepted);
	memset(repeats, 0, sizeof(*repeats));
}
