/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Holds the traces of a database against its rows: each row's file is there, is what it is named
 * after, and says what the row says; samples were kept of the windows they should be kept of; and
 * integrated again they give the row's energy.
 *
 * usage: rig_traces DATABASE all|refused|none LEAST_NOT_ACCEPTED
 *
 * LEAST_NOT_ACCEPTED: so many rows at least that are not accepted have a trace.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/store/store.h"
#include "bench/trace/reader.h"

static const double tolerance_rel = 1e-9; /* the row's own sum is the same one */

struct tally {
	const char *folder, *kept;
	unsigned rows, accepted, others, integrated, wrong;
};

static int complain(struct tally *tally, const struct store_measurement *row, const char *what)
{
	printf("%s, attempt %lld: %s\n", row->point_key, (long long)row->attempt, what);
	tally->wrong++;
	return 0;
}

/* All samples in which line 0 is high, which are in one piece. */
static int charge_of(const float *current_a, const uint8_t *lines, size_t count, double rate_hz,
		     double *ret_charge_c)
{
	long double sum = 0;
	unsigned edges = 0;

	for (size_t i = 0; i < count; i++) {
		edges += i && ((lines[i] ^ lines[i - 1]) & 1);
		if (lines[i] & 1)
			sum += (long double)current_a[i];
	}
	*ret_charge_c = (double)(sum / rate_hz);
	return edges != 2 || lines[0] & 1;
}

/* The charge between the edges of marker line 0, from the file alone. */
static int integrate(struct trace_reader *reader, double *ret_charge_c)
{
	const struct trace_info *info = trace_reader_info(reader);
	float *current_a = malloc(info->samples * sizeof(*current_a));
	uint8_t *lines = malloc(info->samples);
	struct err err = {""};
	int ret = !current_a || !lines;

	if (!ret)
		ret = trace_read(reader, TRACE_CURRENT, 0, info->samples, current_a, &err);
	if (!ret)
		ret = trace_read(reader, TRACE_MARKERS, 0, info->samples, lines, &err);
	if (!ret)
		ret = charge_of(current_a, lines, info->samples, info->identity.rate_hz,
				ret_charge_c);
	free(current_a);
	free(lines);
	return ret;
}

static void compare_energy(struct tally *tally, struct trace_reader *reader,
			   const struct store_measurement *row)
{
	const struct trace_info *info = trace_reader_info(reader);
	double charge_c, energy_j;

	if (integrate(reader, &charge_c)) {
		complain(tally, row, "its trace cannot be integrated");
		return;
	}
	energy_j = charge_c * info->identity.supply_v;
	tally->integrated++;
	if (!(fabs(energy_j - row->energy_j) <= tolerance_rel * row->energy_j)) {
		printf("%.12g J in the trace, %.12g J in the row: ", energy_j, row->energy_j);
		complain(tally, row, "another energy");
	}
}

static void compare(struct tally *tally, struct trace_reader *reader,
		    const struct store_measurement *row)
{
	const struct trace_info *info = trace_reader_info(reader);
	bool accepted = !strcmp(row->verdict, "accepted");
	bool kept = !strcmp(tally->kept, "all") || (!strcmp(tally->kept, "refused") && !accepted);
	char sha256[TRACE_HASH_SIZE];
	struct err err = {""};

	if (trace_reader_hash(reader, sha256, &err) || strcmp(sha256, row->trace_sha256))
		complain(tally, row, "its trace is not what it is named after");
	if (strcmp(info->result.verdict, row->verdict) || strcmp(info->result.reason, row->reason))
		complain(tally, row, "its trace has another verdict");
	if (strcmp(info->identity.point_key, row->point_key) ||
	    info->identity.attempt != row->attempt ||
	    strcmp(info->identity.board_uid, row->board_uid))
		complain(tally, row, "its trace is of another window");
	if (!info->counts[TRACE_ENVELOPE])
		complain(tally, row, "its trace has no envelope");
	if (info->has_samples != kept)
		complain(tally, row, kept ? "its samples were not kept" : "its samples were kept");
	if (info->has_samples && accepted)
		compare_energy(tally, reader, row);
}

static int look(void *context, const struct store_measurement *row)
{
	struct tally *tally = context;
	bool accepted = !strcmp(row->verdict, "accepted");
	struct trace_reader *reader;
	char path[TRACE_PATH_MAX];
	struct err err = {""};

	tally->rows++;
	if (!row->trace_sha256[0]) /* an attempt that never came to a capture */
		return strcmp(row->verdict, "failed") ? complain(tally, row, "no trace") : 0;
	tally->accepted += accepted;
	tally->others += !accepted;
	if (trace_file_path(tally->folder, row->trace_sha256, path, sizeof(path), &err) ||
	    trace_reader_open(path, &reader, &err))
		return complain(tally, row, err.text);
	compare(tally, reader, row);
	trace_reader_close(reader);
	return 0;
}

int main(int argc, char **argv)
{
	char folder[TRACE_PATH_MAX];
	struct tally tally = {.folder = folder};
	struct store *store;
	struct err err = {""};

	if (argc != 4) {
		fprintf(stderr, "usage: rig_traces DATABASE all|refused|none LEAST_NOT_ACCEPTED\n");
		return 2;
	}
	tally.kept = argv[2];
	if (trace_folder_path(argv[1], folder, sizeof(folder), &err) ||
	    store_open(argv[1], false, &store, &err) ||
	    store_each(store, false, look, &tally, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	store_close(store);
	printf("%u rows: traces of %u accepted ones and %u others, %u integrated again, %u "
	       "complaints\n",
	       tally.rows, tally.accepted, tally.others, tally.integrated, tally.wrong);
	if (!tally.accepted || tally.others < (unsigned)atoi(argv[3]) ||
	    (!strcmp(argv[2], "all") && tally.integrated != tally.accepted))
		return 1;
	return tally.wrong != 0;
}
