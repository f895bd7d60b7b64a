/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Compares a database of many boards with the virtual rig's truth log: every accepted window's
 * cycles are exactly those that the simulator counted for that board, and its energy lies within a
 * relative limit of what that board truly drew. All rows of a board bear one chip's id.
 *
 * usage: rig_farm DATABASE TRUTH.jsonl ROWS LIMIT
 *
 * ROWS: how many accepted rows there are, or "any". Both sides are in the order of measuring, board
 * by board; the log also holds windows that the database does not, so each row, accepted or
 * refused, takes its board's next window with its cycles and its inferences.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "bench/store/store.h"

struct window {
	char board[64];
	int64_t cycles, inferences;
	double energy_j;
	bool passed; /* a row of its board took it, or a later one */
};

enum { BOARDS_MAX = 64 };

struct board {
	char name[64], uid[64];
};

struct comparison {
	struct board boards[BOARDS_MAX];
	unsigned board_count;
	struct window *windows;
	size_t count;
	unsigned rows, failures;
	double limit, worst, sum;
};

static double number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_number(value)) {
		fprintf(stderr, "truth log: no number '%s'\n", key);
		exit(2);
	}
	return json_number_value(value);
}

static void take_window(struct comparison *c, const json_t *object)
{
	struct window *window;

	c->windows = realloc(c->windows, (c->count + 1) * sizeof(*c->windows));
	if (!c->windows)
		exit(2);
	window = &c->windows[c->count++];
	*window = (struct window){
		.cycles = (int64_t)number(object, "cycles"),
		.inferences = (int64_t)number(object, "edges_line1"),
		.energy_j = number(object, "energy_j"),
	};
	snprintf(window->board, sizeof(window->board), "%s",
		 json_string_value(json_object_get(object, "board")));
}

static void read_truth(struct comparison *c, const char *path)
{
	FILE *file = fopen(path, "r");
	char line[4096];

	if (!file) {
		perror(path);
		exit(2);
	}
	while (fgets(line, sizeof(line), file)) {
		json_t *object = json_loads(line, 0, NULL);

		if (!object) {
			fprintf(stderr, "%s: a line is no JSON\n", path);
			exit(2);
		}
		take_window(c, object);
		json_decref(object);
	}
	fclose(file);
}

static struct window *find_window(struct comparison *c, const struct store_measurement *row)
{
	for (size_t i = 0; i < c->count; i++) {
		struct window *window = &c->windows[i];

		if (window->passed || strcmp(window->board, row->board))
			continue;
		window->passed = true;
		if (window->cycles == row->cycles && window->inferences == row->inferences)
			return window;
	}
	return NULL;
}

/* One board answers to one name. */
static void check_uid(struct comparison *c, const struct store_measurement *row)
{
	for (unsigned i = 0; i < c->board_count; i++) {
		if (strcmp(c->boards[i].name, row->board))
			continue;
		if (strcmp(c->boards[i].uid, row->board_uid)) {
			printf("%s: boards %s and %s answer to this name\n", row->board,
			       c->boards[i].uid, row->board_uid);
			c->failures++;
		}
		return;
	}
	if (c->board_count == BOARDS_MAX)
		exit(2);
	snprintf(c->boards[c->board_count].name, sizeof(c->boards[0].name), "%s", row->board);
	snprintf(c->boards[c->board_count++].uid, sizeof(c->boards[0].uid), "%s", row->board_uid);
}

static int compare(void *context, const struct store_measurement *row)
{
	struct comparison *c = context;
	struct window *window = row->cycles > 0 ? find_window(c, row) : NULL;
	double error;

	if (strcmp(row->verdict, "accepted"))
		return 0;
	c->rows++;
	check_uid(c, row);
	if (!window) {
		printf("%s: %s at %g MHz: no window of %lld cycles and %lld inferences\n",
		       row->board, row->model, (double)row->clock_hz / 1e6, (long long)row->cycles,
		       (long long)row->inferences);
		c->failures++;
		return 0;
	}
	error = row->energy_j / window->energy_j - 1;
	c->sum += fabs(error);
	c->worst = fmax(c->worst, fabs(error));
	if (!(fabs(error) <= c->limit)) {
		printf("%s: %s at %g MHz: energy is off by %+.3f %%\n", row->board, row->model,
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
		fprintf(stderr, "usage: rig_farm DATABASE TRUTH.jsonl ROWS LIMIT\n");
		return 2;
	}
	c.limit = atof(argv[4]);
	read_truth(&c, argv[2]);
	if (store_open(argv[1], false, &store, &err) ||
	    store_each(store, false, compare, &c, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	store_close(store);
	free(c.windows);
	printf("%u windows: cycles equal, energy off by %.4f %% in the mean, %.4f %% at worst\n",
	       c.rows, c.rows ? c.sum / c.rows * 100 : 0, c.worst * 100);
	if (strcmp(argv[3], "any") && c.rows != (unsigned)atoi(argv[3])) {
		printf("expected %s accepted windows\n", argv[3]);
		c.failures++;
	}
	return c.failures != 0;
}
