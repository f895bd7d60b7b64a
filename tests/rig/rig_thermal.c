/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The rows of two boards at two temperatures.
 *
 * usage: rig_thermal DATABASE ROWS COLD WARM LEAKY TIGHT
 *
 * ROWS: accepted rows at each of the temperatures, over both boards. Each row carries its temperature and what the
 * chamber read at both ends of its window, and its board is warmer by what the chamber is. The board LEAKY takes more
 * energy for the same work where it is WARM, and idles at more; TIGHT does so by less.
 *
 * ROWS "lost": the chamber went away at COLD: some rows there, the others failed, and all at WARM.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/store/store.h"

static const double band_k = 0.5, heated_k = 3;
static const double leaky_share = 0.2; /* of its energy, that it takes more at WARM, at least */

struct side { /* one board at one temperature */
	unsigned accepted, failed;
	double energy_j, idle_a, board_c; /* sums */
};

struct tally {
	double temp_c[2];
	const char *boards[2];
	struct side sides[2][2]; /* [board][temperature] */
	unsigned wrong;
};

static int wrong(struct tally *tally, const struct store_measurement *row, const char *what)
{
	printf("%s: %s: ambient %.2f, read %.2f and %.2f, %s\n", row->point_key, what,
	       row->ambient_c, row->ambient_before_c, row->ambient_after_c, row->verdict);
	tally->wrong++;
	return 0;
}

static int look(void *context, const struct store_measurement *row)
{
	struct tally *tally = context;
	unsigned board = strcmp(row->board, tally->boards[0]) != 0;
	unsigned warm = row->ambient_c == tally->temp_c[1];
	struct side *side = &tally->sides[board][warm];

	if (row->ambient_c != tally->temp_c[warm] || strcmp(row->board, tally->boards[board]))
		return wrong(tally, row, "not of this plan");
	if (strcmp(row->verdict, "accepted")) {
		side->failed += !strcmp(row->verdict, "failed");
		return 0;
	}
	if (!(fabs(row->ambient_before_c - row->ambient_c) <= band_k) ||
	    !(fabs(row->ambient_after_c - row->ambient_c) <= band_k))
		return wrong(tally, row, "accepted outside the band");
	side->accepted++;
	side->energy_j += row->energy_j / (double)row->inferences;
	side->idle_a += row->idle_current_a;
	side->board_c += (row->temp_before_c + row->temp_after_c) / 2;
	return 0;
}

/* What each row has more than those at COLD, as a share. */
static double share_more(double cold, unsigned cold_rows, double warm, unsigned warm_rows)
{
	return (warm / warm_rows) / (cold / cold_rows) - 1;
}

static bool compare_sides(const struct tally *tally, unsigned rows)
{
	double energy[2], off_k = tally->temp_c[1] - tally->temp_c[0];
	bool right = true;

	for (unsigned b = 0; b < 2; b++) {
		const struct side *cold = &tally->sides[b][0], *warm = &tally->sides[b][1];
		double board_k = warm->board_c / warm->accepted - cold->board_c / cold->accepted;
		double idle = share_more(cold->idle_a, cold->accepted, warm->idle_a, warm->accepted);

		energy[b] = share_more(cold->energy_j, cold->accepted, warm->energy_j,
				       warm->accepted);
		printf("%s: %u and %u rows, warmer by %.2f K; energy %+.2f %%, idle current %+.2f "
		       "%%\n",
		       tally->boards[b], cold->accepted, warm->accepted, board_k, energy[b] * 100,
		       idle * 100);
		right &= cold->accepted == rows / 2 && warm->accepted == rows / 2;
		right &= fabs(board_k - off_k) <= heated_k && idle > energy[b];
	}
	return right && energy[0] > leaky_share && energy[1] > 0 && energy[1] < energy[0] / 2;
}

static bool was_lost(const struct tally *tally)
{
	const struct side *cold[] = {&tally->sides[0][0], &tally->sides[1][0]};
	const struct side *warm[] = {&tally->sides[0][1], &tally->sides[1][1]};

	printf("%u and %u rows at %g degC, %u and %u failed; at %g degC %u and %u\n",
	       cold[0]->accepted, cold[1]->accepted, tally->temp_c[0], cold[0]->failed,
	       cold[1]->failed, tally->temp_c[1], warm[0]->failed, warm[1]->failed);
	return cold[0]->accepted + cold[1]->accepted > 0 && cold[0]->failed && cold[1]->failed &&
	       !warm[0]->accepted && !warm[1]->accepted && warm[0]->failed == warm[1]->failed &&
	       cold[0]->accepted + cold[0]->failed == warm[0]->failed &&
	       cold[1]->accepted + cold[1]->failed == warm[1]->failed;
}

int main(int argc, char **argv)
{
	struct tally tally = {0};
	struct store *store;
	struct err err = {""};
	bool right;

	if (argc != 7) {
		fprintf(stderr, "usage: rig_thermal DATABASE ROWS COLD WARM LEAKY TIGHT\n");
		return 2;
	}
	tally.temp_c[0] = atof(argv[3]);
	tally.temp_c[1] = atof(argv[4]);
	tally.boards[0] = argv[5];
	tally.boards[1] = argv[6];
	if (store_open(argv[1], false, &store, &err) ||
	    store_each(store, false, look, &tally, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	store_close(store);
	right = strcmp(argv[2], "lost") ? compare_sides(&tally, (unsigned)atoi(argv[2]))
					: was_lost(&tally);
	return tally.wrong || !right;
}
