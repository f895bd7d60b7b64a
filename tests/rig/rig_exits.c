/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Checks the paths that a database's accepted windows took.
 *
 * usage: rig_exits DATABASE ROWS all|none
 *
 * all: every inference of every window ended at the model's exit; none: none did. Prints the sum of
 * cycles per inference, so that a caller can compare the two.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/store/store.h"

struct tally {
	bool all;
	unsigned rows, wrong;
	int64_t cycles;
};

static unsigned path_bits(const char *hex)
{
	unsigned bits = 0;

	for (; hex[0] && hex[1]; hex += 2) {
		unsigned byte;

		if (sscanf(hex, "%2x", &byte) == 1)
			bits += (unsigned)__builtin_popcount(byte);
	}
	return bits;
}

static int look(void *context, const struct store_measurement *row)
{
	struct tally *tally = context;
	int64_t wanted = tally->all ? row->inferences : 0;

	if (strcmp(row->verdict, "accepted"))
		return 0;
	tally->rows++;
	tally->cycles += row->cycles / row->inferences;
	if (row->exits != wanted || path_bits(row->exit_path) != (unsigned)wanted) {
		printf("%s: %lld of %lld inferences ended at the exit (path %s)\n", row->point_key,
		       (long long)row->exits, (long long)row->inferences, row->exit_path);
		tally->wrong++;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct tally tally = {0};
	struct store *store;
	struct err err = {""};

	if (argc != 4) {
		fprintf(stderr, "usage: rig_exits DATABASE ROWS all|none\n");
		return 2;
	}
	tally.all = !strcmp(argv[3], "all");
	if (store_open(argv[1], false, &store, &err) ||
	    store_each(store, false, look, &tally, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	store_close(store);
	printf("%lld\n", (long long)tally.cycles);
	return tally.wrong || tally.rows != (unsigned)atoi(argv[2]);
}
