/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Compares two boards of one database that are the same board under different meters: as many
 * accepted rows, cycles per inference equal, energies per inference equal within both meters'
 * expanded uncertainties (k = 2, gain and supply included: the meters share neither).
 *
 * usage: rig_meters DATABASE BOARD OTHER ROWS
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/results.h"

enum { COVERAGE_FACTOR = 2 };

static bool same_point(const struct store_measurement *a, const struct store_measurement *b)
{
	return !strcmp(a->model_sha256, b->model_sha256) && !strcmp(a->build, b->build) &&
	       a->clock_hz == b->clock_hz && a->repeat_index == b->repeat_index;
}

static const struct store_measurement *other_row(const struct store_measurement *rows, size_t count,
						 const char *board,
						 const struct store_measurement *row)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(rows[i].board, board) && same_point(&rows[i], row))
			return &rows[i];
	return NULL;
}

static unsigned compare(const struct store_measurement *a, const struct store_measurement *b)
{
	double energy_a = a->energy_j / (double)a->inferences;
	double energy_b = b->energy_j / (double)b->inferences;
	double limit = COVERAGE_FACTOR * hypot(a->energy_u_j / (double)a->inferences,
					       b->energy_u_j / (double)b->inferences);
	bool agree = fabs(energy_a - energy_b) <= limit &&
		     a->cycles * b->inferences == b->cycles * a->inferences;

	printf("%s %.6g J, %s %.6g J: %+.3f %%, limit %.3f %%, cycles %s: %s\n", a->meter_model,
	       energy_a, b->meter_model, energy_b, (energy_b / energy_a - 1) * 100,
	       limit / energy_a * 100,
	       a->cycles * b->inferences == b->cycles * a->inferences ? "equal" : "differ",
	       agree ? "ok" : "WRONG");
	return !agree;
}

int main(int argc, char **argv)
{
	struct store_measurement *rows;
	unsigned failures = 0, compared = 0;
	struct err err = {""};
	struct store *store;
	size_t count;

	if (argc != 5) {
		fprintf(stderr, "usage: rig_meters DATABASE BOARD OTHER ROWS\n");
		return 2;
	}
	if (store_open(argv[1], false, &store, &err) ||
	    results_read(store, NULL, NULL, &rows, &count, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	for (size_t i = 0; i < count; i++) {
		const struct store_measurement *other;

		if (strcmp(rows[i].board, argv[2]))
			continue;
		other = other_row(rows, count, argv[3], &rows[i]);
		if (!other)
			continue;
		compared++;
		failures += compare(&rows[i], other);
	}
	printf("%u rows compared, %s asked, %u apart\n", compared, argv[4], failures);
	store_close(store);
	free(rows);
	return failures || compared != (unsigned)atoi(argv[4]);
}
