/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Boards of one kind are no copies: for every chip, model and clock of a database, how far the
 * energies of its boards are apart. At one clock of each chip at least they must differ by more
 * than their meters may be off, and nowhere by more than the plant's spread between boards
 * explains.
 *
 * usage: rig_spread DATABASE BOARDS LIMIT
 *
 * BOARDS: of every chip. LIMIT: how far a meter may be off, as a ratio (what rig_farm was given).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/store/store.h"
#include "rigs/virtual/plant/plant_part.h"

enum { BOARDS_MAX = 16, GROUPS_MAX = 64, CHIPS_MAX = 8 };

struct board {
	char name[64];
	unsigned rows;
	double energy_j, time_s; /* sums, per inference */
};

struct group { /* a chip with a model at a clock */
	char chip[32], model[128];
	int64_t clock_hz;
	struct board boards[BOARDS_MAX];
	unsigned board_count;
	double leakage_share; /* of the current, at most */
};

struct spreads {
	struct group groups[GROUPS_MAX];
	unsigned group_count;
};

static const struct plant_part *part_of(const char *chip)
{
	static const struct plant_part *const parts[] = {&plant_part_esp32c3, &plant_part_stm32f767,
							 &plant_part_stm32l4r5,
							 &plant_part_stm32l552};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strcmp(parts[i]->name, chip))
			return parts[i];
	fprintf(stderr, "no plant for chip %s\n", chip);
	exit(2);
}

static struct group *group_of(struct spreads *spreads, const struct store_measurement *row)
{
	struct group *group = spreads->groups;

	for (unsigned i = 0; i < spreads->group_count; i++, group++)
		if (!strcmp(group->chip, row->chip) && !strcmp(group->model, row->model) &&
		    group->clock_hz == row->clock_hz)
			return group;
	if (spreads->group_count++ == GROUPS_MAX)
		exit(2);
	snprintf(group->chip, sizeof(group->chip), "%s", row->chip);
	snprintf(group->model, sizeof(group->model), "%s", row->model);
	group->clock_hz = row->clock_hz;
	return group;
}

static struct board *board_of(struct group *group, const char *name)
{
	struct board *board = group->boards;

	for (unsigned i = 0; i < group->board_count; i++, board++)
		if (!strcmp(board->name, name))
			return board;
	if (group->board_count++ == BOARDS_MAX)
		exit(2);
	snprintf(board->name, sizeof(board->name), "%s", name);
	return board;
}

/* Of a board without spread, as warm as this one. */
static double leakage_a(const struct plant_part *part, const struct store_measurement *row)
{
	return part->leakage_a *
	       exp((row->temp_after_c - part->leakage_temp_c) / part->leakage_slope_k +
		   (row->core_mv / 1e3 - part->nominal_core_v) / part->leakage_slope_v);
}

static int take_row(void *context, const struct store_measurement *row)
{
	struct group *group = group_of(context, row);
	struct board *board = board_of(group, row->board);

	board->rows++;
	board->energy_j += row->energy_j / (double)row->inferences;
	board->time_s += row->duration_s / (double)row->inferences;
	group->leakage_share = fmax(group->leakage_share,
				    leakage_a(part_of(row->chip), row) / row->mean_current_a);
	return 0;
}

/* Every part of the current is scaled by its group's factor, leakage by exp(). What settles, heats
 * or smooths the current is no lasting part of it. */
static double spread_max(const struct group *group)
{
	const double *spread = part_of(group->chip)->spread;
	double widest = 0;

	for (unsigned i = PLANT_GROUP_CORE; i <= PLANT_GROUP_SMPS; i++)
		if (i != PLANT_GROUP_LEAKAGE)
			widest = fmax(widest, spread[i]);
	return widest + group->leakage_share * (exp(spread[PLANT_GROUP_LEAKAGE]) - 1);
}

struct range {
	double low, high;
};

static void widen(struct range *range, double value)
{
	range->low = range->low > 0 ? fmin(range->low, value) : value;
	range->high = fmax(range->high, value);
}

/* Returns the failures; *ret_apart: the boards differ for certain. */
static unsigned judge(const struct group *group, unsigned boards, double limit, bool *ret_apart)
{
	double meters = (1 + limit) / (1 - limit), spread = spread_max(group), most;
	struct range energy = {0}, time = {0};

	for (unsigned i = 0; i < group->board_count; i++) {
		widen(&energy, group->boards[i].energy_j / group->boards[i].rows);
		widen(&time, group->boards[i].time_s / group->boards[i].rows);
	}
	/* Oscillators differ, too: by as much as the times show. */
	most = (1 + spread) / (1 - spread) * (time.high / time.low) * meters;
	*ret_apart = energy.high / energy.low > meters;
	printf("%s: %s at %g MHz: %u boards, energies within %.2f %%, the plant allows %.1f %%\n",
	       group->chip, group->model, (double)group->clock_hz / 1e6, group->board_count,
	       (energy.high / energy.low - 1) * 100, (most - 1) * 100);
	if (group->board_count == boards && energy.high / energy.low <= most)
		return 0;
	printf("FAIL: %u boards expected, no further apart than that\n", boards);
	return 1;
}

/* Each chip at one of its clocks at least. */
static unsigned judge_chips(const struct spreads *spreads, unsigned boards, double limit)
{
	const char *apart[CHIPS_MAX] = {0};
	unsigned failures = 0, count = 0;

	for (unsigned i = 0; i < spreads->group_count; i++) {
		bool differ;

		failures += judge(&spreads->groups[i], boards, limit, &differ);
		if (differ && count < CHIPS_MAX &&
		    (!count || strcmp(apart[count - 1], spreads->groups[i].chip)))
			apart[count++] = spreads->groups[i].chip;
	}
	for (unsigned i = 0; i < spreads->group_count; i++) {
		bool found = false;

		for (unsigned j = 0; j < count; j++)
			found |= !strcmp(apart[j], spreads->groups[i].chip);
		if (!found)
			failures += printf("FAIL: the boards with %s may all be one\n",
					   spreads->groups[i].chip) > 0;
	}
	return failures;
}

static int compare_chips(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	return strcmp(x->chip, y->chip);
}

int main(int argc, char **argv)
{
	static struct spreads spreads;
	struct store *store;
	struct err err = {""};

	if (argc != 4) {
		fprintf(stderr, "usage: rig_spread DATABASE BOARDS LIMIT\n");
		return 2;
	}
	if (store_open(argv[1], false, &store, &err) ||
	    store_each(store, true, take_row, &spreads, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	store_close(store);
	qsort(spreads.groups, spreads.group_count, sizeof(spreads.groups[0]), compare_chips);
	if (!spreads.group_count)
		return 1;
	return judge_chips(&spreads, (unsigned)atoi(argv[2]), atof(argv[3])) != 0;
}
