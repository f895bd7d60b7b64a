/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * usage: rig_clock_jumps DATABASE
 *
 * Whether the rows' time stamps, in the order they were made, go back by more than half an hour
 * somewhere: the jumps were there.
 */
#define _GNU_SOURCE /* strptime, timegm */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/store/store.h"

struct stamps {
	double last_s, worst_s; /* how far one went back */
};

static int look(void *context, const struct store_measurement *row)
{
	struct stamps *stamps = context;
	struct tm parts = {0};
	double now_s;

	if (!strptime(row->created_utc, "%Y-%m-%dT%H:%M:%S", &parts))
		return 1;
	now_s = (double)timegm(&parts);
	if (stamps->last_s - now_s > stamps->worst_s)
		stamps->worst_s = stamps->last_s - now_s;
	stamps->last_s = now_s;
	return 0;
}

int main(int argc, char **argv)
{
	struct stamps stamps = {0};
	struct store *store;
	struct err err = {""};

	if (argc != 2)
		return 2;
	if (store_open(argv[1], false, &store, &err) ||
	    store_each(store, false, look, &stamps, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 3;
	}
	store_close(store);
	printf("time stamps go back by %.0f s at worst\n", stamps.worst_s);
	return stamps.worst_s < 1800;
}
