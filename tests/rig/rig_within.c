/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Compares a database with the virtual rig's truth log: every accepted window's cycles are exactly
 * those that the simulator counted for its board, and its energy is what the board truly drew
 * within the expanded uncertainty (k = 2) that the row itself states, which is no excuse: below a
 * limit.
 *
 * usage: rig_within DATABASE TRUTH.jsonl ROWS LIMIT
 *
 * ROWS: how many accepted rows there are. LIMIT: of the expanded uncertainty, relative. Rows,
 * accepted or refused, take their board's next window of the log with their cycles and inferences.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "bench/store/store.h"

enum { BOARDS_MAX = 8 };

struct board {
	char name[64];
	size_t next; /* window of the log */
};

struct comparison {
	json_t *windows;
	struct board boards[BOARDS_MAX];
	unsigned rows, failures;
	double limit, worst, worst_share, widest;
};

static json_t *read_log(const char *path)
{
	FILE *file = fopen(path, "r");
	json_t *windows = json_array();
	char line[4096];

	if (!file) {
		perror(path);
		exit(2);
	}
	while (fgets(line, sizeof(line), file))
		json_array_append_new(windows, json_loads(line, 0, NULL));
	fclose(file);
	return windows;
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

static struct board *board_of(struct comparison *c, const char *name)
{
	unsigned i = 0;

	while (i < BOARDS_MAX && c->boards[i].name[0] && strcmp(c->boards[i].name, name))
		i++;
	if (i == BOARDS_MAX)
		exit(2);
	snprintf(c->boards[i].name, sizeof(c->boards[i].name), "%s", name);
	return &c->boards[i];
}

static const json_t *window_of(struct comparison *c, const struct store_measurement *row)
{
	struct board *board = board_of(c, row->board);

	while (board->next < json_array_size(c->windows)) {
		const json_t *window = json_array_get(c->windows, board->next++);
		const char *name = json_string_value(json_object_get(window, "board"));

		if (name && !strcmp(name, row->board) &&
		    (int64_t)number(window, "cycles") == row->cycles &&
		    (int64_t)number(window, "edges_line1") == row->inferences)
			return window;
	}
	return NULL;
}

static int compare(void *context, const struct store_measurement *row)
{
	struct comparison *c = context;
	const json_t *window = row->cycles > 0 ? window_of(c, row) : NULL;
	double error, expanded;

	if (strcmp(row->verdict, "accepted"))
		return 0;
	c->rows++;
	if (!window) {
		printf("%s: %s at %g MHz: no window of %lld cycles\n", row->board, row->model,
		       (double)row->clock_hz / 1e6, (long long)row->cycles);
		c->failures++;
		return 0;
	}
	error = row->energy_j / number(window, "energy_j") - 1;
	expanded = 2 * row->energy_u_j / row->energy_j;
	c->worst = fmax(c->worst, fabs(error));
	c->worst_share = fmax(c->worst_share, fabs(error) / expanded);
	c->widest = fmax(c->widest, expanded);
	printf("%s: %g MHz: energy off by %+.3f %%, U %.3f %%, edges %.3g s\n", row->board,
	       (double)row->clock_hz / 1e6, error * 100, expanded * 100, row->edge_u_s);
	if (!(fabs(error) <= expanded) || !(expanded <= c->limit)) {
		printf("  which is outside, or says too little (limit %g %%)\n", c->limit * 100);
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
		fprintf(stderr, "usage: rig_within DATABASE TRUTH.jsonl ROWS LIMIT\n");
		return 2;
	}
	c.windows = read_log(argv[2]);
	c.limit = atof(argv[4]);
	if (store_open(argv[1], false, &store, &err) ||
	    store_each(store, false, compare, &c, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	store_close(store);
	json_decref(c.windows);
	printf("%u windows: cycles equal, energy off by %.3f %% at worst, %.2f of U at worst, U up "
	       "to "
	       "%.3f %%\n",
	       c.rows, c.worst * 100, c.worst_share, c.widest * 100);
	if (c.rows != (unsigned)atoi(argv[3])) {
		printf("expected %s accepted windows\n", argv[3]);
		c.failures++;
	}
	return c.failures != 0;
}
