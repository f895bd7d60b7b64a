/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the campaigns' programs share: the truth log of a lab, and the windows that its rows are.
 *
 * Both sides are in the order of measuring, board by board. The log also holds windows that the
 * database does not: runs that learn how long an inference takes, and attempts that failed later.
 */
#ifndef TESTS_RIG_CAMPAIGN_ROWS_H
#define TESTS_RIG_CAMPAIGN_ROWS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "bench/store/store.h"

struct campaign_window {
	char board[64];
	int64_t cycles, inferences;
	double energy_j, charge_c;
};

struct campaign_truth {
	struct campaign_window *windows;
	size_t count;
};

static inline double campaign_number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_number(value)) {
		fprintf(stderr, "truth log: no number '%s'\n", key);
		exit(2);
	}
	return json_number_value(value);
}

static inline void campaign_take_window(struct campaign_truth *truth, const json_t *object)
{
	struct campaign_window *window;

	truth->windows = realloc(truth->windows, (truth->count + 1) * sizeof(*truth->windows));
	if (!truth->windows)
		exit(2);
	window = &truth->windows[truth->count++];
	*window = (struct campaign_window){
		.cycles = (int64_t)campaign_number(object, "cycles"),
		.inferences = (int64_t)campaign_number(object, "edges_line1"),
		.energy_j = campaign_number(object, "energy_j"),
		.charge_c = campaign_number(object, "charge_c"),
	};
	snprintf(window->board, sizeof(window->board), "%s",
		 json_string_value(json_object_get(object, "board")));
}

/* Calls take for each line of a file of JSON objects; a last line without its end is left out. */
static inline void campaign_each_line(const char *path,
				      void (*take)(void *context, const json_t *object),
				      void *context)
{
	FILE *file = fopen(path, "r");
	char line[4096];

	if (!file) {
		perror(path);
		exit(2);
	}
	while (fgets(line, sizeof(line), file) && strchr(line, '\n')) {
		json_t *object = json_loads(line, 0, NULL);

		if (!object) {
			fprintf(stderr, "%s: a line is no JSON\n", path);
			exit(2);
		}
		take(context, object);
		json_decref(object);
	}
	fclose(file);
}

static inline void campaign_take_line(void *context, const json_t *object)
{
	campaign_take_window(context, object);
}

static inline void campaign_truth_read(struct campaign_truth *truth, const char *path)
{
	campaign_each_line(path, campaign_take_line, truth);
}

/* Every row of a database. */
static inline void campaign_rows(const char *database, store_each_fn *each, void *context)
{
	struct store *store;
	struct err err = {""};

	if (store_open(database, false, &store, &err) ||
	    store_each(store, false, each, context, &err)) {
		fprintf(stderr, "%s\n", err.text);
		exit(2);
	}
	store_close(store);
}

/* Matching ------------------------------------------------------------------------------------ */

/* A row, and the window of the log that it is. */
struct campaign_row {
	char board[64];
	int64_t session, ordinal, cycles, inferences;
	bool failed;
	const struct campaign_window *window; /* NULL: none */
};

struct campaign_match {
	struct campaign_row *rows; /* in the order of the database */
	size_t count;
};

static inline int campaign_collect(void *context, const struct store_measurement *row)
{
	struct campaign_match *match = context;
	struct campaign_row *added;

	match->rows = realloc(match->rows, (match->count + 1) * sizeof(*match->rows));
	if (!match->rows)
		exit(2);
	added = &match->rows[match->count++];
	*added = (struct campaign_row){.session = row->session_id,
				       .ordinal = row->window_ordinal,
				       .cycles = row->cycles,
				       .inferences = row->inferences,
				       .failed = !(row->cycles > 0 && row->window_ordinal > 0)};
	snprintf(added->board, sizeof(added->board), "%s", row->board);
	return 0;
}

static inline bool campaign_is(const struct campaign_row *row, const struct campaign_window *window)
{
	return window->cycles == row->cycles && window->inferences == row->inferences;
}

/* One board's rows and windows. */
struct campaign_board {
	struct campaign_row **rows;
	const struct campaign_window **windows;
	size_t row_count, window_count;
};

/* Whether rows first..end-1 are the windows that lie `behind` their ordinals. */
static inline bool campaign_fits(const struct campaign_board *board, size_t first, size_t end,
				 size_t after, int64_t behind)
{
	for (size_t i = first; i < end; i++) {
		int64_t index = board->rows[i]->ordinal - behind;

		if (index < (int64_t)after || index >= (int64_t)board->window_count ||
		    !campaign_is(board->rows[i], board->windows[index]))
			return false;
	}
	return true;
}

/* Every run that the bench asks of a board has an ordinal, and at most one window in the log. From
 * one failed attempt to the next each has one, so that windows lie a constant number behind their
 * ordinals there; the failed attempt itself may have had none. */
static inline void campaign_match_board(struct campaign_board *board)
{
	size_t after = 0;
	int64_t behind = 1;

	for (size_t first = 0, end; first < board->row_count; first = end) {
		end = first + 1;
		if (board->rows[first]->failed)
			continue;
		while (end < board->row_count && !board->rows[end]->failed &&
		       board->rows[end]->session == board->rows[first]->session)
			end++;
		for (int64_t limit = behind + (int64_t)(2 * board->row_count + 8);
		     behind < limit && !campaign_fits(board, first, end, after, behind);)
			behind++;
		if (!campaign_fits(board, first, end, after, behind))
			return; /* the rest stays without a window */
		for (size_t i = first; i < end; i++)
			board->rows[i]->window = board->windows[board->rows[i]->ordinal - behind];
		after = (size_t)(board->rows[end - 1]->ordinal - behind) + 1;
	}
}

static inline void campaign_match_named(struct campaign_match *match,
					const struct campaign_truth *truth, const char *name)
{
	struct campaign_board board = {
		.rows = calloc(match->count, sizeof(*board.rows)),
		.windows = calloc(truth->count + 1, sizeof(*board.windows)),
	};

	if (!board.rows || !board.windows)
		exit(2);
	for (size_t i = 0; i < match->count; i++)
		if (!strcmp(match->rows[i].board, name))
			board.rows[board.row_count++] = &match->rows[i];
	for (size_t i = 0; i < truth->count; i++)
		if (!strcmp(truth->windows[i].board, name))
			board.windows[board.window_count++] = &truth->windows[i];
	campaign_match_board(&board);
	free(board.rows);
	free(board.windows);
}

/* Of all rows of a database. The truth outlives the match; free(match.rows). */
static inline void campaign_match_all(struct campaign_match *match,
				      const struct campaign_truth *truth, const char *database)
{
	*match = (struct campaign_match){0};
	campaign_rows(database, campaign_collect, match);
	for (size_t i = 0; i < match->count; i++) {
		size_t first = 0;

		while (strcmp(match->rows[first].board, match->rows[i].board))
			first++;
		if (first == i)
			campaign_match_named(match, truth, match->rows[i].board);
	}
}

#endif
