/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Compares two databases of the same plan: the same points, each accepted once, with the same cycles and
 * outputs, and energies that agree within their independent uncertainties (k = 4: a chance of 1 in 16,000
 * per point to be wrong about it) or within what the board itself may have drifted from one run to the other.
 *
 * usage: rig_compare A.db B.db ROWS
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/results.h"

/* rigs/virtual/plant: two waves of up to drift_share each, either way, between two moments. */
static const double drift_rel = 2 * 2 * 0.0008;

static struct store_measurement *read_rows(const char *path, size_t *count)
{
	struct store *store;
	struct store_measurement *rows;
	struct err err = {""};

	if (store_open(path, false, &store, &err) ||
	    results_read(store, NULL, NULL, &rows, count, &err)) {
		fprintf(stderr, "%s\n", err.text);
		exit(2);
	}
	store_close(store);
	return rows;
}

static int compare_keys(const void *a, const void *b)
{
	const struct store_measurement *x = a, *y = b;

	return strcmp(x->point_key, y->point_key);
}

static unsigned compare_rows(const struct store_measurement *a, const struct store_measurement *b,
			     double *worst)
{
	double difference = fabs(a->energy_j - b->energy_j);
	double limit = fmax(4 * hypot(a->energy_u_independent_j, b->energy_u_independent_j),
			    drift_rel * a->energy_j);

	*worst = fmax(*worst, difference / a->energy_j);
	if (strcmp(a->point_key, b->point_key))
		return printf("points differ: %s | %s\n", a->point_key, b->point_key) > 0;
	if (a->cycles != b->cycles || a->inferences != b->inferences)
		return printf("%s: %lld cycles | %lld\n", a->point_key, (long long)a->cycles,
			      (long long)b->cycles) > 0;
	if (strcmp(a->output_crc32, b->output_crc32))
		return printf("%s: outputs differ\n", a->point_key) > 0;
	if (!(difference <= limit))
		return printf("%s: energies differ by %.3g J, limit %.3g J\n", a->point_key, difference,
			      limit) > 0;
	return 0;
}

int main(int argc, char **argv)
{
	size_t count_a, count_b;
	struct store_measurement *a, *b;
	unsigned failures = 0;
	double worst = 0;

	if (argc != 4) {
		fprintf(stderr, "usage: rig_compare A.db B.db ROWS\n");
		return 2;
	}
	a = read_rows(argv[1], &count_a);
	b = read_rows(argv[2], &count_b);
	printf("%zu and %zu accepted rows, %s planned\n", count_a, count_b, argv[3]);
	if (count_a != (size_t)atoi(argv[3]) || count_b != count_a)
		return 1;
	qsort(a, count_a, sizeof(*a), compare_keys);
	qsort(b, count_b, sizeof(*b), compare_keys);
	for (size_t i = 0; i < count_a; i++)
		failures += compare_rows(&a[i], &b[i], &worst);
	printf("%u rows differ; energies agree within %.4f %%\n", failures, worst * 100);
	free(a);
	free(b);
	return failures != 0;
}
