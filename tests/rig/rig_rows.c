/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Looks through all rows of a database: each is whole, and those that are not accepted say why.
 *
 * usage: rig_rows DATABASE ACCEPTED [REASON]
 *
 * ACCEPTED: how many accepted rows there are, or "any". REASON: begins the reason of at least one
 * row.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/store/store.h"

struct tally {
	const char *reason;
	unsigned accepted, refused, failed, broken, with_reason;
};

static bool is_whole(const struct store_measurement *row, bool accepted)
{
	if (!row->point_key[0] || !row->created_utc[0] || !row->model_sha256[0] || !row->attempt)
		return false;
	if (!accepted)
		return row->reason[0];
	return !row->reason[0] && row->cycles > 0 && row->inferences > 0 && row->energy_j > 0 &&
	       row->energy_u_j > 0 && row->duration_s > 0 && isfinite(row->energy_j) &&
	       row->board_uid[0] && row->output_crc32[0];
}

static int look(void *context, const struct store_measurement *row)
{
	struct tally *tally = context;
	bool accepted = !strcmp(row->verdict, "accepted");

	tally->accepted += accepted;
	tally->refused += !strcmp(row->verdict, "refused");
	tally->failed += !strcmp(row->verdict, "failed");
	if (!is_whole(row, accepted)) {
		tally->broken++;
		printf("not whole: %s | %s | %s\n", row->point_key, row->verdict, row->reason);
	}
	if (tally->reason && !accepted &&
	    !strncmp(row->reason, tally->reason, strlen(tally->reason)))
		tally->with_reason++;
	return 0;
}

int main(int argc, char **argv)
{
	struct tally tally = {0};
	struct store *store;
	struct err err = {""};

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: rig_rows DATABASE ACCEPTED [REASON]\n");
		return 2;
	}
	tally.reason = argc == 4 ? argv[3] : NULL;
	if (store_open(argv[1], false, &store, &err) ||
	    store_each(store, false, look, &tally, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	store_close(store);
	printf("%u rows accepted, %u refused, %u failed, %u not whole\n", tally.accepted,
	       tally.refused, tally.failed, tally.broken);
	if (tally.reason && !tally.with_reason) {
		printf("no row says '%s'\n", tally.reason);
		return 1;
	}
	if (strcmp(argv[2], "any") && tally.accepted != (unsigned)atoi(argv[2])) {
		printf("expected %s accepted rows\n", argv[2]);
		return 1;
	}
	return tally.broken != 0;
}
