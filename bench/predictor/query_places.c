/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/predictor/query.h"

struct search {
	const struct predictor *predictor;
	const struct query *query;
	struct query_place *places;
	size_t count;
};

static bool text_fits(const char *wanted, const char *text)
{
	return !wanted || !*wanted || !strcmp(wanted, text);
}

static bool names_chip(const struct predictor *predictor, const char *board)
{
	for (size_t c = 0; board && c < predictor->cell_count; c++)
		if (!strcmp(predictor->cells[c].chip, board))
			return true;
	return false;
}

/* A type's cell only when any board of the chip is asked for. */
static bool board_fits(const struct search *search, const struct predictor_cell *cell)
{
	const char *board = search->query->board;

	if (!board || !*board)
		return cell->board[0] != 0;
	if (!cell->board[0])
		return !strcmp(cell->chip, board);
	return !strcmp(cell->board, board) ||
	       (cell->board_uid[0] && !strcmp(cell->board_uid, board));
}

static bool cell_fits(const struct search *search, const struct predictor_cell *cell)
{
	return board_fits(search, cell) && text_fits(search->query->build, cell->build) &&
	       text_fits(search->query->runtime, cell->runtime);
}

static bool same_place(const struct predictor_cell *a, const struct predictor_cell *b)
{
	return !strcmp(a->board, b->board) && !strcmp(a->board_uid, b->board_uid) &&
	       !strcmp(a->chip, b->chip) && !strcmp(a->build, b->build) &&
	       !strcmp(a->runtime, b->runtime) && a->is_virtual == b->is_virtual;
}

static double distance_k(const struct predictor_range *range, double temp_c)
{
	if (isnan(temp_c) || isnan(range->min))
		return 0;
	return fmax(0, fmax(range->min - temp_c, temp_c - range->max));
}

/* The time cell of the same board and level, nearest in temperature. */
static const struct predictor_cell *time_cell(const struct predictor *predictor,
					      const struct predictor_cell *energy, int64_t clock_hz,
					      double temp_c)
{
	const struct predictor_cell *best = NULL;

	for (size_t c = 0; c < predictor->cell_count; c++) {
		const struct predictor_cell *cell = &predictor->cells[c];

		if (cell->model->response != KIND_DURATION_S || !same_place(cell, energy) ||
		    cell->clock_hz != clock_hz)
			continue;
		if (!best || distance_k(&cell->range[KIND_TEMP_C], temp_c) <
				     distance_k(&best->range[KIND_TEMP_C], temp_c))
			best = cell;
	}
	return best;
}

static double middle(const struct predictor_range *range)
{
	return (range->min + range->max) / 2;
}

static double said_or(double said, double otherwise)
{
	return isnan(said) ? otherwise : said;
}

static void add_place(struct search *search, const struct predictor_cell *cell,
		      const struct predictor_level *level, const char *outside)
{
	const struct query *query = search->query;
	struct query_place *place = &search->places[search->count];

	if (search->count == QUERY_PLACES_MAX)
		return;
	search->count++;
	*place = (struct query_place){
		.energy = cell,
		.clock_hz = level->clock_hz,
		.temp_c = said_or(query->temp_c, isnan(level->temp_c)
							 ? middle(&cell->range[KIND_TEMP_C])
							 : level->temp_c),
		.core_v = said_or(query->core_v, level->core_v),
		.supply_v = said_or(query->supply_v, middle(&cell->range[KIND_SUPPLY_V])),
		.idle_power_w = level->idle_power_w,
	};
	if (fabs(place->temp_c - level->temp_c) > QUERY_TEMPERATURE_MARGIN_K)
		place->idle_power_w = NAN;
	place->time = time_cell(search->predictor, cell, level->clock_hz, place->temp_c);
	snprintf(place->outside, sizeof(place->outside), "%s", outside);
}

static double off_k(const struct predictor_level *level, double temp_c)
{
	double off = fabs(level->temp_c - temp_c);

	return isnan(off) ? 0 : off;
}

/* Of a clock's levels at different temperatures the nearest, when a temperature is said. */
static bool nearer_level(const struct search *search, const struct predictor_cell *cell, size_t l)
{
	double temp_c = search->query->temp_c;

	for (size_t k = 0; k < cell->level_count; k++)
		if (cell->levels[k].clock_hz == cell->levels[l].clock_hz &&
		    off_k(&cell->levels[k], temp_c) < off_k(&cell->levels[l], temp_c))
			return true;
	return false;
}

/* A cell across levels stands for each level it was trained on, and for any clock between them
 * whose core voltage is said. */
static void add_across(struct search *search, const struct predictor_cell *cell)
{
	const struct query *query = search->query;
	int64_t lowest = INT64_MAX, highest = 0;
	bool found = false;

	for (size_t l = 0; l < cell->level_count; l++) {
		const struct predictor_level *level = &cell->levels[l];

		lowest = level->clock_hz < lowest ? level->clock_hz : lowest;
		highest = level->clock_hz > highest ? level->clock_hz : highest;
		if ((query->clock_hz && query->clock_hz != level->clock_hz) ||
		    nearer_level(search, cell, l))
			continue;
		add_place(search, cell, level, "");
		found = true;
	}
	if (!found && query->clock_hz && !isnan(query->core_v)) {
		struct predictor_level between = {query->clock_hz, query->core_v, NAN, NAN};
		char text[128] = "";

		if (query->clock_hz < lowest || query->clock_hz > highest)
			snprintf(text, sizeof(text), "clock %g MHz (trained: %g to %g)",
				 (double)query->clock_hz / 1e6, (double)lowest / 1e6,
				 (double)highest / 1e6);
		if (!text[0] || query->extrapolate)
			add_place(search, cell, &between, text);
	}
}

/* Of cells at different temperatures the nearest, when a temperature is said. */
static bool nearer_cell(const struct search *search, const struct predictor_cell *cell)
{
	double temp_c = search->query->temp_c;

	for (size_t c = 0; c < search->predictor->cell_count && !isnan(temp_c); c++) {
		const struct predictor_cell *other = &search->predictor->cells[c];

		if (other != cell && other->model->response == KIND_ENERGY_J &&
		    same_place(other, cell) && other->clock_hz == cell->clock_hz &&
		    distance_k(&other->range[KIND_TEMP_C], temp_c) <
			    distance_k(&cell->range[KIND_TEMP_C], temp_c))
			return true;
	}
	return false;
}

static size_t list(char *text, size_t size, size_t used, const char *what)
{
	if (!*what || used >= size || strstr(text, what))
		return used;
	return used + (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", what);
}

static int nothing_fits(const struct search *search, struct err *err)
{
	const struct predictor *predictor = search->predictor;
	char boards[300] = "", levels[200] = "", builds[100] = "";
	size_t b = 0, l = 0, n = 0;

	for (size_t c = 0; c < predictor->cell_count; c++) {
		const struct predictor_cell *cell = &predictor->cells[c];
		char clock[32];

		b = list(boards, sizeof(boards), b, cell->board[0] ? cell->board : cell->chip);
		n = list(builds, sizeof(builds), n, cell->build);
		n = list(builds, sizeof(builds), n, cell->runtime);
		for (size_t i = 0; i < cell->level_count; i++) {
			snprintf(clock, sizeof(clock), "%g MHz",
				 (double)cell->levels[i].clock_hz / 1e6);
			l = list(levels, sizeof(levels), l, clock);
		}
	}
	if (names_chip(predictor, search->query->board))
		return err_set(err, -EINVAL,
			       "%s: says nothing of any %s at that level, build and runtime (that "
			       "takes three boards of it, or more); it has %s",
			       predictor->path, search->query->board, boards);
	return err_set(err, -EINVAL,
		       "%s: nothing there is of that board, build, runtime and clock; it has "
		       "%s; %s; %s (a clock between the levels of a fit across them: say --core-v)",
		       predictor->path, boards, builds, levels);
}

int query_places(const struct predictor *predictor, const struct query *query,
		 struct query_place **ret_places, size_t *ret_count, struct err *err)
{
	struct search search = {.predictor = predictor, .query = query};

	search.places = calloc(QUERY_PLACES_MAX, sizeof(*search.places));
	if (!search.places)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t c = 0; c < predictor->cell_count; c++) {
		const struct predictor_cell *cell = &predictor->cells[c];

		if (cell->model->response != KIND_ENERGY_J || !cell_fits(&search, cell) ||
		    nearer_cell(&search, cell))
			continue;
		if (!cell->clock_hz)
			add_across(&search, cell);
		else if (!query->clock_hz || query->clock_hz == cell->clock_hz)
			add_place(&search, cell, &cell->levels[0], "");
	}
	if (!search.count) {
		free(search.places);
		return nothing_fits(&search, err);
	}
	*ret_places = search.places;
	*ret_count = search.count;
	return 0;
}
