/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Compares a database with the virtual rig's truth log: every accepted window's cycles are exactly
 * those that the simulator counted, and its energy lies within a relative limit of what the board
 * truly drew.
 *
 * usage: rig_truth DATABASE TRUTH.jsonl ROWS LIMIT
 *
 * Both are in the order of measuring; the log also holds windows that the database does not (runs
 * that find out how long an inference takes), so each row, accepted or refused, takes the next
 * window of the log with its cycles and its inferences.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "bench/store/store.h"

struct comparison {
	FILE *truth;
	unsigned rows, failures;
	double limit, worst, sum;
};

static json_t *next_window(FILE *stream)
{
	char line[4096];

	return fgets(line, sizeof(line), stream) ? json_loads(line, 0, NULL) : NULL;
}

static double number(const json_t *window, const char *key)
{
	const json_t *value = json_object_get(window, key);

	if (!json_is_number(value)) {
		fprintf(stderr, "truth log: no number '%s'\n", key);
		exit(2);
	}
	return json_number_value(value);
}

static int compare(void *context, const struct store_measurement *row)
{
	struct comparison *c = context;
	bool accepted = !strcmp(row->verdict, "accepted");
	json_t *window;
	double error;

	if (row->cycles <= 0)
		return 0;
	while ((window = next_window(c->truth))) {
		if ((int64_t)number(window, "cycles") == row->cycles &&
		    (int64_t)number(window, "edges_line1") == row->inferences)
			break;
		json_decref(window);
	}
	c->rows += accepted;
	if (!window) {
		printf("%s at %g MHz: no window of %lld cycles and %lld inferences\n", row->model,
		       (double)row->clock_hz / 1e6, (long long)row->cycles,
		       (long long)row->inferences);
		c->failures++;
		return 1;
	}
	error = row->energy_j / number(window, "energy_j") - 1;
	json_decref(window);
	if (!accepted)
		return 0;
	c->sum += fabs(error);
	if (fabs(error) > c->worst)
		c->worst = fabs(error);
	if (!(fabs(error) <= c->limit)) {
		printf("%s at %g MHz: energy is off by %+.3f %%\n", row->model,
		       (double)row->clock_hz / 1e6, error * 100);
		c->failures++;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct comparison c = {0};
	struct store *store;
	struct err err = {""};

	if (argc != 5) {
		fprintf(stderr, "usage: rig_truth DATABASE TRUTH.jsonl ROWS LIMIT\n");
		return 2;
	}
	c.limit = atof(argv[4]);
	c.truth = fopen(argv[2], "r");
	if (!c.truth) {
		perror(argv[2]);
		return 2;
	}
	if (store_open(argv[1], false, &store, &err) ||
	    store_each(store, false, compare, &c, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	store_close(store);
	fclose(c.truth);
	printf("%u windows: cycles equal, energy off by %.4f %% in the mean, %.4f %% at worst\n",
	       c.rows, c.rows ? c.sum / c.rows * 100 : 0, c.worst * 100);
	if (c.rows != (unsigned)atoi(argv[3])) {
		printf("expected %s accepted windows\n", argv[3]);
		c.failures++;
	}
	return c.failures != 0;
}
